"""All experiments as one program: how many win, how much of it is real, what it is worth."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isnan

import numpy as np

from experimentos.memo.context import Finding
from experimentos.program import false_launches, lift_error, shrink, total, wilson
from experimentos.program.shrinkage import Shrunken
from experimentos.site.entries import Entry

LEAST = 5
"""Fewest comparisons of a metric from which the spread of true effects is estimated, and fewest
experiments from which the share without a benefit is."""
MONTHS = 24
"""Most months told."""


@dataclass(frozen=True, slots=True)
class Impact:
    """What the launches did to one success metric; lifts as fractions."""

    metric: str
    goal: str | None
    n_comparisons: int
    n_launched: int
    raw: float | None
    mean: float | None
    lower: float | None
    upper: float | None
    prior_mean: float | None
    prior_sd: float | None


@dataclass(frozen=True, slots=True)
class Program:
    """Numbers of the page on the program; None where undefined."""

    n_experiments: int
    phases: tuple[tuple[str, int], ...]
    n_blocked: int
    n_decided: int
    n_launched: int
    n_rolled_back: int
    n_held: int
    win_rate: float | None
    win_lower: float | None
    win_upper: float | None
    null_share: float | None
    expected_false: float | None
    false_rate: float | None
    n_with_p: int
    months: tuple[tuple[str, int], ...]
    n_months_before: int
    impacts: tuple[Impact, ...]
    shrunken: Mapping[tuple[str, str, str], float]


def build_program(entries: Sequence[Entry]) -> Program:
    """Compute what the page on the program shows.

    Parameters
    ----------
    entries : sequence of Entry
        All experiments: a program without its losers looks better than it is.

    Returns
    -------
    Program
        Shares, rates and impacts; ``shrunken`` has the effect of each comparison, by experiment,
        metric and variant.
    """
    decided = [entry for entry in entries if entry.is_decided]
    verdicts = Counter(entry.verdict for entry in decided)
    launched = verdicts["launch"]
    win = wilson([launched], [len(decided)])
    with_p = [entry for entry in decided if entry.p_launch is not None]
    false = false_launches(
        np.array([entry.p_launch for entry in with_p], dtype=float),
        [entry.verdict == "launch" for entry in with_p],
        np.array([entry.experiment.alpha_one_sided for entry in with_p], dtype=float),
        np.zeros(len(with_p), dtype=np.int64),
    )
    is_enough = len(with_p) >= LEAST
    months, before = _months(entries)
    impacts, shrunken = _impacts(entries)
    return Program(
        n_experiments=len(entries),
        phases=tuple(
            (phase, sum(entry.phase == phase for entry in entries))
            for phase in ("draft", "running", "ended")
        ),
        n_blocked=sum(entry.is_blocked for entry in entries),
        n_decided=len(decided),
        n_launched=launched,
        n_rolled_back=verdicts["rollback"],
        n_held=verdicts["hold"],
        win_rate=_first(win.rate),
        win_lower=_first(win.lower),
        win_upper=_first(win.upper),
        **_if_enough(
            is_enough,
            null_share=_first(false.null_share),
            expected_false=_first(false.expected),
            false_rate=_first(false.rate),
        ),
        n_with_p=len(with_p),
        months=months,
        n_months_before=before,
        impacts=impacts,
        shrunken=shrunken,
    )


def _months(entries: Sequence[Entry]) -> tuple[tuple[tuple[str, int], ...], int]:
    """Experiments begun in each month from the first on, and how many before those told."""
    starts = [e.experiment.starts_at for e in entries if e.experiment.starts_at is not None]
    if not starts:
        return (), 0
    counts = Counter(_month(start) for start in starts)
    first, last = min(counts), max(counts)
    told = range(max(first, last - MONTHS + 1), last + 1)
    months = tuple((f"{month // 12}-{month % 12 + 1:02}", counts[month]) for month in told)
    return months, sum(n for month, n in counts.items() if month < told.start)


def _month(start: datetime) -> int:
    return 12 * start.year + start.month - 1


def _impacts(
    entries: Sequence[Entry],
) -> tuple[tuple[Impact, ...], dict[tuple[str, str, str], float]]:
    """Shrink the lifts of each success metric, and add up those of launched variants."""
    rows: defaultdict[str, list[tuple[Entry, Finding]]] = defaultdict(list)
    for entry in entries:
        for finding in entry.findings:
            if _is_readable(entry, finding):
                rows[finding.effect.metric].append((entry, finding))
    metrics = sorted(rows)
    flat = [(number, *row) for number, metric in enumerate(metrics) for row in rows[metric]]
    family = np.array([number for number, _, _ in flat], dtype=np.int64)
    lifts = np.array([finding.effect.lift for _, _, finding in flat], dtype=float)
    errors = lift_error(
        *(
            np.array([getattr(finding.effect, name) for _, _, finding in flat], dtype=float)
            for name in ("estimate", "std_error", "value_control", "n_control", "n_treatment")
        )
    )
    is_launched = np.array(
        [e.verdict == "launch" and f.effect.variant == e.variant for _, e, f in flat], dtype=bool
    )
    shrunken = shrink(lifts, errors, family)
    sums = total(shrunken, lifts, is_launched)
    usable = np.bincount(family, weights=np.isfinite(shrunken.mean), minlength=len(metrics))
    impacts = tuple(
        Impact(
            metric=metric,
            goal=rows[metric][0][1].effect.goal,
            n_comparisons=len(rows[metric]),
            n_launched=int((is_launched & (family == number)).sum()),
            raw=_first(lifts[is_launched & (family == number)].sum(keepdims=True)),
            **_if_enough(
                usable[number] >= LEAST,
                mean=_at(sums.mean, number),
                lower=_at(sums.lower, number),
                upper=_at(sums.upper, number),
                **_prior(shrunken, family == number),
            ),
        )
        for number, metric in enumerate(metrics)
    )
    means = {
        (finding.effect.experiment_id, finding.effect.metric, finding.effect.variant): float(mean)
        for (number, _, finding), mean in zip(flat, shrunken.mean, strict=True)
        if usable[number] >= LEAST and np.isfinite(mean)
    }
    return impacts, means


def _is_readable(entry: Entry, finding: Finding) -> bool:
    effect = finding.effect
    return (
        not entry.is_blocked
        and finding.reading != "withheld"
        and effect.role == "success"
        and None not in (effect.lift, effect.estimate, effect.std_error, effect.value_control)
        and None not in (effect.n_control, effect.n_treatment)
    )


def _prior(shrunken: Shrunken, rows: np.ndarray) -> dict[str, float | None]:
    return {
        "prior_mean": _first(shrunken.prior_mean[rows]),
        "prior_sd": _first(shrunken.prior_sd[rows]),
    }


def _if_enough(is_enough: bool, **values: float | None) -> dict[str, float | None]:  # noqa: FBT001
    return {name: value if is_enough else None for name, value in values.items()}


def _first(values: np.ndarray) -> float | None:
    return _at(values, 0)


def _at(values: np.ndarray, position: int) -> float | None:
    value = float(values[position]) if position < len(values) else np.nan
    return None if isnan(value) else value
