"""Whether the moments that the package wrote equal those of plain SQL: `check.py DATABASE`."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
TOLERANCE = 1e-9


def rows_by_key(
    connection: duckdb.DuckDBPyConnection, query: str
) -> dict[tuple[str, ...], dict[str, float | None]]:
    """The rows of a query under their first three columns."""
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description][3:]
    return {row[:3]: dict(zip(names, row[3:], strict=True)) for row in cursor.fetchall()}


def scale(name: str, row: dict[str, float | None]) -> float:
    """What a difference is measured against: a product of deviations may itself be near zero."""
    value = abs(row[name] or 0.0)
    if not name.startswith("c2_"):
        return value
    pairs = [
        (first, second)
        for first in ("num", "den", "num_cov", "den_cov")
        for second in ("num", "den", "num_cov", "den_cov")
        if name == f"c2_{first}_{second}"
    ]
    ((first, second),) = pairs
    return math.sqrt((row[f"m2_{first}"] or 0.0) * (row[f"m2_{second}"] or 0.0))


def check_moments(database: Path) -> tuple[int, float]:
    """Number of statistics compared and their largest relative difference; raises above 1e-9."""
    plain_query = (HERE / "queries" / "plain_moments.sql").read_text()
    with duckdb.connect(str(database), read_only=True) as connection:
        plain = rows_by_key(connection, plain_query)
        names = ", ".join(next(iter(plain.values())))
        ours = rows_by_key(
            connection,
            f"select experiment_id, variant, metric, {names} from main.experimentos__moments",
        )
    compared, largest = 0, 0.0
    for key, expected in plain.items():
        for name, value in expected.items():
            mine = ours[key][name]
            assert (mine is None) == (value is None), (key, name, mine, value)
            if mine is not None and value is not None:
                difference = abs(mine - value) / (scale(name, expected) or 1.0)
                assert difference <= TOLERANCE, (key, name, mine, value)
                largest = max(largest, difference)
                compared += 1
    return compared, largest


if __name__ == "__main__":
    statistics, difference = check_moments(Path(sys.argv[1]))
    print(json.dumps({"statistics": statistics, "largest_difference": difference}))
