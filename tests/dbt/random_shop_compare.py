"""Moments of the mart beside those of the brute force: what differs, and where."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

GRAIN = ("experiment_id", "metric", "variant", "population", "segment", "segment_value", "as_of",
         "basis")  # fmt: skip
Row = Mapping[str, Any]


def differences(found: Iterable[Row], expected: Iterable[Row]) -> list[str]:
    """One line for each row that is missing, superfluous or different; nothing if all agree."""
    mart = {tuple(row[name] for name in GRAIN): row for row in found}
    truth = {tuple(row[name] for name in GRAIN): row for row in expected}
    lines = [f"superfluous: {key}" for key in mart if key not in truth]
    for key, row in truth.items():
        if key in mart:
            lines += [f"{line}: {key}" for line in different_columns(mart[key], row)]
        elif not may_be_absent(row):
            lines.append(f"missing: {key}")
    return lines


def report(lines: list[str], shown: int = 25) -> str:
    """Counts of what is wrong, and the first lines of each kind."""
    kinds = Counter(line.split(" ")[0].rstrip(":") for line in lines)
    first = []
    for kind in kinds:
        first += [line for line in lines if line.split(" ")[0].rstrip(":") == kind][:shown]
    return f"{dict(kinds)}\n" + "\n".join(first)


def may_be_absent(row: Row) -> bool:
    """A level that a variant has no unit of needs no row."""
    return row["segment"] != "all" and row["n_units"] == 0 == row["n_missing"]


def different_columns(found: Row, expected: Row) -> list[str]:
    lines = [f"{name} unknown column" for name in found.keys() ^ expected.keys()]
    for name, wanted in expected.items():
        given = found.get(name)
        if isinstance(wanted, float) and isinstance(given, float):
            is_same = abs(given - wanted) <= max(1e-12 * abs(wanted), tolerance(expected, name))
        else:
            is_same = given == wanted and (given is None) == (wanted is None)
        if not is_same:
            lines.append(f"{name} is {given!r}, not {wanted!r}")
    return lines


def tolerance(row: Row, name: str) -> float:
    """How far rounding may go where terms cancel: relative to the spreads and the raw squares."""
    kind, _, sides = name.partition("_")
    if kind not in ("mean", "m2", "m3", "c2"):
        value = row["quantile_value"] if kind == "quantile" else row[name]
        return 1e-12 * max(abs(value or 0.0), abs(row[name]))
    x, y = names_of(sides) if kind == "c2" else (sides, sides)
    spread = math.sqrt(row[f"m2_{x}"]) * math.sqrt(row[f"m2_{y}"])
    squares = math.sqrt(raw_squares(row, x)) * math.sqrt(raw_squares(row, y))
    if kind == "mean":
        return 1e-12 * math.sqrt(squares / row["n_units"])
    power = 1.5 if kind == "m3" else 1.0
    return 1e-12 * spread**power + 1e-14 * squares**power


def raw_squares(row: Row, side: str) -> float:
    return row[f"m2_{side}"] + row["n_units"] * row[f"mean_{side}"] ** 2


def names_of(sides: str) -> tuple[str, str]:
    """The two variables of a co-moment."""
    for first in ("num_cov", "den_cov", "num", "den"):
        rest = sides.removeprefix(f"{first}_")
        if rest in ("num", "den", "num_cov", "den_cov"):
            return first, rest
    msg = f"no co-moment of {sides}"
    raise ValueError(msg)
