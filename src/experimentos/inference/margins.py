"""Non-inferiority, superiority by a margin, and equivalence, by any method of `METHODS`.

A margin is in metric units or a fraction of the absolute control mean. Interval and p-value of one
result always agree: the interval excludes the boundary exactly where the p-value is below alpha.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.arguments import not_negative, one_of, probability
from experimentos.errors import ArgumentError
from experimentos.inference import METHODS, welch
from experimentos.inference.effect import Interval, Method, Tails, lift, null_at
from experimentos.inference.margin_limits import agree_with_margin
from experimentos.inference.mixed import Goal, Mixed
from experimentos.moments import BoolArray, FloatArray, _ArrayStruct

if TYPE_CHECKING:
    from experimentos.estimators import Comparison

SIGNS = {"increase": 1.0, "decrease": -1.0}


@dataclass(frozen=True)
class MarginTest(_ArrayStruct):
    """Test of an effect against one boundary, one element per comparison.

    Parameters
    ----------
    estimate : array of shape (k,)
        Difference in metric units, or lift as a fraction of the absolute control mean.
    boundary : array of shape (k,)
        Effect that is to be beaten, in the unit of `estimate`.
    p_value : array of shape (k,)
        One- or two-sided, as asked, against the boundary.
    lower, upper : array of shape (k,)
        Limits of the effect; infinite on the side that a one-sided test leaves open. They exclude
        the boundary exactly where `p_value` is below alpha.
    direction : array of shape (k,)
        1 where an effect above the boundary is to be shown, -1 where one below it.
    """

    estimate: FloatArray
    boundary: FloatArray
    p_value: FloatArray
    lower: FloatArray
    upper: FloatArray
    direction: FloatArray

    @property
    def shown(self) -> BoolArray:
        """Whether the effect is shown to lie on the good side of the boundary; False for NaN."""
        above, below = self.lower > self.boundary, self.upper < self.boundary
        return np.where(self.direction > 0, above, below)


@dataclass(frozen=True)
class EquivalenceTest(_ArrayStruct):
    """Test of an effect lying between two boundaries, one element per comparison.

    Parameters
    ----------
    estimate : array of shape (k,)
        Difference in metric units, or lift as a fraction of the absolute control mean.
    lower_boundary, upper_boundary : array of shape (k,)
        Effects that are to be ruled out, in the unit of `estimate`.
    p_value : array of shape (k,)
        The larger of the two one-sided p-values.
    lower, upper : array of shape (k,)
        Limits with coverage ``1 - 2 alpha``: inside the boundaries exactly where `p_value` is below
        alpha.
    """

    estimate: FloatArray
    lower_boundary: FloatArray
    upper_boundary: FloatArray
    p_value: FloatArray
    lower: FloatArray
    upper: FloatArray

    @property
    def shown(self) -> BoolArray:
        """Whether the effect is shown to lie between the boundaries; False for NaN."""
        return (self.lower > self.lower_boundary) & (self.upper < self.upper_boundary)


def noninferior(
    comparison: Comparison, margin: npt.ArrayLike, *, method: str = "welch",
    is_relative: npt.ArrayLike = False, goal: str = "increase", alpha: npt.ArrayLike = 0.05,
    sides: int = 1,
) -> MarginTest:  # fmt: skip
    r"""Test that the treatment is worse than control by less than a margin.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means with their variances.
    margin : float or array of shape (k,)
        Largest deterioration allowed, 0 or more; NaN where there is none.
    method : str
        A key of `METHODS`; NaN where it has no test of such a boundary.
    is_relative : bool or array of bool, shape (k,)
        Whether the margin is a fraction of the absolute control mean or in metric units.
    goal : str
        What is good: ``increase`` or ``decrease``.
    alpha : float or array of shape (k,)
        Error rate of the test; below one half if one-sided.
    sides : int
        1, or 2 for a two-sided p-value and interval: at twice the alpha, the same limit.

    Returns
    -------
    MarginTest, fields of shape (k,)
        For a relative margin the p-value is at least that of the control mean being 0, on its
        observed side: where control is not separated from 0 at this level, nothing is shown and
        estimate and limits are NaN.

    Raises
    ------
    ArgumentError
        If the margin is negative, alpha out of range, or a name unknown.

    Notes
    -----
    For an increase :math:`H_0: \mu_t - \mu_c \le -m`, or :math:`H_0: \mu_t - (1 - m) \mu_c \le 0`
    for a relative margin [1]_: a linear contrast of the means, whose interval is Fieller's. Where
    an exact test of the boundary is not the one that the interval inverts, the limit that faces the
    boundary is moved to the side that the test says.

    References
    ----------
    .. [1] D. Hauschke, M. Kieser, L. A. Hothorn (1999), Biometrical Journal 41, 295-304.

    Examples
    --------
    >>> from experimentos.inference.counts import compare_rates
    >>> from experimentos.moments import Moments
    >>> control = Moments([44700.0], [8502 / 44700], [0.0])  # Cookie Cats, retention after 7 days
    >>> treatment = Moments([45489.0], [8279 / 45489], [0.0])
    >>> rates = compare_rates(control, treatment)
    >>> noninferior(rates, 0.01, method="score").shown  # no more than one point lost?
    array([False])
    >>> noninferior(rates, 0.07, method="score", is_relative=True).shown
    array([ True])
    """
    allowed = not_negative("margin", margin, comparison.df.shape)
    sign = SIGNS[one_of("goal", goal, SIGNS)]
    return _test(comparison, -sign * allowed, method, is_relative, sign, alpha, sides)


def superior(
    comparison: Comparison, margin: npt.ArrayLike = 0.0, *, method: str = "welch",
    is_relative: npt.ArrayLike = False, goal: str = "increase", alpha: npt.ArrayLike = 0.05,
    sides: int = 1,
) -> MarginTest:  # fmt: skip
    """Test that the treatment is better than control by more than a margin.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means with their variances.
    margin : float or array of shape (k,)
        Improvement that is to be exceeded, 0 or more: 0 is plain superiority.
    method : str
        A key of `METHODS`; NaN where it has no test of such a boundary.
    is_relative : bool or array of bool, shape (k,)
        Whether the margin is a fraction of the absolute control mean or in metric units.
    goal : str
        What is good: ``increase`` or ``decrease``.
    alpha : float or array of shape (k,)
        Error rate of the test; below one half if one-sided.
    sides : int
        1, or 2 for a two-sided p-value and interval: at twice the alpha, the same limit.

    Returns
    -------
    MarginTest, fields of shape (k,)
        As `noninferior`.

    Raises
    ------
    ArgumentError
        If the margin is negative, alpha out of range, or a name unknown.

    Examples
    --------
    >>> from experimentos.estimators import compare
    >>> from experimentos.moments import Moments
    >>> drug_1 = Moments(n=[10.0], mean=[0.75], m2=[28.805])  # Student's sleep data
    >>> drug_2 = Moments(n=[10.0], mean=[2.33], m2=[36.081])
    >>> superior(compare(drug_1, drug_2)).p_value.round(6)
    array([0.039697])
    """
    exceeded = not_negative("margin", margin, comparison.df.shape)
    sign = SIGNS[one_of("goal", goal, SIGNS)]
    return _test(comparison, sign * exceeded, method, is_relative, sign, alpha, sides)


def equivalent(
    comparison: Comparison, margin: npt.ArrayLike | tuple[npt.ArrayLike, npt.ArrayLike], *,
    method: str = "welch", is_relative: npt.ArrayLike = False, alpha: npt.ArrayLike = 0.05,
) -> EquivalenceTest:  # fmt: skip
    r"""Test that the effect lies between two boundaries, by two one-sided tests.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means with their variances.
    margin : float or array of shape (k,), or tuple of two of them
        Distance of both boundaries from 0; a tuple is the lower and the upper boundary.
    method : str
        A key of `METHODS`; NaN where it has no test of such a boundary.
    is_relative : bool or array of bool, shape (k,)
        Whether boundaries are fractions of the absolute control mean or in metric units.
    alpha : float or array of shape (k,)
        Error rate of the test, below one half; the interval has coverage ``1 - 2 alpha``.

    Returns
    -------
    EquivalenceTest, fields of shape (k,)
        For relative boundaries as `noninferior`.

    Raises
    ------
    ArgumentError
        If a margin is negative, a lower boundary not below the upper one, alpha out of range, or
        the method unknown.

    Notes
    -----
    :math:`p = \max(p_{\mathrm{lower}}, p_{\mathrm{upper}})` of the one-sided tests against the two
    boundaries: an intersection-union test, so that neither needs a correction [1]_.

    References
    ----------
    .. [1] D. J. Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15, 657-680.

    Examples
    --------
    >>> from experimentos.estimators import compare
    >>> from experimentos.moments import Moments
    >>> control = Moments([200.0], [10.0], [800.0])
    >>> treatment = Moments([200.0], [10.1], [800.0])
    >>> equivalent(compare(control, treatment), 0.05, is_relative=True).shown  # within 5 %
    array([ True])
    """
    shape = comparison.df.shape
    low, high = _boundaries(margin, shape)
    relative, tail = _flags(is_relative, shape), _tail(alpha, 1, shape)
    above = _tails(comparison, low, method, relative).greater
    below = _tails(comparison, high, method, relative).less
    p_value = np.maximum(above, below)
    limits = _limits(METHODS[method], comparison, relative, tail)
    estimate = _estimate(comparison, relative, limits)
    limits = _agree(limits, low, above, tail, side=1.0)
    limits = _agree(limits, high, below, tail, side=-1.0)
    shown = (limits.lower > low) & (limits.upper < high)
    p_value, limits = _undefined(p_value, limits, shown, tail)
    return EquivalenceTest(
        estimate=estimate,
        lower_boundary=low,
        upper_boundary=high,
        p_value=p_value,
        lower=limits.lower,
        upper=limits.upper,
    )


def _test(
    comparison: Comparison, boundary: FloatArray, method: str, is_relative: npt.ArrayLike,
    sign: float, alpha: npt.ArrayLike, sides: int,
) -> MarginTest:  # fmt: skip
    """One- or two-sided test of one boundary, with the interval dual to it."""
    shape = comparison.df.shape
    relative, tail = _flags(is_relative, shape), _tail(alpha, sides, shape)
    tails = _tails(comparison, boundary, method, relative)
    limits = _limits(METHODS[method], comparison, relative, tail)
    estimate = _estimate(comparison, relative, limits)
    if sides == 2 or sign > 0:
        limits = _agree(limits, boundary, tails.greater, tail, side=1.0)
    if sides == 2 or sign < 0:
        limits = _agree(limits, boundary, tails.less, tail, side=-1.0)
    if sides == 1:
        limits = _open(limits, sign)
    p_value = tails.two_sided if sides == 2 else tails.greater if sign > 0 else tails.less
    excludes = (limits.lower > boundary) | (limits.upper < boundary)
    p_value, limits = _undefined(p_value, limits, excludes, sides * tail)
    return MarginTest(
        estimate=estimate,
        boundary=boundary,
        p_value=p_value,
        lower=limits.lower,
        upper=limits.upper,
        direction=np.full(shape, sign),
    )


def _tails(comparison: Comparison, boundary: FloatArray, method: str, relative: BoolArray) -> Tails:
    """One-sided p-values, for a relative boundary at least that of a control mean of 0."""
    tested = METHODS[one_of("method", method, METHODS)]
    tails = tested.tails(comparison, null_at(comparison, boundary, relative))
    if not relative.any():
        return tails
    # A lift that is not Fieller's is one of counted rates: undefined without an event in control.
    kind = "welch" if tested.lift_interval is welch.lift_interval else "score"
    with np.errstate(invalid="ignore"):
        separation = Mixed(comparison, np.full(relative.shape, kind)).separation()
    return Tails(
        *(np.where(relative, np.maximum(p, separation), p) for p in (tails.less, tails.greater))
    )


def _limits(
    method: Method, comparison: Comparison, relative: BoolArray, tail: FloatArray
) -> Interval:
    """Limits of the lift where the boundary is relative, of the difference elsewhere."""
    if relative.all():
        return method.lift_interval(comparison, tail)
    limits = method.interval(comparison, tail)
    if relative.any():
        limits = limits.replace(relative, method.lift_interval(comparison, tail))
    return limits


def _agree(
    limits: Interval, boundary: FloatArray, p_value: FloatArray, tail: FloatArray, *, side: float
) -> Interval:
    """Put the lower (side 1) or upper (side -1) limit beyond the boundary exactly where shown.

    For most methods that moves a limit by its rounding only, if at all.
    """
    tested = ~np.isnan(p_value)
    goal = Goal(np.full(boundary.shape, side), -side * boundary, tested)
    return agree_with_margin(limits, goal, tested, p_value < tail)


def _undefined(
    p_value: FloatArray, limits: Interval, shown: BoolArray, alpha: FloatArray
) -> tuple[FloatArray, Interval]:
    """Leave neither p-value nor limits where one of them is undefined and the other rejects."""
    missing = np.isnan(limits.lower) | np.isnan(limits.upper)
    untested = np.isnan(p_value) & shown
    lower, upper = (np.where(untested, np.nan, one) for one in (limits.lower, limits.upper))
    return np.where(missing & (p_value < alpha), np.nan, p_value), Interval(lower, upper)


def _open(limits: Interval, sign: float) -> Interval:
    """Leave the limit on the good side open."""
    missing = np.isnan(limits.lower) | np.isnan(limits.upper)
    end = np.where(missing, np.nan, sign * np.inf)
    return Interval(limits.lower, end) if sign > 0 else Interval(end, limits.upper)


def _estimate(comparison: Comparison, relative: BoolArray, limits: Interval) -> FloatArray:
    separated = ~np.isnan(limits.lower) & ~np.isnan(limits.upper)
    fraction = np.where(separated, lift(comparison), np.nan)
    return np.where(relative, fraction, comparison.estimate)


def _boundaries(
    margin: npt.ArrayLike | tuple[npt.ArrayLike, npt.ArrayLike], shape: tuple[int, ...]
) -> tuple[FloatArray, FloatArray]:
    if not isinstance(margin, tuple):
        distance = not_negative("margin", margin, shape)
        return -distance, distance
    both = [np.asarray(one, dtype=np.float64) for one in margin]
    if len(both) != 2 or any(one.shape not in {(), shape} for one in both):
        msg = f"`margin` must be a tuple of two numbers or arrays of shape {shape}, got {margin!r}"
        raise ArgumentError(msg)
    low, high = (np.array(np.broadcast_to(one, shape)) for one in both)
    wrong = low >= high
    if wrong.any():
        pair = float(low[wrong][0]), float(high[wrong][0])
        msg = f"`margin` must have its lower boundary below the upper one, got {pair}"
        raise ArgumentError(msg)
    return low, high


def _flags(is_relative: npt.ArrayLike, shape: tuple[int, ...]) -> BoolArray:
    flags = np.asarray(is_relative)
    if flags.dtype != np.bool_ or flags.shape not in {(), shape}:
        msg = f"`is_relative` must be a bool or an array of bool of shape {shape}, got {flags!r}"
        raise ArgumentError(msg)
    return np.broadcast_to(flags, shape)


def _tail(alpha: npt.ArrayLike, sides: int, shape: tuple[int, ...]) -> FloatArray:
    """One-sided error rate of each limit."""
    if sides not in {1, 2}:
        msg = f"`sides` must be 1 or 2, got {sides!r}"
        raise ArgumentError(msg)
    tail = probability("alpha", alpha, shape) / sides
    if (tail >= 0.5).any():
        msg = f"`alpha` of a one-sided test must be below 0.5, got {float(tail.max())!r}"
        raise ArgumentError(msg)
    return tail
