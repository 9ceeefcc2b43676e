"""A difference in Markdown for a pull request, and as JSON for machines."""

from functools import lru_cache
from typing import Any

from jinja2 import Environment

from experimentos.diff.differences import Difference, EffectChange, ExperimentChange
from experimentos.memo import Memo
from experimentos.memo.context import Finding
from experimentos.memo.templates import escaping_environment, tidy


def as_markdown(difference: Difference) -> str:
    """Render a difference for a pull request.

    Parameters
    ----------
    difference : Difference
        From ``compare_builds``.

    Returns
    -------
    str
        GitHub-flavoured Markdown, ending in a newline. The same rows give the same bytes.
    """
    return tidy(_environment().get_template("diff.md.j2").render(difference=difference))


def as_json(difference: Difference) -> dict[str, Any]:
    """Return a difference for machines.

    Parameters
    ----------
    difference : Difference
        From ``compare_builds``.

    Returns
    -------
    dict
        Plain values; numbers as they are in the tables.
    """
    return {
        "base": difference.base,
        "n_compared": difference.n_compared,
        "n_other_changed": difference.n_other,
        "verdicts_changed": [change.experiment_id for change in difference.verdicts],
        "metrics_new": list(difference.metrics_new),
        "metrics_removed": list(difference.metrics_removed),
        "definitions": [
            {
                "kind": field.kind,
                "name": field.name,
                "key": field.key,
                "before": field.before,
                "after": field.after,
            }
            for field in difference.fields
        ],
        "experiments": [_experiment(change) for change in difference.changed],
    }


def _experiment(change: ExperimentChange) -> dict[str, Any]:
    return {
        "experiment_id": change.experiment_id,
        "is_new": change.is_new,
        "is_removed": change.is_removed,
        "is_running": change.is_running,
        "verdict_changed": change.verdict_changed,
        "rule_changed": change.rule_changed,
        "definitions_changed": change.definitions_changed,
        "data_moved": change.data_moved,
        "before": _memo(change.before, change.units[0]),
        "after": _memo(change.after, change.units[1]),
        "effects": [_effect(effect) for effect in change.effects],
        "health": [
            {
                "check_name": check.check_name,
                "subject": list(check.subject),
                "before": check.before,
                "after": check.after,
                "message": check.message,
            }
            for check in change.health
        ],
    }


def _memo(memo: Memo | None, n_units: int | None) -> dict[str, Any] | None:
    if memo is None:
        return None
    return {
        "verdict": memo.verdict,
        "variant": memo.variant,
        "rule": memo.rule,
        "reason": memo.reason,
        "is_blocked": memo.is_blocked,
        "n_units": n_units,
        "data_as_of": memo.experiment.data_as_of,
        "definitions_hash": memo.experiment.definitions_hash,
    }


def _effect(change: EffectChange) -> dict[str, Any]:
    return {
        "metric": change.metric,
        "variant": change.variant,
        "moved_std_errors": change.moved,
        "before": _finding(change.before),
        "after": _finding(change.after),
        "recorded": _finding(change.recorded),
    }


def _finding(finding: Finding | None) -> dict[str, Any] | None:
    if finding is None:
        return None
    effect = finding.effect
    names = ("role", "estimate", "std_error", "lower", "upper", "level", "lift", "lift_lower",
             "lift_upper", "n_control", "n_treatment")  # fmt: skip
    return {"reading": finding.reading} | {name: getattr(effect, name) for name in names}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return escaping_environment()
