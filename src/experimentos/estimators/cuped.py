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

from experimentos.estimators.comparison import Comparison, welch_df
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


def adjust(joint: JointMoments, group: IntArray, allowed: BoolArray) -> Adjusted:
    """Adjust the means of arms by their covariate, theta pooled over the arms of a group.

    Parameters
    ----------
    joint : JointMoments, fields of shape (k,)
        Joint moments of the arms; a ratio is adjusted through its linearisation, and so is the
        ratio of its covariates.
    group : array of int, shape (k,)
        Metric group of each arm, numbered from 0: theta and the covariate mean are the group's.
    allowed : array of bool, shape (k,)
        Whether the arm's metric has a covariate.

    Returns
    -------
    Adjusted, fields of shape (k,)
        NaN in a group where an arm is not allowed or has fewer than 100 units, or where the
        covariate does not vary.

    References
    ----------
    .. [1] A. Deng, Y. Xu, R. Kohavi, T. Walker (2013), WSDM, 123-132.
    """
    outcome, covariate, product = _linearised(joint)
    passes = allowed & (joint.n >= MINIMUM_UNITS_ADJUSTED) & np.isfinite(covariate.mean + product)
    refused = _sum_by(group, ~passes) > 0
    spread = _sum_by(group, covariate.m2)
    scale = _sum_by(group, joint.n * covariate.mean**2)
    theta = np.where(
        refused | ~(spread > 1e-20 * scale), np.nan, divide(_sum_by(group, product), spread)
    )
    weight = joint.n * joint.mean_den_cov
    weight = divide(weight, _sum_by(group, weight))
    centre = _sum_by(group, weight * covariate.mean)

    m2 = outcome.m2 - 2 * theta * product + theta**2 * covariate.m2
    # A metric that its covariate explains wholly leaves rounding only.
    m2 = np.where(m2 <= 8e-16 * outcome.m2, 0.0, m2) + 0 * theta
    residual = Moments(n=joint.n, mean=outcome.mean, m2=m2)
    cross = theta * weight * divide(product - theta * covariate.m2, joint.n * (joint.n - 1))
    return Adjusted(
        n=joint.n,
        mean=outcome.mean - theta * (covariate.mean - centre),
        variance_within=residual.variance_of_mean,
        cross=cross,
        common=theta**2 * _sum_by(group, weight**2 * covariate.variance_of_mean),
        theta=theta,
    )


def _linearised(joint: JointMoments) -> tuple[Moments, Moments, FloatArray]:
    """Moments of the linearised metric and covariate, and their sum of products."""
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
