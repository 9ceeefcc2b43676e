"""The rules that an explanation lists are those of the policy, in its order."""

import re

import pytest

from experimentos.project import Verdict
from experimentos.project.verdicts import PARTS, POLICY, Variant, _rules
from experimentos.resources import bundle_path

LOOKUP = bundle_path("macros") / "rules" / "_lookup.sql"


def listed(macro):
    text = LOOKUP.read_text(encoding="utf-8")
    text = text[text.index(f"macro {macro}()") :]
    return text[: text.index("endmacro")]


def test_the_rules_are_those_of_the_policy_in_its_order():
    found = re.findall(r'\["(\w+)", "(\w+)"\]', listed("policy"))
    assert found == list(POLICY.items())


def test_every_rule_of_the_evidence_has_its_place():
    found = re.findall(r'\["(\w+)", experimentos\.\w+, true,', listed("evidence_parts"))
    known = [*POLICY, *(part for parts in PARTS.values() for part in parts)]
    assert sorted(found) == sorted(known)


def row(rule, *, fired=False, distance=None, metric="all", variant="new"):
    return {"rule": rule, "fired": fired, "distance": distance, "metric": metric,
            "variant": variant, "message": "", "observed": None, "threshold": None}  # fmt: skip


def variant(rule, nearest, *evidence):
    decision = {"variant": "new", "rule": rule, "nearest_rule": nearest}
    return Variant(decision, _rules(decision, evidence), ())


def test_the_nearest_is_the_smallest_distance_of_its_rule():
    found = variant(
        "inconclusive", "harmed", row("harmed", distance=2.0, metric="a"),
        row("harmed", distance=1.0, metric="b"), row("launchable", distance=1.5),
        row("harmed", distance=0.1, metric="c", variant="other"),
    )  # fmt: skip
    assert found.nearest["metric"] == "b"
    assert variant("launchable", None, row("launchable", fired=True, distance=-1)).nearest is None


def test_what_is_left_over_decides_without_evidence_of_its_own():
    found = variant("inconclusive", None)
    assert [rule.rule for rule in found.rules if rule.decides] == ["inconclusive"]
    assert [rule.rule for rule in found.rules if rule.fired] == ["inconclusive"]


@pytest.mark.parametrize(
    ("now", "note", "has_changed"), [("a", None, False), ("b", None, True), ("a", "edited", True)]
)
def test_a_definition_is_another_by_its_hash_or_by_an_edit_that_waits(now, note, has_changed):
    found = Verdict(
        decision={"definitions_hash": "a"}, experiment={}, defined_hash=now, file="", variants=(),
        health=(), power=(), conditions={}, sql={}, is_archived=note is not None, edit_note=note,
    )  # fmt: skip
    assert found.has_changed is has_changed
