"""What ``plan`` and ``validate --past`` ask of the past: options, and the question they make."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Any

import typer

from experimentos.cli.options import read_split
from experimentos.errors import InputError
from experimentos.planning import Amount, Question, read_amount, read_guardrail, read_metric

WHAT, WHO, HOW = "What is tested", "Whose history", "How it is run"

Metrics = Annotated[
    list[str] | None,
    typer.Option("--metric", "-m", metavar="METRIC[:EFFECT]", rich_help_panel=WHAT,
                 help="A success metric, with the smallest effect looked for of it alone like "
                 "revenue:5%; again for more."),
]  # fmt: skip
Guardrails = Annotated[
    list[str] | None,
    typer.Option("--guardrail", "-g", metavar="METRIC[:MARGIN]", rich_help_panel=WHAT,
                 help="A guardrail, with margin like latency:2% or errors:absolute:0.001; again "
                 "for more."),
]  # fmt: skip
Effects = Annotated[
    list[str] | None,
    typer.Option("--mde", metavar="EFFECT", rich_help_panel=WHAT,
                 help="Smallest effect looked for, like 2% or absolute:0.5, of metrics that have "
                 "none of their own; again for a plan of each."),
]  # fmt: skip
Weeks = Annotated[
    list[int] | None,
    typer.Option("--weeks", rich_help_panel=WHAT,
                 help="Find the smallest effect of each metric within so many weeks, windows "
                 "included; again for more."),
]  # fmt: skip
Variants = Annotated[
    int | None,
    typer.Option("--variants", min=2, show_default="2", rich_help_panel=HOW,
                 help="Number of variants of equal shares, control among them."),
]  # fmt: skip
Split = Annotated[
    list[str] | None,
    typer.Option("--split", metavar="VARIANT=SHARE", rich_help_panel=HOW, show_default="equal",
                 help="The planned share of a variant, control first; give it for each."),
]  # fmt: skip
Alpha = Annotated[float, typer.Option("--alpha", help="Two-sided error rate.", rich_help_panel=HOW)]
AlphaHarm = Annotated[
    float | None,
    typer.Option("--alpha-harm", rich_help_panel=HOW, show_default="half of alpha",
                 help="One-sided error rate of Rollback."),
]  # fmt: skip
Correction = Annotated[
    str,
    typer.Option("--correction", rich_help_panel=HOW,
                 help="holm, bonferroni, hommel, closed or dunnett, of the success metrics. Units "
                 "are those of bonferroni; no other needs more."),
]  # fmt: skip
Power = Annotated[
    float, typer.Option("--power", help="Probability to launch.", rich_help_panel=HOW)
]
Monitoring = Annotated[
    str,
    typer.Option("--monitoring", rich_help_panel=HOW,
                 help="group_sequential, always_valid or fixed."),
]  # fmt: skip
Looks = Annotated[
    int,
    typer.Option("--looks", rich_help_panel=HOW, help="Looks, of group_sequential."),
]
Spending = Annotated[
    str,
    typer.Option("--spending", rich_help_panel=HOW,
                 help="obrien_fleming, pocock, linear, hwang_shih_decani (with --gamma) or "
                 "kim_demets (with --rho), of group_sequential."),
]  # fmt: skip
Gamma = Annotated[
    float | None,
    typer.Option("--gamma", rich_help_panel=HOW, help="Of hwang_shih_decani: -40 to 40."),
]
Rho = Annotated[
    float | None, typer.Option("--rho", rich_help_panel=HOW, help="Of kim_demets: up to 50.")
]
On = Annotated[
    str | None,
    typer.Option("--on", metavar="MODEL", rich_help_panel=WHO,
                 show_default="the fact that brings the most",
                 help="Units enter with their first row of this listed model."),
]  # fmt: skip
Where = Annotated[
    str | None,
    typer.Option("--where", metavar="SQL", help="Which of its rows.", rich_help_panel=WHO),
]
Unit = Annotated[
    str | None,
    typer.Option("--unit", metavar="KIND", rich_help_panel=WHO, show_default="the one assigned",
                 help="Kind of unit, where there are several."),
]  # fmt: skip
From = Annotated[
    str | None,
    typer.Option("--from", metavar="DATE", rich_help_panel=WHO,
                 help="First day on which units enter.", show_default="whole weeks, at most 8"),
]  # fmt: skip
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="DATE", rich_help_panel=WHO,
                 show_default="when windows have closed",
                 help="Exclusive end of the days on which units enter."),
]  # fmt: skip
HistoryWeeks = Annotated[
    int | None,
    typer.Option("--history", metavar="WEEKS", rich_help_panel=WHO, show_default="at most 8",
                 help="Weeks in which units enter."),
]  # fmt: skip


def asked(
    *, metric: Sequence[str] | None, guardrail: Sequence[str] | None, mde: Sequence[str] | None,
    shares: tuple[int | None, Sequence[str] | None], first: str | None, until: str | None,
    history: int | None, **given: Any,  # noqa: ANN401
) -> Question:  # fmt: skip
    """Put options together to a question.

    Parameters
    ----------
    metric, guardrail, mde : sequence of str, optional
        As given.
    shares : tuple
        Number of variants, and shares by variant, as given.
    first, until : str, optional
        Dates as given.
    history : int, optional
        Weeks.
    **given
        Fields of the question that are taken as they are.

    Returns
    -------
    Question
        Checked.
    """
    try:
        success = _read_named(metric or (), "--metric", read_metric)
        return Question(
            success=list(success),
            own_effects={name: one for name, one in success.items() if one is not None},
            guardrails=_read_named(guardrail or (), "--guardrail", read_guardrail),
            effects=[read_amount(text, "--mde") for text in mde or ()],
            shares=_shares(shares[0], shares[1] or ()),
            first=read_date(first, "--from"),
            until=read_date(until, "--until"),
            history_weeks=history,
            **given,
        )
    except InputError as error:
        raise typer.BadParameter(str(error)) from error


def _read_named(
    given: Sequence[str], option: str, read: Callable[[str], tuple[str, Amount | None]]
) -> dict[str, Amount | None]:
    """Read metrics with what is given with them; all that cannot be read is named."""
    found: dict[str, Amount | None] = {}
    problems = []
    for text in given:
        try:
            name, amount = read(text)
        except InputError as error:
            problems.append(str(error))
            continue
        if name in found:
            problems.append(f"{option} {name} is given twice")
        found[name] = amount
    if problems:
        raise InputError("\n".join(problems))
    return found


def _shares(variants: int | None, split: Sequence[str]) -> dict[str, float]:
    if split and variants is not None:
        msg = "--variants and --split say the same: give one of them"
        raise InputError(msg)
    if split:
        return read_split(split)
    number = variants or 2
    treatments = ["treatment"] if number == 2 else [f"treatment_{i}" for i in range(1, number)]
    return dict.fromkeys(["control", *treatments], 1 / number)


def read_date(text: str | None, option: str) -> date | None:
    """Read a date that was given, if one was.

    Parameters
    ----------
    text : str, optional
        What was given.
    option : str
        For the message.

    Returns
    -------
    date or None
        None where nothing was given.
    """
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        msg = f"must be a date like 2026-09-01, got {text!r}"
        raise typer.BadParameter(msg, param_hint=option) from error
