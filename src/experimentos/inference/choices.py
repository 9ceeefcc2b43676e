"""Which test a comparison gets, by what is measured and how many events there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.inference import (
    METHODS,
    exact_rates,
    score,
    skewed_score,
    skewness,
    stratified,
)
from experimentos.moments import BoolArray, FloatArray, Moments

if TYPE_CHECKING:
    from experimentos.estimators import Comparison
    from experimentos.inference.stratified import Strata


def choose_methods(
    comparison: Comparison,
    is_counted: BoolArray,
    is_ratio: BoolArray,
    *,
    is_quantile: BoolArray | None = None,
    strata: Strata | None = None,
    mean_skewness: FloatArray | None = None,
) -> npt.NDArray[np.str_]:
    """Choose the test method of each comparison.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means.
    is_counted : array of bool, shape (k,)
        Proportions that are not covariate-adjusted.
    is_ratio : array of bool, shape (k,)
        Ratios of two means.
    is_quantile : array of bool, shape (k,), optional
        Quantiles. Default: none.
    strata : Strata, optional
        Of proportions that are combined from several comparisons.
    mean_skewness : array of shape (k,), optional
        Skewness of the differences of means, NaN where it is not known. Default: of none.

    Returns
    -------
    array of str, shape (k,)
        Keys of `METHODS`, or of `stratified.NAMES` where there are strata, or of `skewness.NAMES`
        where the difference of means is noticeably skewed.
    """
    few = is_counted & exact_rates.has_few(comparison)
    by_mean = np.where(is_ratio, "delta", "welch")
    if mean_skewness is not None:
        corrected = np.where(is_ratio, skewness.DELTA, skewness.WELCH)
        by_mean = np.where(skewness.is_noticeable(mean_skewness), corrected, by_mean)
    lopsided = is_counted & skewed_score.is_skewed(comparison)
    by_score = np.where(lopsided, "skewness-corrected score", "score")
    method = np.where(few, "conditional binomial", np.where(is_counted, by_score, by_mean))
    if is_quantile is not None:
        method = np.where(is_quantile, "quantile", method)
    if strata is None or not strata.of.size:
        return method
    method = method.astype(f"<U{max(map(len, [*METHODS, *skewness.NAMES, *stratified.NAMES]))}")
    combined = np.unique(strata.of)
    method[combined] = stratified.choose(strata)[combined]
    return method


def compare_counts(comparison: Comparison) -> Comparison:
    """Put binomial variances into comparisons of rates.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.

    Returns
    -------
    Comparison, fields of shape (k,)
        A rate is NaN where its arm has no units.
    """
    rates = []
    for n, mean in (
        (comparison.n_control, comparison.mean_control),
        (comparison.n_treatment, comparison.mean_treatment),
    ):
        with np.errstate(divide="ignore", invalid="ignore"):
            rates.append(np.where(n >= 1, np.rint(mean * n) / n, np.nan))
    control = Moments(comparison.n_control, rates[0], 0 * rates[0])
    treatment = Moments(comparison.n_treatment, rates[1], 0 * rates[1])
    return score.compare_rates(control, treatment)
