"""What ``explain`` says of a metric: how it is computed, and what other readings would give."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from experimentos.project import literals
from experimentos.project.answers import ask
from experimentos.project.gateway import Project

if TYPE_CHECKING:
    import pyarrow as pa

READINGS = ("exact", "all", "days")
"""Exact hours on mature units, exact hours on all units, calendar days."""
NOT_SHOWN, BETTER, WORSE, NO_UNITS = "not shown", "better", "worse", "no units"
_AS_OF = datetime(2000, 1, 1)  # noqa: DTZ001 - one day for all, which nothing reads


@dataclass(frozen=True)
class Comparison:
    """A treatment beside its control under one reading.

    Parameters
    ----------
    variant : str
        The treatment.
    difference, lower, upper, level, p_value : float or None
        Treatment minus control, its interval and level, and the two-sided p-value; None: undefined.
    verdict : str
        'better', 'worse', 'not shown' or 'no units', of this metric alone.
    """

    variant: str
    difference: float | None
    lower: float | None
    upper: float | None
    level: float | None
    p_value: float | None
    verdict: str


@dataclass(frozen=True)
class Reading:
    """One way to read a window.

    Parameters
    ----------
    name : str
        One of `READINGS`.
    decides : bool
        Whether the marts read the window like this.
    units, converted : mapping
        Variant to counts; control first.
    comparisons : tuple of Comparison
        One per treatment.
    """

    name: str
    decides: bool
    units: Mapping[str, int]
    converted: Mapping[str, int]
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True)
class Windows:
    """All readings of a metric in one experiment.

    Parameters
    ----------
    experiment_id, metric : str
        Which.
    settings : mapping
        What the definitions say: window, goal, alpha, what is special about them.
    data_as_of : datetime or None
        Up to when the data reach; None without units.
    readings : tuple of Reading
        In the order of `READINGS`.
    """

    experiment_id: str
    metric: str
    settings: Mapping[str, Any]
    data_as_of: datetime | None
    readings: tuple[Reading, ...]

    @property
    def is_gone(self) -> bool:
        """Whether the experiment is archived and its units are not there any more."""
        return self.settings["is_archived"] and self.data_as_of is None

    def changes(self) -> Iterator[tuple[Reading, Comparison, Comparison]]:
        """Yield what another reading would change: it, its comparison, and the one that decides.

        Yields
        ------
        tuple
            Reading, its comparison, the deciding reading's comparison of the same treatment.
        """
        deciding = next(reading for reading in self.readings if reading.decides)
        for reading in self.readings:
            for one, base in zip(reading.comparisons, deciding.comparisons, strict=True):
                if one.verdict != base.verdict:
                    yield reading, one, base


def explain_windows(
    project: Project, metric: str, experiment: str | None = None
) -> tuple[Windows, ...]:
    """Count a conversion metric under three readings of its window.

    Parameters
    ----------
    project : Project
        Built as far as its units.
    metric : str
        A proportion, retention or funnel.
    experiment : str, optional
        Only this one; default all that use the metric.

    Returns
    -------
    tuple of Windows
        One per experiment.
    """
    answer = ask(project, "explain_windows", {"metric": metric, "experiment": experiment})
    return tuple(
        read_windows(metric, settings, project.query(settings["sql"]))
        for settings in answer["experiments"]
    )


def read_windows(
    metric: str, settings: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> Windows:
    """Compare the counts of each reading.

    Parameters
    ----------
    metric : str
        Its name.
    settings : mapping
        As the macro ``explain_windows`` gives them.
    rows : sequence of mapping
        ``reading``, ``variant``, ``phase``, ``n_units``, ``n_converted``, ``data_as_of``.

    Returns
    -------
    Windows
        With the library's statistics at the experiment's level of a single metric.
    """
    counts = {
        (row["reading"], row["variant"], row["phase"]): (row["n_units"], row["n_converted"])
        for row in rows
    }
    effects = _effects(settings, counts)
    shown = {key: value for key, value in settings.items() if key != "sql"}
    deciding = "all" if settings["decides_on"] == "all" else "exact"
    return Windows(
        experiment_id=settings["experiment_id"],
        metric=metric,
        settings=shown,
        data_as_of=max((row["data_as_of"] for row in rows), default=None),
        readings=tuple(
            Reading(
                name=name,
                decides=name == deciding,
                units=_totals(settings, counts, name, 0),
                converted=_totals(settings, counts, name, 1),
                comparisons=tuple(
                    _comparison(effects[name, variant], settings)
                    for variant in _treatments(settings)
                ),
            )
            for name in READINGS
        ),
    )


def _treatments(settings: Mapping[str, Any]) -> list[str]:
    return [variant for variant in settings["variants"] if variant != settings["control"]]


def _totals(
    settings: Mapping[str, Any],
    counts: Mapping[tuple[str, str, str], tuple[int, int]],
    reading: str,
    which: int,
) -> dict[str, int]:
    """Sum units (0) or converted units (1) of each variant over the phases, control first."""
    return {
        variant: sum(
            counts.get((reading, variant, phase), (0, 0))[which] for phase in settings["phases"]
        )
        for variant in [settings["control"], *_treatments(settings)]
    }


def _effects(
    settings: Mapping[str, Any], counts: Mapping[tuple[str, str, str], tuple[int, int]]
) -> dict[tuple[str, str], dict[str, Any]]:
    """Run the library's effects as the models do, each reading an experiment of one metric."""
    # SciPy takes a second to import, and `explain` without `--windows` needs none.
    from experimentos import tables  # noqa: PLC0415

    rows = []
    for reading in READINGS:
        units, converted = (_totals(settings, counts, reading, which) for which in (0, 1))
        for variant in settings["variants"]:
            every = (units[variant], converted[variant])
            rows.append(_input(settings, reading, variant, "all", every))
            if len(settings["phases"]) > 1:
                rows += [
                    _input(settings, reading, variant, phase, counts.get((reading, variant, phase)))
                    for phase in settings["phases"]
                ]
    found = tables.effects(_table(rows, tables.EFFECTS_INPUT)).to_pylist()
    return {
        (effect["experiment_id"], effect["variant"]): effect
        for effect in found
        if effect["segment"] == "all"
    }


