"""What the models get of each key: the parsed structure, its defaults, and the hashes."""

import copy
from pathlib import Path
from typing import Any

import pytest
from parsing import parsed
from project import Project
from test_definitions import write_meta

DAY = 86_400
ASSIGNED = {
    "experiment": "experiment_id",
    "variant": "variant",
    "unit": "user_id",
    "timestamp": "assigned_at",
    "segments": {"country": "upper(country)", "platform": "platform"},
    "loaded_at": "loaded_at",
}
ORDERS = {
    "unit": "user_id",
    "timestamp": "at",
    "loaded_at": "loaded_at",
    "lookback": "5 days",
    "unique_key": "order_id",
    "metrics": {
        "ordered": {"type": "proportion"},
        "often": {"type": "proportion", "threshold": 3, "by": "product"},
        "spent": {"type": "proportion", "value": "amount", "threshold": 2.5},
        "revenue": {"type": "mean", "value": "amount", "cap": {"percentile": 0.999, "lower": 0.1}},
        "last": {"type": "mean", "value": "amount", "aggregate": "latest", "mature": False},
        "smallest": {"type": "mean", "value": "amount", "aggregate": "min", "missing": "zero"},
        "order_value": {
            "type": "ratio",
            "numerator": {"value": "amount", "cap": {"absolute": 100}},
            "denominator": {"aggregate": "count", "lower": {"percentile": 0.01}},
        },
        "returned": {"type": "retention", "from": "7 days", "to": "2 weeks", "where": "paid"},
        "median": {"type": "quantile", "value": "amount", "quantile": 0.5, "window": "none"},
        "slow": {"type": "quantile", "value": "amount", "quantile": 0.9, "of": "events"},
        "bought": {"type": "funnel", "steps": ["a ", {"model": "fct_visits"}, {"where": "b"}]},
    },
}
VISITS = {"unit": "user_id", "timestamp": "at"}
EXPERIMENT = {
    "start": "2026-09-01",
    "end": "2026-09-29",
    "control": "control",
    "variants": {"control": 1 / 3, "b": 2 / 3},
    "success": ["ordered"],
    "explore": list(ORDERS["metrics"])[1:],
}
RAMP = [
    {"from": "2026-09-01", "split": {"control": 0.9, "b": 0.1}},
    {"from": "2026-09-08T12:00:00+02:00", "split": {"control": 0.5, "b": 0.3, "c": 0.2}},
    {"from": "2026-09-15", "split": {"control": 0.6, "c": 0.4}},
]
FULL = EXPERIMENT | {
    "id": "full",
    "variants": RAMP,
    "segments": ["country"],
    "segments_daily": True,
    "activation": {"model": "fct_visits", "where": "page = 'cart'", "within": "3 days"},
    "success": {"revenue": {"cap": {"absolute": 50}}, "ordered": {"window": "none"}},
    "explore": {
        "last": {"lower": {"absolute": 1}, "cap": "none"},
        "order_value": {"cap": "none"},
        "median": {"window": "3 days"},
        "smallest": {},
    },
}


def write(folder: Path, orders: Any = ORDERS, experiment: Any = FULL, table: Any = ASSIGNED) -> Any:
    settings = {
        "assignment_models": ["fct_assigned", "fct_named"],
        "fact_models": ["fct_orders", "fct_visits"],
    }
    project = Project(folder, settings | {"lookback": "1 week"})
    for name, meta in (
        ("fct_assigned", {"assignments": table}),
        ("fct_named", {"assignments": ASSIGNED | {"experiment": {"literal": "named"}}}),
        ("fct_orders", orders),
        ("fct_visits", VISITS),
    ):
        project.model(name, "select 1 as user_id")
        write_meta(project, name, meta)
    project.experiment("plain", EXPERIMENT)
    project.experiment("named", EXPERIMENT)
    project.experiment("full", experiment)
    return parsed(project)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return write(tmp_path_factory.mktemp("parsed"))


def test_facts_and_assignments_say_how_changes_are_found(found: Any):
    orders, visits = found["facts"]["fct_orders"], found["facts"]["fct_visits"]
    keys = ("loaded_at", "lookback", "unique_key")
    assert [orders[key] for key in keys] == ["loaded_at", 5 * DAY, "order_id"]
    assert [visits[key] for key in keys] == [None, 7 * DAY, None]
    table = found["assignments"][0]
    assert table["segments"] == {"country": "upper(country)", "platform": "platform"}
    assert (table["loaded_at"], table["lookback"]) == ("loaded_at", 7 * DAY)


