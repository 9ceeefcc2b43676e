"""Text of data and YAML made inert in Markdown and HTML."""

import re
import unicodedata

from jinja2 import Undefined
from markupsafe import Markup

from experimentos.charts.language import Words
from experimentos.charts.wording import cut, hides

TEXT_LENGTH = 2000
"""Longest text anywhere."""

_ENTITIES = {character: f"&#{ord(character)};" for character in "\\`*{}[]|~$"}
_ENTITIES |= {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_SPECIAL = re.compile("[" + re.escape("".join(_ENTITIES)) + "]")
_OUTER_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
# Most texts are a few such words, and need no second look.
_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9,.%()/;]| (?! )){0,200}(?<! )")
_LINE_START = re.compile(r"^(?:[#+=-]|\d+[.)](?=\s|$))")
_ADDRESS = re.compile(r"(?i)\b(www)\.|(:)(?=//)")
_MENTION = re.compile(r"(?<![\w.+-])@(?=\w)")
_RIGHT_TO_LEFT = {"R", "AL", "AN"}
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


def finalize(value: object) -> Markup:
    """Make the value of an expression safe to print.

    Parameters
    ----------
    value : object
        Text of data or YAML, or what a filter returned.

    Returns
    -------
    Markup
        Escaped, unless a filter made it.

    Raises
    ------
    TypeError
        If a template prints a number, a date or None without a filter.
    """
    if isinstance(value, Markup):
        return value
    if isinstance(value, Words):
        return escape(value())
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, Undefined):
        return Markup(str(value))  # noqa: S704 -- StrictUndefined raises here
    msg = f"A template must print {type(value).__name__} values through a filter, got {value!r}"
    raise TypeError(msg)


def escape(text: str) -> Markup:
    """Make a text inert in Markdown and HTML, on one line.

    Parameters
    ----------
    text : str
        Anything.

    Returns
    -------
    Markup
        The same characters to a reader. White space becomes single spaces, control characters
        the replacement character, and text written from right to left keeps to itself.

    Examples
    --------
    >>> print(escape("one_page | <b>new</b>"))
    one_page &#124; &lt;b&gt;new&lt;/b&gt;
    """
    if _PLAIN.fullmatch(text) and "www." not in text.lower():
        return Markup(text)  # noqa: S704 -- nothing in it has a meaning
    line = cut(" ".join(text.split()), TEXT_LENGTH)
    is_right_to_left = False
    if not (line.isascii() and line.isprintable()):
        line = "".join("\ufffd" if hides(character) else character for character in line)
        is_right_to_left = any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in line)
    line = _SPECIAL.sub(lambda match: _ENTITIES[match[0]], line)
    line = _OUTER_UNDERSCORE.sub("&#95;", line)
    line = _ADDRESS.sub(lambda match: f"{match[1]}&#46;" if match[1] else "&#58;", line)
    line = _MENTION.sub("@&#8288;", line)
    line = _LINE_START.sub(lambda match: "".join(f"&#{ord(c)};" for c in match[0]), line)
    if is_right_to_left:
        line = f"{_FIRST_STRONG_ISOLATE}{line}{_POP_ISOLATE}"
    return Markup(line)  # noqa: S704 -- this is where text becomes safe


def attribute(text: str) -> Markup:
    """Make a text inert inside an attribute in double quotes.

    Parameters
    ----------
    text : str
        Anything.

    Returns
    -------
    Markup
        Escaped as by ``escape``, quotes too.
    """
    escaped = str(escape(text)).replace('"', "&#34;").replace("'", "&#39;")
    return Markup(escaped)  # noqa: S704 -- escaped
