"""Repeated p-values and intervals: valid at every look, whether or not the test has stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from experimentos.arguments import one_of
from experimentos.sequential.group.boundaries import SIDES, checked_times, spending_bounds
from experimentos.sequential.group.search import rising_roots_apart
from experimentos.sequential.group.spending import spend

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, FloatArray, IntArray

LARGEST_BOUND = 60.0
# Normal quantiles of the levels searched: 1e-300 to 1 - 1e-12.
LEAST, MOST = -37.04, 7.03
LEAST_STEP, LONGEST_STEP = 1e-6, 1.0


def repeated_p_values(
    statistic: npt.ArrayLike, fractions: npt.ArrayLike, *,
    spending: str = "obrien_fleming", parameter: float | None = None, sides: str = "one",
    information: npt.ArrayLike | None = None, final: npt.ArrayLike = True,
) -> FloatArray:  # fmt: skip
    """Smallest level at which the spending boundary is crossed at each look.

    Parameters
    ----------
    statistic : array of shape (..., looks)
        Standard normal statistics; large is evidence. NaN where a look has not happened.
    fractions : array of shape (..., looks)
        Fractions by which the error rate is spent, as in `spending_bounds`.
    spending : str
        A key of `SPENDING`.
    parameter : float, optional
        Of the spending function.
    sides : str
        ``"one"``, or ``"two"``: either sign is evidence.
    information : array of shape (..., looks), optional
        Observed information. Default: `fractions`.
    final : bool or array of shape (...)
        Whether the last look of the row spends all that is left though its fraction be below 1.

    Returns
    -------
    array of shape (..., looks)
        At most a level exactly where the statistic is at or beyond the boundary of that level; NaN
        where the statistic or an argument is undefined. Not a running minimum: a crossing that has
        faded does not count.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    References
    ----------
    .. [1] C. Jennison and B. W. Turnbull (2000), Group Sequential Methods with Applications to
       Clinical Trials, section 9.5.
    .. [2] W. Maurer and F. Bretz (2013), Statistics in Biopharmaceutical Research 5, 311-320.

    Examples
    --------
    >>> z = [1.83711730708738, 4.40688434793646]
    >>> found = repeated_p_values(z, [0.3, 0.7], final=False)
    >>> [f"{p:.7f}" for p in found]  # rpact: getRepeatedPValues
    ['0.2431501', '0.0001385']
    """
    one_of("sides", sides, SIDES)
    times = np.asarray(fractions, dtype=np.float64)
    checked_times(times)
    known = times if information is None else np.asarray(information, dtype=np.float64)
    z, times, known = np.broadcast_arrays(np.asarray(statistic, dtype=np.float64), times, known)
    closing = np.broadcast_to(np.asarray(final, dtype=np.bool_), z.shape[:-1])
    evidence = np.abs(z) if sides == "two" else z
    row, look = np.nonzero(~np.isnan(evidence.reshape(-1, z.shape[-1])))
    seen = evidence.reshape(-1, z.shape[-1])[row, look]
    # One row per p-value, with the looks up to its own.
    later = np.arange(z.shape[-1]) > look[:, None]
    rows_times = np.where(later, np.nan, times.reshape(-1, z.shape[-1])[row])
    rows_known = np.where(later, np.nan, known.reshape(-1, z.shape[-1])[row])
    is_last = _is_last_look(times.reshape(-1, z.shape[-1])[row], look)
    ends = closing.reshape(-1)[row] & is_last

    def excess(normal: FloatArray, rows: IntArray) -> FloatArray:
        level = ndtr(np.clip(normal, LEAST, MOST))
        bounds = spending_bounds(
            rows_times[rows], level, spending=spending, parameter=parameter, sides=sides,
            information=rows_known[rows], final=ends[rows],
        )  # fmt: skip
        here = np.take_along_axis(bounds, look[rows, None], axis=1)[:, 0]
        # Beyond the ends of the range the excess goes on rising, so that a root is found.
        return (
            seen[rows]
            - np.clip(here, -LARGEST_BOUND, LARGEST_BOUND)
            + normal
            - np.clip(normal, LEAST, MOST)
        )

    result = np.full(z.shape, np.nan)
    if row.size:
        share = np.take_along_axis(np.minimum(rows_times, 1.0), look[:, None], axis=1)
        share = np.where(ends[:, None], 1.0, share)
        how = {"spending": spending, "parameter": parameter}
        start, slope = _alone(seen, share, SIDES[sides], how)

        def next_guess(value: FloatArray) -> FloatArray:
            step = np.clip(value / slope, -LONGEST_STEP, LONGEST_STEP)
            return start - np.where(np.abs(step) < LEAST_STEP, LEAST_STEP, step)

        root = rising_roots_apart(excess, start, next_guess)
        result.reshape(-1, z.shape[-1])[row, look] = np.where(root > MOST, 1.0, ndtr(root))
    return result


def repeated_intervals(
    estimate: npt.ArrayLike, std_error: npt.ArrayLike, bounds: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Limits that hold at all looks together.

    Parameters
    ----------
    estimate, std_error : array of shape (..., looks)
        Estimates at the looks, in metric units.
    bounds : array of shape (..., looks)
        Boundaries of the level wanted, from `spending_bounds`: one-sided at ``alpha / 2`` for
        coverage ``1 - alpha``.

    Returns
    -------
    lower, upper : array of shape (..., looks)
        Exclude 0 exactly where the boundary is crossed; infinite where it is.

    References
    ----------
    .. [1] C. Jennison and B. W. Turnbull (1989), Journal of the Royal Statistical Society B 51,
       305-361.

    Examples
    --------
    >>> bounds = spending_bounds([0.3, 0.7], 0.025, final=False)
    >>> lower, upper = repeated_intervals([0.15, 0.2357143], [0.0816497, 0.0534878], bounds)
    >>> lower.round(4)  # rpact: getRepeatedConfidenceIntervals
    array([-0.1708,  0.1053])
    """
    centre, error, width = (np.asarray(v, dtype=np.float64) for v in (estimate, std_error, bounds))
    with np.errstate(invalid="ignore"):
        half = width * error
        return np.asarray(centre - half), np.asarray(centre + half)


def _alone(
    seen: FloatArray, share: FloatArray, sides: int, how: dict[str, Any]
) -> tuple[FloatArray, FloatArray]:
    """Find the levels at which a look would be crossed were it the only one so far.

    As normal quantiles, and how fast the statistic rises over its bound there, per unit of them.
    The level of several looks is larger, but not by much.
    """

    def excess(normal: FloatArray, rows: IntArray) -> FloatArray:
        inside = np.clip(normal, LEAST, MOST)
        spent = spend(share[rows], ndtr(inside) / sides, **how)[:, 0]
        return np.asarray(seen[rows] + ndtri(spent) + normal - inside)

    guess = -seen * np.sqrt(share[:, 0])
    with np.errstate(divide="ignore", invalid="ignore"):
        root = rising_roots_apart(excess, guess - 0.3, guess + 0.3)
        start = np.clip(np.where(np.isfinite(root), root, guess), LEAST, MOST)
        every, near = np.arange(seen.size), np.where(start > 0, -1e-4, 1e-4)
        slope = (excess(start + near, every) - excess(start, every)) / near
    return start, np.where(slope > 0.1, slope, 1.0)


def _is_last_look(times: FloatArray, look: npt.NDArray[np.intp]) -> BoolArray:
    """Whether no defined look follows in the row."""
    following = np.arange(times.shape[1]) > look[:, None]
    return np.asarray(~(following & ~np.isnan(times)).any(axis=1))
