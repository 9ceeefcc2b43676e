import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from experimentos import tables
from experimentos.errors import TableError

AS_OF = dt.datetime(2026, 9, 15)
KEYS = {
    "experiment_id": "experiment", "metric": "metric", "population": "assigned", "segment": "all",
    "segment_value": "all", "basis": "mature", "as_of": AS_OF, "is_deciding": True, "n_phases": 1,
    "n_missing": 0, "n_events": 0, "n_skipped": 0,
}  # fmt: skip


def row(variant, n_units, **given):
    about = {"variant": variant, "is_control": variant == "control", "n_units": n_units}
    return KEYS | about | {"inputs_hash": f"{variant} {given.get('segment_value', 'all')}"} | given


def compare(*rows):
    """Rows by kind and variant."""
    found = tables.value_shares(pa.Table.from_pylist(list(rows), tables.VALUES_INPUT))
    assert found.schema.equals(tables.VALUES_OUTPUT)
    return {(each["kind"], each["variant"]): each for each in found.to_pylist()}


def test_shares_of_missing_units_are_compared_by_pearsons_chi_square():
    found = compare(row("control", 900, n_missing=100), row("treatment", 850, n_missing=150))
    one = found["missing", "treatment"]
    assert (one["share"], one["share_control"]) == (0.15, 0.1)
    expected = stats.chi2_contingency([[100, 900], [150, 850]], correction=False).pvalue
    np.testing.assert_allclose(one["p_value"], expected, rtol=1e-12)
    assert (one["inputs_hash"], one["control_inputs_hash"]) == ("treatment all", "control all")
    assert set(found) == {("missing", "treatment"), ("skipped", "treatment")}


def test_values_are_no_more_observations_than_there_are_units():
    many = {"n_events": 8000, "n_skipped": 800}
    found = compare(
        row("control", 1000, **many), row("treatment", 1000, **many | {"n_skipped": 960})
    )
    one = found["skipped", "treatment"]
    assert (one["share"], one["share_control"]) == (0.12, 0.1)
    expected = stats.chi2_contingency([[100, 900], [120, 880]], correction=False).pvalue
    np.testing.assert_allclose(one["p_value"], expected, rtol=1e-12)


def phases(*numbers, missing):
    """Two arms in phases; units of each phase without a value, and the pooled rows."""
    rows, names = [], ("control", "treatment")
    for place, (sizes, lost) in enumerate(zip(numbers, missing, strict=True)):
        rows += [
            row(name, n - m, n_missing=m, n_phases=2, segment="phase", segment_value=f"p{place}",
                is_deciding=False)
            for name, n, m in zip(names, sizes, lost, strict=True)
        ]  # fmt: skip
    for arm, name in enumerate(names):
        lost = sum(each[arm] for each in missing)
        total = sum(each[arm] for each in numbers)
        rows.append(row(name, total - lost, n_missing=lost, n_phases=2))
    return rows


def test_phases_of_a_ramp_are_not_pooled():
    rows = phases((900, 100), (100, 900), missing=((450, 50), (5, 45)))
    one = compare(*rows)["missing", "treatment"]
    assert one["p_value"] == 1
    pooled = [each | {"n_phases": 1} for each in rows[-2:]]
    assert compare(*pooled)["missing", "treatment"]["p_value"] < 1e-9


def test_the_smallest_p_value_of_the_phases_counts_times_their_number():
    one = compare(*phases((500, 500), (500, 500), missing=((50, 90), (50, 50))))
    expected = stats.chi2_contingency([[50, 450], [90, 410]], correction=False).pvalue
    np.testing.assert_allclose(one["missing", "treatment"]["p_value"], 2 * expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("rows", "share"),
    [
        ([row("control", 100), row("treatment", 100)], 0.0),
        ([row("control", 0, n_missing=9), row("treatment", 0, n_missing=9)], 1.0),
        ([row("control", 0), row("treatment", 0)], None),
        ([row("treatment", 90, n_missing=10)], 0.1),
        ([row("control", None), row("treatment", 90, n_missing=10)], 0.1),
        (phases((100, 0), (0, 0), missing=((10, 0), (0, 0))), None),
    ],
)
def test_what_cannot_be_compared_is_null(rows, share):
    one = compare(*rows)["missing", "treatment"]
    assert (one["share"], one["p_value"]) == (share, None)


def test_many_rows_are_compared_as_each_alone():
    rng = np.random.default_rng(3)
    rows, alone = [], {}
    for number in range(40):
        two = [
            row(name, int(n), metric=f"m{number:02}", n_missing=int(lost))
            for name, n, lost in zip(
                ("control", "treatment"),
                rng.integers(1, 400, 2),
                rng.integers(0, 30, 2),
                strict=True,
            )
        ]
        rows += two
        alone[f"m{number:02}"] = compare(*two)["missing", "treatment"]["p_value"]
    found = tables.value_shares(pa.Table.from_pylist(rows, tables.VALUES_INPUT)).to_pylist()
    missing = {each["metric"]: each["p_value"] for each in found if each["kind"] == "missing"}
    assert missing == alone


def test_seeded_levels_are_kept_where_units_miss_at_random():
    rng = np.random.default_rng(11)
    n, runs = 500, 4000
    lost = rng.binomial(n, 0.1, (runs, 2))
    rows = [
        row(name, n - int(lost[run, arm]), metric=f"{run:04}", n_missing=int(lost[run, arm]))
        for run in range(runs) for arm, name in enumerate(("control", "treatment"))
    ]  # fmt: skip
    found = tables.value_shares(pa.Table.from_pylist(rows, tables.VALUES_INPUT)).to_pylist()
    p_values = np.array([each["p_value"] for each in found if each["kind"] == "missing"])
    error = np.sqrt(0.05 * 0.95 / runs)
    assert abs((p_values < 0.05).mean() - 0.05) < 4 * error


def test_no_rows_and_columns_that_are_not_there():
    assert tables.value_shares(tables.VALUES_INPUT.empty_table()).num_rows == 0
    with pytest.raises(TableError, match="lacks the columns \\['n_skipped'\\]"):
        tables.value_shares(tables.VALUES_INPUT.empty_table().drop_columns(["n_skipped"]))
