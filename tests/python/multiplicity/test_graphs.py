from itertools import product

import numpy as np
import pytest

from experimentos.errors import ArgumentError
from experimentos.multiplicity import Graph, fixed_sequence, graphical, holm

TWO_DOSES = Graph(
    weights=[0.5, 0.5, 0, 0],
    transitions=[[0, 0.5, 0.5, 0], [0.5, 0, 0, 0.5], [0, 1, 0, 0], [1, 0, 0, 0]],
)


def random_graph(rng, size):
    transitions = rng.dirichlet(np.ones(size), size) * (1 - np.eye(size))
    return Graph(rng.dirichlet(np.ones(size)) * 0.9, transitions)


def weights_within(graph, kept):
    """Weights when all but some hypotheses are taken out, in their order."""
    weights, edges = graph.weights.copy(), graph.transitions.copy()
    size = weights.size
    for j in range(size):
        if j in kept:
            continue
        others = [i for i in range(size) if i != j]
        new_weights, new_edges = np.zeros(size), np.zeros((size, size))
        for a in others:
            new_weights[a] = weights[a] + weights[j] * edges[j, a]
            loop = 1 - edges[a, j] * edges[j, a]
            for b in others:
                if a != b and loop > 1e-12:
                    new_edges[a, b] = (edges[a, b] + edges[a, j] * edges[j, b]) / loop
        weights, edges = new_weights, new_edges
        edges[j], edges[:, j] = 0, 0
    return weights


def test_it_is_closed_testing_with_the_weights_of_the_graph():
    rng = np.random.default_rng(1)
    for _ in range(8):
        size = int(rng.integers(2, 6))
        graph, p = random_graph(rng, size), rng.beta(0.3, 1, size)
        adjusted = np.zeros(size)
        for chosen in product([False, True], repeat=size):
            members = np.flatnonzero(chosen)
            weights = weights_within(graph, set(members))
            with np.errstate(divide="ignore"):
                found = np.min(np.minimum(p[members] / weights[members], 1.0), initial=1.0)
            adjusted[members] = np.maximum(adjusted[members], found)
        np.testing.assert_allclose(graphical([p], graph, level=0.05).p_value[0], adjusted)


def test_holm_and_the_fixed_sequence_are_graphs():
    p = np.random.default_rng(2).beta(0.3, 1, (100, 6))
    family = np.repeat(np.arange(100), 6)
    for graph, method in ((Graph.holm(6), holm), (Graph.fixed_sequence(6), fixed_sequence)):
        found, expected = graphical(p, graph, level=0.05), method(p.ravel(), family, level=0.05)
        np.testing.assert_allclose(found.p_value.ravel(), expected.p_value, rtol=1e-12)
        np.testing.assert_array_equal(found.rejected.ravel(), expected.rejected)
        np.testing.assert_allclose(found.level.ravel(), expected.level, rtol=1e-12)
    assert graphical([[0.03]], Graph.holm(1), level=0.05).p_value == 0.03


def test_the_fallback_hands_on_along_the_sequence():
    # Wiens (2003): the second is tested at the first's level and its own once that is rejected.
    graph = Graph.fallback([0.6, 0.4])
    found = graphical([[0.01, 0.045], [0.04, 0.015]], graph, level=0.05)
    np.testing.assert_array_equal(found.rejected, [[True, True], [False, True]])
    np.testing.assert_allclose(found.level, [[0.03, 0.05], [0.03, 0.02]])


def test_many_families_at_once_equal_one_at_a_time():
    p = np.random.default_rng(3).beta(0.3, 1, (300, 4))
    p[::7, 2] = np.nan
    p[1::7] = 0.01
    together = graphical(p, TWO_DOSES, level=np.linspace(0.01, 0.1, 300))
    for one, level in enumerate(np.linspace(0.01, 0.1, 300)):
        apart = graphical(p[one : one + 1], TWO_DOSES, level=level)
        np.testing.assert_array_equal(apart.p_value[0], together.p_value[one])
        np.testing.assert_array_equal(apart.level[0], together.level[one])


def test_p_is_at_most_its_level_exactly_where_rejected():
    rng = np.random.default_rng(4)
    for size in (2, 5, 8):
        p = rng.beta(0.3, 1, (200, size))
        found = graphical(p, random_graph(rng, size), level=0.05)
        np.testing.assert_array_equal(p <= found.level, found.rejected)
        np.testing.assert_array_equal(found.p_value <= 0.05, found.rejected)
        assert (found.p_value >= p).all()


def test_missing_p_values_count_as_one_and_ends_are_right():
    found = graphical(
        [[np.nan, 0.001, 0.01, 0.01], [0, 0, 0, 0], [1, 1, 1, 1]], TWO_DOSES, level=0.05
    )
    np.testing.assert_allclose(found.p_value[0], [np.nan, 0.002, 1.0, 0.04])
    np.testing.assert_array_equal(found.rejected[0], [False, True, False, True])
    np.testing.assert_array_equal(found.p_value[1:], [[0] * 4, [1] * 4])
    tiny = graphical([[1e-300, 0.9, 2e-300, 0.9]], TWO_DOSES, level=0.05).p_value[0]
    np.testing.assert_allclose(tiny[[0, 2]], [2e-300, 8e-300])


def test_what_has_no_weight_is_never_tested():
    graph = Graph([1.0, 0.0], np.zeros((2, 2)))
    found = graphical([[0.9, 0.0]], graph, level=0.05)
    np.testing.assert_array_equal(found.p_value, [[0.9, 1.0]])
    np.testing.assert_array_equal(found.level, [[0.05, np.nan]])
    assert not found.rejected.any()
    assert graphical(np.empty((0, 2)), graph, level=0.05).p_value.shape == (0, 2)


@pytest.mark.parametrize(
    ("weights", "transitions", "message"),
    [
        ([0.6, 0.5], np.zeros((2, 2)), "`weights` must sum to at most 1, got 1.1"),
        ([0.6, -0.5], np.zeros((2, 2)), "`weights` must be 0 or more, got -0.5"),
        ([0.5, 0.5], [[0, 1.1], [0, 0]], "`transitions` must sum to at most 1, got 1.1"),
        ([0.5, 0.5], [[0, np.nan], [0, 0]], "`transitions` must be 0 or more, got nan"),
        ([0.5, 0.5], [[0.5, 0], [0, 0]], "`transitions` must be 0 on the diagonal"),
        ([0.5, 0.5], np.zeros((3, 3)), r"`transitions` must be of shape \(m, m\)"),
    ],
)
def test_wrong_graphs_are_typed_errors(weights, transitions, message):
    with pytest.raises(ArgumentError, match=message):
        Graph(weights, transitions)


@pytest.mark.parametrize(
    ("p", "level", "message"),
    [
        ([[0.1, 0.2]], 0.05, r"`p` must be of shape \(families, 4\) for this graph"),
        ([0.1, 0.2, 0.3, 0.4], 0.05, r"`p` must be of shape \(families, 4\) for this graph"),
        ([[0.1, 0.2, 0.3, 1.4]], 0.05, "`p` must be between 0 and 1 or NaN, got 1.4"),
        ([[0.1, 0.2, 0.3, 0.4]], 1.0, "`level` must be 0 or more and below 1, got 1.0"),
    ],
)
def test_wrong_arguments_are_typed_errors(p, level, message):
    with pytest.raises(ArgumentError, match=message):
        graphical(p, TWO_DOSES, level=level)
