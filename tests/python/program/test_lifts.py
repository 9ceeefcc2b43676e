import numpy as np

from experimentos import Moments, compare, lift_delta, welch
from experimentos.program import lift_error


def arms(n_control, n_treatment, mean_treatment):
    control = Moments(n=[n_control], mean=[10.0], m2=[25.0 * n_control])
    return control, Moments(n=[n_treatment], mean=[mean_treatment], m2=[25.0 * n_treatment])


def test_it_is_the_delta_method_where_units_vary_alike():
    for sizes in ((1_000.0, 1_000.0), (9_000.0, 1_000.0)):
        control, treatment = arms(*sizes, 11.0)
        effect = welch(control, treatment)
        found = lift_error(effect.estimate, effect.std_error, [10.0], *[[n] for n in sizes])
        variance = 25 / sizes[1] / 100 + 11.0**2 * 25 / sizes[0] / 10**4
        np.testing.assert_allclose(found, np.sqrt(variance), rtol=1e-3)


def test_the_interval_is_nearly_that_of_the_library():
    control, treatment = arms(5_000.0, 5_000.0, 10.4)
    effect = welch(control, treatment)
    found = lift_error(effect.estimate, effect.std_error, [10.0], [5_000.0], [5_000.0])
    exact = lift_delta(compare(control, treatment))
    np.testing.assert_allclose(1.96 * found, (exact.upper - exact.lower) / 2, rtol=1e-3)


def test_without_a_control_value_above_0_there_is_none():
    found = lift_error([1.0] * 4, [1.0] * 4, [0.0, -1.0, np.nan, 1.0], [9.0] * 4, [9.0, 9, 9, 0])
    assert np.isnan(found).all()
