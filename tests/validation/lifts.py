"""Lifts of means.

By Fieller, by the delta method and on the log scale.
"""

from dataclasses import replace

import numpy as np
from reference.means_inputs import PAIRS_1, PAIRS_2

from experimentos import estimators
from experimentos.estimators import Comparison
from experimentos.estimators.comparison import welch_df
from experimentos.inference.lifts import lift_delta, lift_fieller, lift_log
from experimentos.moments import Moments
from validation.entries import Reference, Simulation
from validation.means import (
    ABKIT,
    BY_SURVEY,
    CATS,
    GBSTATS,
    MADE,
    MEANS,
    RATIOS,
    ROUNDS_PLAYED,
    SCORES,
    SLEEP,
    TEA,
    UNITS,
    WRITTEN,
    R,
    abkit,
    as_normal,
    both,
    limits,
    several,
    tea,
)  # fmt: skip

_SCORES, _MADE, _CATS, _SURVEY = WRITTEN, MADE, CATS, BY_SURVEY
_TEA, _GBSTATS, _ABKIT = "tea-tasting 2.0", "gbstats 0.8", "ab-analysis-kit 0.8"

DIFFERENT_DF = (
    "it takes the Satterthwaite degrees of freedom of the log ratio; all intervals of a comparison "
    "here have those of the difference. With thousands of units they are the same"
)
LOG_SCALE = (
    "its limits are on the log scale and can disagree with its own test of the difference; ours "
    "are Fieller's, which exclude 0 exactly when the difference does"
)
UNADJUSTED = (
    "it divides by the control mean without adjustment and drops the covariance of the two; ours "
    "by the adjusted mean, with its covariance"
)
ADJUSTED = estimators.adjust(UNITS, np.array([0, 0]), np.array([True, True]), theta="pooled")
CUPED = estimators.compare_adjusted(ADJUSTED.take([0]), ADJUSTED.take([1]))
# Two means of the same units: ?ci.ratio.mean.ps of R package statpsych.
PAIRED = Comparison(
    *(np.array([v]) for v in (
        8.0, 8.0, np.mean(PAIRS_2), np.mean(PAIRS_1), np.var(PAIRS_2, ddof=1) / 8,
        np.var(PAIRS_1, ddof=1) / 8, np.cov(PAIRS_1, PAIRS_2)[0, 1] / 8, 7.0,
    ))
)  # fmt: skip
# 14 (3) over 7 (2), correlation 0, 10 degrees of freedom.
FOURTEEN = Comparison(*(np.array([v]) for v in (6.0, 6.0, 7.0, 14.0, 4.0, 9.0, 0.0, 10.0)))


NORMALS = both(R["rnorm_means"]["y"], R["rnorm_means"]["x"])
PRINTED_BY_MRATIOS = {"lower": 0.4056763 - 1, "upper": 2.6170008 - 1}


def with_df_of_ratio(comparison):
    """Comparison with the Satterthwaite degrees of freedom of its contrast at the estimate."""
    square = (comparison.mean_treatment / comparison.mean_control) ** 2
    df = welch_df(
        comparison.n_control, square * comparison.var_control,
        comparison.n_treatment, comparison.var_treatment,
    )  # fmt: skip
    return replace(comparison, df=df)


_MRATIOS = "R, mratios: t.test.ratio, mikuhatsune.hatenadiary.com of 12 December 2012"
_NORMALS = "rnorm(5, 1, 1) and rnorm(5, 2, 1) after set.seed(12345)"


def standard_error(comparison, method):
    """What the width of a lift's interval says of its standard error."""
    found = method(as_normal(comparison))
    lower, upper = found.lower[0], found.upper[0]
    width = np.log((1 + upper) / (1 + lower)) if method is lift_log else upper - lower
    return width / (2 * 1.959963984540054)


