import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.builders import arm, effects, pair
from scipy import stats

from experimentos import tables

FIRST, SECOND = "2026-09-01", "2026-09-08"


def mean(n, value, m2, **more):
    return {"metric_type": "mean", "n_units": n, "mean_num": value, "m2_num": m2} | more


def counted(n, events):
    return {"n_units": n, "n_events": events}


def ramp(phases, pooled, **shared):
    """Rows of the phases, each a pair of arms, and of all units together."""
    rows = pair(*pooled, **{"n_phases": len(phases)} | shared)
    for label, arms in zip((FIRST, SECOND, "2026-09-15"), phases, strict=False):
        own = {"segment": "phase", "segment_value": label, "is_deciding": False}
        rows += pair(*arms, **{"n_phases": len(phases)} | shared | own)
    return rows


def whole(rows):
    (row,) = [row for row in effects(rows) if row["used_for_decision"]]
    return row


MEANS = [
    (mean(900, 2.0, 3600.0), mean(100, 2.5, 400.0)),
    (mean(500, 3.0, 2000.0), mean(500, 3.1, 2000.0)),
]
POOLED = mean(1400, 2.36, 9000.0), mean(600, 3.0, 4000.0)


def test_means_by_hand():
    row = whole(ramp(MEANS, POOLED))
    w = np.array([90.0, 250.0]) / 340
    np.testing.assert_allclose(row["value_control"], w @ [2.0, 3.0])
    np.testing.assert_allclose(row["value_treatment"], w @ [2.5, 3.1])
    np.testing.assert_allclose(row["estimate"], w @ [0.5, 0.1])
    variance = np.array([
        3600 / 899 / 900 + 400 / 99 / 100, 2000 / 499 / 500 + 2000 / 499 / 500
    ])  # fmt: skip
    np.testing.assert_allclose(row["std_error"] ** 2, w**2 @ variance)
    assert (row["n_control"], row["n_treatment"]) == (1400, 600)
    assert row["method"] == "welch, combined over 2 phases"
    # Pooled, the week with a higher mean has more treated units: 0.64 instead of 0.21.
    assert row["estimate"] < 0.25


def test_phases_are_less_skewed_together():
    arms = [mean(n, value, 9.0 * n, m3_num=5 * 27.0 * n) for n, value in ((9600, 2.0), (400, 2.1))]
    row = whole(ramp([arms, arms], arms))
    alone = whole(pair(*arms))
    assert alone["skewness"] == pytest.approx(
        5 * (400**-2 - 9600**-2) / (1 / 400 + 1 / 9600) ** 1.5
    )
    assert row["skewness"] == pytest.approx(alone["skewness"] / 2**0.5)
    assert row["method"] == "skewness-corrected welch, combined over 2 phases"


def test_the_lift_is_the_estimate_over_control_by_fieller():
    row = whole(ramp(MEANS, POOLED))
    np.testing.assert_allclose(row["lift"], row["estimate"] / row["value_control"])
    w = np.array([90.0, 250.0]) / 340
    v_c = w**2 @ [3600 / 899 / 900, 2000 / 499 / 500]
    v_t = w**2 @ [400 / 99 / 100, 2000 / 499 / 500]
    parts = (w**2)[:, None] * [[3600 / 899 / 900, 400 / 99 / 100], [2000 / 499 / 500] * 2]
    df = (v_c + v_t) ** 2 / (parts**2 / [[899, 99], [499, 499]]).sum()
    for limit in (row["lift_lower"], row["lift_upper"]):
        contrast = row["value_treatment"] - (1 + limit) * row["value_control"]
        t = abs(contrast) / np.sqrt(v_t + (1 + limit) ** 2 * v_c)
        np.testing.assert_allclose(t, stats.t.ppf(0.975, df), rtol=1e-8)


def test_what_the_pooled_moments_say_does_not_matter():
    row = whole(ramp(MEANS, POOLED))
    other = whole(ramp(MEANS, (mean(3, None, None), mean(5, -7.0, 1.0))))
    assert row == other


def test_phases_are_shown_and_decide_nothing():
    found = effects(ramp(MEANS, POOLED))
    assert [row["segment"] for row in found] == ["all", "phase", "phase"]
    for row, (control, treatment) in zip(found[1:], MEANS, strict=True):
        (alone,) = effects(pair(control, treatment))
        assert not row["used_for_decision"]
        assert row["estimate"] == alone["estimate"]
        assert row["p_value_fixed"] == alone["p_value_fixed"]
        assert row["p_value_corrected"] is row["p_value"] is None


