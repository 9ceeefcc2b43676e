"""Corrections that definitions may name, in the families that decide, and the rate of harm."""

from itertools import combinations

import numpy as np
import pytest
from reference.builders import effects, pair
from scipy import stats
from scipy.integrate import quad
from statsmodels.stats.multitest import multipletests

from experimentos.families import Hypotheses, decide
from experimentos.multiplicity import CORRECTIONS

NAN = np.nan
LEVEL = 0.025
ROOT_HALF = np.sqrt(0.5)  # arms as large as control
every = pytest.mark.parametrize("correction", sorted(CORRECTIONS))


def success(p, correction, loading=ROOT_HALF, p_harm=0.9, alpha_harm=LEVEL):
    """Decide on success metrics only: p-values of shape (experiments, arms, metrics)."""
    group, arm, metric = (index.reshape(-1) for index in np.indices(p.shape))
    size = group.size
    return decide(
        Hypotheses(
            group=group, arm=arm, metric=metric, is_success=np.ones(size, bool),
            is_guardrail=np.zeros(size, bool), has_margin=np.zeros(size, bool),
            p_superior=p.reshape(-1), p_noninferior=np.full(size, NAN),
            p_harm=np.broadcast_to(p_harm, p.shape).reshape(-1), alpha=np.full(size, 2 * LEVEL),
            alpha_harm=np.full(size, alpha_harm), correction=np.full(size, correction),
            loading=np.broadcast_to(loading, p.shape).reshape(-1),
        )
    )  # fmt: skip


def random_p(shape, seed):
    """P-values from hopeless to overwhelming, some of them missing."""
    rng = np.random.default_rng(seed)
    p = stats.norm.sf(rng.normal(rng.choice([0, 1.5, 3], size=shape)))
    return np.where(rng.uniform(size=shape) < 0.05, NAN, p)


def by_all_subsets(p):
    """Largest Bonferroni p-value of the intersections that contain each hypothesis."""
    p, found = np.fmin(p, 1.0), np.zeros(p.size)
    for size in range(1, p.size + 1):
        for members in combinations(range(p.size), size):
            joint = min(1.0, size * p[list(members)].min())
            found[list(members)] = np.maximum(found[list(members)], joint)
    return found


def by_the_normal_distribution(p):
    """Dunnett over arms of shape (arms, metrics), every pair of arms correlated by a half."""
    arms, metrics = p.shape

    def tail(z):
        # Of control's value u: some arm is further above it than the root of 2 times z.
        def at(u):
            return stats.norm.pdf(u) * -np.expm1(arms * stats.norm.logcdf(np.sqrt(2) * z + u))

        return quad(at, -12, 12, epsabs=1e-13, epsrel=1e-10, limit=200)[0]

    return np.minimum(1.0, metrics * np.vectorize(tail)(stats.norm.isf(p)))


INDEPENDENT = {
    "holm": lambda p: multipletests(p.reshape(-1), method="holm")[1],
    "bonferroni": lambda p: multipletests(p.reshape(-1), method="bonferroni")[1],
    "hommel": lambda p: multipletests(p.reshape(-1), method="hommel")[1],
    "closed": lambda p: by_all_subsets(p.reshape(-1)),
    "dunnett": lambda p: by_the_normal_distribution(p).reshape(-1),
}


@every
def test_an_independent_computation_agrees(correction):
    p = np.nan_to_num(random_p((12, 3, 2), seed=3), nan=0.7)
    found = success(p, correction).p_corrected.reshape(len(p), -1)
    for one, expected in zip(found, map(INDEPENDENT[correction], p), strict=True):
        np.testing.assert_allclose(one, expected, rtol=1e-8)


@every
@pytest.mark.parametrize("shape", [(400, 1, 1), (400, 3, 1), (400, 1, 4), (300, 3, 3)])
def test_a_comparison_is_tested_at_the_level_printed_with_it(correction, shape):
    p = random_p(shape, seed=4)
    found, flat = success(p, correction), p.reshape(-1)
    known = ~np.isnan(flat)
    rejected = found.p_corrected <= LEVEL
    np.testing.assert_array_equal((flat <= found.tail)[known], rejected[known])
    assert np.isnan(found.p_corrected[~known]).all()
    assert 0.1 < rejected[known].mean() < 0.9
    hypotheses = shape[1] * shape[2]
    least = LEVEL / hypotheses * (1 - 1e-9)
    assert ((found.tail >= least) & (found.tail <= LEVEL * (1 + 1e-9)))[known].all()


