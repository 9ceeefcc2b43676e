"""A metric and an experiment as they are written, turned into numbers and spans of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from brute_force.shop import instant, midnight, seconds

if TYPE_CHECKING:
    from brute_force.shop import Shop

LEFT_OUT = {"avg", "min", "max", "latest"}
ROLES = ("success", "guardrails", "explore")


@dataclass(frozen=True)
class Part:
    """Rows of a fact, a value in each, and how a unit's values become one number."""

    model: str
    aggregate: str
    value: str | None
    where: str | None
    upper: tuple[str, float] | None = None
    lower: tuple[str, float] | None = None


@dataclass(frozen=True)
class Metric:
    """A metric in one experiment. `window` is None where it is endless or there are no times."""

    name: str
    type: str
    parts: Mapping[str, Part]
    is_dated: bool
    delay: timedelta
    window: timedelta | None
    covariate: timedelta | str | None
    threshold: float | None
    is_zero_filled: bool
    by: str | None
    steps: tuple[tuple[str, str | None], ...]
    quantile: float | None
    of: str
    is_mature: bool

    @property
    def is_endless(self) -> bool:
        return self.is_dated and self.window is None

    @property
    def models(self) -> set[str]:
        return {part.model for part in self.parts.values()} | {model for model, _ in self.steps}

    @property
    def horizon(self) -> timedelta | None:
        """How long after its anchor a unit is complete."""
        return None if self.window is None else self.delay + self.window

    @property
    def has_ages(self) -> bool:
        """Whether its moments by days since exposure are told."""
        if not self.is_dated or self.is_endless or self.type not in ("mean", "proportion", "ratio"):
            return False
        return all(part.aggregate != "count_distinct" for part in self.parts.values())


def read_metric(shop: Shop, name: str, entry: Mapping[str, Any] | None = None) -> Metric:
    """A metric with what an experiment sets for it."""
    fact, given = shop.metric(name)
    entry = entry or {}
    kind = given["type"]
    is_dated = shop.is_dated(fact.name)
    delay, window = read_spans(given, entry, is_dated=is_dated)
    parts = read_parts(given, entry, fact.name)
    left_out = kind == "quantile" or (kind == "mean" and parts["num"].aggregate in LEFT_OUT)
    return Metric(
        name=name,
        type=kind,
        parts=parts,
        is_dated=is_dated,
        delay=delay,
        window=window,
        covariate=read_covariate(given, is_dated=is_dated),
        threshold=given.get("threshold"),
        is_zero_filled=not left_out or given.get("missing") == "zero",
        by=given.get("by"),
        steps=tuple(read_step(step, fact.name) for step in given.get("steps", [])),
        quantile=given.get("quantile"),
        of=given.get("of", "units"),
        is_mature=given.get("mature", True),
    )


def read_spans(
    given: Mapping[str, Any], entry: Mapping[str, Any], *, is_dated: bool
) -> tuple[timedelta, timedelta | None]:
    """Delay and window; the latter None without times and where it has no end of its own."""
    if not is_dated:
        return timedelta(), None
    if given["type"] == "retention":
        return seconds(given["from"]), seconds(given["to"]) - seconds(given["from"])
    window = entry.get("window", given.get("window", "7 days"))
    return seconds(given.get("delay", "0 days")), None if window == "none" else seconds(window)


def read_covariate(given: Mapping[str, Any], *, is_dated: bool) -> timedelta | str | None:
    default = "14 days" if given["type"] in ("mean", "ratio") and is_dated else "none"
    covariate = given.get("covariate", default)
    if covariate == "none":
        return None
    return seconds(covariate) if is_dated else covariate


def read_step(step: Mapping[str, Any] | str, own: str) -> tuple[str, str | None]:
    """Model and condition of a step of a funnel."""
    return (own, step) if isinstance(step, str) else (step.get("model", own), step.get("where"))


def read_parts(given: Mapping[str, Any], entry: Mapping[str, Any], own: str) -> dict[str, Part]:
    if given["type"] == "ratio":
        sides = (("num", "numerator"), ("den", "denominator"))
        parts = {side: read_part(given[key], own, default_of(given[key])) for side, key in sides}
        return {side: override(part, entry) for side, part in parts.items()}
    default = {"mean": "sum", "retention": "any", "funnel": "funnel"}.get(given["type"])
    if given["type"] == "proportion":
        default = default_of(given) if "threshold" in given else "any"
    return {"num": override(read_part(given, own, default or default_of(given)), entry)}


