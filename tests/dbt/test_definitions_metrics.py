"""Each mistake in the keys of metric types, caps, slices and maturity is named."""

from typing import Any

import pytest
from checking import Check, check
from project import Project
from test_definitions import ASSIGNMENTS, FACT, ORDERS, expect, write_meta

MEAN = {"type": "mean", "value": "amount"}
RETENTION = {"type": "retention", "from": "7 days", "to": "14 days"}
QUANTILE = {"type": "quantile", "value": "amount", "quantile": 0.9}
FUNNEL = {"type": "funnel", "steps": ["page = 'cart'", "page = 'paid'"]}
RATIO = {"type": "ratio", "numerator": {"value": "amount"}, "denominator": {"aggregate": "count"}}
LIMIT = "must be {percentile: 0.999} of all units, or {absolute: 100} in metric units"

# name: (the metric as written beside its model, what the report says about it)
METRICS: dict[str, tuple[Any, ...]] = {
    "threshold_zero": (
        {"type": "proportion", "value": "amount", "threshold": 0},
        "`threshold` must be a number above 0, which the unit's total has to reach, got '0'",
    ),
    "threshold_negative": ({"type": "proportion", "threshold": -1}, "got '-1'"),
    "threshold_text": ({"type": "proportion", "threshold": "3"}, "`threshold` must be a number"),
    "threshold_nan": ({"type": "proportion", "threshold": float("nan")}, "`threshold` must be"),
    "threshold_of_mean": (
        MEAN | {"threshold": 3},
        "a mean has no `threshold`, only proportion",
        "allowed: type, goal, mature",
    ),
    "threshold_of_nothing": (
        {"type": "proportion", "threshold": 3, "aggregate": "max"},
        "`aggregate: max` needs a `value`",
    ),
    "total_without_threshold": (
        {"type": "proportion", "value": "amount", "aggregate": "sum"},
        "`aggregate` of a proportion needs a `threshold`, which the unit's total has to reach",
    ),
    "any_of_mean": (MEAN | {"aggregate": "any"}, "unknown aggregate 'any'", "allowed: sum"),
    "cap_number": (MEAN | {"cap": 100}, f"`cap` {LIMIT}, got '100'"),
    "cap_both": (MEAN | {"cap": {"percentile": 0.9, "absolute": 3}}, f"`cap` {LIMIT}"),
    "cap_null": (MEAN | {"cap": None}, f"`cap` {LIMIT}, got 'None'"),
    "cap_key": (
        MEAN | {"cap": {"percentile": 0.9, "lowr": 0.1}},
        "`cap`: unknown key `lowr`",
        "allowed: percentile, absolute, lower",
        "did you mean 'lower'?",
    ),
    "cap_percent": (
        MEAN | {"cap": {"percentile": 99.9}},
        "`percentile` must be a number between 0 and 1, got '99.9': write 0.999",
    ),
    "cap_all": (MEAN | {"cap": {"percentile": 1}}, "between 0 and 1, got '1'"),
    "cap_text": (MEAN | {"cap": {"percentile": "0.9"}}, "between 0 and 1, got '0.9'"),
    "cap_infinite": (
        MEAN | {"cap": {"absolute": float("inf")}},
        "`absolute` must be a number, got 'inf'",
    ),
    "lower_number": (MEAN | {"lower": 0}, f"`lower` {LIMIT}, got '0'"),
    "lower_in_lower": (
        MEAN | {"lower": {"absolute": 3, "lower": 1}},
        "`lower`: unknown key `lower`",
        "allowed: percentile, absolute",
    ),
    "lower_inside_percent": (
        MEAN | {"cap": {"percentile": 0.99, "lower": 5}},
        "`cap`: `lower` must be a number between 0 and 1, got '5': write 0.05",
    ),
    "lower_twice": (
        MEAN | {"cap": {"absolute": 9, "lower": 1}, "lower": {"absolute": 2}},
        "`lower` stands both in `cap` and beside it",
    ),
    "lower_above": (
        MEAN | {"cap": {"absolute": 1, "lower": 2}},
        "`lower` (2) must be below `cap` (1)",
    ),
    "lower_beside_above": (
        MEAN | {"cap": {"percentile": 0.1}, "lower": {"percentile": 0.9}},
        "`lower` (0.9) must be below `cap` (0.1)",
    ),
    "cap_of_part": (
        RATIO | {"numerator": {"value": "amount", "cap": 3}},
        f"`numerator`: `cap` {LIMIT}, got '3'",
    ),
    "cap_of_ratio": (
        RATIO | {"cap": {"absolute": 3}},
        "`cap` of a ratio belongs to its `numerator` or `denominator`",
    ),
    "missing_other": (
        MEAN | {"aggregate": "avg", "missing": "mean"},
        "`missing` is 'mean'",
        "allowed: zero",
    ),
    "missing_of_sum": (
        MEAN | {"missing": "zero"},
        "with `aggregate: sum` units without rows are 0 anyway",
    ),
    "missing_of_proportion": (
        {"type": "proportion", "missing": "zero"},
        "a proportion has no `missing`, only mean, quantile",
    ),
    "missing_of_events": (
        QUANTILE | {"of": "events", "missing": "zero"},
        "`missing: zero` needs `of: units`",
    ),
    "mature_text": (MEAN | {"mature": "no"}, "`mature` must be true or false, got 'no'"),
    "retention_bare": (
        {"type": "retention"},
        "a retention needs `from`: a time after exposure, like '7 days'",
        "a retention needs `to`",
    ),
    "retention_backwards": (
        RETENTION | {"to": "7 days"},
        "`to` (7 days) must be after `from` (7 days)",
    ),
    "retention_number": (
        RETENTION | {"from": 7},
        "`from` must be an integer and minutes, hours, days or weeks, like '7 days', got '7'",
    ),
    "retention_window": (
        RETENTION | {"window": "7 days"},
        "a retention has no `window`, only mean, proportion, ratio, quantile, funnel",
    ),
    "retention_covariate": (RETENTION | {"covariate": "14 days"}, "a retention has no `covariate`"),
    "quantile_bare": (
        {"type": "quantile", "value": "amount"},
        "`quantile` is missing: a number between 0 and 1, like 0.9",
    ),
    "quantile_percent": (
        QUANTILE | {"quantile": 90},
        "`quantile` must be a number between 0 and 1, got '90': write 0.9",
    ),
    "quantile_true": (QUANTILE | {"quantile": True}, "between 0 and 1, got 'True'"),
    "quantile_covariate": (
        QUANTILE | {"covariate": "28 days"},
        "a quantile has no `covariate`, only mean, proportion, ratio",
    ),
    "quantile_of": (
        QUANTILE | {"of": "event"},
        "`of` is 'event'",
        "allowed: units, events",
        "did you mean 'events'?",
    ),
    "quantile_aggregate": (
        QUANTILE | {"of": "events", "aggregate": "max"},
        "`aggregate` has no meaning with `of: events`: each event counts by itself",
    ),
    "quantile_of_nothing": ({"type": "quantile", "quantile": 0.5}, "`aggregate: sum` needs a"),
    "funnel_bare": (
        {"type": "funnel"},
        "`steps` must list at least two conditions, in their order, got 'nothing'",
    ),
    "funnel_short": ({"type": "funnel", "steps": ["a > 1"]}, "`steps` must list at least two"),
    "funnel_alike": (
        {"type": "funnel", "steps": ["a > 1", {"where": " a > 1 "}]},
        "step 2: is the same as the step before it",
    ),
    "funnel_step": (
        {"type": "funnel", "steps": ["a > 1", 3, {}]},
        "step 2: must be a condition, or a map of `where` and `model`, got '3'",
        "step 3: must be a condition",
    ),
    "funnel_step_key": (
        {"type": "funnel", "steps": ["a > 1", {"were": "b > 1"}]},
        "step 2: unknown key `were`",
        "did you mean 'where'?",
    ),
    "funnel_step_model": (
        {"type": "funnel", "steps": ["a > 1", {"model": "fct_order"}]},
        "model 'fct_order' is not a listed fact model: add it to vars.experimentos.fact_models",
        "did you mean 'fct_orders'?",
    ),
    "funnel_step_list": (
        {"type": "funnel", "steps": ["a > 1", {"model": ["fct_orders"]}]},
        "step 2: `model` must be a fact model, got '['fct_orders']'",
    ),
    "funnel_mixed": (
        {"type": "funnel", "steps": ["a > 1", {"model": "fct_days"}]},
        "its steps mix facts by date (fct_days) with facts by instant, so their order is not known",
    ),
    "funnel_covariate": (FUNNEL | {"covariate": "14 days"}, "a funnel has no `covariate`"),
    "by_distinct": (
        MEAN | {"aggregate": "count_distinct", "by": "product"},
        "`by` cannot slice count_distinct: values of two slices may be the same",
    ),
    "by_two_models": (
        RATIO | {"denominator": {"model": "fct_orders"}, "by": "product"},
        "`by` needs both parts from one model, got fct_wrong and fct_orders",
    ),
    "by_number": (MEAN | {"by": 3}, "`by` must be a column or SQL expression, got '3'"),
    "by_reserved": (MEAN | {"by": "phase"}, "`by`: the name 'phase' is taken"),
    "later_percentile": (MEAN | {"percentile": 0.9}, "unknown key `percentile`"),
}
for kind, metric in {
    "proportion": {"type": "proportion"},
    "retention": RETENTION,
    "quantile": QUANTILE,
    "funnel": FUNNEL,
}.items():
    for key in ("cap", "lower"):
        METRICS[f"{key}_of_{kind}"] = (
            metric | {key: {"absolute": 3}},
            f"a {kind} has no `{key}`, only mean",
        )
