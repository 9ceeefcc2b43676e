"""How a metric is computed, and what other readings of its window give, for people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from rich.markup import escape

from experimentos.cli.output import print_lines, print_table
from experimentos.memo import filters
from experimentos.memo.layout import Layout
from experimentos.project import Comparison, Reading, Windows

_WORDS: Final = {
    "exact": "exact hours of mature units",
    "all": "exact hours of all units",
    "days": "calendar days of mature units",
}
_WOULD: Final = {
    "better": "would count as better",
    "worse": "would count as worse",
    "not shown": "would be shown neither better nor worse",
    "no units": "would have no units to compare",
}
_IS: Final = {
    "better": "it counts as better",
    "worse": "it counts as worse",
    "not shown": "not",
    "no units": "no unit is mature yet",
}
_COLUMNS: Final = (
    "Reading",
    "Variant",
    "Units",
    "Converted",
    "Rate",
    "Difference",
    "Interval",
    "p",
    "Verdict",
)


def windows_document(windows: Windows) -> dict[str, Any]:
    """Return the readings of a window for machines.

    Parameters
    ----------
    windows : Windows
        Of one experiment.

    Returns
    -------
    dict
        With the sentence that people read.
    """
    return {
        "experiment_id": windows.experiment_id,
        "settings": windows.settings,
        "data_as_of": windows.data_as_of,
        "readings": [asdict(reading) for reading in windows.readings],
        "verdict_changes": any(True for _ in windows.changes()),
        "sentence": _sentence(windows),
    }


def show_windows(windows: Windows) -> None:
    """Print the readings of a window.

    Parameters
    ----------
    windows : Windows
        Of one experiment.
    """
    if windows.is_gone:
        print_lines(f"[bold]{escape(_sentence(windows))}[/]")
        return
    rows = [row for reading in windows.readings for row in _window_rows(reading)]
    window = f"window {windows.settings['window']}"
    print_table(f"{windows.metric} in {windows.experiment_id}, {window}", _COLUMNS, rows)
    print_lines(*(escape(note) for note in _notes(windows)))
    print_lines(f"[bold]{escape(_sentence(windows))}[/]")


def _window_rows(reading: Reading) -> Iterator[tuple[object, ...]]:
    name = _WORDS[reading.name] + (" (decides)" if reading.decides else "")
    compared = {one.variant: _cells(one) for one in reading.comparisons}
    for number, (variant, units) in enumerate(reading.units.items()):
        converted = reading.converted[variant]
        yield (
            "" if number else name,
            variant,
            f"{units:,}",
            f"{converted:,}",
            filters.percent(converted / units if units else None, ""),
            *compared.get(variant, ("", "", "", "")),
        )


def _cells(one: Comparison) -> tuple[str, str, str, str]:
    """Lay out difference, interval, p-value and verdict of a treatment."""
    if one.difference is None:
        return ("", "", "", one.verdict)
    layout = Layout.of(one.difference, one.lower, one.upper, scale=100, usual=2)
    level = "" if one.level is None else f" at {100 * one.level:.4g}%"
    return (
        f"{layout.signed(one.difference)} pp",
        layout.range(one.lower, one.upper) + level if level else "",
        str(filters.p_value(one.p_value)),
        one.verdict,
    )


def _notes(windows: Windows) -> Iterator[str]:
    """Say what a reader of the table has to know of this metric."""
    settings = windows.settings
    yield (
        f"Data until {filters.day(windows.data_as_of)}. Each reading is tested as if the metric "
        f"were the experiment's only one (alpha {settings['alpha']}, goal {settings['goal']})."
    )
    special = {
        "is_by_date": "The fact's times are dates, so exact hours count by days too; they differ "
        "from calendar days only in when a unit counts as mature.",
        "has_part_days": "The window is no whole number of days: calendar days reach to the end "
        "of its last.",
        "is_endless": "The window is open until observation ends, under each reading.",
        "is_retention": "A retention counts units whose span has passed, also among all units.",
        "has_covariate": "The decision is adjusted by a covariate; these readings are not.",
    }
    yield from (text for key, text in special.items() if settings[key])
    if settings["population"] == "activated":
        yield "Units are those that were activated, and their windows start there."
    if len(settings["phases"]) > 1:
        yield "The split was changed: each phase is compared by itself, then they are combined."


def _sentence(windows: Windows) -> str:
    """Whether the verdict on the metric hangs on how its window is read."""
    if windows.is_gone:
        return (
            f"{windows.experiment_id} is archived, and its units are not kept: "
            f"`experimentos build --reopen {windows.experiment_id}` computes it again while its "
            "raw rows are there; then ask again."
        )
    deciding = next(reading for reading in windows.readings if reading.decides)
    if all(one.verdict == "no units" for one in deciding.comparisons):
        return "No unit counts yet under the reading that decides, so there is no verdict."
    changes = [
        f"Under {_WORDS[reading.name]} {one.variant} {_WOULD[one.verdict]}, "
        f"under {_WORDS[deciding.name]} {_IS[base.verdict]}."
        for reading, one, base in windows.changes()
    ]
    if changes:
        return " ".join(changes)
    verdicts = "; ".join(f"{one.variant}: {one.verdict}" for one in deciding.comparisons)
    return f"The reading does not change the verdict ({verdicts})."


def show_metric(metric: Mapping[str, Any]) -> None:
    """Print how a metric is computed.

    Parameters
    ----------
    metric : mapping
        As the macro ``explain`` says.
    """
    print_lines(f"[bold]{escape(metric['metric'])}[/]: {escape(_meaning(metric))}")
    if metric["description"]:
        print_lines(escape(metric["description"]))
    print_table("", ("Setting", "Value"), [row for row in _settings(metric) if row[1] is not None])


def _meaning(metric: Mapping[str, Any]) -> str:
    """Say what the metric is."""
    texts = {side: _part_text(part) for side, part in metric["parts"].items()}
    number = texts["num"]
    if metric["is_summary"]:
        return f"column {metric['parts']['num']['value']} of the summary {metric['model']}"
    if metric["type"] == "proportion" and metric["threshold"] is not None:
        return f"the share of units whose {number} is at least {metric['threshold']:g}"
    return {
        "proportion": f"the share of units with {number}",
        "retention": f"the share of units with a row from {metric['window']} after exposure",
        "funnel": "the share of units that take all steps in their order",
        "quantile": f"the {metric['quantile']} quantile of "
        + (number if metric["of"] == "units" else f"the values of events, {number}"),
        "ratio": f"{number}, divided by {texts.get('den', '')}, both summed over units",
        "mean": f"the mean over units of {number}",
    }[metric["type"]]


def _part_text(part: Mapping[str, Any]) -> str:
    value, aggregate = part["value"], part["aggregate"]
    if aggregate == "any":
        return f"a row whose {value} is true or above 0" if value else "at least one row"
    return f"the {aggregate} of {value}" if value else "the count of rows"


def _settings(metric: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    yield "Type", metric["type"]
    yield "Goal", metric["goal"]
    names = {"num": "Numerator", "den": "Denominator"} if len(metric["parts"]) > 1 else {}
    yield "Model", metric["model"]
    yield "File", metric["file"] or None
    for side, part in metric["parts"].items():
        prefix = f"{names[side]}: " if names else ""
        for key in ("model", "value", "aggregate", "where"):
            if key != "model" or part["model"] != metric["model"]:
                yield f"{prefix}{key}", part[key]
    yield "Steps", metric["steps"]
    yield "Threshold", metric["threshold"]
    yield "Quantile", metric["quantile"]
    yield "Window", metric["window"] or "none: the model has no times"
    yield "Delay", metric["delay"]
    yield "Covariate", metric["covariate"]
    yield "Cap", metric["cap"]
    yield "Lower cap", metric["lower"]
    yield "Slices by", metric["by"]
    yield (
        "Units without rows",
        "are 0" if metric["is_zero_filled"] else "are left out, and counted",
    )
    yield "Maturity", _maturity(metric)


def _maturity(metric: Mapping[str, Any]) -> str:
    if not metric["is_dated"]:
        return "every unit counts: the model has no times"
    if not metric["mature"]:
        return "every unit counts from its exposure on, also while its window is open"
    if metric["is_endless"]:
        return "units count when observation ends, all at once"
    return "a unit counts when its window has closed"


def show_uses(uses: Sequence[Mapping[str, Any]]) -> None:
    """Print which experiments use a metric.

    Parameters
    ----------
    uses : sequence of mapping
        One per experiment.
    """
    columns = {
        "Experiment": "experiment_id",
        "Role": "role",
        "Window": "window",
        "Goal": "goal",
        "Margin": "margin",
        "Cap": "cap",
        "Lower cap": "lower",
        "Status": "status",
    }
    rows = [tuple(use[key] for key in columns.values()) for use in uses]
    print_table("Used by", tuple(columns), rows)
    if not uses:
        print_lines("No experiment uses it.")


def show_conditions(conditions: Sequence[Mapping[str, Any]]) -> None:
    """Print what the warehouse is asked, for people who want to see it.

    Parameters
    ----------
    conditions : sequence of mapping
        One per part of a metric.
    """
    for one in conditions:
        part = f"What is read for {one['part']}"
        if one["relation"] is None:
            print_lines(f"{part}: model {escape(one['model'])} is not built yet.")
            continue
        lines = {
            "from": one["relation"],
            "unit": one["unit"],
            "time": one.get("time"),
            "value": one.get("value"),
            "where": one["where"],
            "counts when": f"time >= {one['from']} and time < {one['to']}"
            if one.get("time")
            else None,
        }
        print_lines(
            f"[bold]{escape(part)}[/]",
            *(f"  {key}: {escape(str(text).strip())}" for key, text in lines.items() if text),
        )
