"""What is asked of the warehouse for A/A tests, and what is made of its answers; without dbt."""

import datetime as dt
from dataclasses import fields

import numpy as np
import pytest

from experimentos.errors import ProjectError
from experimentos.moments import JointMoments
from experimentos.project import validation
from experimentos.project.literals import condition
from experimentos.project.validation import Request, keep, validate

START = dt.datetime(2026, 1, 1)
USUAL = {
    "metric": "bought", "variant": "b", "role": "success", "metric_type": "mean",
    "goal": "increase", "margin": None, "margin_kind": None, "mde": 0.1, "mde_kind": "relative",
    "alpha": 0.05, "alpha_harm": 0.025, "power": 0.8, "design": "group_sequential",
    "planned_n": None, "spending": "pocock", "spending_parameter": None, "has_covariate": False,
    "enters_by_day": True, "starts_at": START, "data_as_of": START + dt.timedelta(days=20),
}  # fmt: skip


class Warehouse:
    """Answers as the macro and the gateway do: 300 units, each its own bucket, on ten days."""

    def __init__(self, looks=(), units=300, **given):
        self.settings, self.looks, self.units = USUAL | given, list(looks), units
        self.written = None

    def query(self, sql):
        return {"settings": [self.settings], "looks": self.looks}[sql]

    def stream(self, sql):
        assert sql == "cells"
        names = [field.name for field in fields(JointMoments)][1:]
        for start in range(0, self.units, 150):
            rows = []
            for unit in range(start, min(start + 150, self.units)):
                row = {"metric": 0, "bucket": unit, "day": 3 + unit % 10, "n": 1, "m3_num": 0.0}
                row |= dict.fromkeys(names) | {"mean_num": (unit * 7) % 31, "m2_num": 0.0}
                rows.append(row)
            yield rows

    def replace_rows(self, name, table, where):
        self.written = name, table.to_pylist(), where


@pytest.fixture
def run(monkeypatch):
    def run(request=None, **given):
        warehouse = Warehouse(**given)
        answer = {
            "settings_sql": "settings", "looks_sql": "looks", "sql": "cells", "metrics": ["bought"],
            "left_out": [{"metric": "p90", "reason": "is a quantile"}], "n_units": 300,
            "n_buckets": 300, "n_phases": 1, "control_share": 0.6, "treatment_share": 0.2,
            "definitions_hash": "h",
        }  # fmt: skip
        monkeypatch.setattr(validation, "ask", lambda *_: answer)
        found = validate(warehouse, "gate", request or Request(runs=30, salt="s"))
        return found, warehouse

    return run


def looks_of(found, test="superior"):
    (n_looks,) = {rate.n_looks for rate in found.rates if rate.test == test}
    return n_looks


def test_scheduled_looks_are_those_that_the_data_reach_and_one_at_their_end(run):
    def at(*days):
        return [{"scheduled_look": i, "day": d, "unit_share": None} for i, d in enumerate(days)]

    # Units enter at the ends of days 3 to 12.
    assert looks_of(run(looks=at(1, 5, 9, 12))[0]) == 3
    assert looks_of(run(looks=at(5, 9, 40))[0]) == 3
    assert looks_of(run(looks=at())[0]) == 1
    by_units = [{"scheduled_look": 1, "day": None, "unit_share": share} for share in (0.5, 1.0)]
    assert looks_of(run(looks=by_units)[0]) == 2
    assert looks_of(run(looks=at(5, 9), design="fixed")[0]) == 1
    assert looks_of(run(looks=at(5, 9), enters_by_day=False)[0]) == 1


def test_an_always_valid_design_says_better_after_seven_full_days(run):
    assert looks_of(run(design="always_valid")[0]) == 6  # days 7 to 12
    late = START + dt.timedelta(hours=5)
    assert looks_of(run(design="always_valid", starts_at=late)[0]) == 5


def test_what_is_written_is_what_was_found(run):
    found, warehouse = run(goal="decrease")
    assert found.treated_share == pytest.approx(0.25)
    assert found.left_out == {"p90": "is a quantile"}
    keep(warehouse, found)
    name, rows, where = warehouse.written
    assert (name, where) == ("experimentos__validation", {"experiment_id": "gate"})
    assert {row["salt"] for row in rows} == {"s"}
    assert {row["n_units"] for row in rows} == {300}
    (power,) = [row for row in rows if (row["test"], row["measure"]) == ("superior", "power")]
    assert (power["effect"], power["effect_kind"]) == (-0.1, "relative")
    assert power["lower"] <= power["rate"] <= power["upper"]
    assert power["is_flagged"] is None


def test_nothing_to_validate_is_told_with_every_reason(run):
    with pytest.raises(ProjectError) as caught:
        run(metric="another")
    text = str(caught.value)
    assert "bought has no readout that decides yet" in text
    assert "p90 is a quantile" in text
    for units in (0, 199):
        with pytest.raises(ProjectError, match=f"has {units} units .* at least 200 are needed"):
            run(units=units)
    assert run(units=200)[0].rates


def test_a_request_names_all_that_is_wrong_with_it():
    with pytest.raises(ProjectError) as caught:
        Request(runs=0, buckets=5000, arms="both")
    text = str(caught.value)
    for part in ("at least 1, got 0", "from 20 to 4096, got 5000", "control, all, got 'both'"):
        assert part in text


def test_every_request_has_a_salt_of_its_own():
    salts = {Request().salt for _ in range(20)}
    assert len(salts) == 20
    assert Request(salt="mine").salt == "mine"


def test_rows_are_picked_by_quoted_texts():
    assert condition({}, "duckdb") == ""
    assert condition({"a": "it's", "b": "c"}, "duckdb") == " where a = 'it''s' and b = 'c'"
    assert condition({"a": "it's"}, "spark") == r" where a = 'it\'s'"


def test_null_is_read_as_nan_and_no_rows_as_nothing():
    from experimentos.project.buckets import read_numbers

    class Rows:
        def __init__(self, *parts):
            self.parts = parts

        def stream(self, _):
            return iter(self.parts)

    found = read_numbers(Rows([{"a": 1, "b": None}], [{"a": 2, "b": 0.5}]), "")
    np.testing.assert_array_equal(found["a"], [1, 2])
    np.testing.assert_array_equal(found["b"], [np.nan, 0.5])
    assert read_numbers(Rows(), "") == {}
