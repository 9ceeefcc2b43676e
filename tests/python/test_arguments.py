from decimal import Decimal

import numpy as np
import pytest

import experimentos as ex
from experimentos.arguments import numbers, one_of, same_shape
from experimentos.errors import ArgumentError, InputError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, 2], [1.0, 2.0]),
        ([True, False], [1.0, 0.0]),
        ([Decimal("1.5"), None], [1.5, np.nan]),
        (np.float32([0.5]), [0.5]),
        (np.ma.array([1.0, 99.0], mask=[False, True]), [1.0, np.nan]),
        (np.arange(6)[::-2], [5.0, 3.0, 1.0]),
        ([], []),
    ],
)
def test_whatever_holds_numbers_is_read(given, expected):
    np.testing.assert_array_equal(numbers("x", given), expected)


@pytest.mark.parametrize(
    "given",
    [
        ["1", "2"], "0.05", [1, "2"], [[1, 2], [3]], [10**400], [1 + 2j],
        np.array(["2026-01-01"], dtype="datetime64[D]"), {"a": 1},
    ],
)  # fmt: skip
def test_what_does_not_is_refused_by_name(given):
    with pytest.raises(ArgumentError, match="`x` must be numbers, got "):
        numbers("x", given)
    with pytest.raises(InputError):
        ex.Moments(given, [1.0], [1.0])


def test_names_that_cannot_be_names_are_refused():
    with pytest.raises(ArgumentError, match="`method` must be one of"):
        one_of("method", ["welch"], {"welch": 1})


def arm(*shape):
    return ex.Moments(np.full(shape, 10.0), np.full(shape, 0.5), np.full(shape, 2.5))


@pytest.mark.parametrize("method", [ex.welch, ex.score, ex.exact_rates, ex.newcombe, ex.wald])
@pytest.mark.parametrize(
    ("first", "second"), [((3,), (4,)), ((16384,), (20000,)), ((9000,), (1,)), ((2, 2), (4,))]
)
def test_arms_of_different_shapes_are_refused(method, first, second):
    with pytest.raises(InputError, match="shape"):
        method(arm(*first), arm(*second))


@pytest.mark.parametrize("method", [ex.welch, ex.score, ex.exact_rates, ex.newcombe])
@pytest.mark.parametrize("shape", [(), (3, 1), (2, 2), (0,), (0, 2), (1, 1, 4)])
def test_any_shape_gives_what_one_dimension_gives(method, shape):
    rng = np.random.default_rng(1)
    n = rng.integers(2, 30, shape).astype(float)
    events = np.floor(rng.uniform(size=shape) * n), np.floor(rng.uniform(size=shape) * n)
    arms = [ex.Moments(n, x / n, x * (1 - x / n)) for x in events]
    flat = [ex.Moments(a.n.ravel(), a.mean.ravel(), a.m2.ravel()) for a in arms]
    found, expected = method(*arms), method(*flat)
    for name in ("estimate", "p_value", "lower", "upper", "lift_lower"):
        assert getattr(found, name).shape == shape
        np.testing.assert_array_equal(getattr(found, name).ravel(), getattr(expected, name))


def test_one_shape():
    assert same_shape(a=np.ones(3), b=np.zeros(3)) == (3,)
