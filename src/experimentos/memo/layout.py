"""How numbers are laid out: digits, decimals and units, in the language that is spoken."""

from dataclasses import dataclass
from math import floor, log10
from typing import Self

from experimentos.charts import language
from experimentos.charts.wording import NO_BOUND, SPAN


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

    def english(self, value: float) -> str:
        """Lay out a number without its unit, with a point before decimals."""
        shown = _six(self.scale * value)
        text = _scientific(shown) if self.decimals is None else f"{shown:,.{self.decimals}f}"
        return text.removeprefix("-") if not text.strip("-0.,") else text

    def plain(self, value: float) -> str:
        """Lay out a number without its unit."""
        return language.digits(self.english(value))

    def signed(self, value: float) -> str:
        """Lay out a number with its sign, without its unit."""
        text = self.english(value)
        sign = "" if text.startswith("-") or not text.strip("0.,") else "+"
        return sign + language.digits(text)

    def range(self, lower: float | None, upper: float | None) -> str:
        """Lay out an interval; a side without a bound says so."""
        repeat = self.unit if self.scale == 100 and not self.unit[:1].isspace() else ""
        low = NO_BOUND() if lower is None else self.signed(lower) + repeat
        high = NO_BOUND() if upper is None else self.signed(upper) + self.unit
        return SPAN(low=low, high=high)


def percentage(value: float) -> str:
    """Write a fraction as a percentage.

    Parameters
    ----------
    value : float
        A fraction.

    Returns
    -------
    str
        Up to four significant digits and a percent sign.
    """
    return short_text(100 * value) + language.digits("%")


def level_text(level: float) -> str:
    """Write a level as a percentage.

    Parameters
    ----------
    level : float
        Of an interval.

    Returns
    -------
    str
        A percentage that is never rounded up to 100.
    """
    shown = 100 * level
    text = short_text(round(shown, 2)) if shown <= 99.9 else language.digits(f"{_six(shown):.6g}")
    return text + language.digits("%")


def _six(value: float) -> float:
    return float(f"{value:.6g}")


def short_text(value: float) -> str:
    """Write a number short.

    Parameters
    ----------
    value : float
        Any number.

    Returns
    -------
    str
        Four significant digits without trailing zeros.
    """
    layout = Layout.of(value)
    text = layout.english(value)
    if layout.decimals is not None and "." in text:
        text = text.rstrip("0").rstrip(".")
    return language.digits(text)


def _scientific(value: float) -> str:
    return f"{value:.4g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
