"""Every treatment beside its control, plain and covariate-adjusted."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from experimentos import arrow, estimators
from experimentos.inference import mixed
from experimentos.moments import BoolArray, FloatArray, IntArray, JointMoments, Moments

if TYPE_CHECKING:
    import pyarrow as pa

    from experimentos.estimators import Comparison

GROUP = ["experiment_id", "population", "segment", "segment_value", "basis", "as_of"]
_MOMENTS = [field.name for field in fields(JointMoments) if field.name != "n"]

EFFECTS_INPUT = arrow.schema(
    "string: experiment_id metric variant population segment segment_value basis control role "
    "metric_type goal margin_kind mde_kind correction inputs_hash; time: as_of; "
    "flag: is_control is_final has_covariate; integer: n_units n_events; "
    "double: margin mde alpha power planned_n " + " ".join(_MOMENTS)
)


@dataclass(frozen=True)
class Pairs:
    """Comparisons, plain ones first; control -1: none; `twin`: the element that decides."""

    treatment: IntArray
    control: IntArray
    is_adjusted: BoolArray
    twin: IntArray
    comparison: Comparison
    covariate_control: Moments
    covariate_treatment: Moments
    plain_variance: FloatArray
    theta: FloatArray

    @property
    def is_deciding(self) -> BoolArray:
        """Whether the element is its own twin."""
        return np.asarray(self.twin == np.arange(self.twin.size))


def pair(inputs: pa.Table) -> Pairs:
    """Find the control of every treatment row and estimate both ways."""
    metric_group = arrow.codes(inputs, [*GROUP, "metric"])
    is_control = arrow.flags(inputs, "is_control")
    treatment = np.flatnonzero(~is_control)
    control = arrow.only_row(metric_group, is_control)[treatment]

    joint = _joint_moments(inputs)
    arms = estimators.ratio(joint)
    plain = estimators.compare(arms.take(control), arms.take(treatment))
    counted = arrow.strings(inputs, "metric_type")[treatment] == "proportion"
    plain = plain.replace(counted, mixed.compare_counts(plain))
    plain = estimators.without_control(plain, control < 0)

    covered = arrow.flags(inputs, "has_covariate")
    adjusted = estimators.adjust(joint, metric_group, covered)
    covariate = Moments(n=joint.n, mean=joint.mean_num_cov, m2=joint.m2_num_cov)
    has = np.flatnonzero((control >= 0) & ~np.isnan(adjusted.theta[treatment]))
    both = estimators.compare_adjusted(adjusted.take(control[has]), adjusted.take(treatment[has]))
    variance = plain.std_error**2
    theta = np.concatenate([np.full(treatment.size, np.nan), adjusted.theta[treatment[has]]])
    twin = np.arange(theta.size)
    twin[has] = treatment.size + np.arange(has.size)
    return Pairs(
        treatment=np.concatenate([treatment, treatment[has]]),
        control=np.concatenate([control, control[has]]),
        is_adjusted=np.arange(theta.size) >= treatment.size,
        twin=twin,
        comparison=plain.append(both),
        covariate_control=covariate.take(np.concatenate([control, control[has]])),
        covariate_treatment=covariate.take(np.concatenate([treatment, treatment[has]])),
        plain_variance=np.concatenate([variance, variance[has]]),
        theta=theta,
    )


def _joint_moments(inputs: pa.Table) -> JointMoments:
    """Joint moments of every row; what no data could have produced is NaN."""
    values = {name: arrow.floats(inputs, name) for name in ("n_units", *_MOMENTS)}
    n = values.pop("n_units")
    kind = arrow.strings(inputs, "metric_type")
    is_rate, is_ratio = kind == "proportion", kind == "ratio"
    with np.errstate(divide="ignore", invalid="ignore"):
        # n_events counts rows of a fact, several of which may be one unit's; the units with an
        # event are the rate times the units, and a whole number.
        rate = np.where(is_rate & (n > 0), np.rint(values["mean_num"] * n) / n, values["mean_num"])
        bad = ~(n >= 0) | (is_rate & ~((rate >= 0) & (rate <= 1)))
        values["mean_num"] = rate
        binomial = is_rate & np.isnan(values["m2_num"])
        values["m2_num"] = np.where(binomial, n * rate * (1 - rate), values["m2_num"])
    plain_cov = ~is_ratio | np.isnan(values["mean_den_cov"])
    for name in _MOMENTS:
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
