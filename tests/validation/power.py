"""Power and sample size.

Means, proportions, ratios, margins, equivalence, many arms, looks, and the rule for an experiment.
"""

from dataclasses import replace

import numpy as np
from scipy import stats

from experimentos import families, power
from experimentos.estimators import compare
from experimentos.inference import METHODS, evaluate, no_effect
from experimentos.moments import Moments
from experimentos.power import Means, PlannedMetric, Rates
from experimentos.sequential import normal_mixture, tuning
from experimentos.sequential.group import group_sequential
from validation.entries import Reference, Simulation, stored

R = stored("power")
SCRIPT = "R, tests/reference/power.R"
SPENDING = {"asOF": "obrien_fleming", "asP": "pocock"}


def said(row, *names):
    return ", ".join(f"{name} {row[name]:g}" for name in names)


def one(method, quantity, case, source, expected, ours, **options):
    return Reference(method, quantity, case, f"{SCRIPT}: {source}", expected, ours, **options)


# References -----------------------------------------------------------------------------------


def _means():
    name = "Power of Welch's test"
    for g in R["means"]:
        for sides, key in ((2, "two"), (1, "one")):
            yield one(
                name, "power", f"{said(g, 'delta', 'sd', 'n')}, sides {sides}", "power.t.test",
                g[key],
                lambda g=g, sides=sides: power.means_power(
                    g["delta"], g["n"], g["n"], sd_control=g["sd"], sides=sides
                ),
            )  # fmt: skip
    for g in R["means_n"]:
        for sides, key in ((2, "two"), (1, "one")):
            yield one(
                name, "units", f"{said(g, 'delta', 'power', 'alpha')}, sides {sides}",
                "power.t.test", g[key],
                lambda g=g, sides=sides: power.means_units(
                    g["delta"], power=g["power"], alpha=g["alpha"], sides=sides
                ).control,
            )  # fmt: skip
    for g in R["means_detectable"]:
        yield one(
            name, "smallest effect", f"{said(g, 'n', 'power')}, sd 3", "power.t.test", g["two"],
            lambda g=g: power.means_detectable(g["n"], g["n"], power=g["power"], sd_control=3.0),
        )  # fmt: skip
    for g in R["unequal"]:
        if g["n1"] == g["n2"]:
            continue
        yield one(
            name, "power", f"{said(g, 'n1', 'n2', 'd')}", "pwr.t2n.test", g["power"],
            lambda g=g: power.means_power(g["d"], g["n1"], g["n2"]),
            agrees=False,
            why="it pools the variance and its degrees of freedom; ours are Welch's",
        )  # fmt: skip
    for g in R["welch"]:
        yield one(
            name, "power", said(g, "n1", "n2", "s1", "s2", "d"), "integrate() over chi",
            g["power"],
            lambda g=g: power.means_power(
                g["d"], g["n1"], g["n2"], sd_control=g["s1"], sd_treatment=g["s2"]
            ),
        )  # fmt: skip


def _margins():
    name = "Power of non-inferiority"
    for g in R["margins"]:
        case, ratio = said(g, "alternative", "theta", "ratio"), g["ratio"]

        def units(g=g):
            found = power.noninferiority_units(
                Means(g["alternative"]), -g["theta"], ratio=g["ratio"], alpha=0.025
            )
            return found.total

        if ratio == 1:
            yield one(name, "units", f"means, {case}", "getSampleSizeMeans", g["t"], units,
                      rtol=1e-6)  # fmt: skip
        yield one(
            name, "units by the normal distribution", f"means, {case}", "getSampleSizeMeans",
            g["normal"], units, rtol=0.0, atol=2.1 if ratio == 1 else 4.8,
        )  # fmt: skip
    for g in R["relative"]:
        yield one(
            name, "units for a relative margin", said(g, "m", "cv", "ratio"),
            "getSampleSizeMeans(meanRatio)", g["n"],
            lambda g=g: power.noninferiority_units(
                Means(0.0, 10.0, 10 * g["cv"]), g["m"], is_relative=True, power=0.9,
                ratio=g["ratio"], alpha=0.025,
            ).total, rtol=0.0, atol=6.5,
        )  # fmt: skip
    for g in R["power_means"]:
        outcome, half = Means(g["alternative"], 0.0, 1.2), g["n"] / 2

        def ours(g=g, outcome=outcome, half=half):
            ask = power.noninferiority_power if g["theta"] < 0 else power.superiority_power
            return ask(outcome, abs(g["theta"]), half, half, alpha=0.025)

        yield one("Power by a margin", "power", said(g, "n", "theta", "alternative"),
                  "getPowerMeans", g["power"], ours, rtol=1e-8)  # fmt: skip


