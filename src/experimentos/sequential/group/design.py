"""A group sequential design: looks, boundaries and what they spend."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from experimentos.arguments import increasing_fractions, one_of, probability
from experimentos.errors import ArgumentError
from experimentos.sequential.group.boundaries import SIDES, level_bounds
from experimentos.sequential.group.futility import beta_spending_bounds
from experimentos.sequential.group.joint import exit_probabilities
from experimentos.sequential.group.search import rising_root
from experimentos.sequential.group.spending import SPENDING, checked, spend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from experimentos.moments import FloatArray


@dataclass(frozen=True, eq=False)
class Design:
    """Boundaries at planned looks.

    Parameters
    ----------
    fractions : array of shape (looks,)
        Information at the looks as a fraction of that at the last.
    efficacy : array of shape (looks,)
        Upper boundaries in standard normal units: at or above, stop and reject.
    futility : array of shape (looks,)
        Lower boundaries of a one-sided test: at or below, stop without rejecting. Minus infinity
        where there is none.
    alpha : float
        Error rate over all looks, in both tails together for a two-sided test.
    sides : str
        ``"one"``, or ``"two"``: also at or below minus `efficacy`, stop and reject.
    binding : bool
        Whether `alpha` relies on stopping at `futility`.
    beta : float
        Type II error rate that `futility` spends at `drift`; NaN where it does not spend one.
    drift : float
        Mean of the statistic at information 1 for which power is ``1 - beta``; NaN without `beta`.
    """

    fractions: FloatArray
    efficacy: FloatArray
    futility: FloatArray
    alpha: float
    sides: str = "one"
    binding: bool = False
    beta: float = float("nan")
    drift: float = float("nan")

    def __post_init__(self) -> None:
        """Make the arrays read-only: designs are shared by a cache."""
        for name in ("fractions", "efficacy", "futility"):
            values = np.array(getattr(self, name), dtype=np.float64)
            values.flags.writeable = False
            object.__setattr__(self, name, values)

    @property
    def looks(self) -> int:
        """Number of looks."""
        return int(self.fractions.size)

    @property
    def lower(self) -> FloatArray:
        """What stops the test from below: futility, or rejection on the other side."""
        return -self.efficacy if self.sides == "two" else self.futility

    @property
    def stage_levels(self) -> FloatArray:
        """One-sided p-value of a single look at each upper boundary."""
        return np.asarray(ndtr(-self.efficacy))

    @property
    def alpha_spent(self) -> FloatArray:
        """Error rate spent by the end of each look, in both tails together."""
        lower = self.lower if self.binding or self.sides == "two" else np.full(self.looks, -np.inf)
        crossed = exit_probabilities(lower, self.efficacy, self.fractions).above
        return np.asarray(np.cumsum(crossed) * SIDES[self.sides])

    @property
    def beta_spent(self) -> FloatArray:
        """Probability at `drift` of having stopped for futility by each look; NaN without drift."""
        exits = exit_probabilities(self.lower, self.efficacy, self.fractions, self.drift)
        if self.sides == "two":
            return np.full(self.looks, np.nan)
        return np.asarray(np.cumsum(exits.below))


@dataclass(frozen=True)
class Spending:
    """How an error rate is spent over the looks.

    Parameters
    ----------
    total : float
        Error rate over all looks, in the tail or tails of the test.
    name : str
        A key of `SPENDING`; empty if `levels` are given.
    parameter : float or None
        Of the spending function.
    levels : tuple of float
        Cumulative error rates of one's own.
    """

    total: float
    name: str
    parameter: float | None
    levels: tuple[float, ...] = ()

    def by_look(self, fractions: FloatArray, tails: int) -> FloatArray:
        """Cumulative error rate of one tail; the last look spends all that is left.

        Parameters
        ----------
        fractions : array of shape (looks,)
            Information fractions.
        tails : int
            Tails that share the error rate.

        Returns
        -------
        array of shape (looks,)
            Error rates.
        """
        if self.levels:
            return np.asarray(self.levels) / tails
        share = self.total / tails
        spent = spend(fractions, share, spending=self.name, parameter=self.parameter)
        return np.concatenate([spent[:-1], [share]])


@dataclass(frozen=True)
class _Request:
    """What a design is asked for, as the key of the cache."""

    fractions: tuple[float, ...]
    alpha: Spending
    sides: str
    beta: Spending | None
    futility: tuple[float, ...]
    binding: bool


def group_sequential(
    fractions: npt.ArrayLike, *, alpha: float = 0.025, sides: str = "one",
    spending: str | Sequence[float] = "obrien_fleming", parameter: float | None = None,
    beta: float | None = None, beta_spending: str | Sequence[float] = "obrien_fleming",
    beta_parameter: float | None = None, futility: npt.ArrayLike | None = None,
    binding: bool = False,
) -> Design:  # fmt: skip
    """Plan looks that spend an error rate along a spending function.

    Parameters
    ----------
    fractions : array of shape (looks,)
        Information fractions, strictly increasing, at most 1; the last look spends all that is
        left.
    alpha : float
        Error rate over all looks: in both tails together where `sides` is ``"two"``.
    sides : str
        ``"one"`` or ``"two"``.
    spending : str or sequence of float
        A key of `SPENDING`, or the cumulative error rate by each look, the last of it `alpha`.
    parameter : float, optional
        Gamma of ``"hwang_shih_decani"``, rho of ``"kim_demets"``.
    beta : float, optional
        Type II error rate to spend on stopping a one-sided test for futility.
    beta_spending : str or sequence of float
        A key of `SPENDING`, or the cumulative error rate by each look, the last of it `beta`.
    beta_parameter : float, optional
        Parameter of `beta_spending`.
    futility : array of shape (looks - 1,), optional
        In place of `beta`: lower boundaries before the last look, in standard normal units.
    binding : bool
        Whether the test must stop at the lower boundaries. Where it need not, they do not lower
        the upper ones, and going on costs no error.

    Returns
    -------
    Design
        Computed once for equal arguments. With futility, the lower boundary of the last look is
        the upper one.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> plan = group_sequential([0.25, 0.5, 0.75, 1.0], beta=0.2)
    >>> plan.efficacy.round(3)
    array([4.333, 2.963, 2.359, 2.014])
    >>> plan.futility.round(3)
    array([-0.82 ,  0.61 ,  1.402,  2.014])
    >>> round(plan.drift, 3)
    2.984
    """
    times = increasing_fractions("fractions", fractions)
    one_of("sides", sides, SIDES)
    floor = _checked_futility(times, futility)
    if sides == "two" and (beta is not None or floor):
        msg = "`sides` must be 'one' with `beta` or `futility`, got 'two'"
        raise ArgumentError(msg)
    if beta is not None and floor:
        msg = f"give `beta` or `futility`, got both: {beta!r} and {list(floor)}"
        raise ArgumentError(msg)
    spent = _checked_spending(times, ("alpha", alpha), ("spending", spending), parameter)
    futile = None
    if beta is not None:
        named = ("beta", beta), ("beta_spending", beta_spending)
        futile = _checked_spending(times, *named, beta_parameter)
    return _build(_Request(tuple(times.tolist()), spent, sides, futile, floor, bool(binding)))


def design_from_bounds(
    fractions: npt.ArrayLike, efficacy: npt.ArrayLike, *,
    futility: npt.ArrayLike | None = None, sides: str = "one", binding: bool = False,
) -> Design:  # fmt: skip
    """Make a design of boundaries found elsewhere, such as those of `classic`.

    Parameters
    ----------
    fractions : array of shape (looks,)
        Information fractions, strictly increasing, at most 1.
    efficacy : array of shape (looks,)
        Upper boundaries in standard normal units.
    futility : array of shape (looks - 1,), optional
        Lower boundaries of a one-sided test before the last look.
    sides : str
        ``"one"`` or ``"two"``.
    binding : bool
        Whether the test must stop at the lower boundaries.

    Returns
    -------
    Design
        Its `alpha` is what the boundaries spend.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> design_from_bounds([0.5, 1.0], [2.797, 1.977], sides="two").alpha.round(4)
    np.float64(0.05)
    """
    times = increasing_fractions("fractions", fractions)
    one_of("sides", sides, SIDES)
    upper = np.asarray(efficacy, dtype=np.float64)
    if upper.shape != times.shape or np.isnan(upper).any():
        msg = f"`efficacy` must be {times.size} numbers, got {efficacy!r}"
        raise ArgumentError(msg)
    floor = _checked_futility(times, futility)
    if sides == "two" and floor:
        msg = "`sides` must be 'one' with `futility`, got 'two'"
        raise ArgumentError(msg)
    lower = _closed_below(floor, upper)
    unspent = Design(times, upper, lower, float("nan"), sides, bool(binding))
    return Design(times, upper, lower, unspent.alpha_spent[-1], sides, bool(binding))


@lru_cache(maxsize=1024)
def _build(request: _Request) -> Design:
    times, tails = np.array(request.fractions), SIDES[request.sides]
    levels = request.alpha.by_look(times, tails)
    if request.beta is not None:
        return _with_beta(request, request.beta, times, levels)
    floor = None
    if request.futility and request.binding:
        floor = np.array([*request.futility, -np.inf])
    upper = level_bounds(levels, times, sides=request.sides, lower=floor)
    lower = _closed_below(request.futility, upper)
    return Design(times, upper, lower, request.alpha.total, request.sides, request.binding)


def _with_beta(request: _Request, beta: Spending, times: FloatArray, levels: FloatArray) -> Design:
    """Look for the drift at which the two boundaries meet at the last look."""
    if times.size > 1 and levels[-1] <= levels[-2]:
        msg = f"`beta` cannot be spent where the last look spends no alpha, got {beta.total!r}"
        raise ArgumentError(msg)
    futile = beta.by_look(times, 1)
    fixed = None if request.binding else level_bounds(levels, times)
    spent = levels if request.binding else None

    def bounds(drift: FloatArray) -> tuple[FloatArray, FloatArray]:
        return beta_spending_bounds(futile, times, drift, upper=fixed, alpha_levels=spent)

    def apart(drift: FloatArray) -> FloatArray:
        lower, upper = bounds(drift)
        # Infinite where paths have run out before the error rate did: the drift is too large.
        with np.errstate(invalid="ignore"):
            return np.asarray(lower[:, -1] - upper[:, -1])

    start = np.array([-ndtri(request.alpha.total) - ndtri(beta.total)]) / np.sqrt(times[-1])
    drift = rising_root(apart, start, 1.05 * start + 0.01)
    lower, upper = bounds(drift)
    lower[0, -1] = upper[0, -1]
    return Design(
        times, upper[0], lower[0], request.alpha.total, request.sides, request.binding,
        beta.total, float(drift[0]),
    )  # fmt: skip


def _closed_below(futility: tuple[float, ...], upper: FloatArray) -> FloatArray:
    """Lower boundaries that leave nothing undecided at the last look, if there are any."""
    if not futility:
        return np.full(upper.shape, -np.inf)
    return np.asarray(np.minimum(np.array([*futility, upper[-1]]), upper))


def _checked_futility(times: FloatArray, futility: npt.ArrayLike | None) -> tuple[float, ...]:
    if futility is None:
        return ()
    given = np.asarray(futility, dtype=np.float64)
    if given.shape != (times.size - 1,) or np.isnan(given).any():
        msg = f"`futility` must be {times.size - 1} numbers, one for each look but the last, got "
        msg += f"{futility!r}"
        raise ArgumentError(msg)
    return tuple(given.tolist())


def _checked_spending(
    times: FloatArray, total: tuple[str, float], spending: tuple[str, str | Sequence[float]],
    parameter: float | None,
) -> Spending:  # fmt: skip
    level = float(probability(*total))
    name, given = spending
    if isinstance(given, str):
        one_of(name, given, SPENDING)
        checked(given, parameter)
        return Spending(level, given, parameter)
    levels = np.asarray(given, dtype=np.float64)
    valid = levels.shape == times.shape and (np.diff(levels, prepend=0.0) >= 0).all()
    if not (valid and np.isclose(levels[-1], level, rtol=1e-9, atol=0)):
        msg = f"`{name}` must be {times.size} error rates that do not decrease, the last {level}, "
        msg += f"got {given!r}"
        raise ArgumentError(msg)
    return Spending(level, "", None, tuple(levels.tolist()))
