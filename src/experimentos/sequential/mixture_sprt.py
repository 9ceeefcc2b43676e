"""Two-sided mixture sequential probability ratio test of Johari and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.arguments import positive, probability
from experimentos.errors import ArgumentError
from experimentos.estimators import Comparison
from experimentos.estimators.comparison import welch_df
from experimentos.sequential.always_valid import MINIMUM_EVENTS, MINIMUM_UNITS
from experimentos.sequential.looks import (
    AlwaysValid,
    evaluate_mixture,
    has_enough,
    per_comparison,
)
from experimentos.sequential.normal_mixture import log_e_value

if TYPE_CHECKING:
    import numpy.typing as npt

    from experimentos.moments import FloatArray, Moments


def log_likelihood_ratio(
    difference: FloatArray, variance: FloatArray, mixture_variance: FloatArray
) -> FloatArray:
    r"""Logarithm of the mixture likelihood ratio against no difference.

    Parameters
    ----------
    difference : array of shape (k,) or (k, looks)
        Treatment minus control, in metric units.
    variance : array that broadcasts
        Variance of the difference, in metric units squared.
    mixture_variance : array that broadcasts
        Variance of the mixture over differences.

    Returns
    -------
    array of the shape of `difference`
        NaN where the variance is 0.

    Notes
    -----
    :math:`\log \Lambda = \frac{1}{2} \log \frac{V}{V + \tau^2} + \frac{\tau^2 d^2}
    {2 V (V + \tau^2)}` [1]_.

    References
    ----------
    .. [1] R. Johari, P. Koomen, L. Pekelis, D. Walsh (2017), "Peeking at A/B tests", KDD,
       1517-1525.

    Examples
    --------
    >>> difference, variance = np.array([0.0, 0.08]), np.full(2, 0.0004)
    >>> np.exp(log_likelihood_ratio(difference, variance, np.array(0.0016))).round(2)
    array([  0.45, 269.15])
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        z = np.where(variance > 0, difference / np.sqrt(variance), np.nan)
        return log_e_value(z, mixture_variance / variance)


def mixture_test(
    comparison: Comparison, *, mixture_variance: npt.ArrayLike, alpha: npt.ArrayLike = 0.05,
    null: npt.ArrayLike = 0.0, minimum_n: float = MINIMUM_UNITS,
    minimum_events: float | None = None, running: bool = False,
) -> AlwaysValid:  # fmt: skip
    r"""Always-valid p-values and the confidence sequence dual to them, for means.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,) or (k, looks)
        Cumulative means with their variances, at one look or with looks along the last axis.
    mixture_variance : float or array of shape (k,)
        :math:`\tau^2`, variance of the mixture over differences, in metric units squared, set
        before the first look: see `tuning.mixture_variance` and `tuning.tightest_n`.
    alpha : float or array of shape (k,)
        Two-sided error rate of the limits over all looks.
    null : float or array of shape (k,)
        Difference under the null hypothesis, in metric units.
    minimum_n : float
        Units in each arm before which nothing is said.
    minimum_events : float, optional
        For rates: events and non-events in each arm before which nothing is said.
    running : bool
        Report the smallest p-value and the intersection of intervals so far (last axis) instead
        of those of each look.

    Returns
    -------
    AlwaysValid, fields of the shape of the comparison
        NaN before the minimum and where the standard error is undefined or 0.

    Raises
    ------
    ArgumentError
        If an option is outside what is allowed or does not fit the shape.

    Notes
    -----
    The test rejects when `log_likelihood_ratio` first reaches :math:`\log(1/\alpha)`; the limits
    are the differences that it does not reject,
    :math:`d \pm \sqrt{\frac{V (V + \tau^2)}{\tau^2} \{\log \frac{V + \tau^2}{V} - 2 \log \alpha\}}`
    [1]_. The promise is exact for normal means of known variance; with estimated variances it is
    asymptotic.

    References
    ----------
    .. [1] R. Johari, P. Koomen, L. Pekelis, D. Walsh (2022), Operations Research 70, 1806-1821.

    Examples
    --------
    >>> from experimentos.estimators import compare
    >>> from experimentos.moments import Moments
    >>> control = Moments(n=[[500.0, 5000.0]], mean=[[1.0, 1.0]], m2=[[500.0, 5000.0]])
    >>> treatment = Moments(n=[[500.0, 5000.0]], mean=[[1.1, 1.08]], m2=[[500.0, 5000.0]])
    >>> found = mixture_test(compare(control, treatment), mixture_variance=0.003)
    >>> found.p_value.round(4), found.lower.round(3), found.upper.round(3)
    (array([[0.7752, 0.0025]]), array([[-0.148,  0.019]]), array([[0.348, 0.141]]))
    """
    shape = comparison.df.shape
    tau_squared = per_comparison(
        "mixture_variance", positive("mixture_variance", mixture_variance), shape
    )
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        information = tau_squared / comparison.std_error**2
    found = evaluate_mixture(
        comparison,
        information,
        has_enough(comparison, minimum_n, minimum_events),
        alpha=per_comparison("alpha", probability("alpha", alpha), shape),
        side="two-sided",
        null=per_comparison("null", null, shape),
    )
    return found.so_far() if running else found


