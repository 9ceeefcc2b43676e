"""The families of hypotheses that decide, as `statistics.md` defines them.

- Launch: for each arm ``p = max(S x smallest superiority p, largest non-inferiority p)``; Holm over
  arms at the launch level.
- Success: superiority of every success metric in every arm, by the correction that the definition
  names, at the launch level. Dunnett's is over the arms of a metric, which share a control;
  Bonferroni over metrics, whose correlation is unknown.
- Harm: every success metric and guardrail in every arm; Holm at the harm level.
- Segments and slices are in none of them: within each, Benjamini and Hochberg over its levels.

Sizes come from the definitions (which metrics, which arms), never from what could be computed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.multiplicity import benjamini_hochberg, correction_named, dunnett, holm

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, FloatArray, IntArray

HARM_ANY_SHARE = 0.2
HARM_PLANNED_SHARE = 0.8


@dataclass(frozen=True)
class Hypotheses:
    """Deciding comparisons with their one-sided p-values, one element per comparison.

    Parameters
    ----------
    group, arm, metric : array of int, shape (k,)
        Experiment at a look, treatment arm and metric, each numbered from 0; an arm or metric may
        have one number in all groups.
    is_success, is_guardrail, has_margin : array of bool, shape (k,)
        Roles; explore metrics are neither. Only a margin of a guardrail counts.
    p_superior, p_noninferior, p_harm : array of shape (k,)
        One-sided; NaN where undefined.
    alpha : array of shape (k,)
        Two-sided error rate of the experiment: half is for Launch.
    alpha_harm : array of shape (k,)
        One-sided error rate of Rollback.
    correction : array of str, shape (k,)
        Correction of the success family: a key of `multiplicity.CORRECTIONS`.
    loading : array of shape (k,)
        Correlation of the comparison with its control, for Dunnett's correction; NaN where it is
        unknown or the p-value is not that of one normal statistic: Bonferroni pays for it.
    """

    group: IntArray
    arm: IntArray
    metric: IntArray
    is_success: BoolArray
    is_guardrail: BoolArray
    has_margin: BoolArray
    p_superior: FloatArray
    p_noninferior: FloatArray
    p_harm: FloatArray
    alpha: FloatArray
    alpha_harm: FloatArray
    correction: npt.NDArray[np.str_]
    loading: FloatArray

    def take(self, index: IntArray | BoolArray) -> Hypotheses:
        """Return the elements at an index or under a mask.

        Parameters
        ----------
        index : array of int or bool
            Positions, or a mask of the same shape.

        Returns
        -------
        Hypotheses
            The chosen elements.
        """
        return Hypotheses(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


@dataclass(frozen=True)
class Decided:
    """What the families make of each comparison.

    Parameters
    ----------
    p_corrected : array of shape (k,)
        Superiority, corrected over the success family; of explore metrics as it is; else NaN.
    tail : array of shape (k,)
        One-sided level at which the comparison was tested in the Launch family.
    p_launch, p_launch_corrected : array of shape (k,)
        Of the comparison's arm, before and after Holm over arms.
    arm_tail : array of shape (k,)
        One-sided level at which the comparison's arm was tested.
    p_harm_corrected : array of shape (k,)
        Corrected over the harm family; NaN for explore metrics.
    harm_tail : array of shape (k,)
        One-sided level at which the comparison was tested in the harm family; NaN likewise.
    """

    p_corrected: FloatArray
    tail: FloatArray
    p_launch: FloatArray
    p_launch_corrected: FloatArray
    arm_tail: FloatArray
    p_harm_corrected: FloatArray
    harm_tail: FloatArray


def decide(hypotheses: Hypotheses) -> Decided:
    """Form the families within groups and correct.

    Parameters
    ----------
    hypotheses : Hypotheses, fields of shape (k,)
        One row per deciding comparison: one adjustment each.

    Returns
    -------
    Decided, fields of shape (k,)
        NaN p-values stay NaN but count as 1.
    """
    given = hypotheses
    success, guardrail = given.is_success, given.is_guardrail
    n_arms = _distinct(given.group, given.arm, np.ones_like(success))
    n_success = _distinct(given.group, given.metric, success)
    n_guardrails = _distinct(given.group, given.metric, guardrail)

    p_launch, p_launch_corrected, arm_tail = _launch(given, n_arms, n_success)
    p_corrected, success_tail = _success(given, n_success * n_arms)
    tail = np.where(success, success_tail, given.alpha / 2)
    tail = np.where(guardrail & given.has_margin, arm_tail, tail)

    p_harm_corrected, harm_tail = (np.full_like(given.p_harm, np.nan) for _ in range(2))
    in_harm = success | guardrail
    harm = holm(
        given.p_harm[in_harm],
        given.group[in_harm],
        level=given.alpha_harm[in_harm],
        sizes=((n_success + n_guardrails) * n_arms)[in_harm],
    )
    p_harm_corrected[in_harm], harm_tail[in_harm] = harm.p_value, harm.level
    return Decided(
        p_corrected, tail, p_launch, p_launch_corrected, arm_tail, p_harm_corrected, harm_tail
    )


def harm_p_value(p_any: FloatArray, p_planned: FloatArray) -> FloatArray:
    """Harm p-value from its always-valid part and its planned part.

    Parameters
    ----------
    p_any : array of shape (k,)
        One-sided always-valid p; NaN before it starts.
    p_planned : array of shape (k,)
        One-sided p at the planned end; NaN before it.

    Returns
    -------
    array of shape (k,)
        ``min(p_any / 0.2, p_planned / 0.8)``, at most 1, of what is defined.
    """
    smaller = np.fmin(p_any / HARM_ANY_SHARE, p_planned / HARM_PLANNED_SHARE)
    return np.minimum(smaller, 1.0)


def correct_levels(p_value: FloatArray, family: IntArray, alpha: FloatArray) -> FloatArray:
    """Correct what is explored over the levels of a segment or slice.

    Parameters
    ----------
    p_value : array of shape (k,)
        Two-sided, one per level; NaN where undefined.
    family : array of int, shape (k,)
        Segment (of one metric, arm and readout) whose level it is, numbered from 0.
    alpha : array of shape (k,)
        False discovery rate of the family; the p-values do not depend on it.

    Returns
    -------
    array of shape (k,)
        Benjamini-Hochberg; a level that is undefined stays NaN and counts for the size.
    """
    return benjamini_hochberg(p_value, family, level=alpha).p_value


def _launch(
    given: Hypotheses, n_arms: FloatArray, n_success: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Launch p-value of each comparison's arm, corrected over arms, and the arm's level."""
    _, first, arm_of = np.unique(
        _combined(given.group, given.arm), return_index=True, return_inverse=True
    )
    superior = _one_if_missing(given.p_superior)
    inferior = _one_if_missing(given.p_noninferior)
    margin = given.is_guardrail & given.has_margin
    smallest, largest = np.ones(first.size), np.zeros(first.size)
    np.minimum.at(smallest, arm_of[given.is_success], superior[given.is_success])
    np.maximum.at(largest, arm_of[margin], inferior[margin])
    # A margin guardrail with no row in this arm is not shown.
    seen = np.bincount(arm_of, weights=margin, minlength=first.size)
    largest = np.where(seen < _distinct(given.group, given.metric, margin)[first], 1.0, largest)
    p_arm = np.minimum(1.0, np.maximum(n_success[first] * smallest, largest))
    p_arm = np.where(n_success[first] == 0, 1.0, p_arm)
    corrected = holm(p_arm, given.group[first], level=given.alpha[first] / 2, sizes=n_arms[first])
    return p_arm[arm_of], corrected.p_value[arm_of], corrected.level[arm_of]


