"""Posteriors of the readouts that decide: what is believed, which never changes a verdict.

Rates that are neither adjusted nor combined over phases have beta posteriors of their counts. All
others have normal ones around the estimate that decides, with its standard error: means, ratios,
quantiles, adjusted rates, ramps, and rates with a prior on the lift. That is a prior on the
difference, in metric units at the control value seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from experimentos import arrow
from experimentos.bayes import BetaPrior, MeansPosterior, NormalPrior, beta_binomial, normal
from experimentos.inference.score_statistic import counts
from experimentos.tables.best_arms import Normals, best_means, best_rates, several
from experimentos.tables.comparisons import WORDS
from experimentos.tables.pairs import COUNTED, DECIDING_INPUT, PRIOR, Pairs, is_deciding, pair

if TYPE_CHECKING:
    from experimentos.bayes import Better, CredibleInterval
    from experimentos.estimators import Comparison
    from experimentos.moments import BoolArray, FloatArray, IntArray

POSTERIORS_OUTPUT = arrow.schema(
    "string: experiment_id metric variant; double: probability_better probability_best "
    f"expected_loss lower upper; string: method; {PRIOR}; string: inputs_hash control_inputs_hash"
)
PRIORS = ["flat", "lift", "beta"]
_GROUP = ["experiment_id", "metric", "population", "basis", "as_of"]
_NUMBERS = ("probability_better", "probability_best", "expected_loss", "lower", "upper")
# Deviations of the control value from 0 below which a fraction of it is no scale.
SEPARATED = 4.0


@dataclass(frozen=True)
class Readouts:
    """Treatments that decide, one element each; `prior_*` are as applied, NaN of other kinds."""

    comparison: Comparison
    own_control: FloatArray
    group: IntArray
    is_up: BoolArray
    alpha: FloatArray
    prior_kind: arrow.StringArray
    prior_mean: FloatArray
    prior_sd: FloatArray
    prior_alpha: FloatArray
    prior_beta: FloatArray


def posteriors(table: pa.Table) -> pa.Table:
    """Posterior probabilities, losses and intervals of every treatment.

    Parameters
    ----------
    table : pyarrow.Table
        `experimentos__deciding_inputs`: the rows that decide, with those of their phases. Needs the
        columns of `DECIDING_INPUT`; others are ignored.

    Returns
    -------
    pyarrow.Table
        The columns of `POSTERIORS_OUTPUT`: one row per experiment, metric and treatment. Undefined
        numbers are NULL.

    Raises
    ------
    TableError
        If columns are missing or of the wrong type.
    ArgumentError
        If a role, metric type, goal, margin kind or kind of prior is unknown.
    """
    inputs = arrow.read(table, DECIDING_INPUT)
    if inputs.num_rows == 0:
        return POSTERIORS_OUTPUT.empty_table()
    arrow.require_words(inputs, WORDS | {"prior_kind": PRIORS})
    with np.errstate(all="ignore"):
        pairs = pair(inputs)
        chosen = pairs.is_chosen & is_deciding(inputs)[pairs.treatment]
        rows = inputs.take(pairs.treatment[chosen])
        columns = _columns(_readouts(rows, pairs, chosen))
    control = pairs.control[chosen]
    result: dict[str, object] = {name: rows.column(name) for name in _GROUP[:2]}
    result |= {"variant": rows.column("variant"), "inputs_hash": rows.column("inputs_hash")}
    result["control_inputs_hash"] = inputs.column("inputs_hash").take(
        pa.array(control, mask=control < 0)
    )
    output = arrow.write(result | columns, POSTERIORS_OUTPUT)
    return output.sort_by([(name, "ascending") for name in ("experiment_id", "metric", "variant")])


def _readouts(rows: pa.Table, pairs: Pairs, chosen: BoolArray) -> Readouts:
    kind = arrow.strings(rows, "prior_kind", default="flat")
    mean, sd, alpha, beta = (
        arrow.floats(rows, f"prior_{name}") for name in ("mean", "sd", "alpha", "beta")
    )
    counted = np.isin(arrow.strings(rows, "metric_type"), COUNTED) & ~pairs.is_adjusted[chosen]
    counted &= arrow.floats(rows, "n_phases") <= 1
    is_lift = kind == "lift"
    is_beta = counted & ~is_lift
    flat = is_beta & (kind == "flat")
    level = arrow.floats(rows, "alpha")
    return Readouts(
        comparison=pairs.comparison.take(chosen),
        own_control=pairs.own_control[chosen],
        group=arrow.codes(rows, _GROUP),
        is_up=arrow.strings(rows, "goal") != "decrease",
        alpha=np.where((level > 0) & (level < 1), level, np.nan),
        prior_kind=np.where(is_beta, "beta", np.where(is_lift, "lift", "flat")),
        prior_mean=np.where(is_lift, np.where(np.isnan(mean), 0.0, mean), np.nan),
        prior_sd=np.where(is_lift & (sd > 0), sd, np.nan),
        prior_alpha=np.where(flat, 1.0, np.where(is_beta & (alpha > 0), alpha, np.nan)),
        prior_beta=np.where(flat, 1.0, np.where(is_beta & (beta > 0), beta, np.nan)),
    )


def _columns(readouts: Readouts) -> dict[str, object]:
    """All numbers of the output, and what prior and model they come from."""
    is_beta = readouts.prior_kind == "beta"
    found = np.full((len(_NUMBERS), is_beta.size), np.nan)
    for rows, compute in ((is_beta, _rates), (~is_beta, _means)):
        if rows.any():
            found[:, rows] = compute(_take(readouts, rows))
    names = ("kind", "mean", "sd", "alpha", "beta")
    columns: dict[str, object] = dict(zip(_NUMBERS, found, strict=True))
    columns |= {f"prior_{name}": getattr(readouts, f"prior_{name}") for name in names}
    return columns | {"method": np.where(is_beta, "beta-binomial", "normal")}


def _take(readouts: Readouts, rows: BoolArray) -> Readouts:
    """Choose readouts; a metric's treatments are together, as its prior is one."""
    values: dict[str, Any] = {
        name: value[rows] if isinstance(value, np.ndarray) else value.take(rows)
        for name, value in vars(readouts).items()
    }
    return Readouts(**values | {"group": np.unique(values["group"], return_inverse=True)[1]})


