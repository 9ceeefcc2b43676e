"""Every entry of `docs/references.md` holds, and the document lists every entry."""

from pathlib import Path

import pytest

from validation.collect import areas, references, simulations
from validation.entries import Reference

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "references.md"
ENTRIES = [one for area in areas() for one in [*references(area), *simulations(area)]]


# By area: three thousand tests would take longer than what they test.
@pytest.mark.parametrize("area", areas())
def test_reference_values(area: str):
    wrong = []
    for one in references(area):
        if not one.holds():
            word = "agree with" if one.agrees else "differ from"
            wrong.append(f"{one.name}: {one.difference()[0]!r} should {word} {one.expected!r}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("area", areas())
def test_simulated_rates(area: str):
    wrong = []
    for one in simulations(area):
        events, runs = one.rate(one.short)
        if not one.holds(events, runs):
            found = f"{events} in {runs} ({events / runs:.4f})"
            wrong.append(f"{one.name}: {found}, {one.kind} {one.promised}")
    assert not wrong, "\n".join(wrong)


def test_no_entry_is_listed_twice():
    names = [one.name for one in ENTRIES]
    assert len(names) == len(set(names))


def test_the_document_lists_every_entry():
    text = DOCUMENT.read_text(encoding="utf-8")
    for one in ENTRIES:
        row = one.case if isinstance(one, Reference) else one.setting
        assert row.replace("|", "\\|") in text, f"run `make references`: {one.name} is not in it"
