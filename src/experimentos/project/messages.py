"""dbt's errors as a person wants to read them: once, without traceback, frames or colours."""

import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

_BAD = ("error", "fail", "runtime error", "partial success")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(r"^\s*> (in|called by) ")
_OPERATION = re.compile(r"^Encountered an error while running operation: ")
_OWN_HEADER = re.compile(r"^(Compilation|Runtime) Error in .*\n\s*(?=experimentos: )")
_EXCEPTION = re.compile(r"^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Warning)?: ")
_OWN_ERROR = re.compile(r"^experimentos\.errors\.\w+: ")
_KEY = re.compile(r"\bkeys must be str, int, float, bool or None, not \w+")
KEY_HELP = (
    "A key in your YAML was read as something else than text, for instance as a date: "
    "`experimentos check` names it, with its file and line."
)
_LOCK = "Could not set lock on file"
_LOCK_HELP = (
    "Another process has the DuckDB file open; close it, or wait until it has finished, and run "
    "this again."
)


def readable(text: str) -> str:
    r"""Return dbt's message without what only dbt's developers need.

    Parameters
    ----------
    text : str
        A message as dbt wrote it.

    Returns
    -------
    str
        The message of our own macros alone where it is one of ours, else dbt's with its place,
        and of a Python traceback only the exception.

    Examples
    --------
    >>> print(
    ...     readable(
    ...         "Compilation Error in macro check (macros/check.sql)\n"
    ...         "  experimentos: 1 problem in your definitions\n"
    ...         "    - experiments/a.yml: no control\n"
    ...         "  > in macro check (macros/check.sql)"
    ...     )
    ... )
    experimentos: 1 problem in your definitions
      - experiments/a.yml: no control
    """
    text = _OPERATION.sub("", _COLOUR.sub("", text)).strip()
    lines = [line.rstrip() for line in text.splitlines() if not _FRAME.match(line)]
    text = "\n".join(lines).strip()
    own = _OWN_HEADER.match(text)
    if own:
        text = _dedent(text[own.end() :])
    text = _without_traceback(text)
    text = _KEY.sub(KEY_HELP, text)
    return f"{text}\n{_LOCK_HELP}" if _LOCK in text else text


def unique(texts: Iterable[str]) -> list[str]:
    """Return readable messages, each once, in order.

    Parameters
    ----------
    texts : iterable of str
        Messages as dbt wrote them.

    Returns
    -------
    list of str
        Those left, empty ones dropped.
    """
    return [text for text in dict.fromkeys(map(readable, texts)) if text]


def failures(result: "dbtRunnerResult") -> Iterator[str]:
    """Yield what failed, as dbt words it.

    Parameters
    ----------
    result : dbtRunnerResult
        Of an invocation without success.

    Yields
    ------
    str
        One message per exception or node.
    """
    if result.exception is not None:
        yield str(result.exception)
    for node in getattr(result.result, "results", ()):
        if node.status in _BAD and node.message:
            where = f"{node.node.name}: " if node.status == "fail" else ""
            yield where + str(node.message)


def _dedent(text: str) -> str:
    """Take dbt's two spaces from every line but the first, which has lost them already."""
    first, *rest = text.splitlines()
    return "\n".join([first, *(line.removeprefix("  ") for line in rest)])


def _without_traceback(text: str) -> str:
    head, found, trace = text.partition("Traceback (most recent call last):")
    if not found:
        return text
    lines = trace.splitlines()
    starts = [i for i, line in enumerate(lines) if _EXCEPTION.match(line.strip())]
    tail = textwrap.dedent("\n".join(lines[starts[-1] :] if starts else lines[-1:]))
    tail = _OWN_ERROR.sub("", tail.strip())
    return f"{head.strip()}\n{textwrap.indent(tail, '  ')}".strip()
