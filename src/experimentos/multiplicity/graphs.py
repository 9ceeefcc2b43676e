"""Sequentially rejective procedures drawn as graphs (Bretz and others, 2009)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from experimentos.arguments import numbers
from experimentos.errors import ArgumentError
from experimentos.multiplicity.correction import (
    ROUNDING,
    Correction,
    Hypotheses,
    check_level,
    check_p_values,
    decide,
)
from experimentos.multiplicity.single_step import weighted_p_value

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, FloatArray, IntArray

_NUMBERS_AT_ONCE = 2**16


@dataclass(frozen=True)
class Graph:
    """Hypotheses as nodes that hold shares of the level and hand them on when rejected.

    Parameters
    ----------
    weights : array of shape (m,)
        Share of the level each hypothesis begins with; at most 1 together.
    transitions : array of shape (m, m)
        Share of its weight that a rejected hypothesis (row) hands to another (column); at most 1
        together in a row, 0 on the diagonal.

    Raises
    ------
    ArgumentError
        If shapes or values are others.

    Examples
    --------
    >>> Graph.fixed_sequence(3).transitions
    array([[0., 1., 0.],
           [0., 0., 1.],
           [0., 0., 0.]])
    """

    weights: FloatArray
    transitions: FloatArray

    def __post_init__(self) -> None:
        """Turn the fields into arrays and check them."""
        weights = numbers("weights", self.weights)
        transitions = numbers("transitions", self.transitions)
        if weights.ndim != 1 or transitions.shape != (weights.size, weights.size):
            msg = (
                "`transitions` must be of shape (m, m) with m the length of `weights`, got shapes "
                f"{transitions.shape} and {weights.shape}"
            )
            raise ArgumentError(msg)
        _require_shares("weights", weights)
        _require_shares("transitions", transitions)
        if np.diagonal(transitions).any():
            msg = f"`transitions` must be 0 on the diagonal, got {np.diagonal(transitions)}"
            raise ArgumentError(msg)
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "transitions", transitions)

    @classmethod
    def holm(cls, size: int) -> Self:
        """Equal weights, handed on in equal parts: Holm's procedure.

        Parameters
        ----------
        size : int
            Number of hypotheses.

        Returns
        -------
        Graph
            With `size` nodes.
        """
        others = 1.0 - np.eye(size)
        return cls(np.full(size, 1 / size), others / max(size - 1, 1))

    @classmethod
    def fixed_sequence(cls, size: int) -> Self:
        """Give the whole level to the first hypothesis, then to the next one: a fixed sequence.

        Parameters
        ----------
        size : int
            Number of hypotheses.

        Returns
        -------
        Graph
            With `size` nodes.
        """
        return cls.fallback(np.eye(size)[0])

    @classmethod
    def fallback(cls, weights: npt.ArrayLike) -> Self:
        """Shares of the level of its own for each hypothesis, handed on along a sequence.

        Parameters
        ----------
        weights : array of shape (m,)
            Share of the level each hypothesis begins with, in order of the sequence.

        Returns
        -------
        Graph
            The fallback procedure of Wiens (2003).
        """
        shares = numbers("weights", weights)
        return cls(shares, np.eye(shares.size, k=1))


def graphical(p: npt.ArrayLike, graph: Graph, *, level: npt.ArrayLike) -> Correction:
    r"""Test the hypotheses of many families by one graph: controls the family-wise error.

    Parameters
    ----------
    p : array of shape (families, m)
        Unadjusted p-values, one family a row, hypotheses in the order of the graph; missing ones
        (NaN) count as 1.
    graph : Graph
        Of `m` hypotheses.
    level : float, or array of shape (families,)
        Family-wise error rate.

    Returns
    -------
    Correction, fields of shape (families, m)
        `level` is the local level a hypothesis had when it was rejected or when the procedure
        stopped; NaN where that is 0.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Notes
    -----
    The hypothesis with the smallest :math:`p_i / w_i` is taken out while it is at most the level;
    its weight goes along its edges, :math:`w_l \leftarrow w_l + w_j g_{jl}`, and edges through it
    are joined, :math:`g_{lk} \leftarrow (g_{lk} + g_{lj} g_{jk}) / (1 - g_{lj} g_{jl})` [1]_ [2]_.
    The adjusted p-value is the largest :math:`p_i / w_i` on the way. It is closed testing with
    weighted Bonferroni tests: valid whatever the dependence. An edge that is only to be used when
    all others are gone gets a weight such as 1e-9.

    References
    ----------
    .. [1] F. Bretz, W. Maurer, W. Brannath, M. Posch (2009), Statistics in Medicine 28, 586-604.
    .. [2] F. Bretz, M. Posch, E. Glimm, F. Klinglmueller, W. Maurer, K. Rohmeyer (2011),
       Biometrical Journal 53, 894-913.

    Examples
    --------
    Two doses with a primary and a secondary endpoint each (vignette "shortcut-testing" of the R
    package graphicalMCP).

    >>> graph = Graph(
    ...     weights=[0.5, 0.5, 0, 0],
    ...     transitions=[[0, 0.5, 0.5, 0], [0.5, 0, 0, 0.5], [0, 1, 0, 0], [1, 0, 0, 0]],
    ... )
    >>> correction = graphical([[0.018, 0.01, 0.105, 0.006]], graph, level=0.025)
    >>> correction.p_value.round(12)
    array([[0.024, 0.02 , 0.105, 0.024]])
    >>> (correction.level / 0.025).round(12)
    array([[0.75, 0.5 , 1.  , 0.5 ]])
    """
    values = check_p_values(numbers("p", p))
    size = graph.weights.size
    if values.ndim != 2 or values.shape[1] != size:
        msg = f"`p` must be of shape (families, {size}) for this graph, got shape {values.shape}"
        raise ArgumentError(msg)
    alpha = check_level(level, values.shape[:1])[:, None]
    adjusted, tested = np.empty_like(values), np.empty_like(values)
    step = max(1, _NUMBERS_AT_ONCE // max(1, size * size))
    for start in range(0, len(values), step):
        part = slice(start, start + step)
        filled = np.fmin(values[part], 1.0)
        adjusted[part], tested[part] = _follow(filled, graph, alpha[part])
    given = Hypotheses(values, np.empty(0, dtype=np.int64), np.broadcast_to(alpha, values.shape))
    return decide(given, adjusted, tested)


def _follow(p: FloatArray, graph: Graph, alpha: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Take out hypotheses one by one, in families of shape (families, m)."""
    families, size = p.shape
    every = np.arange(families)
    weights = np.tile(graph.weights, (families, 1))
    edges = np.tile(graph.transitions, (families, 1, 1))
    adjusted, local = np.empty_like(p), weights.copy()
    left = np.ones(p.shape, dtype=bool)
    largest = np.zeros(families)
    for _ in range(size):
        quotient = np.where(left, weighted_p_value(p, weights), np.nan)
        chosen = _first_smallest(quotient, left)
        largest = np.maximum(largest, np.minimum(1.0, quotient[every, chosen]))
        adjusted[every, chosen] = largest
        left[every, chosen] = False
        _take_out(weights, edges, every, chosen)
        # Where the procedure has not stopped, those left are tested with their new weights.
        goes_on = left & (largest[:, None] <= alpha)
        local = np.where(goes_on, weights, local)
    return adjusted, np.where(local > 0, local * alpha, np.nan)


