"""Options that several verbs share."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml


class Format(StrEnum):
    """How results are printed."""

    text = "text"
    json = "json"


def read_variables(text: str | None) -> Mapping[str, Any]:
    """Read the value of ``--vars``, which is YAML as for dbt.

    Parameters
    ----------
    text : str, optional
        For instance ``{experimentos: {as_of: 2026-09-01}}``.

    Returns
    -------
    mapping
        Names to values.

    Raises
    ------
    typer.BadParameter
        If it isn't a mapping.
    """
    try:
        content = yaml.safe_load(text or "{}")
    except yaml.YAMLError as error:
        msg = f"must be YAML, got {text!r}: {error}"
        raise typer.BadParameter(msg, param_hint="--vars") from error
    if not isinstance(content, dict):
        msg = f"must be a mapping like '{{name: value}}', got {text!r}"
        raise typer.BadParameter(msg, param_hint="--vars")
    return content


def read_split(parts: Sequence[str]) -> dict[str, float]:
    """Read the values of ``--split``.

    Parameters
    ----------
    parts : sequence of str
        ``VARIANT=SHARE`` each.

    Returns
    -------
    dict
        Variant to share, in the order given.

    Raises
    ------
    typer.BadParameter
        If one is something else, or a variant is given twice.
    """
    shares: dict[str, float] = {}
    for part in parts:
        variant, found, share = part.rpartition("=")
        try:
            value = float(share)
        except ValueError:
            found = ""
        if not found or variant in shares:
            msg = f"must be VARIANT=SHARE, once per variant, like control=0.5; got {part!r}"
            raise typer.BadParameter(msg, param_hint="--split")
        shares[variant] = value
    return shares


_DBT = "Passed to dbt"

ProjectDir = Annotated[
    Path, typer.Option("--project-dir", help="Folder of the dbt project.", show_default="here")
]
ProfilesDir = Annotated[
    Path | None,
    typer.Option(
        "--profiles-dir",
        help="Folder of profiles.yml.",
        show_default="where dbt looks",
        rich_help_panel=_DBT,
    ),
]
Target = Annotated[
    str | None, typer.Option("--target", "-t", help="Target of the profile.", rich_help_panel=_DBT)
]
Variables = Annotated[
    str | None,
    typer.Option("--vars", help="Variables, as YAML: '{name: value}'.", rich_help_panel=_DBT),
]
Output = Annotated[
    Format, typer.Option("--format", "-f", help="Print for people, or for machines.")
]

HERE = Path()
