import numpy as np

from experimentos.bayes.panels import (
    BLOCK,
    LANES,
    NODES,
    in_blocks,
    integral,
    merged,
    running_integrals,
)


def test_integrals_of_polynomials_are_exact():
    for degree in range(12):
        total, running = running_integrals(NODES[:, None] ** degree * np.ones(16))
        np.testing.assert_allclose(total, 1 / (degree + 1), rtol=1e-14)
        np.testing.assert_allclose(running[:, 0], NODES ** (degree + 1) / (degree + 1), atol=1e-15)
    for degree in range(24):
        area = integral(NODES[:, None] ** degree * np.ones(16))
        np.testing.assert_allclose(area, 1 / (degree + 1), rtol=1e-14)


def test_blocks_are_put_together_in_order():
    calls = []

    def double(rows, table):
        calls.append(rows.size)
        return 2 * rows, table.sum(axis=0)

    rows = np.arange(2 * BLOCK + 3.0)
    table = np.vstack([rows, rows])
    doubled, summed = in_blocks(double, [rows, table])
    np.testing.assert_array_equal(doubled, 2 * rows)
    np.testing.assert_array_equal(summed, 2 * rows)
    assert calls == [BLOCK, BLOCK, LANES]


def test_no_rows_give_no_rows():
    (found,) = in_blocks(lambda rows: (rows,), [np.zeros(0)])
    assert found.shape == (0,)


def test_break_points_off_the_line_move_to_its_ends():
    points = np.array([[np.inf, 1.0], [3.0, -np.inf], [2.0, 0.0], [np.nan, 5.0]])
    found = merged(points)
    np.testing.assert_array_equal(found[:3, 0], [2, 3, 3])
    np.testing.assert_array_equal(found[:, 1], [0, 0, 1, 5])
