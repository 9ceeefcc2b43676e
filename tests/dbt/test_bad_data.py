"""Bad data: a health row or a Hold, never a failed build, a wrong number or another case lost.

All cases share one build, and each has units of its own, so that a case may spoil everybody else.
"""

from __future__ import annotations

import math

import pytest
from bad_data import (
    AMOUNT,
    BLOCKED,
    HELD,
    HTML,
    LAUNCHED,
    SETTINGS,
    SUMMARIES,
    SUMMARY_BLOCKS,
    add_models,
    draw_rows,
)
from project import Project
from scipy import stats


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("bad_data"), {
        "assignment_models": ["assigned", "nobody_assigned"],
        "fact_models": ["orders", "ticks", "slow", "nothing_happened", "nobody", "profiles"],
        "summary_models": ["summary"], "as_of": "2026-03-05", "invalid_experiments": "hold",
    })  # fmt: skip
    rows = draw_rows()
    add_models(project, rows)
    base = {
        "start": "2026-01-01",
        "end": "2026-01-08",
        "control": "a",
        "variants": {"a": 0.5, "b": 0.5},
    }
    cases = dict.fromkeys(row["experiment"] for row in rows.assigned) | SETTINGS
    for case in cases:
        project.experiment(case, base | (SETTINGS.get(case) or AMOUNT))
    for case in SUMMARIES:
        project.experiment(case, {
            "summary": "summary", "control": "a", "variants": {"a": 0.5, "b": 0.5},
            "success": ["conversions", "value"], "guardrails": {}, "explore": [],
        })  # fmt: skip
    project.build()
    return project


def latest_moments(built, case: str) -> list[dict]:
    """The rows of all mature units at the end of the data, by variant."""
    where = f"experiment_id = '{case}' and as_of = '2026-03-01' and basis = 'mature'"
    rows = built.mart("moments", f"{where} and segment = 'all' and population = 'assigned'")
    return sorted(rows, key=lambda row: row["variant"])


def deciding_effect(built, case: str) -> dict:
    return built.one("effects", f"experiment_id = '{case}' and used_for_decision")


def check(built, case: str, name: str) -> dict:
    return built.one("health", f"experiment_id = '{case}' and check_name = '{name}'")


def blocks(built, case: str) -> set[str]:
    rows = built.mart("health", f"experiment_id = '{case}' and status = 'blocked'")
    assert all(row["message"] for row in rows)
    return {row["check_name"] for row in rows}


@pytest.mark.parametrize("case", [*BLOCKED, *SUMMARY_BLOCKS])
def test_bad_data_block_and_hold(built, case):
    found = built.one("decisions", f"experiment_id = '{case}'")
    assert found["verdict"] == "hold", found
    assert found["rule"] == "health_blocked", found
    assert found["reason"]
    assert (BLOCKED | SUMMARY_BLOCKS)[case] in blocks(built, case)


@pytest.mark.parametrize("case", sorted(HELD))
def test_data_that_show_nothing_hold(built, case):
    found = built.one("decisions", f"experiment_id = '{case}'")
    assert found["verdict"] == "hold", found
    assert found["reason"]
    assert not blocks(built, case)


@pytest.mark.parametrize("case", sorted(LAUNCHED))
def test_what_is_usable_still_decides(built, case):
    found = built.one("decisions", f"experiment_id = '{case}'")
    assert (found["verdict"], found["rule"]) == ("launch", "launchable"), found
    assert not blocks(built, case)


def test_every_experiment_has_a_decision(built):
    names = {row["experiment_id"] for row in built.mart("experiments")}
    assert {row["experiment_id"] for row in built.mart("decisions")} == names
    assert len(names) == len(BLOCKED) + len(HELD) + len(LAUNCHED) + len(SUMMARIES) + 1
    assert set(BLOCKED) | HELD | LAUNCHED | set(SUMMARIES) | {"early_harm"} == names


