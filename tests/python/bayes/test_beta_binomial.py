import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import betaln

from experimentos.bayes import BetaPosterior, BetaPrior
from experimentos.bayes.beta_binomial import (
    better,
    difference_interval,
    lift_interval,
    posterior,
    rate_interval,
    sides,
)
from experimentos.errors import ArgumentError

FIELDS = ("probability", "complement", "loss_control", "loss_treatment", "control")


def random_rates(size, seed=1, largest=6.0):
    rng = np.random.default_rng(seed)
    units = np.rint(10 ** rng.uniform(0, largest, (2, size)))
    rate = 10 ** rng.uniform(-4, -0.05, size)
    events = rng.binomial(units.astype(int), np.minimum(rate * rng.uniform(0.6, 1.6, (2, size)), 1))
    return posterior(events[0], units[0]), posterior(events[1], units[1])


def closed_form(control, treatment):
    """E. Miller's sum, with all terms (for whole parameters)."""
    terms = np.arange(treatment.a[0])
    a_c, b_c, b_t = control.a[0], control.b[0], treatment.b[0]
    logs = betaln(a_c + terms, b_c + b_t) - np.log(b_t + terms)
    return np.exp(logs - betaln(1 + terms, b_t) - betaln(a_c, b_c)).sum()


def test_the_closed_form_gives_the_same():
    control, treatment = random_rates(60, largest=3.5)
    for i in range(60):
        pair = control.take([i]), treatment.take([i])
        found = better(*pair)
        np.testing.assert_allclose(found.probability, closed_form(*pair), rtol=1e-8, atol=1e-11)
        assert abs(found.complement - closed_form(*pair[::-1])) < 1e-8


def test_a_sample_of_the_posterior_agrees():
    rng = np.random.default_rng(2)
    control, treatment = posterior([3.0], [20.0]), posterior([8.0], [25.0])
    draws = 400_000
    x, y = (rng.beta(rates.a, rates.b, draws) for rates in (control, treatment))
    found = better(control, treatment)
    for ours, theirs in (
        (found.probability, y > x),
        (found.loss_control, np.maximum(y - x, 0)),
        (found.loss_treatment, np.maximum(x - y, 0)),
        (sides(control, treatment, lift=0.5).above, y > 1.5 * x),
        (sides(control, treatment, difference=-0.1).below, y - x < -0.1),
        (0.95, (y - x <= difference_interval(control, treatment, alpha=0.1).upper)),
        (0.05, (y / x - 1 <= lift_interval(control, treatment, alpha=0.1).lower)),
    ):
        assert abs(ours - theirs.mean()) < 4.5 * theirs.std() / np.sqrt(draws)


@pytest.mark.parametrize("goal", ["increase", "decrease"])
def test_probabilities_add_up_and_losses_differ_by_the_means(goal):
    control, treatment = random_rates(500)
    found = better(control, treatment, goal=goal)
    np.testing.assert_allclose(found.probability + found.complement, 1, rtol=1e-15)
    gain = treatment.mean - control.mean if goal == "increase" else control.mean - treatment.mean
    np.testing.assert_allclose(found.loss_control - found.loss_treatment, gain, atol=1e-15)
    for name in FIELDS:
        assert (getattr(found, name) >= 0).all()
    np.testing.assert_array_equal(found.relative_loss_control, found.loss_control / control.mean)
    np.testing.assert_array_equal(
        found.relative_loss_treatment, found.loss_treatment / control.mean
    )


def test_exchanging_the_arms_exchanges_the_answers():
    control, treatment = random_rates(100, seed=3)
    there, back = better(control, treatment), better(treatment, control)
    np.testing.assert_allclose(there.probability, back.complement, rtol=1e-12)
    np.testing.assert_allclose(there.loss_control, back.loss_treatment, rtol=1e-12)
    down = better(control, treatment, goal="decrease")
    np.testing.assert_array_equal(there.probability, down.complement)
    np.testing.assert_array_equal(there.loss_control, down.loss_treatment)
    forward = difference_interval(control, treatment)
    backward = difference_interval(treatment, control)
    np.testing.assert_array_equal(forward.lower, -backward.upper)


