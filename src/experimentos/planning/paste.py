"""A plan as the experiment file to paste."""

import math
from datetime import date, timedelta
from typing import Any

import yaml

from experimentos.planning.question import Question
from experimentos.planning.scenarios import Scenario
from experimentos.scaffold import without_jinja

_WEEK = 7


class _Inline(dict[str, Any]):
    """A mapping that is written on one line."""


class _Lines(yaml.SafeDumper):
    """Block style but for `_Inline` and lists."""


_Lines.add_representer(
    _Inline,
    lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=True),
)
_Lines.add_representer(
    list,
    lambda dumper, value: dumper.represent_sequence(
        "tag:yaml.org,2002:seq", value, flow_style=all(isinstance(one, str) for one in value)
    ),
)


def next_monday(today: date) -> date:
    """Return the first Monday after a day.

    Parameters
    ----------
    today : date
        The day.

    Returns
    -------
    date
        One to seven days later.
    """
    return today + timedelta(_WEEK - today.weekday())


def to_yaml(
    question: Question, scenario: Scenario, *, name: str, start: date, kind: str | None
) -> str:
    """Write an experiment file that `experimentos check` accepts.

    Parameters
    ----------
    question : Question
        What was asked.
    scenario : Scenario
        With an effect.
    name : str
        Of the experiment.
    start : date
        Its first day.
    kind : str, optional
        Kind of unit, where the project assigns several.

    Returns
    -------
    str
        YAML; empty where nothing can be planned.
    """
    if not scenario.effects or scenario.enrolment_days is None:
        return ""
    meta: dict[str, Any] = {
        "start": start,
        "end": start + timedelta(scenario.enrolment_days),
        "control": next(iter(question.shares)),
        "variants": _Inline({label: round(share, 4) for label, share in question.shares.items()}),
        **_success(question, scenario),
        "alpha": question.alpha,
        "power": question.power,
        "monitoring": _monitoring(question, scenario),
    }
    if question.alpha_harm is not None:
        meta["alpha_harm"] = question.alpha_harm
    if question.correction != "holm":
        meta["correction"] = question.correction
    if question.guardrails:
        meta["guardrails"] = {
            metric: _Inline({} if margin is None else {"margin": _inline(margin.given)})
            for metric, margin in question.guardrails.items()
        }
    if kind is not None:
        meta["unit"] = kind
    exposure = {
        "name": name,
        "type": "analysis",
        "owner": _Inline({"name": "Who answers for it", "email": "team@example.com"}),
        "description": "What is changed, and what we expect of it.",
        "depends_on": ["ref('experimentos__decisions')"],
        "config": {"meta": {"experimentos": _escaped(meta)}},
    }
    return yaml.dump({"exposures": [exposure]}, Dumper=_Lines, sort_keys=False, allow_unicode=True)


def _success(question: Question, scenario: Scenario) -> dict[str, Any]:
    """Success metrics with the effect that they share, or each with its own."""
    given = {name: _given(question, scenario, name) for name in question.success}
    first = given[question.success[0]]
    if all(effect == first for effect in given.values()):
        return {"success": list(question.success), "mde": _inline(first)}
    return {"success": {name: _Inline({"mde": _inline(effect)}) for name, effect in given.items()}}


def _given(question: Question, scenario: Scenario, name: str) -> str | dict[str, float]:
    effect = scenario.effects[name]
    if scenario.weeks_given is None or name in question.own_effects:
        return effect.given
    # What is found in four weeks has many digits; up, so that the units still suffice.
    return f"{_up(100 * effect.size)}%"


def _monitoring(question: Question, scenario: Scenario) -> dict[str, Any]:
    return _Inline(question.monitoring | {"planned_n": int(scenario.total)})


def _inline(amount: str | dict[str, float]) -> Any:  # noqa: ANN401
    return _Inline(amount) if isinstance(amount, dict) else amount


def _escaped(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return type(value)({key: _escaped(inner) for key, inner in value.items()})
    if isinstance(value, list):
        return [_escaped(inner) for inner in value]
    return without_jinja(value) if isinstance(value, str) else value


def _up(size: float) -> str:
    """Round up to three digits."""
    digits = 2 - math.floor(math.log10(size))
    return f"{math.ceil(size * 10**digits - 1e-9) / 10**digits:.{max(digits, 0)}f}"
