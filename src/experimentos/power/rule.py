"""Units that a whole experiment needs: its success metrics, guardrails, arms and looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.arguments import one_of, positive, probability
from experimentos.errors import ArgumentError
from experimentos.power.arms import checked_shares
from experimentos.power.margins import (
    noninferiority_units,
    superiority_detectable,
    superiority_units,
)
from experimentos.power.sequential_factors import always_valid_factor, group_factor
from experimentos.sequential.group import group_sequential

if TYPE_CHECKING:
    from collections.abc import Sequence

    from experimentos.moments import FloatArray
    from experimentos.power.outcomes import Means, Rates

ROLES = ("success", "guardrail")
DESIGNS = ("fixed", "group_sequential", "always_valid")
OPPOSITE = {"increase": "decrease", "decrease": "increase"}
HARM_POWER = 0.8


@dataclass(frozen=True)
class PlannedMetric:
    """A deciding metric and what is assumed of it.

    Parameters
    ----------
    name : str
        For the result.
    outcome : Means or Rates
        Scalars; the effect of a success metric is the one looked for, that of a guardrail is not
        read.
    role : str
        ``success`` or ``guardrail``.
    margin : float, optional
        Largest deterioration allowed of a guardrail; a guardrail without one need not be shown.
    is_relative : bool
        Whether the margin is a fraction of the absolute control mean.
    goal : str
        What is good: ``increase`` or ``decrease``.
    factor : float
        What units needed are multiplied by: adjustment, clusters.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.
    """

    name: str
    outcome: Means | Rates
    role: str = "success"
    margin: float | None = None
    is_relative: bool = False
    goal: str = "increase"
    factor: float = 1.0

    def __post_init__(self) -> None:
        """Check."""
        one_of("role", self.role, ROLES)
        one_of("goal", self.goal, OPPOSITE)
        positive("factor", self.factor)
        if self.margin is not None:
            positive("margin", self.margin)
        if self.outcome.shape:
            msg = f"`outcome` of metric {self.name!r} must be of scalars, got shape "
            msg += f"{self.outcome.shape}"
            raise ArgumentError(msg)

    @property
    def has_margin(self) -> bool:
        """Whether it must be shown non-inferior."""
        return self.role == "guardrail" and self.margin is not None


@dataclass(frozen=True)
class ZeroEffectCost:
    """Probabilities, without any effect on guardrails, of what the plan's power leaves out.

    Parameters
    ----------
    shown_worse : float
        That a variant's Launch is withheld because a guardrail without a margin is shown worse
        (uncorrected, one-sided alpha / 2), whatever the correlation: an upper bound.
    shown_worse_independent : float
        The same for independent guardrails.
    inside_margin : float
        That it is withheld because a guardrail with a margin is shown worse, inside its margin.
    inside_margin_independent : float
        The same for independent guardrails.
    rolled_back : float
        That some variant is rolled back for a guardrail without a margin before anything else is
        shown to be harmed, at Holm's first step: an upper bound.
    rolled_back_independent : float
        The same for independent guardrails and arms.
    """

    shown_worse: float
    shown_worse_independent: float
    inside_margin: float
    inside_margin_independent: float
    rolled_back: float
    rolled_back_independent: float


@dataclass(frozen=True, eq=False)
class ExperimentPlan:
    """Units an experiment needs, and why.

    Parameters
    ----------
    metrics : tuple of str
        Names, in the order given.
    level, power : array of shape (metrics,)
        One-sided level and power of each metric's test; NaN for guardrails without a margin.
    inflation : array of shape (metrics,)
        What the design multiplies units by, at that level and power.
    n_control : array of shape (metrics, arms)
        Mature control units that each metric needs beside each treatment; NaN without a test.
    driver : str
        Metric that needs the most.
    units : array of shape (arms + 1,)
        Mature units of control and of each treatment: whole, and enough for all metrics.
    total : float
        Their sum.
    detectable_harm : array of shape (metrics,)
        For guardrails without a margin, the deterioration in metric units that these units find
        with 80 % power at the error rate of Rollback, one-sided; else NaN.
    cost : ZeroEffectCost
        What the power leaves out.
    power_at_least : float
        Probability to launch a variant with the planned effects and no effect on guardrails,
        whatever the correlations: the power wanted less the bounds of `cost` for one variant. A
        group sequential Launch needs all its boundaries crossed at one look; what crossings that
        have faded cost is not in it: with one guardrail and four looks up to 0.2 points with
        O'Brien-Fleming spending, 1.5 with Pocock's.
    """

    metrics: tuple[str, ...]
    level: FloatArray
    power: FloatArray
    inflation: FloatArray
    n_control: FloatArray
    driver: str
    units: FloatArray
    total: float
    detectable_harm: FloatArray
    cost: ZeroEffectCost
    power_at_least: float


def plan_experiment(
    metrics: Sequence[PlannedMetric], *, shares: npt.ArrayLike = (1.0, 1.0), alpha: float = 0.05,
    power: float = 0.8, design: str = "fixed", fractions: npt.ArrayLike | None = None,
    spending: str = "obrien_fleming", parameter: float | None = None,
    alpha_harm: float | None = None,
) -> ExperimentPlan:  # fmt: skip
    r"""Units with which a variant with the planned effects is launched.

    Parameters
    ----------
    metrics : sequence of PlannedMetric
        Success metrics, at least one, and guardrails.
    shares : array of shape (arms + 1,)
        Shares of control and of each treatment, or in proportion to them.
    alpha : float
        Two-sided error rate of the experiment: half is for Launch.
    power : float
        Probability to launch.
    design : str
        ``fixed``, ``group_sequential`` or ``always_valid``.
    fractions : array of shape (looks,), optional
        Information fractions of the looks, for ``group_sequential``.
    spending : str
        Spending function, for ``group_sequential``.
    parameter : float, optional
        Gamma of ``hwang_shih_decani``, rho of ``kim_demets``.
    alpha_harm : float, optional
        One-sided error rate for Rollback. Default: half of `alpha`.

    Returns
    -------
    ExperimentPlan
        The largest number over metrics, multiplied by each metric's and the design's factor.

    Raises
    ------
    ArgumentError
        If there is no success metric or an argument is outside what is allowed.

    Notes
    -----
    With S success metrics, K treatments and G guardrails with a margin, superiority is planned at
    one-sided :math:`(\alpha/2)/(SK)` and non-inferiority at :math:`(\alpha/2)/K` without effect,
    each with power :math:`1 - \beta/(G + 1)`: by Bonferroni's inequality all are shown together
    with power :math:`1 - \beta` whatever their correlation.

    Examples
    --------
    >>> from experimentos.power import Means, Rates
    >>> plan = plan_experiment(
    ...     [
    ...         PlannedMetric("ordered", Rates(0.10, 0.11)),
    ...         PlannedMetric(
    ...             "latency", Means(0.0, 300.0, 200.0), "guardrail", 0.02, True, "decrease"
    ...         ),
    ...         PlannedMetric("refunds", Rates(0.02), "guardrail", goal="decrease"),
    ...     ]
    ... )
    >>> plan.driver, plan.units
    ('latency', array([23823., 23823.]))
    >>> plan.cost.shown_worse, round(plan.power_at_least, 3)
    (0.025, 0.75)
    """
    weights, wanted = checked_shares(shares), float(probability("power", power))
    one_of("design", design, DESIGNS)
    tail, arms = float(probability("alpha", alpha)) / 2, weights.size - 1
    success = np.array([metric.role == "success" for metric in metrics], dtype=bool)
    margin = np.array([metric.has_margin for metric in metrics], dtype=bool)
    if not success.any():
        msg = f"`metrics` must have a success metric, got {[metric.name for metric in metrics]}"
        raise ArgumentError(msg)
    level = np.where(success, tail / (success.sum() * arms), np.where(margin, tail / arms, np.nan))
    each = np.where(success | margin, 1 - (1 - wanted) / (margin.sum() + 1), np.nan)
    inflation = np.array(
        [
            design_factor(
                *one, design=design, fractions=fractions, spending=spending, parameter=parameter
            )
            for one in zip(level, each, strict=True)
        ]
    )
    ratios = weights[1:] / weights[0]
    n_control = np.array(
        [_control_units(*one, ratios) for one in zip(metrics, level, each, strict=True)]
    )
    factors = np.array([metric.factor for metric in metrics])
    n_control = n_control * (factors * inflation)[:, None]
    tested = np.where(np.isnan(level)[:, None], -np.inf, n_control)
    # A metric that is tested but undefined drives: its NaN must not be overlooked.
    largest = float(tested.max())
    driver = metrics[int(np.argmax(tested.max(axis=1)))].name
    units = np.ceil(np.concatenate([[1.0], ratios]) * np.ceil(largest) * (1 - 1e-12))
    harm = tail if alpha_harm is None else float(probability("alpha_harm", alpha_harm))
    cost = _cost(success, margin, arms, tail, harm)
    left_out = cost.shown_worse + cost.inside_margin
    left_out += cost.rolled_back if design != "fixed" else 0.0
    return ExperimentPlan(
        metrics=tuple(metric.name for metric in metrics), level=level, power=each,
        inflation=inflation, n_control=n_control, driver=driver, units=units,
        total=float(units.sum()), detectable_harm=_detectable_harm(metrics, units, harm),
        cost=cost, power_at_least=max(wanted - left_out, 0.0),
    )  # fmt: skip


def design_factor(
    level: float, power: float, *, design: str = "fixed", fractions: npt.ArrayLike | None = None,
    spending: str = "obrien_fleming", parameter: float | None = None,
) -> float:  # fmt: skip
    """Units of a design over those of a test with one look, at one level and power.

    Parameters
    ----------
    level : float
        One-sided error rate; NaN where nothing is tested.
    power : float
        Power of both.
    design : str
        ``fixed``, ``group_sequential`` or ``always_valid``.
    fractions : array of shape (looks,), optional
        Information fractions of the looks, for ``group_sequential``.
    spending : str
        Spending function, for ``group_sequential``.
    parameter : float, optional
        Gamma of ``hwang_shih_decani``, rho of ``kim_demets``.

    Returns
    -------
    float
        1 for a fixed design and where nothing is tested.

    Raises
    ------
    ArgumentError
        If the fractions are missing or an argument is outside what is allowed.

    Examples
    --------
    >>> round(design_factor(0.025, 0.8, design="always_valid"), 3)
    1.916
    """
    one_of("design", design, DESIGNS)
    if design == "fixed" or np.isnan(level):
        return 1.0
    if design == "always_valid":
        return float(always_valid_factor(power=power, alpha=level, side="greater"))
    if fractions is None:
        msg = "`fractions` must be given with design 'group_sequential', got None"
        raise ArgumentError(msg)
    plan = group_sequential(fractions, alpha=level, spending=spending, parameter=parameter)
    return float(group_factor(plan, power=power))


def _control_units(
    metric: PlannedMetric, level: float, power: float, ratios: FloatArray
) -> FloatArray:
    """Control units that one metric needs beside each treatment, before factors."""
    if np.isnan(level):
        return np.full_like(ratios, np.nan)
    if metric.role == "success":
        found = superiority_units(
            metric.outcome, 0.0, power=power, ratio=ratios, goal=metric.goal, alpha=level
        )
    else:
        found = noninferiority_units(
            metric.outcome.shifted(0.0), np.float64(metric.margin or 0.0), power=power,
            ratio=ratios, is_relative=metric.is_relative, goal=metric.goal, alpha=level,
        )  # fmt: skip
    return found.control


def _detectable_harm(
    metrics: Sequence[PlannedMetric], units: FloatArray, tail: float
) -> FloatArray:
    """Deterioration of guardrails without a margin that the units find."""
    harm = np.full(len(metrics), np.nan)
    for index, metric in enumerate(metrics):
        if metric.role == "guardrail" and metric.margin is None and np.isfinite(units).all():
            n_c, n_t = units[0] / metric.factor, units[1:].min() / metric.factor
            harm[index] = superiority_detectable(
                metric.outcome, 0.0, n_c, n_t, power=HARM_POWER, goal=OPPOSITE[metric.goal],
                alpha=tail,
            )  # fmt: skip
    return harm


def _cost(
    success: npt.NDArray[np.bool_], margin: npt.NDArray[np.bool_], arms: int, tail: float,
    alpha_harm: float,
) -> ZeroEffectCost:  # fmt: skip
    with_margin, family = int(margin.sum()), success.size
    without = family - int(success.sum()) - with_margin
    share = alpha_harm / (family * arms)

    def independent(level: float, count: int) -> float:
        return float(-np.expm1(count * np.log1p(-level)))

    return ZeroEffectCost(
        shown_worse=min(1.0, without * tail),
        shown_worse_independent=independent(tail, without),
        inside_margin=min(1.0, with_margin * tail),
        inside_margin_independent=independent(tail, with_margin),
        rolled_back=without * arms * share,
        rolled_back_independent=independent(share, without * arms),
    )
