"""Named filters: the only way a number, a date or a text gets onto a page.

Every number is rounded to six significant digits before it is laid out, so that the last bits of a
parallel sum cannot change a memo. A filter returns `Markup`, text that is safe as Markdown and as
HTML; everything else a template prints goes through `escape`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from html import escape as escape_html
from math import floor, log10
from typing import TYPE_CHECKING, Self

from markupsafe import Markup
from markupsafe import escape as escape_markup

from experimentos import charts
from experimentos.charts.wording import cut, hides
from experimentos.memo.context import Effect, Finding, MetricUse, Posterior
from experimentos.memo.escaping import Phrase, attribute, escape, finalize
from experimentos.memo.readings import NOT_DUE, WITHHELD

if TYPE_CHECKING:
    from experimentos.memo.report import Memo

NOT_SHOWN = Phrase.of("not shown")
"""What is printed for a number that does not exist."""

_HELD = {WITHHELD: Phrase.of("withheld"), NOT_DUE: Phrase.of("not due")}
_NOT_DATED = Phrase.of("not dated")
_P_NOT_SHOWN = Phrase.of("p not shown")
_NO_MARGIN = Phrase.of("no margin")
_NOT_SET = Phrase.of("not set")
_NONE = Phrase.of("(none)")

# Private characters: text of data cannot hold them, `escape` replaces them.
FIGURE_START, FIGURE_END = "\ue000", "\ue001"

NAME_LENGTH = 80
"""Longest name in a table; a longer one is cut and told apart by a hash."""


SENTENCE_LENGTH = 600
"""Longest reason of a verdict."""


def name(text: str | None) -> Markup:
    """Print a name, cut to what fits a table; '(none)' where there is none."""
    line = " ".join((text or "").split())
    return escape(cut(line, NAME_LENGTH)) if line else _NONE


def text(value: str | None) -> Markup:
    """Print a text, '(none)' where there is none."""
    return escape(value) if value and not value.isspace() else _NONE


def sentence(value: str) -> Markup:
    """Print a text as a sentence: not too long, with a full stop where it has no end."""
    line = cut(" ".join(value.split()), SENTENCE_LENGTH)
    return escape(line if line.endswith((".", "!", "?")) else f"{line}.")


def short(value: str | None) -> Markup:
    """Print the first twelve characters of a hash."""
    return escape(value[:12]) if value else _NONE


def day(value: date | None) -> Markup:
    """Print a day or a UTC time; the hour only where it is not midnight."""
    if value is None:
        return _NOT_DATED
    is_whole = not isinstance(value, datetime) or value.time() == datetime.min.time()
    return escape(value.strftime("%Y-%m-%d" if is_whole else "%Y-%m-%d %H:%M UTC"))


def units(value: float | None, missing: str = NOT_SHOWN) -> Markup:
    """Print a count with thousands separated."""
    return finalize(missing) if value is None else Markup(f"{round(value):,}")  # noqa: S704


def number(value: float | None, missing: str = NOT_SHOWN) -> Markup:
    """Print a number with four significant digits, all before the point in the thousands."""
    return finalize(missing) if value is None else _markup(_short(value))


def signed(value: float | None, missing: str = NOT_SHOWN) -> Markup:
    """Print a number with its sign and four significant digits."""
    if value is None:
        return finalize(missing)
    return _markup(("+" if value > 0 else "") + _short(value))


def level(alpha: float) -> Markup:
    """Print the level of intervals at a two-sided error rate."""
    return _markup(_level(1 - alpha))


def probability(value: float | None) -> Markup:
    """Print a probability as a percentage, never 0% or 100%."""
    if value is None:
        return NOT_SHOWN
    return escape(charts.probability(value))


def percent(value: float | None, missing: str = NOT_SHOWN) -> Markup:
    """Print a fraction as a percentage."""
    return finalize(missing) if value is None else _markup(f"{_short(100 * value)}%")


def p_value(value: float | None, missing: str = NOT_SHOWN) -> Markup:
    """Print a p-value with four decimals, never 0."""
    if value is None:
        return finalize(missing)
    if value < 0.0001:
        return Markup("< 0.0001")
    return _markup(f"{value:.4f}" if value < 0.99995 else "1")


def p_claim(value: float | None) -> Markup:
    """Print a p-value as an equation or inequality for a sentence."""
    if value is None:
        return _P_NOT_SHOWN
    return Markup("p ") + (Markup() if value < 0.0001 else Markup("= ")) + p_value(value)


def superiority_p(finding: Finding) -> Markup:
    """Print the corrected p-value of a success metric, unless it is withheld or not due."""
    if finding.reading in _HELD:
        return _HELD[finding.reading]
    return p_value(finding.effect.p_value_corrected)


def noninferiority_p(finding: Finding) -> Markup:
    """Print the p-value of a guardrail against its margin, unless it is withheld or not due."""
    if finding.reading in _HELD:
        return _HELD[finding.reading]
    return p_value(finding.effect.p_value_noninferior)


def value_control(finding: Finding) -> Markup:
    """Print the value of the control in the metric's format."""
    return _value(finding.effect.value_control, finding)


