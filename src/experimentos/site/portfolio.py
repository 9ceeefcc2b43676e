"""The portfolio as data of its page: short, because a page of a thousand experiments is to be."""

import json
from collections.abc import Mapping, Sequence
from math import ceil, log10
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any

from markupsafe import Markup

from experimentos.charts.language import Words
from experimentos.charts.wording import cut, hides
from experimentos.memo import filters, readings
from experimentos.memo.context import Finding
from experimentos.memo.render import file_stem
from experimentos.site.entries import Entry

POINTS = 16
"""Most points of a line by day."""
_WITHHELD, _NONE_YET = Words("withheld"), Words("none yet")
_LEVELS = digits + ascii_lowercase + ascii_uppercase
_SMALLEST_SCALE = 0.01
_FEW = 20
_GOOD = frozenset({readings.BETTER, readings.NONINFERIOR})
_BAD = frozenset({readings.WORSE, readings.BEYOND_MARGIN})
_HELD = frozenset({readings.WITHHELD, readings.NOT_DUE})


def page_data(
    entries: Sequence[Entry], rules: Mapping[str, str], words: Mapping[str, str] | None = None
) -> Markup:
    """Return the data of the portfolio as JSON that is safe inside a script element.

    Parameters
    ----------
    entries : sequence of Entry
        In the order of their ids.
    rules : mapping
        Words for the rules of the policy.
    words : mapping, optional
        What the script of the page writes.

    Returns
    -------
    Markup
        ``names`` lists texts that many rows share; rows refer to them by number. The same entries
        give the same bytes.
    """
    names: dict[str, int] = {}

    def number(text: str | None) -> int:
        return names.setdefault(text or "", len(names))

    rows = [
        [
            entry.experiment.experiment_id,
            _name(entry),
            _stem(entry.experiment.experiment_id),
            number(plain(entry.experiment.owner)),
            entry.verdict,
            number(plain(entry.variant)),
            number(rules.get(entry.rule or "", entry.rule or "")),
            entry.phase,
            entry.n_blocked if entry.is_blocked else 0,
            entry.n_warnings,
            None if entry.days_left is None else ceil(entry.days_left),
            *_effect(entry, number),
            line(entry.series),
        ]
        for entry in entries
    ]
    content = {
        "limit": round(10_000 * scale([entry.lead for entry in entries if entry.lead])),
        "names": list(names),
        "rows": rows,
        "words": dict(words or {}),
    }
    return _inert(content)


def scale(findings: Sequence[Finding]) -> float:
    """Choose the lift at the end of all bars: most intervals fit, the widest are cut.

    Parameters
    ----------
    findings : sequence of Finding
        What is drawn.

    Returns
    -------
    float
        A round fraction; at least one hundredth.
    """
    reach = sorted(
        max(abs(bound) for bound in known)
        for finding in findings
        if (known := [bound for bound in bounds(finding) if bound is not None])
    )
    if not reach:
        return _SMALLEST_SCALE
    # Of few none is cut.
    widest = reach[-1] if len(reach) < _FEW else reach[(len(reach) - 1) * 9 // 10]
    usual = max(widest, _SMALLEST_SCALE)
    step = 10.0 ** (ceil(log10(usual)) - 1)
    return ceil(round(usual / step, 9)) * step


def line(series: Sequence[float]) -> str:
    """Return a series as letters: where 0 is, then at most `POINTS` levels from bottom to top.

    Parameters
    ----------
    series : sequence of float
        Values by day.

    Returns
    -------
    str
        Empty with fewer than two values.
    """
    if len(series) < 2:
        return ""
    last = len(series) - 1
    count = min(len(series), POINTS)
    shown = [series[round(i * last / (count - 1))] for i in range(count)]
    low, high = min(0.0, *shown), max(0.0, *shown)
    if high == low:
        return ""
    top = len(_LEVELS) - 1
    return "".join(_LEVELS[round((value - low) / (high - low) * top)] for value in (0.0, *shown))


def plain(text: str | None) -> str:
    """Return a text on one line that fits a table, for a script that sets it as text.

    Parameters
    ----------
    text : str or None
        Of data or YAML.

    Returns
    -------
    str
        Control characters are replaced, and those that turn what follows.
    """
    line = cut(" ".join((text or "").split()), filters.NAME_LENGTH)
    return "".join("\ufffd" if hides(character) else character for character in line)


def _effect(entry: Entry, number: Any) -> list[Any]:  # noqa: ANN401
    """Metric, its effect and interval in words, limits and estimate in basis points, tone."""
    finding = entry.lead
    if finding is None:
        reason = _WITHHELD if entry.is_blocked else _NONE_YET
        return [number(None), reason(), "", None, None, None, "even"]
    if finding.effect.lift is None:
        words = filters.change(finding), filters.interval(finding)
    else:
        words = filters.lift(finding), filters.lift_interval(finding)
    texts = [word.unescape() for word in words]
    drawn = [None if value is None else round(10_000 * value) for value in bounds(finding)]
    label = finding.effect.metric
    if entry.n_variants > 1:
        label = f"{label}, {finding.effect.variant}"
    return [number(plain(label)), *texts, *drawn, tone(finding)]


def tone(finding: Finding) -> str:
    """Say how a bar is coloured: by what was shown, not by where the estimate lies.

    Parameters
    ----------
    finding : Finding
        A deciding comparison.

    Returns
    -------
    str
        'good', 'bad' or 'even'.
    """
    return "good" if finding.reading in _GOOD else "bad" if finding.reading in _BAD else "even"


def bounds(finding: Finding) -> tuple[float | None, float | None, float | None]:
    """Lower limit, estimate and upper limit of the lift, where they may be shown.

    Parameters
    ----------
    finding : Finding
        A deciding comparison.

    Returns
    -------
    lower, estimate, upper : float or None
        All None where the lift is, the limits alone between looks.
    """
    effect = finding.effect
    if effect.lift is None:
        return (None, None, None)
    if finding.reading == readings.WITHHELD:
        return (None, None, None)
    if effect.level is None or finding.reading in _HELD:
        return (None, effect.lift, None)
    return (effect.lift_lower, effect.lift, effect.lift_upper)


def _name(entry: Entry) -> str:
    """Return the label, or nothing where it is the id."""
    name = plain(entry.experiment.name) or "(none)"
    return "" if name == entry.experiment.experiment_id else name


def _stem(experiment_id: str) -> str:
    stem = file_stem(experiment_id)
    return "" if stem == experiment_id else stem


def _inert(content: Any) -> Markup:  # noqa: ANN401
    """Serialise so that no text can end the element or begin a comment."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    text = text.encode("utf-8", "replace").decode("utf-8")
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 -- nothing in it can be markup
