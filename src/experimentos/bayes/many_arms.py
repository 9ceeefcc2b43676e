"""Which of many arms is best, and what choosing each one would cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from experimentos.bayes import beta_binomial
from experimentos.bayes.beta_arms import best_of_betas
from experimentos.bayes.boundaries import is_decrease
from experimentos.bayes.normal import unit_loss
from experimentos.bayes.normal_arms import best_of_normals
from experimentos.bayes.panels import in_blocks
from experimentos.bayes.posteriors import BetaPosterior, NormalPosterior
from experimentos.errors import ArgumentError
from experimentos.moments import FloatArray, _ArrayStruct

Solver = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True)
class Best(_ArrayStruct):
    """Which arm is best.

    Parameters
    ----------
    probability : array of shape (k, arms)
        That the arm is the best of all; they add up to 1 over arms.
    loss : array of shape (k, arms)
        Expected loss of choosing the arm: the posterior mean of how much better the best one is. In
        metric units.
    """

    probability: FloatArray
    loss: FloatArray


def best_of(arms: NormalPosterior | BetaPosterior, *, goal: str = "increase") -> Best:
    r"""Probability that each arm is the best of all, and the expected loss of choosing it.

    Parameters
    ----------
    arms : NormalPosterior or BetaPosterior, fields of shape (k, arms)
        Independent posteriors of two arms or more, control among them.
    goal : {"increase", "decrease"}
        Whether the largest or the smallest is best.

    Returns
    -------
    Best, fields of shape (k, arms)
        For normal posteriors probabilities to 1e-12 and losses to 1e-10 of the largest deviation,
        for beta posteriors both to 1e-9; with two arms, the smaller one to its last digits. NaN in
        all arms of a row where one is undefined.

    Raises
    ------
    ArgumentError
        If there are fewer than two arms, or the goal is unknown.

    Notes
    -----
    :math:`P(k) = \int f_k \prod_{j \ne k} F_j`, and the loss is the integral of the density of the
    best of the others times :math:`\int^x F_k`. All arms share one grid: equal steps for normal
    posteriors whose deviations are alike, for which the trapezoidal rule converges faster than any
    power of the step [1]_; Gauss-Legendre panels otherwise.

    References
    ----------
    .. [1] L. N. Trefethen, J. A. C. Weideman (2014), SIAM Review 56, 385-458.

    Examples
    --------
    >>> arms = NormalPosterior([[0.0, 0.0, 1.0]], [[1.0, 1.0, 1.0]])
    >>> best_of(arms).probability.round(4)
    array([[0.1831, 0.1831, 0.6337]])
    """
    decrease = is_decrease(goal)
    first, second = (arms.a, arms.b) if isinstance(arms, BetaPosterior) else (arms.mean, arms.sd)
    if first.ndim != 2 or first.shape[1] < 2:
        msg = f"`arms` must have fields of shape (k, arms), two arms or more, got {first.shape}"
        raise ArgumentError(msg)
    if isinstance(arms, BetaPosterior):
        solvers: tuple[Solver, Solver] = (_two_betas, best_of_betas)
        first, second = (second, first) if decrease else (first, second)
    else:
        solvers = (_two_normals, best_of_normals)
        first = -first if decrease else first
    with np.errstate(all="ignore"):
        probability, loss = in_blocks(solvers[first.shape[1] > 2], [first.T, second.T])
    undefined = np.isnan(probability).any(axis=0)
    return Best(*(np.where(undefined, np.nan, values).T for values in (probability, loss)))


def _two_normals(mean: FloatArray, sd: FloatArray) -> tuple[FloatArray, FloatArray]:
    both = np.where((sd > 0).all(axis=0), np.hypot(sd[0], sd[1]), np.nan)
    z = (mean[0] - mean[1]) / both
    return np.stack([ndtr(z), ndtr(-z)]), both * np.stack([unit_loss(z), unit_loss(-z)])


def _two_betas(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    answer = beta_binomial.better(BetaPosterior(a[0], b[0]), BetaPosterior(a[1], b[1]))
    return (
        np.stack([answer.complement, answer.probability]),
        np.stack([answer.loss_control, answer.loss_treatment]),
    )
