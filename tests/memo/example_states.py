"""Experiments that are not over, or of another design: the launch of `examples`, changed."""

from datetime import datetime

from memo import example_full, examples
from memo.example_marts import Marts, decision_row, health_row, planned_look_row

WEEK_THREE = datetime.fromisoformat("2026-10-05")


def _held(marts: Marts, rule: str, reason: str) -> Marts:
    """Hold the experiment and each of its variants, for one reason."""
    marts["decisions"] = [decision_row(examples.LAUNCH, "hold", rule, reason)]
    for row in marts["variant_decisions"]:
        row |= {"verdict": "hold", "rule": rule, "reason": reason, "p_launch": None}
    marts["decision_evidence"] = []
    return marts


def _running(marts: Marts, **columns: object) -> Marts:
    marts["experiments"][0] |= {
        "is_final": False, "status": "running", "data_as_of": WEEK_THREE, **columns,
    }  # fmt: skip
    return marts


def _not_due(marts: Marts) -> Marts:
    """Nothing is tested of what decides; explored metrics keep their intervals."""
    for row in marts["effects"]:
        if row["role"] != "explore":
            row.update(dict.fromkeys(examples.NOT_DUE))
    return marts


def _unshown(marts: Marts) -> None:
    """No success metric is better: the intervals reach beyond 0."""
    for row in marts["effects"]:
        if row["role"] == "success" and row["level"] is not None:
            half = row["upper"] - row["estimate"] + 3 * row["std_error"]
            row |= {"p_value_corrected": 0.4, "lower": row["estimate"] - half}
            row |= {"lift_lower": row["lower"] / row["value_control"]}


def between() -> Marts:
    """A group sequential experiment between its looks; an explored metric may be read."""
    end = datetime.fromisoformat("2026-10-06")
    marts = _not_due(_running(example_full.full(), design="group_sequential", ends_at=end))
    marts["looks"] = [row for row in marts["looks"] if row["look"] < 3]
    marts["planned_looks"] = [planned_look_row(examples.LAUNCH, look, 2) for look in (3, 4)]
    reason = "no look is due; the next look is due on data until 2026-10-06 00:00"
    return _held(marts, "no_look_due", reason)


def at_a_look() -> Marts:
    """A group sequential experiment at its third look, which shows nothing."""
    marts = _running(example_full.full(), design="group_sequential")
    _unshown(marts)
    marts["looks"] = [row for row in marts["looks"] if row["look"] < 4]
    marts["planned_looks"] = [planned_look_row(examples.LAUNCH, 4, 3)]
    reason = (
        "no verdict at this look; keep running: the next look is due on data until 2026-10-13 00:00"
    )
    return _held(marts, "looks_remain", reason)


def futile() -> Marts:
    """At a look, every success metric of each variant is below its futility boundary."""
    marts = at_a_look()
    for row in marts["looks"]:
        if row["test"] == "superior":
            row |= {"outcome": "futile", "statistic": -0.2, "futility_boundary": 0.5}
    tested = [row for row in marts["looks"] if row["test"] == "superior"]
    marts["looks"] += [row | {"metric": "revenue"} for row in tested]
    reason = (
        "no verdict at this look; keep running: the next look is due on data until 2026-10-13 "
        "00:00; the futility boundary is crossed on every success metric: stopping costs no error, "
        "and a launch has become unlikely"
    )
    return _held(marts, "looks_remain", reason)


def always_valid() -> Marts:
    """An always-valid experiment, open, in which nothing is shown yet."""
    plan = {"design": "always_valid", "ends_at": None, "decides_at": None, "observe_until": None}
    marts = _running(example_full.full(), **plan)
    _unshown(marts)
    marts["looks"] = []
    return _held(marts, "looks_remain", "no verdict yet; keep running: every build looks again")


def beginning() -> Marts:
    """An always-valid experiment in its first week, with too few units for its tests."""
    marts = always_valid()
    for row in marts["effects"]:
        row.update(dict.fromkeys((*examples.NOT_DUE, "p_value_harm", "p_value_harm_corrected")))
        row |= {"n_control": 41, "n_treatment": 44}
    reason = "a launch is not decided before seven full days: on data until 2026-09-08 00:00"
    return _held(marts, "no_look_due", reason)


