"""What each health check says, in the language that is spoken, by its name, status and numbers.

The marts hold messages in English. They are printed as they are, unless a project has put a text in
the place of the one that a check has here.
"""

from dataclasses import dataclass
from typing import Final

from experimentos.charts import wording
from experimentos.charts.language import Words
from experimentos.memo.context import HealthCheck
from experimentos.memo.terms import term


@dataclass(frozen=True, slots=True)
class Said:
    """What a check says when it is healthy, and when it is not."""

    healthy: Words
    other: Words
    blocked: Words | None = None


def _same(text: str) -> Said:
    return Said(Words(text), Words(text))


CHECKS: Final = {
    "definition_valid": Said(
        Words("the definition has no problem"),
        Words("the definition has problems: `experimentos check` names them"),
    ),
    "archived_definition": _same("the definition was changed after the experiment was archived"),
    "limits_loosened": _same("limits of checks are looser than they are by default"),
    "plan_changed": _same("the plan was changed after the first look"),
    "dates_changed": _same(
        "{count} look(s) were taken on dates that are no longer planned; what they spent stays "
        "spent"
    ),
    "look_restated": _same(
        "rows from before the look, or the definitions, were changed after it was taken: the "
        "estimate of metric '{metric}' would be another today, and the look keeps its numbers"
    ),
    "look_retaken": _same(
        "the look at the planned end was taken again, for a reason that is given"
    ),
    "renamed": _same(
        "these assignments were looked at {count} time(s) under another name, and what that spent "
        "is not counted here"
    ),
    "has_assignments": Said(
        Words("units were assigned"), Words("no unit was assigned within the dates")
    ),
    "variant_has_units": Said(
        Words("the variant has units"), Words("no unit was assigned to variant '{variant}'")
    ),
    "crossovers": _same(
        "{share} of the units were assigned to more than one variant; they are left out"
    ),
    "unknown_variants": _same("{share} of the rows have a variant that is not planned"),
    "data_as_of": Said(
        Words("every fact model has rows"),
        Words(
            "a fact model of this experiment has no row up to the build: set complete_until if "
            "that is right"
        ),
    ),
    "complete_until": _same(
        "a fact is said to be complete until a day after the build; its data end before the day "
        "of the build"
    ),
    "future_rows": Said(
        Words("no row lies after the build"),
        Words("{count} row(s) lie after the build; they are not read"),
    ),
    "early_rows": Said(
        Words("no row lies before the year 2000"), Words("rows lie before the year 2000")
    ),
    "freshness": Said(
        Words("every fact has all the data there can be"),
        Words("a fact ends {count} day(s) before the data that could be there"),
    ),
    "assigned_before_facts": Said(
        Words("no unit was assigned before the facts begin"),
        Words(
            "{share} of the units were assigned before a fact begins: their windows are partly "
            "empty"
        ),
    ),
    "phases_mixed": _same(
        "levels of this segment hold units of several phases of the split: their effects are not "
        "shown"
    ),
    "one_row_per_variant": Said(
        Words("the summary has one row per variant"),
        Words("the summary has several rows for one variant"),
    ),
    "enough_units": Said(
        Words("there are units to compare"),
        Words(
            "metric '{metric}' has {count} unit(s) in variant '{variant}': at least two are needed"
        ),
    ),
    "values_skipped": _same(
        "{share} of the values are NULL, not a number, infinite or beyond 1e100; they are skipped"
    ),
    "varies": Said(
        Words("values differ between units"),
        Words(
            "metric '{metric}' does not vary, or has too few usable values: nothing can be shown "
            "from it"
        ),
        Words(
            "metric '{metric}' is the same for every unit of variant '{variant}' and for every "
            "unit of control, and worse: no test can say how surely"
        ),
    ),
    "skewness": Said(
        Words("there are units enough for the skewness of the values"),
        Words(
            "values of metric '{metric}' are so skewed that intervals of so few units may not "
            "hold: a cap would help"
        ),
    ),
    "units_for_skewness": _same(
        "metric '{metric}' has too few units in variant '{variant}' for the skewness of its "
        "values: nothing is decided on it"
    ),
    "cap_applied": Said(
        Words("values are capped as defined"),
        Words(
            "the percentile of metric '{metric}' is where most units are: it is not capped there"
        ),
    ),
    "capped_share": Said(
        Words("the caps of metric '{metric}' cut the values of {share} of the units"),
        Words(
            "the caps of metric '{metric}' cut the values of {share} of the units, which is not "
            "what they are meant to"
        ),
    ),
    "precision": Said(
        Words("the spread is large enough for the scale of the values"),
        Words(
            "values of metric '{metric}' are so large against their spread that digits are lost, "
            "or its sums are not possible"
        ),
    ),
    "unique_units": _same(
        "{count} unit(s) have more than one row, but `timestamp: none` means one row per unit"
    ),
    "covariate_coverage": Said(
        Words("the fact covers the time before exposure"),
        Words("the fact does not reach back far enough: metric '{metric}' is not adjusted"),
    ),
    "covariate_balance": Said(
        Words("the variants were alike before exposure"),
        Words("metric '{metric}' differed between the variants before exposure"),
    ),
    "values_missing": Said(
        Words("{share} of the units have no value and are left out"),
        Words("{share} of the units have no value and are left out, another share than in control"),
    ),
    "skipped_alike": Said(
        Words("{share} of the values are skipped"),
        Words("{share} of the values are skipped: what is left may not be comparable"),
    ),
    "late_changes": Said(
        Words("no rows changed later than `lookback` says"),
        Words(
            "rows of {count} day(s) changed later than `lookback` says; earlier numbers were "
            "computed again"
        ),
    ),
    "inference_current": Said(
        Words("inference was computed from the moments shown"),
        Words("inference is older than the data: run experimentos build"),
    ),
}
"""Check to what it says; those of a split are told by `_split`."""

