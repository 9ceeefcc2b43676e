"""The marts of two builds, row by row."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from experimentos.diff.differences import (
    Difference,
    EffectChange,
    ExperimentChange,
    FieldChange,
    HealthChange,
)
from experimentos.memo import Memo, read_memos
from experimentos.memo.context import Finding, HealthCheck
from experimentos.memo.readings import WITHHELD

Row = Mapping[str, Any]
Rows = Callable[[str, str], Sequence[Row]]
"""Takes the name of a mart without its prefix, and a condition in SQL or nothing; returns rows."""

_DIGITS = 6
_NOT_COMPARED = frozenset({
    "moments", "distributions", "effects_by_age", "looks", "planned_looks", "posteriors",
    "assignment_counts", "decision_evidence",
})  # fmt: skip
_OVER = frozenset({"stopped", "archived"})
# What a build says of itself, and what is derived from the rest.
_NOT_DEFINED = frozenset({
    "experiment_id", "experiment_index", "metric", "data_as_of", "as_of", "is_dated", "is_archived",
    "is_final", "is_assigning", "definitions_hash", "definition_problems", "file", "observe_until",
    "decides_at", "position", "pair_id",
})  # fmt: skip
_LOOKED_AT = (
    "role", "goal", "estimate", "std_error", "lower", "upper", "level", "lift", "lift_lower",
    "lift_upper", "value_control", "value_treatment", "margin", "margin_kind", "n_control",
    "n_treatment",
)  # fmt: skip


def compare_builds(base: Rows, head: Rows, *, name: str, every: bool = False) -> Difference:
    """Compare two builds.

    Parameters
    ----------
    base, head : callable
        Take the name of a mart and a condition, and return its rows.
    name : str
        What the base is called.
    every : bool
        Tell all experiments, not the running ones alone.

    Returns
    -------
    Difference
        Numbers are compared with six significant digits, so that the last bits of a parallel sum
        are no change.

    Raises
    ------
    TableError
        If a build lacks a column.
    """
    before, after = _memos(base), _memos(head)
    changes = [
        _experiment(before.get(key), after.get(key)) for key in sorted(before.keys() | after.keys())
    ]
    shown = tuple(change for change in changes if every or change.is_running)
    metrics = [{str(row["metric"]): row for row in rows("metrics", "")} for rows in (base, head)]
    return Difference(
        base=name,
        shown=shown,
        n_compared=len(shown),
        n_other=sum(change.is_changed for change in changes if change not in shown),
        metrics_new=tuple(sorted(metrics[1].keys() - metrics[0].keys())),
        metrics_removed=tuple(sorted(metrics[0].keys() - metrics[1].keys())),
        fields=_definitions(base, head, metrics),
    )


def _definitions(
    base: Rows, head: Rows, metrics: Sequence[Mapping[str, Row]]
) -> tuple[FieldChange, ...]:
    """Keys that differ; what an experiment takes over from an edited metric is told once."""
    of_metrics = _fields("metric", *metrics)
    told = {(field.name, field.key, field.before, field.after) for field in of_metrics}
    uses = [_uses(rows("experiment_metrics", "")) for rows in (base, head)]
    return (
        *of_metrics,
        *_fields("experiment", *(_by_id(rows("experiments", "")) for rows in (base, head))),
        *(
            field
            for field in _fields("metric in", *uses)
            if (field.name.rpartition(": ")[2], field.key, field.before, field.after) not in told
        ),
    )


def _memos(rows: Rows) -> dict[str, Memo]:
    """Read what is compared; the series and the moments are not."""

    def fetch(mart: str) -> Sequence[Row]:
        if mart in _NOT_COMPARED:
            return ()
        return rows(mart, "is_latest or used_for_decision" if mart == "effects" else "")

    return {memo.experiment.experiment_id: memo for memo in read_memos(fetch)}


def _by_id(rows: Iterable[Row]) -> dict[str, Row]:
    return {str(row["experiment_id"]): row for row in rows}


def _uses(rows: Iterable[Row]) -> dict[str, Row]:
    return {f"{row['experiment_id']}: {row['metric']}": row for row in rows}


def _fields(kind: str, before: Mapping[str, Row], after: Mapping[str, Row]) -> list[FieldChange]:
    """Keys that differ, of what both builds define."""
    return [
        FieldChange(kind, name, key, _words(before[name].get(key)), _words(after[name].get(key)))
        for name in sorted(before.keys() & after.keys())
        for key in after[name]
        if key not in _NOT_DEFINED
        and key in before[name]
        and _plain(before[name][key]) != _plain(after[name][key])
    ]


def _experiment(before: Memo | None, after: Memo | None) -> ExperimentChange:
    effects = _effects(before, after)
    return ExperimentChange(
        before=before,
        after=after,
        is_running=any(_is_running(memo) for memo in (before, after) if memo is not None),
        effects=tuple(change for change in effects if _differs(change)),
        health=_health(before, after),
        n_effects=len(effects),
    )


def _is_running(memo: Memo) -> bool:
    experiment = memo.experiment
    return experiment.status not in _OVER and not experiment.is_final


def _effects(before: Memo | None, after: Memo | None) -> list[EffectChange]:
    one, other = _findings(before), _findings(after)
    # In the order of this build's definitions; what is gone comes last.
    keys = dict.fromkeys([*other, *one])
    return [_effect(key, before, one.get(key), after, other.get(key)) for key in keys]


def _findings(memo: Memo | None) -> dict[tuple[str, str], Finding]:
    if memo is None:
        return {}
    return {(one.effect.metric, one.effect.variant): one for one in memo.findings}


def _effect(
    key: tuple[str, str],
    before: Memo | None,
    one: Finding | None,
    after: Memo | None,
    other: Finding | None,
) -> EffectChange:
    """Compare what both builds found; a recorded look hides what an edit would make of it."""
    recorded = [
        each for each in (other, one) if each is not None and each.effect.restated_by is not None
    ]
    shown = (_today(before, one), _today(after, other)) if recorded else (one, other)
    return EffectChange(*key, *shown, moved=_moved(*shown), recorded=next(iter(recorded), None))


def _today(memo: Memo | None, finding: Finding | None) -> Finding | None:
    """Return what the definitions make of the look's data today, as if it were the only look."""
    if memo is None or finding is None:
        return finding
    effect, alpha = finding.effect, memo.experiment.alpha
    estimate, control = effect.estimate, effect.value_control
    if estimate is not None:
        estimate += effect.restated_by or 0.0
    has_lift = effect.lift is not None
    today = replace(
        effect,
        estimate=estimate,
        lower=effect.lower_fixed,
        upper=effect.upper_fixed,
        level=None if alpha is None else 1 - alpha,
        lift=estimate / control if has_lift and estimate is not None and control else None,
        lift_lower=None,
        lift_upper=None,
    )
    return replace(finding, effect=today)


