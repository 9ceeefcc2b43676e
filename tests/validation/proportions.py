"""Proportions.

Score, Miettinen-Nurminen, Wald, Agresti-Caffo, Newcombe, Katz, Koopman; exact tests.
"""

from functools import cache, partial
from itertools import product

import numpy as np
from reference.builders import EXPERIMENTS
from scipy import stats
from scipy.stats.contingency import odds_ratio, relative_risk
from statsmodels.stats import proportion

from experimentos.inference import METHODS, fisher
from experimentos.inference.agresti_caffo import agresti_caffo
from experimentos.inference.boschloo import boschloo
from experimentos.inference.counts import compare_arms, from_counts
from experimentos.inference.effect import Null
from experimentos.inference.exact_rates import exact_rates
from experimentos.inference.miettinen_nurminen import miettinen_nurminen
from experimentos.inference.newcombe import newcombe
from experimentos.inference.rate_ratio import katz, koopman
from experimentos.inference.score import score
from experimentos.inference.skewed_score import skewed_score
from experimentos.inference.unconditional import tail_pair
from experimentos.inference.wald import wald
from validation.entries import Reference, Simulation, stored

R = stored("proportions")
PEERS = stored("proportions_peers")
SCRIPT = "R, tests/reference/proportions.R"
FUNCTIONS = {
    "Score": score, "Miettinen-Nurminen": miettinen_nurminen, "Wald": wald,
    "Agresti-Caffo": agresti_caffo, "Newcombe": newcombe, "Katz": katz, "Koopman": koopman,
    "Skewness-corrected score": skewed_score, "Conditional binomial": exact_rates,
    "Fisher": fisher.fisher, "Boschloo": boschloo,
}  # fmt: skip
KEYS = {"Conditional binomial": "conditional binomial"}


@cache
def _effect(method, counts):
    x_t, n_t, x_c, n_c = counts
    return FUNCTIONS[method](from_counts(x_c, n_c), from_counts(x_t, n_t))


def _ours(method, field, counts):
    return getattr(_effect(method, tuple(counts)), field)[0]


def _tail(method, side, counts, weight=1.0, shift=0.0):
    x_t, n_t, x_c, n_c = counts
    arms = compare_arms(from_counts(x_c, n_c), from_counts(x_t, n_t))
    null = Null(np.array([weight]), np.array([shift]))
    return getattr(METHODS[method.lower()].tails(arms, null), side)[0]


def _entry(method, field, case, counts, source, expected, **options):
    quantity = field.replace("_", " ").replace("p value", "p-value")
    ours = partial(_ours, method, field, counts)
    return Reference(method, quantity, case, source, expected, ours, **options)


def _pair(method, case, counts, source, limits, *, lift=False, **options):
    """Entries of both limits; those of a ratio are compared as lifts."""
    names = ("lift_lower", "lift_upper") if lift else ("lower", "upper")
    return [
        _entry(method, name, case, counts, source, limit - lift, **options)
        for name, limit in zip(names, limits, strict=True)
    ]


