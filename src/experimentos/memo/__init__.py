"""Memos from the marts: read the rows, say what they allow, render Markdown, HTML, PDF and JSON."""

from experimentos.memo.marts import read_memos
from experimentos.memo.render import FORMATS, render_html, render_markdown, write
from experimentos.memo.report import Memo
from experimentos.memo.templates import Templates, templates

read = read_memos

__all__ = [
    "FORMATS",
    "Memo",
    "Templates",
    "read",
    "read_memos",
    "render_html",
    "render_markdown",
    "templates",
    "write",
]
