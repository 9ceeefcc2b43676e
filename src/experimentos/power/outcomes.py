"""What is assumed of a metric: means with deviations, or rates, of two arms."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from experimentos.arguments import not_negative
from experimentos.errors import ArgumentError

if TYPE_CHECKING:
    from experimentos.moments import FloatArray


class _Outcome:
    """Shared behaviour: fields are float arrays of one shape."""

    def _spread(self, values: dict[str, npt.ArrayLike]) -> None:
        try:
            arrays = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in values.values()))
        except ValueError:
            shapes = {name: np.shape(value) for name, value in values.items()}
            msg = f"{type(self).__name__}: fields must broadcast together, got shapes {shapes}"
            raise ArgumentError(msg) from None
        for name, array in zip(values, arrays, strict=True):
            object.__setattr__(self, name, array)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the fields."""
        first: FloatArray = getattr(self, fields(self)[0].name)  # type: ignore[arg-type]
        return first.shape

    def flat(self, shape: tuple[int, ...]) -> Self:
        """Broadcast the fields to a shape and flatten them.

        Parameters
        ----------
        shape : tuple of int
            Shape to which the fields broadcast.

        Returns
        -------
        Self
            With fields of one dimension.
        """
        names = [field.name for field in fields(self)]  # type: ignore[arg-type]
        return type(self)(
            **{name: np.broadcast_to(getattr(self, name), shape).reshape(-1) for name in names}
        )


@dataclass(frozen=True)
class Means(_Outcome):
    """Two means with the deviations of a unit; ratios too, through their linearised variable.

    Parameters
    ----------
    effect : array of shape (k,)
        True difference, treatment minus control, in metric units.
    mean_control : array of shape (k,)
        True mean of control; needed for relative margins alone.
    sd_control : array of shape (k,)
        Standard deviation of a control unit, in metric units; 0 means undefined.
    sd_treatment : array of shape (k,), optional
        Of a treatment unit. Default: that of control.

    Raises
    ------
    ArgumentError
        If a deviation is negative or shapes do not broadcast.

    Examples
    --------
    >>> Means([0.1, 0.2], sd_control=3.0).sd_treatment
    array([3., 3.])
    """

    effect: npt.ArrayLike = 0.0
    mean_control: npt.ArrayLike = np.nan
    sd_control: npt.ArrayLike = 1.0
    sd_treatment: npt.ArrayLike | None = None

    def __post_init__(self) -> None:
        """Broadcast and check."""
        second = self.sd_control if self.sd_treatment is None else self.sd_treatment
        self._spread(
            {
                "effect": self.effect,
                "mean_control": self.mean_control,
                "sd_control": not_negative("sd_control", self.sd_control),
                "sd_treatment": not_negative("sd_treatment", second),
            }
        )

    def shifted(self, effect: npt.ArrayLike) -> Means:
        """Replace the effect.

        Parameters
        ----------
        effect : array of shape (k,)
            True difference, in metric units.

        Returns
        -------
        Means
            With the same deviations.
        """
        return Means(effect, self.mean_control, self.sd_control, self.sd_treatment)


@dataclass(frozen=True)
class Rates(_Outcome):
    """Two rates over units.

    Parameters
    ----------
    control : array of shape (k,)
        True rate of control.
    treatment : array of shape (k,), optional
        True rate of treatment. Default: that of control.

    Raises
    ------
    ArgumentError
        If a rate is outside 0 to 1 or shapes do not broadcast.
    """

    control: npt.ArrayLike
    treatment: npt.ArrayLike | None = None

    def __post_init__(self) -> None:
        """Broadcast and check."""
        second = self.control if self.treatment is None else self.treatment
        self._spread(
            {
                "control": check_rate("control", self.control),
                "treatment": check_rate("treatment", second),
            }
        )

    def shifted(self, effect: npt.ArrayLike) -> Rates:
        """Replace the effect.

        Parameters
        ----------
        effect : array of shape (k,)
            True difference of the rates.

        Returns
        -------
        Rates
            With the same control, and treatment kept within 0 and 1.
        """
        moved = np.asarray(self.control, np.float64) + np.asarray(effect, np.float64)
        return Rates(self.control, np.clip(moved, 0.0, 1.0))


def check_rate(name: str, value: npt.ArrayLike) -> FloatArray:
    """Rates from 0 to 1, or NaN.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : array-like
        Rates.

    Returns
    -------
    array
        The rates.

    Raises
    ------
    ArgumentError
        If a rate is outside 0 to 1.
    """
    rates = np.asarray(value, dtype=np.float64)
    bad = (rates < 0) | (rates > 1)
    if bad.any():
        msg = f"`{name}` must be from 0 to 1, got {float(rates[bad].flat[0])!r}"
        raise ArgumentError(msg)
    return rates
