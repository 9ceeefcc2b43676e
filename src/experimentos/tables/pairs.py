"""Every treatment beside its control, plain and covariate-adjusted."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from experimentos import arrow, estimators
from experimentos.inference import choices
from experimentos.moments import BoolArray, FloatArray, IntArray, JointMoments, Moments
from experimentos.tables.phases import Estimates, combine_phases

if TYPE_CHECKING:
    from experimentos.estimators import Comparison
    from experimentos.inference.stratified import Strata

GROUP = ["experiment_id", "population", "segment", "segment_value", "basis", "as_of"]
COUNTED = ["proportion", "retention", "funnel"]
MOMENTS = [field.name for field in fields(JointMoments) if field.name != "n"]

EFFECTS_INPUT = arrow.schema(
    "string: experiment_id metric variant population segment segment_value basis control role "
    "metric_type goal margin_kind mde_kind correction inputs_hash design spending futility; "
    "time: as_of look_date; "
    "flag: is_control is_final is_deciding has_covariate is_open is_last_look; "
    "integer: n_units n_events n_phases look; "
    "double: margin mde alpha alpha_harm power planned_n planned_effective_n time_fraction "
    "spending_parameter quantile_level quantile_value quantile_std_error m3_num "
    + " ".join(MOMENTS)
)
MOST_ALPHA_HARM = 0.5
# Of a mean: of values with less spread the third moment is not known.
LEAST_SPREAD = 1e-4
PRIOR = "string: prior_kind; double: prior_mean prior_sd prior_alpha prior_beta"
DECIDING_INPUT = pa.schema([
    *EFFECTS_INPUT,
    *arrow.schema(f"integer: n_looks n_missing; {PRIOR}"),
])  # fmt: skip


@dataclass(frozen=True)
class Pairs:
    """Comparisons, plain ones first; control -1: none; `twin`: the element that decides.

    `own_control` is what control's mean adds to the variance of the difference: arms are
    independent but for that. `skewness` is that of the difference, NaN where it is not known.
    """

    treatment: IntArray
    control: IntArray
    is_adjusted: BoolArray
    twin: IntArray
    comparison: Comparison
    covariate: Comparison
    plain_variance: FloatArray
    own_control: FloatArray
    skewness: FloatArray
    theta: FloatArray
    effective_units: FloatArray
    n_combined: IntArray
    strata: Strata

    @property
    def is_chosen(self) -> BoolArray:
        """Whether the element is its own twin: the adjustment that decides, if anything does."""
        return np.asarray(self.twin == np.arange(self.twin.size))

    def take(self, rows: BoolArray) -> Pairs:
        """Return the pairs under a mask that holds both twins or none."""
        number = np.cumsum(rows) - 1
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        taken = {
            name: value[rows] if isinstance(value, np.ndarray) else value.take(rows)
            for name, value in values.items()
        }
        return Pairs(**taken | {"twin": number[self.twin[rows]]})


def pair(inputs: pa.Table) -> Pairs:
    """Find the control of every treatment row and estimate both ways."""
    metric_group = arrow.codes(inputs, [*GROUP, "metric"])
    is_control = arrow.flags(inputs, "is_control")
    treatment = np.flatnonzero(~is_control)
    control = arrow.only_row(metric_group, is_control)[treatment]
    estimates = _estimates(inputs, metric_group, control, treatment)
    combined = combine_phases(inputs.take(treatment), estimates, control >= 0)
    found, plain = combined.estimates, combined.estimates.plain

    has = np.flatnonzero(~np.isnan(found.theta))
    every = np.concatenate([np.arange(treatment.size), has])
    is_adjusted = np.arange(every.size) >= treatment.size
    twin = np.arange(every.size)
    twin[has] = treatment.size + np.arange(has.size)
    return Pairs(
        treatment=treatment[every],
        control=control[every],
        is_adjusted=is_adjusted,
        twin=twin,
        comparison=plain.append(found.adjusted.take(has)),
        covariate=found.covariate.take(every),
        plain_variance=(plain.std_error**2)[every],
        own_control=np.concatenate([plain.var_control, found.own_control[has]]),
        # The cubes of what a covariate leaves are not kept: it is taken to be as skewed.
        skewness=found.skewness[every],
        theta=np.where(is_adjusted, found.theta[every], np.nan),
        effective_units=combined.effective_units[every],
        n_combined=combined.n_combined[every],
        strata=combined.strata,
    )


def is_deciding(inputs: pa.Table) -> BoolArray:
    """Tell which rows are of the readouts that decide, controls too.

    Parameters
    ----------
    inputs : pyarrow.Table
        With the columns of `EFFECTS_INPUT`.

    Returns
    -------
    array of bool, shape (rows,)
        Those of all units.
    """
    of_all = arrow.strings(inputs, "segment") == "all"
    return np.asarray(arrow.flags(inputs, "is_deciding") & of_all)


def error_rates(rows: pa.Table) -> tuple[FloatArray, FloatArray]:
    """Two-sided error rate of experiments, and the one-sided one of Rollback.

    Parameters
    ----------
    rows : pyarrow.Table
        With the columns ``alpha`` and ``alpha_harm``.

    Returns
    -------
    alpha, alpha_harm : array of shape (rows,)
        NaN where outside what is allowed. A rate of Rollback that is not given is half of alpha.
    """
    alpha, given = arrow.floats(rows, "alpha"), arrow.floats(rows, "alpha_harm")
    alpha = np.where((alpha > 0) & (alpha < 1), alpha, np.nan)
    harm = np.where(np.isnan(given), alpha / 2, given)
    return alpha, np.where((harm > 0) & (harm < MOST_ALPHA_HARM), harm, np.nan)


def joint_moments(inputs: pa.Table) -> JointMoments:
    """Joint moments of every row; what no data could have produced, or is not there, is NaN."""
    values = {
        name: arrow.floats(inputs, name)
        if name in inputs.column_names
        else np.full(inputs.num_rows, np.nan)
        for name in ("n_units", *MOMENTS)
    }
    n = values.pop("n_units")
    kind = arrow.strings(inputs, "metric_type")
    is_rate, is_ratio = np.isin(kind, COUNTED), kind == "ratio"
    with np.errstate(divide="ignore", invalid="ignore"):
        # n_events counts rows of a fact, several of which may be one unit's; the units with an
        # event are the rate times the units, and a whole number.
        rate = np.where(is_rate & (n > 0), np.rint(values["mean_num"] * n) / n, values["mean_num"])
        bad = ~(n >= 0) | (is_rate & ~((rate >= 0) & (rate <= 1)))
        values["mean_num"] = rate
        binomial = is_rate & np.isnan(values["m2_num"])
        values["m2_num"] = np.where(binomial, n * rate * (1 - rate), values["m2_num"])
    plain_cov = ~is_ratio | np.isnan(values["mean_den_cov"])
    for name in MOMENTS:
        if "den" in name.split("_"):
            constant = 1.0 if name.startswith("mean") else 0.0
            of_covariate = name.endswith("den_cov")
            values[name] = np.where(
                plain_cov if of_covariate else ~is_ratio, constant, values[name]
            )
        if name.startswith("m2"):
            values[name] = np.where(values[name] < 0, np.nan, values[name])
    blank = {name: np.where(bad, np.nan, column) for name, column in values.items()}
    return JointMoments(n=np.where(n >= 0, n, np.nan), **blank)


def compare_plainly(
    joint: JointMoments, is_counted: BoolArray, control: IntArray, treatment: IntArray
) -> Comparison:
    """Compare means, ratios and rates with the control of each; -1: none."""
    arms = estimators.ratio(joint)
    plain = estimators.compare(arms.take(control), arms.take(treatment))
    plain = plain.replace(is_counted[treatment], choices.compare_counts(plain))
    return estimators.without_control(plain, control < 0)


def _estimates(
    inputs: pa.Table, metric_group: IntArray, control: IntArray, treatment: IntArray
) -> Estimates:
    """Every treatment beside its control, in all the ways there are."""
    joint = joint_moments(inputs)
    kind = arrow.strings(inputs, "metric_type")
    is_quantile, has_none = kind == "quantile", control < 0
    plain = compare_plainly(joint, np.isin(kind, COUNTED), control, treatment)
    if is_quantile.any():
        of_quantiles = _quantiles(inputs, joint.n)
        both = estimators.compare_quantiles(
            of_quantiles.take(control), of_quantiles.take(treatment)
        )
        both = estimators.without_control(both, has_none)
        plain = plain.replace(is_quantile[treatment], both)

    covered = arrow.flags(inputs, "has_covariate") & ~is_quantile
    adjusted = estimators.adjust(joint, metric_group, covered)
    covariate = Moments(n=joint.n, mean=joint.mean_num_cov, m2=joint.m2_num_cov)
    return Estimates(
        plain=plain,
        adjusted=estimators.compare_adjusted(adjusted.take(control), adjusted.take(treatment)),
        own_control=adjusted.variance_within[control],
        covariate=estimators.compare(covariate.take(control), covariate.take(treatment)),
        skewness=np.where(has_none, np.nan, _skewness(inputs, joint, control, treatment)),
        theta=np.where(has_none, np.nan, adjusted.theta[treatment]),
        is_counted=np.isin(kind, COUNTED)[treatment],
    )


def _skewness(
    inputs: pa.Table, joint: JointMoments, control: IntArray, treatment: IntArray
) -> FloatArray:
    """Skewness of differences; a ratio's is taken to be that of its numerator."""
    kind = arrow.strings(inputs, "metric_type")
    # Warehouses sum cubes of values, which far from 0 have no digits left of the deviations'.
    with np.errstate(over="ignore", invalid="ignore"):
        is_lost = joint.n * (LEAST_SPREAD * joint.mean_num) ** 2 > joint.m2_num
    m3 = np.where(is_lost | (kind == "quantile"), np.nan, arrow.floats(inputs, "m3_num"))
    arms = estimators.ThirdMoments(n=joint.n, m2=joint.m2_num, m3=m3)
    of_rates = estimators.third_moments_of_rates(joint.n, joint.mean_num)
    arms = arms.replace(np.isin(kind, COUNTED), of_rates)
    return estimators.difference_skewness(arms.take(control), arms.take(treatment))


def _quantiles(inputs: pa.Table, n: FloatArray) -> estimators.Quantile:
    """Quantiles of the rows; without a level, or with an error of 0, none is known."""
    level, value, error = (
        arrow.floats(inputs, f"quantile_{name}") for name in ("level", "value", "std_error")
    )
    known = (level > 0) & (level < 1) & (error > 0) & ~np.isnan(value)
    return estimators.Quantile(n=n, value=value, std_error=np.where(known, error, np.nan))
