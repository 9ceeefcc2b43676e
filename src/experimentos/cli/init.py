"""``experimentos init``."""

from dataclasses import asdict
from typing import Final

from rich.markup import escape

from experimentos.cli.options import HERE, Format, Output, ProjectDir
from experimentos.cli.output import print_json, print_lines, print_table, reporting
from experimentos.scaffold import wire

_NEXT: Final = (
    "dbt deps",
    "name your models under vars.experimentos in dbt_project.yml",
    "write definitions as experiments/_experimentos_example.yml shows",
    "experimentos check",
    "experimentos build --full, then experimentos memo",
)


def init(project_dir: ProjectDir = HERE, output: Output = Format.text) -> None:
    """Wire the dbt project here: the package, its variables, an example of each definition.

    Copies the dbt package into the project (dbt_packages_local/experimentos), lists it in
    packages.yml, adds vars.experimentos and the folder experiments. What is there already stays,
    comments too; a second run changes nothing. Run it again after an upgrade. Needs no network.
    """
    with reporting(output):
        changes = wire(project_dir.resolve())
        if output is Format.json:
            print_json({"changes": [asdict(change) for change in changes], "next": list(_NEXT)})
            return
        print_table("Files", ("File", "", "What"), ((c.path, c.action, c.note) for c in changes))
        steps = (f"  {number}. {escape(step)}" for number, step in enumerate(_NEXT, start=1))
        print_lines("Next:", *steps)
