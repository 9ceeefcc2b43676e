"""What belongs to the effects that decide: their days, ages, looks, posteriors and segments."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from experimentos.memo import readings
from experimentos.memo.context import (
    AgeEffect,
    Bin,
    DayEffect,
    Effect,
    Experiment,
    Finding,
    Look,
    MetricUse,
    PlannedLook,
    Posterior,
)

if TYPE_CHECKING:
    from datetime import datetime

Key = tuple[str, str]


def of_days(
    days: Iterable[DayEffect], effects: Iterable[Effect], findings: tuple[Finding, ...]
) -> tuple[DayEffect, ...]:
    """Take the days of the readouts that decide, up to the one after which no unit came.

    Parameters
    ----------
    days : iterable of DayEffect
        Of earlier days.
    effects : iterable of Effect
        The latest, which are the last days, and those that decide.
    findings : tuple of Finding
        What decides.

    Returns
    -------
    tuple of DayEffect
        Success metrics and guardrails in the order of the findings, then by day.
    """
    wanted = {
        (effect.metric, effect.variant): (effect.population, effect.basis, effect.adjustment)
        for effect in (finding.effect for finding in findings)
        if effect.role != "explore"
    }
    found: defaultdict[Key, dict[datetime, DayEffect]] = defaultdict(dict)
    for row in (*days, *(_as_day(effect) for effect in effects if _is_whole(effect))):
        key = (row.metric, row.variant)
        if row.as_of and wanted.get(key) == (row.population, row.basis, row.adjustment):
            found[key][row.as_of] = row
    return tuple(
        row for key in wanted for row in _until_whole([found[key][at] for at in sorted(found[key])])
    )


def _is_whole(effect: Effect) -> bool:
    return effect.segment in (None, "all")


def _as_day(effect: Effect) -> DayEffect:
    return DayEffect(**{name: getattr(effect, name) for name in DayEffect.__dataclass_fields__})


def _until_whole(rows: list[DayEffect]) -> list[DayEffect]:
    """Leave out the days on which nothing was added any more."""
    while len(rows) > 1 and _size(rows[-1]) == _size(rows[-2]):
        rows = rows[:-1]
    return rows


def _size(row: DayEffect) -> tuple[int | None, int | None]:
    return (row.n_control, row.n_treatment)


def of_bins(
    bins: Iterable[Bin], findings: tuple[Finding, ...], control: str | None
) -> tuple[Bin, ...]:
    """Order the counts of units by their totals, of the success metrics.

    Parameters
    ----------
    bins : iterable of Bin
        Of the latest day.
    findings : tuple of Finding
        What decides.
    control : str or None
        The variant that comes first.

    Returns
    -------
    tuple of Bin
        In the order of the findings, control first, then by bin.
    """
    wanted = [f.effect.metric for f in findings if f.effect.role == "success"]
    order = {metric: place for place, metric in enumerate(dict.fromkeys(wanted))}
    return tuple(
        sorted(
            (row for row in bins if row.metric in order),
            key=lambda row: (order[row.metric], row.variant != control, row.variant, row.bin or 0),
        )
    )


def next_look(looks: Iterable[PlannedLook]) -> PlannedLook | None:
    """Choose the look that comes next.

    Parameters
    ----------
    looks : iterable of PlannedLook
        Those that are still to come.

    Returns
    -------
    PlannedLook or None
        None where there is none.
    """
    return min(looks, key=lambda row: row.look or 0, default=None)


def is_futile(looks: Iterable[Look], metrics: Iterable[MetricUse], variant: str) -> bool:
    """Tell whether a variant crossed the futility boundary at the last look.

    Parameters
    ----------
    looks : iterable of Look
        In the order in which they were taken.
    metrics : iterable of MetricUse
        Of the experiment.
    variant : str
        Which.

    Returns
    -------
    bool
        On every success metric.
    """
    last = {
        look.metric: look.outcome
        for look in looks
        if look.test == "superior" and look.variant == variant
    }
    wanted = {use.metric for use in metrics if use.role == "success"}
    return bool(wanted) and all(last.get(metric) == "futile" for metric in wanted)


def of_ages(ages: Iterable[AgeEffect], findings: tuple[Finding, ...]) -> tuple[AgeEffect, ...]:
    """Order the effects by days since exposure, of the metrics that decide.

    Parameters
    ----------
    ages : iterable of AgeEffect
        Of the experiment.
    findings : tuple of Finding
        What decides.

    Returns
    -------
    tuple of AgeEffect
        In the order of the findings, then by age.
    """
    order = _order(finding for finding in findings if finding.effect.role != "explore")
    kept = (row for row in ages if (row.metric, row.variant) in order)
    return tuple(sorted(kept, key=lambda row: (order[row.metric, row.variant], row.age_days or 0)))


def of_looks(looks: Iterable[Look], findings: tuple[Finding, ...]) -> tuple[Look, ...]:
    """Order the looks by hypothesis and number.

    Parameters
    ----------
    looks : iterable of Look
        Of the experiment.
    findings : tuple of Finding
        What decides.

    Returns
    -------
    tuple of Look
        In the order of the findings; those of metrics that are defined no more come last.
    """
    order = _order(findings)

    def key(row: Look) -> tuple[object, ...]:
        place = order.get((row.metric, row.variant), len(order))
        return (place, row.metric, row.variant, row.test == "harm", row.test, row.look or 0)

    return tuple(sorted(looks, key=key))


def of_posteriors(
    posteriors: Iterable[Posterior], findings: tuple[Finding, ...]
) -> tuple[Posterior, ...]:
    """Order the posteriors.

    Parameters
    ----------
    posteriors : iterable of Posterior
        Of the experiment.
    findings : tuple of Finding
        What decides.

    Returns
    -------
    tuple of Posterior
        In the order of the findings.
    """
    order = _order(findings)
    kept = (row for row in posteriors if (row.metric, row.variant) in order)
    return tuple(sorted(kept, key=lambda row: order[row.metric, row.variant]))


def of_segments(
    effects: Iterable[Effect], findings: tuple[Finding, ...], experiment: Experiment
) -> tuple[Finding, ...]:
    """Read the levels of segments, and the slices of metrics.

    Parameters
    ----------
    effects : iterable of Effect
        Of the experiment.
    findings : tuple of Finding
        What decides; a segment is shown of the same population, basis and adjustment.
    experiment : Experiment
        Its error rate.

    Returns
    -------
    tuple of Finding
        In the order of the findings, then by segment and level.
    """
    order = _order(findings)
    whole = {(finding.effect.metric, finding.effect.variant): finding for finding in findings}
    chosen: dict[tuple[str, ...], Finding] = {}
    for effect in effects:
        base = whole.get((effect.metric, effect.variant))
        if base is None or not _is_level(effect, base.effect):
            continue
        key = (effect.metric, effect.variant, effect.segment or "", effect.segment_value or "")
        held = chosen.get(key)
        if held is None or _prefers(effect, held.effect, base.effect):
            reading = readings.read_segment(effect, experiment, base.held)
            chosen[key] = Finding(
                effect, base.use, reading, readings.NOT_SHOWN, None, held=base.held
            )

    def place(finding: Finding) -> tuple[object, ...]:
        effect = finding.effect
        return (
            order[effect.metric, effect.variant],
            effect.segment or "",
            effect.segment_value or "",
        )

    return tuple(sorted(chosen.values(), key=place))


def _is_level(effect: Effect, base: Effect) -> bool:
    return (
        effect.is_latest
        and effect.segment not in (None, "all", "phase")
        and (effect.population, effect.basis) == (base.population, base.basis)
    )


def _prefers(effect: Effect, held: Effect, base: Effect) -> bool:
    """Prefer the row whose p-value is corrected, then the one adjusted as the whole is."""

    def rank(row: Effect) -> tuple[bool, bool]:
        return (row.p_value_corrected is not None, row.adjustment == base.adjustment)

    return rank(effect) > rank(held)


def _order(findings: Iterable[Finding]) -> dict[Key, int]:
    keys = ((finding.effect.metric, finding.effect.variant) for finding in findings)
    return {key: position for position, key in enumerate(dict.fromkeys(keys))}