def value_treatment(finding: Finding) -> Markup:
    """Print the value of the treatment in the metric's format."""
    return _value(finding.effect.value_treatment, finding)


def change(finding: Finding) -> Markup:
    """Print the difference from the control in the metric's format."""
    layout, estimate = _change_layout(finding), finding.effect.estimate
    return NOT_SHOWN if estimate is None else _markup(layout.signed(estimate) + layout.unit)


def interval(finding: Finding) -> Markup:
    """Print the interval of the difference with its level; 'not shown' before it is due."""
    effect = finding.effect
    if finding.reading in _HELD:
        return _HELD[finding.reading]
    if effect.level is None or (effect.lower is None and effect.upper is None):
        return NOT_SHOWN
    bounds = _change_layout(finding).range(effect.lower, effect.upper)
    return _markup(f"{bounds} at {_level(effect.level)}")


def lift(finding: Finding) -> Markup:
    """Print the relative change."""
    estimate = finding.effect.lift
    return NOT_SHOWN if estimate is None else _markup(_lift_layout(finding).signed(estimate) + "%")


def lift_interval(finding: Finding) -> Markup:
    """Print the interval of the relative change; 'not shown' before it is due."""
    effect = finding.effect
    if finding.reading in _HELD:
        return _HELD[finding.reading]
    if effect.level is None or (effect.lift_lower is None and effect.lift_upper is None):
        return NOT_SHOWN
    return _markup(_lift_layout(finding).range(effect.lift_lower, effect.lift_upper))


def fixed_interval(effect: Effect) -> Markup:
    """Print the classical two-sided interval in metric units."""
    if effect.lower_fixed is None and effect.upper_fixed is None:
        return NOT_SHOWN
    layout = Layout.of(effect.estimate, effect.lower_fixed, effect.upper_fixed)
    return _markup(layout.range(effect.lower_fixed, effect.upper_fixed))


def classical_interval(finding: Finding) -> Markup:
    """Print the classical two-sided interval in the metric's format."""
    effect = finding.effect
    if finding.reading in _HELD:
        return _HELD[finding.reading]
    if effect.lower_fixed is None and effect.upper_fixed is None:
        return NOT_SHOWN
    values = (effect.estimate, effect.lower_fixed, effect.upper_fixed)
    layout = _units_layout(finding.use, *values)
    return _markup(layout.range(effect.lower_fixed, effect.upper_fixed))


def credible(row: Posterior, memo: "Memo") -> Markup:
    """Print the credible interval of a change in the metric's format, with its level."""
    if row.lower is None or row.upper is None:
        return NOT_SHOWN
    layout = _units_layout(memo.use(row.metric), row.lower, row.upper)
    alpha = memo.experiment.alpha
    at = "" if alpha is None else f" at {_level(1 - alpha)}"
    return _markup(layout.range(row.lower, row.upper) + at)


def loss(row: Posterior, memo: "Memo") -> Markup:
    """Print the expected loss in the metric's format."""
    if row.expected_loss is None:
        return NOT_SHOWN
    scale = (row.lower, row.upper) if row.lower is not None else (row.expected_loss,)
    layout = _units_layout(memo.use(row.metric), *scale)
    shown = layout.plain(row.expected_loss)
    if row.expected_loss > 0 and not shown.strip("0.,"):
        # Smaller than the last digit of the change itself.
        shown = f"less than {shown[:-1]}1"
    return _markup(shown + layout.unit)


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
        return _NO_MARGIN
    direction = "higher" if row.goal == "decrease" else "lower"
    return Markup("at most ") + _size(row.margin, row.margin_kind) + Markup(f" {direction}")  # noqa: S704