def _published():
    half = {"atol": 5.1e-5, "rtol": 0.0}
    # R. G. Newcombe (1998), Statistics in Medicine 17, 873-890, Table II: methods 1, 5, 6 and 10.
    table = {
        "56/70 and 48/80": ((56, 70, 48, 80), (0.0575, 0.3425), (0.0533, 0.3377),
                            (0.0528, 0.3382), (0.0524, 0.3339)),
        "9/10 and 3/10": ((9, 10, 3, 10), (0.2605, 0.9395), (0.1821, 0.8370),
                          (0.1700, 0.8406), (0.1705, 0.8090)),
        "6/7 and 2/7": ((6, 7, 2, 7), (0.1481, 0.9947), (0.0544, 0.8478),
                        (0.0342, 0.8534), (0.0582, 0.8062)),
        "5/56 and 0/29": ((5, 56, 0, 29), (0.0146, 0.1640), (-0.0313, 0.1926),
                          (-0.0326, 0.1933), (-0.0381, 0.1926)),
        "0/10 and 0/20": ((0, 10, 0, 20), None, (-0.1611, 0.2775),
                          (-0.1658, 0.2844), (-0.1611, 0.2775)),
        "0/10 and 0/10": ((0, 10, 0, 10), None, (-0.2775, 0.2775),
                          (-0.2879, 0.2879), (-0.2775, 0.2775)),
        "10/10 and 0/20": ((10, 10, 0, 20), None, (0.7225, 1.0), (0.7156, 1.0), (0.6791, 1.0)),
        "10/10 and 0/10": ((10, 10, 0, 10), None, (0.6777, 1.0), (0.6636, 1.0), (0.6075, 1.0)),
    }  # fmt: skip
    found = []
    for case, (counts, *intervals) in table.items():
        for (method, number), limits in zip(
            (("Wald", 1), ("Score", 5), ("Miettinen-Nurminen", 6), ("Newcombe", 10)),
            intervals, strict=True,
        ):  # fmt: skip
            if limits:
                source = f"Newcombe (1998), Table II, method {number}"
                found += _pair(method, case, counts, source, limits, **half)
    why = "there the interval has no width: the variance is 0, so nothing is known"
    found.append(
        _entry("Wald", "lower", "10/10 and 0/20", (10, 10, 0, 20),
               "Newcombe (1998), Table II, method 1", 1.0, agrees=False, why=why)
    )  # fmt: skip
    # M. W. Fagerland, S. Lydersen, P. Laake (2017), Statistical Analysis of Contingency Tables,
    # chapter 4; values printed by the tests of its R package, contingencytables.
    book, case, counts = "Fagerland et al. (2017)", "epinephrine, 7/34 and 1/34", (7, 34, 1, 34)
    for method, limits, lift in (
        ("Wald", (0.0292, 0.3238), False), ("Agresti-Caffo", (0.0116, 0.3217), False),
        ("Newcombe", (0.0189, 0.3404), False), ("Score", (0.0284, 0.3439), False),
        ("Katz", (0.9096, 53.8695), True), ("Koopman", (1.2209, 42.5757), True),
        ("Miettinen-Nurminen", (1.2086, 43.0330), True), ("Newcombe", (1.1537, 41.9763), True),
    ):  # fmt: skip
        found += _pair(method, case, counts, book, limits, lift=lift, **half)
    found += _pair(
        "Miettinen-Nurminen", "genotype, 0/16 and 15/72", (0, 16, 15, 72), book,
        (-0.3164, -0.0056), **half,
    )  # fmt: skip
    found += _pair(
        "Koopman", "36/40 and 16/80", (36, 40, 16, 80), "Koopman (1984), section 4", (2.94, 7.15),
        lift=True, rtol=0.0, atol=5.1e-3,
    )  # fmt: skip
    # As the tests of the R package ratesci repeat them, without its N/(N-1).
    three = {"rtol": 0.0, "atol": 5.1e-4}
    method = "Skewness-corrected score"
    found += _pair(
        method, "7/25 and 2/25", (7, 25, 2, 25), "Gart and Nam (1990)", (-0.014, 0.414), **three
    )
    for counts, limits in (((8, 15, 4, 15), (0.806, 6.148)), ((6, 10, 6, 20), (0.822, 4.954))):
        case = "{}/{} and {}/{}".format(*counts)
        found += _pair(method, case, counts, "Gart and Nam (1988)", limits, lift=True, **three)
    return found


