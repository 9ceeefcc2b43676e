"""Were the arms alike before exposure? Chance makes some differ, and adjustment removes that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.estimators import compare
from experimentos.inference import no_effect, welch
from experimentos.multiplicity import holm

if TYPE_CHECKING:
    from experimentos.estimators import Comparison
    from experimentos.moments import FloatArray, IntArray, Moments

LEVEL = 0.001


def balance(
    control: Moments, treatment: Moments, family: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Test that a covariate has one mean in both arms, corrected over covariates and arms.

    Parameters
    ----------
    control, treatment : Moments, fields of shape (k,)
        Moments of the covariate in the two arms; NaN where a metric has none.
    family : array of int, shape (k,)
        Readout of each comparison, numbered from 0; Holm is over its comparisons with a covariate.

    Returns
    -------
    p_value, p_value_corrected : array of shape (k,)
        Two-sided, by Welch's test; NaN where the test is undefined, and outside the family.

    Examples
    --------
    >>> from experimentos.moments import Moments
    >>> control = Moments(n=[10.0, 10.0], mean=[0.75, 1.0], m2=[28.805, 9.0])
    >>> treatment = Moments(n=[10.0, 10.0], mean=[2.33, 1.0], m2=[36.081, 9.0])
    >>> p_value, corrected = balance(control, treatment, np.array([0, 0]))
    >>> corrected.round(5)  # Student's sleep data, twice its p-value; and two equal means
    array([0.15879, 1.     ])
    """
    return balance_of(compare(control, treatment), family)


def balance_of(comparison: Comparison, family: IntArray) -> tuple[FloatArray, FloatArray]:
    """Test that a covariate has one mean in both arms, which may be combined of phases.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Means of the covariate in the two arms; NaN where a metric has none.
    family : array of int, shape (k,)
        As for `balance`.

    Returns
    -------
    p_value, p_value_corrected : array of shape (k,)
        As for `balance`.
    """
    p_value = welch.tails(comparison, no_effect(comparison)).two_sided
    corrected = np.full_like(p_value, np.nan)
    known = ~np.isnan(p_value)
    level = np.full(int(known.sum()), LEVEL)
    corrected[known] = holm(p_value[known], family[known], level=level).p_value
    return p_value, corrected
