"""`health`: limits of checks, their mistakes, and what of them the hash of a definition holds."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pytest
import yaml
from checking import Check, check
from parsing import parsed
from project import PACKAGE, Project
from test_definitions import ASSIGNMENTS, EXPERIMENT, ORDERS

PAGE = (PACKAGE / "docs" / "health.md").read_text()
CHECKS = "sample_ratio, activation_rate, covariate_balance, crossovers, unknown_variants"

# name: (what stands under `health`, what the report says about it)
MISTAKES: dict[str, tuple[Any, ...]] = {
    "a_list": (["crossovers"], "`health`: must be a map like {crossovers: {warn: '0.2%'"),
    "misspelt": (
        {"crossover": {"block": "2%"}},
        f"`health`: there is no check `crossover` whose limits can be set; allowed: {CHECKS}",
        "did you mean 'crossovers'?",
    ),
    "no_limit_of_its_own": (
        {"enough_units": {"block": "never"}},
        "there is no check `enough_units` whose limits can be set",
    ),
    "a_number": (
        {"crossovers": 0.01},
        "`crossovers`: must be a map with `warn`, `block` or both, got '0.01'",
    ),
    "unknown_level": (
        {"crossovers": {"blok": "2%"}},
        "`crossovers`: unknown key `blok`; allowed: warn, block; did you mean 'block'?",
    ),
    "share_as_number": (
        {"crossovers": {"warn": 0.002}},
        "`warn` must be a percentage from 0% to 100%, like 0.2%, or never, got '0.002'",
    ),
    "share_beyond_all": ({"crossovers": {"block": "101%"}}, "`block` must be a percentage"),
    "p_value_as_share": (
        {"sample_ratio": {"block": "0.1%"}},
        "`sample_ratio`: `block` must be a p-value: a number between 0 and 1, or never, got '0.1%'",
    ),
    "p_value_of_one": ({"sample_ratio": {"warn": 1}}, "`warn` must be a p-value"),
    "p_value_true": ({"sample_ratio": {"warn": True}}, "`warn` must be a p-value", "'True'"),
    "part_of_a_day": (
        {"freshness": {"block": "36 hours"}},
        "`block` must be whole days, like '2 days', or never, got '36 hours'",
    ),
    "factor_of_none": ({"skewness": {"warn": 0}}, "`warn` must be a number above 0, or never"),
    "late_factor": (
        {"skewness": {"block": 400}},
        "`skewness`: blocks (400) before it warns (355): `warn` must be as strict as `block`",
    ),
    "late_warning": (
        {"crossovers": {"warn": "3%", "block": "2%"}},
        "`crossovers`: blocks (2%) before it warns (3%): `warn` must be as strict as `block`",
    ),
    "late_p_value": (
        {"sample_ratio": {"warn": 0.0001}},
        "`sample_ratio`: blocks (0.001) before it warns (0.0001)",
    ),
    "no_warning": (
        {"crossovers": {"warn": "never"}},
        "`crossovers`: blocks (1%) before it warns (never)",
    ),
    "several": (
        {"crossovers": {"warn": "x", "block": "y"}, "freshness": 2},
        "`crossovers`: `warn` must be",
        "`crossovers`: `block` must be",
        "`freshness`: must be a map",
    ),
}


def shop(folder, **settings: Any) -> Project:
    project = Project(
        folder,
        {"assignment_models": ["fct_assignments"], "fact_models": ["fct_orders"]} | settings,
    )
    project.model("fct_assignments", "select 1 as user_id", ASSIGNMENTS)
    project.model("fct_orders", "select 1 as user_id", ORDERS)
    return project


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Check:
    project = shop(
        tmp_path_factory.mktemp("mistakes"),
        health={"crosovers": {}, "unknown_variants": {"warn": 1}},
    )
    for name, (given, *_) in MISTAKES.items():
        project.experiment(name, EXPERIMENT | {"id": name, "health": given})
    return check(project)


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_what_is_allowed_and_what_came(report: Check, name: str):
    _, *texts = MISTAKES[name]
    lines = report.about(f"exposure {name} (experiments/{name}.yml), `health`")
    for text in texts:
        assert any(text in line for line in lines), (text, lines)
    assert len(lines) == (3 if name == "several" else 1)


def test_mistakes_of_the_project_are_in_the_same_report(report: Check):
    where = "vars.experimentos (dbt_project.yml), `health`"
    lines = report.about(where)
    assert len(lines) == 2
    assert lines[0].startswith(f"{where}: there is no check `crosovers`")
    assert lines[1].startswith(f"{where}, `unknown_variants`: `warn` must be a percentage")


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict[str, Any]:
    project = shop(
        tmp_path_factory.mktemp("limits"),
        health={"crossovers": {"warn": "0.5%"}, "freshness": {"warn": "4 days", "block": "9 days"}},
    )
    for name, given in {
        "plain": None,
        "warned": {"crossovers": {"warn": "0.2%"}},
        "strict": {"crossovers": {"block": "0.5%"}},
        "strict_too": {"crossovers": {"block": "0.50%", "warn": "0.4%"}},
        "as_it_is": {"crossovers": {"block": "1%"}},
        "never": {"freshness": {"block": "never"}},
    }.items():
        more = {} if given is None else {"health": given}
        project.experiment(name, EXPERIMENT | more)
    return parsed(project)["experiments"]


def limits(found: dict[str, Any], experiment: str, name: str) -> tuple[Any, Any]:
    limit = found[experiment]["limits"][name]
    return limit["warn"], limit["block"]


def test_an_experiment_comes_before_the_project_and_that_before_the_defaults(found):
    assert limits(found, "plain", "sample_ratio") == (0.01, 0.001)
    assert limits(found, "plain", "crossovers") == (0.005, 0.01)
    assert limits(found, "warned", "crossovers") == (0.002, 0.01)
    assert limits(found, "strict_too", "crossovers") == (0.004, 0.005)
    assert limits(found, "plain", "freshness") == (4, 9)
    assert limits(found, "never", "freshness") == (4, None)


def test_the_hash_holds_what_may_change_a_verdict_and_nothing_else(found):
    hashes = {name: each["hash"] for name, each in found.items()}
    assert hashes["warned"] == hashes["as_it_is"] == hashes["plain"]
    assert hashes["strict"] == hashes["strict_too"] != hashes["plain"]
    assert len({hashes["plain"], hashes["strict"], hashes["never"]}) == 3
    # No limit is part of the plan, which must not change after a look.
    assert len({each["plan_hash"] for each in found.values()}) == 1


def test_limits_may_stand_in_a_table(tmp_path):
    project = shop(tmp_path, experiments_from="tests_running")
    columns = {
        "experiment_id": ["from_table", "wrong"], "starts_at": ["2026-09-01"] * 2,
        "ends_at": ["2026-09-29"] * 2, "id": ["a", "b"], "control": ["control"] * 2,
        "variants": ['{"control": 0.5, "one_page": 0.5}'] * 2, "success": ["ordered"] * 2,
        "health": ['{"crossovers": {"block": "2%"}}', '{"crossovers": {"block": 2}}'],
    }  # fmt: skip
    project.model("tests_running", pa.table(columns))
    assert project.dbt("run", "--select", "tests_running").success
    (problem,) = check(project).problems
    assert (
        "experiment wrong (table tests_running), `health`, `crossovers`: `block` must be" in problem
    )


def documented() -> dict[str, list[str]]:
    """Rows of the page's tables by name of the check."""
    rows = re.findall(r"^\| `([a-z_]+)` \|(.*)\|$", PAGE, re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split(" | ")] for name, cells in rows}


