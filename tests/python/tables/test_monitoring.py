"""Looks one after another through `tables.effects`, each with what the ones before recorded."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from reference.builders import arm, column_table, pair
from scipy import stats

from experimentos import tables
from experimentos.sequential import group
from experimentos.sequential.always_valid import p_value as always_valid_p
from experimentos.sequential.always_valid import tightest_information
from experimentos.sequential.normal_mixture import nominal_level
from experimentos.tables.courses import REMEMBERED

PLANNED = 1000.0
START = dt.datetime(2026, 9, 1)
SEQUENTIAL = {"design": "group_sequential", "is_open": True, "spending": "obrien_fleming"}


def record(found, past=()):
    """What experimentos__looks writes down of the rows that decide."""
    rows = list(past)
    for row in found:
        if not row["used_for_decision"] or row["look"] is None or row["role"] == "explore":
            continue
        keep = {name: row[name] for name in (*REMEMBERED, "look", "is_final", "information",
                "information_fraction", "planned_n", "experiment_id", "metric",
                "variant")}  # fmt: skip
        launch = {"success": "superior"}.get(row["role"], "noninferior" if row["margin"] else None)
        for test, end in ((launch, ""), ("harm", "_harm")):
            statistic, bound = row[f"statistic{end}"], row[f"boundary{end}"]
            crossed = None not in (statistic, bound) and statistic >= bound
            p_value = row["p_value_harm_planned"] if end else _launch_p(row)
            written = {"p_value": p_value} | {
                "test": test,
                "statistic": statistic,
                "outcome": "crossed" if crossed else "",
            }
            if end:
                written |= dict.fromkeys(REMEMBERED[REMEMBERED.index("futility_boundary") :])
            rows += [keep | written] if test else []
    return rows


def _launch_p(row):
    return row["p_value"] if row["role"] == "success" else row["p_value_noninferior"]


def effects(rows, past=()):
    looks = pa.Table.from_pylist(list(past), schema=tables.LOOKS_INPUT)
    return tables.effects(
        pa.Table.from_pylist(rows, schema=tables.EFFECTS_INPUT), looks
    ).to_pylist()


def normal(z, fraction, look, *, information=None, **more):
    """Two quantiles whose difference has this statistic, at a fraction of the planned units."""
    error = (100.0 * (fraction if information is None else information)) ** -0.5
    shared = {
        "metric_type": "quantile", "quantile_level": 0.5, "n_units": int(2 * PLANNED * fraction),
        "quantile_std_error": error / 2**0.5, "planned_effective_n": PLANNED, "look": look,
    }  # fmt: skip
    return pair(
        {"quantile_value": 50.0}, {"quantile_value": 50.0 + z * error},
        **SEQUENTIAL | shared | more,
    )  # fmt: skip


def follow(statistics, fractions, **more):
    """The rows of looks one after another."""
    found, past = [], []
    for look, (z, fraction) in enumerate(zip(statistics, fractions, strict=True), 1):
        (row,) = effects(normal(z, fraction, look, **more), past)
        found.append(row)
        past = record([row], past)
    return found, past


def column(rows, name):
    return [row[name] for row in rows]


def test_boundaries_published_by_lan_and_demets():
    rows, _ = follow([0.1] * 5, [0.2, 0.4, 0.6, 0.8, 1.0])
    np.testing.assert_allclose(
        column(rows, "boundary"), [4.8769, 3.3570, 2.6803, 2.2898, 2.0310], atol=5e-5
    )
    np.testing.assert_allclose(rows[-1]["alpha_spent"], 0.025)
    assert column(rows, "is_final") == [False] * 4 + [True]


def test_repeated_p_values_printed_by_rpact():
    # rpact: getRepeatedPValues, stages of 30 % and 70 %
    rows, _ = follow([1.83711730708738, 4.40688434793646], [0.3, 0.7])
    np.testing.assert_allclose(column(rows, "p_value"), [0.2431501, 0.0001385], atol=5e-8)
    assert rows[1]["p_value_corrected"] == rows[1]["p_value"]


def test_a_first_crossing_has_the_stagewise_analysis_of_rpact():
    rows, past = follow([1.83711730708738, 4.40688434793646], [0.3, 0.7])
    # the same case in units of the estimate: information 150 and 350 over 1.00133
    scale = (70 * 1.00133 / 350) ** 0.5
    row = rows[1]
    np.testing.assert_allclose(row["p_value_stagewise"], 4.7348e-05, rtol=1e-4)
    np.testing.assert_allclose(row["estimate_stagewise"] / scale, 0.2337 / 0.2357143 *
                               row["estimate"] / scale, rtol=2e-3)  # fmt: skip
    assert row["lower_stagewise"] < row["estimate_stagewise"] < row["upper_stagewise"]
    assert rows[0]["p_value_stagewise"] is None
    # A later look is not the first crossing.
    (again,) = effects(normal(5.0, 0.9, 3), past)
    assert again["p_value"] < 0.025
    assert again["p_value_stagewise"] is None


def test_harm_is_spent_like_pocock_and_joined_with_what_holds_at_any_time():
    fractions = [0.25, 0.5, 0.75, 1.0]
    rows, _ = follow([-2.0] * 4, fractions)
    bounds = group.spending_bounds(fractions, 0.8 * 0.025, spending="pocock")
    np.testing.assert_allclose(column(rows, "boundary_harm"), bounds, atol=1e-9)
    planned = np.diag(group.repeated_p_values(
        np.where(np.eye(4), 2.0, np.nan), fractions, spending="pocock", final=True))  # fmt: skip
    for row, p_planned, fraction in zip(rows, planned, fractions, strict=True):
        n = np.array([2 * PLANNED * fraction])
        p_any = always_valid_p(np.array([stats.norm.sf(2.0)]), n, n, alpha=np.array([0.005]),
                               planned_n=np.array([5000.0]))  # fmt: skip
        np.testing.assert_allclose(row["p_value_harm_planned"], p_planned)
        np.testing.assert_allclose(
            row["p_value_harm"], min(1, p_planned / 0.8, p_any[0] / 0.2), rtol=1e-9
        )


def test_between_looks_only_what_holds_at_any_time_may_act():
    (row,) = effects(normal(-6.0, 0.4, None, is_open=False))
    for name in ("p_value", "p_value_corrected", "lower", "upper", "level", "boundary", "look",
                 "statistic", "p_value_harm_planned", "p_launch", "p_value_worse"):  # fmt: skip
        assert row[name] is None, name
    assert row["p_value_harm_corrected"] < 0.025
    assert row["p_value_fixed"] is not None
    assert record([row]) == []


def test_a_skipped_look_leaves_its_error_rate_to_later_ones():
    rows, _ = follow([0.5, 2.2], [0.25, 0.75])
    expected = group.spending_bounds([0.25, 0.75], 0.025, final=False)
    np.testing.assert_allclose(column(rows, "boundary"), expected)
    taken, _ = follow([0.5, 0.5, 2.2], [0.25, 0.5, 0.75])
    assert rows[1]["boundary"] < taken[2]["boundary"]


def test_an_earlier_crossing_that_has_faded_does_not_count():
    rows, _ = follow([0.0, 3.2, 1.0], [0.3, 0.6, 1.0])
    assert rows[1]["p_value_corrected"] <= 0.025
    assert rows[2]["p_value_corrected"] > 0.1
    assert rows[2]["lower"] < 0


def test_the_last_look_spends_what_is_left_though_units_are_missing():
    past = follow([0.3], [0.4])[1]
    (row,) = effects(normal(1.0, 0.7, 2, is_last_look=True), past)
    assert row["is_final"]
    assert row["information_fraction"] == 0.7
    assert row["alpha_spent"] == 0.025
    np.testing.assert_allclose(row["boundary"], group.spending_bounds([0.4, 0.7], 0.025)[1])


def test_a_hypothesis_with_all_its_units_is_closed_and_not_tested_again():
    rows, past = follow([0.3, 2.5], [0.6, 1.3])
    assert rows[1]["is_final"]
    assert rows[1]["information_fraction"] == 1.0
    assert rows[1]["alpha_spent"] == 0.025
    (later,) = effects(normal(9.0, 1.5, 3), past)
    for name in ("p_value", "boundary", "estimate", "lower", "information_fraction", "is_final"):
        assert later[name] == rows[1][name], name


@pytest.mark.parametrize("z", [2.1, 1.9])
def test_limits_of_a_closed_hypothesis_follow_the_level_of_its_family(z):
    """Two metrics: the other is shown later, and then this one is tested at the whole level."""
    past = record(effects(normal(z, 1.0, 1) + normal(0.0, 0.5, 1, metric="slow")))
    found = {row["metric"]: row for row in effects(
        normal(0.0, 1.2, 2) + normal(5.0, 1.0, 2, metric="slow"), past
    )}  # fmt: skip
    row, before = found["ordered"], next(each for each in past if each["metric"] == "ordered")
    np.testing.assert_allclose([before["level"], row["level"]], [0.975, 0.95])
    assert before["lower"] < 0
    assert row["estimate"] == before["estimate"]
    assert (row["p_value_corrected"] <= 0.025) == (z > 1.96)
    assert (row["lower"] > 0) == (row["lift_lower"] > 0) == (z > 1.96)
    np.testing.assert_allclose(row["lower"] + row["upper"], 2 * row["estimate"], atol=1e-9)


def test_a_look_without_more_units_spends_next_to_nothing():
    (first,), past = follow([1.0], [0.5])
    (row,) = effects(normal(3.4, 0.5, 2), past)
    np.testing.assert_allclose(row["alpha_spent"], first["alpha_spent"], rtol=1e-6)
    # The same units again: what would have crossed at the first look crosses now, and no less.
    assert row["boundary"] >= first["boundary"] * (1 - 1e-6)


def test_without_a_planned_size_time_is_spent():
    (row,) = effects(normal(1.0, 0.1, 1, planned_effective_n=None, time_fraction=0.5))
    assert row["information_fraction"] == 0.5
    np.testing.assert_allclose(row["boundary"], group.spending_bounds([0.5], 0.025, final=False))


def test_correlation_comes_from_observed_information():
    past = []
    for look, (fraction, information) in enumerate([(0.5, 0.2), (1.0, 1.0)], 1):
        (row,) = effects(normal(1.0, fraction, look, information=information), past)
        past = record([row], past)
    expected = group.spending_bounds([0.5, 1.0], 0.025, information=[0.2, 1.0])
    np.testing.assert_allclose(row["boundary"], expected[1])


def test_a_recorded_look_keeps_its_numbers_and_shows_what_has_changed():
    rows, past = follow([0.5, 3.1], [0.4, 0.8])
    (same,) = effects(normal(3.1, 0.8, 2), past)
    assert same["restated_by"] == 0.0
    assert {name: same[name] for name in same if name != "restated_by"} == {
        name: rows[1][name] for name in same if name != "restated_by"
    }
    (restated,) = effects(normal(-1.0, 0.9, 2), past)
    for name in (*REMEMBERED, "p_value", "p_value_corrected", "p_launch", "boundary", "statistic",
                 "information", "information_fraction", "p_value_harm_planned"):  # fmt: skip
        assert restated[name] == rows[1][name], name
    now = effects(normal(-1.0, 0.9, 2))[0]["estimate"]
    np.testing.assert_allclose(restated["restated_by"], now - rows[1]["estimate"])


def test_looks_of_others_and_of_later_data_change_nothing():
    rows, past = follow([0.5, 1.5, 2.5], [0.3, 0.6, 0.9])
    strangers = [row | {"experiment_id": "another"} for row in past]
    strangers += [row | {"metric": "another"} for row in past]
    (row,) = effects(normal(1.5, 0.6, 2), past + strangers)
    assert row["boundary"] == rows[1]["boundary"]


def test_what_could_not_be_tested_at_a_look_is_not_tested_when_it_is_shown_again():
    past = record(effects(normal(2.0, 0.5, 1)))
    nothing = [row | {"information": None, "statistic": None, "estimate": None} for row in past]
    (row,) = effects(normal(5.0, 0.5, 1), nothing)
    assert row["p_value"] is row["lower"] is None


def skewed(skewness, look, *, n=400):
    """A mean of units with such a skewness, 4 % of them treated."""
    arms = [
        {"n_units": size, "mean_num": value, "m2_num": 9.0 * size, "m3_num": 27.0 * skewness * size}
        for size, value in ((24 * n, 2.0), (n, 1.9))
    ]
    more = {"metric_type": "mean", "planned_effective_n": PLANNED, "look": look}
    return pair(*arms, **SEQUENTIAL | more)


def test_a_look_that_is_too_early_for_the_skewness_spends_nothing():
    (early,) = effects(skewed(20.0, 1))
    assert early["is_too_skewed"]
    assert early["alpha_spent"] is early["boundary"] is early["p_value"] is None
    (first,) = effects(skewed(6.0, 2, n=900), record([early]))
    (alone,) = effects(skewed(6.0, 2, n=900))
    assert first["boundary"] == alone["boundary"] is not None
    # A look that was taken keeps its numbers, though by later data there are too few units.
    (kept,) = effects(skewed(60.0, 2, n=900), record([first]))
    assert kept["is_too_skewed"]
    assert kept["p_value"] == first["p_value"] is not None


@pytest.mark.parametrize(("spending", "parameter"), [
    ("pocock", None), ("hwang_shih_decani", -2.0), ("kim_demets", 2.0), ("linear", None),
])  # fmt: skip
def test_every_spending_function_may_be_used(spending, parameter):
    rows, _ = follow([1.0, 1.0], [0.4, 1.0], spending=spending, spending_parameter=parameter)
    expected = group.spending_bounds(
        [0.4, 1.0], 0.025, spending=spending, parameter=parameter, final=False
    )
    np.testing.assert_allclose(column(rows, "boundary"), expected)


def test_futility_is_shown_and_never_enlarges_alpha():
    fractions = [0.25, 0.5, 0.75, 1.0]
    plain, _ = follow([0.1] * 4, fractions)
    rows, _ = follow([0.1] * 4, fractions, futility="obrien_fleming")
    assert column(rows, "boundary") == column(plain, "boundary")
    assert column(plain, "futility_boundary") == [None] * 4
    assert rows[3]["futility_boundary"] is None
    expected = group.group_sequential([0.25, 0.5, 0.75, 1.0], alpha=0.025, beta=0.2).futility
    np.testing.assert_allclose(rows[2]["futility_boundary"], expected[2])


def test_goal_decrease_turns_everything_around():
    up, _ = follow([1.0, 3.0], [0.4, 0.8])
    down, _ = follow([-1.0, -3.0], [0.4, 0.8], goal="decrease")
    for name in ("p_value", "p_value_harm", "boundary", "p_value_stagewise"):
        np.testing.assert_allclose(column(down, name)[1], column(up, name)[1])
    for mine, other in (("lower", "upper"), ("lower_stagewise", "upper_stagewise")):
        np.testing.assert_allclose(down[1][mine], -up[1][other], rtol=1e-9)
    np.testing.assert_allclose(down[1]["estimate_stagewise"], -up[1]["estimate_stagewise"])


@pytest.mark.parametrize("design", ["group_sequential", "always_valid"])
@pytest.mark.parametrize("kind", ["superior", "absolute", "relative"])
def test_intervals_exclude_the_boundary_exactly_when_the_corrected_test_rejects(design, kind):
    rng = np.random.default_rng(3)
    rows, past = [], []
    for experiment in range(40):
        for metric in range(3):
            n, rate = 4000, rng.uniform(0.1, 0.5)
            events = rng.binomial(n, [rate, rate + rng.choice([0.0, 0.02, 0.04, 0.06])])
            more = {"experiment_id": str(experiment), "metric": str(metric), "design": design,
                    "is_open": True, "look": 1, "planned_effective_n": 3000.0}  # fmt: skip
            if kind != "superior":
                more |= {"role": "guardrail", "goal": "increase", "margin_kind": kind,
                         "margin": 0.01 if kind == "absolute" else 0.05}  # fmt: skip
            rows += pair(*({"n_units": n, "n_events": int(x)} for x in events), **more)
    found = effects(rows, past)
    rejected = 0
    for row in found:
        if kind == "superior":
            excludes = row["lower"] > 0
            assert excludes == (row["p_value_corrected"] <= 0.025)
            assert (row["lift_lower"] > 0) == excludes
        else:
            low = row["lower"] if kind == "absolute" else row["lift_lower"]
            excludes = low > (-0.01 if kind == "absolute" else -0.05)
            assert excludes == (row["p_value_noninferior"] <= 0.025)
        rejected += excludes
        assert row["lower"] < row["lower_fixed"]
    assert 10 < rejected < 110


def anytime(z, **more):
    return effects(normal(z, 0.4, None, design="always_valid", planned_n=800.0, **more))[0]


def test_always_valid_is_the_one_sided_mixture_tuned_to_the_planned_size():
    row = anytime(3.4)
    n = np.array([800.0])
    expected = always_valid_p(
        np.array([stats.norm.sf(3.4)]), n, n, alpha=np.array([0.025]), planned_n=n
    )
    np.testing.assert_allclose(row["p_value"], expected[0], rtol=1e-9)
    level = nominal_level(tightest_information([0.025]), alpha=[0.025], side="greater")[0]
    error = row["std_error"]
    np.testing.assert_allclose(row["lower"], row["estimate"] + stats.norm.ppf(level) * error)
    # p_any has the whole budget of harm.
    down = anytime(-3.4)
    np.testing.assert_allclose(down["p_value_harm"], expected[0], rtol=1e-9)
    assert down["p_value_harm_planned"] is None


def test_without_a_planned_size_the_mixture_is_tuned_to_5000_an_arm():
    def found(planned_n):
        given = normal(2.5, 0.4, None, design="always_valid", planned_n=planned_n)
        given += normal(-2.5, 0.4, 1, planned_n=planned_n, experiment_id="looks")
        return [(row["p_value"], row["p_value_harm"], row["planned_n"]) for row in effects(given)]

    assert found(None) == found(5000.0)
    assert found(None) != found(4000.0)


def test_always_valid_launches_after_a_week_and_starts_with_a_hundred_units():
    early = anytime(5.0, is_open=False)
    assert early["p_value_corrected"] < 0.025
    assert early["p_launch"] is early["p_launch_corrected"] is None
    few = effects(normal(5.0, 0.4, None, design="always_valid", n_units=99))[0]
    assert few["p_value"] is few["lower"] is few["p_value_harm"] is few["look"] is None
    rare = pair({"n_units": 2000, "n_events": 29}, {"n_units": 2000, "n_events": 90},
                design="always_valid", is_open=True)  # fmt: skip
    assert effects(rare)[0]["p_value"] is None


def test_the_mixture_is_set_once():
    first = anytime(3.0)
    past = record([first])
    assert first["look"] == 1
    changed = normal(3.0, 0.4, None, design="always_valid", planned_n=9000.0)
    (row,) = effects(changed, past)
    assert row["p_value"] == first["p_value"]
    assert effects(changed)[0]["p_value"] != first["p_value"]


def test_explored_metrics_hold_at_every_build():
    row = effects(normal(3.4, 0.4, 1, role="explore", planned_n=800.0))[0]
    assert row["p_value"] == anytime(3.4, role="explore")["p_value"]
    assert row["boundary"] is not None
    assert record([row]) == []
    assert (
        effects(normal(3.4, 0.4, None, role="explore", planned_n=800.0))[0]["p_value"]
        == (row["p_value"])
    )


def test_a_fixed_design_is_as_it_was():
    rows = pair({"n_units": 2000, "n_events": 200}, {"n_units": 2000, "n_events": 260})
    (row,) = effects(rows)
    (said,) = effects([each | {"design": "fixed"} for each in rows])
    assert row == said
    for name in ("look", "boundary", "statistic", "information", "restated_by"):
        assert row[name] is None


def fixed(z, look=1, **more):
    """A fixed design at its end, as the models give it: one look, with its number and date."""
    given = {"design": "fixed", "is_open": True, "is_final": True, "is_last_look": True}
    return normal(z, 1.0, look, **(given | more))


def test_the_look_of_a_fixed_design_spends_all_and_changes_no_number():
    (taken,) = effects(fixed(2.1))
    (plain,) = effects(fixed(2.1, look=None))
    of_looks = {"look", "look_date", "information", "information_fraction", "statistic",
                "boundary", "alpha_spent", "statistic_harm", "boundary_harm", "alpha_spent_harm",
                "p_value_harm_planned", "inputs_hash", "control_inputs_hash"}  # fmt: skip
    for name in taken.keys() - of_looks:
        assert taken[name] == plain[name], name
    assert taken["look"] == taken["information_fraction"] == 1
    np.testing.assert_allclose(taken["statistic"], 2.1, rtol=1e-9)
    np.testing.assert_allclose(taken["boundary"], stats.norm.isf(0.025), rtol=1e-12)
    np.testing.assert_allclose(taken["boundary_harm"], stats.norm.isf(0.8 * 0.025), rtol=1e-12)
    assert taken["alpha_spent"] == 0.025


def test_a_fixed_look_keeps_what_it_showed_whatever_the_data_become():
    guardrails = [
        {"metric": "guarded", "role": "guardrail", "margin": 0.5, "margin_kind": "absolute"},
        {"metric": "watched", "role": "guardrail"},
    ]

    def build(z, past=()):
        rows = fixed(z) + [row for more in guardrails for row in fixed(z, **more)]
        return {row["metric"]: row for row in effects(rows, past)}

    first = build(2.1)
    past = record(first.values())
    assert len(past) == 5
    again, restated = build(2.1, past), build(-3.0, past)
    for metric, row in first.items():
        assert {**again[metric], "restated_by": None} == row
        for name in (*REMEMBERED, "p_value_noninferior", "p_value_harm_planned", "statistic",
                     "statistic_harm", "boundary", "information", "p_launch", "p_launch_corrected",
                     "p_value_corrected"):  # fmt: skip
            if (metric, name) != ("watched", "statistic"):  # no test of a launch is recorded of it
                assert restated[metric][name] == row[name], (metric, name)
        assert restated[metric]["restated_by"] < 0
    (success,) = [row for row in restated.values() if row["role"] == "success"]
    assert success["p_value"] == next(iter(first.values()))["p_value"]
    # The always-valid test of harm reads the data as they are: it may act at any time.
    assert success["p_value_harm"] < next(iter(first.values()))["p_value_harm"]


def test_a_second_fixed_look_is_tested_on_its_own_data():
    (first,) = effects(fixed(2.1))
    (second,) = effects(fixed(0.3, look=2), record([first]))
    (alone,) = effects(fixed(0.3))
    assert {**second, "look": 1} == alone


def test_what_could_not_be_tested_at_a_fixed_look_is_not_tested_later():
    (nothing,) = effects(fixed(1.0, quantile_std_error=None))
    assert nothing["p_value"] is None
    (later,) = effects(fixed(2.1), record([nothing]))
    for name in ("p_value", "p_value_corrected", "p_launch", "p_value_harm_planned", "lower"):
        assert later[name] == nothing[name], name


def test_looks_of_many_arms_are_corrected_over_them():
    rows = normal(2.5, 1.0, 1)
    rows += [row | {"variant": "other"} for row in normal(0.0, 1.0, 1)[1:]]
    found = {row["variant"]: row for row in effects(rows)}
    row = found["treatment"]
    np.testing.assert_allclose(row["p_value_corrected"], 2 * row["p_value"])
    np.testing.assert_allclose(row["boundary"], stats.norm.isf(0.0125))


RUNS = 1500
# Fractions of the looks taken: as planned, early and late, with skipped ones, beyond the plan.
SCHEDULES = {
    "planned": [0.25, 0.5, 0.75, 1.0],
    "early and late": [0.11, 0.52, 0.6, 1.0],
    "skipped": [0.25, 1.0],
    "over-run": [0.4, 0.8, 1.25],
    "under-run": [0.4, 0.7],
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_error_rates_over_all_looks_together(name):
    """Three standard errors of 1,500 runs about what theory says, for Launch and planned harm."""
    rng = np.random.default_rng(list(SCHEDULES).index(name))
    fractions = np.array(SCHEDULES[name])
    steps = np.diff(fractions, prepend=0.0)
    path = np.cumsum(rng.normal(0, np.sqrt(steps), (RUNS, steps.size)), axis=1)
    crossed, harmed, past = np.zeros(RUNS, bool), np.zeros(RUNS, bool), []
    for look, fraction in enumerate(fractions, 1):
        z = path[:, look - 1] / fraction**0.5
        found = looked(z, fraction, look, past, is_last=look == fractions.size)
        by_name = {row["experiment_id"]: row for row in found}
        rows = [by_name[str(run)] for run in range(RUNS)]
        crossed |= np.array([row["p_value_corrected"] <= 0.025 for row in rows])
        harmed |= np.array([row["p_value_harm_planned"] <= 0.02 for row in rows])
        past = record(rows, past)
    for seen, promised in ((crossed, 0.025), (harmed, 0.02)):
        assert abs(seen.mean() - promised) < 3 * (promised * (1 - promised) / RUNS) ** 0.5


def looked(z, fraction, look, past, *, is_last):
    """One look of many experiments at once."""
    names = [str(run) for run in range(z.size)]
    error = (100.0 * fraction) ** -0.5
    one = arm(**SEQUENTIAL | {
        "metric_type": "quantile", "quantile_level": 0.5, "n_units": int(2 * PLANNED * fraction),
        "quantile_std_error": error / 2**0.5, "planned_effective_n": PLANNED, "look": look,
        "is_last_look": is_last,
    })  # fmt: skip
    columns = {name: [value] * (2 * z.size) for name, value in one.items() if value is not None}
    columns |= {
        "experiment_id": names * 2,
        "variant": ["control"] * z.size + ["treatment"] * z.size,
        "is_control": [True] * z.size + [False] * z.size,
        "quantile_value": [50.0] * z.size + list(50.0 + z * error),
    }
    looks = pa.Table.from_pylist(list(past), schema=tables.LOOKS_INPUT)
    return tables.effects(column_table(columns), looks).to_pylist()


def test_a_family_spans_the_times_at_which_its_metrics_are_read_for_one_look():
    # Quantiles are read on the data of the build, others are cut at the date of the look.
    def looked_at(role, metric, days_late, **more):
        return normal(2.5, 1.0, 1, metric=metric, role=role, look_date=START, is_last_look=True,
                      as_of=START + dt.timedelta(days=days_late), **more)  # fmt: skip

    margin = {"margin": 20.0, "margin_kind": "absolute"}
    rows = looked_at("success", "a", 0) + looked_at("success", "b", 2)
    rows += looked_at("guardrail", "c", 2, **margin)
    a, b, c = effects(rows)
    assert column([a, b], "p_value_corrected") == [min(1, 2 * p) for p in column([a, b], "p_value")]
    together = max(2 * min(column([a, b], "p_value")), c["p_value_noninferior"])
    assert {row["p_launch"] for row in (a, b, c)} == {together}
    harm = sorted(row["p_value_harm"] for row in (a, b, c))
    assert min(row["p_value_harm_corrected"] for row in (a, b, c)) == min(1, 3 * harm[0])


@pytest.mark.parametrize("margin", [None, 20.0])
def test_a_guardrail_stays_as_bad_as_it_was_at_a_look_that_was_recorded(margin):
    guardrail = {"role": "guardrail", "is_last_look": True, "margin": margin}
    guardrail |= {"margin_kind": "absolute"} if margin else {}
    (then,) = effects(normal(-2.5, 1.0, 1, **guardrail))
    np.testing.assert_allclose(then["p_value_worse"], stats.norm.cdf(-2.5))
    past = record([then])
    (again,) = effects(normal(-2.5, 1.0, 1, **guardrail), past)
    assert again["p_value_worse"] == then["p_value_worse"]
    (restated,) = effects(normal(1.0, 1.0, 1, **guardrail), past)
    np.testing.assert_allclose(restated["p_value_worse"], then["p_value_worse"])
