"""The project in which the history is an experiment: what is written, and what its rows say."""

import datetime as dt
from dataclasses import replace

import pyarrow as pa
import pytest
import yaml

from experimentos import tables
from experimentos.errors import InputError, TableError
from experimentos.planning import Amount, Period, Population, Question, Traffic
from experimentos.planning.baselines import read_baselines
from experimentos.planning.period import Bounds
from experimentos.planning.population import entries_sql
from experimentos.planning.rehearsal import _write
from experimentos.project import Project

MDE = Amount(0.1)
PERIOD = Period(dt.date(2026, 1, 5), dt.date(2026, 2, 2))
GIVEN = {
    "type": "ratio",
    "numerator": {"value": "amount", "where": "note <> '{{ x }}'"},
    "denominator": {"model": "other.visits", "aggregate": "count"},
    "by": "country",
    "mature": False,
    "format": "currency",
}
ANSWER = {
    "kind": "device",
    "populations": {"visits": {"rows": "select 1"}},
    "as_of": "2026-03-01 10:00:00",
    "metrics": {"spent": {"given": GIVEN, "model": "orders"}},
    "facts": {
        "orders": {"relation": '"db"."s"."orders"', "given": {"units": {"device": "d"}}},
        "other.visits": {"relation": '"db"."t"."visits"', "given": {"units": {"device": "d"}}},
    },
}


POPULATION = Population(
    answer=ANSWER, bounds=Bounds(PERIOD.first, PERIOD.first, PERIOD.until, PERIOD.until),
    period=PERIOD, traffic=Traffic("visits", None, {}, [10] * 28, [70] * 4), warehouse="duckdb",
)  # fmt: skip


def write(tmp_path, question, *, is_dealt=False):
    own = tmp_path / "own"
    own.mkdir()
    (own / "dbt_project.yml").write_text("name: shop\nprofile: \"{{ env_var('P') }}\"\n")
    root = tmp_path / "made"
    root.mkdir()
    _write(root, Project(own), question, POPULATION, "experimentos_plan_x", is_dealt=is_dealt)
    return root


@pytest.fixture
def written(tmp_path):
    return write(tmp_path, Question(["spent"], {"errors": Amount(0.1)}, [Amount(0.02)]))


def test_what_is_validated_is_the_experiment_that_is_asked_about(tmp_path):
    question = Question(
        ["spent"], {"errors": Amount(0.1)}, own_effects={"spent": Amount(0.02)}, alpha_harm=0.01,
        shares={"a": 0.6, "b": 0.3, "c": 0.1}, spending="kim_demets", rho=2.0, looks=3,
    )  # fmt: skip
    root = write(tmp_path, question, is_dealt=True)
    content = yaml.safe_load((root / "models" / "plan.yml").read_text())
    experiment = content["exposures"][0]["config"]["meta"]["experimentos"]
    assert experiment["variants"] == pytest.approx({"history": 6 / 7, "rest": 1 / 7})
    assert experiment["success"] == {"spent": {"mde": "2%"}}
    assert experiment["alpha_harm"] == 0.01
    assert experiment["monitoring"] == {
        "design": "group_sequential", "spending": "kim_demets", "looks": 3, "rho": 2.0,
    }  # fmt: skip
    metas = {model["name"]: model["config"]["meta"]["experimentos"] for model in content["models"]}
    assert metas["orders"]["metrics"]["spent"]["mature"] is False
    entries = (root / "models" / "experimentos_plan_entries.sql").read_text()
    assert "mod(place, 2) = 0 then 'history' else 'rest'" in entries


@pytest.mark.parametrize(("warehouse", "told"), [("duckdb", []), ("postgres", ["postgres"])])
def test_another_warehouse_is_told(warehouse, told):
    notes = list(replace(POPULATION, warehouse=warehouse).notes(Question(["a"], effects=[MDE])))
    assert [word for note in notes for word in told if word in note] == told
    assert len(notes) == len(told)


def test_the_users_profile_is_used_and_the_schema_is_its_own(written):
    settings = yaml.safe_load((written / "dbt_project.yml").read_text())
    assert settings["profile"] == "{{ env_var('P') }}"
    assert settings["vars"]["experimentos"]["fact_models"] == ["orders", "other__visits"]
    assert settings["vars"]["experimentos"]["as_of"] == "2026-03-01 10:00:00"
    macros = (written / "macros" / "plan.sql").read_text()
    assert 'return("experimentos_plan_x")' in macros
    assert 'schema="experimentos_plan_x"' in macros
    assert (written / "dbt_packages_local" / "experimentos" / "dbt_project.yml").is_file()


