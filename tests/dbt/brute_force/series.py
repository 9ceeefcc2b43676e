"""All rows of one metric of one experiment, and its moments by days since exposure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from brute_force.caps import Thresholds, thresholds
from brute_force.definitions import (
    Metric,
    data_as_of,
    instants,
    labels,
    observe_until,
    phases,
    read_metric,
)
from brute_force.moments import EMPTY, row_of
from brute_force.population import Population, activations, phase_of, population, segment_of
from brute_force.quantiles import quantiles
from brute_force.shop import Shop, kept_levels, number
from brute_force.units import EventReader, Person, UnitValue, value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

DAY = timedelta(days=1)
Key = tuple[str, str, str, str, datetime | None, str]
ALL = ("all", "all")


class Study:
    """One experiment: who takes part, since when, and up to when."""

    def __init__(
        self,
        shop: Shop,
        name: str,
        experiment: Mapping[str, Any],
        people: Population | None = None,
    ) -> None:
        self.shop, self.name, self.experiment = shop, name, experiment
        self.people = people or population(shop, name, experiment)
        self.labels = labels(experiment)
        self.data_as_of = data_as_of(shop, experiment)
        self.observe_until = observe_until(shop, experiment)
        self.instants = instants(experiment, self.data_as_of)
        self.phases = [label for _, label in phases(experiment)]
        self.anchors: dict[str, dict[Any, datetime | None]] = {
            "assigned": {unit: at for unit, (_, at) in self.people.analysed.items()}
        }
        if "activation" in experiment:
            found = activations(shop, experiment, self.people, self.data_as_of)
            self.anchors["activated"] = dict(found)

    @property
    def deciding_population(self) -> str:
        return "activated" if "activated" in self.anchors else "assigned"

    @cached_property
    def segments(self) -> dict[str, dict[Any, str]]:
        names = self.experiment.get("segments", [])
        return {name: segment_of(self.shop, self.people, name) for name in names}

    def persons(self, metric: Metric, which: str) -> list[Person]:
        """The units of a population with their events of one metric."""
        reader = EventReader(self.shop, metric, self.experiment.get("unit", "unit"))
        first_at = self.covered_from(metric)
        found = []
        for unit, anchor in self.anchors[which].items():
            variant, exposed_at = self.people.analysed[unit]
            found.append(
                Person(
                    unit=unit,
                    variant=variant,
                    exposed_at=exposed_at,
                    anchor=anchor,
                    phase=phase_of(self.experiment, exposed_at),
                    post=reader.post(unit, anchor, self.observe_until),
                    pre=reader.pre(unit, exposed_at),
                    is_covered=bool(
                        first_at is not None
                        and exposed_at is not None
                        and exposed_at >= first_at + (metric.covariate or timedelta())
                    ),
                )
            )
        return found

    def covered_from(self, metric: Metric) -> datetime | None:
        """The first instant of the fact that starts last."""
        if not metric.is_dated:
            return None
        firsts = [min(self.shop.times(model), default=None) for model in metric.models]
        return max((at for at in firsts if at is not None), default=None)


def study(shop: Shop, name: str, experiment: Mapping[str, Any]) -> Study:
    key = ("study", name, repr(experiment))
    return shop.remember(key, lambda: Study(shop, name, experiment))


@dataclass
class Readout:
    """One metric of one experiment, in one population and on one basis."""

    study: Study
    metric: Metric
    population: str
    basis: str
    persons: list[Person]
    given: Thresholds | None = None

    def takes(self, person: Person, until: datetime | None) -> bool:
        """Whether a unit counts at an instant."""
        metric, anchor = self.metric, person.anchor
        if not metric.is_dated:
            return True
        if anchor is None or until is None or anchor >= until:
            return False
        if self.basis == "all" and metric.type != "retention":
            return True
        if metric.horizon is not None:
            return anchor + metric.horizon <= until
        return self.study.observe_until is not None and self.study.observe_until <= until

    def value(self, person: Person, until: datetime | None) -> UnitValue:
        return value_of(self.metric, person, until if self.basis == "all" else None)

    @cached_property
    def thresholds(self) -> Thresholds:
        """Caps of the latest instant, over the variants of the population pooled."""
        if self.given is not None:
            return self.given
        latest = self.study.instants[-1]
        return thresholds(self.metric, self.values(self.persons, latest))

    def values(self, persons: Sequence[Person], until: datetime | None) -> list[UnitValue]:
        return [self.value(person, until) for person in persons if self.takes(person, until)]

    def rows(
        self, segment: tuple[str, str], persons: Sequence[Person], until: datetime | None
    ) -> Iterator[tuple[Key, dict[str, Any]]]:
        """The rows of all variants for some of the units."""
        taken = [person for person in persons if self.takes(person, until)]
        arms = {
            label: [person for person in taken if person.variant == label]
            for label in self.study.labels
        }
        told = self.tell_quantiles if self.metric.type == "quantile" else self.tell_moments
        for variant, row in told(arms, until).items():
            key = (variant, self.population, *segment, until, self.basis)
            names = ("variant", "population", "segment", "segment_value", "as_of", "basis")
            grain = {"experiment_id": self.study.name, "metric": self.metric.name}
            yield key, grain | dict(zip(names, key, strict=True)) | row

    def tell_moments(
        self, arms: Mapping[str, Sequence[Person]], until: datetime | None
    ) -> dict[str, dict[str, Any]]:
        return {
            label: row_of(
                self.metric,
                [self.value(person, until) for person in persons],
                [person.is_covered for person in persons],
                self.thresholds,
            )
            for label, persons in arms.items()
        }

    def tell_quantiles(
        self, arms: Mapping[str, Sequence[Person]], until: datetime | None
    ) -> dict[str, dict[str, Any]]:
        """A unit's total is one observation, or each of its events is."""
        rows, observed = {}, {}
        for label, persons in arms.items():
            values = [self.value(person, until) for person in persons]
            found = [
                self.observations(person, value, until)
                for person, value in zip(persons, values, strict=True)
            ]
            observed[label] = [each for each in found if each]
            rows[label] = EMPTY | {
                "n_units": len(observed[label]),
                "n_events": sum(value.n_events for value in values),
                "n_missing": len(values) - len(observed[label]),
                "n_skipped": sum(value.n_skipped for value in values),
            }
        assert self.metric.quantile is not None
        for label, (value, error) in quantiles(observed, self.metric.quantile).items():
            rows[label] |= {"quantile_value": value, "quantile_std_error": error}
        return rows

    def observations(self, person: Person, value: UnitValue, until: datetime | None) -> list[float]:
        if self.metric.of == "units":
            return [] if value.num is None else [value.num]
        before = until if self.basis == "all" else None
        seen = [e for e in person.post["num"] if before is None or (e.at and e.at < before)]
        return [x for x in (number(event.value) for event in seen) if x is not None]


