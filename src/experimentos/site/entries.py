"""One experiment as the portfolio knows it: what is left of its memo when its page is written."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any

from experimentos.memo import Memo
from experimentos.memo.context import Experiment, Finding, MetricUse

SECONDS_A_DAY = 86_400
_OVER = frozenset({"stopped", "archived"})

# Adjusted and not, on mature units and on all: a line is of one of them.
_GRAIN = ("metric", "variant", "population", "basis", "adjustment")

Row = Mapping[str, Any]
Key = tuple[str | None, ...]
Point = tuple[datetime, float]


@dataclass(frozen=True, slots=True)
class Entry:
    """One experiment.

    Parameters
    ----------
    experiment : Experiment
        What is defined.
    verdict, variant, rule : str
        As its memo says.
    is_blocked : bool
        Whether a health check withholds everything.
    phase : str
        'draft', 'running' or 'ended'.
    lead : Finding or None
        The finding that stands for it in a list; None where nothing may be read.
    series : tuple of float
        Estimate of that finding by day, from the first day on.
    n_variants : int
        Variants that were compared with the control.
    n_blocked, n_warnings : int
        Health checks that are not healthy.
    days_left : float or None
        Days until the plan ends, or until the units it needs are there; None where unknown.
    p_launch : float or None
        The p-value by which it would be launched, corrected over variants.
    findings : tuple of Finding
        Deciding comparisons.
    uses : tuple of MetricUse
        Its metrics.
    """

    experiment: Experiment
    verdict: str
    variant: str | None
    rule: str | None
    is_blocked: bool
    phase: str
    lead: Finding | None
    series: tuple[float, ...]
    n_variants: int
    n_blocked: int
    n_warnings: int
    days_left: float | None
    p_launch: float | None
    findings: tuple[Finding, ...]
    uses: tuple[MetricUse, ...]

    @property
    def is_decided(self) -> bool:
        """Whether it counts for the program: a verdict to act on, or its end reached unblocked."""
        acts = self.verdict in {"launch", "rollback"}
        return not self.is_blocked and (acts or self.phase == "ended")


def build_entries(
    memos: Iterable[Memo], effects: Iterable[Row], plans: Mapping[str, Row]
) -> list[Entry]:
    """Keep of each memo what the portfolio, the metrics and the program show.

    Parameters
    ----------
    memos : iterable of Memo
        From ``read_memos``.
    effects : iterable of mappings
        Rows of ``experimentos__effects`` of these experiments, those of earlier days too.
    plans : mapping
        Experiment id to its row of ``experimentos__experiments``.

    Returns
    -------
    list of Entry
        One per memo, in their order.
    """
    series = _series(effects)
    return [_entry(memo, series, plans[memo.experiment.experiment_id]) for memo in memos]


def _entry(memo: Memo, series: Mapping[Key, list[Point]], plan: Row) -> Entry:
    experiment = memo.experiment
    lead = _lead(memo)
    key: Key = () if lead is None else _key(experiment.experiment_id, lead)
    p_values = [
        report.decision.p_launch for report in memo.variants if report.decision.p_launch is not None
    ]
    return Entry(
        experiment=experiment,
        verdict=memo.verdict,
        variant=", ".join(memo.harmed_variants) if memo.verdict == "rollback" else memo.variant,
        rule=memo.rule,
        is_blocked=memo.is_blocked,
        phase=_phase(experiment),
        lead=lead,
        series=_until(series.get(key, ()), plan.get("decides_at")),
        n_variants=len(memo.variants),
        n_blocked=sum(check.status == "blocked" for check in memo.health),
        n_warnings=sum(check.status == "warning" for check in memo.health),
        days_left=_days_left(memo, plan),
        p_launch=min(p_values, default=None),
        findings=memo.findings,
        uses=memo.metrics,
    )


def _key(experiment_id: str, finding: Finding) -> Key:
    effect = finding.effect
    return (experiment_id, *(getattr(effect, column) for column in _GRAIN))


def _lead(memo: Memo) -> Finding | None:
    """Choose what carries the verdict; where nothing does, the first success metric."""
    if memo.is_blocked:
        return None
    chosen = memo.carriers or memo.with_role("success") or memo.findings
    return chosen[0] if chosen else None


def _phase(experiment: Experiment) -> str:
    if experiment.status == "draft":
        return "draft"
    return "ended" if experiment.is_final or experiment.status in _OVER else "running"


def _days_left(memo: Memo, plan: Row) -> float | None:
    """Days from the end of the data to the planned end; without one, until the units are there."""
    if _phase(memo.experiment) == "ended":
        return 0.0
    decides_at, data_as_of = plan.get("decides_at"), memo.experiment.data_as_of
    if isinstance(decides_at, datetime) and data_as_of is not None:
        left = (decides_at.replace(tzinfo=None) - data_as_of).total_seconds() / SECONDS_A_DAY
        return max(0.0, left)
    waits = [row.days_left for row in memo.power if row.n_needed is not None]
    known = [days for days in waits if days is not None]
    return max(known) if known and len(known) == len(waits) else None


def _series(effects: Iterable[Row]) -> Mapping[Key, list[Point]]:
    """Collect the estimates of each comparison by day."""
    series: defaultdict[Key, list[Point]] = defaultdict(list)
    for row in effects:
        estimate, as_of = row["estimate"], row["as_of"]
        if row["segment"] not in (None, "all") or as_of is None:
            continue
        if estimate is not None and isfinite(estimate):
            key = (row["experiment_id"], *(row[column] for column in _GRAIN))
            series[key].append((as_of, float(estimate)))
    return series


def _until(points: Sequence[Point], end: object) -> tuple[float, ...]:
    """Return the values in the order of days; what follows the planned end is left out."""
    return tuple(
        value for as_of, value in sorted(points) if not isinstance(end, datetime) or as_of <= end
    )
