"""dbt projects that install the package: the benchmark's, an empty one, and one with very much."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE = Path(__file__).resolve().parent
PACKAGE = Path(os.environ.get("BENCHMARK_PACKAGE", HERE.parent))
EXPERIMENTS, METRICS, PAIRS, FACTS = 1_000, 300, 20_000, 3
PERCENTILE = 0.999
CAPPED = ("revenue", "cart_value", "checkout_value", "session_minutes", "purchases", "refunds")


def install(folder: Path) -> Path:
    """Link the package as `dbt deps` would."""
    (folder / "dbt_packages").mkdir(parents=True)
    (folder / "dbt_packages" / "experimentos").symlink_to(PACKAGE)
    packages = {"packages": [{"local": str(PACKAGE)}]}
    (folder / "packages.yml").write_text(yaml.safe_dump(packages))
    shutil.copy(HERE / "project" / "profiles.yml", folder)
    return folder


def benchmark_project(
    folder: Path,
    *,
    daily: bool = False,
    bins: bool | None = None,
    capped: bool = False,
    as_of: str | None = None,
) -> Path:
    """Five experiments and twenty metrics over the generated events, six capped if asked.

    `bins`: whether units are counted by their totals; None leaves it to the package.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE / "project", folder)
    project = yaml.safe_load((folder / "dbt_project.yml").read_text())
    settings = project["vars"]["experimentos"]
    settings["daily"] = daily
    if bins is not None:
        settings["distributions"] = bins
    settings["as_of"] = as_of or settings["as_of"]
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(project, sort_keys=False))
    if capped:
        facts = yaml.safe_load((folder / "models" / "fct_events.yml").read_text())
        metrics = metrics_of(facts)
        for name in CAPPED:
            metrics[name]["cap"] = {"percentile": PERCENTILE}
        (folder / "models" / "fct_events.yml").write_text(yaml.safe_dump(facts, sort_keys=False))
    return install(folder)


def metrics_of(facts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The metrics that a fact's properties define."""
    return facts["models"][0]["config"]["meta"]["experimentos"]["metrics"]


def per_metric_queries() -> Iterator[tuple[str, str]]:
    """One query for each metric and experiment, which read nothing of each other."""
    template = (HERE / "queries" / "per_metric.sql").read_text()
    facts = yaml.safe_load((HERE / "project" / "models" / "fct_events.yml").read_text())
    for experiment in range(1, 6):
        for name, metric in metrics_of(facts).items():
            numerator = metric.get("numerator", metric)
            denominator = metric.get("denominator", {"where": "false"})
            is_capped = name in CAPPED
            yield (
                f"{name} {experiment}",
                template.format(
                    experiment=f"experiment_{experiment}",
                    num_where=numerator["where"],
                    num_value=numerator.get("value", 1),
                    den_where=denominator["where"],
                    den_value=denominator.get("value", 1),
                    percentile=PERCENTILE,
                    capped_num="least(num, num_cap)" if is_capped else "num",
                    capped_num_cov="least(num_cov, num_cov_cap)" if is_capped else "num_cov",
                ),
            )


def write_project(folder: Path, settings: Mapping[str, object]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("models", "experiments"):
        (folder / part).mkdir(parents=True)
    project = {
        "name": "benchmark",
        "version": "1.0.0",
        "profile": "benchmark",
        "model-paths": ["models", "experiments"],
        "vars": {"experimentos": dict(settings)},
        "flags": {"send_anonymous_usage_stats": False},
    }
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(project))
    install(folder)


def empty_project(folder: Path) -> Path:
    """The package alone: no assignments, no facts, no experiments."""
    write_project(folder, {})
    return folder


def write_model(folder: Path, name: str, sql: str, meta: Mapping[str, object]) -> None:
    (folder / "models" / f"{name}.sql").write_text(sql + "\n")
    properties = {"models": [{"name": name, "config": {"meta": {"experimentos": dict(meta)}}}]}
    (folder / "models" / f"{name}.yml").write_text(yaml.safe_dump(properties, sort_keys=False))


def write_facts(folder: Path) -> None:
    """Metrics over a few events: counts of rows with their own condition each."""
    for fact in range(FACTS):
        metrics = {
            f"metric_{number}": {
                "type": "mean",
                "aggregate": "count",
                "where": f"event_name = 'event_{number}'",
            }
            for number in range(fact, METRICS, FACTS)
        }
        sql = (
            "select i % 4000 as user_id, 'event_' || (i % 300) as event_name, "
            "timestamp '2025-01-01' + interval (i % 60) day as event_at from range(12000) as t(i)"
        )
        meta = {"unit": "user_id", "timestamp": "event_at", "metrics": metrics}
        write_model(folder, f"fct_events_{fact}", sql, meta)


def write_experiments(folder: Path) -> None:
    """One file an experiment, as people keep them."""
    per_experiment = PAIRS // EXPERIMENTS
    for number in range(EXPERIMENTS):
        names = [f"metric_{(number * 7 + k * 13) % METRICS}" for k in range(per_experiment)]
        definition = {
            "start": "2025-01-15",
            "end": "2025-02-05",
            "control": "control",
            "variants": {"control": 0.5, "treatment": 0.5},
            "success": names[:2],
            "guardrails": names[2:4],
            "explore": names[4:],
        }
        exposure = {
            "name": f"experiment_{number}",
            "type": "analysis",
            "owner": {"name": "Benchmark", "email": "benchmark@example.com"},
            "description": "One of very many.",
            "depends_on": ["ref('experimentos__decisions')"],
            "config": {"meta": {"experimentos": definition}},
        }
        text = yaml.safe_dump({"exposures": [exposure]}, sort_keys=False)
        (folder / "experiments" / f"experiment_{number}.yml").write_text(text)


def many_project(folder: Path) -> Path:
    """1,000 experiments and 300 metrics in 20,000 pairs, over tiny data."""
    facts = [f"fct_events_{fact}" for fact in range(FACTS)]
    settings = {
        "assignment_models": ["fct_assignments"],
        "fact_models": facts,
        "as_of": "2025-03-02",
    }
    write_project(folder, settings)
    write_facts(folder)
    assigned = (
        "select i % 4000 as user_id, 'experiment_' || (i % 1000) as experiment, "
        "case when i // 1000 % 2 = 0 then 'control' else 'treatment' end as variant, "
        "timestamp '2025-01-16' as assigned_at from range(4000) as t(i)"
    )
    columns = {
        "experiment": "experiment",
        "variant": "variant",
        "unit": "user_id",
        "timestamp": "assigned_at",
    }
    write_model(folder, "fct_assignments", assigned, {"assignments": columns})
    write_experiments(folder)
    return folder
