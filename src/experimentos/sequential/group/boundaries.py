"""Boundaries from the error rate that may be spent by each look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from experimentos.arguments import one_of, probability
from experimentos.errors import ArgumentError
from experimentos.sequential.group import joint
from experimentos.sequential.group.grids import growing, least_reached, plan
from experimentos.sequential.group.search import bound_above
from experimentos.sequential.group.shapes import fitted
from experimentos.sequential.group.spending import spend

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, FloatArray
    from experimentos.sequential.group.grids import Plan

SIDES = {"one": 1, "two": 2}


@dataclass(frozen=True)
class _Task:
    """Rows to solve: arrays of shape (rows, looks)."""

    target: FloatArray
    used: FloatArray
    lower: FloatArray
    information: FloatArray
    symmetric: bool

    def take(self, index: npt.NDArray[np.intp]) -> _Task:
        return _Task(
            self.target[index], self.used[index], self.lower[index], self.information[index],
            self.symmetric,
        )  # fmt: skip


def spending_bounds(
    fractions: npt.ArrayLike, alpha: npt.ArrayLike, *,
    spending: str = "obrien_fleming", parameter: float | None = None, sides: str = "one",
    information: npt.ArrayLike | None = None, used: npt.ArrayLike | None = None,
    lower: npt.ArrayLike | None = None, final: npt.ArrayLike = True,
) -> FloatArray:  # fmt: skip
    """Upper boundaries that spend an error rate along a spending function.

    Parameters
    ----------
    fractions : array of shape (..., looks)
        Fractions by which the error rate is spent, strictly increasing. Above 1 they count as 1:
        the first look at 1 or more spends what is left. NaN at the end of rows with fewer looks.
    alpha : float or array of shape (...)
        Error rate at the end: in both tails together where `sides` is ``"two"``.
    spending : str
        A key of `SPENDING`.
    parameter : float, optional
        Of the spending function.
    sides : str
        ``"one"``, or ``"two"``: the lower boundary is the upper one with its sign changed.
    information : array of shape (..., looks), optional
        Observed information, which makes the correlation between looks. Made non-decreasing.
        Default: `fractions`.
    used : array of shape (..., looks), optional
        Boundaries that were used at past looks; NaN at looks to come. What they spent by the
        observed information is what counts, not what had been planned.
    lower : array of shape (..., looks), optional
        Binding lower boundaries for one-sided tests: a test that stops there cannot reject later.
    final : bool or array of shape (...)
        Whether the last look of the row spends all that is left though its fraction be below 1.

    Returns
    -------
    array of shape (..., looks)
        Standard normal units. Infinite where nothing (or less than 1e-300) may be spent.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    See Also
    --------
    level_bounds : For cumulative error rates of one's own.

    Notes
    -----
    At each look Newton's method on the logarithm of the crossing probability, which is concave,
    within the recursion of `joint.exit_probabilities` [1]_.

    References
    ----------
    .. [1] K. K. G. Lan and D. L. DeMets (1983), Biometrika 70, 659-663.

    Examples
    --------
    >>> fifths = np.arange(1, 6) / 5
    >>> spending_bounds(fifths, 0.05, sides="two").round(4)  # published by Lan and DeMets
    array([4.8769, 3.357 , 2.6803, 2.2898, 2.031 ])

    The third look came late and showed more information than planned.

    >>> used = [4.8769, 3.3570, np.nan, np.nan]
    >>> times = [0.2, 0.4, 0.7, 1.0]
    >>> observed = [0.2, 0.4, 0.75, 1.1]
    >>> spending_bounds(times, 0.05, sides="two", information=observed, used=used).round(3)
    array([4.877, 3.357, 2.446, 2.004])
    """
    times = np.asarray(fractions, dtype=np.float64)
    checked_times(times)
    per_side = probability("alpha", alpha) / SIDES[one_of("sides", sides, SIDES)]
    target = spending_levels(times, per_side, final, spending=spending, parameter=parameter)
    return level_bounds(
        target, times if information is None else information, sides=sides, used=used, lower=lower
    )


def level_bounds(
    levels: npt.ArrayLike, information: npt.ArrayLike, *,
    sides: str = "one", used: npt.ArrayLike | None = None, lower: npt.ArrayLike | None = None,
) -> FloatArray:  # fmt: skip
    """Upper boundaries that spend given cumulative error rates.

    Parameters
    ----------
    levels : array of shape (..., looks)
        Error rate of the upper boundary that is spent by the end of each look, not decreasing.
    information : array of shape (..., looks)
        Information at the looks, positive; made non-decreasing.
    sides : str
        ``"one"`` or ``"two"``. Levels are those of one tail in both cases.
    used : array of shape (..., looks), optional
        Boundaries that were used at past looks; NaN at looks to come.
    lower : array of shape (..., looks), optional
        Binding lower boundaries for one-sided tests.

    Returns
    -------
    array of shape (..., looks)
        Standard normal units. Infinite where nothing is left to spend; minus infinity where fewer
        paths than that are left; NaN from the first undefined argument of a row on.

    Raises
    ------
    ArgumentError
        If `sides` is unknown, or `lower` is given for a two-sided test.

    Examples
    --------
    >>> level_bounds([0.01, 0.025], [0.5, 1.0]).round(4)
    array([2.3263, 2.0758])
    """
    one_of("sides", sides, SIDES)
    if lower is not None and sides == "two":
        msg = f"`lower` must be None where `sides` is 'two', got {lower!r}"
        raise ArgumentError(msg)
    task, undefined, shape = _task(levels, information, used, lower, symmetric=sides == "two")
    upper = np.empty_like(task.target)
    integration = _integration(task)
    for index in integration.groups():
        upper[index] = _solve(task.take(index), integration.take(index))
    upper[undefined] = np.nan
    return upper.reshape(shape)


def spending_levels(
    times: FloatArray, level: npt.ArrayLike, final: npt.ArrayLike, *,
    spending: str, parameter: float | None,
) -> FloatArray:  # fmt: skip
    """Cumulative error rates along a spending function; the last look may spend all that is left.

    Parameters
    ----------
    times : array of shape (..., looks)
        Fractions, as in `spending_bounds`.
    level : float or array of shape (...)
        Error rate at the end.
    final : bool or array of shape (...)
        Whether the last look of the row spends all that is left.
    spending : str
        A key of `SPENDING`.
    parameter : float, optional
        Of the spending function.

    Returns
    -------
    array of shape (..., looks)
        Error rates.
    """
    target = spend(times, level, spending=spending, parameter=parameter)
    closing, _ = fitted(final=np.asarray(final)[..., None], fractions=target)
    return np.where((closing > 0) & _is_last(times), np.asarray(level)[..., None], target)


def bounds_near(
    levels: FloatArray, information: FloatArray, guess: FloatArray, *, sides: str, is_rough: bool
) -> FloatArray:
    """Boundaries as in `level_bounds`, sooner where they are known about.

    Parameters
    ----------
    levels, information : array of shape (rows, looks)
        As in `level_bounds`.
    guess : array of shape (rows, looks)
        Boundaries, about; NaN where nothing is known of them.
    sides : str
        ``"one"`` or ``"two"``.
    is_rough : bool
        Whether errors of 1e-4 will do.

    Returns
    -------
    array of shape (rows, looks)
        Standard normal units.
    """
    task, undefined, _ = _task(levels, information, None, None, symmetric=sides == "two")
    integration = _integration(task)
    integration = integration.coarser() if is_rough else integration
    upper = np.empty_like(task.target)
    for index in integration.groups():
        upper[index] = _solve(task.take(index), integration.take(index), guess[index])
    upper[undefined] = np.nan
    return upper


def checked_times(times: FloatArray) -> None:
    """Refuse fractions that are not positive and increasing; NaN only at the end of a row.

    Parameters
    ----------
    times : array of shape (..., looks)
        Fractions.

    Raises
    ------
    ArgumentError
        If they are not.
    """
    if times.ndim == 0 or times.shape[-1] == 0:
        msg = f"`fractions` must have at least one look, got shape {times.shape}"
        raise ArgumentError(msg)
    rows = times.reshape(-1, times.shape[-1])
    missing = np.isnan(rows)
    gap = missing[:, :-1] & ~missing[:, 1:]
    with np.errstate(invalid="ignore"):
        falls = np.diff(rows, axis=1) <= 0
        wrong = gap.any(axis=1) | falls.any(axis=1) | (rows <= 0).any(axis=1)
    if (wrong | np.isinf(rows).any(axis=1)).any():
        row = rows[wrong | np.isinf(rows).any(axis=1)][0]
        msg = f"`fractions` must increase strictly above 0, got {[float(v) for v in row]}"
        raise ArgumentError(msg)


def _is_last(times: FloatArray) -> BoolArray:
    """Last look of each row: the one that no defined look follows."""
    following = np.concatenate([times[..., 1:], np.full_like(times[..., :1], np.nan)], axis=-1)
    return np.asarray(np.isnan(following) & ~np.isnan(times))


def _task(
    levels: npt.ArrayLike, information: npt.ArrayLike,
    used: npt.ArrayLike | None, lower: npt.ArrayLike | None, *, symmetric: bool,
) -> tuple[_Task, BoolArray, tuple[int, ...]]:  # fmt: skip
    """Arguments as rows, with something harmless where they are undefined."""
    past = np.nan if used is None else used
    floor = -np.inf if lower is None else lower
    given = fitted(levels=levels, information=information, used=past, lower=floor)
    shape = given[0].shape
    target, known, past_rows, floors = (values.reshape(-1, shape[-1]) for values in given)
    undefined = np.isnan(target) | ~(known > 0) | ~np.isfinite(known) | np.isnan(floors)
    undefined = np.logical_or.accumulate(undefined, axis=1)
    filled = np.maximum.accumulate(np.where(undefined, 0.0, known), axis=1)
    step = np.cumsum(undefined, axis=1)
    filled = growing(np.where(filled > 0, filled, 1.0) * (1 + step))
    target = np.where(undefined, 0.0, target)
    past_rows = np.where(undefined, np.nan, past_rows)
    floors = np.where(undefined, -np.inf, floors)
    return _Task(target, past_rows, floors, filled, symmetric), undefined, shape


def _integration(task: _Task) -> Plan:
    """Plan for boundaries that are not known yet: a single look's boundary lies above."""
    target = np.maximum.accumulate(task.target, axis=1)
    increments = np.diff(target, axis=1, prepend=0.0)
    highest = np.where(increments > 0, -ndtri(increments), np.inf)
    changed: BoolArray = np.any(~np.isnan(task.used), axis=1)
    far = changed[:, None] & np.isfinite(highest)
    highest = np.where(far, np.maximum(highest, 9.5), highest)
    highest = np.where(np.isnan(task.used), highest, task.used)
    lowest = -highest if task.symmetric else task.lower
    free = np.flatnonzero(~changed & np.isinf(lowest).all(axis=1))
    floor = np.full(target.shape, -np.inf)
    floor[free] = least_reached(target[free], increments[free], task.information[free])
    return plan(
        np.minimum(lowest, highest), highest, task.information, np.zeros(len(target)), floor=floor
    ).alike(np.isfinite(highest) | changed[:, None])


