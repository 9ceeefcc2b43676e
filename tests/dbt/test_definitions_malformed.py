"""Whatever shape stands in a definition, the outcome is a report and never an error of Jinja."""

import copy
import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.factory import FACTORY
from dbt_common.exceptions import CompilationError
from project import Project

SHAPES = [None, True, 3, -1, 2.5, "x", "", [], {}, [1], {"a": 1}, float("inf"), float("nan")]
REPORT = r"experimentos: \d+ problem\(s\) in your definitions"

ASSIGNMENTS = {
    "assignments": {
        "experiment": {"literal": "one"},
        "variant": "variant",
        "unit": {"user": "user_id"},
        "timestamp": "assigned_at",
        "segments": {"country": "upper(country)", "platform": "platform"},
        "loaded_at": "loaded_at",
        "lookback": "5 days",
    }
}
ORDERS = {
    "units": {"user": "user_id", "device": "device_id"},
    "timestamp": "at",
    "timestamp_is_date": False,
    "complete_until": "2026-10-01",
    "loaded_at": "loaded_at",
    "lookback": "5 days",
    "unique_key": "order_id",
    "metrics": {
        "ordered": {
            "type": "proportion",
            "value": "is_paid",
            "where": "amount > 0",
            "window": "7 days",
            "delay": "1 day",
            "goal": "increase",
            "format": "percent",
            "prior": {"alpha": 1, "beta": 20},
        },
        "revenue": {
            "type": "mean",
            "value": "amount",
            "aggregate": "sum",
            "covariate": "14 days",
            "label": "Revenue",
            "description": "All of it",
        },
        "order_value": {
            "type": "ratio",
            "numerator": {"value": "amount", "model": "fct_orders"},
            "denominator": {"aggregate": "count", "where": "amount > 0", "cap": {"absolute": 9}},
        },
        "largest": {
            "type": "mean",
            "value": "amount",
            "aggregate": "max",
            "cap": {"percentile": 0.999, "lower": 0.001},
            "missing": "zero",
            "mature": False,
            "by": "product",
        },
        "floored": {"type": "mean", "value": "amount", "lower": {"absolute": 0}},
        "often": {"type": "proportion", "aggregate": "count", "threshold": 3},
        "returned": {"type": "retention", "from": "7 days", "to": "14 days", "where": "is_paid"},
        "slow": {"type": "quantile", "value": "amount", "quantile": 0.9, "of": "events"},
        "bought": {
            "type": "funnel",
            "steps": ["is_seen", {"where": "is_paid", "model": "fct_orders"}],
        },
    },
}
EXPERIMENT = {
    "id": ["one", "two"],
    "start": "2026-09-01",
    "end": "2026-09-29",
    "unit": "user",
    "control": "a",
    "variants": [
        {"from": "2026-09-01", "split": {"a": 0.9, "b": 0.1}},
        {"from": "2026-09-08", "split": {"a": 0.5, "b": 0.5}},
    ],
    "segments": ["country", "platform"],
    "segments_daily": True,
    "activation": {"model": "fct_orders", "where": "is_seen", "within": "3 days"},
    "success": ["ordered"],
    "guardrails": {
        "revenue": {
            "margin": "2%",
            "mde": {"absolute": 0.5},
            "window": "1 week",
            "goal": "increase",
            "cap": {"percentile": 0.99},
            "lower": {"absolute": 0},
            "prior": "flat",
        }
    },
    "explore": {"order_value": {}},
    "alpha": 0.05,
    "power": 0.8,
    "mde": "2%",
    "prior": {"lift": {"mean": 0, "sd": "5%"}},
    "monitoring": {"design": "fixed", "planned_n": 1000},
    "correction": "holm",
    "status": "running",
}


def mutations(tree: Any) -> Iterator[Any]:
    """Copies of a tree of maps and lists, each with one node replaced by one of the shapes."""
    yield from SHAPES
    for key in tree if isinstance(tree, dict) else range(len(tree)):
        below = mutations(tree[key]) if isinstance(tree[key], dict | list) else SHAPES
        for value in below:
            mutated = copy.copy(tree)
            mutated[key] = value
            yield mutated


class Loaded:
    """A parsed project whose definitions can be replaced in memory and checked again."""

    def __init__(self, project: Project):
        result = project.dbt("parse")
        assert result.success, result.exception
        self.manifest = result.result
        self.manifest.build_flat_graph()
        (self.adapter,) = FACTORY.adapters.values()

    def check(self, section: str, name: str, definition: Any) -> str:
        """Put a definition in the graph, and return the report on it ('' if all is well)."""
        config = self.manifest.flat_graph[section][name]["config"]
        before, config["meta"] = config["meta"], {"experimentos": definition}
        try:
            with self.adapter.connection_named("check"):
                self.adapter.execute_macro(
                    "check", macro_resolver=self.manifest, project="experimentos"
                )
        except CompilationError as error:
            return error.msg.strip()
        finally:
            config["meta"] = before
        return ""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    project = Project(
        tmp_path_factory.mktemp("malformed"),
        {"assignment_models": ["fct_assignments"], "fact_models": ["fct_orders"]},
    )
    project.model("fct_assignments", "select 1 as user_id", ASSIGNMENTS)
    project.model("fct_orders", "select 1 as user_id", ORDERS)
    project.experiment("one", EXPERIMENT)
    yield Loaded(project)
    DuckDBConnectionManager.close_all_connections()


@pytest.mark.parametrize(
    ("section", "name", "definition"),
    [
        ("exposures", "exposure.shop.one", EXPERIMENT),
        ("nodes", "model.shop.fct_orders", ORDERS),
        ("nodes", "model.shop.fct_assignments", ASSIGNMENTS),
    ],
)
# Thirteen shapes for each place: one in eight meets every place, and every shape in some places.
@pytest.mark.parametrize(
    "one_in", [pytest.param(8, id="some"), pytest.param(1, id="all", marks=pytest.mark.slow)]
)
def test_any_node_may_have_any_shape(
    loaded: Loaded, section: str, name: str, definition: dict[str, Any], one_in: int
):
    assert loaded.check(section, name, definition) == ""
    drawn = itertools.islice(mutations(definition), 0, None, one_in)
    reports = [(mutated, loaded.check(section, name, mutated)) for mutated in drawn]
    wrong = [pair for pair in reports if pair[1] and not re.match(REPORT, pair[1])]
    assert not wrong, f"{len(wrong)} of {len(reports)}: {wrong[:5]}"
    assert sum(bool(report) for _, report in reports) > len(reports) / 2
