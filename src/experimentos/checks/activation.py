"""Do units of all variants activate alike? If not, those who did no longer compare fairly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from experimentos.arguments import numbers
from experimentos.checks.multinomial import exact_multinomials
from experimentos.checks.sample_ratio import FEW
from experimentos.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from experimentos.moments import BoolArray, FloatArray


def activation_rate(activated: npt.ArrayLike, units: npt.ArrayLike) -> tuple[FloatArray, BoolArray]:
    r"""Test that one share of the units of every variant activates.

    Parameters
    ----------
    activated, units : array of shape (k, v)
        Activated units and all units of each variant; NaN where a check has fewer variants than
        the others. A variant without units counts nothing.

    Returns
    -------
    p_value : array of shape (k,)
        NaN with fewer than two variants that have units, where more units activate than there are,
        and where none or all do.
    is_exact : array of bool, shape (k,)
        Whether expected counts were too few for the chi-square test.

    Raises
    ------
    ArgumentError
        If the shapes differ, or a count is negative or infinite.

    Notes
    -----
    Pearson's chi-square test of homogeneity on ``v - 1`` degrees of freedom [1]_. Where an expected
    count is under 5, the exact multinomial test of the rarer outcome, with the units as shares: it
    takes units as drawn with replacement, and so errs on the safe side.

    References
    ----------
    .. [1] K. Pearson (1900), Philosophical Magazine 50, 157-175.

    Examples
    --------
    >>> p_value, is_exact = activation_rate(np.array([[450.0, 400.0]]), np.full((1, 2), 1000.0))
    >>> p_value.round(4)  # R: prop.test(c(450, 400), c(1000, 1000), correct = FALSE)
    array([0.0237])
    """
    events, total = numbers("activated", activated), numbers("units", units)
    if events.ndim != 2 or events.shape != total.shape:
        msg = (
            "`activated` and `units` must have one shape (k, v), got "
            f"{events.shape} and {total.shape}"
        )
        raise ArgumentError(msg)
    for name, values in (("activated", events), ("units", total)):
        bad = (values < 0) | np.isinf(values)
        if bad.any():
            msg = f"`{name}` must be 0 or more and finite, got {float(values[bad][0])!r}"
            raise ArgumentError(msg)
    present = total > 0
    events, total = np.where(present, events, np.nan), np.where(present, total, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.nansum(events, axis=1) / np.nansum(total, axis=1)
        impossible = ((events > total) | (np.isnan(events) & present)).any(axis=1)
        valid = (present.sum(axis=1) > 1) & ~impossible & (rate > 0) & (rate < 1)
        expected = total * rate[:, None]
        spread = expected * (1 - rate[:, None])
        statistic = np.nansum((events - expected) ** 2 / spread, axis=1)
        p_value = np.where(valid, chdtrc(present.sum(axis=1) - 1.0, statistic), np.nan)
        rarer = np.where((rate > 0.5)[:, None], total - events, events)
        smallest = np.nanmin(
            np.where(present, total * np.minimum(rate, 1 - rate)[:, None], np.inf),
            axis=1, initial=np.inf,
        )  # fmt: skip
    few = valid & (smallest < FEW)
    if few.any():
        p_value[few] = exact_multinomials(rarer[few], total[few])
    return p_value, few
