"""Sample ratio by day: each variant's share of the units so far, and where it was planned."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from experimentos.charts import language, wording
from experimentos.charts.chart import Chart, nothing
from experimentos.charts.language import Words
from experimentos.charts.theme import LIGHT, Theme

_TEXT = Words("Share of each variant so far, less its planned share. At the end: {rows}")
_ROW = Words("{name} {share} where {planned} were planned")
_ROW_OUTSIDE = Words(
    "{name} {share} where {planned} were planned, outside of where chance keeps 999 of {of}"
)
_TWO_DAYS = Words("shares by day need two days of dated assignments")


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One variant's share of all units assigned up to a day.

    Parameters
    ----------
    day : date
        The last day counted.
    variant : str
        Which.
    share : float or None
        Of the units so far (fraction).
    planned : float or None
        Of the units so far, by the plan of their days (fraction).
    lower, upper : float or None
        Where the share would fall by chance on this day (fraction).
    n_units : int
        Units of the variant so far.
    """

    day: date
    variant: str
    share: float | None
    planned: float | None
    lower: float | None
    upper: float | None
    n_units: int


def sample_ratio(rows: Sequence[ShareRow], theme: Theme = LIGHT) -> Chart:
    """Draw the shares by day, as the distance from the plan in percentage points.

    Parameters
    ----------
    rows : sequence of ShareRow
        Of all variants.
    theme : Theme
        Colours.

    Returns
    -------
    Chart
        Empty with fewer than two days, or without planned shares.
    """
    drawn = [row for row in rows if wording.known(_distance(row.share, row)) is not None]
    if len({row.day for row in drawn}) < 2:
        return nothing(wording.nothing_because(_TWO_DAYS()), theme)
    names = wording.distinct(row.variant for row in drawn)
    variants = list(names)
    last = {row.variant: row for row in sorted(drawn, key=lambda row: row.day)}
    told = [_words(last[variant]) for variant in variants]
    told = [_words(last[variant]) for variant in variants]
    return Chart(
        kind="sample_ratio",
        values=tuple(
            {
                "day": wording.day(row.day),
                "variant": names[row.variant],
                "distance": wording.known(_distance(row.share, row)),
                "lower": wording.known(_distance(row.lower, row)),
                "upper": wording.known(_distance(row.upper, row)),
                "position": variants.index(row.variant),
                "Variant": names[row.variant],
                "Up to": language.day(row.day),
                "Share": _percent(row.share),
                "Planned": _percent(row.planned),
                "Units": wording.count(row.n_units),
            }
            for row in sorted(drawn, key=lambda row: (row.day, variants.index(row.variant)))
        ),
        text=_TEXT(rows=wording.listed(told, "variants")),
        theme=theme,
    )


def _distance(value: float | None, row: ShareRow) -> float | None:
    if value is None or row.planned is None:
        return None
    return 100 * (value - row.planned)


def _percent(value: float | None) -> str:
    return wording.NOT_SHOWN() if value is None else wording.number(100 * value, "%")


def _words(row: ShareRow) -> str:
    values = {
        "name": wording.label(row.variant),
        "share": _percent(row.share),
        "planned": _percent(row.planned),
    }
    if row.lower is None or row.upper is None or row.share is None:
        return _ROW(**values)
    if row.lower <= row.share <= row.upper:
        return _ROW(**values)
    return _ROW_OUTSIDE(**values, of=language.digits("1,000"))