@pytest.mark.parametrize("role", ["success", "guardrail"])
def test_one_phase_that_can_be_compared_is_that_phase(role):
    plan = {"role": role, "margin": 0.05, "margin_kind": "relative"}
    for given_arms in (MEANS[0], (counted(900, 100), counted(100, 15)),
                       (counted(900, 3), counted(100, 1))):  # fmt: skip
        kind = {"metric_type": given_arms[0].get("metric_type", "proportion")}
        missing = mean(700, 3.0, 900.0), mean(0, None, None)
        rows = ramp([given_arms, tuple(m | kind for m in missing)], given_arms, **plan)
        (alone,) = effects(pair(*given_arms, **plan))
        row = whole(rows)
        for name, value in alone.items():
            if isinstance(value, float):
                np.testing.assert_allclose(row[name], value, rtol=1e-12, err_msg=name)
            else:
                assert row[name] == value, name


def test_a_phase_without_a_variant_is_left_out_for_it_alone():
    rows = ramp(MEANS, POOLED)
    other = arm(**rows[1] | {"variant": "later", "n_units": 500})
    second = arm(**rows[5] | {"variant": "later", "n_units": 500})
    found = {row["variant"]: row for row in effects([*rows, other, second])
             if row["used_for_decision"]}  # fmt: skip
    assert found["treatment"]["method"] == "welch, combined over 2 phases"
    assert found["later"]["method"] == "welch"
    assert (found["later"]["n_control"], found["later"]["n_treatment"]) == (500, 500)


def test_without_any_phase_nothing_is_shown():
    for rows in (
        ramp([], POOLED, n_phases=2),
        ramp([(mean(5, 1.0, 1.0), mean(0, None, None))], POOLED, n_phases=2),
        ramp([(mean(5, 1.0, 1.0), mean(1, 3.0, 0.0))], POOLED, n_phases=2),
    ):
        row = whole(rows)
        assert (row["n_control"], row["n_treatment"]) == (1400, 600)
        for name in ("estimate", "std_error", "p_value_fixed", "p_value", "lift", "p_value_harm"):
            assert row[name] is None, name


RATES = [(counted(9900, 500), counted(100, 9)), (counted(5000, 400), counted(5000, 450))]
POOLED_RATES = counted(14900, 900), counted(5100, 459)


@pytest.mark.parametrize("kind", ["mean", "proportion"])
def test_segments_and_slices_mix_the_phases_and_show_nothing(kind):
    arms = POOLED if kind == "mean" else (counted(1400, 200), counted(600, 120))
    parts = MEANS if kind == "mean" else [(counted(900, 100), counted(100, 15))] * 2
    level = {"segment": "country", "segment_value": "NL", "is_deciding": False}
    shared = {"metric_type": kind} if kind == "proportion" else {}
    rows = ramp(parts, arms, **shared)
    found = effects(rows + pair(*arms, **shared | level | {"n_phases": 2}))
    (row,) = [row for row in found if row["segment"] == "country"]
    assert (row["n_control"], row["n_treatment"]) == (1400, 600)
    for name in ("estimate", "std_error", "p_value_fixed", "p_value_corrected", "lift", "lower"):
        assert row[name] is None, name
    assert [one for one in found if one["segment"] != "country"] == effects(rows)
    (alone,) = effects(pair(*arms, **shared | level))
    assert alone["estimate"] is not None


def test_rates_are_tested_by_cochrans_test():
    row = whole(ramp(RATES, POOLED_RATES))
    excess = variance = 0.0
    weights, difference = [], []
    for control, treatment in RATES:
        n_c, n_t = control["n_units"], treatment["n_units"]
        x_c, x_t = control["n_events"], treatment["n_events"]
        total, size = x_c + x_t, n_c + n_t
        excess += x_t - total * n_t / size
        variance += n_c * n_t * total * (size - total) / size**3
        weights.append(n_c * n_t / size)
        difference.append(x_t / n_t - x_c / n_c)
    np.testing.assert_allclose(row["p_value"], stats.norm.sf(excess / np.sqrt(variance)))
    np.testing.assert_allclose(row["estimate"], np.average(difference, weights=weights))
    assert row["method"] == "score, combined over 2 phases"
    assert (row["lower"] > 0) == (row["p_value_corrected"] < 0.025)


