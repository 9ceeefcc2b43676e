"""A shop with a semantic layer: metrics that can be imported, their twins by hand, and others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from project import Project

if TYPE_CHECKING:
    from pathlib import Path

ASSIGNMENTS = {
    "assignments": {
        "experiment": "experiment_id",
        "variant": "variant",
        "unit": "user_id",
        "timestamp": "assigned_at",
    }
}
EXPERIMENT = {
    "start": "2026-09-01",
    "end": "2026-09-29",
    "control": "control",
    "variants": {"control": 0.5, "one_page": 0.5},
    "success": ["ordered"],
}
ASSIGNED = """
select u as user_id, 'checkout' as experiment_id,
    timestamp '2026-09-01' + to_hours(u) as assigned_at,
    case when u % 2 = 0 then 'control' else 'one_page' end as variant
from range(80) as units(u)
"""
# Rows before and after the exposure and the window, NULL amounts and states, a boolean; 20 users
# have no row.
ORDERS = """
select n as order_id, n % 60 as user_id,
    timestamp '2026-08-25' + to_hours((n * 37) % 700) as ordered_at,
    timestamp '2026-08-25' + to_hours((n * 41) % 700) as shipped_at,
    case when n % 9 = 0 then null else (n * 7919) % 101 / 10.0 end as amount,
    case n % 5 when 0 then 'refunded' when 1 then null else 'paid' end as status,
    n % 4 = 0 as is_big,
    case when n % 7 = 0 then null else n % 6 end as product
