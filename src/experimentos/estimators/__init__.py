"""From joint moments to the two means of a comparison, their variances and their covariance.

Every estimator ends in the same struct, `Comparison`: a test method never needs to know whether
the means are plain, ratios or covariate-adjusted.
"""

from experimentos.estimators.comparison import Comparison, compare, without_control
from experimentos.estimators.cuped import Adjusted, adjust, compare_adjusted
from experimentos.estimators.ratio import mean, ratio

__all__ = [
    "Adjusted",
    "Comparison",
    "adjust",
    "compare",
    "compare_adjusted",
    "mean",
    "ratio",
    "without_control",
]
