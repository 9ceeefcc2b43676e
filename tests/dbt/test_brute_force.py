"""The brute force against answers that can be done in the head: what the contract means.

Each test is one sentence of the semantics. Units 1, 2, ... are in control, 101, 102, ... in
treatment. An experiment runs from 5 to 10 January 2026 unless it says otherwise, and its facts are
complete until 1 February.
"""

from __future__ import annotations

import pytest
from brute_force import Table
from brute_force.caps import type_7
from brute_force_cases import EVEN, HOUR, LATEST, SUM, TICK, at, one, order, readout, total

# Windows


def test_windows_are_half_open_to_the_microsecond():
    exposed = at(5.5)
    orders = [
        order(1, exposed - TICK, 1), order(1, exposed, 2),
        order(1, exposed + 7 * 24 * HOUR - TICK, 4), order(1, exposed + 7 * 24 * HOUR, 8),
        order(1, exposed - 48 * HOUR - TICK, 16), order(1, exposed - 48 * HOUR, 32),
    ]  # fmt: skip
    row = one(readout(SUM | {"covariate": "2 days"}, orders, {1: exposed}))
    assert (row["mean_num"], row["n_events"], row["mean_num_cov"]) == (2 + 4, 2, 1 + 32)


def test_a_delay_moves_the_window():
    orders = [order(1, at(5), 1), order(1, at(6) - TICK, 2), order(1, at(6), 4),
              order(1, at(6) + 2 * HOUR - TICK, 8), order(1, at(6) + 2 * HOUR, 16)]  # fmt: skip
    row = one(readout(SUM | {"delay": "1 day", "window": "2 hours"}, orders))
    assert row["mean_num"] == 4 + 8


def test_dates_count_from_the_day_of_exposure():
    days = [order(1, at(day).date(), amount) for day, amount in ((4, 1), (5, 2), (6, 4), (7, 8))]
    metric = SUM | {"window": "2 days", "covariate": "1 day"}
    row = one(readout(metric, days, {1: at(6) - TICK}, fact={"timestamp_is_date": True}))
    assert (row["mean_num"], row["mean_num_cov"]) == (2 + 4, 1)


def test_values_that_are_no_numbers_are_skipped_and_counted():
    values = [None, float("nan"), float("inf"), -1e100, 1e99, 2.0]
    row = one(readout(SUM, [order(1, at(5), value) for value in values]))
    assert (row["mean_num"], row["n_events"], row["n_skipped"]) == (1e99 + 2, 6, 4)


# Days


def test_a_unit_is_mature_when_its_window_has_closed_and_in_all_when_it_was_exposed_before():
    orders = [order(1, at(5), 1), order(1, at(6), 2), order(1, at(7) - TICK, 4)]
    rows = readout(SUM | {"window": "2 days"}, orders, {1: at(5), 2: at(6)})
    days = [at(day) for day in (6, 7, 8)]
    mature = [(one(rows, until=day)["n_units"], total(one(rows, until=day))) for day in days]
    everyone = [one(rows, until=day, basis="all") for day in days]
    assert mature == [(0, 0), (1, 7), (2, 7)]
    # Unit 2, exposed at the very midnight, is not seen before the next day.
    assert [(row["n_units"], total(row)) for row in everyone] == [(1, 1), (2, 7), (2, 7)]


def test_the_series_has_every_midnight_after_the_start_and_the_end_of_the_data():
    rows = readout(SUM, [], start="2026-01-05 06:00", fact={"complete_until": "2026-01-07 09:00"})
    told = sorted({key[4] for key in rows})
    assert told == [at(6), at(7), at(7) + 9 * HOUR]
    assert len(rows) == 3 * len(EVEN) * 2  # days, variants, bases


def test_a_value_that_comes_later_is_missing_until_then():
    orders = [order(1, at(6.5), 3), order(1, at(8.5), 1)]
    rows = readout(SUM | {"aggregate": "min"}, orders)
    told = [one(rows, until=at(day), basis="all") for day in (6, 7, 9)]
    assert [(row["n_missing"], row["mean_num"]) for row in told] == [(1, None), (0, 3), (0, 1)]


def test_facts_without_times_have_the_latest_row_only():
    fact = {"timestamp": "none", "complete_until": None}
    rows = readout(SUM | {"covariate": "step"}, [order(1, None, 5.0, step=3.0)], fact=fact)
    assert {key[4:] for key in rows} == {(None, "mature")}
    assert one(rows, until=None)["mean_num_cov"] == 3


