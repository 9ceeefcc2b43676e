"""Limits of one method brought into agreement with the test of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.inference.effect import Interval, Tails

if TYPE_CHECKING:
    from experimentos.moments import FloatArray


def on_the_side_of(found: Tails, limits: Interval, tail: FloatArray) -> Interval:
    """Limits that exclude 0 exactly where a test of no effect rejects.

    Parameters
    ----------
    found : Tails, fields of shape (k,)
        One-sided p-values against no effect.
    limits : Interval, fields of shape (k,)
        Of another method.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Limits on the wrong side are moved to 0, or to the number next to it. NaN where the test
        is.

    Examples
    --------
    >>> found = Tails(less=np.array([0.98, 0.97]), greater=np.array([0.02, 0.03]))
    >>> limits = Interval(lower=np.array([-0.01, 0.01]), upper=np.array([0.5, 0.5]))
    >>> on_the_side_of(found, limits, np.full(2, 0.025)).lower > 0
    array([ True, False])
    """
    above, below = np.nextafter(0.0, 1.0), np.nextafter(0.0, -1.0)
    with np.errstate(invalid="ignore"):
        lower = np.where(
            found.greater < tail, np.maximum(limits.lower, above), np.minimum(limits.lower, 0.0)
        )
        upper = np.where(
            found.less < tail, np.minimum(limits.upper, below), np.maximum(limits.upper, 0.0)
        )
    undefined = np.isnan(found.less)
    return Interval(np.where(undefined, np.nan, lower), np.where(undefined, np.nan, upper))
