"""Sums over the rows of a group: the arms of a metric, or the strata of a comparison."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from experimentos.errors import ArgumentError
from experimentos.moments import (
    JOINT_VARIABLES,
    FloatArray,
    IntArray,
    JointMoments,
    Moments,
    divide,
    second_moments,
)

AnyMoments = TypeVar("AnyMoments", Moments, JointMoments)


def group_codes(name: str, value: npt.ArrayLike, size: int) -> IntArray:
    """Whole numbers from 0 that say which rows belong together.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : array-like of int, shape (k,)
        Codes.
    size : int
        Number of rows.

    Returns
    -------
    array of int, shape (k,)
        The codes.

    Raises
    ------
    ArgumentError
        If they are not whole numbers of 0 or more, or not one for each row.

    Examples
    --------
    >>> group_codes("group", [0, 0, -1], 3)
    Traceback (most recent call last):
        ...
    experimentos.errors.ArgumentError: `group` must be whole numbers from 0, got -1
    """
    codes = np.asarray(value)
    if codes.shape != (size,):
        msg = f"`{name}` must be of shape ({size},), one code for each row, got {codes.shape}"
        raise ArgumentError(msg)
    if codes.size and codes.dtype.kind not in "iu":
        msg = f"`{name}` must be whole numbers from 0, got an array of {codes.dtype}"
        raise ArgumentError(msg)
    if codes.size and codes.min() < 0:
        msg = f"`{name}` must be whole numbers from 0, got {codes.min()}"
        raise ArgumentError(msg)
    return codes.astype(np.int64, copy=False)


def totals(group: IntArray, values: FloatArray) -> FloatArray:
    """Sum of the rows of each group.

    Parameters
    ----------
    group : array of int, shape (k,)
        Group of each row, numbered from 0.
    values : array of shape (k, ...)
        Numbers, vectors or matrices.

    Returns
    -------
    array of shape (g, ...)
        One element per group; a NaN stays in its group.
    """
    columns = values.reshape(values.shape[0], int(np.prod(values.shape[1:])))
    groups = int(group.max()) + 1 if group.size else 0
    sums = np.empty((groups, columns.shape[1]))
    for column in range(columns.shape[1]):
        sums[:, column] = np.bincount(group, weights=columns[:, column], minlength=groups)
    return sums.reshape(groups, *values.shape[1:])


def centre(
    group: IntArray, weight: FloatArray, values: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Weighted mean of the rows of each group, and what each row differs by.

    Parameters
    ----------
    group : array of int, shape (k,)
        Group of each row, numbered from 0.
    weight : array of shape (k, ...)
        Weights, such as units; rows of weight 0 count nothing, whatever their value.
    values : array of shape (k, ...)
        Numbers.

    Returns
    -------
    mean : array of shape (g, ...)
        One element per group.
    away : array of shape (k, ...)
        Rows less their group's mean, 0 where the weight is 0. Both are taken from a row of the
        group on, so that a large mean costs no digits.
    """
    origin = np.zeros((int(group.max()) + 1 if group.size else 0, *values.shape[1:]))
    rows = np.nonzero(np.isfinite(values) & (weight != 0))
    origin[(group[rows[0]], *rows[1:])] = values[rows]
    away = np.where(weight == 0, 0.0, values - origin[group])
    shift = divide(totals(group, weight * away), totals(group, weight))
    return origin + shift, np.where(weight == 0, 0.0, away - shift[group])


def pool(moments: AnyMoments, group: npt.ArrayLike) -> AnyMoments:
    r"""Moments of the union of the samples of each group.

    Parameters
    ----------
    moments : Moments or JointMoments, fields of shape (k,)
        Disjoint samples, such as the strata of an arm, the arms of a metric, or days.
    group : array of int, shape (k,)
        Group of each sample, numbered from 0.

    Returns
    -------
    Moments or JointMoments, fields of shape (g,)
        One element per group. Samples without units change nothing; a group that has only such
        ones is NaN.

    Raises
    ------
    ArgumentError
        If `group` has another shape or holds anything but whole numbers from 0.

    Notes
    -----
    :math:`C(x, y) = \sum_j C_j(x, y) + \sum_j n_j (\bar x_j - \bar x)(\bar y_j - \bar y)`.

    Examples
    --------
    >>> strata = Moments(n=[2.0, 1.0], mean=[1.0, 4.0], m2=[2.0, 0.0])  # 0 and 2; 4
    >>> pool(strata, [0, 0]).m2
    array([8.])
    """
    codes = group_codes("group", group, moments.n.size)
    if isinstance(moments, Moments):
        variables, seconds = {"": "mean"}, {"m2": ("", "")}
    else:
        variables, seconds = {v: f"mean_{v}" for v in JOINT_VARIABLES}, second_moments()
    n = totals(codes, moments.n)
    pooled, away = {"n": n}, {}
    with np.errstate(invalid="ignore", over="ignore"):
        for variable, field in variables.items():
            pooled[field], away[variable] = centre(codes, moments.n, getattr(moments, field))
        for field, (x, y) in seconds.items():
            inside = np.where(moments.n == 0, 0.0, getattr(moments, field))
            found = totals(codes, inside + moments.n * away[x] * away[y])
            pooled[field] = np.where(n == 0, np.nan, found)
    return type(moments)(**pooled)
