"""Rows of a mart that was kept up to date beside those of one that was built from nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from random_shop_compare import GRAIN, different_columns

Row = Mapping[str, Any]
PAIR = ("experiment_id", "metric")
MARTS: dict[str, tuple[str, ...]] = {
    "experiments": ("experiment_id",),
    "metrics": ("metric",),
    "experiment_metrics": PAIR,
    "exclusions": ("experiment_id", "reason"),
    "assignment_counts": ("experiment_id", "variant", "population", "segment", "segment_value",
                          "assigned_on"),
    "moments": GRAIN,
    "effects": (*GRAIN, "adjustment"),
    "effects_by_age": (*PAIR, "variant", "age_days"),
    "distributions": (*PAIR, "variant", "bin"),
    "health": ("experiment_id", "check_name", "population", "metric", "variant", "segment",
               "segment_value"),
    "looks": (*PAIR, "variant", "test", "look"),
    "planned_looks": ("experiment_id", "look"),
    "posteriors": (*PAIR, "variant"),
    "power": (*PAIR, "variant", "test"),
    "decision_evidence": ("experiment_id", "variant", "rule", "metric"),
    "variant_decisions": ("experiment_id", "variant"),
    "decisions": ("experiment_id",),
}  # fmt: skip
INNER = {name: MARTS[name] for name in ("experiments", "metrics", "experiment_metrics",
                                        "exclusions", "assignment_counts", "moments")}  # fmt: skip
# Rows that tell what a run met that an earlier one had read otherwise: a first run knows none.
OF_RUNS = {"health": {"late_changes"}}
# A number for use within stages 1 to 3, which an experiment keeps from run to run.
INTERNAL = {"experiments": {"experiment_index"}}
# What doubles are compared to where terms cancel: the other numbers of the row in the same unit.
SCALES = {
    "effects": ("value_control", "value_treatment", "std_error", "lower_fixed", "upper_fixed"),
    "effects_by_age": ("std_error", "lower", "upper"),
    "posteriors": ("lower", "upper"),
}
RELATIVE = 1e-12


def compared(mart: str, found: Iterable[Row], expected: Iterable[Row]) -> list[str]:
    """One line for each row that is missing, superfluous, there twice or different."""
    lines: list[str] = []
    kept, fresh = (by_key(mart, rows, lines) for rows in (found, expected))
    lines += [f"superfluous: {key}" for key in kept if key not in fresh]
    lines += [f"missing: {key}" for key in fresh if key not in kept]
    for key, row in fresh.items():
        if key in kept:
            lines += [f"{line}: {key}" for line in unlike(mart, kept[key], row)]
    return lines


def by_key(mart: str, rows: Iterable[Row], lines: list[str]) -> dict[tuple[Any, ...], Row]:
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        if row.get("check_name") in OF_RUNS.get(mart, ()):
            continue
        key = tuple(row[name] for name in MARTS[mart])
        if key in found:
            lines.append(f"twice: {key}")
        found[key] = {name: value for name, value in row.items()
                      if name not in INTERNAL.get(mart, ())}  # fmt: skip
    return found


def unlike(mart: str, found: Row, expected: Row) -> list[str]:
    """The columns in which two rows differ."""
    if mart == "moments":
        return different_columns(found, expected)
    lines = [f"{name} unknown column" for name in found.keys() ^ expected.keys()]
    for name in found.keys() & expected.keys():
        given, wanted = found[name], expected[name]
        if isinstance(given, float) and isinstance(wanted, float):
            others = [abs(expected[each] or 0.0) for each in SCALES.get(mart, ())]
            is_same = abs(given - wanted) <= RELATIVE * max(abs(wanted), *others, 0.0)
        else:
            is_same = given == wanted and (given is None) == (wanted is None)
        if not is_same:
            lines.append(f"{name} is {given!r}, not {wanted!r}")
    return lines