def _solve(task: _Task, integration: Plan, guess: FloatArray | None = None) -> FloatArray:
    """Boundaries of rows that share their numbers of nodes."""
    rows, looks = task.target.shape
    upper = np.empty((rows, looks))
    spent, shift, previous = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    paths = joint.beginning(np.zeros(rows))
    for look in range(looks):
        at, wanted = task.information[:, look], np.isnan(task.used[:, look])
        target = task.target[:, look]
        left = np.maximum(target - spent, 0.0)
        near = 2 * shift - previous if look > 2 else shift
        if guess is not None:
            known = np.isfinite(guess[:, look])
            near = np.where(known, -ndtri(left) - np.where(known, guess[:, look], 0.0), near)
        bound, latest = bound_above(paths, at, left, shift=np.maximum(near, 0.0), wanted=wanted)
        shift, previous = latest, shift
        spent_now = np.maximum(spent, target)
        if not wanted.all():
            bound = np.where(wanted, bound, task.used[:, look])
            spent_now = np.where(wanted, spent_now, spent + joint.above(paths, bound, at))
        spent, low = spent_now, -bound if task.symmetric else task.lower[:, look]
        upper[:, look] = bound
        if look + 1 < looks:
            paths = joint.advance(
                paths, np.maximum(low, integration.low[:, look]),
                np.minimum(bound, integration.high[:, look]), at,
                points=int(integration.points[0, look]),
            )  # fmt: skip
    return upper
