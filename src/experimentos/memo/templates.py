"""Templates: the package's under ``reports/``, and a project's own in front of them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
)
from jinja2.ext import Extension
from markupsafe import Markup

from experimentos.charts.language import Language, Words, speaking
from experimentos.errors import ArgumentError
from experimentos.memo.escaping import finalize
from experimentos.memo.filters import FILTERS
from experimentos.memo.report import Memo
from experimentos.memo.texts import TEXTS, check_texts, read_language
from experimentos.memo.translation import Translation, is_text
from experimentos.resources import bundle_path

OURS = "ours"
"""Prefix by which a project's template reaches the package's own of the same name."""
STYLE = "style.css"
_OTHERS = (f"{OURS}/", "diff.")
"""Beginnings of templates that are no memo's, or are another name of one."""
_SECTION = re.compile(r"sections/(\d+)_(\w+)\.md\.j2")


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

    @cached_property
    def language(self) -> Language:
        """Language of the pages, with the project's texts."""
        return read_language(self.folder)

    @property
    def texts(self) -> Mapping[str, str]:
        """Texts of ours to what is shown in their place."""
        return self.language.texts

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Speak the language of the templates: texts, numbers and dates are written in it.

        Yields
        ------
        None
            Until the end of the block.
        """
        with speaking(self.language):
            yield

    @cached_property
    def environment(self) -> Environment:
        """One environment for all memos: every expression is escaped by ``finalize``."""
        ours = FileSystemLoader(bundle_path("reports"))
        own = [] if self.folder is None else [FileSystemLoader(self.folder)]
        environment = escaping_environment(
            loader=ChoiceLoader([*own, ours, PrefixLoader({OURS: ours})]),
            extensions=[Translation],
        )
        environment.globals["language"] = self.language.name
        environment.translate = self.translate  # type: ignore[attr-defined]
        environment.is_read = bool(self.texts)  # type: ignore[attr-defined]
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
        with self.speaking():
            rendered = [
                (name, tidy(self.environment.get_template(path).render(memo=memo)))
                for name, path in self.sections
            ]
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
        return self.texts.get(" ".join(text.split()), text)

    def all_texts(self) -> tuple[str, ...]:
        """List every text that ``texts.yml`` may name.

        Returns
        -------
        tuple of str
            In alphabetical order, from all templates and from what Python puts together. Names
            in braces are places of values.
        """
        found = set(Words.known)

        def find(text: str) -> str:
            found.add(" ".join(text.split()))
            return text

        environment = self.environment.overlay()
        environment.is_read, environment.translate = True, find  # type: ignore[attr-defined]
        for path in environment.list_templates():
            if path.endswith(".j2") and not path.startswith(_OTHERS):
                source, _, _ = environment.loader.get_source(environment, path)  # type: ignore[union-attr]
                environment.parse(source, name=path)
        return tuple(sorted(filter(is_text, found)))

    def check(self) -> None:
        """Raise if the project's texts name something that no template has.

        Raises
        ------
        ArgumentError
            All of them, with the nearest text. Also where a text lacks a place.
        """
        if self.folder is not None and self.texts:
            check_texts(self.language, self.all_texts(), self.folder / TEXTS)

    def _is_dropped(self, path: str) -> bool:
        own = None if self.folder is None else self.folder / path
        return own is not None and own.is_file() and not own.read_text(encoding="utf-8").strip()


def _listed(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.j2"))


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
