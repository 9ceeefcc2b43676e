"""Margins.

Non-inferiority, superiority by a margin, equivalence: absolute and relative.
"""

import numpy as np
from reference.builders import rates
from reference.means_inputs import SCORES_1, SCORES_2
from scipy.special import ndtr, ndtri

from experimentos import estimators
from experimentos.inference import score
from experimentos.inference.margins import equivalent, noninferior, superior
from experimentos.moments import Moments
from validation.entries import Reference, Simulation, stored
from validation.means import DRUG_1, DRUG_2, PEERS, both, several

R, STATSMODELS = stored("margins"), stored("margins_peers")
TEA, GBSTATS = PEERS["tea_tasting"]["scores_greater"], PEERS["gbstats"]["scores_less"]
SLEEP, SLEEP_TURNED = both(DRUG_1, DRUG_2), both(DRUG_2, DRUG_1)
SCORES = both(SCORES_2, SCORES_1)
NEGATIVE = both([-v for v in SCORES_2], [-v for v in SCORES_1])
COOKIE_CATS = score.compare_rates(*rates(8502, 44700, 8279, 45489))
NEPHROBLASTOMA = score.compare_rates(*rates(69, 76, 83, 88))
OWN_DF = (
    "t.test takes the degrees of freedom of the contrast at the margin; ours are those of the "
    "difference, so that one interval of the lift is dual to the tests at every margin"
)


def by_summary(n, mean, sd):
    """Comparison of two arms from units, means and deviations, control first."""
    rows = (Moments([n[i]], [mean[i]], [(n[i] - 1) * sd[i] ** 2]) for i in (0, 1))
    return estimators.compare(*rows)


NOT_LIKELIEST = (
    "the rates it takes at the margin do not have the largest likelihood (R's optimize() finds "
    "larger); for a ratio they do"
)


# Mood with (4.55) and without (4.87) fatigue; bounds of half a pooled standard deviation.
MOOD = by_summary((15, 15), (4.87, 4.55), (1.11, 1.05))
HALF = 0.5 * np.sqrt((1.11**2 + 1.05**2) / 2)


def limits_of(row, *names):
    """Some numbers that t.test stored; it writes an open side as Inf."""
    return {name: float(row[name]) for name in names}


_R, _SM = "R, t.test", "statsmodels 0.15"
_OPTIMIZE = "R, optimize() of the likelihood"
_SLEEP, _SCORES = "Student's sleep data", "scores of Bonett and Price (2020)"
_TOSTER = "R, TOSTER: TOSTtwo, printed for an example of D. Lakens (2017)"
_CATS, _TUMOUR = "Cookie Cats, retention after 7 days", "83 of 88 against 69 of 76 [Rodary 1989]"


