"""The score test of two rates, corrected for the skewness of its statistic.

Arms of different sizes leave the score statistic skewed where events are few: at 16 expected events
in a treatment of 4 % of the units it exceeds 1.96 in 3.1 % of experiments without a difference,
and falls below -1.96 in 1.8 %. The correction takes both to 2.5 %.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from experimentos.inference.counts import compare_arms
from experimentos.inference.effect import (
    Effect,
    Interval,
    Method,
    Null,
    Tails,
    evaluate,
    no_effect,
    on_the_side_of,
)
from experimentos.inference.roots import find_roots
from experimentos.inference.score_search import pulled
from experimentos.inference.score_statistic import (
    Counts,
    counts,
    difference_statistic,
    pooled_statistic,
    pull_apart,
    ratio_rates,
    ratio_statistic,
)
from experimentos.inference.skewness import NEGLIGIBLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from experimentos.estimators import Comparison
    from experimentos.moments import BoolArray, FloatArray, Moments

_TOLERANCE = 1e-15


def is_skewed(comparison: Comparison) -> BoolArray:
    """Tell where the score statistic of no difference is too skewed to be left as it is.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.

    Returns
    -------
    array of bool, shape (k,)
        True where its skewness, at the pooled rate, is above 0.02: arms of one size never.
    """
    with np.errstate(all="ignore"):
        return np.asarray(np.abs(pooled_skewness(counts(comparison))) > NEGLIGIBLE)


@np.errstate(all="ignore")
def pooled_skewness(data: Counts) -> FloatArray:
    """Skewness of the score statistic against no difference.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.

    Returns
    -------
    array of shape (k,)
        At the pooled rate; NaN where that is 0 or 1.
    """
    units = data.n_c + data.n_t
    rate, rest = (data.x_c + data.x_t) / units, (units - data.x_c - data.x_t) / units
    arm = rate, rest
    return _skewness(data, arm, arm, 1.0)


@np.errstate(all="ignore")
def difference_skewness(data: Counts, difference: FloatArray) -> FloatArray:
    """Skewness of the score statistic against a difference of rates.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.
    difference : array of shape (k,)
        Difference at the boundary.

    Returns
    -------
    array of shape (k,)
        At the rates of largest likelihood; NaN where they leave no variance.
    """
    contrast, first, second, multiplier = pull_apart(data, difference)
    third, variance = np.zeros_like(contrast), np.zeros_like(contrast)
    for arm in (first, second):
        rate, product, _ = pulled(arm.count, arm.rest, arm.units, multiplier)
        third = third + product * (1 - 2 * rate) / arm.units**2
        variance = variance + product / arm.units
    return np.where(contrast >= 0, 1.0, -1.0) * third / variance**1.5


@np.errstate(all="ignore")
def ratio_skewness(data: Counts, ratio: FloatArray) -> FloatArray:
    """Skewness of the score statistic against a ratio of rates.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.
    ratio : array of shape (k,)
        Ratio at the boundary.

    Returns
    -------
    array of shape (k,)
        At the rates of largest likelihood; NaN where they leave no variance.
    """
    return _skewness(data, *ratio_rates(data, np.maximum(ratio, 0.0)), ratio)


@np.errstate(all="ignore")
def tails(comparison: Comparison, null: Null) -> Tails:
    r"""One-sided p-values against a difference or a ratio of rates.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    null : Null, fields of shape (k,)
        Boundary: weight 1 with any shift, or any weight with shift 0.

    Returns
    -------
    Tails, fields of shape (k,)
        As `score.tails`, of the corrected statistic.

    Notes
    -----
    The statistic :math:`Z` has the quantiles :math:`z + \gamma (z^2 - 1)/6` (Cornish and Fisher's
    first term), :math:`\gamma = \{\tilde p_t \tilde q_t (\tilde q_t - \tilde p_t)/n_t^2 - R^3
    \tilde p_c \tilde q_c (\tilde q_c - \tilde p_c)/n_c^2\} / V^{3/2}` at the rates
    :math:`\tilde p` of largest likelihood, so the normal deviate is the :math:`z` that solves it
    [1]_ [2]_ [3]_.

    References
    ----------
    .. [1] J. J. Gart, J. Nam (1988), Biometrics 44, 323-338.
    .. [2] J. J. Gart, J. Nam (1990), Biometrics 46, 637-643.
    .. [3] P. J. Laud (2017), Pharmaceutical Statistics 16, 334-348.
    """
    data = counts(comparison)
    deviate = _without_skewness(pooled_statistic(data), pooled_skewness(data))
    is_ratio = null.weight != 1
    for rows, function, boundary in (
        (np.flatnonzero(is_ratio), _at_ratio, null.weight),
        (np.flatnonzero((null.shift != 0) & ~is_ratio), _at_difference, null.shift),
    ):
        if rows.size:
            deviate[rows] = function(data.take(rows), boundary[rows])
    return Tails(less=ndtr(deviate), greater=ndtr(-deviate))


@np.errstate(all="ignore")
def interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Limits for the difference of two rates, by inverting the corrected test.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Within -1 and 1.
    """
    data, critical = counts(comparison), -ndtri(tail)
    end = np.ones_like(critical)

    def limit(wanted: FloatArray) -> FloatArray:
        return _root(lambda boundary: _at_difference(data, boundary) - wanted, -end, end)

    limits = Interval(limit(critical), limit(-critical))
    return on_the_side_of(tails(comparison, no_effect(comparison)), limits, tail)


