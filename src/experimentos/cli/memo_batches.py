"""Reads and writes memos some at a time, so that memory does not grow with their number."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from experimentos.memo import Memo, Templates, read_memos, templates, write
from experimentos.memo.context import Statement
from experimentos.memo.marts import CONDITIONS
from experimentos.memo.pool import spread
from experimentos.project import Project

BATCH: Final = 25
"""Experiments read at once."""

Paths = dict[str, Sequence[Path]]


def by_experiment(project: Project) -> Callable[[str, Sequence[str] | None], list[dict[str, Any]]]:
    """Return what reads marts of given experiments; metrics belong to none.

    Parameters
    ----------
    project : Project
        Built.

    Returns
    -------
    callable
        Takes the name of a mart and ids, None for all.
    """
    return lambda name, ids: project.fetch(
        name, None if name == "metrics" else ids, where=CONDITIONS.get(name)
    )


def fetcher(
    project: Project, wanted: Sequence[str] | None = None
) -> Callable[[str], list[dict[str, Any]]]:
    """Return what reads the rows of a mart that memos need.

    Parameters
    ----------
    project : Project
        Built.
    wanted : sequence of str, optional
        Experiments; default all.

    Returns
    -------
    callable
        Takes the name of a mart.
    """
    fetch = by_experiment(project)
    # All ids are needed to name the nearest of one that is not known.
    return lambda name: fetch(name, None if name == "experiments" else wanted)


def write_read(
    project: Project,
    wanted: Sequence[str] | None,
    folder: Path,
    kinds: Sequence[str],
    own: Templates,
    statements: Sequence[Statement] = (),
) -> tuple[list[Memo], Paths]:
    """Read memos and write them, batch by batch.

    Parameters
    ----------
    project : Project
        Built.
    wanted : sequence of str or None
        Experiments; None for all.
    folder : Path
        Where to.
    kinds : sequence of str
        Kinds of files.
    own : Templates
        A project's own, or the package's.
    statements : sequence of Statement
        SQL that goes into each memo.

    Returns
    -------
    memos : list of Memo
        What tells the verdicts; their numbers are left out.
    paths : dict
        Experiment id to its files.
    """
    fetch = by_experiment(project)
    shared = {name: fetch(name, None) for name in ("experiments", "metrics")}
    # Names that are not known are told before anything is written.
    ids = [
        memo.experiment.experiment_id
        for memo in read_memos(lambda name: shared.get(name, []), wanted)
    ]
    told: list[Memo] = []
    paths: Paths = {}
    waits = []
    with spread(_write, len(ids)) as begin:
        for batch in _batches(ids):
            memos = [
                replace(memo, statements=tuple(statements))
                for memo in read_memos(_of_batch(fetch, shared, batch), batch)
            ]
            waits.append(begin(memos, folder, kinds, own.folder))
            told += map(_light, memos)
    for wait in waits:
        paths |= wait()
    return told, paths


def _write(memos: Sequence[Memo], folder: Path, kinds: Sequence[str], own: Path | None) -> Paths:
    return write_memos(memos, folder, kinds, templates(own))


def _of_batch(
    fetch: Callable[[str, Sequence[str] | None], list[dict[str, Any]]],
    shared: Mapping[str, list[dict[str, Any]]],
    batch: Sequence[str],
) -> Callable[[str], list[dict[str, Any]]]:
    return lambda name: shared[name] if name in shared else fetch(name, batch)


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _light(memo: Memo) -> Memo:
    """Leave out the numbers: of many memos they would fill the memory."""
    return replace(
        memo,
        effects=(),
        moments=(),
        days=(),
        ages=(),
        looks=(),
        posteriors=(),
        segments=(),
        shares=(),
        power=(),
        findings=(),
        statements=(),
        bins=(),
    )


def write_memos(
    memos: Sequence[Memo],
    folder: Path,
    kinds: Sequence[str],
    own: Templates | None = None,
) -> Paths:
    """Write memos and say which files belong to which experiment.

    Parameters
    ----------
    memos : sequence of Memo
        What to write.
    folder : Path
        Where to.
    kinds : sequence of str
        Kinds of files.
    own : Templates, optional
        A project's own.

    Returns
    -------
    dict
        Experiment id to its files.
    """
    return {one.experiment.experiment_id: write([one], folder, kinds, own) for one in memos}