def _by_r():
    shown = (
        "56/70 and 48/80", "7/34 and 1/34", "3/900 and 11/1000", "995/1000 and 893/900",
        "Cookie Cats, after 7 days", "marketing, converted", "160 and 100 of a billion",
    )  # fmt: skip
    calls = {
        "wald": ("Wald", "R, prop.test(correct = FALSE)"),
        "agresti_caffo": ("Agresti-Caffo", "R, prop.test(x + 1, n + 2, correct = FALSE)"),
        "newcombe": ("Newcombe", "R, prop.test of each arm, combined"),
        "mee": ("Score", f"{SCRIPT}: uniroot"),
        "miettinen_nurminen": ("Miettinen-Nurminen", f"{SCRIPT}: uniroot"),
        "koopman": ("Koopman", f"{SCRIPT}: uniroot"),
        "miettinen_nurminen_ratio": ("Miettinen-Nurminen", f"{SCRIPT}: uniroot, ratio"),
        "katz": ("Katz", "R, glm(binomial('log')), confint.default"),
    }
    found = []
    for case, name in product(shown, calls):
        method, source = calls[name]
        given = R["cases"][case]
        lift = name in {"koopman", "miettinen_nurminen_ratio", "katz"}
        # Limits of differences of tiny rates: R's root finder stops at an absolute 1e-15.
        found += _pair(
            method, case, given["counts"], source, given[name], lift=lift, rtol=2e-9, atol=3e-15
        )
    for case in shown:
        given = R["cases"][case]
        found.append(
            _entry("Score", "p_value", case, given["counts"], "R, prop.test(correct = FALSE)",
                   given["pooled_p"])
        )  # fmt: skip
    for case, given in R["edges"].items():
        for name in ("newcombe", "agresti_caffo"):
            method, source = calls[name]
            found += _pair(method, case, given["counts"], source, given[name], atol=1e-15)
    for given in R["margins"]:
        case = "{} of {} and {} of {}".format(*given["counts"]) + f", margin {given['margin']}"
        ours = partial(_tail, "Score", "greater", given["counts"], shift=given["margin"])
        source = "R, rpact::getStageResults(thetaH0)"
        found.append(Reference("Score", "p-value", case, source, given["rpact_p"], ours, rtol=1e-8))
    for case, expected in R["rpact_intervals"].items():
        found.append(
            _entry("Score", "lower", case, R["cases"][case]["counts"],
                   "R, rpact::getAnalysisResults", expected, atol=2e-8, rtol=0.0)
        )  # fmt: skip
    return found


def _by_python():
    found = []
    for case, given in EXPERIMENTS["proportions"].items():
        counts = tuple(given[arm][k] for arm in ("treatment", "control") for k in ("x", "n"))
        case = case.replace("_", " ")  # noqa: PLW2901
        source = "statsmodels, confint_proportions_2indep"
        ztest = "statsmodels, proportions_ztest"
        found.append(_entry("Score", "p_value", case, counts, ztest, given["p_pooled_z"]))
        found += _pair("Wald", case, counts, source, given["ci95_wald"])
        found += _pair("Agresti-Caffo", case, counts, source, given["ci95_agresti_caffo"])
        found += _pair("Newcombe", case, counts, source, given["ci95_newcombe"])
        limits = [1 + limit for limit in given["ci95_rel_log"]]
        found += _pair("Katz", case, counts, source, limits, lift=True)
        arms = compare_arms(from_counts(*counts[2:]), from_counts(*counts[:2]))
        found.append(
            Reference("Fisher", "p-value by probability", case, "SciPy, fisher_exact",
                      given["p_fisher"], partial(_two_sided, arms), rtol=1e-8)
        )  # fmt: skip
    counts = (7, 34, 1, 34)
    for method, name in (("Wald", "wald"), ("Agresti-Caffo", "agresti-caffo")):
        for value in (0.0, 0.02):
            theirs = proportion.test_proportions_2indep(
                *counts, value=value, method=name, compare="diff", alternative="larger"
            )
            ours = partial(_tail, method, "greater", counts, shift=value)
            case = f"7/34 and 1/34, margin {value}"
            source = "statsmodels, test_proportions_2indep"
            found.append(Reference(method, "p-value", case, source, theirs.pvalue, ours))
    theirs = proportion.test_proportions_2indep(
        *counts, value=0.9, method="log", compare="ratio", alternative="larger"
    )
    ours = partial(_tail, "Katz", "greater", counts, weight=0.9)
    found.append(
        Reference("Katz", "p-value", "7/34 and 1/34, ratio 0.9",
                  "statsmodels, test_proportions_2indep", theirs.pvalue, ours)
    )  # fmt: skip
    risk = relative_risk(10, 75, 12, 225).confidence_interval()
    return found + _pair(
        "Katz", "10/75 and 12/225", (10, 75, 12, 225), "SciPy, relative_risk", tuple(risk),
        lift=True,
    )  # fmt: skip


