"""A dbt project beside the user's, in which units that entered in the past are an experiment.

So the metrics of a plan go through the same SQL as those of an experiment. Its facts are views of
the user's models; all that it builds is in a schema of its own, which is dropped afterwards.
"""

import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import yaml

from experimentos.errors import ProjectError
from experimentos.planning.period import Period
from experimentos.planning.question import Question
from experimentos.project import Project
from experimentos.project.settings import project_settings
from experimentos.scaffold import COPY, copy_package, without_jinja

NAME: Final = "experimentos_plan"
ENTRIES: Final = "experimentos_plan_entries"
HISTORY: Final = "history"
"""The only variant that has units."""

# Shown or sliced, but no part of the number itself.
_LEFT_OUT: Final = ("by", "prior", "label", "description", "format", "mature")
_SCHEMA: Final = """\
{% macro generate_schema_name(custom_schema_name, node) %}{{ return("SCHEMA") }}{% endmacro %}

{% macro drop_plan() %}
    {% do adapter.drop_schema(api.Relation.create(database=target.database, schema="SCHEMA")) %}
{% endmacro %}
"""


def rehearse(
    project: Project, question: Question, answer: Mapping[str, Any], model: str, period: Period
) -> dict[str, list[dict[str, Any]]]:
    """Run metrics over units that entered in the past.

    Parameters
    ----------
    project : Project
        The user's; its connections are closed.
    question : Question
        What is asked.
    answer : mapping
        Of the macro ``history``.
    model : str
        The population's.
    period : Period
        When units entered.

    Returns
    -------
    dict
        Rows of ``inference_inputs`` and ``moments`` of the deciding readout.
    """
    project.close()
    schema = f"{NAME}_{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory(prefix="experimentos-") as folder:
        root = Path(folder)
        _write(
            root, project, question, answer, answer["populations"][model]["rows"], period, schema
        )
        # Its own vars must not be those of the user's command line.
        variables = {
            key: value for key, value in project.variables.items() if key != "experimentos"
        }
        with Project(
            root,
            profiles_dir=project.profiles_dir,
            target=project.target,
            variables=variables,
            progress=project.progress,
            folder=project.folder,
        ) as made:
            try:
                made.build(
                    select=["+experimentos__inference_inputs"], exclude=["resource_type:test"]
                )
                return {name: _deciding(made, name) for name in ("inference_inputs", "moments")}
            finally:
                # What went wrong before is what is to be told.
                with suppress(ProjectError):
                    made.run_operation("drop_plan")


def _deciding(project: Project, name: str) -> list[dict[str, Any]]:
    return [
        row
        for row in project.fetch(name)
        if (row["variant"], row["segment"], row["basis"]) == (HISTORY, "all", "mature")
        and row["population"] == "assigned"
    ]


def _write(
    root: Path, project: Project, question: Question, answer: Mapping[str, Any], rows: str,
    period: Period, schema: str,
) -> None:  # fmt: skip
    settings = project_settings(project.root / "dbt_project.yml")
    short = {name: name.replace(".", "__") for name in answer["facts"]}
    files: dict[str, Any] = {
        "dbt_project.yml": {
            "name": NAME,
            "version": "1.0.0",
            "config-version": 2,
            "profile": settings.get("profile", settings.get("name")),
            "packages-install-path": COPY.parent.as_posix(),
            "flags": {"send_anonymous_usage_stats": False},
            "vars": {
                "experimentos": {
                    "assignment_models": [ENTRIES],
                    "fact_models": list(short.values()),
                    "as_of": answer["as_of"],
                    "daily": False,
                    "archive": False,
                    "inference": "client",
                }
            },
        },
        "models/plan.yml": _plain(
            {
                "models": [_entries(answer), *_facts(answer, short)],
                "exposures": [_experiment(question, answer, period)],
            }
        ),
    }
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        path.write_text(text, encoding="utf-8")
    (root / "macros").mkdir()
    (root / "macros" / "plan.sql").write_text(_SCHEMA.replace("SCHEMA", schema), encoding="utf-8")
    _model(root, ENTRIES, entries_sql(rows, period), "table")
    for name, fact in answer["facts"].items():
        _model(root, short[name], f"select * from {fact['relation']}", "view")  # noqa: S608
    copy_package(root)


def entries_sql(rows: str, period: Period) -> str:
    """Select each unit with its first row in a period.

    Parameters
    ----------
    rows : str
        A query of ``unit`` and ``entered_at``.
    period : Period
        Which rows count.

    Returns
    -------
    str
        A query of ``unit`` and ``entered_at``.
    """
    return (
        f"select unit, min(entered_at) as entered_at\nfrom (\n{rows}\n) as seen\n"
        f"where entered_at >= cast('{period.first}' as timestamp)\n"
        f"    and entered_at < cast('{period.until}' as timestamp)\ngroup by unit"
    )


def _model(root: Path, name: str, sql: str, kind: str) -> None:
    text = f"{{{{ config(materialized='{kind}') }}}}\n\n{without_jinja(sql)}\n"
    (root / "models" / f"{name}.sql").write_text(text, encoding="utf-8")


def _entries(answer: Mapping[str, Any]) -> dict[str, Any]:
    assignments = {
        "experiment": {"literal": NAME},
        "variant": f"'{HISTORY}'",
        "units": {answer["kind"]: "unit"},
        "timestamp": "entered_at",
    }
    return _with_meta(ENTRIES, {"assignments": assignments})


def _facts(answer: Mapping[str, Any], short: Mapping[str, str]) -> list[dict[str, Any]]:
    made = []
    for name, fact in answer["facts"].items():
        metrics = {
            metric: _renamed(
                {key: value for key, value in read["given"].items() if key not in _LEFT_OUT}, short
            )
            for metric, read in answer["metrics"].items()
            if read["model"] == name
        }
        made.append(_with_meta(short[name], {**fact["given"], "metrics": metrics}))
    return made


def _experiment(question: Question, answer: Mapping[str, Any], period: Period) -> dict[str, Any]:
    meta = {
        "unit": answer["kind"],
        "start": str(period.first),
        "end": str(period.until),
        "control": HISTORY,
        "variants": {HISTORY: 0.5, "rest": 0.5},
        "monitoring": "fixed",
        "success": list(question.success),
        "guardrails": {
            name: {} if margin is None else {"margin": margin.given}
            for name, margin in question.guardrails.items()
        },
        "status": "stopped",
    }
    return {
        "name": NAME,
        "type": "analysis",
        "owner": {"name": "experimentos plan"},
        "depends_on": [f"ref('{ENTRIES}')"],
        **_meta(meta),
    }


def _with_meta(name: str, meta: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, **_meta(meta)}


def _meta(meta: Mapping[str, Any]) -> dict[str, Any]:
    return {"config": {"meta": {"experimentos": dict(meta)}}}


def _renamed(value: Any, short: Mapping[str, str]) -> Any:  # noqa: ANN401
    """Name models of other packages as their views are."""
    if isinstance(value, Mapping):
        return {
            key: short.get(inner, inner)
            if key == "model" and isinstance(inner, str)
            else _renamed(inner, short)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_renamed(inner, short) for inner in value]
    return value


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Keep dbt from reading a definition's braces, which it has read once, as Jinja."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return without_jinja(value) if isinstance(value, str) else value