from range(600) as orders(n)
"""
SPINE = """
select unnest(generate_series(date '2026-08-01', date '2026-10-31', interval 1 day))::date as day
"""
MEASURES: list[dict[str, Any]] = [
    {"name": "revenue", "agg": "sum", "expr": "amount"},
    {"name": "amount", "agg": "sum"},
    {"name": "orders", "agg": "count", "expr": "1"},
    {"name": "one_each", "agg": "sum", "expr": "1"},
    {"name": "products_known", "agg": "count", "expr": "product"},
    {"name": "products", "agg": "count_distinct", "expr": "product"},
    {"name": "buyers", "agg": "count_distinct", "expr": "user_id"},
    {"name": "big_orders", "agg": "sum_boolean", "expr": "is_big or amount > 9"},
    {"name": "mean_amount", "agg": "average", "expr": "amount"},
    {"name": "largest", "agg": "max", "expr": "amount"},
    {"name": "smallest", "agg": "min", "expr": "amount"},
    {"name": "middle", "agg": "median", "expr": "amount"},
    {"name": "tail", "agg": "percentile", "expr": "amount", "agg_params": {"percentile": 0.9}},
    {"name": "shipped", "agg": "sum", "expr": "amount", "agg_time_dimension": "shipped_at"},
    {
        "name": "balance",
        "agg": "sum",
        "expr": "amount",
        "non_additive_dimension": {"name": "ordered_at", "window_choice": "max"},
    },
]
PAID = "{{ Dimension('order_id__state') }} = 'paid'"
BIG = "{{ Dimension('order_id__is_big') }}"


def simple(measure: str | dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "simple", "type_params": {"measure": measure}} | more


def ratio(numerator: Any, denominator: Any, **more: Any) -> dict[str, Any]:
    inputs = {"numerator": numerator, "denominator": denominator}
    return {"type": "ratio", "type_params": inputs} | more


def set_here(**keys: Any) -> dict[str, Any]:
    return {"config": {"meta": {"experimentos": keys}}}


PAID_ROWS = "status = 'paid'"
# name: (metric of the semantic layer, the same under config.meta)
IMPORTED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "revenue_sum": (simple("revenue"), {"type": "mean", "value": "amount"}),
    "value_is_name": (simple("amount"), {"type": "mean", "value": "amount"}),
    "orders_count": (simple("orders"), {"type": "mean", "aggregate": "count"}),
    "sum_of_ones": (simple("one_each"), {"type": "mean", "aggregate": "count"}),
    "count_of_known": (
        simple("products_known"),
        {"type": "mean", "aggregate": "count", "where": "product is not null"},
    ),
    "distinct": (
        simple("products"),
        {"type": "mean", "value": "product", "aggregate": "count_distinct"},
    ),
    "distinct_units": (simple("buyers"), {"type": "proportion"}),
    "boolean": (
        simple("big_orders"),
        {"type": "mean", "aggregate": "count", "where": "is_big or amount > 9"},
    ),
    "average": (
        simple("mean_amount"),
        {
            "type": "ratio",
            "numerator": {"value": "amount"},
            "denominator": {"aggregate": "count", "where": "amount is not null"},
        },
    ),
    "of_filters": (
        simple({"name": "revenue", "filter": PAID}, filter=[BIG, "{{ Entity('user') }} > 3"]),
        {"type": "mean", "value": "amount", "where": f"{PAID_ROWS} and is_big and user_id > 3"},
    ),
    "or_in_brackets": (
        simple({"name": "revenue", "filter": f"{PAID} or {BIG}"}, filter="{{Entity('user')}} > 3"),
        {"type": "mean", "value": "amount", "where": f"({PAID_ROWS} or is_big) and user_id > 3"},
    ),
    "of_expression": (
        simple("orders", filter="{{ Dimension('order_id__size') }} = 'big'"),
        {"type": "mean", "aggregate": "count", "where": "is_big or amount > 9"},
    ),
    "filled": (
        simple({"name": "revenue", "fill_nulls_with": 0, "join_to_timespine": True}),
        {"type": "mean", "value": "amount"},
    ),
    "order_value": (
        ratio("revenue_sum", "orders_count"),
        {
            "type": "ratio",
            "numerator": {"value": "amount"},
            "denominator": {"aggregate": "count"},
        },
    ),
    "per_buyer": (
        ratio("orders_count", "distinct_units"),
        {
            "type": "ratio",
            "numerator": {"aggregate": "count"},
            "denominator": {"aggregate": "count_distinct", "value": "user_id"},
        },
    ),
    "filtered_ratio": (
        ratio(
            {"name": "of_filters", "filter": "{{ Entity('user') }} < 70"},
            "average_part",
            filter=BIG,
        ),
        {
            "type": "ratio",
            "numerator": {
                "value": "amount",
                "where": f"{PAID_ROWS} and is_big and user_id > 3 and user_id < 70",
            },
            "denominator": {"aggregate": "count", "where": f"is_big and {PAID_ROWS}"},
        },
    ),
    "average_part": (
        simple("orders", filter=PAID),
        {"type": "mean", "aggregate": "count", "where": PAID_ROWS},
    ),
    "with_keys": (
        simple(
            "revenue", **set_here(window="3 days", delay="1 day", covariate="none", goal="decrease")
        ),
        {
            "type": "mean",
            "value": "amount",
            "window": "3 days",
            "delay": "1 day",
            "covariate": "none",
            "goal": "decrease",
        },
    ),
}
IMPORTED |= {
    "capped": (
        simple("revenue", **set_here(cap={"absolute": 8})),
        {"type": "mean", "value": "amount", "cap": {"absolute": 8}},
    ),
    "capped_part": (
        ratio("revenue_sum", "orders_count", **set_here(numerator={"cap": {"percentile": 0.9}})),
        {
            "type": "ratio",
            "numerator": {"value": "amount", "cap": {"percentile": 0.9}},
            "denominator": {"aggregate": "count"},
        },
    ),
}
CUMULATIVE = {"measure": "revenue", "cumulative_type_params": {"window": "7 days"}}
CONVERSION = {
    "conversion_type_params": {
        "entity": "user",
        "calculation": "conversion_rate",
        "base_measure": {"name": "orders"},
        "conversion_measure": {"name": "orders"},
        "window": "7 days",
    }
}
# name: (metric of the semantic layer, why an experiment cannot use it)
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "derived": (
        {
            "type": "derived",
            "type_params": {"expr": "revenue_sum / 2", "metrics": [{"name": "revenue_sum"}]},
        },
        "type derived is an expression over totals",
    ),
    "cumulative": ({"type": "cumulative", "type_params": CUMULATIVE}, "type cumulative runs over"),
    "conversion": (
        {"type": "conversion", "type_params": CONVERSION},
        "type conversion cannot be computed per unit",
    ),
    "maximum": (simple("largest"), "measure 'largest' is a max of rows"),
    "minimum": (simple("smallest"), "`type: mean` with `aggregate: min`"),
    "median": (simple("middle"), "measure 'middle' is a median of rows"),
    "percentile": (simple("tail"), "write it beside its model as `type: quantile`"),
    "non_additive": (simple("balance"), "measure 'balance' has a non_additive_dimension"),
    "other_time": (
        simple("shipped"),
        "dated by shipped_at (agg_time_dimension), but model fct_orders (models/fct_orders.yml) by",
    ),
    "filled_with_five": (
        simple({"name": "revenue", "fill_nulls_with": 5}),
        "`fill_nulls_with` other than 0",
    ),
    "of_users": (
        simple("orders", filter="{{ Dimension('user__country') }} = 'DE'"),
        "Dimension('user__country'), which is not in semantic model 'orders' itself",
    ),
    "of_grain": (
        simple(
            "orders", filter="{{ TimeDimension('order_id__ordered_at', 'day') }} > '2026-09-01'"
        ),
        "its filter uses TimeDimension('order_id__ordered_at', 'day'), which is not a plain",
    ),
    "of_grain_method": (
        simple(
            "orders", filter="{{ Dimension('order_id__ordered_at').grain('day') }} > '2026-09-01'"
        ),
        "Dimension('order_id__ordered_at').grain('day'), which is not a plain",
    ),
    "of_time": (
        simple("orders", filter="{{ Dimension('order_id__ordered_at') }} > '2026-09-01'"),
        "its filter uses Dimension('order_id__ordered_at'), which is a time",
    ),
    "of_metric": (
        simple("orders", filter="{{ Metric('orders_count', group_by=['user']) }} > 2"),
        "its filter uses Metric('orders_count', group_by=['user']), which is not a plain",
    ),
    "of_far_entity": (
        simple("orders", filter="{{ Entity('user__account') }} > 2"),
        "its filter uses Entity('user__account')",
    ),
    "with_comment": (simple("orders", filter=f"{PAID} -- not all"), "more than names and SQL"),
    "unlisted": (
        simple("visits"),
        "its semantic model 'visits' is over fct_visits, which is not a fact model",
    ),
    "of_two_models": (ratio("revenue_sum", "clicks_count"), "semantic models, orders and clicks"),
    "ratio_of_average": (
        ratio("average", "orders_count"),
        "its numerator 'average' is an average, not a sum or a count",
    ),
    "ratio_of_derived": (
        ratio("revenue_sum", "derived"),
        "its denominator 'derived' is not a simple metric",
    ),
    "ratio_of_median": (
        ratio("median", "orders_count"),
        "its numerator 'median': measure 'middle'",
    ),
    "offset_ratio": (
        ratio(
            {"name": "revenue_sum", "offset_window": "7 days", "alias": "before"}, "orders_count"
        ),
        "its numerator 'revenue_sum' is offset in time",
    ),
}
EXTRA = {"clicks_count": simple("clicks")}


def semantic_model(name: str, model: str, measures: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": name,
        "model": f"ref('{model}')",
        "defaults": {"agg_time_dimension": "ordered_at"},
        "entities": [
            {"name": f"{name[:-1]}_id", "type": "primary", "expr": "order_id"},
            {"name": "user", "type": "foreign", "expr": "user_id"},
        ],
        "dimensions": [
            {"name": at, "type": "time", "type_params": {"time_granularity": "day"}}
            for at in ("ordered_at", "shipped_at")
        ]
        + [
            {"name": "state", "type": "categorical", "expr": "status"},
            {"name": "is_big", "type": "categorical"},
            {
                "name": "size",
                "type": "categorical",
                "expr": "case when is_big or amount > 9 then 'big' end",
            },
        ],
        "measures": measures,
    }


def users() -> dict[str, Any]:
    """What a user is: a semantic model that others have to be joined to."""
    country = {"name": "country", "type": "categorical", "expr": "variant"}
    accounts = [
        {"name": "user", "type": "primary", "expr": "user_id"},
        {"name": "account", "type": "foreign", "expr": "user_id"},
    ]
    return {
        "name": "users",
        "model": "ref('fct_assigned')",
        "entities": accounts,
        "dimensions": [country],
    }


def add_spine(project: Project) -> None:
    """Add the model of days that dbt asks of every project with a semantic layer."""
    project.model("time_spine", SPINE)
    day = {"name": "day", "granularity": "day"}
    spine = {
        "name": "time_spine",
        "time_spine": {"standard_granularity_column": "day"},
        "columns": [day],
    }
    project.yaml("models/time_spine.yml", yaml.safe_dump({"models": [spine]}))


def add_layer(project: Project, metrics: dict[str, dict[str, Any]]) -> None:
    """Add semantic models, and metrics over them."""
    add_spine(project)
    models = [
        semantic_model("orders", "fct_orders", MEASURES),
        semantic_model("visits", "fct_visits", [{"name": "visits", "agg": "count", "expr": "1"}]),
        semantic_model("clicks", "fct_clicks", [{"name": "clicks", "agg": "count", "expr": "1"}]),
        users(),
    ]
    named = [{"name": name, "label": name} | metric for name, metric in metrics.items()]
    properties = {"semantic_models": models, "metrics": named}
    project.yaml("models/semantic.yml", yaml.safe_dump(properties, sort_keys=False))


def shop(folder: Path, by_hand: dict[str, Any]) -> Project:
    facts = ["fct_orders", "fct_clicks"]
    project = Project(folder, {"assignment_models": ["fct_assigned"], "fact_models": facts})
    project.model("fct_assigned", ASSIGNED, ASSIGNMENTS)
    fact = {"unit": "user_id", "timestamp": "ordered_at", "complete_until": "2026-10-20"}
    project.model(
        "fct_orders", ORDERS, fact | {"metrics": {"ordered": {"type": "proportion"}} | by_hand}
    )
    project.model("fct_clicks", "select * from {{ ref('fct_orders') }}", fact)
    project.model("fct_visits", "select * from {{ ref('fct_orders') }}")
    return project
