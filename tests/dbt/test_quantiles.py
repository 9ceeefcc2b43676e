"""Quantile metrics in the moments: against the Python estimator, the brute force and by hand."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pyarrow as pa
import pytest
from brute_force import Shop, Table, series
from brute_force.definitions import entries
from project import Project
from random_shop_compare import differences, report

from experimentos.estimators.quantile_inputs import quantiles

START = dt.datetime(2026, 1, 5)
DAY = dt.timedelta(days=1)
EVEN = {"control": 0.5, "treatment": 0.5}
TYPES = {"unit": pa.int64(), "at": pa.timestamp("us"), "amount": pa.float64()}
METRICS = {
    "total_p50": {"type": "quantile", "quantile": 0.5, "value": "amount", "window": "3 days"},
    "total_p75": {"type": "quantile", "quantile": 0.75, "value": "amount", "window": "3 days"},
    "average_p25": {"type": "quantile", "quantile": 0.25, "value": "amount", "aggregate": "avg",
                    "window": "36 hours"},
    "zeros_p75": {"type": "quantile", "quantile": 0.75, "value": "amount", "missing": "zero",
                  "window": "3 days"},
    "event_p50": {"type": "quantile", "quantile": 0.5, "value": "amount", "of": "events",
                  "window": "3 days", "where": "amount <> 2"},
    "event_p90": {"type": "quantile", "quantile": 0.9, "value": "amount", "of": "events",
                  "window": "none"},
    "spend": {"type": "mean", "value": "amount", "window": "3 days", "covariate": "3 days"},
}  # fmt: skip
SMALL = {
    "p50": {"type": "quantile", "quantile": 0.5, "value": "amount", "window": "1 day"},
    "p90_zero": {"type": "quantile", "quantile": 0.9, "value": "amount", "missing": "zero",
                 "window": "1 day"},
    "p50_events": {"type": "quantile", "quantile": 0.5, "value": "amount", "of": "events",
                   "window": "1 day"},
}  # fmt: skip


def random_rows(seed: int = 1) -> tuple[list[dict], list[dict]]:
    """1,000 units in a ramp and their orders: skewed, rounded, tied, skipped, or too early."""
    draw = np.random.default_rng(seed)
    assigned, orders = [], []
    for unit in range(1000):
        at = START + dt.timedelta(seconds=int(draw.integers(6 * 86400)))
        variant = "treatment" if draw.random() < 0.5 else "control"
        country = str(draw.choice(["no", "pl"]))
        assigned.append({"of": "ramp", "unit": unit, "variant": variant, "at": at,
                         "country": country})  # fmt: skip
        taste = draw.normal()
        for _ in range(draw.poisson(6)):
            after = dt.timedelta(seconds=int(draw.integers(-3 * 86400, 6 * 86400)))
            amount = round(float(np.exp(taste + draw.normal())), int(draw.integers(0, 4)))
            bad = draw.choice([None, math.nan, math.inf, 1e100]) if draw.random() < 0.03 else amount
            orders.append({"unit": unit, "at": at + after, "amount": bad})
    return assigned, orders


def arm(experiment: str, first: int, variant: str, amounts: list) -> tuple[list[dict], list[dict]]:
    """Units from a number on; each with one call, several, or none (an empty list)."""
    assigned, calls = [], []
    for unit, given in enumerate(amounts, first):
        assigned.append(
            {"of": experiment, "unit": unit, "variant": variant, "at": START, "country": "no"}
        )
        made = given if isinstance(given, list) else [given]
        calls += [{"unit": unit, "at": START, "amount": amount} for amount in made]
    return assigned, calls


def small_rows() -> tuple[list[dict], list[dict]]:
    numbers = [float(n) for n in range(1, 101)]
    given = [
        ("count", 1000, "control", numbers),
        ("count", 1200, "treatment", numbers),
        ("few", 1400, "control", numbers[:99]),
        ("few", 1600, "treatment", numbers),
        ("ties", 2000, "control", [5.0] * 140 + numbers[50:80]),
        ("ties", 2200, "treatment", numbers * 2),
        ("zeros", 3000, "control", [[], [], [], [], [], [], [], -1.0, 10.0, 20.0]),
        ("zeros", 3100, "treatment", [[], [None], [math.nan], 4.0]),
        ("alone", 4000, "control", [[1.0, 2.0, 4.0, None]]),
        ("nobody", 5000, "control", [[]]),
        ("pairs", 6000, "control", [[n, n] for n in range(1, 121)]),
        ("pairs", 6200, "treatment", [[n, n] for n in range(1, 121)]),
    ]  # fmt: skip
    arms = [arm(*each) for each in given]
    return [row for rows, _ in arms for row in rows], [row for _, rows in arms for row in rows]


@pytest.fixture(scope="module")
def rows() -> tuple[list[dict], list[dict], list[dict]]:
    ramp, orders = random_rows()
    small, calls = small_rows()
    return ramp + small, orders, calls


@pytest.fixture(scope="module")
def shop(rows) -> Shop:
    assigned, orders, calls = rows
    about = {"experiment": "of", "variant": "variant", "unit": "unit", "timestamp": "at",
             "segments": ["country"]}  # fmt: skip
    fact = {"unit": "unit", "timestamp": "at", "complete_until": "2026-01-11"}
    return Shop(
        assignments=[Table("assigned", {"assignments": about}, assigned)],
        facts=[
            Table("orders", fact | {"metrics": METRICS}, orders),
            Table("calls", fact | {"metrics": SMALL}, calls),
        ],
        as_of=START + 30 * DAY,
        expressions={
            "amount <> 2": lambda row: row["amount"] is not None and row["amount"] != 2,
            # to DuckDB NaN is larger than every number
            "amount > 3": lambda row: row["amount"] is not None and not row["amount"] <= 3,
        },
    )


@pytest.fixture(scope="module")
def experiments() -> dict[str, dict]:
    ramp = [{"from": "2026-01-05", "split": EVEN},
            {"from": "2026-01-08", "split": {"control": 0.4, "treatment": 0.6}}]  # fmt: skip
    found = {
        "ramp": {
            "start": "2026-01-05",
            "end": "2026-01-12",
            "control": "control",
            "variants": ramp,
            "segments": ["country"],
            "activation": {"model": "orders", "where": "amount > 3"},
            "success": ["spend"],
            "explore": [name for name in METRICS if name != "spend"],
        }
    }
    for name in ("count", "few", "ties", "zeros", "alone", "nobody", "pairs"):
        found[name] = {"start": "2026-01-05", "end": "2026-01-06", "control": "control",
                       "variants": EVEN, "success": list(SMALL)}  # fmt: skip
    return found


def typed(rows: list[dict]) -> pa.Table:
    names = rows[0]
    return pa.table(
        {
            name: pa.array([row[name] for row in rows], TYPES.get(name, pa.string()))
            for name in names
        }
    )


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(True, id="daily"),
        pytest.param(False, id="latest", marks=pytest.mark.slow),
    ],
)
def built(request, shop, experiments, tmp_path_factory) -> Project:
    settings = {
        "assignment_models": ["assigned"],
        "fact_models": ["orders", "calls"],
        "as_of": shop.as_of.isoformat(" "),
        "daily": request.param,
    }
    project = Project(tmp_path_factory.mktemp("quantiles"), settings)
    for table in (*shop.assignments, *shop.facts):
        project.model(table.name, typed(table.rows), table.meta)
    for name, definition in experiments.items():
        project.experiment(name, definition)
    project.build("--select", "+experimentos__moments")
    return project


def test_every_row_is_that_of_the_brute_force(built, shop, experiments):
    expected = [
        row
        for name, experiment in experiments.items()
        for metric, entry in entries(experiment)
        if metric != "spend"
        for row in series(shop, name, experiment, metric, entry).values()
    ]
    assert sum(row["quantile_std_error"] is not None for row in expected) > 50
    lines = differences(built.mart("moments", "metric <> 'spend'"), expected)
    assert not lines, report(lines)


def observations(rows, metric: str) -> tuple[list, list, list]:
    """Value, unit and arm of the observations of mature units, straight from the rows."""
    assigned, orders, _ = rows
    given = METRICS[metric]
    window = dt.timedelta(hours=36) if given["window"] == "36 hours" else 3 * DAY
    values, units, arms = [], [], []
    for row in assigned:
        if row["of"] != "ramp" or row["at"] + window > dt.datetime(2026, 1, 11):
            continue
        mine = [
            order["amount"]
            for order in orders
            if order["unit"] == row["unit"] and row["at"] <= order["at"] < row["at"] + window
        ]
        mine = [x for x in mine if x is not None and abs(x) < 1e100]
        if given.get("of") == "events":
            mine = [x for x in mine if x != 2]
        elif mine or given.get("missing") == "zero":
            is_average = given.get("aggregate") == "avg"
            mine = [math.fsum(mine) / (len(mine) if is_average else 1)]
        values += mine
        units += [row["unit"]] * len(mine)
        arms += [row["variant"] == "treatment"] * len(mine)
    return values, units, arms


@pytest.mark.parametrize(
    "metric", ["total_p50", "total_p75", "average_p25", "zeros_p75", "event_p50"]
)
def test_mature_units_are_those_of_the_estimator(built, rows, metric):
    values, units, arms = observations(rows, metric)
    expected = quantiles(
        values, units, np.array(arms, dtype=int), quantile=METRICS[metric]["quantile"]
    )
    where = (
        f"metric = '{metric}' and basis = 'mature' and segment = 'all' and population = 'assigned'"
    )
    found = sorted(built.mart("moments", where), key=lambda row: row["variant"])
    assert np.isfinite(expected.std_error).all()
    for name, column in [("n", "n_units"), ("value", "quantile_value"),
                         ("std_error", "quantile_std_error")]:  # fmt: skip
        np.testing.assert_allclose(
            [row[column] for row in found], getattr(expected, name), rtol=1e-9
        )


def one(project: Project, experiment: str, metric: str, variant: str = "control") -> tuple:
    row = project.one(
        "moments",
        f"experiment_id = '{experiment}' and metric = '{metric}' and variant = '{variant}'"
        " and basis = 'mature' and segment = 'all'",
    )
    return row["n_units"], row["n_missing"], row["quantile_value"], row["quantile_std_error"]


def test_the_median_of_1_to_100(built):
    # p = 1/2: s = sqrt(1/4 / 99), and for z = 1 half the interval is s x 99 = sqrt(24.75) wide;
    # with half a step of 1 beside it the standard error is sqrt(24.75 + 0.25) = 5.
    assert one(built, "count", "p50") == (100, 0, 50.5, pytest.approx(5.0, rel=1e-12))
    assert one(built, "count", "p50", "treatment") == one(built, "count", "p50")


def test_fewer_than_50_beyond_the_quantile_say_nothing(built):
    assert one(built, "few", "p50") == (99, 0, 50.0, None)  # 49.5 of them
    assert one(built, "few", "p50", "treatment")[3] is not None


def test_one_tied_value_says_nothing(built):
    # 140 of 170 are 5; of 1, 1, 2, 2, ..., 100, 100 the median lies between 50 and 51.
    assert one(built, "ties", "p50") == (170, 0, 5.0, None)
    n, _, value, error = one(built, "ties", "p50", "treatment")
    assert (n, value) == (200, 50.5)
    assert error is not None


def test_two_equal_events_a_unit_are_one_observation_each_unit(built):
    # 1 to 120 twice each: the share's standard error is that of 120 units, not of 240 events.
    n, missing, value, error = one(built, "pairs", "p50_events")
    assert (n, missing, value) == (120, 0, 60.5)
    values = [float(1 + place // 2) for place in range(240)]
    low, high = (239 * (0.5 + sign * 1.96 * math.sqrt(0.25 / 119)) for sign in (-1, 1))
    at = np.interp([low, high], range(240), values)
    assert error == pytest.approx(math.hypot((at[1] - at[0]) / 3.92, 0.5), rel=1e-12)


def test_units_without_events_are_zeros_where_the_metric_says_so(built):
    # -1, seven zeros, 10, 20: place 9 x 0.9 = 8.1, so 10 + 0.1 x 10.
    assert one(built, "zeros", "p90_zero") == (10, 0, pytest.approx(11.0, rel=1e-14), None)
    # 0, 0, 0, 4: place 2.7. A unit whose events are all skipped is a zero too.
    assert one(built, "zeros", "p90_zero", "treatment")[:3] == (4, 0, pytest.approx(2.8))
    assert one(built, "zeros", "p50") == (3, 7, 10.0, None)
    assert one(built, "zeros", "p50", "treatment") == (1, 3, 4.0, None)


def test_arms_with_one_unit_or_none_have_a_row(built):
    assert one(built, "alone", "p50") == (1, 0, 7.0, None)
    assert one(built, "alone", "p50_events") == (1, 0, 2.0, None)
    assert one(built, "alone", "p50_events", "treatment") == (0, 0, None, None)
    assert one(built, "nobody", "p50") == (0, 1, None, None)
    assert one(built, "nobody", "p90_zero") == (1, 0, 0.0, None)


def test_skipped_events_are_counted(built):
    where = "experiment_id = 'alone' and variant = 'control' and basis = 'all' and metric = "
    for metric in ("p50", "p50_events"):
        row = built.one("moments", f"{where} '{metric}'")
        assert (row["n_events"], row["n_skipped"]) == (4, 1)
