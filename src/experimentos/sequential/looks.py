"""What an always-valid method gives at each look, and what holds over the looks so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experimentos.errors import ArgumentError
from experimentos.moments import FloatArray, _ArrayStruct
from experimentos.sequential.normal_mixture import critical_value, log_e_value

if TYPE_CHECKING:
    import numpy.typing as npt

    from experimentos.estimators import Comparison
    from experimentos.moments import BoolArray


@dataclass(frozen=True)
class AlwaysValid(_ArrayStruct):
    """Estimate, evidence and limits that hold at every look together.

    Parameters
    ----------
    estimate, std_error : array of shape (k,) or (k, looks)
        Treatment minus control, in metric units; known before the sequence starts too.
    log_e_value : array of the same shape
        Logarithm of the evidence against the null hypothesis; may be negative.
    p_value : array of the same shape
        ``min(1, 1/e)``: below alpha exactly where the limits exclude the null hypothesis.
    lower, upper : array of the same shape
        Confidence sequence for the difference, in metric units; infinite on the side not looked at.
    """

    estimate: FloatArray
    std_error: FloatArray
    log_e_value: FloatArray
    p_value: FloatArray
    lower: FloatArray
    upper: FloatArray

    def so_far(self) -> AlwaysValid:
        """Evidence and limits over all looks up to each.

        Returns
        -------
        AlwaysValid, fields of shape (k, looks)
            Largest e-value, smallest p-value and intersection of the intervals along the last
            axis. The promises hold for these too; a limit may pass the other one where they fail
            or the effect drifts.
        """
        return AlwaysValid(
            estimate=self.estimate,
            std_error=self.std_error,
            log_e_value=np.fmax.accumulate(self.log_e_value, axis=-1),
            p_value=running_minimum(self.p_value),
            lower=np.fmax.accumulate(self.lower, axis=-1),
            upper=running_minimum(self.upper),
        )


def running_minimum(p_value: FloatArray) -> FloatArray:
    """Smallest p-value so far.

    Parameters
    ----------
    p_value : array of shape (k, looks)
        Always-valid p-values, looks in order along the last axis; NaN where not defined.

    Returns
    -------
    array of shape (k, looks)
        NaN until the first that is defined.

    Examples
    --------
    >>> running_minimum(np.array([np.nan, 0.3, np.nan, 0.02, 0.5]))
    array([ nan, 0.3 , 0.3 , 0.02, 0.02])
    """
    return np.asarray(np.fmin.accumulate(p_value, axis=-1))


def anytime_p_value(log_evidence: FloatArray) -> FloatArray:
    """P-value of an e-value.

    Parameters
    ----------
    log_evidence : array
        Logarithms of e-values.

    Returns
    -------
    array of the same shape
        ``min(1, 1/e)``.

    Examples
    --------
    >>> anytime_p_value(np.log([0.5, 20.0]))
    array([1.  , 0.05])
    """
    with np.errstate(under="ignore"):
        return np.asarray(np.exp(-np.maximum(log_evidence, 0.0)))


def has_enough(comparison: Comparison, minimum_n: float, minimum_events: float | None) -> BoolArray:
    """Tell where the normal approximation may start.

    Parameters
    ----------
    comparison : Comparison
        Two means, or rates where `minimum_events` is given.
    minimum_n : float
        Units needed in each arm.
    minimum_events : float, optional
        Events and non-events needed in each arm. None: not a rate.

    Returns
    -------
    array of bool, of the shape of the comparison
        False where a count is NaN.
    """
    n_c, n_t = comparison.n_control, comparison.n_treatment
    enough = np.minimum(n_c, n_t) >= minimum_n
    if minimum_events is None:
        return np.asarray(enough)
    for n, rate in ((n_c, comparison.mean_control), (n_t, comparison.mean_treatment)):
        # Products of rates and units are whole numbers only nearly.
        rarer = np.rint(np.minimum(rate, 1 - rate) * n)
        enough = enough & (rarer >= minimum_events)
    return np.asarray(enough)


def evaluate_mixture(
    comparison: Comparison, information: FloatArray, started: BoolArray, *,
    alpha: FloatArray, side: str, null: FloatArray,
) -> AlwaysValid:  # fmt: skip
    """Evidence and limits of a normal mixture.

    Parameters
    ----------
    comparison : Comparison of shape (k,) or (k, looks)
        Two means with their variances.
    information : array of the same shape
        Variance of the mixture divided by that of the estimate.
    started : array of bool, of the same shape
        Where the sequence has started; elsewhere it is NaN.
    alpha : array that broadcasts
        Error rate of the limits.
    side : str
        Direction of the effects looked for.
    null : array that broadcasts
        Difference under the null hypothesis.

    Returns
    -------
    AlwaysValid of the same shape
        NaN where the standard error is undefined or 0, too.
    """
    estimate, std_error = comparison.estimate, comparison.std_error
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        z = (estimate - null) / std_error
        half_width = critical_value(information, alpha=alpha, side=side) * std_error
        lower = np.where(side == "less", -np.inf, estimate - half_width)
        upper = np.where(side == "greater", np.inf, estimate + half_width)
    known = started & ~np.isnan(z) & ~np.isnan(half_width)
    evidence = np.where(known, log_e_value(z, information, side=side), np.nan)
    return AlwaysValid(
        estimate=estimate,
        std_error=std_error,
        log_e_value=evidence,
        p_value=anytime_p_value(evidence),
        lower=np.where(known, lower, np.nan),
        upper=np.where(known, upper, np.nan),
    )


def per_comparison(name: str, value: npt.ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    """Option of one number or one per comparison, laid out for looks.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : float or array of shape (k,), or of `shape`
        The option.
    shape : tuple of int
        ``(k,)`` or ``(k, looks)``.

    Returns
    -------
    array
        Broadcasts to `shape`; with looks, one per comparison becomes a column.

    Raises
    ------
    ArgumentError
        If it does not fit.
    """
    values = np.asarray(value, dtype=np.float64)
    if values.ndim == 1 and len(shape) > 1 and values.shape[0] == shape[0]:
        values = values.reshape(-1, *(1 for _ in shape[1:]))
    try:
        np.broadcast_to(values, shape)
    except ValueError:
        msg = (
            f"`{name}` must be one number, one per comparison or of shape {shape}, "
            f"got shape {np.shape(value)}"
        )
        raise ArgumentError(msg) from None
    return values
