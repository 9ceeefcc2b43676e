"""Write `means_peers.json`: means, ratios and lifts by tea-tasting, ab-analysis-kit and gbstats.

Run once with each Python that has one of them; what each finds is put into the file::

    python means_peers.py      (tea-tasting 2.0, ab-analysis-kit 0.8; gbstats 0.8)

All get the same sums, those of `means_inputs.py`.
"""

import importlib.util
import json
from pathlib import Path

import numpy as np
from means_inputs import ROUNDS, SCORES_1, SCORES_2, units

OUTPUT = Path(__file__).with_name("means_peers.json")
ARMS = [{name: np.array(values) for name, values in units(arm).items()} for arm in (0, 1)]
SCORES = [{"num": np.array(values, dtype=float)} for values in (SCORES_2, SCORES_1)]


def tea_tasting() -> dict[str, object]:
    from tea_tasting.aggr import Aggregates
    from tea_tasting.metrics import Mean, RatioOfMeans

    def aggregate(arm):
        covariance = np.cov(np.array(list(arm.values())))
        return Aggregates(
            count_=len(arm["num"]),
            mean_={name: values.mean() for name, values in arm.items()},
            var_={name: values.var(ddof=1) for name, values in arm.items()},
            cov_={
                (x, y): covariance[i, j]
                for i, x in enumerate(arm)
                for j, y in enumerate(arm)
                if i < j
            },
        )

    def sums(n, total, total_sq):
        return Aggregates(n, {"num": total / n}, {"num": (total_sq - total**2 / n) / (n - 1)})

    def analyse(metric, arms):
        found = metric.analyze_aggregates(*arms)
        return {name: getattr(found, name) for name in found._fields}

    arms, scores = ([aggregate(arm) for arm in both] for both in (ARMS, SCORES))
    rounds = [sums(*arm) for arm in ROUNDS]
    return {
        "rounds": analyse(Mean("num"), rounds),
        "rounds_z": analyse(Mean("num", use_t=False), rounds),
        "scores": analyse(Mean("num"), scores),
        "scores_greater": analyse(Mean("num", alternative="greater"), scores),
        "units": analyse(Mean("num"), arms),
        "units_z": analyse(Mean("num", use_t=False), arms),
        "ratio": analyse(RatioOfMeans("num", "den"), arms),
        "ratio_z": analyse(RatioOfMeans("num", "den", use_t=False), arms),
        "cuped": analyse(Mean("num", "num_cov"), arms),
        "cuped_z": analyse(Mean("num", "num_cov", use_t=False), arms),
    }


def abkit() -> dict[str, object]:
    from abkit.stats.parametric.cuped_ttest import CupedTTest
    from abkit.stats.parametric.ratio_delta import RatioDelta
    from abkit.stats.parametric.ttest import TTest

    def moments(arm, names):
        centred = {name: arm[name] - arm[name].mean() for name in names}
        row = {"n": len(arm["num"])}
        for name, short in names.items():
            row |= {f"mean{short}": arm[name].mean(), f"m2{short}": (centred[name] ** 2).sum()}
        return row, centred

    def analyse(method, rows):
        columns = [{k: np.array([float(v)]) for k, v in row.items()} for row in rows]
        found = method.from_suffstats_array(*columns)
        return {
            k: float(getattr(found, k)[0])
            for k in ("effect", "left_bound", "right_bound", "pvalue")
        }

    def plain(arm):
        return moments(arm, {"num": ""})[0]

    def ratio(arm):
        row, centred = moments(arm, {"num": "_num", "den": "_den"})
        return row | {"c_nd": (centred["num"] * centred["den"]).sum()}

    def cuped(arm):
        row, centred = moments(arm, {"num": "", "num_cov": "_cov"})
        row["cov_mean"], row["cov_m2"] = row.pop("mean_cov"), row.pop("m2_cov")
        return row | {"cross_c": (centred["num"] * centred["num_cov"]).sum()}

    def of(kind, arms, rows, **options):
        return analyse(kind(alpha=0.05, **options), [rows(arm) for arm in arms])

    relative = {"test_type": "relative"}
    return {
        "units": of(TTest, ARMS, plain, test_type="absolute"),
        "units_delta": of(TTest, ARMS, plain, **relative),
        "units_fieller": of(TTest, ARMS, plain, interval="fieller", **relative),
        "scores_delta": of(TTest, SCORES, plain, **relative),
        "ratio": of(RatioDelta, ARMS, ratio, test_type="absolute"),
        "ratio_delta": of(RatioDelta, ARMS, ratio, **relative),
        "cuped": of(CupedTTest, ARMS, cuped, test_type="absolute"),
        "cuped_delta": of(CupedTTest, ARMS, cuped, **relative),
    }


def gbstats() -> dict[str, object]:
    from gbstats.frequentist import tests
    from gbstats.models.statistics import (
        RatioStatistic,
        RegressionAdjustedStatistic,
        SampleMeanStatistic,
        compute_theta,
    )

    def mean(values):
        return SampleMeanStatistic(len(values), values.sum(), (values**2).sum())

    def ratio(arm):
        products = (arm["num"] * arm["den"]).sum()
        return RatioStatistic(len(arm["num"]), mean(arm["num"]), mean(arm["den"]), products)

    def adjusted(arm, theta):
        products = (arm["num"] * arm["num_cov"]).sum()
        return RegressionAdjustedStatistic(
            len(arm["num"]), mean(arm["num"]), mean(arm["num_cov"]), products, theta
        )

    def analyse(arms, difference, test=tests.TwoSidedTTest):
        found = test(*arms, tests.FrequentistConfig(difference_type=difference)).compute_result()
        return {"estimate": found.expected, "p_value": found.p_value,
                "lower": found.ci[0], "upper": found.ci[1]}  # fmt: skip

    theta = compute_theta(*(adjusted(arm, 0) for arm in ARMS))
    scores, arms = ([mean(arm["num"]) for arm in both] for both in (SCORES, ARMS))
    ratios, cuped = [ratio(arm) for arm in ARMS], [adjusted(arm, theta) for arm in ARMS]
    rounds = [SampleMeanStatistic(*arm) for arm in ROUNDS]
    return {
        "rounds": analyse(rounds, "absolute"),
        "rounds_delta": analyse(rounds, "relative"),
        "scores": analyse(scores, "absolute"),
        "scores_delta": analyse(scores, "relative"),
        "scores_less": analyse(scores, "absolute", tests.OneSidedTreatmentLesserTTest),
        "units_delta": analyse(arms, "relative"),
        "ratio": analyse(ratios, "absolute"),
        "ratio_delta": analyse(ratios, "relative"),
        "cuped": analyse(cuped, "absolute"),
        "cuped_delta": analyse(cuped, "relative"),
        "no_spread": analyse(
            [SampleMeanStatistic(9, 9.0, 9.0), SampleMeanStatistic(9, 18.0, 36.0)], "absolute"
        ),
    }


def main() -> None:
    stored = json.loads(OUTPUT.read_text(encoding="utf-8")) if OUTPUT.exists() else {}
    for peer in (tea_tasting, abkit, gbstats):
        if importlib.util.find_spec(peer.__name__):
            stored[peer.__name__] = json.loads(json.dumps(peer(), default=float))
    OUTPUT.write_text(json.dumps(stored, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