def _rates(readouts: Readouts) -> FloatArray:
    """Columns `_NUMBERS` under beta posteriors."""
    given = counts(readouts.comparison)
    alpha, beta = readouts.prior_alpha, readouts.prior_beta
    known = ~np.isnan(given.x_c + given.x_t + alpha + beta)
    # A unit of no event stands for what is unknown; its row is blanked below.
    prior = BetaPrior(np.where(known, alpha, 1.0), np.where(known, beta, 1.0))
    control, treatment = (
        beta_binomial.posterior(np.where(known, x, np.nan), np.where(known, n, np.nan), prior=prior)
        for x, n in ((given.x_c, given.n_c), (given.x_t, given.n_t))
    )
    better = beta_binomial.better(control, treatment)
    limits = beta_binomial.difference_interval(control, treatment, alpha=_level(readouts))
    best, loss = _of_two(better, readouts.is_up)
    for index in several(readouts.group):
        found = best_rates(
            control.take(index), treatment.take(index), is_up=readouts.is_up[index[:, 0]]
        )
        best[index], loss[index] = found.probability[:, 1:], found.loss[:, 1:]
    return _stacked(readouts, better, limits, best, loss)


def _means(readouts: Readouts) -> FloatArray:
    """Columns `_NUMBERS` under normal posteriors."""
    normals = _normals(readouts)
    prior = NormalPrior(normals.prior_mean, normals.prior_sd)
    comparison = readouts.comparison
    blank = 0 * normals.estimate
    means = normal.posterior(comparison, difference=prior)
    centre, variance = means.difference + blank, means.var_difference + blank
    for index in several(readouts.group):
        joint = normals.take(index).joint()
        by_prior = np.isfinite(normals.prior_sd[index]) & ~np.isnan(joint.mean)
        centre[index] = np.where(by_prior, joint.mean, centre[index])
        variance[index] = np.where(by_prior, joint.sd**2, variance[index])
    means = MeansPosterior(means.control, centre, means.var_control, variance, means.covariance)
    better = normal.better(means)
    limits = normal.difference_interval(means, alpha=_level(readouts))
    best, loss = _of_two(better, readouts.is_up)
    for index in several(readouts.group):
        found = best_means(normals.take(index), is_up=readouts.is_up[index[:, 0]])
        best[index], loss[index] = found.probability[:, 1:], found.loss[:, 1:]
    return _stacked(readouts, better, limits, best, loss)


def _normals(readouts: Readouts) -> Normals:
    """Estimates and priors in metric units; NaN where a prior on the lift has no scale."""
    comparison, is_lift = readouts.comparison, readouts.prior_kind == "lift"
    size = np.abs(comparison.mean_control)
    scaled = (size > SEPARATED * np.sqrt(comparison.var_control)) & (readouts.prior_sd > 0)
    blank = np.where(is_lift & ~scaled, np.nan, 0.0)
    usable = is_lift & scaled
    return Normals(
        estimate=comparison.estimate + blank,
        control=comparison.mean_control,
        variance=comparison.std_error**2 + blank,
        own_control=readouts.own_control,
        prior_mean=np.where(usable, readouts.prior_mean * size, 0.0),
        prior_sd=np.where(usable, readouts.prior_sd * size, np.inf),
    )


def _level(readouts: Readouts) -> FloatArray:
    return np.where(np.isnan(readouts.alpha), 0.5, readouts.alpha)


def _of_two(better: Better, is_up: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Probability that treatment is the better of two, and the loss of choosing it."""
    return (
        np.where(is_up, better.probability, better.complement),
        np.where(is_up, better.loss_treatment, better.loss_control),
    )


def _stacked(
    readouts: Readouts, better: Better, limits: CredibleInterval, best: FloatArray, loss: FloatArray
) -> FloatArray:
    known = np.where(np.isnan(readouts.alpha), np.nan, 0.0)
    probability, _ = _of_two(better, readouts.is_up)
    return np.stack([probability, best, loss, limits.lower + known, limits.upper + known])
