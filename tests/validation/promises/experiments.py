"""From moments to verdicts: thousands of experiments of one cell through all their builds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from experimentos import tables
from validation.promises.cells import ALPHA, POWER
from validation.promises.policy import BEFORE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from validation.promises.cells import Cell
    from validation.promises.draws import Drawn
    from validation.promises.policy import Policy

START = dt.datetime(2026, 9, 1)
CONTROL = "control"


@dataclass(frozen=True)
class Build:
    """What one build says: effects as the models write them, and verdicts that are not Hold."""

    number: int
    effects: pa.Table
    verdicts: pa.Table


def follow(
    cell: Cell, drawn: Drawn, policy: Policy, *, decide_all: bool = False
) -> Iterator[Build]:
    """Build after build, each with the looks that those before have recorded.

    The policy is asked only about experiments of which a corrected p-value allows more than Hold,
    unless `decide_all`; about those of all builds together, under names of their own, as a question
    to the database costs more than the experiments in it.
    """
    runs = drawn.n.shape[0]
    fixed = _definitions(cell, runs)
    policy.forget()
    effects, questions = [], []
    for build in range(cell.schedule.builds):
        look = _look(cell, build)
        inputs = _inputs(cell, drawn, fixed, build, look)
        found = tables.effects(inputs, policy.past())
        shown = {"experimentos__estimate_effects": found} | _state(cell, runs, build, look)
        asked = found["experiment_id"].unique() if decide_all else _open_questions(cell, found)
        before = {BEFORE: policy.recorded()}
        questions.append(
            {name: _question(table, asked, build, runs) for name, table in (shown | before).items()}
        )
        effects.append(found)
        if cell.design != "fixed":
            policy.show(shown)
            policy.remember()
    together = {
        name: pa.concat_tables([each[name] for each in questions]).combine_chunks()
        for name in questions[0]
    }
    verdicts = policy.decide(together)
    for build, found in enumerate(effects):
        yield Build(build, found, _answer(verdicts, build))


def _question(table: pa.Table, asked: pa.Array, build: int, runs: int) -> pa.Table:
    """Rows of the experiments that are asked about, which are named after the build, too."""
    has_name = "experiment_id" in table.column_names
    key = "experiment_id" if has_name else "experiment_index"
    kept = table.filter(pc.is_in(table[key].cast(pa.string()), asked))
    columns = {name: kept[name] for name in kept.column_names}
    if has_name:
        columns["experiment_id"] = pc.binary_join_element_wise(str(build), kept[key], ".")
    if "experiment_index" in columns:
        columns["experiment_index"] = pc.add(kept["experiment_index"], build * runs)
    return pa.table(columns)


def _answer(verdicts: pa.Table, build: int) -> pa.Table:
    """Verdicts of one build, under the experiments' own names."""
    of_build = verdicts.filter(pc.starts_with(verdicts["experiment_id"], f"{build}."))
    names = pc.utf8_replace_slice(of_build["experiment_id"], 0, len(f"{build}."), "")
    return of_build.set_column(0, "experiment_id", names)


def _open_questions(cell: Cell, effects: pa.Table) -> pa.Array:
    """Experiments in which a Launch or a Rollback is not ruled out by the p-values alone."""
    below = [
        pc.fill_null(pc.less_equal(effects[name], rate), False)
        for name, rate in (
            ("p_launch_corrected", ALPHA / 2),
            ("p_value_harm_corrected", cell.harm_rate),
        )
    ]
    return effects["experiment_id"].filter(pc.or_(*below)).unique()


def _look(cell: Cell, build: int) -> int | None:
    """Number of the look that is due at a build."""
    looks = cell.schedule.looks
    due = cell.design == "group_sequential" and build in looks
    return looks.index(build) + 1 if due else None


def _when(cell: Cell, build: int) -> dt.datetime:
    return START + dt.timedelta(days=cell.schedule.days[build])


def is_open(cell: Cell, build: int) -> bool:
    """Whether a Launch may be spoken of, as `experimentos__inference_inputs` says it."""
    if cell.design == "fixed":
        return _is_last(cell, build)
    if cell.design == "group_sequential":
        return _look(cell, build) is not None
    return cell.schedule.days[build] >= 7


def _is_last(cell: Cell, build: int) -> bool:
    return build == cell.schedule.builds - 1


def _repeated(value: object, size: int, kind: pa.DataType) -> pa.Array:
    return pa.nulls(size, kind) if value is None else pa.repeat(pa.scalar(value, kind), size)


def _named(names: list[str], index: np.ndarray) -> pa.Array:
    return pa.DictionaryArray.from_arrays(index.ravel().astype(np.int32), names).cast(pa.string())


def variants(cell: Cell) -> list[str]:
    """Labels, control first."""
    return [CONTROL, *(f"variant_{arm}" for arm in range(1, cell.treatments + 1))]


def metric_names(cell: Cell) -> list[str]:
    return [f"metric_{number:02}" for number in range(len(cell.metrics))]