FIELLER = [
    *several(
        "lift, Fieller", "14 (standard error 3) over 7 (2), 10 degrees of freedom, alpha 0.1",
        "DCSTATS, README of github.com/DCPROGS/DCSTATS", {"lower": 0.051413, "upper": 3.414296},
        lambda: lift_fieller(FOURTEEN, alpha=0.1), tolerance=5e-6,
    ),
    *several(
        "lift, Fieller", _NORMALS + ", degrees of freedom of the estimated ratio", _MRATIOS,
        PRINTED_BY_MRATIOS, lambda: lift_fieller(with_df_of_ratio(NORMALS)), tolerance=1e-7,
    ),
    *several(
        "lift, Fieller", _NORMALS, _MRATIOS, PRINTED_BY_MRATIOS, lambda: lift_fieller(NORMALS),
        agrees=False, why="it takes the Satterthwaite degrees of freedom at the estimated ratio; "
        "ours are those of the difference, so that the limits exclude 0 exactly when its test "
        "rejects",
    ),
    *several(
        "lift, Fieller", _SCORES, "R, uniroot of the contrast's t", R["scores_fieller"],
        lambda: lift_fieller(SCORES),
    ),
    *several(
        "lift, Fieller", _MADE, "R, uniroot of the contrast's t", R["units_fieller"],
        lambda: lift_fieller(MEANS),
    ),
    *several(
        "lift, Fieller", _MADE + ", normal quantiles and variances over n",
        _ABKIT + ", interval fieller", abkit("units_fieller"),
        lambda: lift_fieller(as_normal(MEANS, over_n=True)),
    ),
    *several(
        "lift, Fieller", _CATS, _TEA, limits(tea("rounds", lift=True), (None, None, "lower", None)),
        lambda: lift_fieller(ROUNDS_PLAYED), why=LOG_SCALE, agrees=False,
    ),
    Reference(
        "lift, Fieller", "lower limit", "Student's sleep data: 0.75 (0.57) in control",
        "undefined: control is not separated from 0", np.nan,
        lambda: lift_fieller(SLEEP).lower[0],
    ),
]  # fmt: skip
DELTA = [
    *[
        Reference(
            "lift, delta", "standard error", case, _SURVEY, R[key]["se_lift"],
            lambda comparison=comparison: standard_error(comparison, lift_delta),
        )
        for case, key, comparison in (
            (_MADE, "units_lifts", MEANS), (_SCORES, "scores_lifts", SCORES),
            ("ratio of " + _MADE, "units_ratio", RATIOS),
        )
    ],
    *several(
        "lift, delta", _CATS, _GBSTATS, GBSTATS["rounds_delta"], lambda: lift_delta(ROUNDS_PLAYED)
    ),
    *several("lift, delta", _SCORES, _GBSTATS, GBSTATS["scores_delta"], lambda: lift_delta(SCORES)),
    *several("lift, delta", _MADE, _GBSTATS, GBSTATS["units_delta"], lambda: lift_delta(MEANS)),
    *several(
        "lift, delta", "ratio of " + _MADE, _GBSTATS, GBSTATS["ratio_delta"],
        lambda: lift_delta(RATIOS),
    ),
    *[
        one
        for case, key, comparison in (
            ("", "units_delta", MEANS), ("ratio of ", "ratio_delta", RATIOS),
            (None, "scores_delta", SCORES),
        )
        for one in several(
            "lift, delta",
            (_SCORES if case is None else case + _MADE) + ", normal quantiles, variances over n",
            _ABKIT, abkit(key),
            lambda comparison=comparison: lift_delta(as_normal(comparison, over_n=True)),
        )
    ],
    *several(
        "lift, delta", _MADE + ", adjusted by earlier spend", _GBSTATS,
        limits(GBSTATS["cuped_delta"], ("estimate", None, "lower", "upper")),
        lambda: lift_delta(CUPED), why=UNADJUSTED, agrees=False,
    ),
    *several(
        "lift, delta", _MADE + ", adjusted by earlier spend", _ABKIT,
        limits(ABKIT["cuped_delta"], (None, None, "left_bound", "right_bound")),
        lambda: lift_delta(as_normal(CUPED, over_n=True)), why=UNADJUSTED, agrees=False,
    ),
]  # fmt: skip
LOG = [
    *several(
        "lift, log", "?ci.ratio.mean.ps: two means of the same 8 units, with their covariance",
        "R, statpsych: ci.ratio.mean.ps, printed in its help",
        {"lower": 0.09417, "upper": 0.175583}, lambda: lift_log(PAIRED), tolerance=6e-5,
    ),
    *[
        Reference(
            "lift, log", "standard error of the log ratio", case, _SURVEY, R[key]["se_log"],
            lambda comparison=comparison: standard_error(comparison, lift_log),
        )
        for case, key, comparison in (
            (_MADE, "units_lifts", MEANS), (_SCORES, "scores_lifts", SCORES),
            ("ratio of " + _MADE, "units_ratio", RATIOS),
        )
    ],
    *[
        one
        for case, key, comparison in (
            (_CATS, "rounds_z", ROUNDS_PLAYED), (_MADE, "units_z", MEANS),
            ("ratio of " + _MADE, "ratio_z", RATIOS),
        )
        for one in several(
            "lift, log", case + ", normal quantiles", _TEA, tea(key, lift=True),
            lambda comparison=comparison: lift_log(as_normal(comparison)),
        )
    ],
    *several(
        "lift, log", _CATS, _TEA, tea("rounds", lift=True), lambda: lift_log(ROUNDS_PLAYED),
        tolerance=1e-6,
    ),
    *several(
        "lift, log", _SCORES, _TEA, limits(TEA["scores"], (None, None, *(
            f"rel_effect_size_ci_{side}" for side in ("lower", "upper")
        ))),
        lambda: lift_log(SCORES), why=DIFFERENT_DF, agrees=False,
    ),
    *several(
        "lift, log", _MADE + ", adjusted by earlier spend, normal quantiles",
        _TEA, limits(TEA["cuped_z"], (None, None, *(
            f"rel_effect_size_ci_{side}" for side in ("lower", "upper")
        ))),
        lambda: lift_log(as_normal(CUPED)), agrees=False,
        why="it leaves out that both means are adjusted to one mean of the covariate, and so vary "
        "together; ours have that covariance",
    ),
]  # fmt: skip
REFERENCES = [*FIELLER, *DELTA, *LOG]


