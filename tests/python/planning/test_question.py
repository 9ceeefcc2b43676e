"""What is asked of a plan: every wrong word is named, with what was allowed."""

import datetime as dt

import pytest

from experimentos.errors import InputError
from experimentos.multiplicity import CORRECTIONS as LIBRARY_CORRECTIONS
from experimentos.planning import (
    CORRECTIONS,
    SPENDING,
    Amount,
    Question,
    read_amount,
    read_guardrail,
    read_metric,
)
from experimentos.planning.period import Reach, bounds_of, reach_of, settle
from experimentos.sequential.group.spending import SPENDING as LIBRARY_SPENDING

DAY = 86_400


@pytest.mark.parametrize(
    ("text", "size", "is_relative"),
    [("2%", 0.02, True), (" 0.5 % ", 0.005, True), ("absolute:0.5", 0.5, False),
     ("absolute: 1e-3", 0.001, False), (".5%", 0.005, True)],
)  # fmt: skip
def test_amounts_are_read(text, size, is_relative):
    found = read_amount(text, "--mde")
    assert (found.size, found.is_relative) == (pytest.approx(size), is_relative)


@pytest.mark.parametrize("text", ["2", "0%", "-2%", "two", "", "absolute:", "absolute:0", "nan%"])
def test_other_texts_are_refused_with_what_is_allowed(text):
    with pytest.raises(InputError, match="--mde must be above 0 and a percentage .* like 2%"):
        read_amount(text, "--mde")


def test_a_bare_number_is_asked_about():
    with pytest.raises(InputError, match=r"got '2'; did you mean 2% or absolute:2\?"):
        read_amount("2", "--mde")


def test_guardrails_have_a_margin_or_none():
    assert read_guardrail("latency") == ("latency", None)
    assert read_guardrail("latency:5%") == ("latency", Amount(0.05))
    assert read_guardrail("errors:absolute:0.1") == ("errors", Amount(0.1, is_relative=False))
    with pytest.raises(InputError, match="the margin of --guardrail latency must be"):
        read_guardrail("latency:5")


def test_all_that_is_wrong_is_named_at_once():
    with pytest.raises(InputError) as caught:
        Question(
            ["a", "a"], {"b": Amount(1.5)}, shares={"control": 0.5, "x": 0.6}, alpha=0.7,
            power=0.2, design="sequential", spending="all", looks=0, history_weeks=0,
            first=dt.date(2026, 2, 1), until=dt.date(2026, 1, 1), where="x > 1",
        )  # fmt: skip
    told = str(caught.value)
    for part in (
        "given again: a", "--mde 2%", "margin of --guardrail b", "--alpha", "--power",
        "--monitoring must be one of group_sequential, always_valid, fixed; got 'sequential'",
        "--spending", "--looks", "--history", "--until (2026-01-01)", "a sum of 1.1",
        "--where is of the rows of one model",
    ):  # fmt: skip
        assert part in told, part


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"alpha_harm": 0.5}, "--alpha-harm must be between 0 and 0.5, got 0.5"),
        ({"alpha_harm": 0.0}, "--alpha-harm must be between 0 and 0.5, got 0.0"),
        ({"correction": "fdr"}, "bonferroni, hommel, closed, dunnett; got 'fdr'"),
        ({"correction": "dunnett"}, "needs --monitoring fixed, got group_sequential"),
        ({"spending": "kim_demets"}, "needs --rho, a number above 0 to 50; got None"),
        ({"spending": "kim_demets", "rho": 0.0}, "needs --rho, a number above 0 to 50; got 0.0"),
        ({"spending": "hwang_shih_decani", "gamma": 41.0}, "from -40 to 40; got 41.0"),
        ({"gamma": -4.0}, "--gamma belongs to --spending hwang_shih_decani, got"),
        ({"own_effects": {"a": Amount(0.1)}}, "every --metric has an effect of its own"),
        ({"effects": ()}, "without an effect: a"),
    ],
)  # fmt: skip
def test_what_belongs_together_is_told(given, told):
    with pytest.raises(InputError) as caught:
        Question(**({"success": ["a"], "effects": [Amount(0.1)]} | given))
    assert told in str(caught.value)


def test_the_words_are_those_of_definitions_and_of_the_library():
    assert set(SPENDING) == set(LIBRARY_SPENDING)
    assert set(CORRECTIONS) == set(LIBRARY_CORRECTIONS)


