"""Moments of samples from the values of their units, or from sums: the edge of the library.

Everything after this reads centred moments only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.arguments import numbers
from experimentos.errors import ArgumentError, MomentsError
from experimentos.moments import (
    JOINT_VARIABLES,
    FloatArray,
    IntArray,
    JointMoments,
    Moments,
    divide,
    from_sums,
    second_moments,
    without_rounding,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


def from_values(
    values: npt.ArrayLike, group: npt.ArrayLike | None = None, *, size: int | None = None
) -> Moments:
    r"""Moments from the values of units, centred in two passes.

    Parameters
    ----------
    values : array of shape (units,)
        One value per unit, in metric units. A NaN makes the moments of its group NaN, and of no
        other: leave out the units that have no value.
    group : array of int or bool, shape (units,), optional
        Sample of each unit, numbered from 0; default: one sample.
    size : int, optional
        Number of samples; default: one more than the largest number in `group`.

    Returns
    -------
    Moments, fields of shape (size,)
        A sample without units has `n` 0 and is NaN otherwise.

    Raises
    ------
    ArgumentError
        If the shapes differ, or a group is not a whole number from 0 to ``size - 1``.

    Notes
    -----
    :math:`M_2 = \sum r^2 - (\sum r)^2 / n` with the residuals :math:`r` about a first mean: the
    second term takes off what the rounding of that mean adds [1]_. Right for values of 1e15 that
    differ by 1.

    References
    ----------
    .. [1] T. F. Chan, G. H. Golub, R. J. LeVeque (1983), The American Statistician 37, 242-247.

    Examples
    --------
    >>> from_values([1.0, 3.0, 5.0, 7.0, 7.0], [0, 0, 0, 1, 1]).m2
    array([8., 0.])
    """
    data = _units("values", values)
    label, n = _groups(data.size, group, size)
    mean, residual = _centre(data, label, n)
    m2 = without_rounding(n, mean, _sum_of_products(residual, residual, label, n))
    return Moments(n=n, mean=mean, m2=m2)


def joint_from_values(
    num: npt.ArrayLike,
    den: npt.ArrayLike | None = None,
    *,
    num_cov: npt.ArrayLike | None = None,
    den_cov: npt.ArrayLike | None = None,
    group: npt.ArrayLike | None = None,
    size: int | None = None,
) -> JointMoments:
    """Joint moments from the values of units, centred in two passes.

    Parameters
    ----------
    num, den : array of shape (units,)
        Numerator and denominator of each unit; without a denominator it is the mean of `num`.
    num_cov, den_cov : array of shape (units,), optional
        Covariate of the numerator, and of the denominator where the covariate is a ratio too.
    group : array of int or bool, shape (units,), optional
        Sample of each unit, numbered from 0; default: one sample.
    size : int, optional
        Number of samples; default: one more than the largest number in `group`.

    Returns
    -------
    JointMoments, fields of shape (size,)
        What is not given is as in `JointMoments.of_mean`. A NaN makes NaN what it enters.

    Raises
    ------
    ArgumentError
        If the shapes differ, or a group is not a whole number from 0 to ``size - 1``.

    Examples
    --------
    >>> joint = joint_from_values([2.0, 6.0, 4.0], [1.0, 2.0, 3.0])  # orders, visits
    >>> joint.mean_num / joint.mean_den, joint.c2_num_den
    (array([2.]), array([2.]))
    """
    columns = {"num": num, "den": den, "num_cov": num_cov, "den_cov": den_cov}
    given = {name: _units(name, v) for name, v in columns.items() if v is not None}
    label, n = _groups(given["num"].size, group, size)
    means, residuals = {}, {}
    for name, data in given.items():
        if data.shape != label.shape:
            msg = f"`{name}` must have one value per unit, {label.size}, got {data.size}"
            raise ArgumentError(msg)
        means[name], residuals[name] = _centre(data, label, n)
    products = {
        (x, y): _sum_of_products(residuals[x], residuals[y], label, n)
        for x, y in second_moments().values()
        if x in residuals and y in residuals
    }
    for name in given:
        products[name, name] = without_rounding(n, means[name], products[name, name])
    return _joint(n, means, products)


def joint_from_sums(
    n: npt.ArrayLike,
    totals: Mapping[str, npt.ArrayLike],
    products: Mapping[tuple[str, str], npt.ArrayLike],
) -> JointMoments:
    """Joint moments from sums, sums of squares and of products, where they hold the variance.

    Parameters
    ----------
    n : array of shape (k,)
        Units.
    totals : mapping of str to array of shape (k,)
        Sums over units of ``num`` and, as far as there are any, ``den``, ``num_cov``, ``den_cov``.
    products : mapping of pair of str to array of shape (k,)
        Sums over units of the product of each pair of those, and of each with itself.

    Returns
    -------
    JointMoments, fields of shape (k,)
        What is not given is as in `JointMoments.of_mean`. NaN where `from_sums` is: of a product,
        where it is of either variable. That check is enough for products too, by the inequality of
        Cauchy and Schwarz.

    Raises
    ------
    ArgumentError
        If a name is unknown, or ``num`` or the product of a pair is missing.
    MomentsError
        If shapes differ, or no data have such sums.

    Examples
    --------
    >>> joint = joint_from_sums(  # orders 2, 6, 4 and visits 1, 2, 3
    ...     [3.0],
    ...     {"num": [12.0], "den": [6.0]},
    ...     {("num", "num"): [56.0], ("num", "den"): [26.0], ("den", "den"): [14.0]},
    ... )
    >>> joint.m2_num, joint.c2_num_den
    (array([8.]), array([2.]))
    """
    pairs = _pairs(totals, products)
    units = np.asarray(n, dtype=np.float64)
    moments = {}
    for name, total in totals.items():
        try:
            moments[name] = from_sums(units, total, pairs[name, name])
        except MomentsError as error:
            msg = f"joint_from_sums, {name!r}: {error}"
            raise MomentsError(msg) from None
    centred = {(x, x): found.m2 for x, found in moments.items()}
    for x, y in pairs:
        if x != y:
            centred[x, y] = _centred_product(pairs[x, y], moments[x], moments[y], (x, y))
    return _joint(units, {name: found.mean for name, found in moments.items()}, centred)


def _pairs(
    totals: Mapping[str, npt.ArrayLike], products: Mapping[tuple[str, str], npt.ArrayLike]
) -> dict[tuple[str, str], FloatArray]:
    """List the sums of products by pair, in the order of `JOINT_VARIABLES`."""
    if "num" not in totals or not set(totals) <= set(JOINT_VARIABLES):
        msg = f"`totals` must have 'num' and may have {JOINT_VARIABLES[1:]}, got {list(totals)}"
        raise ArgumentError(msg)
    wanted = [pair for pair in second_moments().values() if set(pair) <= set(totals)]
    unknown = [pair for pair in products if pair not in wanted and pair[::-1] not in wanted]
    missing = [pair for pair in wanted if pair not in products and pair[::-1] not in products]
    if missing or unknown:
        msg = f"`products` must have the pairs {wanted}, got {list(products)}"
        raise ArgumentError(msg)
    given = {pair: products[pair if pair in products else pair[::-1]] for pair in wanted}
    return {pair: np.asarray(sums, dtype=np.float64) for pair, sums in given.items()}


def _centred_product(
    total: FloatArray, first: Moments, second: Moments, pair: tuple[str, str]
) -> FloatArray:
    """Sum of products of deviations, within what the two sums of squares allow."""
    if total.shape != first.n.shape:
        msg = f"joint_from_sums, {pair}: shape must be {first.n.shape}, got {total.shape}"
        raise MomentsError(msg)
    with np.errstate(invalid="ignore", over="ignore"):
        expected = first.n * first.mean * second.mean
        product = total - expected
        largest = np.sqrt(first.m2) * np.sqrt(second.m2)
        rounding = 1e-9 * np.maximum(np.abs(total), np.abs(expected))
        impossible = np.abs(product) > largest * (1 + 1e-9) + rounding
    if impossible.any():
        where = int(np.flatnonzero(impossible)[0])
        msg = (
            f"joint_from_sums: the sum of products of {pair} must differ from its expectation by "
            f"at most {largest.flat[where]!r}, got {product.flat[where]!r}"
        )
        raise MomentsError(msg)
    return np.asarray(np.clip(product, -largest, largest))


def _joint(
    n: FloatArray, means: dict[str, FloatArray], products: dict[tuple[str, str], FloatArray]
) -> JointMoments:
    """Joint moments with what is not given as in `JointMoments.of_mean`."""
    constant = {"den", "den_cov"} - means.keys()
    found = {"n": n}
    for name in JOINT_VARIABLES:
        default = 1.0 if name in constant else np.nan
        found[f"mean_{name}"] = means.get(name, np.full(n.shape, default))
    for field, pair in second_moments().items():
        default = 0.0 if constant & set(pair) else np.nan
        found[field] = products.get(pair, np.full(n.shape, default))
    return JointMoments(**found)


def _units(name: str, values: npt.ArrayLike) -> FloatArray:
    data = numbers(name, values)
    if data.ndim != 1:
        msg = f"`{name}` must have one dimension, got shape {data.shape}"
        raise ArgumentError(msg)
    return data


def _groups(
    units: int, group: npt.ArrayLike | None, size: int | None
) -> tuple[IntArray, FloatArray]:
    """Sample of each unit, and the units of each sample."""
    label = np.zeros(units, dtype=np.int64) if group is None else np.asarray(group)
    if not label.size:
        label = label.astype(np.int64)  # an empty list is one of floats to NumPy
    if label.shape != (units,) or label.dtype.kind not in "biu":
        msg = (
            f"`group` must be whole numbers of shape {(units,)}, got {label.dtype} of shape "
            f"{label.shape}"
        )
        raise ArgumentError(msg)
    if size is not None and not (size >= 0 and size == int(size)):
        msg = f"`size` must be a whole number of 0 or more, got {size!r}"
        raise ArgumentError(msg)
    label = label.astype(np.int64)
    largest = int(label.max(initial=-1))
    count = size if size is not None else 1 if group is None else largest + 1
    if label.min(initial=0) < 0 or largest >= count:
        wrong = min(int(label.min(initial=0)), 0) or largest
        msg = f"`group` must be from 0 to {count - 1}, got {wrong}"
        raise ArgumentError(msg)
    return label, np.bincount(label, minlength=count).astype(np.float64)


def _centre(data: FloatArray, label: IntArray, n: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean of each group, refined once, and the deviation of each unit from its group's."""
    with np.errstate(invalid="ignore", over="ignore"):
        mean = divide(_sums(data, label, n), n)
        mean = mean + divide(_sums(data - mean[label], label, n), n)
        return mean, data - mean[label]


def _sum_of_products(x: FloatArray, y: FloatArray, label: IntArray, n: FloatArray) -> FloatArray:
    """Sum of products of deviations within groups, without what the means' rounding adds."""
    with np.errstate(invalid="ignore", over="ignore"):
        first, second, product = (_sums(values, label, n) for values in (x, y, x * y))
        return np.where(n > 0, product - first * divide(second, n), np.nan)


def _sums(values: FloatArray, label: IntArray, n: FloatArray) -> FloatArray:
    return np.bincount(label, weights=values, minlength=n.size).astype(np.float64)
