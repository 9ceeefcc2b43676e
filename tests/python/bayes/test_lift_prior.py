from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from experimentos.bayes import NormalPrior, lift_prior, normal, skeptical
from experimentos.bayes.lift_prior import better, lift_interval, mean, posterior, sides
from experimentos.errors import ArgumentError
from experimentos.estimators import Comparison

FIELDS = ("probability", "complement", "loss_control", "loss_treatment")


def comparison(mean_c, mean_t, var_c, var_t, covariance):
    numbers = (100, 100, mean_c, mean_t, var_c, var_t, covariance, 198)
    return Comparison(
        *np.broadcast_arrays(*(np.atleast_1d(float(v)) if np.isscalar(v) else v for v in numbers))
    )


def random_comparison(size, seed=1, noise=0.1):
    rng = np.random.default_rng(seed)
    mean_c = rng.choice([-1, 1], size) * rng.uniform(0.5, 9, size)
    mean_t = mean_c * rng.uniform(0.7, 1.4, size)
    var_c, var_t = (mean_c * rng.uniform(0.2, 1, (2, size)) * noise) ** 2
    return comparison(
        mean_c, mean_t, var_c, var_t, rng.uniform(-0.5, 0.5, size) * np.sqrt(var_c * var_t)
    )


def brute_force(data, prior_mean, prior_sd):
    """Grid over both control's mean, flat, and the lift."""
    sigma = np.array(
        [[data.var_control[0], data.covariance[0]], [data.covariance[0], data.var_treatment[0]]]
    )
    seen = np.array([data.mean_control[0], data.mean_treatment[0]])
    lift = prior_mean + prior_sd * np.linspace(-9, 9, 1201)
    control = seen[0] + np.sqrt(sigma[0, 0]) * np.linspace(-10, 10, 601)
    treatment = control[:, None] + lift * np.abs(control[:, None])
    points = np.stack([np.broadcast_to(control[:, None], treatment.shape), treatment], axis=-1)
    density = stats.multivariate_normal(seen, sigma).pdf(points).sum(axis=0)
    density *= stats.norm.pdf(lift, prior_mean, prior_sd)
    return lift, density / density.sum()


@pytest.mark.parametrize(
    ("numbers", "prior"),
    [
        ((1.0, 1.1, 4e-3, 5e-3, 0.0), (0.0, 0.3)),
        ((2.0, 2.6, 0.06, 0.05, 0.02), (0.0, 0.1)),
        ((-3.0, -3.4, 0.2, 0.1, -0.05), (0.05, 0.2)),
    ],
)
def test_a_grid_over_both_unknowns_gives_the_same(numbers, prior):
    data = comparison(*numbers)
    lift, weight = brute_force(data, *prior)
    lifts = posterior(data, prior=NormalPrior(*prior))
    found = better(lifts)
    np.testing.assert_allclose(mean(lifts), (lift * weight).sum(), rtol=1e-9)
    np.testing.assert_allclose(found.loss_control, (np.maximum(lift, 0) * weight).sum(), rtol=1e-3)
    np.testing.assert_allclose(found.probability, weight[lift > 0].sum(), atol=0.02)


