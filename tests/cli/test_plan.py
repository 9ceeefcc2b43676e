"""`experimentos plan`: the history of a shop, planned by the command and counted here by pandas."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml

from experimentos.power import Means, PlannedMetric, Rates, plan_experiment

pytestmark = pytest.mark.slow

FIRST, DAYS, USERS = pd.Timestamp("2026-01-05"), 84, 1500
UNTIL = FIRST + pd.Timedelta(days=DAYS)
DAY = pd.Timedelta(days=1)
METRICS = {
    "ordered": {"type": "proportion", "window": "7 days", "covariate": "none"},
    "revenue": {"type": "mean", "value": "amount", "window": "7 days", "covariate": "14 days",
                "cap": {"percentile": 0.99}, "by": "status"},
    "order_value": {"type": "ratio", "numerator": {"value": "amount"}, "covariate": "none",
                    "denominator": {"aggregate": "count"}, "window": "7 days"},
    "largest": {"type": "mean", "value": "amount", "aggregate": "max", "window": "7 days",
                "covariate": "none"},
    "spent_p80": {"type": "quantile", "quantile": 0.8, "value": "amount"},
    "bought": {"type": "funnel", "steps": [{"model": "visits", "where": "page = 'shop'"},
                                           "status = 'paid'"]},
    "per_visit": {"type": "ratio", "numerator": {"aggregate": "count"}, "covariate": "none",
                  "denominator": {"model": "visits", "aggregate": "count"}},
    "hasty": {"type": "proportion", "mature": False},
    "never": {"type": "proportion", "where": "amount < 0", "covariate": "none"},
    "flat": {"type": "mean", "value": "1", "aggregate": "max", "covariate": "none"},
    "far": {"type": "mean", "value": "amount", "window": "400 days"},
    "open": {"type": "proportion", "window": "none"},
}  # fmt: skip


@pytest.fixture(scope="module")
def tables():
    random = np.random.default_rng(20_261_122)
    activity = random.gamma(2.0, 0.5, USERS)

    def events(rate):
        users = np.repeat(np.arange(USERS), random.poisson(activity * rate * DAYS))
        seconds = random.integers(0, DAYS * 86_400, users.size)
        return pd.DataFrame({"user_id": users, "at": FIRST + pd.to_timedelta(seconds, unit="s")})

    visits, orders = events(0.12), events(0.05)
    visits["page"] = np.where(visits.index % 10 == 0, "help", "shop")
    orders["amount"] = np.round(random.lognormal(3, 0.8, len(orders)), 2)
    orders["status"] = np.where(random.random(len(orders)) < 0.1, "refunded", "paid")
    return {"visits": visits, "orders": orders}


@pytest.fixture(scope="module")
def shop(project_of_strings, tmp_path_factory, tables):
    models = {"assignment_models": ["assigned"], "fact_models": ["visits", "orders"]}
    project = project_of_strings(tmp_path_factory.mktemp("plan"), models)
    assigned = (
        "select 1 as user_id, 'x' as variant, 'e' as experiment, timestamp '2026-01-05' as at"
    )
    project.model(
        "assigned",
        assigned,
        {"assignments": {"experiment": "experiment", "variant": "variant", "unit": "user_id",
                         "timestamp": "at"}},
    )  # fmt: skip
    fact = {"unit": "user_id", "timestamp": "at", "complete_until": str(UNTIL.date())}
    for name, metrics in (("visits", {}), ("orders", METRICS)):
        table = pa.Table.from_pandas(tables[name], preserve_index=False)
        project.model(name, table, fact | {"metrics": metrics})
    project.dbt("run", "--select", "visits", "orders", "assigned")
    return project


@pytest.fixture(scope="module")
def plan(run, shop):
    folders = ["--project-dir", shop.folder, "--profiles-dir", shop.folder]

    def plan(*arguments):
        return run("plan", *arguments, *folders)

    return plan


@pytest.fixture(scope="module")
def written(shop):
    return shop.folder / "experiments" / "new_shop.yml"


@pytest.fixture(scope="module")
def planned(plan, written):
    guardrails = ["order_value:60%", "largest", "spent_p80", "bought", "per_visit"]
    answer = plan(
        "--metric", "ordered", "--metric", "revenue", *(f"--guardrail={one}" for one in guardrails),
        "--mde", "20%", "--mde", "10%", "--weeks", "6", "--variants", "3",
        "--on", "visits", "--where", "page = 'shop'", "--name", "new_shop",
        "--start", "2026-04-06", "--out", written, "--format", "json",
    )  # fmt: skip
    assert answer.code == 0, answer.out + answer.err
    return answer.json


@pytest.fixture(scope="module")
def counted(tables):
    """The same units and sums, one row per unit that entered."""
    visits, orders = tables["visits"], tables["orders"]
    until = UNTIL - 7 * DAY
    first = until - 56 * DAY
    seen = visits[(visits["page"] == "shop") & visits["at"].between(first, until, inclusive="left")]
    units = seen.groupby("user_id")["at"].min().rename("entered")
    joined = orders.merge(units, left_on="user_id", right_index=True)
    age = joined["at"] - joined["entered"]
    inside = joined[(age >= 0 * DAY) & (age < 7 * DAY)]
    after = inside.groupby("user_id")["amount"]
    paid = inside[inside["status"] == "paid"].groupby("user_id")["amount"]
    seen_by = visits.merge(units, left_on="user_id", right_index=True)
    since = seen_by["at"] - seen_by["entered"]
    seen_by = seen_by[(since >= 0 * DAY) & (since < 7 * DAY)].groupby("user_id")["at"]
    before = joined[(age < 0 * DAY) & (age >= -14 * DAY)].groupby("user_id")["amount"]
    return pd.DataFrame(
        {
            "entered": units,
            "orders": after.count(),
            "spent": after.sum(),
            "largest": after.max(),
            "before": before.sum(),
            "paid": paid.count(),
            "visits": seen_by.count(),
        }
    ).fillna({"orders": 0, "spent": 0, "before": 0, "paid": 0})


def capped(values):
    return values.clip(upper=values.quantile(0.99))


def test_units_and_weeks_are_those_of_plain_pandas(planned, counted):
    population = planned["population"]
    assert (population["first"], population["until"]) == ("2026-01-26", "2026-03-23")
    assert population["units"] == len(counted)
    by_day = (counted["entered"] - pd.Timestamp("2026-01-26")).dt.days.value_counts()
    assert population["entered"] == [int(by_day.get(day, 0)) for day in range(56)]


def test_active_units_are_counted_in_each_week(planned, tables):
    visits = tables["visits"][tables["visits"]["page"] == "shop"]
    week = (visits["at"] - pd.Timestamp("2026-01-26")).dt.days // 7
    for number, units in enumerate(planned["population"]["active"]):
        assert units == visits["user_id"][week == number].nunique()


def test_baselines_are_those_of_plain_pandas(planned, counted):
    found, n = planned["baselines"], len(counted)
    won = (counted["orders"] > 0).mean()
    assert found["ordered"]["mean"] == pytest.approx(won, rel=1e-12)
    assert found["ordered"]["sd"] == pytest.approx(np.sqrt(won * (1 - won)), rel=2 / n)
    spent, before = capped(counted["spent"]), capped(counted["before"])
    assert found["revenue"]["mean"] == pytest.approx(spent.mean(), rel=1e-12)
    assert found["revenue"]["sd"] == pytest.approx(spent.std(), rel=1e-9)
    assert found["revenue"]["cap_value"] == pytest.approx(counted["spent"].quantile(0.99))
    assert (
        found["revenue"]["n_capped"] == (counted["spent"] > counted["spent"].quantile(0.99)).sum()
    )
    assert found["revenue"]["correlation"] == pytest.approx(
        np.corrcoef(spent, before)[0, 1], abs=2e-3
    )
    value = counted["spent"].sum() / counted["orders"].sum()
    linear = (counted["spent"] - value * counted["orders"]) / counted["orders"].mean()
    assert found["order_value"]["mean"] == pytest.approx(value, rel=1e-12)
    assert found["order_value"]["sd"] == pytest.approx(linear.std(), rel=1e-9)
    bought = (counted["paid"] > 0).mean()
    assert found["bought"]["mean"] == pytest.approx(bought, rel=1e-12)
    per_visit = counted["orders"].sum() / counted["visits"].sum()
    linear = (counted["orders"] - per_visit * counted["visits"]) / counted["visits"].mean()
    assert found["per_visit"]["mean"] == pytest.approx(per_visit, rel=1e-12)
    assert found["per_visit"]["sd"] == pytest.approx(linear.std(), rel=1e-9)
    with_orders = counted["spent"][counted["orders"] > 0]
    assert found["spent_p80"]["mean"] == pytest.approx(with_orders.quantile(0.8), rel=1e-9)
    assert found["spent_p80"]["n_missing"] == len(counted) - len(with_orders)
    assert found["spent_p80"]["sd"] > 0
    assert found["largest"]["n_units"] == counted["largest"].count()
    assert found["largest"]["n_missing"] == counted["largest"].isna().sum()
    assert found["largest"]["mean"] == pytest.approx(counted["largest"].mean(), rel=1e-12)


def test_units_are_those_of_the_rule_on_the_numbers_of_pandas(planned, counted):
    rho = planned["baselines"]["revenue"]["correlation"]
    spent, won = capped(counted["spent"]), (counted["orders"] > 0).mean()
    value = planned["baselines"]["order_value"]
    largest = counted["largest"]
    rule = plan_experiment(
        [
            PlannedMetric("ordered", Rates(won, 1.1 * won)),
            PlannedMetric(
                "revenue",
                Means(0.1 * spent.mean(), spent.mean(), spent.std() * np.sqrt(1 - rho**2)),
            ),
            PlannedMetric(
                "order_value", Means(0, value["mean"], value["sd"]), "guardrail", 0.6, True
            ),
            PlannedMetric(
                "largest", Means(0, largest.mean(), largest.std()), "guardrail",
                factor=len(largest) / largest.count(),
            ),
        ],
        shares=[1, 1, 1], design="group_sequential", fractions=[0.25, 0.5, 0.75, 1],
    )  # fmt: skip
    second = planned["scenarios"][1]
    assert list(second["units"].values()) == pytest.approx(rule.units, abs=2)
    assert second["driver"] == rule.driver
    harm = {need["metric"]: need["harm_found"] for need in second["needs"]}
    assert harm["largest"] == pytest.approx(rule.detectable_harm[3], rel=1e-3)
    assert second["total"] == pytest.approx(sum(second["units"].values()))


def test_the_effect_within_weeks_fits_the_units_that_come(planned, counted):
    third = planned["scenarios"][2]
    there = (counted["entered"] < pd.Timestamp("2026-01-26") + 35 * DAY).sum()
    assert third["total_days"] == 42
    assert 0.98 * there < third["total"] <= there


def test_the_yaml_is_accepted(run, shop, planned, written):
    assert written.read_text() == planned["yaml"]
    (exposure,) = yaml.safe_load(planned["yaml"])["exposures"]
    meta = exposure["config"]["meta"]["experimentos"]
    assert meta["start"] == dt.date(2026, 4, 6)
    assert meta["monitoring"]["planned_n"] == planned["scenarios"][0]["total"]
    folders = ["--project-dir", shop.folder, "--profiles-dir", shop.folder]
    answer = run("check", *folders, "--format", "json")
    assert answer.code == 0, answer.json["problems"]
    (experiment,) = answer.json["experiments"]
    assert experiment["experiment_id"] == "new_shop"


def test_nothing_is_left_in_the_warehouse(shop, planned):
    assert planned["scenarios"]
    schemas = shop.rows("select distinct schema_name from information_schema.schemata")
    assert not [row for row in schemas if row["schema_name"].startswith("experimentos_plan")]


def test_for_people_everything_is_said(plan, counted):
    answer = plan("-m", "revenue", "--mde", "10%", "--monitoring", "fixed", "--split", "old=0.8",
                  "--split", "new=0.2")  # fmt: skip
    assert answer.code == 0, answer.err
    for part in (
        "units entered by their first row of visits", "New units by week", "Baseline",
        "What each part costs", "visits was taken since it brings the most units; others: orders (",
        "variants: {old: 0.8, new: 0.2}", "to paste into a file in experiments/",
        "wait 7 days", "extrapolated", "monitoring: {design: fixed",
    ):  # fmt: skip
        assert part in answer.out, part


def test_metrics_without_variance_are_named_at_once(plan):
    answer = plan("-m", "never", "-m", "flat", "-m", "ordered", "--mde", "5%", "--on", "orders")
    assert answer.code == 1
    assert "metric 'never' (model orders): no unit converts" in answer.err
    assert "metric 'flat' (model orders) does not vary" in answer.err
    assert "metric 'ordered' (model orders): every unit converts" in answer.err
    assert "name another model with --on" in answer.err


def test_names_that_are_not_defined_have_a_nearest(plan):
    answer = plan("-m", "revnue", "-m", "open", "-m", "ordred", "--mde", "5%")
    assert answer.code == 1
    assert "did you mean 'revenue'?" in answer.err
    assert "did you mean 'ordered'?" in answer.err
    assert "metric 'open' has `window: none`" in answer.err
    answer = plan("-m", "revenue", "--mde", "5%", "--on", "visit", "--unit", "device")
    assert "--unit 'device'" in answer.err
    assert "allowed: unit" in answer.err
    answer = plan("-m", "revenue", "--mde", "5%", "--on", "visit", "-f", "json")
    assert answer.code == 1
    assert "did you mean 'visits'?" in answer.json["error"]


def test_histories_that_are_too_short_or_thin(plan):
    answer = plan("-m", "far", "--mde", "5%")
    assert "metric 'far' counts 400 days after a unit enters" in answer.err
    answer = plan("-m", "hasty", "--mde", "5%")
    assert "hasty: `mature: false` counts units whose windows are open" in answer.err
    answer = plan("-m", "revenue", "--mde", "5%", "--on", "visits", "--where", "user_id < 50")
    assert answer.code == 1
    assert "a plan needs 100 at least" in answer.err
    answer = plan("-m", "revenue", "--mde", "5%", "--on", "visits", "--where", "user < 50")
    assert "--where 'user < 50' was refused. The warehouse says: " in answer.err
    answer = plan("-m", "revenue", "--mde", "5%", "--on", "visits", "--where", "page = 'none'")
    assert "No unit ever came" in answer.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-m", "revenue"], "what effect is looked for (--mde 2%)"),
        (["-m", "revenue", "--mde", "2"], "got '2'; did you mean 2% or absolute:2?"),
        (["--mde", "2%"], "--metric must name a success metric"),
        (["-m", "a", "--mde", "2%", "--variants", "3", "--split", "a=1"], "say the same"),
        (["-m", "a", "--mde", "2%", "--from", "soon"], "must be a date like 2026-09-01"),
        (["-m", "a", "--mde", "2%", "--name", "a b"], "must be letters, digits and _"),
        (["-m", "a", "-g", "b", "-g", "b:2%", "--mde", "2%"], "--guardrail b is given twice"),
    ],
)
def test_wrong_options_are_usage_errors(plan, arguments, told):
    answer = plan(*arguments)
    assert answer.code == 2
    assert told in " ".join(answer.err.replace("│", " ").split())
