"""Figures of a memo: which rows each chart draws, and when it draws nothing.

A template names a figure; what it is drawn as, or told as, is the page's matter.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt
from typing import Final

from experimentos import charts
from experimentos.charts import Chart, Theme, wording
from experimentos.charts.language import Words
from experimentos.errors import ArgumentError
from experimentos.memo import readings
from experimentos.memo.context import DayEffect, Finding, Look, MetricUse
from experimentos.memo.report import Memo

PANELS: Final = 12
"""Most charts of one figure."""
OVERVIEW: Final = 6
"""Most comparisons of the first page, so that it stays one page."""
CHANCE: Final = 3.290527
"""Normal quantile between whose signs lie 999 of 1,000."""
USUAL: Final = 1.959964
"""Normal quantile between whose signs lie 19 of 20."""

STATES: Final = {
    readings.BETTER: "good",
    readings.NONINFERIOR: "good",
    readings.WORSE: "bad",
    readings.BEYOND_MARGIN: "bad",
    readings.NONINFERIOR_WORSE: "caution",
    readings.WORSE_UNCORRECTED: "caution",
    readings.SEGMENT_UP: "good",
    readings.SEGMENT_DOWN: "bad",
}
"""Readings that are marked in a chart; all others are neutral."""
_HELD: Final = Words("No chart: a health check is blocked, and nothing is read from these data.")
_NOT_DUE: Final = Words("No chart: the plan allows no reading of these data yet.")
_NOT_COUNTED: Final = Words("No chart: units of success metrics are not counted by their totals.")
_BY_VALUE, _UP_TO_VALUE = (
    Words("{metric}: units by value"),
    Words("{metric}: units up to each value"),
)
_LEFT_OUT: Final = Words(
    "{shown} charts are shown of {all}, the first of the definition. The others: {names}. Their "
    "numbers stand in the tables."
)
_ROWS_LEFT_OUT: Final = Words(
    "{shown} of {all} comparisons are drawn here: those of {variant} first, then what looks worst. "
    "All stand below."
)
_WORST_LEFT_OUT: Final = Words(
    "{shown} of {all} comparisons are drawn here, those that look worst first. All stand below."
)
_SEVERITY: Final = {"bad": 0, "caution": 1, "good": 3}
_MORE_NAMES: Final = Words("{names} and {count} more")
_ROLES: Final = {
    "success": Words("success metrics"),
    "guardrail": Words("guardrail metrics"),
    "explore": Words("exploratory metrics"),
}
_DECIDING: Final = Words("success metrics and guardrails")
_TO_SHOW: Final = {
    "superior": Words("{metric}: better"),
    "noninferior": Words("{metric}: non-inferior"),
}


@dataclass(frozen=True)
class Panel:
    """One chart of a figure, with the name of what it is about.

    A note has no chart: it says what of the figure is not drawn.
    """

    title: str
    chart: Chart
    is_note: bool = False


Draw = Callable[[Memo, Theme], Iterable[Panel]]


def panels(memo: Memo, name: str, theme: Theme) -> tuple[Panel, ...]:
    """Draw a figure of a memo.

    Parameters
    ----------
    memo : Memo
        From ``read_memos``.
    name : str
        Key of ``FIGURES``.
    theme : Theme
        Colours.

    Returns
    -------
    tuple of Panel
        The charts of panels without data are empty and say why. At most ``PANELS``; where there
        are more, one panel without a chart says how many and which were left out.

    Raises
    ------
    ArgumentError
        If there is no figure of that name.
    """
    if name not in FIGURES:
        msg = (
            f"A figure must be one of {sorted(FIGURES)}, got {name!r}. Look for "
            f'`"{name}" | figure` in the section templates.'
        )
        raise ArgumentError(msg)
    drawn = tuple(FIGURES[name](memo, theme))
    if len(drawn) <= PANELS:
        return drawn
    left_out = Chart("nothing", (), _left_out([panel.title for panel in drawn]), theme)
    return (*drawn[:PANELS], Panel("", left_out, is_note=True))


def _left_out(titles: Sequence[str]) -> str:
    """Say which panels of a figure are not drawn."""
    others = [wording.label(title) for title in titles[PANELS:]]
    names = ", ".join(others[: wording.LISTED])
    if len(others) > wording.LISTED:
        names = _MORE_NAMES(names=names, count=wording.count(len(others) - wording.LISTED))
    return _LEFT_OUT(shown=str(PANELS), all=wording.count(len(titles)), names=names)


def _forest(role: str) -> Draw:
    def draw(memo: Memo, theme: Theme) -> Iterator[Panel]:
        findings = memo.with_role(role)
        held = _withheld(memo, findings)
        if held:
            yield Panel("", Chart("nothing", (), held, theme))
            return
        rows = [_forest_row(memo, finding) for finding in findings]
        yield Panel("", charts.forest(rows, theme, what=_ROLES[role]()))

    return draw


def _overview(memo: Memo, theme: Theme) -> Iterator[Panel]:
    findings = memo.harm_family
    if "sample_ratio" in memo.blocked_names:
        # What is to be looked at first is what blocks.
        yield from _sample_ratio(memo, theme)
    elif findings and not _withheld(memo, findings):
        shown = findings if len(findings) <= OVERVIEW else _foremost(memo, findings)
        rows = [_forest_row(memo, finding) for finding in shown]
        yield Panel("", charts.forest(rows, theme, what=_DECIDING()))
        if len(shown) < len(findings):
            about = ", ".join(map(wording.label, _decided(memo)))
            words = _ROWS_LEFT_OUT if about else _WORST_LEFT_OUT
            note = words(
                shown=wording.count(len(shown)), all=wording.count(len(findings)), variant=about
            )
            yield Panel("", Chart("nothing", (), note, theme), is_note=True)


def _decided(memo: Memo) -> tuple[str, ...]:
    """Name the variants that the verdict is about."""
    if memo.verdict == "rollback":
        return memo.harmed_variants
    named = memo.variant or memo.leading
    return () if named is None else (named,)


def _foremost(memo: Memo, findings: Sequence[Finding]) -> list[Finding]:
    """Choose what the first page draws: the variants decided, what carries that, the worst."""
    decided = _decided(memo)

    def place(finding: Finding) -> tuple[bool, bool, int]:
        severity = _SEVERITY.get(STATES.get(finding.reading, "neutral"), 2)
        return (finding.effect.variant not in decided, finding not in memo.carriers, severity)

    return sorted(findings, key=place)[:OVERVIEW]


def _held(memo: Memo) -> str | None:
    """Say why nothing of an experiment may be read, if so."""
    if memo.is_blocked or {finding.held for finding in memo.harm_family} == {readings.WITHHELD}:
        return _HELD()
    return None if memo.is_due else _NOT_DUE()


def _withheld(memo: Memo, findings: Iterable[Finding]) -> str | None:
    """Say why none of the findings may be read, if so."""
    seen = {finding.reading for finding in findings}
    if memo.is_blocked or seen == {readings.WITHHELD}:
        return _HELD()
    return _NOT_DUE() if seen and seen <= {readings.NOT_DUE, readings.WITHHELD} else None


def _forest_row(memo: Memo, finding: Finding) -> charts.ForestRow:
    effect = finding.effect
    is_read = finding.reading not in (readings.WITHHELD, readings.NOT_DUE)
    return charts.ForestRow(
        label=_named(memo, effect.metric, effect.variant),
        estimate=_percent(effect.lift) if is_read else None,
        # Harm may be read before anything else: limits without a level are those of one look alone.
        lower=_percent(effect.lift_lower) if effect.level is not None else None,
        upper=_percent(effect.lift_upper) if effect.level is not None else None,
        state=STATES.get(finding.reading, "neutral"),
        reading=WORDS.get(finding.reading, wording.NOT_SHOWN)(),
        margin=_margin(finding),
    )


def _margin(finding: Finding) -> float | None:
    """Put a margin on the axis of relative change, with the sign of what is worse."""
    effect = finding.effect
    size = effect.margin
    if size is not None and effect.margin_kind == "absolute":
        size = size / abs(effect.value_control) if effect.value_control else None
    if size is None:
        return None
    return _percent(size if effect.goal == "decrease" else -size)


WORDS: Final = {
    readings.BETTER: Words("better"),
    readings.NONINFERIOR: Words("non-inferior"),
    readings.WORSE: Words("worse"),
    readings.BEYOND_MARGIN: Words("worse than its margin"),
    readings.NONINFERIOR_WORSE: Words("non-inferior, but worse inside the margin"),
    readings.NOT_SHOWN_WORSE: Words("not shown worse"),
    readings.WORSE_UNCORRECTED: Words("worse by its own interval"),
    readings.FAVOURABLE: Words("interval on the better side of 0"),
    readings.UNFAVOURABLE: Words("interval on the worse side of 0"),
    readings.INCLUDES_ZERO: Words("interval includes 0"),
    readings.SEGMENT_UP: Words("better after correction over the levels"),
    readings.SEGMENT_DOWN: Words("worse after correction over the levels"),
}
"""Readings in words."""


def _monitoring(memo: Memo, theme: Theme) -> Iterator[Panel]:
    if memo.is_blocked:
        yield Panel("", Chart("nothing", (), _HELD(), theme))
        return
    told = [look for look in memo.looks if look.test in ("superior", "noninferior")]
    if memo.experiment.design != "group_sequential" or not told:
        yield Panel("", charts.boundary([], theme))
        return

    def hypothesis(look: Look) -> tuple[str, str, str]:
        return (look.metric, look.variant, look.test)

    # SciPy takes a second to import.
    from experimentos.memo.ahead import looks_ahead  # noqa: PLC0415

    for (metric, variant, test), group in groupby(told, key=hypothesis):
        looks = list(group)
        rows = [
            charts.LookRow(
                look=look.look or 0,
                fraction=look.information_fraction,
                statistic=look.statistic,
                boundary=look.boundary,
                futility=look.futility_boundary,
                on=look.data_date,
            )
            for look in looks
        ]
        rows += [
            charts.LookRow(
                look=look.look,
                fraction=look.fraction,
                statistic=None,
                boundary=look.boundary,
                on=look.planned_on,
                is_planned=True,
            )
            for look in looks_ahead(looks, memo.planned_looks)
        ]
        title = _TO_SHOW[test](metric=_named(memo, metric, variant))
        yield Panel(title, charts.boundary(rows, theme))


def _by_day(memo: Memo, theme: Theme) -> Iterator[Panel]:
    if memo.is_blocked:
        yield Panel("", Chart("nothing", (), _HELD(), theme))
        return
    if not memo.days:
        yield Panel("", charts.by_day([], theme))
        return
    # SciPy takes a second to import.
    from experimentos.memo.intervals import Limits, always_valid  # noqa: PLC0415

    def comparison(pair: tuple[DayEffect, Limits]) -> tuple[str, str]:
        return (pair[0].metric, pair[0].variant)

    paired = zip(memo.days, always_valid(memo), strict=True)
    for (metric, variant), days in groupby(paired, key=comparison):
        held = memo.held(metric, variant)
        if held == readings.WITHHELD:
            yield Panel(_named(memo, metric, variant), Chart("nothing", (), _HELD(), theme))
            continue
        factor, unit = _scale(memo.use(metric))
        rows = [
            charts.DayRow(
                as_of=day.as_of.date(),
                estimate=_times(factor, day.estimate),
                lower=_times(factor, limit.lower),
                upper=_times(factor, limit.upper),
                # The classical limits are for one look, and only where one is due.
                lower_fixed=None if held else _times(factor, day.lower_fixed),
                upper_fixed=None if held else _times(factor, day.upper_fixed),
            )
            for day, limit in days
            if day.as_of is not None
        ]
        yield Panel(_named(memo, metric, variant), charts.by_day(rows, theme, unit=unit))


def _by_age(memo: Memo, theme: Theme) -> Iterator[Panel]:
    if not memo.readable(memo.ages):
        why = _held(memo)
        yield Panel("", Chart("nothing", (), why, theme) if why else charts.by_age([], theme))
        return
    for (metric, variant), ages in groupby(memo.ages, key=lambda row: (row.metric, row.variant)):
        held = memo.held(metric, variant)
        if held:
            why = _HELD() if held == readings.WITHHELD else _NOT_DUE()
            yield Panel(_named(memo, metric, variant), Chart("nothing", (), why, theme))
            continue
        factor, unit = _scale(memo.use(metric))
        rows = [
            charts.AgeRow(
                age=age.age_days or 0,
                estimate=_times(factor, age.estimate),
                lower=_times(factor, age.lower),
                upper=_times(factor, age.upper),
                n_units=age.n_units,
            )
            for age in ages
        ]
        yield Panel(_named(memo, metric, variant), charts.by_age(rows, theme, unit=unit))


def _distributions(memo: Memo, theme: Theme) -> Iterator[Panel]:
    shown = memo.readable(memo.bins)
    if not shown:
        why = _held(memo) or _NOT_COUNTED()
        yield Panel("", Chart("nothing", (), why, theme))
        return
    for metric, bins in groupby(shown, key=lambda row: row.metric):
        use = memo.use(metric)
        factor, unit = (100.0, "%") if use is not None and use.is_share else (1.0, "")
        rows = [
            charts.BinRow(
                row.variant,
                _times(factor, row.lower),
                _times(factor, row.upper),
                row.n_units or 0,
                is_whole=row.is_whole and factor == 1,
            )
            for row in bins
        ]
        yield Panel(_BY_VALUE(metric=metric), charts.distribution(rows, theme, unit=unit))
        yield Panel(
            _UP_TO_VALUE(metric=metric),
            charts.distribution(rows, theme, unit=unit, cumulative=True),
        )


def _segments(memo: Memo, theme: Theme) -> Iterator[Panel]:
    held = _withheld(memo, memo.segments)
    if held or not memo.segments:
        drawn = (
            Chart("nothing", (), held, theme) if held else charts.forest([], theme, what=_LEVELS())
        )
        yield Panel("", drawn)
        return

    def comparison(finding: Finding) -> tuple[str, str]:
        return (finding.effect.metric, finding.effect.variant)

    for (metric, variant), levels in groupby(memo.segments, key=comparison):
        rows = [_level_row(finding) for finding in levels]
        yield Panel(_named(memo, metric, variant), charts.forest(rows, theme, what=_LEVELS()))


_LEVELS: Final = Words("levels of segments")


def _level_row(finding: Finding) -> charts.ForestRow:
    effect = finding.effect
    is_read = finding.reading not in (readings.WITHHELD, readings.NOT_DUE)
    return charts.ForestRow(
        label=effect.segment_value or "",
        group=effect.segment or "",
        estimate=_percent(effect.lift) if is_read else None,
        lower=_percent(effect.lift_lower),
        upper=_percent(effect.lift_upper),
        state=STATES.get(finding.reading, "neutral"),
        reading=WORDS.get(finding.reading, wording.NOT_SHOWN)(),
    )


def _posteriors(memo: Memo, theme: Theme) -> Iterator[Panel]:
    shown = memo.readable(memo.posteriors)
    if not shown:
        held = _held(memo)
        yield Panel("", Chart("nothing", (), held, theme) if held else charts.posterior([], theme))
        return
    from experimentos.memo.intervals import density  # noqa: PLC0415 -- with SciPy

    for metric, rows in groupby(shown, key=lambda row: row.metric):
        factor, unit = _scale(memo.use(metric))
        drawn = []
        for row in rows:
            effects, densities = density(memo, row)
            drawn.append(
                charts.PosteriorRow(
                    variant=row.variant,
                    effects=tuple(factor * effect for effect in effects),
                    densities=densities,
                    lower=_times(factor, row.lower),
                    upper=_times(factor, row.upper),
                    probability_better=row.probability_better,
                )
            )
        yield Panel(metric, charts.posterior(drawn, theme, unit=unit))


def _sample_ratio(memo: Memo, theme: Theme) -> Iterator[Panel]:
    rows = []
    for day in memo.shares:
        planned = None if day.n_planned is None or not day.n_all else day.n_planned / day.n_all
        reach = None
        if planned is not None and day.n_all:
            reach = CHANCE * sqrt(max(planned * (1 - planned), 0.0) / day.n_all)
        rows.append(
            charts.ShareRow(
                day=day.day,
                variant=day.variant,
                share=day.n_units / day.n_all if day.n_all else None,
                planned=planned,
                lower=None if reach is None or planned is None else planned - reach,
                upper=None if reach is None or planned is None else planned + reach,
                n_units=day.n_units,
            )
        )
    yield Panel("", charts.sample_ratio(rows, theme))


def _exclusions(memo: Memo, theme: Theme) -> Iterator[Panel]:
    losses = [
        charts.LossRow(_reason(step.reason), step.n_rows, step.n_units) for step in memo.funnel
    ]
    left = [charts.AnalysedRow(count.variant, count.n_analysed) for count in memo.counts]
    yield Panel("", charts.funnel(memo.n_rows, losses, left, theme))


_REASONS: Final = {
    "experiment_not_defined": Words("experiment not defined"),
    "unit_missing": Words("no unit"),
    "variant_missing": Words("no variant"),
    "unknown_variant": Words("variant not defined"),
    "time_missing": Words("no time"),
    "before_start": Words("before the start"),
    "after_end": Words("at or after the end"),
    "after_as_of": Words("after the time of reading"),
    "assigned_before_start": Words("unit had a row before the start"),
    "crossover": Words("unit in two variants"),
    "repeat": Words("unit assigned again"),
}
"""Reasons for leaving a row out, short enough for a chart."""


def _reason(code: str) -> str:
    return _REASONS[code]() if code in _REASONS else code


def _balance(memo: Memo, theme: Theme) -> Iterator[Panel]:
    rows = []
    control = memo.experiment.control
    bases = {(f.effect.metric, f.effect.variant): f.effect.basis for f in memo.findings}
    controls = {(row.metric, row.basis): row for row in memo.moments if row.variant == control}
    for row in memo.moments:
        base = controls.get((row.metric, row.basis))
        if base is None or bases.get((row.metric, row.variant)) != row.basis:
            continue
        if row.mean_num_cov is None or base.mean_num_cov is None:
            continue
        n, m = row.n_units or 0, base.n_units or 0
        spread = None
        if n > 1 and m > 1 and row.m2_num_cov is not None and base.m2_num_cov is not None:
            spread = sqrt((row.m2_num_cov / (n - 1) + base.m2_num_cov / (m - 1)) / 2)
        rows.append(
            charts.BalanceRow(
                label=_named(memo, row.metric, row.variant),
                difference=(row.mean_num_cov - base.mean_num_cov) / spread if spread else None,
                chance=USUAL * sqrt(1 / n + 1 / m) if spread else None,
            )
        )
    yield Panel("", charts.balance(rows, theme))


def _named(memo: Memo, metric: str, variant: str) -> str:
    """Name a comparison; the variant only where there are several."""
    if len({finding.effect.variant for finding in memo.findings}) < 2:
        return metric
    return f"{wording.cut(metric, 24)} · {wording.cut(variant, 20)}"


def _percent(value: float | None) -> float | None:
    return None if value is None else 100 * value


def _times(factor: float, value: float | None) -> float | None:
    return None if value is None else factor * value


def _scale(use: MetricUse | None) -> tuple[float, str]:
    """Show changes of shares in percentage points, all others in metric units."""
    is_share = use is not None and use.is_share
    return (100.0, f" {wording.POINTS()}") if is_share else (1.0, "")


FIGURES: Final[dict[str, Draw]] = {
    "overview": _overview,
    "success": _forest("success"),
    "guardrails": _forest("guardrail"),
    "exploratory": _forest("explore"),
    "distributions": _distributions,
    "monitoring": _monitoring,
    "by_day": _by_day,
    "by_age": _by_age,
    "segments": _segments,
    "posteriors": _posteriors,
    "sample_ratio": _sample_ratio,
    "balance": _balance,
    "exclusions": _exclusions,
}
"""Figures that a section may show, by name."""
TABLED: Final = frozenset(
    {
        "overview",
        "success",
        "guardrails",
        "exploratory",
        "monitoring",
        "segments",
        "posteriors",
        "exclusions",
    }
)
"""Figures of what a table says already: Markdown shows their pictures, and no words."""
