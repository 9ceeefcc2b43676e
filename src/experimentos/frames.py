"""Pandas at the edge: frames of units or of totals in, a tidy frame of effects out.

All statistics are those of the array functions. Only methods of the frame given are called: pandas
is neither imported nor a dependency of the package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from experimentos import estimators
from experimentos.arguments import not_negative, one_of
from experimentos.errors import ArgumentError, InputError, MomentsError, TableError
from experimentos.inference import METHODS, Effect, choices, evaluate, score
from experimentos.moments import FloatArray, IntArray, Moments, divide, from_sums
from experimentos.samples import from_values, joint_from_values

if TYPE_CHECKING:
    import pandas as pd

COUNTED, MEASURED = ("n", "events"), ("n", "mean", "m2")
FORMS = (COUNTED, MEASURED, ("n", "mean", "std"), ("n", "total", "total_sq"))
ARMS = ("n_control", "n_treatment", "mean_control", "mean_treatment")


def summarize(
    units: pd.DataFrame,
    *,
    metrics: Sequence[str] | Mapping[str, str | tuple[str, str]],
    variant: str = "variant",
    groups: Sequence[str] = (),
) -> pd.DataFrame:
    """Sum up a frame of units into one row per group and variant.

    Parameters
    ----------
    units : DataFrame
        One row per unit. Units without a variant are left out, and of each metric those without a
        value; a missing value in a column of `groups` is a group of its own.
    metrics : sequence of str, or mapping of str to str or pair of str
        Columns of values, or names with their columns; a pair is a ratio of two columns. Boolean
        columns are counted.
    variant : str
        Column of variants.
    groups : sequence of str
        Columns that tell experiments or segments apart.

    Returns
    -------
    DataFrame
        Sorted, with columns ``<metric>_n`` and ``<metric>_events`` of counted metrics,
        ``<metric>_n``, ``<metric>_mean`` and ``<metric>_m2`` of others: what `compare` reads.

    Raises
    ------
    TableError
        If columns are missing or not numeric.

    Examples
    --------
    >>> import pandas as pd
    >>> columns = {"version": ["gate_30", "gate_30", "gate_40", "gate_40"]}
    >>> columns |= {"rounds": [3, 5, 4, 8], "stayed": [True, True, False, True]}
    >>> summarize(pd.DataFrame(columns), metrics=["rounds", "stayed"], variant="version")
       version  rounds_n  rounds_mean  rounds_m2  stayed_n  stayed_events
    0  gate_30       2.0          4.0        2.0       2.0            2.0
    1  gate_40       2.0          6.0        8.0       2.0            1.0
    """
    named = metrics if isinstance(metrics, Mapping) else {one: one for one in _listed(metrics)}
    columns = {name: [of] if isinstance(of, str) else list(of) for name, of in named.items()}
    keys = [*_listed(groups), variant]
    _require(units, [*keys, *(one for several in columns.values() for one in several)])
    rows = units[units[variant].notna()]
    grouped = rows.groupby(keys, dropna=False, observed=True)
    totals = grouped.size().index.to_frame(index=False)
    label = np.asarray(grouped.ngroup(), dtype=np.int64)
    for name, several in columns.items():
        arm = _moments([_numbers(rows, one) for one in several], label, len(totals))
        totals[f"{name}_n"] = arm.n
        if len(several) == 1 and rows[several[0]].dtype.kind == "b":
            totals[f"{name}_events"] = np.where(arm.n > 0, np.rint(arm.mean * arm.n), 0.0)
        else:
            totals[f"{name}_mean"], totals[f"{name}_m2"] = arm.mean, arm.m2
    return totals


def compare(
    totals: pd.DataFrame,
    *,
    control: object,
    metrics: Sequence[str] | Mapping[str, Mapping[str, str]],
    variant: str = "variant",
    groups: Sequence[str] = (),
    method: str | None = None,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Compare every variant with control, for each group and metric.

    Parameters
    ----------
    totals : DataFrame
        One row per group and variant, in any order. Rows without a variant are left out.
    control : object
        Value of the column `variant` that is control.
    metrics : sequence of str, or mapping of str to mapping of str to str
        Names of metrics whose columns are as `summarize` names them, or the columns of each
        metric, such as ``{"retained": {"n": "players", "events": "back"}}``: ``n`` with
        ``events``, with ``mean`` and ``m2`` or ``std``, or with ``total`` and ``total_sq``.
    variant : str
        Column of variants.
    groups : sequence of str
        Columns that tell experiments or segments apart.
    method : str, optional
        A key of `METHODS` for all. Default: events by the score test, corrected where unequal arms
        leave it skewed, by the exact one where an arm has fewer than 10 expected; others by
        Welch's test.
    alpha : float
        Two-sided error rate; intervals have coverage ``1 - alpha``.

    Returns
    -------
    DataFrame
        One row per treatment and metric, in the order of the rows and of `metrics`: the columns of
        `groups`, `variant`, ``metric``, units and means of both arms, the fields of `Effect`, and
        ``method``. Effects are NaN where numbers are missing or a group has no control.

    Raises
    ------
    TableError
        If columns are missing or not numeric, or a group has two rows of a variant.
    ArgumentError
        If `control` is no value of `variant`, or the columns of a metric are not one of the forms.
    MomentsError
        If numbers are impossible, such as more events than units.

    Examples
    --------
    >>> import pandas as pd
    >>> columns = {"version": ["gate_30", "gate_40"], "players": [44700, 45489]}
    >>> cats = pd.DataFrame(columns | {"back": [8502, 8279]})  # Cookie Cats, after 7 days
    >>> retention = {"retention": {"n": "players", "events": "back"}}
    >>> effects = compare(cats, control="gate_30", variant="version", metrics=retention)
    >>> effects[["version", "metric", "lift", "p_value"]].round(5)
       version     metric     lift  p_value
    0  gate_40  retention -0.04312  0.00155
    """
    keys, forms = _listed(groups), _forms(metrics, totals)
    _require(totals, [*keys, variant, *(c for form in forms.values() for c in form.values())])
    rows = totals[totals[variant].notna()].reset_index(drop=True)
    treatment, partner = _pairs(rows, keys, variant, control)
    found = []
    for name, form in forms.items():
        arm, estimate = _read(rows, name, form), estimators.compare
        if "events" in form:
            estimate = score.compare_rates
        comparison = estimate(arm.take(np.maximum(partner, 0)), arm.take(treatment))
        comparison = estimators.without_control(comparison, partner < 0)
        found.append(_effects(comparison, "events" in form, method, alpha))
    result = rows.loc[np.repeat(treatment, len(forms)), [*keys, variant]].reset_index(drop=True)
    result["metric"] = np.tile(np.array(list(forms), dtype=object), treatment.size)
    for column in found[0]:
        result[column] = np.stack([one[column] for one in found], axis=1).ravel()
    return result