def test_no_number_of_any_mart_is_infinite_or_not_a_number(built):
    marts = ["moments", "effects", "effects_by_age", "health", "power", "posteriors",
             "decision_evidence", "variant_decisions", "distributions"]  # fmt: skip
    for mart in marts:
        for row in built.mart(mart):
            for column, value in row.items():
                assert not isinstance(value, float) or math.isfinite(value), (mart, column, row)


def test_skipped_values_change_nothing_else(built):
    control, treatment = latest_moments(built, "some_bad")
    assert (control["n_events"], control["n_skipped"]) == (150, 50)
    assert (treatment["n_events"], treatment["n_skipped"]) == (300, 200)
    assert control["mean_num"] == pytest.approx(
        10 + sum(i % 7 for i in range(100)) / 100, rel=1e-12
    )
    health = built.mart("health", "experiment_id = 'some_bad' and check_name = 'values_skipped'")
    assert {row["status"] for row in health} == {"warning"}


def test_large_values_keep_their_digits(built):
    row = deciding_effect(built, "large")
    assert row["estimate"] == pytest.approx(1e15, rel=1e-12)
    values = [1e15 + 1e13 * ((index % 11) - 5) / 5 for index in range(100)]
    mean = math.fsum(values) / 100
    control, _ = latest_moments(built, "large")
    assert control["m2_num"] == pytest.approx(math.fsum((x - mean) ** 2 for x in values), rel=1e-12)


def test_equal_values_show_no_test(built):
    for case in ("constant", "constant_but_different"):
        row = deciding_effect(built, case)
        assert row["p_value_fixed"] is None
        assert row["lower"] is None
        health = built.one("health", f"experiment_id = '{case}' and check_name = 'varies'")
        assert health["status"] == "warning"


def test_a_metric_without_any_event_says_so(built):
    health = built.one("health", "experiment_id = 'no_order_at_all' and check_name = 'varies'")
    assert health["status"] == "warning"
    assert "no event that counts" in health["message"]


def test_without_control_orders_the_difference_is_shown_but_no_lift(built):
    row = deciding_effect(built, "no_control_order")
    assert row["estimate"] == pytest.approx(0.3, rel=1e-12)
    assert row["lift"] is None


def test_labels_are_kept_as_they_are(built):
    found = built.one("decisions", "experiment_id = 'odd_labels'")
    assert found["variant"] == HTML
    health = built.mart("health", "experiment_id = 'spaced_label' and status = 'blocked'")
    assert any("' b'" in row["message"] for row in health)


def test_a_fact_without_rows_does_not_settle_a_guardrail(built):
    found = built.one("decisions", "experiment_id = 'empty_profile'")
    assert found["rule"] == "guardrail_unsettled"
    found = built.one("decisions", "experiment_id = 'no_control_error'")
    assert found["rule"] == "guardrail_unsettled"


def test_an_early_read_may_roll_back_but_not_launch(built):
    benefit = built.one("decisions", "experiment_id = 'early_benefit'")
    assert (benefit["verdict"], benefit["rule"]) == ("hold", "no_look_due")
    assert "2026-06-08" in benefit["reason"]
    effect = deciding_effect(built, "early_benefit")
    assert effect["p_value_fixed"] < 0.001
    assert effect["p_value"] is None
    harm = built.one("decisions", "experiment_id = 'early_harm'")
    assert (harm["verdict"], harm["rule"]) == ("rollback", "harmed")


def test_the_split_is_tested_for_any_look_while_assignment_runs(built):
    for case, method, status in (
        ("early_and_lopsided", "anytime", "healthy"),
        ("lopsided", "chi-square", "blocked"),
    ):
        rows = built.mart("health", f"experiment_id = '{case}' and check_name = 'sample_ratio'")
        assert {row["status"] for row in rows} == {status}
        assert {row["population"] for row in rows} == {"assigned", "analysed"}
        assert all(method in row["message"] for row in rows)
        told = "; the chi-square test, which counts once assignment is over, has p below 0.0001"
        assert all((told in row["message"]) == (method == "anytime") for row in rows)


