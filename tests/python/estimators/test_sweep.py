import numpy as np

from experimentos.estimators.sweep import generalised_inverse


def matrices(seed, k=50, p=4, units=30):
    x = np.random.default_rng(seed).normal(size=(k, units, p))
    x = x - x.mean(axis=1, keepdims=True)
    return np.swapaxes(x, 1, 2) @ x


def test_it_is_the_inverse_where_there_is_one():
    given = matrices(1) * np.array([1e-9, 1.0, 1e6, 1e12])[:, None]
    given *= np.array([1e-9, 1.0, 1e6, 1e12])
    found, kept = generalised_inverse(given, np.ones((50, 4), bool))
    assert kept.all()
    scale = np.sqrt(np.einsum("kii->ki", given))
    correlation = given / scale[:, :, None] / scale[:, None, :]
    wanted = np.linalg.inv(correlation) / scale[:, :, None] / scale[:, None, :]
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


def test_a_column_that_repeats_others_is_left_out_and_the_rest_are_inverted():
    x = np.random.default_rng(2).normal(size=(40, 3))
    x = np.column_stack([x[:, 0], x[:, 1], x[:, 0] - 3 * x[:, 1], x[:, 2]])
    x -= x.mean(axis=0)
    given = (x.T @ x)[None]
    found, kept = generalised_inverse(given, np.ones((1, 4), bool))
    np.testing.assert_array_equal(kept, [[True, True, False, True]])
    rest = np.ix_([0, 1, 3], [0, 1, 3])
    np.testing.assert_allclose(found[0][rest], np.linalg.inv(given[0][rest]), rtol=1e-10)
    assert (found[0][2] == 0).all()
    assert (found[0][:, 2] == 0).all()


def test_fitted_values_are_those_of_a_pseudo_inverse():
    x = np.random.default_rng(3).normal(size=(40, 2))
    x = np.column_stack([x, x.sum(axis=1)])
    x -= x.mean(axis=0)
    y = np.random.default_rng(4).normal(size=40)
    found, _ = generalised_inverse((x.T @ x)[None], np.ones((1, 3), bool))
    wanted = x @ np.linalg.pinv(x) @ y
    np.testing.assert_allclose(x @ (found[0] @ (x.T @ y)), wanted, atol=1e-12)


def test_columns_that_do_not_vary_are_left_out():
    given = matrices(5, k=1, p=3)
    given[:, 1, :] = given[:, :, 1] = 0
    found, kept = generalised_inverse(given, np.ones((1, 3), bool))
    np.testing.assert_array_equal(kept, [[True, False, True]])
    assert np.isfinite(found).all()
    _, told = generalised_inverse(matrices(5, k=1, p=3), np.array([[False, True, True]]))
    np.testing.assert_array_equal(told, [[False, True, True]])


def test_a_bad_matrix_does_not_disturb_its_neighbours():
    given = matrices(6)
    wanted, _ = generalised_inverse(given, np.ones((50, 4), bool))
    given[7], given[8], given[9] = np.nan, np.inf, 0
    found, kept = generalised_inverse(given, np.ones((50, 4), bool))
    assert not kept[7:10].any()
    good = np.r_[0:7, 10:50]
    np.testing.assert_array_equal(found[good], wanted[good])


def test_many_matrices_are_as_one_each():
    given = matrices(7)
    found, _ = generalised_inverse(given, np.ones((50, 4), bool))
    for i in range(50):
        alone, _ = generalised_inverse(given[i : i + 1], np.ones((1, 4), bool))
        np.testing.assert_array_equal(alone[0], found[i])