def _effects(
    comparison: estimators.Comparison, is_counted: object, method: str | None, alpha: float
) -> dict[str, Any]:
    """Units, means and effects by the method of each comparison."""
    none = np.zeros(comparison.df.shape, dtype=bool)
    names = choices.choose_methods(comparison, none | bool(is_counted), none)
    if method is not None:
        names = np.full(none.shape, one_of("method", method, METHODS))
    found = {field.name: np.full(none.shape, np.nan) for field in fields(Effect)}
    for one in np.unique(names):
        rows = names == one
        effect = evaluate(METHODS[str(one)], comparison.take(rows), alpha=alpha)
        for name, values in found.items():
            values[rows] = getattr(effect, name)
    names = names.astype(object)
    return {arm: getattr(comparison, arm) for arm in ARMS} | found | {"method": names}


def _pairs(
    rows: pd.DataFrame, keys: list[str], variant: str, control: object
) -> tuple[IntArray, IntArray]:
    """Rows of treatments, and for each that of its group's control, -1 without one."""
    known = rows[variant].unique().tolist()
    if control not in known:
        msg = f"`control` must be one of {known}, values of column {variant!r}, got {control!r}"
        raise ArgumentError(msg)
    twice = rows[rows.duplicated([*keys, variant])]
    if len(twice):
        first = twice[[*keys, variant]].iloc[0].to_dict()
        msg = f"the frame must have one row per group and variant, has two of {first}"
        raise TableError(msg)
    group = np.zeros(len(rows), dtype=np.int64)
    if keys:
        numbers = rows.groupby(keys, dropna=False, observed=True).ngroup()
        group = np.asarray(numbers, dtype=np.int64)
    is_control = (rows[variant] == control).to_numpy(dtype=bool)
    control_of = np.full(int(group.max()) + 1, -1)
    control_of[group[is_control]] = np.flatnonzero(is_control)
    treatment = np.flatnonzero(~is_control)
    return treatment, control_of[group[treatment]]


