"""The examples of docs/metrics.md are right, and the page names every key."""

import re
from typing import Any

import pytest
import yaml
from checking import Check, check
from project import PACKAGE, Project
from test_definitions import EXPERIMENT, write_meta

PAGE = (PACKAGE / "docs" / "metrics.md").read_text()
BLOCKS: list[dict[str, Any]] = [
    yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
]
METRICS: dict[str, Any] = {}
for part in BLOCKS:
    METRICS |= part.get("metrics", {})
EXPERIMENTS = [part for part in BLOCKS if not {"assignments", "unit", "metrics"} & set(part)]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Check:
    (assigned,) = [part for part in BLOCKS if "assignments" in part]
    (fact,) = [part for part in BLOCKS if "unit" in part]
    project = Project(
        tmp_path_factory.mktemp("page"),
        {"assignment_models": ["fct_assignments"], "fact_models": ["fct_orders", "fct_visits"]},
    )
    for name, meta in {
        "fct_assignments": assigned,
        "fct_orders": fact | {"metrics": METRICS},
        "fct_visits": {"unit": "user_id", "timestamp": "seen_at", "metrics": {}},
    }.items():
        project.model(name, "select 1 as user_id")
        write_meta(project, name, meta)
    for index, given in enumerate(EXPERIMENTS):
        project.experiment(f"example_{index}", EXPERIMENT | given)
    return check(project)


def test_the_examples_have_no_problem(report: Check):
    assert report.listing["problems"] == []
    assert len(report.listing["metrics"]) == len(METRICS) > 20
    assert len(report.listing["experiments"]) == len(EXPERIMENTS) == 5


@pytest.mark.parametrize(
    "macro",
    ["definitions/read_experiments", "definitions/read_monitoring", "metric_types/_lookup"],
)
def test_the_page_names_every_key(macro: str):
    text = (PACKAGE / "macros" / f"{macro}.sql").read_text()
    lists = re.findall(r'\[("[a-z_]+"(?:,\s*"[a-z_]+")*)\s*\]', text)
    keys = {key for found in lists for key in re.findall(r'"([a-z_]+)"', found)}
    unnamed = {key for key in keys if not re.search(rf"\b{key}\b", PAGE)}
    assert len(keys) > 15
    assert not unnamed


def test_the_page_names_every_setting():
    text = (PACKAGE / "macros" / "definitions" / "definitions.sql").read_text()
    settings = text[text.index("macro check_settings") : text.index("do experimentos.check_keys")]
    keys = set(re.findall(r'"([a-z_]+)"', settings)) - {"experimentos"}
    assert len(keys) > 12
    section = PAGE[PAGE.index("## Settings") :]
    assert not {key for key in keys if f"`{key}`" not in section}


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        ("### window: none", "longest delay and window together"),
        ("### by", "the value `all` '(all)'"),
        ("### Segments", "called `all` is '(all)'"),
        ("## Days since exposure", "means, ratios and proportions"),
    ],
)
def test_a_section_says_what_the_sql_does(heading: str, text: str):
    section = PAGE[PAGE.index(f"\n{heading}\n") + len(heading) :]
    assert text in " ".join(section.partition("\n#")[0].split())
