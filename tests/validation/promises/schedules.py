"""When units become mature, when the tables are built, and at which builds a look is due."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DAYS = 28.0


@dataclass(frozen=True)
class Schedule:
    """Cohorts of units, and the builds that see them.

    Parameters
    ----------
    cohorts : tuple of float
        Sizes as fractions of the planned units.
    ready : tuple of tuple of int
        One per build: cohorts whose window has closed, for metrics of the first and of the second
        kind of window. Metrics have them in turn.
    looks : tuple of int
        Builds, from 0, at which a look is due in a group sequential design. The last build is
        always the last look.
    days : tuple of float
        Age of the experiment at each build.
    """

    cohorts: tuple[float, ...]
    ready: tuple[tuple[int, int], ...]
    looks: tuple[int, ...]
    days: tuple[float, ...]

    @property
    def builds(self) -> int:
        return len(self.ready)

    @property
    def fractions(self) -> list[float]:
        """Fractions at the looks, for a plan: those of the slower windows."""
        reached = np.cumsum(self.cohorts)
        return [float(reached[min(self.ready[look]) - 1]) for look in self.looks]

    @property
    def is_planned(self) -> bool:
        """Whether the units that were planned are there at the end."""
        return abs(sum(self.cohorts) - 1) < 1e-9

    def ready_for(self, metrics: int) -> np.ndarray:
        """Cohorts that are mature, shape (builds, metrics)."""
        return np.array(self.ready)[:, np.arange(metrics) % 2]


def evenly(builds: int, looks: tuple[int, ...], *, total: float = 1.0) -> Schedule:
    """Cohorts of one size, and a build after each."""
    return Schedule(
        cohorts=(total / builds,) * builds,
        ready=tuple((build + 1, build + 1) for build in range(builds)),
        looks=looks,
        days=tuple(DAYS * (build + 1) / builds for build in range(builds)),
    )


# Twice as many builds as looks: harm is read between looks, too.
EIGHTHS = evenly(8, (1, 3, 5, 7))
SKIPPED = evenly(8, (1, 5, 7))
FEWER_UNITS = evenly(8, (0, 3, 5, 7), total=0.7)
MORE_UNITS = evenly(8, (1, 3, 5, 7), total=1.6)
EVERY_LOOK = evenly(8, tuple(range(8)))
# Four weeks of units; half the metrics wait a week, the others two. Looks are weekly.
TWO_WINDOWS = Schedule(
    cohorts=(0.25,) * 4,
    ready=((2, 1), (3, 2), (4, 3), (4, 4)),
    looks=(0, 1, 2, 3),
    days=(21.0, 28.0, 35.0, 42.0),
)
