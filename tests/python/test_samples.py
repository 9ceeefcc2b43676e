import numpy as np
import pytest
from reference.builders import joint_moments

from experimentos import estimators
from experimentos.errors import ArgumentError, MomentsError
from experimentos.inference.welch import welch
from experimentos.moments import JointMoments, from_sums
from experimentos.samples import from_values, joint_from_sums, joint_from_values

NAMES = ("num", "den", "num_cov", "den_cov")


def columns(size=300, seed=1):
    """Four columns of values that go together."""
    rng = np.random.default_rng(seed)
    den, before = rng.poisson(3, size) + 1.0, rng.poisson(2, size) + 1.0
    num_cov = before * rng.gamma(2, 1, size)
    return {
        "num": den * rng.gamma(2, 1, size) + num_cov, "den": den,
        "num_cov": num_cov, "den_cov": before,
    }  # fmt: skip


def sums(data, names=NAMES):
    """Sums and sums of products of some columns."""
    totals = {x: [data[x].sum()] for x in names}
    products = {(x, y): [(data[x] * data[y]).sum()] for i, x in enumerate(names) for y in names[i:]}
    return [float(len(data["num"]))], totals, products


def assert_joint(found, expected, rtol=1e-10):
    for name in vars(expected):
        np.testing.assert_allclose(
            getattr(found, name), getattr(expected, name), rtol=rtol, atol=1e-9, err_msg=name
        )


def test_values_in_groups_have_the_moments_of_each_group():
    rng = np.random.default_rng(2)
    values, group = rng.normal(10, 3, 1000), rng.integers(0, 7, 1000)
    found = from_values(values, group)
    for one in range(7):
        own = values[group == one]
        np.testing.assert_allclose(found.mean[one], own.mean(), rtol=1e-14)
        np.testing.assert_allclose(found.variance[one], own.var(ddof=1), rtol=1e-12)
    np.testing.assert_array_equal(found.n, np.bincount(group))


def test_values_without_groups_are_one_sample():
    found = from_values([1, 3, 5])
    np.testing.assert_array_equal([found.n, found.mean, found.m2], [[3], [3], [8]])


def test_values_of_1e15_that_differ_by_1_keep_their_spread():
    rng = np.random.default_rng(3)
    away = rng.integers(-3, 4, 200_000).astype(float)
    found, near = from_values(1e15 + away), from_values(away)
    np.testing.assert_allclose(found.m2, near.m2, rtol=1e-9)
    np.testing.assert_allclose(found.mean, 1e15 + away.mean(), rtol=1e-15)


def test_sums_of_1e15_that_differ_by_1_have_lost_their_spread_and_say_so():
    rng = np.random.default_rng(3)
    for shift in (1e15, -1e15):
        values = shift + rng.normal(0, 1, 1000)
        found = from_sums([1000.0], [values.sum()], [(values**2).sum()])
        assert np.isnan(found.m2).all()
        np.testing.assert_allclose(found.mean, shift, rtol=1e-15)
    # And so does what is computed from them, while centred values give the answer.
    assert np.isnan(welch(found, found).p_value).all()
    exact = (values + 1e15).var(ddof=1)
    np.testing.assert_allclose(from_values(values).variance, exact, rtol=1e-12)


@pytest.mark.parametrize("mean", [0.0, 1.0, 1e3, 1e5])
def test_a_spread_that_sums_keep_has_three_digits_or_more(mean):
    values = mean + np.tile([-1.0, 0.25, 0.75], 400) + 0.1
    found = from_sums([1200.0], [values.sum()], [(values**2).sum()])
    np.testing.assert_allclose(found.m2, ((values - values.mean()) ** 2).sum(), rtol=1e-3)


def test_equal_values_have_exactly_no_spread():
    for value in (0.1, 1e15 / 3, -7.7e-9, 0.0):
        np.testing.assert_array_equal(from_values(np.full(999, value)).m2, [0.0])


def test_empty_groups_are_undefined():
    found = from_values([1.0, 2.0], [0, 2], size=4)
    np.testing.assert_array_equal(found.n, [1, 0, 1, 0])
    np.testing.assert_array_equal(np.isnan(found.mean), [False, True, False, True])
    np.testing.assert_array_equal(np.isnan(found.m2), [False, True, False, True])
    none = from_values([])
    assert none.n == [0]
    assert np.isnan(none.mean).all()


