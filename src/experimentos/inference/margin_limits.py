"""Limits beside the test of a margin, where that is another one than the limits invert."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.inference import exact_rates, stratified
from experimentos.inference.effect import Interval, null_at

if TYPE_CHECKING:
    from experimentos.inference.mixed import Goal, Mixed
    from experimentos.moments import BoolArray


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
