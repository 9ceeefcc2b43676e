"""Joint moments of an outcome and several covariates, one set per arm.

Variable 0 is the outcome, the others are covariates: numbers known before exposure. A ratio enters
by its linearisation (`as_ratios`), so that adjustment never needs to know what a variable was.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from experimentos.errors import ArgumentError, MomentsError
from experimentos.estimators.cuped import linearised
from experimentos.estimators.grouping import centre, group_codes, totals
from experimentos.moments import (
    BoolArray,
    FloatArray,
    JointMoments,
    Moments,
    _ArrayStruct,
    divide,
    without_rounding,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

# Sums of products may miss symmetry by rounding, as a share of the squares.
ROUNDING = 1e-9


@dataclass(frozen=True)
class _RowStruct(_ArrayStruct):
    """A struct whose fields have one row each per element, and any shape behind it."""

    def __post_init__(self) -> None:
        """Turn every field into a float array and check the shapes."""
        for one in fields(self):
            values = np.asarray(getattr(self, one.name), dtype=np.float64)
            object.__setattr__(self, one.name, values)
        self._check()

    def replace(self, where: BoolArray, other: Self) -> Self:
        """Return the rows of another struct where told to, of this one elsewhere.

        Parameters
        ----------
        where : array of bool, shape (k,)
            Rows to replace.
        other : Self
            Struct of the same type and shape.

        Returns
        -------
        Self
            The mixture.
        """

        def mixed(name: str) -> FloatArray:
            own = getattr(self, name)
            mask = where.reshape(where.shape + (1,) * (own.ndim - 1))
            return np.asarray(np.where(mask, getattr(other, name), own), dtype=np.float64)

        return self._map(mixed)


@dataclass(frozen=True)
class CrossMoments(_RowStruct):
    """Joint moments of several variables in samples, one element per sample.

    Parameters
    ----------
    n : array of shape (k,)
        Units.
    mean : array of shape (k, q)
        Means over units: first of the outcome, then of q - 1 covariates.
    c2 : array of shape (k, q, q)
        Sums over units of the products of the deviations from those means.
    size : array of shape (k, q)
        Mean denominator of each variable, by which samples are weighted where they are pooled;
        1, the default, for what is not a ratio.

    Raises
    ------
    MomentsError
        If shapes do not fit, a count or a sum of squares is negative, or the products are not
        symmetric. NaN is allowed: it means undefined.

    Examples
    --------
    >>> one = CrossMoments(n=[3.0], mean=[[3.0, 1.0]], c2=[[[8.0, 4.0], [4.0, 2.0]]])
    >>> one.outcome.variance  # units 1, 3, 5 with the covariate 0, 1, 2
    array([4.])
    """

    n: FloatArray
    mean: FloatArray
    c2: FloatArray
    size: FloatArray = field(default_factory=lambda: np.ones(()))

    def __post_init__(self) -> None:
        """Turn every field into a float array, size into one of the means' shape, and check."""
        mean, size = np.asarray(self.mean, np.float64), np.asarray(self.size, np.float64)
        if size.ndim == 0:
            object.__setattr__(self, "size", np.full(mean.shape, size))
        super().__post_init__()

    def _check(self) -> None:
        k, q = self.n.size, self.mean.shape[-1] if self.mean.ndim else 0
        wanted = {"n": (k,), "mean": (k, q), "c2": (k, q, q), "size": (k, q)}
        shapes = {name: getattr(self, name).shape for name in wanted}
        if shapes != wanted or q == 0:
            msg = f"CrossMoments: shapes must be (k,), (k, q), (k, q, q) and (k, q), got {shapes}"
            raise MomentsError(msg)
        squares = np.einsum("kii->ki", self.c2)
        for name, values in (("n", self.n), ("c2", squares)):
            if (values < 0).any():
                msg = f"CrossMoments: `{name}` must not be negative, got {values[values < 0][0]!r}"
                raise MomentsError(msg)
        for i in range(q):
            for j in range(i):
                self._require_symmetric(i, j)

    def _require_symmetric(self, i: int, j: int) -> None:
        one, other = self.c2[:, i, j], self.c2[:, j, i]
        with np.errstate(all="ignore"):
            bound = ROUNDING * np.sqrt(self.c2[:, i, i]) * np.sqrt(self.c2[:, j, j])
            bad = np.abs(one - other) > bound
        if bad.any():
            got = float(one[bad][0]), float(other[bad][0])
            msg = f"CrossMoments: `c2` must be symmetric, got {got} of variables {(i, j)}"
            raise MomentsError(msg)

    @classmethod
    def of_values(cls, values: npt.ArrayLike, group: npt.ArrayLike) -> Self:
        """Count the moments of arms from the values of their units.

        Parameters
        ----------
        values : array of shape (units, q)
            One row per unit: the outcome, then its covariates.
        group : array of int, shape (units,)
            Arm of each unit, numbered from 0.

        Returns
        -------
        CrossMoments, fields of shape (k, ...)
            One element per arm. A NaN or infinity makes the sums of its variable undefined, and
            so the arm's adjustment: no unit is left out unasked.

        Raises
        ------
        ArgumentError
            If `values` is not a matrix, or `group` not one whole number for each of its rows.

        Examples
        --------
        >>> CrossMoments.of_values([[1.0, 0.0], [3.0, 1.0], [5.0, 2.0]], [0, 0, 0]).c2
        array([[[8., 4.],
                [4., 2.]]])
        """
        values = np.asarray(values, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] == 0:
            msg = f"`values` must be of shape (units, variables), got {values.shape}"
            raise ArgumentError(msg)
        codes = group_codes("group", group, values.shape[0])
        q = values.shape[1]
        with np.errstate(invalid="ignore", over="ignore"):
            n = totals(codes, np.ones(values.shape[0]))
            mean, away = centre(codes, np.ones_like(values), values)
            c2 = np.full((n.size, q, q), np.nan)
            for i in range(q):
                for j in range(i + 1):
                    c2[:, i, j] = c2[:, j, i] = totals(codes, away[:, i] * away[:, j])
            c2[n == 0] = np.nan
            squares = np.einsum("kii->ki", c2)
            flat = (without_rounding(n[:, None], mean, squares) == 0) & (squares > 0)
        return cls(n=n, mean=mean, c2=np.where(flat[:, :, None] | flat[:, None, :], 0.0, c2))

    @classmethod
    def of_joint(cls, joint: JointMoments) -> Self:
        """Take over the moments of a metric and its one covariate, ratios by linearisation.

        Parameters
        ----------
        joint : JointMoments, fields of shape (k,)
            Joint moments of each arm.

        Returns
        -------
        CrossMoments, fields of shape (k, ...)
            Two variables: the metric and its covariate.
        """
        with np.errstate(all="ignore"):
            outcome, covariate, product = linearised(joint)
        c2 = np.empty((joint.n.size, 2, 2))
        c2[:, 0, 0], c2[:, 1, 1] = outcome.m2, covariate.m2
        c2[:, 0, 1] = c2[:, 1, 0] = product
        return cls(
            n=joint.n,
            mean=np.column_stack([outcome.mean, covariate.mean]),
            c2=c2,
            size=np.column_stack([joint.mean_den, joint.mean_den_cov]),
        )

    @property
    def outcome(self) -> Moments:
        """Moments of the outcome alone."""
        return Moments(n=self.n, mean=self.mean[:, 0], m2=self.c2[:, 0, 0])

    @property
    def covariate_mean(self) -> FloatArray:
        """Means of the covariates, of shape (k, p)."""
        return self.mean[:, 1:]

    @property
    def product(self) -> FloatArray:
        """Sums of products of the outcome with the covariates, of shape (k, p)."""
        return self.c2[:, 0, 1:]

    @property
    def spread(self) -> FloatArray:
        """Sums of squares and products of the covariates, of shape (k, p, p)."""
        return self.c2[:, 1:, 1:]


