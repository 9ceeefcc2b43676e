r"""Several treatments beside one control, with a normal prior on each difference.

A prior on differences ties every treatment to control, so the posteriors of arms are not
independent: what one treatment shows tells about control, and through it about the others. Given
the error of control's mean they are independent, which leaves one integral over that error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from experimentos.bayes.boundaries import is_decrease
from experimentos.bayes.many_arms import Best
from experimentos.bayes.normal import unit_loss
from experimentos.bayes.panels import NODES, WEIGHTS
from experimentos.errors import ArgumentError
from experimentos.moments import FloatArray, _ArrayStruct

if TYPE_CHECKING:
    from experimentos.bayes.priors import NormalPrior

# Deviations beyond which 1e-16 is left, and edges of panels two deviations wide.
REACH = 8.4
EDGES = REACH * np.linspace(-1.0, 1.0, 9)
# Of the scale on which the integrand bends: there the trapezoidal rule errs by 1e-15.
STEP = 0.75
MOST_STEPS = 4000
CHUNK = 64
ROOT = float(np.sqrt(2 * np.pi))


@dataclass(frozen=True)
class Differences(_ArrayStruct):
    """Joint posterior of the differences of treatments from one control.

    Parameters
    ----------
    mean : array of shape (k, arms)
        Posterior means, in metric units.
    own : array of shape (k, arms)
        Deviation of each given the error of control's mean.
    shared : array of shape (k, arms)
        Deviation that the error of control's mean gives to each, in the same direction for all.
    """

    mean: FloatArray
    own: FloatArray
    shared: FloatArray

    @property
    def sd(self) -> FloatArray:
        """Deviation of each difference by itself."""
        return np.hypot(self.own, self.shared)


def posterior(
    estimate: FloatArray, var_control: FloatArray, var_treatment: FloatArray, *, prior: NormalPrior
) -> Differences:
    r"""Joint posterior of differences after data.

    Parameters
    ----------
    estimate : array of shape (k, arms)
        Treatment minus control, in metric units.
    var_control : array of shape (k,)
        Variance of control's mean, which all estimates of a row share.
    var_treatment : array of shape (k, arms)
        Variances of the treatments' means.
    prior : NormalPrior, fields of a shape that broadcasts to (k, arms)
        Independent beliefs on the differences, in metric units. The mean of control has a flat one.

    Returns
    -------
    Differences, fields of shape (k, arms)
        NaN in all of a row where a variance is undefined or not positive.

    Notes
    -----
    With :math:`d_a = \delta_a + \varepsilon_a - e`, control's error :math:`e \sim N(0, v_0)` and
    :math:`b_a = \tau_a^2 / (\tau_a^2 + v_a)`: given e the :math:`\delta_a` are independent with
    mean :math:`m_a + b_a (d_a + e - m_a)` and variance :math:`b_a v_a`, and e is normal with
    precision :math:`1/v_0 + \sum_a 1/(\tau_a^2 + v_a)` [1]_. With one treatment, or flat priors,
    each difference has the posterior that `normal.posterior` gives it.

    References
    ----------
    .. [1] D. V. Lindley, A. F. M. Smith (1972), Journal of the Royal Statistical Society B 34,
       1-41.

    Examples
    --------
    >>> from experimentos.bayes.priors import NormalPrior
    >>> d, v = np.array([[1.0, 2.0]]), np.array([[1.0, 1.0]])
    >>> found = posterior(d, np.array([1.0]), v, prior=NormalPrior(0.0, 1.0))
    >>> found.mean.round(4), found.sd.round(4)
    (array([[0.125, 0.625]]), array([[0.7906, 0.7906]]))
    """
    bad = ~((var_treatment > 0) & (var_control > 0)[:, None] & np.isfinite(estimate))
    undefined = bad.any(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        precision = np.broadcast_to(prior.sd, estimate.shape) ** -2.0
        weight = 1 / (1 + var_treatment * precision)
        pull = precision * weight
        surprise = estimate - prior.mean
        total = 1 + var_control * pull.sum(axis=1)
        # So much the treatments move control, towards where their priors want it.
        moved = (var_control * (pull * surprise).sum(axis=1) / total)[:, None]
        values = (
            estimate - (1 - weight) * surprise - weight * moved,
            np.sqrt(weight * var_treatment),
            weight * np.sqrt(var_control / total)[:, None],
        )
    return Differences(*(np.where(undefined, np.nan, value) for value in values))


def best_of_differences(differences: Differences, *, goal: str = "increase") -> Best:
    r"""Probability that each arm is the best of all, and the expected loss of choosing it.

    Parameters
    ----------
    differences : Differences, fields of shape (k, arms)
        Treatments beside one control.
    goal : {"increase", "decrease"}
        Whether the largest or the smallest is best.

    Returns
    -------
    Best, fields of shape (k, arms + 1)
        Control first. Right to 1e-10, losses in units of the largest deviation; with one treatment
        to the last digits. NaN in all arms of a row where one is undefined.

    Raises
    ------
    ArgumentError
        If the goal is unknown, or the fields are not of shape (k, arms).

    Notes
    -----
    Given the shared part, :math:`P(a) = \int_0^\infty f_a \prod_{j \ne a} F_j` and the mean of the
    best is :math:`\int_0^\infty (1 - \prod_j F_j)`, by Gauss-Legendre panels; over the shared part
    the trapezoidal rule.

    Examples
    --------
    >>> one = best_of_differences(Differences([[1.0, 1.0]], [[0.6, 0.6]], [[0.8, 0.8]]))
    >>> one.probability.round(4), one.loss.round(4)
    (array([[0.0769, 0.4615, 0.4615]]), array([[1.3707, 0.3707, 0.3707]]))
    """
    sign = -1.0 if is_decrease(goal) else 1.0
    if differences.mean.ndim != 2 or not differences.mean.shape[1]:
        msg = f"`differences` must have fields of shape (k, arms), got {differences.mean.shape}"
        raise ArgumentError(msg)
    rows, arms = differences.mean.shape
    probability, loss = (np.full((rows, arms + 1), np.nan) for _ in range(2))
    defined = ~np.isnan(differences.mean + differences.sd).any(axis=1)
    defined &= (differences.own > 0).all(axis=1)
    with np.errstate(all="ignore"):
        for row in np.flatnonzero(defined):
            mean, own, shared = (
                values[row]
                for values in (sign * differences.mean, differences.own, differences.shared)
            )
            answer = _one_treatment(mean, own, shared) if arms == 1 else _many(mean, own, shared)
            probability[row], loss[row] = answer
    return Best(probability, loss)


def _one_treatment(
    mean: FloatArray, own: FloatArray, shared: FloatArray
) -> tuple[FloatArray, FloatArray]:
    sd = np.hypot(own, shared)
    z = np.concatenate([mean / sd, -mean / sd])
    return ndtr(-z), sd * unit_loss(-z)


def _many(mean: FloatArray, own: FloatArray, shared: FloatArray) -> tuple[FloatArray, FloatArray]:
    """One row of several treatments."""
    largest = np.abs(shared).max()
    # A product of several distribution functions bends on a smaller scale than each.
    bend = own.min() / (largest * np.sqrt(own.size)) if largest > 0 else np.inf
    steps = int(min(np.ceil(2 * REACH / STEP * np.sqrt(1 + bend**-2.0)), MOST_STEPS))
    error = np.linspace(-REACH, REACH, steps + 1)
    weight = np.exp(-0.5 * error**2) / ROOT * (2 * REACH / steps)
    probability, most = np.zeros(mean.size + 1), 0.0
    for start in range(0, error.size, CHUNK):
        part = slice(start, start + CHUNK)
        centre = mean + shared * error[part, None]
        best, highest = _given_the_shared_part(centre, own)
        probability += weight[part] @ best
        most += float(weight[part] @ highest)
    loss = most - np.append(0.0, mean)
    return probability, np.maximum(loss, 0.0)


def _given_the_shared_part(centre: FloatArray, own: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Probability of each arm to be best, control first, and the mean of the best, at some nodes.

    Treatments are independent there, with means `centre` of shape (nodes, arms), and control is 0.
    """
    nodes = centre.shape[0]
    points = np.maximum(centre[:, :, None] + own[:, None] * EDGES, 0.0).reshape(nodes, -1)
    edges = np.sort(np.concatenate([np.zeros((nodes, 1)), points], axis=1), axis=1)
    width = np.diff(edges, axis=1)[:, :, None]
    at = edges[:, :-1, None] + width * NODES
    product, hazards = np.ones_like(at), []
    for arm, scale in enumerate(own):
        z = (at - centre[:, arm, None, None]) / scale
        below = ndtr(z)
        product *= below
        density = np.exp(-0.5 * z * z) / (ROOT * scale)
        hazards.append(np.where(below > 0, density / below, 0.0))
    panels = width * WEIGHTS
    best = [np.prod(ndtr(-centre / own), axis=1)]
    best += [np.sum(panels * product * hazard, axis=(1, 2)) for hazard in hazards]
    return np.stack(best, axis=1), np.sum(panels * (1 - product), axis=(1, 2))
