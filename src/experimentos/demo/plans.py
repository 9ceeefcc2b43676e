"""The demo's five experiments: what was planned, and what the generator makes happen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

FIRST_DAY: Final = datetime(2025, 1, 1, tzinfo=UTC)
DAYS: Final = 120
USERS: Final = 24_000
WINDOW_DAYS: Final = 14
"""How long after the assignment a variant has its effect."""


@dataclass(frozen=True)
class Plan:
    """One experiment of the demo.

    Parameters
    ----------
    experiment : str
        Its value in the assignments.
    start, days : int
        First day of assignment, counted from ``FIRST_DAY``, and number of days.
    variants : mapping
        Label to planned share; the first one is the control.
    orders : mapping
        Label to the factor by which the variant multiplies the rate of orders; 1 if not named.
    logged : mapping
        Label to the share of its assignments that reach the log; 1 if not named.
    crossovers : int
        Users who are also assigned a second variant.
    early : int
        Users who are also assigned on the day before the start.
    """

    experiment: str
    start: int
    days: int
    variants: Mapping[str, float]
    orders: Mapping[str, float] = field(default_factory=dict)
    logged: Mapping[str, float] = field(default_factory=dict)
    crossovers: int = 8
    early: int = 0


PLANS: Final = (
    # The winner.
    Plan(
        "one-page-checkout",
        start=33,
        days=14,
        variants={"control": 0.5, "one_page": 0.5},
        orders={"one_page": 1.3},
    ),
    # The harmful one.
    Plan(
        "sticky-filters",
        start=33,
        days=14,
        variants={"control": 0.5, "sticky": 0.5},
        orders={"sticky": 0.75},
    ),
    # Nothing happens, and more users than should be saw both variants.
    Plan(
        "free-shipping-banner",
        start=40,
        days=14,
        variants={"control": 0.5, "banner": 0.5},
        crossovers=80,
    ),
    # It looks like a win, but 8 % of the treated users are missing.
    Plan(
        "search-ranking",
        start=61,
        days=14,
        variants={"control": 0.5, "ranked": 0.5},
        orders={"ranked": 1.2},
        logged={"ranked": 0.92},
    ),
    # Three arms, of which one wins; some users were assigned before the start.
    Plan(
        "recommendations",
        start=68,
        days=21,
        variants={"control": 0.34, "popular": 0.33, "personal": 0.33},
        orders={"personal": 1.4},
        early=40,
    ),
)

UNPLANNED: Final = "old-banner"
"""An experiment that stands in the log and is defined nowhere."""
