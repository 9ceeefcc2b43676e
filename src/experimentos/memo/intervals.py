"""What figures need beyond the marts: limits that hold on all days, and densities.

They decide nothing: the marts hold what does. Imported when a figure needs it, with SciPy.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, betaln, ndtri, xlog1py, xlogy

from experimentos.memo.context import DayEffect, Effect, Posterior
from experimentos.memo.report import Memo
from experimentos.sequential import normal_mixture, tuning
from experimentos.sequential.always_valid import MINIMUM_UNITS

DEFAULT_PLANNED_N: Final = 5000.0
"""Units of a variant at which the limits are tightest, where no size is planned."""
POINTS: Final = 61
REACH: Final = 4.5
"""Standard deviations that a density is drawn over, to either side."""
NODES: Final = 96
LEAST_TAIL: Final = 1e-9
"""Probability of control's rate that the quadrature leaves out at each end."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one day that hold on all days together."""

    lower: float | None
    upper: float | None


def always_valid(memo: Memo) -> list[Limits]:
    """Compute the confidence sequence of each comparison by day.

    Parameters
    ----------
    memo : Memo
        With ``days``.

    Returns
    -------
    list of Limits
        One per day, at ``1 - alpha`` two-sided; None before each variant has 100 units.

    Notes
    -----
    The normal mixture of ``experimentos.sequential.asymptotic_sequence``, from the estimate and
    standard error of the mart. It is tightest at the planned number of units, which is set once.
    """
    alpha = memo.experiment.alpha
    if alpha is None or not 0 < alpha < 1:
        return [Limits(None, None) for _ in memo.days]
    sizes = _planned(memo)
    rows = [
        (day.n_control, day.n_treatment, day.std_error, day.estimate, sizes[_key(day)])
        for day in memo.days
    ]
    control, treatment, error, estimate, planned = np.array(rows, dtype=np.float64).T
    with np.errstate(all="ignore"):
        known = tuning.information(
            control, treatment, alpha=np.full_like(planned, alpha), planned_n=planned
        )
        reach = normal_mixture.critical_value(known, alpha=alpha) * error
        started = (np.minimum(control, treatment) >= MINIMUM_UNITS) & (error > 0)
    is_known = started & np.isfinite(reach) & np.isfinite(estimate)
    return [
        Limits(float(middle - half), float(middle + half)) if ok else Limits(None, None)
        for middle, half, ok in zip(estimate, reach, is_known, strict=True)
    ]


def _key(row: DayEffect) -> tuple[str, str]:
    return (row.metric, row.variant)


def _planned(memo: Memo) -> dict[tuple[str, str], float]:
    """Planned units of a variant: as its first look recorded it, else as it is planned."""
    shares = {count.variant: count.planned_share or 0.0 for count in memo.counts}
    base = shares.get(memo.experiment.control or "", 0.0)
    total = memo.experiment.planned_n or 0.0
    sizes = {}
    for key in dict.fromkeys(map(_key, memo.days)):
        size = total * min(shares.get(key[1], 0.0), base)
        sizes[key] = size if size > 0 else DEFAULT_PLANNED_N
    for look in reversed(memo.looks):
        if (look.metric, look.variant) in sizes and (look.planned_n or 0) > 0:
            sizes[look.metric, look.variant] = look.planned_n or DEFAULT_PLANNED_N
    return sizes


def density(memo: Memo, row: Posterior) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Compute the posterior density of a difference.

    Parameters
    ----------
    memo : Memo
        With the effects that decide.
    row : Posterior
        Its interval, method and prior.

    Returns
    -------
    effects, densities : tuple of float
        Points in metric units; empty where the posterior is undefined.

    Notes
    -----
    A normal posterior is the one whose interval the mart holds. That of two rates is the density
    of the difference of two beta variables, by Gauss-Legendre quadrature over control's.
    """
    alpha = memo.experiment.alpha
    if row.lower is None or row.upper is None or row.upper <= row.lower:
        return (), ()
    if alpha is None or not 0 < alpha < 1:
        return (), ()
    middle = (row.lower + row.upper) / 2
    spread = (row.upper - row.lower) / (2 * -ndtri(alpha / 2))
    points = middle + spread * np.linspace(-REACH, REACH, POINTS)
    if row.method != "beta-binomial":
        return _pair(points, np.exp(-0.5 * ((points - middle) / spread) ** 2))
    arms = _beta_arms(memo, row)
    return ((), ()) if arms is None else _pair(points, _difference_density(points, *arms))


def _pair(points: Floats, values: Floats) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return tuple(points.tolist()), tuple(values.tolist())


def _beta_arms(memo: Memo, row: Posterior) -> list[tuple[float, float]] | None:
    """Parameters of the posteriors of control and treatment."""
    effect = _effect(memo, row)
    if effect is None or row.prior_alpha is None or row.prior_beta is None:
        return None
    arms = []
    for n, rate in (
        (effect.n_control, effect.value_control),
        (effect.n_treatment, effect.value_treatment),
    ):
        if n is None or rate is None:
            return None
        events = round(n * rate)
        arms.append((row.prior_alpha + events, row.prior_beta + n - events))
    return arms


def _effect(memo: Memo, row: Posterior) -> Effect | None:
    return next(
        (
            finding.effect
            for finding in memo.findings
            if (finding.effect.metric, finding.effect.variant) == (row.metric, row.variant)
        ),
        None,
    )


def _difference_density(
    points: Floats, control: tuple[float, float], treatment: tuple[float, float]
) -> Floats:
    nodes, weights = _quadrature()
    low, high = (float(betaincinv(*control, tail)) for tail in (LEAST_TAIL, 1 - LEAST_TAIL))
    rates = (low + high) / 2 + (high - low) / 2 * nodes
    moved = _beta_density(rates + points[:, None], *treatment)
    return np.asarray((weights * _beta_density(rates, *control) * moved).sum(axis=1))


def _beta_density(rates: Floats, alpha: float, beta: float) -> Floats:
    """Density of a beta variable, 0 outside of 0 to 1; `scipy.stats` takes a second to import."""
    inside = (rates > 0) & (rates < 1)
    x = np.where(inside, rates, 0.5)
    logarithm = xlogy(alpha - 1, x) + xlog1py(beta - 1, -x) - betaln(alpha, beta)
    return np.where(inside, np.exp(logarithm), 0.0)


@lru_cache(maxsize=1)
def _quadrature() -> tuple[Floats, Floats]:
    """Nodes and weights of Gauss and Legendre."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return nodes, weights
