"""Raw rows and definitions of `test_bad_data.py`: one case after the other, each spoilt somehow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from project import Project

START = dt.datetime(2026, 1, 1)
DAY = dt.timedelta(days=1)
NAN, INFINITY = float("nan"), float("inf")
Values = Callable[[int], Iterable[float | None]]

AMOUNT = {"success": ["amount"]}
RATE = {"success": ["ordered"]}
HTML = "<script>alert('1')</script>\n\"; drop table main.orders; --"


class Rows:
    """Raw rows of all cases."""

    def __init__(self) -> None:
        self.assigned: list[dict[str, Any]] = []
        self.orders: list[dict[str, Any]] = []
        self.profiles: list[dict[str, Any]] = []
        self.ticks: list[dict[str, Any]] = []
        self.slow: list[dict[str, Any]] = []
        self.next_unit = 0

    def arm(
        self,
        case: str,
        variant: str | None,
        n: int,
        values: Values,
        at: dt.datetime = START,
        country: Callable[[int], str | None] = lambda _: None,
    ) -> list[int]:
        """Units of one variant; `values` gives the amounts of the unit's orders."""
        units = list(range(self.next_unit, self.next_unit + n))
        self.next_unit += n
        for index, unit in enumerate(units):
            self.assigned.append({"experiment": case, "variant": variant, "unit": unit, "at": at,
                                  "country": country(index)})  # fmt: skip
            self.orders += [
                {"unit": unit, "at": at + DAY, "amount": amount, "part": 0.0 * (amount or 0)}
                for amount in values(index)
            ]
        return units

    def two(
        self, case: str, control: Values, treatment: Values, n: int = 100, **options: Any
    ) -> None:
        self.arm(case, "a", n, control, **options)
        self.arm(case, "b", n, treatment, **options)


def around(mean: float, spread: float = 1.0) -> Values:
    """Values evenly spread around a mean, the same in every arm."""
    return lambda index: [mean + spread * ((index % 11) - 5) / 5]


def constant(value: float | None) -> Values:
    return lambda _: [value]


def nothing(_: int) -> list[float]:
    return []


def share(percent: int) -> Values:
    return lambda index: [1.0] if index % 100 < percent else []


