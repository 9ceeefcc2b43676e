r"""From joint moments to the two means of a comparison, their variances and their covariance.

Every estimator ends in the same struct, `Comparison`: a test method never needs to know whether
the means are plain, ratios or covariate-adjusted.

Covariate adjustment. With :math:`\theta` from within-arm co-moments pooled over all arms of the
metric, :math:`\tilde y_k = \bar y_k - \theta(\bar x_k - \bar x)` where :math:`\bar x = \sum_j w_j
\bar x_j` is the mean over all arms. Put :math:`a_k = V(\bar y_k - \theta \bar x_k)`,
:math:`b_k = C(\bar y_k - \theta \bar x_k, \bar x_k)`, :math:`s_k = V(\bar x_k)` and
:math:`Q = \theta^2 \sum_j w_j^2 s_j`. Since :math:`\tilde y_k = (\bar y_k - \theta \bar x_k) +
\theta \sum_j w_j \bar x_j` and arms are independent,

.. math:: V(\tilde y_k) = a_k + 2\theta w_k b_k + Q, \qquad
          C(\tilde y_c, \tilde y_t) = \theta w_c b_c + \theta w_t b_t + Q,

so the difference has variance :math:`a_c + a_t`, and the lift (Fieller) uses the covariance.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from experimentos.moments import (
    BoolArray,
    FloatArray,
    IntArray,
    JointMoments,
    Moments,
    _ArrayStruct,
    without_rounding,
)

MINIMUM_UNITS_ADJUSTED = 100


@dataclass(frozen=True)
class Comparison(_ArrayStruct):
    """Two means with their variances and covariance, one element per comparison.

    Parameters
    ----------
    n_control, n_treatment : array of shape (k,)
        Units in each arm.
    mean_control, mean_treatment : array of shape (k,)
        Means (rates, ratios, adjusted means), in metric units.
    var_control, var_treatment : array of shape (k,)
        Variances of those means, in metric units squared.
    covariance : array of shape (k,)
        Covariance of the two means: 0 unless adjusted by a common covariate mean.
    df : array of shape (k,)
        Welch-Satterthwaite degrees of freedom of the difference.
    """

    n_control: FloatArray
    n_treatment: FloatArray
    mean_control: FloatArray
    mean_treatment: FloatArray
    var_control: FloatArray
    var_treatment: FloatArray
    covariance: FloatArray
    df: FloatArray

    @property
    def estimate(self) -> FloatArray:
        """Treatment minus control, in metric units."""
        return self.mean_treatment - self.mean_control

    @property
    def std_error(self) -> FloatArray:
        """Standard error of the difference, in metric units; NaN where undefined or 0."""
        variance = self.var_control + self.var_treatment - 2 * self.covariance
        with np.errstate(invalid="ignore"):
            return np.where(variance > 0, np.sqrt(variance), np.nan)


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


def mean(joint: JointMoments) -> Moments:
    """Moments of the numerator alone.

    Parameters
    ----------
    joint : JointMoments, fields of shape (k,)
        Joint moments of each arm.

    Returns
    -------
    Moments, fields of shape (k,)
        Spread that is only rounding of equal values is 0.
    """
    m2 = without_rounding(joint.n, joint.mean_num, joint.m2_num)
    return Moments(n=joint.n, mean=joint.mean_num, m2=m2)


def ratio(joint: JointMoments) -> Moments:
    r"""Moments of a ratio of means, linearised by the delta method.

    Parameters
    ----------
    joint : JointMoments, fields of shape (k,)
        Joint moments of each arm.

    Returns
    -------
    Moments, fields of shape (k,)
        `mean` is ``mean_num / mean_den``; `m2` is that of the linearised variable. NaN where
        the mean denominator is 0.

    Notes
    -----
    Linearised at the arm's own ratio :math:`R`: :math:`z = (x - R y)/\bar y`, so that
    :math:`M_2(z) = (M_2(x) - 2 R C(x, y) + R^2 M_2(y))/\bar y^2` [1]_.

    References
    ----------
    .. [1] A. Deng, U. Knoblich, J. Lu (2018), KDD, 233-242, section 3.1.

    Examples
    --------
    >>> joint = JointMoments.of_mean([4.0], [2.0], [10.0])
    >>> ratio(joint).m2  # a mean is a ratio with denominator 1
    array([10.])
    """
    value = _divide(joint.mean_num, joint.mean_den)
    m2 = joint.m2_num - 2 * value * joint.c2_num_den + value**2 * joint.m2_den
    # Terms that cancel to less than their rounding carry no spread.
    size = joint.m2_num + value**2 * joint.m2_den
    m2 = np.where(m2 <= 8e-16 * size, 0.0, m2) + 0 * joint.m2_num
    m2 = _divide(_divide(m2, joint.mean_den), joint.mean_den)
    return Moments(n=joint.n, mean=value, m2=without_rounding(joint.n, value, m2))


def compare(control: Moments, treatment: Moments) -> Comparison:
    """Set independent arms side by side.

    Parameters
    ----------
    control, treatment : Moments, fields of shape (k,)
        Moments of the two arms; element ``i`` of each is one comparison.

    Returns
    -------
    Comparison, fields of shape (k,)
        With covariance 0 and Welch's degrees of freedom.
    """
    var_control, var_treatment = control.variance_of_mean, treatment.variance_of_mean
    return Comparison(
        n_control=control.n,
        n_treatment=treatment.n,
        mean_control=control.mean,
        mean_treatment=treatment.mean,
        var_control=var_control,
        var_treatment=var_treatment,
        covariance=np.zeros_like(var_control),
        df=welch_df(control.n, var_control, treatment.n, var_treatment),
    )


def without_control(comparison: Comparison, missing: BoolArray) -> Comparison:
    """Comparisons whose control does not exist: the treatment's own numbers only.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means with their variances.
    missing : array of bool, shape (k,)
        Where there is no control.

    Returns
    -------
    Comparison, fields of shape (k,)
        There, all but the treatment's units and mean is NaN.
    """
    nothing = Comparison(*(np.full_like(comparison.df, np.nan) for _ in fields(comparison)))
    kept = replace(
        nothing, n_treatment=comparison.n_treatment, mean_treatment=comparison.mean_treatment
    )
    return comparison.replace(missing, kept)


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
        refused | ~(spread > 1e-20 * scale), np.nan, _divide(_sum_by(group, product), spread)
    )
    weight = joint.n * joint.mean_den_cov
    weight = _divide(weight, _sum_by(group, weight))
    centre = _sum_by(group, weight * covariate.mean)

    m2 = outcome.m2 - 2 * theta * product + theta**2 * covariate.m2
    # A metric that its covariate explains wholly leaves rounding only.
    m2 = np.where(m2 <= 8e-16 * outcome.m2, 0.0, m2) + 0 * theta
    residual = Moments(n=joint.n, mean=outcome.mean, m2=m2)
    cross = theta * weight * _divide(product - theta * covariate.m2, joint.n * (joint.n - 1))
    return Adjusted(
        n=joint.n,
        mean=outcome.mean - theta * (covariate.mean - centre),
        variance_within=residual.variance_of_mean,
        cross=cross,
        common=theta**2 * _sum_by(group, weight**2 * covariate.variance_of_mean),
        theta=theta,
    )


def welch_df(n_c: FloatArray, v_c: FloatArray, n_t: FloatArray, v_t: FloatArray) -> FloatArray:
    """Welch-Satterthwaite degrees of freedom.

    Parameters
    ----------
    n_c, v_c : array of shape (k,)
        Units of control and the variance of its mean, in metric units squared.
    n_t, v_t : array of shape (k,)
        The same of treatment.

    Returns
    -------
    array of shape (k,)
        NaN where neither arm varies or one has fewer than two units.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = v_c / (v_c + v_t)
        return 1 / (share**2 / (n_c - 1) + (1 - share) ** 2 / (n_t - 1))


