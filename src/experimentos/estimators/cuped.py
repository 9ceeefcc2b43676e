r"""Covariate adjustment (CUPED) by one covariate.

With :math:`\theta` from within-arm co-moments pooled over all arms of the metric,
:math:`\tilde y_k = \bar y_k - \theta(\bar x_k - \bar x)` where :math:`\bar x = \sum_j w_j \bar x_j`
is the mean over all arms. Put :math:`a_k = V(\bar y_k - \theta \bar x_k)`,
:math:`b_k = C(\bar y_k - \theta \bar x_k, \bar x_k)`, :math:`s_k = V(\bar x_k)` and
:math:`Q = \theta^2 \sum_j w_j^2 s_j`. Since :math:`\tilde y_k = (\bar y_k - \theta \bar x_k) +
\theta \sum_j w_j \bar x_j` and arms are independent,

.. math:: V(\tilde y_k) = a_k + 2\theta w_k b_k + Q, \qquad
          C(\tilde y_c, \tilde y_t) = \theta w_c b_c + \theta w_t b_t + Q,

so the difference has variance :math:`a_c + a_t`, and the lift (Fieller) uses the covariance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experimentos.arguments import one_of
from experimentos.estimators.comparison import Comparison, welch_df
from experimentos.estimators.grouping import group_codes, pool
from experimentos.estimators.ratio import ratio
from experimentos.moments import (
    BoolArray,
    FloatArray,
    IntArray,
    JointMoments,
    Moments,
    _ArrayStruct,
    divide,
)

MINIMUM_UNITS_ADJUSTED = 100
# A covariate varies where its variance is more than this share of its squared mean.
LEAST_SPREAD = 1e-20


THETAS = ("pooled", "within")


@dataclass(frozen=True)
class Adjusted(_ArrayStruct):
    """Covariate-adjusted means of arms, with what their covariances need.

    Parameters
    ----------
    n : array of shape (k,)
        Units of the arm.
    mean : array of shape (k,)
        Adjusted mean, centred at the covariate mean of all arms.
    variance_within : array of shape (k,)
        Variance of the arm's own part, ``a_k`` of the module's formulas.
    cross : array of shape (k,)
        ``theta w_k b_k``.
    common : array of shape (k,)
        ``Q``, the variance of the part all arms share.
    theta : array of shape (k,)
        Coefficient, metric units per unit of the covariate; NaN where not adjusted.
    """

    n: FloatArray
    mean: FloatArray
    variance_within: FloatArray
    cross: FloatArray
    common: FloatArray
    theta: FloatArray


def compare_adjusted(control: Adjusted, treatment: Adjusted) -> Comparison:
    """Set covariate-adjusted arms of one metric side by side, with their covariance.

    Parameters
    ----------
    control, treatment : Adjusted, fields of shape (k,)
        Adjusted arms; both must come from one call of `adjust`.

    Returns
    -------
    Comparison, fields of shape (k,)
        The variance of the difference is the sum of the two `variance_within`.
    """
    within = control.variance_within, treatment.variance_within
    with np.errstate(invalid="ignore", over="ignore"):
        return Comparison(
            n_control=control.n,
            n_treatment=treatment.n,
            mean_control=control.mean,
            mean_treatment=treatment.mean,
            var_control=within[0] + 2 * control.cross + control.common,
            var_treatment=within[1] + 2 * treatment.cross + treatment.common,
            covariance=control.cross + treatment.cross + control.common,
            df=welch_df(control.n, within[0], treatment.n, within[1]),
        )


def adjust(
    joint: JointMoments, group: IntArray, allowed: BoolArray, *, theta: str = "within"
) -> Adjusted:
    r"""Adjust the means of arms by their covariate, theta pooled over the arms of a group.

    Parameters
    ----------
    joint : JointMoments, fields of shape (k,)
        Joint moments of the arms; a ratio is adjusted through its linearisation, and so is the
        ratio of its covariates.
    group : array of int, shape (k,)
        Metric group of each arm, numbered from 0: theta and the covariate mean are the group's.
    allowed : array of bool, shape (k,)
        Whether the arm's metric has a covariate.
    theta : str
        ``within``: from the units' deviations from the means of their arm. ``pooled``: from their
        deviations from the mean of all arms, as if there were none; what most tools do.

    Returns
    -------
    Adjusted, fields of shape (k,)
        NaN in a group where an arm is not allowed or has fewer than 100 units, or where the
        covariate does not vary.

    Raises
    ------
    ArgumentError
        If `group` is not one whole number from 0 for each arm, or `theta` is unknown.

    Notes
    -----
    Within arms, :math:`\theta = \sum_k C_k(y, x) / \sum_k M_{2,k}(x)`: the slope of an analysis of
    covariance [1]_ [2]_. Pooled over units, the product of the arms' mean deviations in outcome and
    covariate is added: a real effect enters theta through the chance difference of the covariates
    and pulls the estimate a little towards 0.

    References
    ----------
    .. [1] A. Deng, Y. Xu, R. Kohavi, T. Walker (2013), WSDM, 123-132.
    .. [2] W. G. Cochran (1957), Biometrics 13, 261-281.

    Examples
    --------
    >>> spend = JointMoments.of_mean(  # Hillstrom: no e-mail, men's e-mail; last year's spending
    ...     [21306.0, 21307.0], [0.652789355, 1.422616511], [2860971.2, 6715902.6],
    ...     mean_cov=[240.88265, 242.83593], m2_cov=[1360903427.0, 1444228971.0],
    ...     c2_cov=[917658.4, 2496758.8],
    ... )  # fmt: skip
    >>> found = adjust(spend, np.array([0, 0]), np.array([True, True]))
    >>> found.theta.round(6), found.mean.round(4)
    (array([0.001217, 0.001217]), array([0.654 , 1.4214]))
    """
    codes = group_codes("group", group, joint.n.size)
    one_of("theta", theta, THETAS)
    with np.errstate(all="ignore"):
        outcome, covariate, product = linearised(joint)
        usable = (joint.n >= MINIMUM_UNITS_ADJUSTED) & np.isfinite(covariate.mean + product)
        refused = _sum_by(codes, ~(allowed & usable)) > 0
        spread = _sum_by(codes, covariate.m2)
        scale = _sum_by(codes, joint.n * covariate.mean**2)
        slope = divide(_sum_by(codes, product), spread)
        if theta == "pooled":
            _, total, shared = linearised(pool(joint, codes))
            slope = divide(shared, total.m2)[codes]
        slope = np.where(refused | ~(spread > LEAST_SPREAD * scale), np.nan, slope)
        weight = joint.n * joint.mean_den_cov
        weight = divide(weight, _sum_by(codes, weight))
        centre = _sum_by(codes, weight * covariate.mean)

        m2 = outcome.m2 - 2 * slope * product + slope**2 * covariate.m2
        # A metric that its covariate explains wholly leaves rounding only.
        m2 = np.where(m2 <= 8e-16 * outcome.m2, 0.0, m2) + 0 * slope
        residual = Moments(n=joint.n, mean=outcome.mean, m2=m2)
        cross = slope * weight * divide(product - slope * covariate.m2, joint.n * (joint.n - 1))
        return Adjusted(
            n=joint.n,
            mean=outcome.mean - slope * (covariate.mean - centre),
            variance_within=residual.variance_of_mean,
            cross=cross,
            common=slope**2 * _sum_by(codes, weight**2 * covariate.variance_of_mean),
            theta=slope,
        )


def linearised(joint: JointMoments) -> tuple[Moments, Moments, FloatArray]:
    """Moments of a metric and its covariate, ratios linearised, and their sum of products.

    Parameters
    ----------
    joint : JointMoments, fields of shape (k,)
        Joint moments of each arm.

    Returns
    -------
    outcome, covariate : Moments, fields of shape (k,)
        See `estimators.ratio`.
    product : array of shape (k,)
        Sum over units of the products of the deviations of the two.
    """
    outcome = ratio(joint)
    covariate_mean = divide(joint.mean_num_cov, joint.mean_den_cov)
    m2 = (
        joint.m2_num_cov
        - 2 * covariate_mean * joint.c2_num_cov_den_cov
        + covariate_mean**2 * joint.m2_den_cov
    )
    m2 = np.maximum(divide(divide(m2, joint.mean_den_cov), joint.mean_den_cov), 0.0)
    covariate = Moments(n=joint.n, mean=covariate_mean, m2=m2)
    product = (
        joint.c2_num_num_cov
        - covariate_mean * joint.c2_num_den_cov
        - outcome.mean * joint.c2_den_num_cov
        + outcome.mean * covariate_mean * joint.c2_den_den_cov
    )
    product = divide(divide(product, joint.mean_den), joint.mean_den_cov)
    return outcome, covariate, product


def _sum_by(group: IntArray, values: FloatArray | BoolArray) -> FloatArray:
    """Sum of each group, repeated at its elements."""
    sums = np.bincount(group, weights=values.astype(np.float64))
    return np.asarray(sums[group], dtype=np.float64)
