"""Sufficient statistics of one sample, centred, over arrays of samples.

Sums of squares are never carried: they lose every digit of the variance when the mean is large.
They are accepted at the edge (`from_sums`) with a check that some digits are left.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from experimentos.arguments import numbers
from experimentos.errors import MomentsError

if TYPE_CHECKING:
    from collections.abc import Callable

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

EPSILON = float(np.finfo(np.float64).eps)

JOINT_VARIABLES = ("num", "den", "num_cov", "den_cov")


class _ArrayStruct:
    """Shared behaviour of the structs of equal-shaped float arrays."""

    def __post_init__(self) -> None:
        """Turn every field into a float array and check the shapes."""
        shapes = {}
        for field in fields(self):  # type: ignore[arg-type]
            values = numbers(field.name, getattr(self, field.name))
            object.__setattr__(self, field.name, values)
            shapes[field.name] = values.shape
        if len(set(shapes.values())) > 1:
            msg = f"{type(self).__name__}: fields must have one shape, got {shapes}"
            raise MomentsError(msg)
        self._check()

    def _check(self) -> None:
        """Check the values; structs that have rules override this."""

    def take(self, index: IntArray | BoolArray | slice) -> Self:
        """Return the elements at an index, under a mask or in a slice.

        Parameters
        ----------
        index : array of int or bool, or slice
            Positions, or a mask of the same shape.

        Returns
        -------
        Self
            The same struct over the chosen elements.
        """
        return self._map(lambda name: getattr(self, name)[index])

    def append(self, other: Self) -> Self:
        """Return the elements of this struct followed by those of another.

        Parameters
        ----------
        other : Self
            Struct of the same type.

        Returns
        -------
        Self
            Both, end to end.
        """
        return self._map(lambda name: np.concatenate([getattr(self, name), getattr(other, name)]))

    def replace(self, where: BoolArray, other: Self) -> Self:
        """Return the elements of another struct where told to, of this one elsewhere.

        Parameters
        ----------
        where : array of bool
            Elements to replace.
        other : Self
            Struct of the same type and shape.

        Returns
        -------
        Self
            The mixture.
        """
        return self._map(lambda name: np.where(where, getattr(other, name), getattr(self, name)))

    def _map(self, values: Callable[[str], FloatArray]) -> Self:
        return type(self)(**{f.name: values(f.name) for f in fields(self)})  # type: ignore[arg-type]


def _require_not_negative(struct: str, name: str, values: FloatArray) -> None:
    bad = values < 0
    if bad.any():
        msg = f"{struct}: `{name}` must not be negative, got {float(values[bad].flat[0])!r}"
        raise MomentsError(msg)


@dataclass(frozen=True)
class Moments(_ArrayStruct):
    """Moments of one variable in samples, one element per sample.

    Parameters
    ----------
    n : array of shape (k,)
        Units.
    mean : array of shape (k,)
        Mean over units, in metric units.
    m2 : array of shape (k,)
        Sum of squared deviations from the mean, in metric units squared.

    Raises
    ------
    MomentsError
        If shapes differ or `n` or `m2` is negative. NaN is allowed: it means undefined.

    Examples
    --------
    >>> Moments(n=[3.0], mean=[3.0], m2=[8.0]).variance  # units 1, 3, 5
    array([4.])
    """

    n: FloatArray
    mean: FloatArray
    m2: FloatArray

    def _check(self) -> None:
        _require_not_negative("Moments", "n", self.n)
        _require_not_negative("Moments", "m2", self.m2)

    @property
    def variance(self) -> FloatArray:
        """Sample variance, metric units squared; NaN with fewer than two units."""
        return divide(self.m2, np.where(self.n > 1, self.n - 1, np.nan))

    @property
    def variance_of_mean(self) -> FloatArray:
        """Variance of the mean, metric units squared; NaN with fewer than two units."""
        return divide(self.variance, self.n)


@dataclass(frozen=True)
class JointMoments(_ArrayStruct):
    """Joint moments of numerator, denominator and their covariates, one element per sample.

    ``c2_x_y`` is the sum over units of ``(x - mean_x) (y - mean_y)``. A mean is a ratio with
    denominator 1 (`JointMoments.of_mean`).

    Parameters
    ----------
    n : array of shape (k,)
        Units.
    mean_num, m2_num : array of shape (k,)
        Numerator, in metric units.
    mean_den, m2_den, c2_num_den : array of shape (k,)
        Denominator; 1, 0, 0 for a mean.
    mean_num_cov, m2_num_cov, c2_num_num_cov, c2_den_num_cov : array of shape (k,)
        Covariate of the numerator; NaN where there is none.
    mean_den_cov, m2_den_cov, c2_num_den_cov, c2_den_den_cov, c2_num_cov_den_cov : array
        Covariate of the denominator, of shape (k,); 1 and zeros for a mean.

    Raises
    ------
    MomentsError
        If shapes differ, or a count or a sum of squares is negative.
    """

    n: FloatArray
    mean_num: FloatArray
    m2_num: FloatArray
    mean_den: FloatArray
    m2_den: FloatArray
    c2_num_den: FloatArray
    mean_num_cov: FloatArray
    m2_num_cov: FloatArray
    c2_num_num_cov: FloatArray
    mean_den_cov: FloatArray
    m2_den_cov: FloatArray
    c2_num_den_cov: FloatArray
    c2_den_num_cov: FloatArray
    c2_den_den_cov: FloatArray
    c2_num_cov_den_cov: FloatArray

    def _check(self) -> None:
        for name in ("n", *(f"m2_{variable}" for variable in JOINT_VARIABLES)):
            _require_not_negative("JointMoments", name, getattr(self, name))

    @classmethod
    def of_mean(
        cls,
        n: npt.ArrayLike,
        mean: npt.ArrayLike,
        m2: npt.ArrayLike,
        *,
        mean_cov: npt.ArrayLike | None = None,
        m2_cov: npt.ArrayLike | None = None,
        c2_cov: npt.ArrayLike | None = None,
    ) -> Self:
        """Build the joint moments of a mean, with or without a covariate.

        Parameters
        ----------
        n, mean, m2 : array of shape (k,)
            Units, mean and sum of squared deviations of the metric.
        mean_cov, m2_cov, c2_cov : array of shape (k,), optional
            Mean and sum of squares of the covariate, and its sum of products with the metric.

        Returns
        -------
        JointMoments, fields of shape (k,)
            Denominators are 1 with no spread.
        """
        n, mean, m2 = (np.asarray(values, dtype=np.float64) for values in (n, mean, m2))
        none, zero, one = np.full(n.shape, np.nan), np.zeros(n.shape), np.ones(n.shape)
        covariate = [
            none if v is None else np.asarray(v, np.float64) for v in (mean_cov, m2_cov, c2_cov)
        ]
        return cls(
            n=n, mean_num=mean, m2_num=m2, mean_den=one, m2_den=zero, c2_num_den=zero,
            mean_num_cov=covariate[0], m2_num_cov=covariate[1], c2_num_num_cov=covariate[2],
            mean_den_cov=one, m2_den_cov=zero, c2_num_den_cov=zero, c2_den_num_cov=zero,
            c2_den_den_cov=zero, c2_num_cov_den_cov=zero,
        )  # fmt: skip


def merge(first: Moments, second: Moments) -> Moments:
    r"""Moments of the union of two disjoint samples.

    Parameters
    ----------
    first, second : Moments, fields of shape (k,)
        Moments of the two samples.

    Returns
    -------
    Moments, fields of shape (k,)
        Moments of all units. An empty sample (n = 0) changes nothing, whatever its mean.

    Notes
    -----
    :math:`M_2 = M_{2a} + M_{2b} + \delta^2 n_a n_b / n`, :math:`\delta = \bar x_b - \bar x_a` [1]_.

    References
    ----------
    .. [1] T. F. Chan, G. H. Golub, R. J. LeVeque (1983), The American Statistician 37, 242-247.

    Examples
    --------
    >>> both = merge(Moments([2.0], [1.0], [2.0]), Moments([1.0], [4.0], [0.0]))  # 0, 2 and 4
    >>> both.n, both.mean, both.m2
    (array([3.]), array([2.]), array([8.]))
    """
    n = first.n + second.n
    share = divide(second.n, n)
    mean_first, mean_second = (
        _zero_if_empty(first.mean, first.n),
        _zero_if_empty(second.mean, second.n),
    )
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        delta = mean_second - mean_first
        mean = np.where(first.n == 0, mean_second, mean_first + share * delta)
        m2 = (
            _zero_if_empty(first.m2, first.n)
            + _zero_if_empty(second.m2, second.n)
            + np.where((first.n == 0) | (second.n == 0), 0.0, delta**2 * first.n * share)
        )
    return Moments(n=n, mean=np.where(n == 0, np.nan, mean), m2=np.where(n == 0, np.nan, m2))


def merge_joint(first: JointMoments, second: JointMoments) -> JointMoments:
    """Joint moments of the union of two disjoint samples.

    Parameters
    ----------
    first, second : JointMoments, fields of shape (k,)
        Joint moments of the two samples; both need units (n > 0).

    Returns
    -------
    JointMoments, fields of shape (k,)
        Joint moments of all units.
    """
    n = first.n + second.n
    share = divide(second.n, n)
    delta = {v: getattr(second, f"mean_{v}") - getattr(first, f"mean_{v}") for v in JOINT_VARIABLES}
    merged = {"n": n}
    for variable in JOINT_VARIABLES:
        name = f"mean_{variable}"
        merged[name] = getattr(first, name) + share * delta[variable]
    for name, (x, y) in second_moments().items():
        product = delta[x] * delta[y] * first.n * share
        merged[name] = getattr(first, name) + getattr(second, name) + product
    return JointMoments(**merged)


def second_moments() -> dict[str, tuple[str, str]]:
    """Name every second moment of `JointMoments` with the two variables it is of.

    Returns
    -------
    dict
        Field name to the pair of variables, such as ``c2_num_den`` to ``("num", "den")``.
    """
    names = {}
    for position, x in enumerate(JOINT_VARIABLES):
        names[f"m2_{x}"] = (x, x)
        for y in JOINT_VARIABLES[position + 1 :]:
            names[f"c2_{x}_{y}"] = (x, y)
    return names


def from_sums(n: npt.ArrayLike, total: npt.ArrayLike, total_sq: npt.ArrayLike) -> Moments:
    """Moments from sums and sums of squares, where they still hold the variance.

    Parameters
    ----------
    n : array of shape (k,)
        Units.
    total : array of shape (k,)
        Sum over units, in metric units.
    total_sq : array of shape (k,)
        Sum of squares over units, in metric units squared.

    Returns
    -------
    Moments, fields of shape (k,)
        `m2` is NaN where ``total_sq - total^2 / n`` is smaller than the rounding of its terms
        (a relative 1e-12, so at least three digits of a variance that is kept are right), except
        that it is 0 where the two are equal to the last digit and so small a count cannot differ.

    Raises
    ------
    MomentsError
        If shapes differ, `n` or `total_sq` is negative, or ``total_sq`` is smaller than
        ``total^2 / n`` by more than rounding: no data have such sums.

    Examples
    --------
    >>> from_sums([3.0], [9.0], [35.0]).m2  # units 1, 3, 5
    array([8.])
    >>> from_sums([2.0], [2e15], [2e30]).m2  # 1e15 - 1 and 1e15 + 1: nothing left of the spread
    array([nan])
    """
    raw = Moments(n=n, mean=total, m2=total_sq)  # type: ignore[arg-type]
    n, total, total_sq = raw.n, raw.mean, raw.m2
    mean = divide(total, n)
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        m2 = total_sq - total * mean
        scale = np.abs(total_sq)
        impossible = m2 < -1e-9 * scale
    if impossible.any():
        where = int(np.flatnonzero(impossible)[0])
        msg = "from_sums: `total_sq` must be at least total^2 / n, got " + ", ".join(
            f"{name}={float(values.flat[where])!r}"
            for name, values in (("n", n), ("total", total), ("total_sq", total_sq))
        )
        raise MomentsError(msg)
    exact = _is_exact_integer(total) & _is_exact_integer(total_sq) & (m2 >= 0)
    lost = (m2 < 1e-12 * scale) & ~exact
    return Moments(n=n, mean=mean, m2=np.where(lost | (n <= 0), np.nan, np.maximum(m2, 0.0)))


def without_rounding(n: FloatArray, mean: FloatArray, m2: FloatArray) -> FloatArray:
    """Sum of squared deviations with what is only rounding set to exactly 0.

    Parameters
    ----------
    n, mean, m2 : array of shape (k,)
        Units, mean and sum of squared deviations.

    Returns
    -------
    array of shape (k,)
        0 where the standard deviation is within two units in the last place of the mean: a
        column of equal values whose mean was rounded; `m2` elsewhere.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        rounding = n * (2 * EPSILON * mean) ** 2
        return np.where(m2 <= rounding, 0.0, m2)


def _is_exact_integer(values: FloatArray) -> BoolArray:
    return np.asarray((np.abs(values) < 2.0**53) & (values == np.rint(values)))


def _zero_if_empty(values: FloatArray, n: FloatArray) -> FloatArray:
    return np.where(n == 0, 0.0, values)


def divide(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Quotients, NaN where the denominator is 0.

    Parameters
    ----------
    numerator, denominator : array of shape (k,)
        Numbers.

    Returns
    -------
    array of shape (k,)
        Without warnings of NumPy.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        return np.where(denominator == 0, np.nan, numerator / denominator)
