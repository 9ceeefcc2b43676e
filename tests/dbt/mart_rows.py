"""The rows of a mart of the consumer project, in an order that two builds share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workshop import Workshop

# What each run writes of its own start.
CLOCK = {("decisions", "decided_at"), ("history", "decided_at"), ("experiments", "as_of")}


def read(shop: Workshop, mart: str) -> list[dict[str, Any]]:
    relation = shop.rows(f"describe main_analytics.experimentos__{mart}")
    columns = [row[0] for row in relation if (mart, row[0]) not in CLOCK]
    keys = ", ".join(f'"{column}"' for column in columns)
    rows = shop.rows(f"select {keys} from main_analytics.experimentos__{mart}")
    return sorted((dict(zip(columns, row, strict=True)) for row in rows), key=identity)


def identity(row: dict[str, Any]) -> str:
    return str([value for value in row.values() if not isinstance(value, float)])


def same(column: str, left: dict[str, Any], right: dict[str, Any]) -> bool:
    one, other = left[column], right[column]
    if isinstance(one, float) and isinstance(other, float):
        # Cubes of deviations cancel: they are as exact as their size before that.
        size = (left["m2_num"] or 0.0) ** 1.5 if column == "m3_num" else 0.0
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-15 + 1e-12 * size)
    return one == other


def different(
    mart: str, expected: list[dict[str, Any]], found: list[dict[str, Any]]
) -> list[tuple[Any, ...]]:
    """Every value that is not as expected."""
    return [
        (mart, column, left[column], right[column])
        for left, right in zip(expected, found, strict=True)
        for column in left
        if not same(column, left, right)
    ]
