"""A memo as JSON, in the form of ``reports/memo.schema.json``.

The schema is made from the classes of ``context`` and ``report``, so neither can drift from the
other. Numbers are rounded to six significant digits, as everywhere in a memo.
"""

import json
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Final

from pydantic import TypeAdapter

from experimentos.charts import LIGHT, wording
from experimentos.memo.figures import FIGURES, panels
from experimentos.memo.report import Memo

VERSION: Final = "1"
"""Changes when a field is taken away or means something else."""
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers behind a chart, as they are read, and what the chart says in words.

    ``columns`` name the texts of each row; both are empty where nothing is drawn.
    """

    figure: str
    title: str
    text: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What follows from the rows of a memo.

    ``is_due`` says whether the plan lets success metrics and guardrails be read now;
    ``is_to_start`` whether the experiment has not started; ``harmed_variants`` are those to switch
    off; ``futile_variants`` crossed the futility boundary on every success metric at the last look;
    ``indicates_harm`` says whether harm is seen that a blocked check leaves unverified;
    ``units_needed`` are units of control and a variant that the planned effects need, and
    ``days_needed`` days until they are there, both null where unknown.
    """

    is_due: bool
    is_to_start: bool
    harmed_variants: tuple[str, ...]
    futile_variants: tuple[str, ...]
    indicates_harm: bool
    units_needed: float | None
    days_needed: float | None


@dataclass(frozen=True, slots=True)
class MemoDocument:
    """The memo of one experiment.

    Rows are those of the marts, whether they may be read now or not. ``held`` of a finding says
    what keeps its comparison from being read, with its posterior, days, ages and levels: "withheld"
    by a health check, "not_due" by the plan, null where it may be read. ``memo.is_blocked``
    withholds every reading. Classical columns (``p_value_fixed``, ``lower_fixed``, ``upper_fixed``,
    and limits of the lift where ``level`` is null) are of one look alone and decide nothing. Null
    is what is undefined, and what the plan's own tests do not say now. Effects are variant minus
    control in metric units; lifts, shares and probabilities are fractions; times are UTC.
    """

    version: str
    memo: Memo
    standing: Standing
    figures: tuple[Numbers, ...]


def render_json(memo: Memo) -> str:
    """Render a memo as JSON.

    Parameters
    ----------
    memo : Memo
        From ``read_memos``.

    Returns
    -------
    str
        One document, the same for the same rows.
    """
    document = MemoDocument(
        version=VERSION,
        memo=memo,
        standing=Standing(**{part.name: getattr(memo, part.name) for part in fields(Standing)}),
        figures=tuple(
            Numbers(name, wording.label(panel.title) if panel.title else "", panel.chart.text,
                    *panel.chart.table)
            for name in FIGURES
            for panel in panels(memo, name, LIGHT)
        ),
    )  # fmt: skip
    content = _plain(_adapter().dump_python(document, warnings="error"))
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def schema() -> str:
    """Return the JSON Schema of the documents.

    Returns
    -------
    str
        What ``reports/memo.schema.json`` holds.
    """
    content = {
        "$schema": DIALECT,
        "title": "Memo of an experiment",
        **_adapter().json_schema(mode="serialization"),
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[MemoDocument]:
    return TypeAdapter(MemoDocument)


def _plain(value: Any) -> Any:  # noqa: ANN401 -- whatever JSON holds
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return wording.known(value)
    if isinstance(value, str):
        # A lone surrogate is no text in any encoding.
        return value.encode("utf-8", "replace").decode("utf-8")
    return value if value is None or isinstance(value, bool | int) else value.isoformat()