for kind, metric in {"quantile": QUANTILE, "funnel": FUNNEL}.items():
    METRICS[f"by_of_{kind}"] = (metric | {"by": "product"}, f"a {kind} has no `by`, only mean")
# What a fact without times cannot have.
TIMELESS: dict[str, tuple[Any, ...]] = {
    "timeless_from": (RETENTION, "`from` needs a time column", "`to` needs a time column"),
    "timeless_steps": (FUNNEL, "`steps` needs a time column"),
    "timeless_mature": (MEAN | {"mature": False}, "`mature` needs a time column"),
    "timeless_latest": (MEAN | {"aggregate": "latest"}, "`aggregate: latest` needs a time column"),
    "timeless_endless": (MEAN | {"window": "none"}, "`window` needs a time column"),
}
DATED: dict[str, tuple[Any, ...]] = {
    "dated_from": (RETENTION | {"from": "36 hours"}, "`from: 36 hours` must be whole days"),
    "dated_to": (RETENTION | {"to": "180 hours"}, "`to: 180 hours` must be whole days"),
    "dated_delay": (FUNNEL | {"delay": "1 hour"}, "`delay: 1 hour` must be whole days"),
}
RIGHT: dict[str, Any] = {
    "right_mean": MEAN | {"cap": {"percentile": 0.999, "lower": 0.001}, "by": "product"},
    "right_latest": MEAN | {"aggregate": "latest", "missing": "zero", "mature": False},
    "right_mixed_caps": MEAN | {"cap": {"percentile": 0.99}, "lower": {"absolute": 0}},
    "right_uncapped": MEAN | {"cap": "none", "window": "none"},
    "right_threshold": {"type": "proportion", "value": "amount", "threshold": 2.5, "by": "product"},
    "right_count": {"type": "proportion", "threshold": 3, "aggregate": "count"},
    "right_ratio": RATIO | {"numerator": {"value": "amount", "cap": {"absolute": 3}}},
    "right_retention": RETENTION | {"where": "amount > 0", "by": "product", "covariate": "none"},
    "right_quantile": QUANTILE | {"aggregate": "max", "missing": "zero", "window": "none"},
    "right_events": QUANTILE | {"of": "events"},
    "right_funnel": FUNNEL | {"steps": ["a", {"model": "fct_orders", "where": "a"}, "a"]},
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Check:
    """One project with every mistake of the tables above, checked once."""
    facts = {
        "fct_orders": ORDERS,
        "fct_wrong": FACT | {"metrics": {name: case[0] for name, case in METRICS.items()}},
        "fct_timeless": {"unit": "user_id", "timestamp": "none"}
        | {"metrics": {name: case[0] for name, case in TIMELESS.items()}},
        "fct_days": FACT
        | {"timestamp_is_date": True}
        | {"metrics": {name: case[0] for name, case in DATED.items()}},
        "fct_right": FACT | {"metrics": RIGHT},
    }
    project = Project(
        tmp_path_factory.mktemp("metrics"),
        {"assignment_models": ["fct_assignments"], "fact_models": list(facts)},
    )
    for name, meta in (facts | {"fct_assignments": ASSIGNMENTS}).items():
        project.model(name, "select 1 as user_id")
        write_meta(project, name, meta)
    return check(project)


@pytest.mark.parametrize("name", METRICS | TIMELESS | DATED)
def test_a_mistake_in_a_metric_is_named(report: Check, name: str):
    cases = METRICS | TIMELESS | DATED
    expect(report.about(f"metric {name} of "), "models/fct_", cases[name][1:])


@pytest.mark.parametrize("name", METRICS | TIMELESS | DATED)
def test_a_mistake_is_named_once(report: Check, name: str):
    lines = report.about(f"metric {name} of ")
    assert len(set(lines)) == len(lines)
    assert len(lines) <= len((METRICS | TIMELESS | DATED)[name]) - 1


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_has_no_problem(report: Check, name: str):
    assert report.about(f"metric {name} of ") == []
    assert any(line["metric"] == name for line in report.listing["metrics"])
