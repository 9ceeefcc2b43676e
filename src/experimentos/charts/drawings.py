"""Drawings of charts, kept from one process to the next: Altair takes longer than the memo.

A drawing depends on its kind, its options and the sources of ``shapes``, and on nothing else.
"""

import json
from functools import lru_cache
from hashlib import sha256
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from experimentos.resources import cache_folder, keep

Option = str | int | bool
Options = tuple[tuple[str, Option], ...]

MOST = 500
"""Drawings kept; beyond them, titles are as many as the projects that were shown."""


@lru_cache(maxsize=256)
def drawing(kind: str, options: Options) -> dict[str, Any]:
    """Return the drawing of a kind of chart, without data and colours.

    Parameters
    ----------
    kind : str
        Module of ``charts.shapes``.
    options : tuple of (str, value)
        Arguments of its function.

    Returns
    -------
    dict
        Vega-Lite; not to be changed, it is shared.
    """
    kept = _kept()
    key = json.dumps([kind, options])
    if key not in kept:
        drawn: dict[str, Any] = import_module("experimentos.charts.shapes").shape(kind, options)
        kept[key] = drawn
        if len(kept) <= MOST:
            keep(_name(), json.dumps(kept))
    return kept[key]


@lru_cache(maxsize=1)
def _kept() -> dict[str, dict[str, Any]]:
    try:
        found = json.loads((cache_folder() / _name()).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@lru_cache(maxsize=1)
def _name() -> str:
    """Name the file by all that a drawing depends on."""
    sources = sorted((Path(__file__).parent / "shapes").glob("*.py"))
    digest = sha256(version("altair").encode())
    for source in sources:
        digest.update(source.read_bytes())
    return f"charts-{digest.hexdigest()[:16]}.json"
