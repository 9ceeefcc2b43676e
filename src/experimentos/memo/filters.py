"""Named filters: the only way a number, a date or a text gets onto a page.

Every number is rounded to six significant digits before it is laid out, so that the last bits of a
parallel sum cannot change a memo. A filter returns `Markup`, text that is safe as Markdown and as
HTML; everything else a template prints goes through `escape`.
"""

import re
from collections.abc import Callable
from datetime import date
from html import escape as escape_html
from typing import TYPE_CHECKING

from markupsafe import Markup
from markupsafe import escape as escape_markup

from experimentos import charts
from experimentos.charts import language
from experimentos.charts.language import Words
from experimentos.charts.wording import NOT_SHOWN, POINTS, cut, hides
from experimentos.memo import quantities, reasons, terms
from experimentos.memo.context import (
    Effect,
    Evidence,
    Finding,
    HealthCheck,
    MetricUse,
    Posterior,
    VariantReport,
)
from experimentos.memo.escaping import attribute, escape, finalize
from experimentos.memo.layout import Layout, level_text, percentage, short_text
from experimentos.memo.readings import NOT_DUE, WITHHELD

if TYPE_CHECKING:
    from experimentos.memo.report import Memo

_HELD = {WITHHELD: Words("withheld"), NOT_DUE: Words("not due")}
_NOT_DATED = Words("not dated")
_P_NOT_SHOWN = Words("p not shown")
_NO_MARGIN = Words("no margin")
_HIGHER, _LOWER = Words("at most {size} higher"), Words("at most {size} lower")
_NOT_SET = Words("not set")
_NONE = Words("(none)")
_AT_LEVEL = Words("{interval} at {level}")
_LESS_THAN = Words("less than {size}")

_TAG = re.compile(r"<(?=[A-Za-z/!?])")
# Private characters: text of data cannot hold them, `escape` replaces them.
FIGURE_START, FIGURE_END = "\ue000", "\ue001"

NAME_LENGTH = 80
"""Longest name in a table; a longer one is cut and told apart by a hash."""


SENTENCE_LENGTH = 600
"""Longest reason of a verdict."""


def name(text: str | None) -> Markup:
    """Print a name, cut to what fits a table; '(none)' where there is none."""
    line = " ".join((text or "").split())
    return escape(cut(line, NAME_LENGTH)) if line else finalize(_NONE)


def text(value: str | None) -> Markup:
    """Print a text, '(none)' where there is none."""
    return escape(value) if value and not value.isspace() else finalize(_NONE)


def term(value: str | None) -> Markup:
    """Print the words for a code of a definition or mart, '(none)' where there is none."""
    return escape(terms.term(value)) if value else finalize(_NONE)


def seen(row: HealthCheck | Evidence, memo: "Memo") -> Markup:
    """Print what a check or a rule saw."""
    return text(reasons.seen(row, memo))


def observed(row: HealthCheck | Evidence, memo: "Memo") -> Markup:
    """Print what a check or a rule observed, with its unit."""
    return _markup(quantities.observed(row, memo))


def threshold(row: HealthCheck | Evidence, memo: "Memo") -> Markup:
    """Print what an observation was held against, in its unit."""
    return _markup(quantities.threshold(row, memo))


def reason(memo: "Memo", report: VariantReport | None = None) -> Markup:
    """Print why an experiment, or one of its variants, is decided as it is, as a sentence."""
    return sentence(reasons.reason(memo, report) or "")


def sentence(value: str) -> Markup:
    """Print a text as a sentence: not too long, with a full stop where it has no end."""
    line = cut(" ".join(value.split()), SENTENCE_LENGTH)
    return escape(line if line.endswith((".", "!", "?")) else f"{line}.")


def short(value: str | None) -> Markup:
    """Print the first twelve characters of a hash."""
    return escape(value[:12]) if value else finalize(_NONE)