def as_ratios(moments: CrossMoments, pairs: Sequence[tuple[int, int | None]]) -> CrossMoments:
    r"""Ratios of some variables to others, linearised by the delta method.

    Parameters
    ----------
    moments : CrossMoments, fields of shape (k, ...)
        Joint moments of numerators, denominators and whatever else.
    pairs : sequence of (int, int or None)
        Numerator and denominator of each new variable by position; None where it is no ratio.
        The first is the outcome.

    Returns
    -------
    CrossMoments, fields of shape (k, ...)
        One variable per pair. NaN where a mean denominator is 0.

    Raises
    ------
    ArgumentError
        If there is no pair, or a position is not one of a variable.

    Notes
    -----
    Variable :math:`i` becomes :math:`(x_i - R_i y_i)/\bar y_i` with :math:`R_i = \bar x_i/\bar y_i`
    of the arm [1]_.

    References
    ----------
    .. [1] A. Deng, U. Knoblich, J. Lu (2018), KDD, 233-242, section 3.1.

    Examples
    --------
    >>> units = [
    ...     [2.0, 1.0, 0.0],
    ...     [6.0, 2.0, 1.0],
    ...     [4.0, 3.0, 5.0],
    ... ]  # orders, visits, earlier orders
    >>> found = as_ratios(CrossMoments.of_values(units, [0, 0, 0]), [(0, 1), (2, None)])
    >>> found.mean, found.c2[0, 0]  # orders per visit
    (array([[2., 2.]]), array([ 2., -4.]))
    """
    q = moments.mean.shape[1]
    for pair in pairs:
        if not all(one is None or 0 <= one < q for one in pair):
            msg = f"`pairs` must be positions of {q} variables, from 0, got {pair!r}"
            raise ArgumentError(msg)
    if not pairs:
        msg = "`pairs` must hold at least one pair, got none"
        raise ArgumentError(msg)
    numerator = [pair[0] for pair in pairs]
    # A denominator of None is one more variable: 1 in every unit.
    denominator = [q if pair[1] is None else pair[1] for pair in pairs]
    k = moments.n.size
    mean, c2 = np.ones((k, q + 1)), np.zeros((k, q + 1, q + 1))
    mean[:, :q], c2[:, :q, :q] = moments.mean, moments.c2
    below = mean[:, denominator]
    with np.errstate(all="ignore"):
        value = divide(mean[:, numerator], below)
        share = np.where(np.asarray(denominator) == q, 0.0, value)
        found = (
            c2[:, numerator][:, :, numerator]
            - share[:, :, None] * c2[:, denominator][:, :, numerator]
            - share[:, None, :] * c2[:, numerator][:, :, denominator]
            + share[:, :, None] * share[:, None, :] * c2[:, denominator][:, :, denominator]
        )
        found = divide(divide(found, below[:, :, None]), below[:, None, :])
        own = np.arange(len(pairs))
        # Terms that cancel to less than their rounding carry no spread.
        size = c2[:, numerator, numerator] + share**2 * c2[:, denominator, denominator]
        least = 8e-16 * divide(divide(size, below), below)
        alone = found[:, own, own] <= least
        found = np.where(alone[:, :, None] | alone[:, None, :], 0.0, found)
    return CrossMoments(n=moments.n, mean=value, c2=found, size=below)
