"""The application and its verbs."""

from typing import Annotated

import typer

import experimentos
from experimentos.cli import analyze, check, demo, diff, explain, init, memo, plan
from experimentos.cli import build as build_
from experimentos.cli import validate as validate_

_HELP = """\
A/B-test analysis inside dbt: from raw events to a launch, hold or rollback memo.

Run it inside a dbt project, or name one with --project-dir. Relative paths in the project's files
and in its profile mean what they mean in the project's folder.
"""
_EPILOG = """\
Exit codes: 0 fine; 1 a problem with your input, definitions or data; 2 a wrong option or command.
"""

app = typer.Typer(
    name="experimentos",
    help=_HELP,
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

for _verb in (
    init.init,
    demo.demo,
    check.check,
    explain.explain,
    plan.plan,
    build_.build,
    memo.memo,
    diff.diff,
    analyze.analyze,
    validate_.validate,
):
    app.command(epilog=_EPILOG)(_verb)


def _show_version(wanted: bool) -> None:  # noqa: FBT001
    if wanted:
        typer.echo(experimentos.__version__)
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    app()
