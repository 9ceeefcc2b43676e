import numpy as np
import pytest
from scipy import stats
from validation.entries import stored

from experimentos.inference import unconditional
from experimentos.inference.score_statistic import Counts, difference_statistic
from experimentos.inference.unconditional import BERGER_BOOS, tail_pair


def by_enumeration(x_c, n_c, x_t, n_t, weight, shift, *, upper, rates):
    """Largest probability of an outcome as extreme, over the whole table and a grid of rates."""
    outcomes = np.meshgrid(np.arange(n_c + 1.0), np.arange(n_t + 1.0), indexing="ij")
    shape = outcomes[0].shape
    data = Counts(
        outcomes[0].ravel(), np.full(outcomes[0].size, n_c),
        outcomes[1].ravel(), np.full(outcomes[0].size, n_t),
    )  # fmt: skip
    z = unconditional._statistic(data, weight, shift).reshape(shape)
    region = z >= z[x_c, x_t] - 1e-9 if upper else z <= z[x_c, x_t] + 1e-9
    largest = 0.0
    for p in rates:
        q = weight * p + shift
        if 0 <= q <= 1:
            mass = np.outer(
                stats.binom.pmf(np.arange(n_c + 1), n_c, p),
                stats.binom.pmf(np.arange(n_t + 1), n_t, q),
            )
            largest = max(largest, (mass * region).sum())
    return largest


def test_a_published_noninferiority_trial():
    # I. S. F. Chan (1998), section 4 (childhood nephroblastoma, Rodary et al. 1989): 83 of 88
    # against 69 of 76 and a margin of 0.10: exact p = 0.0017 with the supremum over all rates.
    whole = by_enumeration(69, 76, 83, 88, 1.0, -0.1, upper=True, rates=np.linspace(0, 1, 2001))
    assert round(whole, 4) == 0.0017
    _, greater = tail_pair(69, 76, 83, 88, weight=1.0, shift=-0.1)
    assert 0.0015 < greater <= whole + BERGER_BOOS


@pytest.mark.parametrize(
    ("counts", "weight", "shift"),
    [
        ((8, 100, 4, 100), 1.0, -0.1),
        ((3, 40, 6, 50), 1.0, 0.2),
        ((38, 40, 45, 50), 0.98, 0.0),
        ((3, 40, 0, 50), 1.3, 0.0),
        ((0, 40, 0, 50), 1.0, 0.05),
        ((39, 40, 50, 50), 1.0, -0.05),
    ],
)
def test_agrees_with_the_whole_table_within_the_confidence_region(counts, weight, shift):
    x_c, n_c, x_t, n_t = counts
    low, high = unconditional._confidence_limits(x_c, n_c)
    found = tail_pair(*counts, weight=weight, shift=shift)
    for p_value, upper in zip(found, (False, True), strict=True):
        wide = by_enumeration(*counts, weight, shift, upper=upper, rates=np.linspace(0, 1, 501))
        # The grid of the whole table is the coarser of the two.
        assert p_value <= wide * (1 + 1e-3) + BERGER_BOOS
        # In the region the boundary is one of the nulls that are searched.
        inside = by_enumeration(
            *counts, weight, shift, upper=upper, rates=_inside(counts, weight, shift, low, high)
        )
        assert p_value >= inside * (1 - 1e-3)
        assert x_c <= n_c
        assert x_t <= n_t


def _inside(counts, weight, shift, low, high):
    """Control rates for which both rates of the boundary lie in the confidence region."""
    treatment_low, treatment_high = unconditional._confidence_limits(counts[2], counts[3])
    rates = np.linspace(low, high, 301)
    boundary = weight * rates + shift
    return rates[(boundary >= treatment_low) & (boundary <= treatment_high)]


def test_agrees_with_brute_force_in_r():
    for given in stored("proportions")["unconditional"]:
        x_t, n_t, x_c, n_c = given["counts"]
        boundary = {"weight": float(given["weight"]), "shift": float(given["shift"])}
        found = tail_pair(x_c, n_c, x_t, n_t, **boundary)[1]
        if given["p"] < 0.5:
            np.testing.assert_allclose(found, given["p"], rtol=1e-8)
        else:
            assert 0.5 <= found <= given["p"] * (1 + 1e-8)


