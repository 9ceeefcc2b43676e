"""Quantiles.

Woodruff's standard errors clustered by unit, and the tests and intervals of two quantiles.
"""

from dataclasses import replace
from functools import cache

import numpy as np
from reference.waiting import waiting_times
from scipy import stats
from scipy.special import ndtri

from experimentos.estimators.clusters import without_covariates
from experimentos.estimators.quantile import (
    Quantile,
    compare_quantiles,
    woodruff,
    woodruff_shares,
)
from experimentos.estimators.quantile_inputs import quantile_inputs_of, quantiles
from experimentos.estimators.ratio import ratio
from experimentos.inference.effect import Null
from experimentos.inference.quantile_effect import METHOD, quantile_difference, quantile_ratio
from experimentos.moments import JointMoments
from validation.entries import Reference, Simulation, stored

R = stored("quantiles")
PEERS = stored("quantiles_peers")


@cache
def _inputs(design, quantile, alone):
    """Inputs of the waiting times; the threshold is that of the arm alone, or of both pooled."""
    values, unit, arm = waiting_times()
    return quantile_inputs_of(
        values,
        unit if design == "clustered" else None,
        arm,
        quantile=quantile,
        experiment=[0, 1] if alone else None,
    )


@cache
def _arms(design, quantile, alone=False):
    """Both arms as Woodruff has them: without the allowance for ties."""
    indicator, found = _inputs(design, quantile, alone)
    return woodruff(indicator, replace(found, largest_gap=np.zeros(2)))


def _pair(design, quantile):
    arms = _arms(design, quantile)
    return arms.take([0]), arms.take([1])


def _rows_of_arms():
    for row in R["arms"]:
        design, q, arm = row["design"], row["quantile"], row["arm"]
        case = f"4,000 waiting times, {design}, q = {q}, arm {arm}"

        def arms(name, alone, design=design, q=q, arm=arm):
            return lambda: getattr(_arms(design, q, alone), name)[arm]

        def found(name, design=design, q=q, arm=arm):
            return lambda: getattr(_inputs(design, q, False)[1], name)[arm]

        def shares(name, design=design, q=q, arm=arm):
            return lambda: getattr(woodruff_shares(_inputs(design, q, False)[0], q), name)[arm]

        def share_error(design=design, q=q, arm=arm):
            return ratio(_inputs(design, q, False)[0]).variance_of_mean[arm] ** 0.5

        survey = "R, survey::svyquantile(qrule = 'hf7', df = Inf) at z = 1.96"
        own = case + ", threshold of the arm alone"
        pooled = case + ", threshold of both arms"
        mean = "R, survey::svymean of the indicator"
        read = mean + ", quantile(type = 7)"
        yield from (
            Reference("Woodruff", "quantile", own, survey, row["value"], arms("value", True)),
            Reference(
                "Woodruff", "standard error", own, survey, row["std_error"],
                arms("std_error", True),
            ),
            Reference(
                "Woodruff", "standard error of the share", pooled, mean, row["share_std_error"],
                share_error,
            ),
            Reference(
                "Woodruff", "effective n", pooled, mean, row["effective_n"], shares("effective_n")
            ),
            Reference(
                "Woodruff", "lower order statistic", pooled, read, row["pooled_lower"],
                found("lower"),
            ),
            Reference(
                "Woodruff", "upper order statistic", pooled, read, row["pooled_upper"],
                found("upper"),
            ),
            Reference(
                "Woodruff", "standard error", pooled, read, row["pooled_std_error"],
                arms("std_error", False),
            ),
        )  # fmt: skip
        others = {
            "nid": ("R, quantreg::summary.rq(se = 'nid')", 0.1, "a difference quotient of density"),
            "harrell_davis": ("R, Hmisc::hdquantile(se = TRUE)", 0.1, "a smoother quantile"),
            "bootstrap": (
                "R, bootstrap of units, 2,000 draws", 0.1, "random, and sees gaps"
            ),
        }  # fmt: skip
        for name, (source, rtol, why) in others.items():
            if name in row:
                yield Reference(
                    "Woodruff", "standard error", case, source, row[name],
                    arms("std_error", False), rtol=rtol, why=why,
                )  # fmt: skip


