"""Posteriors: what is believed after the data."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from experimentos.errors import ArgumentError
from experimentos.moments import FloatArray, _ArrayStruct


@dataclass(frozen=True)
class BetaPosterior(_ArrayStruct):
    """Beta posteriors of rates.

    Parameters
    ----------
    a, b : array of shape (k,) or (k, arms)
        Events and non-events, those of the prior included. NaN means undefined.

    Raises
    ------
    ArgumentError
        If one is not positive and finite.
    """

    a: FloatArray
    b: FloatArray

    def _check(self) -> None:
        for field in fields(self):
            _refuse(field.name, "positive and finite", getattr(self, field.name), zero=True)

    @property
    def mean(self) -> FloatArray:
        """Posterior mean of the rate."""
        return np.asarray(self.a / (self.a + self.b))


@dataclass(frozen=True)
class NormalPosterior(_ArrayStruct):
    """Normal posteriors of means, independent between arms.

    Parameters
    ----------
    mean : array of shape (k,) or (k, arms)
        In metric units.
    sd : array of shape (k,) or (k, arms)
        Standard deviations. NaN means undefined, and so does 0.

    Raises
    ------
    ArgumentError
        If `sd` is negative or infinite.
    """

    mean: FloatArray
    sd: FloatArray

    def _check(self) -> None:
        _refuse("sd", "0 or more and finite", self.sd, zero=False)


@dataclass(frozen=True)
class MeansPosterior(_ArrayStruct):
    """Joint normal posterior of the mean of control and the difference of the means.

    Parameters
    ----------
    control, difference : array of shape (k,)
        Posterior means of control's mean and of treatment minus control, in metric units.
    var_control, var_difference : array of shape (k,)
        Their variances, in metric units squared.
    covariance : array of shape (k,)
        Their covariance; minus `var_control` for independent arms under flat priors.
    """

    control: FloatArray
    difference: FloatArray
    var_control: FloatArray
    var_difference: FloatArray
    covariance: FloatArray

    @property
    def treatment(self) -> FloatArray:
        """Posterior mean of treatment's mean, in metric units."""
        return self.control + self.difference

    @property
    def sd_difference(self) -> FloatArray:
        """Deviation of the difference, in metric units; NaN where undefined or 0."""
        with np.errstate(invalid="ignore"):
            return np.where(self.var_difference > 0, np.sqrt(self.var_difference), np.nan)


def _refuse(name: str, rule: str, values: FloatArray, *, zero: bool) -> None:
    """Refuse negative and infinite values, and zeros if told to."""
    bad = np.isinf(values) | (values < 0) | ((values == 0) & zero)
    if bad.any():
        msg = f"`{name}` must be {rule}, got {float(values[bad][0])!r}"
        raise ArgumentError(msg)