def _forms(
    metrics: Sequence[str] | Mapping[str, Mapping[str, str]], totals: pd.DataFrame
) -> dict[str, dict[str, str]]:
    """Columns of each metric by what they hold."""
    if isinstance(metrics, Mapping):
        forms = {name: dict(form) for name, form in metrics.items()}
    else:
        kind = {one: f"{one}_events" in totals.columns for one in _listed(metrics)}
        parts = {name: COUNTED if counted else MEASURED for name, counted in kind.items()}
        forms = {name: {part: f"{name}_{part}" for part in of} for name, of in parts.items()}
    for name, form in forms.items():
        if set(form) not in [set(allowed) for allowed in FORMS]:
            msg = f"`metrics`: columns of {name!r} must be one of {FORMS}, got {tuple(form)}"
            raise ArgumentError(msg)
    if not forms:
        msg = f"`metrics` must name at least one metric, got {metrics!r}"
        raise ArgumentError(msg)
    return forms


def _read(rows: pd.DataFrame, name: str, form: dict[str, str]) -> Moments:
    """Moments of every row, from the columns of one metric."""
    data = {part: _numbers(rows, column) for part, column in form.items()}
    n = data["n"]
    try:
        if "total" in data:
            return from_sums(n, data["total"], data["total_sq"])
        if "events" in data:
            rest = not_negative("n - events", n - not_negative("events", data["events"]))
            data |= {"mean": divide(data["events"], n), "m2": divide(data["events"] * rest, n)}
        if "std" in data:
            data["m2"] = not_negative("std", data["std"]) ** 2 * np.maximum(n - 1, 0)
        return Moments(n, data["mean"], data["m2"])
    except InputError as error:
        msg = f"metric {name!r}: {error}"
        raise MomentsError(msg) from None


def _moments(values: list[FloatArray], label: IntArray, size: int) -> Moments:
    """Moments of each group, of one column or of a ratio of two."""
    kept = ~np.isnan(np.sum(values, axis=0))
    values, label = [one[kept] for one in values], label[kept]
    if len(values) == 1:
        return from_values(values[0], label, size=size)
    return estimators.ratio(joint_from_values(*values, group=label, size=size))


def _numbers(rows: pd.DataFrame, column: str) -> FloatArray:
    """Values of a numeric column, missing ones NaN."""
    series = rows[column]
    kind, msg = series.dtype.kind, f"column {column!r} must be numeric, has dtype {series.dtype}"
    if kind not in "biufO" or (kind == "O" and any(isinstance(one, str) for one in series)):
        raise TableError(msg)
    try:
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        raise TableError(msg) from None


def _listed(columns: Sequence[str]) -> list[str]:
    if isinstance(columns, str):
        msg = f"`metrics` and `groups` must be lists of names, got {columns!r}"
        raise ArgumentError(msg)
    return list(columns)


def _require(frame: pd.DataFrame, columns: list[str]) -> None:
    missing = sorted(set(columns) - set(frame.columns))
    if missing:
        msg = f"the frame must have the columns {missing}, has {list(frame.columns)}"
        raise TableError(msg)