def _rows_of_pairs():
    for row in R["pairs"]:
        design, q = row["design"], row["quantile"]
        case = f"two arms of 4,000 waiting times, {design}, q = {q}"

        def effect(function, name, design=design, q=q):
            return lambda: getattr(function(*_pair(design, q)), name)[0]

        def noninferior(design=design, q=q):
            comparison = compare_quantiles(*_pair(design, q))
            return METHOD.tails(comparison, Null([1.1], [0.0])).less[0]

        source = "R, from svymean's standard errors, pnorm and qnorm"
        for name, ours in {
            "std_error": effect(quantile_difference, "std_error"),
            "p_value": effect(quantile_difference, "p_value"),
            "lower": effect(quantile_difference, "lower"),
            "upper": effect(quantile_difference, "upper"),
        }.items():
            yield Reference("Quantile difference", name, case, source, row[name], ours)
        source = "R, the same and numericDeriv of the log ratio"
        for name, ours in {
            "ratio_std_error": effect(quantile_ratio, "std_error"),
            "ratio_p_value": effect(quantile_ratio, "p_value"),
            "lift_lower": effect(quantile_ratio, "lift_lower"),
            "lift_upper": effect(quantile_difference, "lift_upper"),
            "p_value_noninferior": noninferior,
        }.items():
            why = "derivatives by differences have 7 digits"
            yield Reference("Quantile ratio", name, case, source, row[name], ours, 1e-6, why=why)


def _rows_of_schools():
    for row in R["schools"]:
        indicator = without_covariates(
            [row["n"]],
            **{
                name: [row[name]]
                for name in ("mean_num", "m2_num", "mean_den", "m2_den", "c2_num_den")
            },
        )
        yield Reference(
            "Woodruff", "standard error of the share",
            f"183 schools in 15 districts (apiclus1), q = {row['quantile']}",
            "R, survey::svymean of the indicator", row["share_std_error"],
            lambda indicator=indicator: ratio(indicator).variance_of_mean[0] ** 0.5,
        )  # fmt: skip


def _rows_of_ranks():
    for row in R["ranks"]:
        n, q = row["n"], row["quantile"]
        for name in ("lower", "upper"):

            def ours(n=n, q=q, name=name):
                indicator = JointMoments.of_mean([n], [q], [n * q * (1 - q)])
                return 1 + (n - 1) * getattr(woodruff_shares(indicator, q), name)[0]

            yield Reference(
                "Woodruff", f"{name} rank", f"{n:,} independent observations, q = {q}",
                "R, qbinom: order statistics of the exact 95 % interval", row[name], ours,
                rtol=0.0, atol=1.5,
                why="exact ranks are whole, ours are interpolated; up to the skew of the binomial",
            )  # fmt: skip


def _rows_of_peers():
    for design, rtol, why in (
        ("independent", 2e-4, "they have a factor (n - 1) / n and z = 1.959964"),
        ("clustered", 0.1, "they stretch the interval of independent observations instead"),
    ):
        for row in PEERS["gbstats"][design]:
            q = row["quantile"]
            yield Reference(
                "Quantile difference", "standard error",
                f"two arms of 4,000 waiting times, {design}, q = {q}",
                "gbstats 0.8.0, QuantileStatistic or QuantileClusteredStatistic", row["std_error"],
                lambda d=design, q=q: compare_quantiles(*_pair(d, q)).std_error[0],
                rtol=rtol, why=why,
            )  # fmt: skip
    yield Reference(
        "Woodruff", "standard error", "2,000 observations tied at the median",
        "gbstats 0.8.0, QuantileStatistic", PEERS["gbstats"]["tied_std_error"], _tied,
        agrees=False, why="they replace a variance of 0 by 1e-5; ours is undefined",
    )  # fmt: skip
    for row in PEERS["tea_tasting"]:
        q = row["quantile"]
        yield Reference(
            "Quantile difference", "width of the 95 % interval",
            f"two arms of 4,000 waiting times, independent, q = {q}",
            "tea-tasting 2.0.0, Quantile(n_resamples = 4000)", row["width"],
            lambda q=q: _width(quantile_difference(*_pair("independent", q))),
            rtol=0.08, why="a random bootstrap",
        )  # fmt: skip


