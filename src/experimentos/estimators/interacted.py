"""Adjustment with a theta for each arm: regression with treatment-covariate interactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.arguments import positive
from experimentos.estimators.cuped import MINIMUM_UNITS_ADJUSTED
from experimentos.estimators.grouping import group_codes, totals
from experimentos.estimators.regressed import (
    Regressed,
    finish,
    is_usable,
    residual_variance,
    varies,
)
from experimentos.estimators.sweep import generalised_inverse

if TYPE_CHECKING:
    import numpy.typing as npt

    from experimentos.estimators.covariates import CrossMoments


def adjust_interacted(
    moments: CrossMoments,
    group: npt.ArrayLike,
    *,
    minimum_units: float = MINIMUM_UNITS_ADJUSTED,
) -> Regressed:
    r"""Adjust the means of arms by several covariates, each arm by its own theta.

    Parameters
    ----------
    moments : CrossMoments, fields of shape (k, ...)
        Joint moments of the arms: the outcome and p covariates.
    group : array of int, shape (k,)
        Metric group of each arm, numbered from 0: the covariate means are the group's.
    minimum_units : float
        Fewest units of an arm for the group to be adjusted.

    Returns
    -------
    Regressed, fields of shape (k, ...)
        For `compare_regressed`. NaN in a group where an arm has fewer units or an undefined
        moment, or where no covariate varies in an arm. A covariate that does not vary in an arm,
        or that those before it explain there, is left out in that arm: its theta is 0.

    Raises
    ------
    ArgumentError
        If `group` is not one whole number from 0 for each arm, or `minimum_units` is not positive.

    Notes
    -----
    Least squares in each arm alone, read off at the covariate means of all arms [1]_: in large
    samples never less precise than no adjustment, whatever the split and the effects. The variance
    is :math:`\sigma_k^2 (1/n_k + d_k' M_k^{-1} d_k)` with :math:`\sigma_k^2` on
    :math:`n_k - 1 - p` degrees of freedom, the classical one of each arm's own fit: it lets
    residual variances differ between arms, as Lin's sandwich does, but not inside an arm by the
    covariates, which second moments cannot tell. Under random assignment the two agree in large
    samples. The means of the covariates are estimated too, which adds
    :math:`(\theta_t - \theta_c)' S (\theta_t - \theta_c)` to the variance of a difference: effects
    are those in the population the units come from, where Lin's are those of the units at hand.

    References
    ----------
    .. [1] W. Lin (2013), The Annals of Applied Statistics 7, 295-318.

    Examples
    --------
    >>> from experimentos.estimators import CrossMoments, compare_regressed
    >>> earnings = CrossMoments(  # NSW job training: earnings of 1978, with those of 1975
    ...     n=[260.0, 185.0],
    ...     mean=[[4554.801126, 1266.909002], [6349.143530, 1532.055314]],
    ...     c2=[
    ...         [[7788766409.69, 385951921.66], [385951921.66, 2493780869.01]],
    ...         [[11388867248.63, 347501721.81], [347501721.81, 1906898014.08]],
    ...     ],
    ... )
    >>> found = adjust_interacted(earnings, [0, 0])
    >>> found.theta.round(4).tolist()
    [[0.1548], [0.1822]]
    >>> compare_regressed(found.take([0]), found.take([1])).estimate.round()
    array([1749.])
    """
    codes = group_codes("group", group, moments.n.size)
    least = float(positive("minimum_units", minimum_units))
    with np.errstate(all="ignore"):
        scale = moments.n[:, None] * moments.covariate_mean**2
        inverse, kept = generalised_inverse(moments.spread, varies(moments.spread, scale))
        usable = is_usable(moments, least) & kept.any(axis=1)
        refused = totals(codes, (~usable).astype(np.float64)) > 0
        theta = np.einsum("kij,kj->ki", inverse, moments.product)
        theta[refused[codes]] = np.nan
        variance, df = residual_variance(moments, theta, inverse)
        own = variance[:, None, None] * inverse
        return finish(moments, codes, theta, (variance, df), (own, np.zeros_like(own)))