def _two_sided(arms):
    return fisher.two_sided(arms)[0]


def _odds(counts, side):
    arms = compare_arms(from_counts(*counts[2:]), from_counts(*counts[:2]))
    return getattr(fisher.odds_ratio_interval(arms, np.array([0.025])), side)[0]


def _exact():
    found = []
    for case in ("9/10 and 3/10", "7/34 and 1/34", "3/900 and 11/1000", "marketing, converted"):
        given = R["cases"][case]
        counts = given["counts"]
        for side, expected in zip(("less", "greater"), given["fisher_tails"], strict=True):
            ours = partial(_tail, "Fisher", side, counts)
            found.append(Reference("Fisher", f"p-value, {side}", case, "R, phyper", expected, ours))
        arms = compare_arms(from_counts(*counts[2:]), from_counts(*counts[:2]))
        found.append(
            Reference("Fisher", "p-value by probability", case, "R, fisher.test",
                      given["fisher_two_sided"], partial(_two_sided, arms), rtol=1e-8)
        )  # fmt: skip
        for side, expected in zip(("lower", "upper"), given["odds_ratio"], strict=True):
            found.append(
                Reference("Fisher", f"odds ratio, {side}", case, f"{SCRIPT}: uniroot", expected,
                          partial(_odds, counts, side))
            )  # fmt: skip
    for case, given in R["edges"].items():
        arms = compare_arms(from_counts(*given["counts"][2:]), from_counts(*given["counts"][:2]))
        found.append(
            Reference("Fisher", "p-value by probability", case, "R, fisher.test",
                      given["fisher_two_sided"], partial(_two_sided, arms))
        )  # fmt: skip
    for given in R["fisher_billion"]:
        case = "{:.10g} and {:.10g} of a billion".format(*given["counts"][::2])
        ours = partial(_tail, "Fisher", "greater", given["counts"])
        expected = given["greater"]
        found.append(Reference("Fisher", "p-value, greater", case, "R, phyper", expected, ours,
                               rtol=1e-8))  # fmt: skip
    theirs = odds_ratio([[10, 3], [2, 15]]).confidence_interval()
    for side, expected in zip(("lower", "upper"), theirs, strict=True):
        found.append(
            Reference("Fisher", f"odds ratio, {side}", "criminal twins", "SciPy, odds_ratio",
                      expected, partial(_odds, (10, 13, 2, 17), side))
        )  # fmt: skip
    found.append(
        Reference("Fisher", "odds ratio, upper", "criminal twins, one-sided", "R, ?fisher.test",
                  0.2849601, partial(_odds_one_sided, (2, 17, 10, 13)), atol=2e-5, rtol=0.0)
    )  # fmt: skip
    for given in R["boschloo"]:
        case = "{}/{} and {}/{}".format(*given["counts"])
        ours = partial(_tail, "Boschloo", "greater", given["counts"])
        source = f"{SCRIPT}: every table, grid and optimize"
        found.append(Reference("Boschloo", "p-value, greater", case, source, given["p"], ours))
    # C. R. Mehta, P. Senchaudhuri (2003), Conditional versus unconditional exact tests for
    # comparing two binomials: a vaccine, 7 of 15 against 12 of 15 infected.
    found.append(
        Reference("Boschloo", "p-value, less", "vaccine, 7/15 and 12/15",
                  "Mehta, Senchaudhuri (2003); SciPy, ?barnard_exact: 0.0341", 0.0341,
                  partial(_tail, "Boschloo", "less", (7, 15, 12, 15)), rtol=0.0, atol=5.1e-5)
    )  # fmt: skip
    theirs = stats.boschloo_exact([[74, 31], [43, 32]], alternative="greater", n=128).pvalue
    found.append(
        Reference("Boschloo", "p-value, greater", "job satisfaction, 74/117 and 31/63",
                  "SciPy, boschloo_exact", theirs,
                  partial(_tail, "Boschloo", "greater", (74, 117, 31, 63)))
    )  # fmt: skip
    return found + _conditional()