def _linearised(joint: JointMoments) -> tuple[Moments, Moments, FloatArray]:
    """Moments of the linearised metric and covariate, and their sum of products."""
    outcome = ratio(joint)
    covariate_mean = _divide(joint.mean_num_cov, joint.mean_den_cov)
    m2 = (
        joint.m2_num_cov
        - 2 * covariate_mean * joint.c2_num_cov_den_cov
        + covariate_mean**2 * joint.m2_den_cov
    )
    m2 = np.maximum(_divide(_divide(m2, joint.mean_den_cov), joint.mean_den_cov), 0.0)
    covariate = Moments(n=joint.n, mean=covariate_mean, m2=m2)
    product = (
        joint.c2_num_num_cov
        - covariate_mean * joint.c2_num_den_cov
        - outcome.mean * joint.c2_den_num_cov
        + outcome.mean * covariate_mean * joint.c2_den_den_cov
    )
    product = _divide(_divide(product, joint.mean_den), joint.mean_den_cov)
    return outcome, covariate, product


def _sum_by(group: IntArray, values: FloatArray | BoolArray) -> FloatArray:
    """Sum of each group, repeated at its elements."""
    sums = np.bincount(group, weights=values.astype(np.float64))
    return np.asarray(sums[group], dtype=np.float64)


def _divide(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(denominator == 0, np.nan, numerator / denominator)
