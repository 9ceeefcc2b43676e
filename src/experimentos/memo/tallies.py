"""Assignment rows and units, counted for people."""

from collections import defaultdict
from math import sqrt
from typing import TYPE_CHECKING, Final

from experimentos.memo.context import (
    AssignmentCount,
    DayShare,
    Exclusion,
    FunnelStep,
    VariantCount,
)

if TYPE_CHECKING:
    from datetime import date

FUNNEL = (
    "experiment_not_defined",
    "unit_missing",
    "variant_missing",
    "unknown_variant",
    "time_missing",
    "before_start",
    "after_end",
    "after_as_of",
    "assigned_before_start",
    "crossover",
    "repeat",
)
"""Reasons for leaving a row out, in the order they are told."""
TOLD: Final = 4
"""Most variants whose units are told beside the verdict."""


def count_variants(
    counts: tuple[AssignmentCount, ...], control: str | None, *, is_summary: bool = False
) -> tuple[VariantCount, ...]:
    """Add up the units of each variant over days.

    Parameters
    ----------
    counts : tuple of AssignmentCount
        Rows of one experiment.
    control : str or None
        The variant that comes first.
    is_summary : bool
        Whether the units are those of a summary, all of which are analysed.

    Returns
    -------
    tuple of VariantCount
        One per variant.
    """
    units: defaultdict[tuple[str, str], int] = defaultdict(int)
    shares: defaultdict[str, set[float | None]] = defaultdict(set)
    for row in counts:
        if row.segment in (None, "all"):
            units[row.population or "", row.variant] += row.n_units or 0
            if is_summary:
                units["analysed", row.variant] += row.n_units or 0
            shares[row.variant].add(row.planned_share)
    totals = {
        population: sum(n for (name, _), n in units.items() if name == population)
        for population in ("assigned", "analysed")
    }
    return tuple(
        VariantCount(
            variant=variant,
            planned_share=next(iter(shares[variant])) if len(shares[variant]) == 1 else None,
            n_assigned=units["assigned", variant],
            share_assigned=_share(units["assigned", variant], totals["assigned"]),
            n_analysed=units["analysed", variant],
            share_analysed=_share(units["analysed", variant], totals["analysed"]),
        )
        for variant in sorted(shares, key=lambda name: (name != control, name))
    )


def foremost_counts(counts: tuple[VariantCount, ...], population: str) -> tuple[VariantCount, ...]:
    """Choose the variants whose units tell best how a split differs from the planned one.

    Parameters
    ----------
    counts : tuple of VariantCount
        Of all variants.
    population : str
        'assigned' or 'analysed'.

    Returns
    -------
    tuple of VariantCount
        In their order: all where they are few, else those furthest from their planned share, in
        standard errors.
    """

    def distance(count: VariantCount) -> float:
        _, share = count.of(population)
        planned = count.planned_share
        if share is None or planned is None or not 0 < planned < 1:
            return 0.0
        return abs(share - planned) / sqrt(planned * (1 - planned))

    if len(counts) <= TOLD:
        return counts
    chosen = sorted(counts, key=distance, reverse=True)[: TOLD - 1]
    return tuple(count for count in counts if count in chosen)


def share_days(counts: tuple[AssignmentCount, ...], control: str | None) -> tuple[DayShare, ...]:
    """Add up the first assignments of each variant from day to day.

    Parameters
    ----------
    counts : tuple of AssignmentCount
        Rows of one experiment.
    control : str or None
        The variant that comes first.

    Returns
    -------
    tuple of DayShare
        One per day and variant; none where assignments have no days.
    """
    rows = [
        row
        for row in counts
        if row.population == "assigned" and row.segment in (None, "all") and row.assigned_on
    ]
    variants = sorted({row.variant for row in rows}, key=lambda name: (name != control, name))
    planned = {row.variant: row.planned_share for row in rows}
    days: defaultdict[date, dict[str, AssignmentCount]] = defaultdict(dict)
    for row in rows:
        if row.assigned_on is not None:
            days[row.assigned_on][row.variant] = row
    units, expected, total = dict.fromkeys(variants, 0), dict.fromkeys(variants, 0.0), 0
    unknown: set[str] = set()
    shares = []
    for day in sorted(days):
        today = {name: (row.n_units or 0) for name, row in days[day].items()}
        total += sum(today.values())
        for variant in variants:
            of_today = days[day].get(variant)
            share = planned[variant] if of_today is None else of_today.planned_share
            units[variant] += today.get(variant, 0)
            expected[variant] += (share or 0.0) * sum(today.values())
            if share is None:
                unknown.add(variant)
            shown = None if variant in unknown else expected[variant]
            shares.append(DayShare(day, variant, units[variant], total, shown))
    return tuple(shares)


def _share(part: int, total: int) -> float | None:
    return part / total if total else None


def count_down(exclusions: tuple[Exclusion, ...]) -> tuple[tuple[FunnelStep, ...], int]:
    """Order the reasons for leaving rows out, and count down from all rows to those left.

    Parameters
    ----------
    exclusions : tuple of Exclusion
        Rows of one experiment.

    Returns
    -------
    steps : tuple of FunnelStep
        One per reason that left a row out.
    n_rows : int
        All assignment rows.
    """
    n_rows = sum(row.n_rows or 0 for row in exclusions)
    order = {reason: position for position, reason in enumerate(FUNNEL)}
    steps, left = [], n_rows
    for row in sorted(exclusions, key=lambda row: (order.get(row.reason, len(order)), row.reason)):
        if row.n_rows and row.reason != "analysed":
            left -= row.n_rows
            steps.append(FunnelStep(row.reason, row.n_rows, row.n_rows / n_rows, row.n_units, left))
    return tuple(steps), n_rows