def sought(use: MetricUse) -> Markup:
    """Print the smallest effect looked for."""
    return _NOT_SET if use.mde is None else _size(use.mde, use.mde_kind)


@dataclass(frozen=True, slots=True)
class Layout:
    """How the numbers of one comparison are laid out, so that they have the same decimals.

    Parameters
    ----------
    decimals : int or None
        Digits after the point; None for numbers too large or small for them.
    scale : float
        What a number is multiplied by: 100 for shares.
    unit : str
        What follows it.
    """

    decimals: int | None
    scale: float = 1
    unit: str = ""

    @classmethod
    def of(
        cls, *values: float | None, scale: float = 1, unit: str = "", usual: int | None = None
    ) -> Self:
        """Choose the usual decimals, or those that show four digits of the largest value."""
        largest = max(
            (abs(_six(scale * value)) for value in values if value is not None), default=0
        )
        if largest == 0:
            return cls(usual or 0, scale, unit)
        if usual is not None and 0.05 <= largest < 1e4:
            return cls(usual, scale, unit)
        if largest >= 1e9 or largest < 1e-6:
            return cls(None, scale, unit)
        digits = 4 if largest >= 1 else 3
        return cls(max(0, digits - 1 - floor(log10(largest))), scale, unit)

    def plain(self, value: float) -> str:
        """Lay out a number without its unit."""
        shown = _six(self.scale * value)
        text = _scientific(shown) if self.decimals is None else f"{shown:,.{self.decimals}f}"
        return text.removeprefix("-") if not text.strip("-0.,") else text

    def signed(self, value: float) -> str:
        """Lay out a number with its sign, without its unit."""
        text = self.plain(value)
        return text if text.startswith("-") or not text.strip("0.,") else f"+{text}"

    def range(self, lower: float | None, upper: float | None) -> str:
        """Lay out an interval; a side without a bound says so."""
        repeat = self.unit if self.unit == "%" else ""
        low = "no bound" if lower is None else self.signed(lower) + repeat
        high = "no bound" if upper is None else self.signed(upper) + self.unit
        return f"{low} to {high}"


def _change_layout(finding: Finding) -> Layout:
    effect = finding.effect
    # The interval sets the decimals only where it is printed.
    bounds = (None, None) if effect.level is None else (effect.lower, effect.upper)
    return _units_layout(finding.use, effect.estimate, *bounds)


def _units_layout(use: MetricUse | None, *values: float | None) -> Layout:
    if _is_share(use):
        return Layout.of(*values, scale=100, unit=" pp", usual=2)
    return Layout.of(*values, usual=2 if _is_currency(use) else None)


def _lift_layout(finding: Finding) -> Layout:
    effect = finding.effect
    bounds = (None, None) if effect.level is None else (effect.lift_lower, effect.lift_upper)
    return Layout.of(effect.lift, *bounds, scale=100, unit="%", usual=2)


def _value(value: float | None, finding: Finding) -> Markup:
    if value is None:
        return NOT_SHOWN
    values = (finding.effect.value_control, finding.effect.value_treatment)
    if _is_share(finding.use):
        layout = Layout.of(*values, scale=100, unit="%", usual=2)
    else:
        layout = Layout.of(*values, usual=2 if _is_currency(finding.use) else None)
    return _markup(layout.plain(value) + layout.unit)


def _size(value: float, kind: str | None) -> Markup:
    return number(value) if kind == "absolute" else percent(value)


def _is_share(use: MetricUse | None) -> bool:
    return use is not None and use.is_share


def _is_currency(use: MetricUse | None) -> bool:
    return use is not None and use.format == "currency"


def _level(level: float) -> str:
    shown = 100 * level
    return f"{_short(round(shown, 2)) if shown <= 99.9 else format(_six(shown), '.6g')}%"


def _six(value: float) -> float:
    return float(f"{value:.6g}")


def _short(value: float) -> str:
    """Four significant digits without trailing zeros."""
    layout = Layout.of(value)
    text = layout.plain(value)
    if layout.decimals is None or "." not in text:
        return text
    return text.rstrip("0").rstrip(".")


def _scientific(value: float) -> str:
    return f"{value:.4g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


def _markup(shown: str) -> Markup:
    """Mark what only digits and our words can be in; minus signs become typographic."""
    return Markup(re.sub(r"(?<!e)-(?=\d)", "\u2212", shown))  # noqa: S704


FILTERS: dict[str, Callable[..., Markup]] = {
    function.__name__: function
    for function in (
        name,
        text,
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
