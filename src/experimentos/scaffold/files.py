"""Write files of the user's project, saying what was done to each."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Change:
    """What was done to one file or folder.

    Parameters
    ----------
    path : str
        Path from the project's folder.
    action : str
        ``created``, ``updated`` or ``unchanged``.
    note : str
        What was written, in a few words.
    """

    path: str
    action: str
    note: str


def read_text(path: Path) -> str:
    """Return a file's text with plain line ends; empty where there is no file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        Its text.
    """
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def write_text(root: Path, path: Path, text: str, note: str) -> Change:
    """Write a file if its text differs, keeping the line ends it had.

    Parameters
    ----------
    root : Path
        The project's folder.
    path : Path
        The file, under it.
    text : str
        What it is to hold.
    note : str
        For the change.

    Returns
    -------
    Change
        What was done.
    """
    shown = path.relative_to(root).as_posix()
    existed = path.is_file()
    if existed and read_text(path) == text:
        return Change(shown, "unchanged", note)
    newline = "\r\n" if existed and b"\r\n" in path.read_bytes() else "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline=newline)
    return Change(shown, "updated" if existed else "created", note)


def without_jinja(text: str) -> str:
    """Keep dbt from reading braces as Jinja: in SQL, and in the values (not keys) of its YAML.

    Parameters
    ----------
    text : str
        What is to arrive as it is.

    Returns
    -------
    str
        What to write.

    Examples
    --------
    >>> without_jinja("{{ x }}")
    "{{ '{' }}{ x }}"
    """
    return re.sub(r"\{(?=[{%#])", "{{ '{' }}", text)
