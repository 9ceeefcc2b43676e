"""Sample ratios of segments and phases, and activation rates."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from experimentos import tables


def split(counts, shares=(0.5, 0.5), *, segment="all", value=None, **more):
    default = {"experiment_id": "e", "population": "assigned", "segment": segment,
               "segment_value": value or segment, "is_assigning": False,
               "assigned_on": dt.date(2026, 9, 1)}  # fmt: skip
    return [
        default | more | {"variant": str(i), "n_units": n, "planned_share": s}
        for i, (n, s) in enumerate(zip(counts, shares, strict=True))
    ]


def checks(rows):
    table = pa.Table.from_pylist(rows, schema=tables.SAMPLE_RATIO_INPUT)
    found = tables.sample_ratio(table)
    assert found.schema.equals(tables.SAMPLE_RATIO_OUTPUT)
    return found.to_pylist()


COUNTRIES = {"de": (5000, 5300), "fr": (800, 790), "it": (400, 390), "li": (1, 3)}


def test_levels_of_a_segment_are_corrected_by_holm():
    rows = split((6201, 6483))
    for country, counts in COUNTRIES.items():
        rows += split(counts, segment="country", value=country)
    rows += split((3000, 3100), segment="device", value="phone")
    whole, *levels, device = checks(rows)
    assert whole["p_value"] == whole["p_value_fixed"] == stats.chisquare([6201, 6483]).pvalue
    plain = [stats.chisquare(c).pvalue for c in list(COUNTRIES.values())[:3]]
    plain.append(stats.binomtest(1, 4).pvalue)
    np.testing.assert_allclose([row["p_value_fixed"] for row in levels], plain)
    _, expected, *_ = multipletests(plain, method="holm")
    np.testing.assert_allclose([row["p_value"] for row in levels], expected)
    assert [row["method"] for row in levels] == [
        "chi-square, Holm over 4 levels", "chi-square, Holm over 4 levels",
        "chi-square, Holm over 4 levels", "exact multinomial, Holm over 4 levels",
    ]  # fmt: skip
    assert device["p_value"] == device["p_value_fixed"]
    assert device["method"] == "chi-square"


def phases(first, second, **more):
    rows = split(np.add(first, second).tolist(), (0.5, 0.5), **more)
    rows += split(first, (0.9, 0.1), segment="phase", value="2026-09-01", **more)
    return rows + split(second, (0.5, 0.5), segment="phase", value="2026-09-08", **more)


def test_a_ramp_is_tested_phase_by_phase():
    whole, first, second = checks(phases((9000, 1000), (5000, 5150)))
    # Against one half of all units, 14,000 to 6,150 would be beyond doubt.
    assert whole["p_value"] > 0.1
    plain = stats.chisquare([9000, 1000], [9000, 1000]).pvalue, stats.chisquare([5000, 5150]).pvalue
    np.testing.assert_allclose([first["p_value_fixed"], second["p_value_fixed"]], plain)
    np.testing.assert_allclose([first["p_value"], second["p_value"]], [1.0, 2 * plain[1]])
    assert whole["p_value"] == second["p_value"]
    np.testing.assert_allclose(whole["p_value_fixed"], 2 * plain[1])
    assert whole["n_units"] == 20_150
    assert whole["method"] == second["method"] == "chi-square, Holm over 2 phases"


def test_a_wrong_split_in_one_phase_is_found():
    whole, first, _ = checks(phases((9000, 1300), (5000, 5000)))
    assert whole["p_value"] == first["p_value"] < 1e-6


def test_the_first_phase_of_a_ramp_is_tested_with_its_own_shares():
    rows = split((9000, 1000)) + split((9000, 1000), (0.9, 0.1), segment="phase", value="first")
    whole, phase = checks(rows)
    assert whole["p_value"] == phase["p_value"] == 1
    assert whole["method"] == "chi-square"


def test_while_units_are_assigned_phases_have_the_anytime_test():
    whole, first, second = checks(phases((9000, 1300), (500, 480), is_assigning=True))
    assert whole["method"] == "anytime Dirichlet-multinomial, Holm over 2 phases"
    assert whole["p_value"] == first["p_value"] == 2 * first["p_value_anytime"]
    assert second["p_value"] <= 1


def test_phases_that_cannot_be_tested_leave_the_others():
    whole, first, second = checks(phases((0, 0), (5000, 5150)))
    assert first["p_value"] is None
    assert whole["p_value"] == second["p_value"] == 2 * second["p_value_fixed"]
    whole, *_ = checks(phases((0, 0), (0, 0)))
    assert whole["p_value"] is None


def test_populations_and_experiments_have_families_of_their_own():
    rows = phases((9000, 1000), (5000, 5150)) + split((40, 60), experiment_id="f")
    rows += split((5000, 5300), population="analysed")
    found = {(r["experiment_id"], r["population"], r["segment_value"]): r for r in checks(rows)}
    assert found["f", "assigned", "all"]["method"] == "chi-square"
    np.testing.assert_allclose(
        found["e", "analysed", "all"]["p_value"], stats.chisquare([5000, 5300]).pvalue
    )


def activation(rows):
    return [row for row in checks(rows) if row["method"].startswith("activation rate")]


def test_activation_rates_are_compared_by_a_test_of_homogeneity():
    rows = split((5000, 5100, 4900), (0.3, 0.4, 0.3), population="assigned")
    rows += split((2000, 2200, 1900), (0.3, 0.4, 0.3), population="activated")
    (row,) = activation(rows)
    table = [[2000, 2200, 1900], [3000, 2900, 3000]]
    expected = stats.chi2_contingency(table, correction=False).pvalue
    np.testing.assert_allclose(row["p_value"], expected)
    assert (row["population"], row["n_units"], row["segment"]) == ("activated", 6100, "all")
    assert len(checks(rows)) == 3


def test_the_rate_is_over_analysed_units_where_there_are_some():
    rows = split((5000, 5000)) + split((4900, 4800), population="analysed")
    rows += split((2000, 2150), population="activated")
    (row,) = activation(rows)
    table = [[2000, 2150], [2900, 2650]]
    np.testing.assert_allclose(
        row["p_value"], stats.chi2_contingency(table, correction=False).pvalue
    )


def test_days_are_added_up_and_segments_have_no_rate_of_their_own():
    rows = []
    for number in (1, 2):
        day = {"assigned_on": dt.date(2026, 9, number)}
        rows += split((5000, 5000), **day) + split((900, 1000), population="activated", **day)
        for population in ("assigned", "activated"):
            rows += split((800, 700), segment="country", value="de", population=population, **day)
    (row,) = activation(rows)
    table = [[1800, 2000], [8200, 8000]]
    np.testing.assert_allclose(
        row["p_value"], stats.chi2_contingency(table, correction=False).pvalue
    )


def test_rates_of_a_ramp_are_compared_within_phases():
    # A tenth is treated while 20 % activate, half while 60 % do: alike in each week.
    rows = phases((9000, 1000), (5000, 5000))
    rows += phases((1800, 200), (3000, 3000), population="activated")
    whole, *parts = activation(rows)
    assert whole["p_value"] == 1
    assert [part["p_value"] for part in parts] == [1, 1]
    assert whole["method"] == "activation rate, Holm over 2 phases"
    pooled = stats.chi2_contingency([[4800, 3200], [9200, 2800]], correction=False).pvalue
    assert pooled < 1e-100


@pytest.mark.parametrize("activated", [(0, 0), (5000, 5000), (None, 40), (5001, 40)])
def test_rates_that_cannot_be_compared_are_null(activated):
    rows = split((5000, 5000)) + split(activated, population="activated")
    (row,) = activation(rows)
    if activated == (None, 40):
        assert row["p_value"] < 1e-6  # nobody of the first variant
    else:
        assert row["p_value"] is None


def test_few_activations_have_an_exact_test():
    rows = split((500, 500)) + split((1, 7), population="activated")
    (row,) = activation(rows)
    np.testing.assert_allclose(row["p_value"], stats.binomtest(1, 8).pvalue)
    assert row["method"] == "activation rate, exact multinomial"


def test_one_call_equals_one_for_each_experiment():
    rng = np.random.default_rng(4)
    every = []
    for name in "abcde":
        first, second = rng.multinomial(4000, [0.9, 0.1]), rng.multinomial(4000, [0.5, 0.5])
        rows = phases(first.tolist(), second.tolist(), experiment_id=name)
        rows += phases((first // 3).tolist(), (second // 2).tolist(), experiment_id=name,
                       population="activated")  # fmt: skip
        every.append(rows + split((300, 310), segment="country", value="x", experiment_id=name))
    alone = [row for rows in every for row in checks(rows)]
    assert checks([row for rows in every for row in rows]) == alone