def _units_of_rates(g):
    """Units by rpact's parameters, whose theta is minus the margin of an increase."""
    goal = "increase" if g["upper"] else "decrease"
    return power.noninferiority_units(
        Rates(g["pi2"], g["pi1"]), abs(g["theta"]), ratio=g["ratio"], alpha=0.025, goal=goal
    ).total


def _proportions():
    name = "Power of the score test"
    for g in R["proportions"]:
        yield one(
            name, "units", said(g, "pi1", "pi2", "theta", "ratio"), "getSampleSizeRates", g["n"],
            lambda g=g: _units_of_rates(g), rtol=1e-7,
        )  # fmt: skip
    for g in R["risk_ratio"]:
        yield one(
            name, "units for a risk ratio", said(g, "p", "theta", "ratio"),
            "getSampleSizeRates(riskRatio)", g["n"],
            lambda g=g: power.noninferiority_units(
                Rates(g["p"]), 1 - g["theta"], is_relative=True, ratio=g["ratio"], alpha=0.025
            ).total, rtol=1e-7,
        )  # fmt: skip
    for g in R["prop_test"]:
        case = said(g, "n", "p1", "p2")
        yield one(
            name, "power", case, "power.prop.test", g["power"],
            lambda g=g: power.proportions_power(g["p1"], g["p2"], g["n"], g["n"]),
        )  # fmt: skip
        yield one(
            name, "units", case, "power.prop.test", g["n_at_90"],
            lambda g=g: power.proportions_units(g["p1"], g["p2"], power=0.9).control,
        )  # fmt: skip
        yield one(
            name, "smallest rate", case, "power.prop.test", g["p2_at_90"],
            lambda g=g: g["p1"] + power.proportions_detectable(
                g["p1"], g["n"], g["n"], power=0.9
            ),
        )  # fmt: skip
    for g in R["arcsine"]:
        yield one(
            name, "power", said(g, "p1", "p2", "n1", "n2"), "pwr.2p2n.test", g["power"],
            lambda g=g: power.proportions_power(g["p1"], g["p2"], g["n1"], g["n2"]), rtol=1e-6,
            agrees=False,
            why="it tests the difference of arcsines of roots; the score test's power is nearly "
            "the same",
        )  # fmt: skip


def _equivalence():
    for g in R["tost"]:
        yield one(
            "Power of equivalence", "power", said(g, "n1", "n2", "m", "d"),
            "Owen's Q by integrate()", g["power"],
            lambda g=g: power.equivalence_power(Means(g["d"]), g["m"], g["n1"], g["n2"]),
            # Welch's degrees of freedom equal the pooled ones for equal arms alone.
            rtol=1e-8 if g["n1"] == g["n2"] else 2e-2,
        )  # fmt: skip
    for g in R["relative_tost"]:
        yield one(
            "Power of equivalence", "power, relative margin",
            said(g, "mean", "sd", "n1", "n2", "m", "d"), "pmvnorm", g["power"],
            lambda g=g: power.equivalence_power(
                Means(g["d"], g["mean"], g["sd"]), g["m"], g["n1"], g["n2"], is_relative=True
            ), rtol=1e-6,
        )  # fmt: skip


def _sequential():
    for g in R["designs"]:
        fixed = 4 * ((stats.norm.isf(g["alpha"]) + stats.norm.ppf(0.8)) / 0.3) ** 2

        def design(g=g):
            looks = int(g["looks"])
            fractions = np.arange(1, looks + 1) / looks
            return group_sequential(fractions, alpha=g["alpha"], spending=SPENDING[g["type"]])

        case = f"{SPENDING[g['type']]}, {g['looks']} looks, one-sided {g['alpha']}"
        yield one(
            "Inflation", "largest size", case, "getSampleSizeMeans", g["n_max"],
            lambda design=design, fixed=fixed: fixed * power.group_factor(design()), rtol=1e-6,
        )  # fmt: skip
        for word, effect, key in (("", 1.0, "n_expected"), (", no effect", 0.0, "n_expected_h0")):
            yield one(
                "Inflation", f"expected size{word}", case, "getSampleSizeMeans", g[key],
                lambda design=design, fixed=fixed, effect=effect: fixed
                * power.expected_group_factor(design(), effect=effect), rtol=1e-6,
            )  # fmt: skip
    for g in R["always_valid"]:
        options = {"power": g["power"], "alpha": g["alpha"], "side": g["side"]}
        case = f"{said(g, 'alpha', 'power')}, {g['side']}"
        yield one(
            "Always-valid inflation", "factor", case, "integrate(), optimize()", g["factor"],
            lambda options=options: power.always_valid_factor(**options), rtol=1e-8,
        )  # fmt: skip
        yield one(
            "Always-valid inflation", "units, tuned for 5,000", case,
            "integrate(), uniroot()", g["n"],
            lambda options=options: power.always_valid_units(1000, 5000, **options), rtol=1e-7,
        )  # fmt: skip