def _odds_one_sided(counts):
    arms = compare_arms(from_counts(*counts[2:]), from_counts(*counts[:2]))
    return fisher.odds_ratio_interval(arms, np.array([0.05])).upper[0]


def _conditional():
    found = []
    for given, side in product(R["binomial"], ("less", "greater")):
        case = "{} of {} and {} of {}".format(*given["counts"])
        ours = partial(_tail, "Conditional binomial", side, given["counts"])
        found.append(
            Reference("Conditional binomial", f"p-value, {side}", case, "R, pbinom", given[side],
                      ours)
        )  # fmt: skip
    found += _pair(
        "Conditional binomial", "11 of 800 and 21 of 3011", (11, 800, 21, 3011),
        "R, poisson.test (its ?poisson.test)", R["poisson_limits"], lift=True, rtol=1e-7,
    )  # fmt: skip
    found.append(
        _entry("Conditional binomial", "p_value", "8 and 1 of a billion", (8, 1e9, 1, 1e9),
               "R, binom.test(8, 9)", 0.0390625)
    )  # fmt: skip
    for given in R["unconditional"]:
        case = "{}/{} and {}/{}".format(*given["counts"])
        x_t, n_t, x_c, n_c = given["counts"]
        boundary = {"weight": given["weight"], "shift": given["shift"]}
        ours = partial(_unconditional, x_c, n_c, x_t, n_t, **boundary)
        label = f"{case}, ratio {given['weight']}, margin {given['shift']}"
        # R's optimize stops at a relative 1e-8; above one half we need not find the supremum.
        options = {"rtol": 1e-7} if given["p"] < 0.5 else {"rtol": 1e-3}
        source = f"{SCRIPT}: every table"
        found.append(
            Reference("Unconditional", "p-value, greater", label, source, given["p"], ours,
                      **options)
        )  # fmt: skip
    why = "the supremum over rates in a confidence region (Berger and Boos); theirs is over all"
    found.append(
        Reference("Unconditional", "p-value, greater", "nephroblastoma, margin -0.1",
                  "Chan (1998), section 4", 0.0017,
                  partial(_unconditional, 69, 76, 83, 88, weight=1.0, shift=-0.1),
                  rtol=0.0, atol=5e-5, agrees=False, why=why)
    )  # fmt: skip
    return found


def _unconditional(*counts, weight, shift):
    return tail_pair(*counts, weight=weight, shift=shift)[1]


def _by_peers():
    found = []
    tea, abkit = PEERS["tea_tasting"], PEERS["abkit"]
    pooled = "a test's pooled error isn't the interval's: it contradicts its own test at margins"
    for case in ("Cookie Cats, after 7 days", "7/34 and 1/34"):
        counts = R["cases"][case]["counts"]
        theirs = tea[case]
        source = "tea-tasting 2.0, Proportion(norm)"
        found.append(_entry("Score", "p_value", case, counts, source, theirs["pooled"]["p_value"]))
        why = "a continuity correction: its error rate is far below nominal"
        found.append(
            _entry("Score", "p_value", case, counts, f"{source}, its default",
                   theirs["corrected"]["p_value"], agrees=False, why=why, rtol=1e-3)
        )  # fmt: skip
        unpooled = theirs["unpooled"]
        source = "tea-tasting 2.0, Proportion(norm, unpooled)"
        found += _pair("Wald", case, counts, source, (unpooled["lower"], unpooled["upper"]))
        found.append(_entry("Wald", "p_value", case, counts, source, unpooled["p_value"]))
        limits = (1 + unpooled["lift_lower"], 1 + unpooled["lift_upper"])
        found += _pair("Katz", case, counts, source, limits, lift=True)
        theirs = abkit[case]
        source = "ab-analysis-kit 0.8, z-test (score)"
        limits = [theirs["absolute_score"][f"{side}_bound"] for side in ("left", "right")]
        found += _pair("Score", case, counts, source, limits)
        limits = [1 + theirs["relative_score"][f"{side}_bound"] for side in ("left", "right")]
        found += _pair("Score", case, counts, source, limits, lift=True)
        limits = [theirs["absolute_pooled"][f"{side}_bound"] for side in ("left", "right")]
        source = "ab-analysis-kit 0.8, z-test, its default"
        found += _pair("Score", case, counts, source, limits, agrees=False, why=pooled)
    why = "nothing happened in either arm: undefined, not a certain null"
    found.append(
        _entry("Score", "p_value", "0/10 and 0/20", (0, 10, 0, 20),
               "ab-analysis-kit 0.8, z-test (score)", abkit["no event"]["pvalue"],
               agrees=False, why=why)
    )  # fmt: skip
    arms = compare_arms(from_counts(1, 34), from_counts(7, 34))
    found.append(
        Reference("Fisher", "p-value by probability", "7/34 and 1/34",
                  "tea-tasting 2.0, Proportion(fisher)", tea["7/34 and 1/34"]["fisher"],
                  partial(_two_sided, arms), rtol=1e-8)
    )  # fmt: skip
    found.append(
        _entry("Boschloo", "p_value", "7/34 and 1/34", (7, 34, 1, 34),
               "tea-tasting 2.0, Proportion(boschloo)", tea["7/34 and 1/34"]["boschloo"])
    )  # fmt: skip
    return found