def draw_rows() -> Rows:
    rows = Rows()
    rows.two("healthy", around(10), around(12))
    rows.arm("one_variant", "a", 100, around(10))
    rows.arm("spaced_label", "a", 100, around(10))
    rows.arm("spaced_label", " b", 100, around(10))
    rows.two("all_null", constant(None), constant(None))
    rows.two("all_nan", constant(NAN), around(12))
    rows.two("all_infinite", around(10), constant(INFINITY))
    rows.two("beyond_doubles", constant(1e200), constant(-1e200))
    rows.two(
        "some_bad", lambda i: [10 + i % 7] + [NAN] * (i % 2), lambda i: [12 + i % 7, INFINITY, None]
    )
    rows.two("large", around(1e15, 1e13), around(2e15, 1e13))
    rows.two("large_and_narrow", around(1e15, 1), around(1e15 + 1, 1))
    rows.two("overflowing", around(5e99, 9e98), around(9e99, 9e98))
    rows.two("tiny", around(1e-160, 1e-161), around(2e-160, 1e-161))
    rows.two("constant", constant(0.1), constant(0.1))
    rows.two("constant_but_different", constant(10.0), constant(12.0))
    rows.two("no_order_at_all", nothing, nothing)
    rows.two("no_control_order", nothing, share(30))
    rows.two("one_unit", around(10), around(12), n=1)
    rows.two("two_units", around(10), around(10.1), n=2)
    rows.two("empty_fact", around(10), around(12))
    rows.two("empty_profile", around(10), around(12))
    rows.two("no_control_error", around(10), around(12))
    rows.two("zero_denominator", around(10), around(12))
    rows.two("half_a_ratio_missing", lambda i: [10.0 + i % 5, None], lambda i: [12.0 + i % 5, None])
    rows.two("not_started", around(10), around(12), at=START + 300 * DAY)
    rows.two("draft", around(10), around(12))
    rows.two("wrong_definition", around(10), around(12))
    rows.two("early_benefit", around(10), around(12), n=400)
    rows.two("early_harm", around(12), around(10), n=400)
    rows.two("missing_in_one_arm", around(10), lambda i: [12.0 + i % 7] if i % 3 == 0 else [])
    rows.two(
        "missing_alike",
        lambda i: [10.0 + i % 7] if i % 3 else [],
        lambda i: [10.0 + i % 7] if i % 3 else [],
    )
    rows.two("all_missing_in_one_arm", around(10), nothing)
    for case, before in (("alike_before", 10), ("unlike_before", 13), ("unlike_and_lopsided", 13)):
        rows.two(case, around(10), around(12), n=400)
        if case == "unlike_and_lopsided":
            rows.arm(case, "b", 120, around(12))
        for row in rows.assigned[-800:]:
            mean = before if row["variant"] == "b" else 10
            amount = mean + 2.0 * (row["unit"] % 11)
            rows.orders.append(
                {"unit": row["unit"], "at": START - DAY, "amount": amount, "part": 0.0}
            )
    rows.arm("null_units", "a", 100, around(10))
    for row in rows.assigned[-100:]:
        row["unit"] = None
    rows.arm("null_variants", None, 100, around(10))
    rows.arm("odd_labels", "0", 100, around(10))
    rows.arm("odd_labels", HTML, 100, around(12))
    rows.two("lopsided", around(10), around(12), n=400)
    rows.arm("lopsided", "b", 120, around(12))
    rows.two("early_and_lopsided", around(10), around(10), n=400)
    rows.arm("early_and_lopsided", "b", 120, around(10))
    for case, n_crossed in (("crossed", 22), ("hardly_crossed", 5)):
        rows.two(case, around(10), around(12), n=1000)
        rows.assigned += [
            row | {"variant": "b"} for row in rows.assigned[-2000 : -2000 + n_crossed]
        ]
    for case in ("repeated_profile", "single_profile"):
        rows.arm(case, "a", 100, around(10))
        rows.arm(case, "b", 100, around(12))
        rows.profiles += [
            {"unit": row["unit"], "score": float(index % 7 + 2 * (row["variant"] == "b"))}
            for index, row in enumerate(rows.assigned[-200:])
        ]
    # Clocks that were never set; so few that the history of the fact does not begin with them.
    rows.orders += [{"unit": -1, "at": dt.datetime(1970, 1, 1), "amount": 1.0, "part": 0.0}] * 2
    draw_groups(rows)
    draw_limits(rows)
    rows.profiles.append(dict(rows.profiles[0]))
    rows.profiles += [
        {"unit": -1, "score": 5.0},
        {"unit": -1, "score": 5.0},
        {"unit": None, "score": None},
    ] * 2
    return rows


def draw_groups(rows: Rows) -> None:
    """Segments, activation, caps, tails, and clocks that are wrong."""
    # All units together are as planned, and those of "z"; "x" and "y" are not.
    for variant, mean, n_x in (("a", 10, 300), ("b", 12, 100)):
        for level, n in (("x", n_x), ("y", 400 - n_x), ("z", 200)):
            rows.arm("lopsided_level", variant, n, around(mean), country=lambda _, to=level: to)
    rows.two("many_levels", around(10), around(12), n=1000, country=lambda index: f"level {index}")
    rows.two(
        "activates_alike", lambda i: [10.0 + i % 7] * (i % 2), lambda i: [14.0 + i % 7] * (i % 2)
    )
    rows.two(
        "activates_unlike",
        lambda i: [10.0 + i % 7] if i % 4 == 0 else [],
        lambda i: [10.0 + i % 7] if i % 4 else [],
        n=400,
    )
    # More treated units in the days of higher amounts: 2 more in each phase, 4.4 in all.
    for variant, mean, numbers in (("a", 10, (900, 500)), ("b", 12, (100, 500))):
        for phase, n in enumerate(numbers):
            rows.arm("ramped", variant, n, around(mean + 5 * phase), at=START + 3 * phase * DAY,
                     country=lambda index: "x" if index % 2 else "y")  # fmt: skip
    rows.two("refused_cap", share(30), share(30))
    for case in ("skewed", "skewed_beyond_limit"):
        rows.two(case, lambda i: [1e4 if i == 0 else 1.0], lambda i: [1e4 if i == 0 else 1.0])
    for unit in rows.arm("wrong_clocks", "a", 100, nothing) + rows.arm(
        "wrong_clocks", "b", 100, nothing
    ):
        for at in (START + DAY, dt.datetime(1970, 1, 1), dt.datetime(2031, 1, 1)):
            rows.ticks.append({"unit": unit, "at": at, "amount": float(unit % 7)})


