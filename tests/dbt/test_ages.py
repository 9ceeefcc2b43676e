"""Moments and effects by days since exposure against the brute force, on DuckDB."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from brute_force import ages
from brute_force.definitions import data_as_of, entries, read_metric
from project import Project
from random_shop_compare import tolerance
from random_shop_every import LEAP_DAY, YEAR_END, EveryShop
from scipy import stats
from test_every_metric import project_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLUMNS = ("mean_num", "m2_num", "mean_den", "m2_den", "c2_num_den")
DAY = dt.timedelta(days=1)
START = dt.datetime(2026, 1, 5)


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory) -> Project:
    """Four units of each variant, exposed at noon and at midnight, and a window of three days."""
    project = Project(
        tmp_path_factory.mktemp("ages"),
        {"assignment_models": ["assigned"], "fact_models": ["orders"]},
    )
    units = [
        ("a", 1, START + DAY / 2), ("a", 2, START), ("a", 3, START + 2 * DAY), ("a", 4, START),
        ("b", 5, START + DAY / 2), ("b", 6, START), ("b", 7, START + 2 * DAY), ("b", 8, START),
    ]  # fmt: skip
    orders = [
        # Of unit 1 the last instant of its first day, the first of its second, and its fourth day.
        (1, START + 1.5 * DAY - dt.timedelta(microseconds=1), 1.0), (1, START + 1.5 * DAY, 2.0),
        (1, START + 3.5 * DAY, 64.0),
        (2, START + 2 * DAY, 4.0), (3, START + 2 * DAY, 8.0), (3, START + 3.5 * DAY, 16.0),
        (5, START + DAY / 2, 3.0), (6, START + DAY, 5.0), (7, START - DAY, 100.0),
    ]  # fmt: skip
    project.model("assigned", pa.Table.from_pylist([
        {"variant": variant, "unit": unit, "at": at} for variant, unit, at in units
    ]), {"assignments": {"experiment": {"literal": "shop"}, "variant": "variant", "unit": "unit",
                         "timestamp": "at"}})  # fmt: skip
    project.model("orders", pa.Table.from_pylist([
        {"unit": unit, "at": at, "amount": amount} for unit, at, amount in orders
    ]), {"unit": "unit", "timestamp": "at", "complete_until": "2026-01-09", "metrics": {
        "spent": {"type": "mean", "value": "amount", "window": "3 days", "covariate": "2 days"},
        "largest": {"type": "mean", "value": "amount", "aggregate": "max", "window": "2 days"},
        "kinds": {"type": "mean", "value": "amount", "aggregate": "count_distinct"},
    }})  # fmt: skip
    project.experiment("shop", {
        "start": "2026-01-05", "end": "2026-01-08", "control": "a", "variants": {"a": .5, "b": .5},
        "success": ["spent"], "explore": ["largest", "kinds"], "guardrails": {},
    })  # fmt: skip
    project.build("--select", "+experimentos__effects_by_age", "+experimentos__effects")
    return project


def told(project: Project, metric: str) -> dict[tuple[str, int], dict[str, Any]]:
    rows = project.mart("age_inputs", f"metric = '{metric}'")
    return {(row["variant"], row["age_days"]): row for row in rows}


def test_units_count_on_the_days_that_they_have_completed(by_hand):
    found = told(by_hand, "spent")
    # On 9 January unit 3 has completed two days, unit 1 three.
    assert {key: row["n_units"] for key, row in found.items() if key[0] == "a"} == {
        ("a", 1): 4, ("a", 2): 4, ("a", 3): 3,
    }  # fmt: skip
    totals = {age: row["mean_num"] * row["n_units"] for (v, age), row in found.items() if v == "a"}
    assert totals == {1: 1 + 8, 2: 1 + 2 + 8 + 16, 3: 1 + 2 + 4}
    # 1, 0, 8, 0 have the mean 2.25.
    assert found["a", 1]["m2_num"] == 65 - 4 * 2.25**2


def test_units_without_a_value_are_left_out_until_they_have_one(by_hand):
    found = told(by_hand, "largest")
    assert {key: (row["n_units"], row["mean_num"]) for key, row in found.items()} == {
        ("a", 1): (2, (1 + 8) / 2), ("a", 2): (2, (2 + 16) / 2),
        ("b", 1): (1, 3), ("b", 2): (2, 4),
    }  # fmt: skip


def test_the_last_age_is_the_latest_readout(by_hand):
    row = by_hand.one("effects", "metric = 'spent' and used_for_decision and adjustment = 'none'")
    last = by_hand.one("effects_by_age", "metric = 'spent' and age_days = 3")
    assert last["n_units"] == row["n_treatment"]
    for name, other in (("estimate", "estimate"), ("std_error", "std_error"),
                        ("lower", "lower_fixed"), ("upper", "upper_fixed")):  # fmt: skip
        assert last[name] == pytest.approx(row[other], rel=1e-12)


def test_effects_by_age_are_those_of_the_units_values(by_hand):
    row = by_hand.one("effects_by_age", "metric = 'spent' and age_days = 2")
    peer = stats.ttest_ind([3, 5, 0, 0], [3, 0, 24, 0], equal_var=False)
    assert row["estimate"] == pytest.approx(2 - 27 / 4, rel=1e-12)
    assert row["estimate"] / row["std_error"] == pytest.approx(peer.statistic, rel=1e-12)
    assert row["lower"] == pytest.approx(peer.confidence_interval().low, rel=1e-9)


def test_different_values_have_no_ages(by_hand):
    assert told(by_hand, "kinds") == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "start", "zone"), [(1, LEAP_DAY, "UTC"), (2, YEAR_END, "America/New_York")]
)
def test_every_age_of_random_shops(tmp_path: Path, seed: int, start: dt.datetime, zone: str):
    drawn = EveryShop(seed, start)
    shop = drawn.shop()
    project = project_of(tmp_path, shop, drawn.experiments, zone)
    found = {
        (row["experiment_id"], row["metric"], row["variant"], row["age_days"]): row
        for row in project.mart("age_inputs")
    }
    wanted = dict(expected(shop, drawn.experiments))
    lines = [f"superfluous: {key}" for key in found.keys() - wanted.keys()]
    for key, row in wanted.items():
        lines += different(key, found.get(key), row)
    assert wanted
    assert not lines, f"{len(lines)} of {len(wanted)}\n" + "\n".join(lines[:40])


def expected(shop, experiments) -> Iterator[tuple[tuple[str, str, str, int], dict[str, Any]]]:
    for name, experiment in experiments.items():
        for metric, entry in entries(experiment):
            if read_metric(shop, metric, entry).delay % DAY:
                continue  # the days of such a window begin within days
            found = ages(shop, name, experiment, metric, entry)
            last = max((age for _, age in found), default=0)
            until = data_as_of(shop, experiment)
            # Where the data end within a day, units that completed a part of their window on that
            # day are known only for the whole window.
            is_rough = until is not None and until.time() != dt.time()
            for (variant, age), row in found.items():
                yield (name, metric, variant, age), row | {"rough": is_rough and age < last}


def different(
    key: tuple[str, str, str, int], found: dict[str, Any] | None, wanted: dict[str, Any]
) -> list[str]:
    if wanted["rough"]:
        return [f"too many: {key}"] if found and found["n_units"] > wanted["n_units"] else []
    if found is None:
        return [f"missing: {key}"] if wanted["n_units"] else []
    lines = [] if found["n_units"] == wanted["n_units"] else ["n_units"]
    for name in COLUMNS:
        given, true = found[name], wanted[name]
        if given is None or true is None:
            lines += [name] if (given is None) != (true is None) else []
        elif not math.isclose(given, true, rel_tol=1e-12, abs_tol=tolerance(wanted, name)):
            lines.append(name)
    return [f"{name} is {found[name]!r}, not {wanted[name]!r}: {key}" for name in lines]
