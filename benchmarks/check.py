"""Whether the moments of a warehouse equal those of plain SQL: `check.py DATABASE [daily]`."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
TOLERANCE = 1e-9
LATEST, DAYS, BASES = "2025-02-12", ("2025-01-27", "2025-02-04"), ("mature", "all")


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


def compare(
    connection: duckdb.DuckDBPyConnection, plain_query: str, basis: str, as_of: str
) -> tuple[int, float]:
    """Number of statistics compared and their largest relative difference; raises above 1e-9."""
    plain = rows_by_key(connection, plain_query)
    names = ", ".join(next(iter(plain.values())))
    ours = rows_by_key(
        connection,
        f"select experiment_id, variant, metric, {names} from main.experimentos__moments "
        f"where basis = '{basis}' and as_of = timestamp '{as_of}' and segment = 'all'",
    )
    compared, largest = 0, 0.0
    for key, expected in plain.items():
        for name, value in expected.items():
            mine = ours[key][name]
            assert (mine is None) == (value is None), (as_of, basis, key, name, mine, value)
            if mine is not None and value is not None:
                difference = abs(mine - value) / (scale(name, expected) or 1.0)
                assert difference <= TOLERANCE, (as_of, basis, key, name, mine, value)
                largest = max(largest, difference)
                compared += 1
    return compared, largest


def check_moments(database: Path, *, daily: bool) -> tuple[int, float]:
    """The latest readout, and of the daily series two days on both bases."""
    latest = (HERE / "queries" / "plain_moments.sql").read_text()
    day = (HERE / "queries" / "plain_day.sql").read_text()
    compared, largest = 0, 0.0
    with duckdb.connect(str(database), read_only=True) as connection:
        asked = [(latest, "mature", LATEST)]
        if daily:
            asked += [
                (day.format(mature=str(basis == "mature").lower(), as_of=as_of), basis, as_of)
                for as_of in DAYS
                for basis in BASES
            ]
        for query, basis, as_of in asked:
            number, difference = compare(connection, query, basis, as_of)
            compared, largest = compared + number, max(largest, difference)
    return compared, largest


if __name__ == "__main__":
    statistics, difference = check_moments(Path(sys.argv[1]), daily=sys.argv[2:] == ["daily"])
    print(json.dumps({"statistics": statistics, "largest_difference": difference}))