def _arms():
    for g in R["dunnett"]:
        shares = [1.0, *[g["ratio"]] * int(g["k"])]
        yield one(
            "Dunnett", "critical value", said(g, "k", "ratio", "sides"), "integrate(), uniroot()",
            g["critical"],
            lambda g=g, shares=shares: power.dunnett_critical(shares, sides=int(g["sides"])),
            rtol=1e-8,
        )  # fmt: skip
    for g in R["arms_any"]:
        for every in (False, True):
            yield one(
                "Power of two arms", "all" if every else "any", said(g, "d1", "d2"), "pmvnorm",
                g["every" if every else "any"],
                lambda g=g, every=every: power.any_arm_power(
                    [g["d1"], g["d2"]], [1, 1, 1], level=0.0125, every=every
                ),
            )  # fmt: skip
    table = "C. W. Dunnett (1964), Biometrics 20, table 2, two-sided 5 %"
    for arms, df, value in ((2, 10, 2.57), (3, 20, 2.54), (4, 60, 2.51)):
        yield Reference(
            "Dunnett", "critical value", f"{arms} arms, {df} degrees of freedom", table, value,
            lambda arms=arms, df=df: power.dunnett_critical(np.ones(arms + 1), df=df),
            rtol=0.0, atol=0.0051,
        )  # fmt: skip


def _published():
    yield Reference(
        "Power of non-inferiority", "units", "LDL, margin 5, deviation 10, one-sided 5 %",
        "S.-C. Chow, J. Shao, H. Wang (2003), Sample Size Calculations in Clinical Research, "
        "example 3.2.4: 50 by the normal distribution; R package TrialSize, ?TwoSampleMean.NIS",
        50.0, lambda: power.noninferiority_units(Means(0.0, sd_control=10.0), 5.0).control,
        rtol=0.0, atol=1.0,
    )  # fmt: skip
    yield Reference(
        "Power of Welch's test", "units", "effect 0.1 of a deviation",
        "R. Kohavi, D. Tang, Y. Xu (2020), chapter 17: 16 sigma^2 / delta^2", 1600.0,
        lambda: power.means_units(0.1).control, rtol=0.02,
    )  # fmt: skip
    yield Reference(
        "Power of the score test", "units", "20 % against 25 %, two-sided 5 %, power 80 %",
        "Evan Miller's sample size calculator: 1,030", 1030.0,
        lambda: power.proportions_units(0.2, 0.25).control, rtol=0.0, atol=0.5, agrees=False,
        why="it takes the control rate for both arms where there is no difference; the score test "
        "takes the pooled rate, which is larger",
    )  # fmt: skip


