import numpy as np
import pytest

from experimentos.multiplicity.blocks import family_blocks, sort_rows


def cells_of(family, **options):
    """The hypotheses of each row of each block."""
    for block in family_blocks(family, **options):
        positions = block.gather(np.arange(family.size, dtype=float), -1.0)
        yield from (row[row >= 0].astype(int) for row in positions)


@pytest.mark.parametrize(
    "family",
    [
        np.repeat(np.arange(7), 3),
        np.tile(np.arange(7), 3),
        np.random.default_rng(1).integers(0, 50, 300),
        np.array([5, 5, 2]),
        np.array([0]),
        np.repeat(np.arange(30), np.arange(30)),
    ],
    ids=["in order", "in turns", "mixed", "numbers left out", "one", "every size"],
)
@pytest.mark.parametrize("cells", [1, 20, 2**15])
def test_every_family_is_one_row_of_one_block(family, cells):
    rows = list(cells_of(family, cells=cells))
    assert sorted(np.concatenate(rows)) == list(range(family.size))
    assert len(rows) == np.unique(family).size
    for row in rows:
        assert np.unique(family[row]).size == 1
        assert (np.diff(row) > 0).all()


def test_blocks_are_small_and_at_most_a_quarter_empty():
    family = np.random.default_rng(2).integers(0, 3000, 60_000)
    for block in family_blocks(family, cells=1000):
        assert block.shape[0] * block.shape[1] <= 1000
        assert block.given is None or block.given.sum(axis=1).min() >= 0.75 * block.shape[1]


def test_families_in_order_are_not_copied():
    family, values = np.repeat(np.arange(4), 5), np.arange(20.0)
    (block,) = family_blocks(family)
    assert np.shares_memory(block.gather(values, 0.0), values)


def test_what_is_scattered_comes_back_in_the_order_given():
    rng = np.random.default_rng(3)
    for family in (np.repeat(np.arange(6), 4), rng.integers(0, 9, 40)):
        values = np.round(rng.random(family.size), 1)
        out = np.full(family.size, np.nan)
        for block in family_blocks(family):
            order, ordered = sort_rows(block.gather(values, 2.0))
            assert (np.diff(ordered, axis=1) >= 0).all()
            block.scatter(ordered, out, order=order)
        np.testing.assert_array_equal(out, values)


def test_equal_values_keep_their_order():
    order, _ = sort_rows(np.array([[0.5, 0.1, 0.5, 0.1, 0.5]]))
    np.testing.assert_array_equal(order, [[1, 3, 0, 2, 4]])
