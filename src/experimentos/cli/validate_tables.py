"""A/A tests for people: false positives, power, and whose units."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.markup import escape

from experimentos.cli.output import print_lines, print_table
from experimentos.memo import filters
from experimentos.planning import PastValidation
from experimentos.project.validation import Validation

_TESTS: Final = {
    "fixed": "once, at the end",
    "daily": "the same every day",
    "superior": "better, by design",
    "noninferior": "within its margin, by design",
    "harm": "worse, by design",
}


def show_validation(one: Validation, dealt: PastValidation | None) -> None:
    """Print how often each test rejects, and what it finds.

    Parameters
    ----------
    one : Validation
        Of an experiment, or of past units.
    dealt : PastValidation, optional
        Whose units, where there is no experiment.
    """
    title = f"{one.experiment_id}: {one.request.runs:,} A/A tests on its own units"
    columns = ("Metric", "Test", "Rejects", "95% interval", "May be", "")
    print_table(title, columns, list(_false_rows(one)))
    power = list(_power_rows(one))
    columns = ("Metric", "Test", "Effect", "Finds it", "95% interval", "Planned")
    print_table("Power", columns, power)
    print_lines(*(escape(note) for note in _notes(one, dealt)))
    print_lines(f"[bold]{escape(_sentence(one))}[/]")


def show_left_out(reasons: Mapping[str, str]) -> None:
    """Print which experiments were not validated, and why.

    Parameters
    ----------
    reasons : mapping
        By experiment.
    """
    if reasons:
        print_lines(
            f"Not validated: {', '.join(map(escape, reasons))}", *map(escape, reasons.values())
        )


def _false_rows(one: Validation) -> Iterator[tuple[object, ...]]:
    before = None
    for row in one.rows():
        if row["measure"] != "false_positive":
            continue
        yield (
            "" if row["metric"] == before else row["metric"],
            _TESTS[row["test"]],
            _percent(row["rate"]),
            _range(row),
            "" if row["nominal"] is None else _percent(row["nominal"]),
            "flagged" if row["is_flagged"] else "",
        )
        before = row["metric"]


def _power_rows(one: Validation) -> Iterator[tuple[object, ...]]:
    for row in one.rows():
        if row["measure"] == "power":
            yield (
                row["metric"],
                _TESTS[row["test"]],
                _effect(row),
                _percent(row["rate"]),
                _range(row),
                "" if row["nominal"] is None else _percent(row["nominal"]),
            )


def _effect(row: dict[str, Any]) -> str:
    if row["effect_kind"] is None:
        return "none"
    is_relative = row["effect_kind"] == "relative"
    return f"{100 * row['effect']:+.4g}%" if is_relative else f"{row['effect']:+.4g}"


def _percent(value: float | None) -> str:
    return "undefined" if value is None else f"{100 * value:.2f}%"


def _range(row: dict[str, Any]) -> str:
    if row["rate"] is None:
        return ""
    return f"{_percent(row['lower'])} to {_percent(row['upper'])}"


def _notes(one: Validation, dealt: PastValidation | None) -> Iterator[str]:
    """Say whose units, how many, and what they were dealt by."""
    whose = "control" if one.request.arms == "control" else "all arms together"
    if dealt is not None:
        traffic, period = dealt.population.traffic, dealt.population.period
        where = f" where {traffic.where}" if traffic.where else ""
        whose = f"{traffic.model}{where}, by first row from {period.first} to {period.until},"
        yield from dealt.notes
    each = "one unit each" if one.n_buckets == one.n_units else f"of {one.n_units:,} units"
    yield (
        f"Units of {whose} in {one.n_buckets:,} buckets, {each}; {100 * one.treated_share:.4g}% "
        f"of the buckets treated. Data until {filters.day(one.data_as_of)}. "
        f"`--salt {one.request.salt}` repeats this run."
    )
    if not any(rate.test == "daily" for rate in one.rates):
        yield "No rate under daily looks: all units enter on one day."
    if one.n_phases > 1:
        yield "The split was changed: units of all its phases are dealt by the last."
    for rate in one.rates:
        if rate.test == "fixed" and rate.measure == "false_positive" and rate.n_undefined:
            yield (
                f"In {rate.n_undefined:,} of {rate.n_runs:,} deals a verdict would say nothing of "
                f"{rate.metric}: too few units or events, or too few for how skewed its values are."
            )
    for metric, reason in one.left_out.items():
        yield f"{metric} is left out: {reason}."


def _sentence(one: Validation) -> str:
    flagged = [rate for rate in one.rates if rate.is_flagged]
    if not flagged:
        return "No test rejects more often than it may."
    names = dict.fromkeys(rate.metric for rate in flagged)
    return (
        f"More false positives than there may be: {', '.join(names)}. Look at the shape of "
        "these metrics (few units, few events, a heavy tail): a cap, a longer run or another split "
        "may help."
    )
