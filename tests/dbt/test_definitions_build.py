"""Names and texts of any kind go through unchanged, and a wrong experiment is held alone."""

import datetime as dt

import pyarrow as pa
import pytest
from checking import check
from project import Project

HOSTILE = 'it\'s "one"; drop table x; -- \\ \\n <b>&</b>\n\t{{ 1 + 1 }} {% if %} ünï💥'
CONTROL, TREATMENT = f" Control {HOSTILE}", f"{HOSTILE} %s $1 ?"
METRIC = f"metric {HOSTILE}"
OF_HOSTILE = "experiment_id = 'hostile'"
SHOWN = "adjustment = 'none' and is_latest and basis = 'mature'"


def raw(text: str) -> str:
    """A text as it is written where dbt renders YAML with Jinja: in values, not in keys."""
    return "{% raw %}" + text + "{% endraw %}"


def assignments(variants: list[object]) -> pa.Table:
    start = dt.datetime(2026, 9, 1)
    units = range(400)
    return pa.table(
        {
            "user_id": list(units),
            "test": [HOSTILE for _ in units],
            "variant": [variants[unit % 2] for unit in units],
            "assigned_at": [start + dt.timedelta(minutes=unit) for unit in units],
        }
    )


def orders() -> pa.Table:
    start = dt.datetime(2026, 9, 2)
    units = [unit for unit in range(400) if unit % 3 == 0]
    return pa.table(
        {
            "user_id": units,
            "at": [start + dt.timedelta(minutes=unit) for unit in units],
            "amount": [float(unit % 7) for unit in units],
            "status": [HOSTILE for _ in units],
        }
    )


def experiment(variants: dict[object, float], **more: object) -> dict[str, object]:
    dates = {"start": "2026-09-01", "end": "2026-09-08"}
    return dates | {"control": next(iter(variants)), "variants": variants} | more


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(
        tmp_path_factory.mktemp("hostile"),
        {
            "assignment_models": ["fct_assignments", "fct_numbered"],
            "fact_models": ["fct_orders"],
            "invalid_experiments": "hold",
        },
    )
    columns = {"variant": "variant", "unit": "user_id", "timestamp": "assigned_at"}
    project.model(
        "fct_assignments",
        assignments([CONTROL, TREATMENT]),
        {"assignments": columns | {"experiment": "test"}},
    )
    project.model(
        "fct_numbered",
        assignments([0, 1]),
        {"assignments": columns | {"experiment": {"literal": 7}}},
    )
    where = "status = '" + raw(HOSTILE.replace("'", "''")) + "'"
    metrics = {
        METRIC: {"type": "mean", "value": "amount", "where": where, "label": raw(HOSTILE)},
        "ordered": {"type": "proportion"},
    }
    fact = {"unit": "user_id", "timestamp": "at", "complete_until": "2026-10-01"}
    project.model("fct_orders", orders(), fact | {"metrics": metrics})
    project.experiment(
        "hostile",
        experiment(
            {CONTROL: 0.5, TREATMENT: 0.5},
            control=raw(CONTROL),
            id=raw(HOSTILE),
            success=[raw(METRIC)],
            explore=["ordered"],
        ),
        label=raw(HOSTILE),
        description=raw(HOSTILE),
    )
    # The keys are quoted: dbt itself warns of integer keys (and, seeing pytest, waits for ever).
    numbered = experiment({"0": 0.5, "1": 0.5}, id=7, success=["ordered"])
    project.experiment("numbered", numbered | {"control": 0, "monitoring": None})
    project.experiment(
        "wrong", experiment({"a": 0.5, "b": 0.6}, success=["ordred"], color=raw(HOSTILE))
    )
    project.build()
    return project


def test_labels_ids_and_metrics_keep_every_character(shop: Project):
    effect = shop.one(
        "effects",
        f"{OF_HOSTILE} and role = 'success' and {SHOWN}",
    )
    assert effect["metric"] == METRIC
    assert (effect["control"], effect["variant"]) == (CONTROL, TREATMENT)
    assert (effect["n_control"], effect["n_treatment"]) == (200, 200)
    metric = shop.one("metrics", "metric != 'ordered'")
    assert metric["label"] == HOSTILE
    assert metric["where_clause"] == "status = '" + HOSTILE.replace("'", "''") + "'"