def test_few_events_are_tested_given_their_total():
    phases = [(counted(9900, 5), counted(100, 2)), (counted(500, 1), counted(500, 4))]
    row = whole(ramp(phases, (counted(10400, 6), counted(600, 6))))
    share = (7 * 0.01 + 5 * 0.5) / 12
    np.testing.assert_allclose(row["p_value"], stats.binom.sf(5, 12, share))
    assert row["method"] == "conditional binomial, combined over 2 phases"


@pytest.mark.parametrize("goal", ["increase", "decrease"])
@pytest.mark.parametrize("few", [False, True])
@pytest.mark.parametrize(("margin", "kind"), [(0.1, "relative"), (0.002, "absolute")])
def test_limits_exclude_the_margin_exactly_when_noninferiority_is_shown(goal, few, margin, kind):
    rng = np.random.default_rng(6)
    rows = []
    for i in range(40):
        rate = 0.004 if few else 0.2
        phases = [tuple(counted(n, int(rng.binomial(n, rate))) for n in sizes)
                  for sizes in ((900, 100), (500, 500))]  # fmt: skip
        rows += ramp(phases, POOLED_RATES, experiment_id=str(i), role="guardrail", goal=goal,
                     margin=margin, margin_kind=kind)  # fmt: skip
    shown = 0
    for row in effects(rows):
        if not row["used_for_decision"]:
            continue
        low, high = ("lift_lower", "lift_upper") if kind == "relative" else ("lower", "upper")
        p_value = row["p_value_noninferior"]
        if few and kind == "absolute":
            assert p_value is None
        elif row[low] is not None:
            inside = row[low] > -margin if goal == "increase" else row[high] < margin
            assert inside == (p_value <= 0.025)
            shown += 1
    assert shown or (few and kind == "absolute")


COVARIATE = {"has_covariate": True, "mean_num_cov": 3.0, "m2_num_cov": 800.0,
             "c2_num_num_cov": 500.0}  # fmt: skip


def test_adjusted_within_phases_and_weighted_as_the_plain_ones():
    first = tuple(row | COVARIATE for row in (mean(900, 2.0, 1600.0), mean(60, 2.5, 400.0)))
    second = (mean(500, 3.0, 1000.0, **COVARIATE),
              mean(500, 3.1, 1000.0, **COVARIATE | {"mean_num_cov": 3.2}))  # fmt: skip
    found = effects(ramp([first, second], POOLED))
    plain, cuped = (
        next(row for row in found if (row["segment"], row["adjustment"]) == ("all", adjustment))
        for adjustment in ("none", "cuped")
    )
    parts = {(row["segment_value"], row["adjustment"]): row for row in found}
    assert (FIRST, "cuped") not in parts  # under 100 units: it enters unadjusted
    w = np.array([900 * 60 / 960, 250.0])
    w /= w.sum()
    chosen = [parts[FIRST, "none"], parts[SECOND, "cuped"]]
    np.testing.assert_allclose(cuped["estimate"], w @ [row["estimate"] for row in chosen])
    np.testing.assert_allclose(
        cuped["std_error"] ** 2, w**2 @ [row["std_error"] ** 2 for row in chosen]
    )
    np.testing.assert_allclose(cuped["theta"], w[1] * 0.625)
    explained = 1 - cuped["std_error"] ** 2 / plain["std_error"] ** 2
    np.testing.assert_allclose(cuped["variance_reduction"], explained)
    assert cuped["used_for_decision"]
    assert not plain["used_for_decision"]
    assert cuped["method"] == "welch, cuped, combined over 2 phases"
    # Balance of the covariate within phases: 0 and 0.2 apart.
    units = np.array([[900, 60], [500, 500]])
    parts = (w**2)[:, None] * 800 / (units - 1) / units
    df = parts.sum() ** 2 / (parts**2 / (units - 1)).sum()
    expected = 2 * stats.t.sf(w[1] * 0.2 / np.sqrt(parts.sum()), df)
    np.testing.assert_allclose(cuped["p_value_balance"], expected)


