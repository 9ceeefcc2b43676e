"""Comparisons of several methods in one call, and the one-sided tests that decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.arguments import one_of
from experimentos.errors import ArgumentError
from experimentos.inference import METHODS, margin_limits, skewness, stratified
from experimentos.inference.effect import Interval, Method, Null, Tails, no_effect, null_at
from experimentos.inference.skewness import Skewed
from experimentos.inference.stratified import Strata
from experimentos.sequential import always_valid

if TYPE_CHECKING:
    from collections.abc import Callable

    from experimentos.estimators import Comparison
    from experimentos.moments import BoolArray, FloatArray, IntArray

_COUNTING = ["score", "skewness-corrected score", "conditional binomial"]


@dataclass(frozen=True)
class Mixed:
    """Comparisons with the method of each.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means with their variances.
    method : array of str, shape (k,)
        Keys of `METHODS`, or one of `stratified.NAMES` or `skewness.NAMES`.
    strata : Strata, optional
        Of the comparisons with a stratified method.
    skewness : array of shape (k,), optional
        Of the differences of means; NaN where it is not known. Default: of none.
    """

    comparison: Comparison
    method: npt.NDArray[np.str_]
    strata: Strata = field(default_factory=Strata.none)
    skewness: FloatArray | None = None

    def __post_init__(self) -> None:
        """Check that there is one known method for each comparison."""
        if np.shape(self.method) != self.comparison.df.shape:
            msg = (
                f"`method` must have one name for each comparison, shape "
                f"{self.comparison.df.shape}, got shape {np.shape(self.method)}"
            )
            raise ArgumentError(msg)
        for name in self._names:
            one_of("method", name, [*METHODS, *skewness.NAMES, *stratified.NAMES])

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
        return Mixed(
            self.comparison.take(rows),
            self.method[rows],
            self.strata.take(rows),
            self._skewness[rows],
        )

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
        by_mean = Skewed(np.where(self.is_corrected, self._skewness, np.nan)).separation(
            self.comparison
        )
        by_count = np.where(self.comparison.mean_control > 0, 0.0, 1.0)
        by_count = by_count + 0 * self.comparison.mean_control
        return np.where(self.is_counted, by_count, by_mean)

    @property
    def is_counted(self) -> BoolArray:
        """Whether the method counts events instead of averaging values."""
        return np.isin(self.method, [*_COUNTING, *stratified.NAMES])

    @property
    def is_corrected(self) -> BoolArray:
        """Whether the difference of means is noticeably skewed, and its test corrected for it."""
        return np.isin(self.method, skewness.NAMES)

    @property
    def is_too_skewed(self) -> BoolArray:
        """Whether there are too few units for the skewness of the values: nothing is decided."""
        return self.is_corrected & skewness.is_too_large(self._skewness)

    @property
    def _skewness(self) -> FloatArray:
        return np.full(self.method.shape, np.nan) if self.skewness is None else self.skewness

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
        if name in skewness.NAMES:
            return Skewed(self._skewness[rows]).method
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
        mean is not itself separated from 0. To be beyond it is to be beyond it for either sign of
        that mean, an intersection-union test. NaN where there are too few units for the skewness.
    """
    up = goal.sign > 0
    at_zero = mixed.tails(no_effect(mixed.comparison))
    effect = np.where(margin_wanted, goal.margin_effect, np.nan)
    null = null_at(mixed.comparison, effect, goal.margin_is_relative)
    at_margin = mixed.tails(null)
    noninferior = np.where(up, at_margin.greater, at_margin.less)
    separated = np.maximum(noninferior, mixed.separation())
    beyond = np.where(up, at_margin.less, at_margin.greater)
    withheld = mixed.is_too_skewed
    found = {
        "superior": np.where(up, at_zero.greater, at_zero.less),
        "worse": np.where(up, at_zero.less, at_zero.greater),
        "noninferior": np.where(goal.margin_is_relative, separated, noninferior),
        "beyond_margin": np.fmax(beyond, _beyond_other_sign(mixed, goal, null)),
    }
    return Directed(**{name: np.where(withheld, np.nan, p) for name, p in found.items()})


def _beyond_other_sign(mixed: Mixed, goal: Goal, null: Null) -> FloatArray:
    """P-values of a relative margin of a control mean whose sign is not the one that was seen.

    Worse than ``m |mu_c|`` is worse than both ``m mu_c`` and ``-m mu_c``, so that harm is shown by
    both tests or not at all, whatever the sign of a control mean near 0. Rates and quantiles on
    the log scale have no other sign: NaN, as where no relative margin is tested.
    """
    values = ~mixed.is_counted & (mixed.method != "quantile")
    other = np.where(goal.margin_is_relative & values, 2 - null.weight, np.nan)
    tails = mixed.tails(Null(other, null.shift))
    return np.where(goal.sign > 0, tails.less, tails.greater)


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
        See `always_valid.has_started`. An adjusted rate counts as the events it stands for. Not
        where there are too few units for the skewness of the values.
    """
    comparison = mixed.comparison
    n_c, n_t = comparison.n_control, comparison.n_treatment
    events = np.minimum(comparison.mean_control * n_c, comparison.mean_treatment * n_t)
    rest = np.minimum((1 - comparison.mean_control) * n_c, (1 - comparison.mean_treatment) * n_t)
    half = 0.5  # counts are whole numbers, their products with units not always
    events, rest = (np.where(is_proportion, count + half, np.nan) for count in (events, rest))
    undefined = is_proportion & np.isnan(events)
    started = always_valid.has_started(n_c, n_t, events, rest) & ~undefined
    return np.asarray(started & ~mixed.is_too_skewed)


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
    names = np.where(
        margin_limits.is_unconditional(mixed, goal), "unconditional exact", mixed.method
    )
    for stratified_name, name in plain.items():
        names = np.where(names == stratified_name, name, names)
    names = np.where(is_adjusted, np.char.add(names, ", cuped"), names)
    for count in np.unique([] if n_combined is None else n_combined):
        if count > 1:
            suffixed = np.char.add(names, f", combined over {int(count)} phases")
            names = np.where(n_combined == count, suffixed, names)
    return names
