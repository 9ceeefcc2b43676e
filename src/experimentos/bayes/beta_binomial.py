"""Rates under beta priors: exact probabilities, expected losses and credible intervals.

Nothing is sampled and nothing is approximated by a normal. Results are right to nine digits or more
for one unit and for 1e9, and probabilities down to 1e-300, where the parameters of a prior are 0.1
or more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from experimentos.arguments import not_negative, probability, same_shape
from experimentos.bayes.beta_frame import Arms, Line
from experimentos.bayes.beta_limits import upper_limits
from experimentos.bayes.beta_line import above_diagonal, above_line
from experimentos.bayes.boundaries import is_decrease, one_boundary
from experimentos.bayes.panels import in_blocks
from experimentos.bayes.posteriors import BetaPosterior
from experimentos.bayes.priors import BetaPrior
from experimentos.bayes.results import Better, CredibleInterval, Sides
from experimentos.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from experimentos.moments import BoolArray, FloatArray

FLAT = BetaPrior()


def posterior(
    events: npt.ArrayLike, units: npt.ArrayLike, *, prior: BetaPrior = FLAT
) -> BetaPosterior:
    r"""Posterior of rates after data.

    Parameters
    ----------
    events, units : array of shape (k,) or (k, arms)
        Units with the event, and all units.
    prior : BetaPrior
        Flat if not given.

    Returns
    -------
    BetaPosterior, fields of shape (k,) or (k, arms)
        :math:`\mathrm{Beta}(a_0 + x,\; b_0 + n - x)`; NaN where a count is.

    Raises
    ------
    ArgumentError
        If a count is negative or infinite, or `events` exceeds `units`.

    Examples
    --------
    >>> posterior([2.0], [10.0])
    BetaPosterior(a=array([3.]), b=array([9.]))
    """
    counts = [not_negative("events", events), not_negative("units", units)]
    happened, seen = np.broadcast_arrays(*counts)
    wrong = (happened > seen) | np.isinf(seen)
    if wrong.any():
        given = f"{float(happened[wrong][0])!r} of {float(seen[wrong][0])!r}"
        msg = f"`events` must not exceed `units`, and both must be finite, got {given}"
        raise ArgumentError(msg)
    return BetaPosterior(prior.events + happened, prior.non_events + (seen - happened))


def rate_interval(rates: BetaPosterior, *, alpha: npt.ArrayLike = 0.05) -> CredibleInterval:
    """Equal-tailed limits for each rate.

    Parameters
    ----------
    rates : BetaPosterior, fields of shape (k,) or (k, arms)
        Posteriors.
    alpha : float or array of the same shape
        Probability outside the limits.

    Returns
    -------
    CredibleInterval, fields of shape (k,) or (k, arms)
        Quantiles at ``alpha / 2`` and ``1 - alpha / 2``.

    Raises
    ------
    ArgumentError
        If `alpha` is not between 0 and 1.
    """
    tail = probability("alpha", alpha, rates.a.shape) / 2
    lower = np.asarray(betaincinv(rates.a, rates.b, tail), dtype=np.float64)
    upper = 1 - np.asarray(betaincinv(rates.b, rates.a, tail), dtype=np.float64)
    return CredibleInterval(lower, upper)


def better(control: BetaPosterior, treatment: BetaPosterior, *, goal: str = "increase") -> Better:
    r"""Probability that treatment is better, and the expected loss of choosing each arm.

    Parameters
    ----------
    control, treatment : BetaPosterior, fields of shape (k,)
        Independent posteriors.
    goal : {"increase", "decrease"}
        Whether the larger or the smaller rate is better.

    Returns
    -------
    Better, fields of shape (k,)
        Losses are in units of the rate. The smaller probability and the smaller loss have all
        their digits. NaN where a parameter is.

    Raises
    ------
    ArgumentError
        If shapes differ or the goal is unknown.

    Notes
    -----
    With X of control and Y of treatment, :math:`P(Y > X) = \int f_Y F_X` and
    :math:`E\max(Y - X, 0) = \int f_Y(y) \int^y F_X(x)\,dx\,dy`, by quadrature on the logit scale.
    The sum of [1]_ is the same integral with as many terms as there are events; the loss of [2]_ is
    a difference of two such sums, which cancel.

    References
    ----------
    .. [1] E. Miller (2015), Formulas for Bayesian A/B Testing,
       https://www.evanmiller.org/bayesian-ab-testing.html
    .. [2] C. Stucchio (2014), Easy Evaluation of Decision Rules in Bayesian A/B Testing,
       https://www.chrisstucchio.com/blog/2014/bayesian_ab_decision_rule.html

    Examples
    --------
    >>> prior = BetaPrior(76.451, 218.639)  # of batting averages (D. Robinson 2016)
    >>> aaron = posterior([3771.0], [12364.0], prior=prior)
    >>> piazza = posterior([2127.0], [6911.0], prior=prior)
    >>> better(aaron, piazza).probability.round(3)  # there from a million draws
    array([0.607])
    """
    decrease = is_decrease(goal)
    same_shape(control=control.a, treatment=treatment.a)
    with np.errstate(all="ignore"):
        swapped = treatment.mean > control.mean
        larger = control.replace(swapped, treatment)
        smaller = treatment.replace(swapped, control)
        small, excess = _by_rows(
            lambda *arms: above_diagonal(Arms.of(*arms)), larger.a, larger.b, smaller.a, smaller.b
        )
        most = excess + _mean_difference(larger, smaller)
    above, below = np.where(swapped, 1 - small, small), np.where(swapped, small, 1 - small)
    gain, loss = np.where(swapped, most, excess), np.where(swapped, excess, most)
    if decrease:
        above, below, gain, loss = below, above, loss, gain
    return Better(above, below, loss_control=gain, loss_treatment=loss, control=control.mean)


def sides(
    control: BetaPosterior,
    treatment: BetaPosterior,
    *,
    difference: npt.ArrayLike | None = None,
    lift: npt.ArrayLike | None = None,
) -> Sides:
    r"""Probabilities that an effect lies below and above a boundary.

    Parameters
    ----------
    control, treatment : BetaPosterior, fields of shape (k,)
        Independent posteriors.
    difference : float or array of shape (k,), optional
        Boundary for treatment minus control, in units of the rate.
    lift : float or array of shape (k,), optional
        Boundary for the difference as a fraction of control's rate. One of the two must be given.

    Returns
    -------
    Sides, fields of shape (k,)
        Exact; NaN where a parameter or the boundary is.

    Raises
    ------
    ArgumentError
        If shapes differ, or not exactly one boundary is given.

    Notes
    -----
    :math:`P(Y > X + d)`, or :math:`P\{Y > (1 + L) X\}`, is the integral of the density of Y against
    the distribution of X along a line through the unit square.

    Examples
    --------
    >>> control, treatment = posterior([100.0], [1000.0]), posterior([130.0], [1000.0])
    >>> sides(control, treatment, lift=0.1).above.round(4)  # at least 10 % more
    array([0.9084])
    """
    shape = same_shape(control=control.a, treatment=treatment.a)
    boundary, by_slope = one_boundary(difference, lift, shape)
    # Nothing lies beyond, and sums with infinity are undefined.
    boundary = np.clip(boundary, -1.0, 1e300 if by_slope else 1.0)
    with np.errstate(all="ignore"):
        slope = 1 + boundary if by_slope else np.ones_like(boundary)
        shift = 0 * boundary if by_slope else boundary
        impossible = slope <= 0
        slope, rest = np.where(impossible, 1.0, slope), np.where(impossible, 0.0, -boundary)
        # Computed on the side that has the smaller probability: by the complements of both rates.
        mirrored = treatment.mean > slope * control.mean + shift
        x, y = _mirrored(control, mirrored), _mirrored(treatment, mirrored)
        small, _ = _by_rows(
            lambda *block: above_line(Arms.of(*block[:4]), Line(*block[4:]), by_slope=by_slope),
            x.a, x.b, y.a, y.b, slope,
            np.where(mirrored, rest, shift), np.where(mirrored, shift, rest),
        )  # fmt: skip
    above = np.where(impossible, 1.0 + 0 * small, np.where(mirrored, 1 - small, small))
    below = np.where(impossible, 0.0 * small, np.where(mirrored, small, 1 - small))
    return Sides(below, above)


def difference_interval(
    control: BetaPosterior, treatment: BetaPosterior, *, alpha: npt.ArrayLike = 0.05
) -> CredibleInterval:
    """Equal-tailed limits for treatment minus control.

    Parameters
    ----------
    control, treatment : BetaPosterior, fields of shape (k,)
        Independent posteriors.
    alpha : float or array of shape (k,)
        Probability outside the limits.

    Returns
    -------
    CredibleInterval, fields of shape (k,)
        In units of the rate, from the exact distribution of the difference: it excludes a boundary
        exactly when `sides` gives less than ``alpha / 2`` on one side of it.

    Raises
    ------
    ArgumentError
        If shapes differ or `alpha` is not between 0 and 1.

    Examples
    --------
    >>> control, treatment = posterior([100.0], [1000.0]), posterior([130.0], [1000.0])
    >>> limits = difference_interval(control, treatment)
    >>> limits.lower.round(5), limits.upper.round(5)
    (array([0.00201]), array([0.05798]))
    """
    upper = _limit(control, treatment, alpha, of_ratio=False)
    lower = -_limit(treatment, control, alpha, of_ratio=False)
    return CredibleInterval(lower, upper)


def lift_interval(
    control: BetaPosterior, treatment: BetaPosterior, *, alpha: npt.ArrayLike = 0.05
) -> CredibleInterval:
    """Equal-tailed limits for the difference as a fraction of control's rate.

    Parameters
    ----------
    control, treatment : BetaPosterior, fields of shape (k,)
        Independent posteriors.
    alpha : float or array of shape (k,)
        Probability outside the limits.

    Returns
    -------
    CredibleInterval, fields of shape (k,)
        Fractions, from the exact distribution of the ratio of the rates. Defined also where control
        has no event; the upper limit is then large.

    Raises
    ------
    ArgumentError
        If shapes differ or `alpha` is not between 0 and 1.

    Examples
    --------
    >>> control, treatment = posterior([100.0], [1000.0]), posterior([130.0], [1000.0])
    >>> limits = lift_interval(control, treatment)
    >>> limits.lower.round(4), limits.upper.round(4)
    (array([0.0176]), array([0.661]))
    """
    upper = np.expm1(_limit(control, treatment, alpha, of_ratio=True))
    lower = np.expm1(-_limit(treatment, control, alpha, of_ratio=True))
    return CredibleInterval(lower, upper)


def _limit(
    control: BetaPosterior, treatment: BetaPosterior, alpha: npt.ArrayLike, *, of_ratio: bool
) -> FloatArray:
    shape = same_shape(control=control.a, treatment=treatment.a)
    tail = probability("alpha", alpha, shape) / 2
    with np.errstate(all="ignore"):
        return _by_rows(
            lambda *block: (upper_limits(Arms.of(*block[:4]), block[4], of_ratio=of_ratio),),
            control.a, control.b, treatment.a, treatment.b, tail,
        )[0]  # fmt: skip


def _by_rows(
    function: Callable[..., tuple[FloatArray, ...]], *arrays: FloatArray
) -> tuple[FloatArray, ...]:
    """Call a function on blocks of rows, whatever the shape of the arrays."""
    flat = in_blocks(function, [array.ravel() for array in arrays])
    return tuple(values.reshape(arrays[0].shape) for values in flat)


def _mirrored(rates: BetaPosterior, where: BoolArray) -> BetaPosterior:
    return BetaPosterior(np.where(where, rates.b, rates.a), np.where(where, rates.a, rates.b))


def _mean_difference(larger: BetaPosterior, smaller: BetaPosterior) -> FloatArray:
    """Difference of means, through the complements where those are rarer."""
    n_larger, n_smaller = larger.a + larger.b, smaller.a + smaller.b
    rare = larger.mean < 0.5
    return np.where(rare, larger.mean - smaller.mean, smaller.b / n_smaller - larger.b / n_larger)
