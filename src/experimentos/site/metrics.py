"""A metric over all experiments: what it is, who uses it, what was ever seen of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experimentos.memo.context import Finding, MetricUse
from experimentos.site.entries import Entry
from experimentos.site.portfolio import scale

_SHOWN = (
    "metric_type",
    "model",
    "value",
    "aggregate",
    "where_clause",
    "denominator",
    "steps",
    "goal",
    "window_text",
    "delay_text",
    "from_text",
    "to_text",
    "covariate_text",
    "cap_text",
    "lower_text",
    "threshold",
    "quantile_level",
    "quantile_of",
    "by_column",
    "missing",
    "format",
    "file",
)
"""Columns of ``experimentos__metrics`` that are printed where they say something.

``words.html.j2`` names them."""


@dataclass(frozen=True, slots=True)
class Result:
    """One comparison in the history of a metric."""

    entry: Entry
    finding: Finding
    shrunken: float | None


@dataclass(frozen=True, slots=True)
class MetricPage:
    """What the page of a metric reads."""

    metric: str
    label: str | None
    description: str | None
    facts: tuple[tuple[str, str], ...]
    uses: tuple[tuple[Entry, MetricUse], ...]
    results: tuple[Result, ...]
    limit: float

    @property
    def roles(self) -> tuple[tuple[str, int], ...]:
        """How many experiments use it in each role."""
        counts: defaultdict[str, int] = defaultdict(int)
        for _, use in self.uses:
            counts[use.role or "none"] += 1
        return tuple(sorted(counts.items()))


def build_metrics(
    definitions: Sequence[Mapping[str, Any]],
    entries: Sequence[Entry],
    shrunken: Mapping[tuple[str, str, str], float],
) -> tuple[MetricPage, ...]:
    """Turn the experiments around: by metric.

    Parameters
    ----------
    definitions : sequence of mappings
        Rows of ``experimentos__metrics``.
    entries : sequence of Entry
        All experiments.
    shrunken : mapping
        Experiment, metric and variant to the shrunken lift, where there is one.

    Returns
    -------
    tuple of MetricPage
        By name; a metric that is used and no longer defined has its page too.
    """
    uses: defaultdict[str, list[tuple[Entry, MetricUse]]] = defaultdict(list)
    results: defaultdict[str, list[Result]] = defaultdict(list)
    # Newest first; ids break ties, so that the order of rows in a table does not matter.
    for entry in sorted(entries, key=_age):
        for use in entry.uses:
            uses[use.metric].append((entry, use))
        for finding in entry.findings:
            effect = finding.effect
            key = (effect.experiment_id, effect.metric, effect.variant)
            results[effect.metric].append(Result(entry, finding, shrunken.get(key)))
    known = {str(row["metric"]): row for row in definitions}
    return tuple(
        _page(metric, known.get(metric, {}), uses[metric], results[metric])
        for metric in sorted(known.keys() | uses.keys() | results.keys())
    )


def _age(entry: Entry) -> tuple[bool, float, str]:
    start = entry.experiment.starts_at
    return (
        start is None,
        0.0 if start is None else -float(start.toordinal()),
        entry.experiment.experiment_id,
    )


def _page(
    metric: str,
    row: Mapping[str, Any],
    uses: Sequence[tuple[Entry, MetricUse]],
    results: Sequence[Result],
) -> MetricPage:
    facts = (
        (column, str(value))
        for column in _SHOWN
        if (value := row.get(column)) is not None and str(value).strip()
    )
    return MetricPage(
        metric=metric,
        label=row.get("label"),
        description=row.get("description"),
        facts=tuple(facts),
        uses=tuple(uses),
        results=tuple(results),
        limit=scale([result.finding for result in results]),
    )