def draw_limits(rows: Rows) -> None:
    """Limits of checks that an experiment sets, and what else health looks at."""
    for case, n_crossed in (("crossed_but_allowed", 22), ("strict_on_crossing", 5)):
        rows.two(case, around(10), around(12), n=1000)
        rows.assigned += [
            row | {"variant": "b"} for row in rows.assigned[-2000 : -2000 + n_crossed]
        ]
    rows.two("lopsided_but_allowed", around(10), around(12), n=400)
    rows.arm("lopsided_but_allowed", "b", 120, around(12))
    for variant, mean, n_x in (("a", 10, 300), ("b", 12, 100)):
        for level, n in (("x", n_x), ("y", 400 - n_x)):
            rows.arm("level_but_allowed", variant, n, around(mean), country=lambda _, to=level: to)
    rows.two(
        "strict_on_skipping", lambda i: [10.0 + i % 7] * 3 + [None] * (i % 2),
        lambda i: [12.0 + i % 7] * 3 + [None] * (i % 2),
    )  # fmt: skip
    rows.two("strict_on_missing", around(10), lambda i: [12.0 + i % 7] if i % 3 == 0 else [])
    rows.two(
        "skipped_unlike",
        lambda i: [10.0 + i % 7, 1.0],
        lambda i: [12.0 + i % 7, [1.0, None][i % 2]],
    )
    # More orders than units, so they are no more than 100 observations: 8 % against 16 %.
    rows.two(
        "skipped_in_few_units",
        lambda i: [10.0 + i % 7] * 9 + ([None] * 9 if i % 12 == 0 else [1.0] * 9),
        lambda i: [10.0 + i % 7] * 9 + ([None] * 9 if i % 6 == 0 else [1.0] * 9),
    )
    # Half of the first phase is missing in both arms and none of the second: 47 % against 9 %.
    for variant, numbers in (("a", (900, 50)), ("b", (100, 450))):
        for phase, n in enumerate(numbers):
            rows.arm("missing_by_phase", variant, n, at=START + 3 * phase * DAY,
                     values=lambda i, to=phase: [10.0 + i % 7] if i % 2 or to else [])  # fmt: skip
    for case in ("held_back", "held_back_too_long", "before_the_fact"):
        for variant in ("a", "b"):
            for day in (0, 4):
                units = rows.arm(case, variant, 50, around(10), at=START + day * DAY)
                rows.slow += [
                    {"unit": unit, "at": START + 5 * DAY, "amount": float(unit % 7)}
                    for unit in units
                ]
    for case in ("cut_by_amount", "cut_beyond_limit", "cut_by_percentile", "cut_nothing"):
        values = share(30) if case == "cut_nothing" else around(10)
        rows.two(case, values, values)


