import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import log_ndtr

from experimentos.bayes import MeansPosterior, NormalPrior
from experimentos.bayes.normal import (
    better,
    difference_interval,
    lift_interval,
    posterior,
    sides,
    unit_loss,
)
from experimentos.errors import ArgumentError, MomentsError
from experimentos.estimators import Comparison, compare
from experimentos.moments import Moments

FIELDS = ("probability", "complement", "loss_control", "loss_treatment")


def random_comparison(size, seed=1):
    rng = np.random.default_rng(seed)
    var_c, var_t = rng.uniform(0.1, 1, (2, size)) ** 2
    covariance = rng.uniform(-0.8, 0.8, size) * np.sqrt(var_c * var_t)
    means = rng.choice([-1, 1], size) * rng.uniform(3, 9, size) + rng.normal(0, 0.3, (2, size))
    return Comparison(
        np.full(size, 50.0), np.full(size, 60.0), *means, var_c, var_t, covariance,
        np.full(size, 108.0),
    )  # fmt: skip


def random_means(size, seed=1):
    return posterior(random_comparison(size, seed))


def by_precision(data, i, **priors):
    """Bayes' rule with matrices for one comparison."""
    sigma = np.array(
        [[data.var_control[i], data.covariance[i]], [data.covariance[i], data.var_treatment[i]]]
    )
    precision = np.linalg.inv(sigma)
    weighted = precision @ [data.mean_control[i], data.mean_treatment[i]]
    contrasts = {"control": [1, 0], "treatment": [0, 1], "difference": [-1, 1]}
    for name, (mean, sd) in priors.items():
        h = np.array(contrasts[name])
        precision = precision + np.outer(h, h) / sd**2
        weighted = weighted + h * mean / sd**2
    covariance = np.linalg.inv(precision)
    return covariance @ weighted, covariance


@pytest.mark.parametrize(
    "names",
    [(), ("control",), ("treatment",), ("difference",), ("control", "treatment", "difference")],
)
def test_matrices_give_the_same_posterior(names):
    data = random_comparison(30)
    given = {"control": (5.0, 2.0), "treatment": (4.0, 0.5), "difference": (0.1, 0.2)}
    means = posterior(data, **{name: NormalPrior(*given[name]) for name in names})
    for i in range(30):
        mean, covariance = by_precision(data, i, **{name: given[name] for name in names})
        found = [means.control[i], means.treatment[i], means.var_control[i]]
        np.testing.assert_allclose(found, [*mean, covariance[0, 0]], rtol=1e-9)
        h = np.array([-1, 1])
        np.testing.assert_allclose(means.sd_difference[i] ** 2, h @ covariance @ h, rtol=1e-9)
        np.testing.assert_allclose(
            means.covariance[i], covariance[0, 1] - covariance[0, 0], rtol=1e-8, atol=1e-12
        )


def test_an_infinitely_wide_prior_is_flat_and_a_narrow_one_wins():
    data = random_comparison(20)
    flat, wide = posterior(data), posterior(data, difference=NormalPrior(3.0, np.inf))
    for name in ("control", "difference", "var_control", "var_difference", "covariance"):
        np.testing.assert_array_equal(getattr(flat, name), getattr(wide, name))
    narrow = posterior(data, difference=NormalPrior(0.3, 1e-9))
    np.testing.assert_allclose(narrow.difference, 0.3, rtol=1e-12)
    np.testing.assert_allclose(narrow.sd_difference, 1e-9, rtol=1e-12)


def test_shrinkage_is_the_share_of_the_prior_variance():
    data = random_comparison(20)
    means = posterior(data, difference=NormalPrior(0.0, 0.25))
    share = 0.25**2 / (0.25**2 + data.std_error**2)
    np.testing.assert_allclose(means.difference, share * data.estimate, rtol=1e-12)


