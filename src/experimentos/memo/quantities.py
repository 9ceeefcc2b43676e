"""What a check or a rule observed and held it against, each in its unit, as plain text."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from experimentos.charts import language, wording
from experimentos.charts.language import Words
from experimentos.memo.context import Evidence, HealthCheck
from experimentos.memo.layout import percentage, short_text
from experimentos.memo.terms import term

if TYPE_CHECKING:
    from experimentos.memo.report import Memo

Print = Callable[[float], str]

SMALLEST_P: Final = 0.0001
"""A p-value below it is not printed."""
_P_EQUALS, _P_BELOW = Words("p = {p}"), Words("p {p}")
_NOTHING: Final = "–"
_COUNTED: Final = {
    noun: (Words(f"{{count}} {noun}"), Words(f"{{count}} {noun}s"))
    for noun in ("unit", "row", "look")
}
_STANDARD_ERRORS: Final = Words("{count} standard errors")
_STANDARD_DEVIATIONS: Final = Words("{count} standard deviations")


def p_text(value: float) -> str:
    """Write a p-value.

    Parameters
    ----------
    value : float
        From 0 to 1.

    Returns
    -------
    str
        Four decimals, never 0.
    """
    if value < SMALLEST_P:
        return f"< {language.digits(str(SMALLEST_P))}"
    return language.digits(f"{value:.4f}" if value < 0.99995 else "1")


def p_words(value: float) -> str:
    """Write a p-value as an equation or inequality.

    Parameters
    ----------
    value : float
        From 0 to 1.

    Returns
    -------
    str
        For a sentence.
    """
    return (_P_BELOW if value < SMALLEST_P else _P_EQUALS)(p=p_text(value))


def observed(row: HealthCheck | Evidence, memo: "Memo") -> str:
    """Write what a check or a rule observed.

    Parameters
    ----------
    row : HealthCheck or Evidence
        Which.
    memo : Memo
        It is of.

    Returns
    -------
    str
        With its unit; a dash where the number alone says nothing.
    """
    if isinstance(row, HealthCheck):
        is_test = row.check_name in TESTED
        value = row.p_value if is_test else row.observed
        return _NOTHING if value is None else _of_check(row.check_name)(value)
    return _NOTHING if row.observed is None else _of_rule(row, memo)(row.observed)


def threshold(row: HealthCheck | Evidence, memo: "Memo") -> str:
    """Write what an observation was held against.

    Parameters
    ----------
    row : HealthCheck or Evidence
        Which.
    memo : Memo
        It is of.

    Returns
    -------
    str
        In the unit of what was observed; a dash where there is nothing to hold it against.
    """
    if row.threshold is None:
        return _NOTHING
    show = _of_check(row.check_name) if isinstance(row, HealthCheck) else _of_rule(row, memo)
    # A limit of p-values is a number: it is not itself a p-value.
    return short_text(row.threshold) if show is p_words else show(row.threshold)


def _of_check(check_name: str) -> Print:
    return p_words if check_name in TESTED else CHECKED.get(check_name, short_text)


def _of_rule(row: Evidence, memo: "Memo") -> Print:
    if row.rule != "bounded":
        return RULED.get(row.rule, _nothing)
    use = memo.use(row.metric or "")
    return short_text if use is not None and use.mde_kind == "absolute" else percentage


def _nothing(value: float) -> str:
    del value
    return _NOTHING


def _counted(noun: str) -> Print:
    one, many = _COUNTED[noun]

    def show(value: float) -> str:
        count = round(value)
        return (one if count == 1 else many)(count=wording.count(count))

    return show


def _measured(words: Words) -> Print:
    return lambda value: words(count=short_text(value))


def _days(value: float) -> str:
    count = round(value)
    return term(f"{count} day" if count == 1 else f"{count} days")


TESTED: Final = frozenset(
    {"sample_ratio", "activation_rate", "covariate_balance", "values_missing", "skipped_alike"}
)
"""Checks that hold a p-value against their limit."""
CHECKED: Final[Mapping[str, Print]] = (
    dict.fromkeys(
        ("crossovers", "unknown_variants", "values_skipped", "assigned_before_facts",
         "capped_share", "covariate_coverage"),
        percentage,
    )
    | dict.fromkeys(("freshness", "late_changes"), _days)
    | dict.fromkeys(
        ("skewness", "enough_units", "has_assignments", "variant_has_units", "unique_units"),
        _counted("unit"),
    )
    | dict.fromkeys(("future_rows", "one_row_per_variant"), _counted("row"))
    | dict.fromkeys(("dates_changed", "renamed"), _counted("look"))
    | {
        "look_restated": _measured(_STANDARD_ERRORS),
        "precision": _measured(_STANDARD_DEVIATIONS),
        "units_for_skewness": short_text,
    }
    # Their messages say all of it.
    | dict.fromkeys(
        ("definition_valid", "archived_definition", "limits_loosened", "plan_changed",
         "look_retaken", "data_as_of", "complete_until", "early_rows", "phases_mixed", "varies",
         "cap_applied", "inference_current"),
        _nothing,
    )
)  # fmt: skip
"""How each other check's numbers are written; those of a check that is not here are bare."""
RULED: Final[Mapping[str, Print]] = dict.fromkeys(
    ("harmed", "launchable", "superior", "noninferior", "worse"), p_words
) | dict.fromkeys(("power_reached", "not_shown_safe"), percentage)
"""How rules' numbers are written; `bounded` is in the unit of its size, others say it in words."""