def _input(
    settings: Mapping[str, Any],
    reading: str,
    variant: str,
    phase: str,
    count: tuple[int, int] | None,
) -> dict[str, Any]:
    units, converted = count or (0, 0)
    return {
        "experiment_id": reading,
        "metric": "converted",
        "variant": variant,
        "population": settings["population"],
        "segment": "all" if phase == "all" else "phase",
        "segment_value": phase,
        "basis": "mature",
        "as_of": _AS_OF,
        "control": settings["control"],
        "is_control": variant == settings["control"],
        "role": "success",
        "metric_type": "proportion",
        "goal": settings["goal"],
        "correction": settings["correction"],
        "alpha": settings["alpha"],
        "alpha_harm": settings["alpha_harm"],
        "is_final": True,
        "is_deciding": phase == "all",
        "has_covariate": False,
        "n_phases": len(settings["phases"]),
        "n_units": units,
        "mean_num": converted / units if units else None,
    }


def _table(rows: Sequence[Mapping[str, Any]], schema: "pa.Schema") -> "pa.Table":
    return literals.to_arrow([{**dict.fromkeys(schema.names), **row} for row in rows], schema)


def _comparison(effect: Mapping[str, Any], settings: Mapping[str, Any]) -> Comparison:
    return Comparison(
        variant=effect["variant"],
        difference=effect["estimate"],
        lower=effect["lower"],
        upper=effect["upper"],
        level=effect["level"],
        p_value=effect["p_value_fixed"],
        verdict=_verdict(effect, settings),
    )


def _verdict(effect: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    if effect["p_value_fixed"] is None:
        return NO_UNITS
    side, harm = settings["alpha"] / 2, settings["alpha_harm"]
    if effect["p_value_corrected"] is not None and effect["p_value_corrected"] <= side:
        return BETTER
    # One test per treatment: the harm of a single metric, as Bonferroni corrects it.
    worse = effect["p_value_worse"]
    n_treatments = len(_treatments(settings))
    return WORSE if worse is not None and worse * n_treatments <= harm else NOT_SHOWN
