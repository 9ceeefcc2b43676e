from itertools import combinations

import numpy as np
import pytest

from experimentos.errors import ArgumentError
from experimentos.multiplicity import closed, holm, hommel, weighted_holm


def alone(correction, p, **options):
    p = np.asarray(p, dtype=float)
    return correction(p, np.zeros(p.size, dtype=int), level=0.05, **options)


def one_by_one(p, weights, rest, local):
    """Adjusted p-values by all intersections, in plain loops."""
    adjusted = np.zeros(len(p))
    for size in range(1, len(p) + 1):
        for members in combinations(range(len(p)), size):
            total, below, smallest = sum(weights[i] for i in members) + rest, 0.0, 1.0
            for i in sorted(members, key=lambda i: p[i]):
                below += weights[i]
                share = below if local == "simes" else weights[i]
                smallest = min(smallest, total * p[i] / share if weights[i] else 1.0)
            for i in members:
                adjusted[i] = max(adjusted[i], smallest)
    return adjusted


def examples(count=25, seed=1):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        size = int(rng.integers(1, 7))
        p = np.round(rng.beta(0.3, 1, size), 3)
        weights = rng.dirichlet(np.ones(size)) * rng.choice([1.0, 0.7])
        weights[rng.integers(size)] *= rng.choice([1.0, 0.0])
        yield p, weights


@pytest.mark.parametrize("local", ["bonferroni", "simes"])
def test_all_intersections_one_by_one_give_the_same(local):
    for p, weights in examples():
        rest = 1 - weights.sum() if weights.sum() < 1 - 1e-9 else 0.0
        found = alone(closed, p, local=local, weights=weights)
        np.testing.assert_allclose(found.p_value, one_by_one(p, weights, rest, local), rtol=1e-12)


def test_bonferroni_tests_are_holms_procedure():
    for p, weights in examples():
        plain, with_weights = alone(closed, p), alone(closed, p, weights=weights)
        np.testing.assert_array_equal(plain.p_value, alone(holm, p).p_value)
        expected = alone(weighted_holm, p, weights=weights).p_value
        np.testing.assert_allclose(with_weights.p_value, expected, rtol=1e-12)


def test_simes_tests_are_hommels_procedure():
    for p, _ in examples():
        sizes = np.full(p.size, p.size + 2.0)
        for options in ({}, {"sizes": sizes}):
            found = alone(closed, p, local="simes", **options)
            expected = alone(hommel, p, **options)
            np.testing.assert_allclose(found.p_value, expected.p_value, rtol=1e-14)


@pytest.mark.parametrize("local", ["bonferroni", "simes"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_level_is_the_largest_p_value_that_would_be_rejected(local, weighted):
    for p, weights in examples(10, seed=2):
        options = {"local": local} | ({"weights": weights} if weighted else {})
        level = alone(closed, p, **options).level
        for which in np.flatnonzero(~np.isnan(level)):
            for factor in (1 - 1e-9, 1 + 1e-9):
                changed = p.copy()
                changed[which] = level[which] * factor
                rejected = alone(closed, changed, **options).rejected[which]
                assert rejected == (factor < 1)


def test_large_families_take_the_shortcuts():
    p = np.random.default_rng(3).beta(0.3, 1, 30)
    for options, method in (({}, holm), ({"local": "simes"}, hommel)):
        found, expected = alone(closed, p, **options), alone(method, p)
        np.testing.assert_array_equal(found.p_value, expected.p_value)
        np.testing.assert_array_equal(found.level, expected.level)
    family = np.r_[np.zeros(30, dtype=int), np.ones(3, dtype=int)]
    mixed = closed(np.r_[p, 0.01, 0.02, 0.5], family, level=0.05, weights=1 / 30)
    expected = weighted_holm(np.r_[p, 0.01, 0.02, 0.5], family, level=0.05, weights=1 / 30)
    np.testing.assert_allclose(mixed.p_value, expected.p_value, rtol=1e-12)


@pytest.mark.parametrize(
    ("size", "options", "message"),
    [
        (2, {"local": "fisher"}, r"`local` must be one of \['bonferroni', 'simes'\], got 'fisher'"),
        (2, {"weights": 0.5, "sizes": 3.0}, "`sizes` must be left out where `weights` is given"),
        (9, {"weights": 0.1, "local": "simes"}, "`weights` must be left out .* got 9 hypotheses"),
        (2, {"weights": 0.6}, "`weights` must sum to at most 1 in a family, got 1.2"),
    ],
)
def test_wrong_arguments_are_typed_errors(size, options, message):
    with pytest.raises(ArgumentError, match=message):
        alone(closed, np.full(size, 0.1), **options)