REFERENCES = [
    *several(
        "non-inferior", _SLEEP + ", margin 3", _R, limits_of(R["noninferior"], "p_value", "lower"),
        lambda: noninferior(SLEEP_TURNED, 3),
    ),
    *several(
        "non-inferior, decrease", _SLEEP + ", margin 3, alpha 0.025", _R,
        limits_of(R["noninferior_decrease"], "p_value", "upper"),
        lambda: noninferior(SLEEP, 3, goal="decrease", alpha=0.025),
    ),
    *several(
        "superior", _SLEEP + ", margin 0.5, alpha 0.1", _R,
        limits_of(R["superior"], "p_value", "lower"), lambda: superior(SLEEP, 0.5, alpha=0.1),
    ),
    *several(
        "superior, two-sided", _SLEEP + ", margin 0.5", _R,
        limits_of(R["two_sided"], "p_value", "lower", "upper"),
        lambda: superior(SLEEP, 0.5, sides=2),
    ),
    Reference(
        "superior", "p-value", _SLEEP + ", margin 0", "R, ?t.test: half of 0.07939", 0.07939 / 2,
        lambda: superior(SLEEP).p_value[0], atol=3e-6,
    ),
    *several(
        "superior", _SCORES + ", margin 0", "tea-tasting 2.0, alternative greater",
        {"p_value": TEA["pvalue"], "lower": TEA["effect_size_ci_lower"]}, lambda: superior(SCORES),
    ),
    *several(
        "superior, decrease", _SCORES + ", margin 0", "gbstats 0.8, one-sided lesser",
        {"p_value": GBSTATS["p_value"]}, lambda: superior(SCORES, goal="decrease"),
    ),
    *several(
        "superior, decrease", _SCORES + ", margin 0", "gbstats 0.8, one-sided lesser",
        {"upper": GBSTATS["upper"]}, lambda: superior(SCORES, goal="decrease"), agrees=False,
        why="its upper limit is the estimate minus the half width, not plus: it contradicts its "
        "own p-value",
    ),
    *several(
        "equivalent", _SCORES + ", within 11", _R,
        limits_of(R["equivalent"], "p_value", "lower", "upper"), lambda: equivalent(SCORES, 11),
    ),
    *several(
        "equivalent", _SCORES + ", from -2 to 12, alpha 0.025", _R,
        limits_of(R["equivalent_unequal"], "p_value", "lower", "upper"),
        lambda: equivalent(SCORES, (-2, 12), alpha=0.025),
    ),
    Reference(
        "equivalent", "p-value", _SCORES + ", within 11", _SM + ", ttost_ind", STATSMODELS["tost"],
        lambda: equivalent(SCORES, 11).p_value[0],
    ),
    Reference(
        "non-inferior, decrease", "p-value", _SCORES + ", margin 12", _SM + ", ttest_ind",
        STATSMODELS["noninferior_decrease"],
        lambda: noninferior(SCORES, 12, goal="decrease").p_value[0],
    ),
    *[
        Reference(
            "equivalent", name, "mood of 15 and 15, within half a deviation", _TOSTER, value,
            lambda field=field: getattr(equivalent(MOOD, HALF), field)[0], atol=5e-4,
        )
        for name, field, value in (
            ("p-value", "p_value", 0.291), ("lower limit", "lower", -0.991),
            ("upper limit", "upper", 0.351),
        )
    ],
    Reference(
        "non-inferior, decrease", "p-value", "mood of 15 and 15, half a deviation", _TOSTER, 0.019,
        lambda: noninferior(MOOD, HALF, goal="decrease").p_value[0], atol=5e-4,
    ),
    Reference(
        "non-inferior, relative", "p-value", _SCORES + ", margin 5 %",
        "R, t of t.test(x, 0.95 y) on the degrees of freedom of the difference",
        R["relative"]["greater"], lambda: noninferior(SCORES, 0.05, is_relative=True).p_value[0],
    ),
    Reference(
        "non-inferior, relative", "p-value", _SCORES + ", margin 5 %", "R, t.test(x, 0.95 y)",
        R["relative"]["own_df"], lambda: noninferior(SCORES, 0.05, is_relative=True).p_value[0],
        agrees=False, why=OWN_DF,
    ),
    Reference(
        "non-inferior, relative", "lower limit", _SCORES + ", margin 5 %",
        "R, uniroot of the contrast's t", R["relative_limit"],
        lambda: noninferior(SCORES, 0.05, is_relative=True).lower[0],
    ),
    Reference(
        "non-inferior, relative, decrease", "p-value", _SCORES + ", margin 40 %",
        "R, t of t.test(x, 1.4 y) on the degrees of freedom of the difference",
        R["relative_up"]["less"],
        lambda: noninferior(SCORES, 0.4, is_relative=True, goal="decrease").p_value[0],
    ),
    Reference(
        "non-inferior, relative, decrease", "upper limit", _SCORES + ", margin 40 %",
        "R, uniroot of the contrast's t", R["relative_limit_up"],
        lambda: noninferior(SCORES, 0.4, is_relative=True, goal="decrease").upper[0],
    ),
    Reference(
        "equivalent, relative", "p-value", _SCORES + ", from -5 % to 40 %",
        "R, t of t.test(x, 0.95 y) on the degrees of freedom of the difference",
        max(R["relative"]["greater"], R["relative_up"]["less"]),
        lambda: equivalent(SCORES, (-0.05, 0.4), is_relative=True).p_value[0],
    ),
    Reference(
        "non-inferior, relative, negative means", "p-value", "the scores with minus signs, 5 %",
        "R, t of t.test(-x, -1.05 y) on the degrees of freedom of the difference",
        R["negative"]["greater"], lambda: noninferior(NEGATIVE, 0.05, is_relative=True).p_value[0],
    ),
    Reference(
        "non-inferior, score", "p-value", _TUMOUR + ", margin 0.1",
        _OPTIMIZE, R["tumour"],
        lambda: noninferior(NEPHROBLASTOMA, 0.1, method="score").p_value[0], rtol=1e-6,
    ),
    Reference(
        "non-inferior, score", "p-value", _TUMOUR + ", margin 0.1",
        _SM + ", test_proportions_2indep", STATSMODELS["rates_noninferior"],
        lambda: noninferior(NEPHROBLASTOMA, 0.1, method="score").p_value[0],
        agrees=False, why=NOT_LIKELIEST,
    ),
    Reference(
        "non-inferior, score", "lower limit", _TUMOUR + ", margin 0.1",
        _OPTIMIZE, R["tumour_limit"],
        lambda: noninferior(NEPHROBLASTOMA, 0.1, method="score").lower[0], rtol=1e-6,
    ),
    Reference(
        "non-inferior, conditional binomial", "p-value", _TUMOUR + ", margin 0.1",
        "I. S. F. Chan (1998), over all nuisance rates", 0.0017,
        lambda: noninferior(NEPHROBLASTOMA, 0.1, method="conditional binomial").p_value[0],
        atol=1.1e-4,
    ),
    Reference(
        "non-inferior, score, relative", "p-value", _CATS + ", margin 7 %",
        _SM + ", test_proportions_2indep", STATSMODELS["rates_relative"],
        lambda: noninferior(COOKIE_CATS, 0.07, method="score", is_relative=True).p_value[0],
    ),
    Reference(
        "superior, score, relative, decrease", "p-value", _CATS + ", margin 2 %",
        _SM + ", test_proportions_2indep", STATSMODELS["rates_relative_decrease"],
        lambda: superior(
            COOKIE_CATS, 0.02, method="score", is_relative=True, goal="decrease"
        ).p_value[0],
    ),
    Reference(
        "equivalent, score", "p-value", _CATS + ", within 1.5 points",
        _OPTIMIZE, R["cookie_cats"],
        lambda: equivalent(COOKIE_CATS, 0.015, method="score").p_value[0], rtol=1e-6,
    ),
    Reference(
        "equivalent, score", "p-value", _CATS + ", within 1.5 points",
        _SM + ", tost_proportions_2indep", STATSMODELS["rates_equivalent"],
        lambda: equivalent(COOKIE_CATS, 0.015, method="score").p_value[0],
        agrees=False, why=NOT_LIKELIEST,
    ),
    Reference(
        "non-inferior, relative", "estimate", _SLEEP + ": 0.75 (0.57) in control",
        "undefined: control is not separated from 0", np.nan,
        lambda: noninferior(SLEEP, 0.1, is_relative=True).estimate[0],
    ),
    Reference(
        "non-inferior, relative", "p-value", _SLEEP + ": 0.75 (0.57) in control",
        "R, t.test(drug 1, greater) on 17.776 degrees of freedom: that of control being 0",
        R["separation"], lambda: noninferior(SLEEP, 0.1, is_relative=True).p_value[0],
    ),
]  # fmt: skip


