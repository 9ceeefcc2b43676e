"""Ramps: the readout of all units combined from those of the phases.

Units of different phases had different chances of a treatment, and what they do may change with
time: pooled, a difference between weeks would look like one between variants. So each phase is
compared with its own control, and the comparisons are combined (`estimators.combine`). The pooled
moments of such a readout are not used: where no phase can be compared, nothing is shown. Nor is
anything of segments and slices, whose moments hold the units of all phases together.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from experimentos import arrow, estimators
from experimentos.estimators import Comparison
from experimentos.estimators.grouping import totals
from experimentos.inference.score_statistic import counts
from experimentos.inference.stratified import Strata

if TYPE_CHECKING:
    import pyarrow as pa

    from experimentos.moments import BoolArray, FloatArray, IntArray

_PARENT = ["experiment_id", "population", "basis", "as_of", "metric", "variant"]


@dataclass(frozen=True)
class Estimates:
    """Treatments beside their controls: plain, adjusted (theta NaN: not), and their covariates.

    `own_control` is control's own part of the variance of the adjusted difference, `skewness` that
    of the plain one.
    """

    plain: Comparison
    adjusted: Comparison
    own_control: FloatArray
    covariate: Comparison
    skewness: FloatArray
    theta: FloatArray
    is_counted: BoolArray


@dataclass(frozen=True)
class Combined:
    """Estimates with those of ramps combined; `n_combined` phases each, 0 without a ramp."""

    estimates: Estimates
    effective_units: FloatArray
    n_combined: IntArray
    strata: Strata


def combine_phases(rows: pa.Table, given: Estimates, has_control: BoolArray) -> Combined:
    """Replace the estimates of ramps over all units by combinations of those of their phases."""
    segment, has_phases = arrow.strings(rows, "segment"), arrow.floats(rows, "n_phases") > 1
    given = _without_estimates(given, has_phases & ~np.isin(segment, ["all", "phase"]))
    effective = estimators.effective_units(given.plain)
    n_combined = np.zeros(has_control.size, dtype=np.int64)
    is_ramp = (segment == "all") & has_phases
    if not is_ramp.any():
        return Combined(given, effective, n_combined, Strata.none())
    part, whole = _parts(rows, given.plain, is_ramp, has_control)
    blank = _without_estimates(given, is_ramp)
    if not part.size:
        return Combined(blank, effective, n_combined, Strata.none())
    ramp, group = np.unique(whole, return_inverse=True)
    plain = given.plain.take(part)
    weight = estimators.period_weights(plain, group)
    effective[ramp] = totals(group, estimators.effective_units(plain))
    n_combined[ramp] = np.bincount(group)
    several = given.is_counted[part] & (n_combined[whole] > 1)
    return Combined(
        _combine(blank, given, (part, ramp, group), weight),
        effective,
        n_combined,
        Strata(whole[several], weight[several], counts(plain.take(several))),
    )


def _parts(
    rows: pa.Table, plain: Comparison, is_ramp: BoolArray, has_control: BoolArray
) -> tuple[IntArray, IntArray]:
    """Rows of phases that can be compared, and the row of the ramp that each is part of."""
    ramp = arrow.only_row(arrow.codes(rows, _PARENT), is_ramp)
    known = np.isfinite(
        plain.mean_control + plain.mean_treatment + plain.var_control + plain.var_treatment
    )
    is_phase = arrow.strings(rows, "segment") == "phase"
    part = np.flatnonzero(is_phase & has_control & known & (ramp >= 0))
    return part, ramp[part]


def _combine(
    blank: Estimates, given: Estimates, index: tuple[IntArray, IntArray, IntArray],
    weight: FloatArray,
) -> Estimates:  # fmt: skip
    """Put combinations into the rows of ramps: one set of weights for all ways to estimate."""
    part, ramp, group = index
    theta = given.theta[part]
    is_adjusted = ~np.isnan(theta)
    plain = given.plain.take(part)
    # A phase too small to be adjusted enters as it is: its coefficient is 0.
    chosen = plain.replace(is_adjusted, given.adjusted.take(part))
    coefficient = totals(group, weight * np.where(is_adjusted, theta, 0.0))
    some = totals(group, is_adjusted.astype(np.float64)) > 0
    thetas, own_control = blank.theta.copy(), blank.own_control.copy()
    skewness = blank.skewness.copy()
    skewness[ramp] = estimators.combined_skewness(
        given.skewness[part], plain.std_error, group, weight
    )
    own_part = np.where(is_adjusted, given.own_control[part], plain.var_control)
    own_control[ramp] = totals(group, weight**2 * own_part)
    thetas[ramp] = np.where(some, coefficient, np.nan)
    covariate = estimators.combine(given.covariate.take(part), group, weight)
    return replace(
        blank,
        plain=_put(blank.plain, ramp, estimators.combine(plain, group, weight)),
        adjusted=_put(blank.adjusted, ramp, estimators.combine(chosen, group, weight)),
        own_control=own_control,
        covariate=_put(blank.covariate, ramp, covariate),
        skewness=skewness,
        theta=thetas,
    )


def _without_estimates(given: Estimates, rows: BoolArray) -> Estimates:
    """Take the estimates from some rows; their units stay."""
    unknown = Comparison(*(np.full(rows.shape, np.nan) for _ in fields(Comparison)))
    units = replace(unknown, n_control=given.plain.n_control, n_treatment=given.plain.n_treatment)
    return replace(
        given,
        plain=given.plain.replace(rows, units),
        adjusted=given.adjusted.replace(rows, unknown),
        own_control=np.where(rows, np.nan, given.own_control),
        covariate=given.covariate.replace(rows, unknown),
        skewness=np.where(rows, np.nan, given.skewness),
        theta=np.where(rows, np.nan, given.theta),
    )


def _put(into: Comparison, rows: IntArray, values: Comparison) -> Comparison:
    columns = {}
    for field in fields(into):
        columns[field.name] = getattr(into, field.name).copy()
        columns[field.name][rows] = getattr(values, field.name)
    return Comparison(**columns)