def test_two_priors_about_the_same_are_one():
    data = random_comparison(20)
    half = posterior(data, difference=NormalPrior(0.1, 0.2 * np.sqrt(2)))
    state = Comparison(
        data.n_control, data.n_treatment, half.control, half.treatment, half.var_control,
        half.var_control + 2 * half.covariance + half.var_difference,
        half.var_control + half.covariance, data.df,
    )  # fmt: skip
    twice = posterior(state, difference=NormalPrior(0.1, 0.2 * np.sqrt(2)))
    once = posterior(data, difference=NormalPrior(0.1, 0.2))
    np.testing.assert_allclose(twice.difference, once.difference, rtol=1e-9)
    np.testing.assert_allclose(twice.var_difference, once.var_difference, rtol=1e-9)


def test_losses_are_means_of_the_part_beyond_zero():
    means = random_means(20)
    found = better(means)
    for i in range(20):
        m, s = means.difference[i], means.sd_difference[i]
        gain, _ = integrate.quad(
            lambda d, m=m, s=s: d * stats.norm.pdf(d, m, s), 0, max(m, 0) + 12 * s, epsabs=0
        )
        np.testing.assert_allclose(found.loss_control[i], gain, rtol=1e-8)


@pytest.mark.parametrize("goal", ["increase", "decrease"])
def test_probabilities_add_up_and_losses_differ_by_the_means(goal):
    means = random_means(500)
    found = better(means, goal=goal)
    np.testing.assert_allclose(found.probability + found.complement, 1, rtol=1e-15)
    gain = means.difference if goal == "increase" else -means.difference
    np.testing.assert_allclose(
        found.loss_control - found.loss_treatment, gain, rtol=1e-12, atol=1e-15
    )
    np.testing.assert_array_equal(
        found.relative_loss_control, found.loss_control / abs(means.control)
    )


def test_limits_have_the_tails_they_should_and_exclude_boundaries_accordingly():
    means = random_means(2000)
    for alpha in (0.05, 0.6, 1e-9):
        difference, lift = (
            difference_interval(means, alpha=alpha),
            lift_interval(means, alpha=alpha),
        )
        defined = ~np.isnan(lift.lower)
        for tail, rows in (
            (sides(means, difference=difference.lower).below, slice(None)),
            (sides(means, difference=difference.upper).above, slice(None)),
            (sides(means, lift=lift.lower).below, defined),
            (sides(means, lift=lift.upper).above, defined),
        ):
            np.testing.assert_allclose(tail[rows], alpha / 2, rtol=1e-8)
        found = better(means)
        small = np.minimum(found.probability, found.complement) < alpha / 2
        np.testing.assert_array_equal((difference.lower > 0) | (difference.upper < 0), small)
        np.testing.assert_array_equal(
            ((lift.lower > 0) | (lift.upper < 0))[defined], small[defined]
        )
        margin = sides(means, lift=-0.02).below < alpha / 2
        np.testing.assert_array_equal((lift.lower > -0.02)[defined], margin[defined])


def test_a_lift_is_relative_to_the_size_of_control():
    positive = MeansPosterior([10.0], [1.0], [0.5], [1.0], [-0.5])
    negative = MeansPosterior([-10.0], [1.0], [0.5], [1.0], [0.5])
    for name in ("lower", "upper"):
        ours, theirs = (getattr(lift_interval(means), name) for means in (positive, negative))
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    np.testing.assert_array_equal(sides(positive, lift=0.1).above, sides(negative, lift=0.1).above)


def test_the_limits_of_a_lift_are_undefined_where_the_sign_of_control_is_not_clear():
    means = MeansPosterior([1.9, 2.0], [0.3, 0.3], [1.0, 1.0], [2.0, 2.0], [-1.0, -1.0])
    limits = lift_interval(means)
    np.testing.assert_array_equal(np.isnan(limits.lower), [True, False])
    np.testing.assert_array_equal(np.isnan(limits.upper), [True, False])


