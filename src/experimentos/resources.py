"""Where the dbt package and the memo templates lie: in the wheel, or at the root of a checkout."""

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
