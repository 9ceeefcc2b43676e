"""Families of any sizes as matrices, one family a row: how corrections do without a loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experimentos.multiplicity.correction import (
    Correction,
    Hypotheses,
    check_sizes,
    decide,
    per_hypothesis,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from experimentos.moments import BoolArray, FloatArray, IntArray

# A matrix of this many numbers, and a dozen beside it, stay in the cache.
CELLS = 2**15


@dataclass(frozen=True)
class Block:
    """Some families as rows of a matrix, filled up at the right.

    Parameters
    ----------
    rows : slice, or array of int of shape (families * width,)
        Where the elements of the matrix, row by row, stand among the hypotheses.
    shape : tuple of int
        Families and width.
    given : array of bool of shape (families, width), optional
        Where there is a hypothesis; None where all are.
    """

    rows: slice | IntArray
    shape: tuple[int, int]
    given: BoolArray | None

    def gather(self, values: FloatArray, fill: float) -> FloatArray:
        """Put values of the hypotheses into the matrix.

        Parameters
        ----------
        values : array of shape (k,)
            One for each hypothesis.
        fill : float
            What stands where there is none.

        Returns
        -------
        array of shape (families, width)
            The values of each family, in the order given.
        """
        matrix = values[self.rows].reshape(self.shape)
        return matrix if self.given is None else np.where(self.given, matrix, fill)

    def scatter(self, matrix: FloatArray, out: FloatArray, *, order: IntArray) -> None:
        """Put a matrix back among the hypotheses.

        Parameters
        ----------
        matrix : array of shape (families, width)
            One number for each hypothesis, rows sorted.
        out : array of shape (k,)
            Changed in place.
        order : array of int of shape (families, width)
            Column of the hypothesis each comes from.
        """
        if isinstance(self.rows, slice):
            np.put_along_axis(out[self.rows].reshape(self.shape), order, matrix, axis=1)
            return
        rows = np.take_along_axis(self.rows.reshape(self.shape), order, axis=1)
        if self.given is None:
            out[rows] = matrix
        else:
            given = np.take_along_axis(self.given, order, axis=1)
            out[rows[given]] = matrix[given]

    def first(self, values: FloatArray) -> FloatArray:
        """Take what all hypotheses of a family have in common.

        Parameters
        ----------
        values : array of shape (k,)
            Equal within a family.

        Returns
        -------
        array of shape (families, 1)
            That of the first hypothesis.
        """
        return values[self.rows].reshape(self.shape)[:, :1]

    def sizes(self, sizes: FloatArray | None) -> FloatArray:
        """Hypotheses in each family.

        Parameters
        ----------
        sizes : array of shape (k,), optional
            Sizes by definition. Default: those given.

        Returns
        -------
        array of shape (families, 1)
            At least the number given.

        Raises
        ------
        ArgumentError
            If a size is smaller than the number given.
        """
        if self.given is None:
            given = np.full((self.shape[0], 1), float(self.shape[1]))
        else:
            given = self.given.sum(axis=1, keepdims=True).astype(np.float64)
        if sizes is None:
            return given
        defined = self.first(sizes)
        check_sizes(defined, given)
        return defined


def family_blocks(family: IntArray, *, cells: int = CELLS) -> Iterator[Block]:
    """Cut hypotheses into matrices of families of about one size.

    Parameters
    ----------
    family : array of int, shape (k,)
        Family of each hypothesis, numbered from 0.
    cells : int
        Elements of a matrix, unless one family has more.

    Yields
    ------
    Block
        Families of equal sizes that stand one after the other are slices; others are gathered,
        with at most a quarter of the width empty.
    """
    width = _common_width(family)
    if width:
        step = max(1, cells // width) * width
        for start in range(0, family.size, step):
            stop = min(start + step, family.size)
            yield Block(slice(start, stop), ((stop - start) // width, width), None)
        return
    counts = np.bincount(family)
    starts = np.cumsum(counts) - counts
    order = np.argsort(family, kind="stable")
    by_count = np.argsort(counts, kind="stable")
    increasing = counts[by_count]
    position = int(np.searchsorted(increasing, 1))
    while position < by_count.size:
        widest = increasing[position] + increasing[position] // 4
        stop = int(np.searchsorted(increasing, widest, side="right"))
        stop = min(stop, position + max(1, cells // int(widest)))
        chosen, width = by_count[position:stop], int(increasing[stop - 1])
        given = np.arange(width) < counts[chosen][:, None]
        place = starts[chosen][:, None] + np.where(given, np.arange(width), 0)
        full = bool(given.all())
        yield Block(order[place.reshape(-1)], given.shape, None if full else given)
        position = stop


def correct_sorted(
    kernel: Callable[[FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]],
    hypotheses: Hypotheses,
    sizes: FloatArray | None,
) -> Correction:
    """Correct by a procedure that looks at the p-values in increasing order.

    Parameters
    ----------
    kernel : function
        Given p-values of shape (families, width), increasing along rows and 1 where missing, and
        size and level of each family, of shape (families, 1), it gives the adjusted p-values and
        the level of each, both of shape (families, width).
    hypotheses : Hypotheses, fields of shape (k,)
        What was given.
    sizes : array of shape (k,), optional
        Hypotheses in the family. Default: those given.

    Returns
    -------
    Correction, fields of shape (k,)
        In the order given.
    """
    p = hypotheses.p
    defined = None if sizes is None else per_hypothesis("sizes", sizes, p)
    adjusted, tested = np.empty_like(p), np.empty_like(p)
    for block in family_blocks(hypotheses.family):
        # A missing p-value counts as 1.
        filled = np.fmin(block.gather(p, 1.0), 1.0)
        order, ordered = sort_rows(filled)
        found = kernel(ordered, block.sizes(defined), block.first(hypotheses.level))
        for values, out in zip(found, (adjusted, tested), strict=True):
            block.scatter(values, out, order=order)
    return decide(hypotheses, adjusted, tested)


def sort_rows(values: FloatArray) -> tuple[IntArray, FloatArray]:
    """Sort each row, equal values in the order given.

    Parameters
    ----------
    values : array of shape (families, width)
        Numbers.

    Returns
    -------
    order : array of int of shape (families, width)
        Column each sorted value comes from.
    ordered : array of shape (families, width)
        Increasing along rows.
    """
    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    if (ordered[:, 1:] == ordered[:, :-1]).any():
        order = np.argsort(values, axis=1, kind="stable")  # twice as slow
    return order, ordered


def _common_width(family: IntArray) -> int:
    """Size of the families if all have one and each stands together, in order; else 0."""
    if family.size == 0:
        return 0
    families = int(family[-1]) + 1
    width, left = divmod(family.size, families)
    if left or width == 0:
        return 0
    regular = (family.reshape(families, width) == np.arange(families)[:, None]).all()
    return width if regular else 0