def test_events_and_non_events_mirror_each_other():
    control, treatment = random_rates(300, seed=4)
    mirrored = [BetaPosterior(rates.b, rates.a) for rates in (control, treatment)]
    there, back = better(control, treatment), better(*mirrored, goal="decrease")
    np.testing.assert_allclose(there.probability, back.probability, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(there.loss_control, back.loss_control, rtol=1e-9, atol=1e-13)


def test_a_boundary_of_nothing_is_the_question_which_is_better():
    control, treatment = random_rates(300, seed=5)
    found = better(control, treatment)
    for boundary in ({"difference": 0.0}, {"lift": 0.0}):
        both = sides(control, treatment, **boundary)
        np.testing.assert_allclose(both.above, found.probability, rtol=1e-8, atol=1e-11)
        np.testing.assert_allclose(both.below, found.complement, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize(
    ("kind", "limits"), [("difference", difference_interval), ("lift", lift_interval)]
)
@pytest.mark.parametrize("alpha", [0.05, 0.4])
def test_an_interval_excludes_a_boundary_exactly_when_one_side_has_less_than_half_alpha(
    kind, limits, alpha
):
    control, treatment = random_rates(200, seed=6)
    rng = np.random.default_rng(7)
    boundary = rng.normal(0, 0.5, 200) * (0.1 if kind == "difference" else 1.0)
    interval = limits(control, treatment, alpha=alpha)
    both = sides(control, treatment, **{kind: boundary})
    np.testing.assert_array_equal(interval.lower > boundary, both.below < alpha / 2)
    np.testing.assert_array_equal(interval.upper < boundary, both.above < alpha / 2)
    np.testing.assert_array_equal(
        (interval.lower > 0) | (interval.upper < 0),
        np.minimum(*(getattr(better(control, treatment), f) for f in FIELDS[:2])) < alpha / 2,
    )


@pytest.mark.parametrize("alpha", [0.5, 0.05, 1e-6])
def test_limits_have_the_tails_they_should(alpha):
    control, treatment = random_rates(60, seed=8)
    difference = difference_interval(control, treatment, alpha=alpha)
    lift = lift_interval(control, treatment, alpha=alpha)
    for tail in (
        sides(control, treatment, difference=difference.lower).below,
        sides(control, treatment, difference=difference.upper).above,
        sides(control, treatment, lift=lift.lower).below,
        sides(control, treatment, lift=lift.upper).above,
    ):
        np.testing.assert_allclose(tail, alpha / 2, rtol=1e-7)


def test_the_interval_of_one_rate_is_that_of_scipy():
    rates, _ = random_rates(100, seed=9)
    interval = rate_interval(rates, alpha=0.1)
    np.testing.assert_allclose(interval.lower, stats.beta.ppf(0.05, rates.a, rates.b), rtol=1e-10)
    np.testing.assert_allclose(interval.upper, stats.beta.isf(0.05, rates.a, rates.b), rtol=1e-10)


def test_one_call_equals_many():
    control, treatment = random_rates(40, seed=10)
    # Each way of placing panels: a deep tail, cut off by the line, hardly any event.
    more = BetaPosterior([301.0, 33.0, 0.1, 0.7], [701.0, 4e5, 5.0, 50.0])
    control = control.append(more)
    treatment = treatment.append(BetaPosterior([101.0, 22.0, 0.1, 0.2], [901.0, 139.0, 5.0, 1e6]))
    boundary = np.linspace(-0.2, 0.2, 44)

    def everything(control, treatment, boundary):
        answer = better(control, treatment)
        return [
            *(getattr(answer, name) for name in FIELDS),
            sides(control, treatment, difference=boundary).above,
            sides(control, treatment, lift=boundary).below,
            difference_interval(control, treatment).lower,
            lift_interval(control, treatment).upper,
        ]

    together = everything(control, treatment, boundary)
    for i in (0, 7, 23, 40, 41, 42, 43):
        alone = everything(control.take([i]), treatment.take([i]), boundary[[i]])
        for one, all_of_them in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one, all_of_them[[i]])


def test_nan_rows_stay_alone_and_shapes_are_kept():
    events, units = np.full((2, 3), 5.0), np.full((2, 3), 50.0)
    control = posterior(events, units)
    broken = events.copy()
    broken[0, 1] = np.nan
    treatment = posterior(broken + np.arange(3.0), units)
    found = better(control, treatment)
    interval = difference_interval(control, treatment, alpha=[[0.05], [0.1]])
    both = sides(control, treatment, lift=[[0.0, 0.0, np.nan], [0.1, 0.1, 0.1]])
    missing = np.isnan(treatment.a)
    for values in (found.probability, found.loss_control, interval.lower, interval.upper):
        np.testing.assert_array_equal(np.isnan(values), missing)
    np.testing.assert_array_equal(np.isnan(both.above), missing | [[0, 0, 1], [0, 0, 0]])
    assert better(posterior([], []), posterior([], [])).probability.shape == (0,)


def test_extremes():
    # The same rate per unit seen a thousand, a million and a billion times: a narrower posterior.
    for units, deviation in ((1e3, 0.0159), (1e9, 1.5811e-5)):
        control = posterior([units / 2], [units])
        treatment = posterior([units / 2 * 1.00002], [units])
        gap = treatment.mean - control.mean
        expected = stats.norm.cdf(gap / (deviation * np.sqrt(2)))
        assert abs(better(control, treatment).probability - expected) < 2e-3
    # P(Y > X): the maximum of n uniform variables above the minimum of n others, n! n! / (2n)!.
    n = 500.0
    found = better(BetaPosterior([n], [1.0]), BetaPosterior([1.0], [n]))
    logarithm = np.log(n) + betaln(n, n + 1)  # integral of x^n n (1 - x)^(n - 1)
    np.testing.assert_allclose(np.log(found.probability), logarithm, rtol=1e-12)
    assert 0 < found.probability < 1e-290
    assert found.complement == 1
    # Far beyond the smallest number, and rates of 1e-7.
    impossible = better(posterior([9e5], [1e6]), posterior([1e5], [1e6]))
    assert (impossible.probability, impossible.loss_control) == (0, 0)
    assert abs(impossible.loss_treatment - 0.8) < 1e-5
    rare = better(posterior([100.0], [1e9]), posterior([130.0], [1e9]))
    np.testing.assert_allclose(rare.probability, 0.9759184797336443, rtol=1e-10)


def test_boundaries_beyond_what_is_possible_are_certain():
    control, treatment = posterior([3.0] * 6, [10.0] * 6), posterior([4.0] * 6, [10.0] * 6)
    difference = sides(control, treatment, difference=[-np.inf, -2, -1, 1, 2, np.inf])
    np.testing.assert_array_equal(difference.above, [1, 1, 1, 0, 0, 0])
    np.testing.assert_array_equal(difference.below, [0, 0, 0, 1, 1, 1])
    lift = sides(control, treatment, lift=[-np.inf, -2, -1, 1e200, 1e300, np.inf])
    np.testing.assert_array_equal(lift.above[:3], 1)
    np.testing.assert_allclose(lift.above[3:], 0, atol=1e-300)


def test_counts_that_cannot_be_are_refused():
    for arguments, message in (
        (
            ([5.0], [3.0]),
            "`events` must not exceed `units`, and both must be finite, got 5.0 of 3.0",
        ),
        (([-1.0], [3.0]), "`events` must be 0 or more, got -1.0"),
        (([1.0], [-3.0]), "`units` must be 0 or more, got -3.0"),
        (
            ([1.0], [np.inf]),
            "`events` must not exceed `units`, and both must be finite, got 1.0 of inf",
        ),
    ):
        with pytest.raises(ArgumentError) as error:
            posterior(*arguments)
        assert str(error.value) == message


def test_wrong_arguments_are_refused():
    control, treatment = random_rates(2)
    for call, message in (
        (lambda: better(control, treatment, goal="up"), "`goal` must be one of"),
        (lambda: better(control, treatment.take([0])), "must have one shape"),
        (
            lambda: sides(control, treatment),
            "one of `difference` and `lift` must be given, got none",
        ),
        (lambda: sides(control, treatment, lift=0, difference=0), "must be given, got both"),
        (
            lambda: sides(control, treatment, lift=[1, 2, 3]),
            "`lift` must be one number or of shape",
        ),
        (
            lambda: difference_interval(control, treatment, alpha=0),
            "`alpha` must be between 0 and 1",
        ),
        (lambda: lift_interval(control, treatment, alpha=1), "`alpha` must be between 0 and 1"),
        (lambda: rate_interval(control, alpha=1), "`alpha` must be between 0 and 1"),
    ):
        with pytest.raises(ArgumentError, match=message):
            call()


@settings(max_examples=12, deadline=None)
@given(st.lists(st.floats(0.1, 1e9), min_size=4, max_size=4), st.floats(-0.99, 3.0))
def test_any_two_posteriors_have_a_finite_and_consistent_answer(parameters, lift):
    control, treatment = (BetaPosterior(*([v] for v in parameters[i : i + 2])) for i in (0, 2))
    found, both = better(control, treatment), sides(control, treatment, lift=lift)
    for value in (found.probability, found.complement, both.below, both.above):
        assert 0 <= value <= 1
    if lift > 0:
        assert both.above <= found.probability + 1e-9
    limits = difference_interval(control, treatment)
    assert -1 <= limits.lower <= limits.upper <= 1


def test_a_prior_is_units_already_seen():
    prior = BetaPrior.of_mean(0.1, units=50)
    with_prior = posterior([7.0], [100.0], prior=prior)
    np.testing.assert_allclose([with_prior.a, with_prior.b], [[12.0], [138.0]])