def test_a_window_without_end_closes_for_all_units_at_once():
    # Another metric makes observation go on for two days after the end.
    short = {"short": {"type": "proportion", "window": "2 days"}}
    others = Table("others", {"unit": "unit", "timestamp": "at", "metrics": short,
                   "complete_until": "2026-02-01"}, [])  # fmt: skip
    orders = [order(1, at(9), 1), order(1, at(12) - TICK, 2), order(1, at(12), 4)]
    rows = readout(SUM | {"window": "none"}, orders, {1: at(5), 2: at(9.9)}, tables=[others],
                   success=["m"], explore=["short"])  # fmt: skip
    assert one(rows, until=at(11))["n_units"] == 0
    assert (one(rows, until=at(12))["n_units"], total(one(rows, until=at(12)))) == (2, 3)
    told = [total(one(rows, until=at(day), basis="all")) for day in (9, 10, 11, 12, 13)]
    assert told == [0, 1, 1, 3, 3]


def test_a_window_without_end_stays_open_where_the_experiment_has_no_end():
    orders = [order(1, at(31), 1), order(1, LATEST, 2)]
    rows = readout(SUM | {"window": "none"}, orders, end=None)
    assert one(rows)["n_units"] == 0
    assert total(one(rows, basis="all")) == 1


# Numbers of a unit


@pytest.mark.parametrize(
    ("aggregate", "answers"),
    [("sum", (9, 0)), ("count", (3, 0)), ("count_distinct", (2, 0)), ("avg", (3, None)),
     ("min", (1, None)), ("max", (4, None)), ("latest", (4, None))],
)  # fmt: skip
def test_units_without_a_value_are_zeros_or_left_out(aggregate, answers):
    orders = [order(1, at(5), 4), order(1, at(6), 1), order(1, at(6), 4), order(1, at(7))]
    rows = readout(SUM | {"aggregate": aggregate}, orders, {1: at(5), 101: at(5)})
    active, silent = one(rows), one(rows, "treatment")
    assert (active["mean_num"], silent["mean_num"]) == answers
    assert silent["n_missing"] == (answers[1] is None) == 1 - silent["n_units"]


def test_missing_zero_makes_zeros_of_units_without_a_value():
    row = one(readout(SUM | {"aggregate": "max", "missing": "zero"}, [order(1, at(5), -4)],
                      {1: at(5), 2: at(5)}))  # fmt: skip
    assert (row["n_units"], row["n_missing"], row["mean_num"], row["m2_num"]) == (2, 0, -2, 8)


def test_latest_takes_the_largest_of_equal_instants_and_passes_over_what_is_skipped():
    orders = [order(1, at(6), 3), order(1, at(6), 7), order(1, at(6), 5), order(1, at(7), None),
              order(1, at(5), 9)]  # fmt: skip
    assert one(readout(SUM | {"aggregate": "latest"}, orders))["mean_num"] == 7


def test_a_threshold_is_met_by_the_total_and_units_without_a_value_never_meet_it():
    metric = {"type": "proportion", "value": "amount", "threshold": 3}
    orders = [order(1, at(5), 1), order(1, at(6), 2), order(2, at(5), 2), order(4, at(5))]
    units = dict.fromkeys((1, 2, 3, 4), at(5))
    row = one(readout(metric, orders, units))
    assert (row["n_units"], total(row)) == (4, 1)
    # Without a value it counts rows.
    assert total(one(readout({"type": "proportion", "threshold": 2}, orders, units))) == 1


def test_retention_counts_units_whose_span_has_passed():
    metric = {"type": "retention", "from": "1 day", "to": "2 days"}
    orders = [order(1, at(6) - TICK), order(2, at(6)), order(3, at(7) - TICK), order(4, at(7)),
              order(5, at(7))]  # fmt: skip
    units = dict.fromkeys((1, 2, 3, 4), at(5)) | {5: at(6)}
    rows = readout(metric, orders, units)
    for basis in ("mature", "all"):  # aged denominators on both
        told = [one(rows, until=at(day), basis=basis) for day in (6, 7, 8)]
        assert [(row["n_units"], total(row)) for row in told] == [(0, 0), (4, 2), (5, 3)]


FUNNEL = {"type": "funnel", "steps": ["step = 'view'", {"where": "step = 'cart'"}, "step = 'pay'"]}