def normals(runs, rng, *, control, treatment, sd=(1.0, 1.0), n=(60, 90)):
    """Comparisons of normal samples."""
    arms = []
    for mean, deviation, units in zip((control, treatment), sd, n, strict=True):
        at = mean + deviation * rng.normal(size=runs) / units**0.5
        m2 = rng.chisquare(units - 1, runs) * deviation**2
        arms.append(Moments([units] * runs, at, m2))
    return estimators.compare(*arms)


def binomials(runs, rng, *, control, treatment, n):
    arms = [
        Moments([n] * runs, rng.binomial(n, p, runs) / n, [0.0] * runs)
        for p in (control, treatment)
    ]
    return score.compare_rates(*arms)


def _shown(draw, test, *arguments, **options):
    """How often a test shows what is not so."""
    parameters = options.pop("parameters")

    def run(runs, rng):
        found = test(draw(runs, rng, **parameters), *arguments, **options)
        return int(found.shown.sum()), runs

    return run


def _simulation(name, quantity, setting, promised, draw, test, *arguments, **options):
    entry = {key: options.pop(key) for key in ("kind", "allowance") if key in options}
    run = _shown(draw, test, *arguments, **options)
    return Simulation(name, quantity, setting, promised, run, **entry)


def _power(margin, std_error):
    """Normal approximation of the power of two one-sided tests at no difference, alpha 0.05."""
    return float(2 * ndtr(margin / std_error + ndtri(0.05)) - 1)