def _peers():
    from statsmodels.stats.power import NormalIndPower, TTestIndPower

    for d, n, ratio in ((0.2, 100, 1.0), (0.05, 4000, 1.0)):
        yield Reference(
            "Power of Welch's test", "power", f"effect {d}, n {n}, ratio {ratio:g}",
            "statsmodels.stats.power.TTestIndPower",
            TTestIndPower().power(d, n, 0.05, ratio=ratio),
            lambda d=d, n=n, ratio=ratio: power.means_power(d, n, n * ratio),
        )  # fmt: skip
    yield Reference(
        "Power of Welch's test", "power", "a billion units, effect 0.0001",
        "statsmodels.stats.power.NormalIndPower", NormalIndPower().power(1e-4, 1e9, 0.05),
        lambda: power.means_power(1e-4, 1e9, 1e9), rtol=1e-8,
    )  # fmt: skip
    # The linearised deviation by numerical derivatives of the ratio.
    mean, cov = np.array([2.0, 4.0]), np.array([[3.0, 1.0], [1.0, 2.0]])
    step = 1e-6
    gradient = np.array(
        [
            ((mean[0] + step) / mean[1] - (mean[0] - step) / mean[1]) / (2 * step),
            (mean[0] / (mean[1] + step) - mean[0] / (mean[1] - step)) / (2 * step),
        ]
    )
    yield Reference(
        "Deviation of a ratio", "deviation", "means 2 and 4", "delta method, numerical derivatives",
        float(np.sqrt(gradient @ cov @ gradient)),
        lambda: power.ratio_sd(
            2.0, 4.0, var_numerator=3.0, var_denominator=2.0, covariance=1.0
        ), rtol=1e-8,
    )  # fmt: skip
    yield Reference(
        "Design effect", "factor", "20 a cluster, correlation 0.05, variation 0.65",
        "S. M. Eldridge, D. Ashby, S. Kerry (2006), formula by hand: 1 + (1.4225 * 20 - 1) * 0.05",
        2.3725, lambda: power.cluster_factor(20, 0.05, variation=0.65),
    )  # fmt: skip
    yield Reference(
        "CUPED factor", "factor", "correlation 0.7", "by hand: 1 - 0.49", 0.51,
        lambda: power.cuped_factor(0.7),
    )  # fmt: skip


def _days():
    yield Reference(
        "Duration", "days", "1,000 units at 100 on weekdays and 40 at the weekend, 3 days' window",
        "by hand: 580 a week, 420 left, on the fifth day, and 3", 15.0,
        lambda: power.duration_of(1000, [100] * 5 + [40] * 2, window=3).total,
    )  # fmt: skip
    yield Reference(
        "Duration", "units", "15 days of the same", "by hand: 580 and 5 times 100", 1080.0,
        lambda: power.units_after(15, [100] * 5 + [40] * 2, window=3),
    )  # fmt: skip
    yield Reference(
        "Many arms", "share of control", "4 treatments", "by hand: 2 / (2 + 4)", 1 / 3,
        lambda: power.optimal_shares(4)[0],
    )  # fmt: skip
    yield Reference(
        "Post-stratification factor", "factor", "R squared 0.2", "by hand", 0.8,
        lambda: power.stratification_factor(0.2),
    )  # fmt: skip
    yield Reference(
        "Deviation of a quantile", "deviation", "standard error 0.02 at 10,000 units", "by hand",
        2.0, lambda: power.quantile_sd(0.02, 10_000),
    )  # fmt: skip


def _rule():
    metrics = _PLAN
    z = stats.norm.isf
    success = (z(0.0125 / 2) + z(0.1)) ** 2 * 2 * 2.0**2 / 0.1**2
    guard = (z(0.0125) + z(0.1)) ** 2 * 2 * 3.0**2 / 0.15**2
    source = "by hand: normal formula at the levels of the rule, two arms, two success metrics"
    for index, (metric, expected) in enumerate(zip(metrics[::2], (success, guard), strict=False)):
        yield Reference(
            "Whole rule", "units of a metric", metric.name, source, expected,
            lambda index=index: power.plan_experiment(
                metrics, shares=[1, 1, 1]
            ).n_control[2 * index, 0], rtol=0.002,
        )  # fmt: skip


_PLAN = (
    PlannedMetric("revenue", Means(0.1, 5.0, 2.0)),
    PlannedMetric("ordered", Rates(0.1, 0.112)),
    PlannedMetric("latency", Means(0.0, 10.0, 3.0), "guardrail", 0.15, goal="decrease"),
)
REFERENCES = [
    *_means(), *_margins(), *_proportions(), *_equivalence(), *_sequential(), *_arms(),
    *_published(), *_peers(), *_rule(), *_days(),
]  # fmt: skip


# Simulations ----------------------------------------------------------------------------------


def shares_of(outcome, n_c, n_t, **options):
    def run(runs, rng):
        found = power.simulated_power(outcome, n_c, n_t, runs=runs, seed=rng, **options)
        return round(found.power * runs), runs

    return run


def ratios(runs, rng):
    """Purchases per visit: 400 units an arm, treatment 8 % more."""
    arms = []
    for lift in (0.0, 0.08):
        visits = 1 + rng.poisson(3.0, (runs, 400))
        amount = (1 + lift) * visits + 1.2 * np.sqrt(visits) * rng.standard_normal((runs, 400))
        ratio = amount.sum(axis=1) / visits.sum(axis=1)
        linear = (amount - ratio[:, None] * visits) / visits.mean(axis=1)[:, None]
        arms.append(Moments(np.full(runs, 400.0), ratio, (linear**2).sum(axis=1)))
    p = METHODS["delta"].tails(compare(*arms), no_effect(compare(*arms))).greater
    return int((p < 0.025).sum()), runs


