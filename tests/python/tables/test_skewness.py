"""Skewed values in arms of different sizes, through `tables.effects`."""

import numpy as np
import pytest
from reference.builders import effects, pair
from scipy import stats

from experimentos.inference.skewness import transformed

SEQUENTIAL = {"design": "group_sequential", "is_open": True, "spending": "obrien_fleming"}
TESTS = (
    "p_value", "p_value_corrected", "p_value_harm", "p_value_harm_corrected",
    "p_value_harm_planned", "p_value_worse", "lower", "upper", "level",
)  # fmt: skip


def mean(n, value, skewness, sd=3.0, **more):
    """An arm of units with such a skewness."""
    moments = {"mean_num": value, "m2_num": n * sd**2, "m3_num": n * skewness * sd**3}
    return {"metric_type": "mean", "n_units": n} | moments | more


def skewness(of_units, n_c, n_t):
    return of_units * (n_t**-2.0 - n_c**-2.0) / (1 / n_t + 1 / n_c) ** 1.5


def test_the_tail_that_welch_rejects_too_often_is_moved():
    (row,) = effects(pair(mean(9600, 2.0, 5.0), mean(400, 1.6, 5.0)))
    size = skewness(5.0, 9600, 400)
    np.testing.assert_allclose(row["skewness"], size)
    assert 0.02 < size < 0.5
    assert (row["method"], row["is_too_skewed"]) == ("skewness-corrected welch", False)
    variance = 9600 * 9 / 9599 / 9600, 400 * 9 / 399 / 400
    df = sum(variance) ** 2 / (variance[0] ** 2 / 9599 + variance[1] ** 2 / 399)
    t = (1.6 - 2.0) / sum(variance) ** 0.5
    moved = float(transformed(np.array([t]), np.array([size]))[0])
    assert t < moved < 0
    np.testing.assert_allclose(row["p_value_worse"], stats.t.cdf(moved, df), rtol=1e-9)
    np.testing.assert_allclose(row["p_value_harm"], stats.t.cdf(moved, df) / 0.8, rtol=1e-9)
    # The other tail is Welch's.
    np.testing.assert_allclose(row["p_value"], stats.t.sf(t, df), rtol=1e-9)
    assert (row["upper"] < 0) == (row["p_value_worse"] < 0.025)
    # Half a standard error more on the side of the heavy tail.
    assert row["upper"] - row["estimate"] > 1.2 * (row["estimate"] - row["lower"])


def test_a_long_left_tail_and_a_small_control_turn_it_around():
    (right,) = effects(pair(mean(9600, 2.0, 5.0), mean(400, 1.6, 5.0)))
    (left,) = effects(pair(mean(9600, -2.0, -5.0), mean(400, -1.6, -5.0)))
    (small,) = effects(pair(mean(400, 1.6, 5.0), mean(9600, 2.0, 5.0)))
    for turned in (left, small):
        np.testing.assert_allclose(turned["skewness"], -right["skewness"])
        np.testing.assert_allclose(turned["p_value"], right["p_value_worse"], rtol=1e-12)
        np.testing.assert_allclose(turned["upper"], -right["lower"], rtol=1e-12)


@pytest.mark.parametrize(
    ("control", "treatment"),
    [
        (mean(5000, 2.0, 20.0), mean(5000, 2.2, 20.0)),
        (mean(9600, 2.0, 0.3), mean(400, 2.2, 0.3)),
        (mean(9600, 2.0, 5.0) | {"m3_num": None}, mean(400, 2.2, 5.0)),
        # What is left of sums of cubes of values at 1e6 is rounding.
        (mean(9600, 1e6, 1e4), mean(400, 1e6 + 1, -1e5)),
    ],
    ids=["arms of one size", "little skewness", "cubes not known", "cubes of large values"],
)
def test_what_is_not_skewed_has_welchs_test(control, treatment):
    (row,) = effects(pair(control, treatment))
    (plain,) = effects(pair(*({**arm, "m3_num": None} for arm in (control, treatment))))
    assert row["method"] == "welch"
    assert {name: row[name] for name in row if name != "skewness"} == {
        name: plain[name] for name in plain if name != "skewness"
    }
    assert plain["skewness"] is None


