"""What came of a dbt build."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BuildSummary:
    """How many nodes of a dbt build passed, warned, and were skipped.

    Parameters
    ----------
    passed, warned, skipped : int
        Counts of nodes; a build with errors raises instead.
    warnings : tuple of str
        One line for each test that warned.
    """

    passed: int = 0
    warned: int = 0
    skipped: int = 0
    warnings: tuple[str, ...] = ()

    def __add__(self, other: "BuildSummary") -> "BuildSummary":
        return BuildSummary(
            self.passed + other.passed,
            self.warned + other.warned,
            self.skipped + other.skipped,
            self.warnings + other.warnings,
        )
