"""A memo from the rows of one experiment: what is shown, in what order, and how it reads."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from experimentos.charts.language import Words
from experimentos.memo import courses, readings
from experimentos.memo.carriers import (
    CARRIERS,
    UNSETTLED_RULE,
    choose_carriers,
    leading_variant,
    unsettled_metrics,
)
from experimentos.memo.context import (
    AgeEffect,
    AssignmentCount,
    Bin,
    DayEffect,
    DayShare,
    Decision,
    Edit,
    Effect,
    Evidence,
    Exclusion,
    Experiment,
    Finding,
    FunnelStep,
    HealthCheck,
    Look,
    MetricUse,
    Moments,
    PlannedLook,
    Posterior,
    Power,
    Start,
    Statement,
    VariantCount,
    VariantDecision,
    VariantReport,
)
from experimentos.memo.tallies import (
    FUNNEL,
    count_down,
    count_variants,
    foremost_counts,
    share_days,
)

if TYPE_CHECKING:
    from datetime import datetime

CONTRADICTED = Words(
    "the marts name a launch although a health check is blocked, so they are not of one build and "
    "no verdict is shown; build again"
)
"""Reason given where decision and health cannot both be of this build."""

Row = TypeVar("Row", AgeEffect, Bin, DayEffect, Posterior)

_OF_LOOKS = frozenset(
    {"launchable", "guardrail_unsettled", "looks_remain", "ruled_out", "inconclusive"}
)
"""Rules that fire at a look alone."""
_STATUS_ORDER = {"blocked": 0, "warning": 1, "healthy": 2}
_NO_POSITION = 1_000_000


@dataclass(frozen=True, slots=True)
class MemoRows:
    """The marts' rows of one experiment."""

    experiment: Experiment
    decision: Decision | None
    variant_decisions: tuple[VariantDecision, ...]
    evidence: tuple[Evidence, ...]
    metrics: tuple[MetricUse, ...]
    effects: tuple[Effect, ...]
    days: tuple[DayEffect, ...]
    ages: tuple[AgeEffect, ...]
    looks: tuple[Look, ...]
    planned_looks: tuple[PlannedLook, ...]
    posteriors: tuple[Posterior, ...]
    moments: tuple[Moments, ...]
    bins: tuple[Bin, ...]
    health: tuple[HealthCheck, ...]
    exclusions: tuple[Exclusion, ...]
    counts: tuple[AssignmentCount, ...]
    power: tuple[Power, ...]
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Memo:
    """Everything the templates read, in the order it is shown.

    ``leading`` is the variant that the reason is about; ``unsettled`` are the guardrails that hold
    it back, where they decided.
    """

    experiment: Experiment
    verdict: str
    variant: str | None
    rule: str | None
    reason: str | None
    is_blocked: bool
    is_contradicted: bool
    metrics: tuple[MetricUse, ...]
    leading: str | None
    unsettled: tuple[str, ...]
    findings: tuple[Finding, ...]
    carriers: tuple[Finding, ...]
    effects: tuple[Effect, ...]
    variants: tuple[VariantReport, ...]
    health: tuple[HealthCheck, ...]
    counts: tuple[VariantCount, ...]
    funnel: tuple[FunnelStep, ...]
    n_rows: int
    analysed: Exclusion | None
    unused_reasons: tuple[str, ...]
    power: tuple[Power, ...]
    edits: tuple[Edit, ...]
    moments: tuple[Moments, ...]
    bins: tuple[Bin, ...]
    days: tuple[DayEffect, ...]
    ages: tuple[AgeEffect, ...]
    looks: tuple[Look, ...]
    planned_looks: tuple[PlannedLook, ...]
    posteriors: tuple[Posterior, ...]
    segments: tuple[Finding, ...]
    shares: tuple[DayShare, ...]
    statements: tuple[Statement, ...] = ()

    def with_role(self, role: str, *, margin: bool | None = None) -> tuple[Finding, ...]:
        """Select the findings of one role.

        Parameters
        ----------
        role : str
            'success', 'guardrail' or 'explore'.
        margin : bool, optional
            Only those with, or only those without, a margin.

        Returns
        -------
        tuple of Finding
            In the order of the definition.
        """
        return tuple(
            finding
            for finding in self.findings
            if finding.effect.role == role
            and (margin is None or (finding.effect.margin is not None) == margin)
        )

    def without_effect(self, role: str) -> tuple[str, ...]:
        """List the metrics of a role for which no comparison exists yet."""
        seen = {finding.effect.metric for finding in self.findings}
        return tuple(
            use.metric for use in self.metrics if use.role == role and use.metric not in seen
        )

    def split_of(self, population: str) -> tuple[VariantCount, ...]:
        """Choose the variants whose units of a population are told beside the verdict."""
        return foremost_counts(self.counts, population)

    def use(self, metric: str) -> MetricUse | None:
        """Return the metric as this experiment uses it; None where it is defined no more."""
        return next((use for use in self.metrics if use.metric == metric), None)

    @property
    def harm_family(self) -> tuple[Finding, ...]:
        """Findings whose harm is tested: success metrics and guardrails."""
        return self.with_role("success") + self.with_role("guardrail")

    @property
    def harmed_variants(self) -> tuple[str, ...]:
        """Variants whose decision is Rollback."""
        return tuple(
            report.decision.variant
            for report in self.variants
            if report.decision.verdict == "rollback"
        )

    @property
    def blocked(self) -> tuple[HealthCheck, ...]:
        """Checks that withhold the verdict."""
        return tuple(check for check in self.health if check.status == "blocked")

    @property
    def blocked_names(self) -> tuple[str, ...]:
        """Names of the checks that withhold the verdict, each once."""
        return tuple(dict.fromkeys(check.check_name for check in self.blocked))

    @property
    def problems(self) -> tuple[HealthCheck, ...]:
        """Checks that are not healthy, blocked first."""
        return tuple(check for check in self.health if check.status != "healthy")

    @property
    def healthy(self) -> tuple[tuple[HealthCheck, ...], ...]:
        """Healthy checks, grouped by name."""
        groups: defaultdict[str, list[HealthCheck]] = defaultdict(list)
        for check in self.health:
            if check.status == "healthy":
                groups[check.check_name].append(check)
        return tuple(tuple(groups[name]) for name in sorted(groups))

    @property
    def indicates_harm(self) -> bool:
        """Whether harm is seen that a blocked check leaves unverified."""
        return any(finding.harm_reading == readings.UNVERIFIED for finding in self.findings)

    @property
    def units_needed(self) -> float | None:
        """Units of control and a variant that the plan needs to show what is missing.

        Of a guardrail that decided to be shown non-inferior, else of the planned effects of success
        metrics.
        """
        needed = [row.n_needed for row in self._planned_power if row.n_needed is not None]
        return max(needed, default=None)

    @property
    def days_needed(self) -> float | None:
        """Days until they are there, 0 where they are; None where no more units come."""
        days = [row.days_left for row in self._planned_power if row.days_left is not None]
        return max(days, default=None)

    @property
    def _planned_power(self) -> tuple[Power, ...]:
        if self.rule != UNSETTLED_RULE:
            return tuple(row for row in self.power if row.test == "superior")
        return tuple(
            row
            for row in self.power
            if row.test == "noninferior"
            and row.variant == self.leading
            and row.metric in self.unsettled
        )

    @property
    def capped(self) -> tuple[Moments, ...]:
        """Moments whose values were capped."""
        return tuple(row for row in self.moments if row.cap_value is not None)

    @property
    def is_due(self) -> bool:
        """Whether the plan allows a reading of a success metric or guardrail now.

        What is only explored may be read at other times: ask `held` of each comparison.
        """
        experiment = self.experiment
        if experiment.design not in {"group_sequential", "always_valid"}:
            return experiment.is_final
        return any(readings.is_due(finding.effect, experiment) for finding in self.harm_family)

    def held(self, metric: str, variant: str) -> str | None:
        """Say what keeps a comparison from being read.

        Parameters
        ----------
        metric, variant : str
            Which.

        Returns
        -------
        str or None
            'withheld', 'not_due', or None where it may be read. A comparison that decides nothing
            is held as the experiment is.
        """
        if self.is_blocked:
            return readings.WITHHELD
        for finding in self.findings:
            if (finding.effect.metric, finding.effect.variant) == (metric, variant):
                return finding.held
        return None if self.is_due else readings.NOT_DUE

    def readable(self, rows: Iterable[Row]) -> tuple[Row, ...]:
        """Leave out the rows of comparisons that may not be read.

        Parameters
        ----------
        rows : iterable
            With a metric and a variant each. Those of the control belong to every comparison.

        Returns
        -------
        tuple
            In their order.
        """
        kept = tuple(rows)
        pairs = {(row.metric, row.variant) for row in kept}
        control = self.experiment.control
        free = {pair for pair in pairs if pair[1] != control and self.held(*pair) is None}
        free |= {(metric, control or "") for metric, _ in free}
        return tuple(row for row in kept if (row.metric, row.variant) in free)

    def awaited(self, findings: tuple[Finding, ...]) -> str | None:
        """Say what findings wait for of which none may be read yet.

        Parameters
        ----------
        findings : tuple of Finding
            Those of a table.

        Returns
        -------
        str or None
            'look', 'start' (of an always-valid test), 'units' (for the skewness of the values) or
            'end'; None where one may be read.
        """
        waiting = [finding for finding in findings if finding.held == readings.NOT_DUE]
        if not waiting or any(finding.held is None for finding in findings):
            return None
        awaited = readings.awaits(waiting[0].effect, self.experiment)
        is_tested = awaited == "start" or (awaited == "look" and self._is_at_look)
        lacks_units = all(
            one.effect.metric in self.too_skewed(one.effect.variant) for one in waiting
        )
        return "units" if is_tested and lacks_units else awaited

    @property
    def _is_at_look(self) -> bool:
        """Whether a look is taken or shown, even if it could not test anything."""
        return self.is_due or any(report.decision.rule in _OF_LOOKS for report in self.variants)

    def too_skewed(self, variant: str | None) -> tuple[str, ...]:
        """Name the metrics on which nothing is decided for a variant, for their skewness."""
        return tuple(
            sorted(
                check.metric
                for check in self.health
                if check.check_name == "units_for_skewness" and check.metric is not None
                if check.variant == variant
            )
        )

    @property
    def start(self) -> Start:
        """What always-valid tests start with."""
        # SciPy takes a second to import.
        from experimentos.sequential.always_valid import (  # noqa: PLC0415
            MINIMUM_EVENTS,
            MINIMUM_UNITS,
        )

        return Start(MINIMUM_UNITS, MINIMUM_EVENTS)

    @property
    def is_to_start(self) -> bool:
        """Whether it has not started: nobody is assigned, which is as it should be."""
        return any(
            check.check_name == "has_assignments"
            and check.status == "healthy"
            and not check.observed
            for check in self.health
        )

    @property
    def is_assigning(self) -> bool:
        """Whether units are still assigned, as far as the data go."""
        experiment = self.experiment
        if experiment.status in {"stopped", "archived"}:
            return False
        ends_at, data_as_of = experiment.ends_at, experiment.data_as_of
        return ends_at is None or data_as_of is None or data_as_of < ends_at

    @property
    def next_look(self) -> PlannedLook | None:
        """The look that comes next."""
        return courses.next_look(self.planned_looks)

    @property
    def futile_variants(self) -> tuple[str, ...]:
        """Variants that crossed the futility boundary on every success metric at the last look."""
        return tuple(
            report.decision.variant
            for report in self.variants
            if courses.is_futile(self.looks, self.metrics, report.decision.variant)
        )

    @property
    def all_futile(self) -> bool:
        """Whether every variant did."""
        return bool(self.variants) and len(self.futile_variants) == len(self.variants)

    def uses_method(self, part: str) -> bool:
        """Tell whether a deciding effect was estimated by a method whose name has this part."""
        return any(part in (finding.effect.method or "") for finding in self.findings)


