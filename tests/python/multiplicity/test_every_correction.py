"""What all corrections promise: the tests that each method has, over every one of them."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from experimentos.errors import ArgumentError
from experimentos.multiplicity import (
    CORRECTIONS,
    FALSE_DISCOVERY_CORRECTIONS,
    benjamini_hochberg,
    benjamini_yekutieli,
    bonferroni,
    closed,
    correction_named,
    dunnett,
    fixed_sequence,
    hochberg,
    holm,
    hommel,
    step_down_dunnett,
    weighted_bonferroni,
    weighted_holm,
)

LOADING = float(np.sqrt(0.5))
SIZED = {
    "bonferroni": bonferroni,
    "holm": holm,
    "hochberg": hochberg,
    "hommel": hommel,
    "closed, Bonferroni": closed,
    "closed, Simes": lambda *a, **o: closed(*a, local="simes", **o),
    "Benjamini-Hochberg": benjamini_hochberg,
    "Benjamini-Yekutieli": benjamini_yekutieli,
    "Dunnett": lambda *a, **o: dunnett(*a, loading=LOADING, **o),
    "Dunnett, step-down": lambda *a, **o: step_down_dunnett(*a, loading=LOADING, **o),
}
UNSIZED = {
    "weighted Bonferroni": lambda p, f, level: weighted_bonferroni(
        p, f, level=level, weights=weights_of(f)
    ),
    "weighted Holm": lambda p, f, level: weighted_holm(p, f, level=level, weights=weights_of(f)),
    "closed, weighted Simes": lambda p, f, level: closed(
        p, f, level=level, weights=weights_of(f), local="simes"
    ),
    "fixed sequence": lambda p, f, level: fixed_sequence(p, f, level=level),
}
EVERY = SIZED | UNSIZED
every = pytest.mark.parametrize("correction", EVERY.values(), ids=EVERY.keys())
sized = pytest.mark.parametrize("correction", SIZED.values(), ids=SIZED.keys())
p_values = st.lists(
    st.one_of(
        st.floats(0, 1),
        st.sampled_from([0.0, 1e-300, 0.01, 0.0125, 0.025, 0.05 / 3, 0.05, 0.5, 1.0]),
    ),
    min_size=1,
    max_size=8,
)


def weights_of(family):
    """Unequal weights of the hypotheses in their order, which sum to 1 in each family."""
    rank = np.zeros(family.size)
    for one in np.unique(family):
        rows = np.flatnonzero(family == one)
        rank[rows] = np.arange(1.0, rows.size + 1)
    return rank / np.bincount(family, weights=rank)[family]


def alone(correction, p, **options):
    p = np.asarray(p, dtype=float)
    return correction(p, np.zeros(p.size, dtype=int), level=0.05, **options)


def random_families(size=300, families=60, seed=1):
    """Families of 1 to about 10 hypotheses in any order, none of more than 8."""
    rng = np.random.default_rng(seed)
    family = rng.permutation(np.repeat(np.arange(families), rng.integers(1, 9, families)))[:size]
    return rng.beta(0.3, 1, family.size), family


@every
def test_p_is_at_most_its_level_exactly_where_rejected(correction):
    p, family = random_families(seed=2)
    found = correction(p, family, level=0.05)
    assert found.rejected.any()
    assert not found.rejected.all()
    np.testing.assert_array_equal(p <= found.level, found.rejected)
    np.testing.assert_array_equal(found.p_value <= 0.05, found.rejected)
    assert (found.p_value >= p).all()
    assert (found.p_value <= 1).all()


@every
@settings(max_examples=40, deadline=None)
@given(p=p_values)
def test_the_promise_of_the_level_holds_at_the_boundaries_too(correction, p):
    found = alone(correction, p)
    np.testing.assert_array_equal(np.asarray(p) <= found.level, found.rejected)
    np.testing.assert_array_equal(found.p_value <= 0.05, found.rejected)


@every
def test_an_interval_excludes_no_effect_exactly_where_rejected(correction):
    rng = np.random.default_rng(3)
    estimate, family = rng.normal(1.5, 1.5, 400), np.repeat(np.arange(100), 4)
    found = correction(ndtr(-estimate), family, level=0.025)
    lower = estimate + ndtri(found.level)  # standard errors of 1
    np.testing.assert_array_equal(lower >= 0, found.rejected)


@every
def test_one_call_over_families_equals_one_call_each(correction):
    p, family = random_families(seed=4)
    p[::7] = 0.01  # ties
    p[::11] = np.nan
    together = correction(p, family, level=0.05)
    for one in range(family.max() + 1):
        rows = family == one
        apart = alone(correction, p[rows])
        np.testing.assert_array_equal(apart.p_value, together.p_value[rows])
        np.testing.assert_array_equal(apart.rejected, together.rejected[rows])
        np.testing.assert_array_equal(apart.level, together.level[rows])


@every
def test_families_that_stand_together_equal_families_that_are_mixed(correction):
    rng = np.random.default_rng(5)
    p, family = rng.beta(0.3, 1, (50, 4)), np.repeat(np.arange(50), 4).reshape(50, 4)
    in_order = correction(p.ravel(), family.ravel(), level=0.05)
    mixed = correction(p.T.ravel(), family.T.ravel(), level=0.05)
    np.testing.assert_array_equal(in_order.p_value.reshape(50, 4).T.ravel(), mixed.p_value)
    np.testing.assert_array_equal(in_order.level.reshape(50, 4).T.ravel(), mixed.level)


@sized
def test_a_missing_p_value_counts_as_one_and_disturbs_nobody(correction):
    p = np.array([0.004, np.nan, 0.02, 0.6])
    found, filled = alone(correction, p), alone(correction, np.nan_to_num(p, nan=1.0))
    kept = [0, 2, 3]
    np.testing.assert_array_equal(found.p_value[kept], filled.p_value[kept])
    np.testing.assert_array_equal(found.level[kept], filled.level[kept])
    assert np.isnan(found.p_value[1])
    assert not found.rejected[1]


@sized
def test_hypotheses_without_a_row_count_for_the_size(correction):
    p = np.array([0.001, 0.02])
    small, large = (alone(correction, p, sizes=np.full(2, size)) for size in (2.0, 5.0))
    np.testing.assert_array_equal(small.p_value, alone(correction, p).p_value)
    assert (large.p_value > small.p_value).all()
    with pytest.raises(ArgumentError, match=r"`sizes` must be at least .* \(2\), got 1.0"):
        alone(correction, p, sizes=np.ones(2))


@pytest.mark.parametrize(
    "correction", [m for n, m in SIZED.items() if "Dunnett" not in n],
    ids=[n for n in SIZED if "Dunnett" not in n],
)  # fmt: skip
def test_hypotheses_without_a_row_are_as_if_their_p_value_were_one(correction):
    p = np.array([0.001, 0.02, 0.04])
    short = alone(correction, p, sizes=np.full(3, 6.0))
    whole = alone(correction, [*p, 1.0, 1.0, 1.0])
    np.testing.assert_allclose(short.p_value, whole.p_value[:3], rtol=1e-14)
    np.testing.assert_allclose(short.level, whole.level[:3], rtol=1e-14)


@every
def test_an_undefined_level_rejects_nothing_and_disturbs_nobody(correction):
    p, family = np.array([0.001, 0.02, 0.001, 0.02]), np.array([0, 0, 1, 1])
    found = correction(p, family, level=np.array([np.nan, np.nan, 0.05, 0.05]))
    whole = correction(p, family, level=0.05)
    np.testing.assert_array_equal(found.p_value, whole.p_value)
    np.testing.assert_array_equal(found.rejected, [False, False, *whole.rejected[2:]])
    np.testing.assert_array_equal(found.level, [np.nan, np.nan, *whole.level[2:]])


@every
def test_a_level_of_zero_rejects_only_zero(correction):
    found = correction(np.array([0.0, 1e-300, 0.2]), np.arange(3), level=0.0)
    np.testing.assert_array_equal(found.rejected, [True, False, False])


@every
def test_tiny_p_values_keep_their_digits(correction):
    p = np.array([1e-300, 3e-300, 0.9])
    scaled = alone(correction, p * [1e290, 1e290, 1.0]).p_value
    np.testing.assert_allclose(alone(correction, p).p_value[:2], scaled[:2] * 1e-290, rtol=2e-3)
    assert (alone(correction, [0.0, 0.0]).p_value == 0).all()


@every
def test_a_family_of_one_is_not_corrected(correction):
    found = correction(np.array([0.03, 0.2, 1e-300]), np.arange(3), level=0.05)
    np.testing.assert_array_equal(found.p_value, [0.03, 0.2, 1e-300])
    np.testing.assert_array_equal(found.level, [0.05] * 3)


@every
def test_no_hypotheses_are_no_error(correction):
    found = correction(np.empty(0), np.empty(0, dtype=int), level=np.empty(0))
    assert found.p_value.size == found.level.size == found.rejected.size == 0


@every
@settings(max_examples=20, deadline=None)
@given(p=p_values, seed=st.integers(0, 100))
def test_a_smaller_p_value_rejects_no_less(correction, p, seed):
    which = seed % len(p)
    smaller = np.array(p)
    smaller[which] /= 2
    before, after = alone(correction, p), alone(correction, smaller)
    assert after.p_value[which] <= before.p_value[which] * (1 + 1e-12)


@sized
@settings(max_examples=20, deadline=None)
@given(p=p_values, seed=st.integers(0, 100))
def test_the_order_of_hypotheses_does_not_matter(correction, p, seed):
    order = np.random.default_rng(seed).permutation(len(p))
    shuffled = alone(correction, np.array(p)[order])
    np.testing.assert_allclose(shuffled.p_value, alone(correction, p).p_value[order], rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(p=p_values)
def test_each_correction_rejects_what_the_more_cautious_one_does(p):
    order = [bonferroni, holm, hochberg, hommel, benjamini_hochberg]
    found = [alone(method, p).p_value for method in order]
    for more, less in itertools.pairwise(found):
        assert (less <= more * (1 + 1e-12)).all()
    assert (found[-1] <= alone(benjamini_yekutieli, p).p_value * (1 + 1e-12)).all()
    for single, step in ((dunnett, step_down_dunnett), (bonferroni, dunnett)):
        options = [{"loading": LOADING} if m is not bonferroni else {} for m in (single, step)]
        cautious, bold = (
            alone(m, p, **o).p_value for m, o in zip((single, step), options, strict=True)
        )
        assert (bold <= cautious * (1 + 1e-9)).all()


@pytest.mark.parametrize(
    "correction",
    [
        *SIZED.values(),
        fixed_sequence,
        *(
            lambda p, f, level, m=m: m(p, f, level=level, weights=0.1)
            for m in (weighted_bonferroni, weighted_holm, closed)
        ),
    ],
)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.1, 1.2], [0, 0], 0.05), "`p` must be between 0 and 1 or NaN, got 1.2"),
        (([-0.1, 0.2], [0, 0], 0.05), "`p` must be between 0 and 1 or NaN, got -0.1"),
        (([[0.1]], [[0]], 0.05), "`p` must have one dimension"),
        ((["a", "b"], [0, 0], 0.05), "`p` must be numbers, got"),
        (([0.1, 0.2], [0], 0.05), r"`family` must be of shape \(2,\), got shape \(1,\)"),
        (([0.1, 0.2], [0.0, 1.0], 0.05), "`family` must be whole numbers from 0, got float64"),
        (([0.1, 0.2], [0, -1], 0.05), "`family` must be whole numbers from 0, got int64 from -1"),
        (([0.1, 0.2], [0, 0], 1.5), "`level` must be 0 or more and below 1, got 1.5"),
        (([0.1, 0.2], [0, 0], [0.05] * 3), r"`level` must be one number or of shape \(2,\)"),
    ],
)
def test_wrong_arguments_are_typed_errors(correction, arguments, message):
    p, family, level = arguments
    with pytest.raises(ArgumentError, match=message):
        correction(p, family, level=level)


@sized
def test_lists_masked_values_and_large_family_numbers_are_read(correction):
    p = np.ma.array([0.01, 0.9, 0.02], mask=[False, True, False])
    family = np.array([5, 10**15, 5])
    found = correction(p, family, level=0.05)
    expected = correction([0.01, None, 0.02], [0, 1, 0], level=0.05)
    np.testing.assert_array_equal(found.p_value, expected.p_value)
    np.testing.assert_array_equal(found.level, expected.level)


def test_names_of_definitions_are_those_that_control_the_family_wise_error():
    assert set(CORRECTIONS) == {"bonferroni", "closed", "dunnett", "holm", "hommel"}
    assert correction_named("holm") is holm
    with pytest.raises(ArgumentError, match="`correction` must be one of .* got 'benjamini_hoch"):
        correction_named("benjamini_hochberg")
    explore = correction_named("benjamini_yekutieli", among=FALSE_DISCOVERY_CORRECTIONS)
    assert explore is benjamini_yekutieli
    with pytest.raises(ArgumentError, match="must be one of .*'benjamini_hochberg'.* got 'holm'"):
        correction_named("holm", among=FALSE_DISCOVERY_CORRECTIONS)
