"""Rows between the warehouse and Arrow, value by value and without loss."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

_ROWS_PER_STATEMENT = 500
# Everywhere else a backslash in a string literal is a backslash.
_BACKSLASH_ESCAPES = frozenset({"bigquery", "databricks", "spark"})


def to_arrow(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Turn rows of Python values into an Arrow table.

    Parameters
    ----------
    rows : sequence of mapping
        Column names to values; further columns are left out.
    schema : pyarrow.Schema
        Columns and their types.

    Returns
    -------
    pyarrow.Table
        One row per mapping.
    """
    arrays = [
        pa.array([_plain(row[field.name], field.type) for row in rows], type=field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def insert_values(table: pa.Table, types: Mapping[str, str], adapter_type: str) -> Iterator[str]:
    """Render a table as ``values`` clauses of a few hundred rows each.

    Parameters
    ----------
    table : pyarrow.Table
        Rows to write.
    types : mapping
        Column name to its type in the warehouse; each value is cast to it.
    adapter_type : str
        dbt's name of the warehouse.

    Yields
    ------
    str
        ``values (...), (...)``.
    """
    columns = [types[name] for name in table.column_names]
    for batch in table.to_batches(max_chunksize=_ROWS_PER_STATEMENT):
        rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
        rendered = (
            ", ".join(_literal(*pair, adapter_type) for pair in zip(row, columns, strict=True))
            for row in rows
        )
        yield "values " + ",\n".join(f"({row})" for row in rendered)


def condition(where: Mapping[str, str], adapter_type: str) -> str:
    """Render what picks rows by their texts.

    Parameters
    ----------
    where : mapping
        Column to text; without one, all rows.
    adapter_type : str
        dbt's name of the warehouse.

    Returns
    -------
    str
        `` where ...``, or nothing.
    """
    parts = [f"{column} = {text_literal(text, adapter_type)}" for column, text in where.items()]
    return f" where {' and '.join(parts)}" if parts else ""


def text_literal(text: str, adapter_type: str) -> str:
    """Render a text as a string literal.

    Parameters
    ----------
    text : str
        Anything.
    adapter_type : str
        dbt's name of the warehouse.

    Returns
    -------
    str
        Quoted.

    Examples
    --------
    >>> text_literal("it's", "duckdb")
    "'it''s'"
    """
    if adapter_type in _BACKSLASH_ESCAPES:
        quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    else:
        quoted = text.replace("'", "''")
    return f"'{quoted}'"


def _plain(value: object, kind: pa.DataType) -> object:
    """Give Arrow what it takes: decimals become the floats or integers asked for."""
    if isinstance(value, Decimal):
        return int(value) if pa.types.is_integer(kind) else float(value)
    return value


def _literal(value: object, column_type: str, adapter_type: str) -> str:
    if value is None:
        return f"cast(null as {column_type})"
    # The shortest text that reads back as the same double; Python prints it, SQL casts it.
    text = repr(value) if isinstance(value, float) else str(value)
    if isinstance(value, bool):
        text = text.lower()
    elif isinstance(value, date | datetime):
        text = value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    return f"cast({text_literal(text, adapter_type)} as {column_type})"