REFERENCES = [*_published(), *_by_r(), *_by_python(), *_exact(), *_by_peers()]


# Simulations. Counts take few values, so whole tables are computed once and looked up.


@cache
def _table(method, n_t, n_c):
    x_t, x_c = (
        v.ravel() for v in np.meshgrid(np.arange(n_t + 1), np.arange(n_c + 1), indexing="ij")
    )
    return FUNCTIONS[method](from_counts(x_c, n_c), from_counts(x_t, n_t))


def _draw(method, size, rates, runs, rng):
    """Effects of simulated experiments; small tables are looked up."""
    (n_t, n_c), (q, p) = size, rates
    x_t, x_c = rng.binomial(n_t, q, runs), rng.binomial(n_c, p, runs)
    if (n_t + 1) * (n_c + 1) < 20_000:
        return _table(method, n_t, n_c).take(x_t * (n_c + 1) + x_c)
    return FUNCTIONS[method](from_counts(x_c, n_c), from_counts(x_t, n_t))


def _rejected(method, size, rate, runs, rng):
    effect = _draw(method, size, (rate, rate), runs, rng)
    return int((effect.p_value < 0.05).sum()), runs


def _covered(method, size, rates, lift, runs, rng):
    effect = _draw(method, size, rates, runs, rng)
    truth = rates[0] / rates[1] - 1 if lift else rates[0] - rates[1]
    low, high = (effect.lift_lower, effect.lift_upper) if lift else (effect.lower, effect.upper)
    return int(((low <= truth) & (truth <= high)).sum()), runs


def _sim(method, quantity, setting, promised, run, kind="equal", allowance=0.0):
    return Simulation(
        method, quantity, setting, promised, run, kind=kind, allowance=allowance, short=2_000,
        long=100_000,
    )  # fmt: skip


