"""The brute force on segments, slices, phases, activation, duplicates, quantiles and ages.

As in `test_brute_force.py`, answers can be done in the head. The last tests hold for every shop.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from brute_force import Table, ages, series
from brute_force.definitions import entries
from brute_force.moments import product, third
from brute_force.quantiles import quantiles
from brute_force_cases import EVEN, LATEST, SUM, TICK, at, one, order, readout, total
from hypothesis import HealthCheck, given, settings
from random_shop_compare import differences
from random_shop_small import small_shops

from experimentos.estimators import quantile_inputs

# Segments, slices, phases, activation


def test_segments_are_the_text_at_first_assignment():
    assigned = [
        {"unit": 1, "at": at(5), "country": "all"}, {"unit": 1, "at": at(6), "country": "NL"},
        {"unit": 2, "at": at(5), "country": None},
        {"unit": 3, "at": at(5), "country": "b"}, {"unit": 3, "at": at(5), "country": "a"},
    ]  # fmt: skip
    rows = readout(SUM, [order(3, at(5), 4)], assigned, segments=["country"])
    told = {key[3]: row["n_units"] for key, row in rows.items()
            if key[2] == "country" and key[0] == "control" and key[5] == "mature"}  # fmt: skip
    assert told == {"(all)": 1, "(none)": 1, "a": 1}
    assert {key[4] for key in rows if key[2] == "country"} == {LATEST}
    assert one(rows, segment=("country", "a"))["mean_num"] == 4
    daily = readout(SUM, [], assigned, segments=["country"], segments_daily=True)
    assert len({key[4] for key in daily if key[2] == "country"}) == 27


def test_levels_beyond_twenty_are_other():
    # 22 levels: c00 has two units, the others one; the last two by name are the rest.
    assigned = [{"unit": n, "at": at(5), "country": f"c{n:02}"} for n in range(1, 22)]
    assigned += [{"unit": n, "at": at(5), "country": "c00"} for n in (31, 32)]
    rows = readout(SUM, [], assigned, segments=["country"])
    told = {key[3]: row["n_units"] for key, row in rows.items()
            if key[2] == "country" and key[0] == "control" and key[5] == "all"}  # fmt: skip
    assert told == {f"c{n:02}": 1 + (n == 0) for n in range(20)} | {"(other)": 2}


def test_slices_are_rows_of_one_level_over_all_units():
    orders = [order(1, at(5), 2, kind="a"), order(1, at(6), 4), order(2, at(5), 8, kind="all"),
              order(2, at(4), 1, kind="a"), order(2, at(30), 1, kind="late")]  # fmt: skip
    metric = SUM | {"by": "kind", "covariate": "2 days"}
    rows = readout(metric, orders, dict.fromkeys((1, 2), at(5)))
    told = {key[3]: (row["n_units"], total(row)) for key, row in rows.items()
            if key[2] == "kind" and key[0] == "control" and key[5] == "mature"}  # fmt: skip
    assert told == {"a": (2, 2), "(none)": (2, 4), "(all)": (2, 8)}
    assert one(rows, segment=("kind", "a"))["mean_num_cov"] * 2 == 1
    assert total(one(rows)) == 14


def test_units_belong_to_the_phase_in_which_they_were_exposed():
    ramp = [{"from": "2026-01-05", "split": {"control": 0.9, "treatment": 0.1}},
            {"from": "2026-01-07 12:00", "split": EVEN}]  # fmt: skip
    rows = readout(SUM, [order(2, at(8), 4)], {1: at(7.5) - TICK, 2: at(7.5)}, variants=ramp)
    first, second = ("phase", "2026-01-05"), ("phase", "2026-01-07 12:00:00")
    assert one(rows, segment=first)["mean_num"] == 0
    assert one(rows, segment=second)["mean_num"] == 4
    assert one(rows)["mean_num"] == 2
    told = [
        one(rows, until=at(8), basis="all", segment=each)["n_units"] for each in (first, second)
    ]
    assert told == [1, 1]


def test_the_window_starts_at_activation_and_covariates_stay_at_exposure():
    activation = {"model": "orders", "where": "step = 'view'", "within": "2 days"}
    orders = [
        order(1, at(4), 1, step="view"), order(1, at(5), 2), order(1, at(6), 4, step="view"),
        order(1, at(13) - TICK, 8), order(1, at(13), 16),
        order(2, at(7), 1, step="view"),
    ]  # fmt: skip
    metric = SUM | {"covariate": "1 day"}
    units = dict.fromkeys((1, 2, 3), at(5))
    rows = readout(metric, orders, units, activation=activation)
    row = one(rows, population="activated")
    # Unit 2 came exactly two days after its exposure: too late.
    assert (row["n_units"], row["mean_num"], row["mean_num_cov"]) == (1, 4 + 8, 1)
    assert total(one(rows)) == (2 + 4) + 1
    del activation["within"]
    rows = readout(metric, orders, units, activation=activation)
    assert one(rows, population="activated")["n_units"] == 2


def test_activation_by_date_is_the_later_of_midnight_and_exposure():
    opened = [{"unit": 1, "day": at(5).date()}, {"unit": 2, "day": at(6).date()},
              {"unit": 3, "day": at(4).date()}]  # fmt: skip
    table = Table("opened", {"unit": "unit", "timestamp": "day", "timestamp_is_date": True,
                  "metrics": {}, "complete_until": "2026-02-01"}, opened)  # fmt: skip
    orders = [order(1, at(5.25), 1), order(1, at(5.5), 2), order(2, at(6) - TICK, 4),
              order(2, at(6), 8)]  # fmt: skip
    rows = readout(SUM, orders, dict.fromkeys((1, 2, 3), at(5.5)), tables=[table],
                   activation={"model": "opened"})  # fmt: skip
    row = one(rows, population="activated")
    assert (row["n_units"], total(row)) == (2, 2 + 8)


# Duplicates, quantiles, ages


def test_of_rows_with_one_key_the_latest_loaded_is_read():
    key = {"unique_key": "kind", "loaded_at": "step"}
    orders = [order(1, at(6), 1, kind="a", step=at(7)), order(1, at(6), 2, kind="a", step=at(8)),
              order(1, at(6), 4, step=at(7)), order(1, at(6), 4, step=at(7))]  # fmt: skip
    assert total(one(readout(SUM, orders, fact=key))) == 2 + 4 + 4
    del key["loaded_at"]
    orders = [order(1, at(7), 1, kind="a"), order(1, at(6), 4, kind="a"),
              order(1, at(6), 2, kind="a")]  # fmt: skip
    assert total(one(readout(SUM, orders, fact=key))) == 2


def test_a_quantile_is_that_of_totals_or_of_events():
    metric = {"type": "quantile", "quantile": 0.5, "value": "amount"}
    orders = [order(1, at(5), 1), order(1, at(6), 3), order(2, at(5), 10), order(3, at(5))]
    units = dict.fromkeys((1, 2, 3), at(5))
    rows = readout(metric, orders, units)
    row = one(rows)
    assert {key[4:] for key in rows} == {(LATEST, "mature"), (LATEST, "all")}
    assert (row["quantile_value"], row["n_units"], row["n_missing"]) == (7, 2, 1)
    assert (row["mean_num"], row["m2_num"], row["quantile_std_error"]) == (None, None, None)
    assert one(readout(metric | {"missing": "zero"}, orders, units))["quantile_value"] == 4
    row = one(readout(metric | {"of": "events"}, orders, units))
    assert (row["quantile_value"], row["n_units"], row["n_events"]) == (3, 2, 4)


def test_the_standard_error_of_a_median():
    # 1, 2, ..., 100: share .5 with variance 1/4/99; steps of one add (1/2)^2.
    value, error = quantiles({"a": [[float(x)] for x in range(1, 101)]}, 0.5)["a"]
    assert value == 50.5
    assert error == pytest.approx((Fraction(99**2, 4 * 99) + Fraction(1, 4)) ** 0.5, rel=1e-12)
    assert quantiles({"a": [[float(x)] for x in range(1, 99)]}, 0.5)["a"][1] is None


def test_ages_cut_the_window_and_take_units_that_are_old_enough():
    orders = [order(1, at(5), 1), order(1, at(6), 2), order(1, at(7), 4), order(2, at(8), 8)]
    rows = readout(SUM | {"window": "60 hours"}, orders, {1: at(5), 2: at(8)}, told=ages,
                   fact={"complete_until": "2026-01-10"})  # fmt: skip
    told = {age: (row["n_units"], total(row)) for (variant, age), row in rows.items()
            if variant == "control"}  # fmt: skip
    # Unit 2 is two days old at the end of the data, not two and a half.
    assert told == {1: (2, 1 + 8), 2: (2, 3 + 8), 3: (1, 7)}


def test_moments_of_units_that_can_be_done_in_the_head():
    orders = [order(1, at(5), 1), order(2, at(5), 3), order(3, at(5), 8)]
    orders += [order(3, at(4), 6)]
    row = one(readout(SUM | {"covariate": "3 days"}, orders, dict.fromkeys((1, 2, 3), at(5))))
    # 1, 3, 8 deviate by -3, -1, 4; 0, 0, 6 by -2, -2, 4.
    assert (row["mean_num"], row["m2_num"], row["m3_num"]) == (4, 9 + 1 + 16, -27 - 1 + 64)
    assert (row["m2_num_cov"], row["c2_num_num_cov"]) == (4 + 4 + 16, 6 + 2 + 16)
    # The fact begins on 4 January: it covers no unit's three days before exposure.
    assert row["n_covered"] == 0
    row = one(readout(SUM | {"covariate": "1 day"}, orders, dict.fromkeys((1, 2, 3), at(5))))
    assert row["n_covered"] == 3


def test_crossovers_and_units_assigned_before_the_start_are_in_no_row():
    assigned = [{"unit": 1, "at": at(5)}, {"unit": 2, "at": at(4)}, {"unit": 2, "at": at(5)},
                {"unit": 3, "at": at(5)}, {"unit": 3, "at": at(6), "variant": "treatment"},
                {"unit": 4, "at": at(10)}]  # fmt: skip
    rows = readout(SUM, [], assigned)
    assert [one(rows, variant)["n_units"] for variant in EVEN] == [1, 0]
    assert one(rows, "treatment")["mean_num"] is None


# What holds for every shop


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=small_shops())
def test_rows_add_up(drawn):
    for metric, entry in entries(drawn.experiment):
        rows = series(drawn.shop, drawn.name, drawn.experiment, metric, entry)
        for (variant, population, segment, _, until, basis), row in rows.items():
            whole = rows[variant, population, "all", "all", until, basis]
            assert row.keys() == whole.keys()
            if segment in ("phase", "country", "group"):
                parts = [each for key, each in rows.items() if (*key[:3], *key[4:])
                         == (variant, population, segment, until, basis)]  # fmt: skip
                assert sum(each["n_units"] for each in parts) == whole["n_units"]
                assert sum(each["n_events"] for each in parts) == whole["n_events"]
                assert sum(map(total_of, parts)) == pytest.approx(total_of(whole), abs=1e-9)
            if basis == "mature":
                everyone = rows[variant, population, "all", "all", until, "all"]
                assert whole["n_units"] <= everyone["n_units"]


def total_of(row):
    return (row["mean_num"] or 0) * row["n_units"]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=small_shops())
def test_the_oldest_age_is_the_latest_mature_row(drawn):
    for metric, entry in entries(drawn.experiment):
        rows = series(drawn.shop, drawn.name, drawn.experiment, metric, entry)
        told = ages(drawn.shop, drawn.name, drawn.experiment, metric, entry)
        given_metric = drawn.shop.metric(metric)[1]
        if not told or given_metric.get("mature") is False:
            continue
        oldest = max(age for _, age in told)
        population = "activated" if "activation" in drawn.experiment else "assigned"
        latest = max(key[4] for key in rows)
        for variant in EVEN:
            row = rows[variant, population, "all", "all", latest, "mature"]
            assert not differences([told[variant, oldest]], [row])


@pytest.mark.parametrize("q", [0.25, 0.5, 0.9])
@pytest.mark.parametrize("step", [0.0, 5.0])
def test_quantiles_are_those_of_the_library(q, step):
    draw = np.random.default_rng(7)
    unit = draw.integers(0, 900, 4000)
    values = draw.lognormal(2, 1, 4000) + draw.normal(0, 3, 900)[unit]
    values = np.round(values / step) * step if step else values
    arm = unit % 2
    arms = {str(a): [values[unit == u].tolist() for u in np.unique(unit[arm == a])] for a in (0, 1)}
    theirs = quantile_inputs.quantiles(values, unit, arm, quantile=q)
    ours = quantiles(arms, q)
    for a in (0, 1):
        value, error = ours[str(a)]
        wanted = (theirs.value[a], theirs.std_error[a])
        told = (value, np.nan if error is None else error)
        assert told == pytest.approx(wanted, rel=1e-11, nan_ok=True)


def test_sums_of_products_are_exact_to_the_last_digits():
    draw = np.random.default_rng(3)
    x = (1e6 + draw.lognormal(0, 1, 300)).tolist()
    y = draw.lognormal(0, 3, 300).tolist()
    xs, ys = ([Fraction(value) for value in values] for values in (x, y))
    dx, dy = ([value - sum(values) / 300 for value in values] for values in (xs, ys))
    exact = sum(a * b for a, b in zip(dx, dy, strict=True))
    spread = float(sum(a * a for a in dx) * sum(b * b for b in dy)) ** 0.5
    assert product(x, y) == pytest.approx(float(exact), rel=0, abs=4e-16 * spread)
    assert product(x, x) == pytest.approx(float(sum(a * a for a in dx)), rel=4e-16)
    assert third(x) == pytest.approx(float(sum(a**3 for a in dx)), rel=1e-14)


def test_differences_name_rows_that_are_missing_superfluous_or_different():
    rows = list(readout(SUM, [order(1, at(5), 3)], {1: at(5), 2: at(5)}, segments=["country"])
                .values())  # fmt: skip
    assert not differences(rows, rows)
    changed = dict(rows[-1]) | {"variant": "nobody"}
    told = differences([*rows[1:], changed], rows)
    assert [line.split(":")[0] for line in told] == ["superfluous", "missing"]
    whole = next(row for row in rows if row["n_units"] == 2 and row["mean_num"])
    for column, value in (("m2_num", 4.5 * (1 + 3e-12)), ("n_units", 3), ("mean_num", None)):
        others = [dict(row) | {column: value} if row is whole else row for row in rows]
        told = differences(others, rows)
        assert len(told) == 1
        assert told[0].startswith(f"{column} is ")