def test_a_missing_value_makes_its_own_group_undefined_only():
    found = from_values([1.0, np.nan, 2.0, 4.0, np.inf], [0, 0, 1, 1, 2])
    np.testing.assert_array_equal(np.isnan(found.m2), [True, False, True])
    np.testing.assert_array_equal(found.n, [2, 2, 1])


def test_arms_may_be_told_apart_by_a_bool():
    found = from_values([1.0, 3.0, 5.0], [False, True, True])
    np.testing.assert_array_equal(found.mean, [1.0, 4.0])


def test_joint_values_equal_the_centred_products():
    data = [columns(300, 1), columns(200, 2)]
    together = {name: np.concatenate([one[name] for one in data]) for name in NAMES}
    group = np.repeat([0, 1], [300, 200])
    found = joint_from_values(
        together["num"], together["den"], num_cov=together["num_cov"],
        den_cov=together["den_cov"], group=group,
    )  # fmt: skip
    assert_joint(found, joint_moments(data))


def test_a_mean_with_a_covariate_is_as_of_mean_has_it():
    data = columns()
    found = joint_from_values(data["num"], num_cov=data["num_cov"])
    own = {name: data[name] - data[name].mean() for name in ("num", "num_cov")}
    expected = JointMoments.of_mean(
        [300.0], [data["num"].mean()], [(own["num"] ** 2).sum()],
        mean_cov=[data["num_cov"].mean()], m2_cov=[(own["num_cov"] ** 2).sum()],
        c2_cov=[(own["num"] * own["num_cov"]).sum()],
    )  # fmt: skip
    assert_joint(found, expected)
    plain = joint_from_values(data["num"])
    assert_joint(plain, JointMoments.of_mean([300.0], expected.mean_num, expected.m2_num))


@pytest.mark.parametrize("names", [("num",), ("num", "den"), ("num", "num_cov"), NAMES])
def test_joint_sums_equal_joint_values(names):
    data = columns()
    given = {name: data[name] for name in names if name != "num"}
    den = given.pop("den", None)
    expected = joint_from_values(data["num"], den, **given)
    assert_joint(joint_from_sums(*sums(data, names)), expected, rtol=1e-9)


def test_a_pair_may_be_named_either_way_round():
    n, totals, products = sums(columns(), ("num", "den"))
    turned = {pair[::-1]: values for pair, values in products.items()}
    assert_joint(joint_from_sums(n, totals, turned), joint_from_sums(n, totals, products))


def test_joint_values_far_from_zero_keep_the_products():
    data, far = columns(), columns()
    for name, shift in zip(NAMES, (1e12, -1e12, 3e11, 1e12), strict=True):
        far[name] = np.round(far[name] * 64) / 64 + shift
        data[name] = np.round(data[name] * 64) / 64
    near, found = (
        joint_from_values(
            one["num"], one["den"], num_cov=one["num_cov"], den_cov=one["den_cov"]
        )
        for one in (data, far)
    )  # fmt: skip
    for name in vars(near):
        if not name.startswith("mean"):
            np.testing.assert_allclose(getattr(found, name), getattr(near, name), rtol=1e-9)
    # Sums of the same columns have lost it, of one variable and of its products.
    lost = joint_from_sums(*sums(far, ("num", "den")))
    assert np.isnan([lost.m2_num, lost.m2_den, lost.c2_num_den]).all()


def test_one_column_that_has_lost_its_spread_takes_only_its_products_along():
    data = columns()
    data["den"] = data["den"] + 1e12
    found = joint_from_sums(*sums(data, ("num", "den", "num_cov")))
    assert np.isnan([found.m2_den, found.c2_num_den, found.c2_den_num_cov]).all()
    assert np.isfinite([found.m2_num, found.c2_num_num_cov, found.m2_num_cov]).all()


def test_a_denominator_of_ones_has_no_spread_and_no_product():
    num = columns()["num"]
    found = joint_from_sums(*sums({"num": num, "den": np.ones(300)}, ("num", "den")))
    np.testing.assert_array_equal([found.m2_den, found.c2_num_den], [[0.0], [0.0]])
    np.testing.assert_allclose(estimators.ratio(found).m2, from_values(num).m2, rtol=1e-10)