@pytest.mark.parametrize("correction", ["holm", "hommel", "closed"])
def test_a_step_procedure_shows_all_that_bonferroni_shows(correction):
    p = random_p((300, 2, 3), seed=5)
    simple = success(p, "bonferroni").p_corrected <= LEVEL
    found = success(p, correction).p_corrected <= LEVEL
    assert found[simple].all()
    assert found.sum() > simple.sum()


def test_closed_testing_by_bonferroni_is_holm_with_levels_of_its_own():
    p = np.array([[[0.001, 0.02, 0.6]]])
    holm, closed = success(p, "holm"), success(p, "closed")
    np.testing.assert_allclose(closed.p_corrected, holm.p_corrected)
    np.testing.assert_allclose(holm.tail, [LEVEL / 3, LEVEL / 2, LEVEL / 2])
    # The first would have been shown up to a third of the level; the second, as the first is, up
    # to a half; and so the third.
    np.testing.assert_allclose(closed.tail, [LEVEL / 3, LEVEL / 2, LEVEL / 2])
    # Where all others are shown, a comparison has the whole level.
    whole = success(np.array([[[0.001, 0.001, 0.6]]]), "closed")
    np.testing.assert_allclose(whole.tail, [LEVEL / 2, LEVEL / 2, LEVEL])


@pytest.mark.parametrize("other", [0.0001, 0.01, 0.3, 0.9])
def test_the_level_of_closed_testing_is_the_largest_that_would_be_shown(other):
    p = np.array([[[0.004, other, 0.011]]])
    level = success(p, "closed").tail[0]
    for factor, shown in ((1 - 1e-9, True), (1 + 1e-9, False)):
        moved = success(np.array([[[level * factor, other, 0.011]]]), "closed")
        assert (moved.p_corrected[0] <= LEVEL) == shown


def test_dunnett_gains_within_a_metric_and_not_between_metrics():
    p = np.array([[[0.009], [0.2], [0.4]]])
    one, simple = success(p, "dunnett"), success(p, "bonferroni")
    assert one.p_corrected[0] < LEVEL < simple.p_corrected[0]
    across = success(np.moveaxis(p, 1, 2), "dunnett")
    np.testing.assert_allclose(across.p_corrected, simple.p_corrected)
    np.testing.assert_allclose(across.tail, simple.tail)


def test_dunnett_pays_as_bonferroni_where_the_correlation_is_not_known():
    p = random_p((50, 3, 2), seed=6)
    found, simple = success(p, "dunnett", loading=NAN), success(p, "bonferroni")
    np.testing.assert_allclose(found.p_corrected, simple.p_corrected)
    np.testing.assert_allclose(found.tail, simple.tail)


@every
@pytest.mark.parametrize("across", [0.0, 0.7])
def test_the_family_wise_error_is_kept(correction, across):
    # No effect; three arms with one control, two metrics that move together.
    rng, trials = np.random.default_rng(7), 6000
    arm, control = rng.standard_normal((trials, 3, 2)), rng.standard_normal((trials, 1, 2))
    z = (arm - control) * ROOT_HALF
    z[..., 1] = across * z[..., 0] + np.sqrt(1 - across**2) * z[..., 1]
    found = success(stats.norm.sf(z), correction).p_corrected.reshape(trials, -1)
    errors = int((found <= LEVEL).any(axis=1).sum())
    assert errors <= stats.binom.ppf(0.999, trials, LEVEL)


def test_dunnett_over_one_metric_uses_the_whole_error_rate():
    rng, trials = np.random.default_rng(8), 20_000
    z = (rng.standard_normal((trials, 3, 1)) - rng.standard_normal((trials, 1, 1))) * ROOT_HALF
    p = stats.norm.sf(z)
    errors = int((success(p, "dunnett").p_corrected.reshape(trials, 3) <= LEVEL).any(axis=1).sum())
    low, high = stats.binom.ppf([0.0005, 0.9995], trials, LEVEL)
    assert low <= errors <= high
    simple = (success(p, "bonferroni").p_corrected.reshape(trials, 3) <= LEVEL).any(axis=1).sum()
    assert simple < errors


