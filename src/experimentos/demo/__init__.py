"""A shop with five experiments, made from a seed, to see the whole road on."""

import shutil
from pathlib import Path
from typing import Final

from experimentos.demo.generate import generate
from experimentos.errors import InputError
from experimentos.scaffold import copy_package

_PROJECT: Final = Path(__file__).parent / "project"
_NAME: Final = "name: experimentos_demo"


def create(folder: Path, *, force: bool = False) -> None:
    """Write the demo's dbt project, its raw data, and a copy of the dbt package.

    Parameters
    ----------
    folder : Path
        Where to; made if need be.
    force : bool
        Write over a demo that is there already; its other files stay.

    Raises
    ------
    InputError
        If the folder holds anything else, or a demo and ``force`` is not given.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        if not _is_demo(folder):
            msg = f"{folder} is not empty and not a demo; name a new folder."
            raise InputError(msg)
        if not force:
            msg = f"{folder} holds a demo already; name another folder, or write over it: --force"
            raise InputError(msg)
    shutil.copytree(_PROJECT, folder, dirs_exist_ok=True)
    generate(folder / "raw")
    copy_package(folder)


def _is_demo(folder: Path) -> bool:
    path = folder / "dbt_project.yml"
    return path.is_file() and path.read_text(encoding="utf-8").startswith(_NAME)
