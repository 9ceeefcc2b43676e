"""Bayesian inference.

Rates under beta priors, means under normal priors and under priors on the lift, many arms.
"""

from functools import cache

import numpy as np

from experimentos import bayes
from experimentos.bayes import (
    BetaPosterior,
    BetaPrior,
    MeansPosterior,
    NormalPosterior,
    NormalPrior,
    beta_binomial,
    lift_prior,
    normal,
)
from experimentos.estimators import Comparison, compare
from experimentos.moments import from_sums
from validation.entries import Reference, Simulation, stored

R = stored("bayes")
EXACT = stored("bayes_exact")
PEERS = stored("bayes_peers")


@cache
def _all_of_two_rates(a_c, b_c, a_t, b_t):
    """Every quantity of two beta posteriors."""
    control, treatment = BetaPosterior([a_c], [b_c]), BetaPosterior([a_t], [b_t])
    answer = beta_binomial.better(control, treatment)
    difference = beta_binomial.difference_interval(control, treatment)
    lift = beta_binomial.lift_interval(control, treatment)
    return {
        "better": answer.probability,
        "worse": answer.complement,
        "loss_control": answer.loss_control,
        "loss_treatment": answer.loss_treatment,
        "lift_above_5": beta_binomial.sides(control, treatment, lift=0.05).above,
        "difference_below_minus_1e3": beta_binomial.sides(
            control, treatment, difference=-0.001
        ).below,
        "difference_lower": difference.lower,
        "difference_upper": difference.upper,
        "lift_lower": lift.lower,
        "lift_upper": lift.upper,
    }


def _of_two_rates(case, quantity):
    return _all_of_two_rates(*(case[name] for name in ("a_c", "b_c", "a_t", "b_t")))[quantity][0]


NAMES = {
    "better": "P(better)",
    "worse": "P(worse)",
    "loss_control": "expected loss of control",
    "loss_treatment": "expected loss of treatment",
    "lift_above_5": "P(lift > 5 %)",
    "lift_above_2": "P(lift > 2 %)",
    "difference_below_minus_1e3": "P(difference < -0.001)",
    "difference_lower": "lower limit of the difference",
    "difference_upper": "upper limit of the difference",
    "lift_lower": "lower limit of the lift",
    "lift_upper": "upper limit of the lift",
    "lower": "lower limit",
    "upper": "upper limit",
    "posterior_mean": "posterior mean",
    "posterior_sd": "posterior deviation",
}


def _rows_of_rates():
    for case in EXACT:
        for quantity in ("better", "worse", "loss_control", "loss_treatment"):
            yield Reference(
                "Beta-binomial", NAMES[quantity], case["name"],
                "E. Miller (2015), sum in ball arithmetic by python-flint", case[quantity],
                lambda case=case, quantity=quantity: _of_two_rates(case, quantity), rtol=1e-10,
            )  # fmt: skip
    for case in R["rates"]:
        for quantity, expected in case.items():
            if quantity in NAMES:
                yield Reference(
                    "Beta-binomial", NAMES[quantity], case["name"], "R, integrate and uniroot",
                    expected, lambda case=case, quantity=quantity: _of_two_rates(case, quantity),
                    rtol=1e-9,
                )  # fmt: skip


# D. Robinson (2016), Understanding Bayesian A/B testing (using baseball statistics).
BATTING = BetaPrior(76.451, 218.639)


def _batters():
    aaron = beta_binomial.posterior([3771.0], [12364.0], prior=BATTING)
    return beta_binomial.posterior([2127.0], [6911.0], prior=BATTING), aaron


def _piazza_better():
    return beta_binomial.better(*_batters()).complement[0]


def _aaron_less_piazza(side):
    return lambda: getattr(beta_binomial.difference_interval(*_batters()), side)[0]


