"""Means.

Welch's test, and ratios by the delta method.
"""

from dataclasses import replace

import numpy as np
from reference.builders import EXPERIMENTS, joint_moments, moments
from reference.means_inputs import ROUNDS, SCORES_1, SCORES_2, units

from experimentos import estimators, frames
from experimentos.inference import METHODS, evaluate
from experimentos.inference.welch import welch
from experimentos.moments import Moments, from_sums
from experimentos.samples import from_values, joint_from_sums, joint_from_values
from validation.entries import Reference, Simulation, stored

# Student's sleep data (R: ?sleep), hours of extra sleep with each drug.
DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
R, PEERS = stored("means"), stored("means_peers")
TEA, ABKIT, GBSTATS = PEERS["tea_tasting"], PEERS["abkit"], PEERS["gbstats"]
UNITS = joint_moments([units(0), units(1)])
NORMAL = "it divides by n and takes normal quantiles for Student's"
ZERO = "no spread leaves nothing to test: undefined, not 1"


def both(control, treatment):
    """Comparison of two samples of units."""
    return estimators.compare(moments(control), moments(treatment))


def arms(joint_or_moments, of=estimators.mean):
    """Comparison of two rows, the first of them control."""
    rows = of(joint_or_moments)
    return estimators.compare(rows.take([0]), rows.take([1]))


def as_normal(comparison, over_n=False):
    """Comparison with normal quantiles, and variances over n where a peer has those."""
    found = replace(comparison, df=np.full_like(comparison.df, np.inf))
    if not over_n:
        return found
    c, t = ((n - 1) / n for n in (found.n_control, found.n_treatment))
    return replace(found, var_control=found.var_control * c, var_treatment=found.var_treatment * t)


def summary(n, mean, sd):
    """Welch's test of two arms given by units, means and deviations."""
    n, mean, m2 = (np.array([v], dtype=float).T for v in (n, mean, np.square(sd)))
    return welch(*(Moments(n[i], mean[i], m2[i] * (n[i] - 1)) for i in (0, 1)))


SLEEP, SCORES = both(DRUG_1, DRUG_2), both(SCORES_2, SCORES_1)
ROUNDS_PLAYED = estimators.compare(*(from_sums(*np.array([arm]).T) for arm in ROUNDS))
MEANS, RATIOS = arms(UNITS), arms(UNITS, estimators.ratio)


def field(found, name):
    """Call for the first element of a field of what a function gives."""
    return lambda: getattr(found(), name)[0]


def several(method, case, source, expected, found, *, tolerance=1e-9, why="", agrees=True):
    """References for all fields that a source has."""
    words = {"p_value": "p-value", "lower": "lower limit", "upper": "upper limit"}
    return [
        Reference(
            method, words.get(name, name), case, source, value, field(found, name),
            rtol=tolerance, why=why, agrees=agrees,
        )
        for name, value in expected.items()
    ]  # fmt: skip


def limits(row, names):
    """Some values of a stored row under our names, in the order estimate, p, lower, upper."""
    ours = ("estimate", "p_value", "lower", "upper")
    return {to: row[of] for to, of in zip(ours, names, strict=True) if of}


def tea(case, *, lift=False, p=True):
    """What tea-tasting found, under our names."""
    prefix = "rel_effect_size" if lift else "effect_size"
    last = "pvalue" if p and not lift else None
    return limits(TEA[case], (prefix, last, f"{prefix}_ci_lower", f"{prefix}_ci_upper"))


def abkit(case):
    """What ab-analysis-kit found, under our names."""
    return limits(ABKIT[case], ("effect", "pvalue", "left_bound", "right_bound"))


def by_r(case):
    """What t.test found, under our names."""
    return {name: R[case][name] for name in ("p_value", "lower", "upper")}


def difference(comparison, alpha=0.05):
    return lambda: evaluate(METHODS["welch"], comparison, alpha=alpha)


def by_units(control, treatment):
    return lambda: welch(from_values(control), from_values(treatment))


def by_sums(which):
    """Ratio of two arms from sums and sums of products of their units."""
    rows = [{k: np.array(v) for k, v in units(arm).items() if k != "num_cov"} for arm in (0, 1)]
    totals = {x: [row[x].sum() for row in rows] for x in ("num", "den")}
    products = {
        (x, y): [(row[x] * row[y]).sum() for row in rows]
        for x, y in (("num", "num"), ("num", "den"), ("den", "den"))
    }
    joint = joint_from_sums([len(row["num"]) for row in rows], totals, products)
    return getattr(arms(joint, estimators.ratio), which)[0]


def by_values(which):
    """Ratio of two arms from their units in one array each."""
    rows = [units(arm) for arm in (0, 1)]
    num, den = (np.concatenate([row[x] for row in rows]) for x in ("num", "den"))
    joint = joint_from_values(num, den, group=np.repeat([0, 1], [len(r["num"]) for r in rows]))
    return getattr(arms(joint, estimators.ratio), which)[0]


def in_a_frame(name):
    """Cookie Cats, rounds played, from a frame of sums."""
    import pandas as pd

    columns = dict(zip(("players", "rounds", "squares"), zip(*ROUNDS, strict=True), strict=True))
    form = {"n": "players", "total": "rounds", "total_sq": "squares"}
    effects = frames.compare(
        pd.DataFrame({"version": ["gate_30", "gate_40"], **columns}),
        control="gate_30", variant="version", metrics={"rounds": form},
    )  # fmt: skip
    return effects[name].iloc[0]