def _simulations():
    large, small = (1000, 800), (40, 30)
    words = "1,000 and 800 units; counts are discrete"
    found = []
    for method in ("Score", "Miettinen-Nurminen", "Wald", "Agresti-Caffo", "Newcombe", "Katz"):
        run = partial(_rejected, method, large, 0.2)
        setting = f"rate 0.2, alpha 0.05, {words}"
        found.append(_sim(method, "type I error", setting, 0.05, run, allowance=0.001))
    for method in ("Score", "Miettinen-Nurminen", "Wald", "Agresti-Caffo", "Newcombe"):
        run = partial(_covered, method, large, (0.25, 0.2), False)
        setting = f"difference of 0.25 and 0.2, {words}"
        found.append(_sim(method, "coverage", setting, 0.95, run, allowance=0.001))
    for method in ("Score", "Miettinen-Nurminen", "Wald", "Agresti-Caffo", "Newcombe", "Katz"):
        run = partial(_covered, method, large, (0.25, 0.2), True)
        setting = f"ratio of 0.25 and 0.2, {words}"
        found.append(_sim(method, "coverage of the lift", setting, 0.95, run, allowance=0.001))
    # What the approximations miss, known from the sum over all tables.
    for size, rates, units, gaps in (
        (small, (0.15, 0.05), "40 and 30 units",
         {"Score": 0.9487, "Miettinen-Nurminen": 0.9633, "Wald": 0.9456, "Agresti-Caffo": 0.9682,
          "Newcombe": 0.9676}),
        ((20, 20), (0.95, 0.8), "20 units an arm",
         {"Score": 0.9538, "Miettinen-Nurminen": 0.9538, "Wald": 0.9127, "Agresti-Caffo": 0.9663,
          "Newcombe": 0.9625}),
        ((2000, 2000), (0.003, 0.002), "2,000 units an arm",
         {"Score": 0.9474, "Miettinen-Nurminen": 0.9474, "Wald": 0.9548, "Agresti-Caffo": 0.9744,
          "Newcombe": 0.9689}),
        ((2000, 500), (0.004, 0.002), "2,000 and 500 units",
         {"Score": 0.9696, "Miettinen-Nurminen": 0.9696, "Wald": 0.9287, "Agresti-Caffo": 0.9951,
          "Newcombe": 0.9697}),
    ):  # fmt: skip
        for method, true in gaps.items():
            run = partial(_covered, method, size, rates, False)
            kind = "covers too rarely" if true < 0.944 else "approximate"
            setting = (
                f"difference of {rates[0]} and {rates[1]}, {units}; {kind}, {true} over all tables"
            )
            allowance = abs(true - 0.95) + 0.001
            found.append(
                _sim(method, "coverage", setting, 0.95, run, allowance=round(allowance, 4))
            )
    return found + _exact_simulations()


def _exact_simulations():
    rare, found = (2000, 2000), []
    for method, size, rate in (
        ("Fisher", (40, 30), 0.2),
        ("Boschloo", (15, 12), 0.4),
        ("Conditional binomial", rare, 0.003),
    ):
        setting = f"rate {rate}, {size[0]:,} and {size[1]:,} units, alpha 0.05; exact"
        run = partial(_rejected, method, size, rate)
        found.append(_sim(method, "type I error", setting, 0.05, run, kind="at most"))
    setting = "ratio of 0.003 and 0.002, 2,000 units an arm; exact for Poisson counts"
    run = partial(_covered_or_undefined, "Conditional binomial", rare, (0.003, 0.002))
    found.append(
        _sim("Conditional binomial", "coverage of the lift", setting, 0.95, run, kind="at least")
    )
    setting = "difference of 0.017 and 0.0005, 1,000 units an arm; as the score limits, exact at 0"
    run = partial(_covered, "Conditional binomial", (1000, 1000), (0.017, 0.0005), False)
    found.append(
        _sim("Conditional binomial", "coverage", setting, 0.95, run, "at least", allowance=0.003)
    )
    setting = "margin -0.15, rates 0.6 and 0.75, 10 and 12 units, one-sided alpha 0.025; exact"
    found.append(_sim("Unconditional", "type I error", setting, 0.025, _noninferior, "at most"))
    return found


def _covered_or_undefined(method, size, rates, runs, rng):
    """Coverage of the lift where control has an event: without one there is no lift."""
    effect = _draw(method, size, rates, runs, rng)
    truth = rates[0] / rates[1] - 1
    defined = ~np.isnan(effect.lift_lower)
    inside = (effect.lift_lower <= truth) & (truth <= effect.lift_upper)
    return int((inside | ~defined).sum()), runs


@cache
def _noninferiority_table(n_t, n_c, margin):
    return np.array(
        [
            [tail_pair(x_c, n_c, x_t, n_t, weight=1.0, shift=margin)[1] for x_c in range(n_c + 1)]
            for x_t in range(n_t + 1)
        ]
    )


def _noninferior(runs, rng):
    n_t, n_c, margin, p = 10, 12, -0.15, 0.75
    x_t, x_c = rng.binomial(n_t, p + margin, runs), rng.binomial(n_c, p, runs)
    return int((_noninferiority_table(n_t, n_c, margin)[x_t, x_c] < 0.025).sum()), runs


SIMULATIONS = _simulations()