def _rows_published():
    robinson = "D. Robinson (2016), batting averages"
    case = "Piazza and Aaron"
    yield Reference(
        "Beta-binomial", "P(Piazza is better)", case, f"{robinson}, a million draws", 0.607,
        _piazza_better, atol=5e-4,
    )  # fmt: skip
    yield Reference(
        "Beta-binomial", "P(Piazza is better)", case, f"{robinson}, closed form", 0.608,
        _piazza_better, atol=5e-4, agrees=False,
        why="the sum needs whole numbers of events: theirs rounds them",
    )  # fmt: skip
    for side, expected in (("lower", -0.0152), ("upper", 0.0115)):
        yield Reference(
            "Beta-binomial", f"{side} limit of the difference", case, f"{robinson}, by the normal",
            expected, _aaron_less_piazza(side), atol=1e-4,
        )  # fmt: skip
    growthbook = "GrowthBook, tests of gbstats 0.3"
    half = {"a_c": 50, "b_c": 52, "a_t": 52, "b_t": 50}
    for quantity, expected, why in (
        ("loss_control", 0.03872, ""),
        ("loss_treatment", 0.01912, ""),
        ("better", 0.61052, "theirs takes the logarithm of the ratio as normal"),
        ("lift_lower", -0.21099, "theirs takes the logarithm of the ratio as normal"),
        ("lift_upper", 0.37189, "theirs takes the logarithm of the ratio as normal"),
    ):
        yield Reference(
            "Beta-binomial", NAMES[quantity], "49 and 51 of 100", growthbook, expected,
            lambda quantity=quantity: _of_two_rates(half, quantity), atol=5.1e-6,
            agrees=not why, why=why,
        )  # fmt: skip
    tables = "R. Schlaifer (1959), unit normal loss integral"
    for z, expected, digits in ((0.0, 0.3989, 4), (1.0, 0.08332, 5), (2.5, 0.002004, 6)):
        yield Reference(
            "Normal posterior", "expected loss", f"{z} deviations above 0", tables, expected,
            lambda z=z: normal.better(MeansPosterior(10.0, z, 0.5, 1.0, -0.5)).loss_treatment,
            atol=0.51 * 10.0**-digits,
        )  # fmt: skip


def _uniform(quantity):
    return lambda: _of_two_rates({"a_c": 1, "b_c": 1, "a_t": 1, "b_t": 1}, quantity)


def _rows_by_hand():
    triangle = "by hand: two uniform variables"
    for quantity, expected in (
        ("lift_above_5", 1 / 2.1),
        ("difference_below_minus_1e3", 0.999**2 / 2),
        ("difference_upper", 1 - 0.05**0.5),
        ("lift_upper", 19.0),
        ("lift_lower", -0.95),
    ):
        yield Reference(
            "Beta-binomial", NAMES[quantity], "no data", triangle, expected, _uniform(quantity)
        )
    for arms in (2, 3, 8):
        uniform = BetaPosterior([[1.0] * arms], [[1.0] * arms])
        yield Reference(
            "Best of many arms", "P(best)", f"{arms} rates without data", "by hand: symmetry",
            1 / arms, lambda arms=uniform: _best(arms, "probability", 0),
        )  # fmt: skip
        yield Reference(
            "Best of many arms", "expected loss", f"{arms} rates without data",
            "by hand: the mean of the largest of n uniforms is n/(n+1)", arms / (arms + 1) - 0.5,
            lambda arms=uniform: _best(arms, "loss", 0),
        )  # fmt: skip
    for arms, expected in ((3, 3 / (2 * np.pi**0.5)), (4, 1.02937537300396)):
        yield Reference(
            "Best of many arms", "expected loss", f"{arms} standard normals",
            "H. Ruben (1954), expected largest order statistic", expected,
            lambda n=arms: _best(NormalPosterior([[0.0] * n], [[1.0] * n]), "loss", 0), rtol=1e-10,
        )  # fmt: skip


def _best(arms, field, arm, goal="increase"):
    return getattr(bayes.best_of(arms, goal=goal), field)[0, arm]


def _rows_of_many_arms():
    for kind, build in (
        ("beta_arms", lambda case: BetaPosterior([case["a"]], [case["b"]])),
        ("normal_arms", lambda case: NormalPosterior([case["mean"]], [case["sd"]])),
    ):
        for case in R[kind]:
            for field in ("probability", "loss", "orthant"):
                ours = "loss" if field == "loss" else "probability"
                source = "R, mvtnorm::pmvnorm(algorithm = Miwa)"
                for arm, expected in enumerate(case.get(field, [])):
                    if expected is None:
                        continue
                    yield Reference(
                        "Best of many arms", f"{ours} of arm {arm + 1}", case["name"],
                        source if field == "orthant" else "R, integrate", expected,
                        lambda case=case, build=build, ours=ours, arm=arm: _best(
                            build(case), ours, arm
                        ),
                        atol=1e-10 if ours == "loss" else 3e-12,
                        rtol=1e-9 if field == "orthant" else 0.0,
                    )  # fmt: skip


def _comparison(case):
    (mean_c, mean_t), (var_c, var_t) = case["mean"], case["var"]
    numbers = (100, 100, mean_c, mean_t, var_c, var_t, case["cov"], 198)
    return Comparison(*(np.array([float(value)]) for value in numbers))


