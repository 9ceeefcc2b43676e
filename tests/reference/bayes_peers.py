"""Posteriors by gbstats 0.8.0: ``python bayes_peers.py > bayes_peers.json``.

Needs gbstats without its pins of old NumPy and pandas: ``pip install --no-deps gbstats``.
"""

import json

from gbstats.bayesian.tests import EffectBayesianABTest, EffectBayesianConfig, GaussianPrior
from gbstats.models.statistics import SampleMeanStatistic

CASES = {
    "revenue, 5,000 and 5,100 users": (5000, 24000.0, 480000.0, 5100, 25500.0, 510000.0),
    "control mean 5.5 deviations from 0": (60, 120.0, 700.0, 55, 140.0, 800.0),
    "control mean 2.4 deviations from 0": (60, 60.0, 700.0, 55, 80.0, 800.0),
}
PRIORS = {
    "flat": GaussianPrior(0, 1, False),
    "N(0, 0.3)": GaussianPrior(0, 0.09, True),
    "N(0.02, 0.05)": GaussianPrior(0.02, 0.0025, True),
}


def result(arms, difference_type, prior, *, inverse):
    config = EffectBayesianConfig(
        difference_type=difference_type, prior_effect=prior, prior_type=difference_type,
        inverse=inverse, traffic_percentage=1,
    )  # fmt: skip
    found = EffectBayesianABTest(*arms, config).compute_result()
    return {
        "chance_to_win": float(found.chance_to_win),
        "expected": float(found.expected),
        "lower": float(found.ci[0]),
        "upper": float(found.ci[1]),
        "risk_control": float(found.risk[0]),
        "risk_treatment": float(found.risk[1]),
    }


def results_of(name, numbers):
    control, treatment = (
        SampleMeanStatistic(n=n, sum=total, sum_squares=squares)
        for n, total, squares in (numbers[:3], numbers[3:])
    )
    return [
        {
            "name": name, "kind": kind, "prior": label, "inverse": inverse,
            "prior_mean": prior.mean, "prior_sd": prior.variance**0.5,
            "control": numbers[:3], "treatment": numbers[3:],
            **result((control, treatment), kind, prior, inverse=inverse),
        }
        for kind in ("absolute", "relative")
        for label, prior in PRIORS.items()
        for inverse in (False, True)
    ]  # fmt: skip


if __name__ == "__main__":
    print(json.dumps([one for case in CASES.items() for one in results_of(*case)], indent=1))
