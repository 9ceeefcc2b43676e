"""Events among units: what tests of two proportions read, checked at the edge."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from experimentos.errors import MomentsError
from experimentos.estimators import Comparison
from experimentos.moments import EPSILON, BoolArray, FloatArray, Moments, divide

ROUNDING = 1e-9
EVENT_ROUNDING = 1e-6
MOST_UNITS = 1e60  # beyond it, products of units overflow


def from_counts(events: npt.ArrayLike, units: npt.ArrayLike) -> Moments:
    r"""Moments of a proportion from its counts.

    Parameters
    ----------
    events : array of shape (k,), or one number
        Units that had the event; NaN means undefined.
    units : array of shape (k,), or one number
        All units; NaN means undefined.

    Returns
    -------
    Moments, fields of shape (k,)
        The mean is the rate. NaN where a count is NaN, and where there are no units.

    Raises
    ------
    MomentsError
        If a count is negative, infinite or no whole number, events are more than units, or the
        shapes do not fit.

    Notes
    -----
    For values 0 and 1, :math:`\sum (y - \bar y)^2 = n p (1 - p) = x (n - x) / n`.

    Examples
    --------
    >>> arm = from_counts(events=[3, 0], units=[12, 7])
    >>> arm.mean, arm.m2
    (array([0.25, 0.  ]), array([2.25, 0.  ]))
    >>> from_counts(13, 12)
    Traceback (most recent call last):
        ...
    experimentos.errors.MomentsError: `events` must be at most `units` (12.0), got 13.0
    """
    try:
        x, n = np.broadcast_arrays(
            np.atleast_1d(np.asarray(events, dtype=np.float64)),
            np.atleast_1d(np.asarray(units, dtype=np.float64)),
        )
    except ValueError:
        msg = (
            "`events` and `units` must have one shape, got shapes "
            f"{np.shape(events)} and {np.shape(units)}"
        )
        raise MomentsError(msg) from None
    for name, values in (("events", x), ("units", n)):
        whole = np.isnan(values) | ((values >= 0) & (values == np.floor(values)))
        _require(whole & ~np.isinf(values), f"`{name}` must be whole numbers of 0 or more", values)
    more = x > n
    if more.any():
        msg = f"`events` must be at most `units` ({float(n[more][0])}), got {float(x[more][0])}"
        raise MomentsError(msg)
    with np.errstate(all="ignore"):
        n = np.where(np.isnan(x), np.nan, n)
        return Moments(n=n, mean=divide(x, n), m2=divide(x * (n - x), n))


def compare_rates(control: Moments, treatment: Moments) -> Comparison:
    """Set two arms side by side with the binomial variances of their rates.

    Parameters
    ----------
    control, treatment : Moments, fields of shape (k,)
        Rates over units; `m2` is not read.

    Returns
    -------
    Comparison, fields of shape (k,)
        Degrees of freedom are infinite.
    """
    with np.errstate(all="ignore"):
        variances = [
            np.where(a.n > 0, np.maximum(a.mean * (1 - a.mean), 0.0) / a.n, np.nan)
            for a in (control, treatment)
        ]
    return Comparison(
        n_control=control.n, n_treatment=treatment.n,
        mean_control=control.mean, mean_treatment=treatment.mean,
        var_control=variances[0], var_treatment=variances[1],
        covariance=np.zeros_like(control.n), df=np.full_like(control.n, np.inf),
    )  # fmt: skip


def compare_arms(control: Moments, treatment: Moments) -> Comparison:
    """Set two arms of a proportion side by side, refusing what no counts could have given.

    Parameters
    ----------
    control, treatment : Moments, fields of shape (k,)
        Rates over units; `m2` is not read.

    Returns
    -------
    Comparison, fields of shape (k,)
        As `compare_rates` makes it; NaN rows stay NaN.

    Raises
    ------
    MomentsError
        If a rate is below 0 or above 1 (more events than units), units are no whole number, or a
        rate times its units is none.

    Examples
    --------
    >>> compare_arms(from_counts(3, 10), Moments([3.0], [0.5], [0.75]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    experimentos.errors.MomentsError: `treatment` must have ... whole ... events, got 1.5 events
    """
    for name, arm in (("control", control), ("treatment", treatment)):
        with np.errstate(all="ignore"):
            product = arm.mean * arm.n
            events = np.rint(product)
            if are_plainly_counts(product, events, arm.n):
                continue
            off = np.abs(product - events) > EVENT_ROUNDING + 4 * EPSILON * np.abs(arm.n)
        possible = np.isnan(arm.mean) | (
            (arm.mean >= -ROUNDING) & (arm.mean <= 1 + ROUNDING) & np.isfinite(arm.mean)
        )
        _require(possible, f"`{name}` must have rates between 0 and 1", arm.mean)
        whole = np.isnan(arm.n) | (np.rint(arm.n) == arm.n)
        _require(whole, f"`{name}` must have whole numbers of units", arm.n)
        _require(~off, f"`{name}` must have rates of whole numbers of events", product, " events")
    return compare_rates(control, treatment)


def are_counts(product: FloatArray, events: FloatArray, units: FloatArray) -> BoolArray:
    """Tell which rates come from whole numbers of events among whole numbers of units.

    Parameters
    ----------
    product, events, units : array of shape (k,)
        Rates times units, the same rounded, and units.

    Returns
    -------
    array of bool, shape (k,)
        A product may be off by its own rounding and a millionth of an event.
    """
    with np.errstate(all="ignore"):
        near = np.abs(product - events) <= EVENT_ROUNDING + 4 * EPSILON * units
        whole = (units >= 1) & (units <= MOST_UNITS) & (np.rint(units) == units)
        return np.asarray(near & whole & (events >= 0) & (events <= units))


def are_plainly_counts(product: FloatArray, events: FloatArray, units: FloatArray) -> bool:
    """Tell whether all of some rates do, by a quicker and narrower rule.

    Parameters
    ----------
    product, events, units : array of shape (k,)
        As for `are_counts`.

    Returns
    -------
    bool
        False tells nothing.
    """
    if not units.size:
        return True
    with np.errstate(all="ignore"):
        near = np.abs(product - events).max() <= EVENT_ROUNDING
        some = units.min() >= 1 and units.max() <= MOST_UNITS and events.min() >= 0
        whole = near and some and (events <= units).all() and (np.rint(units) == units).all()
        return bool(whole)


def _require(allowed: BoolArray, rule: str, values: FloatArray, unit: str = "") -> None:
    if not allowed.all():
        msg = f"{rule}, got {float(values[~allowed].flat[0])!r}{unit}"
        raise MomentsError(msg)