def _success(given: Hypotheses, sizes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Superiority corrected over the success family, and the level of each."""
    explore = ~given.is_success & ~given.is_guardrail
    p_corrected = np.where(explore, given.p_superior, np.nan)
    tail = np.full_like(p_corrected, np.nan)
    for name in np.unique(given.correction):
        rows = given.is_success & (given.correction == name)
        how = correction_named(str(name))
        if how is dunnett:
            how = partial(dunnett, loading=given.loading[rows], control=given.metric[rows])
        corrected = how(
            given.p_superior[rows],
            given.group[rows],
            level=given.alpha[rows] / 2,
            sizes=sizes[rows],
        )
        p_corrected[rows], tail[rows] = corrected.p_value, corrected.level
    return p_corrected, tail


def _one_if_missing(p: FloatArray) -> FloatArray:
    return np.where(np.isnan(p), 1.0, p)


def _distinct(group: IntArray, member: IntArray, counted: BoolArray) -> FloatArray:
    """Count the distinct members that count of each element's group."""
    if group.size == 0:
        return np.empty(0)
    _, first = np.unique(_combined(group, member)[counted], return_index=True)
    members = np.bincount(group[counted][first], minlength=int(group.max()) + 1)
    return members[group].astype(np.float64)


def _combined(group: IntArray, member: IntArray) -> IntArray:
    """Give each pair of numbers one, in their order."""
    return np.asarray(group * (member.max(initial=0) + 1) + member)
