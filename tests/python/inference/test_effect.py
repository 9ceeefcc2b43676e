import numpy as np

from experimentos.inference.effect import Interval, Tails, on_the_side_of


def test_limits_on_the_right_side_stay_and_others_move_to_0():
    found = Tails(
        less=np.array([0.99, 0.99, 0.01, 0.5, np.nan]),
        greater=np.array([0.01, 0.01, 0.99, 0.5, np.nan]),
    )
    limits = Interval(np.array([0.2, -0.1, -0.5, 0.1, -1.0]), np.array([0.3, 0.3, 0.1, 0.2, 1.0]))
    moved = on_the_side_of(found, limits, np.full(5, 0.025))
    np.testing.assert_array_equal(moved.lower[[0, 2, 3]], [0.2, -0.5, 0.0])
    assert 0 < moved.lower[1] < 1e-300
    np.testing.assert_array_equal(moved.upper[[0, 1, 3]], [0.3, 0.3, 0.2])
    assert -1e-300 < moved.upper[2] < 0
    assert np.isnan([moved.lower[4], moved.upper[4]]).all()