def _width(effect):
    return (effect.upper - effect.lower)[0]


def _tied():
    values = np.r_[np.full(1900, 7.0), np.arange(100.0)]
    return quantiles(values, None, np.zeros(2000, int), quantile=0.5).std_error[0]


def _maritz_jarrett(q):
    values, _, arm = waiting_times()
    return float(stats.mstats.mjci(values[arm == 0], prob=[q])[0])


def _exact_interval(q):
    values, _, arm = waiting_times()
    found = stats.quantile_test(values[arm == 0], q=0.0, p=q).confidence_interval(0.95)
    return float(found.high - found.low) / (2 * stats.norm.isf(0.025))


def _rows_of_scipy():
    for q in (0.5, 0.9, 0.95):
        case = f"4,000 waiting times, independent, q = {q}, arm 0"
        ours = lambda q=q: _arms("independent", q).std_error[0]  # noqa: E731
        yield Reference(
            "Woodruff", "standard error", case, "scipy.stats.mstats.mjci (Maritz-Jarrett)",
            _maritz_jarrett(q), ours, rtol=0.1,
            why="moments of a weighted order statistic: reads only a few values nearby",
        )  # fmt: skip
        yield Reference(
            "Woodruff", "standard error", case,
            "scipy.stats.quantile_test, width of the exact interval / 3.92",
            _exact_interval(q), ours, rtol=0.05, why="whole ranks, rounded outwards",
        )  # fmt: skip


REFERENCES = [
    *_rows_of_arms(),
    *_rows_of_pairs(),
    *_rows_of_schools(),
    *_rows_of_ranks(),
    *_rows_of_peers(),
    *_rows_of_scipy(),
]