def build_memo(rows: MemoRows) -> Memo:
    """Order and read the rows of one experiment.

    Parameters
    ----------
    rows : MemoRows
        Its rows of every mart.

    Returns
    -------
    Memo
        What the templates read.
    """
    decision = rows.decision
    is_blocked = _is_blocked(rows)
    verdicts = {row.verdict for row in (decision, *rows.variant_decisions) if row is not None}
    is_contradicted = is_blocked and "launch" in verdicts
    findings = _findings(rows)
    funnel, n_rows = count_down(rows.exclusions)
    seen = {row.reason for row in rows.exclusions if row.n_rows}
    verdict = "hold" if decision is None or is_contradicted else decision.verdict or "hold"
    variant = decision.variant if decision is not None and verdict != "hold" else None
    rule = None if decision is None or is_contradicted else decision.rule
    metrics = tuple(sorted(rows.metrics, key=_use_order))
    leading = leading_variant(rows.variant_decisions, rule, metrics, findings)
    unsettled = unsettled_metrics(rows.evidence, findings, leading)
    return Memo(
        experiment=rows.experiment,
        verdict=verdict,
        variant=variant,
        rule=rule,
        reason=CONTRADICTED if is_contradicted else None if decision is None else decision.reason,
        is_blocked=is_blocked,
        is_contradicted=is_contradicted,
        metrics=metrics,
        leading=leading,
        unsettled=unsettled if rule == UNSETTLED_RULE else (),
        findings=findings,
        carriers=()
        if is_blocked
        else choose_carriers(
            findings, verdict, variant, rule, leading=leading, unsettled=unsettled
        ),
        effects=_latest_effects(rows),
        variants=_variant_reports(rows),
        health=tuple(sorted(rows.health, key=_health_order)),
        counts=count_variants(
            rows.counts, rows.experiment.control, is_summary=rows.experiment.is_summary
        ),
        funnel=funnel,
        n_rows=n_rows,
        analysed=next((row for row in rows.exclusions if row.reason == "analysed"), None),
        unused_reasons=tuple(reason for reason in FUNNEL if reason not in seen),
        power=tuple(sorted(rows.power, key=lambda row: (row.metric, row.variant, row.test))),
        edits=tuple(sorted(rows.edits, key=lambda row: (row.definition_number or 0, row.part))),
        moments=_latest_moments(rows),
        bins=courses.of_bins(rows.bins, findings, rows.experiment.control),
        days=courses.of_days(rows.days, rows.effects, findings),
        ages=courses.of_ages(rows.ages, findings),
        looks=courses.of_looks(rows.looks, findings),
        planned_looks=tuple(sorted(rows.planned_looks, key=lambda row: row.look or 0)),
        posteriors=courses.of_posteriors(rows.posteriors, findings),
        segments=courses.of_segments(rows.effects, findings, rows.experiment),
        shares=share_days(rows.counts, rows.experiment.control),
    )