_ERROR = "type I error at the margin"
SIMULATIONS = [
    _simulation(
        "non-inferior", _ERROR, "60 and 90 normal units, deviations 1 and 2, margin 0.5", 0.05,
        normals, noninferior, 0.5, allowance=0.002,
        parameters={"control": 3.0, "treatment": 2.5, "sd": (1.0, 2.0)},
    ),
    _simulation(
        "non-inferior, decrease", _ERROR,
        "60 and 90 normal units, deviations 1 and 2, margin 0.5, two-sided", 0.025,
        normals, noninferior, 0.5, goal="decrease", sides=2, allowance=0.002,
        parameters={"control": 3.0, "treatment": 3.5, "sd": (1.0, 2.0)},
    ),
    _simulation(
        "superior", _ERROR, "60 and 90 normal units, deviation 1, margin 0.5", 0.05, normals,
        superior, 0.5, allowance=0.002, parameters={"control": 3.0, "treatment": 3.5},
    ),
    _simulation(
        "non-inferior, relative", _ERROR, "60 and 90 normal units, mean 3, margin 10 %", 0.05,
        normals, noninferior, 0.1, is_relative=True, allowance=0.002,
        parameters={"control": 3.0, "treatment": 2.7},
    ),
    _simulation(
        "non-inferior, relative", _ERROR, "60 and 90 normal units, mean -3, margin 10 %", 0.05,
        normals, noninferior, 0.1, is_relative=True, allowance=0.002,
        parameters={"control": -3.0, "treatment": -3.3},
    ),
    _simulation(
        "non-inferior, relative", _ERROR, "control mean 0.25 (standard error 0.13), margin 50 %",
        0.05, normals, noninferior, 0.5, is_relative=True, kind="at most", allowance=0.002,
        parameters={"control": 0.25, "treatment": 0.125},
    ),
    _simulation(
        "equivalent", _ERROR, "60 and 90 normal units, deviation 1, within 1", 0.05, normals,
        equivalent, 1.0, allowance=0.002, parameters={"control": 3.0, "treatment": 4.0},
    ),
    _simulation(
        "equivalent", _ERROR, "60 and 90 normal units, deviation 1, within 0.3", 0.05, normals,
        equivalent, 0.3, kind="at most", parameters={"control": 3.0, "treatment": 3.3},
    ),
    _simulation(
        "equivalent, relative", _ERROR, "60 and 90 normal units, mean 3, from -20 % to 25 %", 0.05,
        normals, equivalent, (-0.2, 0.25), is_relative=True, allowance=0.002,
        parameters={"control": 3.0, "treatment": 2.4},
    ),
    _simulation(
        "equivalent", "power", "60 and 90 normal units, no difference, within 0.5",
        _power(0.5, (1 / 60 + 1 / 90) ** 0.5), normals, equivalent, 0.5,
        allowance=0.01, parameters={"control": 3.0, "treatment": 3.0},
    ),
    _simulation(
        "non-inferior, score", _ERROR, "2,000 units an arm, 10 % and 8 %, margin 2 points", 0.05,
        binomials, noninferior, 0.02, method="score", allowance=0.004,
        parameters={"control": 0.1, "treatment": 0.08, "n": 2000},
    ),
    _simulation(
        "non-inferior, score, relative", _ERROR, "2,000 units an arm, 10 % and 8 %, margin 20 %",
        0.05, binomials, noninferior, 0.2, method="score", is_relative=True, allowance=0.004,
        parameters={"control": 0.1, "treatment": 0.08, "n": 2000},
    ),
]  # fmt: skip