_NOT_STARTED: Final = Words("the experiment has not started")
_AGREES: Final = Words("the split agrees with the planned one ({population} units)")
_UNLIKELY: Final = Words("the split is unlikely under the planned one ({population} units)")
_WRONG: Final = Words(
    "the split is not the planned one; missing treatment units may themselves be harm "
    "({population} units)"
)
_WRONG_LEVEL: Final = Words(
    "the split within this level is not the planned one: its effects are not shown "
    "({population} units)"
)
_WRONG_ACTIVATED: Final = Words(
    "the split of activated units is not the planned one: their analysis is withheld, that of all "
    "assigned units is shown"
)
_NOT_TESTED: Final = Words("the split could not be tested")
_ACTIVATED_ALIKE: Final = Words("as many units activated in every variant")
_ACTIVATED_WARNED: Final = Words(
    "the share of units that activated may differ between the variants"
)
_ACTIVATED_WRONG: Final = Words(
    "the share of units that activated differs between the variants: the analysis of activated "
    "units is withheld, that of all assigned units is shown"
)
_ACTIVATION_UNKNOWN: Final = Words("the share of units that activated could not be compared")
USUAL_BLOCK: Final = 0.001
"""Where a sample ratio blocks, unless a project says otherwise."""
_STARTING: Final = frozenset({"has_assignments", "variant_has_units"})


def check_message(check: HealthCheck) -> str | None:
    """Say what a check saw.

    Parameters
    ----------
    check : HealthCheck
        Its row.

    Returns
    -------
    str or None
        None where the project has no text for it: then the mart's message stands.
    """
    words = _words(check)
    if words is None or not words.is_translated:
        return None
    observed = check.observed
    return words(
        metric=check.metric or "",
        variant=check.variant or "",
        population=term(check.population or ""),
        count=wording.count(None if observed is None else round(observed)),
        share=wording.number(None if observed is None else 100 * observed, "%"),
    )


def _words(check: HealthCheck) -> Words | None:
    if check.check_name == "sample_ratio":
        return _split(check)
    if check.check_name == "activation_rate":
        return _activation(check)
    said = CHECKS.get(check.check_name)
    if said is None:
        return None
    is_healthy = check.status == "healthy"
    if is_healthy and check.check_name in _STARTING and not check.observed:
        return _NOT_STARTED
    if check.status == "blocked" and said.blocked is not None:
        return said.blocked
    return said.healthy if is_healthy else said.other


def _split(check: HealthCheck) -> Words:
    if check.p_value is None:
        return _NOT_TESTED
    if check.status == "healthy":
        return _AGREES
    if check.status == "blocked":
        return _WRONG_ACTIVATED if check.population == "activated" else _WRONG
    # A level only warns. What it met tells whether its effects are withheld.
    is_level = check.segment not in (None, "all", "phase")
    is_withheld = check.threshold is not None and check.threshold <= USUAL_BLOCK
    return _WRONG_LEVEL if is_level and is_withheld else _UNLIKELY


def _activation(check: HealthCheck) -> Words:
    if check.p_value is None:
        return _ACTIVATION_UNKNOWN
    if check.status == "healthy":
        return _ACTIVATED_ALIKE
    return _ACTIVATED_WRONG if check.status == "blocked" else _ACTIVATED_WARNED
