"""What each rule of the policy says, in the language that is spoken, by its name and its evidence.

The marts hold reasons in English. They are printed as they are, unless a project has put a text in
the place of every one that a reason is made of here.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from experimentos.charts import language, wording
from experimentos.charts.language import Words
from experimentos.memo.check_messages import check_message
from experimentos.memo.context import Evidence, VariantReport
from experimentos.memo.report import Memo

Say = Callable[[Memo, VariantReport, Evidence], str | None]

WEEK: Final = timedelta(days=7)
"""Days before which an always-valid design launches nothing."""

BETTER, NOT_BETTER = (
    Words("{metric} is better than control"),
    Words("{metric}: better than control is not shown"),
)
WITHIN, NOT_WITHIN = (
    Words("{metric} stays within its margin"),
    Words("{metric}: not shown to stay within its margin"),
)
WORSE, NOT_WORSE = (
    Words("{metric} is worse than control"),
    Words("{metric}: not shown worse than control"),
)
TOO_SKEWED: Final = Words(
    "{metric}: too few units for the skewness of its values, so nothing is decided on it"
)
NO_SIZE, NO_BOUND, RULED_OUT_OF, NOT_RULED_OUT_OF = (
    Words("{metric}: no `mde` says which size is looked for"),
    Words("{metric}: the benefit has no bound"),
    Words("{metric}: a benefit of the size looked for is ruled out"),
    Words("{metric}: a benefit of the size looked for is not ruled out"),
)
BY_SIZE, NOT_KNOWN = Words("{metric} by {size}"), Words("{metric}: not known")
SHOWN_WORSE, NOT_SAFE, NOT_SAFE_BY = (
    Words("{metric} is shown worse"),
    Words("{metric} is not shown safe: the harm that would have been found is not known"),
    Words(
        "{metric} is not shown safe: 80 % power would have found a harm of {size} of control's "
        "value"
    ),
)
BEYOND, HARM_UNKNOWN, NO_HARM = (
    Words("{metric} is worse than its margin allows"),
    Words("{metric}: harm is not shown, because nothing could be computed"),
    Words("{metric}: harm is not shown"),
)
NOT_BLOCKED, NOT_FIT, UNVERIFIED = (
    Words("no check of health is blocked"),
    Words("the data are not fit to decide on: {checks}"),
    Words("{reason}; unverified: consider stopping, because {harm}"),
)
NO_LOOK_YET, SAME_PLAN, OTHER_PLAN = (
    Words("no look has been taken that a plan has to be kept for"),
    Words("the plan is that of the first look"),
    Words("plan changed after data were seen: undo it, or say why in `monitoring.override`"),
)
MOVED = Words(
    "dates of looks were changed after looks had been taken; the error rate that those spent stays "
    "spent"
)
AT_LOOK, NO_LOOK_DUE, LAST_LOOK_ON = (
    Words("a look is taken or shown"),
    Words("no look is due"),
    Words("no look is due; the last of the plan is on data until {day}"),
)
WEEK_OVER, WEEK_OPEN = (
    Words("seven full days are over"),
    Words("a launch is not decided before seven full days: on data until {day}"),
)
TO_START: Final = Words("the experiment has not started: it starts at {day}")
AT_END, NO_END, BEFORE_END = (
    Words("the planned end is reached"),
    Words("no end is planned: a fixed design decides at its end, so set `end`"),
    Words("the planned end is not reached; the look is due when data are complete until {day}"),
)
LAUNCHABLE, LAUNCHABLE_BUT, NOT_LAUNCHABLE = (
    Words("better than control on {metrics}, and no guardrail stands against it"),
    Words("better on a success metric and within every margin, but a guardrail is shown worse"),
    Words("better on a success metric and within every margin is not shown"),
)
NOT_ASKED, UNSETTLED, STOPPED, SETTLED = (
    Words("no success metric is better, so guardrails are not asked"),
    Words("better than control on {metrics}, but {unsettled}"),
    Words(
        "better than control on {metrics}, but not at the level that a launch asks of all variants "
        "and their guardrails together"
    ),
    Words("every guardrail with a margin holds, and none is shown worse"),
)
NO_LOOK, ONE_LOOK, LAST_LOOK, EVERY_BUILD, KEEP_RUNNING, FUTILE = (
    Words("no look is taken"),
    Words("a fixed design has one look"),
    Words("this is the last look"),
    Words("no verdict yet; keep running: every build looks again"),
    Words("no verdict at this look; keep running"),
    Words(
        "{reason}; the futility boundary is crossed on every success metric: stopping costs no "
        "error, and a launch has become unlikely"
    ),
)
NOT_FINISHED, RULED_OUT, NOT_RULED_OUT = (
    Words("it is not finished"),
    Words("an effect of the size looked for is ruled out"),
    Words("an effect of the size looked for is not ruled out on every success metric"),
)
INCONCLUSIVE_SKEWED, INCONCLUSIVE_SKEWED_POWER = (
    Words(
        "inconclusive: neither a benefit nor its absence is shown; too few units for the skewness "
        "of {metrics}"
    ),
    Words(
        "inconclusive: neither a benefit nor its absence is shown; too few units for the skewness "
        "of {metrics}; the planned power would have found a change of {sizes}"
    ),
)
INCONCLUSIVE, INCONCLUSIVE_POWER, BUT_CONDITION, BUT_LEVEL = (
    Words("inconclusive: neither a benefit nor its absence is shown"),
    Words(
        "inconclusive: neither a benefit nor its absence is shown; the planned power would have "
        "found a change of {sizes}"
    ),
    Words("inconclusive: {metrics} is better, but not every condition of a launch is met"),
    Words(
        "inconclusive: {metrics} is better by the correction chosen, but not at the level that a "
        "launch asks of all success metrics together"
    ),
)


class Untranslated(Exception):  # noqa: N818 -- no error: the mart's words stand
    """A project has no text for a part of what is said."""


def said(words: Words, **values: str) -> str:
    """Say something in a project's words.

    Parameters
    ----------
    words : Words
        Ours.
    **values : str
        For its places.

    Returns
    -------
    str
        In the language that is spoken.

    Raises
    ------
    Untranslated
        If the project has no text in their place.
    """
    if not words.is_translated:
        raise Untranslated
    return words(**values)


def rule_message(memo: Memo, report: VariantReport, row: Evidence) -> str:
    """Say what a rule saw.

    Parameters
    ----------
    memo : Memo
        Of the experiment.
    report : VariantReport
        Of the variant, with all its evidence.
    row : Evidence
        Which.

    Returns
    -------
    str
        In the language that is spoken.

    Raises
    ------
    Untranslated
        If the project has no text for it.
    """
    if row.rule in _OF_METRIC and row.metric is not None:
        return _of_metric(memo, row)
    tell = _OF_VARIANT.get(row.rule)
    if tell is None:
        raise Untranslated
    return tell(memo, report, row)


def _of_metric(memo: Memo, row: Evidence) -> str:
    words = _OF_METRIC[row.rule](memo, row)
    if not row.fired and row.rule in _TESTS and row.metric in memo.too_skewed(row.variant):
        words = TOO_SKEWED
    size = "" if row.observed is None else language.digits(f"{100 * row.observed:.1f}%")
    return said(words, metric=row.metric or "", size=size)


def _either(fired: Words, other: Words) -> Callable[[Memo, Evidence], Words]:
    def choose(memo: Memo, row: Evidence) -> Words:
        del memo
        return fired if row.fired else other

    return choose


def _power(memo: Memo, row: Evidence) -> Words:
    del memo
    return NOT_KNOWN if row.observed is None else BY_SIZE


def _bounded(memo: Memo, row: Evidence) -> Words:
    del memo
    if row.threshold is None:
        return NO_SIZE
    if row.observed is None:
        return NO_BOUND
    return RULED_OUT_OF if row.fired else NOT_RULED_OUT_OF


def _not_safe(memo: Memo, row: Evidence) -> Words:
    del memo
    if not row.fired:
        return SHOWN_WORSE
    return NOT_SAFE if row.observed is None else NOT_SAFE_BY


def _harmed(memo: Memo, row: Evidence) -> Words:
    if row.fired:
        use = memo.use(row.metric or "")
        return WORSE if use is None or use.margin is None else BEYOND
    return HARM_UNKNOWN if row.observed is None else NO_HARM


_TESTS: Final = frozenset({"superior", "noninferior", "worse", "bounded", "harmed"})
_OF_METRIC: Final[dict[str, Callable[[Memo, Evidence], Words]]] = {
    "superior": _either(BETTER, NOT_BETTER),
    "noninferior": _either(WITHIN, NOT_WITHIN),
    "worse": _either(WORSE, NOT_WORSE),
    "bounded": _bounded,
    "power_reached": _power,
    "not_shown_safe": _not_safe,
    "harmed": _harmed,
}


def _rows(report: VariantReport, rule: str, *, fired: bool) -> list[Evidence]:
    return [row for row in report.evidence if row.rule == rule and row.fired == fired]


def _winners(report: VariantReport) -> str:
    return ", ".join(sorted(row.metric or "" for row in _rows(report, "superior", fired=True)))


def _joined(memo: Memo, report: VariantReport, rows: Iterable[Evidence]) -> str:
    return ", ".join(sorted({rule_message(memo, report, row) for row in rows}))


def _is_shown(report: VariantReport) -> bool:
    """Whether the p-value of a launch is small enough, whatever else stands against it."""
    return any(
        row.observed is not None and row.threshold is not None and row.observed <= row.threshold
        for row in report.evidence
        if row.rule == "launchable"
    )


def _is_finished(report: VariantReport) -> bool:
    return not (
        _rows(report, "no_look_due", fired=True) or _rows(report, "looks_remain", fired=True)
    )


def _health_blocked(memo: Memo, report: VariantReport, row: Evidence) -> str:
    if not row.fired:
        return said(NOT_BLOCKED)
    variants = {None, "all", report.decision.variant, memo.experiment.control}
    messages = []
    for check in memo.blocked:
        if check.variant not in variants or (check.metric or "all") != (row.metric or "all"):
            continue
        message = check_message(check)
        if message is None:
            raise Untranslated
        messages.append(message)
    if not messages:
        raise Untranslated
    return ", ".join(dict.fromkeys(messages))


def _plan_changed(memo: Memo, report: VariantReport, row: Evidence) -> str:
    del report
    if row.fired:
        return said(OTHER_PLAN)
    # An always-valid design is looked at in every build, so no look is the first.
    is_kept = memo.looks and memo.experiment.design != "always_valid"
    return said(SAME_PLAN if is_kept else NO_LOOK_YET)


def _dates_changed(memo: Memo, report: VariantReport, row: Evidence) -> str:
    del memo, report, row
    return said(MOVED)


def _no_look_due(memo: Memo, report: VariantReport, row: Evidence) -> str:
    del report
    start = memo.experiment.starts_at
    if row.fired and start is not None and memo.is_to_start:
        return said(TO_START, day=_day(start))
    if memo.experiment.design == "group_sequential":
        return _next_look(memo, row)
    if memo.experiment.design == "always_valid":
        if not row.fired:
            return said(WEEK_OVER)
        return said(WEEK_OPEN, day=_day(None if start is None else start + WEEK))
    if not row.fired:
        return said(AT_END)
    end = memo.experiment.decides_at
    return said(NO_END) if end is None else said(BEFORE_END, day=_day(end))


def _next_look(memo: Memo, row: Evidence) -> str:
    if not row.fired:
        return said(AT_LOOK)
    end = memo.experiment.decides_at
    return said(NO_LOOK_DUE) if end is None else said(LAST_LOOK_ON, day=_day(end))


def _day(value: datetime | None) -> str:
    return wording.NOT_SHOWN() if value is None else language.day(value)


def _launchable(memo: Memo, report: VariantReport, row: Evidence) -> str:
    del memo, row
    winners = _winners(report)
    if not winners or not _is_shown(report):
        return said(NOT_LAUNCHABLE)
    if _rows(report, "worse", fired=True):
        return said(LAUNCHABLE_BUT)
    return said(LAUNCHABLE, metrics=winners)


def _guardrail_unsettled(memo: Memo, report: VariantReport, row: Evidence) -> str:
    winners = _winners(report)
    if not winners:
        return said(NOT_ASKED)
    unsettled = _rows(report, "noninferior", fired=False) + _rows(report, "worse", fired=True)
    if unsettled:
        return said(UNSETTLED, metrics=winners, unsettled=_joined(memo, report, unsettled))
    return said(STOPPED, metrics=winners) if row.fired else said(SETTLED)


def _looks_remain(memo: Memo, report: VariantReport, row: Evidence) -> str:
    design = memo.experiment.design
    if not row.fired:
        if _rows(report, "no_look_due", fired=True):
            return said(NO_LOOK)
        return said(ONE_LOOK if design == "fixed" else LAST_LOOK)
    reason = said(EVERY_BUILD if design == "always_valid" else KEEP_RUNNING)
    is_futile = report.decision.variant in memo.futile_variants
    return said(FUTILE, reason=reason) if is_futile else reason


def _ruled_out(memo: Memo, report: VariantReport, row: Evidence) -> str:
    del memo
    if not _is_finished(report):
        return said(NOT_FINISHED)
    return said(RULED_OUT if row.observed == 0 else NOT_RULED_OUT)


def _inconclusive(memo: Memo, report: VariantReport, row: Evidence) -> str:
    del row
    if not _is_finished(report):
        return said(NOT_FINISHED)
    winners = _winners(report)
    if winners:
        return said(BUT_CONDITION if _is_shown(report) else BUT_LEVEL, metrics=winners)
    sizes = _joined(memo, report, _rows(report, "power_reached", fired=False))
    skewed = memo.too_skewed(report.decision.variant)
    if skewed:
        words = INCONCLUSIVE_SKEWED_POWER if sizes else INCONCLUSIVE_SKEWED
        return said(words, metrics=", ".join(skewed), sizes=sizes)
    return said(INCONCLUSIVE_POWER, sizes=sizes) if sizes else said(INCONCLUSIVE)


_OF_VARIANT: Final[dict[str, Callable[[Memo, VariantReport, Evidence], str]]] = {
    "health_blocked": _health_blocked,
    "plan_changed": _plan_changed,
    "dates_changed": _dates_changed,
    "no_look_due": _no_look_due,
    "launchable": _launchable,
    "guardrail_unsettled": _guardrail_unsettled,
    "looks_remain": _looks_remain,
    "ruled_out": _ruled_out,
    "inconclusive": _inconclusive,
}