@pytest.mark.parametrize("design", [
    {}, {"is_final": False}, SEQUENTIAL | {"look": 1, "planned_effective_n": 500.0},
    {"design": "always_valid", "is_open": True, "planned_n": 200.0},
])  # fmt: skip
def test_too_few_units_for_the_skewness_decide_nothing(design):
    # By Welch's test the treatment is far worse: t is -19.
    arms = mean(9600, 2.0, 20.0), mean(400, -1.0, 20.0)
    (row,) = effects(pair(*arms, **design))
    assert row["is_too_skewed"]
    assert row["skewness"] > 0.5
    assert {name: row[name] for name in TESTS} == dict.fromkeys(TESTS)
    assert row["used_for_decision"]
    assert row["p_launch"] in (None, 1.0)
    # What is seen is shown.
    assert row["estimate"] == -3.0
    assert row["lower_fixed"] < -3.0 < row["upper_fixed"]
    (enough,) = effects(pair(mean(9600, 2.0, 9.0), mean(400, -1.0, 9.0), **design))
    assert not enough["is_too_skewed"]
    assert enough["p_value_harm_corrected"] < 1e-4


def test_a_guardrail_with_a_margin_is_not_shown():
    role = {"role": "guardrail", "margin": 0.5, "margin_kind": "relative"}
    (row,) = effects(pair(mean(9600, 2.0, 20.0), mean(400, 2.0, 20.0), **role))
    assert row["p_value_noninferior"] is row["p_value_harm"] is None
    (row,) = effects(pair(mean(9600, 2.0, 2.0), mean(400, 2.0, 2.0), **role))
    assert row["method"] == "skewness-corrected welch"
    assert (row["lift_lower"] > -0.5) == (row["p_value_noninferior"] <= 0.025)
    assert row["p_value_noninferior"] < 0.025


def test_adjusted_means_and_ratios_have_the_skewness_of_their_values():
    covariate = {"has_covariate": True, "mean_num_cov": 3.0}
    arms = [
        mean(n, 2.0, 5.0, m2_num_cov=4.0 * n, c2_num_num_cov=2.0 * n, **covariate)
        for n in (9600, 400)
    ]
    plain, cuped = effects(pair(*arms))
    assert (plain["adjustment"], cuped["adjustment"]) == ("none", "cuped")
    assert plain["skewness"] == cuped["skewness"] == pytest.approx(skewness(5.0, 9600, 400))
    assert cuped["method"] == "skewness-corrected welch, cuped"
    parts = {"metric_type": "ratio", "mean_den": 4.0}
    arms = [arm | parts | {"m2_den": 0.1 * arm["n_units"], "c2_num_den": 0.0}
            for arm in (mean(9600, 2.0, 5.0), mean(400, 2.0, 5.0))]  # fmt: skip
    (row,) = effects(pair(*arms))
    assert row["method"] == "skewness-corrected delta"
    assert row["skewness"] == pytest.approx(skewness(5.0, 9600, 400))


def test_adjusted_rates_have_the_skewness_of_events():
    covariate = {"has_covariate": True, "mean_num_cov": 0.1}
    arms = [
        {"n_units": n, "n_events": n // 20, "m2_num_cov": 0.09 * n, "c2_num_num_cov": 0.01 * n}
        for n in (9600, 400)
    ]
    rows = pair(*(arm | covariate for arm in arms))
    plain, cuped = effects(rows)
    assert plain["method"] == "skewness-corrected score"
    assert plain["skewness"] is None
    assert cuped["method"] == "skewness-corrected welch, cuped"
    of_units = (1 - 2 * 0.05) / (0.05 * 0.95) ** 0.5
    assert cuped["skewness"] == pytest.approx(skewness(of_units, 9600, 400))


def test_one_call_over_experiments_equals_one_call_each():
    every, alone = [], []
    for number, size in enumerate((0.1, 3.0, 9.0, 30.0, -30.0)):
        rows = pair(mean(9600, 2.0, size), mean(400, 1.7, size), experiment_id=str(number))
        every += rows
        alone += effects(rows)
    assert effects(every) == alone