def _of_means(case, quantity):
    beliefs = ("control", "treatment", "difference")
    priors = {name: NormalPrior(*case[name]) for name in beliefs if name in case}
    means = normal.posterior(_comparison(case), **priors)
    answer = normal.better(means)
    calls = {
        "posterior_mean": lambda: means.difference,
        "posterior_sd": lambda: means.sd_difference,
        "better": lambda: answer.probability,
        "loss_control": lambda: answer.loss_control,
        "loss_treatment": lambda: answer.loss_treatment,
        "lift_above_2": lambda: normal.sides(means, lift=0.02).above,
        "lower": lambda: normal.difference_interval(means).lower,
        "upper": lambda: normal.difference_interval(means).upper,
        "lift_lower": lambda: normal.lift_interval(means).lower,
        "lift_upper": lambda: normal.lift_interval(means).upper,
    }
    return calls[quantity]()[0]


def _of_lift(lifts, quantity, goal="increase"):
    calls = {
        "posterior_mean": lambda: lift_prior.mean(lifts),
        "better": lambda: lift_prior.better(lifts, goal=goal).probability,
        "loss_control": lambda: lift_prior.better(lifts, goal=goal).loss_control,
        "loss_treatment": lambda: lift_prior.better(lifts, goal=goal).loss_treatment,
        "lower": lambda: lift_prior.lift_interval(lifts).lower,
        "upper": lambda: lift_prior.lift_interval(lifts).upper,
    }
    return calls[quantity]()[0]


def _rows_of_means():
    for case in R["means"]:
        for quantity, expected in case.items():
            if quantity in NAMES:
                yield Reference(
                    "Normal posterior", NAMES[quantity], case["name"],
                    "R, precision matrices by solve()", expected,
                    lambda case=case, quantity=quantity: _of_means(case, quantity),
                )  # fmt: skip
    for case in R["lifts"]:
        prior = NormalPrior(*case["prior"])
        for quantity, expected in case.items():
            if quantity in NAMES:
                yield Reference(
                    "Prior on the lift", NAMES[quantity], case["name"],
                    "R, integrate over control's mean and the lift", expected,
                    lambda case=case, prior=prior, quantity=quantity: _of_lift(
                        lift_prior.posterior(_comparison(case), prior=prior), quantity
                    ),
                )  # fmt: skip


GBSTATS = {
    "chance_to_win": "better",
    "expected": "posterior_mean",
    "lower": "lower",
    "upper": "upper",
    "risk_control": "loss_control",
    "risk_treatment": "loss_treatment",
}


def _of_gbstats_case(case, quantity, method="delta"):
    control, treatment = (from_sums(*([v] for v in case[arm])) for arm in ("control", "treatment"))
    data, goal = compare(control, treatment), "decrease" if case["inverse"] else "increase"
    flat = case["prior"] == "flat"
    prior = None if flat else NormalPrior(case["prior_mean"], case["prior_sd"])
    if case["kind"] == "relative" and not flat:
        return _of_lift(lift_prior.posterior(data, prior=prior, method=method), quantity, goal)
    means = normal.posterior(data, difference=prior)
    answer = normal.better(means, goal=goal)
    if case["kind"] == "relative":
        limits = normal.lift_interval(means)
        shown = means.difference / means.control
        losses = answer.relative_loss_control, answer.relative_loss_treatment
    else:
        limits, losses = (
            normal.difference_interval(means),
            (answer.loss_control, answer.loss_treatment),
        )
        shown = means.difference
    return {
        "better": answer.probability, "posterior_mean": shown, "lower": limits.lower,
        "upper": limits.upper, "loss_control": losses[0], "loss_treatment": losses[1],
    }[quantity][0]  # fmt: skip


LINEAR = "theirs takes the estimated lift as normal (delta method); ours is exact"
UNCLEAR = "a fraction of a mean whose sign is not clear is undefined"