def series(
    shop: Shop,
    experiment_name: str,
    experiment: Mapping[str, Any],
    metric_name: str,
    entry_settings: Mapping[str, Any] | None = None,
) -> dict[Key, dict[str, Any]]:
    """Every row of the moments of one metric of one experiment.

    Keys are (variant, population, segment, segment_value, as_of, basis).
    """
    about = study(shop, experiment_name, experiment)
    return dict(rows_of_study(about, read_metric(shop, metric_name, entry_settings)))


def rows_of_study(about: Study, metric: Metric) -> Iterator[tuple[Key, dict[str, Any]]]:
    persons = {which: about.persons(metric, which) for which in about.anchors}
    slices = slices_of(about, metric, persons)
    for which, basis in [
        (which, basis)
        for which in about.anchors
        for basis in (("mature", "all") if metric.is_dated else ("mature",))
    ]:
        readout = Readout(about, metric, which, basis, persons[which])
        yield from every_day(readout)
        yield from latest_day(readout, slices)


def every_day(readout: Readout) -> Iterator[tuple[Key, dict[str, Any]]]:
    """The rows of all units, of phases, and of segments where those are told daily."""
    about, metric = readout.study, readout.metric
    latest = about.instants[-1]
    days = about.instants if metric.is_dated and metric.type != "quantile" else [latest]
    for until in days:
        yield from readout.rows(ALL, readout.persons, until)
        yield from grouped(readout, "phase", about.phases, lambda person: person.phase, until)
        if until != latest and not about.experiment.get("segments_daily"):
            continue
        for name, levels in about.segments.items():
            yield from grouped(
                readout, name, sorted(set(levels.values())), lambda p, of=levels: of[p.unit], until
            )