def _moved(before: Finding | None, after: Finding | None) -> float | None:
    if before is None or after is None or WITHHELD in (before.reading, after.reading):
        return None
    values = (before.effect.estimate, after.effect.estimate, before.effect.std_error)
    one, other, error = values
    return None if one is None or other is None or not error else (other - one) / error


def _differs(change: EffectChange) -> bool:
    if change.before is None or change.after is None:
        return True
    one, other = change.before, change.after
    if one.reading == other.reading == WITHHELD:
        return False
    return one.reading != other.reading or any(
        _plain(getattr(one.effect, name)) != _plain(getattr(other.effect, name))
        for name in _LOOKED_AT
    )


def _health(before: Memo | None, after: Memo | None) -> tuple[HealthChange, ...]:
    if before is None or after is None:
        return ()
    one, other = (_checks(memo) for memo in (before, after))
    changes = []
    for key in sorted(one.keys() | other.keys()):
        old, new = one.get(key), other.get(key)
        statuses = (None if old is None else old.status, None if new is None else new.status)
        # A check that is not there and one that is healthy ask for nothing.
        if len({status or "healthy" for status in statuses}) > 1:
            message = None if new is None else new.message
            changes.append(HealthChange(key[0], key[1:], *statuses, message))
    return tuple(changes)


def _checks(memo: Memo) -> dict[tuple[str, ...], HealthCheck]:
    return {(check.check_name, *check.subject): check for check in memo.health}


def _plain(value: object) -> object:
    """Make two values equal where a reader sees no difference."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if value == value else None  # noqa: PLR0124 -- NaN
    return value


def _words(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, float):
        return f"{value:.{_DIGITS}g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M").removesuffix(" 00:00")
    return value.isoformat() if isinstance(value, date) else str(value)
