"""Power, units and detectable effects of Welch's test for means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.power.contrasts import checked_units
from experimentos.power.margins import superiority_detectable, superiority_power, superiority_units
from experimentos.power.outcomes import Means

if TYPE_CHECKING:
    from experimentos.moments import FloatArray
    from experimentos.power.units import Units


def means_power(
    effect: npt.ArrayLike, n_control: npt.ArrayLike, n_treatment: npt.ArrayLike, *,
    sd_control: npt.ArrayLike = 1.0, sd_treatment: npt.ArrayLike | None = None,
    alpha: npt.ArrayLike = 0.05, sides: int = 2,
) -> FloatArray:  # fmt: skip
    r"""Power of Welch's test of no difference.

    Parameters
    ----------
    effect : float or array of shape (k,)
        True difference, in metric units; if one-sided, positive is what is to be shown.
    n_control, n_treatment : float or array of shape (k,)
        Units.
    sd_control : float or array of shape (k,)
        Standard deviation of a control unit, in metric units.
    sd_treatment : float or array of shape (k,), optional
        Of a treatment unit. Default: that of control.
    alpha : float or array of shape (k,)
        Error rate, of both sides together if there are two.
    sides : int
        1 or 2; a two-sided test may reject on either side.

    Returns
    -------
    array of shape (k,)
        NaN where an arm has fewer than two units or neither varies.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    :math:`P(T_{\nu, \delta} > t_{\nu, 1 - \alpha})` of noncentral t with :math:`\delta = d /
    \sqrt{s_c^2/n_c + s_t^2/n_t}` and Welch's degrees of freedom at the true deviations: exact for
    normal units of equal deviation and as many in each arm, a close approximation otherwise [1]_.

    References
    ----------
    .. [1] H. Moser, G. R. Stevens, C. L. Watts (1989), Communications in Statistics - Theory and
       Methods 18, 3963-3975.

    Examples
    --------
    >>> means_power(1.0, 20, 20).round(7)  # R: power.t.test(n = 20, delta = 1, strict = TRUE)
    np.float64(0.868953)
    """
    outcome = Means(effect, sd_control=sd_control, sd_treatment=sd_treatment)
    return superiority_power(outcome, 0.0, n_control, n_treatment, alpha=alpha, sides=sides)


def means_units(
    effect: npt.ArrayLike, *, power: npt.ArrayLike = 0.8, ratio: npt.ArrayLike = 1.0,
    sd_control: npt.ArrayLike = 1.0, sd_treatment: npt.ArrayLike | None = None,
    alpha: npt.ArrayLike = 0.05, sides: int = 2,
) -> Units:  # fmt: skip
    """Units with which Welch's test finds an effect.

    Parameters
    ----------
    effect : float or array of shape (k,)
        True difference, in metric units; if one-sided, positive is what is to be shown.
    power : float or array of shape (k,)
        Probability to find it.
    ratio : float or array of shape (k,)
        Treatment units per control unit.
    sd_control : float or array of shape (k,)
        Standard deviation of a control unit, in metric units.
    sd_treatment : float or array of shape (k,), optional
        Of a treatment unit. Default: that of control.
    alpha : float or array of shape (k,)
        Error rate, of both sides together if there are two.
    sides : int
        1 or 2.

    Returns
    -------
    Units, fields of shape (k,)
        At least two in each arm; infinite without an effect; NaN without a deviation.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> means_units(1.0, power=0.9).control.round(5)  # R: power.t.test(power = 0.9, delta = 1)
    np.float64(22.02109)
    """
    outcome = Means(effect, sd_control=sd_control, sd_treatment=sd_treatment)
    return superiority_units(outcome, 0.0, power=power, ratio=ratio, alpha=alpha, sides=sides)


def means_detectable(
    n_control: npt.ArrayLike, n_treatment: npt.ArrayLike, *, power: npt.ArrayLike = 0.8,
    sd_control: npt.ArrayLike = 1.0, sd_treatment: npt.ArrayLike | None = None,
    alpha: npt.ArrayLike = 0.05, sides: int = 2,
) -> FloatArray:  # fmt: skip
    """Smallest effect that Welch's test finds with a power.

    Parameters
    ----------
    n_control, n_treatment : float or array of shape (k,)
        Units.
    power : float or array of shape (k,)
        Probability to find it.
    sd_control : float or array of shape (k,)
        Standard deviation of a control unit, in metric units.
    sd_treatment : float or array of shape (k,), optional
        Of a treatment unit. Default: that of control.
    alpha : float or array of shape (k,)
        Error rate, of both sides together if there are two.
    sides : int
        1 or 2.

    Returns
    -------
    array of shape (k,)
        0 or more, in metric units; NaN where the test is undefined.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> means_detectable(20, 20, power=0.9).round(6)  # R: power.t.test(n = 20, power = 0.9)
    np.float64(1.051993)
    """
    outcome = Means(0.0, sd_control=sd_control, sd_treatment=sd_treatment)
    return superiority_detectable(
        outcome, 0.0, *checked_units(n_control, n_treatment), power=power, alpha=alpha, sides=sides
    )


def sixteen_rule(effect: npt.ArrayLike, sd: npt.ArrayLike = 1.0) -> FloatArray:
    r"""Units in each arm by the rule of thumb for 80 % power at 5 %.

    Parameters
    ----------
    effect : float or array of shape (k,)
        True difference, in metric units.
    sd : float or array of shape (k,)
        Standard deviation of a unit, in metric units.

    Returns
    -------
    array of shape (k,)
        About 2 % above the exact number for large samples; infinite without an effect.

    Notes
    -----
    :math:`16 \sigma^2 / d^2` [1]_, from :math:`2 (1.96 + 0.84)^2 = 15.7`.

    References
    ----------
    .. [1] R. Kohavi, D. Tang, Y. Xu (2020), Trustworthy Online Controlled Experiments, chapter 17.

    Examples
    --------
    >>> sixteen_rule(0.1)
    np.float64(1600.0)
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(16 * (np.asarray(sd) / np.asarray(effect, dtype=np.float64)) ** 2)[()]
