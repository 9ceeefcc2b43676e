"""Units by their totals, from SQL in one pass, against plain counts of the same units."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = dt.timedelta(days=1)
START = dt.datetime(2026, 1, 5)
UNITS = 600
VARIANTS = ("a", "b")
Draw = "Callable[[random.Random], float]"
# Name -> how a unit's value is drawn: tight, wide, small, huge, negative, whole, heavy.
SHAPES: dict[str, Callable[[random.Random], float]] = {
    "usual": lambda draw: draw.gauss(800, 150),
    "tight": lambda draw: draw.uniform(700, 760),
    "small": lambda draw: draw.uniform(0, 3e-8),
    "huge": lambda draw: draw.uniform(1e12, 9e12),
    "signed": lambda draw: draw.gauss(0, 7),
    "losses": lambda draw: -draw.uniform(3, 90),
    "far_losses": lambda draw: -draw.uniform(500, 600),
    "whole": lambda draw: float(draw.randint(0, 5)),
    "many_whole": lambda draw: float(draw.randint(0, 180)),
    "round": lambda draw: draw.randint(1, 400) / 20,
    "constant": lambda draw: 12.5,
    "nothing": lambda draw: 0.0,
    "heavy": lambda draw: draw.lognormvariate(2, 2),
    "decades": lambda draw: 10 ** draw.uniform(-9, 4),
    "all_decades": lambda draw: 10 ** draw.uniform(-100, 100),
    "outlier": lambda draw: 1e9 if draw.random() < 0.004 else draw.uniform(-5, 5),
}
MEASURES = list(SHAPES)


def unit_rows() -> list[dict[str, Any]]:
    """Each unit's variant, its instant, and two events, the second of which may be missing."""
    draw = random.Random(20260105)
    rows = []
    for unit in range(UNITS):
        # The windows of the last tenth are open when the data end.
        late = unit >= 0.9 * UNITS
        rows.append({
            "unit": unit,
            "variant": VARIANTS[draw.random() < 0.4],
            "at": START + (6 * DAY if late else draw.randrange(4) * DAY / 2),
            "is_mature": not late,
            "events": [
                {name: shape(draw) for name, shape in SHAPES.items()}
                for _ in range(draw.choice([0, 0, 1, 1, 2]))
            ],
        })  # fmt: skip
    return rows


UNIT_ROWS = unit_rows()


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Project:
    project = Project(
        tmp_path_factory.mktemp("distributions"),
        {"assignment_models": ["assigned"], "fact_models": ["orders"]},
    )
    project.model("assigned", pa.Table.from_pylist([
        {"variant": row["variant"], "unit": row["unit"], "at": row["at"]} for row in UNIT_ROWS
    ]), {"assignments": {"experiment": {"literal": "shop"}, "variant": "variant", "unit": "unit",
                         "timestamp": "at"}})  # fmt: skip
    metrics: dict[str, Any] = {
        name: {"type": "mean", "value": name, "window": "2 days"} for name in MEASURES
    }
    ratio = {"type": "ratio", "numerator": {"value": "usual"}, "window": "2 days"}
    metrics |= {
        "share": {"type": "proportion", "window": "2 days"},
        "back": {"type": "retention", "from": "1 day", "to": "2 days"},
        "each": {"type": "quantile", "quantile": 0.5, "of": "events", "value": "usual"},
        "middle": {"type": "quantile", "quantile": 0.5, "of": "units", "value": "usual",
                   "window": "2 days"},
        "largest": {"type": "mean", "value": "signed", "aggregate": "max", "window": "2 days"},
        "capped": {"type": "mean", "value": "heavy", "cap": {"absolute": 100},
                   "window": "2 days"},
        "at_most": {"type": "mean", "value": "heavy", "cap": {"percentile": 0.9},
                    "window": "2 days"},
        "at_least": {"type": "mean", "value": "heavy", "lower": {"absolute": 3},
                     "window": "2 days"},
        "per_event": ratio | {"denominator": {"aggregate": "count"}},
        "per_gain": ratio | {"denominator": {"value": "signed"}},
        "so_far": {"type": "mean", "value": "usual", "window": "2 days", "mature": False},
    }  # fmt: skip
    project.model("orders", pa.Table.from_pylist([
        {"unit": row["unit"], "at": row["at"] + number * DAY / 3 + DAY / 10, **event}
        for row in UNIT_ROWS for number, event in enumerate(row["events"])
    ]), {"unit": "unit", "timestamp": "at", "complete_until": "2026-01-12",
         "metrics": metrics})  # fmt: skip
    project.experiment("shop", {
        "start": "2026-01-05", "end": "2026-01-12", "control": "a", "variants": {"a": .6, "b": .4},
        "success": ["usual"], "guardrails": {}, "explore": [name for name in metrics
                                                            if name != "usual"],
    })  # fmt: skip
    project.build("--select", "+experimentos__distributions")
    return project


def bins_of(project: Project, metric: str) -> list[dict[str, Any]]:
    return project.rows(
        "select * from main.experimentos__distributions "
        f"where metric = '{metric}' order by variant, bin"
    )


def values(metric: str) -> dict[str, list[float | None]]:
    """The value of every unit by variant; None for a unit without one."""
    found: defaultdict[str, list[float | None]] = defaultdict(list)
    for row in UNIT_ROWS:
        if row["is_mature"] or metric == "so_far":
            found[row["variant"]].append(value(metric, row["events"]))
    if metric == "at_most":
        both = sorted(x for each in found.values() for x in each if x is not None)
        place = 0.9 * (len(both) - 1)
        below = math.floor(place)
        cap = both[below] + (place - below) * (both[below + 1] - both[below])
        return {key: [min(x or 0.0, cap) for x in each] for key, each in found.items()}
    return dict(found)


