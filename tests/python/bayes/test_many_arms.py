import numpy as np
import pytest
from scipy import stats

from experimentos.bayes import BetaPosterior, NormalPosterior, best_of, beta_binomial
from experimentos.bayes.beta_arms import best_of_betas
from experimentos.bayes.normal_arms import best_of_normals
from experimentos.errors import ArgumentError


def by_quadrature(distributions):
    """Brute force: a thousand panels over everything."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    points = [
        one.ppf(np.concatenate([np.geomspace(1e-15, 0.5, 60), [0.6]])) for one in distributions
    ]
    points += [
        one.isf(np.concatenate([np.geomspace(1e-15, 0.5, 60), [0.6]])) for one in distributions
    ]
    edges = np.unique(np.concatenate(points))
    width = np.diff(edges)[:, None] / 2
    at, weight = (edges[:-1, None] + width * (1 + nodes)).ravel(), (width * weights).ravel()
    cumulative = np.array([one.cdf(at) for one in distributions])
    density = np.array([one.pdf(at) for one in distributions])
    found = []
    for arm in range(len(distributions)):
        others = np.delete(cumulative, arm, axis=0).prod(axis=0)
        found.append(
            (
                (weight * density[arm] * others).sum(),
                (weight * cumulative[arm] * (1 - others)).sum(),
            )
        )
    return np.array(found).T


def random_normals(rows, arms, seed=1, ratio=4.0):
    rng = np.random.default_rng(seed)
    sd = np.exp(rng.uniform(0, np.log(ratio), (rows, arms)))
    return NormalPosterior(rng.normal(0, 1.5, (rows, arms)), sd)


def random_betas(rows, arms, seed=1):
    rng = np.random.default_rng(seed)
    units = np.rint(10 ** rng.uniform(0.5, 5, (rows, arms)))
    rate = 10 ** rng.uniform(-2.5, -0.1, (rows, 1))
    return beta_binomial.posterior(rng.binomial(units.astype(int), rate), units)


@pytest.mark.parametrize("arms", [3, 5])
@pytest.mark.parametrize("ratio", [1.0, 5.0, 300.0])
def test_brute_force_gives_the_same_for_normals(arms, ratio):
    posterior = random_normals(6, arms, ratio=ratio)
    found = best_of(posterior)
    for i in range(6):
        expected = by_quadrature(
            [stats.norm(m, s) for m, s in zip(posterior.mean[i], posterior.sd[i], strict=True)]
        )
        np.testing.assert_allclose(found.probability[i], expected[0], atol=2e-12)
        np.testing.assert_allclose(found.loss[i], expected[1], atol=1e-10 * posterior.sd[i].max())


@pytest.mark.parametrize("arms", [3, 5])
def test_brute_force_gives_the_same_for_betas(arms):
    posterior = random_betas(6, arms)
    found = best_of(posterior)
    for i in range(6):
        expected = by_quadrature(
            [stats.beta(a, b) for a, b in zip(posterior.a[i], posterior.b[i], strict=True)]
        )
        np.testing.assert_allclose(found.probability[i], expected[0], atol=1e-9)
        np.testing.assert_allclose(found.loss[i], expected[1], atol=1e-9)


@pytest.mark.parametrize("build", [random_normals, random_betas])
@pytest.mark.parametrize("goal", ["increase", "decrease"])
def test_probabilities_add_up_and_losses_differ_by_the_means(build, goal):
    for arms in (2, 3, 7):
        posterior = build(50, arms, seed=2)
        found = best_of(posterior, goal=goal)
        np.testing.assert_allclose(found.probability.sum(axis=1), 1, rtol=1e-9)
        gain = posterior.mean - posterior.mean[:, :1]
        gain = gain if goal == "increase" else -gain
        np.testing.assert_allclose(found.loss[:, :1] - found.loss, gain, atol=1e-9)
        assert (found.loss >= -1e-15).all()


@pytest.mark.parametrize("build", [random_normals, random_betas])
def test_two_arms_are_the_closed_form(build):
    posterior = build(40, 2, seed=3)
    found = best_of(posterior)
    solve = best_of_normals if isinstance(posterior, NormalPosterior) else best_of_betas
    first, second = (getattr(posterior, f) for f in posterior.__dataclass_fields__)
    with np.errstate(all="ignore"):
        numbers = solve(*(np.pad(v, ((0, 8), (0, 0)), mode="edge").T for v in (first, second)))
    np.testing.assert_allclose(found.probability, numbers[0].T[:40], atol=1e-9)
    np.testing.assert_allclose(found.loss, numbers[1].T[:40], atol=1e-9)


def test_three_equal_arms_and_a_hopeless_one():
    arms = NormalPosterior([[0.0, 0.0, 0.0, -1e6]], [[2.0, 2.0, 2.0, 1.0]])
    found = best_of(arms)
    np.testing.assert_allclose(found.probability, [[1 / 3, 1 / 3, 1 / 3, 0]], atol=1e-12)
    # The largest of three standard normals: 3 / (2 sqrt(pi)).
    expected = 2 * 3 / (2 * np.sqrt(np.pi))
    np.testing.assert_allclose(found.loss[0, :3], expected, rtol=1e-10)
    np.testing.assert_allclose(found.loss[0, 3], 1e6 + expected, rtol=1e-10)


def test_an_orthant_of_two_differences():
    # P(arm 1 is best of three) is an orthant of two normals with correlation r: 1/4 + asin(r)/2pi.
    sd = np.array([[1.0, 3.0, 0.2]])
    found = best_of(NormalPosterior(np.zeros((1, 3)), sd)).probability[0]
    for arm in range(3):
        own, others = sd[0, arm] ** 2, np.delete(sd[0], arm) ** 2
        correlation = own / np.sqrt((own + others[0]) * (own + others[1]))
        np.testing.assert_allclose(
            found[arm], 0.25 + np.arcsin(correlation) / (2 * np.pi), rtol=1e-11
        )


def test_the_order_and_the_scale_of_arms_do_not_matter():
    arms = random_normals(20, 4, seed=4)
    order = [2, 0, 3, 1]
    found = best_of(arms)
    turned = best_of(NormalPosterior(arms.mean[:, order], arms.sd[:, order]))
    scaled = best_of(NormalPosterior(7 + 1e6 * arms.mean, 1e6 * arms.sd))
    np.testing.assert_allclose(turned.probability, found.probability[:, order], atol=1e-12)
    np.testing.assert_allclose(scaled.probability, found.probability, atol=1e-11)
    np.testing.assert_allclose(scaled.loss, 1e6 * found.loss, rtol=1e-8)


def test_a_billion_units_an_arm():
    a = 5e8 + np.array([[0.0, 2e4, 3e4]])
    rates = BetaPosterior(a, 1e9 - a)
    normal = NormalPosterior(rates.mean, np.sqrt(rates.mean * (1 - rates.mean) / 1e9))
    found, approximate = best_of(rates), best_of(normal)
    np.testing.assert_allclose(found.probability, approximate.probability, atol=1e-7)
    np.testing.assert_allclose(found.loss, approximate.loss, rtol=1e-6)
    rare = best_of(beta_binomial.posterior([[100.0, 130.0, 0.0]], [[1e9, 1e9, 1e9]]))
    np.testing.assert_allclose(rare.probability[0, 1], 0.97591848, atol=1e-7)


@pytest.mark.parametrize("build", [random_normals, random_betas])
@pytest.mark.parametrize("arms", [2, 4])
def test_one_call_equals_many(build, arms):
    posterior = build(25, arms, seed=5)
    together = best_of(posterior)
    for i in (0, 9, 24):
        alone = best_of(posterior.take([i]))
        np.testing.assert_array_equal(alone.probability, together.probability[[i]])
        np.testing.assert_array_equal(alone.loss, together.loss[[i]])


@pytest.mark.parametrize("arms", [2, 3])
def test_what_is_undefined_is_nan_in_its_row_alone(arms):
    mean, sd = np.zeros((4, arms)), np.ones((4, arms))
    mean[1, 0], sd[2, 1] = np.nan, 0.0
    found = best_of(NormalPosterior(mean, sd))
    np.testing.assert_array_equal(np.isnan(found.probability).any(axis=1), [0, 1, 1, 0])
    np.testing.assert_array_equal(np.isnan(found.loss).all(axis=1), [0, 1, 1, 0])
    a = np.full((3, arms), 5.0)
    a[1, 0] = np.nan
    found = best_of(BetaPosterior(a, np.full((3, arms), 9.0)))
    np.testing.assert_array_equal(np.isnan(found.probability).all(axis=1), [0, 1, 0])
    assert best_of(NormalPosterior(np.zeros((0, arms)), np.zeros((0, arms)))).loss.shape == (
        0,
        arms,
    )


def test_wrong_arguments_are_refused():
    with pytest.raises(ArgumentError, match="shape \\(k, arms\\), two arms or more, got \\(3,\\)"):
        best_of(NormalPosterior([0.0] * 3, [1.0] * 3))
    with pytest.raises(ArgumentError, match="two arms or more, got \\(1, 1\\)"):
        best_of(BetaPosterior([[1.0]], [[1.0]]))
    with pytest.raises(ArgumentError, match="`goal` must be one of"):
        best_of(NormalPosterior([[0.0, 1.0]], [[1.0, 1.0]]), goal="up")
