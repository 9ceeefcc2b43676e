"""Quantiles by peers: ``python tests/reference/quantiles_peers.py > quantiles_peers.json``.

Run once where gbstats 0.8.0 is installed and once, with the first result on stdin, where
tea-tasting 2.0.0 is: they need different Pythons.
"""

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from reference.waiting import waiting_times

STORED = json.loads((Path(__file__).parent / "quantiles.json").read_text(encoding="utf-8"))["arms"]


def by_gbstats():
    from gbstats.frequentist.tests import FrequentistConfig, TwoSidedTTest
    from gbstats.models.statistics import QuantileClusteredStatistic, QuantileStatistic

    values, unit, arm = waiting_times()
    found = {"independent": [], "clustered": []}
    for q in (0.5, 0.9, 0.95):
        plain, clustered = [], []
        for a in (0, 1):
            (row,) = (
                r for r in STORED
                if (r["design"], r["quantile"], r["arm"]) == ("independent", q, a)
            )  # fmt: skip
            given = {
                "n": 4000, "n_star": 4000, "nu": q, "quantile_hat": row["value"],
                "quantile_lower": row["lower"], "quantile_upper": row["upper"],
            }  # fmt: skip
            plain.append(QuantileStatistic(**given))
            here = arm == a
            num = np.bincount(unit[here], values[here] <= row["value"])
            den = np.bincount(unit[here])
            num, den = num[den > 0], den[den > 0]
            clustered.append(
                QuantileClusteredStatistic(
                    **given,
                    main_sum=num.sum(), main_sum_squares=(num**2).sum(),
                    denominator_sum=float(den.sum()), denominator_sum_squares=float((den**2).sum()),
                    main_denominator_sum_product=(num * den).sum(), n_clusters=num.size,
                )
            )  # fmt: skip
        for name, arms in (("independent", plain), ("clustered", clustered)):
            config = FrequentistConfig(difference_type="absolute", traffic_percentage=1.0)
            result = TwoSidedTTest(*arms, config).compute_result()
            std_error = sum(one.variance / one.n for one in arms) ** 0.5
            found[name].append(
                {"quantile": q, "std_error": float(std_error), "p_value": float(result.p_value)}
            )
    tied = QuantileStatistic(
        n=2000, n_star=2000, nu=0.5, quantile_hat=7.0, quantile_lower=7.0, quantile_upper=7.0
    )
    found["tied_std_error"] = float((tied.variance / tied.n) ** 0.5)
    return found


def by_tea_tasting():
    import pyarrow as pa
    import tea_tasting as tt

    values, _, arm = waiting_times()
    table = pa.table({"variant": arm, "wait": values})
    rows = []
    for q in (0.5, 0.9):
        metric = tt.Quantile("wait", q, rng=1, n_resamples=4000, batch=200)
        result = tt.Experiment(wait=metric).analyze(table)["wait"]
        rows.append(
            {
                "quantile": q,
                "control": float(result.control),
                "treatment": float(result.treatment),
                "width": float(result.effect_size_ci_upper - result.effect_size_ci_lower),
            }
        )
    return rows


if __name__ == "__main__":
    if sys.stdin.isatty() or not (first := sys.stdin.read()).strip():
        result = {"gbstats": by_gbstats()}
    else:
        result = json.loads(first) | {"tea_tasting": by_tea_tasting()}
    print(json.dumps(result, indent=1))
