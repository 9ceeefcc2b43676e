"""Sums within families of rows, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeVar

import numpy as np
import numpy.typing as npt

from experimentos.errors import ArgumentError

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, IntArray

_Kind = TypeVar("_Kind", bound=np.generic)


@dataclass(frozen=True)
class Families:
    """Which rows belong together.

    Parameters
    ----------
    number : array of int, shape (k,)
        Family of each row, numbered from 0.
    count : int
        Families.
    """

    number: IntArray
    count: int

    @classmethod
    def of(cls, family: npt.ArrayLike, shape: tuple[int, ...]) -> Self:
        """Check the families of rows.

        Parameters
        ----------
        family : array of int, shape (k,)
            Numbered from 0.
        shape : tuple of int
            Of the rows.

        Returns
        -------
        Families
            As many as the largest number says.

        Raises
        ------
        ArgumentError
            If the shape differs, or there is anything but whole numbers from 0.
        """
        given = np.asarray(family)
        if len(shape) != 1 or given.shape != shape:
            msg = f"`family` must have one dimension, as the rows, got {given.shape} and {shape}"
            raise ArgumentError(msg)
        if given.size and (given.dtype.kind not in "iu" or int(given.min()) < 0):
            msg = f"`family` must be whole numbers from 0, got {given.dtype} from {given.min()}"
            raise ArgumentError(msg)
        number = given.astype(np.int64)
        return cls(number, int(number.max()) + 1 if number.size else 0)

    def sum(self, values: npt.ArrayLike) -> FloatArray:
        """Add up rows per family."""
        weights = np.asarray(values, dtype=np.float64)
        sums = np.bincount(self.number, weights=weights, minlength=self.count)
        return sums.astype(np.float64, copy=False)

    def spread(self, values: npt.NDArray[_Kind]) -> npt.NDArray[_Kind]:
        """Give each row the value of its family."""
        return values[self.number]
