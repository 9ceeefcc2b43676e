"""Templates: the package's under ``reports/``, and a project's own in front of them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path

import yaml
from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
)
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup

from experimentos.errors import ArgumentError
from experimentos.memo.escaping import Phrase, escape, finalize
from experimentos.memo.filters import FILTERS
from experimentos.memo.report import Memo
from experimentos.resources import bundle_path

OURS = "ours"
"""Prefix by which a project's template reaches the package's own of the same name."""
STYLE = "style.css"
TEXTS = "texts.yml"
_OTHERS = (f"{OURS}/", "site/", "diff.")
"""Beginnings of templates that are no memo's, or are another name of one."""
_SECTION = re.compile(r"sections/(\d+)_(\w+)\.md\.j2")
_CELL = re.compile(r"[^|\n]+")
# What stands before a string that is printed: a value of our words, or a choice of two.
_PRINTED = {"colon", "else"}
_MARKS = re.compile(r"^(\s*(?:#{1,6} |- |\*\*)?)(.*?)([\s*:;,.]*)$", re.DOTALL)


def escaping_environment(
    loader: BaseLoader | None = None,
    finalize: Callable[..., object] = finalize,
    extensions: Sequence[type[Extension]] = (),
) -> Environment:
    """Make an environment in which every expression is escaped.

    Parameters
    ----------
    loader : BaseLoader, optional
        Default: the package's templates.
    finalize : callable
        What escapes the value of an expression.
    extensions : sequence of type
        Of Jinja.

    Returns
    -------
    Environment
        With the filters of memos.
    """
    environment = Environment(
        loader=loader or FileSystemLoader(bundle_path("reports")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        # Only what a filter or `finalize` marked as safe passes this second net unchanged.
        autoescape=True,
        finalize=finalize,
        extensions=extensions,
    )
    environment.filters.update(FILTERS)
    return environment


@dataclass(frozen=True)
class Templates:
    """Templates of memos with their environment.

    Parameters
    ----------
    folder : Path or None
        The project's own; what it lacks is the package's.
    """

    folder: Path | None = None
    seen: set[str] = field(default_factory=set, compare=False, repr=False)

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """Texts of the templates to what is shown in their place."""
        return _read_texts(self.folder).get("texts", {})

    @cached_property
    def language(self) -> str:
        """Language of the pages, as HTML names it."""
        return str(_read_texts(self.folder).get("language", "en"))

    @cached_property
    def environment(self) -> Environment:
        """One environment for all memos: every expression is escaped by ``finalize``."""
        ours = FileSystemLoader(bundle_path("reports"))
        own = [] if self.folder is None else [FileSystemLoader(self.folder)]
        environment = escaping_environment(
            loader=ChoiceLoader([*own, ours, PrefixLoader({OURS: ours})]),
            finalize=self._finalize,
            extensions=[_Translation],
        )
        environment.globals["language"] = self.language
        environment.translate = self.translate  # type: ignore[attr-defined]
        return environment

    @cached_property
    def sections(self) -> tuple[tuple[str, str], ...]:
        """Name and template of each section, in the order of the numbers in the file names."""
        found: dict[str, tuple[int, str]] = {}
        own = [] if self.folder is None else _listed(self.folder)
        for path in [*_listed(bundle_path("reports")), *own]:
            match = _SECTION.fullmatch(path)
            if match is not None:
                found[match[2]] = (int(match[1]), path)
        ordered = sorted((number, name, path) for name, (number, path) in found.items())
        return tuple((name, path) for _, name, path in ordered if not self._is_dropped(path))

    @cached_property
    def style(self) -> Markup:
        """Style sheet of the pages, the project's after the package's."""
        sheets = [bundle_path("reports") / "memo.css"]
        if self.folder is not None and (self.folder / STYLE).is_file():
            sheets.append(self.folder / STYLE)
        content = "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
        # An end tag would close the element that the sheet stands in.
        return Markup(content.replace("</", "<\\/"))  # noqa: S704 -- ours, or the project's

    def render_sections(self, memo: Memo) -> tuple[tuple[str, str], ...]:
        """Render each section as Markdown, with places for its figures.

        Parameters
        ----------
        memo : Memo
            From ``read_memos``.

        Returns
        -------
        tuple of (str, str)
            Name and text; sections that come out empty are left out.
        """
        rendered = (
            (name, tidy(self.environment.get_template(path).render(memo=memo)))
            for name, path in self.sections
        )
        return tuple((name, text) for name, text in rendered if text.strip())

    def translate(self, text: str) -> str:
        """Put the project's text in the place of one of the templates'.

        Parameters
        ----------
        text : str
            As it stands in a template.

        Returns
        -------
        str
            The same text where there is no other.
        """
        key = " ".join(text.split())
        if key:
            self.seen.add(key)
        return self.texts.get(key, text)

    def all_texts(self) -> tuple[str, ...]:
        """List every text that ``texts.yml`` may name.

        Returns
        -------
        tuple of str
            In alphabetical order, from all templates.
        """
        environment = self.environment
        for path in environment.list_templates():
            if path.endswith(".j2") and not path.startswith(_OTHERS):
                source, _, _ = environment.loader.get_source(environment, path)  # type: ignore[union-attr]
                environment.parse(source)
        return tuple(sorted({text for text in self.seen if re.search(r"[A-Za-z]{2}", text)}))

    def check(self) -> None:
        """Raise if the project's texts name something that no template has.

        Raises
        ------
        ArgumentError
            All of them, with the nearest text.
        """
        known = {*self.all_texts(), *Phrase.known}
        problems = []
        for text in self.texts:
            if text not in known:
                near = get_close_matches(text, known, n=1)
                problems.append(f"{text!r}" + (f" (nearest: {near[0]!r})" if near else ""))
        if problems:
            msg = (
                f"{TEXTS} in {self.folder} must name texts of the templates, got "
                f"{', '.join(problems)}. `experimentos memo --texts` lists them."
            )
            raise ArgumentError(msg)

    def _finalize(self, value: object) -> Markup:
        other = self.texts.get(str(value)) if isinstance(value, Phrase) else None
        return finalize(value) if other is None else escape(other)

    def _is_dropped(self, path: str) -> bool:
        own = None if self.folder is None else self.folder / path
        return own is not None and own.is_file() and not own.read_text(encoding="utf-8").strip()


class _Translation(Extension):
    """Puts a project's texts in the place of the templates', when a template is compiled."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        before = ""
        for token in stream:
            if token.type == "data":
                yield Token(token.lineno, "data", self._translated(token.value))
            elif token.type == "string" and before in _PRINTED:
                translate: Callable[[str], str] = self.environment.translate  # type: ignore[attr-defined]
                yield Token(token.lineno, "string", translate(token.value))
            else:
                yield token
            before = token.value if token.type == "name" else token.type

    def _translated(self, data: str) -> str:
        translate: Callable[[str], str] = self.environment.translate  # type: ignore[attr-defined]

        def cell(match: re.Match[str]) -> str:
            parts = _MARKS.match(match[0])
            if parts is None or not parts[2].strip():
                return match[0]
            whole = parts[2] + parts[3].rstrip("* ")
            shown = translate(whole)
            if shown != whole:
                return parts[1] + shown + match[0][len(parts[1]) + len(whole) :]
            return match[0]

        return _CELL.sub(cell, data)


def _listed(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.j2"))


def _read_texts(folder: Path | None) -> Mapping[str, Mapping[str, str]]:
    path = None if folder is None else folder / TEXTS
    if path is None or not path.is_file():
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        msg = f"{path} must be YAML: {error}"
        raise ArgumentError(msg) from None
    texts = content.get("texts", {}) if isinstance(content, dict) else None
    if not isinstance(texts, dict) or set(content) - {"language", "texts"}:
        msg = f"{path} must have the keys `language` and `texts` (a mapping), got {content!r:.200}"
        raise ArgumentError(msg)
    shown = {" ".join(str(key).split()): str(value) for key, value in texts.items()}
    return content | {"texts": shown}


def tidy(rendered: str) -> str:
    """Drop trailing spaces and repeated blank lines.

    Parameters
    ----------
    rendered : str
        Text of a template.

    Returns
    -------
    str
        Ends in one newline.
    """
    lines = "\n".join(line.rstrip() for line in rendered.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


@lru_cache(maxsize=8)
def templates(folder: Path | None = None) -> Templates:
    """Return the templates of a project, or the package's.

    Parameters
    ----------
    folder : Path, optional
        With templates of its own.

    Returns
    -------
    Templates
        The same for the same folder.

    Raises
    ------
    ArgumentError
        If the folder is not there, or its texts name what no template has.
    """
    if folder is not None and not folder.is_dir():
        msg = f"The folder of own templates must exist, got {str(folder)!r}"
        raise ArgumentError(msg)
    found = Templates(folder)
    if folder is not None:
        found.check()
    return found
