"""Root finding: of a bound at one look, and of a number that shapes all looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from experimentos.sequential.group.joint import upper_tail

if TYPE_CHECKING:
    from collections.abc import Callable

    from experimentos.moments import BoolArray, FloatArray, IntArray
    from experimentos.sequential.group.joint import Paths

MAXIMUM_ITERATIONS = 60
SMALL_STEP = 1e-4
SMALL_SECANT_STEP, LARGE_STEP = 1e-8, 0.1
SMALL_PRODUCT, SMALLER_STEP, LONGEST_STEP = 1e-10, 0.01, 0.5
DENSITY_AT_ZERO = 1 / np.sqrt(2 * np.pi)


def bound_above(
    paths: Paths, information: FloatArray, left: FloatArray, *,
    shift: FloatArray, wanted: BoolArray,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Bounds that are reached at the next look with a given probability.

    Parameters
    ----------
    paths : Paths
        Those of the look before.
    information : array of shape (rows,)
        Information at the look.
    left : array of shape (rows,)
        Probability of reaching the bound.
    shift : array of shape (rows,)
        A guess: how far the bound is below the one that a single look would have.
    wanted : array of bool, shape (rows,)
        Rows to solve.

    Returns
    -------
    bound, shift : array of shape (rows,)
        The bound is infinite where nothing is left, minus infinity where fewer paths are left.

    Notes
    -----
    Halley's method on the logarithm of the probability, Newton's while steps are long. A bracket
    guards both.
    """
    highest = _single_look(paths, information, left)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        enough = paths.mass.sum(axis=1) > left
        found = active = wanted & np.isfinite(highest) & enough
        start = np.where(active, highest, 0.0)
        low, high, bound = start - 80.0, start + 1e-9, start - np.where(active, shift, 0.0)
        target = np.log(np.where(active, left, 0.5))
        inverse = 1 / np.sqrt(information - paths.information)
        scale = np.sqrt(information) * inverse
        drifted = paths.drift * (information - paths.information)
        origin = (paths.score + drifted[:, None]) * inverse[:, None]
        for _ in range(MAXIMUM_ITERATIONS):
            if not active.any():
                break
            gap = (bound * scale)[:, None] - origin
            dense = np.exp(-0.5 * gap * gap)
            dense *= paths.mass
            tail = np.vecdot(paths.mass, upper_tail(gap))
            slope = dense.sum(axis=1) * scale * DENSITY_AT_ZERO
            bend = np.vecdot(dense, gap) * scale**2 * DENSITY_AT_ZERO
            excess = np.log(tail) - target
            step = excess * tail / slope
            # How much faster than a straight line the logarithm falls over half a step. Far from
            # the root that says nothing.
            curving = 1 + step / 2 * (slope / tail - bend / slope)
            is_near = np.abs(step) * scale < 1
            following = bound + np.where(is_near, step / np.maximum(curving, 0.5), step)
            low, high = np.where(excess > 0, bound, low), np.where(excess > 0, high, bound)
            # Where the tail underflows, or a step leaves the bracket: halve it.
            inside = (following >= low) & (following <= high)
            following = np.where(inside, following, (low + high) / 2)
            moved = np.abs(following - bound)
            bound = np.where(active, following, bound)
            # Steps shrink to their cubes: the next one would be too small to see.
            active = active & (moved * scale > SMALL_STEP)
    bound = np.where(found, bound, np.where(enough | (left == 0), np.inf, -np.inf))
    return bound, np.where(found, start - bound, shift)