def to_start() -> Marts:
    """An experiment that starts tomorrow."""
    marts = _nothing(_running(examples.launch(), data_as_of=datetime.fromisoformat("2026-08-31")))
    row = health_row(examples.LAUNCH, "has_assignments", "It has not started.", observed=0.0)
    marts["health"] = [row]
    reason = "the experiment has not started: it starts at 2026-09-01 00:00"
    return _held(marts, "no_look_due", reason)


def draft() -> Marts:
    """A draft, which has no variants to decide on."""
    marts = _nothing(_running(examples.launch(), status="draft"))
    marts["health"] = []
    marts = _held(marts, "no_look_due", "the experiment is a draft")
    marts["variant_decisions"] = []
    return marts


def endless() -> Marts:
    """A fixed design for which no end is planned."""
    marts = _not_due(_running(examples.launch(), ends_at=None, decides_at=None, observe_until=None))
    reason = "no end is planned: a fixed design decides at its end, so set `end`"
    return _held(marts, "no_look_due", reason)


def unsettled() -> Marts:
    """Better, with a guardrail that is not shown to stay within its margin."""
    marts = examples.launch()
    for row in marts["effects"]:
        if row["metric"] == "page_load":
            row |= {"p_value_noninferior": 0.3}
    reason = "better than control on ordered, but page_load: not shown to stay within its margin"
    return _held(marts, "guardrail_unsettled", reason)


def worse_uncorrected() -> Marts:
    """A success metric on the worse side of 0, by its own interval and by no corrected test."""
    marts = examples.launch()
    _unshown(marts)
    for row in marts["effects"]:
        if (row["metric"], row["variant"]) == ("revenue", "one_page") and row["used_for_decision"]:
            row |= {
                "value_treatment": 30.725, "estimate": -0.675, "lower": -1.30, "upper": -0.05,
                "lift": -0.0215, "lift_lower": -0.0414, "lift_upper": -0.0016,
                "p_value_corrected": 1.0, "p_value_harm": 0.0125, "p_value_harm_corrected": 0.05,
            }  # fmt: skip
    return _held(marts, "inconclusive", "inconclusive: neither a benefit nor its absence is shown")


def summary() -> Marts:
    """Totals without times: one readout, no day, no assignment rows."""
    marts = examples.launch()
    undated = dict.fromkeys(["starts_at", "ends_at", "decides_at", "observe_until", "data_as_of"])
    marts["experiments"][0] |= {"is_dated": False, **undated}
    for name in ("effects", "moments"):
        for row in marts[name]:
            row |= {"as_of": None, "basis": "all"}
    return marts | {"exclusions": [], "assignment_counts": [], "edits": []}


def _nothing(marts: Marts) -> Marts:
    """Without any readout."""
    for name in ("effects", "moments", "power", "exclusions", "assignment_counts", "edits"):
        marts[name] = []
    return marts


STATES = (
    between, at_a_look, futile, always_valid, beginning, to_start, draft, endless, unsettled,
    worse_uncorrected, summary,
)  # fmt: skip
"""Each makes the marts of one experiment."""


def texts() -> dict[str, str]:
    """What the states make a memo say, by file name."""
    from experimentos.memo.render import render_sections

    sections = {make.__name__: dict(render_sections(examples.memo_of(make()))) for make in STATES}
    names = ("effects", "guardrails", "exploratory", "posteriors", "by_day", "appendix")
    shown = {f"between/{name}": sections["between"][name] for name in names}
    shown["states/worse_uncorrected"] = sections["worse_uncorrected"]["effects"]
    shown["states/beginning"] = sections["beginning"]["guardrails"]
    return shown | {
        f"verdicts/{name}": sections[name]["verdict"]
        for name in ("futile", "always_valid", "beginning", "draft", "worse_uncorrected")
    }
