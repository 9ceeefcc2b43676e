"""The table of decisions in `decisions/*.yml`: read strictly, and made into dbt projects.

- `totals.yml` has experiments of which only totals are known: one row per variant.
- `runs.yml` has experiments whose units arrive over days. Two builds, a week apart, see all of
  them: each run says on which of its days the second one is.

Many cases have a twin with other labels: no verdict hangs on what variants are called.
"""

from __future__ import annotations

import datetime as dt
import json
import zlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import yaml
from project import problems
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import ndtri

if TYPE_CHECKING:
    from project import Project

FOLDER = Path(__file__).parent / "decisions"
NAMES = "abcd"
# Order, case, spaces, quotes and what YAML or SQL might take for something else.
LABELS = [
    ("control", "treatment", "treatment_2", "treatment_3"),
    ("zz'top", "Control", "control", " control"),
    ("on", "off", "1", "0"),
    ("9", "10", "2026-09-01", "null"),
    ('say "b"', "neue Farbe", "größer 🙂", "--"),
    ("treatment", "control", "100%", "a\\b"),
]
LAST, DAY = dt.datetime(2026, 10, 12), dt.timedelta(days=1)
FIRST = LAST - 7 * DAY
RATES = {"ordered": "increase", "kept": "increase", "crashed": "decrease", "browsed": "increase"}
METRICS: dict[str, dict[str, Any]] = {
    name: {"type": "proportion", "window": "2 days", "goal": goal, "where": f"kind = '{name}'"}
    for name, goal in RATES.items()
} | {
    "spent": {"type": "mean", "value": "amount", "window": "1 day", "covariate": "none",
              "where": "kind = 'spent'"},
    "waited": {"type": "mean", "value": "amount", "window": "1 day", "covariate": "none",
               "goal": "decrease", "where": "kind = 'waited'"},
    "loyal": {"type": "mean", "value": "amount", "window": "1 day", "covariate": "7 days",
              "where": "kind = 'loyal'"},
    "middle": {"type": "quantile", "quantile": 0.5, "value": "amount", "window": "1 day",
               "where": "kind = 'middle'"},
}  # fmt: skip


class Strict(BaseModel):
    """A word that is not known is an error: a case with one would check nothing."""

    model_config = ConfigDict(extra="forbid")


class Expected(Strict):
    """What a build has to say. `verdict` is 'hold', 'launch b' or 'rollback b, c'."""

    verdict: str = Field(pattern=r"^(hold|launch [a-d]|rollback [a-d](, [a-d])*)$")
    rule: str
    reason: list[str] = Field(min_length=1)
    variants: dict[str, str] = {}
    nearest: str | None = None

    @property
    def arms(self) -> list[str]:
        """Variants that the verdict names."""
        return self.verdict.replace(",", "").split()[1:]