def day(value: date | None) -> Markup:
    """Print a day or a UTC time; the hour only where it is not midnight."""
    return finalize(_NOT_DATED) if value is None else escape(language.day(value))


def units(value: float | None, missing: str = NOT_SHOWN) -> Markup:
    """Print a count with thousands separated."""
    return finalize(missing) if value is None else _markup(language.digits(f"{round(value):,}"))


def number(value: float | None, missing: str = NOT_SHOWN) -> Markup:
    """Print a number with four significant digits, all before the point in the thousands."""
    return finalize(missing) if value is None else _markup(short_text(value))


def signed(value: float | None, missing: str = NOT_SHOWN) -> Markup:
    """Print a number with its sign and four significant digits."""
    if value is None:
        return finalize(missing)
    return _markup(("+" if value > 0 else "") + short_text(value))


def level(alpha: float) -> Markup:
    """Print the level of intervals at a two-sided error rate."""
    return _markup(level_text(1 - alpha))


def probability(value: float | None) -> Markup:
    """Print a probability as a percentage, never 0% or 100%."""
    if value is None:
        return finalize(NOT_SHOWN)
    return escape(charts.probability(value))


def percent(value: float | None, missing: str = NOT_SHOWN) -> Markup:
    """Print a fraction as a percentage."""
    return finalize(missing) if value is None else _markup(percentage(value))


def p_value(value: float | None, missing: str = NOT_SHOWN) -> Markup:
    """Print a p-value with four decimals, never 0."""
    return finalize(missing) if value is None else _markup(quantities.p_text(value))


def p_claim(value: float | None) -> Markup:
    """Print a p-value as an equation or inequality for a sentence."""
    return finalize(_P_NOT_SHOWN) if value is None else _markup(quantities.p_words(value))


def superiority_p(finding: Finding) -> Markup:
    """Print the corrected p-value of a success metric, unless it is withheld or not due."""
    if finding.reading in _HELD:
        return finalize(_HELD[finding.reading])
    return p_value(finding.effect.p_value_corrected)


def noninferiority_p(finding: Finding) -> Markup:
    """Print the p-value of a guardrail against its margin, unless it is withheld or not due."""
    if finding.reading in _HELD:
        return finalize(_HELD[finding.reading])
    return p_value(finding.effect.p_value_noninferior)


def harm_p(finding: Finding) -> Markup:
    """Print the p-value of harm; under a blocked check only of harm that is seen, as unverified."""
    return _harm_p(finding, finding.effect.p_value_harm)


def corrected_harm_p(finding: Finding) -> Markup:
    """Print the corrected p-value of harm, where `harm_p` prints one."""
    return _harm_p(finding, finding.effect.p_value_harm_corrected)


def value_control(finding: Finding) -> Markup:
    """Print the value of the control in the metric's format, unless it is withheld."""
    return _value(finding.effect.value_control, finding)


def value_treatment(finding: Finding) -> Markup:
    """Print the value of the treatment in the metric's format, unless it is withheld."""
    return _value(finding.effect.value_treatment, finding)


def change(finding: Finding) -> Markup:
    """Print the difference from the control in the metric's format, unless it is withheld."""
    if finding.reading == WITHHELD:
        return finalize(_HELD[WITHHELD])
    layout, estimate = _change_layout(finding), finding.effect.estimate
    if estimate is None:
        return finalize(NOT_SHOWN)
    return _markup(layout.signed(estimate) + layout.unit)


def interval(finding: Finding) -> Markup:
    """Print the interval of the difference with its level; 'not shown' before it is due."""
    effect = finding.effect
    if finding.reading in _HELD:
        return finalize(_HELD[finding.reading])
    if effect.level is None or (effect.lower is None and effect.upper is None):
        return finalize(NOT_SHOWN)
    bounds = _change_layout(finding).range(effect.lower, effect.upper)
    return _markup(_AT_LEVEL(interval=bounds, level=level_text(effect.level)))


