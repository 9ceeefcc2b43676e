"""Why an experiment has its verdict, rule by rule, for people and for machines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from html import unescape
from typing import Any, Final

from rich.markup import escape

from experimentos.cli.explain_tables import show_conditions
from experimentos.cli.output import print_lines, print_table
from experimentos.memo import filters
from experimentos.project import Rule, Variant, Verdict

_RULES: Final = {
    "health_blocked": "the data are not fit to decide on",
    "plan_changed": "the plan was changed after data were seen",
    "harmed": "shown worse than control, or beyond a margin",
    "no_look_due": "no look is due, or the end is not reached",
    "launchable": "better on a success metric, within all margins, nothing worse",
    "guardrail_unsettled": "better, but a guardrail stands against it",
    "looks_remain": "looks remain",
    "ruled_out": "an effect of the size looked for is ruled out",
    "inconclusive": "none of these",
    "superior": "better",
    "noninferior": "within its margin",
    "worse": "shown worse, uncorrected",
    "dates_changed": "dates of looks changed",
    "not_shown_safe": "guardrail without a margin",
    "bounded": "bound of the benefit",
    "power_reached": "power reached",
}
_BY_P: Final = ("harmed", "launchable", "superior", "noninferior", "worse")
_DAY_FORMAT: Final = "%Y-%m-%d %H:%M UTC"


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """Return why an experiment has its verdict, for machines.

    Parameters
    ----------
    verdict : Verdict
        Of an experiment.

    Returns
    -------
    dict
        Rows as the tables have them, put under the rules.
    """
    return {
        **asdict(verdict),
        "definitions_changed_since": verdict.has_changed,
        "variants": [
            {**asdict(one), "nearest": one.nearest, "nearest_sentence": _nearest(one)}
            for one in verdict.variants
        ],
    }


def show_verdict(verdict: Verdict, *, with_sql: bool) -> None:
    """Print why an experiment has its verdict.

    Parameters
    ----------
    verdict : Verdict
        Of an experiment.
    with_sql : bool
        Whether to print the SQL too.
    """
    decision, experiment = verdict.decision, verdict.experiment
    variant = f" {decision['variant']}" if decision["variant"] else ""
    print_lines(
        f"[bold]{escape(str(decision['verdict']).capitalize() + variant)}[/]  "
        f"{escape(str(decision['experiment_id']))}: {escape(str(decision['reason']))}",
        f"Built {decision['decided_at']:{_DAY_FORMAT}} on data until "
        f"{filters.day(decision['data_as_of'])}, by definition {decision['definitions_hash']} "
        f"({escape(verdict.file)}).",
        f"Design {experiment['design']}, alpha {experiment['alpha']:g}: "
        f"{experiment['alpha'] / 2:g} for Launch, {experiment['alpha_harm']:g} for Rollback. "
        f"Success metrics are corrected by {experiment['correction']}.",
    )
    if verdict.has_changed:
        print_lines(
            "[yellow]The definition has changed since[/], and what follows is of the old one: "
            + escape(verdict.edit_note or f"it is now {verdict.defined_hash}; build again.")
        )
    if verdict.is_archived:
        print_lines(
            "It is archived: these numbers are a copy, and builds read no raw rows for it. "
            f"`experimentos build --reopen {escape(str(decision['experiment_id']))}` computes it "
            "again, and --sql then shows its own rows too."
        )
    if not verdict.variants:
        print_lines("No treatment was decided on.")
    for one in verdict.variants:
        _show_variant(one)
    print_table(
        "Health: what warns or blocks, and the split",
        ("Check", "Status", "Metric", "Variant", "Observed", "Threshold", "p", "Message"),
        [_health_row(row) for row in verdict.health],
    )
    print_table(
        "Power",
        ("Metric", "Variant", "Test", "Planned", "Reached", "Units needed", "Days left"),
        [_power_row(row) for row in verdict.power],
    )
    if with_sql:
        _show_sql(verdict)
    else:
        print_lines("--sql prints the SQL behind each number.")


def _show_variant(one: Variant) -> None:
    decision = one.decision
    print_lines(
        "",
        f"[bold]{escape(str(decision['variant']))}: {decision['verdict']}[/], by the first rule "
        "that fires. The distance is in standard errors: 0 or less meets the threshold.",
    )
    for number, rule in enumerate(one.rules, 1):
        print_lines(*_rule_lines(number, rule))
    print_lines(escape(_nearest(one)))
    print_table(
        f"{decision['variant']}: what is compared",
        ("Metric", "Role", "Units", "Control", "Variant", "Estimate", "Standard error", "Method"),
        [_effect_row(row) for row in one.effects],
    )
    print_table(
        f"{decision['variant']}: what is shown",
        ("Metric", "p now", "p at look", "p corrected", "p in margin", "p harm",
         "p harm corrected", "Interval", "Look"),
        [_test_row(row) for row in one.effects],
    )  # fmt: skip
    print_lines(
        *(f"  {escape(row['metric'])}: {escape(row['adjusted_because'])}." for row in one.effects)
    )


def _rule_lines(number: int, rule: Rule) -> Iterator[str]:
    fired = "decides" if rule.decides else "also fired" if rule.fired else "no"
    style = "bold" if rule.decides else "default"
    yield (
        f"[{style}]{number:3d} {rule.rule:<20}{rule.verdict:<10}{fired:<12}{_RULES[rule.rule]}[/]"
    )
    for row in (*rule.evidence, *rule.parts):
        part = "" if row["rule"] == rule.rule else f"{_RULES[row['rule']]}: "
        is_named = row["metric"] == "all" or row["metric"] in str(row["message"])
        metric = "" if is_named else f"{row['metric']}: "
        yield f"      {'yes' if row['fired'] else 'no':<5}" + escape(
            f"{part}{metric}{_seen(row)}{row['message']}"
        )


def _seen(row: Mapping[str, Any]) -> str:
    """Say what a rule saw against its threshold."""
    if row["observed"] is None:
        return ""
    is_p = row["rule"] in _BY_P
    seen = f"p {_p(row['observed'])}" if is_p else _number(row["observed"])
    against = "" if row["threshold"] is None else f" against {_number(row['threshold'])}"
    distance = "" if row["distance"] is None else f" (distance {row['distance']:+.2f})"
    return f"{seen}{against}{distance}; "


def _nearest(one: Variant) -> str:
    """Say which rule came closest to changing the verdict."""
    row = one.nearest
    if row is None:
        return "No other rule was near enough to be measured."
    metric = "" if row["metric"] == "all" else f" on {row['metric']}"
    saw = ""
    if row["observed"] is not None:
        observed = _p(row["observed"]) if row["rule"] in _BY_P else _number(row["observed"])
        saw = f": {observed} against {_number(row['threshold'])}"
    return (
        f"Nearest rule that did not fire: {row['rule']}{metric} ({_RULES[row['rule']]}){saw}, "
        f"{row['distance']:.2f} standard errors short of it."
    )


def _effect_row(row: Mapping[str, Any]) -> tuple[object, ...]:
    return (
        row["metric"],
        row["role"] + ("" if row["margin"] is None else f", margin {_margin(row)}"),
        f"{row['n_control']:,} and {row['n_treatment']:,}",
        _number(row["value_control"]),
        _number(row["value_treatment"]),
        _number(row["estimate"]),
        _number(row["std_error"]),
        row["method"],
    )


def _margin(row: Mapping[str, Any]) -> str:
    relative = row["margin_kind"] == "relative"
    return f"{100 * row['margin']:.4g}%" if relative else _number(row["margin"]) or ""


def _test_row(row: Mapping[str, Any]) -> tuple[object, ...]:
    level = "" if row["level"] is None else f" at {100 * row['level']:.4g}%"
    limits = (row["lower"], row["upper"])
    none = all(limit is None for limit in limits)
    return (
        row["metric"],
        _p(row["p_value_fixed"]),
        _p(row["p_value"]),
        _p(row["p_value_corrected"]),
        _p(row["p_value_noninferior"]),
        _p(row["p_value_harm"]),
        _p(row["p_value_harm_corrected"]),
        None if none else " to ".join(_number(limit) or "open" for limit in limits) + level,
        "; ".join(_look(row)) or None,
    )


def _look(row: Mapping[str, Any]) -> Iterator[str]:
    if row["look"] is not None:
        yield f"{row['look']} on {row['look_date']:%Y-%m-%d}"
    if row["statistic"] is not None and row["boundary"] is not None:
        yield f"z {row['statistic']:.3f} against {row['boundary']:.3f}"
    if row["information_fraction"] is not None:
        yield f"{row['information_fraction']:.0%} of the units"


def _health_row(row: Mapping[str, Any]) -> tuple[object, ...]:
    return (
        row["check_name"],
        row["status"],
        None if row["metric"] == "all" else row["metric"],
        None if row["variant"] == "all" else row["variant"],
        _number(row["observed"]),
        _number(row["threshold"]),
        _p(row["p_value"]),
        row["message"],
    )


def _power_row(row: Mapping[str, Any]) -> tuple[object, ...]:
    shares = [None if row[key] is None else f"{100 * row[key]:.4g}%"
              for key in ("mde_planned", "mde_reached")]  # fmt: skip
    needed = None if row["n_needed"] is None else f"{row['n_needed']:,.0f}"
    left = None if row["days_left"] is None else f"{row['days_left']:.0f}"
    return (row["metric"], row["variant"], row["test"], *shares, needed, left)


def _p(value: float | None) -> str | None:
    return None if value is None else unescape(filters.p_value(value))


def _number(value: float | None) -> str | None:
    return None if value is None else unescape(filters.number(value))


def _show_sql(verdict: Verdict) -> None:
    """Print what rows are read, the rows that were compared, and the models between."""
    for metric, conditions in verdict.conditions.items():
        print_lines("", f"[bold]{escape(metric)}[/]: the rows that are read")
        show_conditions(conditions)
        for one in verdict.variants:
            for row in one.effects:
                if row["metric"] == metric:
                    _show_statement(f"its moments, {one.decision['variant']}", row["sql"])
    for name, text in verdict.sql.items():
        _show_statement(name, text)


def _show_statement(title: str, text: str) -> None:
    lines: Sequence[str] = text.splitlines()
    print_lines("", f"[bold]-- {escape(title)}[/]", *(escape(line) for line in lines))
