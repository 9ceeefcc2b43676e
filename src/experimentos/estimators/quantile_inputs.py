r"""The inputs of a quantile: how SQL gets them, and the same from arrays.

Three passes over ``observations`` (arm, unit, value): the quantile of all arms pooled; each unit's
observations at or below it and their joint moments, which give the shares to look at; and the
order statistics at those shares. A quantile of units' totals has one observation per unit. The
``effective`` and ``positions`` steps are `woodruff_shares`, and `woodruff` reads the last. Equal
values are counted once, so the last pass sorts distinct values only. Here with q = 0.9::

    with
        counted as (
            select arm, value, count(*) as n
            from observations
            group by arm, value
        ),
        ranked as (
            select
                arm,
                value,
                sum(n) over (partition by arm order by value) as last_rank,
                lag(value) over (partition by arm order by value) as previous
            from counted
        ),
        pooled as (
            select quantile_cont(value, 0.9) as pooled_value from observations
        ),
        units as (
            select
                arm,
                unit,
                sum(case when value <= pooled_value then 1.0 else 0.0 end) as num,
                count(*) as den
            from observations
            cross join pooled
            group by arm, unit
        ),
        moments as (
            select
                arm,
                count(*) as n,
                avg(num) as mean_num,
                var_pop(num) * count(*) as m2_num,
                avg(den) as mean_den,
                var_pop(den) * count(*) as m2_den,
                covar_pop(num, den) * count(*) as c2_num_den,
                avg(num) / avg(den) as share,
                sum(den) as n_observations
            from units
            group by arm
        ),
        effective as (
            select
                *,
                sqrt(
                    greatest(m2_num - 2 * share * c2_num_den + share * share * m2_den, 0)
                    / (mean_den * mean_den) / nullif(n - 1, 0) / n
                    * 0.9 * (1 - 0.9) / nullif(share * (1 - share), 0)
                ) as std_error
            from moments
        ),
        positions as (
            select arm, 'value' as name, 0.9 * (n_observations - 1) as position
            from effective
            union all
            select arm, 'lower', (0.9 - 1.96 * std_error) * (n_observations - 1)
            from effective
            union all
            select arm, 'upper', (0.9 + 1.96 * std_error) * (n_observations - 1)
            from effective
        ),
        neighbours as (
            select
                positions.arm,
                positions.name,
                positions.position - floor(positions.position) as fraction,
                min(case when last_rank > floor(position) then value end) as below,
                min(case when last_rank > floor(position) + 1 then value end) as above
            from positions
            inner join ranked on positions.arm = ranked.arm
            group by positions.arm, positions.name, positions.position
        ),
        found as (
            select
                arm,
                max(case when name = 'value' then at_position end) as value,
                max(case when name = 'lower' then at_position end) as lower,
                max(case when name = 'upper' then at_position end) as upper
            from (
                select
                    arm,
                    name,
                    below + fraction * (coalesce(above, below) - below) as at_position
                from neighbours
            ) as interpolated
            group by arm
        ),
        gaps as (
            select found.arm, max(ranked.value - ranked.previous) as largest_gap
            from found
            inner join ranked
                on found.arm = ranked.arm
                and ranked.value > found.lower
                and ranked.previous < found.upper
            group by found.arm
        )
    select
        moments.arm, moments.n, moments.mean_num, moments.m2_num,
        moments.mean_den, moments.m2_den, moments.c2_num_den,
        found.value, found.lower, found.upper, coalesce(gaps.largest_gap, 0) as largest_gap
    from moments
    inner join found on moments.arm = found.arm
    left join gaps on moments.arm = gaps.arm
    order by moments.arm
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.arguments import probability
from experimentos.errors import ArgumentError
from experimentos.estimators.clusters import moments_of_clusters, observations
from experimentos.estimators.quantile import (
    OrderStatistics,
    Quantile,
    woodruff,
    woodruff_shares,
)

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, IntArray, JointMoments


def quantiles(
    values: npt.ArrayLike,
    unit: npt.ArrayLike | None,
    arm: npt.ArrayLike,
    *,
    quantile: float,
    experiment: npt.ArrayLike | None = None,
) -> Quantile:
    """Quantiles of arms and their standard errors from raw observations.

    Parameters
    ----------
    values : array of shape (n,)
        Observations, in metric units. Those that are NaN or infinite are left out.
    unit : array of shape (n,), optional
        Label of the unit of each observation; each is its own unit if not given.
    arm : array of int, shape (n,)
        Arm of each observation, numbered from 0.
    quantile : float
        Share below the quantile, such as 0.9.
    experiment : array of int, shape (k,), optional
        Experiment of each arm, numbered from 0: its arms are pooled. One if not given.

    Returns
    -------
    Quantile, fields of shape (k,)
        One element per arm.

    Raises
    ------
    ArgumentError
        If arrays are not of one length, numbers are not whole or `quantile` is not in (0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> waits = quantiles(np.arange(1.0, 2001.0), None, np.arange(2000) % 2, quantile=0.5)
    >>> waits.n, waits.value, waits.std_error.round(2)  # 1, 3, 5, ... and 2, 4, 6, ...
    (array([1000., 1000.]), array([1000., 1001.]), array([31.62, 31.62]))
    """
    return woodruff(
        *quantile_inputs_of(values, unit, arm, quantile=quantile, experiment=experiment)
    )


def quantile_inputs_of(
    values: npt.ArrayLike,
    unit: npt.ArrayLike | None,
    arm: npt.ArrayLike,
    *,
    quantile: float,
    experiment: npt.ArrayLike | None = None,
) -> tuple[JointMoments, OrderStatistics]:
    """Find the inputs of `woodruff` in raw observations: what the SQL above gives.

    Parameters
    ----------
    values, unit, arm : array of shape (n,)
        As in `quantiles`.
    quantile : float
        Share below the quantile, such as 0.9.
    experiment : array of int, shape (k,), optional
        As in `quantiles`.

    Returns
    -------
    tuple of JointMoments and OrderStatistics, fields of shape (k,)
        One element per arm; NaN for an arm without observations.

    Raises
    ------
    ArgumentError
        If arrays are not of one length, numbers are not whole or `quantile` is not in (0, 1).
    """
    q = float(probability("quantile", quantile))
    numbers, units, arms = observations(values, unit, arm)
    size = int(arms.max(initial=-1)) + 1
    pooled_into = _experiments(experiment, size)
    order = np.argsort(np.where(np.isfinite(numbers), numbers, np.nan))
    order = order[: np.isfinite(numbers).sum()]  # NaN is last
    numbers, units, arms = numbers[order], units[order], arms[order]
    pool = _Sorted.of(numbers, pooled_into[arms], int(pooled_into.max(initial=-1)) + 1)
    threshold = pool.at(np.full(pool.count.size, q))
    below = (numbers <= threshold[pooled_into[arms]]).astype(np.float64)
    indicator = moments_of_clusters(below, units, arms, size)
    shares = woodruff_shares(indicator, q)
    ordered = _Sorted.of(numbers, arms, size)
    found = OrderStatistics(
        quantile=np.full(size, q),
        value=ordered.at(np.full(size, q)),
        lower=ordered.at(shares.lower),
        upper=ordered.at(shares.upper),
        largest_gap=ordered.largest_gap(shares.lower, shares.upper),
    )
    return indicator, found


@dataclass(frozen=True)
class _Sorted:
    """Samples sorted one after the other."""

    values: FloatArray
    start: IntArray
    count: IntArray

    @classmethod
    def of(cls, values: FloatArray, sample: IntArray, size: int) -> _Sorted:
        """Split values that are sorted as a whole into samples."""
        count = np.bincount(sample, minlength=size)
        # Numbers of 16 bits are sorted by counting.
        key = sample.astype(np.uint16) if size <= 2**16 else sample
        values = values[np.argsort(key, kind="stable")]
        # One more, never part of a result, so that a last element has a neighbour.
        return cls(np.append(values, np.nan), np.cumsum(count) - count, count)

    def position(self, share: FloatArray) -> tuple[IntArray, FloatArray]:
        """Place of the observation at or before a share, and how far on it lies."""
        with np.errstate(invalid="ignore"):
            inside = (share >= 0) & (share <= 1) & (self.count > 0)
        place = np.where(inside, share, 0.0) * np.maximum(self.count - 1, 0)
        whole = np.floor(place)
        return self.start + whole.astype(np.int64), np.where(inside, place - whole, np.nan)

    def at(self, share: FloatArray) -> FloatArray:
        """Values at shares, interpolated linearly (type 7)."""
        place, fraction = self.position(share)
        low = self.values[place]
        following = self.values[np.minimum(place + 1, self.values.size - 1)]
        step = np.where(fraction > 0, following - low, 0.0)
        return np.asarray(low + fraction * step)

    def largest_gap(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Largest distance between neighbours from one share to another."""
        first, _ = self.position(lower)
        last, fraction = self.position(upper)
        last = np.where(fraction > 0, last + 1, last)
        steps = np.append(np.diff(self.values), np.nan)
        slices = np.column_stack([first, np.maximum(last, first)]).ravel()
        largest = np.maximum.reduceat(steps, slices)[::2]
        largest = np.where(last > first, largest, 0.0)
        return np.where(np.isnan(lower + upper), np.nan, largest)


def _experiments(experiment: npt.ArrayLike | None, size: int) -> IntArray:
    """Experiment of each arm."""
    if experiment is None:
        return np.zeros(size, np.int64)
    index = np.asarray(experiment)
    if index.shape != (size,) or not np.issubdtype(index.dtype, np.integer) or (index < 0).any():
        msg = f"`experiment` must be {size} whole numbers from 0, got {experiment!r}"
        raise ArgumentError(msg)
    return index.astype(np.int64)
