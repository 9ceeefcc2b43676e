"""Standard errors of relative changes, from what the table of effects has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experimentos.arguments import numbers, same_shape

if TYPE_CHECKING:
    import numpy.typing as npt

    from experimentos.moments import FloatArray


def lift_error(
    estimate: npt.ArrayLike,
    std_error: npt.ArrayLike,
    value_control: npt.ArrayLike,
    n_control: npt.ArrayLike,
    n_treatment: npt.ArrayLike,
) -> FloatArray:
    r"""Return the standard error of a relative change from that of the difference.

    Parameters
    ----------
    estimate, std_error : array of shape (k,)
        Treatment less control and its standard error, in metric units.
    value_control : array of shape (k,)
        Value of control.
    n_control, n_treatment : array of shape (k,)
        Units.

    Returns
    -------
    array of shape (k,)
        NaN where the value of control is not above 0, or a count is not.

    Notes
    -----
    Delta method, with the variance of the difference divided between the arms as if units of both
    varied alike: :math:`(v_t + (1 + \ell)^2 v_c) / c^2`, :math:`v_c = v\, n_t / (n_c + n_t)`.

    Examples
    --------
    >>> lift_error([1.0], [0.5], [10.0], [100.0], [100.0]).round(4)
    array([0.0526])
    """
    difference, error = numbers("estimate", estimate), numbers("std_error", std_error)
    control = numbers("value_control", value_control)
    n_c, n_t = numbers("n_control", n_control), numbers("n_treatment", n_treatment)
    same_shape(
        estimate=difference, std_error=error, value_control=control, n_control=n_c, n_treatment=n_t
    )
    usable = (control > 0) & (n_c > 0) & (n_t > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = n_t / (n_c + n_t)
        ratio = 1 + difference / control
        variance = error**2 * ((1 - share) + ratio**2 * share) / control**2
    return np.where(usable, np.sqrt(variance), np.nan)
