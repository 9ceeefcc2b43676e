"""How often something happened among experiments, and how well that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from experimentos.arguments import numbers, probability, same_shape
from experimentos.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from experimentos.moments import FloatArray


@dataclass(frozen=True)
class RateInterval:
    """Rates with their limits.

    Parameters
    ----------
    rate : array of shape (k,)
        Share; NaN where nothing was counted, as are the limits.
    lower, upper : array of shape (k,)
        Limits.
    """

    rate: FloatArray
    lower: FloatArray
    upper: FloatArray


def wilson(events: npt.ArrayLike, trials: npt.ArrayLike, *, alpha: float = 0.05) -> RateInterval:
    r"""Return shares with Wilson's interval.

    Parameters
    ----------
    events, trials : array of shape (k,)
        Counts.
    alpha : float
        Two-sided error rate.

    Returns
    -------
    RateInterval, fields of shape (k,)
        NaN where there are no trials.

    Raises
    ------
    ArgumentError
        If there are more events than trials, or negative ones.

    Notes
    -----
    The rates :math:`\pi` with :math:`(\hat\pi - \pi)^2 \le z^2 \pi (1 - \pi) / n` [1]_.

    References
    ----------
    .. [1] E. B. Wilson (1927), Journal of the American Statistical Association 22, 209-212.

    Examples
    --------
    >>> interval = wilson([81], [263])  # Newcombe (1998), table I
    >>> interval.lower.round(4), interval.upper.round(4)
    (array([0.2553]), array([0.3662]))
    """
    x, n = numbers("events", events), numbers("trials", trials)
    same_shape(events=x, trials=n)
    if np.any((x < 0) | (x > n)):
        msg = f"`events` must be from 0 to `trials`, got {events!r} of {trials!r}"
        raise ArgumentError(msg)
    z = -ndtri(float(probability("alpha", alpha)) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = x / n
        center = (x + z**2 / 2) / (n + z**2)
        half = z * np.sqrt(n * rate * (1 - rate) + z**2 / 4) / (n + z**2)
    # At the ends the limits are the ends themselves, not what rounding leaves of them.
    lower, upper = np.where(x == 0, 0.0, center - half), np.where(x == n, 1.0, center + half)
    some = n > 0
    return RateInterval(rate, np.where(some, lower, np.nan), np.where(some, upper, np.nan))
