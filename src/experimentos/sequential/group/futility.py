"""Lower boundaries of one-sided tests: stopping because success has become unlikely."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from experimentos.arguments import probability
from experimentos.errors import ArgumentError
from experimentos.sequential.group import joint
from experimentos.sequential.group.grids import growing, plan
from experimentos.sequential.group.joint import Paths
from experimentos.sequential.group.search import bound_above
from experimentos.sequential.group.shapes import fitted

if TYPE_CHECKING:
    from experimentos.moments import FloatArray


def beta_spending_bounds(
    beta_levels: npt.ArrayLike, information: npt.ArrayLike, drift: npt.ArrayLike, *,
    upper: npt.ArrayLike | None = None, alpha_levels: npt.ArrayLike | None = None,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Boundaries that spend a type II error rate at a drift.

    Parameters
    ----------
    beta_levels : array of shape (looks,)
        Cumulative probability, under the drift, of having stopped at the lower boundary.
    information : array of shape (looks,)
        Information at the looks, positive; made non-decreasing.
    drift : array of shape (rows,)
        Mean of the statistic at information 1.
    upper : array of shape (looks,), optional
        Upper boundary found without a lower one: futility is non-binding.
    alpha_levels : array of shape (looks,), optional
        In place of `upper`: the upper boundary spends these with the lower one in force, so
        futility is binding.

    Returns
    -------
    lower, upper : array of shape (rows, looks)
        At looks before the last the lower boundary does not pass the upper one. At the last look
        it is left where it spends all of `beta_levels`: the drift is that of the wanted power where
        the two boundaries meet there.

    Raises
    ------
    ArgumentError
        If not exactly one of `upper` and `alpha_levels` is given, or shapes do not fit.

    Notes
    -----
    Chang, Hwang and Shih [1]_; Pampallona, Tsiatis and Kim [2]_. For binding futility two
    recursions go side by side, under no effect and under the drift.

    References
    ----------
    .. [1] M. N. Chang, I. K. Hwang and W. J. Shih (1998), Biometrics 54, 1601-1606.
    .. [2] S. Pampallona, A. A. Tsiatis and K. Kim (2001), Drug Information Journal 35, 1113-1121.

    Examples
    --------
    >>> lower, _ = beta_spending_bounds([0.1, 0.2], [0.5, 1.0], [2.5], upper=[2.8, 1.98])
    >>> lower.round(3)
    array([[0.486, 1.519]])
    """
    if (upper is None) == (alpha_levels is None):
        msg = f"give one of `upper` and `alpha_levels`, got {upper!r} and {alpha_levels!r}"
        raise ArgumentError(msg)
    slope = np.atleast_1d(np.asarray(drift, dtype=np.float64))
    known, beta, alpha, fixed, _ = fitted(
        information=information, beta_levels=beta_levels,
        alpha_levels=np.nan if alpha_levels is None else alpha_levels,
        upper=np.nan if upper is None else upper, drift=slope[:, None],
    )  # fmt: skip
    return _together(growing(known), beta, slope, alpha=alpha, upper=fixed)


