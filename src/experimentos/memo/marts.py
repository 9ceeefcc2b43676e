"""Marts to memos: one read per mart for all experiments, rows to frozen classes."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, replace
from datetime import UTC, date, datetime
from difflib import get_close_matches
from functools import cache
from math import isfinite
from typing import Any, TypeVar

from experimentos.errors import ArgumentError, TableError
from experimentos.memo import context
from experimentos.memo.report import Memo, MemoRows, build_memo

Row = Mapping[str, object]
Fetch = Callable[[str], Sequence[Row]]
Record = TypeVar("Record")

MARTS: dict[str, type[Any]] = {
    "decisions": context.Decision,
    "variant_decisions": context.VariantDecision,
    "decision_evidence": context.Evidence,
    "experiment_metrics": context.MetricUse,
    "effects": context.Effect,
    "effects_by_age": context.AgeEffect,
    "looks": context.Look,
    "planned_looks": context.PlannedLook,
    "posteriors": context.Posterior,
    "moments": context.Moments,
    "distributions": context.Bin,
    "health": context.HealthCheck,
    "exclusions": context.Exclusion,
    "assignment_counts": context.AssignmentCount,
    "power": context.Power,
    "edits": context.Edit,
}
"""Marts read for each experiment, beside ``experiments`` and ``metrics``."""

_LATEST = "select experiment_id, metric, max(as_of) from {relation} group by experiment_id, metric"
_COMPARISON = "experiment_id, metric, variant, population, basis, adjustment"
_DECIDED = "select " + _COMPARISON + " from {relation} where used_for_decision"  # noqa: S608
CONDITIONS: dict[str, str] = {
    "distributions": "role = 'success'",
    "effects": "is_latest or used_for_decision or segment = 'all' and role <> 'explore' "
    f"and ({_COMPARISON}) in ({_DECIDED})",
    "moments": "segment = 'all' and (as_of is null "
    f"or (experiment_id, metric, as_of) in ({_LATEST}))",
}
"""Rows that memos need of marts with a row per day; `{relation}` is the mart itself."""


def read_memos(fetch: Fetch, experiment_ids: Sequence[str] | None = None) -> tuple[Memo, ...]:
    """Read the memos of experiments from the marts.

    Parameters
    ----------
    fetch : callable
        Takes the name of a mart without its prefix (``"effects"``) and returns all its rows, each
        a mapping from column to value. Called once per mart.
    experiment_ids : sequence of str, optional
        Experiments to read; default all.

    Returns
    -------
    tuple of Memo
        In the order of the experiments' ids.

    Raises
    ------
    ArgumentError
        If an experiment is not in the marts.
    TableError
        If a mart lacks a column.
    """
    experiments = {
        row.experiment_id: row
        for row in to_records(context.Experiment, fetch("experiments"), mart="experiments")
    }
    wanted = _wanted(experiments, experiment_ids)
    if not wanted:
        return ()
    definitions = {
        row.metric: row
        for row in to_records(context.MetricDefinition, fetch("metrics"), mart="metrics")
    }
    tables = {}
    for mart, record in MARTS.items():
        rows = [row for row in fetch(mart) if row.get("experiment_id", "") in wanted | {""}]
        if mart == "effects":
            # Of earlier days a course is drawn, which needs few columns.
            rows, earlier = _split(rows)
            tables["days"] = _by_experiment(context.DayEffect, earlier, mart)
        tables[mart] = _by_experiment(record, rows, mart)
    return tuple(
        build_memo(_rows_of(experiments[experiment_id], tables, definitions))
        for experiment_id in sorted(wanted)
    )


def to_records(record: type[Record], rows: Iterable[Row], *, mart: str) -> list[Record]:
    """Turn rows into a frozen class whose fields are the columns.

    Parameters
    ----------
    record : type
        A class of ``context``; fields with a default are not columns.
    rows : iterable of mappings
        Rows of the mart; further columns are left out.
    mart : str
        Name of the mart, for the message.

    Returns
    -------
    list of Record
        One per row. NaN, infinity and missing times are None.

    Raises
    ------
    TableError
        If a column is missing.
    """
    kind: Any = record
    columns = _columns(kind)
    records = []
    for row in rows:
        try:
            records.append(kind(*[coerce(row[name]) for name, coerce in columns]))
        except KeyError as error:
            msg = (
                f"Mart `experimentos__{mart}` must have the column {error.args[0]!r}, got "
                f"{sorted(row)}. Run `experimentos build` with the same version as this command."
            )
            raise TableError(msg) from None
    return records


def _wanted(known: Mapping[str, object], experiment_ids: Sequence[str] | None) -> frozenset[str]:
    if experiment_ids is None:
        return frozenset(known)
    for experiment_id in experiment_ids:
        if experiment_id not in known:
            near = get_close_matches(experiment_id, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            msg = (
                f"`experiment_ids` must be in the mart `experimentos__experiments` "
                f"({len(known)} experiments), got {experiment_id!r}.{hint}"
            )
            raise ArgumentError(msg)
    return frozenset(experiment_ids)


def _split(rows: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """Part the latest effects, and those that decide, from other days over all mature units."""
    latest, earlier = [], []
    for row in rows:
        if row.get("is_latest", True) or row.get("used_for_decision"):
            latest.append(row)
        elif row.get("segment") in (None, "all") and row.get("role") != "explore":
            earlier.append(row)
    return latest, earlier


def _by_experiment(record: type[Any], rows: Iterable[Row], mart: str) -> dict[str, tuple[Any, ...]]:
    groups: defaultdict[str, list[Any]] = defaultdict(list)
    for one in to_records(record, rows, mart=mart):
        groups[one.experiment_id].append(one)
    return {experiment_id: tuple(records) for experiment_id, records in groups.items()}


def _rows_of(
    experiment: context.Experiment,
    tables: Mapping[str, Mapping[str, tuple[Any, ...]]],
    definitions: Mapping[str, context.MetricDefinition],
) -> MemoRows:
    rows = {mart: table.get(experiment.experiment_id, ()) for mart, table in tables.items()}
    uses = (
        replace(use, definition=definitions.get(use.metric)) for use in rows["experiment_metrics"]
    )
    return MemoRows(
        experiment=experiment,
        decision=rows["decisions"][0] if rows["decisions"] else None,
        variant_decisions=rows["variant_decisions"],
        evidence=rows["decision_evidence"],
        metrics=tuple(uses),
        effects=rows["effects"],
        days=rows["days"],
        ages=rows["effects_by_age"],
        looks=rows["looks"],
        planned_looks=rows["planned_looks"],
        posteriors=rows["posteriors"],
        moments=rows["moments"],
        bins=rows["distributions"],
        health=rows["health"],
        exclusions=rows["exclusions"],
        counts=rows["assignment_counts"],
        power=rows["power"],
        edits=rows["edits"],
    )


@cache
def _columns(record: Any) -> tuple[tuple[str, Callable[[Any], object]], ...]:  # noqa: ANN401
    return tuple(
        (field.name, _COERCE[field.type]) for field in fields(record) if field.default is MISSING
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _optional_text(value: object) -> str | None:
    return None if value is None else str(value)


def _flag(value: object) -> bool:
    return bool(value) if value is not None else False


def _real(value: Any) -> float | None:  # noqa: ANN401
    number = None if value is None else float(value)
    return number if number is not None and isfinite(number) else None


def _integer(value: Any) -> int | None:  # noqa: ANN401
    return None if _real(value) is None else int(value)


def _time(value: Any) -> datetime | None:  # noqa: ANN401
    # A missing time of pandas is not equal to itself.
    if value is None or value != value:  # noqa: PLR0124
        return None
    if isinstance(value, datetime):
        aware = value.tzinfo is not None
        return value.astimezone(UTC).replace(tzinfo=None) if aware else value
    return datetime.combine(value, datetime.min.time())


def _day(value: Any) -> date | None:  # noqa: ANN401
    moment = _time(value)
    return None if moment is None else moment.date()


_COERCE: dict[Any, Callable[[Any], object]] = {
    str: _text,
    str | None: _optional_text,
    bool: _flag,
    int | None: _integer,
    float | None: _real,
    datetime | None: _time,
    date | None: _day,
}