class Case(Expected):
    """One experiment: a statement, what it sets, and the verdict."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    why: str = Field(min_length=1)
    set: dict[str, Any] = {}


class Totals(Case):
    """`arms` are totals: counts, or [mean, standard deviation] of a value."""

    users: int = 10_000
    arms_given: dict[str, dict[str, Any]] = Field(alias="arms")
    twice: str | None = None

    @property
    def labels(self) -> list[str]:
        """Variants of the data."""
        return list(self.arms_given)


class Run(Case):
    """Units arrive for `days`; the second build reads them until `day` days after the start.

    Of `undated` ones the assignments have no times, so that windows begin at the start for all. A
    `listed` one is a row of the table that `experiments_from` names, not an exposure.
    """

    day: int
    days: int = 14
    per_day: dict[str, Any] = {"a": 100, "b": 100}
    metrics: dict[str, dict[str, Any]]
    before: dict[str, Any] = {}
    crossovers: float = 0.0
    edit: dict[str, Any] | None = None
    undated: bool = False
    listed: bool = False
    week_before: Expected | None = None

    @property
    def labels(self) -> list[str]:
        """Variants of the data."""
        return list(self.per_day)

    @property
    def start(self) -> dt.datetime:
        """First day of assignment."""
        return LAST - self.day * DAY


def read(kind: type[Case], file: str) -> list[Any]:
    """Cases of a file, in its order."""
    entries = yaml.safe_load((FOLDER / file).read_text(encoding="utf-8"))
    return [kind.model_validate(entry) for entry in entries]


TOTALS: list[Totals] = read(Totals, "totals.yml")
RUNS: list[Run] = read(Run, "runs.yml")


@dataclass(frozen=True)
class Twin:
    """A case under labels; without a suffix as written."""

    case: Any
    labels: dict[str, str]
    suffix: str

    @property
    def name(self) -> str:
        """Name of the experiment."""
        return self.case.name + self.suffix


def twins(cases: list[Any], every: int) -> list[Twin]:
    """Every case as written, and one in so many under other labels, all sets of labels in turn."""
    written = [Twin(case, {name: name for name in NAMES}, "") for case in cases]
    others = [
        Twin(case, dict(zip(NAMES, LABELS[number % len(LABELS)], strict=True)), "_twin")
        for number, case in enumerate(cases[::every])
    ]
    return written + others


TOTALS_TWINS, RUNS_TWINS = twins(TOTALS, 2), twins(RUNS, 4)


def build_totals(project: Project) -> None:
    """Build the decisions on totals: one summary model per set of columns."""
    tables: dict[frozenset[str], list[dict[str, Any]]] = {}
    for twin in TOTALS_TWINS:
        rows = _summary(twin)
        tables.setdefault(frozenset(rows[0]), []).extend(rows)
    models = {columns: f"totals_{number}" for number, columns in enumerate(tables)}
    for columns, rows in tables.items():
        project.model(models[columns], pa.Table.from_pylist(rows), {})
    project.settings |= {"summary_models": list(models.values()), "invalid_experiments": "hold"}
    project.write_settings()
    _write(project, [
        (twin.name, {"summary": models[frozenset(_summary(twin)[0])]} | _definition(twin, {}))
        for twin in TOTALS_TWINS
    ])  # fmt: skip
    project.build()


def write_runs(project: Project) -> None:
    """Write the units of all runs; the same ones whatever the labels."""
    # As many a day as a day of history needs, so that it begins 59 days before the last.
    ticks = [LAST - n * DAY for n in range(60)] * 100
    events = [_events("nobody", "tick", ticks, 1.0)]
    tables: dict[str, list[pa.Table]] = {"assigned": [], "events": events}
    for twin in RUNS_TWINS:
        # A model without times is of one experiment: others would have those of dated ones.
        model = twin.name if twin.case.undated else "assigned"
        tables.setdefault(model, []).append(_assigned(twin))
        events += [] if twin.suffix else _happened(twin.case)
    for name, rows in tables.items():
        project.model(f"raw_{name}", pa.concat_tables(rows))


def build_runs(project: Project, until: dt.datetime, *, edited: bool) -> None:
    """Build the runs on the data that are there by then, with what was edited or without."""
    undated = [twin.name for twin in RUNS_TWINS if twin.case.undated]
    project.settings |= {
        "assignment_models": [f"fct_{name}" for name in ("assigned", *undated)],
        "fact_models": ["fct_events"], "archive": False, "experiments_from": "fct_experiments",
        "as_of": (until + dt.timedelta(hours=7)).isoformat(" "),
    }  # fmt: skip
    project.write_settings()
    assigned = {"experiment": "experiment", "variant": "variant", "unit": "unit"}
    for name, meta in (
        ("assigned", {"assignments": assigned | {"timestamp": "happened_at"}}),
        *((name, {"assignments": assigned | {"experiment": {"literal": name}, "timestamp": "none"}})
          for name in undated),
        ("events", {"unit": "unit", "timestamp": "happened_at", "metrics": METRICS}),
    ):  # fmt: skip
        raw = f"{{{{ ref('raw_{name}') }}}}"
        project.model(
            f"fct_{name}", f"select * from {raw} where happened_at <= timestamp '{until}'", meta
        )
    definitions = []
    for twin in RUNS_TWINS:
        run: Run = twin.case
        dates = {
            "start": str(run.start),
            "end": str(run.start + run.days * DAY),
            "success": ["ordered"],
            "monitoring": "fixed",
        }
        more = run.edit if edited and run.edit else {}
        definitions.append((twin, dates | _definition(twin, more)))
    listed = [(twin.name, given) for twin, given in definitions if twin.case.listed]
    project.model("fct_experiments", pa.Table.from_pylist([_row(*one) for one in listed]))
    _write(project, [(twin.name, given) for twin, given in definitions if not twin.case.listed])
    result = project.dbt("run")
    assert result.success, problems(result)


def _write(project: Project, definitions: list[tuple[str, dict[str, Any]]]) -> None:
    """Write all experiments into one file, which dbt reads faster than one of each."""
    exposures = [
        {
            "name": name,
            "type": "analysis",
            "owner": {"name": "Test team", "email": "test@example.com"},
            "description": f"We test {name}.",
            "depends_on": ["ref('experimentos__decisions')"],
            "config": {"meta": {"experimentos": definition}},
        }
        for name, definition in definitions
    ]
    text = yaml.safe_dump({"exposures": exposures}, sort_keys=False, allow_unicode=True)
    project.yaml("experiments/experiments.yml", text)


def _definition(twin: Twin, more: dict[str, Any]) -> dict[str, Any]:
    """Set the experiment, with the labels of the twin."""
    given = twin.case.labels
    settings = {"control": "a", "variants": {name: 1 / len(given) for name in given}}
    settings |= twin.case.set | more
    if isinstance(twin.case, Run):
        settings = _dated(settings, twin.case.start)
    control, variants = settings["control"], settings["variants"]
    settings["control"] = twin.labels.get(control, control)
    if isinstance(variants, list):
        settings["variants"] = [
            phase | {"split": {twin.labels[name]: s for name, s in phase["split"].items()}}
            for phase in variants
        ]
    else:
        settings["variants"] = {twin.labels[name]: share for name, share in variants.items()}
    return {"id": twin.name} | settings


def _row(name: str, definition: dict[str, Any]) -> dict[str, Any]:
    """Write a definition as people do in a table: texts, numbers, and JSON of what is nested."""
    columns = {"start": "starts_at", "end": "ends_at"}
    row = {
        columns.get(key, key): json.dumps(value) if isinstance(value, list | dict) else value
        for key, value in definition.items()
    }
    return {"experiment_id": name} | dict.fromkeys(("alpha_harm", "mde", "status")) | row


def _dated(value: Any, start: dt.datetime) -> Any:
    """Write 'day 6' as the date of the seventh day."""
    if isinstance(value, dict):
        return {key: _dated(item, start) for key, item in value.items()}
    if isinstance(value, list):
        return [_dated(item, start) for item in value]
    if isinstance(value, str) and value.startswith("day "):
        return str((start + int(value[4:]) * DAY).date())
    return value


def _summary(twin: Twin) -> list[dict[str, Any]]:
    """Rows of a summary."""
    totals: Totals = twin.case
    rows = []
    for name, given in totals.arms_given.items():
        row = {"experiment": twin.name, "variant": twin.labels[name]}
        row["users"] = users = given.get("users", totals.users)
        for column, value in given.items():
            if isinstance(value, list):
                mean, deviation = value
                row[f"{column}_sum"] = float(mean * users)
                row[f"{column}_sum_sq"] = float(deviation**2 * (users - 1) + mean**2 * users)
            else:
                row[column] = value
        rows += [row, row] if name == totals.twice else [row]
    return rows


def _times(run: Run, day: int, size: int) -> list[dt.datetime]:
    """Assign units over a day; none at midnight, so that none is through just when a day ends."""
    return [run.start + day * DAY + (number + 0.5) * DAY / size for number in range(size)]


def _arrivals(run: Run) -> list[tuple[str, int, list[str], list[dt.datetime]]]:
    """Units of each variant and day, and when they were assigned."""
    found = []
    for name, per_day in run.per_day.items():
        for day in range(run.days):
            size = int(_on(per_day, day, run.days))
            units = [f"{run.name}-{name}-{day}-{number}" for number in range(size)]
            found.append((name, day, units, _times(run, day, size)))
    return found


def _assigned(twin: Twin) -> pa.Table:
    """Rows of assignment; a share of the units is assigned to the next variant too."""
    run: Run = twin.case
    rows = [
        (unit, name, at)
        for name, _, units, times in _arrivals(run)
        for unit, at in zip(units, times, strict=True)
    ]
    names = list(run.per_day)
    rows += [
        (unit, names[names.index(name) - 1], at + dt.timedelta(minutes=1))
        for unit, name, at in rows[: int(run.crossovers * len(rows))]
    ]
    return pa.table({
        "unit": [unit for unit, _, _ in rows],
        "experiment": [twin.name] * len(rows),
        "variant": [twin.labels[name] for _, name, _ in rows],
        "happened_at": pa.array([at for _, _, at in rows], pa.timestamp("us")),
    })  # fmt: skip


def _happened(run: Run) -> list[pa.Table]:
    """Events an hour after assignment, and what units did two days before it."""
    events, due = [], dict.fromkeys(((v, m) for v in run.per_day for m in run.metrics), 0.0)
    for name, day, units, times in _arrivals(run):
        after = [at + dt.timedelta(hours=1) for at in times]
        for metric, arms in run.metrics.items():
            size = len(units)
            seed = zlib.crc32(f"{run.name}{name}{metric}{day}".encode())
            rng = np.random.default_rng(seed)
            given = arms[name]
            if metric in RATES or isinstance(given, dict):
                share, amount = given.values() if isinstance(given, dict) else (given, 1.0)
                # As many as the share says, to a unit, over all days together.
                due[name, metric] += size * _on(share, day, run.days)
                count = round(due[name, metric])
                due[name, metric] -= count
                values = np.where(rng.permutation(size) < count, amount, np.nan)
                events.append(_events(units, metric, after, values))
                continue
            mean, deviation = given
            values = mean + deviation * ndtri((rng.permutation(size) + 0.5) / size)
            events.append(_events(units, metric, after, values))
            if metric in run.before:
                noise = deviation * ndtri((rng.permutation(size) + 0.5) / size)
                earlier = run.before[metric] * (values - mean) + noise
                days_ago = [at - 2 * DAY for at in times]
                events.append(_events(units, metric, days_ago, earlier))
    return events


def _on(given: Any, day: int, days: int) -> float:
    """A number or a fraction like 205/1400, or the one of a list whose part of the days it is."""
    one = given[day * len(given) // days] if isinstance(given, list) else given
    return float(Fraction(one)) if isinstance(one, str) else one


def _events(units: str | list[str], kind: str, times: list[dt.datetime], amount: Any) -> pa.Table:
    """Rows of the fact; those whose amount is NaN did not happen."""
    amounts = np.broadcast_to(np.asarray(amount, dtype=float), len(times))
    kept = pa.array(~np.isnan(amounts))
    return pa.table({
        "unit": [units] * len(times) if isinstance(units, str) else units,
        "kind": pa.array([kind] * len(times), pa.string()),
        "happened_at": pa.array(times, pa.timestamp("us")),
        "amount": amounts,
    }).filter(kept)  # fmt: skip