def _definitions(cell: Cell, runs: int) -> dict[str, pa.Array]:
    """Columns of the inputs that are the same at every build; rows by run, arm and metric."""
    shape = (runs, cell.treatments + 1, len(cell.metrics))
    run, arm, metric = np.indices(shape)
    size = run.size

    def of_metric(name: str) -> list[object]:
        return [getattr(each, name) for each in cell.metrics]

    def by_metric(values: list[object]) -> pa.Array:
        return pa.array(np.array(values)[metric.ravel()], from_pandas=True)

    share, of_control = cell.shares[arm.ravel()], cell.shares[0]
    kinds = {"mean": "mean", "rate": "proportion", "skewed": "mean"}
    is_rate = np.array([kind == "rate" for kind in of_metric("kind")])
    same = {
        "population": "assigned", "segment": "all", "segment_value": "all", "basis": "mature",
        "control": CONTROL, "margin_kind": "relative", "mde_kind": "relative", "inputs_hash": "-",
        "correction": cell.correction, "alpha_harm": cell.alpha_harm, "design": cell.design,
        "spending": cell.spending, "n_phases": 1,
        "is_deciding": True, "has_covariate": False, "alpha": ALPHA, "power": POWER,
    }  # fmt: skip
    columns = {
        name: _repeated(same.get(name), size, tables.EFFECTS_INPUT.field(name).type)
        for name in tables.EFFECTS_INPUT.names
    }
    return columns | {
        "experiment_id": _named([str(number) for number in range(runs)], run),
        "variant": _named(variants(cell), arm),
        "metric": _named(metric_names(cell), metric),
        "is_control": pa.array(arm.ravel() == 0),
        "role": _named(["success", "guardrail"], metric >= cell.success),
        "goal": _named(of_metric("goal"), metric),
        "metric_type": _named([kinds[kind] for kind in of_metric("kind")], metric),
        "margin": by_metric(of_metric("margin")),
        "mde": pa.array(np.where(metric < cell.success, np.array(of_metric("mde"))[metric],
                                 np.nan).ravel(), from_pandas=True),
        "planned_n": pa.array(cell.total * np.minimum(share, of_control)),
        "planned_effective_n": pa.array(cell.total / (1 / share + 1 / of_control)),
        "is_rate": by_metric(list(is_rate)),
    }  # fmt: skip


def _inputs(
    cell: Cell, drawn: Drawn, fixed: dict[str, pa.Array], build: int, look: int | None
) -> pa.Table:
    """Rows of `experimentos__inference_inputs` that decide at a build."""
    kept = drawn.n, drawn.mean, drawn.m2, drawn.m3
    n, mean, m2, m3 = (values[:, build].ravel() for values in kept)
    types, size, when = tables.EFFECTS_INPUT, n.size, _when(cell, build)
    last = _is_last(cell, build)
    events = np.where(fixed["is_rate"].to_numpy(zero_copy_only=False), np.rint(n * mean), np.nan)
    now = {
        "as_of": when, "look_date": when if look else None, "look": look,
        "is_open": is_open(cell, build), "is_final": last and (bool(look) or _not_sequential(cell)),
        "is_last_look": last and bool(look),
    }  # fmt: skip
    columns = fixed | {
        name: _repeated(value, size, types.field(name).type) for name, value in now.items()
    }
    columns |= {
        "n_units": pa.array(n.astype(np.int64)),
        "n_events": pa.array(events, from_pandas=True),
        "mean_num": pa.array(mean),
        "m2_num": pa.array(m2),
        "m3_num": pa.array(m3, from_pandas=True),
    }
    return pa.table([columns[name].cast(types.field(name).type) for name in types.names], types)


def _not_sequential(cell: Cell) -> bool:
    return cell.design != "group_sequential"


def _state(cell: Cell, runs: int, build: int, look: int | None) -> dict[str, pa.Table]:
    """What the policy reads beside the effects."""
    ids = [str(number) for number in range(runs)]
    when, number = _when(cell, build), np.arange(runs)
    time = pa.timestamp("us")

    def each(value: object, kind: pa.DataType) -> pa.Array:
        return _repeated(value, runs, kind)

    experiments = pa.table({
        "experiment_id": ids, "experiment_index": number, "control": each(CONTROL, pa.string()),
        "design": each(cell.design, pa.string()), "alpha": each(ALPHA, pa.float64()),
        "alpha_harm": each(cell.harm_rate, pa.float64()),
        "is_final": each(_is_last(cell, build), pa.bool_()),
        "decides_at": each(_when(cell, cell.schedule.builds - 1), time),
        "data_as_of": each(when, time), "starts_at": each(START, time),
        "as_of": each(when, time), "is_dated": each(True, pa.bool_()),
    })  # fmt: skip
    plans = pa.table({
        "experiment_id": ids, "experiment_index": number,
        "plan_override": each(None, pa.string()), "plan_hash": each("plan", pa.string()),
        "spending": each(cell.spending, pa.string()),
        "spending_parameter": each(None, pa.float64()),
    })  # fmt: skip
    is_sequential = cell.design == "group_sequential"
    looks = pa.table({
        "experiment_index": number, "look": each(look, pa.int64()),
        "next_look_at": each(None, time), "next_unit_share": each(None, pa.float64()),
    })  # fmt: skip
    run, arm = np.indices((runs, cell.treatments + 1))
    arms = pa.table({
        "experiment_index": run.ravel(), "variant": _named(variants(cell), arm),
        "is_control": arm.ravel() == 0,
    })  # fmt: skip
    run, metric = np.indices((runs, len(cell.metrics)))
    mde = np.where(metric < cell.success, np.array([m.mde for m in cell.metrics]), np.nan)
    metrics = pa.table({
        "experiment_id": _named(ids, run), "metric": _named(metric_names(cell), metric),
        "position": metric.ravel() + 1, "mde": pa.array(mde.ravel(), from_pandas=True),
        "mde_kind": pa.repeat("relative", mde.size),
    })  # fmt: skip
    return {
        "experimentos__experiments": experiments,
        "stg_experimentos__experiments": plans,
        "experimentos__current_looks": looks if is_sequential else looks.slice(0, 0),
        "stg_experimentos__variants": arms,
        "experimentos__experiment_metrics": metrics,
    }