def test_a_funnel_asks_for_the_order_and_the_same_instant_counts():
    orders = [
        order(1, at(5), step="view"), order(1, at(5), step="cart"), order(1, at(5), step="pay"),
        order(2, at(5), step="cart"), order(2, at(6), step="view"), order(2, at(7), step="pay"),
        order(3, at(5), step="cart"), order(3, at(6), step="view"), order(3, at(7), step="cart"),
        order(3, at(8), step="pay"),
        order(4, at(5), step="view"), order(4, at(5), step="cart"), order(4, at(12), step="pay"),
        order(5, at(5) - TICK, step="view"), order(5, at(5), step="cart"),
        order(5, at(6), step="pay"),
    ]  # fmt: skip
    rows = readout(FUNNEL, orders, dict.fromkeys((1, 2, 3, 4, 5), at(5)))
    assert (one(rows)["n_units"], total(one(rows))) == (5, 2)  # units 1 and 3
    # Unit 3 converts at the instant of its last step.
    told = [total(one(rows, until=at(day), basis="all")) for day in (6, 7, 8, 9)]
    assert told == [1, 1, 1, 2]


def test_one_row_may_be_two_steps_and_steps_may_lie_in_another_fact():
    visits = Table("visits", {"unit": "unit", "timestamp": "seen", "metrics": {},
                   "complete_until": "2026-02-01"}, [{"unit": 1, "seen": at(6)}])  # fmt: skip
    steps = ["step is not null", "step = 'view'", {"model": "visits"}]
    orders = [order(1, at(6), step="view")]
    row = one(readout({"type": "funnel", "steps": steps}, orders, tables=[visits]))
    assert (total(row), row["n_events"]) == (1, 2)  # a row counts once, however many steps it is


# Caps


def test_percentiles_are_of_type_7():
    # In R, quantile(c(0, 0, 4, 10), .75) is 5.5.
    assert type_7([10, 0, 4, 0], 0.75) == 5.5
    assert type_7([7], 0.2) == 7


def test_a_percentile_cap_is_pooled_over_variants_with_zeros():
    orders = [order(1, at(5), 4), order(101, at(5), 10)]
    rows = readout(SUM | {"cap": {"percentile": 0.75}}, orders,
                   {1: at(5), 2: at(5), 101: at(5), 102: at(5)})  # fmt: skip
    told = [one(rows, variant) for variant in EVEN]
    assert [row["cap_value"] for row in told] == [5.5, 5.5]
    assert [(total(row), row["n_capped"]) for row in told] == [(4, 0), (5.5, 1)]


def test_the_cap_of_the_latest_day_holds_for_all_days_and_each_basis_has_its_own():
    orders = [order(1, at(5), 8), order(2, at(10), 2), order(2, at(12), 2)]
    fact = {"complete_until": "2026-01-13"}
    rows = readout(SUM | {"cap": {"percentile": 0.5}}, orders, {1: at(5), 2: at(9)}, fact=fact)
    # Mature is unit 1 alone, whose median is its smallest value: no cap.
    assert one(rows, until=at(13))["cap_value"] is None
    assert one(rows, until=at(13))["n_capped"] == 0
    told = [one(rows, until=at(day), basis="all") for day in (6, 13)]
    assert [(row["cap_value"], total(row)) for row in told] == [(6, 6), (6, 6 + 4)]


def test_a_cap_at_zero_is_no_cap():
    rows = readout(SUM | {"cap": {"percentile": 0.5}}, [order(1, at(5), 4)],
                   dict.fromkeys((1, 2, 3), at(5)))  # fmt: skip
    assert (one(rows)["cap_value"], total(one(rows))) == (None, 4)


def test_lower_caps_and_absolute_ones():
    orders = [order(1, at(5), -9), order(2, at(5), 9), order(3, at(5), 1)]
    orders += [order(unit, at(4), -20) for unit in (1, 2)]
    units = dict.fromkeys((1, 2, 3), at(5))
    metric = SUM | {"cap": {"absolute": 4, "lower": -2}, "covariate": "2 days"}
    row = one(readout(metric, orders, units))
    assert (total(row), row["cap_value"], row["n_capped"]) == (-2 + 4 + 1, 4, 2)
    assert row["mean_num_cov"] * 3 == -2 - 2 + 0
    beside = SUM | {"cap": {"absolute": 4}, "lower": {"absolute": -2}}
    assert total(one(readout(beside, orders, units))) == 3
    # The median of -9, 1 and 9 lifts one unit.
    row = one(readout(SUM | {"lower": {"percentile": 0.5}}, orders, units))
    assert (total(row), row["cap_value"], row["n_capped"]) == (1 + 9 + 1, None, 1)


def test_an_experiment_may_set_another_cap():
    rows = readout(SUM | {"cap": {"absolute": 3}}, [order(1, at(5), 9)],
                   entry={"cap": {"absolute": 5}})  # fmt: skip
    assert total(one(rows)) == 5