def test_columns_that_are_each_other_may_not_leave_a_negative_spread():
    num = columns()["num"]
    found = joint_from_sums(*sums({"num": num, "den": 2 * num}, ("num", "den")))
    assert estimators.ratio(found).m2[0] == 0.0


def test_one_call_equals_many():
    parts = [columns(50 + i, i) for i in range(6)]
    rows = [sums(part) for part in parts]
    together = joint_from_sums(
        np.concatenate([n for n, _, _ in rows]),
        {x: np.concatenate([totals[x] for _, totals, _ in rows]) for x in rows[0][1]},
        {xy: np.concatenate([products[xy] for _, _, products in rows]) for xy in rows[0][2]},
    )
    values = {name: np.concatenate([part[name] for part in parts]) for name in NAMES}
    group = np.repeat(np.arange(6), [50 + i for i in range(6)])
    num, den = values.pop("num"), values.pop("den")
    grouped = joint_from_values(num, den, **values, group=group)
    for i, (part, row) in enumerate(zip(parts, rows, strict=True)):
        alone = joint_from_sums(*row)
        num, den = part.pop("num"), part.pop("den")
        by_values = joint_from_values(num, den, **part)
        for name in vars(alone):
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[i])
            np.testing.assert_array_equal(getattr(by_values, name)[0], getattr(grouped, name)[i])


def test_nan_rows_of_sums_leave_their_neighbours_alone():
    n, totals, products = sums(columns(), ("num", "den"))
    both = joint_from_sums(
        np.array(n * 2), {x: np.array([v[0], np.nan]) for x, v in totals.items()},
        {xy: np.array(v * 2) for xy, v in products.items()},
    )  # fmt: skip
    alone = joint_from_sums(n, totals, products)
    for name in vars(alone):
        np.testing.assert_array_equal(getattr(both, name)[0], getattr(alone, name)[0])
    assert np.isnan(both.c2_num_den[1])


def test_products_no_data_could_have_are_refused():
    n, totals, products = sums(columns(), ("num", "den"))
    with pytest.raises(MomentsError, match=r"\('num', 'den'\) must differ from its expectation"):
        joint_from_sums(n, totals, products | {("num", "den"): [1e6]})
    with pytest.raises(MomentsError, match=r"joint_from_sums, 'den': .*`total_sq` must be at"):
        joint_from_sums(n, totals, products | {("den", "den"): [1.0]})
    with pytest.raises(MomentsError, match=r"shape must be \(1,\), got \(2,\)"):
        joint_from_sums(n, totals, products | {("num", "den"): [1.0, 2.0]})


@pytest.mark.parametrize(
    ("totals", "products", "message"),
    [
        ({"den": [1.0]}, {}, r"`totals` must have 'num' and may have .*, got \['den'\]"),
        ({"num": [1.0], "cost": [1.0]}, {}, r"got \['num', 'cost'\]"),
        ({"num": [1.0]}, {}, r"`products` must have the pairs \[\('num', 'num'\)\], got \[\]"),
        (
            {"num": [1.0]},
            {("num", "num"): [1.0], ("num", "den"): [1.0]},
            r"`products` must have the pairs \[\('num', 'num'\)\]",
        ),
    ],
)
def test_wrong_names_of_sums_are_named(totals, products, message):
    with pytest.raises(ArgumentError, match=message):
        joint_from_sums([1.0], totals, products)


@pytest.mark.parametrize(
    ("values", "group", "size", "message"),
    [
        ([[1.0]], None, None, r"`values` must have one dimension, got shape \(1, 1\)"),
        (["a"], None, None, "`values` must be numbers, got"),
        ([1.0], [0, 1], None, r"`group` must be whole numbers of shape \(1,\), got int64 of shape"),
        ([1.0], [0.5], None, r"`group` must be whole numbers of shape \(1,\), got float64"),
        ([1.0], [-1], None, "`group` must be from 0 to .*, got -1"),
        ([1.0], [3], 2, "`group` must be from 0 to 1, got 3"),
    ],
)
def test_wrong_units_are_named(values, group, size, message):
    with pytest.raises(ArgumentError, match=message):
        from_values(values, group, size=size)


def test_columns_of_different_lengths_are_named():
    with pytest.raises(ArgumentError, match="`den` must have one value per unit, 2, got 3"):
        joint_from_values([1.0, 2.0], [1.0, 2.0, 3.0])