@np.errstate(all="ignore")
def lift_interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Limits for the lift of a rate, by inverting the corrected test of the ratio.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Fractions; NaN where control has no event.
    """
    data, critical = counts(comparison), -ndtri(tail)
    zero, one = np.zeros_like(critical), np.ones_like(critical)

    # In ratio / (1 + ratio), which has an end.
    def limit(wanted: FloatArray) -> FloatArray:
        share = _root(lambda x: _at_ratio(data, x / (1 - x)) - wanted, zero, one)
        return np.where(data.x_c > 0, (2 * share - 1) / (1 - share), np.nan)

    limits = Interval(limit(critical), limit(-critical))
    found = on_the_side_of(tails(comparison, no_effect(comparison)), limits, tail)
    none = ~(data.x_c > 0)
    return Interval(np.where(none, np.nan, found.lower), np.where(none, np.nan, found.upper))


def skewed_score(control: Moments, treatment: Moments, *, alpha: float = 0.05) -> Effect:
    """Test and intervals for two proportions by the score statistic corrected for its skewness.

    Parameters
    ----------
    control, treatment : Moments, fields of shape (k,)
        Rates over units; events are ``mean * n``.
    alpha : float
        Two-sided error rate; intervals have coverage ``1 - alpha``, half of what is missed on
        either side.

    Returns
    -------
    Effect, fields of shape (k,)
        `p_value` is twice the smaller tail.

    Raises
    ------
    MomentsError
        If a rate is below 0 or above 1.
    ArgumentError
        If `alpha` is not between 0 and 1.

    Examples
    --------
    >>> from experimentos.moments import Moments
    >>> control, treatment = Moments([25.0], [0.08], [0.0]), Moments([25.0], [0.28], [0.0])
    >>> found = skewed_score(control, treatment)  # Gart and Nam (1990): -0.014 to 0.414
    >>> found.lower.round(3), found.upper.round(3)
    (array([-0.014]), array([0.414]))
    """
    return evaluate(METHOD, compare_arms(control, treatment), alpha=alpha)


def _skewness(
    data: Counts, control: tuple[FloatArray, FloatArray], treatment: tuple[FloatArray, FloatArray],
    ratio: FloatArray | float,
) -> FloatArray:  # fmt: skip
    """Skewness of ``x_t / n_t - ratio * x_c / n_c``, binomial with rates and their complements."""
    (p_c, q_c), (p_t, q_t) = control, treatment
    v_c, v_t = p_c * q_c / data.n_c, p_t * q_t / data.n_t
    third = v_t * (q_t - p_t) / data.n_t - ratio**3 * v_c * (q_c - p_c) / data.n_c
    return np.asarray(third / (v_t + ratio**2 * v_c) ** 1.5)


def _without_skewness(statistic: FloatArray, skewness: FloatArray) -> FloatArray:
    """Deviate whose quantile the statistic is; where there is none, further out the same way."""
    a = np.nan_to_num(skewness) / 6
    root = np.sqrt(np.maximum(1 + 4 * a * (statistic + a), 0.0))
    return np.where(np.isinf(statistic), statistic, 2 * (statistic + a) / (1 + root))


def _at_difference(data: Counts, difference: FloatArray) -> FloatArray:
    statistic = difference_statistic(data, difference)
    return _without_skewness(statistic, difference_skewness(data, difference))


def _at_ratio(data: Counts, ratio: FloatArray) -> FloatArray:
    return _without_skewness(ratio_statistic(data, ratio), ratio_skewness(data, ratio))


def _root(
    function: Callable[[FloatArray], FloatArray], low: FloatArray, high: FloatArray
) -> FloatArray:
    return find_roots(function, low, high, tolerance=np.full(low.shape, _TOLERANCE))


METHOD = Method(tails=tails, interval=interval, lift_interval=lift_interval)