_R, BY_SURVEY = "R, t.test", "R, survey: svymean, svyratio, vcov and deriv"
_TEA, _GBSTATS, _ABKIT = "tea-tasting 2.0", "gbstats 0.8", "ab-analysis-kit 0.8"
MADE = "837 units of tests/reference/means_inputs.py"
WRITTEN, CATS = "scores of Bonett and Price (2020)", "Cookie Cats, rounds played"
_FAR = "1000 units at 1e15 (deviation 1) and 1000 at 1e15 + 1/8"

WELCH = [
    Reference(
        "Welch", "degrees of freedom", "Student's sleep data", _R, R["sleep"]["df"],
        field(lambda: SLEEP, "df"),
    ),
    *several("Welch", "Student's sleep data", _R, by_r("sleep"), difference(SLEEP)),
    *several(
        "Welch", "Student's sleep data, alpha 0.01", _R, by_r("sleep_99"), difference(SLEEP, 0.01)
    ),
    *several("Welch", WRITTEN, _R, by_r("scores"), by_units(SCORES_2, SCORES_1)),
    *several("Welch", MADE, _R, by_r("units"), by_units(units(0)["num"], units(1)["num"])),
    Reference(
        "Welch", "p-value", "0 and 0.074, deviation 1, 500,000 units an arm", "R, pt",
        R["tiny_tail"]["p_value"], lambda: summary((5e5, 5e5), (0, 0.074), (1, 1)).p_value[0],
        rtol=1e-8,
    ),
    Reference(
        "Welch", "p-value", "1 and 1.0002, deviations 2 and 3, a billion units an arm", "R, pt",
        R["billion"]["p_value"], lambda: summary((1e9, 1e9), (1, 1.0002), (2, 3)).p_value[0],
    ),
    Reference(
        "Welch", "p-value", _FAR, "R, pt", R["far_mean"]["p_value"],
        lambda: summary((1e3, 1e3), (1e15, 1e15 + 0.125), (1, 1)).p_value[0],
    ),
    Reference(
        "Welch", "p-value", "1 and 3, deviations 0.5 and 0.25, two units an arm", "R, pt",
        R["two_units"]["p_value"], lambda: summary((2, 2), (1, 3), (0.5, 0.25)).p_value[0],
    ),
    *several("Welch", CATS, _TEA, tea("rounds"), difference(ROUNDS_PLAYED)),
    *several("Welch", WRITTEN, _TEA, tea("scores"), difference(SCORES)),
    *several("Welch", CATS, _GBSTATS, GBSTATS["rounds"], difference(ROUNDS_PLAYED)),
    *several("Welch", WRITTEN, _GBSTATS, GBSTATS["scores"], difference(SCORES)),
    *[
        Reference(
            "Welch, frame of sums", name, CATS, "scipy 1.17, ttest_ind on the file of players",
            EXPERIMENTS["means"]["cookie_cats_rounds"][stored_as],
            lambda column=column: in_a_frame(column), rtol=1e-8,
        )
        for name, column, stored_as in (
            ("p-value", "p_value", "p"), ("estimate", "estimate", "diff"),
            ("lift", "lift", "rel_diff"),
        )
    ],
    *several(
        "Welch", MADE, _ABKIT, limits(ABKIT["units"], (None, "pvalue", "left_bound", None)),
        difference(MEANS), why=NORMAL, agrees=False,
    ),
    *several(
        "Welch", MADE + ", normal quantiles and variances over n", _ABKIT, abkit("units"),
        difference(as_normal(MEANS, over_n=True)),
    ),
    Reference(
        "Welch", "p-value", "9 units of 1 and 9 of 2", _GBSTATS, GBSTATS["no_spread"]["p_value"],
        lambda: welch(moments([1.0] * 9), moments([2.0] * 9)).p_value[0], why=ZERO, agrees=False,
    ),
]  # fmt: skip
RATIO = [
    Reference(
        "ratio, delta", "standard error", MADE, BY_SURVEY, R["units_ratio"]["se_difference"],
        lambda: RATIOS.std_error[0],
    ),
    *[
        Reference(
            "ratio from sums of products", name.replace("_", " "), MADE, BY_SURVEY,
            R["units_ratio"][stored_as], lambda name=name: by_sums(name),
        )
        for name, stored_as in (("mean_control", "mean_control"), ("std_error", "se_difference"))
    ],
    Reference(
        "ratio from units", "standard error", MADE, BY_SURVEY, R["units_ratio"]["se_difference"],
        lambda: by_values("std_error"),
    ),
    *several("ratio, delta", MADE, _TEA, tea("ratio"), difference(RATIOS)),
    *several("ratio, delta", MADE, _GBSTATS, GBSTATS["ratio"], difference(RATIOS)),
    *several(
        "ratio, delta", MADE + ", normal quantiles and variances over n", _ABKIT, abkit("ratio"),
        difference(as_normal(RATIOS, over_n=True)),
    ),
]  # fmt: skip
REFERENCES = [*WELCH, *RATIO]


def _false_positives(runs, rng):
    n = 40
    arms = [
        Moments([n] * runs, rng.normal(size=runs) * s / n**0.5, rng.chisquare(n - 1, runs) * s**2)
        for s in (1.0, 3.0)
    ]
    return int((welch(*arms).p_value < 0.05).sum()), runs


SIMULATIONS = [
    Simulation(
        "Welch", "type I error", "40 normal units an arm, deviations 1 and 3, alpha 0.05",
        0.05, _false_positives, allowance=0.001,
    ),
]  # fmt: skip