def _ratio_power():
    # Poisson visits plus 1: mean 4, variance 3; amount has slope 1 + lift and noise 1.44 a visit.
    sds = [
        power.ratio_sd(
            4 * (1 + lift), 4.0, var_numerator=3 * (1 + lift) ** 2 + 1.44 * 4,
            var_denominator=3.0, covariance=3 * (1 + lift),
        )
        for lift in (0.0, 0.08)
    ]  # fmt: skip
    return float(
        power.means_power(0.08, 400, 400, sd_control=sds[0], sd_treatment=sds[1], alpha=0.025,
                          sides=1)
    )  # fmt: skip


def cuped(runs, rng):
    """Adjusted means by units with a covariate of correlation 0.7, 200 units an arm."""
    x, noise = rng.standard_normal((2, 2, runs, 200))
    y = 0.7 * x + np.sqrt(0.51) * noise
    y[1] += 0.2
    centred = x - x.mean(axis=2, keepdims=True)
    theta = (centred * y).sum(axis=(0, 2)) / (centred**2).sum(axis=(0, 2))
    adjusted = y - theta[:, None] * x
    n = np.full(runs, 200.0)
    arms = [Moments(n, a.mean(axis=1), a.var(axis=1) * 200) for a in adjusted]
    return int((evaluate(METHODS["welch"], compare(*arms)).p_value < 0.05).sum()), runs


CUPED_POWER = float(power.means_power(0.2, 200 / power.cuped_factor(0.7), 200 / 0.51))


def equivalent(runs, rng):
    from experimentos.inference.margins import equivalent as test

    n = np.full(runs, 30.0)
    control, treatment = (
        Moments(n, rng.normal(effect, 30**-0.5, runs), rng.chisquare(29, runs))
        for effect in (0.0, 0.1)
    )
    return int((test(compare(control, treatment), 0.7).p_value < 0.05).sum()), runs


def tight(metrics, arms):
    """Metrics that all need about 4,000 units an arm: the least favourable plan of their number."""
    success = [m for m in metrics if m.role == "success"]
    guards = len(metrics) - len(success)
    each = 1 - 0.2 / (guards + 1)
    for metric in metrics:
        level = 0.025 / arms / (len(success) if metric.role == "success" else 1)
        options = {"power": each, "alpha": level, "goal": metric.goal}
        if metric.role == "success":
            effect = power.superiority_detectable(metric.outcome, 0.0, 4000, 4000, **options)
            sign = 1 if metric.goal == "increase" else -1
            yield replace(metric, outcome=metric.outcome.shifted(sign * effect))
        else:
            margin = power.noninferiority_detectable(
                metric.outcome.shifted(0.0), 4000, 4000, is_relative=metric.is_relative, **options
            )
            yield replace(metric, margin=float(margin))


def rule(given, arms, correlation):
    """Whole experiments through the families: how often the first arm may be launched."""
    metrics = tuple(tight(given, arms))
    plan = power.plan_experiment(metrics, shares=np.ones(arms + 1))

    def run(runs, rng):
        found = power.simulated_tests(
            metrics, plan.units, correlation=correlation, runs=runs, seed=rng
        )
        shape = found.p_superior.shape
        group, arm, metric = (a.reshape(-1) for a in np.indices(shape))
        success = np.array([m.role == "success" for m in metrics])[metric]
        flat = {name: getattr(found, name).reshape(-1)
                for name in ("p_superior", "p_noninferior", "p_harm")}  # fmt: skip
        decided = families.decide(
            families.Hypotheses(
                group=group, arm=arm, metric=metric, is_success=success, is_guardrail=~success,
                has_margin=np.array([m.has_margin for m in metrics])[metric], **flat,
                alpha=np.full(group.size, 0.05), alpha_harm=np.full(group.size, 0.025),
                correction=np.full(group.size, "holm"), loading=np.full(group.size, np.nan),
            )
        )  # fmt: skip
        arm_passes = (decided.p_launch_corrected <= 0.025).reshape(shape)[:, 0, 0]
        shown = ((decided.p_corrected <= 0.025).reshape(shape) & success.reshape(shape)).any(axis=2)
        return int((arm_passes & shown[:, 0]).sum()), runs

    return run


