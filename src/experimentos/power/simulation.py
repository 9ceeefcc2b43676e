"""Power by simulation, as a check of the formulas: moments are drawn and really tested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from experimentos.errors import ArgumentError
from experimentos.estimators import compare
from experimentos.inference.margins import noninferior, superior
from experimentos.inference.score import compare_rates
from experimentos.moments import Moments
from experimentos.power.outcomes import Means, Rates

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from experimentos.estimators import Comparison
    from experimentos.moments import FloatArray
    from experimentos.power.rule import PlannedMetric

MINIMUM_UNITS = 2
OPPOSITE = {"increase": "decrease", "decrease": "increase"}


@dataclass(frozen=True)
class Simulated:
    """A simulated power.

    Parameters
    ----------
    power : float
        Share of the runs in which the test rejected.
    std_error : float
        Monte-Carlo standard error of `power`.
    runs : int
        Simulated experiments.
    """

    power: float
    std_error: float
    runs: int


@dataclass(frozen=True, eq=False)
class SimulatedTests:
    """One-sided p-values of simulated experiments.

    Parameters
    ----------
    p_superior, p_noninferior, p_harm : array of shape (runs, arms, metrics)
        As those of `families.Hypotheses`: better than control; worse by less than the margin (NaN
        without one); worse than control, or than the margin where there is one.
    p_worse : array of shape (runs, arms, metrics)
        Worse than control, margin or not.
    """

    p_superior: FloatArray
    p_noninferior: FloatArray
    p_harm: FloatArray
    p_worse: FloatArray


def simulated_power(
    outcome: Means | Rates, n_control: int, n_treatment: int, *, margin: float | None = None,
    is_relative: bool = False, goal: str = "increase", alpha: float = 0.05, sides: int = 1,
    runs: int = 10_000, seed: int | np.random.Generator = 1,
) -> Simulated:  # fmt: skip
    """Power of one test, by drawing the two arms again and again.

    Parameters
    ----------
    outcome : Means or Rates
        The truth, as scalars: normal units, or binomial counts.
    n_control, n_treatment : int
        Units, at least 2.
    margin : float, optional
        Largest deterioration allowed, for non-inferiority. Default: superiority.
    is_relative : bool
        Whether the margin is a fraction of the absolute control mean.
    goal : str
        What is good: ``increase`` or ``decrease``.
    alpha : float
        Error rate, of both sides together if there are two.
    sides : int
        1 or 2.
    runs : int
        Experiments to simulate.
    seed : int or Generator
        Where the random numbers come from.

    Returns
    -------
    Simulated
        Runs in which the test is undefined count as not rejected.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> found = simulated_power(Means(1.0), 20, 20, alpha=0.05, sides=2)  # exact: 0.869
    >>> abs(found.power - 0.869) < 3 * found.std_error
    True
    """
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal((2, runs, 1))
    control = _draw(outcome, n_control, normal[0], rng, is_control=True)
    treatment = _draw(outcome, n_treatment, normal[1], rng, is_control=False)
    comparison, method = _compared(outcome, control, treatment)
    options = {"method": method, "goal": goal, "alpha": alpha, "sides": sides}
    if margin is None:
        found = superior(comparison, **options)  # type: ignore[arg-type]
    else:
        found = noninferior(comparison, margin, is_relative=is_relative, **options)  # type: ignore[arg-type]
    with np.errstate(invalid="ignore"):
        power = float((found.p_value < alpha).mean())
    return Simulated(power, float(np.sqrt(power * (1 - power) / runs)), runs)


def simulated_tests(
    metrics: Sequence[PlannedMetric], units: npt.ArrayLike, *, correlation: float = 0.0,
    effects: npt.ArrayLike | None = None, runs: int = 10_000,
    seed: int | np.random.Generator = 1,
) -> SimulatedTests:  # fmt: skip
    """Test all metrics and arms of simulated experiments, to be decided by the families.

    Parameters
    ----------
    metrics : sequence of PlannedMetric
        Deciding metrics; their factors divide the units.
    units : array of shape (arms + 1,)
        Units of control and of each treatment.
    correlation : float
        Between the estimates of any two metrics of one arm, 0 or more: of normal deviates behind
        means and counts.
    effects : array of shape (arms, metrics), optional
        True differences. Default: those of success metrics as planned, 0 for guardrails.
    runs : int
        Experiments to simulate.
    seed : int or Generator
        Where the random numbers come from.

    Returns
    -------
    SimulatedTests, fields of shape (runs, arms, metrics)
        Deviations of means are drawn independently.

    Raises
    ------
    ArgumentError
        If the correlation is outside 0 to 1 or an arm has fewer than 2 units.
    """
    if not 0 <= correlation <= 1:
        msg = f"`correlation` must be from 0 to 1, got {correlation!r}"
        raise ArgumentError(msg)
    rng, sizes = np.random.default_rng(seed), np.asarray(units, dtype=np.float64)
    shape = runs, sizes.size, len(metrics)
    common, own = rng.standard_normal((*shape[:2], 1)), rng.standard_normal(shape)
    normal = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
    found = {name: np.full((runs, sizes.size - 1, len(metrics)), np.nan)
             for name in ("p_superior", "p_noninferior", "p_harm", "p_worse")}  # fmt: skip
    for index, metric in enumerate(metrics):
        n = np.rint(sizes / metric.factor)
        control = _draw(metric.outcome, n[0], normal[:, 0, index], rng, is_control=True)
        for arm in range(1, sizes.size):
            outcome = metric.outcome if metric.role == "success" else metric.outcome.shifted(0.0)
            if effects is not None:
                outcome = outcome.shifted(np.asarray(effects, np.float64)[arm - 1, index])
            treatment = _draw(outcome, n[arm], normal[:, arm, index], rng, is_control=False)
            for name, p in _p_values(metric, control, treatment).items():
                found[name][:, arm - 1, index] = p
    return SimulatedTests(**found)


def _p_values(metric: PlannedMetric, control: Moments, treatment: Moments) -> dict[str, FloatArray]:
    """One-sided p-values of one metric and arm."""
    comparison, method = _compared(metric.outcome, control, treatment)
    goal, back = metric.goal, OPPOSITE[metric.goal]
    worse = superior(comparison, method=method, goal=back).p_value
    found = {"p_superior": superior(comparison, method=method, goal=goal).p_value}
    found |= {"p_worse": worse, "p_harm": worse}
    if metric.has_margin:
        margin, relative = float(metric.margin or 0.0), metric.is_relative
        found["p_noninferior"] = noninferior(
            comparison, margin, method=method, is_relative=relative, goal=goal
        ).p_value
        found["p_harm"] = superior(
            comparison, margin, method=method, is_relative=relative, goal=back
        ).p_value
    return found


def _draw(
    outcome: Means | Rates, n: float, normal: FloatArray, rng: np.random.Generator, *,
    is_control: bool,
) -> Moments:  # fmt: skip
    """Moments of one arm in every run, their means or counts from normal deviates."""
    if n < MINIMUM_UNITS:
        msg = f"arms must have at least {MINIMUM_UNITS} units, got {n!r}"
        raise ArgumentError(msg)
    deviate = normal.reshape(-1)
    size = np.full(deviate.shape, float(n))
    if isinstance(outcome, Rates):
        from scipy.stats import binom  # noqa: PLC0415

        rate = float(np.asarray(outcome.control if is_control else outcome.treatment))
        events = binom.ppf(ndtr(deviate), n, rate)
        return Moments(size, events / n, np.zeros_like(size))
    base = float(np.asarray(outcome.mean_control))
    base = 0.0 if np.isnan(base) else base
    mean = base if is_control else base + float(np.asarray(outcome.effect))
    sd = float(np.asarray(outcome.sd_control if is_control else outcome.sd_treatment))
    spread = sd**2 * rng.chisquare(n - 1, size=size.shape)
    return Moments(size, mean + deviate * sd / np.sqrt(n), spread)


def _compared(
    outcome: Means | Rates, control: Moments, treatment: Moments
) -> tuple[Comparison, str]:
    if isinstance(outcome, Rates):
        return compare_rates(control, treatment), "score"
    return compare(control, treatment), "welch"
