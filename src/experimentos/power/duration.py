"""From units to days and back: traffic by day of the week, windows and delays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.arguments import not_negative, positive
from experimentos.errors import ArgumentError
from experimentos.moments import FloatArray, _ArrayStruct
from experimentos.power.arms import checked_shares

if TYPE_CHECKING:
    from collections.abc import Callable

DAYS = 7


@dataclass(frozen=True)
class Duration(_ArrayStruct):
    """How long an experiment takes, in days.

    Parameters
    ----------
    enrolment : array of shape (k,)
        Days during which units enter: the smallest whole number.
    total : array of shape (k,)
        Until the last unit is mature: enrolment, window and delay.
    """

    enrolment: FloatArray
    total: FloatArray


def duration_of(
    units: npt.ArrayLike, traffic: npt.ArrayLike, *, share: npt.ArrayLike = 1.0,
    window: npt.ArrayLike = 0.0, delay: npt.ArrayLike = 0.0,
) -> Duration:  # fmt: skip
    """Days until so many units are mature.

    Parameters
    ----------
    units : float or array of shape (k,)
        Units of all arms together.
    traffic : float or array of shape (7,)
        New eligible units per day, the same every day or from the first day of the experiment on
        through one week.
    share : float or array of shape (k,)
        Share of the eligible units that is enrolled, above 0 and at most 1.
    window : float or array of shape (k,)
        Days after entering that the longest deciding metric waits for.
    delay : float or array of shape (k,)
        Days by which data arrive late.

    Returns
    -------
    Duration, fields of shape (k,)
        NaN or infinite where `units` are.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> duration_of(100_000, 10_000, share=0.5, window=7).total
    array(27.)
    >>> week = [10, 10, 10, 10, 10, 2, 2]
    >>> duration_of([54, 55, 64], week).enrolment
    array([7., 8., 8.])
    """
    needed, profile = not_negative("units", units), _profile(traffic)
    wait = not_negative("window", window) + not_negative("delay", delay)
    with np.errstate(divide="ignore", invalid="ignore"):
        # A trillionth less: rounding must not cost a day.
        entering = np.asarray(needed / _share(share)) * (1 - 1e-12)
        weeks = np.floor(entering / profile.sum())
        rest = np.where(np.isfinite(weeks), entering - weeks * profile.sum(), 0.0)
        days = np.searchsorted(np.concatenate([[0.0], np.cumsum(profile)]), rest, side="left")
        enrolment = DAYS * weeks + days
        return Duration(*np.broadcast_arrays(enrolment, enrolment + wait))


def units_after(
    days: npt.ArrayLike, traffic: npt.ArrayLike, *, share: npt.ArrayLike = 1.0,
    window: npt.ArrayLike = 0.0, delay: npt.ArrayLike = 0.0,
) -> FloatArray:  # fmt: skip
    """Units of all arms that are mature after so many days.

    Parameters
    ----------
    days : float or array of shape (k,)
        Days since the start, window and delay included.
    traffic : float or array of shape (7,)
        New eligible units per day, the same every day or from the first day of the experiment on
        through one week.
    share : float or array of shape (k,)
        Share of the eligible units that is enrolled, above 0 and at most 1.
    window : float or array of shape (k,)
        Days after entering that the longest deciding metric waits for.
    delay : float or array of shape (k,)
        Days by which data arrive late.

    Returns
    -------
    array of shape (k,)
        0 before the first unit is mature.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> units_after([5, 27], 10_000, share=0.5, window=7)
    array([     0., 100000.])
    """
    profile = _profile(traffic)
    wait = not_negative("window", window) + not_negative("delay", delay)
    open_days = np.maximum(not_negative("days", days) - wait, 0.0)
    weeks = np.floor(open_days / DAYS)
    within = np.interp(
        open_days - DAYS * weeks, np.arange(DAYS + 1), np.concatenate([[0.0], np.cumsum(profile)])
    )
    return np.asarray(_share(share) * (weeks * profile.sum() + within))[()]


def detectable_after(
    days: npt.ArrayLike, traffic: npt.ArrayLike,
    smallest: Callable[[FloatArray, FloatArray], FloatArray], *,
    shares: npt.ArrayLike = (0.5, 0.5), factor: npt.ArrayLike = 1.0, share: npt.ArrayLike = 1.0,
    window: npt.ArrayLike = 0.0, delay: npt.ArrayLike = 0.0,
) -> FloatArray:  # fmt: skip
    """Smallest effect that is found after so many days.

    Parameters
    ----------
    days : float or array of shape (k,)
        Days since the start, window and delay included.
    traffic : float or array of shape (7,)
        New eligible units per day, the same every day or from the first day of the experiment on
        through one week.
    smallest : function of two arrays of shape (k,)
        Smallest effect with so many units of control and of treatment: `means_detectable`,
        `proportions_detectable` or the like with its options filled in.
    shares : array of shape (arms + 1,)
        Shares of control and of each treatment; the smallest treatment counts.
    factor : float or array of shape (k,)
        What units needed are multiplied by: adjustment, clusters, looks.
    share : float or array of shape (k,)
        Share of the eligible units that is enrolled, above 0 and at most 1.
    window : float or array of shape (k,)
        Days after entering that the longest deciding metric waits for.
    delay : float or array of shape (k,)
        Days by which data arrive late.

    Returns
    -------
    array of shape (k,)
        In the unit of `smallest`; NaN where nobody is mature yet.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> from functools import partial
    >>> from experimentos.power import proportions_detectable
    >>> smallest = partial(proportions_detectable, 0.05)
    >>> detectable_after([14, 28], 2000, smallest, window=7).round(4)
    array([0.0108, 0.0061])
    """
    weights = checked_shares(shares)
    total = units_after(days, traffic, share=share, window=window, delay=delay)
    effective = np.asarray(total / positive("factor", factor)) / weights.sum()
    return np.asarray(smallest(effective * weights[0], effective * weights[1:].min()))[()]


def _profile(traffic: npt.ArrayLike) -> FloatArray:
    """Units of each day of a week."""
    given = np.asarray(traffic, dtype=np.float64)
    valid = given.shape in {(), (DAYS,)} and np.isfinite(given).all() and (given >= 0).all()
    if not (valid and given.sum() > 0):
        msg = f"`traffic` must be a positive number or {DAYS} of 0 or more, got {traffic!r}"
        raise ArgumentError(msg)
    return np.array(np.broadcast_to(given, (DAYS,)))


def _share(share: npt.ArrayLike) -> FloatArray:
    enrolled = positive("share", share)
    if (enrolled > 1).any():
        msg = f"`share` must be at most 1, got {float(enrolled.max())!r}"
        raise ArgumentError(msg)
    return enrolled