def _first_smallest(quotient: FloatArray, left: BoolArray) -> IntArray:
    return np.asarray(np.argmin(np.where(left, np.minimum(quotient, 2.0), 3.0), axis=1))


def _take_out(weights: FloatArray, edges: FloatArray, every: IntArray, chosen: IntArray) -> None:
    """Hand on the weight of one hypothesis of each family and join the edges through it."""
    outgoing, incoming = edges[every, chosen].copy(), edges[every, :, chosen].copy()
    weights += weights[every, chosen][:, None] * outgoing
    weights[every, chosen] = 0.0
    loop = 1.0 - incoming * outgoing
    with np.errstate(divide="ignore", invalid="ignore"):
        edges += incoming[:, :, None] * outgoing[:, None, :]
        edges /= loop[:, :, None]
    edges[loop <= ROUNDING] = 0.0
    diagonal = np.arange(edges.shape[1])
    edges[:, diagonal, diagonal] = 0.0
    edges[every, chosen] = 0.0
    edges[every, :, chosen] = 0.0


def _require_shares(name: str, shares: FloatArray) -> None:
    if not (shares >= 0).all():
        msg = f"`{name}` must be 0 or more, got {float(shares[~(shares >= 0)][0])!r}"
        raise ArgumentError(msg)
    most = float(np.max(shares.sum(axis=-1), initial=0.0))
    if most > 1 + ROUNDING:
        msg = f"`{name}` must sum to at most 1, got {most!r}"
        raise ArgumentError(msg)
