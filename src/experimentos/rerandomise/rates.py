"""How often tests reject, with exact intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import betaincinv, ndtri

LEVEL = 0.95
FLAG_LEVEL = 0.99


@dataclass(frozen=True)
class Rate:
    """Rejections of one test over all runs.

    Parameters
    ----------
    metric, test, measure : str
        ``measure`` is ``false_positive`` or ``power``.
    effect : float
        What was put into the treatment, as a fraction of the mean or in metric units; 0: nothing.
    effect_kind : str or None
        'relative' or 'absolute'; None without an effect.
    n_runs, n_undefined, n_rejected, n_looks : int
        Runs, those in which the test was undefined at all looks, rejections, and looks of a run.
    nominal : float or None
        What a false positive rate may be, or the power that was planned.
    lower_bound : float or None
        Of a false positive rate: what it exceeds at 99 %.
    """

    metric: str
    test: str
    measure: str
    effect: float
    effect_kind: str | None
    n_runs: int
    n_undefined: int
    n_rejected: int
    n_looks: int
    nominal: float | None
    lower_bound: float | None

    @property
    def rate(self) -> float | None:
        """Share of runs that reject; None where the test was undefined in all of them."""
        return None if self.n_undefined == self.n_runs else self.n_rejected / self.n_runs

    @property
    def interval(self) -> tuple[float, float] | tuple[None, None]:
        """Exact 95 % limits of the rate."""
        return (None, None) if self.rate is None else exact_interval(self.n_rejected, self.n_runs)

    @property
    def is_flagged(self) -> bool | None:
        """Whether the rate exceeds what it may be; None where it may be anything."""
        if self.lower_bound is None or self.nominal is None:
            return None
        return self.lower_bound > self.nominal


def exact_interval(rejected: float, runs: float, level: float = LEVEL) -> tuple[float, float]:
    """Clopper-Pearson limits of a rate.

    Parameters
    ----------
    rejected, runs : float
        Rejections and runs; effective numbers need not be whole.
    level : float
        Two-sided coverage.

    Returns
    -------
    tuple of float
        Lower and upper limit.

    References
    ----------
    .. [1] C. J. Clopper and E. S. Pearson (1934), Biometrika 26, 404-413.

    Examples
    --------
    >>> [round(limit, 6) for limit in exact_interval(5, 100)]  # R: binom.test(5, 100)
    [0.016432, 0.112835]
    """
    tail = (1 - level) / 2
    return lower_bound(rejected, runs, 1 - tail), 1 - lower_bound(runs - rejected, runs, 1 - tail)


def lower_bound(rejected: float, runs: float, level: float = FLAG_LEVEL) -> float:
    """One-sided exact limit: what a rate exceeds.

    Parameters
    ----------
    rejected, runs : float
        Rejections and runs; effective numbers need not be whole.
    level : float
        Coverage.

    Returns
    -------
    float
        0 without a rejection.
    """
    if rejected <= 0:
        return 0.0
    return float(betaincinv(rejected, runs - rejected + 1, 1 - level))


def effective_runs(rate: float, runs: int, spread: float) -> float:
    """Count the independent runs that would know the rate as well.

    Parameters
    ----------
    rate : float
        What a rate may be.
    runs : int
        Re-randomisations.
    spread : float
        Standard deviation of the rate from one salt to another, see `spread_over_salts`.

    Returns
    -------
    float
        `runs` where salts do not matter.

    Notes
    -----
    An exact interval with the effective size of a sample is that of Korn and Graubard [1]_.

    References
    ----------
    .. [1] E. L. Korn and B. I. Graubard (1998), Survey Methodology 24, 193-201.
    """
    variance = rate * (1 - rate)
    return variance / (variance / runs + spread**2)


def spread_over_salts(level: float, sides: int, n_buckets: int, n_units: int, looks: int) -> float:
    r"""Bound how much a rejection rate varies over the ways to put units into buckets.

    Parameters
    ----------
    level : float
        Error rate of the test.
    sides : int
        1 or 2.
    n_buckets, n_units : int
        Numbers; 0 is returned where every unit is its own bucket.
    looks : int
        Looks at which the test may reject.

    Returns
    -------
    float
        Standard deviation of the rate, or more.

    Notes
    -----
    The variance of a difference over deals of B buckets is that over deals of units on average,
    and from salt to salt varies by :math:`\sqrt{2/B}` of itself at most, since only the products of
    different units that share a bucket vary. A standard error that is wrong by the factor
    :math:`1 + \delta` changes the rate by :math:`\delta\,\alpha (1 + z^2)` at most (from
    Gordon's inequality for the normal tail), with z the largest boundary that counts: that of
    Bonferroni over the looks.
    """
    if n_buckets >= n_units or not 0 < level < 1:
        return 0.0
    z = float(-ndtri(level / sides / max(looks, 1)))
    return level * (1 + z * z) / math.sqrt(2 * n_buckets)