def test_metrics_have_an_effect_or_none():
    assert read_metric("won") == ("won", None)
    assert read_metric("won:2%") == ("won", Amount(0.02))
    with pytest.raises(InputError, match="the effect of --metric won must be"):
        read_metric("won:2")


def test_a_success_metric_is_needed():
    with pytest.raises(InputError, match="--metric must name a success metric, got none"):
        Question([], effects=[Amount(0.02)])


def days(first, *counts):
    return [{"day": first + dt.timedelta(i), "n_rows": n} for i, n in enumerate(counts)]


def test_facts_begin_where_their_rows_usually_do():
    first = dt.date(2026, 1, 1)
    rows = [{"day": dt.date(1970, 1, 1), "n_rows": 1}, {"day": None, "n_rows": 3}]
    rows += days(first, 200, 300, 250)
    assert reach_of(rows, None, "2026-02-01 10:00:00") == Reach(first, dt.date(2026, 1, 3))
    assert reach_of(rows, None, "2026-01-02 10:00:00") == Reach(first, dt.date(2026, 1, 2))
    until = reach_of(rows, "2026-01-10 00:00:00", "2026-02-01 10:00:00").until
    assert until == dt.date(2026, 1, 10)
    ahead = reach_of(rows, "2026-03-10 00:00:00", "2026-02-01 10:00:00").until
    assert ahead == dt.date(2026, 2, 1)
    assert reach_of([], None, "2026-02-01 10:00:00") is None


def metric(horizon=7, covariate=0, models=("orders",)):
    return {"models": list(models), "horizon": horizon * DAY, "covariate": covariate * DAY}


ASKED = Question(["m"], effects=[Amount(0.02)])
REACH = {"orders": Reach(dt.date(2026, 1, 1), dt.date(2026, 6, 1))}
EVER = (dt.date(2025, 1, 1), dt.date(2026, 5, 31))


def test_units_enter_in_the_last_eight_weeks_that_are_through():
    bounds = bounds_of(ASKED, {"m": metric(14)}, REACH)
    period = settle(ASKED, bounds, EVER)
    assert (period.first, period.until) == (dt.date(2026, 3, 23), dt.date(2026, 5, 18))


def test_covariates_shorten_the_period_while_a_week_is_left():
    short = {"orders": Reach(dt.date(2026, 1, 1), dt.date(2026, 2, 20))}
    bounds = bounds_of(ASKED, {"m": metric(7, covariate=28)}, short)
    assert settle(ASKED, bounds, EVER).first == dt.date(2026, 1, 30)
    bounds = bounds_of(ASKED, {"m": metric(7, covariate=40)}, short)
    # Not a week with covariates, so all six are taken without.
    assert settle(ASKED, bounds, EVER).first == dt.date(2026, 1, 2)


def test_windows_longer_than_the_history_are_named_each():
    metrics = {"m": metric(200), "n": metric(7), "o": metric(151)}
    with pytest.raises(InputError) as caught:
        bounds_of(ASKED, metrics, REACH)
    told = str(caught.value)
    assert "metric 'm' counts 200 days after a unit enters" in told
    assert "metric 'o'" in told
    assert "metric 'n'" not in told


def test_days_that_are_asked_for_and_are_not_there():
    asked = Question(["m"], effects=[Amount(0.02)], history_weeks=40)
    bounds = bounds_of(asked, {"m": metric()}, REACH)
    with pytest.raises(InputError, match="--history 40 needs rows from .* at most 20 whole weeks"):
        settle(asked, bounds, EVER)
    asked = Question(
        ["m"], effects=[Amount(0.02)], first=dt.date(2025, 1, 1), until=dt.date(2026, 5, 30)
    )
    with pytest.raises(InputError) as caught:
        bounds_of(asked, {"m": metric()}, REACH)
    assert "--until 2026-05-30 is too late" in str(caught.value)
    assert "--from 2025-01-01 is too early: rows begin on 2026-01-01" in str(caught.value)


def test_a_population_that_came_at_another_time_has_no_history():
    bounds = bounds_of(ASKED, {"m": metric()}, REACH)
    with pytest.raises(InputError, match="There is no history"):
        settle(ASKED, bounds, (dt.date(2026, 5, 28), dt.date(2026, 5, 31)))
    past = settle(ASKED, bounds, (dt.date(2026, 2, 3), dt.date(2026, 2, 16)))
    assert (past.first, past.until) == (dt.date(2026, 2, 3), dt.date(2026, 2, 17))