def mixture_test_of_rates(
    control: Moments, treatment: Moments, *, mixture_variance: npt.ArrayLike,
    alpha: npt.ArrayLike = 0.05, minimum_n: float = MINIMUM_UNITS,
    minimum_events: float = MINIMUM_EVENTS, running: bool = False,
) -> AlwaysValid:  # fmt: skip
    r"""Always-valid p-values and the confidence sequence dual to them, for proportions.

    Parameters
    ----------
    control, treatment : Moments, fields of shape (k,) or (k, looks)
        Cumulative units and rates; sums of squares are not read.
    mixture_variance : float or array of shape (k,)
        :math:`\tau^2`, variance of the mixture over differences of rates.
    alpha : float or array of shape (k,)
        Two-sided error rate of the limits over all looks.
    minimum_n, minimum_events : float
        Units, and events and non-events, in each arm before which nothing is said.
    running : bool
        As in `mixture_test`.

    Returns
    -------
    AlwaysValid, fields of the shape of the arms
        NaN before the minima and where neither arm varies.

    Raises
    ------
    ArgumentError
        If an option is outside what is allowed or does not fit the shape, or a rate is outside
        [0, 1].

    Notes
    -----
    :math:`V = p_c (1 - p_c) / n_c + p_t (1 - p_t) / n_t` in the formula for means [1]_. This
    plugs in the rates seen so far: `bernoulli_streams` has a test without approximation.

    References
    ----------
    .. [1] R. Johari, P. Koomen, L. Pekelis, D. Walsh (2017), "Peeking at A/B tests", KDD,
       1517-1525.

    Examples
    --------
    >>> from experimentos.moments import Moments
    >>> control = Moments(n=[44700.0], mean=[8502 / 44700], m2=[0.0])  # Cookie Cats
    >>> treatment = Moments(n=[45489.0], mean=[8279 / 45489], m2=[0.0])
    >>> mixture_test_of_rates(control, treatment, mixture_variance=1e-4).p_value.round(4)
    array([0.0366])
    """
    return mixture_test(
        _with_plug_in(control, treatment),
        mixture_variance=mixture_variance,
        alpha=alpha,
        minimum_n=minimum_n,
        minimum_events=minimum_events,
        running=running,
    )


def _with_plug_in(control: Moments, treatment: Moments) -> Comparison:
    """Rates with the binomial variance at the rates seen."""
    variances = []
    for name, arm in (("control", control), ("treatment", treatment)):
        outside = (arm.mean < 0) | (arm.mean > 1)
        if outside.any():
            msg = f"`{name}` must hold rates between 0 and 1, got {float(arm.mean[outside][0])!r}"
            raise ArgumentError(msg)
        with np.errstate(divide="ignore", invalid="ignore"):
            variances.append(np.where(arm.n > 0, arm.mean * (1 - arm.mean) / arm.n, np.nan))
    return Comparison(
        n_control=control.n,
        n_treatment=treatment.n,
        mean_control=control.mean,
        mean_treatment=treatment.mean,
        var_control=variances[0],
        var_treatment=variances[1],
        covariance=np.zeros_like(control.n),
        df=welch_df(control.n, variances[0], treatment.n, variances[1]),
    )