def test_units_without_a_value_are_compared_between_variants(built):
    found = check(built, "missing_in_one_arm", "values_missing")
    assert (found["status"], found["variant"], found["observed"]) == ("warning", "b", 0.66)
    assert found["p_value"] == pytest.approx(
        stats.chi2_contingency([[0, 100], [66, 34]], correction=False).pvalue
    )
    assert found["message"] == (
        "66 unit(s) have no value and are left out (66.00 %; of control 0.00 %), another share "
        "than in control"
    )
    assert check(built, "missing_alike", "values_missing")["status"] == "healthy"


def test_units_without_a_value_are_compared_in_each_phase_of_a_ramp(built):
    found = check(built, "missing_by_phase", "values_missing")
    assert (found["status"], found["p_value"]) == ("healthy", 1)
    # Pooled, the phases would look like a difference between the variants.
    arms = latest_moments(built, "missing_by_phase")
    counts = [[row["n_missing"], row["n_units"]] for row in arms]
    assert counts == [[450, 500], [50, 500]]
    assert stats.chi2_contingency(counts).pvalue < 1e-9


def test_skipped_values_are_compared_between_variants(built):
    found = check(built, "skipped_unlike", "skipped_alike")
    assert (found["status"], found["observed"]) == ("warning", 0.25)
    # 200 values of 100 units are 100 observations: 0 against 25.
    assert found["p_value"] == pytest.approx(
        stats.chi2_contingency([[0, 100], [25, 75]], correction=False).pvalue
    )
    found = check(built, "skipped_in_few_units", "skipped_alike")
    assert found["status"] == "healthy"
    # As if all values were independent, it would be a warning.
    assert stats.chi2_contingency([[81, 1719], [153, 1647]]).pvalue < 1e-5
    assert found["p_value"] > 0.1


def test_imbalance_before_exposure_warns(built):
    def row(case: str) -> dict:
        return built.one("health", f"experiment_id = '{case}' and check_name = 'covariate_balance'")

    assert row("alike_before")["status"] == "healthy"
    found = row("unlike_before")
    assert found["status"] == "warning"
    arms = [
        (row["mean_num_cov"], math.sqrt(row["m2_num_cov"] / (row["n_units"] - 1)), row["n_units"])
        for row in latest_moments(built, "unlike_before")
    ]
    expected = stats.ttest_ind_from_stats(*arms[0], *arms[1], equal_var=False).pvalue
    assert found["observed"] == pytest.approx(expected, rel=1e-9)
    assert found["p_value"] >= found["observed"]


def test_crossovers_warn_before_they_block(built):
    for case, status in (("hardly_crossed", "warning"), ("crossed", "blocked")):
        row = built.one("health", f"experiment_id = '{case}' and check_name = 'crossovers'")
        assert row["status"] == status


def test_limits_of_an_experiment_hold_for_it_alone(built):
    row = check(built, "crossed_but_allowed", "crossovers")
    assert (row["status"], row["threshold"]) == ("healthy", 0.02)
    assert row["observed"] > check(built, "crossed", "crossovers")["threshold"] == 0.01
    row = check(built, "strict_on_crossing", "crossovers")
    assert (row["status"], row["threshold"]) == ("blocked", 0.002)
    rows = built.mart("health", "experiment_id = 'lopsided_but_allowed' and segment = 'all' and "
                      "check_name = 'sample_ratio'")  # fmt: skip
    assert {row["status"] for row in rows} == {"warning"}
    assert all(row["p_value"] < 0.001 for row in rows)
    shown = built.mart("effects", "experiment_id = 'level_but_allowed' and segment = 'country'")
    assert all(row["estimate"] is not None for row in shown if row["is_latest"])


def test_what_was_loosened_is_told_and_what_was_tightened_is_not(built):
    assert check(built, "crossed_but_allowed", "limits_loosened")["message"] == (
        "crossovers warns above 2% (default: above 0.1%); "
        "crossovers blocks above 5% (default: above 1%)"
    )
    assert check(built, "lopsided_but_allowed", "limits_loosened")["message"] == (
        "sample_ratio never blocks (default: below 0.001)"
    )
    told = built.mart("health", "check_name = 'limits_loosened'")
    assert {row["experiment_id"] for row in told} == {
        "crossed_but_allowed", "lopsided_but_allowed", "level_but_allowed", "held_back_too_long",
    }  # fmt: skip
    assert {row["status"] for row in told} == {"warning"}


