import numpy as np
import pytest
from scipy import stats

from experimentos import families
from experimentos.families import Hypotheses, decide, harm_p_value

NAN = np.nan


def hypotheses(rows, alpha=0.05, correction="holm", alpha_harm=None, loading=NAN):
    """Rows of (group, arm, metric, role, margin?, superior, noninferior, harm)."""
    group, arm, metric, role, margin, superior, noninferior, harm = zip(*rows, strict=True)
    role = np.array(role)
    return Hypotheses(
        group=np.array(group), arm=np.array(arm), metric=np.array(metric),
        is_success=role == "success", is_guardrail=role == "guardrail",
        has_margin=np.array(margin), p_superior=np.array(superior),
        p_noninferior=np.array(noninferior), p_harm=np.array(harm),
        alpha=np.full(len(rows), alpha), correction=np.full(len(rows), correction),
        alpha_harm=np.full(len(rows), alpha / 2 if alpha_harm is None else alpha_harm),
        loading=np.broadcast_to(loading, len(rows)),
    )  # fmt: skip


def test_the_launch_p_value_by_hand():
    # Two success metrics: 2 x 0.004; two margin guardrails: 0.02 is the largest.
    found = decide(
        hypotheses(
            [
                (0, 1, 0, "success", False, 0.004, NAN, 0.9),
                (0, 1, 1, "success", False, 0.3, NAN, 0.9),
                (0, 1, 2, "guardrail", True, 0.5, 0.02, 0.9),
                (0, 1, 3, "guardrail", True, 0.5, 0.001, 0.9),
                (0, 1, 4, "guardrail", False, 0.9, NAN, 0.9),
                (0, 1, 5, "explore", False, 0.04, NAN, NAN),
            ]
        )
    )
    np.testing.assert_allclose(found.p_launch, 0.02)
    np.testing.assert_allclose(found.p_launch_corrected, 0.02)
    np.testing.assert_allclose(found.p_corrected, [0.008, 0.3, NAN, NAN, NAN, 0.04])
    # Success: Holm tested the first at 0.025 / 2 and stopped at 0.025. One arm: its guardrails at
    # 0.025, and so are the others.
    np.testing.assert_allclose(found.tail, [0.0125, 0.025, 0.025, 0.025, 0.025, 0.025])
    np.testing.assert_allclose(found.p_harm_corrected, [1, 1, 1, 1, 1, NAN])


def test_arms_are_tested_by_holm():
    found = decide(
        hypotheses(
            [
                (0, 1, 0, "success", False, 0.01, NAN, 0.9),
                (0, 1, 1, "guardrail", True, 0.5, 0.002, 0.9),
                (0, 2, 0, "success", False, 0.02, NAN, 0.9),
                (0, 2, 1, "guardrail", True, 0.5, 0.001, 0.9),
            ]
        )
    )
    np.testing.assert_allclose(found.p_launch, [0.01, 0.01, 0.02, 0.02])
    np.testing.assert_allclose(found.p_launch_corrected, [0.02, 0.02, 0.02, 0.02])
    np.testing.assert_allclose(found.tail, [0.0125, 0.0125, 0.025, 0.025])


def test_what_cannot_be_computed_counts_as_one_and_stays_missing():
    found = decide(
        hypotheses(
            [
                (0, 1, 0, "success", False, 0.01, NAN, 0.001),
                (0, 1, 1, "success", False, NAN, NAN, NAN),
                (0, 1, 2, "guardrail", True, 0.5, NAN, NAN),
            ]
        )
    )
    np.testing.assert_allclose(found.p_corrected, [0.02, NAN, NAN])
    np.testing.assert_allclose(found.p_launch, 1)
    np.testing.assert_allclose(found.p_harm_corrected, [0.003, NAN, NAN])


def test_the_size_of_a_family_is_that_of_the_definition():
    # Arm 2 has no row for the guardrail nor for the second success metric.
    found = decide(
        hypotheses(
            [
                (0, 1, 0, "success", False, 0.001, NAN, 0.001),
                (0, 1, 1, "success", False, 0.5, NAN, 0.5),
                (0, 1, 2, "guardrail", True, 0.5, 0.001, 0.5),
                (0, 2, 0, "success", False, 0.001, NAN, 0.5),
            ]
        )
    )
    np.testing.assert_allclose(found.p_corrected, [0.004, 1, NAN, 0.004])
    np.testing.assert_allclose(found.p_launch, [0.002, 0.002, 0.002, 1])
    np.testing.assert_allclose(found.p_harm_corrected, [0.006, 1, 1, 1])


def test_without_a_success_metric_nothing_is_launchable():
    found = decide(hypotheses([(0, 1, 0, "guardrail", True, 0.5, 0.001, 0.5)]))
    np.testing.assert_array_equal(found.p_launch, [1])


def test_groups_are_families_of_their_own():
    rows = [
        (group, arm, metric, "success", False, p, NAN, 1 - p)
        for group, ps in enumerate([(0.01, 0.02), (0.3, 0.001)])
        for arm, metric, p in ((1, 0, ps[0]), (1, 1, ps[1]))
    ]
    together = decide(hypotheses(rows))
    for group in (0, 1):
        mine = np.array([row[0] == group for row in rows])
        alone = decide(hypotheses([(0, *row[1:]) for row in rows if row[0] == group]))
        np.testing.assert_array_equal(alone.p_corrected, together.p_corrected[mine])
        np.testing.assert_array_equal(alone.p_harm_corrected, together.p_harm_corrected[mine])


def test_bonferroni_levels_are_all_the_same():
    rows = [(0, 1, m, "success", False, p, NAN, 0.5) for m, p in enumerate((0.001, 0.5, 0.02))]
    found = decide(hypotheses(rows, correction="bonferroni"))
    np.testing.assert_allclose(found.tail, 0.025 / 3)
    np.testing.assert_allclose(found.p_corrected, [0.003, 1, 0.06])


def test_harm_splits_its_budget():
    p_any = np.array([0.01, NAN, 0.5, NAN, 0.001])
    p_planned = np.array([0.01, 0.04, NAN, NAN, 0.9])
    found = harm_p_value(p_any, p_planned)
    np.testing.assert_allclose(found, [0.0125, 0.05, 1, NAN, 0.005])
    assert families.HARM_ANY_SHARE + families.HARM_PLANNED_SHARE == 1


@pytest.mark.parametrize("n_success", [1, 4])
def test_launch_of_a_useless_arm_is_as_rare_as_promised(n_success):
    # p-values only: the global null for success, guardrails far inside.
    rng = np.random.default_rng(2)
    trials = 20_000
    p = rng.uniform(size=(trials, n_success))
    group = np.repeat(np.arange(trials), n_success)
    size = group.size
    found = decide(
        Hypotheses(
            group=group, arm=np.zeros(size, int), metric=np.tile(np.arange(n_success), trials),
            is_success=np.ones(size, bool), is_guardrail=np.zeros(size, bool),
            has_margin=np.zeros(size, bool), p_superior=p.ravel(), p_noninferior=np.full(size, NAN),
            p_harm=1 - p.ravel(), alpha=np.full(size, 0.05), alpha_harm=np.full(size, 0.025),
            correction=np.full(size, "holm"), loading=np.full(size, NAN),
        )
    )  # fmt: skip
    launched = (found.p_launch_corrected.reshape(p.shape)[:, 0] <= 0.025).sum()
    assert launched <= stats.binom.ppf(0.999, trials, 0.025)