def test_a_sample_of_the_posterior_agrees():
    rng = np.random.default_rng(5)
    means = MeansPosterior([10.0], [0.4], [0.5], [0.8], [-0.3])
    draws = rng.multivariate_normal([10.0, 0.4], [[0.5, -0.3], [-0.3, 0.8]], 300_000)
    lift = draws[:, 1] / draws[:, 0]
    for ours, theirs in (
        (sides(means, lift=0.05).above, lift > 0.05),
        (0.025, lift < lift_interval(means).lower),
        (better(means).loss_treatment, np.maximum(-draws[:, 1], 0)),
    ):
        assert abs(ours - theirs.mean()) < 4.5 * theirs.std() / np.sqrt(300_000)


def test_the_unit_loss_keeps_its_digits_in_both_tails():
    # L(z) = phi(z) (1/z^2 - 3/z^4 + ...); and L(-z) = z + L(z).
    z = np.array([20.0, 37.0])
    series = 1 / z**2 - 3 / z**4 + 15 / z**6 - 105 / z**8
    np.testing.assert_allclose(unit_loss(z), stats.norm.pdf(z) * series, rtol=1e-6)
    np.testing.assert_allclose(unit_loss(-z), z, rtol=1e-15)
    assert unit_loss(np.array([1e200])) == 0


def test_one_call_equals_many():
    means = random_means(30)
    together = better(means)
    limits = lift_interval(means)
    for i in range(30):
        one = means.take([i])
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(better(one), name), getattr(together, name)[[i]])
        np.testing.assert_array_equal(lift_interval(one).lower, limits.lower[[i]])


def test_what_is_undefined_is_nan_and_stays_alone():
    control = Moments([1.0, 9.0, 9.0, np.nan], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 3.0, 1.0])
    treatment = Moments([9.0, 9.0, 9.0, 9.0], [2.0, 2.0, 2.0, 2.0], [3.0, 0.0, 3.0, 3.0])
    means = posterior(compare(control, treatment), difference=NormalPrior(0.0, 1.0))
    found, limits = better(means), difference_interval(means)
    wanted = [True, True, False, True]
    for values in (*(getattr(found, name) for name in FIELDS), limits.lower, limits.upper):
        np.testing.assert_array_equal(np.isnan(values), wanted)
    both = sides(means, difference=[0.1, 0.1, np.nan, 0.1])
    assert np.isnan(both.above).all()


def test_extremes():
    far = MeansPosterior([1e15], [30.0], [0.5], [1.0], [-0.5])
    found = better(far)
    np.testing.assert_allclose(np.log(found.complement), log_ndtr(-30), rtol=1e-12)
    assert 0 < found.loss_treatment < found.complement
    np.testing.assert_allclose(lift_interval(far).lower, (30 - 1.959963984540054) / 1e15, rtol=1e-9)
    beyond = better(MeansPosterior([1.0], [1e300], [1e-300], [1e-300], [0.0]))
    assert (beyond.probability, beyond.complement, beyond.loss_treatment) == (1, 0, 0)


def test_wrong_arguments_are_refused():
    means, data = random_means(3), random_comparison(3)
    for call, message in (
        (lambda: better(means, goal="up"), "`goal` must be one of"),
        (lambda: sides(means), "must be given, got none"),
        (lambda: sides(means, lift=[0.1, 0.2]), "`lift` must be one number or of shape"),
        (lambda: difference_interval(means, alpha=2), "`alpha` must be between 0 and 1"),
        (lambda: lift_interval(means, alpha=np.nan), "`alpha` must be between 0 and 1"),
        (
            lambda: posterior(data, control=NormalPrior([0.0, 0.0], [1.0, 1.0])),
            "`sd` must be one number or of shape",
        ),
    ):
        with pytest.raises(ArgumentError, match=message):
            call()
    with pytest.raises(MomentsError, match="one shape"):
        MeansPosterior([1.0], [1.0, 2.0], [1.0], [1.0], [0.0])