RAMP = [
    {"from": "2026-01-01", "split": {"a": 0.9, "b": 0.1}},
    {"from": "2026-01-04", "split": {"a": 0.5, "b": 0.5}},
]
TURNED = [RAMP[0], {"from": "2026-01-04", "split": {"a": 0.1, "b": 0.9}}]
SLOW = {"success": ["amount"], "guardrails": {"slowed": {}}, "end": "2026-06-01"}
SETTINGS: dict[str, dict[str, Any]] = {
    "crossed_but_allowed": AMOUNT | {"health": {"crossovers": {"warn": "2%", "block": "5%"}}},
    "strict_on_crossing": AMOUNT | {"health": {"crossovers": {"block": "0.2%"}}},
    "lopsided_but_allowed": AMOUNT | {"health": {"sample_ratio": {"block": "never"}}},
    "level_but_allowed": AMOUNT
    | {"segments": ["country"], "health": {"sample_ratio": {"block": "never"}}},
    "strict_on_skipping": AMOUNT | {"health": {"values_skipped": {"block": "10%"}}},
    "strict_on_missing": {"success": ["typical"], "health": {"values_missing": {"block": 0.001}}},
    "skipped_in_few_units": {"success": ["amount"]},
    "missing_by_phase": {"success": ["typical"], "variants": TURNED},
    "held_back": SLOW | {"monitoring": {"looks": ["2026-02-22", "2026-03-10", "2026-06-20"]}},
    "held_back_too_long": SLOW | {"health": {"freshness": {"warn": "3 days", "block": "10 days"}}},
    "before_the_fact": {"success": ["amount"], "guardrails": {"slowed": {}}},
    "cut_by_amount": {"success": ["cut_low"]},
    "cut_beyond_limit": {"success": ["cut_low"], "health": {"capped_share": {"block": "20%"}}},
    "skewed_beyond_limit": AMOUNT | {"health": {"skewness": {"block": 300}}},
    "cut_by_percentile": {"success": ["cut_a_tenth"]},
    "cut_nothing": {"success": ["cut_a_tenth"]},
    "lopsided_level": {"success": ["amount"], "segments": ["country"]},
    "many_levels": {"success": ["amount"], "segments": ["country"]},
    "ramped": {
        "success": ["amount"],
        "explore": ["sliced"],
        "segments": ["country"],
        "variants": RAMP,
    },
    "activates_alike": {"success": ["amount"], "activation": {"model": "orders"}},
    "activates_unlike": {"success": ["amount"], "activation": {"model": "orders"}},
    "refused_cap": {"success": ["capped"]},
    "wrong_clocks": {"success": ["ticked"]},
    "empty_fact": {"success": ["amount"], "guardrails": {"empty_dated": {}}},
    "empty_profile": {"success": ["amount"], "guardrails": {"empty_undated": {"margin": "5%"}}},
    "no_control_error": {"success": ["amount"], "guardrails": {"errors": {"margin": "5%"}}},
    "zero_denominator": {"success": ["per_part"]},
    "half_a_ratio_missing": {"success": ["per_order"]},
    "no_order_at_all": RATE,
    "no_control_order": RATE,
    "not_started": {"success": ["amount"], "start": "2026-10-01", "end": "2026-11-01"},
    "draft": {"success": ["amount"], "status": "draft"},
    "wrong_definition": {"success": ["amounts"]},
    "early_benefit": {"success": ["amount"], "end": "2026-06-01"},
    "early_harm": {"success": ["amount"], "end": "2026-06-01"},
    "early_and_lopsided": {"success": ["amount"], "end": "2026-06-01"},
    "missing_in_one_arm": {"success": ["typical"]},
    "missing_alike": {"success": ["typical"]},
    "all_missing_in_one_arm": {"success": ["largest"]},
    "alike_before": {"success": ["adjusted"]},
    "unlike_before": {"success": ["adjusted"]},
    "unlike_and_lopsided": {"success": ["adjusted"]},
    "odd_labels": {"success": ["amount"], "variants": {"0": 0.5, HTML: 0.5}, "control": "0"},
    "repeated_profile": {"success": ["score"]},
    "single_profile": {"success": ["score"]},
    "no_rows": AMOUNT,
    "in_an_empty_table": AMOUNT,
}
# case: the check that blocks
BLOCKED = {
    "no_rows": "has_assignments",
    "in_an_empty_table": "has_assignments",
    "null_units": "has_assignments",
    "null_variants": "has_assignments",
    "one_variant": "variant_has_units",
    "spaced_label": "variant_has_units",
    "all_null": "values_skipped",
    "all_nan": "values_skipped",
    "all_infinite": "values_skipped",
    "beyond_doubles": "values_skipped",
    "large_and_narrow": "precision",
    "one_unit": "enough_units",
    "all_missing_in_one_arm": "enough_units",
    "empty_fact": "data_as_of",
    "lopsided": "sample_ratio",
    "unlike_and_lopsided": "covariate_balance",
    "crossed": "crossovers",
    "repeated_profile": "unique_units",
    "activates_unlike": "activation_rate",
    "wrong_definition": "definition_valid",
    "strict_on_crossing": "crossovers",
    "strict_on_skipping": "values_skipped",
    "strict_on_missing": "values_missing",
    "held_back_too_long": "freshness",
    "cut_beyond_limit": "capped_share",
    "skewed_beyond_limit": "skewness",
}
HELD = {
    "constant", "constant_but_different", "no_order_at_all", "not_started", "draft",
    "zero_denominator", "two_units", "early_benefit", "missing_alike", "empty_profile",
     "no_control_error",
    "tiny", "early_and_lopsided", "refused_cap", "skewed", "wrong_clocks", "skipped_in_few_units",
    "missing_by_phase", "held_back", "before_the_fact", "cut_by_amount", "cut_by_percentile",
    "cut_nothing",
}  # fmt: skip
LAUNCHED = {
    "healthy", "some_bad", "large", "overflowing", "no_control_order", "missing_in_one_arm",
     "odd_labels",
    "lopsided_level", "many_levels", "activates_alike", "ramped",
    "crossed_but_allowed", "lopsided_but_allowed", "level_but_allowed", "skipped_unlike",
    "hardly_crossed", "alike_before", "unlike_before", "single_profile", "half_a_ratio_missing",
}  # fmt: skip
SUMMARIES = {
    "twice": [("a", 100, 10, 50, 40), ("b", 100, 10, 50, 40), ("b", 100, 30, 50, 40)],
    "more_than_users": [("a", 100, 10, 50, 40), ("b", 100, 130, 50, 40)],
    "below_zero": [("a", 100, -10, 50, 40), ("b", 100, 30, 50, 40)],
    "no_count": [("a", 100, None, 50, 40), ("b", 100, 30, 50, 40)],
    "not_a_number": [("a", 100, NAN, 50, 40), ("b", 100, 30, 50, 40)],
    "no_users": [("a", None, 10, 50, 40), ("b", 100, 30, 50, 40)],
    "zero_users": [("a", 0, 0, 0, 0), ("b", 100, 30, 50, 40)],
    "nan_users": [("a", NAN, 10, 50, 40), ("b", 100, 30, 50, 40)],
    "one_row": [("a", 100, 10, 50, 40)],
    "spaced": [("a", 100, 10, 50, 40), (" b", 100, 30, 50, 40)],
    "impossible_squares": [("a", 100, 10, 50, 1), ("b", 100, 30, 50, 40)],
    "cancelled_squares": [("a", 100, 10, 1e17, 1e32), ("b", 100, 30, 1e17, 1e32)],
    "no_squares": [("a", 100, 10, 50, None), ("b", 100, 30, 50, 40)],
}  # fmt: skip
SUMMARY_BLOCKS = {
    "twice": "one_row_per_variant", "more_than_users": "precision", "below_zero": "precision",
    "no_count": "precision", "not_a_number": "precision", "no_users": "variant_has_units",
    "zero_users": "variant_has_units", "nan_users": "variant_has_units",
     "one_row": "variant_has_units",
    "spaced": "variant_has_units", "impossible_squares": "precision",
     "cancelled_squares": "precision",
    "no_squares": "precision",
}  # fmt: skip


