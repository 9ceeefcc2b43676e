"""Vectorised root finding in brackets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from experimentos.moments import EPSILON, FloatArray

Function = Callable[[FloatArray], FloatArray]
MAXIMUM_ITERATIONS = 200


def find_roots(
    function: Function, low: FloatArray, high: FloatArray, *, tolerance: FloatArray
) -> FloatArray:
    """Roots of one function per element, each inside its bracket.

    Parameters
    ----------
    function : function of array of shape (k,) giving array of shape (k,)
        Element ``i`` of the value depends on element ``i`` of the argument alone.
    low, high : array of shape (k,)
        Ends where the function has different signs, or is 0.
    tolerance : array of shape (k,)
        Absolute tolerance of the root, beside a relative one of rounding.

    Returns
    -------
    array of shape (k,)
        NaN where the signs at the two ends agree or a value is NaN.

    Notes
    -----
    Chandrupatla's method [1]_: inverse quadratic interpolation where it is safe, else bisection.

    References
    ----------
    .. [1] T. R. Chandrupatla (1997), Advances in Engineering Software 28, 145-149.

    Examples
    --------
    >>> square = np.array([2.0, 9.0])
    >>> ends = np.zeros(2), np.full(2, 9.0)
    >>> find_roots(lambda x: x * x - square, *ends, tolerance=np.zeros(2)).round(12)
    array([1.41421356, 3.        ])
    """
    x1, x2 = high.copy(), low.copy()
    f1, f2 = function(x1), function(x2)
    bracketed = np.sign(f1) * np.sign(f2) <= 0
    fraction = np.full_like(x1, 0.5)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        for _ in range(MAXIMUM_ITERATIONS):
            best = np.where(np.abs(f1) < np.abs(f2), x1, x2)
            best_value = np.minimum(np.abs(f1), np.abs(f2))
            limit = (2 * EPSILON * np.abs(best) + tolerance) / np.abs(x2 - x1)
            active = bracketed & (best_value > 0) & (limit <= 0.5)
            if not active.any():
                break
            x = x1 + np.clip(fraction, limit, 1 - limit) * (x2 - x1)
            f = function(np.where(active, x, best))
            same = np.sign(f) == np.sign(f1)
            x3, f3 = np.where(same, x1, x2), np.where(same, f1, f2)
            x2, f2 = (
                np.where(active & ~same, x1, x2),
                np.where(active & ~same, f1, f2),
            )
            x1, f1 = np.where(active, x, x1), np.where(active, f, f1)
            fraction = _next_fraction((x1, x2, x3), (f1, f2, f3))
    return np.where(bracketed, best, np.nan)


def _next_fraction(
    x: tuple[FloatArray, FloatArray, FloatArray], f: tuple[FloatArray, FloatArray, FloatArray]
) -> FloatArray:
    """Where to look next, as a fraction of the way from ``x1`` to ``x2``."""
    (x1, x2, x3), (f1, f2, f3) = x, f
    xi, phi = (x1 - x2) / (x3 - x2), (f1 - f2) / (f3 - f2)
    interpolate = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
    first = f1 / (f1 - f2) * f3 / (f3 - f2)
    second = (x3 - x1) / (x2 - x1) * f1 / (f3 - f1) * f2 / (f2 - f3)
    inverse_quadratic = first - second
    return np.where(interpolate & np.isfinite(inverse_quadratic), inverse_quadratic, 0.5)