def noisy(runs, rng, *, lift, variation, n=400):
    """Comparisons of normal means, the control's with a given coefficient of variation."""
    arms = []
    for mean in (1.0, 1.0 + lift):
        spread = variation * n**0.5
        at = mean + variation * rng.normal(size=runs)
        arms.append(Moments([n] * runs, at, rng.chisquare(n - 1, runs) * spread**2))
    return estimators.compare(*arms)


def _covered(method, lift, variation):
    def run(runs, rng):
        found = method(noisy(runs, rng, lift=lift, variation=variation))
        # An undefined interval (a control mean that may be 0) rules nothing out.
        inside = ~((found.lower > lift) | (found.upper < lift))
        return int(inside.sum()), runs

    return run


def _missed_above(method, lift, variation):
    def run(runs, rng):
        found = method(noisy(runs, rng, lift=lift, variation=variation))
        return int((found.upper < lift).sum()), runs

    return run


def _rejected(method, lift, variation):
    def run(runs, rng):
        found = method(noisy(runs, rng, lift=lift, variation=variation), boundary=lift)
        return int((found.p_value < 0.05).sum()), runs

    return run


_SETTING = "lift {:+.0%}, coefficient of variation of each mean {}, 400 units an arm, alpha 0.05"
SIMULATIONS = [
    Simulation(
        "lift, Fieller", "coverage", _SETTING.format(0.5, 0.1), 0.95,
        _covered(lift_fieller, 0.5, 0.1), allowance=0.001,
    ),
    Simulation(
        "lift, Fieller", "coverage, undefined counted as covering", _SETTING.format(0.5, 0.3),
        0.95, _covered(lift_fieller, 0.5, 0.3), kind="at least",
    ),
    Simulation(
        "lift, Fieller", "type I error at the lift", _SETTING.format(-0.2, 0.1), 0.05,
        _rejected(lift_fieller, -0.2, 0.1), allowance=0.001,
    ),
    Simulation(
        "lift, Fieller", "misses above", _SETTING.format(0.5, 0.1), 0.025,
        _missed_above(lift_fieller, 0.5, 0.1), allowance=0.001,
    ),
    Simulation(
        "lift, delta", "coverage", _SETTING.format(0.5, 0.02), 0.95,
        _covered(lift_delta, 0.5, 0.02), allowance=0.002,
    ),
    Simulation(
        "lift, delta", "coverage", _SETTING.format(0.5, 0.1), 0.95,
        _covered(lift_delta, 0.5, 0.1), allowance=0.005,
    ),
    Simulation(
        "lift, delta", "misses above: one side has most of alpha", _SETTING.format(0.5, 0.1), 0.04,
        _missed_above(lift_delta, 0.5, 0.1), kind="at least",
    ),
    Simulation(
        "lift, delta", "coverage: too low where control is noisy", _SETTING.format(0.5, 0.3), 0.935,
        _covered(lift_delta, 0.5, 0.3), kind="at most",
    ),
    Simulation(
        "lift, log", "coverage", _SETTING.format(0.5, 0.02), 0.95, _covered(lift_log, 0.5, 0.02),
        allowance=0.002,
    ),
    Simulation(
        "lift, log", "coverage", _SETTING.format(0.5, 0.1), 0.95, _covered(lift_log, 0.5, 0.1),
        allowance=0.005,
    ),
    Simulation(
        "lift, log", "coverage", _SETTING.format(0.5, 0.3), 0.95, _covered(lift_log, 0.5, 0.3),
        kind="at least",
    ),
    Simulation(
        "lift, log", "type I error at the lift", _SETTING.format(0.0, 0.02), 0.05,
        _rejected(lift_log, 0.0, 0.02), allowance=0.002,
    ),
]  # fmt: skip