def _is_blocked(rows: MemoRows) -> bool:
    """Whether the experiment as a whole is blocked: by its rule, or by a check on all of it."""
    if rows.decision is not None and rows.decision.rule == "health_blocked":
        return True
    return any(_blocks(check, metric="all", variant="all") for check in rows.health)


def _blocks(check: HealthCheck, *, metric: str, variant: str) -> bool:
    """Whether a check withholds the readings of a metric in a variant."""
    return (
        check.status == "blocked"
        and check.segment in (None, "all")
        and check.metric in (None, "all", metric)
        and check.variant in (None, "all", variant)
    )


def _findings(rows: MemoRows) -> tuple[Finding, ...]:
    uses = {use.metric: use for use in rows.metrics}
    held = {row.variant for row in rows.variant_decisions if row.rule == "health_blocked"}
    all_blocked = _is_blocked(rows)
    harms = {(row.metric, row.variant): row.harm_found for row in rows.power}
    findings = []
    for effect in sorted(_deciding(rows.effects), key=lambda row: _effect_order(row, uses)):
        blocked = (
            all_blocked
            or effect.variant in held
            or any(
                _blocks(check, metric=effect.metric, variant=effect.variant)
                for check in rows.health
            )
        )
        findings.append(
            Finding(
                effect=effect,
                use=uses.get(effect.metric),
                reading=readings.read_effect(effect, rows.experiment, blocked=blocked),
                harm_reading=readings.read_harm(effect, rows.experiment, blocked=blocked),
                harm_found=harms.get((effect.metric, effect.variant)),
                held=readings.held_by(effect, rows.experiment, blocked=blocked),
            )
        )
    return tuple(findings)


