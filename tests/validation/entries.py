"""What `docs/references.md` lists: reference values, and simulated error rates and coverage.

Each area of the library has a module beside this one with ``REFERENCES`` and ``SIMULATIONS``.
`test_validation.py` checks every entry (simulations with few runs); ``make references`` runs all of
them at length and writes the document.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

REFERENCE = Path(__file__).resolve().parents[1] / "reference"


def stored(name: str) -> Any:
    """Results stored by a script of `tests/reference` under ``<name>.json``."""
    return json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Reference:
    """A number that somebody else computed or published.

    `ours` is called to get our number. They must agree to `rtol` times the reference or to `atol`
    (set it to half a unit of the last printed digit for published tables). `why` explains an entry
    in which we differ on purpose (then `agrees` is False and the test checks that they do differ).
    """

    method: str
    quantity: str
    case: str
    source: str
    expected: float
    ours: Callable[[], float]
    rtol: float = 1e-9
    atol: float = 0.0
    why: str = ""
    agrees: bool = True

    @property
    def name(self) -> str:
        return f"{self.method}: {self.quantity}, {self.case}, {self.source}"

    def difference(self) -> tuple[float, float]:
        """Our number, and what it differs by."""
        ours = float(np.asarray(self.ours()).reshape(()))
        return ours, ours - self.expected

    def holds(self) -> bool:
        ours, difference = self.difference()
        if np.isnan(self.expected):
            return bool(np.isnan(ours)) == self.agrees
        close = abs(difference) <= self.rtol * abs(self.expected) + self.atol
        return bool(close) == self.agrees


@dataclass(frozen=True)
class Simulation:
    """A rate over simulated experiments, against what the method promises.

    `run(runs, rng)` returns how often the event happened in how many runs. `kind`: "equal" where
    theory is exact, "at most" for error rates that are bounded, "at least" for coverage.
    `allowance` is what the approximation behind the method may miss, said in `setting`.
    """

    method: str
    quantity: str
    setting: str
    promised: float
    run: Callable[[int, np.random.Generator], tuple[int, int]]
    kind: str = "equal"
    allowance: float = 0.0
    short: int = 2_000
    long: int = 100_000
    seed: int = 1

    @property
    def name(self) -> str:
        return f"{self.method}: {self.quantity}, {self.setting}"

    def rate(self, runs: int) -> tuple[int, int]:
        return self.run(runs, np.random.default_rng(self.seed))

    def holds(self, events: int, runs: int) -> bool:
        """No evidence at the 0.1 % level against the promise."""
        low, high = self.promised - self.allowance, self.promised + self.allowance
        too_many = stats.binom.sf(events - 1, runs, min(high, 1.0)) < 0.001
        too_few = stats.binom.cdf(events, runs, max(low, 0.0)) < 0.001
        if self.kind == "at most":
            return not too_many
        if self.kind == "at least":
            return not too_few
        return not (too_many or too_few)