def test_no_peak_between_rates_is_missed():
    # The supremum of the same sums on a fine grid of the region, for random tables.
    rng = np.random.default_rng(3)
    for _ in range(12):
        n_c, n_t = (int(n) for n in rng.integers(5, 40, 2))
        x_c, x_t = int(rng.binomial(n_c, 0.3)), int(rng.binomial(n_t, 0.3))
        limits = [unconditional._confidence_limits(*arm) for arm in ((x_c, n_c), (x_t, n_t))]
        found = tail_pair(x_c, n_c, x_t, n_t, weight=1.0, shift=-0.07)[1]
        fine = np.linspace(max(limits[0][0], limits[1][0] + 0.07), limits[0][1], 400)
        fine = fine[fine - 0.07 <= limits[1][1]]
        whole = by_enumeration(x_c, n_c, x_t, n_t, 1.0, -0.07, upper=True, rates=fine)
        if found < 0.5:
            assert whole + BERGER_BOOS <= found * (1 + 1e-8)
            np.testing.assert_allclose(found, whole + BERGER_BOOS, rtol=2e-3)


def test_the_error_rate_is_at_most_nominal():
    # All outcomes with their probabilities, at rates on the boundary of the null hypothesis.
    n_c, n_t, margin = 10, 14, -0.15
    tails = np.array(
        [
            [tail_pair(x, n_c, y, n_t, weight=1.0, shift=margin)[1] for y in range(n_t + 1)]
            for x in range(n_c + 1)
        ]
    )
    for p in np.linspace(0.16, 0.99, 12):
        mass = np.outer(
            stats.binom.pmf(np.arange(n_c + 1), n_c, p),
            stats.binom.pmf(np.arange(n_t + 1), n_t, p + margin),
        )
        assert mass[tails <= 0.025].sum() <= 0.025


def test_large_arms_with_few_events_agree_with_the_score_test():
    counts = (9.0, 1e6, 4.0, 1e6)
    z = difference_statistic(Counts(*(np.array([v]) for v in counts)), np.array([1e-5]))[0]
    less, greater = tail_pair(*counts, weight=1.0, shift=1e-5)
    assert less == pytest.approx(stats.norm.cdf(z), abs=2e-3)
    assert greater == pytest.approx(1.0, abs=1e-3)


def test_far_beyond_the_margin_is_as_small_as_the_region_allows():
    less, greater = tail_pair(9, 1e6, 4, 1e6, weight=1.0, shift=1e-3)
    assert less == BERGER_BOOS
    assert greater == 1.0


@pytest.mark.parametrize(
    ("counts", "weight", "shift", "expected"),
    [
        ((5, 10, 5, 10), 1.0, -1.0, (1, 0)),
        ((5, 10, 5, 10), 1.0, 1.0, (0, 1)),
        ((5, 10, 5, 10), 1.0, -np.inf, (1, 0)),
        ((10, 10, 0, 10), 1.0, -1.0, (1, 1)),
        ((10, 10, 0, 10), 1.0, -1.2, (1, 0)),
        ((9, 10, 8, 10), 0.0, 0.0, (1, 0)),
        ((9, 10, 0, 10), 0.0, 0.0, (1, 1)),
        ((9, 10, 0, 10), -0.5, 0.0, (1, 0)),
        ((9, 10, 5, 10), np.inf, 0.0, (0, 1)),
        ((0, 10, 5, 10), np.inf, 0.0, (np.nan, np.nan)),
        ((0, 0, 0, 0), 1.0, -0.1, (np.nan, np.nan)),
        ((0, np.inf, 0, 5), 1.0, -0.1, (np.nan, np.nan)),
        ((np.nan, 5, 0, 5), 1.0, -0.1, (np.nan, np.nan)),
        ((1, 5, 0, 5), np.nan, 0.0, (np.nan, np.nan)),
    ],
)
def test_nothing_is_summed_where_the_answer_is_certain_or_undefined(
    counts, weight, shift, expected
):
    with np.errstate(all="raise"):
        found = tail_pair(*counts, weight=weight, shift=shift)
    np.testing.assert_array_equal(found, expected)


def test_no_floating_point_error_leaves_the_sums():
    with np.errstate(all="raise"):
        for counts, shift in (((0, 9, 9, 9), -0.99), ((3, 1e6, 1, 400), 1e-9), ((1, 1, 0, 1), 0.5)):
            less, greater = tail_pair(*counts, weight=1.0, shift=shift)
            assert 0 <= less <= 1
            assert 0 <= greater <= 1
