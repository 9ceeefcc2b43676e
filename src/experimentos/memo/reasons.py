"""Reasons of verdicts in the language that is spoken; else the marts' own, in English."""

from typing import Final

from experimentos.charts.language import Words, spoken
from experimentos.memo.check_messages import check_message
from experimentos.memo.context import Evidence, HealthCheck, VariantReport
from experimentos.memo.report import CONTRADICTED, Memo
from experimentos.memo.rule_messages import (
    NOT_FIT,
    UNVERIFIED,
    Untranslated,
    rule_message,
    said,
)

DRAFT: Final = Words("the experiment is a draft")
SWITCH_OFF: Final = Words("{reason}; switch off the harmed variant {variants}")
OF_VARIANT: Final = Words("{variant}: {reason}")
_HIDES_HARM: Final = frozenset({"health_blocked", "plan_changed"})


def seen(row: HealthCheck | Evidence, memo: Memo) -> str | None:
    """Say what a check or a rule saw.

    Parameters
    ----------
    row : HealthCheck or Evidence
        Which.
    memo : Memo
        It is of.

    Returns
    -------
    str or None
        None where the mart has no message.
    """
    if isinstance(row, HealthCheck):
        message = check_message(row) if spoken().texts else None
        return row.message if message is None else message
    given = _without_codes(row.message, row.rule, memo)
    report = next((one for one in memo.variants if one.decision.variant == row.variant), None)
    if report is None or not spoken().texts:
        return given
    try:
        return rule_message(memo, report, row)
    except Untranslated:
        return given


def reason(memo: Memo, report: VariantReport | None = None) -> str | None:
    """Say why an experiment, or one of its variants, is decided as it is.

    Parameters
    ----------
    memo : Memo
        Of the experiment.
    report : VariantReport, optional
        Of the variant; default the experiment.

    Returns
    -------
    str or None
        None where the mart has no reason.
    """
    rule = memo.rule if report is None else report.decision.rule
    given = memo.reason if report is None else report.decision.reason
    given = _without_codes(given, rule, memo)
    if report is None and memo.is_contradicted:
        return CONTRADICTED()
    if given is None or not spoken().texts:
        return given
    try:
        return _of_experiment(memo) if report is None else _of_variant(memo, report)
    except Untranslated:
        return given


def _without_codes(message: str | None, rule: str | None, memo: Memo) -> str | None:
    """Leave out the names of checks that the marts put before what each of them says."""
    if message is None or rule != "health_blocked":
        return message
    for name in memo.blocked_names:
        message = message.replace(f"{name}: ", "")
    return message


def _of_variant(memo: Memo, report: VariantReport) -> str:
    rule = report.decision.rule
    told = _fired(memo, report, rule)
    if rule == "health_blocked":
        told = said(NOT_FIT, checks=told)
    if rule in _HIDES_HARM and report.is_harm_seen:
        told = said(UNVERIFIED, reason=told, harm=_fired(memo, report, "harmed"))
    return told


def _fired(memo: Memo, report: VariantReport, rule: str | None) -> str:
    if rule is None:
        raise Untranslated
    rows = [row for row in report.evidence if row.rule == rule and row.fired]
    # A rule that is of the variant, not of a metric, needs no row of its own.
    rows = rows or [_of_whole(report, rule)]
    return ", ".join(dict.fromkeys(rule_message(memo, report, row) for row in rows))


def _of_whole(report: VariantReport, rule: str) -> Evidence:
    decision = report.decision
    return Evidence(
        experiment_id=decision.experiment_id,
        variant=decision.variant,
        rule=rule,
        metric=None,
        fired=True,
        observed=None,
        threshold=None,
        distance=None,
        message=None,
    )


def _of_experiment(memo: Memo) -> str:
    if memo.experiment.problems:
        # They are about the keys of the definition, and stand below the verdict.
        raise Untranslated
    reports = [report for report in memo.variants if report.decision.rule]
    if not reports:
        return said(DRAFT)
    told = {report.decision.variant: _of_variant(memo, report) for report in reports}
    harmed = [
        report.decision.variant for report in reports if report.decision.verdict == "rollback"
    ]
    if memo.verdict == "launch" and memo.variant in told:
        if not harmed:
            return told[memo.variant]
        return said(SWITCH_OFF, reason=told[memo.variant], variants=", ".join(harmed))
    if len(set(told.values())) == 1:
        return next(iter(told.values()))
    if memo.verdict == "rollback":
        return ", ".join(said(OF_VARIANT, variant=name, reason=told[name]) for name in harmed)
    if memo.leading not in told:
        raise Untranslated
    return said(OF_VARIANT, variant=memo.leading, reason=told[memo.leading])
