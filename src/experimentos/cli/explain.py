"""``experimentos explain``."""

from typing import Annotated

import typer

from experimentos.cli.explain_tables import (
    show_conditions,
    show_metric,
    show_uses,
    show_windows,
    windows_document,
)
from experimentos.cli.options import (
    HERE,
    Format,
    Output,
    ProfilesDir,
    ProjectDir,
    Target,
    Variables,
)
from experimentos.cli.output import opened, print_json, reporting
from experimentos.cli.verdict_tables import show_verdict, verdict_document
from experimentos.project import explain_verdict, explain_windows, named

Name = Annotated[str, typer.Argument(help="Name of an experiment or a metric.")]
Experiment = Annotated[
    str | None,
    typer.Option(
        "--experiment",
        "-e",
        help="Of a metric: only its use there.",
        show_default="all that use it",
    ),
]
ByWindows = Annotated[
    bool,
    typer.Option(
        "--windows",
        help="Of a metric: compare mature and all units, exact hours and calendar days.",
    ),
]
WithSql = Annotated[
    bool,
    typer.Option(
        "--sql", help="Of an experiment: print the SQL behind its numbers (JSON always has it)."
    ),
]
IsMetric = Annotated[
    bool | None,
    typer.Option("--metric/--experiment-name", help="What the name is, where it is both."),
]


def explain(
    name: Name,
    *,
    project_dir: ProjectDir = HERE,
    profiles_dir: ProfilesDir = None,
    target: Target = None,
    variables: Variables = None,
    experiment: Experiment = None,
    windows: ByWindows = False,
    sql: WithSql = False,
    is_metric: IsMetric = None,
    output: Output = Format.text,
) -> None:
    """Say why an experiment has its verdict, or how a metric is computed.

    Of an experiment: rule by rule, which fired, what each looked at and how far it was; the nearest
    that did not fire; the numbers behind each metric, and the health checks that matter. It reads
    the tables that the last build left.

    Of a metric: what it is, who uses it, and what the warehouse is asked. --windows counts who
    converted in exact hours on mature units, whose window has closed (which decides), in exact
    hours on all units, and by calendar days, and says whether the verdict on the metric changes.
    """
    of_metric = windows or experiment is not None
    if of_metric and (sql or is_metric is False):
        given = "--sql" if sql else "--experiment-name"
        msg = f"--windows and --experiment are of a metric, {given} of an experiment"
        raise typer.BadParameter(msg)
    kind = {True: "metric", False: "experiment", None: None}[True if of_metric else is_metric]
    with reporting(output), opened(project_dir, profiles_dir, target, variables) as project:
        project.check_versions()
        if windows:
            found = explain_windows(project, name, experiment)
        else:
            answer = named(project, name, experiment, kind)
            if answer["kind"] == "experiment":
                verdict = explain_verdict(project, answer, sql=sql or output is Format.json)
    if windows and output is Format.json:
        print_json({"metric": name, "experiments": [windows_document(one) for one in found]})
    elif windows:
        for one in found:
            show_windows(one)
    elif answer["kind"] == "experiment" and output is Format.json:
        print_json(verdict_document(verdict))
    elif answer["kind"] == "experiment":
        show_verdict(verdict, with_sql=sql)
    elif output is Format.json:
        print_json({key: answer[key] for key in ("metric", "uses", "conditions")})
    else:
        show_metric(answer["metric"])
        show_uses(answer["uses"])
        show_conditions(answer["conditions"])
