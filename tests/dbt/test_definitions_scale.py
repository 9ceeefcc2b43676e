"""Many experiments, metrics and pairs cost seconds, not minutes."""

import re
import resource
from pathlib import Path

import pytest
from checking import check
from project import Project

# Experiments, metrics, pairs, and CPU seconds for check and build together. Most of them are dbt's
# own: it parses a file an experiment, and lists each as a node. 20,000 pairs are the promise.
SIZES = [
    pytest.param(25, 20, 200, 30, id="some", marks=pytest.mark.slow),
    pytest.param(100, 60, 1_000, 30, id="hundred", marks=pytest.mark.slow),
    pytest.param(1_000, 300, 20_000, 60, id="thousand", marks=pytest.mark.slow),
]
GIVEN = """
{% set rows = [] %}
{% for number in range(2500) %} {% do rows.append([number, "it's " ~ "x" * 995]) %} {% endfor %}
{{ experimentos.values_table([("number", "integer"), ("given", "varchar")], rows) }}
"""
KINDS = [
    {"type": "proportion", "where": "amount > 2"},
    {"type": "mean", "value": "amount", "where": "amount > 1"},
    {"type": "ratio", "numerator": {"value": "amount"}, "denominator": {"aggregate": "count"}},
]


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def write_shop(folder: Path, experiments: int, metrics: int, pairs: int) -> Project:
    facts = [f"fct_{index}" for index in range(10)]
    project = Project(folder, {"assignment_models": ["fct_assigned"], "fact_models": facts})
    project.model(
        "fct_assigned",
        f"select u as user_id, 'exp_' || (u % {experiments}) as test, timestamp '2026-01-01' "
        f"as at, case when (u // {experiments}) % 2 = 0 then 'a' else 'b' end as variant "
        "from range(4000) as units(u)",
        {
            "assignments": {
                "experiment": "test",
                "variant": "variant",
                "unit": "user_id",
                "timestamp": "at",
            }
        },
    )
    for index, fact in enumerate(facts):
        names = range(index, metrics, len(facts))
        project.model(
            fact,
            "select u as user_id, timestamp '2026-01-02' as at, cast(u % 7 as double) as amount "
            "from range(4000) as units(u)",
            {
                "unit": "user_id",
                "timestamp": "at",
                "complete_until": "2026-03-01",
                "metrics": {f"metric_{name}": KINDS[name % 3] for name in names},
            },
        )
    each = pairs // experiments
    for index in range(experiments):
        names = [f"metric_{(index * 7 + pair) % metrics}" for pair in range(each)]
        project.experiment(
            f"exp_{index}",
            {
                "start": "2026-01-01",
                "end": "2026-01-15",
                "control": "a",
                "variants": {"a": 0.5, "b": 0.5},
                "success": names[:4],
                "guardrails": {name: {"margin": "2%"} for name in names[4:7]},
                "explore": names[7:],
            },
        )
    return project


@pytest.mark.parametrize(("experiments", "metrics", "pairs", "seconds"), SIZES)
def test_check_and_build_take_seconds(
    tmp_path: Path, experiments: int, metrics: int, pairs: int, seconds: float
):
    project = write_shop(tmp_path, experiments, metrics, pairs)
    project.dbt("parse")
    before = cpu_seconds()
    found = check(project)
    checked = cpu_seconds()
    project.build()
    print(f"check {checked - before:.1f} s, build {cpu_seconds() - checked:.1f} s of CPU")
    assert found.passed, found.text
    assert len(found.listing["experiments"]) == experiments
    assert project.rows("select count(*) as n from experimentos__experiment_metrics") == [
        {"n": pairs}
    ]
    assert project.rows("select count(*) as n from experimentos__decisions") == [{"n": experiments}]
    assert cpu_seconds() - before < seconds


def test_what_is_given_to_the_warehouse_has_texts_of_bounded_length(tmp_path: Path):
    project = Project(tmp_path)
    project.model("given", GIVEN)
    assert project.dbt("run", "--select", "given").success
    (found,) = project.rows(
        "select count(*) as n, sum(number) as total, min(length(given)) as shortest, "
        "min(given) as first from main.given"
    )
    assert found == {
        "n": 2500,
        "total": 2499 * 1250,
        "shortest": 1000,
        "first": "it's " + "x" * 995,
    }
    compiled = (tmp_path / "target" / "compiled" / "shop" / "models" / "given.sql").read_text()
    lengths = [len(text) for text in re.findall(r"'((?:[^']|'')*)'", compiled)]
    assert sum(length > 100_000 for length in lengths) == 3
    assert max(lengths) < 1_100_000
