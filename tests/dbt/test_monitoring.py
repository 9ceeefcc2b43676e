"""Daily builds of a monitored experiment: looks are taken when they are due, once, and kept."""

from __future__ import annotations

import pytest
from monitored_shop import DAY, LOOKS, START, Shop
from project import Project

from experimentos.sequential import group

COMPARED = "select * exclude (decided_at) from main.experimentos__decisions"


@pytest.fixture
def shop(tmp_path):
    return Shop(Project(tmp_path / "shop"))


def test_looks_are_taken_when_they_are_due(shop):
    shop.rates["treatment"] = [0.2] * 4 + [0.3] * 10
    days = [4, 6, 7, 14, 16, 20]
    seen = []
    for day in days:
        shop.build(START + day * DAY)
        row = shop.deciding()
        seen.append((row["look"], row["look_date"], row["as_of"], shop.decision()[:2]))
        assert len(shop.looks()) == len({look for look, *_ in seen if look})
    none = (None, None)
    assert seen[0] == (*none, START + 4 * DAY, ("hold", "no_look_due"))
    assert seen[1][:3] == (1, LOOKS[0], LOOKS[0])
    assert seen[2] == (*none, START + 7 * DAY, ("hold", "no_look_due"))
    # The second was skipped; the third is late, and cut at its date.
    assert seen[3][:3] == (2, LOOKS[2], LOOKS[2])
    assert seen[4][:3] == (3, LOOKS[3], LOOKS[3])
    # Shown for ever.
    assert seen[5][:3] == (3, LOOKS[3], LOOKS[3])
    assert seen[5][3] == seen[4][3] == ("launch", "launchable")

    looks = shop.looks()
    fractions = [4 / 14, 11 / 14, 1]
    assert [look["information_fraction"] for look in looks] == pytest.approx(fractions)
    assert [look["is_final"] for look in looks] == [False, False, True]
    assert [look["seen_at"] for look in looks] == [START + day * DAY for day in (6, 14, 16)]
    bounds = group.spending_bounds(
        fractions, 0.025, information=[look["information"] for look in looks]
    )
    assert [look["boundary"] for look in looks] == pytest.approx(list(bounds), rel=1e-6)
    assert [look["outcome"] for look in looks] == ["not crossed", "crossed", "crossed"]
    assert len(shop.project.mart("looks")) == 3 * 4
