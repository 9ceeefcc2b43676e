"""A dbt project beside the user's, in which units that entered in the past are an experiment.

So the metrics of a plan go through the same SQL as those of an experiment. Its facts are views of
the user's models; all that it builds is in a schema of its own, which is dropped afterwards.
"""

import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import yaml

from experimentos.errors import ProjectError
from experimentos.planning.population import Population, entries_sql
from experimentos.planning.question import Question
from experimentos.project import Project
from experimentos.project.settings import project_settings
from experimentos.scaffold import COPY, copy_package, without_jinja

NAME: Final = "experimentos_plan"
ENTRIES: Final = "experimentos_plan_entries"
HISTORY: Final = "history"
"""The variant that has units: all of them, but where they are dealt."""
REST: Final = "rest"

# Shown or sliced, but no part of the number itself.
_LEFT_OUT: Final = ("by", "prior", "label", "description", "format")
_PLANNED: Final = ("+experimentos__inference_inputs",)
_VALIDATED: Final = (*_PLANNED, "experimentos__validation", "stg_experimentos__looks")
_SCHEMA: Final = """\
{% macro generate_schema_name(custom_schema_name, node) %}{{ return("SCHEMA") }}{% endmacro %}

{% macro drop_plan() %}
    {% do adapter.drop_schema(api.Relation.create(database=target.database, schema="SCHEMA")) %}
{% endmacro %}
"""


@contextmanager
def rehearsal(
    project: Project, question: Question, population: Population, *, is_dealt: bool = False
) -> Iterator[Project]:
    """Run metrics over units that entered in the past; the schema is dropped at the end.

    Parameters
    ----------
    project : Project
        The user's; its connections are closed.
    question : Question
        What is asked.
    population : Population
        Whose units.
    is_dealt : bool
        Whether the experiment is the one that is asked about, with units in both variants, and is
        to be validated.

    Yields
    ------
    Project
        Built as far as inference reads it.
    """
    project.close()
    schema = f"{NAME}_{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory(prefix="experimentos-") as folder:
        root = Path(folder)
        _write(root, project, question, population, schema, is_dealt=is_dealt)
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
                    select=_VALIDATED if is_dealt else _PLANNED, exclude=["resource_type:test"]
                )
                yield made
            finally:
                # What went wrong before is what is to be told.
                with suppress(ProjectError):
                    made.run_operation("drop_plan")


def deciding(made: Project, name: str) -> list[dict[str, Any]]:
    """Read the rows of the readout that decides.

    Parameters
    ----------
    made : Project
        Of `rehearsal`.
    name : str
        ``inference_inputs`` or ``moments``.

    Returns
    -------
    list of dict
        Of the variant that has units.
    """
    return [
        row
        for row in made.fetch(name)
        if (row["variant"], row["segment"], row["basis"]) == (HISTORY, "all", "mature")
        and row["population"] == "assigned"
    ]


def _write(
    root: Path, project: Project, question: Question, population: Population, schema: str, *,
    is_dealt: bool,
) -> None:  # fmt: skip
    answer, period = population.answer, population.period
    left_out = _LEFT_OUT if is_dealt else (*_LEFT_OUT, "mature")
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
                "models": [_entries(answer), *_facts(answer, short, left_out)],
                "exposures": [
                    _exposure(
                        {
                            "unit": answer["kind"],
                            "start": str(period.first),
                            "end": str(period.until),
                            "control": HISTORY,
                            "status": "stopped",
                        }
                        | (_asked if is_dealt else _described)(question)
                    )
                ],
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
    entries = entries_sql(population.rows, period)
    _model(root, ENTRIES, _in_halves(entries) if is_dealt else _in_one(entries), "table")
    for name, fact in answer["facts"].items():
        _model(root, short[name], f"select * from {fact['relation']}", "view")  # noqa: S608
    copy_package(root)


def _model(root: Path, name: str, sql: str, kind: str) -> None:
    text = f"{{{{ config(materialized='{kind}') }}}}\n\n{without_jinja(sql)}\n"
    (root / "models" / f"{name}.sql").write_text(text, encoding="utf-8")


def _entries(answer: Mapping[str, Any]) -> dict[str, Any]:
    assignments = {
        "experiment": {"literal": NAME},
        "variant": "variant",
        "units": {answer["kind"]: "unit"},
        "timestamp": "entered_at",
    }
    return _with_meta(ENTRIES, {"assignments": assignments})


def _facts(
    answer: Mapping[str, Any], short: Mapping[str, str], left_out: Sequence[str]
) -> list[dict[str, Any]]:
    made = []
    for name, fact in answer["facts"].items():
        metrics = {
            metric: _renamed(
                {key: value for key, value in read["given"].items() if key not in left_out}, short
            )
            for metric, read in answer["metrics"].items()
            if read["model"] == name
        }
        made.append(_with_meta(short[name], {**fact["given"], "metrics": metrics}))
    return made


def _in_one(entries: str) -> str:
    return f"select entries.*, '{HISTORY}' as variant from (\n{entries}\n) as entries"  # noqa: S608


def _in_halves(entries: str) -> str:
    """Put units into both variants in turn: which is which is dealt anew in each run."""
    return (
        f"select unit, entered_at, case when mod(place, 2) = 0 then '{HISTORY}' else '{REST}' end "  # noqa: S608
        "as variant from (\nselect entries.*, row_number() over (order by unit) as place\n"
        f"from (\n{entries}\n) as entries\n) as numbered"
    )


def _described(question: Question) -> dict[str, Any]:
    """Set an experiment of which nothing but the metrics is read."""
    return {
        "variants": {HISTORY: 0.5, REST: 0.5},
        "monitoring": "fixed",
        "success": list(question.success),
        "guardrails": _guardrails(question),
    }


def _asked(question: Question) -> dict[str, Any]:
    """Set the experiment that is asked about, with its smallest treatment."""
    control, *treatments = question.shares.values()
    least = min(treatments)
    effects = {name: question.effect_of(name) for name in question.success}
    settings = {
        "variants": {HISTORY: control / (control + least), REST: least / (control + least)},
        "monitoring": question.monitoring,
        "success": {
            name: {} if effect is None else {"mde": effect.given}
            for name, effect in effects.items()
        },
        "guardrails": _guardrails(question),
        "alpha": question.alpha,
        "alpha_harm": question.alpha_harm,
        "power": question.power,
    }
    return {key: value for key, value in settings.items() if value is not None}


def _guardrails(question: Question) -> dict[str, Any]:
    return {
        name: {} if margin is None else {"margin": margin.given}
        for name, margin in question.guardrails.items()
    }


def _exposure(meta: Mapping[str, Any]) -> dict[str, Any]:
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
