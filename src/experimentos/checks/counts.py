"""What counts of units and planned shares must be like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.arguments import numbers
from experimentos.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from experimentos.moments import FloatArray


def check_counts(counts: npt.ArrayLike, shares: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Read counts and shares; refuse those that no experiment could have.

    Parameters
    ----------
    counts : array of shape (k, v)
        Units of each variant, 0 or more; NaN where there is no such variant.
    shares : array of shape (k, v)
        Planned shares, above 0; NaN where unknown.

    Returns
    -------
    counts, shares : array of shape (k, v)
        As floats.

    Raises
    ------
    ArgumentError
        If the shapes differ, a count is negative or infinite, or a share is not positive and
        finite.

    Examples
    --------
    >>> check_counts(np.array([[-1.0, 5.0]]), np.array([[0.5, 0.5]]))
    Traceback (most recent call last):
        ...
    experimentos.errors.ArgumentError: `counts` must be 0 or more and finite, got -1.0
    """
    counts, shares = numbers("counts", counts), numbers("shares", shares)
    if counts.ndim != 2 or counts.shape != shares.shape:
        msg = (
            "`counts` and `shares` must have one shape (k, v), got "
            f"{counts.shape} and {shares.shape}"
        )
        raise ArgumentError(msg)
    bad = (counts < 0) | np.isinf(counts)
    if bad.any():
        msg = f"`counts` must be 0 or more and finite, got {float(counts[bad][0])!r}"
        raise ArgumentError(msg)
    bad = (shares <= 0) | np.isinf(shares)
    if bad.any():
        msg = f"`shares` must be positive and finite, got {float(shares[bad][0])!r}"
        raise ArgumentError(msg)
    return counts, shares
