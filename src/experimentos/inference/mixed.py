"""Comparisons of several methods in one call, and the one-sided tests that decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.arguments import one_of
from experimentos.errors import ArgumentError
from experimentos.inference import METHODS, exact_rates, stratified, welch
from experimentos.inference.effect import Interval, Method, Null, Tails, no_effect, null_at
from experimentos.inference.stratified import Strata
from experimentos.sequential import always_valid

if TYPE_CHECKING:
    from collections.abc import Callable

    from experimentos.estimators import Comparison
    from experimentos.moments import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Mixed:
    """Comparisons with the method of each.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means with their variances.
    method : array of str, shape (k,)
        Keys of `METHODS`, or one of `stratified.NAMES`.
    strata : Strata, optional
        Of the comparisons with a stratified method.
    """

    comparison: Comparison
    method: npt.NDArray[np.str_]
    strata: Strata = field(default_factory=Strata.none)

    def __post_init__(self) -> None:
        """Check that there is one known method for each comparison."""
        if np.shape(self.method) != self.comparison.df.shape:
            msg = (
                f"`method` must have one name for each comparison, shape "
                f"{self.comparison.df.shape}, got shape {np.shape(self.method)}"
            )
            raise ArgumentError(msg)
        for name in self._names:
            one_of("method", name, [*METHODS, *stratified.NAMES])

    def take(self, rows: BoolArray) -> Mixed:
        """Return the comparisons under a mask.

        Parameters
        ----------
        rows : array of bool, shape (k,)
            Comparisons to keep.

        Returns
        -------
        Mixed
            Of those.
        """
        return Mixed(self.comparison.take(rows), self.method[rows], self.strata.take(rows))

    def tails(self, null: Null) -> Tails:
        """One-sided p-values against a boundary.

        Parameters
        ----------
        null : Null, fields of shape (k,)
            Boundary; NaN where none is to be tested.

        Returns
        -------
        Tails, fields of shape (k,)
            By the method of each comparison.
        """
        wanted = ~np.isnan(null.weight + null.shift)

        def call(method: Method, rows: BoolArray) -> tuple[FloatArray, FloatArray]:
            found = method.tails(self.comparison.take(rows), null.take(rows))
            return found.less, found.greater

        return Tails(*self._each(call, wanted))

    def interval(self, tail: FloatArray) -> Interval:
        """Limits for the difference.

        Parameters
        ----------
        tail : array of shape (k,)
            One-sided error rate of each limit; NaN where none is wanted.

        Returns
        -------
        Interval, fields of shape (k,)
            By the method of each comparison.
        """

        def call(method: Method, rows: BoolArray) -> tuple[FloatArray, FloatArray]:
            found = method.interval(self.comparison.take(rows), tail[rows])
            return found.lower, found.upper

        return Interval(*self._each(call, ~np.isnan(tail)))

    def lift_interval(self, tail: FloatArray) -> Interval:
        """Limits for the lift.

        Parameters
        ----------
        tail : array of shape (k,)
            One-sided error rate of each limit; NaN where none is wanted.

        Returns
        -------
        Interval, fields of shape (k,)
            By the method of each comparison.
        """

        def call(method: Method, rows: BoolArray) -> tuple[FloatArray, FloatArray]:
            found = method.lift_interval(self.comparison.take(rows), tail[rows])
            return found.lower, found.upper

        return Interval(*self._each(call, ~np.isnan(tail)))

    def separation(self) -> FloatArray:
        """One-sided p-value of the control mean being 0.

        Returns
        -------
        array of shape (k,)
            At most the one-sided error rate exactly where the lift interval is defined: for counted
            rates 0 with an event in control and 1 without.
        """
        by_mean = welch.separation(self.comparison)
        by_count = np.where(self.comparison.mean_control > 0, 0.0, 1.0)
        by_count = by_count + 0 * self.comparison.mean_control
        return np.where(self.is_counted, by_count, by_mean)

    @property
    def is_counted(self) -> BoolArray:
        """Whether the method counts events instead of averaging values."""
        return np.isin(self.method, ["score", "conditional binomial", *stratified.NAMES])

    def _each(
        self, call: Callable[[Method, BoolArray], tuple[FloatArray, FloatArray]], wanted: BoolArray
    ) -> tuple[FloatArray, FloatArray]:
        """Call every method once on its comparisons and put the two results together."""
        first, second = (np.full(self.method.shape, np.nan) for _ in range(2))
        for name in self._names:
            rows = wanted & (self.method == name)
            if rows.any():
                first[rows], second[rows] = call(self._method(name, rows), rows)
        return first, second

    @cached_property
    def _names(self) -> list[str]:
        """Methods that there are."""
        return sorted(set(self.method.tolist()))

    def _method(self, name: str, rows: BoolArray) -> Method:
        if name in stratified.NAMES:
            return self.strata.take(rows).method(name)
        return METHODS[name]


@dataclass(frozen=True)
class Goal:
    """What is looked for in each comparison.

    Parameters
    ----------
    sign : array of shape (k,)
        1 where an increase is good, -1 where a decrease is.
    margin : array of shape (k,)
        Largest deterioration allowed, 0 or more; NaN where there is none.
    margin_is_relative : array of bool, shape (k,)
        Whether the margin is a fraction of the control mean or in metric units.
    """

    sign: FloatArray
    margin: FloatArray
    margin_is_relative: BoolArray

    @property
    def margin_effect(self) -> FloatArray:
        """Effect at the margin: negative where an increase is good."""
        return -self.sign * self.margin


@dataclass(frozen=True)
class Directed:
    """One-sided p-values in the directions of the goal.

    Parameters
    ----------
    superior, worse : array of shape (k,)
        Against no effect: small when shown better, worse.
    noninferior, beyond_margin : array of shape (k,)
        Against the margin: small when shown not to reach it, to be beyond it. NaN without one.
    """

    superior: FloatArray
    worse: FloatArray
    noninferior: FloatArray
    beyond_margin: FloatArray


def direct(mixed: Mixed, goal: Goal, margin_wanted: BoolArray) -> Directed:
    """Test every comparison in the directions of its goal.

    Parameters
    ----------
    mixed : Mixed of shape (k,)
        Comparisons.
    goal : Goal, fields of shape (k,)
        Directions and margins.
    margin_wanted : array of bool, shape (k,)
        Where the margin is to be tested now; exact tests of it take milliseconds each.

    Returns
    -------
    Directed, fields of shape (k,)
        A relative margin is not shown (p at least that of `Mixed.separation`) where the control
        mean is not itself separated from 0.
    """
    up = goal.sign > 0
    at_zero = mixed.tails(no_effect(mixed.comparison))
    effect = np.where(margin_wanted, goal.margin_effect, np.nan)
    at_margin = mixed.tails(null_at(mixed.comparison, effect, goal.margin_is_relative))
    noninferior = np.where(up, at_margin.greater, at_margin.less)
    separated = np.maximum(noninferior, mixed.separation())
    return Directed(
        superior=np.where(up, at_zero.greater, at_zero.less),
        worse=np.where(up, at_zero.less, at_zero.greater),
        noninferior=np.where(goal.margin_is_relative, separated, noninferior),
        beyond_margin=np.where(up, at_margin.less, at_margin.greater),
    )


def always_valid_harm(
    mixed: Mixed, p_fixed: FloatArray, is_proportion: BoolArray, *,
    alpha: FloatArray, planned_n: FloatArray, effective_units: FloatArray,
) -> FloatArray:  # fmt: skip
    """Always-valid version of one-sided p-values of harm.

    Parameters
    ----------
    mixed : Mixed of shape (k,)
        Comparisons.
    p_fixed : array of shape (k,)
        One-sided p-values of harm at a fixed time.
    is_proportion : array of bool, shape (k,)
        Whether events are counted for the start of the sequence.
    alpha : array of shape (k,)
        One-sided level to tune for.
    planned_n : array of shape (k,)
        Planned units in each arm.
    effective_units : array of shape (k,)
        Units as the precision counts them, see `estimators.effective_units`; of periods the sum.

    Returns
    -------
    array of shape (k,)
        NaN before `always_valid.has_started`.
    """
    started = started_harm(mixed, is_proportion)
    arm = 2 * effective_units
    p_any = always_valid.p_value(p_fixed, arm, arm, alpha=alpha, planned_n=planned_n)
    return np.where(started, p_any, np.nan)


def started_harm(mixed: Mixed, is_proportion: BoolArray) -> BoolArray:
    """Tell where always-valid p-values have started.

    Parameters
    ----------
    mixed : Mixed of shape (k,)
        Comparisons.
    is_proportion : array of bool, shape (k,)
        Whether events are counted.

    Returns
    -------
    array of bool, shape (k,)
        See `always_valid.has_started`. An adjusted rate counts as the events it stands for.
    """
    comparison = mixed.comparison
    n_c, n_t = comparison.n_control, comparison.n_treatment
    events = np.minimum(comparison.mean_control * n_c, comparison.mean_treatment * n_t)
    rest = np.minimum((1 - comparison.mean_control) * n_c, (1 - comparison.mean_treatment) * n_t)
    half = 0.5  # counts are whole numbers, their products with units not always
    events, rest = (np.where(is_proportion, count + half, np.nan) for count in (events, rest))
    undefined = is_proportion & np.isnan(events)
    return always_valid.has_started(n_c, n_t, events, rest) & ~undefined


def name_methods(
    mixed: Mixed, goal: Goal, is_adjusted: BoolArray, n_combined: IntArray | None = None
) -> npt.NDArray[np.str_]:
    """Name what tested each comparison, for people.

    Parameters
    ----------
    mixed : Mixed of shape (k,)
        Comparisons.
    goal : Goal, fields of shape (k,)
        Margins: some need an unconditional test.
    is_adjusted : array of bool, shape (k,)
        Covariate-adjusted comparisons.
    n_combined : array of int, shape (k,), optional
        Phases that the comparison is combined of; told from 2.

    Returns
    -------
    array of str, shape (k,)
        Such as ``welch, cuped`` or ``score, combined over 2 phases``.
    """
    plain = {stratified.SCORE: "score", stratified.EXACT: "conditional binomial"}
    names = np.where(is_unconditional(mixed, goal), "unconditional exact", mixed.method)
    for stratified_name, name in plain.items():
        names = np.where(names == stratified_name, name, names)
    names = np.where(is_adjusted, np.char.add(names, ", cuped"), names)
    for count in np.unique([] if n_combined is None else n_combined):
        if count > 1:
            suffixed = np.char.add(names, f", combined over {int(count)} phases")
            names = np.where(n_combined == count, suffixed, names)
    return names


def is_unconditional(mixed: Mixed, goal: Goal) -> BoolArray:
    """Tell where the margin needs an unconditional exact test.

    Parameters
    ----------
    mixed : Mixed of shape (k,)
        Comparisons.
    goal : Goal, fields of shape (k,)
        Margins.

    Returns
    -------
    array of bool, shape (k,)
        True for comparisons that are not combined of phases.
    """
    exact = mixed.method == "conditional binomial"
    null = null_at(mixed.comparison, goal.margin_effect, goal.margin_is_relative)
    return np.asarray(exact & exact_rates.needs_unconditional(mixed.comparison, null))


def has_other_limits(mixed: Mixed, goal: Goal) -> BoolArray:
    """Tell where the interval inverts another test than the margin's.

    Parameters
    ----------
    mixed : Mixed of shape (k,)
        Comparisons.
    goal : Goal, fields of shape (k,)
        Margins.

    Returns
    -------
    array of bool, shape (k,)
        There, `agree_with_margin` is needed.
    """
    return np.asarray(is_unconditional(mixed, goal) | (mixed.method == stratified.EXACT))


def agree_with_margin(
    interval: Interval, goal: Goal, rows: BoolArray, shown: BoolArray
) -> Interval:
    """Move the limit that faces a margin to the side of it that its own exact test says.

    Parameters
    ----------
    interval : Interval, fields of shape (k,)
        In the unit of the margin.
    goal : Goal, fields of shape (k,)
        Margins.
    rows : array of bool, shape (k,)
        Comparisons whose margin was tested by another test than the interval inverts.
    shown : array of bool, shape (k,)
        Whether non-inferiority was shown at the interval's level.

    Returns
    -------
    Interval, fields of shape (k,)
        Excludes the margin exactly where `shown`, in `rows`.
    """
    margin, up = goal.margin_effect, goal.sign > 0
    inside_low, inside_high = np.nextafter(margin, np.inf), np.nextafter(margin, -np.inf)
    low = np.where(shown, np.fmax(interval.lower, inside_low), np.fmin(interval.lower, margin))
    high = np.where(shown, np.fmin(interval.upper, inside_high), np.fmax(interval.upper, margin))
    rows = rows & ~np.isnan(interval.lower) & ~np.isnan(interval.upper)
    return Interval(
        np.where(rows & up, low, interval.lower), np.where(rows & ~up, high, interval.upper)
    )