def _rows_of_gbstats():
    for case in PEERS:
        relative, flat = case["kind"] == "relative", case["prior"] == "flat"
        goal = ", smaller is better" if case["inverse"] else ""
        label = f"{case['name']}, {case['kind']}, prior {case['prior']}{goal}"
        unclear = case["name"].startswith("control mean 2.4")
        if (case["inverse"] and not case["name"].startswith("revenue")) or (
            unclear and (not relative or flat)
        ):
            continue
        for theirs, quantity in GBSTATS.items():
            if case["inverse"] and quantity in ("posterior_mean", "lower", "upper"):
                continue
            differs = unclear or (relative and flat and quantity != "posterior_mean")
            why = UNCLEAR if unclear else LINEAR if differs else ""
            name = "Prior on the lift" if relative and not flat else "Normal posterior"
            yield Reference(
                f"{name}, delta method" if relative and not flat else name, NAMES[quantity], label,
                "gbstats 0.8.0, EffectBayesianABTest", case[theirs],
                lambda case=case, quantity=quantity: _of_gbstats_case(case, quantity),
                agrees=not differs, why=why,
            )  # fmt: skip
            exact_too = case["name"].startswith("control mean 5.5") and not case["inverse"]
            if relative and not flat and exact_too:
                yield Reference(
                    name, NAMES[quantity], label, "gbstats 0.8.0, EffectBayesianABTest",
                    case[theirs],
                    lambda case=case, quantity=quantity: _of_gbstats_case(case, quantity, "exact"),
                    agrees=False, why=LINEAR,
                )  # fmt: skip


REFERENCES = [
    *_rows_published(),
    *_rows_by_hand(),
    *_rows_of_rates(),
    *_rows_of_many_arms(),
    *_rows_of_means(),
    *_rows_of_gbstats(),
]

# What is promised of a posterior holds exactly when the truth is drawn from the prior. Where a rate
# would depend on the data, events are thinned so that it does not.
PRIOR = BetaPrior(4.0, 36.0)
UNITS = 40.0, 60.0


def _drawn_rates(runs, rng):
    truth = rng.beta(PRIOR.events, PRIOR.non_events, (2, runs))
    events = rng.binomial(np.array(UNITS, dtype=int)[:, None], truth)
    control, treatment = (
        beta_binomial.posterior(seen, n, prior=PRIOR) for seen, n in zip(events, UNITS, strict=True)
    )
    return truth, control, treatment


def _covered(limits, truth):
    return int(((limits.lower <= truth) & (truth <= limits.upper)).sum())


def _difference_coverage(runs, rng):
    (truth_c, truth_t), control, treatment = _drawn_rates(runs, rng)
    limits = beta_binomial.difference_interval(control, treatment, alpha=0.2)
    return _covered(limits, truth_t - truth_c), runs


def _lift_coverage(runs, rng):
    (truth_c, truth_t), control, treatment = _drawn_rates(runs, rng)
    limits = beta_binomial.lift_interval(control, treatment, alpha=0.2)
    return _covered(limits, truth_t / truth_c - 1), runs


def _calibrated_probability(runs, rng):
    (truth_c, truth_t), control, treatment = _drawn_rates(runs, rng)
    probability = beta_binomial.better(control, treatment).probability
    counted = probability >= 0.3
    kept = rng.random(runs) * probability < 0.3
    return int((counted & kept & (truth_t > truth_c)).sum()), int(counted.sum())


def _calibrated_lift(runs, rng):
    (truth_c, truth_t), control, treatment = _drawn_rates(runs, rng)
    above = beta_binomial.sides(control, treatment, lift=0.2).above
    counted, kept = above >= 0.2, rng.random(runs) * above < 0.2
    return int((counted & kept & (truth_t > 1.2 * truth_c)).sum()), int(counted.sum())


def _realised_loss(runs, rng):
    (truth_c, truth_t), control, treatment = _drawn_rates(runs, rng)
    answer = beta_binomial.better(control, treatment)
    choose_t = answer.loss_treatment < answer.loss_control
    expected = np.where(choose_t, answer.loss_treatment, answer.loss_control)
    realised = np.maximum(np.where(choose_t, truth_c - truth_t, truth_t - truth_c), 0)
    return int((rng.random(runs) < 0.5 + (realised - expected) / 0.2).sum()), runs


def _drawn_means(runs, rng):
    """Correlated data of two means whose control and difference come from normal priors."""
    control, difference = rng.normal(10, 1, runs), rng.normal(0.2, 0.5, runs)
    noise = rng.multivariate_normal([0, 0], [[0.36, 0.1], [0.1, 0.25]], runs).T
    seen_c, seen_t = control + noise[0], control + difference + noise[1]
    fill = lambda value: np.full(runs, value)  # noqa: E731
    data = Comparison(
        fill(100.0), fill(100.0), seen_c, seen_t, fill(0.36), fill(0.25), fill(0.1), fill(198.0)
    )
    means = normal.posterior(data, control=NormalPrior(10.0, 1.0), difference=NormalPrior(0.2, 0.5))
    return control, difference, means


def _mean_coverage(runs, rng):
    _, difference, means = _drawn_means(runs, rng)
    return _covered(normal.difference_interval(means, alpha=0.1), difference), runs


