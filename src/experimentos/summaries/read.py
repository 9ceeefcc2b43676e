"""Read a summary: a CSV file with one row per variant."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Final

from experimentos.errors import TableError

REQUIRED: Final = ("variant", "users", "conversions")
_SUM: Final = "_sum"
_SQUARES: Final = "_sum_sq"
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_RESERVED: Final = frozenset({"experiment", "experiment_id", "all"})
_ROUNDING: Final = 1e-9
_MOST: Final = 2**53
"""Larger counts aren't whole numbers to a double any more."""


@dataclass(frozen=True)
class Summary:
    """The checked totals of one experiment.

    Parameters
    ----------
    variants : tuple of str
        Labels, as they stand in the file.
    counts : dict
        Column to whole numbers, one per variant: ``users``, ``conversions``, guardrail counts.
    sums : dict
        Column to numbers, one per variant: ``<metric>_sum`` and ``<metric>_sum_sq``.
    """

    variants: tuple[str, ...]
    counts: dict[str, tuple[int, ...]]
    sums: dict[str, tuple[float, ...]]

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics that the columns make."""
        counts = (name for name in self.counts if name != "users")
        sums = (name.removesuffix(_SUM) for name in self.sums if name.endswith(_SUM))
        return (*counts, *sums)


def read_summary(path: Path) -> Summary:
    """Read and check a summary.

    Parameters
    ----------
    path : Path
        A CSV file with a header: ``variant``, ``users``, ``conversions``; optionally
        ``<metric>_sum`` with ``<metric>_sum_sq``; every other column counts the users to whom
        something bad happened.

    Returns
    -------
    Summary
        Its numbers.

    Raises
    ------
    TableError
        Naming every problem, with its line.
    """
    header, rows = _read(path)
    problems = list(_header_problems(header))
    if problems:
        raise _error(path, problems)
    problems = list(_row_problems(header, rows))
    if problems:
        raise _error(path, problems)
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    summary = Summary(
        variants=columns.pop("variant"),
        counts={
            name: tuple(map(_whole, values))
            for name, values in columns.items()
            if not _is_sum(name)
        },
        sums={name: tuple(map(float, values)) for name, values in columns.items() if _is_sum(name)},
    )
    problems = list(_number_problems(summary))
    if problems:
        raise _error(path, problems)
    return summary


def _error(path: Path, problems: Sequence[str]) -> TableError:
    return TableError("\n".join([f"{path} is not a summary:", *(f"  - {p}" for p in problems)]))


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [row for row in csv.reader(file, strict=True) if any(map(str.strip, row))]
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise TableError(msg) from error
    except (csv.Error, UnicodeDecodeError) as error:
        msg = f"{path} is not a CSV file in UTF-8: {error}"
        raise TableError(msg) from error
    if not lines:
        msg = f"{path} is empty. It needs the columns {', '.join(REQUIRED)} and a row per variant."
        raise TableError(msg)
    return [name.strip() for name in lines[0]], lines[1:]


def _header_problems(header: Sequence[str]) -> Iterator[str]:
    if len(header) == 1 and re.search(r"[;\t|]", header[0]):
        yield "columns must be separated by commas"
        return
    for name in REQUIRED:
        if name not in header:
            yield f"column `{name}` is missing; there are: {', '.join(header)}"
    for name, times in Counter(header).items():
        if times > 1:
            yield f"column `{name}` is there {times} times"
        yield from _name_problems(name)
        if name.endswith(_SUM) and f"{name}_sq" not in header:
            yield f"column `{name}` needs `{name}_sq`, the sum of squares, beside it"
        if name.endswith(_SQUARES) and name.removesuffix("_sq") not in header:
            yield f"column `{name}` needs `{name.removesuffix('_sq')}` beside it"


def _name_problems(name: str) -> Iterator[str]:
    if not _NAME.fullmatch(name):
        yield f"column `{name}` must be a name: letters, digits and _, no digit first"
    elif name.lower() in _RESERVED:
        yield f"column `{name}` is not allowed; one file is one experiment"
    elif name.lower() != name:
        yield f"column `{name}` must be lower case"


def _row_problems(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if len(rows) < 2:
        yield f"there must be a row for each of two variants or more, got {len(rows)}"
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            yield f"row {number} has {len(row)} values, the header {len(header)}"
            continue
        for name, text in zip(header, row, strict=True):
            if name != "variant":
                yield from _value_problems(number, name, text)
    if any(len(row) != len(header) for row in rows):
        return
    position = header.index("variant")
    for label, times in Counter(row[position] for row in rows).items():
        if not label.strip():
            yield "a variant has no name"
        elif times > 1:
            yield f"variant '{label}' is there {times} times; each has one row"


def _value_problems(number: int, name: str, text: str) -> Iterator[str]:
    place = f"row {number}, `{name}`:"
    if not _NUMBER.fullmatch(text.strip()):
        yield f"{place} '{text}' is not a number (write 1234.5, without other marks)"
        return
    value = float(text)
    if not isfinite(value) or (not _is_sum(name) and value > _MOST):
        yield f"{place} {text} is too large"
    elif _is_sum(name):
        if name.endswith(_SQUARES) and value < 0:
            yield f"{place} a sum of squares is not negative, got {text}"
    elif value < 0:
        yield f"{place} a count is not negative, got {text}"
    elif value != int(value):
        yield f"{place} a count is a whole number, got {text}"


def _number_problems(summary: Summary) -> Iterator[str]:
    users = summary.counts["users"]
    for name, values in summary.counts.items():
        for variant, count, size in zip(summary.variants, values, users, strict=True):
            if count > size:
                yield f"variant '{variant}': `{name}` is {count}, more than its {size} users"
    for name, sums in summary.sums.items():
        if not name.endswith(_SUM):
            continue
        rows = zip(summary.variants, sums, summary.sums[f"{name}_sq"], users, strict=True)
        for variant, total, squares, size in rows:
            if not size and (total or squares):
                yield f"variant '{variant}': `{name}` is {total:g}, but it has no users"
            # No numbers have a sum of squares below (their sum)^2 / n.
            elif size and squares < total * total / size * (1 - _ROUNDING):
                yield (
                    f"variant '{variant}': `{name}_sq` is {squares:g}, but {size} values with the "
                    f"sum {total:g} have at least {total * total / size:g}"
                )


def _is_sum(name: str) -> bool:
    return name.endswith((_SUM, _SQUARES))


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return int(float(text))
