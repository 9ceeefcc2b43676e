"""Post-stratification: arms compared stratum by stratum, weighted alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.arguments import not_negative, positive
from experimentos.errors import ArgumentError
from experimentos.estimators.comparison import Comparison
from experimentos.estimators.grouping import AnyMoments, group_codes, pool, totals
from experimentos.moments import FloatArray, IntArray, JointMoments, Moments, divide

if TYPE_CHECKING:
    import numpy.typing as npt

# A stratum with fewer units in an arm has no variance.
LEAST_UNITS = 2


def post_stratify(
    control: AnyMoments,
    treatment: AnyMoments,
    group: npt.ArrayLike,
    *,
    counts: npt.ArrayLike | None = None,
) -> Comparison:
    r"""Means of two arms over strata, weighted by the units of both arms.

    Parameters
    ----------
    control, treatment : Moments or JointMoments, fields of shape (m,)
        Moments of each stratum of each comparison in the two arms. Joint moments make it a ratio.
    group : array of int, shape (m,)
        Comparison of each stratum, numbered from 0.
    counts : array of shape (m,), optional
        Units of each stratum where the weights come from: all arms of a test, or a population.
        Those of the two arms by default.

    Returns
    -------
    Comparison, fields of shape (k,)
        One element per comparison; strata without weight are left out. Variances are NaN where
        another stratum holds fewer than two units in an arm, and the mean where it holds none
        (see `merge_sparse`).

    Raises
    ------
    ArgumentError
        If the arms have different numbers of strata, `group` is not one whole number from 0 for
        each, a count is negative, or a comparison's counts are fewer than its units.

    Notes
    -----
    :math:`\tilde y_k = \sum_s W_s \bar y_{ks}` with :math:`W_s = N_s / N`. Given the units in each
    stratum of each arm, its variance is :math:`\sum_s W_s^2 s_{ks}^2 / n_{ks}` [1]_ [2]_:
    conditional on the split that came about, which is what post-stratification corrects for. The
    weights are a sample's too. With :math:`a_{ks} = \bar y_{ks} - \tilde y_k` that adds
    :math:`\frac1N \sum_s W_s a_{ks} a_{ls}` to the covariance of arms k and l, and so
    :math:`\frac1N \sum_s W_s (\tau_s - \tau)^2` to the variance of the difference [2]_: effects
    are those in the population the units come from. Means of strata differ by chance too, so
    :math:`\frac1N \sum_s W_s (1 - W_s) s_{ks}^2 / n_{ks}` is taken off each arm's variance, which
    is then unbiased. Degrees of freedom are Satterthwaite's over all strata and arms; with one
    stratum they are Welch's. Strata must be known before exposure.

    References
    ----------
    .. [1] W. G. Cochran (1977), Sampling Techniques, 3rd ed., section 5A.9.
    .. [2] L. W. Miratrix, J. S. Sekhon, B. Yu (2013), Journal of the Royal Statistical Society
       B 75, 369-396.

    Examples
    --------
    >>> control = Moments(  # NSW job training: earnings of those with and without a degree
    ...     n=[43.0, 217.0], mean=[4854.493, 4495.415], m2=[1334017151.5, 6450121910.2]
    ... )
    >>> treatment = Moments(
    ...     n=[54.0, 131.0], mean=[8046.518, 5649.462], m2=[3905245844.9, 7263911514.4]
    ... )
    >>> found = post_stratify(control, treatment, [0, 0])
    >>> found.estimate.round(), found.std_error.round(1)  # 1794 and 671.0 without strata
    (array([1598.]), array([667.5]))
    """
    arms = _as_joint(control), _as_joint(treatment)
    codes = _codes(arms, group)
    both = arms[0].n + arms[1].n
    size = both if counts is None else _counts(counts, codes, both)
    with np.errstate(all="ignore"):
        share = divide(size, totals(codes, size)[codes])
        found = [_weighted(arm, codes, share) for arm in arms]
        spread = [_where_used(share, stratum.variance_of_mean) for _, stratum in found]
        own = [totals(codes, share**2 * one) for one in spread]
        part = [
            _where_used(share, divide(share**2 * one, (own[0] + own[1])[codes]) ** 2 / (arm.n - 1))
            for one, arm in zip(spread, arms, strict=True)
        ]
        means = [_where_used(share, stratum.mean) for _, stratum in found]
        of_weights = [
            divide(totals(codes, share * values), totals(codes, size))
            for values in (
                means[0] ** 2 - (1 - share) * spread[0],
                means[1] ** 2 - (1 - share) * spread[1],
                means[0] * means[1] + 0 * (spread[0] + spread[1]),
            )
        ]
    return Comparison(
        n_control=totals(codes, arms[0].n),
        n_treatment=totals(codes, arms[1].n),
        mean_control=found[0][0],
        mean_treatment=found[1][0],
        var_control=own[0] + of_weights[0],
        var_treatment=own[1] + of_weights[1],
        covariance=of_weights[2],
        df=divide(np.ones_like(own[0]), totals(codes, part[0] + part[1])),
    )


def merge_sparse(
    control: AnyMoments,
    treatment: AnyMoments,
    group: npt.ArrayLike,
    *,
    minimum_units: float = LEAST_UNITS,
) -> tuple[AnyMoments, AnyMoments, IntArray]:
    """Merge strata with few units in an arm, so that every comparison can be post-stratified.

    Parameters
    ----------
    control, treatment : Moments or JointMoments, fields of shape (m,)
        Moments of each stratum of each comparison in the two arms.
    group : array of int, shape (m,)
        Comparison of each stratum, numbered from 0.
    minimum_units : float
        Fewest units of a stratum in each arm.

    Returns
    -------
    control, treatment : Moments or JointMoments, fields of shape (l,)
        The strata of each comparison that have fewer units in either arm are one stratum; if that
        still has too few, the next smallest (by its smaller arm) join it until it has enough.
    group : array of int, shape (l,)
        Comparison of each merged stratum.

    Raises
    ------
    ArgumentError
        If the arms have different numbers of strata, `group` is not one whole number from 0 for
        each, or `minimum_units` is not positive.

    Notes
    -----
    The rule looks at counts, never at outcomes. The estimate stays one of the same effect: only
    the merged strata are compared as a whole.

    Examples
    --------
    >>> control = Moments(n=[60.0, 3.0, 0.0], mean=[1.0, 2.0, np.nan], m2=[59.0, 2.0, np.nan])
    >>> treatment = Moments(n=[50.0, 4.0, 2.0], mean=[1.0, 2.0, 5.0], m2=[49.0, 2.0, 0.0])
    >>> merged = merge_sparse(control, treatment, [0, 0, 0])
    >>> merged[0].n, merged[1].n, merged[2]
    (array([ 3., 60.]), array([ 6., 50.]), array([0, 0]))
    """
    codes = _codes((control, treatment), group)
    least = float(positive("minimum_units", minimum_units))
    first, second = (np.where(np.isfinite(n), n, 0.0) for n in (control.n, treatment.n))
    smaller, some = np.minimum(first, second), first + second > 0
    order = np.lexsort((smaller, some, codes))
    sorted_codes, is_sparse = codes[order], (some & (smaller < least))[order]
    lacking = _sum_before(sorted_codes, first[order]) < least
    lacking |= _sum_before(sorted_codes, second[order]) < least
    merged = is_sparse | (lacking & (_sum_before(sorted_codes, is_sparse) > 0))
    starts = ~(merged & (_sum_before(sorted_codes, merged) > 0))
    stratum = np.empty(codes.size, dtype=np.int64)
    stratum[order] = np.cumsum(starts) - 1
    return pool(control, stratum), pool(treatment, stratum), sorted_codes[starts]


def _as_joint(moments: Moments | JointMoments) -> JointMoments:
    if isinstance(moments, JointMoments):
        return moments
    return JointMoments.of_mean(moments.n, moments.mean, moments.m2)


def _codes(
    arms: tuple[Moments | JointMoments, Moments | JointMoments], group: npt.ArrayLike
) -> IntArray:
    """Comparison of each stratum, once the arms are known to fit together."""
    shapes = [arm.n.shape for arm in arms]
    if shapes[0] != shapes[1] or len(shapes[0]) != 1:
        msg = f"`control` and `treatment` must have one row for each stratum, got {shapes}"
        raise ArgumentError(msg)
    return group_codes("group", group, arms[0].n.size)


def _weighted(arm: JointMoments, group: IntArray, share: FloatArray) -> tuple[FloatArray, Moments]:
    """Weighted ratio of an arm, and the strata's moments linearised at it."""
    num, den = (
        np.where(share == 0, 0.0, np.where(arm.n > 0, values, np.nan))
        for values in (arm.mean_num, arm.mean_den)
    )
    below = totals(group, share * den)
    value = divide(totals(group, share * num), below)
    at, scale = value[group], below[group]
    m2 = arm.m2_num - 2 * at * arm.c2_num_den + at**2 * arm.m2_den
    # Terms that cancel to less than their rounding carry no spread.
    m2 = np.where(m2 <= 8e-16 * (arm.m2_num + at**2 * arm.m2_den), 0.0, m2) + 0 * arm.m2_num
    mean = divide(num - at * den, scale)
    return value, Moments(n=arm.n, mean=mean, m2=divide(divide(m2, scale), scale))


def _counts(counts: npt.ArrayLike, group: IntArray, units: FloatArray) -> FloatArray:
    """Units that weights come from, which cannot be fewer than those compared."""
    size = not_negative("counts", counts, group.shape)
    short = totals(group, size) < (1 - 1e-9) * totals(group, units)
    if short.any():
        first = int(np.flatnonzero(short)[0])
        got, least = float(totals(group, size)[first]), float(totals(group, units)[first])
        msg = f"`counts` must be units, in all at least the {least} compared, got {got}"
        raise ArgumentError(msg)
    return size


def _where_used(share: FloatArray, values: FloatArray) -> FloatArray:
    """Values of strata that have weight, 0 of the others."""
    return np.where(share == 0, 0.0, values)


def _sum_before(group: IntArray, values: FloatArray | npt.NDArray[np.bool_]) -> FloatArray:
    """Sum of the earlier elements of the same group; groups stand together."""
    running = np.cumsum(values, dtype=np.float64) - values
    starts = np.flatnonzero(np.diff(group, prepend=-1) != 0)
    return running - np.repeat(running[starts], np.diff(starts, append=group.size))