def value(metric: str, events: list[dict[str, float]]) -> float | None:
    if metric == "largest":
        return max((event["signed"] for event in events), default=None)
    if metric == "middle":
        return sum(event["usual"] for event in events) if events else None
    if metric in ("per_event", "per_gain"):
        below = sum(1 if metric == "per_event" else event["signed"] for event in events)
        return sum(event["usual"] for event in events) / below if below > 0 else None
    name = {"capped": "heavy", "at_most": "heavy", "at_least": "heavy", "so_far": "usual"}
    total = sum(event[name.get(metric, metric)] for event in events)
    return {"capped": min(total, 100.0), "at_least": max(total, 3.0)}.get(metric, total)


def is_in(x: float, row: dict[str, Any]) -> bool:
    """Whether a value is in a bin: the end nearer to zero belongs to it, and zero is a bin."""
    lower, upper = row["lower"], row["upper"]
    if lower == 0 and upper == 0:
        return x == 0
    # Sums in another order differ in their last digits.
    near = 1e-11 * abs(x)
    if x > 0:
        return (lower is None or lower <= x + near) and (upper is None or x + near < upper)
    return x < 0 and (lower is None or lower < x - near) and (upper is None or x - near <= upper)


BINNED = [*MEASURES, "middle", "largest", "capped", "at_most", "at_least", "per_event", "per_gain",
          "so_far"]  # fmt: skip


@pytest.mark.parametrize("metric", BINNED)
def test_units_in_bins_are_those_counted_by_hand(built, metric):
    rows, drawn = bins_of(built, metric), values(metric)
    assert {row["variant"] for row in rows} == set(VARIANTS)
    for variant in VARIANTS:
        own = [row for row in rows if row["variant"] == variant]
        counts: Counter[int] = Counter()
        for x in drawn[variant]:
            if x is not None:
                (found,) = [row["bin"] for row in own if is_in(x, row)]
                counts[found] += 1
        assert {row["bin"]: row["n_units"] for row in own if row["n_units"]} == dict(counts)
        assert {row["n_missing"] for row in own} == {sum(x is None for x in drawn[variant])}


@pytest.mark.parametrize("metric", BINNED)
def test_bins_are_few_and_the_same_for_all_variants(built, metric):
    rows = bins_of(built, metric)
    ends = {
        variant: [(row["bin"], row["lower"], row["upper"]) for row in rows
                  if row["variant"] == variant]
        for variant in VARIANTS
    }  # fmt: skip
    assert ends["a"] == ends["b"]
    assert [number for number, _, _ in ends["a"]] == list(range(1, len(ends["a"]) + 1))
    assert len(ends["a"]) <= 40
    spans = [(lower, upper) for _, lower, upper in ends["a"] if (lower, upper) != (0, 0)]
    for (_, upper), (lower, _) in pairwise(spans):
        assert upper == lower
    # Open ends are for what is far out: a hundredth of the values that are not zero.
    known = sum(row["n_units"] for row in rows if (row["lower"], row["upper"]) != (0, 0))
    for row in rows if metric != "all_decades" else []:
        if row["lower"] is None or row["upper"] is None:
            both = sum(each["n_units"] for each in rows if each["bin"] == row["bin"])
            assert both <= 0.01 * known + 1


@pytest.mark.parametrize("metric", BINNED)
def test_units_with_and_without_a_value_are_all_units(built, metric):
    for variant in VARIANTS:
        rows = [row for row in bins_of(built, metric) if row["variant"] == variant]
        (moments,) = built.mart(
            "moments",
            f"metric = '{metric}' and variant = '{variant}' and segment = 'all' and "
            f"basis = '{rows[0]['basis']}' and as_of = timestamp '{rows[0]['as_of']}'",
        )
        left_out = 0 if metric.startswith("per_") else moments["n_missing"]
        total = sum(row["n_units"] for row in rows) + rows[0]["n_missing"]
        assert total == moments["n_units"] + left_out


def test_widths_are_round_numbers_and_suit_the_values(built):
    widths = {}
    for metric in MEASURES:
        rows = [row for row in bins_of(built, metric) if row["variant"] == "a"]
        spans = [(row["lower"], row["upper"]) for row in rows if row["lower"] != row["upper"]]
        closed = [(low, high) for low, high in spans if None not in (low, high)]
        if rows[0]["scale"] == "linear" and closed:
            widths[metric] = {float(f"{high - low:.6g}") for low, high in closed}
    assert widths["whole"] == {1.0}
    assert widths["many_whole"] == {10.0}
    assert all(len(each) == 1 for each in widths.values()), widths
    for each in widths.values():
        digits = f"{min(each):.1e}"
        assert digits[:3] in ("1.0", "2.0", "2.5", "5.0"), each


def test_heavy_tails_have_bins_of_equal_ratio(built):
    scales = {metric: {row["scale"] for row in bins_of(built, metric)} for metric in MEASURES}
    assert scales.pop("heavy") == scales.pop("decades") == scales.pop("all_decades") == {"log"}
    assert set().union(*scales.values()) == {"linear"}
    rows = [row for row in bins_of(built, "decades") if row["variant"] == "a"]
    ratios = [row["upper"] / row["lower"] for row in rows if row["lower"] and row["upper"]]
    assert max(ratios) / min(ratios) < 1.2


def test_metrics_of_two_values_and_of_events_have_no_bins(built):
    named = {row["metric"] for row in built.mart("distributions")}
    assert named == set(BINNED)
