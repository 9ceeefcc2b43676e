"""What all posteriors have in common."""

import numpy as np
import pytest
from scipy import stats

from experimentos import bayes
from experimentos.bayes import BetaPosterior, NormalPosterior, beta_binomial, lift_prior, normal
from experimentos.errors import InputError
from experimentos.estimators import compare
from experimentos.moments import Moments


def random_rates(size=40, seed=1):
    rng = np.random.default_rng(seed)
    units = np.floor(10 ** rng.uniform(0.5, 7, (2, size)))
    events = rng.binomial(units.astype(np.int64), 10 ** rng.uniform(-4, -0.1, size))
    return [beta_binomial.posterior(x.astype(float), n) for x, n in zip(events, units, strict=True)]


def random_means(size=500, seed=2):
    rng = np.random.default_rng(seed)
    n = rng.integers(50, 5000, (2, size)).astype(float)
    return compare(*(Moments(k, rng.normal(10, 0.3, size), rng.chisquare(9, size) * k) for k in n))


def test_sides_add_up_and_exchange_with_the_arms():
    control, treatment = random_rates()
    one, other = beta_binomial.better(control, treatment), beta_binomial.better(treatment, control)
    np.testing.assert_allclose(one.probability + one.complement, 1, rtol=1e-12)
    np.testing.assert_allclose(one.probability, other.complement, rtol=1e-9)
    np.testing.assert_allclose(one.loss_control, other.loss_treatment, rtol=1e-9)


def test_losses_differ_by_the_difference_of_means():
    control, treatment = random_rates(seed=3)
    found = beta_binomial.better(control, treatment)
    means = [p.a / (p.a + p.b) for p in (control, treatment)]
    gap = found.loss_control - found.loss_treatment
    np.testing.assert_allclose(gap, means[1] - means[0], rtol=1e-8, atol=1e-14)


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_limits_exclude_no_effect_exactly_when_a_side_is_small(alpha):
    control, treatment = random_rates(seed=4)
    below = beta_binomial.better(control, treatment).complement
    for limits in (
        beta_binomial.difference_interval(control, treatment, alpha=alpha),
        beta_binomial.lift_interval(control, treatment, alpha=alpha),
    ):
        np.testing.assert_array_equal(limits.lower > 0, below < alpha / 2)
        np.testing.assert_array_equal(limits.upper < 0, 1 - below < alpha / 2)


def test_limits_hold_half_of_alpha_on_each_side():
    control, treatment = random_rates(seed=5)
    limits = beta_binomial.lift_interval(control, treatment, alpha=0.1)
    for limit, side in ((limits.lower, "below"), (limits.upper, "above")):
        known = limit > -1
        arms = [p.take(known) for p in (control, treatment)]
        tail = getattr(beta_binomial.sides(*arms, lift=limit[known]), side)
        np.testing.assert_allclose(tail, 0.05, rtol=1e-8)


def test_flat_normal_posteriors_are_the_normal_test():
    comparison = random_means()
    found = normal.better(normal.posterior(comparison))
    z = comparison.estimate / comparison.std_error
    np.testing.assert_allclose(found.complement, stats.norm.sf(z), rtol=1e-11)
    loss = comparison.std_error * (stats.norm.pdf(z) - z * stats.norm.sf(z))
    np.testing.assert_allclose(found.loss_treatment, loss, rtol=1e-7)


def test_a_skeptical_prior_shrinks_and_a_wide_one_does_nothing():
    comparison = random_means(seed=6)
    wide, narrow = (
        lift_prior.mean(lift_prior.posterior(comparison, prior=bayes.NormalPrior(0.0, sd)))
        for sd in (1e3, 1e-3)
    )
    plain = comparison.estimate / comparison.mean_control
    # The mean of a ratio is not the ratio of means: apart by the relative variance of control.
    noise = 3 * comparison.var_control / comparison.mean_control**2
    assert (np.abs(wide - plain) <= 1e-9 + noise).all()
    assert (np.abs(narrow) < np.abs(plain)).mean() > 0.99
    assert bayes.skeptical(0.2).sd == pytest.approx(0.2 / 1.959963985)


@pytest.mark.parametrize("arms", [2, 3, 7])
def test_the_best_of_many_is_one_of_them(arms):
    rng = np.random.default_rng(7)
    for posteriors in (
        NormalPosterior(rng.normal(0, 1, (50, arms)), 10 ** rng.uniform(-2, 1, (50, arms))),
        BetaPosterior(rng.uniform(1, 500, (20, arms)), rng.uniform(1, 500, (20, arms))),
    ):
        found = bayes.best_of(posteriors)
        np.testing.assert_allclose(found.probability.sum(axis=1), 1, rtol=1e-9)
        assert (found.loss >= -1e-12).all()
        least = bayes.best_of(posteriors, goal="decrease").probability
        if arms == 2:
            np.testing.assert_allclose(least, found.probability[:, ::-1], rtol=1e-9)


def test_one_call_equals_many_and_nan_rows_disturb_none():
    control, treatment = random_rates(12, seed=8)
    events = np.where(np.arange(12) == 5, np.nan, control.a)
    control = BetaPosterior(events, control.b)
    together = beta_binomial.better(control, treatment)
    assert np.isnan(together.probability[5])
    for row in np.delete(np.arange(12), 5):
        alone = beta_binomial.better(control.take([row]), treatment.take([row]))
        np.testing.assert_array_equal(alone.probability, together.probability[[row]])
        np.testing.assert_array_equal(alone.loss_treatment, together.loss_treatment[[row]])
    posteriors = NormalPosterior([[0.0, 1.0, np.nan], [0.0, 1.0, 2.0]], np.ones((2, 3)))
    best = bayes.best_of(posteriors)
    assert np.isnan(best.probability[0]).all()
    expected = bayes.best_of(posteriors.take([1])).probability
    np.testing.assert_array_equal(best.probability[[1]], expected)


def test_tails_keep_their_digits():
    # 1,000 against 3,000 of 10,000: R, pieces() of bayes.R gives the same order of magnitude.
    control, treatment = (beta_binomial.posterior([x], [10_000.0]) for x in (1000.0, 3000.0))
    worse = beta_binomial.better(control, treatment).complement[0]
    assert 0 < worse < 1e-200
    means = compare(Moments([1e4], [0.0], [1e4]), Moments([1e4], [0.5], [1e4]))
    tail = normal.better(normal.posterior(means)).complement[0]
    assert tail == pytest.approx(stats.norm.sf(0.5 / means.std_error[0]), rel=1e-10)


@pytest.mark.parametrize(
    "call",
    [
        lambda: beta_binomial.posterior([11.0], [10.0]),
        lambda: beta_binomial.posterior([-1.0], [10.0]),
        lambda: bayes.BetaPrior(0.0, 1.0),
        lambda: bayes.NormalPrior(0.0, -1.0),
        lambda: bayes.skeptical(0.0),
        lambda: bayes.best_of(NormalPosterior([[1.0]], [[1.0]])),
        lambda: bayes.best_of(NormalPosterior([[1.0, 2.0]], [[1.0, 1.0]]), goal="up"),
    ],
)
def test_wrong_arguments_are_refused(call):
    with pytest.raises(InputError, match="got "):
        call()