def test_definitions_arrive_as_dbt_has_read_them(written):
    content = yaml.safe_load((written / "models" / "plan.yml").read_text())
    metas = {model["name"]: model["config"]["meta"]["experimentos"] for model in content["models"]}
    metric = metas["orders"]["metrics"]["spent"]
    # What is shown or sliced is left out; braces are not read as Jinja a second time.
    assert metric == {
        "type": "ratio",
        "numerator": {"value": "amount", "where": "note <> '{{ '{' }}{ x }}'"},
        "denominator": {"model": "other__visits", "aggregate": "count"},
    }
    assert metas["other__visits"]["metrics"] == {}
    (exposure,) = content["exposures"]
    experiment = exposure["config"]["meta"]["experimentos"]
    assert (experiment["start"], experiment["end"]) == ("2026-01-05", "2026-02-02")
    assert experiment["guardrails"] == {"errors": {"margin": "10%"}}
    assert experiment["unit"] == "device"
    view = (written / "models" / "other__visits.sql").read_text()
    assert 'select * from "db"."t"."visits"' in view


def test_units_enter_once_in_the_half_open_period():
    sql = entries_sql("select 1 as unit, now() as entered_at", PERIOD)
    assert "entered_at >= cast('2026-01-05' as timestamp)" in sql
    assert "entered_at < cast('2026-02-02' as timestamp)" in sql
    assert "min(entered_at)" in sql


READ = {"type": "mean", "model": "orders", "goal": "increase", "format": "number",
        "window": "7 days", "covariate_text": "14 days", "horizon": 604_800}  # fmt: skip


def moments(metric, kind="mean", **values):
    row = dict.fromkeys(tables.EFFECTS_INPUT.names)
    row |= {
        "experiment_id": "plan", "metric": metric, "variant": "history", "population": "assigned",
        "segment": "all", "segment_value": "all", "basis": "mature", "metric_type": kind,
        "as_of": dt.datetime(2026, 2, 20), "n_phases": 1, "has_covariate": False,
        "n_missing": 0, "m3_num": 0.0,
    }  # fmt: skip
    return row | values


def baselines(**rows):
    metrics = {name: READ | {"type": row["metric_type"]} for name, row in rows.items()}
    return read_baselines({"inference_inputs": list(rows.values()), "moments": []}, metrics)


def test_deviations_before_and_after_the_covariate_are_those_of_a_unit():
    # 101 units: variance 4, covariate variance 1, correlation 0.6.
    plain = {"n_units": 101, "mean_num": 5.0, "m2_num": 400.0}
    with_covariate = plain | {
        "has_covariate": True, "mean_num_cov": 1.0, "m2_num_cov": 100.0, "c2_num_num_cov": 120.0,
    }  # fmt: skip
    found = baselines(a=moments("a", **plain), b=moments("b", **with_covariate))
    assert (found["a"].mean, found["a"].sd, found["a"].sd_adjusted) == (5.0, 2.0, None)
    assert found["b"].sd == pytest.approx(2.0)
    # One degree of freedom of 202 - 2 goes to the slope.
    assert found["b"].variance_reduction == pytest.approx(0.36, abs=0.005)
    assert found["b"].correlation == pytest.approx(0.6, abs=0.005)
    assert found["b"].wait_days == 7


def test_rates_have_the_deviation_of_a_share():
    (found,) = baselines(a=moments("a", "proportion", n_units=1000, mean_num=0.2)).values()
    assert found.is_rate
    assert found.sd == pytest.approx(0.4, rel=1e-3)


def test_what_cannot_be_planned_with_is_named_at_once():
    with pytest.raises(InputError) as caught:
        baselines(
            never=moments("never", "proportion", n_units=1000, mean_num=0.0),
            always=moments("always", "proportion", n_units=1000, mean_num=1.0),
            flat=moments("flat", n_units=1000, mean_num=3.0, m2_num=0.0),
            empty=moments("empty", n_units=0),
            p90=moments("p90", "quantile", n_units=425, quantile_level=0.9, quantile_value=70.0),
        )
    told = str(caught.value).splitlines()
    assert len(told) == 5
    assert told[0].startswith("metric 'never' (model orders): no unit converts")
    assert "name another model with --on" in told[1]
    assert told[2].startswith("metric 'flat' (model orders) does not vary: all 1,000 units have 3")
    assert "has no value among the units of the history" in told[3]
    assert "no standard error among 425 units: a quantile needs 50 of them beyond it" in told[4]


def test_spreads_ask_for_their_columns():
    with pytest.raises(TableError, match="the table lacks the columns"):
        tables.spreads(pa.table({"metric": ["a"]}))
