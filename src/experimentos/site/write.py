"""Marts to a folder of pages: read in batches, drawn in one environment, each file swapped in."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from experimentos.errors import ProjectError
from experimentos.memo import Memo, Templates, read_memos, render_html, templates
from experimentos.memo.context import Statement
from experimentos.memo.page import runtime
from experimentos.memo.pool import spread
from experimentos.memo.render import file_stem
from experimentos.site.entries import Entry, build_entries
from experimentos.site.metrics import build_metrics
from experimentos.site.pages import Pages
from experimentos.site.program import build_program

Row = Mapping[str, Any]
Fetch = Callable[[str, Sequence[str] | None], Sequence[Row]]
"""Takes the name of a mart and the experiments wanted (None: all), returns rows."""

BATCH = 25
"""Experiments read at once: their daily effects are held in memory together."""
CHARTS = "charts.js"
"""The script that draws the charts of all memos."""
MANIFEST = "site.json"
"""Lists the files of the site, so that the next one can remove those it no longer has."""
SITE_MARTS = ("experiments", "metrics")
"""Marts read whole; all others are read for a batch of experiments at a time."""
_OWN = re.compile(r"(?:experiments|metrics)/[\w.-]+\.html")


@dataclass(frozen=True)
class Written:
    """What a site consists of.

    Parameters
    ----------
    folder : Path
        Where it is; ``index.html`` is its first page.
    n_experiments, n_metrics : int
        Pages of each.
    removed : tuple of str
        Files of an earlier site that this one doesn't have.
    entries : tuple of Entry
        Its experiments.
    """

    folder: Path
    n_experiments: int
    n_metrics: int
    removed: tuple[str, ...]
    entries: tuple[Entry, ...]


def write_site(
    fetch: Fetch,
    folder: Path,
    *,
    own: Templates | None = None,
    statements: Sequence[Statement] = (),
    batch: int = BATCH,
    workers: int | None = None,
) -> Written:
    """Write the site of all experiments.

    Parameters
    ----------
    fetch : callable
        Takes the name of a mart without its prefix and experiment ids, or None for all; returns
        rows, each a mapping from column to value.
    folder : Path
        Made if it does not exist. A page of an earlier site that is no longer needed is removed.
    own : Templates, optional
        A project's own templates of memos; their style is that of the other pages too.
    statements : sequence of Statement
        SQL that goes into the page of each experiment.
    batch : int
        Experiments read at once.
    workers : int, optional
        Processes that render the pages of experiments; default one for each processor where there
        are many experiments.

    Returns
    -------
    Written
        What was written. The same rows give the same bytes.

    Raises
    ------
    ProjectError
        If the folder holds an ``index.html`` that is not of such a site.
    """
    earlier = _earlier(folder)
    plans = {str(row["experiment_id"]): row for row in fetch("experiments", None)}
    definitions = fetch("metrics", None)
    used = own or templates()
    pages = Pages(used)
    for part in ("", "experiments", "metrics"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    written: list[str] = []

    def put(name: str, content: str) -> None:
        _replace(folder / name, content)
        written.append(name)

    if plans:
        # What draws the charts of all memos: it would be most of each page.
        put(CHARTS, runtime())
    entries: list[Entry] = []
    with spread(_write_pages, len(plans), workers) as render:
        for ids in _batches(sorted(plans), batch):
            memos, found = _read(fetch, ids, plans)
            entries += found
            places = [f"experiments/{file_stem(experiment_id)}.html" for experiment_id in ids]
            links = [pages.navigation(entry) for entry in found]
            shown = [replace(memo, statements=tuple(statements)) for memo in memos]
            render([folder / place for place in places], shown, links, used.folder)
            written += places
    program = build_program(entries)
    metrics = build_metrics(definitions, entries, program.shrunken)
    for metric in metrics:
        put(f"metrics/{file_stem(metric.metric)}.html", pages.metric(metric))
    put("index.html", pages.portfolio(entries))
    put("all.html", pages.table(entries))
    put("metrics.html", pages.metrics(metrics))
    put("program.html", pages.program(program))
    removed = tuple(name for name in earlier if name not in written)
    for name in removed:
        (folder / name).unlink(missing_ok=True)
    _replace(folder / MANIFEST, json.dumps({"files": sorted(written)}, indent=1) + "\n")
    return Written(folder, len(entries), len(metrics), removed, tuple(entries))


def _read(
    fetch: Fetch, ids: Sequence[str], plans: Mapping[str, Row]
) -> tuple[Sequence[Memo], list[Entry]]:
    """Read a batch; each mart once."""
    effects = fetch("effects", ids)

    def of_batch(name: str) -> Sequence[Row]:
        if name == "effects":
            return effects
        if name == "experiments":
            return [plans[experiment_id] for experiment_id in ids]
        return fetch(name, None if name in SITE_MARTS else ids)

    memos = read_memos(of_batch, ids)
    return memos, build_entries(memos, effects, plans)


def _write_pages(
    paths: Sequence[Path], memos: Sequence[Memo], links: Sequence[Markup], own: Path | None
) -> None:
    used = templates(own)
    for path, memo, navigation in zip(paths, memos, links, strict=True):
        page = render_html(memo, used, runtime=f"../{CHARTS}", navigation=navigation)
        _replace(path, page)


def _batches(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), max(1, size)):
        yield ids[start : start + max(1, size)]


def _earlier(folder: Path) -> Sequence[str]:
    """Return the pages of the site that is in the folder; refuse a folder that holds another."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        if (folder / "index.html").exists():
            msg = (
                f"The folder of the site must be empty or hold an earlier site, got {folder} with "
                f"an index.html and no {MANIFEST}. Name another folder."
            )
            raise ProjectError(msg)
        return ()
    try:
        files = json.loads(manifest.read_text(encoding="utf-8"))["files"]
        return [name for name in files if _OWN.fullmatch(name)]
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{manifest} must list the files of the site, and cannot be read: {error}"
        raise ProjectError(msg) from error


def _replace(path: Path, content: str) -> None:
    """Write beside the file and swap, so that a reader never meets half a page."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(Markup(content).encode("utf-8", "replace"))  # noqa: S704 -- a page
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