def test_the_delta_method_is_a_normal_times_a_normal():
    data = random_comparison(50)
    prior = NormalPrior(0.02, 0.05)
    lifts = posterior(data, prior=prior, method="delta")
    size = np.abs(data.mean_control)
    lift = data.estimate / size
    ratio = data.mean_treatment / data.mean_control
    variance = data.var_treatment - 2 * ratio * data.covariance + ratio**2 * data.var_control
    precision = 1 / 0.05**2 + size**2 / variance
    centre = (0.02 / 0.05**2 + lift * size**2 / variance) / precision
    np.testing.assert_allclose(mean(lifts), centre, rtol=1e-9, atol=1e-12)
    limits = lift_interval(lifts, alpha=0.1)
    for side, name in ((-1, "lower"), (1, "upper")):
        limit = centre + side * stats.norm.isf(0.05) / np.sqrt(precision)
        np.testing.assert_allclose(getattr(limits, name), limit, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(
        better(lifts).probability, stats.norm.cdf(centre * np.sqrt(precision)), rtol=1e-9
    )


def test_the_density_integrates_to_its_mean_by_scipy():
    data = random_comparison(5, seed=3)
    lifts = posterior(data, prior=skeptical(0.2))
    block = [np.repeat(getattr(lifts, f), 16) for f in lifts.__dataclass_fields__]
    for i in range(5):
        density = lift_prior._Density(
            lift_prior.LiftPosterior(*(values[16 * i : 16 * i + 16] for values in block))
        )
        top, centre = density.top[0], density.mode[0]

        def at(x, density=density, top=top):
            return np.exp(density.log_density(np.full(16, x))[0] - top)

        ends = centre + 0.1 * np.array([-20, -3, 0, 3, 20])
        area, moment = (
            sum(integrate.quad(f, *e, epsabs=0, epsrel=1e-11)[0] for e in pairwise(ends))
            for f in (at, lambda x: x * at(x))
        )
        np.testing.assert_allclose(density.total[0], area, rtol=1e-10)
        np.testing.assert_allclose(mean(lifts)[i], moment / area, rtol=1e-8)


def test_a_wide_prior_hardly_matters_and_a_narrow_one_decides():
    data = random_comparison(40, noise=0.02)
    wide = lift_interval(posterior(data, prior=NormalPrior(0.0, 1e3)))
    flat = normal.lift_interval(normal.posterior(data))
    np.testing.assert_allclose(wide.lower, flat.lower, atol=1e-3)
    narrow = posterior(data, prior=NormalPrior(0.01, 1e-6))
    np.testing.assert_allclose(mean(narrow), 0.01, atol=1e-8)
    estimate = normal.posterior(data)
    lift = estimate.difference / np.abs(estimate.control)
    shrunk = mean(posterior(data, prior=skeptical(0.1)))
    assert (np.abs(shrunk) < np.abs(lift)).all()


@pytest.mark.parametrize("goal", ["increase", "decrease"])
def test_probabilities_add_up_and_losses_differ_by_the_mean(goal):
    lifts = posterior(random_comparison(200))
    found = better(lifts, goal=goal)
    np.testing.assert_allclose(found.probability + found.complement, 1, rtol=1e-14)
    gain = mean(lifts) if goal == "increase" else -mean(lifts)
    np.testing.assert_allclose(found.loss_control - found.loss_treatment, gain, atol=1e-13)
    np.testing.assert_array_equal(found.relative_loss_control, found.loss_control)


def test_limits_have_the_tails_they_should_and_exclude_boundaries_accordingly():
    lifts = posterior(random_comparison(200), prior=skeptical(0.2))
    for alpha in (0.05, 1e-6):
        limits = lift_interval(lifts, alpha=alpha)
        np.testing.assert_allclose(sides(lifts, lift=limits.lower).below, alpha / 2, rtol=1e-8)
        np.testing.assert_allclose(sides(lifts, lift=limits.upper).above, alpha / 2, rtol=1e-8)
        found = better(lifts)
        small = np.minimum(found.probability, found.complement) < alpha / 2
        np.testing.assert_array_equal((limits.lower > 0) | (limits.upper < 0), small)


def test_mirrored_means_give_mirrored_answers():
    data = random_comparison(50)
    mirrored = comparison(
        -data.mean_control, -data.mean_treatment, data.var_control, data.var_treatment,
        data.covariance,
    )  # fmt: skip
    up, down = better(posterior(data)), better(posterior(mirrored), goal="decrease")
    np.testing.assert_allclose(up.probability, down.probability, rtol=1e-12)
    np.testing.assert_allclose(up.loss_control, down.loss_control, rtol=1e-10)


def test_far_tails_keep_their_digits():
    lifts = posterior(
        comparison(1.0, 1.0, 1e-6, 1e-6, 0.0), prior=NormalPrior(0.0, 1e3), method="delta"
    )
    sd = np.sqrt(2e-6)
    for z in (8.0, 20.0, 37.0):
        found = sides(lifts, lift=z * sd).above
        np.testing.assert_allclose(np.log(found), stats.norm.logsf(z), rtol=1e-6)


def test_one_call_equals_many():
    data = random_comparison(30)
    lifts = posterior(data)
    together, limits = better(lifts), lift_interval(lifts)
    for i in (0, 11, 29):
        one = lifts.take([i])
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(better(one), name), getattr(together, name)[[i]])
        np.testing.assert_array_equal(lift_interval(one).upper, limits.upper[[i]])


def test_what_is_undefined_is_nan_and_stays_alone():
    data = comparison(
        np.array([1.0, 1.0, 0.0, 1.0, np.nan]), 1.1, np.array([0.01, 0.07, 0.01, 0.0, 0.01]),
        np.array([0.01, 0.01, 0.01, 0.0, 0.01]), 0.0,
    )  # fmt: skip
    lifts = posterior(data)
    found, limits = better(lifts), lift_interval(lifts)
    wanted = [False, True, True, True, True]  # 10, 3.8 and 0 deviations from 0
    for values in (*(getattr(found, n) for n in FIELDS), limits.lower, mean(lifts)):
        np.testing.assert_array_equal(np.isnan(values), wanted)


def test_wrong_arguments_are_refused():
    data = random_comparison(3)
    lifts = posterior(data)
    for call, message in (
        (
            lambda: posterior(data, prior=NormalPrior(0.0, np.inf)),
            "`sd` must be positive and finite",
        ),
        (lambda: posterior(data, method="laplace"), "`method` must be one of"),
        (lambda: better(lifts, goal="up"), "`goal` must be one of"),
        (lambda: sides(lifts, lift=[0.1, 0.2]), "`lift` must be one number or of shape"),
        (lambda: lift_interval(lifts, alpha=0), "`alpha` must be between 0 and 1"),
    ):
        with pytest.raises(ArgumentError, match=message):
            call()
