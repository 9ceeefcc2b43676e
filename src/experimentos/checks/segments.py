"""Sample ratios within the levels of segments, corrected for their number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experimentos.arguments import numbers, probability
from experimentos.checks.sample_ratio import fixed
from experimentos.errors import ArgumentError
from experimentos.multiplicity import holm

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, FloatArray, IntArray

LEVEL = 0.001


@dataclass(frozen=True)
class SegmentCheck:
    """Sample-ratio checks of the levels of segments.

    Parameters
    ----------
    p_value : array of shape (k,)
        Uncorrected; NaN where undefined.
    p_value_corrected : array of shape (k,)
        Holm over the levels of the segment.
    fails : array of bool, shape (k,)
        Whether the corrected p-value is at most the level: the readout of this level of the
        segment is not to be trusted.
    is_exact : array of int, shape (k,)
        One where the exact test was used, else 0.
    """

    p_value: FloatArray
    p_value_corrected: FloatArray
    fails: BoolArray
    is_exact: IntArray


def by_segment(
    counts: FloatArray, shares: FloatArray, segment: IntArray, *, level: float = LEVEL
) -> SegmentCheck:
    """Test of planned shares within each level of segments.

    Parameters
    ----------
    counts, shares : array of shape (k, v)
        Units and planned shares of each variant, one row per level, as in
        `sample_ratio.chi_square`.
    segment : array of int, shape (k,)
        Segment (such as country) whose level the row is, numbered from 0: a family of the
        correction.
    level : float
        Probability to fail any level of a segment whose shares are all as planned.

    Returns
    -------
    SegmentCheck, fields of shape (k,)
        A level whose test is undefined counts for the size of the family, and is NaN itself.

    Raises
    ------
    ArgumentError
        If shapes do not fit, a count is negative, a share not positive or `level` outside (0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> shares, country = np.full((3, 2), 0.5), np.zeros(3, dtype=int)
    >>> counts = np.array([[5000.0, 5400.0], [800.0, 790.0], [3.0, 9.0]])
    >>> found = by_segment(counts, shares, country)
    >>> found.p_value_corrected.round(3), found.fails
    (array([0.   , 0.802, 0.167]), array([ True, False, False]))
    """
    p_value, is_exact = fixed(counts, shares)
    corrected, fails = correct_levels(p_value, segment, level=level)
    return SegmentCheck(p_value, corrected, fails, is_exact)


def correct_levels(
    p_value: FloatArray, segment: IntArray, *, level: float = LEVEL
) -> tuple[FloatArray, BoolArray]:
    """Correct p-values of the levels of segments, such as anytime-valid ones.

    Parameters
    ----------
    p_value : array of shape (k,)
        One per level of a segment; NaN where undefined.
    segment : array of int, shape (k,)
        Segment whose level it is, numbered from 0.
    level : float
        Probability to fail any level of a segment whose shares are all as planned.

    Returns
    -------
    p_value_corrected : array of shape (k,)
        Holm over the levels of the segment.
    fails : array of bool, shape (k,)
        Whether it is at most the level.

    Raises
    ------
    ArgumentError
        If the shapes differ, a segment is negative or `level` is outside (0, 1).
    """
    p_value, segment = numbers("p_value", p_value), np.asarray(segment)
    if p_value.shape != segment.shape or p_value.ndim != 1:
        msg = (
            f"`segment` must have one number per row, got shape {segment.shape} for {p_value.shape}"
        )
        raise ArgumentError(msg)
    if (segment < 0).any():
        msg = f"`segment` must be 0 or more, got {int(segment.min())}"
        raise ArgumentError(msg)
    correction = holm(p_value, segment, level=probability("level", level, p_value.shape))
    return correction.p_value, correction.rejected
