"""E-values: evidence that may be looked at at any time and multiplied, and corrections of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.arguments import not_negative, numbers, probability
from experimentos.multiplicity.correction import Correction, check_p_values
from experimentos.multiplicity.false_discovery import benjamini_hochberg

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, IntArray


def e_benjamini_hochberg(
    e: FloatArray, family: IntArray, *, level: FloatArray, sizes: FloatArray | None = None
) -> Correction:
    r"""Control the false discovery rate with e-values, whatever the dependence between them.

    Parameters
    ----------
    e : array of shape (k,)
        E-values: not negative, with an expectation of at most 1 under the hypothesis.
    family : array of int, shape (k,)
        Family of each hypothesis, numbered from 0.
    level : array of shape (k,)
        False discovery rate, equal within a family.
    sizes : array of shape (k,), optional
        Hypotheses in the family; at least those given. A missing e-value (NaN) counts as 0.
        Default: those given.

    Returns
    -------
    Correction, fields of shape (k,)
        `p_value` is the smallest level at which each is rejected; ``1 / e`` is at most `level`
        exactly where rejected.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    Rejects the :math:`\hat k` largest, :math:`\hat k = \max\{k: k e_{[k]} \ge m / \alpha\}` [1]_:
    Benjamini and Hochberg's procedure on :math:`1 / e`, which needs no positive dependence here.
    E-values of experiments that are stopped at any time may be used.

    References
    ----------
    .. [1] R. Wang, A. Ramdas (2022), Journal of the Royal Statistical Society B 84, 822-852.

    Examples
    --------
    >>> e, family = np.array([50.0, 30.0, 2.0]), np.zeros(3, dtype=int)
    >>> e_benjamini_hochberg(e, family, level=np.full(3, 0.05)).p_value  # 3 / (2 * 30)
    array([0.05, 0.05, 0.5 ])
    """
    values = not_negative("e", e)
    with np.errstate(divide="ignore"):
        return benjamini_hochberg(np.minimum(1.0, 1 / values), family, level=level, sizes=sizes)


def e_value(p: npt.ArrayLike, *, exponent: float | None = None) -> FloatArray:
    r"""Turn p-values into e-values.

    Parameters
    ----------
    p : array
        P-values; of always-valid tests, at the time of stopping.
    exponent : float, optional
        :math:`\kappa`, between 0 and 1: smaller is stronger for very small p-values. Default: the
        average over all, which needs no choice.

    Returns
    -------
    array of the shape of `p`
        E-values; infinite for a p-value of 0, NaN where `p` is.

    Raises
    ------
    ArgumentError
        If a p-value is outside [0, 1] or `exponent` outside (0, 1).

    Notes
    -----
    :math:`\kappa p^{\kappa - 1}`, or :math:`\int_0^1 \kappa p^{\kappa-1} d\kappa =
    (1 - p + p \log p) / (p \log^2 p)` [1]_ [2]_. Their expectation is 1 where p is uniform. The
    inverse of a p-value is no e-value. An always-valid p-value is a p-value at any stopping time,
    so that this is an e-value at it.

    References
    ----------
    .. [1] V. Vovk, R. Wang (2021), Annals of Statistics 49, 1736-1754.
    .. [2] G. Shafer, A. Shen, N. Vereshchagin, V. Vovk (2011), Statistical Science 26, 84-101.

    Examples
    --------
    >>> e_value([0.5, 0.01, 0.0001]).round(3)
    array([  0.639,   4.451, 117.762])
    >>> e_value([0.5, 0.01, 0.0001], exponent=0.5).round(3)
    array([ 0.707,  5.   , 50.   ])
    """
    values = check_p_values(numbers("p", p))
    with np.errstate(all="ignore"):
        length = -np.log(values)
        if exponent is not None:
            power = float(probability("exponent", exponent))
            return power * np.exp((1 - power) * length)
        # (exp(x) - 1 - x) / x^2 loses its digits where x is small.
        series = 1 / 2 + length * (1 / 6 + length * (1 / 24 + length * (1 / 120 + length / 720)))
        mixture = (np.expm1(length) - length) / length**2
        mixture = np.where(length < 1e-2, series, mixture)
        return np.where(values == 0, np.inf, mixture)