def test_every_metric_has_every_key(found: Any):
    keys = {"threshold", "mature", "is_zero_filled", "by", "is_endless", "steps", "quantile", "of"}
    for metric in found["metrics"].values():
        assert keys <= set(metric)
        assert all({"cap", "lower"} <= set(part) for part in metric["parts"].values())


def test_units_without_a_value_are_zeros_or_left_out(found: Any):
    filled = {name for name, metric in found["metrics"].items() if metric["is_zero_filled"]}
    assert set(found["metrics"]) - filled == {"last", "median", "slow"}
    assert [name for name, metric in found["metrics"].items() if not metric["mature"]] == ["last"]


def test_a_threshold_is_reached_by_a_total(found: Any):
    often, spent, ordered = (found["metrics"][name] for name in ("often", "spent", "ordered"))
    assert [each["threshold"] for each in (often, spent, ordered)] == [3, 2.5, None]
    aggregates = [each["parts"]["num"]["aggregate"] for each in (often, spent, ordered)]
    assert aggregates == ["count", "sum", "any"]
    assert (often["by"], spent["by"]) == ("product", None)


def test_caps_belong_to_parts(found: Any):
    revenue = found["metrics"]["revenue"]["parts"]["num"]
    assert revenue["cap"] == {"kind": "percentile", "amount": 0.999}
    assert revenue["lower"] == {"kind": "percentile", "amount": 0.1}
    ratio = found["metrics"]["order_value"]["parts"]
    assert ratio["num"]["cap"] == {"kind": "absolute", "amount": 100}
    assert ratio["den"]["lower"] == {"kind": "percentile", "amount": 0.01}
    assert ratio["num"]["lower"] is ratio["den"]["cap"] is None


def test_a_retention_is_a_delayed_window(found: Any):
    metric = found["metrics"]["returned"]
    assert (metric["delay"], metric["window"]) == (7 * DAY, 7 * DAY)
    assert (metric["delay_text"], metric["window_text"]) == ("7 days", "7 days to 2 weeks")
    assert metric["parts"]["num"] == {
        "model": "fct_orders",
        "value": None,
        "aggregate": "any",
        "where": "paid",
        "cap": None,
        "lower": None,
    }


def test_quantiles_and_funnels_keep_what_they_are_of(found: Any):
    metrics = found["metrics"]
    assert [(metrics[name]["quantile"], metrics[name]["of"]) for name in ("median", "slow")] == [
        (0.5, "units"),
        (0.9, "events"),
    ]
    assert (metrics["median"]["is_endless"], metrics["median"]["window"]) == (True, 0)
    assert metrics["bought"]["steps"] == [
        {"model": "fct_orders", "where": "a"},
        {"model": "fct_visits", "where": None},
        {"model": "fct_orders", "where": "b"},
    ]
    assert metrics["bought"]["parts"]["num"]["aggregate"] == "funnel"
    assert metrics["bought"]["models"] == ["fct_orders", "fct_visits"]


def test_an_experiment_has_one_phase_without_a_ramp(found: Any):
    plain = found["experiments"]["plain"]
    assert plain["phases"] == [
        {
            "index": 0,
            "from": "2026-09-01 00:00:00",
            "until": "2026-09-29 00:00:00",
            "label": "all",
            "shares": {"control": pytest.approx(1 / 3), "b": pytest.approx(2 / 3)},
        }
    ]
    assert (plain["segments"], plain["segments_daily"], plain["activation"]) == ([], False, None)
    assert all(pair["cap"] is pair["lower"] is None for pair in plain["pairs"])


def test_the_phases_of_a_ramp_follow_each_other(found: Any):
    full = found["experiments"]["full"]
    assert [(phase["from"], phase["until"], phase["label"]) for phase in full["phases"]] == [
        ("2026-09-01 00:00:00", "2026-09-08 10:00:00", "2026-09-01"),
        ("2026-09-08 10:00:00", "2026-09-15 00:00:00", "2026-09-08 10:00:00"),
        ("2026-09-15 00:00:00", "2026-09-29 00:00:00", "2026-09-15"),
    ]
    assert [phase["shares"] for phase in full["phases"]] == [
        {"control": 0.9, "b": 0.1, "c": 0},
        {"control": 0.5, "b": 0.3, "c": 0.2},
        {"control": 0.6, "b": 0, "c": 0.4},
    ]
    shares = {variant["label"]: variant["share"] for variant in full["variants"]}
    assert shares == {"control": 0.6, "b": 0, "c": 0.4}


def test_the_population_of_an_experiment(found: Any):
    full = found["experiments"]["full"]
    assert (full["segments"], full["segments_daily"]) == (["country"], True)
    assert full["activation"] == {
        "model": "fct_visits",
        "where": "page = 'cart'",
        "within": 3 * DAY,
        "within_text": "3 days",
        "text": "fct_visits where page = 'cart' within 3 days",
    }