def _mean_lift_coverage(runs, rng):
    control, difference, means = _drawn_means(runs, rng)
    return _covered(normal.lift_interval(means, alpha=0.1), difference / control), runs


def _lift_prior_coverage(runs, rng):
    # A flat prior of control, as far as the data can tell: uniform over 25 deviations and more.
    control, lift = rng.uniform(5, 30, runs), rng.normal(0, 0.1, runs)
    seen_c, seen_t = (
        control + rng.normal(0, 0.4, runs),
        control * (1 + lift) + rng.normal(0, 0.5, runs),
    )
    fill = lambda value: np.full(runs, value)  # noqa: E731
    data = Comparison(
        fill(100.0), fill(100.0), seen_c, seen_t, fill(0.16), fill(0.25), fill(0.0), fill(198.0)
    )
    lifts = lift_prior.posterior(data, prior=NormalPrior(0.0, 0.1))
    return _covered(lift_prior.lift_interval(lifts, alpha=0.1), lift), runs


def _best_of_normals(runs, rng):
    prior_sd, noise = 1.0, np.array([0.5, 1.0, 2.0, 0.7])
    truth = rng.normal(0, prior_sd, (runs, 4))
    seen = truth + rng.normal(size=truth.shape) * noise
    weight = prior_sd**2 / (prior_sd**2 + noise**2)
    arms = NormalPosterior(seen * weight, np.broadcast_to(noise * np.sqrt(weight), seen.shape))
    probability = bayes.best_of(arms).probability[:, 0]
    counted, kept = probability >= 0.1, rng.random(runs) * probability < 0.1
    return int((counted & kept & (truth.argmax(axis=1) == 0)).sum()), int(counted.sum())


def _best_of_rates(runs, rng):
    truth = rng.beta(PRIOR.events, PRIOR.non_events, (runs, 3))
    units = np.array([30, 50, 80])
    arms = beta_binomial.posterior(rng.binomial(units, truth), units, prior=PRIOR)
    probability = bayes.best_of(arms, goal="decrease").probability[:, 1]
    counted, kept = probability >= 0.1, rng.random(runs) * probability < 0.1
    return int((counted & kept & (truth.argmin(axis=1) == 1)).sum()), int(counted.sum())


_DRAWN = "rates from Beta(4, 36), 40 and 60 units"
SIMULATIONS = [
    Simulation(
        "Beta-binomial", "coverage of the 80 % interval of the difference", _DRAWN, 0.8,
        _difference_coverage, long=40_000,
    ),
    Simulation(
        "Beta-binomial", "coverage of the 80 % interval of the lift", _DRAWN, 0.8, _lift_coverage,
        long=40_000,
    ),
    Simulation(
        "Beta-binomial", "treatment is better, thinned by 0.3 / P(better)",
        f"{_DRAWN}, where P(better) is 0.3 or more", 0.3, _calibrated_probability,
    ),
    Simulation(
        "Beta-binomial", "lift above 20 %, thinned by 0.2 / P(lift > 20 %)",
        f"{_DRAWN}, where that is 0.2 or more", 0.2, _calibrated_lift,
    ),
    Simulation(
        "Beta-binomial", "one half plus five times realised minus expected loss of the choice",
        _DRAWN, 0.5, _realised_loss,
    ),
    Simulation(
        "Normal posterior", "coverage of the 90 % interval of the difference",
        "correlated means, control from N(10, 1), difference from N(0.2, 0.5)", 0.9,
        _mean_coverage,
    ),
    Simulation(
        "Normal posterior", "coverage of the 90 % interval of the lift",
        "correlated means, control from N(10, 1), difference from N(0.2, 0.5)", 0.9,
        _mean_lift_coverage,
    ),
    Simulation(
        "Prior on the lift", "coverage of the 90 % interval",
        "lift from N(0, 0.1), control uniform from 5 to 30, deviations 0.4 and 0.5", 0.9,
        _lift_prior_coverage,
    ),
    Simulation(
        "Best of many arms", "the first of four means is best, thinned by 0.1 / P(best)",
        "means from N(0, 1), deviations 0.5 to 2, where P(best) is 0.1 or more", 0.1,
        _best_of_normals,
    ),
    Simulation(
        "Best of many arms", "the second of three rates is least, thinned by 0.1 / P(best)",
        "rates from Beta(4, 36), 30 to 80 units, where P(best) is 0.1 or more", 0.1,
        _best_of_rates,
    ),
]  # fmt: skip
