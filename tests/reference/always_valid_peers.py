"""Results of other Python packages on `always_valid_cases`, written to `always_valid_peers.json`.

Run with Python 3.11 and::

    pip install gbstats==0.8.0 ab-analysis-kit==0.8.0 msprt==0.1.2 ssrm-test==0.1.5 savvi==0.2.0
    python always_valid_peers.py > always_valid_peers.json

confseq 0.0.11 (its C++ needs Boost and a current pybind11) is read from `boundaries`, the extension
module built from its `boundaries.cpp`.
"""

import json
import math
import sys

import always_valid_cases as cases
import boundaries
import numpy as np
from abkit.stats.sequential.confidence_sequence import sequentialize
from abkit.stats.sequential.mixture import mixture_tau2
from gbstats.frequentist.tests import SequentialConfig, SequentialTwoSidedTTest
from gbstats.models.statistics import SampleMeanStatistic
from msprt import msprt
from savvi.multinomial import Multinomial
from ssrm_test.ssrm_test import sequential_posteriors


def growthbook() -> list:
    """gbstats: two-sided confidence sequence, tuned for 5,000 units in all, absolute effects."""
    found = []
    for arms in cases.ASOS:
        statistics = [
            SampleMeanStatistic(n=n, sum=n * mean, sum_squares=(n - 1) * v + n * mean**2)
            for n, mean, v in arms
        ]
        for tuned in (5_000.0, 2_000_000.0):
            config = SequentialConfig(difference_type="absolute", sequential_tuning_parameter=tuned)
            test = SequentialTwoSidedTTest(*statistics, config)
            low, high = test.confidence_interval
            found.append({"tuned": tuned, "p_value": test.p_value, "lower": low, "upper": high})
    return found


def analysis_kit() -> list:
    """ab-analysis-kit: the same boundary with the mixture tuned at the first look."""
    tau_squared = mixture_tau2(_variance(cases.ASOS[0]), 0.05)
    found = []
    for arms in cases.ASOS:
        effect = arms[1][1] - arms[0][1]
        low, high, p_value = sequentialize(effect, math.sqrt(_variance(arms)), tau_squared, 0.05)
        found.append({"p_value": p_value, "lower": low, "upper": high, "tau2": tau_squared})
    return found


def confseq() -> list:
    """confseq: boundaries of sums with variance v, tuned by its approximation."""
    found = []
    for one_sided in (False, True):
        for v, alpha, v_opt, alpha_opt in (
            (100.0, 0.05, 1000.0, 0.05),
            (1000.0, 0.05, 1000.0, 0.05),
            (50_000.0, 0.001, 1000.0, 0.05),
            (1e6, 0.025, 5000.0, 0.025),
        ):
            bound = boundaries.normal_mixture_bound(v, alpha, v_opt, alpha_opt, one_sided)
            s = 3.0 * math.sqrt(v)
            found.append(
                {
                    "one_sided": one_sided, "v": v, "alpha": alpha, "v_opt": v_opt,
                    "alpha_opt": alpha_opt, "bound": bound,
                    "log_mixture": boundaries.normal_log_mixture(s, v, v_opt, alpha_opt, one_sided),
                }
            )  # fmt: skip
    return found


def mixture_ratios() -> dict:
    """msprt: mixture likelihood ratios after each pair of patients, deviation 2, tau 1."""
    normal = msprt.calculate_test_statistics(
        np.array(cases.DRUG_2), np.array(cases.DRUG_1), sigma=2.0, tau=1.0, theta=0.0,
        distribution="normal", alpha=0.05, warmup_observations=0,
    )  # fmt: skip
    rng = np.random.default_rng(5)
    events = (rng.random((2, 400)) < np.array([[0.5], [0.3]])).astype(float)
    rates = msprt.calculate_test_statistics(
        events[0], events[1], sigma=1.0, tau=0.1, theta=0.0, distribution="bernoulli", alpha=0.05,
        warmup_observations=1,
    )  # fmt: skip
    at = [100, 250, 399]  # element i is of the first i pairs
    return {
        "normal": list(normal.sequential_probability_ratio),
        "rates": {
            "n": at,
            "events": [[float(arm[:n].sum()) for n in at] for arm in events],
            "ratio": [float(rates.sequential_probability_ratio[n]) for n in at],
        },
    }


def sample_ratios() -> dict:
    """ssrm_test (concentration 10,000) and savvi (the same, given): Bayes factors by day."""
    found = {}
    for name, days in (("ssrm", cases.SSRM_DAYS), ("losing", cases.LOSING_DAYS)):
        ours = sequential_posteriors(np.array(days), np.array(cases.SHARES))
        test = Multinomial(0.05, np.array(cases.SHARES), k=10_000)
        other = []
        for day in np.array(days):
            test.update(day)
            other.append(float(test.calculate_p_value()))
        found[name] = {
            "ssrm_log_bayes_factor": [float(one["log_bayes_factor"]) for one in ours],
            "ssrm_p_value": [float(one["p_value"]) for one in ours],
            "savvi_p_value": other,
        }
    return found


def _variance(arms: tuple) -> float:
    return sum(variance / n for n, _, variance in arms)


if __name__ == "__main__":
    everything = {
        "growthbook": growthbook(), "analysis_kit": analysis_kit(), "confseq": confseq(),
        "msprt": mixture_ratios(), "sample_ratio": sample_ratios(),
    }  # fmt: skip
    json.dump(everything, sys.stdout, indent=1)
    sys.stdout.write("\n")