def test_quantiles_are_combined_with_infinite_degrees_of_freedom():
    def p90(n, value, error):
        return {"metric_type": "quantile", "n_units": n, "quantile_level": 0.9,
                "quantile_value": value, "quantile_std_error": error}  # fmt: skip

    phases = [(p90(900, 5.0, 0.2), p90(100, 5.4, 0.3)), (p90(500, 6.0, 0.2), p90(500, 6.2, 0.2)),
              (p90(500, 6.0, 0.2), p90(20, 9.0, None))]  # fmt: skip
    row = whole(ramp(phases, (p90(1900, 5.0, 0.1), p90(620, 5.0, 0.1))))
    w = np.array([90.0, 250.0]) / 340
    np.testing.assert_allclose(row["estimate"], w @ [0.4, 0.2])
    error = np.sqrt(w**2 @ [0.2**2 + 0.3**2, 2 * 0.2**2])
    np.testing.assert_allclose(row["p_value"], stats.norm.sf(w @ [0.4, 0.2] / error))
    assert row["method"] == "quantile, combined over 2 phases"


def test_each_day_basis_and_arm_is_combined_of_its_own_phases():
    rows = []
    for i, basis in enumerate(["mature", "all"]):
        scaled = [tuple(one | {"mean_num": one["mean_num"] * (i + 1)} for one in arms)
                  for arms in MEANS]  # fmt: skip
        rows += ramp(scaled, POOLED, basis=basis, is_deciding=basis == "mature")
    found = {row["basis"]: row for row in effects(rows) if row["segment"] == "all"}
    assert found["mature"]["estimate"] == whole(ramp(MEANS, POOLED))["estimate"]
    np.testing.assert_allclose(found["all"]["estimate"], 2 * found["mature"]["estimate"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(2, 900), st.integers(2, 900), st.floats(-5, 5), st.floats(-5, 5),
                  st.floats(0.5, 4)), min_size=1, max_size=3,
    ),
    st.floats(-100, 100),
)  # fmt: skip
def test_the_estimate_lies_between_the_phases_and_follows_a_shift(phases, shift):
    def arms(added):
        return [(mean(n_c, c + added, n_c * s), mean(n_t, t + added, n_t * s))
                for n_c, n_t, c, t, s in phases]  # fmt: skip

    found = effects(ramp(arms(0.0), POOLED, n_phases=2))
    parts = [row["estimate"] for row in found if row["segment"] == "phase"]
    (row,) = [row for row in found if row["used_for_decision"]]
    assert min(parts) - 1e-9 <= row["estimate"] <= max(parts) + 1e-9
    errors = [row["std_error"] for row in found if row["segment"] == "phase"]
    assert row["std_error"] <= max(errors) * (1 + 1e-9)
    moved = whole(ramp(arms(shift), POOLED, n_phases=2))
    np.testing.assert_allclose(moved["estimate"], row["estimate"], atol=1e-9)
    np.testing.assert_allclose(moved["std_error"], row["std_error"])
    np.testing.assert_allclose(moved["p_value"], row["p_value"], rtol=1e-6, atol=1e-12)


def test_intervals_of_ramps_miss_as_often_as_promised():
    # Weeks differ in level and in their effect; a tenth of the units is treated, then half.
    rng, trials = np.random.default_rng(7), 4000
    sizes, level, effect = [(900, 100), (500, 500)], [10.0, 14.0], [0.5, 0.2]
    w = np.array([90.0, 250.0]) / 340
    rows = []
    for trial in range(trials):
        phases = []
        for (n_c, n_t), base, change in zip(sizes, level, effect, strict=True):
            arms = []
            for n, centre in ((n_c, base), (n_t, base + change)):
                m2 = 4.0 * rng.chisquare(n - 1)
                arms.append(mean(n, rng.normal(centre, 2 / np.sqrt(n)), m2))
            phases.append(tuple(arms))
        rows += ramp(phases, POOLED, experiment_id=str(trial))
    found = tables.effects(pa.Table.from_pylist(rows, schema=tables.EFFECTS_INPUT)).to_pylist()
    found = [row for row in found if row["used_for_decision"]]
    true_lift = (w @ effect) / (w @ level)
    allowed = 3.5 * np.sqrt(0.025 * 0.975 / trials)
    for low, high, truth in (("lower_fixed", "upper_fixed", w @ effect),
                             ("lift_lower", "lift_upper", true_lift)):  # fmt: skip
        assert abs(np.mean([row[low] > truth for row in found]) - 0.025) < allowed
        assert abs(np.mean([row[high] < truth for row in found]) - 0.025) < allowed
