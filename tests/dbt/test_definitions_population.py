"""Each mistake in segments, activation, ramps, caps and maturity of an experiment is named."""

from typing import Any

import pytest
from checking import Check, check
from project import Project
from test_definitions import ASSIGNMENTS, EXPERIMENT, FACT, expect, write_meta

SEGMENTS = {"country": "upper(country)", "platform": "platform"}
ORDERS = FACT | {
    "metrics": {
        "ordered": {"type": "proportion"},
        "revenue": {"type": "mean", "value": "amount", "lower": {"percentile": 0.2}},
        "by_product": {"type": "mean", "value": "amount", "by": "product"},
        "order_value": {
            "type": "ratio",
            "numerator": {"value": "amount"},
            "denominator": {"aggregate": "count"},
        },
        "returned": {"type": "retention", "from": "1 day", "to": "2 days"},
        "open_end": {"type": "mean", "value": "amount", "window": "none"},
        "at_once": {"type": "proportion", "mature": False},
    }
}
FIRST = {"from": "2026-09-01", "split": {"control": 0.9, "one_page": 0.1}}
SECOND = {"from": "2026-09-08", "split": {"control": 0.5, "one_page": 0.5}}
# The id of a table that is named by a literal is used above, at other dates.
LAST_YEAR = {"start": "2025-09-01", "end": "2025-09-29"}
IN_CART = {"model": "fct_orders", "where": "page = 'cart'"}
MAP = "must be a map like {from: 2026-09-08, split: {control: 0.5, treatment: 0.5}}"


def entry(name: str, **given: Any) -> dict[str, Any]:
    return {"success": {name: given}}