def _deciding(effects: tuple[Effect, ...]) -> list[Effect]:
    """Rows that decide: those of a look, which may be earlier than the latest."""
    return [row for row in effects if row.used_for_decision and row.segment in (None, "all")]


def _variant_reports(rows: MemoRows) -> tuple[VariantReport, ...]:
    return tuple(
        _variant_report(decision, [row for row in rows.evidence if row.variant == decision.variant])
        for decision in sorted(rows.variant_decisions, key=lambda row: row.variant)
    )


def _variant_report(decision: VariantDecision, evidence: list[Evidence]) -> VariantReport:
    # Under a blocked check nothing but the block and the harm, as unverified, may be read.
    is_held = decision.rule == "health_blocked"
    shown = {"health_blocked", "harmed"} if is_held else {row.rule for row in evidence}
    fired = tuple(row for row in evidence if row.fired and row.rule in shown)
    unfired = sorted(
        (
            row
            for row in evidence
            if not row.fired and row.rule == decision.nearest_rule and not is_held
        ),
        key=lambda row: (row.distance is None, abs(row.distance or 0), row.metric or ""),
    )
    nearest = tuple(unfired[:CARRIERS])
    n_other = len(evidence) - len(fired) - len(nearest)
    readable = tuple(row for row in evidence if row.rule in shown)
    return VariantReport(decision, fired, nearest, n_other, readable)


