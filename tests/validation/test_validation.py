"""Every entry of `docs/references.md` holds, and the document lists every entry."""

from pathlib import Path

import pytest

from validation.collect import areas, references, simulations
from validation.entries import Reference, Simulation

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "references.md"
REFERENCES = [one for area in areas() for one in references(area)]
SIMULATIONS = [one for area in areas() for one in simulations(area)]


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda one: one.name)
def test_a_reference_value(reference: Reference):
    ours, _ = reference.difference()
    word = "agree with" if reference.agrees else "differ from"
    assert reference.holds(), f"ours {ours!r} should {word} {reference.expected!r}"


@pytest.mark.parametrize("simulation", SIMULATIONS, ids=lambda one: one.name)
def test_a_simulated_rate(simulation: Simulation):
    events, runs = simulation.rate(simulation.short)
    assert simulation.holds(events, runs), (
        f"{events} in {runs} ({events / runs:.4f}), {simulation.kind} {simulation.promised}"
    )


def test_no_entry_is_listed_twice():
    names = [one.name for one in [*REFERENCES, *SIMULATIONS]]
    assert len(names) == len(set(names))


def test_the_document_lists_every_entry():
    text = DOCUMENT.read_text(encoding="utf-8")
    for one in [*REFERENCES, *SIMULATIONS]:
        row = one.case if isinstance(one, Reference) else one.setting
        assert row.replace("|", "\\|") in text, f"run `make references`: {one.name} is not in it"