def rising_root(
    function: Callable[[FloatArray], FloatArray], first: FloatArray, second: FloatArray
) -> FloatArray:
    """Roots of one increasing, nearly straight function per element, all of them at once.

    Parameters
    ----------
    function : function of array of shape (k,) giving array of shape (k,)
        Element ``i`` of the value depends on element ``i`` of the argument alone.
    first, second : array of shape (k,), or of any other
        Two guesses that differ.

    Returns
    -------
    array of that shape
        NaN where the function is.

    See Also
    --------
    rising_roots_apart : Where the function of some elements can be had without the others.
    """
    every = np.array(first, dtype=np.float64).ravel()

    def of_some(x: FloatArray, index: IntArray) -> FloatArray:
        every[index] = x
        return function(every.reshape(first.shape)).ravel()[index]

    return rising_roots_apart(of_some, every.copy(), second.ravel()).reshape(first.shape)


def rising_roots_apart(
    function: Callable[[FloatArray, IntArray], FloatArray],
    first: FloatArray,
    second: FloatArray | Callable[[FloatArray], FloatArray],
    *,
    slack: Callable[[FloatArray], FloatArray] = np.ones_like,
) -> FloatArray:
    """Roots of one increasing, nearly straight function per element.

    Parameters
    ----------
    function : function of two arrays of shape (j,) giving array of shape (j,)
        Arguments, and the elements that they are of: only those not yet found are asked for, as
        few need many steps.
    first : array of shape (k,)
        A guess.
    second : array of shape (k,), or function of the values at the first guess
        Another one that differs.
    slack : function of array giving array of its shape
        How many times the usual error may be left at an argument. Default: 1.

    Returns
    -------
    array of shape (k,)
        NaN where the function is.

    Notes
    -----
    The secant method, kept inside the bracket that the signs seen so far give. Its error is about
    the product of the two errors before: what is left after a step follows from the last two.
    """
    every, before = np.arange(first.size), first
    value_before = function(before, every)
    x = second(value_before) if callable(second) else second
    value = function(x, every)
    low = np.where(value_before < 0, before, -np.inf)
    high = np.where(value_before > 0, before, np.inf)
    defined = active = ~np.isnan(value) & ~np.isnan(value_before)
    for _ in range(MAXIMUM_ITERATIONS):
        low = np.where(value < 0, np.maximum(low, x), low)
        high = np.where(value > 0, np.minimum(high, x), high)
        following = _secant((before, value_before), (x, value), low, high)
        following = np.where(active & (value != 0), following, x)
        # A small step after a large one says only that the value before was far from 0.
        step, last_step = np.abs(following - x), np.abs(x - before)
        settled = (step <= SMALL_SECANT_STEP) & (last_step <= LARGE_STEP)
        more = slack(following)
        settled |= (step * last_step <= SMALL_PRODUCT * more) & (
            last_step <= np.minimum(SMALLER_STEP * np.sqrt(more), LONGEST_STEP)
        )
        active = active & ~settled & (value != 0)
        before, value_before, x = x, value, following
        index = np.flatnonzero(active)
        if not index.size:
            break
        value = value.copy()
        value[index] = function(x[index], index)
    return np.where(defined, x, np.nan)


def _single_look(paths: Paths, information: FloatArray, left: FloatArray) -> FloatArray:
    """Bound of a test with this look alone: it lies above that of several."""
    with np.errstate(invalid="ignore"):
        alone = paths.drift * np.sqrt(information) - ndtri(left)
    return np.where(left > 0, alone, np.inf)


def _secant(
    before: tuple[FloatArray, FloatArray], now: tuple[FloatArray, FloatArray],
    low: FloatArray, high: FloatArray,
) -> FloatArray:  # fmt: skip
    """Next guess: by the secant, else the middle of the bracket, else a longer step."""
    (x0, f0), (x1, f1) = before, now
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        guess = x1 - f1 * (x1 - x0) / (f1 - f0)
        good = np.isfinite(f0) & np.isfinite(guess) & (guess >= low) & (guess <= high)
        bracketed = np.isfinite(low) & np.isfinite(high)
        longer = x1 - np.sign(f1) * np.maximum(2 * np.abs(x1 - x0), 0.5)
        middle = np.where(bracketed, (low + high) / 2, longer)
        return np.where(good, guess, middle)