def test_the_error_rate_of_harm_is_its_own():
    p, p_harm = np.full((1, 1, 3), 0.5), np.array([[[0.004, 0.012, 0.5]]])
    for rate in (0.005, LEVEL, 0.1):
        found = success(p, "holm", p_harm=p_harm, alpha_harm=rate)
        np.testing.assert_allclose(found.p_harm_corrected, [0.012, 0.024, 0.5])
        np.testing.assert_array_equal(
            p_harm.reshape(-1) <= found.harm_tail, found.p_harm_corrected <= rate
        )
        assert found.harm_tail[0] == pytest.approx(rate / 3)
        np.testing.assert_allclose(found.tail[0], LEVEL / 3)


def experiments(correction, count=25, **given):
    """Three variants and three rates, some better."""
    rng, rows = np.random.default_rng(9), []
    for experiment in range(count):
        for metric in range(3):
            rate = rng.uniform(0.05, 0.5)
            control = {"n_units": 5000, "n_events": int(rng.binomial(5000, rate))}
            for arm in range(2):
                n = (5000, 2000)[arm]
                events = int(rng.binomial(n, rate + rng.choice([0, 0.02, 0.05])))
                treated = {"variant": f"t{arm}", "n_units": n, "n_events": events}
                both = pair(control, treated, experiment_id=str(experiment), metric=str(metric),
                            correction=correction, **given)  # fmt: skip
                rows += both if arm == 0 else both[1:]
    return effects(rows)


@every
def test_intervals_exclude_zero_exactly_when_the_corrected_test_rejects(correction):
    found = experiments(correction)
    for row in found:
        shown = row["p_value_corrected"] <= LEVEL
        assert (row["lower"] > 0) == (row["lift_lower"] > 0) == shown
        assert (row["p_value"] <= row["test_level"]) == shown
        assert row["level"] == pytest.approx(1 - 2 * row["test_level"])
    assert 20 < sum(row["lower"] > 0 for row in found) < 130


def test_dunnett_reads_how_much_of_each_error_is_control():
    rows = {row["variant"]: row for row in experiments("dunnett", count=1) if row["metric"] == "0"}
    # 5,000 units of control beside 5,000 and 2,000: variances in proportion to 1, 1 and 2.5, as
    # the rates are near each other. Three metrics, Bonferroni between them.
    first, second = (rows[name]["test_level"] for name in ("t0", "t1"))
    assert first == pytest.approx(second)
    correlation = np.sqrt(5000 / 10_000 * 2000 / 7000)
    joint = stats.multivariate_normal(np.zeros(2), [[1, correlation], [correlation, 1]])
    at = stats.norm.isf(first)
    assert 1 - joint.cdf([at, at]) == pytest.approx(LEVEL / 3, rel=5e-3)


def test_dunnett_under_looks_pays_as_bonferroni():
    # Definitions refuse it; a caller of the tables gets what holds.
    open_now = {"design": "always_valid", "is_open": True, "planned_n": 5000.0}
    found, simple = (experiments(name, count=4, **open_now) for name in ("dunnett", "bonferroni"))
    for one, other in zip(found, simple, strict=True):
        assert one["p_value_corrected"] == pytest.approx(other["p_value_corrected"])
        assert one["test_level"] == pytest.approx(other["test_level"])


@pytest.mark.parametrize("design", ["fixed", "always_valid"])
def test_harm_is_tested_at_its_own_rate_in_every_design(design):
    counts = {"n_units": 5000, "n_events": 600}, {"n_units": 5000, "n_events": 500}
    given = {"design": design, "is_open": True, "planned_n": 5000.0, "role": "guardrail"}
    default, half, loose = (
        effects(pair(*counts, alpha_harm=rate, **given))[0] for rate in (None, LEVEL, 0.1)
    )
    assert default == half
    assert (half["harm_level"], loose["harm_level"]) == (LEVEL, 0.1)
    # The test for a launch is what it was; the always-valid test of harm is sharpest at its level.
    assert loose["test_level"] == half["test_level"]
    assert loose["p_value_worse"] == half["p_value_worse"]
    is_moved = loose["p_value_harm"] != half["p_value_harm"]
    assert is_moved == (design == "always_valid")


@pytest.mark.parametrize("rate", [0.0, 0.5, -1.0, 7.0])
def test_a_rate_of_harm_outside_what_is_allowed_is_no_level(rate):
    counts = {"n_units": 5000, "n_events": 900}, {"n_units": 5000, "n_events": 500}
    (row,) = effects(pair(*counts, alpha_harm=rate))
    assert row["harm_level"] is None