def conditional_power_bounds(
    fractions: npt.ArrayLike, final_bound: npt.ArrayLike, *,
    conditional_power: npt.ArrayLike, drift: npt.ArrayLike | None = None,
) -> FloatArray:  # fmt: skip
    r"""Lower boundaries at which the chance of success at the end has fallen to a given one.

    Parameters
    ----------
    fractions : array of shape (..., looks)
        Information at the looks, below 1: that of the last analysis.
    final_bound : array of shape (...)
        Bound of the last analysis, in standard normal units.
    conditional_power : array of shape (...)
        Chance of reaching it, given the statistic at the look.
    drift : array of shape (...), optional
        Drift supposed for the rest. Default: the trend seen so far.

    Returns
    -------
    array of shape (..., looks)
        Standard normal units. NaN where the fraction is not below 1.

    Raises
    ------
    ArgumentError
        If the conditional power is outside (0, 1).

    Notes
    -----
    With :math:`z_p` the quantile of the conditional power and :math:`\theta` the drift,
    :math:`\{u - \theta (1 - t) + z_p \sqrt{1 - t}\} / \sqrt t`; by the trend,
    :math:`\sqrt t (u + z_p \sqrt{1 - t})` [1]_. Looks in between are not counted, so it is the
    stochastic curtailment of a test with one analysis left.

    References
    ----------
    .. [1] C. Jennison and B. W. Turnbull (2000), Group Sequential Methods with Applications to
       Clinical Trials, section 10.2.

    Examples
    --------
    >>> conditional_power_bounds([0.5], 1.96, conditional_power=0.2, drift=3.242).round(3)
    array([-0.362])
    """
    t = np.asarray(fractions, dtype=np.float64)
    chance = np.asarray(probability("conditional_power", conditional_power))[..., None]
    last = np.asarray(final_bound, dtype=np.float64)[..., None]
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.where((t > 0) & (t < 1), 1 - t, np.nan)
        if drift is None:
            return np.asarray(np.sqrt(t) * (last + ndtri(chance) * np.sqrt(left)))
        slope = np.asarray(drift, dtype=np.float64)[..., None]
        return np.asarray((last - slope * left + ndtri(chance) * np.sqrt(left)) / np.sqrt(t))


def _together(
    information: FloatArray, beta: FloatArray, drift: FloatArray, *,
    alpha: FloatArray, upper: FloatArray,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Both boundaries; the upper one is solved where it is NaN."""
    rows, looks = beta.shape
    none, solve = np.zeros(rows), np.isnan(upper)
    lower, upper = np.empty((rows, looks)), upper.copy()
    highest = np.where(solve, _alone(alpha), upper)
    lowest = np.minimum(drift[:, None] * np.sqrt(information) - _alone(beta), highest)
    integration = plan(lowest, highest, information, none, drift)
    for index in integration.groups():
        chosen, at_null = integration.take(index), joint.beginning(none[index])
        at_drift = joint.beginning(drift[index])
        shifts = [np.zeros(index.size), np.zeros(index.size)]
        for look in range(looks):
            at, wanted = information[index, look], solve[index, look]
            left_alpha, left_beta = (_increment(levels[index], look) for levels in (alpha, beta))
            low, shifts[0] = bound_above(
                _mirrored(at_drift), at, left_beta, shift=shifts[0], wanted=np.ones_like(wanted)
            )
            high = upper[index, look]
            if wanted.any():
                high, shifts[1] = bound_above(
                    at_null, at, np.nan_to_num(left_alpha), shift=shifts[1], wanted=wanted
                )
            upper[index, look] = high
            lower[index, look] = -low
            if look + 1 < looks:
                lower[index, look] = np.minimum(-low, high)
                ends = (
                    np.maximum(lower[index, look], chosen.low[:, look]),
                    np.minimum(high, chosen.high[:, look]),
                )
                points = int(chosen.points[0, look])
                at_drift = joint.advance(at_drift, *ends, at, points=points)
                if wanted.any():
                    at_null = joint.advance(at_null, *ends, at, points=points)
    return lower, upper


def _alone(levels: FloatArray) -> FloatArray:
    """Bounds that single looks would have."""
    with np.errstate(invalid="ignore"):
        increments = np.diff(levels, axis=1, prepend=0.0)
        return np.where(increments > 0, -ndtri(increments), np.inf)


def _increment(levels: FloatArray, look: int) -> FloatArray:
    before = levels[:, look - 1] if look else 0.0
    return np.maximum(levels[:, look] - before, 0.0)


def _mirrored(paths: Paths) -> Paths:
    """Turn paths upside down: those of the statistic with its sign changed."""
    return Paths(-paths.score, paths.mass, paths.information, -paths.drift)
