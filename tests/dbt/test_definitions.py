"""Each mistake in a definition is named: where, which key, what was allowed, what came."""

from typing import Any

import pytest
from checking import Check, check
from project import Project

ASSIGNMENTS = {
    "assignments": {
        "experiment": "experiment_id",
        "variant": "variant",
        "unit": "user_id",
        "timestamp": "assigned_at",
    }
}
FACT = {"unit": "user_id", "timestamp": "at"}
ORDERS = FACT | {
    "metrics": {
        "ordered": {"type": "proportion"},
        "revenue": {"type": "mean", "value": "amount"},
        "refunds": {"type": "mean", "aggregate": "count", "goal": "decrease"},
    }
}
EXPERIMENT = {
    "start": "2026-09-01",
    "end": "2026-09-29",
    "control": "control",
    "variants": {"control": 0.5, "one_page": 0.5},
    "success": ["ordered"],
}

# name: (what stands in the experiment's file, what the report says about it)
EXPERIMENTS: dict[str, tuple[Any, ...]] = {
    "unknown_metric": (
        {"success": ["orderd"]},
        "`success`: metric 'orderd' is not defined",
        "allowed: ordered, revenue, refunds",
        "did you mean 'ordered'?",
    ),
    "unknown_control": (
        {"control": "contrl"},
        "`control` 'contrl' is not one of its variants",
        "allowed: control, one_page",
        "did you mean 'control'?",
    ),
    "control_missing": ({"control": None}, "`control` is missing", "allowed: control, one_page"),
    "split_not_one": (
        {"variants": {"control": 0.5, "one_page": 0.4}},
        "the planned shares of `variants` add up to 0.9, not to 1",
    ),
    "share_as_text": (
        {"variants": {"control": "50%", "one_page": 0.5}},
        "the planned share of variant 'control' must be a number between 0 and 1, got '50%'",
    ),
    "share_negative": (
        {"variants": {"control": 1.5, "one_page": -0.5}},
        "'one_page'",
        "got '-0.5'",
    ),
    "one_variant": ({"variants": {"control": 1}}, "`variants` needs at least two"),
    "same_label_twice": (
        {"control": "1", "variants": {1: 0.5, "1": 0.5}},
        "variant '1' is given twice",
    ),
    "variants_as_list": ({"variants": []}, "`variants` must map each label to its planned share"),
    "unknown_key": (
        {"guardrail": ["refunds"]},
        "unknown key `guardrail`",
        "allowed: id, start, end",
        "did you mean 'guardrails'?",
    ),
    "end_before_start": (
        {"start": "2026-09-29", "end": "2026-09-01"},
        "`end` (2026-09-01) must be after `start` (2026-09-29); it is exclusive",
    ),
    "end_is_start": ({"end": "2026-09-01"}, "must be after `start`"),
    "start_missing": ({"start": None}, "`start` is missing"),
    "start_of_no_calendar": (
        {"start": "2026-02-30"},
        "`start` must be a date or a timestamp, got '2026-02-30'",
    ),
    "guardrail_also_success": (
        {"guardrails": ["ordered"]},
        "`guardrails`: metric 'ordered' already stands under `success`",
    ),
    "named_twice": ({"success": ["ordered", "ordered"]}, "metric 'ordered' is named twice"),
    "no_success": ({"success": []}, "`success` needs at least one metric", "allowed: ordered"),
    "margin_as_number": (
        {"guardrails": {"refunds": {"margin": 2}}},
        "`guardrails`, metric refunds: `margin` must be a percentage of the control mean",
        "{absolute: 0.5}",
        "got '2'",
    ),
    "margin_of_success": (
        {"success": {"ordered": {"margin": "2%"}}},
        "`margin` belongs to guardrails only",
    ),
    "mde_as_number": ({"mde": 2}, "`mde` must be a percentage", "got '2'"),
    "mde_over_all": ({"mde": "200%"}, "`mde` must be a percentage", "got '200%'"),
    "mde_infinite": ({"mde": {"absolute": float("inf")}}, "`mde` must be", "inf"),
    "alpha_as_percent": ({"alpha": 5}, "`alpha` must be a number between 0 and 0.5, got '5'"),
    "power_too_low": ({"power": 0.2}, "`power` must be a number between 0.5 and 1, got '0.2'"),
    "unknown_correction": (
        {"correction": "bonferonni"},
        "`correction` is 'bonferonni'",
        "allowed: holm, bonferroni",
        "did you mean 'bonferroni'?",
    ),
    "unknown_status": ({"status": "runing"}, "`status` is 'runing'", "did you mean 'running'?"),
    "unknown_design": (
        {"monitoring": {"design": "fixd"}},
        "`monitoring`: `design` is 'fixd'",
        "did you mean 'fixed'?",
    ),
    "unknown_monitoring_key": (
        {"monitoring": {"design": "fixed", "planed_n": 10}},
        "`monitoring`: unknown key `planed_n`",
        "did you mean 'planned_n'?",
    ),
    "planned_n_infinite": (
        {"monitoring": {"planned_n": float("inf")}},
        "`planned_n` must be a whole number of units in all, got 'inf'",
    ),
    "unknown_entry_key": (
        {"guardrails": {"refunds": {"magin": "2%"}}},
        "metric refunds: unknown key `magin`",
        "allowed: margin, mde, window, goal, cap, lower",
        "did you mean 'margin'?",
    ),
    "entry_goal": (
        {"guardrails": {"refunds": {"goal": "down"}}},
        "`goal` is 'down'",
        "allowed: increase, decrease",
    ),
    "entry_window": (
        {"success": {"ordered": {"window": "7"}}},
        "`window` must be an integer and minutes, hours, days or weeks, like '7 days', got '7'",
    ),
    "entry_not_a_map": (
        {"guardrails": {"refunds": "2%"}},
        "metric refunds: must be a map like {margin:",
        "got '2%'",
    ),
    "roles_not_a_list": ({"explore": 3}, "`explore`: must be a list or a map of metrics, got '3'"),
    "maps_in_a_list": ({"success": [{"ordered": {}}]}, "a list holds metric names only"),
    "label_on": (
        {"control": False, "variants": {True: 0.5, False: 0.5}},
        "a label of `variants` was read by YAML as 'True', not as text: quote it",
        "`control` was read by YAML as 'False', not as text: quote it",
    ),
    "label_with_point": (
        {"control": "a", "variants": {"a": 0.5, 1.5: 0.5}},
        "a label of `variants` was read by YAML as '1.5', not as text: quote it",
    ),
    "label_empty": (
        {"variants": {"": 0.5, "control": 0.5}},
        "a label of `variants` is empty: name the variant",
    ),
    "label_blank": (
        {"variants": {" ": 0.5, "control": 0.5}},
        "a label of `variants` is empty: name the variant",
    ),
    "label_null": ({"variants": {None: 0.5, "control": 0.5}}, "was read by YAML as 'None'"),
    "id_on": ({"id": True}, "`id` was read by YAML as 'True', not as text: quote it"),
    "id_empty": ({"id": []}, "`id` must name at least one value of the assignments"),
    "unknown_kind": ({"unit": "device"}, "`unit` is 'device', which no assignment model has"),
    "experiment_as_list": (["ordered"], "`experimentos` must be a map, got '['ordered']'"),
    "experiment_null": (None, "`start` is missing", "`success` needs at least one metric"),
    "summary_unlisted": (
        {"summary": "counts"},
        "`summary` model 'counts' is not listed: add it to vars.experimentos.summary_models",
    ),
    "several_at_once": (
        {"control": "c", "alpha": 7, "success": ["x"], "end": "soon", "color": "red"},
        "`control` 'c' is not one",
        "`alpha` must be",
        "metric 'x' is not defined",
        "`end` must be a date",
        "unknown key `color`",
    ),
} | {
    "override": (
        {"override": "launch"},
        (
            "`override` stands under `monitoring`: write `monitoring: "
            "{override: why the plan was changed}`"
        ),
    ),
    "thresholds": (
        {"thresholds": {"crossovers": 0.1}},
        "`thresholds` is not a key: limits of health checks stand under `health`",
    ),
    "entry_weight": (
        {"success": {"ordered": {"weight": 2}}},
        "metric ordered: `weight` is not supported: `correction` takes all success metrics alike",
        "Name fewer under `success` for more power",
    ),
}
for correction in ("benjamini_hochberg", "benjamini_yekutieli", "fdr_bh"):
    EXPERIMENTS[f"discoveries_{correction}"] = (
        {"correction": correction},
        f"`correction: {correction}` holds down the share of false discoveries",
        "may not decide",
        "allowed: holm, bonferroni, hommel, closed, dunnett",
    )
