"""Repeated p-values and intervals: valid at every look, whether or not the test has stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.arguments import one_of
from experimentos.sequential.group.boundaries import SIDES, checked_times
from experimentos.sequential.group.least_level import least_levels

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, FloatArray


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
        where the statistic or an argument is undefined. 1 where it is above 1 - 1e-9. Not a running
        minimum: a crossing that has faded does not count.

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
    times, known = (values.reshape(-1, z.shape[-1])[row] for values in (times, known))
    ends = closing.reshape(-1)[row] & _is_last_look(times, look)
    p_value = np.empty(row.size)
    for place in range(z.shape[-1]):
        # The looks of a p-value are those up to its own.
        at = np.flatnonzero(look == place)
        if at.size:
            p_value[at] = least_levels(
                seen[at], times[at, : place + 1], known[at, : place + 1], ends[at],
                spending=spending, parameter=parameter, sides=sides,
            )  # fmt: skip
    result = np.full(z.shape, np.nan)
    result.reshape(-1, z.shape[-1])[row, look] = p_value
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
    >>> from experimentos.sequential.group import spending_bounds
    >>> bounds = spending_bounds([0.3, 0.7], 0.025, final=False)
    >>> lower, upper = repeated_intervals([0.15, 0.2357143], [0.0816497, 0.0534878], bounds)
    >>> lower.round(4)  # rpact: getRepeatedConfidenceIntervals
    array([-0.1708,  0.1053])
    """
    centre, error, width = (np.asarray(v, dtype=np.float64) for v in (estimate, std_error, bounds))
    with np.errstate(invalid="ignore"):
        half = width * error
        return np.asarray(centre - half), np.asarray(centre + half)


def _is_last_look(times: FloatArray, look: npt.NDArray[np.intp]) -> BoolArray:
    """Whether no defined look follows in the row."""
    following = np.arange(times.shape[1]) > look[:, None]
    return np.asarray(~(following & ~np.isnan(times)).any(axis=1))
