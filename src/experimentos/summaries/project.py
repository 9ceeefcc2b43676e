"""A dbt project around a summary, so that one policy decides wherever the totals came from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import yaml

from experimentos.errors import InputError
from experimentos.scaffold import COPY, copy_package, without_jinja
from experimentos.summaries.read import Summary

_MODEL: Final = "summary"
_SHARES: Final = 1e-6


@dataclass(frozen=True)
class SummaryExperiment:
    """What a summary's numbers don't say.

    Parameters
    ----------
    name : str
        Shown as the experiment's label; its id is made from it.
    control : str, optional
        Label of the control; the variant called ``control`` if not given.
    split : mapping
        Label to planned share; equal shares if not given.
    success : sequence of str
        Metrics that decide; ``conversions`` if not given.
    alpha : float, optional
        Two-sided error rate; the package's default if not given.
    """

    name: str
    control: str | None = None
    split: Mapping[str, float] = field(default_factory=dict)
    success: Sequence[str] = ()
    alpha: float | None = None

    @property
    def experiment_id(self) -> str:
        """The name in lower case, with ``_`` for what isn't a letter or a digit."""
        words = re.sub(r"[^a-z0-9]+", "_", self.name.lower()).strip("_")
        return words if words and not words[0].isdigit() else f"experiment_{words}".rstrip("_")


def write_project(folder: Path, summary: Summary, experiment: SummaryExperiment) -> None:
    """Write a dbt project that holds one summary.

    Parameters
    ----------
    folder : Path
        An empty folder.
    summary : Summary
        The totals.
    experiment : SummaryExperiment
        What is asked of them.

    Raises
    ------
    InputError
        If control, split or success name what the summary doesn't have.
    """
    meta = _meta(summary, experiment)
    exposure = {
        "name": experiment.experiment_id,
        "label": without_jinja(experiment.name),
        "type": "analysis",
        "owner": {"name": "experimentos analyze"},
        "depends_on": [f"ref('{_MODEL}')"],
        "config": {"meta": {"experimentos": meta}},
    }
    files: dict[str, Any] = {
        "dbt_project.yml": {
            "name": "experimentos_summary",
            "version": "1.0.0",
            "config-version": 2,
            "profile": "experimentos_summary",
            "flags": {"send_anonymous_usage_stats": False},
            "vars": {"experimentos": {"summary_models": [_MODEL]}},
        },
        "packages.yml": {"packages": [{"local": COPY.as_posix()}]},
        "profiles.yml": {
            "experimentos_summary": {
                "target": "dev",
                "outputs": {"dev": {"type": "duckdb", "path": "summary.duckdb", "threads": 2}},
            }
        },
        "models/summary.yml": {"exposures": [exposure]},
    }
    (folder / "models").mkdir(parents=True)
    for name, content in files.items():
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "models" / f"{_MODEL}.sql").write_text(_select(summary), encoding="utf-8")
    copy_package(folder)


def _meta(summary: Summary, experiment: SummaryExperiment) -> dict[str, Any]:
    split = dict(experiment.split) or dict.fromkeys(summary.variants, 1 / len(summary.variants))
    _check_split(summary, split)
    meta: dict[str, Any] = {
        "summary": _MODEL,
        "control": without_jinja(_control(summary, experiment)),
        "variants": split,
        "status": "stopped",
    }
    for metric in experiment.success:
        _known("--success", metric, summary.metrics)
    if experiment.success:
        meta["success"] = list(experiment.success)
    if experiment.alpha is not None:
        meta["alpha"] = experiment.alpha
    return meta


def _control(summary: Summary, experiment: SummaryExperiment) -> str:
    if experiment.control is not None:
        return _known("--control", experiment.control, summary.variants)
    if "control" in summary.variants:
        return "control"
    msg = f"No variant is called control; say which one is: --control {summary.variants[0]!r}"
    raise InputError(msg)


def _check_split(summary: Summary, split: Mapping[str, float]) -> None:
    for variant in split:
        _known("--split", variant, summary.variants)
    missing = [variant for variant in summary.variants if variant not in split]
    if missing:
        msg = f"--split must give every variant a share; {', '.join(map(repr, missing))} has none"
        raise InputError(msg)
    total = sum(split.values())
    # Written so that NaN is refused too.
    if not (all(share > 0 for share in split.values()) and abs(total - 1) <= _SHARES):
        msg = f"The shares of --split must be above 0 and sum to 1, got a sum of {total:g}"
        raise InputError(msg)


def _known(option: str, name: str, known: Sequence[str]) -> str:
    if name in known:
        return name
    near = get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    msg = f"{option} must be one of {', '.join(map(repr, known))}, got {name!r}.{hint}"
    raise InputError(msg)


def _select(summary: Summary) -> str:
    """Write the rows as SQL, every value cast to its type."""
    types = {
        "variant": "varchar",
        **dict.fromkeys(summary.counts, "bigint"),
        **dict.fromkeys(summary.sums, "double"),
    }
    columns: dict[str, Sequence[object]] = {
        "variant": summary.variants,
        **summary.counts,
        **summary.sums,
    }
    rows = [
        "select\n"
        + ",\n".join(
            f"    cast({_quoted(columns[name][row])} as {kind}) as {name}"
            for name, kind in types.items()
        )
        for row in range(len(summary.variants))
    ]
    return "{{ config(materialized='table') }}\n\n" + "\nunion all\n".join(rows) + "\n"


def _quoted(value: object) -> str:
    return "'" + without_jinja(str(value).replace("'", "''")) + "'"
