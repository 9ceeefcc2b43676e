"""Power, units and detectable effects of the score test for proportions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experimentos.power.margins import superiority_detectable, superiority_power, superiority_units
from experimentos.power.outcomes import Rates

if TYPE_CHECKING:
    import numpy.typing as npt

    from experimentos.moments import FloatArray
    from experimentos.power.units import Units


def proportions_power(
    rate_control: npt.ArrayLike, rate_treatment: npt.ArrayLike, n_control: npt.ArrayLike,
    n_treatment: npt.ArrayLike, *, goal: str = "increase", alpha: npt.ArrayLike = 0.05,
    sides: int = 2,
) -> FloatArray:  # fmt: skip
    r"""Power of the score test of no difference of rates: the pooled test.

    Parameters
    ----------
    rate_control, rate_treatment : float or array of shape (k,)
        True rates.
    n_control, n_treatment : float or array of shape (k,)
        Units.
    goal : str
        What a one-sided test is to show: ``increase`` or ``decrease``.
    alpha : float or array of shape (k,)
        Error rate, of both sides together if there are two.
    sides : int
        1 or 2; a two-sided test may reject on either side.

    Returns
    -------
    array of shape (k,)
        NaN where an arm has no units or both rates are 0, or both 1.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    :math:`\Phi\{(p_t - p_c - d - z_{1-\alpha} \sigma_0) / \sigma_1\}` with :math:`\sigma_1` from
    the true rates and :math:`\sigma_0` from the rates of largest likelihood given the difference
    :math:`d` at the expected outcome: pooled for :math:`d = 0`, else [1]_.

    References
    ----------
    .. [1] C. P. Farrington, G. Manning (1990), Statistics in Medicine 9, 1447-1454.

    Examples
    --------
    >>> proportions_power(0.5, 0.75, 50, 50).round(4)  # R: power.prop.test(50, 0.5, 0.75)
    np.float64(0.7402)
    """
    outcome = Rates(rate_control, rate_treatment)
    return superiority_power(
        outcome, 0.0, n_control, n_treatment, goal=goal, alpha=alpha, sides=sides
    )


def proportions_units(
    rate_control: npt.ArrayLike, rate_treatment: npt.ArrayLike, *, power: npt.ArrayLike = 0.8,
    ratio: npt.ArrayLike = 1.0, goal: str = "increase", alpha: npt.ArrayLike = 0.05,
    sides: int = 2,
) -> Units:  # fmt: skip
    """Units with which the score test finds a difference of rates.

    Parameters
    ----------
    rate_control, rate_treatment : float or array of shape (k,)
        True rates.
    power : float or array of shape (k,)
        Probability to find it.
    ratio : float or array of shape (k,)
        Treatment units per control unit.
    goal : str
        What a one-sided test is to show: ``increase`` or ``decrease``.
    alpha : float or array of shape (k,)
        Error rate, of both sides together if there are two.
    sides : int
        1 or 2.

    Returns
    -------
    Units, fields of shape (k,)
        At least one in each arm; infinite without a difference; NaN where undefined.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> proportions_units(0.5, 0.75, power=0.9).control.round(3)  # R: power.prop.test
    np.float64(76.707)
    """
    outcome = Rates(rate_control, rate_treatment)
    return superiority_units(
        outcome, 0.0, power=power, ratio=ratio, goal=goal, alpha=alpha, sides=sides
    )


def proportions_detectable(
    rate_control: npt.ArrayLike, n_control: npt.ArrayLike, n_treatment: npt.ArrayLike, *,
    power: npt.ArrayLike = 0.8, goal: str = "increase", alpha: npt.ArrayLike = 0.05,
    sides: int = 2,
) -> FloatArray:  # fmt: skip
    """Smallest difference of rates that the score test finds with a power.

    Parameters
    ----------
    rate_control : float or array of shape (k,)
        True rate of control.
    n_control, n_treatment : float or array of shape (k,)
        Units.
    power : float or array of shape (k,)
        Probability to find it.
    goal : str
        Whether a larger (``increase``) or a smaller treatment rate is looked for.
    alpha : float or array of shape (k,)
        Error rate, of both sides together if there are two.
    sides : int
        1 or 2.

    Returns
    -------
    array of shape (k,)
        0 or more whatever the goal; NaN where no rate is different enough.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> proportions_detectable(0.5, 50, 50, power=0.9).round(4)  # R: power.prop.test
    np.float64(0.3026)
    """
    return superiority_detectable(
        Rates(rate_control), 0.0, n_control, n_treatment, power=power, goal=goal, alpha=alpha,
        sides=sides,
    )  # fmt: skip
