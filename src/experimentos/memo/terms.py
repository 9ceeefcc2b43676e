"""Words for the codes that definitions and marts have, where they are shown to people."""

import re
from typing import Final

from experimentos.charts.language import Words

TERMS: Final = {
    code: Words(words)
    for code, words in {
        # Roles, goals and types of metrics.
        "success": "success",
        "guardrail": "guardrail",
        "explore": "exploratory",
        "increase": "increase",
        "decrease": "decrease",
        "proportion": "proportion",
        "mean": "mean",
        "ratio": "ratio",
        "retention": "retention",
        "quantile": "quantile",
        "funnel": "funnel",
        "sum": "sum",
        "count": "count",
        "count_distinct": "count distinct",
        "min": "min",
        "max": "max",
        "avg": "avg",
        "latest": "latest",
        "any": "any",
        "number": "number",
        "currency": "currency",
        "percent": "percent",
        "zero": "zero",
        "units": "units",
        "events": "events",
        # Experiments.
        "draft": "draft",
        "running": "running",
        "stopped": "stopped",
        "archived": "archived",
        "fixed": "fixed",
        "group_sequential": "group sequential",
        "always_valid": "always-valid",
        "holm": "Holm",
        "bonferroni": "Bonferroni",
        "hommel": "Hommel",
        "closed": "closed testing",
        "dunnett": "Dunnett",
        # Readouts, looks and checks.
        "mature": "mature",
        "all": "all",
        "assigned": "assigned",
        "analysed": "analysed",
        "activated": "activated",
        "crossed": "crossed",
        "not crossed": "not crossed",
        "futile": "futile",
        "not tested": "not tested",
        "blocked": "blocked",
        "warning": "warning",
        "healthy": "healthy",
        # Methods.
        "score": "score",
        "welch": "Welch",
        "delta": "delta",
        "skewness-corrected score": "skewness-corrected score",
        "skewness-corrected welch": "skewness-corrected Welch",
        "skewness-corrected delta": "skewness-corrected delta",
        "conditional binomial": "conditional binomial",
        "unconditional exact": "unconditional exact",
        "normal": "normal",
        "beta-binomial": "beta-binomial",
        "flat": "flat",
        "none": "none",
    }.items()
}
"""Code to its words."""

_TIMES: Final = {
    unit: Words(f"{{count}} {unit}")
    for unit in ("minute", "minutes", "hour", "hours", "day", "days", "week", "weeks")
}
_DURATION = re.compile(r"(\d+) (\w+)")
_OF_PHASES: Final = Words("{method}, combined over {count} phases")
_COMBINED = re.compile(r"(.+), combined over (\d+) phases")


def term(code: str) -> str:
    """Return the words for a code.

    Parameters
    ----------
    code : str
        Key of ``TERMS``, a duration as definitions have it, such as ``7 days``, or a method over
        the phases of a ramp, such as ``welch, combined over 2 phases``.

    Returns
    -------
    str
        The code itself where there are no words for it.
    """
    duration = _DURATION.fullmatch(code)
    if duration is not None and duration[2] in _TIMES:
        return _TIMES[duration[2]](count=duration[1])
    combined = _COMBINED.fullmatch(code)
    if combined is not None:
        return _OF_PHASES(method=term(combined[1]), count=combined[2])
    return TERMS[code]() if code in TERMS else code