def test_a_condition_with_quotes_meets_its_rows(shop: Project):
    latest = "as_of = (select max(as_of) from main.experimentos__moments where basis = 'mature')"
    decides = f"basis = 'mature' and segment = 'all' and {latest}"
    moments = shop.mart("moments", f"{OF_HOSTILE} and metric != 'ordered' and {decides}")
    assert sum(row["n_events"] for row in moments) == len(range(0, 400, 3))


def test_texts_of_the_experiment_keep_every_character(shop: Project):
    row = shop.one("experiments", "experiment_id = 'hostile'")
    assert row["label"] == row["hypothesis"] == HOSTILE
    assert row["control"] == CONTROL


def test_integer_labels_and_ids_are_their_text(shop: Project):
    effect = shop.one(
        "effects",
        f"experiment_id = 'numbered' and {SHOWN}",
    )
    assert (effect["control"], effect["variant"]) == ("0", "1")
    assert (effect["n_control"], effect["n_treatment"]) == (200, 200)


def test_a_wrong_experiment_is_a_blocked_health_row_and_a_hold(shop: Project):
    health = shop.one("health", "experiment_id = 'wrong' and check_name = 'definition_valid'")
    assert health["status"] == "blocked"
    decision = shop.one("decisions", "experiment_id = 'wrong'")
    assert (decision["verdict"], decision["rule"]) == ("hold", "health_blocked")
    problems = shop.one("experiments", "experiment_id = 'wrong'")["definition_problems"]
    for text in ("unknown key `color`", "add up to 1.1", "metric 'ordred' is not defined"):
        assert text in problems
    assert shop.mart("effects", "experiment_id = 'wrong'") == []


def test_the_other_experiments_go_on(shop: Project):
    for name in ("hostile", "numbered"):
        health = shop.one("health", f"experiment_id = '{name}' and check_name = 'definition_valid'")
        assert health["status"] == "healthy"
        assert shop.one("experiments", f"experiment_id = '{name}'")["definition_problems"] is None
        assert shop.one("decisions", f"experiment_id = '{name}'")["rule"] != "health_blocked"


def test_the_check_lists_what_is_held_and_passes(shop: Project):
    found = check(shop)
    assert found.passed, found.text
    assert found.listing["problems"] == []
    assert all("exposure wrong (experiments/wrong.yml)" in line for line in found.listing["held"])
    assert len(found.listing["held"]) == 3
    assert "3 problem(s)" in found.text


def test_defaults_are_the_documented_ones(shop: Project):
    row = shop.one("experiments", "experiment_id = 'numbered'")
    stated = (
        "alpha",
        "alpha_harm",
        "power",
        "correction",
        "design",
        "status",
        "owner",
        "owner_email",
    )
    assert [row[key] for key in stated] == [
        0.05,
        0.025,
        0.8,
        "holm",
        "group_sequential",
        "running",
        "Test team",
        "test@example.com",
    ]
    proportion = shop.one("metrics", "metric = 'ordered'")
    mean = shop.one("metrics", "metric != 'ordered'")
    assert [row["window_text"] for row in (proportion, mean)] == ["7 days", "7 days"]
    assert [row["covariate_text"] for row in (proportion, mean)] == ["none", "14 days"]
    assert [row["goal"] for row in (proportion, mean)] == ["increase", "increase"]
    assert [row["aggregate"] for row in (proportion, mean)] == ["any", "sum"]


def test_failing_is_the_default_and_stops_before_any_mart(shop: Project):
    before = shop.mart("decisions")
    shop.settings["invalid_experiments"] = "fail"
    shop.write_settings()
    said = shop.fail("build")
    assert "experimentos: 3 problem(s) in your definitions" in said
    assert said.count("unknown key `color`") == 1
    assert shop.mart("decisions") == before
