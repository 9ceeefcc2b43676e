"""What is timed: for each method, our call and those of the peers that can be imported.

A case is a function of the inputs that gives a function to time. Peers that take one comparison at
a time (`loops`) do a few hundred and are reported per row.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from experimentos import bayes, estimators, multiplicity
from experimentos.inference import evaluate, welch
from experimentos.inference.score import score
from experimentos.moments import JointMoments
from experimentos.sequential.group import repeated_p_values, spending_bounds

if TYPE_CHECKING:
    from collections.abc import Callable

    from inputs import Inputs

LOOP = 200
FAMILY = 20
ARMS = 3
LOOKS = 4


@dataclass(frozen=True)
class Case:
    """One library's way to one method's numbers."""

    method: str
    library: str
    outputs: str
    prepare: Callable[[Inputs], Callable[[], object]]
    loops: bool = False

    @property
    def name(self) -> str:
        return f"{self.method} / {self.library}"


ALL = "estimate, p, interval, lift interval"


def ours_welch(given: Inputs):
    control, treatment = given.means
    return lambda: welch.welch(control, treatment)


def ours_score(given: Inputs):
    control, treatment = given.rates
    return lambda: score(control, treatment)


def ours_ratio(given: Inputs):
    control, treatment = given.joint
    return lambda: welch.welch(estimators.ratio(control), estimators.ratio(treatment))


def as_means(given: Inputs) -> list[JointMoments]:
    return [
        JointMoments.of_mean(
            arm.n, arm.mean_num, arm.m2_num,
            mean_cov=arm.mean_num_cov, m2_cov=arm.m2_num_cov, c2_cov=arm.c2_num_num_cov,
        )
        for arm in given.joint
    ]  # fmt: skip


def ours_cuped(given: Inputs):
    control, treatment = as_means(given)
    both = control.append(treatment)
    group = np.tile(np.arange(given.rows), 2)
    allowed = np.ones(group.size, dtype=bool)
    first, second = slice(0, given.rows), slice(given.rows, None)

    def run():
        adjusted = estimators.adjust(both, group, allowed)
        comparison = estimators.compare_adjusted(adjusted.take(first), adjusted.take(second))
        return evaluate(welch.METHOD, comparison)

    return run


def p_values(given: Inputs):
    rng = np.random.default_rng(2)
    family = np.repeat(np.arange(-(-given.rows // FAMILY)), FAMILY)[: given.rows]
    return rng.beta(0.3, 1, given.rows), family, np.full(given.rows, 0.05)


def ours_holm(given: Inputs):
    p, family, level = p_values(given)
    return lambda: multiplicity.holm(p, family, level=level)


def ours_best(arms: int):
    def prepare(given: Inputs):
        rng = np.random.default_rng(3)
        mean = rng.normal(10, 0.05, (given.rows, arms))
        posteriors = bayes.NormalPosterior(mean, rng.uniform(0.02, 0.08, mean.shape))
        return lambda: bayes.best_of(posteriors)

    return prepare


def scipy_welch(given: Inputs):
    from scipy import stats

    control, treatment = given.means

    def run():
        for i in range(LOOP):
            arms = [
                (arm.mean[i], np.sqrt(arm.m2[i] / (arm.n[i] - 1)), arm.n[i])
                for arm in (treatment, control)
            ]
            stats.ttest_ind_from_stats(*arms[0], *arms[1], equal_var=False)

    return run


def statsmodels_proportions(given: Inputs):
    from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

    control, treatment = given.rates

    def run():
        for i in range(LOOP):
            count = [round(arm.mean[i] * arm.n[i]) for arm in (treatment, control)]
            units = [arm.n[i] for arm in (treatment, control)]
            proportions_ztest(count, units)
            confint_proportions_2indep(count[0], units[0], count[1], units[1], method="newcomb")

    return run


def scipy_holm(given: Inputs):
    from statsmodels.stats.multitest import multipletests

    p, _, _ = p_values(given)

    def run():
        for start in range(0, 4 * FAMILY, FAMILY):
            multipletests(p[start : start + FAMILY], method="holm")

    return run


def gbstats_arm(given: Inputs, kind: str, arm: int, row: int):
    from gbstats.models import statistics as models

    sums = given.sums(arm, row)
    n = int(sums["n"])
    mean = models.SampleMeanStatistic(n=n, sum=sums["num"], sum_squares=sums["num_sq"])
    if kind == "mean":
        return mean
    if kind == "proportion":
        return models.ProportionStatistic(n=n, sum=round(given.rates[arm].mean[row] * n))
    if kind == "ratio":
        den = models.SampleMeanStatistic(n=n, sum=sums["den"], sum_squares=sums["den_sq"])
        return models.RatioStatistic(
            n=n, m_statistic=mean, d_statistic=den, m_d_sum_of_products=sums["num_den"]
        )
    before = models.SampleMeanStatistic(n=n, sum=sums["num_cov"], sum_squares=sums["num_cov_sq"])
    return models.RegressionAdjustedStatistic(
        n=n, post_statistic=mean, pre_statistic=before,
        post_pre_sum_of_products=sums["num_num_cov"], theta=0,
    )  # fmt: skip


def at_looks(given: Inputs) -> dict[str, np.ndarray]:
    """Four looks, each with its own information, as averages have it."""
    rng = np.random.default_rng(2)
    fractions = np.tile(np.arange(1, LOOKS + 1) / LOOKS, (given.rows, 1))
    return {
        "fractions": fractions,
        "information": 1000 * fractions * rng.uniform(0.97, 1.03, fractions.shape),
    }


def ours_repeated(given: Inputs):
    statistic = np.full((given.rows, LOOKS), np.nan)
    statistic[:, -1] = np.random.default_rng(3).normal(1.0, 1.0, given.rows)
    looks = at_looks(given)
    return lambda: repeated_p_values(statistic, **looks)


def ours_boundaries(given: Inputs):
    # Each hypothesis of a family is tested at a level of its own.
    alpha = np.random.default_rng(3).uniform(0.001, 0.025, given.rows)
    looks = at_looks(given)
    return lambda: spending_bounds(looks["fractions"], alpha, information=looks["information"])


def gbstats(kind: str):
    def prepare(given: Inputs):
        from gbstats.frequentist.tests import TwoSidedTTest

        pairs = [[gbstats_arm(given, kind, arm, row) for arm in (0, 1)] for row in range(LOOP)]

        def run():
            for control, treatment in pairs:
                TwoSidedTTest(control, treatment).compute_result()

        return run

    return prepare


def gbstats_bayes(given: Inputs):
    from gbstats.bayesian.tests import EffectBayesianABTest

    pairs = [[gbstats_arm(given, "mean", arm, row) for arm in (0, 1)] for row in range(LOOP)]

    def run():
        for control, treatment in pairs:
            EffectBayesianABTest(control, treatment).compute_result()

    return run


def tea_tasting(kind: str):
    def prepare(given: Inputs):
        import tea_tasting
        from tea_tasting.aggr import Aggregates

        metric = {
            "mean": lambda: tea_tasting.Mean("num"),
            "proportion": lambda: tea_tasting.Mean("num"),
            "ratio": lambda: tea_tasting.RatioOfMeans("num", "den"),
            "cuped": lambda: tea_tasting.Mean("num", "num_cov"),
        }[kind]()

        def aggregates(arm: int, row: int):
            joint = given.joint[arm]
            n = joint.n[row]
            names = ("num", "den", "num_cov")
            means = {name: float(getattr(joint, f"mean_{name}")[row]) for name in names}
            variances = {name: float(getattr(joint, f"m2_{name}")[row] / (n - 1)) for name in names}
            covariances = {
                ("den", "num"): float(joint.c2_num_den[row] / (n - 1)),
                ("num", "num_cov"): float(joint.c2_num_num_cov[row] / (n - 1)),
            }
            if kind == "proportion":
                rate = float(given.rates[arm].mean[row])
                means["num"], variances["num"] = rate, rate * (1 - rate)
            return Aggregates(count_=int(n), mean_=means, var_=variances, cov_=covariances)

        pairs = [(aggregates(0, row), aggregates(1, row)) for row in range(LOOP)]

        def run():
            for control, treatment in pairs:
                metric.analyze_aggregates(control, treatment)

        return run

    return prepare


def abkit(kind: str):
    def prepare(given: Inputs):
        from abkit.stats.parametric import cuped_ttest, ratio_delta, ttest, ztest

        classes = {
            "mean": ttest.TTest, "ratio": ratio_delta.RatioDelta,
            "cuped": cuped_ttest.CupedTTest, "proportion": ztest.ZTest,
        }  # fmt: skip
        options = {"interval": "score"} if kind == "proportion" else {}
        tests = [classes[kind](test_type=side, **options) for side in ("absolute", "relative")]
        arms = []
        for joint, rate in zip(given.joint, given.rates, strict=True):
            arms.append(
                {
                    "mean": {"n": joint.n, "mean": joint.mean_num, "m2": joint.m2_num},
                    "ratio": {
                        "n": joint.n, "mean_num": joint.mean_num, "m2_num": joint.m2_num,
                        "mean_den": joint.mean_den, "m2_den": joint.m2_den,
                        "c_nd": joint.c2_num_den,
                    },
                    "cuped": {
                        "n": joint.n, "mean": joint.mean_num, "m2": joint.m2_num,
                        "cov_mean": joint.mean_num_cov, "cov_m2": joint.m2_num_cov,
                        "cross_c": joint.c2_num_num_cov,
                    },
                    "proportion": {"count": np.rint(rate.mean * rate.n), "nobs": rate.n},
                }[kind]
            )  # fmt: skip
        return lambda: [test.from_suffstats_array(*arms) for test in tests]

    return prepare


def available(cases: list[Case]) -> tuple[list[Case], dict[str, str]]:
    """Cases whose library is there, and why others are left out."""
    modules = {"gbstats": "gbstats", "tea-tasting": "tea_tasting", "ab-analysis-kit": "abkit"}
    missing = {
        name: f"{name} is not installed"
        for name, module in modules.items()
        if find_spec(module) is None
    }
    return [case for case in cases if case.library not in missing], missing


CASES = [
    Case("Welch", "experimentos", ALL, ours_welch),
    Case("Welch", "ab-analysis-kit", ALL + " (z for t, delta for Fieller)", abkit("mean")),
    Case("Welch", "scipy loop", "p", scipy_welch, loops=True),
    Case("Welch", "gbstats", "relative only", gbstats("mean"), loops=True),
    Case("Welch", "tea-tasting", ALL, tea_tasting("mean"), loops=True),
    Case("Proportions", "experimentos", ALL + " (score)", ours_score),
    Case("Proportions", "ab-analysis-kit", ALL + " (score)", abkit("proportion")),
    Case("Proportions", "statsmodels loop", "p, interval", statsmodels_proportions, loops=True),
    Case("Proportions", "gbstats", "relative only", gbstats("proportion"), loops=True),
    Case("Proportions", "tea-tasting", ALL, tea_tasting("proportion"), loops=True),
    Case("Ratio", "experimentos", ALL, ours_ratio),
    Case("Ratio", "ab-analysis-kit", ALL, abkit("ratio")),
    Case("Ratio", "gbstats", "relative only", gbstats("ratio"), loops=True),
    Case("Ratio", "tea-tasting", ALL, tea_tasting("ratio"), loops=True),
    Case("CUPED", "experimentos", ALL, ours_cuped),
    Case("CUPED", "ab-analysis-kit", ALL, abkit("cuped")),
    Case("CUPED", "gbstats", "relative only", gbstats("cuped"), loops=True),
    Case("CUPED", "tea-tasting", ALL, tea_tasting("cuped"), loops=True),
    Case(f"Holm in families of {FAMILY}", "experimentos", "adjusted p, level", ours_holm),
    Case(f"Holm in families of {FAMILY}", "statsmodels loop", "adjusted p", scipy_holm, loops=True),
    Case(f"Look {LOOKS} of {LOOKS}", "experimentos", "repeated p-value", ours_repeated),
    Case(
        f"Looks 1 to {LOOKS}", "experimentos", "boundaries of a spending function", ours_boundaries
    ),
    Case("P(best)", "experimentos", "2 arms, P(best) and expected loss", ours_best(2)),
    Case("P(best)", "gbstats", "2 arms, chance to win and risk", gbstats_bayes, loops=True),
    Case("P(best of 3)", "experimentos", "3 arms, P(best) and expected loss", ours_best(3)),
]