EXPERIMENTS["unknown_correction"] = (
    {"correction": "homel"},
    "`correction` is 'homel'",
    "did you mean 'hommel'?",
)
for number, value in enumerate((0, 0.5, -0.01, 1, True, "2.5%", [0.1], None)):
    EXPERIMENTS[f"alpha_harm_{number}"] = (
        {"alpha_harm": value},
        f"`alpha_harm` must be a number between 0 and 0.5, got '{value}'",
    )
for design in ("group_sequential", "always_valid"):
    EXPERIMENTS[f"dunnett_{design}"] = (
        {"correction": "dunnett", "monitoring": {"design": design}},
        f"`correction: dunnett` needs `design: fixed`, got {design}: it reads one normal statistic",
        "use holm, closed or hommel",
    )


# name: (the metric as written beside its model, what the report says about it)
METRICS: dict[str, tuple[Any, ...]] = {
    "unknown_type": ({"type": "porportion"}, "unknown type 'porportion'", "did you mean 'proport"),
    "type_missing": ({"value": "amount"}, "`type` is missing", "allowed: mean, proportion, ratio"),
    "type_as_list": ({"type": ["mean"]}, "unknown type '['mean']'"),
    "metric_as_text": ("mean", "must be a map with a `type`, got 'mean'"),
    "metric_null": (None, "must be a map with a `type`, got 'None'"),
    "metric_key": (
        {"type": "mean", "value": "amount", "windw": "7 days"},
        "unknown key `windw`",
        "did you mean 'window'?",
    ),
    "key_of_another_type": (
        {"type": "proportion", "numerator": {}},
        "a proportion has no `numerator`, only ratio",
        "allowed: type, goal, mature",
    ),
    "bad_window": (
        {"type": "proportion", "window": "7d"},
        "`window` must be an integer and minutes, hours, days or weeks, like '7 days', got '7d'",
    ),
    "bad_delay": ({"type": "proportion", "delay": 7}, "`delay` must be an integer and minutes"),
    "window_of_nothing": ({"type": "proportion", "window": "0 days"}, "got '0 days'"),
    "window_null": ({"type": "proportion", "window": None}, "`window` must be", "got 'None'"),
    "bad_covariate": (
        {"type": "mean", "value": "amount", "covariate": "before"},
        "`covariate` must be an integer and minutes, hours, days or weeks",
        "got 'before'; a column may be the covariate where the model says `timestamp: none`",
    ),
    "bad_goal": (
        {"type": "proportion", "goal": "up"},
        "`goal` is 'up'",
        "allowed: increase, decrease",
    ),
    "format_as_list": ({"type": "proportion", "format": ["x"]}, "`format` must be text"),
    "no_denominator": (
        {"type": "ratio", "numerator": {"value": "amount"}},
        "a ratio needs a `denominator`",
    ),
    "no_numerator": ({"type": "ratio", "denominator": {}}, "a ratio needs a `numerator`"),
    "part_as_text": (
        {"type": "ratio", "numerator": "amount", "denominator": {"aggregate": "count"}},
        "`numerator`: must be a map, got 'amount'",
    ),
    "part_key": (
        {"type": "ratio", "numerator": {"valu": "amount"}, "denominator": {}},
        "`numerator`: unknown key `valu`",
        "did you mean 'value'?",
    ),
    "part_model_unlisted": (
        {"type": "ratio", "numerator": {"model": "fct_order"}, "denominator": {}},
        "model 'fct_order' is not a listed fact model: add it to vars.experimentos.fact_models",
        "did you mean 'fct_orders'?",
    ),
    "part_model_as_list": (
        {"type": "ratio", "numerator": {"model": []}, "denominator": {}},
        "`numerator`: `model` must be a fact model, got '[]'",
    ),
    "unknown_aggregate": (
        {"type": "mean", "value": "amount", "aggregate": "total"},
        "unknown aggregate 'total'",
        "allowed: sum, count, count_distinct, min, max, avg, latest",
    ),
    "sum_of_nothing": ({"type": "mean"}, "`aggregate: sum` needs a `value`"),
    "value_as_map": (
        {"type": "mean", "value": {"column": "amount"}},
        "`value` must be a column or SQL expression",
    ),
    "value_on": ({"type": "mean", "value": True}, "`value` must be a column", "got 'True'"),
    "where_empty": ({"type": "proportion", "where": " "}, "`where` must be a column or SQL"),
    "ordered": ({"type": "proportion"}, "the name is taken by the metric of model fct_orders"),
}
# name: (config.meta.experimentos of a listed model, what the report says about it)
FACTS: dict[str, tuple[Any, ...]] = {
    "fct_key": (FACT | {"metrcs": {}}, "unknown key `metrcs`", "did you mean 'metrics'?"),
    "fct_nothing": ({}, "is listed in vars.experimentos.fact_models but has no `metrics`"),
    "fct_text": ("orders", "`experimentos` must be a map, got 'orders'"),
    "fct_no_time": ({"unit": "user_id", "metrics": {}}, "`timestamp` is missing"),
    "fct_no_unit": ({"timestamp": "at", "metrics": {}}, "`unit` must name the column", "'nothing'"),
    "fct_time_on": (
        {"unit": "user_id", "timestamp": True, "metrics": {}},
        "`timestamp` must be a column or SQL expression, got 'True'",
    ),
    "fct_unit_list": (
        {"unit": ["user_id"], "timestamp": "at", "metrics": {}},
        "`unit` must name the column of the unit, or map kinds of unit to columns",
    ),
    "fct_metrics_list": (
        FACT | {"metrics": ["ordered"]},
        "`metrics` must be a map of name to definition, got '['ordered']'",
    ),
    "fct_metrics_null": (FACT | {"metrics": None}, "`metrics` must be a map", "got 'None'"),
    "fct_by_date": (
        FACT | {"timestamp_is_date": "yes", "metrics": {}},
        "`timestamp_is_date` must be true or false, got 'yes'",
    ),
    "fct_complete": (
        FACT | {"complete_until": "now", "metrics": {}},
        "`complete_until` must be a date or timestamp, got 'now'",
    ),
    "fct_hours_of_dates": (
        FACT
        | {
            "timestamp_is_date": True,
            "metrics": {
                "by_hour": {"type": "proportion", "window": "36 hours"},
                "by_hour_before": {"type": "mean", "value": "x", "covariate": "90 minutes"},
            },
        },
        "`window: 36 hours` must be whole days, because the fact's time is a date",
        "`covariate: 90 minutes` must be whole days",
    ),
    "fct_units_twice": (
        FACT | {"units": {"user": "buyer_id"}, "metrics": {}},
        "`unit` ('user_id') and `units` ('{'user': 'buyer_id'}') both say what the unit is",
    ),
    "fct_keys_of_times": (
        {"unit": "user_id", "timestamp": "none", "metrics": {}}
        | {"timestamp_is_date": True, "complete_until": "2026-10-01"},
        "`timestamp_is_date` needs a time column, but the model says `timestamp: none`",
        "`complete_until` needs a time column, but the model says `timestamp: none`",
    ),
    "fct_no_times": (
        {
            "unit": "user_id",
            "timestamp": "none",
            "metrics": {
                "timeless": {"type": "proportion", "window": "7 days", "delay": "1 day"},
                "timeless_before": {"type": "mean", "value": "x", "covariate": "14 days"},
                "mixed": {
                    "type": "ratio",
                    "numerator": {"model": "fct_orders"},
                    "denominator": {"value": "x"},
                },
            },
        },
        "`window` needs a time column, but the model says `timestamp: none`",
        "`delay` needs a time column",
        "`covariate: 14 days` needs a time column",
        "its parts mix a fact that has a time column with one that has none",
    ),
}
TABLES: dict[str, tuple[Any, ...]] = {
    "asg_key": (
        {"assignments": ASSIGNMENTS["assignments"] | {"varaint": "v"}},
        "`assignments`: unknown key `varaint`",
        "did you mean 'variant'?",
    ),
    "asg_units_twice": (
        {"assignments": ASSIGNMENTS["assignments"] | {"units": {"unit": "buyer_id"}}},
        "`assignments`: `unit` ('user_id') and `units` ('{'unit': 'buyer_id'}') both say",
    ),
    "asg_list": ({"assignments": ["variant"]}, "`assignments`: must be a map"),
    "asg_null": ({"assignments": None}, "`assignments`: must be a map, got 'None'"),
    "asg_empty": (
        {"assignments": {}},
        "`experiment` is missing",
        "`variant` is missing",
        "`timestamp` is missing: name the column, or `none` for a table without one",
        "`unit` must name the column of the unit",
    ),
    "asg_literal": (
        {"assignments": ASSIGNMENTS["assignments"] | {"experiment": {"literl": "gate"}}},
        "`experiment` must name a column, or be {literal: name}",
    ),
    "asg_number": (
        {"assignments": ASSIGNMENTS["assignments"] | {"variant": ["a"]}},
        "`variant` must be a column or SQL expression",
    ),
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Check:
    """One project with every mistake of the tables above, checked once."""
    project = Project(
        tmp_path_factory.mktemp("mistakes"),
        {
            "assignment_models": ["fct_assignments", *TABLES],
            "fact_models": ["fct_orders", "fct_wrong", *FACTS],
        },
    )
    models = {"fct_assignments": ASSIGNMENTS, "fct_orders": ORDERS}
    models["fct_wrong"] = FACT | {"metrics": {name: case[0] for name, case in METRICS.items()}}
    models["fct_unlisted"] = FACT | {"metrics": {"unlisted": {"type": "proportion"}}}
    models["asg_unlisted"] = ASSIGNMENTS
    for name, meta in (models | {name: case[0] for name, case in (FACTS | TABLES).items()}).items():
        project.model(name, "select 1 as user_id", {})
        write_meta(project, name, meta)
    for name, case in EXPERIMENTS.items():
        given = EXPERIMENT | case[0] if isinstance(case[0], dict) else case[0]
        if isinstance(given, dict) and "id" not in given:
            given = given | {"unit": given.get("unit", "unit")}
        project.experiment(name, given)
    project.experiment("fine", EXPERIMENT)
    numbers = {"control": 0, "variants": {0: 0.5, 1: 0.5}, "id": 7}
    project.experiment("integers", EXPERIMENT | numbers)
    project.experiment("uses_refused", EXPERIMENT | {"success": ["ordered", "unlisted"]})
    project.experiment("first_use", EXPERIMENT | {"id": "shared"})
    project.experiment("second_use", EXPERIMENT | {"id": ["other", "shared"], "end": None})
    project.experiment(
        "later_use", EXPERIMENT | {"id": "other", "start": "2026-08-01", "end": "2026-09-01"}
    )
    return check(project)


def write_meta(project: Project, name: str, meta: Any) -> None:
    """Write a model's config.meta.experimentos, whatever its shape."""
    import yaml

    properties = {"models": [{"name": name, "config": {"meta": {"experimentos": meta}}}]}
    project.yaml(f"models/{name}.yml", yaml.safe_dump(properties, sort_keys=False))


def expect(problems: list[str], file: str, expected: tuple[str, ...]) -> None:
    assert problems, "no problem was named"
    assert all(file in line for line in problems)
    for text in expected:
        assert any(text in line for line in problems), "\n".join(problems)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_mistake_in_an_experiment_is_named(report: Check, name: str):
    expect(report.about(f"exposure {name} ("), f"experiments/{name}.yml", EXPERIMENTS[name][1:])


@pytest.mark.parametrize("name", METRICS)
def test_a_mistake_in_a_metric_is_named(report: Check, name: str):
    expect(report.about(f"metric {name} of "), "models/fct_wrong.yml", METRICS[name][1:])


@pytest.mark.parametrize("name", FACTS | TABLES)
def test_a_mistake_beside_a_model_is_named(report: Check, name: str):
    expect(report.about(f"model {name} ("), f"models/{name}.yml", (FACTS | TABLES)[name][1:])


def test_all_problems_stand_in_one_report_that_counts_them(report: Check):
    assert not report.passed
    assert f"experimentos: {len(report.listing['problems'])} problem(s)" in report.text
    assert report.problems == [line.splitlines()[0] for line in report.listing["problems"]]
    assert len(report.problems) > len(EXPERIMENTS | METRICS | FACTS | TABLES)


def test_a_model_with_metrics_that_is_not_listed_is_named(report: Check):
    expect(
        report.about("model fct_unlisted ("),
        "models/fct_unlisted.yml",
        ("has `metrics` but is not listed: add it to vars.experimentos.fact_models",),
    )
    expect(
        report.about("model asg_unlisted ("),
        "models/asg_unlisted.yml",
        ("has `assignments` but is not listed: add it to vars.experimentos.assignment_models",),
    )


def test_a_metric_with_a_problem_is_not_called_undefined_where_it_is_used(report: Check):
    assert report.about("exposure uses_refused (") == []


def test_an_id_serves_two_experiments_only_at_different_times(report: Check):
    (problem,) = report.about("exposure second_use (experiments/second_use.yml): id 'shared'")
    assert "is also used by exposure first_use (experiments/first_use.yml)" in problem
    assert "their dates overlap" in problem
    assert not report.about("exposure later_use (")
    assert not any("id 'other'" in line for line in report.listing["problems"])


def test_integer_labels_become_their_text(report: Check):
    (row,) = [row for row in report.listing["experiments"] if row["experiment_id"] == "integers"]
    assert (row["control"], row["variants"], row["problems"]) == ("0", ["0", "1"], 0)


def test_what_is_right_beside_mistakes_is_listed_and_has_no_problem(report: Check):
    (fine,) = [row for row in report.listing["experiments"] if row["experiment_id"] == "fine"]
    assert fine["problems"] == 0
    assert fine["success"] == ["ordered"]
    assert fine["variants"] == ["control", "one_page"]
    assert report.about("exposure fine (") == []
