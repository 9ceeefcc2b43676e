"""Inputs for tests of the statistics: moments from units, and the tables the models read."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from experimentos import tables
from experimentos.moments import JointMoments, Moments

EXPERIMENTS = json.loads((Path(__file__).parent / "experiments.json").read_text(encoding="utf-8"))


def rates(x_c, n_c, x_t, n_t):
    """Two arms of proportions."""
    x_c, n_c, x_t, n_t = np.broadcast_arrays(*(np.atleast_1d(v) for v in (x_c, n_c, x_t, n_t)))
    none = np.zeros(x_c.shape)
    return Moments(n_c, x_c / n_c, none), Moments(n_t, x_t / n_t, none)


def moments(units):
    """Moments of one sample of units."""
    units = np.asarray(units, dtype=float)
    mean = units.mean()
    return Moments([units.size], [mean], [((units - mean) ** 2).sum()])


def joint_moments(samples):
    """Joint moments of samples, each a dict of num, den, num_cov, den_cov."""
    rows = []
    for given in samples:
        size = len(given["num"])
        sample = {"den": np.ones(size), "den_cov": np.ones(size), **given}
        centred = {k: np.asarray(v, float) - np.mean(v) for k, v in sample.items()}
        row = {"n": size} | {f"mean_{k}": np.mean(v) for k, v in sample.items()}
        row |= {f"m2_{k}": (v**2).sum() for k, v in centred.items()}
        for x, y in (
            ("num", "den"), ("num", "num_cov"), ("num", "den_cov"), ("den", "num_cov"),
            ("den", "den_cov"), ("num_cov", "den_cov"),
        ):  # fmt: skip
            row[f"c2_{x}_{y}"] = (centred[x] * centred[y]).sum()
        rows.append(row)
    return JointMoments(**{k: np.array([row[k] for row in rows]) for k in rows[0]})


def arm(**given):
    """One row of the inference inputs: a final success proportion of treatment unless told."""
    row = dict.fromkeys(tables.EFFECTS_INPUT.names) | {
        "experiment_id": "experiment", "metric": "ordered", "variant": "treatment",
        "population": "assigned", "segment": "all", "segment_value": "all", "basis": "all",
        "is_control": False, "is_deciding": True, "n_phases": 1, "control": "control",
        "role": "success", "metric_type": "proportion", "goal": "increase", "alpha": 0.05,
        "power": 0.8, "correction": "holm", "is_final": True, "has_covariate": False,
        "inputs_hash": "hash",
    }  # fmt: skip
    unknown = set(given) - set(row)
    if unknown:
        msg = f"no such columns: {unknown}"
        raise KeyError(msg)
    row |= given
    counted = row["metric_type"] in ("proportion", "retention", "funnel")
    if counted and row["n_events"] is not None and row["n_units"]:
        row["mean_num"] = row["n_events"] / row["n_units"]
        row["m2_num"] = row["n_units"] * row["mean_num"] * (1 - row["mean_num"])
    return row


def pair(control, treatment, **shared):
    """Rows of control and treatment that share everything else."""
    return [
        arm(variant="control", is_control=True, **shared, **control),
        arm(**({"variant": "treatment"} | shared | treatment)),
    ]


def effects(rows):
    """Effects of rows, as dictionaries."""
    return tables.effects(pa.Table.from_pylist(rows, schema=tables.EFFECTS_INPUT)).to_pylist()


def column_table(columns, schema=tables.EFFECTS_INPUT):
    """Table of the inference inputs from some columns, the others as `arm` has them or NULL."""
    size = len(next(iter(columns.values())))
    default = arm()
    arrays = []
    for field in schema:
        if field.name in columns:
            arrays.append(pa.array(columns[field.name], type=field.type, from_pandas=True))
        else:
            arrays.append(pa.array([default[field.name]] * size, type=field.type))
    return pa.table(arrays, schema=schema)
