import numpy as np
import pytest
from scipy import stats

from experimentos.checks import multinomial as module
from experimentos.checks.sample_ratio import chi_square


def brute_force(counts, shares):
    every = module.outcomes(int(counts.sum()), len(counts))
    masses = stats.multinomial.pmf(every, counts.sum(), shares)
    observed = stats.multinomial.pmf(counts, counts.sum(), shares)
    return masses[masses <= observed * (1 + 1e-7)].sum()


@pytest.mark.parametrize(
    ("first", "units", "share"),
    [(9, 10, 0.5), (0, 7, 0.04), (3, 12, 0.1), (1, 400, 0.01), (0, 1, 0.5), (200, 400, 0.5)],
)
def test_two_variants_exactly_as_a_binomial_test(first, units, share):
    found = module.exact_multinomial(
        np.array([first, units - first], dtype=float), np.array([share, 1 - share])
    )
    np.testing.assert_allclose(found, stats.binomtest(first, units, share).pvalue, rtol=1e-12)


def test_many_binomial_tests_agree_with_scipy_one_by_one():
    rng = np.random.default_rng(1)
    n, share = rng.integers(1, 3000, 300), rng.uniform(0.001, 0.999, 300)
    x = rng.binomial(n, np.where(rng.random(300) < 0.5, share, rng.random(300)))
    found = module.exact_multinomials(
        np.stack([x, n - x], axis=1).astype(float), np.stack([share, 1 - share], axis=1)
    )
    expected = [
        stats.binomtest(int(a), int(b), p).pvalue for a, b, p in zip(x, n, share, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-305)


def test_two_variants_at_a_billion_units_and_tiny_tails():
    counts = np.array([[12.0, 1e9 - 12], [180, 1e6 - 180], [0, 1e9], [300, 1e8 - 300]])
    share = np.array([2e-9, 4e-6, 1e-10, 1e-7])
    found = module.exact_multinomials(counts, np.stack([share, 1 - share], axis=1))
    expected = [
        stats.binomtest(int(x), int(x + rest), p).pvalue
        for (x, rest), p in zip(counts, share, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    assert 0 < found[1] < 1e-200
    assert 0 < found[3] < 1e-250


@pytest.mark.parametrize("variants", [3, 4, 5])
def test_more_variants_exactly_by_brute_force(variants):
    rng = np.random.default_rng(variants)
    for _ in range(15):
        shares = rng.dirichlet(np.ones(variants)) * 0.9 + 0.1 / variants
        units = int(rng.integers(1, {3: 60, 4: 25, 5: 12}[variants]))
        counts = rng.multinomial(units, rng.dirichlet(np.ones(variants))).astype(float)
        found = module.exact_multinomial(counts, shares)
        np.testing.assert_allclose(found, brute_force(counts, shares), rtol=1e-9)


def test_equal_likelihoods_count_as_equal_whatever_the_order():
    for counts in ([0, 3, 9], [9, 0, 3], [3, 9, 0]):
        found = module.exact_multinomial(np.array(counts, float), np.full(3, 1 / 3))
        np.testing.assert_allclose(found, brute_force(np.array([0.0, 3, 9]), np.full(3, 1 / 3)))


def test_listing_conditioning_and_drawing_agree():
    shares = np.array([0.02, 0.4, 0.58])
    counts = np.array([[6.0, 70.0, 62.0], [3.0, 55.0, 80.0]])
    observed = module.log_multinomial(counts, shares)
    units = counts.sum(axis=1)
    listed = module._listed(138, shares, observed)
    conditioned = module._conditioned(units, np.tile(shares, (2, 1)), observed)
    drawn = module._drawn(138, shares, observed)
    np.testing.assert_allclose(conditioned, listed, rtol=1e-11)
    error = np.sqrt(listed * (1 - listed) / module.SIMULATED)
    assert (np.abs(drawn - listed) < 4 * error + 1e-5).all()
    assert module.number_of_outcomes(138, 3) > module.LISTED_AT_ONCE  # the public one conditions


def test_a_million_units_in_four_variants_need_no_draws():
    shares = np.array([3e-6, 2e-6, 0.4, 0.599995])
    counts = np.array([[9.0, 0, 400_000, 599_991], [3.0, 2, 400_100, 599_895]])
    found = module.exact_multinomials(counts, np.tile(shares, (2, 1)))
    draws = np.random.default_rng(3).multinomial(10**6, shares, 20_000).astype(float)
    mass = module.log_multinomial(draws, shares)
    drawn = [(mass <= one).mean() for one in module.log_multinomial(counts, shares)]
    error = np.sqrt(found * (1 - found) / 20_000)
    assert (np.abs(found - drawn) < 4 * error).all()


def test_too_many_outcomes_to_list_are_drawn_with_a_seed():
    shares, counts = np.full(12, 1 / 12), np.r_[12.0, np.full(11, 4.0)]
    assert module.number_of_outcomes(counts.sum(), 12) > module.ENUMERATED
    found = module.exact_multinomial(counts, shares)
    assert found == module.exact_multinomial(counts, shares)
    rough = chi_square(counts[None], shares[None])[0]
    assert 0.3 * rough < found < 3 * rough


def test_one_call_equals_many_with_different_numbers_of_variants():
    rng = np.random.default_rng(5)
    rows, nan = [], np.nan
    for _ in range(8):
        a, b, c, d = rng.integers(0, 12, 4).astype(float)
        rows += [[a + 1, b, nan, nan], [nan, a, b + 1, c], [a, b, c, d + 1], [a, 300 + b, 280, nan]]
    counts = np.array(rows)
    shares = np.where(np.isnan(counts), nan, [0.1, 0.2, 0.3, 0.4])
    together = module.exact_multinomials(counts, shares)
    for i in range(len(counts)):
        alone = module.exact_multinomials(counts[i : i + 1], shares[i : i + 1])
        np.testing.assert_array_equal(alone, together[i : i + 1])
    assert ((together > 0) & (together <= 1)).all()


def test_outcomes_are_listed_once_each():
    listed = module.outcomes(5, 4)
    assert len(np.unique(listed, axis=0)) == len(listed) == module.number_of_outcomes(5, 4).round()
    np.testing.assert_array_equal(listed.sum(axis=1), 5)


def test_a_hundred_thousand_checks_take_seconds():
    import time

    rng = np.random.default_rng(6)
    units = rng.integers(1, 60, 100_000)
    three = rng.multinomial(units, [0.1, 0.3, 0.6]).astype(float)
    first = rng.binomial(units, 0.04)
    two = np.stack([first, units - first], axis=1).astype(float)
    start = time.process_time()
    module.exact_multinomials(three, np.tile([0.1, 0.3, 0.6], (100_000, 1)))
    module.exact_multinomials(two, np.tile([0.04, 0.96], (100_000, 1)))
    assert time.process_time() - start < 10  # a tenth of it on a quiet machine
