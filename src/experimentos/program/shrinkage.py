"""Empirical Bayes: the effects of many experiments, each drawn towards what is usual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from experimentos.arguments import numbers, probability, same_shape
from experimentos.program.families import Families

if TYPE_CHECKING:
    import numpy.typing as npt

    from experimentos.moments import BoolArray, FloatArray, IntArray

_STEPS = 200
_TOLERANCE = 1e-12


@dataclass(frozen=True)
class Shrunken:
    """Effects under the prior that the effects themselves suggest.

    Parameters
    ----------
    mean : array of shape (k,)
        Posterior mean of each true effect; NaN where undefined, as are the others.
    std_error : array of shape (k,)
        Posterior standard deviation; how well the prior's mean and spread are known is in it.
    lower, upper : array of shape (k,)
        Equal-tailed interval.
    weight : array of shape (k,)
        Share of the prior in `mean`, from 0 (nothing drawn) to 1.
    prior_mean, prior_mean_std_error, prior_sd : array of shape (k,)
        The prior of the family: its mean, how well that is known, and the spread of true effects.
    slope : array of shape (k,)
        By how much `mean` moves with the variance of true effects.
    prior_variance_std_error : array of shape (k,)
        How well that variance is known; 0 where it was taken as known.
    family : array of int, shape (k,)
        As given.
    """

    mean: FloatArray
    std_error: FloatArray
    lower: FloatArray
    upper: FloatArray
    weight: FloatArray
    prior_mean: FloatArray
    prior_mean_std_error: FloatArray
    prior_sd: FloatArray
    slope: FloatArray
    prior_variance_std_error: FloatArray
    family: IntArray


@dataclass(frozen=True)
class Total:
    """Sums of effects, one per family.

    Parameters
    ----------
    count : array of shape (f,)
        Effects in the sum.
    raw : array of shape (f,)
        Sum of the estimates as they were read; NaN where there is none to add, as are the others.
    mean, std_error : array of shape (f,)
        Posterior mean and standard deviation of the sum of the true effects.
    lower, upper : array of shape (f,)
        Equal-tailed interval.
    """

    count: FloatArray
    raw: FloatArray
    mean: FloatArray
    std_error: FloatArray
    lower: FloatArray
    upper: FloatArray


def shrink(
    estimate: npt.ArrayLike,
    std_error: npt.ArrayLike,
    family: npt.ArrayLike,
    *,
    alpha: float = 0.05,
    spread_is_known: bool = False,
) -> Shrunken:
    r"""Draw estimates towards the mean of their family, the more the less they are known.

    Parameters
    ----------
    estimate, std_error : array of shape (k,)
        Of each experiment. Rows in which one is NaN, or the standard error is not above 0, take no
        part and stay undefined.
    family : array of int, shape (k,)
        Which estimates are of one kind, for instance of one metric; numbered from 0.
    alpha : float
        Two-sided error rate of the intervals.
    spread_is_known : bool
        Whether the estimated spread of true effects is taken as known. The intervals are then those
        that programs for meta-analysis print, and too short.

    Returns
    -------
    Shrunken, fields of shape (k,)
        NaN in families of fewer than two estimates: one says nothing about the spread.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    :math:`y_i \mid \theta_i \sim N(\theta_i, s_i^2)`, :math:`\theta_i \sim N(\mu, \tau^2)` [1]_.
    :math:`\tau^2` maximises the restricted likelihood, by Fisher scoring [2]_; :math:`\mu` has a
    flat prior. With :math:`w_i = 1 / (s_i^2 + \tau^2)`, :math:`B_i = s_i^2 w_i`,
    :math:`\hat\mu = \sum w_i y_i / \sum w_i`, :math:`V = 1 / \sum w_i`: mean
    :math:`B_i \hat\mu + (1 - B_i) y_i`, variance :math:`(1 - B_i) s_i^2 + B_i^2 V + g_i^2 U` with
    :math:`g_i = s_i^2 w_i^2 (y_i - \hat\mu)`, the change of the mean with :math:`\tau^2`, and
    :math:`U` twice the inverse of the information on :math:`\tau^2` [3]_.

    A posterior does not care which experiments were looked at, or when they were stopped, as long
    as all of them are given, losers too: that is what undoes the winner's curse.

    References
    ----------
    .. [1] C. N. Morris (1983), Journal of the American Statistical Association 78, 47-55.
    .. [2] S. W. Raudenbush, A. S. Bryk (1985), Journal of Educational Statistics 10, 75-98;
       W. Viechtbauer (2005), Journal of Educational and Behavioral Statistics 30, 261-293.
    .. [3] R. E. Kass, D. Steffey (1989), Journal of the American Statistical Association 84,
       717-726.

    Examples
    --------
    >>> lifts, errors = [0.06, 0.01, -0.02, 0.00], [0.02, 0.02, 0.02, 0.02]
    >>> shrunken = shrink(lifts, errors, [0, 0, 0, 0])
    >>> shrunken.mean.round(4), shrunken.prior_mean[0].round(4)
    (array([ 0.0436,  0.0109, -0.0088,  0.0043]), np.float64(0.0125))
    """
    y, s = numbers("estimate", estimate), numbers("std_error", std_error)
    same_shape(estimate=y, std_error=s)
    groups = Families.of(family, y.shape)
    tail = float(probability("alpha", alpha)) / 2
    known = np.isfinite(y) & np.isfinite(s) & (s > 0)
    variance = np.where(known, s, 1.0) ** 2
    value = np.where(known, y, 0.0)
    spread = _restricted_variance(value, variance, known, groups)
    weight = known / (variance + groups.spread(spread))
    with np.errstate(divide="ignore", invalid="ignore"):
        enough = groups.sum(known) >= 2
        mean_variance = np.where(enough, 1 / groups.sum(weight), np.nan)
        mean = groups.sum(weight * value) * mean_variance
    defined = known & groups.spread(enough)
    share = np.where(defined, variance * weight, np.nan)
    center = groups.spread(mean)
    posterior = share * center + (1 - share) * value
    slope = share * weight * (value - center)
    doubt = np.where(enough, _variance_of_spread(weight, groups), np.nan) * (not spread_is_known)
    error = np.sqrt(
        (1 - share) * variance
        + share**2 * groups.spread(mean_variance)
        + slope**2 * groups.spread(doubt)
    )
    half = -ndtri(tail) * error
    return Shrunken(
        mean=posterior,
        std_error=error,
        lower=posterior - half,
        upper=posterior + half,
        weight=share,
        prior_mean=center,
        prior_mean_std_error=np.sqrt(groups.spread(mean_variance)),
        prior_sd=np.where(groups.spread(enough), np.sqrt(groups.spread(spread)), np.nan),
        slope=slope,
        prior_variance_std_error=np.where(
            groups.spread(enough), np.sqrt(groups.spread(doubt)), np.nan
        ),
        family=groups.number,
    )


def total(
    shrunken: Shrunken,
    estimate: npt.ArrayLike,
    chosen: npt.ArrayLike,
    *,
    alpha: float = 0.05,
) -> Total:
    r"""Add up the true effects of chosen experiments, those that were launched for instance.

    Parameters
    ----------
    shrunken : Shrunken
        Of all experiments, those that were not chosen too.
    estimate : array of shape (k,)
        Estimates as they were read.
    chosen : array of bool, shape (k,)
        Which to add up. They have to be independent: one per experiment.
    alpha : float
        Two-sided error rate of the intervals.

    Returns
    -------
    Total, fields of shape (f,)
        One per family number up to the largest.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    The posteriors depend on each other through the prior's mean and spread alone, so the variance
    of a sum is :math:`\sum (1 - B_i) s_i^2 + (\sum B_i)^2 V + (\sum g_i)^2 U`, with the names of
    `shrink`.

    Examples
    --------
    >>> lifts = [0.06, 0.01, -0.02, 0.00]
    >>> sums = total(shrink(lifts, [0.02] * 4, [0] * 4), lifts, [True, False, False, False])
    >>> sums.raw.round(4), sums.mean.round(4)
    (array([0.06]), array([0.0436]))
    """
    y = numbers("estimate", estimate)
    picked = np.asarray(chosen, dtype=bool)
    same_shape(estimate=y, chosen=picked, shrunken=shrunken.mean)
    tail = float(probability("alpha", alpha)) / 2
    groups = Families.of(shrunken.family, y.shape)
    picked = picked & np.isfinite(shrunken.mean)
    # What one effect owes to the prior's mean, and to its spread: shared by all of the family.
    to_mean = shrunken.weight * shrunken.prior_mean_std_error
    to_spread = shrunken.slope * shrunken.prior_variance_std_error
    own = shrunken.std_error**2 - to_mean**2 - to_spread**2
    count = groups.sum(picked)
    variance = (
        groups.sum(np.where(picked, own, 0.0))
        + groups.sum(np.where(picked, to_mean, 0.0)) ** 2
        + groups.sum(np.where(picked, to_spread, 0.0)) ** 2
    )
    some = count > 0
    mean = np.where(some, groups.sum(np.where(picked, shrunken.mean, 0.0)), np.nan)
    error = np.where(some, np.sqrt(variance), np.nan)
    half = -ndtri(tail) * error
    return Total(
        count=count,
        raw=np.where(some, groups.sum(np.where(picked, y, 0.0)), np.nan),
        mean=mean,
        std_error=error,
        lower=mean - half,
        upper=mean + half,
    )


def _restricted_variance(
    value: FloatArray, variance: FloatArray, known: BoolArray, groups: Families
) -> FloatArray:
    """Variance of the true effects in each family, 0 where the likelihood is largest there."""
    count = groups.sum(known)
    with np.errstate(divide="ignore", invalid="ignore"):
        center = groups.sum(value * known) / count
        residual = np.where(known, value - groups.spread(center), 0.0)
        # Started above the answer: below it, a flat likelihood near 0 could hold the search.
        spread = np.where(count >= 2, groups.sum(residual**2) / np.maximum(count - 1, 1), 0.0)
        for _ in range(_STEPS):
            step = _scoring_step(value, variance, known, groups, spread)
            after = np.where(np.isfinite(step), np.maximum(spread + step, 0.0), spread)
            settled = np.abs(after - spread) <= _TOLERANCE * (after + spread)
            spread = after
            if settled.all():
                break
    return spread


def _scoring_step(
    value: FloatArray,
    variance: FloatArray,
    known: BoolArray,
    groups: Families,
    spread: FloatArray,
) -> FloatArray:
    """Score over expected information of the restricted likelihood, per family."""
    w = known / (variance + groups.spread(spread))
    share = w / groups.spread(groups.sum(w))
    residual = np.where(known, value - groups.spread(groups.sum(share * value)), 0.0)
    score = groups.sum(w**2 * residual**2) - groups.sum(w * (1 - share))
    return score / _information(w, groups)


def _information(w: FloatArray, groups: Families) -> FloatArray:
    """Twice the expected information of the restricted likelihood on the variance.

    Written as a sum of what is not negative: nothing cancels where one weight is all there is.
    """
    share = w / groups.spread(groups.sum(w))
    part = share * w
    others = np.maximum(groups.spread(groups.sum(part)) - part, 0.0)
    return groups.sum((w * (1 - share)) ** 2) + groups.sum(part * others)


def _variance_of_spread(w: FloatArray, groups: Families) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return 2 / _information(w, groups)
