"""The numbers that carry a verdict, chosen by the rule that decided."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from experimentos.memo import readings

if TYPE_CHECKING:
    from experimentos.memo.context import Evidence, Finding, MetricUse, VariantDecision

CARRIERS: Final = 3
"""Most numbers named beside the verdict."""
UNSETTLED_RULE: Final = "guardrail_unsettled"

_HARMED: Final = (readings.WORSE, readings.BEYOND_MARGIN)
_SETTLED: Final = (readings.NONINFERIOR, readings.NOT_SHOWN_WORSE)


def leading_variant(
    decisions: Sequence["VariantDecision"],
    rule: str | None,
    metrics: Sequence["MetricUse"],
    findings: Sequence["Finding"],
) -> str | None:
    """Name the variant whose reason the experiment has: by its rule, then by its benefit.

    Parameters
    ----------
    decisions : sequence of VariantDecision
        Of the experiment.
    rule : str or None
        By which it is decided.
    metrics : sequence of MetricUse
        In the order of the definition; the first success metric tells the benefit.
    findings : sequence of Finding
        What is seen of them.

    Returns
    -------
    str or None
        None where no variant is decided.
    """
    metric = next((use.metric for use in metrics if use.role == "success"), None)

    def benefit(decision: "VariantDecision") -> float:
        for finding in findings:
            effect = finding.effect
            if (effect.metric, effect.variant) == (metric, decision.variant):
                sign = -1 if effect.goal == "decrease" else 1
                return float("-inf") if effect.estimate is None else sign * effect.estimate
        return float("-inf")

    decided = [row for row in decisions if row.rule]
    found = [row for row in decided if row.rule == rule] or decided
    return max(found, key=benefit).variant if found else None


def unsettled_metrics(
    evidence: Sequence["Evidence"], findings: Sequence["Finding"], variant: str | None
) -> tuple[str, ...]:
    """Name the guardrails that hold a variant back.

    Parameters
    ----------
    evidence : sequence of Evidence
        Of the experiment.
    findings : sequence of Finding
        Its deciding comparisons, in the order of the definition.
    variant : str or None
        Which.

    Returns
    -------
    tuple of str
        Guardrails not shown non-inferior, or worse before correction. By the readings where there
        is no evidence on them.
    """
    asked = [
        row
        for row in evidence
        if row.variant == variant and row.rule in ("noninferior", "worse") and row.metric
    ]
    holding = {row.metric for row in asked if row.fired == (row.rule == "worse")}
    return tuple(
        finding.effect.metric
        for finding in findings
        if finding.effect.variant == variant and finding.effect.role == "guardrail"
        if (finding.effect.metric in holding if asked else finding.reading not in _SETTLED)
    )


def choose_carriers(
    findings: Sequence["Finding"], verdict: str, variant: str | None, rule: str | None,
    *, leading: str | None, unsettled: Sequence[str],
) -> tuple["Finding", ...]:  # fmt: skip
    """Choose the findings that carry a verdict, at most three.

    Parameters
    ----------
    findings : sequence of Finding
        In the order of the definition.
    verdict, variant, rule : str
        As decided; of an experiment that is not blocked.
    leading : str or None
        From `leading_variant`.
    unsettled : sequence of str
        From `unsettled_metrics`, of that variant.

    Returns
    -------
    tuple of Finding
        Of a launch what was shown of its variant, of a rollback what is worse. Of a guardrail that
        is not settled it and what it stands against. Of any other hold the success metrics of the
        variant that the reason is about, then of others those that came closest.
    """
    if verdict == "launch":
        shown = (readings.BETTER, readings.NONINFERIOR)
        chosen = [one for one in findings if one.effect.variant == variant and one.reading in shown]
    elif verdict == "rollback":
        chosen = [one for one in findings if one.reading in _HARMED]
    elif rule == UNSETTLED_RULE:
        chosen = _of_unsettled(
            [one for one in findings if one.effect.variant == leading], set(unsettled)
        )
    else:
        success = [one for one in findings if one.effect.role == "success"]
        chosen = sorted(success, key=lambda one: _closeness(one, leading))
    return tuple(chosen[:CARRIERS])


def _of_unsettled(own: Sequence["Finding"], unsettled: set[str]) -> list["Finding"]:
    """Put what holds a variant before what is better; one that is better is always told."""
    guardrails = [one for one in own if one.effect.role == "guardrail"]
    holding = [one for one in guardrails if one.effect.metric in unsettled]
    better = [one for one in own if one.effect.role == "success" and one.reading == readings.BETTER]
    if holding:
        return [*holding[: CARRIERS - 1], *better, *holding[CARRIERS - 1 :]]
    # Each holds, and yet not at the level that all variants together ask: the weakest first.
    with_margin = [one for one in guardrails if one.effect.margin is not None]
    weakest = sorted(with_margin, key=lambda one: -(one.effect.p_value_noninferior or 0.0))
    return [*better[: CARRIERS - 1], *weakest, *better[CARRIERS - 1 :]]


def _closeness(finding: "Finding", leading: str | None) -> tuple[bool, bool, float]:
    """Order: the leading variant, what is better, then by how close it came to be shown."""
    effect = finding.effect
    if effect.variant == leading:
        return (False, finding.reading != readings.BETTER, 0.0)
    p_value = effect.p_value_corrected
    return (True, p_value is None, 0.0 if p_value is None else p_value)
