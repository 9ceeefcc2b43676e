"""Two means side by side, with their variances and covariance: what every test method reads."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from experimentos.arguments import same_shape
from experimentos.moments import BoolArray, FloatArray, Moments, _ArrayStruct


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
        with np.errstate(invalid="ignore", over="ignore"):
            return self.mean_treatment - self.mean_control

    @property
    def std_error(self) -> FloatArray:
        """Standard error of the difference, in metric units; NaN where undefined or 0."""
        with np.errstate(invalid="ignore", over="ignore", under="ignore"):
            variance = self.var_control + self.var_treatment - 2 * self.covariance
            return np.where(variance > 0, np.sqrt(variance), np.nan)


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

    Raises
    ------
    ArgumentError
        If the arms have different shapes.
    """
    same_shape(control=control.n, treatment=treatment.n)
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
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        share = v_c / (v_c + v_t)
        return 1 / (share**2 / (n_c - 1) + (1 - share) ** 2 / (n_t - 1))
