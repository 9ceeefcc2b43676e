"""Effects and margins as people write them."""

import re
from dataclasses import dataclass

from experimentos.errors import InputError


@dataclass(frozen=True)
class Amount:
    """An effect or a margin.

    Parameters
    ----------
    size : float
        A fraction of the control value, or metric units.
    is_relative : bool
        Which of the two.
    """

    size: float
    is_relative: bool = True

    def __str__(self) -> str:
        return f"{100 * self.size:.4g}%" if self.is_relative else f"{self.size:.6g}"

    @property
    def given(self) -> str | dict[str, float]:
        """As a definition spells it."""
        return str(self) if self.is_relative else {"absolute": self.size}

    def of(self, mean: float) -> float:
        """Return it in metric units.

        Parameters
        ----------
        mean : float
            The control value.

        Returns
        -------
        float
            0 or more.
        """
        return self.size * abs(mean) if self.is_relative else self.size


def read_amount(text: str, option: str) -> Amount:
    """Read ``2%`` or ``absolute:0.5``.

    Parameters
    ----------
    text : str
        What was given.
    option : str
        For the message.

    Returns
    -------
    Amount
        Above 0.

    Raises
    ------
    InputError
        If it is something else.

    Examples
    --------
    >>> read_amount("2%", "--mde")
    Amount(size=0.02, is_relative=True)
    """
    number = r"(\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
    relative = re.fullmatch(rf"\s*({number})\s*%\s*", text)
    absolute = re.fullmatch(rf"\s*absolute\s*:\s*({number})\s*", text)
    found = relative or absolute
    size = float(found.group(1)) if found else 0.0
    if not 0 < size < float("inf"):
        near = re.fullmatch(rf"\s*({number})\s*", text)
        hint = f"; did you mean {near.group(1)}% or absolute:{near.group(1)}?" if near else ""
        msg = (
            f"{option} must be above 0 and a percentage of the control value like 2%, or "
            f"absolute:0.5 in metric units; got {text!r}{hint}"
        )
        raise InputError(msg)
    return Amount(size / 100 if relative else size, is_relative=relative is not None)


def read_metric(text: str) -> tuple[str, Amount | None]:
    """Read ``metric`` or ``metric:effect``.

    Parameters
    ----------
    text : str
        What was given.

    Returns
    -------
    tuple
        Name, and the smallest effect looked for of this metric alone.

    Raises
    ------
    InputError
        If the effect cannot be read.
    """
    name, found, effect = text.partition(":")
    if not found:
        return name.strip(), None
    return name.strip(), read_amount(effect, f"the effect of --metric {name.strip()}")


def read_guardrail(text: str) -> tuple[str, Amount | None]:
    """Read ``metric`` or ``metric:margin``.

    Parameters
    ----------
    text : str
        What was given.

    Returns
    -------
    tuple
        Name and margin.

    Raises
    ------
    InputError
        If the margin cannot be read.
    """
    name, found, margin = text.partition(":")
    if not found:
        return name.strip(), None
    return name.strip(), read_amount(margin, f"the margin of --guardrail {name.strip()}")
