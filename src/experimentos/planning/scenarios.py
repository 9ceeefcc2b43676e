"""What a plan says: units, weeks, and what each of its parts costs."""

from collections.abc import Sequence
from dataclasses import dataclass

from experimentos.planning.amounts import Amount


@dataclass(frozen=True)
class Step:
    """What the plan needs with one more of its parts.

    Parameters
    ----------
    what : str
        The part.
    units : float
        Units of all variants.
    """

    what: str
    units: float


@dataclass(frozen=True)
class MetricNeed:
    """What one metric needs by itself, at the level and power that the plan gives it.

    Parameters
    ----------
    metric, test : str
        Its name; ``superior``, ``noninferior`` or ``harm``.
    level, power : float or None
        One-sided; None for a guardrail without a margin, of which nothing has to be shown.
    effect : float or None
        Looked for, in metric units, or the margin.
    units : float or None
        Of all variants.
    power_reached : float or None
        With the units of the whole plan, which may be more than its own: about, where there are
        several looks.
    harm_found : float or None
        Of a guardrail without a margin: the harm that the plan's units find with 80 % power.
    """

    metric: str
    test: str
    level: float | None
    power: float | None
    effect: float | None
    units: float | None
    power_reached: float | None
    harm_found: float | None


@dataclass(frozen=True)
class Scenario:
    """A plan for one effect, or for one duration.

    Parameters
    ----------
    effects : mapping of str to Amount
        Looked for, by success metric; empty: within the weeks given none can be planned.
    weeks_given : int or None
        The duration that it was found for.
    units : mapping of str to float
        By variant, control first; units that have no value are counted too.
    driver : str
        The metric that needs the most.
    enrolment_days, total_days : float or None
        In whole weeks and until the last window has closed; None: they never come.
    is_extrapolated : bool
        Whether more units are needed than the history has.
    needs : sequence of MetricNeed
        Metric by metric.
    steps : sequence of Step
        From one success metric to the whole.
    power_at_least : float
        Of launching, less what guardrails may cost without any effect on them.
    left_out : mapping of str to float
        Those costs.
    note : str or None
        Why there is no effect.
    """

    effects: dict[str, Amount]
    weeks_given: int | None
    units: dict[str, float]
    driver: str
    enrolment_days: float | None
    total_days: float | None
    is_extrapolated: bool
    needs: Sequence[MetricNeed]
    steps: Sequence[Step]
    power_at_least: float
    left_out: dict[str, float]
    note: str | None = None

    @property
    def effect(self) -> Amount | None:
        """The effect that all success metrics share; None where they differ or there is none."""
        found = set(self.effects.values())
        return found.pop() if len(found) == 1 else None

    @property
    def wanted(self) -> str:
        """The effects in words."""
        if self.effect is not None:
            return str(self.effect)
        return ", ".join(f"{name} {effect}" for name, effect in self.effects.items())

    @property
    def total(self) -> float:
        """Units of all variants."""
        return sum(self.units.values())
