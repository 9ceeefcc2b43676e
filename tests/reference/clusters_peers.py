"""Cluster designs by peers: ``python tests/reference/clusters_peers.py > clusters_peers.json``.

Run once where tea-tasting 2.0.0 is installed and once, with the first result on stdin, where
gbstats 0.8.0 is: they need different Pythons. Both get the moments of `clusters.json`.
"""

import json
import sys
from pathlib import Path

TRIALS = json.loads((Path(__file__).parent / "clusters.json").read_text(encoding="utf-8"))["trials"]


def by_tea_tasting(trial):
    import tea_tasting as tt
    from tea_tasting.aggr import Aggregates

    arms = [
        Aggregates(
            arm["n"],
            {"num": arm["mean_num"], "den": arm["mean_den"]},
            {"num": arm["m2_num"] / (arm["n"] - 1), "den": arm["m2_den"] / (arm["n"] - 1)},
            {("den", "num"): arm["c2_num_den"] / (arm["n"] - 1)},
        )
        for arm in (trial["control"], trial["treatment"])
    ]
    result = tt.RatioOfMeans("num", "den").analyze_aggregates(*arms)
    return {
        "name": trial["name"],
        "p_value": float(result.pvalue),
        "lower": float(result.effect_size_ci_lower),
        "upper": float(result.effect_size_ci_upper),
    }


def by_gbstats(trial):
    from gbstats.frequentist.tests import FrequentistConfig, TwoSidedTTest
    from gbstats.models.statistics import RatioStatistic, SampleMeanStatistic

    arms = []
    for arm in (trial["control"], trial["treatment"]):
        n, num, den = arm["n"], arm["mean_num"], arm["mean_den"]
        parts = [
            SampleMeanStatistic(n=n, sum=n * mean, sum_squares=m2 + n * mean**2)
            for mean, m2 in ((num, arm["m2_num"]), (den, arm["m2_den"]))
        ]
        product = arm["c2_num_den"] + n * num * den
        arms.append(
            RatioStatistic(
                n=n, m_statistic=parts[0], d_statistic=parts[1], m_d_sum_of_products=product
            )
        )
    config = FrequentistConfig(difference_type="absolute", traffic_percentage=1.0)
    result = TwoSidedTTest(*arms, config).compute_result()
    std_error = sum(one.variance / one.n for one in arms) ** 0.5
    return {
        "name": trial["name"], "p_value": float(result.p_value), "std_error": float(std_error)
    }  # fmt: skip


if __name__ == "__main__":
    if sys.stdin.isatty() or not (first := sys.stdin.read()).strip():
        result = {"tea_tasting": [by_tea_tasting(trial) for trial in TRIALS]}
    else:
        result = json.loads(first) | {"gbstats": [by_gbstats(trial) for trial in TRIALS]}
    print(json.dumps(result, indent=1))
