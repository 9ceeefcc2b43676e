"""All entries, found by module."""

from importlib import import_module
from pathlib import Path

from validation.entries import Reference, Simulation

NOT_AREAS = {"__init__", "collect", "entries", "report", "test_promises", "test_validation"}


def areas() -> dict[str, str]:
    """Area names and the first line of each module's docstring, in order."""
    names = sorted(p.stem for p in Path(__file__).parent.glob("*.py") if p.stem not in NOT_AREAS)
    return {name: (import_module(f"validation.{name}").__doc__ or name) for name in names}


def references(area: str) -> list[Reference]:
    """Reference values of an area."""
    return list(getattr(import_module(f"validation.{area}"), "REFERENCES", []))


def simulations(area: str) -> list[Simulation]:
    """Simulations of an area."""
    return list(getattr(import_module(f"validation.{area}"), "SIMULATIONS", []))
