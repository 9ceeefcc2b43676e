"""From joint moments to the two means of a comparison, their variances and their covariance.

Every estimator ends in the same struct, `Comparison`: a test method never needs to know whether
the means are plain, ratios, covariate-adjusted or post-stratified.
"""

from experimentos.estimators.clusters import cluster_moments
from experimentos.estimators.combined import combine, effective_units, period_weights
from experimentos.estimators.comparison import Comparison, compare, without_control
from experimentos.estimators.covariates import CrossMoments, as_ratios
from experimentos.estimators.cuped import Adjusted, adjust, compare_adjusted
from experimentos.estimators.grouping import pool
from experimentos.estimators.interacted import adjust_interacted
from experimentos.estimators.quantile import (
    OrderStatistics,
    Quantile,
    compare_logarithms,
    compare_quantiles,
    woodruff,
    woodruff_shares,
)
from experimentos.estimators.quantile_inputs import quantile_inputs_of, quantiles
from experimentos.estimators.ratio import mean, ratio
from experimentos.estimators.reduction import share_explained, variance_removed
from experimentos.estimators.regressed import Regressed, compare_regressed
from experimentos.estimators.regression import adjust_by_regression
from experimentos.estimators.skewness import (
    ThirdMoments,
    combined_skewness,
    difference_skewness,
    third_moments_of_rates,
)
from experimentos.estimators.strata import merge_sparse, post_stratify

__all__ = [
    "Adjusted",
    "Comparison",
    "CrossMoments",
    "OrderStatistics",
    "Quantile",
    "Regressed",
    "ThirdMoments",
    "adjust",
    "adjust_by_regression",
    "adjust_interacted",
    "as_ratios",
    "cluster_moments",
    "combine",
    "combined_skewness",
    "compare",
    "compare_adjusted",
    "compare_logarithms",
    "compare_quantiles",
    "compare_regressed",
    "difference_skewness",
    "effective_units",
    "mean",
    "merge_sparse",
    "period_weights",
    "pool",
    "post_stratify",
    "quantile_inputs_of",
    "quantiles",
    "ratio",
    "share_explained",
    "third_moments_of_rates",
    "variance_removed",
    "without_control",
    "woodruff",
    "woodruff_shares",
]