def test_a_fact_that_lags_is_named_with_what_waits_for_it(built):
    row = check(built, "held_back", "freshness")
    assert (row["status"], row["observed"], row["threshold"]) == ("warning", 13, 2)
    assert row["message"] == (
        "orders ends on 2026-03-01, 4 day(s) behind; for it wait amount, slow ends on 2026-02-20, "
        "13 day(s) behind; for it wait slowed. All metrics are read up to the earliest end, though "
        "other facts go up to 2026-03-01. The look(s) of 2026-02-22 wait for it"
    )
    experiment = built.one("experiments", "experiment_id = 'held_back'")
    assert str(experiment["data_as_of"])[:10] == "2026-02-20"
    row = check(built, "early_benefit", "freshness")
    assert (row["status"], row["observed"]) == ("warning", 4)
    assert row["message"] == "orders ends on 2026-03-01, 4 day(s) behind; for it wait amount"
    # Where all windows are closed, nothing waits.
    assert built.mart("health", "experiment_id = 'healthy' and check_name = 'freshness'") == []


def test_units_assigned_before_a_fact_begins_are_counted(built):
    row = check(built, "before_the_fact", "assigned_before_facts")
    assert (row["status"], row["observed"], row["threshold"]) == ("warning", 1, 0.01)
    assert row["message"] == (
        "slow begins on 2026-01-06, after 100.00 % of the units were assigned: their windows are "
        "partly empty"
    )
    assert check(built, "healthy", "assigned_before_facts")["status"] == "healthy"


def test_caps_that_cut_more_than_they_say_or_nothing_warn(built):
    row = check(built, "cut_by_amount", "capped_share")
    # 10 + (i % 11 - 5) / 5 is above 10.5 for i % 11 of 8, 9 and 10.
    cut = sum(index % 11 >= 8 for index in range(100)) / 100
    assert (row["status"], row["observed"], row["threshold"]) == ("warning", cut, 0.05)
    row = check(built, "cut_beyond_limit", "capped_share")
    assert (row["status"], row["observed"], row["threshold"]) == ("blocked", cut, 0.2)
    row = check(built, "cut_by_percentile", "capped_share")
    assert (row["status"], row["threshold"]) == ("healthy", pytest.approx(0.15))
    assert 0 < row["observed"] <= 0.1
    row = check(built, "cut_nothing", "capped_share")
    assert (row["status"], row["observed"]) == ("warning", 0)
    assert "cuts nothing" in row["message"]


def test_repeated_units_block_only_the_experiments_they_are_in(built):
    assert blocks(built, "repeated_profile") == {"unique_units"}
    assert blocks(built, "single_profile") == set()


def test_a_wrong_definition_is_named(built):
    found = built.one("decisions", "experiment_id = 'wrong_definition'")
    assert "metric 'amounts' is not defined" in found["reason"]


def test_a_level_with_a_wrong_split_loses_its_readout_alone(built):
    rows = built.mart("health", "experiment_id = 'lopsided_level' and segment = 'country'")
    status = {
        row["segment_value"]: row["status"] for row in rows if row["population"] == "assigned"
    }
    assert status == {"x": "warning", "y": "warning", "z": "healthy"}
    shown = {
        row["segment_value"]: row["estimate"]
        for row in built.mart("effects", "experiment_id = 'lopsided_level' and segment = 'country'")
    }
    assert shown["x"] is None
    assert shown["y"] is None
    assert shown["z"] == pytest.approx(2, abs=0.05)


def test_a_thousand_levels_are_twenty_and_the_rest(built):
    rows = built.mart("effects", "experiment_id = 'many_levels' and segment = 'country'")
    levels = {row["segment_value"]: row for row in rows if row["basis"] == "mature"}
    assert len(levels) == 21
    assert levels["(other)"]["n_treatment"] == 980


