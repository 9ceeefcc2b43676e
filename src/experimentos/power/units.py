"""Units of two arms, and the search for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from experimentos.inference.roots import find_roots
from experimentos.moments import FloatArray, _ArrayStruct

if TYPE_CHECKING:
    from collections.abc import Callable

_DOUBLINGS = 200


@dataclass(frozen=True)
class Units(_ArrayStruct):
    """Units that a test needs in its two arms.

    Parameters
    ----------
    control, treatment : array of shape (k,)
        The exact real solution. Infinite where no number of units is enough: the effect lies on the
        boundary or on its wrong side.
    """

    control: FloatArray
    treatment: FloatArray

    @property
    def total(self) -> FloatArray:
        """Units of both arms together."""
        return np.asarray(self.control + self.treatment)

    def times(self, factor: FloatArray | float) -> Units:
        """Units multiplied by a deflation or an inflation.

        Parameters
        ----------
        factor : float or array of shape (k,)
            Below 1 for a reduced variance, above 1 for clusters or several looks.

        Returns
        -------
        Units
            Of both arms, multiplied.
        """
        return Units(*np.broadcast_arrays(self.control * factor, self.treatment * factor))


def whole_units(
    units: Units, power_of: Callable[[FloatArray, FloatArray], FloatArray], target: float
) -> Units:
    """Smallest whole number of control units, and of treatment units beside it, with the power.

    Parameters
    ----------
    units : Units, fields of shape (k,)
        The real solution.
    power_of : function of two arrays of shape (k,)
        Power with so many units of control and of treatment.
    target : float
        Power wanted.

    Returns
    -------
    Units, fields of shape (k,)
        Treatment is control times the ratio of the two, rounded up. Power is at least `target`, and
        below it with one unit less in control (unless that leaves the power undefined).

    Examples
    --------
    >>> from experimentos.power import means_power, means_units
    >>> needed = means_units([0.5, 0.3])
    >>> needed.control.round(4)
    array([ 63.7656, 175.3847])
    >>> whole_units(needed, lambda c, t: means_power([0.5, 0.3], c, t), 0.8).control
    array([ 64., 176.])
    """
    with np.errstate(invalid="ignore"):
        ratio = units.treatment / units.control

        def enough(control: FloatArray) -> FloatArray:
            usable = np.where(np.isfinite(control), control, np.nan)
            return np.asarray(power_of(usable, np.ceil(ratio * usable * (1 - 1e-12))) >= target)

        control = np.ceil(units.control * (1 - 1e-12))
        for step, wanted in ((1.0, False), (-1.0, True)):
            for _ in range(3):
                # Up while too few, then down while one less would do.
                tried = control if step > 0 else control - 1
                moves = (enough(tried) == wanted) & np.isfinite(control)
                if not moves.any():
                    break
                control = np.where(moves, control + step, control)
        treatment = np.where(np.isfinite(control), np.ceil(ratio * control * (1 - 1e-12)), control)
    return Units(control, treatment)


def solve_rising(
    power_of: Callable[[FloatArray], FloatArray], start: FloatArray, target: FloatArray, *,
    floor: FloatArray, ceiling: FloatArray,
) -> FloatArray:  # fmt: skip
    """Argument at which a power that rises with it reaches a target, per element.

    Parameters
    ----------
    power_of : function of array of shape (k,) giving array of shape (k,)
        Element ``i`` of the value depends on element ``i`` of the argument alone.
    start : array of shape (k,)
        A guess above 0; NaN where there is nothing to look for.
    target : array of shape (k,)
        Power wanted.
    floor, ceiling : array of shape (k,)
        Ends of what is allowed; the ceiling may be infinite.

    Returns
    -------
    array of shape (k,)
        `floor` where that is enough, NaN where the power is undefined or not reached.
    """
    goal = ndtri(target)

    def excess(x: FloatArray) -> FloatArray:
        # Normal deviates of the power: nearly straight in the effect and in the root of n.
        reached = np.clip(power_of(x), 1e-300, 1 - 1e-16)
        return np.asarray(ndtri(reached) - goal)

    start = np.clip(start, floor, ceiling)
    low, high = start * 0.999, start * 1.001
    for _ in range(_DOUBLINGS):
        low = np.maximum(low, floor)
        lower = (excess(low) > 0) & (low > floor)
        if not lower.any():
            break
        low = np.where(lower, floor + (low - floor) * np.where(low > start * 0.9, 0.9, 0.5), low)
        low = np.where(low - floor <= 1e-12 * floor, floor, low)
    for _ in range(_DOUBLINGS):
        high = np.minimum(high, ceiling)
        higher = (excess(high) < 0) & (high < ceiling)
        if not higher.any():
            break
        high = np.where(higher, high * np.where(high < start * 1.1, 1.1, 2.0), high)
    root = find_roots(excess, low, high, tolerance=np.zeros_like(low))
    return np.where(excess(low) > 0, low, root)
