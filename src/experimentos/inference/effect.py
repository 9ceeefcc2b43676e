"""What a test method is given and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, overload

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from experimentos.arguments import probability
from experimentos.errors import ArgumentError
from experimentos.moments import BoolArray, FloatArray, _ArrayStruct

if TYPE_CHECKING:
    from collections.abc import Callable

    from experimentos.estimators import Comparison


BLOCK = 8192
ROUNDING = 1e-9


@dataclass(frozen=True)
class Null(_ArrayStruct):
    """A boundary to test: ``mu_t - weight * mu_c = shift``, one element per comparison.

    Parameters
    ----------
    weight : array of shape (k,)
        1 for a difference; ``1 + lift`` for a relative boundary.
    shift : array of shape (k,)
        Difference at the boundary, in metric units; 0 for a relative boundary.
    """

    weight: FloatArray
    shift: FloatArray


@dataclass(frozen=True)
class Tails(_ArrayStruct):
    """One-sided p-values against a boundary, one element per comparison.

    Parameters
    ----------
    less, greater : array of shape (k,)
        Small when the effect is shown to lie below, above, the boundary.
    """

    less: FloatArray
    greater: FloatArray

    @property
    def two_sided(self) -> FloatArray:
        """Twice the smaller tail, at most 1."""
        return np.asarray(np.minimum(1.0, 2 * np.minimum(self.less, self.greater)))


@dataclass(frozen=True)
class Interval(_ArrayStruct):
    """Limits, one element per comparison.

    Parameters
    ----------
    lower, upper : array of shape (k,)
        In metric units for a difference, a fraction for a lift.
    """

    lower: FloatArray
    upper: FloatArray


@dataclass(frozen=True)
class Method:
    """A test and the intervals dual to it.

    Parameters
    ----------
    tails : function of (Comparison, Null) giving Tails
        One-sided p-values against a boundary.
    interval : function of (Comparison, array) giving Interval
        Limits for the difference, each with the one-sided error rate given.
    lift_interval : function of (Comparison, array) giving Interval
        The same for the difference as a fraction of the absolute control mean.
    """

    tails: Callable[[Comparison, Null], Tails]
    interval: Callable[[Comparison, FloatArray], Interval]
    lift_interval: Callable[[Comparison, FloatArray], Interval]


@dataclass(frozen=True)
class Effect(_ArrayStruct):
    """Estimate, test and intervals, one element per comparison.

    Parameters
    ----------
    estimate, std_error, lower, upper : array of shape (k,)
        Treatment minus control, in metric units.
    p_value : array of shape (k,)
        Two-sided, against no difference.
    lift, lift_lower, lift_upper : array of shape (k,)
        The estimate as a fraction of the absolute control mean.
    """

    estimate: FloatArray
    std_error: FloatArray
    p_value: FloatArray
    lower: FloatArray
    upper: FloatArray
    lift: FloatArray
    lift_lower: FloatArray
    lift_upper: FloatArray


def no_effect(comparison: Comparison) -> Null:
    """Boundary of no difference.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Gives the shape.

    Returns
    -------
    Null, fields of shape (k,)
        Weight 1 and shift 0.
    """
    return Null(np.ones_like(comparison.df), np.zeros_like(comparison.df))


def null_at(comparison: Comparison, effect: FloatArray, is_relative: BoolArray) -> Null:
    """Boundary at an effect, relative to the absolute control mean or in metric units.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Gives the sign of the control mean: "2 % worse" of a negative mean is further down.
    effect : array of shape (k,)
        Signed effect at the boundary; NaN where there is none.
    is_relative : array of bool, shape (k,)
        Whether `effect` is a fraction of the control mean.

    Returns
    -------
    Null, fields of shape (k,)
        Linear contrast of the two means.
    """
    sign = np.where(comparison.mean_control < 0, -1.0, 1.0)
    with np.errstate(invalid="ignore"):
        return Null(
            weight=np.where(is_relative, 1 + sign * effect, 1 + 0 * effect),
            shift=np.where(is_relative, 0 * effect, effect),
        )


def lift(comparison: Comparison) -> FloatArray:
    """Difference as a fraction of the absolute control mean.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means.

    Returns
    -------
    array of shape (k,)
        Has the sign of the difference; NaN where the control mean is 0.
    """
    size = np.abs(comparison.mean_control)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(size == 0, np.nan, comparison.estimate / size)


def detectable(comparison: Comparison, tail: FloatArray, power: FloatArray) -> FloatArray:
    """Smallest true effect that would have been found, as a fraction of the control mean.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means with their variances.
    tail : array of shape (k,)
        One-sided level of the test.
    power : array of shape (k,)
        Probability to find it.

    Returns
    -------
    array of shape (k,)
        NaN where the standard error is undefined or 0, or the control mean is 0.
    """
    size = np.abs(comparison.mean_control)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        needed = (-ndtri(tail) + ndtri(power)) * comparison.std_error
        return np.where(size == 0, np.nan, needed / size)


def evaluate(method: Method, comparison: Comparison, *, alpha: npt.ArrayLike = 0.05) -> Effect:
    """Two-sided test and intervals of one method.

    Parameters
    ----------
    method : Method
        A value of `METHODS`.
    comparison : Comparison, fields of shape (k,)
        Two means with their variances.
    alpha : float or array of shape (k,)
        Two-sided error rate; intervals have coverage ``1 - alpha``.

    Returns
    -------
    Effect, fields of shape (k,)
        The lift and its limits are NaN where the control mean is not separated from 0.

    Raises
    ------
    ArgumentError
        If `alpha` is not between 0 and 1.
    """
    tail = probability("alpha", alpha, comparison.df.shape) / 2
    return in_blocks(lambda *block: _evaluate(method, *block), comparison, tail)


def in_blocks(
    call: Callable[..., Effect], first: _ArrayStruct, *others: _ArrayStruct | FloatArray
) -> Effect:
    """Call a function on blocks of comparisons that fit into a processor's cache.

    Parameters
    ----------
    call : function of the structs giving Effect
        Element ``i`` of its value depends on element ``i`` of each argument alone.
    first, *others : structs and arrays of shape (k,)
        What is cut into blocks.

    Returns
    -------
    Effect, fields of shape (k,)
        What one call would have given, sooner: temporaries stay in the cache.
    """
    given = (first, *others)
    shapes = {_shape(one) for one in given}
    if len(shapes) > 1:
        msg = f"structs and arrays of comparisons must have one shape, got {sorted(shapes)}"
        raise ArgumentError(msg)
    (shape,) = shapes
    if len(shape) != 1:
        flat = in_blocks(call, *(_reshaped(one, (-1,)) for one in given))  # type: ignore[arg-type]
        return _reshaped(flat, shape)
    if shape[0] <= BLOCK:
        return call(*given)
    result = {field.name: np.empty(shape) for field in fields(Effect)}
    for start in range(0, shape[0], BLOCK):
        rows = slice(start, start + BLOCK)
        block = call(*(_rows(one, rows) for one in given))
        for name, values in result.items():
            values[rows] = getattr(block, name)
    return Effect(**result)


def on_the_side_of(found: Tails, limits: Interval, tail: FloatArray) -> Interval:
    """Limits that exclude 0 exactly where a test of no effect rejects.

    Parameters
    ----------
    found : Tails, fields of shape (k,)
        One-sided p-values against no effect.
    limits : Interval, fields of shape (k,)
        Of the same method, to take rounding out, or of another.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Limits on the wrong side are moved to 0, or to the number next to it. NaN where the test
        is.

    Examples
    --------
    >>> found = Tails(less=np.array([0.98, 0.97]), greater=np.array([0.02, 0.03]))
    >>> limits = Interval(lower=np.array([-0.01, 0.01]), upper=np.array([0.5, 0.5]))
    >>> on_the_side_of(found, limits, np.full(2, 0.025)).lower > 0
    array([ True, False])
    """
    with np.errstate(invalid="ignore", under="ignore"):
        above, below = np.nextafter(0.0, 1.0), np.nextafter(0.0, -1.0)
        lower = np.where(
            found.greater < tail, np.maximum(limits.lower, above), np.minimum(limits.lower, 0.0)
        )
        upper = np.where(
            found.less < tail, np.minimum(limits.upper, below), np.maximum(limits.upper, 0.0)
        )
    undefined = np.isnan(found.less)
    return Interval(np.where(undefined, np.nan, lower), np.where(undefined, np.nan, upper))


def _without_rounding(found: Tails, limits: Interval, tail: FloatArray) -> Interval:
    """Put limits that are 0 but for rounding on the side of it that the dual test says."""
    moved = on_the_side_of(found, limits, tail)
    with np.errstate(invalid="ignore", over="ignore"):
        small = ROUNDING * (limits.upper - limits.lower)
        lower = np.where(np.abs(limits.lower) <= small, moved.lower, limits.lower)
        upper = np.where(np.abs(limits.upper) <= small, moved.upper, limits.upper)
    untested = np.isnan(found.less)
    return Interval(
        np.where(untested, limits.lower, lower), np.where(untested, limits.upper, upper)
    )


def _rows(given: _ArrayStruct | FloatArray, rows: slice) -> _ArrayStruct | FloatArray:
    return given.take(rows) if isinstance(given, _ArrayStruct) else given[rows]


def _shape(given: _ArrayStruct | FloatArray) -> tuple[int, ...]:
    if isinstance(given, _ArrayStruct):
        shape: tuple[int, ...] = getattr(given, fields(given)[0].name).shape  # type: ignore[arg-type]
        return shape
    return given.shape


@overload
def _reshaped(given: Effect, shape: tuple[int, ...]) -> Effect: ...
@overload
def _reshaped(given: FloatArray, shape: tuple[int, ...]) -> FloatArray: ...
def _reshaped(
    given: _ArrayStruct | FloatArray, shape: tuple[int, ...]
) -> _ArrayStruct | FloatArray:
    if isinstance(given, _ArrayStruct):
        return given._map(lambda name: getattr(given, name).reshape(shape))  # noqa: SLF001
    return given.reshape(shape)


def _evaluate(method: Method, comparison: Comparison, tail: FloatArray) -> Effect:
    tails = method.tails(comparison, no_effect(comparison))
    interval = _without_rounding(tails, method.interval(comparison, tail), tail)
    lift_interval = _without_rounding(tails, method.lift_interval(comparison, tail), tail)
    separated = ~np.isnan(lift_interval.lower) & ~np.isnan(lift_interval.upper)
    return Effect(
        estimate=comparison.estimate,
        std_error=comparison.std_error,
        p_value=tails.two_sided,
        lower=interval.lower,
        upper=interval.upper,
        lift=np.where(separated, lift(comparison), np.nan),
        lift_lower=lift_interval.lower,
        lift_upper=lift_interval.upper,
    )