def test_an_experiment_overrides_caps_and_windows(found: Any):
    pairs = {pair["metric"]["name"]: pair for pair in found["experiments"]["full"]["pairs"]}
    capped = {"num": {"kind": "absolute", "amount": 50}, "den": None}
    uncapped = {"num": None, "den": None}
    assert (pairs["revenue"]["cap"], pairs["revenue"]["lower"]) == (capped, None)
    assert pairs["last"]["cap"] == uncapped
    assert pairs["last"]["lower"] == {"num": {"kind": "absolute", "amount": 1}, "den": None}
    assert pairs["order_value"]["cap"] == uncapped
    assert (pairs["smallest"]["cap"], pairs["smallest"]["lower"]) == (None, None)
    assert [
        (pairs[name]["is_endless"], pairs[name]["window"]) for name in ("ordered", "median")
    ] == [
        (True, 0),
        (False, 3 * DAY),
    ]


CHANGED: dict[str, dict[str, Any]] = {
    "ordered": {"mature": False},
    "often": {"threshold": 4},
    "spent": {"aggregate": "max"},
    "revenue": {"cap": {"percentile": 0.99, "lower": 0.1}},
    "last": {"by": "product"},
    "smallest": {"missing": None},
    "order_value": {"denominator": {"aggregate": "count"}},
    "returned": {"to": "3 weeks"},
    "median": {"quantile": 0.6},
    "slow": {"of": "units"},
    "bought": {"steps": ["a", {"where": "b"}]},
}


def test_the_hash_of_a_metric_follows_every_key(tmp_path: Path, found: Any):
    orders = copy.deepcopy(ORDERS)
    for name, change in CHANGED.items():
        merged = orders["metrics"][name] | change
        orders["metrics"][name] = {key: value for key, value in merged.items() if value is not None}
    again = write(tmp_path, orders=orders)
    assert set(CHANGED) == set(found["metrics"])
    for name in CHANGED:
        assert again["metrics"][name]["hash"] != found["metrics"][name]["hash"], name


@pytest.mark.parametrize("change", [{"unique_key": "line_id"}, {"loaded_at": "at"}])
def test_the_hash_of_a_metric_follows_which_rows_are_read(
    tmp_path: Path, found: Any, change: dict[str, Any]
):
    again = write(tmp_path, orders=ORDERS | change)
    for name, metric in again["metrics"].items():
        assert metric["hash"] != found["metrics"][name]["hash"]
    assert again["experiments"]["full"]["hash"] != found["experiments"]["full"]["hash"]


@pytest.mark.parametrize(
    "change",
    [
        {"variants": [RAMP[0], RAMP[1]]},
        {"segments": ["platform"]},
        {"segments_daily": False},
        {"activation": FULL["activation"] | {"within": "4 days"}},
        {"success": {"revenue": {"cap": {"absolute": 51}}, "ordered": {"window": "none"}}},
    ],
)
def test_the_hash_of_an_experiment_follows_every_key(
    tmp_path: Path, found: Any, change: dict[str, Any]
):
    again = write(tmp_path, experiment=FULL | change)
    assert again["experiments"]["full"]["hash"] != found["experiments"]["full"]["hash"]
    assert again["experiments"]["plain"]["hash"] == found["experiments"]["plain"]["hash"]


def test_the_hash_of_an_experiment_follows_its_assignments(tmp_path: Path, found: Any):
    segments = {"country": "lower(country)", "platform": "platform"}
    again = write(tmp_path, table=ASSIGNED | {"segments": segments})["experiments"]
    assert again["full"]["hash"] != found["experiments"]["full"]["hash"]
    assert again["plain"]["hash"] == found["experiments"]["plain"]["hash"]
    again = write(tmp_path, table=ASSIGNED | {"variant": "lower(variant)"})["experiments"]
    # A table that an experiment's name stands beside does not keep its rows out of others.
    for name in ("plain", "named"):
        assert again[name]["hash"] != found["experiments"][name]["hash"]


def test_the_hash_stays_where_only_texts_or_lateness_change(tmp_path: Path, found: Any):
    orders = copy.deepcopy(ORDERS) | {"lookback": "9 days"}
    orders["metrics"]["ordered"]["label"] = "Ordered"
    again = write(tmp_path, orders=orders, experiment=FULL | {"status": "stopped"})
    for name, experiment in again["experiments"].items():
        assert experiment["hash"] == found["experiments"][name]["hash"]
