"""Arrow columns to NumPy arrays and back; knows no column by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from experimentos.errors import ArgumentError, TableError

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, FloatArray, IntArray

StringArray = npt.NDArray[np.str_]


def schema(columns: str) -> pa.Schema:
    """Build a schema from a short text.

    Parameters
    ----------
    columns : str
        ``type: name name ...`` parts, separated by semicolons; types may repeat.

    Returns
    -------
    pyarrow.Schema
        Columns in the order of the text.

    Examples
    --------
    >>> schema("string: variant; integer: n_units").names
    ['variant', 'n_units']
    """
    types = {
        "string": pa.string(), "double": pa.float64(), "integer": pa.int64(),
        "flag": pa.bool_(), "time": pa.timestamp("us"), "date": pa.date32(),
    }  # fmt: skip
    fields = []
    for part in columns.split(";"):
        kind, _, names = part.partition(":")
        fields += [(name, types[kind.strip()]) for name in names.split()]
    return pa.schema(fields)


def read(table: pa.Table, expected: pa.Schema) -> pa.Table:
    """Select the expected columns and give them their types.

    Parameters
    ----------
    table : pyarrow.Table
        Any table.
    expected : pyarrow.Schema
        Columns needed.

    Returns
    -------
    pyarrow.Table
        Those columns, one chunk each.

    Raises
    ------
    TableError
        If columns are missing or cannot be read as their type; all of them are named.
    """
    missing = [name for name in expected.names if name not in table.column_names]
    if missing:
        msg = f"the table lacks the columns {missing}; it has {table.column_names}"
        raise TableError(msg)
    columns, wrong = [], []
    for field in expected:
        try:
            columns.append(_cast(table.column(field.name), field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            wrong.append(f"{field.name}: {field.type} expected, got {table[field.name].type}")
    if wrong:
        msg = f"columns of the table have the wrong type: {'; '.join(wrong)}"
        raise TableError(msg)
    return pa.table(columns, schema=expected).combine_chunks()


def write(columns: dict[str, object], expected: pa.Schema) -> pa.Table:
    """Build a table from arrays; NaN and infinity become NULL.

    Parameters
    ----------
    columns : dict
        NumPy or Arrow arrays by column name.
    expected : pyarrow.Schema
        Columns of the table.

    Returns
    -------
    pyarrow.Table
        With exactly that schema.
    """
    arrays = [_column(columns[field.name], field.type) for field in expected]
    return pa.table(arrays, schema=expected)


def floats(table: pa.Table, name: str) -> FloatArray:
    """Read numbers; NULL and infinity become NaN.

    Parameters
    ----------
    table : pyarrow.Table
        Table.
    name : str
        Column.

    Returns
    -------
    array of shape (rows,)
        Doubles.
    """
    column = pc.fill_null(table.column(name).cast(pa.float64()), float("nan"))
    values = np.array(column.to_numpy(), dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def flags(table: pa.Table, name: str) -> BoolArray:
    """Read flags; NULL is false.

    Parameters
    ----------
    table : pyarrow.Table
        Table.
    name : str
        Column.

    Returns
    -------
    array of bool, shape (rows,)
        Flags.
    """
    column = pc.fill_null(table.column(name), False)  # noqa: FBT003
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=bool)


def strings(table: pa.Table, name: str, *, default: str = "") -> StringArray:
    """Read texts.

    Parameters
    ----------
    table : pyarrow.Table
        Table.
    name : str
        Column.
    default : str
        In place of NULL.

    Returns
    -------
    array of str, shape (rows,)
        Texts.
    """
    # Few texts are different: each is made a Python object once.
    encoded = pc.fill_null(table.column(name), default).combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    words = np.asarray(encoded.dictionary.to_pylist(), dtype=np.str_)
    return np.asarray(words[encoded.indices.to_numpy()])


def codes(table: pa.Table, names: list[str]) -> IntArray:
    """Give each distinct combination of columns a number; NULL is a value like others.

    Parameters
    ----------
    table : pyarrow.Table
        Table with one chunk a column.
    names : list of str
        Columns.

    Returns
    -------
    array of int, shape (rows,)
        From 0 without gaps.
    """
    code = np.zeros(table.num_rows, dtype=np.int64)
    for name in names:
        column = table.column(name).combine_chunks()
        encoded = column.dictionary_encode(null_encoding="encode")
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        values = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
        if values.any():
            combined = code * (int(values.max()) + 1) + values
            code = np.unique(combined, return_inverse=True)[1].astype(np.int64)
    return code


def only_row(group: IntArray, chosen: BoolArray) -> IntArray:
    """Find the only chosen row of each row's group.

    Parameters
    ----------
    group : array of int, shape (rows,)
        Numbered from 0.
    chosen : array of bool, shape (rows,)
        Rows to find.

    Returns
    -------
    array of int, shape (rows,)
        Row; -1 where none or several are chosen.
    """
    row = np.full(int(group.max()) + 1, -1)
    row[group[chosen]] = np.flatnonzero(chosen)
    row[np.bincount(group, weights=chosen) != 1] = -1
    return np.asarray(row[group])


def require_words(table: pa.Table, allowed: dict[str, list[str]]) -> None:
    """Refuse words that a column cannot hold.

    Parameters
    ----------
    table : pyarrow.Table
        Table.
    allowed : dict
        Words by column; NULL is always allowed.

    Raises
    ------
    ArgumentError
        Naming the column, the words allowed and those that came.
    """
    for name, words in allowed.items():
        got = set(pc.unique(table.column(name)).to_pylist()) - {None, *words}
        if got:
            msg = f"`{name}` must be one of {words}, got {sorted(got)}"
            raise ArgumentError(msg)


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_timestamp(kind):
        return column.cast(kind, safe=False)
    if pa.types.is_integer(kind) and not pa.types.is_integer(column.type):
        return column.cast(pa.float64()).cast(kind, safe=False)
    return column.cast(kind)


def _column(values: object, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values.cast(kind)
    array = np.asarray(values)
    if array.dtype.kind != "f":
        return pa.array(array.tolist() if array.dtype.kind == "U" else array, type=kind)
    undefined = ~np.isfinite(array)
    if pa.types.is_integer(kind):
        array = np.where(undefined, 0, array).astype(np.int64)
    return pa.array(array, type=kind, mask=undefined)
