"""A/A tests on a project's own units: what ``experimentos validate`` asks, computes and keeps."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from experimentos.errors import ProjectError, RefusedError
from experimentos.project.answers import ask
from experimentos.project.buckets import by_metric, read_metrics
from experimentos.project.gateway import Project

if TYPE_CHECKING:
    from experimentos.rerandomise import Rate

RUNS, BUCKETS = 5000, 4096
ARMS = ("control", "all")
MART = "experimentos__validation"
_FEWEST_BUCKETS, _MOST_BUCKETS = 20, 4096


@dataclass(frozen=True)
class Request:
    """What is asked.

    Parameters
    ----------
    metrics : sequence of str
        Only these; empty: all that can be.
    runs, buckets : int
        Re-randomisations, and buckets at most.
    arms : str
        One of `ARMS`: whose units are dealt.
    salt : str
        What the hash of units begins with, and the source of all chance.
    """

    metrics: Sequence[str] = ()
    runs: int = RUNS
    buckets: int = BUCKETS
    arms: str = ARMS[0]
    salt: str = ""

    def __post_init__(self) -> None:
        """Check all of it at once."""
        problems = []
        if self.runs < 1:
            problems.append(f"the number of runs must be at least 1, got {self.runs}")
        if not _FEWEST_BUCKETS <= self.buckets <= _MOST_BUCKETS:
            problems.append(
                f"the number of buckets must be from {_FEWEST_BUCKETS} to {_MOST_BUCKETS}, "
                f"got {self.buckets}"
            )
        if self.arms not in ARMS:
            problems.append(f"arms must be one of {', '.join(ARMS)}, got {self.arms!r}")
        if problems:
            raise ProjectError("\n".join(problems))
        object.__setattr__(self, "salt", self.salt or secrets.token_hex(8))


@dataclass(frozen=True)
class Validation:
    """What came of one experiment.

    Parameters
    ----------
    experiment_id, definitions_hash, design : str
        Which, and how it is looked at.
    request : Request
        What was asked, the salt that was drawn with it.
    data_as_of, validated_at : datetime
        End of the data, and when this ran (UTC).
    control_share, treatment_share : float
        Planned shares of control and of the smallest treatment, which the deals keep.
    n_units, n_buckets : int
        Units of the arms, and buckets they are in.
    n_phases : int
        Phases of the split.
    roles, n_used : mapping
        Metric to its role, and to the units whose window is closed.
    left_out : mapping
        Metric to why it is not validated.
    rates : tuple of Rate
        How often each test rejects.
    """

    experiment_id: str
    definitions_hash: str
    design: str
    request: Request
    data_as_of: datetime | None
    validated_at: datetime
    control_share: float
    treatment_share: float
    n_units: int
    n_buckets: int
    n_phases: int
    roles: Mapping[str, str]
    n_used: Mapping[str, int]
    left_out: Mapping[str, str]
    rates: tuple["Rate", ...]

    @property
    def treated_share(self) -> float:
        """Part of the buckets that are treated."""
        return self.treatment_share / (self.control_share + self.treatment_share)

    @property
    def is_flagged(self) -> bool:
        """Whether any test rejects more often than it may."""
        return any(rate.is_flagged for rate in self.rates)

    def rows(self) -> list[dict[str, Any]]:
        """Rows of the mart.

        Returns
        -------
        list of dict
            One per metric, test and measure.
        """
        shared = {
            "experiment_id": self.experiment_id,
            "design": self.design,
            "arms": self.request.arms,
            "n_buckets": self.n_buckets,
            "treated_share": self.treated_share,
            "salt": self.request.salt,
            "validated_at": self.validated_at.replace(tzinfo=None),
            "data_as_of": self.data_as_of,
            "definitions_hash": self.definitions_hash,
        }
        return [shared | self._row(rate) for rate in self.rates]

    def _row(self, rate: "Rate") -> dict[str, Any]:
        own = {field.name: getattr(rate, field.name) for field in fields(rate)}
        lower, upper = rate.interval
        return own | {
            "role": self.roles[rate.metric],
            "n_units": self.n_used[rate.metric],
            "rate": rate.rate,
            "lower": lower,
            "upper": upper,
            "is_flagged": rate.is_flagged,
        }


def validated_experiments(project: Project) -> list[str]:
    """List the experiments whose units can be dealt.

    Parameters
    ----------
    project : Project
        Built.

    Returns
    -------
    list of str
        Their names.

    Raises
    ------
    ProjectError
        If there is none.
    """
    names = ask(project, "validated_experiments")["names"]
    if not names:
        msg = (
            "No experiment can be validated: it has to be built, with units of its own, and not "
            "archived. Name one with --experiment to be told why it cannot, or deal the units of "
            "past weeks: --past --metric NAME."
        )
        raise ProjectError(msg)
    return list(names)


def validate(
    project: Project, experiment: str, request: Request, *, name: str | None = None,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Validation:  # fmt: skip
    """Deal the units of an experiment to two arms again and again, and test each deal.

    Parameters
    ----------
    project : Project
        Built.
    experiment : str
        Its name.
    request : Request
        How.
    name : str, optional
        What it is called in what comes of it. Default: as it is.
    progress : callable, optional
        Called with what is done, how many runs of all metrics are done, and how many there are.

    Returns
    -------
    Validation
        Nothing is written; see `keep`.

    Raises
    ------
    RefusedError
        If the experiment cannot be validated; the message says why.
    ProjectError
        If the warehouse cannot be asked.
    """
    # NumPy and SciPy take a second to import.
    from experimentos.rerandomise import rerandomise  # noqa: PLC0415

    name = name or experiment
    progress(f"{name}: units", 0, 0)
    asked = {
        "experiment": experiment,
        "salt": request.salt,
        "buckets": request.buckets,
        "arms": request.arms,
        "metrics": list(request.metrics) or None,
    }
    answer = ask(project, "validate", asked)
    settings = by_metric(project.query(answer["settings_sql"]))
    looks = project.query(answer["looks_sql"])
    left_out = {one["metric"]: str(one["reason"]) for one in answer["left_out"]}
    metrics = list(read_metrics(project, answer, settings, looks, left_out))
    if not metrics:
        reasons = "".join(f"\n  - {metric} {reason}" for metric, reason in left_out.items())
        msg = f"No metric of {name!r} can be validated:{reasons}"
        raise RefusedError(msg)
    done, total = 0, request.runs * len(metrics)

    def count(runs: int) -> None:
        nonlocal done
        done += runs
        progress(f"{name}: re-randomisations", done, total)

    shares = answer["control_share"], answer["treatment_share"]
    rates = rerandomise(
        metrics,
        share=shares[1] / sum(shares),
        runs=request.runs,
        salt=request.salt,
        progress=count,
    )
    first = next(iter(settings.values()))
    return Validation(
        experiment_id=name,
        definitions_hash=answer["definitions_hash"],
        design=str(first["design"]),
        request=request,
        data_as_of=first["data_as_of"],
        validated_at=datetime.now(UTC),
        control_share=shares[0],
        treatment_share=shares[1],
        n_units=answer["n_units"],
        n_buckets=answer["n_buckets"],
        n_phases=answer["n_phases"],
        roles={metric.name: metric.role for metric in metrics},
        n_used={metric.name: metric.cells.n_units for metric in metrics},
        left_out=left_out,
        rates=tuple(rates),
    )


def keep(project: Project, validation: Validation) -> None:
    """Write what came of an experiment into the mart, in place of what was there of it.

    Parameters
    ----------
    project : Project
        Built.
    validation : Validation
        Of one experiment.
    """
    import pyarrow as pa  # noqa: PLC0415

    rows = validation.rows()
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    where = {"experiment_id": validation.experiment_id}
    project.replace_rows(MART, pa.table(columns), where)