def grouped(
    readout: Readout,
    segment: str,
    levels: Sequence[str],
    level_of: Callable[[Person], str | None],
    until: datetime | None,
) -> Iterator[tuple[Key, dict[str, Any]]]:
    for level in levels:
        persons = [person for person in readout.persons if level_of(person) == level]
        yield from readout.rows((segment, level), persons, until)


def latest_day(
    readout: Readout, slices: Mapping[str, set[str]]
) -> Iterator[tuple[Key, dict[str, Any]]]:
    """The rows of slices: all units, and the rows of one level."""
    by = readout.metric.by
    for name, levels in slices.items():
        persons = [person.slice(levels) for person in readout.persons]
        assert by is not None
        yield from readout.rows((by, name), persons, readout.study.instants[-1])


def slices_of(
    about: Study, metric: Metric, persons: Mapping[str, Sequence[Person]]
) -> dict[str, set[str]]:
    """Slices and the levels in them, by the rows in any window of the experiment."""
    if metric.by is None:
        return {}
    until = about.data_as_of
    rows = {
        event.row: event.level
        for each in persons.values()
        for person in each
        for events in person.post.values()
        for event in events
        if event.at is None or (until is not None and event.at < until)
    }
    counts = {level: list(rows.values()).count(level) for level in set(rows.values())}
    kept = kept_levels(counts, about.shop.segment_levels)
    slices: dict[str, set[str]] = {}
    for level in counts:
        slices.setdefault(level if level in kept else "(other)", set()).add(level)
    return slices


def ages(
    shop: Shop,
    experiment_name: str,
    experiment: Mapping[str, Any],
    metric_name: str,
    entry_settings: Mapping[str, Any] | None = None,
) -> dict[tuple[str, int], dict[str, Any]]:
    """The moments of a metric with its window cut to 1, 2, ... days; keys are (variant, age)."""
    about = study(shop, experiment_name, experiment)
    metric = read_metric(shop, metric_name, entry_settings)
    if not metric.has_ages or metric.window is None:
        return {}
    which = about.deciding_population
    basis = "mature" if metric.is_mature else "all"
    whole = Readout(about, metric, which, basis, about.persons(metric, which)).thresholds
    found = {}
    for age in range(1, -(-metric.window // DAY) + 1):
        cut = replace(metric, window=min(age * DAY, metric.window))
        readout = Readout(about, cut, which, "mature", about.persons(cut, which), whole)
        for key, row in readout.rows(ALL, readout.persons, about.data_as_of):
            found[key[0], age] = row
    return found


def moments(
    shop: Shop,
    experiment: Mapping[str, Any],
    people: Population,
    name: str,
    window: str | None = None,
) -> dict[str, dict[str, Any]]:
    """The latest row of each variant over the mature units of an experiment, for one metric."""
    about = Study(shop, "", experiment, people)
    metric = read_metric(shop, name, {} if window is None else {"window": window})
    readout = Readout(about, metric, "assigned", "mature", about.persons(metric, "assigned"))
    rows = readout.rows(ALL, readout.persons, about.instants[-1])
    return {key[0]: row for key, row in rows}
