"""Where the dbt package and the memo templates lie, and what is kept from one run to the next."""

import os
from pathlib import Path
from typing import Final

from experimentos.errors import ProjectError

BUNDLED: Final = ("dbt_project.yml", "models", "macros", "reports")
"""What the wheel carries under ``experimentos/_bundle``."""

DBT_TREE: Final = ("dbt_project.yml", "models", "macros")
"""The part of it that is the dbt package."""


def bundle_path(name: str) -> Path:
    """Return the path of a bundled file or folder.

    Parameters
    ----------
    name : str
        One of ``BUNDLED``.

    Returns
    -------
    Path
        Inside the installed package if it was installed from a wheel, else at the root of the
        checkout.

    Raises
    ------
    ProjectError
        If this installation doesn't have it.

    Examples
    --------
    >>> bundle_path("models").name
    'models'
    """
    here = Path(__file__).resolve().parent
    candidates = (here / "_bundle" / name, here.parents[1] / name)
    for candidate in candidates:
        if candidate.exists():
            return candidate
    msg = (
        f"This installation of experimentos lacks {name!r}. Install it again from its wheel, "
        "or from a checkout with `pip install --editable .`"
    )
    raise ProjectError(msg)


def cache_folder() -> Path:
    """Return the folder of what takes long to make and is the same every time.

    Returns
    -------
    Path
        In the user's cache; it may not exist.
    """
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "experimentos"


def keep(name: str, text: str) -> None:
    """Keep a text in the cache; where nothing can be kept, it is made again next time.

    Parameters
    ----------
    name : str
        Of the file.
    text : str
        Its content.
    """
    path = cache_folder() / name
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError:
        return
