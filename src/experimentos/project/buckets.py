"""From the warehouse's answers to the metrics that are dealt."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from experimentos.project.gateway import Project

if TYPE_CHECKING:
    from experimentos.moments import FloatArray
    from experimentos.rerandomise import Cells, Design, Effect, Metric

_WEEK = 7


def by_metric(rows: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Choose one treatment of each metric: what the verdict is told is the same for all.

    Parameters
    ----------
    rows : sequence of mapping
        One per metric and treatment.

    Returns
    -------
    dict
        Metric to its row.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        found.setdefault(row["metric"], row)
    return found


def read_metrics(
    project: Project, answer: Mapping[str, Any], settings: Mapping[str, Mapping[str, Any]],
    looks: Sequence[Mapping[str, Any]], left_out: dict[str, str],
) -> "Iterator[Metric]":  # fmt: skip
    """Read the buckets, and put each metric's beside what is set for it.

    Parameters
    ----------
    project : Project
        Built.
    answer : mapping
        Of the macro ``validate``.
    settings : mapping
        Metric to what the verdict is told of it.
    looks : sequence of mapping
        Scheduled looks: the day, or the share of units.
    left_out : dict
        Takes why a metric is not validated.

    Yields
    ------
    Metric
        Each that can be validated.
    """
    from experimentos.rerandomise import LEAST_UNITS, Aim, Kind, Metric  # noqa: PLC0415

    if not answer["sql"]:
        return
    cells = _cells(project, answer)
    for name in answer["metrics"]:
        if name not in settings:
            left_out[name] = "has no readout that decides yet"
            continue
        if cells[name].n_units < LEAST_UNITS:
            left_out[name] = (
                f"has {cells[name].n_units} units whose window is closed, and at least "
                f"{LEAST_UNITS} are needed to deal them to two arms"
            )
            continue
        given = settings[name]
        sign = -1.0 if given["goal"] == "decrease" else 1.0
        margin = given["margin"] if given["role"] == "guardrail" else None
        aim = Aim(
            sign,
            float("nan") if margin is None else float(margin),
            given["margin_kind"] == "relative",
        )
        yield Metric(
            name=name,
            role=given["role"],
            kind=Kind(given["metric_type"], bool(given["has_covariate"])),
            aim=aim,
            cells=cells[name],
            design=_design(given, looks, cells[name]),
            planned=_planned(given, sign),
            power=given["power"],
            enters_by_day=bool(given["enters_by_day"]),
        )


def _planned(given: Mapping[str, Any], sign: float) -> "Effect | None":
    from experimentos.rerandomise import Effect  # noqa: PLC0415

    if given["mde"] is None:
        return None
    return Effect(sign * float(given["mde"]), given["mde_kind"] != "absolute")


def _design(
    given: Mapping[str, Any], looks: Sequence[Mapping[str, Any]], cells: "Cells"
) -> "Design":
    """Put the scheduled looks among the days on which units enter; the last day is one."""
    import numpy as np  # noqa: PLC0415

    from experimentos.rerandomise import Design  # noqa: PLC0415

    days = cells.days if given["enters_by_day"] else cells.days[-1:]
    there = np.bincount(np.searchsorted(days, cells.day), weights=cells.moments.n).cumsum()
    places = {days.size - 1}
    for look in looks:
        if look["day"] is not None:
            place = int(np.searchsorted(days, look["day"], side="right")) - 1
        else:
            place = int(np.searchsorted(there, look["unit_share"] * there[-1]))
        places.add(min(place, days.size - 1))
    late = given["starts_at"] is not None and given["starts_at"].time().isoformat() != "00:00:00"
    week = _WEEK + (1 if late else 0)
    parameter = given["spending_parameter"]
    planned = given["planned_n"]
    return Design(
        name=given["design"],
        alpha=float(given["alpha"]),
        alpha_harm=float(given["alpha_harm"]),
        looks=np.array(sorted(place for place in places if place >= 0)),
        open_from=int(np.searchsorted(days, week)),
        spending=given["spending"] or "obrien_fleming",
        parameter=None if parameter is None else float(parameter),
        **({} if planned is None else {"planned_n": float(planned)}),
    )


def _cells(project: Project, answer: Mapping[str, Any]) -> dict[str, "Cells"]:
    """Read the moments of all buckets; NULL is NaN."""
    import numpy as np  # noqa: PLC0415

    from experimentos.moments import JointMoments  # noqa: PLC0415
    from experimentos.rerandomise import Cells  # noqa: PLC0415

    table = read_numbers(project, answer["sql"])
    names = [field.name for field in fields(JointMoments)]
    for name in ("metric", "bucket", "day", "m3_num", *names):
        table.setdefault(name, np.empty(0))
    found = {}
    for place, name in enumerate(answer["metrics"]):
        rows = table["metric"] == place
        columns = {field: table[field][rows] for field in names}
        found[name] = Cells(
            bucket=table["bucket"][rows].astype(np.int64),
            day=table["day"][rows].astype(np.int64),
            moments=JointMoments(**columns),
            n_buckets=int(answer["n_buckets"]),
            m3_num=table["m3_num"][rows],
        )
    return found


def read_numbers(project: Project, sql: str) -> "dict[str, FloatArray]":
    """Read a query all of whose columns are numbers.

    Parameters
    ----------
    project : Project
        Built.
    sql : str
        One statement.

    Returns
    -------
    dict
        Column name to values; NULL is NaN. Empty without rows.
    """
    import numpy as np  # noqa: PLC0415

    parts: list[np.ndarray] = []
    names: list[str] = []
    for rows in project.stream(sql):
        names = list(rows[0])
        parts.append(np.array([list(row.values()) for row in rows], dtype=np.float64))
    values = np.concatenate(parts) if parts else np.empty((0, 0))
    return {name: np.ascontiguousarray(values[:, i]) for i, name in enumerate(names)}
