"""Add to YAML text without touching the rest of it: comments, order and quotes stay.

Each edit is read back; where the text would not mean what was asked, nothing is changed and the
message says what to write by hand.
"""

import textwrap
from typing import Any

import yaml

from experimentos.errors import ProjectError

_STEP = "  "


def append_item(text: str, key: str, item: str, *, file: str) -> str:
    r"""Add an item to the end of a list at the top level.

    Parameters
    ----------
    text : str
        YAML text, possibly empty.
    key : str
        The list's key; added if there is none.
    item : str
        One line of YAML as it stands behind the dash: ``local: folder``, ``name``.
    file : str
        For messages.

    Returns
    -------
    str
        The new text; the same if the item is in the list already.

    Examples
    --------
    >>> print(append_item("packages:  # ours\n- local: a\n", "packages", "local: b", file="f"))
    packages:  # ours
    - local: a
    - local: b
    <BLANKLINE>
    """
    content = _load(text, file)
    wanted = yaml.safe_load(item)
    items = content.get(key) or []
    if not isinstance(items, list):
        raise _by_hand(file, f"{key}:\n{_STEP}- {item}")
    if wanted in items:
        return text
    edited = _with_item(text, key, item)
    if _loaded(edited) != {**content, key: [*items, wanted]}:
        raise _by_hand(file, f"{key}:\n{_STEP}- {item}")
    return edited


def add_entry(text: str, key: str, name: str, block: str, *, file: str) -> str:
    """Add an entry to a mapping at the top level.

    Parameters
    ----------
    text : str
        YAML text, possibly empty.
    key : str
        The mapping's key; added if there is none.
    name : str
        The entry's key; an entry of this name is left as it is.
    block : str
        The entry's value: YAML in block form, comments allowed.
    file : str
        For messages.

    Returns
    -------
    str
        The new text.
    """
    content = _load(text, file)
    entries = content.get(key) or {}
    entry = f"{name}:\n{textwrap.indent(block.rstrip(), _STEP)}"
    if not isinstance(entries, dict):
        raise _by_hand(file, f"{key}:\n{textwrap.indent(entry, _STEP)}")
    if name in entries:
        return text
    edited = _with_entry(text, key, name, entry)
    if _loaded(edited) != {**content, key: {**entries, name: yaml.safe_load(block)}}:
        raise _by_hand(file, f"{key}:\n{textwrap.indent(entry, _STEP)}")
    return edited


def _load(text: str, file: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        msg = f"{file} cannot be read as YAML: {error}"
        raise ProjectError(msg) from error
    if content is not None and not isinstance(content, dict):
        msg = f"{file} must be a mapping of keys to values, got {type(content).__name__}"
        raise ProjectError(msg)
    return content or {}


def _loaded(text: str) -> Any:  # noqa: ANN401
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def _by_hand(file: str, lines: str) -> ProjectError:
    return ProjectError(
        f"{file} is written in a way that cannot be added to safely. Add this yourself:\n"
        f"{textwrap.indent(lines, _STEP)}"
    )


def _with_item(text: str, key: str, item: str) -> str:
    found = _find(text, key)
    if found is None:
        return _appended(text, f"{key}:\n{_STEP}- {item}")
    key_node, value = found
    if isinstance(value, yaml.SequenceNode) and value.flow_style:
        return _before_end(text, value, f"{{{item}}}" if ": " in item else item)
    if isinstance(value, yaml.SequenceNode):
        indent = " " * value.start_mark.column
        return _after_line(text, _last_line(value), f"{indent}- {item}")
    return _after_line(text, key_node.end_mark.line, f"{_STEP}- {item}")


def _with_entry(text: str, key: str, name: str, entry: str) -> str:
    found = _find(text, key)
    if found is None:
        return _appended(text, f"{key}:\n{textwrap.indent(entry, _STEP)}")
    key_node, value = found
    if isinstance(value, yaml.MappingNode) and value.flow_style:
        flow = yaml.safe_dump(yaml.safe_load(entry)[name], default_flow_style=True, width=10_000)
        return _before_end(text, value, f"{name}: {flow.strip()}")
    if isinstance(value, yaml.MappingNode):
        indent = " " * value.start_mark.column
        return _after_line(text, _last_line(value), textwrap.indent(entry, indent))
    return _after_line(text, key_node.end_mark.line, textwrap.indent(entry, _STEP))


def _find(text: str, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    document = yaml.compose(text, Loader=yaml.SafeLoader)
    if isinstance(document, yaml.MappingNode):
        for key_node, value in document.value:
            if key_node.value == key:
                return key_node, value
    return None


def _last_line(node: yaml.Node) -> int:
    """Return the number, from 0, of the last line that belongs to a node."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        children = [
            child for pair in node.value for child in (pair if isinstance(pair, tuple) else (pair,))
        ]
        return max(_last_line(child) for child in children)
    mark = node.end_mark
    # A block scalar (`|`, `>`) ends where the next line begins.
    return mark.line - 1 if mark.column == 0 and mark.line > node.start_mark.line else mark.line


def _appended(text: str, lines: str) -> str:
    if not text.strip():
        return f"{text}{lines}\n"
    return f"{text.rstrip(chr(10))}\n\n{lines}\n"


def _after_line(text: str, line: int, lines: str) -> str:
    rows = text.split("\n")
    return "\n".join([*rows[: line + 1], lines, *rows[line + 1 :]]) + (
        "" if rows[-1] == "" or line + 1 < len(rows) else "\n"
    )


def _before_end(text: str, node: yaml.Node, addition: str) -> str:
    end = node.end_mark.index - 1
    head = text[:end].rstrip()
    comma = "" if not node.value else " " if head.endswith(",") else ", "
    return f"{head}{comma}{addition}{text[end:]}"
