import numpy as np

from experimentos.inference.suprema import supremum


def bounds(absolute, relative=np.inf):
    def curvature(low, high):
        return np.full(low.shape, absolute), np.full(low.shape, relative)

    return curvature


def test_a_narrow_peak_between_the_first_points_is_found():
    def peaks(x):
        return np.exp(-(((x - 0.3) / 0.2) ** 2)) + 1.2 * np.exp(-(((x - 0.7317) / 0.004) ** 2))

    found = supremum(peaks, bounds(2.5 / 0.004**2), np.linspace(0, 1, 5), tolerance=1e-12)
    fine = peaks(np.linspace(0.73, 0.734, 400_001)).max()
    np.testing.assert_allclose(found, fine, rtol=1e-11)


def test_a_relative_bound_serves_tiny_values():
    def tiny(x):
        return 1e-200 * np.exp(-8 * (x - 0.4) ** 2)

    # f'' / f = (16 (x - 0.4))^2 - 16, at most 92.16 - 16 in absolute value on [0, 1].
    found = supremum(tiny, bounds(1.0, 93.0), np.linspace(0, 1, 3), tolerance=1e-12)
    np.testing.assert_allclose(found, 1e-200, rtol=1e-11)


def test_values_beyond_the_ceiling_are_not_refined():
    calls = []

    def wave(x):
        calls.append(x.size)
        return 0.6 + 0.3 * np.sin(20 * x)

    found = supremum(wave, bounds(120.0), np.linspace(0, 1, 9), tolerance=1e-9, ceiling=0.5)
    assert 0.5 <= found <= 0.9
    assert calls == [9]


def test_a_constant_is_its_own_supremum():
    def constant(x):
        return np.full(x.shape, 0.25)

    assert supremum(constant, bounds(0.0), np.linspace(0, 1, 3), tolerance=1e-9) == 0.25
