"""Arguments of different shapes brought to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.errors import ArgumentError

if TYPE_CHECKING:
    from experimentos.moments import FloatArray


def fitted(**arrays: npt.ArrayLike) -> tuple[FloatArray, ...]:
    """Broadcast arrays against each other.

    Parameters
    ----------
    **arrays : array-like
        Under their names as arguments.

    Returns
    -------
    tuple of array
        Views of equal shape.

    Raises
    ------
    ArgumentError
        If their shapes do not fit.

    Examples
    --------
    >>> fitted(lower=[0.0, 1.0], upper=[2.0, 3.0, 4.0])
    Traceback (most recent call last):
        ...
    experimentos.errors.ArgumentError: `lower` and `upper` must have shapes that fit, got (2,), (3,)
    """
    given = {name: np.asarray(values, dtype=np.float64) for name, values in arrays.items()}
    try:
        return tuple(np.broadcast_arrays(*given.values()))
    except ValueError:
        names = " and ".join(f"`{name}`" for name in given)
        shapes = ", ".join(str(values.shape) for values in given.values())
        msg = f"{names} must have shapes that fit, got {shapes}"
        raise ArgumentError(msg) from None
