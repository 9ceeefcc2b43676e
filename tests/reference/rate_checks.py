"""What every test of two proportions is checked for."""

from dataclasses import fields

import numpy as np
import pytest

from experimentos.errors import ArgumentError, MomentsError
from experimentos.inference.counts import compare_arms, from_counts
from experimentos.inference.effect import Null, no_effect
from experimentos.moments import Moments

EXTREMES = {
    "a billion units, rates of 1e-7": (160.0, 1e9, 100.0, 1e9),
    "a billion units, half of them": (5.001e8, 1e9, 5e8, 1e9),
    "far apart": (1.1e8, 1e9, 1e8, 1e9),
    "all but a few": (1e9 - 100, 1e9, 1e9 - 160, 1e9),
    "one unit an arm": (1.0, 1.0, 0.0, 1.0),
    "no event": (0.0, 10.0, 0.0, 20.0),
    "only events": (10.0, 10.0, 20.0, 20.0),
    "all against none": (10.0, 10.0, 0.0, 20.0),
    "no event in control": (5.0, 1000.0, 0.0, 1000.0),
    "no event in treatment": (0.0, 1000.0, 5.0, 1000.0),
}


def random_counts(size, seed=1, largest=2000):
    """Events and units of control, then of treatment, rates everywhere between 0 and 1."""
    rng = np.random.default_rng(seed)
    n_c, n_t = rng.integers(1, largest, (2, size))
    base = rng.beta(0.4, 0.4, size)
    rate = np.clip(base + rng.normal(0, 0.1, size), 0, 1)
    return rng.binomial(n_c, base), n_c, rng.binomial(n_t, rate), n_t


def arms(x_c, n_c, x_t, n_t):
    return from_counts(x_c, n_c), from_counts(x_t, n_t)


def assert_dual(method, counts, *, tail, shift=0.0, lift=0.0):
    """The limits exclude a boundary exactly where its one-sided test rejects."""
    comparison = compare_arms(*arms(*counts))
    level, full = np.full(comparison.df.shape, tail), np.ones(comparison.df.shape)
    tails = method.tails(comparison, Null((1 + lift) * full, shift * full))
    limits = method.lift_interval(comparison, level)
    if not lift:
        both = [(limits, 0.0)] if not shift else []
        both.append((method.interval(comparison, level), shift))
    else:
        both = [(limits, lift)]
    for interval, boundary in both:
        defined = ~np.isnan(tails.greater + interval.lower + interval.upper)
        assert defined.mean() > 0.2
        rejected = (tails.greater < level)[defined], (tails.less < level)[defined]
        np.testing.assert_array_equal((interval.lower > boundary)[defined], rejected[0])
        np.testing.assert_array_equal((interval.upper < boundary)[defined], rejected[1])


def assert_one_call_equals_many(function, counts):
    together = function(*arms(*counts))
    for i in range(len(counts[0])):
        alone = function(*arms(*(values[i] for values in counts)))
        for field in fields(together):
            np.testing.assert_array_equal(
                getattr(alone, field.name), getattr(together, field.name)[[i]], field.name
            )


def assert_neighbours_stay(function):
    """Undefined rows are NaN and the others what they are alone."""
    plain = function(*arms([5, 3], 20, [9, 4], 20))
    holes = function(*arms([5, np.nan, 0, 3], [20, 20, 0, 20], [9, 4, 3, 4], [20, 20, 20, 20]))
    for field in fields(plain):
        values = getattr(holes, field.name)
        np.testing.assert_array_equal(values[[0, 3]], getattr(plain, field.name))
        assert np.isnan(values[[1, 2]]).all()


def assert_bad_input_is_refused(function):
    good = Moments([10.0, 10.0], [0.5, 0.2], [2.5, 1.6])
    for rate in (1.1, -0.1, np.inf):
        bad = Moments([10.0, 10.0], [0.5, rate], [2.5, 0.0])
        with pytest.raises(MomentsError, match=rf"`treatment` must .* between 0 and 1, got {rate}"):
            function(good, bad)
        with pytest.raises(MomentsError, match="`control` must have rates"):
            function(bad, good)
    with pytest.raises(ArgumentError, match="`alpha` must be between 0 and 1, got 1.5"):
        function(good, good, alpha=1.5)
    with pytest.raises(MomentsError, match="shape"):
        function(good, Moments([10.0], [0.5], [2.5]))


def assert_extremes_are_sound(function, *, without=()):
    """No warning, no infinity in the p-value or the limits of the difference, in order."""
    for name, (x_t, n_t, x_c, n_c) in EXTREMES.items():
        if name in without:
            continue
        effect = function(*arms(x_c, n_c, x_t, n_t))
        assert not np.isinf([effect.p_value, effect.lower, effect.upper]).any(), name
        defined = ~np.isnan(effect.p_value)
        assert ((effect.p_value >= 0) & (effect.p_value <= 1))[defined].all(), name
        ordered = ~np.isnan(effect.lower)
        assert (effect.lower <= effect.upper)[ordered].all(), name
        assert (effect.lower >= -1)[ordered].all(), name
        assert (effect.upper <= 1)[ordered].all(), name
        ordered = ~np.isnan(effect.lift_lower)
        assert (effect.lift_lower <= effect.lift_upper)[ordered].all(), name
        assert (effect.lift_lower >= -1)[ordered].all(), name


def null_tails(method, counts):
    comparison = compare_arms(*arms(*counts))
    return method.tails(comparison, no_effect(comparison))
