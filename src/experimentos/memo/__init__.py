"""Memos from the marts: read the rows, say what they allow, render Markdown and HTML."""

from experimentos.memo.marts import read_memos
from experimentos.memo.render import FORMATS, render_html, render_markdown, write
from experimentos.memo.report import Memo

read = read_memos

__all__ = ["FORMATS", "Memo", "read", "read_memos", "render_html", "render_markdown", "write"]
