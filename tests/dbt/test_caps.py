"""Caps by percentile: by hand, against the brute force, and the quick against the portable form."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from brute_force import Shop, Table, series
from brute_force.definitions import entries
from project import Project
from random_shop_compare import differences, report

START = dt.datetime(2026, 1, 5)
DAY = dt.timedelta(days=1)
EVEN = {"control": 0.5, "treatment": 0.5}
TYPES = {"unit": pa.int64(), "at": pa.timestamp("us"), "amount": pa.float64(), "size": pa.int64()}
PORTABLE = """
{% macro duckdb__outer_values(found, wanted, pairs) %}
    {{ experimentos.default__outer_values(found, wanted, pairs) }}
{% endmacro %}
"""
NONE = {"window": "1 day", "covariate": "none"}
WEEK = {"window": "2 days", "covariate": "3 days"}
AMOUNT = {"type": "mean", "value": "amount"}
# Of the random experiment: both sides of a ratio, covariates, tails from one unit to nearly all.
RANDOM = {
    "sums": AMOUNT | WEEK | {"cap": {"percentile": 0.97}},
    "sums_low": AMOUNT | WEEK | {"cap": {"percentile": 0.999, "lower": 0.02}},
    "sums_in": AMOUNT | WEEK | {"cap": {"percentile": 0.5}, "lower": {"percentile": 0.4}},
    "sums_out": AMOUNT | WEEK | {"cap": {"percentile": 0.03}},
    "lows": AMOUNT | WEEK | {"lower": {"percentile": 0.95}},
    "hours": AMOUNT | NONE | {"window": "30 hours", "cap": {"percentile": 0.8}},
    "ever": AMOUNT | {"window": "none", "cap": {"percentile": 0.9}},
    "most": AMOUNT | WEEK | {"aggregate": "max", "cap": {"percentile": 0.9, "lower": 0.1}},
    "filled": AMOUNT | WEEK | {"aggregate": "max", "missing": "zero", "cap": {"percentile": 0.9}},
    "ratio": {"type": "ratio", "numerator": {"value": "amount", "cap": {"percentile": 0.9}},
              "denominator": {"value": "size", "cap": {"percentile": 0.8, "lower": 0.3}}} | WEEK,
    "some": AMOUNT | WEEK | {"where": "size > 1", "cap": {"percentile": 0.9}},
    "fixed": AMOUNT | WEEK | {"cap": {"absolute": 3}, "lower": {"absolute": -1}},
}  # fmt: skip
BY_HAND = {
    "high": AMOUNT | NONE | {"cap": {"percentile": 0.9}},
    "low": AMOUNT | NONE | {"lower": {"percentile": 0.25}},
    "middle": AMOUNT | NONE | {"cap": {"percentile": 0.5}},
    "given": AMOUNT | NONE | {"aggregate": "avg", "cap": {"percentile": 0.5}},
}  # fmt: skip
HAND = {
    # unit -> (variant, country, day of exposure, amounts)
    "ten": {n: ("control" if n <= 5 else "treatment", "no" if n % 2 else "pl", 0, [10.0 * n])
            for n in range(1, 11)},
    "zeros": {20 + n: ("treatment" if n % 2 else "control", "no", 0, [100.0] * (n < 2))
              for n in range(10)},
    "nothing": {40 + n: ("control", "no", 0, [0.0] * (n < 3)) for n in range(6)},
    "losses": {50 + n: ("control", "no", 0, [-1.0 - n]) for n in range(5)},
    "equal": {60 + n: ("control", "no", 0, [7.0]) for n in range(4)},
    "alone": {70: ("treatment", "no", 0, [5.0])},
    "nobody": {},
    "late": {80 + n: ("control", "no", 0 if n < 3 else 5.5, [float(n)]) for n in range(1, 6)},
}  # fmt: skip


def hand_rows() -> tuple[list[dict], list[dict]]:
    assigned, sales = [], []
    for name, units in HAND.items():
        for unit, (variant, country, day, amounts) in units.items():
            at = START + day * DAY
            assigned.append(
                {"of": name, "unit": unit, "variant": variant, "at": at, "country": country}
            )
            sales += [{"unit": unit, "at": at, "amount": amount, "size": 1} for amount in amounts]
    # one that belongs to nobody: sales are known from this day on
    return assigned, [*sales, {"unit": -1, "at": START - 30 * DAY, "amount": 1.0, "size": 1}]


def random_rows(seed: int = 3) -> tuple[list[dict], list[dict]]:
    """300 units with ties, losses, zeros, bad values and rows outside of their windows."""
    draw = np.random.default_rng(seed)
    assigned, orders = [], []
    for unit in range(1000, 1300):
        at = START + dt.timedelta(hours=int(draw.integers(6 * 24)))
        assigned.append({"of": "random", "unit": unit, "at": at,
                         "variant": str(draw.choice(["control", "treatment"])),
                         "country": str(draw.choice(["no", "pl"]))})  # fmt: skip
        for _ in range(draw.poisson(2)):
            after = dt.timedelta(hours=int(draw.integers(-72, 72)))
            kind = draw.integers(5)
            amount = [0.0, float(draw.integers(-3, 6)), float(draw.normal()), -2.5, None][kind]
            orders.append({"unit": unit, "at": at + after, "amount": amount,
                           "size": int(draw.integers(0, 4))})  # fmt: skip
    return assigned, orders


def experiment(metrics: dict) -> dict:
    return {"start": "2026-01-05", "end": "2026-01-12", "control": "control", "variants": EVEN,
            "segments": ["country"], "success": list(metrics)}  # fmt: skip


EXPERIMENTS = {name: experiment(BY_HAND) for name in HAND} | {
    "random": experiment(RANDOM) | {"activation": {"model": "orders", "where": "size = 3"}}
}


def typed(rows: list[dict]) -> pa.Table:
    names = rows[0]
    return pa.table(
        {
            name: pa.array([row[name] for row in rows], TYPES.get(name, pa.string()))
            for name in names
        }
    )


@pytest.fixture(scope="module")
def shop() -> Shop:
    (by_hand, sales), (drawn, orders) = hand_rows(), random_rows()
    about = {"experiment": "of", "variant": "variant", "unit": "unit", "timestamp": "at",
             "segments": ["country"]}  # fmt: skip
    fact = {"unit": "unit", "timestamp": "at", "complete_until": "2026-01-11"}
    return Shop(
        assignments=[Table("assigned", {"assignments": about}, by_hand + drawn)],
        facts=[
            Table("sales", fact | {"metrics": BY_HAND}, sales),
            Table("orders", fact | {"metrics": RANDOM}, orders),
        ],
        as_of=START + 30 * DAY,
        expressions={
            "size > 1": lambda row: row["size"] > 1,
            "size = 3": lambda row: row["size"] == 3,
        },
    )


def build(shop: Shop, folder: Path, experiments: dict, **settings: bool) -> Project:
    named = {
        "assignment_models": ["assigned"],
        "fact_models": ["sales", "orders"],
        "as_of": shop.as_of.isoformat(" "),
    }
    project = Project(folder, named | settings)
    for table in (*shop.assignments, *shop.facts):
        project.model(table.name, typed(table.rows), table.meta)
    for name, definition in experiments.items():
        project.experiment(name, definition)
    project.build("--select", "+experimentos__moments", "experimentos__applied_caps")
    return project


@pytest.fixture(scope="module")
def built(shop, tmp_path_factory) -> Project:
    return build(shop, tmp_path_factory.mktemp("caps"), EXPERIMENTS)


# Without segments and windows of hours nothing needs a table of units.
UNCUT = {
    name: {key: value for key, value in definition.items() if key != "segments"}
    | {"success": [metric for metric in definition["success"] if metric != "hours"]}
    for name, definition in EXPERIMENTS.items()
}


@pytest.fixture(scope="module")
def at_once(shop, tmp_path_factory) -> Project:
    return build(shop, tmp_path_factory.mktemp("at_once"), UNCUT, daily=False)


def truth(shop: Shop, experiments: dict) -> list[dict]:
    return [
        row
        for name, definition in experiments.items()
        for metric, entry in entries(definition)
        for row in series(shop, name, definition, metric, entry).values()
    ]


def test_every_row_is_that_of_the_brute_force(built, shop):
    expected = truth(shop, EXPERIMENTS)
    assert sum((row["n_capped"] or 0) > 0 for row in expected) > 100
    lines = differences(built.mart("moments"), expected)
    assert not lines, report(lines)


@pytest.mark.slow
def test_caps_found_with_the_moments_are_those_found_before_them(built, at_once, shop):
    assert at_once.rows("select 1 from experimentos__unit_events") == []
    found = at_once.mart("moments")
    latest = {(row["experiment_id"], row["metric"]): row["as_of"] for row in found}
    assert len(latest) == sum(len(definition["success"]) for definition in UNCUT.values())
    expected = [
        row
        for row in truth(shop, UNCUT)
        if row["as_of"] == latest[row["experiment_id"], row["metric"]]
    ]
    assert sum((row["n_capped"] or 0) > 0 for row in expected) > 10
    lines = differences(found, expected)
    assert not lines, report(lines)
    refused = "select * from experimentos__applied_caps where metric <> 'hours' order by all"
    assert at_once.rows(refused) == built.rows(refused) != []


def capped(project: Project, experiment_id: str, metric: str, variant: str = "control",
           basis: str = "mature", segment: tuple[str, str] = ("all", "all")) -> tuple:  # fmt: skip
    row = project.one(
        "moments",
        f"experiment_id = '{experiment_id}' and metric = '{metric}' and variant = '{variant}'"
        f" and basis = '{basis}' and (segment, segment_value) = {segment}"
        " and as_of = timestamp '2026-01-11'",
    )
    return row["cap_value"], row["n_capped"], row["mean_num"]


def test_a_percentile_lies_between_its_neighbours_over_both_variants(built):
    # 10, 20, ..., 100: place 9 x 0.9 = 8.1, so 91. Only the 100 of treatment is above it.
    assert capped(built, "ten", "high") == (pytest.approx(91.0), 0, 30.0)
    assert capped(built, "ten", "high", "treatment") == (
        pytest.approx(91.0), 1, pytest.approx((60 + 70 + 80 + 90 + 91) / 5)
    )  # fmt: skip


def test_segments_are_cut_where_all_units_are(built):
    found = capped(built, "ten", "high", "treatment", segment=("country", "pl"))
    assert found == (pytest.approx(91.0), 1, pytest.approx((60 + 80 + 91) / 3))


def test_a_lower_cap_lifts_small_values(built):
    # Place 9 x 0.25 = 2.25: 32.5, to which 10, 20 and 30 are lifted. There is no upper cap to show.
    mean = (32.5 * 3 + 40 + 50) / 5
    assert capped(built, "ten", "low") == (None, 3, pytest.approx(mean))


def test_units_without_events_are_zeros_among_the_values(built):
    # Eight zeros and two of 100: place 8.1 is the second smallest of the 100s; place 4.5 is a zero.
    assert capped(built, "zeros", "high") == (100.0, 0, 20.0)
    assert capped(built, "zeros", "middle") == (None, 0, 20.0)
    # Without zeros filled in, 100 and 100 are all there is: a cap at the smallest value is none.
    assert capped(built, "zeros", "given") == (None, 0, 100.0)


@pytest.mark.parametrize("name", ["nothing", "losses", "equal"])
def test_caps_at_the_smallest_value_or_0_or_below_are_refused(built, name):
    assert capped(built, name, "high")[:2] == (None, 0)
    found = built.rows(
        "select is_refused from {caps} join {pairs} using (pair_id) join {experiments}"
        f" using (experiment_index) where experiment_id = '{name}' and metric = 'high'".format(
            caps="experimentos__caps",
            pairs="stg_experimentos__pairs",
            experiments="experimentos__experiments",
        )
    )
    assert [row["is_refused"] for row in found] == [True] * len(found) != []


def test_one_unit_has_no_cap_and_nobody_has_no_threshold(built):
    assert capped(built, "alone", "high", "treatment") == (None, 0, 5.0)
    assert capped(built, "nobody", "high") == (None, 0, None)


def test_each_basis_has_its_own_threshold(built):
    # 1 and 2 are mature; 3, 4 and 5, exposed on the last day, are not. Places 0.9 and 3.6.
    assert capped(built, "late", "high") == (pytest.approx(1.9), 1, pytest.approx(1.45))
    found = capped(built, "late", "high", basis="all")
    assert found == (pytest.approx(4.6), 1, pytest.approx((1 + 2 + 3 + 4 + 4.6) / 5))


def compiled(project: Project) -> str:
    (path,) = Path(project.folder / "target").glob("compiled/**/experimentos__unit_caps.sql")
    return path.read_text()


def caps(project: Project, sql: str) -> list[tuple]:
    rows = project.reader().execute(sql).fetchall()
    return sorted(rows, key=lambda row: row[:3])


def test_the_quick_form_gives_what_the_portable_one_does(built):
    quick = compiled(built)
    found = caps(built, quick)
    assert len(found) > 100
    assert {row[1] for row in found} == {"assigned", "activated"}
    # Heaps of at most 30 values: other percentiles take every value.
    assert " > 200000 as is_far_in" in quick
    mixed = quick.replace(" > 200000 as is_far_in", " > 30 as is_far_in")
    assert caps(built, mixed) == found
    (built.folder / "macros").mkdir()
    (built.folder / "macros" / "portable.sql").write_text(PORTABLE)
    assert built.dbt("compile", "--select", "experimentos__unit_caps").success
    portable = compiled(built)
    assert "is_far_in" not in portable
    assert caps(built, portable) == found


def test_a_heap_of_each_group_has_its_own_length():
    # What the quick form builds on, and DuckDB does not document.
    query = """
        select g, max(x, n), min(x, n) from (values (1, 2), (2, 9)) as lengths(g, n),
        (values (3.0), (1.0), (2.0), (2.0)) as numbers(x) group by g order by g
    """
    assert duckdb.sql(query).fetchall() == [
        (1, [3, 2], [1, 2]),
        (2, [3, 2, 2, 1], [1, 2, 2, 3]),
    ]
