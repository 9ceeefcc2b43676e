"""Distribution of a metric over units by variant, from counts in bins."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Final

from experimentos.charts import language, wording
from experimentos.charts.chart import Chart, nothing
from experimentos.charts.language import Words
from experimentos.charts.theme import LIGHT, Theme

TOWERING: Final = 3
"""A bar at zero that is so many times as high as any other would leave nothing to see of them."""


@dataclass(frozen=True, slots=True)
class BinRow:
    """Units of one variant in one bin; the bins are those of all variants together.

    Parameters
    ----------
    variant : str
        Which.
    lower, upper : float or None
        Ends of the bin, in metric units; None where it is open. Both 0: the bin of zeros.
    n_units : int
        Units in it. The end that is nearer to zero belongs to a bin.
    is_whole : bool
        Whether all values are whole numbers: from 1 to 2 are ones.
    """

    variant: str
    lower: float | None
    upper: float | None
    n_units: int
    is_whole: bool = False


Ends = tuple[float | None, float | None]

_TEXT = Words("Share of units in each bin, {bins} bins. {rows}")
_TEXT_CUMULATIVE = Words("Share of units in each bin or below, {bins} bins. {rows}")
_NO_VALUE, _ANY, _HALF = Words("no unit has a value"), Words("any"), Words("half")
_UP_TO, _AND_MORE, _IN = Words("up to {top}"), Words("{low} and more"), Words("in {low} and more")
_AT_ZERO, _COUNT = Words("{share} at 0"), Words("{name}: {count} units")
_MIDDLE = Words("the middle one at {bin}")
_MIDDLE_OF_OTHERS = Words("the middle one of the others at {bin}")


def distribution(
    rows: Sequence[BinRow], theme: Theme = LIGHT, *, unit: str = "", cumulative: bool = False
) -> Chart:
    """Draw a histogram, or the share of units up to each bin.

    Bins stand side by side, equally wide whatever their ends are.

    Parameters
    ----------
    rows : sequence of BinRow
        Of all variants, control first; each variant's in the order of values.
    theme : Theme
        Colours.
    unit : str
        What follows each number.
    cumulative : bool
        Draw the empirical distribution function at the ends of the bins.

    Returns
    -------
    Chart
        Empty where no unit is counted, or an end is no number. A bar at zero that towers over all
        others is told beside the variant's name and not drawn.
    """
    counts: defaultdict[str, dict[Ends, int]] = defaultdict(dict)
    for row in rows:
        if all(end is None or isfinite(end) for end in (row.lower, row.upper)):
            counts[row.variant][row.lower, row.upper] = row.n_units
    totals = {variant: sum(bins.values()) for variant, bins in counts.items()}
    variants = [variant for variant, total in totals.items() if total > 0]
    bins = list(dict.fromkeys(ends for variant in variants for ends in counts[variant]))
    if not bins:
        return nothing(wording.nothing_because(_NO_VALUE()), theme)
    shares = {
        variant: [counts[variant].get(ends, 0) / totals[variant] for ends in bins]
        for variant in variants
    }
    zero = _towering_zero(bins, shares)
    names = wording.distinct(variants)
    shown, digits = _shown(bins, is_whole=all(row.is_whole for row in rows))
    labels = [_label(ends, digits) for ends in shown]
    tops = [_end(lower if upper is None else upper, digits) for lower, upper in shown]
    values = []
    for position, variant in enumerate(variants):
        so_far = 0.0
        for place, ends in enumerate(bins):
            so_far += shares[variant][place]
            if place == zero and not cumulative:
                continue
            share = so_far if cumulative else shares[variant][place]
            values.append(
                {
                    "variant": names[variant]
                    + ("" if cumulative else _at_zero(shares[variant], zero)),
                    "position": position,
                    "place": place,
                    "bin": labels[place],
                    "share": wording.known(100 * share),
                    "Variant": names[variant],
                    "Values": f"{labels[place]}{unit}",
                    "Units": wording.count(counts[variant].get(ends, 0)),
                    "Share": wording.number(100 * share, "%"),
                }
            )
    told = []
    for variant in variants:
        own = [counts[variant].get(ends, 0) for ends in bins]
        told.append(
            _cumulative_words(variant, bins, tops, own, unit)
            if cumulative
            else _words(variant, bins, labels, own, unit)
        )
    text = _TEXT_CUMULATIVE if cumulative else _TEXT
    return Chart(
        kind="distribution",
        values=tuple(values),
        text=text(bins=str(len(bins)), rows=wording.listed(told, "variants")),
        theme=theme,
        options={"unit": unit.strip(), "cumulative": cumulative, "without_zero": zero is not None},
    )


def _towering_zero(bins: Sequence[Ends], shares: dict[str, list[float]]) -> int | None:
    """Place of the bin of zeros, if its bars would leave nothing to see of the others."""
    if (0.0, 0.0) not in bins or len(bins) < 2:
        return None
    zero = bins.index((0.0, 0.0))
    highest = max(each for own in shares.values() for i, each in enumerate(own) if i != zero)
    towers = max(own[zero] for own in shares.values()) > TOWERING * highest
    return zero if towers and highest > 0 else None


def _at_zero(shares: list[float], zero: int | None) -> str:
    if zero is None:
        return ""
    return f": {_AT_ZERO(share=wording.number(100 * shares[zero], '%'))}"


def _shown(bins: Sequence[Ends], *, is_whole: bool) -> tuple[list[Ends], int]:
    """Return the ends that name bins, and as many digits as tell them apart."""
    shown = [_inner(ends) for ends in bins] if is_whole else list(bins)
    ends = sorted({end for both in bins for end in both if end is not None})
    digits = 12 if is_whole else 4
    while digits < 12 and any(_end(a, digits) == _end(b, digits) for a, b in pairwise(ends)):
        digits += 1
    return shown, digits


def _inner(ends: Ends) -> Ends:
    """Return the least and the greatest whole number in a bin."""
    lower, upper = ends
    if lower == upper:
        return ends
    if upper is not None and upper > 0:
        upper -= 1
    if lower is not None and lower < 0:
        lower += 1
    # The end at zero is no value of the bin: zeros have their own.
    if lower == 0 and (upper is None or upper > 0):
        lower = 1.0
    if upper == 0 and (lower is None or lower < 0):
        upper = -1.0
    return lower, upper


def _label(ends: Ends, digits: int) -> str:
    lower, upper = ends
    if lower is None and upper is None:
        return _ANY()
    if lower is None:
        return _UP_TO(top=_end(upper, digits))
    if upper is None:
        return _AND_MORE(low=_end(lower, digits))
    if lower == upper:
        return _end(lower, digits)
    return wording.SPAN(low=_end(lower, digits), high=_end(upper, digits))


def _end(value: float | None, digits: int) -> str:
    size = abs(value or 0.0)
    if size == 0 or 1e-4 <= size < 1e9:
        text = f"{float(f'{size:.{digits}g}'):,.12f}".rstrip("0").rstrip(".")
    else:
        text = f"{size:.{digits - 1}e}"
    return f"{'−' if value is not None and value < 0 else ''}{language.digits(text)}"


def _words(
    variant: str, bins: Sequence[Ends], labels: Sequence[str], counts: Sequence[int], unit: str
) -> str:
    """Say how many units are zeros, and in which bin the middle one of the others is."""
    total = sum(counts)
    words = _COUNT(name=wording.label(variant), count=wording.count(total))
    others = [0 if ends == (0.0, 0.0) else n for ends, n in zip(bins, counts, strict=True)]
    zeros = total - sum(others)
    if zeros:
        words += f", {_AT_ZERO(share=wording.number(100 * zeros / total, '%'))}"
    if not any(others):
        return words
    middle = _MIDDLE_OF_OTHERS if zeros else _MIDDLE
    return f"{words}, {middle(bin=_reached(labels, others, 0.5) + unit)}"


def _cumulative_words(
    variant: str, bins: Sequence[Ends], tops: Sequence[str], counts: Sequence[int], unit: str
) -> str:
    """Say by which bins the share is a half, nine tenths and 99 hundredths."""
    ends = [
        _IN(low=top + unit) if upper is None else _UP_TO(top=top + unit)
        for top, (_, upper) in zip(tops, bins, strict=True)
    ]
    shares = ((_HALF(), 0.5), (language.digits("90%"), 0.9), (language.digits("99%"), 0.99))
    parts = [f"{share} {_reached(ends, counts, part)}" for share, part in shares]
    return f"{wording.label(variant)}: " + ", ".join(parts)


def _reached(labels: Sequence[str], counts: Sequence[int], part: float) -> str:
    """Return the first bin by which a part of the units is counted."""
    so_far, whole = 0, sum(counts)
    for label, count in zip(labels, counts, strict=True):
        so_far += count
        if so_far and so_far >= part * whole:
            return label
    return labels[-1]
