"""Moments of buckets, merged, are those of the arms: every metric of random shops, every day."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import fields

import numpy as np
import pytest
from random_shop_every import LEAP_DAY, YEAR_END, EveryShop
from test_every_metric import end_at_midnight, project_of

from experimentos.moments import JointMoments, second_moments
from experimentos.project import Project
from experimentos.project.answers import ask
from experimentos.project.buckets import read_numbers

DAY = dt.timedelta(days=1)
NAMES = [field.name for field in fields(JointMoments)][1:]
SHOPS = {
    "daily": (1, LEAP_DAY, "UTC", True, False),
    "zoned": (2, YEAR_END, "America/New_York", True, False),
    "single": (1, LEAP_DAY, "UTC", False, False),
    "single plain": (1, LEAP_DAY, "UTC", False, True),
    "daily plain": (3, LEAP_DAY, "UTC", True, True),
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=SHOPS.values(), ids=list(SHOPS))
def built(request, tmp_path_factory):
    """A built shop, and the buckets of every experiment, of control and of all arms."""
    seed, start, zone, daily, is_plain = request.param
    drawn = EveryShop(seed, start)
    shop = drawn.shop()
    if is_plain:
        drawn.keep_plain()
        end_at_midnight(shop)
    strings = project_of(
        tmp_path_factory.mktemp("buckets"), shop, drawn.experiments, zone, daily=daily
    )
    with Project(strings.folder, profiles_dir=strings.folder) as project:
        marts = {name: project.fetch(name) for name in ("moments", "experiments")}
        pairs = project.query(
            "select pairs.*, experiments.experiment_id, experiments.starts_at"
            " from main.stg_experimentos__pairs as pairs"
            f" inner join {project.relation_name('experiments')} as experiments"
            " on pairs.experiment_index = experiments.experiment_index"
        )
        found = {}
        for name in [*list(drawn.experiments)[seed::5], "devices", "once"]:
            for arms, buckets in (("control", 20), ("all", 4096)):
                asked = {"experiment": name, "salt": "s", "arms": arms, "buckets": buckets}
                answer = ask(project, "validate", asked)
                units = [row["unit"] for row in project.query(units_of(project, answer))]
                found[name, arms] = answer, read_numbers(project, answer["sql"]), units
    return marts["moments"], {(row["experiment_id"], row["metric"]): row for row in pairs}, found


def units_of(project, answer) -> str:
    """A query of the units that were asked for."""
    arms = ", ".join(map(str, answer["arm_ids"]))
    relation = project.relation_name("analysed_units")
    return f"select cast(unit as varchar) as unit from {relation} where arm_id in ({arms})"


def merged(cells: dict[str, np.ndarray], rows: np.ndarray) -> dict[str, float]:
    """Moments of all units of some cells, by the formula of a textbook."""
    n = cells["n"][rows]
    found = {"n": n.sum()}
    for name in NAMES:
        if name.startswith("mean"):
            found[name] = (n * cells[name][rows]).sum() / n.sum() if n.sum() else np.nan
    for name, (x, y) in second_moments().items():
        apart = [cells[f"mean_{v}"][rows] - found[f"mean_{v}"] for v in (x, y)]
        found[name] = (cells[name][rows] + n * apart[0] * apart[1]).sum()
    return found


def last_day(row: dict, pair: dict) -> int:
    """The days from that of the start to the end of a readout's last day."""
    if not pair["is_dated"] or pair["is_endless"]:
        return 0
    start = dt.datetime.combine(pair["starts_at"].date(), dt.time())
    return -(-(row["as_of"] - start) // DAY)


def compared(built):
    """Rows of the mart that decide, or would have, each with what its buckets come to."""
    moments, pairs, found = built
    for row in moments:
        pair = pairs[row["experiment_id"], row["metric"]]
        if (row["experiment_id"], "control") not in found:
            continue
        answer, cells, _ = found[row["experiment_id"], "control"]
        is_read = row["segment"] == "all" and row["population"] == answer["population"]
        basis = pair["decides_on"] if pair["is_dated"] else "mature"
        if row["variant"] != answer["control"] or not is_read or row["basis"] != basis:
            continue
        if pair["quantile_level"] is not None:
            continue
        later = [
            other["as_of"] for other in moments
            if other["experiment_id"] == row["experiment_id"] and other["as_of"] and row["as_of"]
        ]  # fmt: skip
        enters_once = basis == "mature" or pair["is_aged"]
        if not enters_once and later and row["as_of"] != max(later):
            continue
        rows = cells["metric"] == answer["metrics"].index(row["metric"])
        if enters_once:
            rows &= cells["day"] <= last_day(row, pair)
        yield row, merged(cells, rows)


def test_buckets_of_control_add_up_to_its_moments(built):
    count = 0
    for row, found in compared(built):
        where = {name: row[name] for name in ("experiment_id", "metric", "as_of", "basis")}
        assert found["n"] == row["n_units"], where
        count += row["n_units"] > 0
        for name in NAMES if row["n_units"] else ():
            expected = row[name]
            if expected is None:
                assert np.isnan(found[name]), (name, where)
                continue
            x, y = second_moments().get(name, (name.removeprefix("mean_"),) * 2)
            scale = 1 + abs(found[f"mean_{x}"]) * abs(found[f"mean_{y}"]) * row["n_units"]
            assert found[name] == pytest.approx(expected, rel=1e-9, abs=1e-9 * scale), (name, where)
    assert count > 100 or len({row["as_of"] for row, _ in compared(built)}) < 20


def test_every_metric_type_is_among_them(built):
    _, pairs, _ = built
    kinds = {
        pairs[row["experiment_id"], row["metric"]]["metric_type"] for row, _ in compared(built)
    }
    assert kinds == {"proportion", "mean", "ratio", "retention", "funnel"}


def test_with_more_buckets_than_units_each_unit_has_its_own(built):
    for (_, arms), (answer, cells, units) in built[2].items():
        assert len(units) == answer["n_units"]
        if arms == "all":
            assert answer["n_buckets"] == answer["n_units"]
            assert np.all(cells["n"] == 1)
            for place in set(cells["metric"]):
                buckets = cells["bucket"][cells["metric"] == place]
                assert len(set(buckets)) == buckets.size


def test_fewer_buckets_follow_the_hash_of_salt_and_unit(built):
    """The first 60 bits of an MD5: the same on every warehouse."""
    count = 0
    for (_, arms), (answer, cells, units) in built[2].items():
        if arms == "all" or answer["n_units"] <= 20:
            continue
        hashes = [hashlib.md5(f"s|{unit}".encode()).hexdigest()[:15] for unit in units]
        expected = np.bincount([int(digits, 16) % 20 for digits in hashes], minlength=20)
        for place in set(cells["metric"]):
            rows = cells["metric"] == place
            there = np.bincount(
                cells["bucket"][rows].astype(int), weights=cells["n"][rows], minlength=20
            )
            assert np.all(there <= expected)
            if there.sum() == answer["n_units"]:
                assert there.tolist() == expected.tolist()
                count += 1
    assert count > 3