EXPERIMENTS: dict[str, tuple[Any, ...]] = {
    "unknown_segment": (
        {"segments": ["county"]},
        "`segments`: no assignment model of the experiment has 'county'",
        "allowed: country, platform",
        "did you mean 'country'?",
    ),
    "segment_all": (
        {"segments": ["all"]},
        "`segments`: the name 'all' is taken: rows of all units are called 'all'",
    ),
    "segment_phase": ({"segments": "Phase"}, "`segments`: the name 'Phase' is taken"),
    "segment_twice": ({"segments": ["country"] * 2}, "segment 'country' is named twice"),
    "segments_map": ({"segments": {"country": 1}}, "`segments` must list segments of the assign"),
    "segments_null": ({"segments": None}, "`segments` must list segments", "got 'None'"),
    "segment_of_another_table": (
        {"id": "gate", "segments": ["device"]},
        "`segments`: no assignment model of the experiment has 'device'",
        "allowed: country, platform, region, product",
    ),
    "segment_is_a_slice": (
        {"id": "gate", "segments": ["product"], "success": ["by_product"]},
        "segment 'product' is also what metric 'by_product' is sliced `by`",
    ),
    "daily_text": (
        {"segments": ["country"], "segments_daily": "yes"},
        "`segments_daily` must be true or false, got 'yes'",
    ),
    "daily_of_none": ({"segments_daily": True}, "`segments_daily` needs `segments`"),
    "daily_without_times": (
        {"segments": ["country"], "segments_daily": True, "explore": ["visits"]},
        (
            "`segments_daily` needs facts with times, but metric 'visits' has none "
            "(`timestamp: none` of model fct_profiles)"
        ),
    ),
    "daily_without_assigned_times": (
        {"id": "timeless", "segments": ["device"], "segments_daily": True},
        (
            "`segments_daily` needs assignments with times, which say when a unit came, but those "
            "of model by_timeless have none (`timestamp: none`)"
        ),
    ),
    "activation_text": (
        {"activation": "fct_orders"},
        "`activation`: must be a map like {model: fct_visits, where:",
        "got 'fct_orders'",
    ),
    "activation_model": (
        {"activation": IN_CART | {"model": "fct_order"}},
        "model 'fct_order' is not a listed fact model",
        "did you mean 'fct_orders'?",
    ),
    "activation_timeless": (
        {"activation": {"model": "fct_profiles"}},
        "`activation`: `model: fct_profiles` needs a time column, but the model says `timestamp: ",
    ),
    "activation_kind": (
        {"activation": {"model": "fct_devices"}},
        (
            "`activation`: needs units of kind 'unit', but model fct_devices "
            "(models/fct_devices.yml) "
            "has only device"
        ),
    ),
    "activation_key": (
        {"activation": IN_CART | {"whithin": "1 day"}},
        "`activation`: unknown key `whithin`",
        "allowed: model, where, within",
        "did you mean 'within'?",
    ),
    "activation_within": (
        {"activation": IN_CART | {"within": "0 days"}},
        "`within` must be an integer and minutes, hours, days or weeks, like '7 days', got '0 days",
    ),
    "activation_hours": (
        {"activation": {"model": "fct_days", "within": "36 hours"}},
        "`within: 36 hours` must be whole days, because the fact's time is a date",
    ),
    "activation_where": (
        {"activation": IN_CART | {"where": 3}},
        "`activation`: `where` must be a column or SQL expression, got '3'",
    ),
    "activation_without_start": (
        {"id": "timeless", "start": None, "success": ["visits"], "activation": IN_CART},
        "`start` is missing: assignments without a time are exposed at `start`",
    ),
    "ramp_not_at_start": (
        {"variants": [FIRST | {"from": "2026-09-02"}, SECOND]},
        (
            "the first phase of `variants` (2026-09-02 00:00:00) must begin at `start` "
            "(2026-09-01 00:00:00)"
        ),
    ),
    "ramp_order": (
        {"variants": [FIRST, SECOND, SECOND | {"from": "2026-09-08T00:00Z"}]},
        "phases of `variants` must be in order: 2026-09-08 00:00:00 comes after 2026-09-08",
    ),
    "ramp_after_end": (
        {"variants": [FIRST, SECOND | {"from": "2026-09-29"}]},
        "the last phase of `variants` (2026-09-29 00:00:00) must begin before `end`",
    ),
    "ramp_split": (
        {"variants": [FIRST, SECOND | {"split": {"control": 0.5, "one_page": 0.4}}]},
        "phase 2 of `variants`: the planned shares of `split` add up to 0.9, not to 1",
    ),
    "ramp_share": (
        {"variants": [FIRST | {"split": {"control": "90%", "one_page": 0.1}}, SECOND]},
        "phase 1 of `variants`: the planned share of variant 'control' must be a number",
    ),
    "ramp_from": (
        {"variants": [FIRST, SECOND | {"from": "week 2"}]},
        "phase 2 of `variants`: `from` must be a date or a timestamp, got 'week 2'",
    ),
    "ramp_key": (
        {"variants": [FIRST, SECOND | {"until": "2026-09-20"}]},
        "phase 2 of `variants`: unknown key `until`",
        "allowed: from, split",
    ),
    "ramp_entry": ({"variants": [FIRST, {"from": "2026-09-08"}]}, f"phase 2 of `variants`: {MAP}"),
    "ramp_of_texts": ({"variants": ["control", "one_page"]}, f"phase 1 of `variants`: {MAP}"),
    "ramp_label": (
        {"variants": [FIRST, SECOND | {"split": {"control": 0.5, "onepage": 0.5}}]},
        "no phase of `variants` has all variants: 'onepage' is not in the fullest",
        "write onepage: 0 where it is not assigned",
        "did you mean 'one_page'?",
    ),
    "ramp_alone": (
        {"variants": [FIRST | {"split": {"control": 1}}, SECOND | {"split": {"control": 1}}]},
        "`variants` needs at least two",
    ),
    "ramp_apart": (
        {
            "variants": [
                FIRST | {"split": {"control": 1, "one_page": 0}},
                SECOND | {"split": {"one_page": 1}},
            ]
        },
        "no phase of `variants` assigns both 'one_page' and the control",
    ),
    "ramp_without_times": (
        {"id": "timeless", "success": ["visits"], "variants": [FIRST, SECOND]},
        "`variants` as a ramp needs assignments with a time, which say the phase of a unit",
    ),
    "entry_cap_of_proportion": (
        entry("ordered", cap={"absolute": 3}),
        "metric ordered: a proportion has no `cap`, only mean, ratio",
    ),
    "entry_cap_of_ratio": (
        entry("order_value", cap={"absolute": 3}),
        "metric order_value: `cap` of a ratio stands beside its model, on a part: here only",
    ),
    "entry_cap_percent": (
        entry("revenue", cap={"percentile": 99}),
        "metric revenue: `percentile` must be a number between 0 and 1, got '99': write 0.99",
    ),
    "entry_cap_below": (
        entry("revenue", cap={"percentile": 0.1}),
        "metric revenue: `lower` (0.2) must be below `cap` (0.1)",
    ),
    "entry_lower_above": (
        entry("revenue", lower={"absolute": 5}, cap={"absolute": 4}),
        "metric revenue: `lower` (5) must be below `cap` (4)",
    ),
    "entry_window_of_retention": (
        entry("returned", window="7 days"),
        "metric returned: a retention has no `window`: its `from` and `to` stand beside the model",
    ),
    "entry_window_timeless": (
        entry("visits", window="none"),
        "metric visits: `window` needs a time column",
    ),
    "entry_delay": (
        entry("ordered", delay="1 day"),
        "metric ordered: unknown key `delay`",
        "allowed: margin, mde, window, goal, cap, lower",
    ),
    **{
        f"endless_{design}": (
            {
                "monitoring": design,
                "success": {"ordered": {"window": "none"}},
                "guardrails": ["open_end", "at_once"],
                "explore": {"revenue": {"window": "none"}},
            },
            (
                f"metric 'ordered' decides, and `design: {design}` needs units that enter once: "
                "`window: none` is for explore, or for `design: fixed`"
            ),
            "metric 'open_end' decides",
            "`mature: false` is for explore",
        )
        for design in ("group_sequential", "always_valid")
    },
}
RIGHT: dict[str, Any] = {
    "right_segments": {"segments": ["country", "platform"], "segments_daily": True},
    "right_segment": {"segments": "country", "segments_daily": False, "explore": ["visits"]},
    "right_segments_of_both": LAST_YEAR
    | {"id": "gate", "segments": ["country", "region"], "segments_daily": True},
    "right_timeless": {"id": "letter", "segments": ["country"]},
    "right_activation": {"activation": IN_CART | {"within": "36 hours"}},
    "right_first_row": {"activation": {"model": "fct_days", "within": "2 days"}},
    "right_ramp": {"variants": [FIRST, SECOND]},
    "right_phase": {"variants": [FIRST]},
    "right_third": {
        "variants": [FIRST, SECOND | {"split": {"control": 0.4, "one_page": 0.3, "two_pages": 0.3}}]
    },
    "right_endless": {"success": ["open_end"], "guardrails": {"revenue": {"window": "none"}}},
    "right_caps": {
        "success": {"revenue": {"cap": {"percentile": 0.99}}, "order_value": {"cap": "none"}},
        "explore": {"by_product": {"lower": {"absolute": 0}, "cap": {"percentile": 0.5}}},
    },
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Check:
    assigned = ASSIGNMENTS["assignments"]
    gate = assigned | {"experiment": {"literal": "gate"}, "segments": ["region", "product"]}
    timeless = assigned | {"experiment": {"literal": "timeless"}, "timestamp": "none"}
    timeless |= {"segments": ["device"]}
    models: dict[str, Any] = {
        "fct_assignments": {"assignments": assigned | {"segments": SEGMENTS}},
        "by_gate": {"assignments": gate},
        "by_timeless": {"assignments": timeless},
        "by_letter": {"assignments": timeless | {"experiment": {"literal": "letter"}}},
        "fct_orders": ORDERS,
        "fct_days": FACT | {"timestamp_is_date": True},
        "fct_devices": FACT | {"unit": {"device": "device_id"}},
        "fct_profiles": {
            "unit": "user_id",
            "timestamp": "none",
            "metrics": {"visits": {"type": "mean", "value": "visits"}},
        },
    }
    tables = [name for name, meta in models.items() if "assignments" in meta]
    settings = {
        "assignment_models": tables,
        "fact_models": [name for name in models if name not in tables],
    }
    project = Project(tmp_path_factory.mktemp("population"), settings)
    for name, meta in models.items():
        project.model(name, "select 1 as user_id")
        write_meta(project, name, meta)
    for name, given in ({key: case[0] for key, case in EXPERIMENTS.items()} | RIGHT).items():
        project.experiment(name, EXPERIMENT | given)
    return check(project)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_mistake_in_an_experiment_is_named(report: Check, name: str):
    lines = [line for line in report.about(f"exposure {name} (") if "is also used by" not in line]
    expect(lines, f"experiments/{name}.yml", EXPERIMENTS[name][1:])
    assert len(set(lines)) == len(lines)


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_has_no_problem(report: Check, name: str):
    assert report.about(f"exposure {name} (") == []


def test_explore_metrics_may_stay_open_under_every_design(report: Check):
    assert not any("'revenue' decides" in line for line in report.listing["problems"])


def test_the_check_lists_segments_activation_and_ramps(report: Check):
    lines = {line["experiment_id"]: line for line in report.listing["experiments"]}
    assert lines["right_segments"]["segments"] == ["country", "platform"]
    assert (
        lines["right_activation"]["activation"] == "fct_orders where page = 'cart' within 36 hours"
    )
    assert lines["right_ramp"]["ramp"] == (
        "2026-09-01: control 0.9, one_page 0.1; 2026-09-08: control 0.5, one_page 0.5"
    )
    assert lines["right_phase"]["ramp"] is None