def lift(finding: Finding) -> Markup:
    """Print the relative change, unless it is withheld."""
    if finding.reading == WITHHELD:
        return finalize(_HELD[WITHHELD])
    estimate = finding.effect.lift
    if estimate is None:
        return finalize(NOT_SHOWN)
    layout = _lift_layout(finding)
    return _markup(layout.signed(estimate) + layout.unit)


def lift_interval(finding: Finding) -> Markup:
    """Print the interval of the relative change; 'not shown' before it is due."""
    effect = finding.effect
    if finding.reading in _HELD:
        return finalize(_HELD[finding.reading])
    if effect.level is None or (effect.lift_lower is None and effect.lift_upper is None):
        return finalize(NOT_SHOWN)
    return _markup(_lift_layout(finding).range(effect.lift_lower, effect.lift_upper))


def fixed_interval(effect: Effect) -> Markup:
    """Print the classical two-sided interval in metric units."""
    if effect.lower_fixed is None and effect.upper_fixed is None:
        return finalize(NOT_SHOWN)
    layout = Layout.of(effect.estimate, effect.lower_fixed, effect.upper_fixed)
    return _markup(layout.range(effect.lower_fixed, effect.upper_fixed))


def classical_interval(finding: Finding) -> Markup:
    """Print the classical two-sided interval in the metric's format."""
    effect = finding.effect
    if finding.reading in _HELD:
        return finalize(_HELD[finding.reading])
    if effect.lower_fixed is None and effect.upper_fixed is None:
        return finalize(NOT_SHOWN)
    values = (effect.estimate, effect.lower_fixed, effect.upper_fixed)
    layout = _units_layout(finding.use, *values)
    return _markup(layout.range(effect.lower_fixed, effect.upper_fixed))


def credible(row: Posterior, memo: "Memo") -> Markup:
    """Print the credible interval of a change in the metric's format, with its level."""
    if row.lower is None or row.upper is None:
        return finalize(NOT_SHOWN)
    layout = _units_layout(memo.use(row.metric), row.lower, row.upper)
    alpha, bounds = memo.experiment.alpha, layout.range(row.lower, row.upper)
    if alpha is None:
        return _markup(bounds)
    return _markup(_AT_LEVEL(interval=bounds, level=level_text(1 - alpha)))


def loss(row: Posterior, memo: "Memo") -> Markup:
    """Print the expected loss in the metric's format."""
    if row.expected_loss is None:
        return finalize(NOT_SHOWN)
    scale = (row.lower, row.upper) if row.lower is not None else (row.expected_loss,)
    layout = _units_layout(memo.use(row.metric), *scale)
    shown = layout.english(row.expected_loss)
    if row.expected_loss > 0 and not shown.strip("0.,"):
        # Smaller than the last digit of the change itself.
        return _markup(_LESS_THAN(size=language.digits(f"{shown[:-1]}1") + layout.unit))
    return _markup(language.digits(shown) + layout.unit)


def figure(name: str) -> Markup:
    """Name the place of a figure; the page puts a chart, a picture or words there."""
    return Markup(f"{FIGURE_START}{escape(name)}{FIGURE_END}")  # noqa: S704


def code(text: str) -> Markup:
    """Print text line by line, as it stands, inside an element that keeps its spaces."""
    shown = "".join("\ufffd" if hides(sign) and sign not in "\n\t" else sign for sign in text)
    return Markup(escape_html(shown, quote=False))  # noqa: S704


def fenced(text: str) -> Markup:
    """Print text as a block of code of Markdown, in a fence that nothing in it closes."""
    shown = "".join("\ufffd" if hides(sign) and sign not in "\n\t" else sign for sign in text)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markup(f"{fence}sql\n{shown}\n{fence}")  # noqa: S704


def cell(text: str) -> Markup:
    """Print a text of a chart, which is plain already, in HTML."""
    return escape_markup(text)


