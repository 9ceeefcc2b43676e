"""``experimentos demo``."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from experimentos.cli.memo_batches import fetcher, write_memos
from experimentos.cli.options import Format, Output
from experimentos.cli.output import (
    opened,
    print_json,
    print_lines,
    print_verdicts,
    reporting,
    say,
    verdict_rows,
)
from experimentos.demo import create
from experimentos.memo import read_memos
from experimentos.project import build

Folder = Annotated[Path, typer.Argument(help="Folder to make the demo in.")]
Force = Annotated[bool, typer.Option("--force", help="Write over a demo that is there already.")]


def demo(
    folder: Folder = Path("demo-project"),
    *,
    force: Force = False,
    output: Output = Format.text,
) -> None:
    """Make a demo shop with five experiments, build it, and write its memos.

    The raw data are generated from a seed, with the accidents of real logs planted in them: users
    who saw two variants, repeated and late rows, and an experiment that lost some of its users.
    """
    with reporting(output):
        say(f"Generating a shop and its raw data in {folder}", output)
        create(folder, force=force)
        with opened(folder, profiles_dir=folder) as project:
            project.install_packages()
            say("Building it with dbt", output)
            build(project, full=True)
            memos = read_memos(fetcher(project))
        paths = write_memos(memos, folder / "memos", ("md", "html"))
    if output is Format.json:
        print_json({"folder": str(folder), "experiments": verdict_rows(memos, paths)})
        return
    print_verdicts(memos, paths)
    print_lines(
        f"The demo is an ordinary dbt project: cd {escape(str(folder))}, look at experiments/ and "
        "models/, change something, and run `experimentos build --full` and `experimentos memo`."
    )
