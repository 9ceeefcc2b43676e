r"""Arms adjusted by several covariates, and two of them side by side.

Arm :math:`k` has the adjusted mean :math:`\tilde y_k = \bar y_k - \theta_k'(\bar x_k - \bar x)`
with :math:`\bar x = \sum_j w_j \bar x_j` over all arms of the metric. Its variance has three parts:

.. math:: V(\tilde y_k) = \frac{\sigma_k^2}{n_k} + d_k' V(\hat\theta_k) d_k
          + \left(2 w_k \theta_k' b_k + \theta_k' S \theta_k\right),

the arm's residuals; the estimation of theta, which counts as far as the covariates differ by chance
(:math:`d_k = \bar x_k - \bar x`); and the centre :math:`\bar x`, itself an estimate with variance
:math:`S = \sum_j w_j^2 V(\bar x_j)` and covariance :math:`w_k b_k` with the first part
(:math:`b_k = C(\bar y_k - \theta_k'\bar x_k, \bar x_k)`). The centre moves all arms of one theta
alike, so it matters to a lift but not to a difference; where each arm has its own, it adds
:math:`(\theta_t - \theta_c)' S (\theta_t - \theta_c)` to the variance of the difference [1]_.
Estimated thetas make :math:`\theta' S \theta` too large by :math:`\operatorname{tr} S V(\theta)`
on average, which is taken off.

References
----------
.. [1] A. Negi, J. M. Wooldridge (2021), Econometric Reviews 40, 504-534.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experimentos.estimators.comparison import Comparison, welch_df
from experimentos.estimators.covariates import CrossMoments, _RowStruct
from experimentos.estimators.cuped import LEAST_SPREAD
from experimentos.estimators.grouping import centre, totals
from experimentos.moments import BoolArray, FloatArray, IntArray, divide


@dataclass(frozen=True)
class Regressed(_RowStruct):
    """Arms adjusted by p covariates, with what their covariances need.

    Parameters
    ----------
    n : array of shape (k,)
        Units of the arm.
    mean : array of shape (k,)
        Adjusted mean, centred at the covariate means of all arms.
    variance_within : array of shape (k,)
        Variance of the mean of the arm's residuals.
    df : array of shape (k,)
        Degrees of freedom of that variance: units less one, less what the covariates took.
    theta : array of shape (k, p)
        Coefficients, metric units per unit of the covariate; 0 of a covariate that is constant
        or repeats others, NaN where not adjusted.
    offset : array of shape (k, p)
        Covariate means of the arm less those of all arms.
    cross : array of shape (k, p)
        Covariance of the arm's own part with the covariate means of all arms.
    variance_theta : array of shape (k, p, p)
        Covariance matrix of theta.
    covariance_theta : array of shape (k, p, p)
        That of the thetas of two arms: `variance_theta` where they share it, else 0.
    variance_centre : array of shape (k, p, p)
        Covariance matrix of the covariate means of all arms.
    """

    n: FloatArray
    mean: FloatArray
    variance_within: FloatArray
    df: FloatArray
    theta: FloatArray
    offset: FloatArray
    cross: FloatArray
    variance_theta: FloatArray
    covariance_theta: FloatArray
    variance_centre: FloatArray


def compare_regressed(control: Regressed, treatment: Regressed) -> Comparison:
    """Set regression-adjusted arms of one metric side by side, with their covariance.

    Parameters
    ----------
    control, treatment : Regressed, fields of shape (k, ...)
        Adjusted arms; both must come from one call.

    Returns
    -------
    Comparison, fields of shape (k,)
        Welch-Satterthwaite degrees of freedom of the residuals' variances, each on the `df` of
        its arm.
    """
    arms = control, treatment
    with np.errstate(invalid="ignore", over="ignore"):
        variances = [
            arm.variance_within
            + _product(arm.offset, arm.variance_theta, arm.offset)
            + 2 * _inner(arm.theta, arm.cross)
            + _product(arm.theta, arm.variance_centre, arm.theta)
            - _trace(arm.variance_centre, arm.variance_theta)
            for arm in arms
        ]
        covariance = (
            _product(control.offset, control.covariance_theta, treatment.offset)
            + _inner(control.theta, treatment.cross)
            + _inner(treatment.theta, control.cross)
            + _product(control.theta, control.variance_centre, treatment.theta)
            - _trace(control.variance_centre, control.covariance_theta)
        )
    return Comparison(
        n_control=control.n,
        n_treatment=treatment.n,
        mean_control=control.mean,
        mean_treatment=treatment.mean,
        var_control=variances[0],
        var_treatment=variances[1],
        covariance=covariance,
        df=welch_df(
            control.df + 1, control.variance_within, treatment.df + 1, treatment.variance_within
        ),
    )


def is_usable(moments: CrossMoments, minimum_units: float) -> BoolArray:
    """Whether each arm may be adjusted.

    Parameters
    ----------
    moments : CrossMoments, fields of shape (k, ...)
        Joint moments of the arms.
    minimum_units : float
        Fewest units of an arm.

    Returns
    -------
    array of bool, shape (k,)
        False where there are fewer units, or any moment is NaN or infinite.
    """
    finite = np.isfinite(moments.mean).all(axis=1) & np.isfinite(moments.c2).all(axis=(1, 2))
    finite &= np.isfinite(moments.size).all(axis=1)
    return np.asarray(finite & (moments.n >= minimum_units) & (moments.n > 1))


def varies(spread: FloatArray, scale: FloatArray) -> BoolArray:
    """Whether each covariate varies by more than rounding.

    Parameters
    ----------
    spread : array of shape (k, p, p)
        Sums of squares and products.
    scale : array of shape (k, p)
        Units times the squared mean.

    Returns
    -------
    array of bool, shape (k, p)
        By the rule of `adjust`.
    """
    return np.asarray(np.einsum("kii->ki", spread) > LEAST_SPREAD * scale)


def residual_variance(
    moments: CrossMoments, theta: FloatArray, inverse: FloatArray
) -> tuple[FloatArray, FloatArray]:
    r"""Variance of the residuals of each arm, and its degrees of freedom.

    Parameters
    ----------
    moments : CrossMoments, fields of shape (k, ...)
        Joint moments of the arms.
    theta : array of shape (k, p)
        Coefficients used in the arm.
    inverse : array of shape (k, p, p)
        Inverse of the cross-products that theta was solved from.

    Returns
    -------
    variance, df : array of shape (k,)
        NaN where no degree of freedom is left.

    Notes
    -----
    :math:`\nu_k = n_k - 1 - \operatorname{tr}(G M_k)`: a theta of many units, of which the arm has
    a share, takes that share of its p degrees of freedom from the arm; a theta of its own takes p.
    If all units have one residual variance, :math:`\sum r^2 / \nu_k` has no bias.
    """
    c2 = moments.outcome.m2
    left = c2 - 2 * _inner(theta, moments.product) + _product(theta, moments.spread, theta)
    # An outcome that its covariates explain wholly leaves rounding only.
    left = np.where(left <= 8e-16 * c2, 0.0, left) + 0 * theta.sum(axis=1)
    df = moments.n - 1 - np.einsum("kij,kji->k", inverse, moments.spread)
    df = np.where(df > 1e-9 * moments.n, df, np.nan)
    return divide(left, df), df


def finish(
    moments: CrossMoments,
    group: IntArray,
    theta: FloatArray,
    residual: tuple[FloatArray, FloatArray],
    coefficients: tuple[FloatArray, FloatArray],
) -> Regressed:
    """Put adjusted arms together from their coefficients and variances.

    Parameters
    ----------
    moments : CrossMoments, fields of shape (k, ...)
        Joint moments of the arms.
    group : array of int, shape (k,)
        Metric group of each arm: the centre is the group's.
    theta : array of shape (k, p)
        Coefficients; NaN where not adjusted.
    residual : pair of arrays of shape (k,)
        Variance of the residuals, and its degrees of freedom.
    coefficients : pair of arrays of shape (k, p, p)
        `variance_theta` and `covariance_theta`.

    Returns
    -------
    Regressed, fields of shape (k, ...)
        NaN but for `n` where theta is.
    """
    n = moments.n
    weight = n[:, None] * moments.size[:, 1:]
    _, offset = centre(group, weight, moments.covariate_mean)
    weight = divide(weight, totals(group, weight)[group])
    per_pair = divide(np.ones_like(n), n * (n - 1))
    own = moments.product - np.einsum("kij,kj->ki", moments.spread, theta)
    of_means = moments.spread * per_pair[:, None, None]
    of_centre = totals(group, weight[:, :, None] * weight[:, None, :] * of_means)
    return Regressed(
        n=n,
        mean=moments.mean[:, 0] - _inner(theta, offset),
        variance_within=divide(residual[0], n),
        df=residual[1],
        theta=theta,
        offset=offset,
        cross=weight * own * per_pair[:, None],
        variance_theta=coefficients[0],
        covariance_theta=coefficients[1],
        variance_centre=of_centre[group],
    )


def _inner(left: FloatArray, right: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("ki,ki->k", left, right))


def _trace(left: FloatArray, right: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("kij,kji->k", left, right))


def _product(left: FloatArray, matrix: FloatArray, right: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("ki,kij,kj->k", left, matrix, right))