def add_models(project: Project, rows: Rows) -> None:
    time = pa.timestamp("us")
    assigned = pa.schema(
        {"experiment": pa.string(), "variant": pa.string(), "unit": pa.int64(), "at": time,
         "country": pa.string()}
    )  # fmt: skip
    orders = pa.schema(
        {"unit": pa.int64(), "at": time, "amount": pa.float64(), "part": pa.float64()}
    )
    profiles = pa.schema({"unit": pa.int64(), "score": pa.float64()})
    empty = {"literal": "in_an_empty_table"}
    columns = {"variant": "variant", "unit": "unit", "timestamp": "at"}
    dated = {"unit": "unit", "timestamp": "at", "complete_until": "2026-03-01"}
    project.model("assigned", pa.Table.from_pylist(rows.assigned, assigned),
                  {"assignments": columns | {"experiment": "experiment",
                                             "segments": ["country"]}})  # fmt: skip
    project.model("nobody_assigned", assigned.empty_table(),
                  {"assignments": columns | {"experiment": empty}})  # fmt: skip
    amount, common = {"value": "amount"}, {"covariate": "none", "window": "7 days"}
    project.model("orders", pa.Table.from_pylist(rows.orders, orders), dated | {"metrics": {
        "amount": {"type": "mean"} | amount | common,
        "adjusted": {"type": "mean", "covariate": "7 days"} | amount,
        "sliced": {"type": "mean", "by": "amount > 12"} | amount | common,
        "capped": {"type": "mean", "cap": {"percentile": 0.5}} | amount | common,
        "cut_low": {"type": "mean", "cap": {"absolute": 10.5}} | amount | common,
        "cut_a_tenth": {"type": "mean", "cap": {"percentile": 0.9}} | amount | common,
        "ordered": {"type": "proportion", "window": "7 days"},
        "typical": {"type": "mean", "aggregate": "avg"} | amount | common,
        "largest": {"type": "mean", "aggregate": "max"} | amount | common,
        "errors": {"type": "proportion", "where": "amount = -99", "window": "7 days",
         "goal": "decrease"},
        "per_part": {"type": "ratio", "numerator": amount,
         "denominator": {"value": "part"}} | common,
        "per_order": {"type": "ratio", "numerator": amount,
         "denominator": amount | {"aggregate": "count"}} | common,
    }})  # fmt: skip
    ticks = pa.schema({"unit": pa.int64(), "at": time, "amount": pa.float64()})
    project.model("ticks", pa.Table.from_pylist(rows.ticks, ticks), dated | {"metrics": {
        "ticked": {"type": "mean"} | amount | common}})  # fmt: skip
    late = {"unit": "unit", "timestamp": "at", "complete_until": "2026-02-20"}
    project.model("slow", pa.Table.from_pylist(rows.slow, ticks), late | {"metrics": {
        "slowed": {"type": "mean"} | amount | common}})  # fmt: skip
    project.model("nothing_happened", orders.empty_table(), {"unit": "unit", "timestamp": "at",
     "metrics": {
        "empty_dated": {"type": "mean", "value": "amount"}}})  # fmt: skip
    project.model("nobody", profiles.empty_table(), {"unit": "unit", "timestamp": "none",
     "metrics": {
        "empty_undated": {"type": "proportion", "value": "score"}}})  # fmt: skip
    project.model("profiles", pa.Table.from_pylist(rows.profiles, profiles), {
        "unit": "unit", "timestamp": "none", "metrics": {"score": {"type": "mean",
         "value": "score"}}})  # fmt: skip
    names = ["variant", "users", "conversions", "value_sum", "value_sum_sq"]
    project.model("summary", pa.Table.from_pylist([
        {"experiment": case} | {k: v if k == "variant" else v and float(v) for k, v in zip(names,
         row, strict=True)}
        for case, given in SUMMARIES.items() for row in given
    ]), {})  # fmt: skip