def test_the_page_has_every_check_with_its_defaults(tmp_path):
    lookup = (PACKAGE / "macros/health/_lookup.sql").read_text()
    parts = re.findall(r'\["([a-z_]+)", experimentos\.health_\w+, (?!none)', lookup)
    renamed = {
        "has_units": "variant_has_units", "data_known": "data_as_of", "precise": "precision",
        "covariates": "covariate_coverage", "current_inference": "inference_current",
    }  # fmt: skip
    names = {renamed.get(part, part) for part in parts} | {"activation_rate", "late_changes"}
    assert set(documented()) == names
    project = shop(tmp_path)
    project.experiment("plain", EXPERIMENT)
    defaults = parsed(project)["experiments"]["plain"]["limits"]
    assert len(defaults) == 12
    for name, limit in defaults.items():
        _, warn, block, *_ = documented()[name]
        for level, cell in (("warn", warn), ("block", block)):
            shown = cell.split("`")[1]
            if limit[level] is None:
                assert shown == "never", name
            elif shown.endswith("%"):
                assert float(shown.rstrip("%")) / 100 == pytest.approx(limit[level]), name
            else:
                assert float(shown.split()[0]) == limit[level], name


def test_the_examples_of_the_page_have_no_problem(tmp_path):
    blocks = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    (of_project,) = [each["vars"]["experimentos"] for each in blocks if "vars" in each]
    (of_experiment,) = [each for each in blocks if "vars" not in each]
    project = shop(tmp_path, **of_project)
    project.experiment("example", EXPERIMENT | of_experiment)
    assert check(project).listing["problems"] == []


def test_guardrails_that_see_harm_late_are_told_by_the_check(tmp_path):
    project = shop(tmp_path)
    fast = {"window": "3 days"}
    for name, given in {
        "late": {"revenue": {}, "refunds": {"window": "4 days"}},
        "fast": {"revenue": fast, "refunds": fast},
    }.items():
        project.experiment(name, EXPERIMENT | {"id": name, "guardrails": given})
    found = check(project)
    assert found.passed
    assert found.listing["warnings"] == [
        (
            "exposure late (experiments/late.yml), `guardrails`: revenue (7 days), refunds "
            "(4 days): only units whose windows have closed are counted, so harm is seen that much "
            "later; a guardrail that must stop harm fast needs a window of at most 3 days"
        )
    ]


def test_experiments_without_lineage_are_told_by_the_check(tmp_path):
    project = shop(tmp_path)
    for name, above in {
        "none": [],
        "other": ["ref('fct_orders')"],
        "ours": ["ref('fct_orders')", "ref('experimentos__effects')"],
    }.items():
        project.experiment(name, EXPERIMENT | {"id": name}, depends_on=above)
    found = check(project)
    assert found.passed
    assert found.listing["warnings"] == [
        (
            f"exposure {name} (experiments/{name}.yml): `depends_on` names no model of "
            "experimentos, so the lineage in `dbt docs` does not lead to it, and `dbt build "
            f"--select +exposure:{name}` builds nothing that it needs; write depends_on: "
            "[ref('experimentos__decisions')]"
        )
        for name in ("none", "other")
    ]
