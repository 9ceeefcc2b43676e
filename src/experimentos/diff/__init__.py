"""Two builds compared: what an edit does to effects, intervals and verdicts."""

from experimentos.diff.compare import compare_builds
from experimentos.diff.differences import Difference
from experimentos.diff.render import as_json, as_markdown

__all__ = ["Difference", "as_json", "as_markdown", "compare_builds"]