def _experiments(runs, rng, *, n, q, units=None, lift=0.0, make=None, step=0.0):
    """Control and treatment of many experiments; observations are lognormal unless told."""
    units = units or n
    ends = np.cumsum(rng.exponential(size=units) + 0.2)
    unit = np.searchsorted(ends / ends[-1], (np.arange(n) + 0.5) / n)
    chunk = max(1, 400_000 // (2 * n))
    found = []
    for start in range(0, runs, chunk):
        arms = 2 * min(chunk, runs - start)
        if make is None:
            spread = rng.normal(scale=0.5, size=(arms, n))
            if units < n:
                spread += rng.normal(scale=0.5, size=(arms, units))[:, unit]
            values = np.exp(5.7 + spread)
        else:
            values = make(rng, (arms, n))
        values[1::2] *= 1 + lift
        if step:
            values = np.round(values / step) * step
        found.append(
            quantiles(
                values.ravel(),
                np.tile(unit, arms) if units < n else None,
                np.repeat(np.arange(arms), n),
                quantile=q,
                experiment=np.arange(arms) // 2,
            )
        )
    both = Quantile(
        *(
            np.concatenate([getattr(one, name) for one in found])
            for name in ("n", "value", "std_error")
        )
    )
    return both.take(slice(0, None, 2)), both.take(slice(1, None, 2))


def _false_positives(function, **setting):
    def run(runs, rng):
        p_value = function(*_experiments(runs, rng, **setting)).p_value
        return int((p_value < 0.05).sum()), runs

    return run


def _covered(field, truth, **setting):
    def run(runs, rng):
        function = quantile_difference if field == "" else quantile_ratio
        effect = function(*_experiments(runs, rng, **setting))
        lower, upper = getattr(effect, field + "lower"), getattr(effect, field + "upper")
        missed = (lower > truth) | (upper < truth)  # an undefined interval does not miss
        return runs - int(missed.sum()), runs

    return run


def _shown_noninferior(runs, rng):
    arms = _experiments(runs, rng, n=1000, q=0.9, units=None, lift=0.05)
    p_value = METHOD.tails(compare_quantiles(*arms), Null([1.05] * runs, [0.0] * runs)).less
    return int((p_value < 0.025).sum()), runs


def _two_heaps(rng, shape):
    """Half of the pages come from a cache: no density at the median."""
    slow = rng.random(shape) < 0.5
    return np.where(slow, rng.normal(300, 30, shape), rng.normal(20, 5, shape))


def _counts(rng, shape):
    """Few values, and the median on the edge between two of them."""
    return rng.choice([1.0, 2.0, 3.0, 5.0], p=[0.2, 0.3, 0.4, 0.1], size=shape)


def _true_difference(q, lift, spread):
    return float(np.exp(5.7 + spread * ndtri(q)) * lift)


_BOTH = 0.5**0.5
_LOOSE = 0.006  # normal limits from a standard error that is estimated from few clusters
SIMULATIONS = [
    Simulation(
        "Quantile difference", "type I error", "1,000 lognormal observations an arm, q = 0.5",
        0.05, _false_positives(quantile_difference, n=1000, q=0.5), "at most",
        short=600, long=10_000,
    ),
    Simulation(
        "Quantile difference", "type I error",
        "120 lognormal observations an arm, near the fewest allowed, q = 0.5",
        0.05, _false_positives(quantile_difference, n=120, q=0.5), "at most",
        short=2000, long=40_000,
    ),
    Simulation(
        "Quantile difference", "type I error",
        "1,500 lognormal requests of 300 users an arm, q = 0.5, allowance for few clusters",
        0.05, _false_positives(quantile_difference, n=1500, q=0.5, units=300), "at most", _LOOSE,
        short=400, long=8_000,
    ),
    Simulation(
        "Quantile ratio", "type I error",
        "3,000 lognormal requests of 500 users an arm, q = 0.9, allowance for few clusters",
        0.05, _false_positives(quantile_ratio, n=3000, q=0.9, units=500), "at most", _LOOSE,
        short=200, long=3_000,
    ),
    Simulation(
        "Quantile difference", "type I error",
        "12,000 lognormal requests of 4,000 users an arm, q = 0.99",
        0.05, _false_positives(quantile_difference, n=12_000, q=0.99, units=4000), "at most",
        _LOOSE, short=60, long=1_000,
    ),
    Simulation(
        "Quantile difference", "type I error",
        "600 lognormal observations an arm rounded to 10 ms, a step of 0.6 standard errors",
        0.05, _false_positives(quantile_difference, n=600, q=0.5, step=10.0), "at most",
        short=600, long=10_000,
    ),
    Simulation(
        "Quantile difference", "type I error",
        "4,000 lognormal observations an arm rounded to 10 ms, a step of 3 standard errors",
        0.05, _false_positives(quantile_difference, n=4000, q=0.5, step=10.0), "at most",
        short=150, long=2_000,
    ),
    Simulation(
        "Quantile difference", "type I error",
        "2,000 observations an arm of four values, the median between two of them",
        0.05, _false_positives(quantile_difference, n=2000, q=0.5, make=_counts), "at most",
        short=200, long=3_000,
    ),
    Simulation(
        "Quantile difference", "type I error",
        "1,000 observations an arm in two heaps of one half each, q = 0.5",
        0.05, _false_positives(quantile_difference, n=1000, q=0.5, make=_two_heaps), "at most",
        short=300, long=6_000,
    ),
    Simulation(
        "Quantile difference", "coverage",
        "1,500 lognormal requests of 300 users an arm, 30 % slower, q = 0.5",
        0.95, _covered("", _true_difference(0.5, 0.3, _BOTH), n=1500, q=0.5, units=300, lift=0.3),
        "at least", _LOOSE, short=400, long=8_000,
    ),
    Simulation(
        "Quantile ratio", "coverage", "1,000 lognormal observations an arm, 50 % faster, q = 0.9",
        0.95, _covered("lift_", -0.5, n=1000, q=0.9, lift=-0.5), "at least", 0.004,
        short=600, long=10_000,
    ),
    Simulation(
        "Quantile difference", "coverage",
        "6,000 lognormal observations an arm, 20 % slower, q = 0.99",
        0.95, _covered("", _true_difference(0.99, 0.2, 0.5), n=6000, q=0.99, lift=0.2),
        "at least", 0.004, short=100, long=1_500,
    ),
    Simulation(
        "Quantile ratio", "wrong non-inferiority, one-sided 0.025",
        "1,000 lognormal observations an arm, exactly at the margin of 5 %, q = 0.9",
        0.025, _shown_noninferior, "at most", 0.002, short=600, long=10_000,
    ),
]  # fmt: skip