def word(text: str) -> Markup:
    """Print a word of ours as the name of a class; anything else is nothing."""
    return Markup(text) if re.fullmatch(r"\w+", text, re.ASCII) else Markup()  # noqa: S704


def policy(text: str) -> Markup:
    """Print a content security policy of ours, whose quotes are single ones."""
    return Markup(text)  # noqa: S704


def margin(row: Effect | MetricUse) -> Markup:
    """Print a margin as what is still accepted."""
    if row.margin is None:
        return finalize(_NO_MARGIN)
    words = _HIGHER if row.goal == "decrease" else _LOWER
    return _markup(words(size=_size(row.margin, row.margin_kind)))


def sought(use: MetricUse) -> Markup:
    """Print the smallest effect looked for."""
    return finalize(_NOT_SET) if use.mde is None else _size(use.mde, use.mde_kind)


def _harm_p(finding: Finding, value: float | None) -> Markup:
    # Where units are missing, no harm seen does not say that there is none.
    if finding.harm_reading == WITHHELD:
        return finalize(_HELD[WITHHELD])
    return p_value(value)


def held(why: str) -> Markup:
    """Print why something is not shown: a health check, or the plan."""
    return finalize(_HELD[why])


def _change_layout(finding: Finding) -> Layout:
    effect = finding.effect
    # The interval sets the decimals only where it is printed.
    bounds = (None, None) if effect.level is None else (effect.lower, effect.upper)
    return _units_layout(finding.use, effect.estimate, *bounds)


def _units_layout(use: MetricUse | None, *values: float | None) -> Layout:
    if _is_share(use):
        return Layout.of(*values, scale=100, unit=f" {POINTS()}", usual=2)
    return Layout.of(*values, usual=2 if _is_currency(use) else None)


def _lift_layout(finding: Finding) -> Layout:
    effect = finding.effect
    bounds = (None, None) if effect.level is None else (effect.lift_lower, effect.lift_upper)
    return Layout.of(effect.lift, *bounds, scale=100, unit=language.digits("%"), usual=2)


def _value(value: float | None, finding: Finding) -> Markup:
    if finding.reading == WITHHELD:
        return finalize(_HELD[WITHHELD])
    if value is None:
        return finalize(NOT_SHOWN)
    values = (finding.effect.value_control, finding.effect.value_treatment)
    if _is_share(finding.use):
        layout = Layout.of(*values, scale=100, unit=language.digits("%"), usual=2)
    else:
        layout = Layout.of(*values, usual=2 if _is_currency(finding.use) else None)
    return _markup(layout.plain(value) + layout.unit)


def _size(value: float, kind: str | None) -> Markup:
    return number(value) if kind == "absolute" else percent(value)


def _is_share(use: MetricUse | None) -> bool:
    return use is not None and use.is_share


def _is_currency(use: MetricUse | None) -> bool:
    return use is not None and use.format == "currency"


def _markup(shown: str) -> Markup:
    """Mark what only digits and our words can be in; minus signs become typographic.

    Words may be a project's: none of them begins a tag or ends a cell.
    """
    inert = _TAG.sub("&lt;", shown.replace("|", "&#124;"))
    return Markup(re.sub(r"(?<!e)-(?=\d)", "\u2212", inert))  # noqa: S704


FILTERS: dict[str, Callable[..., Markup]] = {
    function.__name__: function
    for function in (
        name,
        text,
        term,
        seen,
        observed,
        threshold,
        reason,
        sentence,
        short,
        day,
        units,
        number,
        signed,
        level,
        probability,
        percent,
        p_value,
        p_claim,
        superiority_p,
        noninferiority_p,
        harm_p,
        corrected_harm_p,
        held,
        value_control,
        value_treatment,
        change,
        interval,
        lift,
        lift_interval,
        fixed_interval,
        classical_interval,
        credible,
        loss,
        figure,
        attribute,
        cell,
        code,
        fenced,
        word,
        policy,
        margin,
        sought,
    )
}
"""Filters by the name templates call them."""