def override(part: Part, entry: Mapping[str, Any]) -> Part:
    """A part with the caps that an experiment sets."""
    upper, lower = read_caps(entry)
    return replace(
        part,
        upper=upper if "cap" in entry else part.upper,
        lower=lower if lower or "lower" in entry else part.lower,
    )


def default_of(given: Mapping[str, Any]) -> str:
    return "sum" if "value" in given else "count"


def read_part(given: Mapping[str, Any], own: str, default: str) -> Part:
    upper, lower = read_caps(given)
    return Part(
        model=given.get("model", own),
        aggregate=given.get("aggregate", default),
        value=given.get("value"),
        where=given.get("where"),
        upper=upper,
        lower=lower,
    )


def read_caps(given: Mapping[str, Any]) -> tuple[tuple[str, float] | None, ...]:
    """Upper and lower cap, each as kind and amount."""
    upper = lower = None
    cap, below = given.get("cap", "none"), given.get("lower", "none")
    for kind in ("percentile", "absolute"):
        if cap != "none" and kind in cap:
            upper = (kind, cap[kind])
            lower = (kind, cap["lower"]) if "lower" in cap else lower
        if below != "none" and kind in below:
            lower = (kind, below[kind])
    return upper, lower


def entries(experiment: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The metrics of an experiment, each with what it sets for it."""
    for role in ROLES:
        given = experiment.get(role, {})
        for name in [given] if isinstance(given, str) else given:
            yield name, (given[name] or {} if isinstance(given, Mapping) else {})


def metrics(shop: Shop, experiment: Mapping[str, Any]) -> list[Metric]:
    return [read_metric(shop, name, entry) for name, entry in entries(experiment)]


def labels(experiment: Mapping[str, Any]) -> list[str]:
    """The labels of the variants; of a ramp, those of all its phases."""
    given = experiment["variants"]
    if isinstance(given, Mapping):
        return [str(label) for label in given]
    return list(dict.fromkeys(str(label) for phase in given for label in phase["split"]))


def phases(experiment: Mapping[str, Any]) -> list[tuple[datetime, str]]:
    """Begin and label of the phases of a ramp; none where there is one phase only."""
    given = experiment["variants"]
    if isinstance(given, Mapping) or len(given) == 1:
        return []
    found = [instant(str(phase["from"])) for phase in given]
    return [(at, label_of_phase(at)) for at in found if at is not None]


def label_of_phase(at: datetime) -> str:
    return str(at.date()) if at == midnight(at) else str(at)


def data_as_of(shop: Shop, experiment: Mapping[str, Any]) -> datetime | None:
    """Up to when all facts of an experiment are complete; None where none has times."""
    models = {model for metric in metrics(shop, experiment) for model in metric.models}
    if "activation" in experiment:
        models.add(experiment["activation"]["model"])
    return min(
        (complete_until(shop, model) for model in models if shop.is_dated(model)), default=None
    )


def complete_until(shop: Shop, model: str) -> datetime:
    given = instant(shop.fact(model).meta.get("complete_until"))
    if given and given > shop.as_of:
        return midnight(shop.as_of)
    return given or midnight(max(at for at in shop.times(model) if at <= shop.as_of))


def observe_until(shop: Shop, experiment: Mapping[str, Any]) -> datetime | None:
    """End of assignment and the longest window that has an end; None without an `end`."""
    end = instant(experiment.get("end"))
    horizons = [metric.horizon for metric in metrics(shop, experiment)]
    longest = max((span for span in horizons if span is not None), default=timedelta())
    return None if end is None else end + longest


def instants(experiment: Mapping[str, Any], until: datetime | None) -> list[datetime | None]:
    """The instants that the daily series speaks of; the latest is the last."""
    start = instant(experiment.get("start"))
    found: list[datetime | None] = []
    if start is not None and until is not None:
        day = midnight(start) + timedelta(days=1)
        while day < until:
            found.append(day)
            day += timedelta(days=1)
    return [*found, until]
