"""Means, ratios and adjusted means under normal posteriors, in closed form.

The data enter as two means with their variances and covariance, taken as known. With few units a
Student posterior would be wider: its 95 % limits by 0.6 % at 100 units an arm, by 7 % at 10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import erfcx, ndtr, ndtri

from experimentos.arguments import probability
from experimentos.bayes.boundaries import broadcast, is_decrease, one_boundary
from experimentos.bayes.posteriors import MeansPosterior
from experimentos.bayes.results import Better, CredibleInterval, Sides

if TYPE_CHECKING:
    from experimentos.bayes.priors import NormalPrior
    from experimentos.estimators import Comparison
    from experimentos.moments import FloatArray

# Contrasts of the mean of control and the difference.
CONTROL, TREATMENT, DIFFERENCE = (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)


def posterior(
    comparison: Comparison,
    *,
    control: NormalPrior | None = None,
    treatment: NormalPrior | None = None,
    difference: NormalPrior | None = None,
) -> MeansPosterior:
    r"""Joint posterior of the two means after data.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means with their variances and covariance.
    control, treatment, difference : NormalPrior, optional
        Independent prior beliefs on each mean and on treatment minus control, in metric units. Flat
        where not given.

    Returns
    -------
    MeansPosterior, fields of shape (k,)
        NaN where the comparison is.

    Raises
    ------
    ArgumentError
        If the shape of a prior does not fit.

    Notes
    -----
    Each prior is one more observation :math:`m_0` of a contrast :math:`h'\mu` with variance
    :math:`s_0^2`: :math:`\mu \leftarrow \mu + K (m_0 - h'\mu)`, :math:`\Sigma \leftarrow \Sigma - K
    h'\Sigma`, :math:`K = \Sigma h / (h'\Sigma h + s_0^2)` [1]_, written so that nothing cancels.
    Under a prior on the difference alone the posterior mean is the estimate shrunk by
    :math:`s_0^2 / (s_0^2 + v)` towards that of the prior.

    References
    ----------
    .. [1] A. Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., sections 2.5 and 14.8.

    Examples
    --------
    >>> from experimentos.bayes.priors import NormalPrior
    >>> from experimentos.estimators import compare
    >>> from experimentos.moments import Moments
    >>> data = compare(Moments([100.0], [10.0], [9900.0]), Moments([100.0], [11.0], [9900.0]))
    >>> data.estimate, data.std_error.round(4)
    (array([1.]), array([1.4142]))
    >>> shrunk = posterior(data, difference=NormalPrior(0.0, 1.0))
    >>> shrunk.difference.round(4), shrunk.sd_difference.round(4)
    (array([0.3333]), array([0.8165]))
    """
    estimate, variance = comparison.estimate, comparison.std_error**2
    covariance = comparison.covariance - comparison.var_control
    state = MeansPosterior(
        comparison.mean_control, estimate, comparison.var_control, variance, covariance
    )
    beliefs = ((control, CONTROL), (treatment, TREATMENT), (difference, DIFFERENCE))
    for prior, contrast in beliefs:
        if prior is not None:
            state = _updated(state, prior, contrast)
    return state


def _updated(
    state: MeansPosterior, prior: NormalPrior, contrast: tuple[float, float]
) -> MeansPosterior:
    """Posterior after one more observation of a contrast."""
    (h_c, h_d), shape = contrast, state.control.shape
    with np.errstate(over="ignore"):
        precision = broadcast("sd", prior.sd, shape) ** -2.0
    with_control = h_c * state.var_control + h_d * state.covariance
    with_difference = h_c * state.covariance + h_d * state.var_difference
    total = 1 + precision * (h_c * with_control + h_d * with_difference)
    determinant = state.var_control * state.var_difference - state.covariance**2
    gain = precision / total
    surprise = broadcast("mean", prior.mean, shape) - h_c * state.control - h_d * state.difference
    return MeansPosterior(
        state.control + gain * with_control * surprise,
        state.difference + gain * with_difference * surprise,
        state.var_control / total + gain * h_d**2 * determinant,
        state.var_difference / total + gain * h_c**2 * determinant,
        state.covariance / total - gain * h_c * h_d * determinant,
    )


def better(means: MeansPosterior, *, goal: str = "increase") -> Better:
    r"""Probability that treatment is better, and the expected loss of choosing each arm.

    Parameters
    ----------
    means : MeansPosterior, fields of shape (k,)
        Joint posterior.
    goal : {"increase", "decrease"}
        Whether the larger or the smaller mean is better.

    Returns
    -------
    Better, fields of shape (k,)
        NaN where the deviation of the difference is undefined or 0.

    Raises
    ------
    ArgumentError
        If the goal is unknown.

    Notes
    -----
    With :math:`D \sim N(m, s^2)` and :math:`z = m/s`: :math:`P(D > 0) = \Phi(z)` and
    :math:`E\max(-D, 0) = s\{\phi(z) - z \Phi(-z)\}` [1]_.

    References
    ----------
    .. [1] H. Raiffa, R. Schlaifer (1961), Applied Statistical Decision Theory, section 11.4 (unit
       normal linear loss).

    Examples
    --------
    >>> means = MeansPosterior([10.0], [1.0], [0.5], [1.0], [-0.5])
    >>> answer = better(means)
    >>> answer.probability.round(4), answer.loss_treatment.round(4)  # tables: L(1) = 0.0833
    (array([0.8413]), array([0.0833]))
    """
    decrease = is_decrease(goal)
    sd = means.sd_difference
    with np.errstate(over="ignore"):
        z = means.difference / sd
    above, below = ndtr(z), ndtr(-z)
    smaller = sd * unit_loss(np.abs(z))
    gain = smaller + np.maximum(means.difference, 0.0)
    loss = smaller + np.maximum(-means.difference, 0.0)
    if decrease:
        above, below, gain, loss = below, above, loss, gain
    return Better(above, below, loss_control=gain, loss_treatment=loss, control=means.control)


def unit_loss(z: FloatArray) -> FloatArray:
    r"""Mean of ``max(Z - z, 0)`` for a standard normal Z.

    Parameters
    ----------
    z : array of shape (k,)
        Standard normal units.

    Returns
    -------
    array of shape (k,)
        :math:`\phi(z) - z \Phi(-z)`, through Mills' ratio: right also where it is 1e-300.

    Examples
    --------
    >>> unit_loss(np.array([0.0, 1.0])).round(6)  # 0.3989 and 0.0833 in tables
    array([0.398942, 0.083315])
    """
    size = np.minimum(np.abs(z), 1e9)
    density = np.exp(-(size**2) / 2)
    root = np.sqrt(2 * np.pi)
    tail = density * (1 / root - size * 0.5 * erfcx(size / np.sqrt(2)))
    return np.asarray(np.where(z < 0, tail - z, tail))


def sides(
    means: MeansPosterior,
    *,
    difference: npt.ArrayLike | None = None,
    lift: npt.ArrayLike | None = None,
) -> Sides:
    r"""Probabilities that an effect lies below and above a boundary.

    Parameters
    ----------
    means : MeansPosterior, fields of shape (k,)
        Joint posterior.
    difference : float or array of shape (k,), optional
        Boundary for treatment minus control, in metric units.
    lift : float or array of shape (k,), optional
        Boundary for the difference as a fraction of the absolute mean of control. One of the two
        must be given.

    Returns
    -------
    Sides, fields of shape (k,)
        NaN where a variance or the boundary is undefined.

    Raises
    ------
    ArgumentError
        If not exactly one boundary is given.

    Notes
    -----
    The lift exceeds L where :math:`\mu_t - (1 + L) \mu_c > 0`, a contrast with a normal posterior:
    nothing is linearised. The sign of the mean of control is taken as known, which errs by at most
    the probability that it is the other one (1e-15 where that mean is eight deviations from 0).

    Examples
    --------
    >>> means = MeansPosterior([10.0], [1.0], [0.5], [1.0], [-0.5])
    >>> sides(means, lift=0.05).above.round(4)
    array([0.6871])
    """
    boundary, is_lift = one_boundary(difference, lift, means.control.shape)
    extra = np.where(means.control < 0, -1.0, 1.0) * boundary if is_lift else 0 * boundary
    shift = 0 * boundary if is_lift else boundary
    contrast = means.difference - extra * means.control - shift
    variance = means.var_difference - 2 * extra * means.covariance + extra**2 * means.var_control
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(variance > 0, contrast / np.sqrt(variance), np.nan)
    return Sides(ndtr(-z), ndtr(z))


def difference_interval(means: MeansPosterior, *, alpha: npt.ArrayLike = 0.05) -> CredibleInterval:
    """Equal-tailed limits for treatment minus control; they enclose the highest density too.

    Parameters
    ----------
    means : MeansPosterior, fields of shape (k,)
        Joint posterior.
    alpha : float or array of shape (k,)
        Probability outside the limits.

    Returns
    -------
    CredibleInterval, fields of shape (k,)
        In metric units.

    Raises
    ------
    ArgumentError
        If `alpha` is not between 0 and 1.

    Examples
    --------
    >>> difference_interval(MeansPosterior([10.0], [1.0], [0.5], [1.0], [-0.5])).lower.round(4)
    array([-0.96])
    """
    tail = probability("alpha", alpha, means.control.shape) / 2
    half_width = -ndtri(tail) * means.sd_difference
    return CredibleInterval(means.difference - half_width, means.difference + half_width)


def lift_interval(means: MeansPosterior, *, alpha: npt.ArrayLike = 0.05) -> CredibleInterval:
    r"""Equal-tailed limits for the difference as a fraction of the absolute mean of control.

    Parameters
    ----------
    means : MeansPosterior, fields of shape (k,)
        Joint posterior.
    alpha : float or array of shape (k,)
        Probability outside the limits.

    Returns
    -------
    CredibleInterval, fields of shape (k,)
        Fractions. NaN where the probability that the mean of control has the other sign is
        ``alpha / 2`` or more: the limits are then not defined.

    Raises
    ------
    ArgumentError
        If `alpha` is not between 0 and 1.

    Notes
    -----
    The boundaries at which `sides` gives ``alpha / 2``: the two roots in L of :math:`(D - L m)^2 =
    z^2 (v_D - 2 L k + L^2 v_c)`, with k the covariance of the difference with control [1]_. Under
    flat priors this is Fieller's interval.

    References
    ----------
    .. [1] D. V. Hinkley (1969), Biometrika 56, 635-639.

    Examples
    --------
    >>> limits = lift_interval(MeansPosterior([10.0], [1.0], [0.5], [1.0], [-0.5]))
    >>> limits.lower.round(4), limits.upper.round(4)
    (array([-0.0876]), array([0.3307]))
    """
    square = ndtri(probability("alpha", alpha, means.control.shape) / 2) ** 2
    m, v, k = means.control, means.var_control, means.covariance
    d, variance = means.difference, means.sd_difference**2
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        leading, middle, last = m**2 - square * v, d * m - square * k, d**2 - square * variance
        # The discriminant without the terms that cancel.
        spread = m**2 * variance - 2 * d * m * k + d**2 * v
        root = np.sqrt(np.maximum(square * (spread - square * (v * variance - k**2)), 0.0))
        outer = middle + np.where(middle < 0, -root, root)
        first, second = outer / leading, np.where(outer == 0, 0.0, last / outer)
    sign = np.where(m < 0, -1.0, 1.0)
    first, second = (np.where(leading > 0, sign * value, np.nan) for value in (first, second))
    return CredibleInterval(np.minimum(first, second), np.maximum(first, second))
