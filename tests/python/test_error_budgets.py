"""The two promises of the statistical contract, by simulation through the models' own entry.

(L) a variant that improves no success metric, or breaks a margin, is launched with probability at
most alpha / 2. (R) with nothing truly worse, the same holds for rolling any variant back.

A test fails when the 99.9 % one-sided exact lower bound of the rate exceeds its promise.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pytest
from reference.builders import column_table
from scipy import stats

from experimentos import tables

BUDGET = 0.025
UNITS = 1000
CONTROL_MEAN, SPREAD, MARGIN = 10.0, 2.0, 0.02


@dataclass(frozen=True)
class Cell:
    """One design: treatments, success metrics, guardrails (every second with a margin)."""

    arms: int
    success: int
    guardrails: int
    correlation: float

    @property
    def has_margin(self):
        guardrail = np.arange(self.success + self.guardrails) - self.success
        return (guardrail >= 0) & (guardrail % 2 == 0)


def simulate(cell, effect, *, trials, rng, looks=1):
    """Effects table of many experiments; `effect` is the true difference of each metric."""
    metrics = cell.success + cell.guardrails
    shape = (trials, looks, cell.arms + 1, metrics)
    # Batches of equal size between looks, their moments merged.
    n = UNITS // looks
    shared = rng.normal(size=(*shape[:3], 1)) * np.sqrt(cell.correlation)
    own = rng.normal(size=shape) * np.sqrt(1 - cell.correlation)
    truth = CONTROL_MEAN + np.where(np.arange(cell.arms + 1)[:, None] > 0, effect, 0.0)
    batch = truth + (shared + own) * SPREAD / np.sqrt(n)
    size = n * np.arange(1.0, looks + 1)[:, None, None]
    mean = batch.cumsum(axis=1) / np.arange(1.0, looks + 1)[:, None, None]
    within = (rng.chisquare(n - 1, shape) * SPREAD**2).cumsum(axis=1)
    between = n * (np.square(batch).cumsum(axis=1) - np.square(mean) * size / n)
    index = np.indices(shape).reshape(4, -1)
    trial, look, arm, metric = index
    days = np.array([dt.datetime(2026, 9, 1 + d) for d in range(looks)])
    table = column_table(
        {
            "experiment_id": trial.astype(str), "variant": arm.astype(str),
            "metric": metric.astype(str), "as_of": days[look], "is_control": arm == 0,
            "is_final": look == looks - 1, "metric_type": np.full(trial.size, "mean"),
            "role": np.where(metric < cell.success, "success", "guardrail"),
            "margin": np.where(cell.has_margin[metric], MARGIN, np.nan),
            "margin_kind": np.full(trial.size, "relative"),
            "n_units": np.broadcast_to(size, shape).ravel().astype(int),
            "mean_num": mean.ravel(), "m2_num": (within + np.maximum(between, 0)).ravel(),
        }
    )  # fmt: skip
    return tables.effects(table)


def read(found, name, missing):
    values = found.column(name).to_numpy(zero_copy_only=False)
    return np.where(np.isnan(values), missing, values)


def launched(found):
    """Experiments in which some arm can be launched, by the condition of the contract."""
    arm = np.char.add(
        np.char.add(found["experiment_id"].to_numpy().astype(str), "/"),
        found["variant"].to_numpy().astype(str),
    )
    _, number = np.unique(arm, return_inverse=True)
    superior = np.zeros(number.max() + 1, dtype=bool)
    np.logical_or.at(superior, number, read(found, "p_value_corrected", 1.0) <= BUDGET)
    ready = (read(found, "p_launch_corrected", 1.0) <= BUDGET) & superior[number]
    return np.unique(found["experiment_id"].to_numpy()[ready]).size


def rolled_back(found):
    """Experiments in which harm is shown in any arm at any look."""
    harmed = read(found, "p_value_harm_corrected", 1.0) <= BUDGET
    return np.unique(found["experiment_id"].to_numpy()[harmed]).size


def assert_within_budget(errors, trials):
    bound = stats.beta.ppf(0.001, errors, trials - errors + 1) if errors else 0.0
    assert bound <= BUDGET, f"{errors} errors in {trials}"


CELLS = [Cell(1, 1, 0, 0.0), Cell(1, 5, 2, 0.7), Cell(3, 1, 2, 0.0), Cell(3, 5, 10, 0.7)]
SCENARIOS = ["success null", "one guardrail at its margin", "all null"]


def true_effects(cell, scenario):
    """Least favourable truths; the second element tells whether launching is an error."""
    effect = np.zeros(cell.success + cell.guardrails)
    guardrail = np.arange(effect.size) >= cell.success
    if scenario == "success null":
        effect[guardrail] = 5.0
    if scenario == "one guardrail at its margin":
        effect[:] = 5.0
        effect[np.flatnonzero(cell.has_margin)[:1]] = -MARGIN * CONTROL_MEAN
    return effect


def check_launches(cell, scenario, trials, chunk, seed):
    rng, errors = np.random.default_rng(seed), 0
    for _ in range(trials // chunk):
        found = simulate(cell, true_effects(cell, scenario), trials=chunk, rng=rng)
        errors += launched(found)
    assert_within_budget(errors, trials)
    return errors


def check_rollbacks(cell, trials, chunk, seed, looks):
    """Margin guardrails exactly at their margin, everything else exactly as control."""
    effect = np.where(cell.has_margin, -MARGIN * CONTROL_MEAN, 0.0)
    rng, errors = np.random.default_rng(seed), 0
    for _ in range(trials // chunk):
        errors += rolled_back(simulate(cell, effect, trials=chunk, rng=rng, looks=looks))
    assert_within_budget(errors, trials)
    return errors


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_launch_errors_are_within_their_budget(cell, scenario):
    if scenario == "one guardrail at its margin" and not cell.has_margin.any():
        pytest.skip("no guardrail with a margin")
    check_launches(cell, scenario, trials=1000, chunk=500, seed=1)


@pytest.mark.parametrize("looks", [1, 5])
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_rollback_errors_are_within_their_budget(cell, looks):
    check_rollbacks(cell, trials=500, chunk=250, seed=2, looks=looks)


def test_the_simulation_can_see_errors():
    # One success metric and one arm: the null is exact, so the rates are near their budgets.
    trials, cell = 4000, CELLS[0]
    low, high = stats.binom.ppf([0.0005, 0.9995], trials, BUDGET)
    assert low <= check_launches(cell, "success null", trials, trials, seed=3) <= high
    # At one final look harm spends 0.8 of its budget and the always-valid part little more.
    errors = check_rollbacks(cell, trials, trials, seed=4, looks=1)
    assert stats.binom.ppf(0.0005, trials, 0.8 * BUDGET) <= errors


def test_true_effects_are_found():
    cell, rng = Cell(1, 1, 2, 0.0), np.random.default_rng(5)
    better, worse = (
        simulate(cell, np.array([0.5, 0.0, 0.0]), trials=200, rng=rng),
        simulate(cell, np.array([0.0, 0.0, -0.6]), trials=200, rng=rng),
    )
    # The difference of 0.5 is 5.6 standard errors; non-inferiority is 2.2 above its level.
    assert launched(better) > 100
    assert rolled_back(worse) > 190


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_launch_errors_at_length(cell, scenario):
    if scenario == "one guardrail at its margin" and not cell.has_margin.any():
        pytest.skip("no guardrail with a margin")
    check_launches(cell, scenario, trials=20_000, chunk=1000, seed=11)


@pytest.mark.slow
@pytest.mark.parametrize("looks", [1, 10])
@pytest.mark.parametrize("cell", CELLS[:3], ids=str)
def test_rollback_errors_at_length(cell, looks):
    check_rollbacks(cell, trials=20_000 if looks == 1 else 6000, chunk=500, seed=12, looks=looks)


def rare_guardrail(trials, treated, seed):
    """Experiments of 1,000 a side: a tenth convert in both, 1 % of control has an error."""
    rates = np.array([[0.1, 0.01], [0.1, treated]])
    events = np.random.default_rng(seed).binomial(UNITS, rates, (trials, 2, 2))
    trial, variant, metric = np.indices(events.shape).reshape(3, -1)
    rate = events.ravel() / UNITS
    return tables.effects(
        column_table(
            {
                "experiment_id": trial.astype(str), "variant": variant.astype(str),
                "metric": metric.astype(str), "is_control": variant == 0,
                "role": np.where(metric == 0, "success", "guardrail"),
                "goal": np.where(metric == 0, "increase", "decrease"),
                "n_units": np.full(trial.size, UNITS), "n_events": events.ravel(),
                "mean_num": rate, "m2_num": UNITS * rate * (1 - rate),
            }
        )
    )  # fmt: skip


def test_a_rare_guardrail_that_did_not_change_is_as_rarely_harm_as_promised():
    trials = 4000
    assert_within_budget(rolled_back(rare_guardrail(trials, 0.01, seed=21)), trials)
    # Four times as many errors are seen.
    assert rolled_back(rare_guardrail(500, 0.04, seed=22)) > 0.9 * 500