def test_phases_are_compared_apart_and_what_mixes_them_is_not_shown(built):
    ramped = "experiment_id = 'ramped'"
    row = built.one("effects", f"{ramped} and used_for_decision and metric = 'amount'")
    assert row["estimate"] == pytest.approx(2, abs=0.1)
    assert row["method"].endswith("combined over 2 phases")
    effects = built.mart("effects", f"{ramped} and is_latest and basis = 'mature'")
    assert {(row["segment"], row["estimate"] is None) for row in effects} == {
        ("all", False), ("phase", False), ("country", True), ("amount > 12", True),
    }  # fmt: skip
    health = built.mart("health", f"{ramped} and status != 'healthy'")
    mixed = [row for row in health if row["check_name"] == "phases_mixed"]
    assert {row["segment"] for row in mixed} == {"country", "amount > 12"}
    assert "sample_ratio" not in {row["check_name"] for row in health}


def test_an_activated_analysis_decides_and_the_assigned_one_is_shown(built):
    row = deciding_effect(built, "activates_alike")
    assert (row["population"], row["n_control"], row["n_treatment"]) == ("activated", 50, 50)
    rows = built.mart("effects", "experiment_id = 'activates_alike' and population = 'assigned'")
    latest = [row for row in rows if row["is_latest"] and row["basis"] == "mature"]
    assert [row["n_treatment"] for row in latest] == [100]


def test_another_share_of_activated_units_blocks_and_shows_the_assigned(built):
    row = built.one(
        "health", "experiment_id = 'activates_unlike' and check_name = 'activation_rate'"
    )
    assert row["status"] == "blocked"
    assert row["population"] == "activated"
    assert "that of all assigned units is shown" in row["message"]
    rows = built.mart("effects", "experiment_id = 'activates_unlike' and population = 'assigned'")
    assert all(row["estimate"] is not None for row in rows if row["is_latest"])


def test_a_cap_that_would_cut_everything_is_not_applied(built):
    row = built.one("health", "experiment_id = 'refused_cap' and check_name = 'cap_applied'")
    assert (row["status"], row["metric"]) == ("warning", "capped")
    assert latest_moments(built, "refused_cap")[0]["mean_num"] == 0.3


def test_tails_too_long_for_so_few_units_warn(built):
    def rows(case: str) -> list[dict]:
        return built.mart("health", f"experiment_id = '{case}' and check_name = 'skewness'")

    assert {row["status"] for row in rows("skewed")} == {"warning"}
    values = [1e4] + [1.0] * 99
    assert rows("skewed")[0]["threshold"] == pytest.approx(355 * stats.skew(values) ** 2)
    (blocked, *_) = rows("skewed_beyond_limit")
    assert blocked["status"] == "blocked"
    assert blocked["threshold"] == pytest.approx(300 * stats.skew(values) ** 2)
    assert {row["status"] for row in rows("healthy")} == {"healthy"}
    assert rows("no_order_at_all") == []


def test_clocks_that_are_wrong_warn(built):
    def row(case: str, check: str) -> dict:
        return built.one("health", f"experiment_id = '{case}' and check_name = '{check}'")

    for check in ("future_rows", "early_rows"):
        found = row("wrong_clocks", check)
        assert found["status"] == "warning"
        assert found["message"].startswith("ticks: ")
    assert row("wrong_clocks", "future_rows")["observed"] == 200
    found = row("healthy", "early_rows")
    assert found["status"] == "warning"
    assert found["message"].startswith("orders: 2 row(s) lie before the year 2000")
    # The orders of `not_started` lie after the build, and are in the table of everybody.
    assert row("healthy", "future_rows")["observed"] == 200


def test_one_health_row_per_check_however_many_days(built):
    grain = "experiment_id, check_name, population, metric, variant, segment, segment_value"
    assert (
        built.rows(f"select {grain} from experimentos__health group by all having count(*) > 1")
        == []
    )