def _latest_effects(rows: MemoRows) -> tuple[Effect, ...]:
    uses = {use.metric: use for use in rows.metrics}
    whole = [row for row in rows.effects if row.segment in (None, "all")]
    decided = {_comparison(row) for row in whole if row.used_for_decision}
    # Of a comparison that decides the look is shown, and not the days after it.
    shown = [row for row in whole if row.used_for_decision or _comparison(row) not in decided]
    return tuple(sorted(shown, key=lambda row: _effect_order(row, uses)))


def _comparison(row: Effect) -> tuple[str | None, ...]:
    return (row.metric, row.variant, row.population, row.basis, row.adjustment)


def _latest_moments(rows: MemoRows) -> tuple[Moments, ...]:
    last: dict[str, datetime] = {}
    for row in rows.moments:
        if row.as_of is not None:
            last[row.metric] = max(row.as_of, last.get(row.metric, row.as_of))
    latest = (
        row
        for row in rows.moments
        if row.segment in (None, "all") and row.as_of == last.get(row.metric)
    )
    control, uses = rows.experiment.control, {use.metric: use for use in rows.metrics}

    def order(row: Moments) -> tuple[object, ...]:
        position = _use_order(uses[row.metric]) if row.metric in uses else _LAST
        return (position, row.metric, row.variant != control, row.variant, row.basis or "")

    return tuple(sorted(latest, key=order))


def _effect_order(effect: Effect, uses: dict[str, MetricUse]) -> tuple[object, ...]:
    position = _use_order(uses[effect.metric]) if effect.metric in uses else _LAST
    return (position, effect.metric, effect.variant, effect.basis or "", effect.adjustment or "")


_ROLE_ORDER = {"success": 0, "guardrail": 1, "explore": 2}
_LAST = (len(_ROLE_ORDER), _NO_POSITION)


def _use_order(use: MetricUse) -> tuple[int, int]:
    position = _NO_POSITION if use.position is None else use.position
    return (_ROLE_ORDER.get(use.role or "", len(_ROLE_ORDER)), position)


def _health_order(check: HealthCheck) -> tuple[object, ...]:
    return (_STATUS_ORDER.get(check.status or "", 0), check.check_name, check.subject)
