"""Finds the texts of templates when they are compiled, and puts a project's in their place.

A text is what stands between two ends of a line, a cell of a table or an element of HTML: a whole
sentence, in which each expression is a place, named by the last name of the expression. So a
translation may order the parts of a sentence as its language does.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import escape

Translate = Callable[[str], str]

# Where a text of Markdown ends, and what stands around it.
_CELL_END = re.compile(r"([|\n])")
_MARKDOWN = re.compile(r"^(\s*(?:#{1,6} |- )?)(.*?)(\s*)$", re.DOTALL)
# Attributes of HTML whose value is read.
_READ = re.compile(r'\b(?:aria-label|placeholder|title|alt)="')
_EMPHASIS = re.compile(r"^\*\*(?!.*\*\*.+\*\*)(.*)\*\*$", re.DOTALL)
_PLACE = re.compile(r"(\{\w+\})")
_LETTERS = re.compile(r"[^\W\d_]{2}")
# Before a string that is printed: the begin of an expression, a value of a mapping, a choice.
_PRINTED: Final = frozenset({"variable_begin", "colon", "assign", "else", "or"})
_CODES: Final = frozenset({"figure", "term"})
"""Filters whose argument is a name, and no text."""


def is_text(text: str) -> bool:
    """Tell whether a text has anything to translate.

    Parameters
    ----------
    text : str
        With places.

    Returns
    -------
    bool
        Whether there are letters outside of its places.
    """
    return _LETTERS.search(_PLACE.sub("", text)) is not None


class Translation(Extension):
    """Puts a project's texts in the place of the templates'; ``environment.translate`` has them."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Put texts in the place of others, token by token.

        Parameters
        ----------
        stream : TokenStream
            Of one template.

        Yields
        ------
        Token
            Of the template in the language that is spoken.
        """
        # In English, and where nobody asks which texts there are, templates stay as they are.
        if not self.environment.is_read:  # type: ignore[attr-defined]
            yield from stream
            return
        translate: Translate = self.environment.translate  # type: ignore[attr-defined]
        reader = _Html(translate) if ".html." in (stream.name or "") else _Markdown(translate)
        for part in _parts(_with_strings(list(stream), translate)):
            yield from reader.read(part)
        yield from reader.flush()


def _with_strings(tokens: list[Token], translate: Translate) -> list[Token]:
    """Translate the strings that are printed."""
    return [
        Token(token.lineno, "string", translate(token.value))
        if token.type == "string" and _is_printed(tokens, position)
        else token
        for position, token in enumerate(tokens)
    ]


def _is_printed(tokens: list[Token], position: int) -> bool:
    after = [_name(token) for token in tokens[position + 1 : position + 3]]
    if after and after[0] == "pipe" and after[-1] in _CODES:
        return False
    before = [_name(token) for token in reversed(tokens[max(0, position - 3) : position])]
    if before and before[0] in _PRINTED:
        return True
    if before[:1] == ["lparen"]:
        # An argument of a filter, or the first of a choice in brackets.
        return before[2:3] == ["pipe"] or after[:1] in (["or"], ["if"])
    return before[:1] == ["comma"] and after[:1] == ["rparen"] and _is_of_get(tokens, position)


def _is_of_get(tokens: list[Token], position: int) -> bool:
    """Whether a string is the last argument of ``.get(``, so what is shown of unknown codes."""
    depth = 0
    for here in range(position - 1, 0, -1):
        depth += {"rparen": 1, "lparen": -1}.get(tokens[here].type, 0)
        if depth < 0:
            return tokens[here - 1].value == "get"
    return False


def _name(token: Token) -> str:
    return str(token.value) if token.type == "name" else token.type


@dataclass(frozen=True)
class _Part:
    """Data, an expression (a place in a text), or a statement (which ends one)."""

    kind: str
    tokens: tuple[Token, ...]

    @property
    def place(self) -> str:
        """Name of the place: the last name before a filter; of a mere variable, the filter's."""
        pipes = [at for at, token in enumerate(self.tokens) if token.type == "pipe"]
        head = self.tokens[1 : pipes[0] if pipes else -1]
        while head and head[-1].type in {"rparen", "rbracket"}:
            head = _without_brackets(head)
        names = [token.value for token in head if token.type == "name"]
        if names[-1:] == ["get"]:
            names.pop()
        elif pipes and len(names) < 2:
            return str(self.tokens[pipes[0] + 1].value)
        return str(names[-1]).lower() if names else "value"


def _without_brackets(head: tuple[Token, ...]) -> tuple[Token, ...]:
    """Cut the arguments or the key at the end."""
    depth = 0
    for at in range(len(head) - 1, -1, -1):
        depth += {"rparen": 1, "rbracket": 1, "lparen": -1, "lbracket": -1}.get(head[at].type, 0)
        if depth == 0:
            return head[:at]
    return ()


def _parts(tokens: Iterable[Token]) -> Iterator[_Part]:
    held: list[Token] = []
    for token in tokens:
        held.append(token)
        if held[0].type == "data" or token.type in {"variable_end", "block_end"}:
            yield _Part(held[0].type.removesuffix("_begin"), tuple(held))
            held = []
    if held:
        yield _Part("block", tuple(held))


@dataclass
class _Markdown:
    """Collects the texts of a Markdown template."""

    translate: Translate
    held: list[Token | _Part] = field(default_factory=list)

    def read(self, part: _Part) -> Iterator[Token]:
        """Take a part; return what is complete."""
        if part.kind == "variable":
            self.held.append(part)
        elif part.kind == "data":
            yield from self.data(part.tokens[0])
        else:
            yield from self.flush()
            yield from part.tokens

    def data(self, token: Token) -> Iterator[Token]:
        """Take data: at the end of a cell or line a text is complete."""
        for piece in _CELL_END.split(token.value):
            if piece in {"|", "\n"}:
                yield from self.flush()
                yield Token(token.lineno, "data", piece)
            elif piece:
                self.held.append(Token(token.lineno, "data", piece))

    def flush(self) -> Iterator[Token]:
        """Return the text that is held, in the language that is spoken."""
        held, self.held = self.held, []
        named = _named([part for part in held if isinstance(part, _Part)])
        key = "".join(
            f"{{{named[id(part)]}}}" if isinstance(part, _Part) else part.value for part in held
        )
        shown = self.shown(key)
        if shown == key:
            for part in held:
                yield from part.tokens if isinstance(part, _Part) else (part,)
            return
        parts = {named[id(part)]: part for part in held if isinstance(part, _Part)}
        line = held[0].tokens[0].lineno if isinstance(held[0], _Part) else held[0].lineno
        for piece in _PLACE.split(shown):
            place = parts.get(piece[1:-1]) if piece.startswith("{") else None
            if place is not None:
                yield from place.tokens
            elif piece:
                yield Token(line, "data", piece)

    def shown(self, key: str) -> str:
        """Return what is shown in the place of a text with its marks."""
        marks = _MARKDOWN.match(key)
        if marks is None or not is_text(marks[2]):
            return key
        begin, text, end = marks[1], marks[2], marks[3]
        strong = _EMPHASIS.match(text)
        if strong is not None:
            begin, text, end = f"{begin}**", strong[1], f"**{end}"
        return begin + self.translate(text) + end


@dataclass
class _Html(_Markdown):
    """Collects the texts of an HTML template: between tags, and in attributes that are read."""

    state: str = "text"

    def read(self, part: _Part) -> Iterator[Token]:
        """Take a part; inside a tag nothing is a text."""
        if part.kind == "variable" and self.state == "tag":
            yield from part.tokens
        else:
            yield from super().read(part)

    def data(self, token: Token) -> Iterator[Token]:
        """Take data: a tag, or the end of an attribute, completes a text."""
        rest = token.value
        while rest:
            piece, rest, state = self._next(rest)
            if piece and self.state == "tag":
                yield Token(token.lineno, "data", piece)
            elif piece:
                yield from super().data(Token(token.lineno, "data", piece))
            if state != self.state:
                yield from self.flush()
                self.state = state

    def _next(self, text: str) -> tuple[str, str, str]:
        """Return what comes before the state changes, the rest, and the next state."""
        if self.state == "tag":
            read, end = _READ.search(text), text.find(">")
            if read is not None and (end < 0 or read.start() < end):
                return text[: read.end()], text[read.end() :], "attribute"
            return (text, "", "tag") if end < 0 else (text[: end + 1], text[end + 1 :], "text")
        sign, then = ("<", "tag") if self.state == "text" else ('"', "tag")
        end = text.find(sign)
        return (text, "", self.state) if end < 0 else (text[:end], text[end:], then)

    def shown(self, key: str) -> str:
        """Return what is shown in the place of a text; signs of HTML in it stay signs."""
        text = key.strip()
        if not is_text(text):
            return key
        other = self.translate(text)
        if other == text:
            return key
        at = key.index(text)
        return key[:at] + str(escape(other)) + key[at + len(text) :]


def _named(parts: list[_Part]) -> dict[int, str]:
    """Name the places of a text; the same expression twice is one, others that share a name not."""
    names: dict[tuple[str, ...], str] = {}
    for part in parts:
        content = tuple(str(token.value) for token in part.tokens)
        if content not in names:
            name, number = part.place, 2
            while name in names.values():
                name, number = f"{part.place}_{number}", number + 1
            names[content] = name
    return {id(part): names[tuple(str(token.value) for token in part.tokens)] for part in parts}
