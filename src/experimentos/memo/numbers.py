"""The numbers behind the figures, for paper: on a page they stand behind each chart."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from experimentos.charts import LIGHT, wording
from experimentos.memo.captions import figure_name
from experimentos.memo.figures import FIGURES, TABLED, Panel, panels
from experimentos.memo.report import Memo

ROWS: Final = 100
"""Most rows that the numbers of one figure may take: four pages of paper."""
COLUMNS: Final = 8
"""Most columns of panels whose numbers stand beside each other."""

ALONG: Final = {"by_day": "day", "by_age": "age"}
"""Kinds of charts that share an axis, and its value."""

Table = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]


@dataclass(frozen=True, slots=True)
class FigureNumbers:
    """The numbers of one figure.

    Parameters
    ----------
    title : str
        Name of the figure.
    n_rows : int
        How many rows its tables have.
    tables : tuple of (columns, rows)
        Texts; none where there are too many.
    """

    title: str
    n_rows: int
    tables: tuple[Table, ...]


def behind(memo: Memo, figures: Iterable[str]) -> tuple[FigureNumbers, ...]:
    """Collect the numbers of the figures of which no section has a table.

    Parameters
    ----------
    memo : Memo
        From ``read_memos``.
    figures : iterable of str
        Those that its sections show.

    Returns
    -------
    tuple of FigureNumbers
        In their order; those without a chart are left out.
    """
    wanted = [name for name in dict.fromkeys(figures) if name in FIGURES and name not in TABLED]
    return tuple(one for name in wanted if (one := _numbers(memo, name)) is not None)


def _numbers(memo: Memo, name: str) -> FigureNumbers | None:
    drawn = [panel for panel in panels(memo, name, LIGHT) if not panel.chart.is_empty]
    if not drawn:
        return None
    tables = tuple(_tables(drawn))
    n_rows = sum(len(rows) for _, rows in tables)
    return FigureNumbers(figure_name(name, ""), n_rows, tables if n_rows <= ROWS else ())


def _tables(drawn: Sequence[Panel]) -> Iterator[Table]:
    """Put panels that share an axis beside each other, all others below each other."""
    along = ALONG.get(drawn[0].chart.kind)
    if along is None:
        yield from (panel.chart.table for panel in drawn)
        return
    abreast = max(1, COLUMNS // (len(drawn[0].chart.table[0]) - 1))
    for start in range(0, len(drawn), abreast):
        yield _abreast(drawn[start : start + abreast], along)


def _abreast(group: Sequence[Panel], along: str) -> Table:
    places: dict[str, Any] = {}
    found = []
    for panel in group:
        rows = panel.chart.table[1]
        for row, value in zip(rows, panel.chart.values, strict=True):
            places[row[0]] = value[along]
        found.append({row[0]: row[1:] for row in rows})
    first, *others = group[0].chart.table[0]
    columns = tuple(
        f"{wording.label(panel.title)}: {name}" if panel.title else name
        for panel in group
        for name in others
    )
    missing = ("",) * len(others)
    return (first, *columns), tuple(
        (key, *(cell for rows in found for cell in rows.get(key, missing)))
        for key in sorted(places, key=lambda key: places[key])
    )
