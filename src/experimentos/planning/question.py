"""What is asked of a plan: metrics, effects, split, error rates, and whose history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from experimentos.errors import InputError
from experimentos.planning.amounts import Amount

DESIGNS: Final = ("group_sequential", "always_valid", "fixed")
SPENDING: Final = ("obrien_fleming", "pocock", "linear", "hwang_shih_decani", "kim_demets")
CORRECTIONS: Final = ("holm", "bonferroni", "hommel", "closed", "dunnett")
PARAMETERS: Final = {"gamma": ("hwang_shih_decani", -40.0, 40.0), "rho": ("kim_demets", 0.0, 50.0)}
"""The number of two spending functions: whose it is, and from where to where it goes."""
_SHARES: Final = 1e-3
_MOST_LOOKS: Final = 100
_MOST_ALPHA: Final = 0.5
_LEAST_POWER: Final = 0.5


@dataclass(frozen=True)
class Question:
    """What is to be planned.

    Parameters
    ----------
    success : sequence of str
        Metrics of which one has to be shown better.
    guardrails : mapping
        Metric to margin; None: it only must not be shown worse.
    effects : sequence of Amount
        Smallest effects looked for; one plan each.
    own_effects : mapping
        Success metric to the smallest effect looked for of it, whatever `effects` say.
    weeks : sequence of int
        Durations to find the smallest effect for; one plan each.
    shares : mapping
        Variant to planned share, control first.
    alpha, power : float
        Two-sided error rate, and power of the whole experiment.
    alpha_harm : float, optional
        One-sided error rate of Rollback. Default: half of `alpha`.
    correction : str
        Of the success metrics over all variants. The plan is that of Bonferroni, which asks for
        the most.
    design, spending, looks : str, str, int
        How it is monitored.
    gamma, rho : float, optional
        Of the spending functions that have one.
    on, where, unit : str, optional
        Whose rows bring units into the population, which of them, and the kind of unit.
    first, until : date, optional
        Days, the second exclusive, in which units enter. Default: the latest that are through.
    history_weeks : int, optional
        Weeks in which units enter.
    is_plan : bool
        Whether it needs an effect or weeks: what is validated needs none.

    Raises
    ------
    InputError
        If anything is outside what is allowed; all of it is named.
    """

    success: Sequence[str]
    guardrails: Mapping[str, Amount | None] = field(default_factory=dict)
    effects: Sequence[Amount] = ()
    own_effects: Mapping[str, Amount] = field(default_factory=dict)
    weeks: Sequence[int] = ()
    shares: Mapping[str, float] = field(default_factory=lambda: {"control": 0.5, "treatment": 0.5})
    alpha: float = 0.05
    power: float = 0.8
    alpha_harm: float | None = None
    correction: str = "holm"
    design: str = "group_sequential"
    spending: str = "obrien_fleming"
    looks: int = 4
    gamma: float | None = None
    rho: float | None = None
    on: str | None = None
    where: str | None = None
    unit: str | None = None
    first: date | None = None
    until: date | None = None
    history_weeks: int | None = None
    is_plan: bool = True

    def __post_init__(self) -> None:
        """Check."""
        problems = [
            *self._metric_problems(),
            *self._effect_problems(),
            *self._number_problems(),
            *self._design_problems(),
            *self._split_problems(),
        ]
        if problems:
            raise InputError("\n".join(problems))

    @property
    def metrics(self) -> tuple[str, ...]:
        """Success metrics, then guardrails."""
        return (*self.success, *self.guardrails)

    @property
    def scenarios(self) -> Sequence[Amount | None]:
        """Effects to plan for; None where each success metric has its own."""
        return self.effects or ([] if self._without_effect else [None])

    @property
    def monitoring(self) -> dict[str, str | int | float]:
        """As a definition says it."""
        planned: dict[str, str | int | float] = {"design": self.design}
        if self.design == "group_sequential":
            planned |= {"spending": self.spending, "looks": self.looks}
            numbers = {"gamma": self.gamma, "rho": self.rho}
            planned |= {name: value for name, value in numbers.items() if value is not None}
        return planned

    def effect_of(self, metric: str) -> Amount | None:
        """Return the smallest effect looked for of a success metric, the first that was given.

        Parameters
        ----------
        metric : str
            Its name.

        Returns
        -------
        Amount or None
            None where none was given.
        """
        return self.own_effects.get(metric, self.effects[0] if self.effects else None)

    @property
    def harm_rate(self) -> float:
        """One-sided error rate of Rollback."""
        return self.alpha / 2 if self.alpha_harm is None else self.alpha_harm

    @property
    def parameter(self) -> float | None:
        """Gamma or rho, whichever the spending function has."""
        return {"hwang_shih_decani": self.gamma, "kim_demets": self.rho}.get(self.spending)

    @property
    def _without_effect(self) -> list[str]:
        return [name for name in self.success if name not in self.own_effects]

    def _metric_problems(self) -> list[str]:
        problems = []
        if not self.success:
            problems.append("--metric must name a success metric, got none")
        twice = {name for name in self.metrics if self.metrics.count(name) > 1}
        if twice:
            problems.append(
                "a metric is given once, as success or as guardrail; given again: "
                + ", ".join(sorted(twice))
            )
        if self.where is not None and self.on is None:
            problems.append("--where is of the rows of one model: name it with --on")
        for name, margin in self.guardrails.items():
            if margin is not None and margin.is_relative and margin.size >= 1:
                problems.append(
                    f"the margin of --guardrail {name} must be below 100%, got {margin}"
                )
        return problems

    def _effect_problems(self) -> list[str]:
        missing = self._without_effect if self.is_plan else []
        checks = {
            "say what effect is looked for (--mde 2%), or how long you have (--weeks 4); without "
            f"an effect: {', '.join(missing)}": not missing or bool(self.effects or self.weeks),
            "every --metric has an effect of its own, so --mde is of none: leave one of the two "
            "out": bool(self._without_effect) or not self.effects or not self.success,
        }
        return _failed(checks)

    def _design_problems(self) -> list[str]:
        checks = {
            f"--alpha-harm must be between 0 and 0.5, got {self.alpha_harm}": 0
            < self.harm_rate
            < _MOST_ALPHA,
            f"--correction must be one of {', '.join(CORRECTIONS)}; got "
            f"{self.correction!r}": self.correction in CORRECTIONS,
            "--correction dunnett needs --monitoring fixed, got "
            f"{self.design}: it reads one normal statistic of each variant": self.correction
            != "dunnett"
            or self.design == "fixed",
        }
        for name, (owner, low, high) in PARAMETERS.items():
            value = getattr(self, name)
            # Of rho 0 is no number: nothing would be spent late.
            holds = value is not None and low <= value <= high and (name != "rho" or value > low)
            bound = "from" if name == "gamma" else "above"
            checks |= {
                f"--spending {owner} needs --{name}, a number {bound} {low:g} to {high:g}; got "
                f"{value}": holds or self.spending != owner,
                f"--{name} belongs to --spending {owner}, got --spending {self.spending}": value
                is None
                or self.spending == owner,
            }
        return _failed(checks)

    def _number_problems(self) -> list[str]:
        checks = {
            f"--alpha must be between 0 and 0.5, got {self.alpha:g}": 0 < self.alpha < _MOST_ALPHA,
            f"--power must be between 0.5 and 1, got {self.power:g}": _LEAST_POWER < self.power < 1,
            f"--monitoring must be one of {', '.join(DESIGNS)}; got {self.design!r}": self.design
            in DESIGNS,
            f"--spending must be one of {', '.join(SPENDING)}; got {self.spending!r}": self.spending
            in SPENDING,
            f"--looks must be from 1 to {_MOST_LOOKS}, got {self.looks}": 1
            <= self.looks
            <= _MOST_LOOKS,
            "--weeks must be 1 or more": all(weeks >= 1 for weeks in self.weeks),
            "--history must be 1 or more": (self.history_weeks or 1) >= 1,
            f"--until ({self.until}) must be after --from ({self.first})": self.first is None
            or self.until is None
            or self.first < self.until,
        }
        if self.first is not None and self.history_weeks is not None:
            return [*_failed(checks), "--from and --history say the same: give one of them"]
        return _failed(checks)

    def _split_problems(self) -> list[str]:
        total = sum(self.shares.values())
        checks = {
            f"a split needs control and a treatment, got {', '.join(self.shares)}": len(self.shares)
            > 1,
            f"the shares of --split must be above 0 and sum to 1, got a sum of {total:g}": all(
                share > 0 for share in self.shares.values()
            )
            and abs(total - 1) <= _SHARES,
        }
        return _failed(checks)


def _failed(checks: Mapping[str, bool]) -> list[str]:
    return [problem for problem, holds in checks.items() if not holds]
