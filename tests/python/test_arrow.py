import decimal

import numpy as np
import pyarrow as pa
import pytest

from experimentos import arrow
from experimentos.errors import TableError

SCHEMA = arrow.schema("string: name; double: x; integer: n; flag: is_on; time: at")


def table(**columns):
    return pa.table(columns)


def test_types_of_warehouses_are_read():
    given = table(
        at=pa.array([0], pa.timestamp("ns", tz="UTC")), n=[3.0],
        name=pa.array(["a"]).cast("large_string"), x=[decimal.Decimal("1.5")],
        is_on=pa.nulls(1), more=[1],
    )  # fmt: skip
    found = arrow.read(given, SCHEMA)
    assert found.schema.equals(SCHEMA)
    assert found.to_pylist()[0]["x"] == 1.5


def test_every_missing_and_every_wrong_column_is_named():
    with pytest.raises(TableError, match="lacks the columns \\['x', 'is_on', 'at'\\]"):
        arrow.read(table(name=["a"], n=[1]), SCHEMA)
    wrong = table(name=["a"], n=["many"], x=["much"], is_on=[True], at=pa.nulls(1))
    with pytest.raises(TableError, match="x: double expected, got string; n: int64 expected"):
        arrow.read(wrong, SCHEMA)


def test_nan_and_infinity_are_written_as_null():
    columns = {
        "name": np.array(["a", "b", "c"]), "x": np.array([1.0, np.nan, -np.inf]),
        "n": np.array([3.0, np.nan, 2.0]), "is_on": np.array([True, False, True]),
        "at": pa.nulls(3, pa.timestamp("us")),
    }  # fmt: skip
    found = arrow.write(columns, SCHEMA)
    assert found.column("x").to_pylist() == [1.0, None, None]
    assert found.column("n").to_pylist() == [3, None, 2]


def test_null_is_a_key_like_others():
    given = table(a=["x", None, "x", None, "y"], b=[1, 1, 1, 1, None])
    found = arrow.codes(given, ["a", "b"])
    assert found[0] == found[2]
    assert found[1] == found[3]
    assert len(set(found.tolist())) == 3


def test_infinite_and_missing_numbers_are_read_as_nan():
    found = arrow.floats(table(x=[1.0, float("inf"), None]), "x")
    np.testing.assert_array_equal(found, [1.0, np.nan, np.nan])
