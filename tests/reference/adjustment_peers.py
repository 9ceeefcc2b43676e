"""Covariate adjustment by other tools, on moments that `adjustment.json` holds.

python adjustment_peers.py > adjustment_peers.json

Needs tea-tasting 2.0, ab-analysis-kit 0.8 and gbstats 0.8, none of which the tests import.
"""

import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np
import tea_tasting
from abkit.stats.parametric.cuped_ttest import CupedTTest
from abkit.stats.samples import SufficientStats
from gbstats.frequentist.tests import FrequentistConfig, TwoSidedTTest
from gbstats.models import statistics
from tea_tasting.aggr import Aggregates

STORED = json.loads(Path(__file__).with_name("adjustment.json").read_text(encoding="utf-8"))
# The case, its two arms, its variables, and which of them are the metric and its covariate.
CASES = {
    "nsw_1975": ([0, 1], ["num", "num_cov"]),
    "hillstrom": ([0, 1], ["num", "num_cov"]),
    "ratio": ([0, 1], ["num", "den", "num_cov", "den_cov"]),
}


def arm(case, number, names):
    moments = STORED[case]["moments"]
    size = len(names)
    n = moments["n"][number]
    mean = np.array(moments["mean"])[number, :size]
    return n, mean, np.array(moments["c2"])[number, :size, :size]


def tea(case):
    arms, names = CASES[case]
    found = []
    for number in arms:
        n, mean, c2 = arm(case, number, names)
        covariance = c2 / (n - 1)
        pairs = {
            tuple(sorted((x, y))): covariance[i, j]
            for i, x in enumerate(names)
            for j, y in enumerate(names)
            if i < j
        }
        variance = dict(zip(names, np.diag(covariance), strict=True))
        found.append(Aggregates(n, dict(zip(names, mean, strict=True)), variance, pairs))
    if "den" in names:
        metric = tea_tasting.RatioOfMeans("num", "den", "num_cov", "den_cov")
    else:
        metric = tea_tasting.Mean("num", "num_cov")
    return metric.analyze_aggregates(*found)._asdict()


def growthbook(case):
    arms, names = CASES[case]
    found = []
    for number in arms:
        n, mean, c2 = arm(case, number, names)
        total, square = mean * n, c2 + n * np.outer(mean, mean)
        after, before = (
            statistics.SampleMeanStatistic(n=n, sum=total[i], sum_squares=square[i, i])
            for i in range(2)
        )
        found.append(
            statistics.RegressionAdjustedStatistic(
                n=n, post_statistic=after, pre_statistic=before,
                post_pre_sum_of_products=square[0, 1], theta=0,
            )
        )  # fmt: skip
    theta = statistics.compute_theta(*found)
    for one in found:
        one.theta = theta
    results = {"theta": theta}
    for kind in ("absolute", "relative"):
        test = TwoSidedTTest(*found, FrequentistConfig(difference_type=kind))
        results[kind] = asdict(test.compute_result())
    return results


def abkit(case):
    found = []
    for number in CASES[case][0]:
        n, mean, c2 = arm(case, number, CASES[case][1])
        found.append(
            SufficientStats(
                n, mean[0], c2[0, 0], cov_mean=mean[1], cov_m2=c2[1, 1], cross_c=c2[0, 1]
            )
        )
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it advises against weakly correlated covariates
        result = CupedTTest(test_type="absolute", calculate_mde=False).from_suffstats(*found)
    return {
        "theta": result.diagnostics["theta"],
        "effect": result.effect,
        "p_value": result.pvalue,
        "lower": result.left_bound,
        "upper": result.right_bound,
    }


if __name__ == "__main__":
    names = ("tea-tasting", "gbstats", "ab-analysis-kit", "numpy", "scipy")
    print(
        json.dumps(
            {
                "versions": {name: version(name) for name in names},
                "tea_tasting": {case: tea(case) for case in CASES},
                "gbstats": {case: growthbook(case) for case in ("nsw_1975", "hillstrom")},
                "abkit": {case: abkit(case) for case in ("nsw_1975", "hillstrom")},
            },
            indent=1,
            default=float,
        )
    )