def looks(fractions, bounds, drift):
    """Brownian paths that cross an upper boundary at some look."""

    def run(runs, rng):
        step = np.sqrt(np.diff(fractions, prepend=0.0))
        score = np.cumsum(rng.standard_normal((runs, fractions.size)) * step, axis=1)
        z = score / np.sqrt(fractions) + drift * np.sqrt(fractions)
        return int((z >= bounds).any(axis=1).sum()), runs

    return run


def _looks():
    fractions = np.arange(1, 11) / 10
    for side, tails in (("two-sided", 2), ("greater", 1)):
        fixed = stats.norm.isf(0.05 / tails) + stats.norm.ppf(0.8)
        factor = power.always_valid_looks_factor(fractions, side=side)
        r = tuning.mixture_information(0.05, side=side)
        bounds = normal_mixture.critical_value(r * fractions, alpha=0.05, side=side)
        yield Simulation(
            "Always-valid inflation", "power over all looks", f"10 looks, {side}, alpha 0.05", 0.8,
            looks(fractions, bounds, fixed * np.sqrt(factor)), short=10_000,
        )  # fmt: skip


def exactly(outcome, n_c, n_t, **options):
    """Computed power of what `shares_of` simulates."""
    margin = options.pop("margin", None)
    ask = power.superiority_power if margin is None else power.noninferiority_power
    return float(ask(outcome, margin or 0.0, n_c, n_t, **options))


def _single():
    cases = [
        ("Power of Welch's test", "normal units, n 40 and 20, deviations 1 and 2",
         Means(1.0, 0.0, 1.0, 2.0), 40, 20, {"sides": 2}, 0.002),
        ("Power of the score test", "10 % against 12 %, 4,000 an arm",
         Rates(0.10, 0.12), 4000, 4000, {"alpha": 0.025}, 0.005),
        ("Power of the score test", "1 % against 1.3 %, 10,000 and 20,000",
         Rates(0.01, 0.013), 10_000, 20_000, {"alpha": 0.025}, 0.01),
        ("Power of non-inferiority", "rates 10 %, margin 1 point, 15,000 an arm",
         Rates(0.1), 15_000, 15_000, {"margin": 0.01, "alpha": 0.025}, 0.005),
        ("Power of non-inferiority", "rates 1 %, relative margin 15 %, 60,000 and 30,000",
         Rates(0.01), 60_000, 30_000,
         {"margin": 0.15, "alpha": 0.025, "is_relative": True}, 0.01),
        ("Power of non-inferiority", "means, relative margin 5 %, decrease is good, 600 an arm",
         Means(0.0, 10.0, 3.0), 600, 600,
         {"margin": 0.05, "alpha": 0.025, "is_relative": True, "goal": "decrease"}, 0.003),
    ]  # fmt: skip
    for method, setting, outcome, n_c, n_t, options, allowance in cases:
        yield Simulation(
            method, "power", setting, exactly(outcome, n_c, n_t, **options),
            shares_of(outcome, n_c, n_t, **options), allowance=allowance, short=10_000,
        )  # fmt: skip


SIMULATIONS = [
    *_single(),
    *_looks(),
    Simulation("Deviation of a ratio", "power",
               "purchases per visit, 400 units an arm, treatment 8 % more",
               _ratio_power(), ratios, allowance=0.01, short=500, long=10_000),
    Simulation("CUPED factor", "power", "correlation 0.7, 200 units an arm", CUPED_POWER, cuped,
               allowance=0.005, short=1_000, long=20_000),
    Simulation("Power of equivalence", "power", "means, 30 an arm, margin 0.7, effect 0.1",
               float(power.equivalence_power(Means(0.1), 0.7, 30, 30)), equivalent,
               allowance=0.002, short=10_000),
    *(
        Simulation(
            "Whole rule", "launch of a variant with the planned effects",
            f"{words}, all of them as large as needed for 80 %, correlation {correlation}",
            0.8, rule(metrics, arms, correlation), "at least", allowance=0.003, short=1_000,
            long=20_000,
        )
        for words, metrics, arms in (
            ("2 success metrics, 2 arms, 1 margin guardrail", _PLAN, 2),
            ("1 success metric, 1 arm, 1 margin guardrail", _PLAN[::2], 1),
        )
        for correlation in (0.0, 0.7)
    ),
]  # fmt: skip
