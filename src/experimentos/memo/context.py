"""What a memo knows: frozen rows of the marts, and the findings read off them.

A field of a mart's class has the name of its column, so that a template, the mart and this
file use one word. Numbers are kept as they came; the filters round them.
"""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Experiment:
    """One row of ``experimentos__experiments``."""

    experiment_id: str
    label: str | None
    owner: str | None
    owner_email: str | None
    hypothesis: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    observe_until: datetime | None
    control: str | None
    design: str | None
    alpha: float | None
    alpha_harm: float | None
    power: float | None
    correction: str | None
    status: str | None
    planned_n: float | None
    decides_at: datetime | None
    data_as_of: datetime | None
    is_dated: bool
    is_final: bool
    summary_model: str | None
    file: str | None
    definitions_hash: str | None
    definition_problems: str | None

    @property
    def name(self) -> str:
        """Label of the experiment, or its id where it has none."""
        return self.label or self.experiment_id

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with its definition, one text per problem."""
        lines = (self.definition_problems or "").splitlines()
        return tuple(line.strip() for line in lines if line.strip())

    @property
    def is_summary(self) -> bool:
        """Whether only totals are known, one row per variant."""
        return self.summary_model is not None

    @property
    def has_planned_end(self) -> bool:
        """Whether there is an end to wait for: summaries, and data without times, have none."""
        is_timeless = not self.is_dated and self.ends_at is None
        return not self.is_summary and not is_timeless and self.decides_at is not None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will be seen: assignment and the longest window are over.

        Without dates to tell by, the status says so.
        """
        if self.status == "archived":
            return True
        if self.problems:
            return False
        if self.observe_until is None or not self.has_planned_end:
            return self.status == "stopped"
        if not self.is_dated:
            return self.is_final
        end = max(self.observe_until, self.ends_at or self.observe_until)
        return self.data_as_of is not None and self.data_as_of >= end

    @property
    def alpha_one_sided(self) -> float | None:
        """Error rate of the Launch family: half of alpha."""
        return None if self.alpha is None else self.alpha / 2


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """One row of ``experimentos__metrics``."""

    metric: str
    metric_type: str | None
    model: str | None
    value: str | None
    aggregate: str | None
    where_clause: str | None
    denominator: str | None
    threshold: float | None
    quantile_level: float | None
    quantile_of: str | None
    steps: str | None
    from_text: str | None
    to_text: str | None
    by_column: str | None
    missing: str | None


@dataclass(frozen=True, slots=True)
class MetricUse:
    """One row of ``experimentos__experiment_metrics``, with the metric's definition."""

    experiment_id: str
    metric: str
    role: str | None
    position: int | None
    goal: str | None
    margin: float | None
    margin_kind: str | None
    mde: float | None
    mde_kind: str | None
    window_text: str | None
    delay_text: str | None
    covariate_text: str | None
    metric_type: str | None
    format: str | None
    definition: MetricDefinition | None = None

    @property
    def is_share(self) -> bool:
        """Whether its values are shown as percentages, and changes in percentage points."""
        return self.metric_type == "proportion" or self.format == "percent"


@dataclass(frozen=True, slots=True)
class Effect:
    """One row of ``experimentos__effects``: a comparison with its control."""

    experiment_id: str
    metric: str
    variant: str
    population: str | None
    segment: str | None
    segment_value: str | None
    as_of: datetime | None
    basis: str | None
    adjustment: str | None
    control: str | None
    role: str | None
    goal: str | None
    n_control: int | None
    n_treatment: int | None
    value_control: float | None
    value_treatment: float | None
    estimate: float | None
    std_error: float | None
    p_value_fixed: float | None
    lower_fixed: float | None
    upper_fixed: float | None
    p_value: float | None
    p_value_corrected: float | None
    lower: float | None
    upper: float | None
    level: float | None
    lift: float | None
    lift_lower: float | None
    lift_upper: float | None
    margin: float | None
    margin_kind: str | None
    p_value_noninferior: float | None
    p_value_harm: float | None
    p_value_harm_corrected: float | None
    theta: float | None
    variance_reduction: float | None
    method: str | None
    restated_by: float | None
    used_for_decision: bool
    is_latest: bool


@dataclass(frozen=True, slots=True)
class DayEffect:
    """One row of ``experimentos__effects`` on an earlier day: the effect among all data so far."""

    experiment_id: str
    metric: str
    variant: str
    population: str | None
    basis: str | None
    adjustment: str | None
    as_of: datetime | None
    n_control: int | None
    n_treatment: int | None
    estimate: float | None
    std_error: float | None
    lower_fixed: float | None
    upper_fixed: float | None


@dataclass(frozen=True, slots=True)
class AgeEffect:
    """One row of ``experimentos__effects_by_age``."""

    experiment_id: str
    metric: str
    variant: str
    age_days: int | None
    n_units: int | None
    estimate: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class Look:
    """One row of ``experimentos__looks``: what a hypothesis showed when it was looked at."""

    experiment_id: str
    metric: str
    variant: str
    test: str
    look: int | None
    data_date: date | None
    information_fraction: float | None
    statistic: float | None
    boundary: float | None
    futility_boundary: float | None
    alpha_spent: float | None
    outcome: str | None
    planned_n: float | None
    is_final: bool
    spending: str | None
    spending_parameter: float | None
    level: float | None


@dataclass(frozen=True, slots=True)
class PlannedLook:
    """One row of ``experimentos__planned_looks``: a look that is still to come."""

    experiment_id: str
    look: int | None
    planned_date: date | None
    planned_fraction: float | None
    reached_fraction: float | None
    is_last: bool


@dataclass(frozen=True, slots=True)
class Posterior:
    """One row of ``experimentos__posteriors``."""

    experiment_id: str
    metric: str
    variant: str
    probability_better: float | None
    probability_best: float | None
    expected_loss: float | None
    lower: float | None
    upper: float | None
    method: str | None
    prior_kind: str | None
    prior_mean: float | None
    prior_sd: float | None
    prior_alpha: float | None
    prior_beta: float | None


@dataclass(frozen=True, slots=True)
class Moments:
    """One row of ``experimentos__moments``."""

    experiment_id: str
    metric: str
    variant: str
    population: str | None
    segment: str | None
    segment_value: str | None
    as_of: datetime | None
    basis: str | None
    n_units: int | None
    n_events: int | None
    n_missing: int | None
    n_skipped: int | None
    mean_num: float | None
    m2_num: float | None
    mean_den: float | None
    m2_den: float | None
    c2_num_den: float | None
    mean_num_cov: float | None
    m2_num_cov: float | None
    c2_num_num_cov: float | None
    cap_value: float | None
    n_capped: int | None


@dataclass(frozen=True, slots=True)
class Bin:
    """One row of ``experimentos__distributions``: units by their totals."""

    experiment_id: str
    metric: str
    variant: str
    bin: int | None
    is_whole: bool
    lower: float | None
    upper: float | None
    n_units: int | None
    n_missing: int | None


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One row of ``experimentos__health``."""

    experiment_id: str
    check_name: str
    population: str | None
    metric: str | None
    variant: str | None
    segment: str | None
    segment_value: str | None
    status: str | None
    observed: float | None
    threshold: float | None
    p_value: float | None
    message: str | None

    @property
    def subject(self) -> tuple[str, ...]:
        """What the check was about: the parts of its grain that are not 'all'."""
        parts = (self.population, self.metric, self.variant, self.segment, self.segment_value)
        return tuple(part for part in parts if part is not None and part != "all")

    @property
    def is_of_split(self) -> bool:
        """Whether it compares all units assigned, or all analysed, with the planned split."""
        is_whole = self.segment in (None, "all") and self.variant in (None, "all")
        return (
            self.check_name == "sample_ratio"
            and is_whole
            and self.population in ("assigned", "analysed")
        )


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One row of ``experimentos__exclusions``."""

    experiment_id: str
    reason: str
    n_rows: int | None
    n_units: int | None


@dataclass(frozen=True, slots=True)
class AssignmentCount:
    """One row of ``experimentos__assignment_counts``."""

    experiment_id: str
    variant: str
    population: str | None
    segment: str | None
    assigned_on: date | None
    n_units: int | None
    planned_share: float | None


@dataclass(frozen=True, slots=True)
class Power:
    """One row of ``experimentos__power``."""

    experiment_id: str
    metric: str
    variant: str
    test: str
    role: str | None
    mde_planned: float | None
    mde_reached: float | None
    harm_found: float | None
    n_needed: float | None
    days_left: float | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One row of ``experimentos__decision_evidence``."""

    experiment_id: str
    variant: str
    rule: str
    metric: str | None
    fired: bool
    observed: float | None
    threshold: float | None
    distance: float | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Edit:
    """One row of ``experimentos__edits``."""

    experiment_id: str
    definition_number: int | None
    part: str
    old_value: str | None
    new_value: str | None
    is_plan: bool
    first_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class VariantDecision:
    """One row of ``experimentos__variant_decisions``."""

    experiment_id: str
    variant: str
    verdict: str | None
    rule: str | None
    p_launch: float | None
    p_harm: float | None
    reason: str | None
    nearest_rule: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of ``experimentos__decisions``, without the time it was made."""

    experiment_id: str
    verdict: str | None
    variant: str | None
    rule: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """A deciding effect, how its metric is shown, and what may be said of it.

    Parameters
    ----------
    effect : Effect
        The comparison.
    use : MetricUse or None
        The metric in this experiment; None where the definition is gone.
    reading : str
        What the numbers allow to be said, one of the codes in ``readings``.
    harm_reading : str
        The same for the harm family: 'worse', 'unverified', 'not_shown' or 'withheld'.
    harm_found : float or None
        Of a guardrail without a margin, the smallest relative harm that 80 % power finds.
    held : str or None
        What keeps the comparison from being read: 'withheld' by a health check, 'not_due' by the
        plan. None where it may be read.
    """

    effect: Effect
    use: MetricUse | None
    reading: str
    harm_reading: str
    harm_found: float | None
    held: str | None


@dataclass(frozen=True, slots=True)
class Start:
    """What always-valid tests start with in each variant; events and others are of shares."""

    units: int
    events: int


@dataclass(frozen=True, slots=True)
class VariantCount:
    """Units of one variant, summed over days; ``planned_share`` is None where it changed."""

    variant: str
    planned_share: float | None
    n_assigned: int
    share_assigned: float | None
    n_analysed: int
    share_analysed: float | None

    def of(self, population: str) -> tuple[int, float | None]:
        """Return the units of a population, 'assigned' or 'analysed', and their share."""
        if population == "assigned":
            return self.n_assigned, self.share_assigned
        return self.n_analysed, self.share_analysed


@dataclass(frozen=True, slots=True)
class DayShare:
    """Units of one variant assigned up to a day, among all of them.

    Parameters
    ----------
    day : date
        The last day counted.
    variant : str
        Which.
    n_units, n_all : int
        Its units, and those of all variants.
    n_planned : float or None
        Units it would have by the planned shares of the days; None where a share is unknown.
    """

    day: date
    variant: str
    n_units: int
    n_all: int
    n_planned: float | None


@dataclass(frozen=True, slots=True)
class Statement:
    """The SQL of a model as the last build ran it."""

    model: str
    sql: str


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """One reason rows were left out, and the rows left after it."""

    reason: str
    n_rows: int
    share: float
    n_units: int | None
    rows_left: int


@dataclass(frozen=True, slots=True)
class VariantReport:
    """The decision on one variant with the evidence worth reading.

    ``fired`` are the rules that fired, ``nearest`` the evidence on the nearest rule that did not,
    ``n_other`` counts the evidence rows not shown; ``evidence`` is all that may be read.
    """

    decision: VariantDecision
    fired: tuple[Evidence, ...]
    nearest: tuple[Evidence, ...]
    n_other: int
    evidence: tuple[Evidence, ...]

    @property
    def is_harm_seen(self) -> bool:
        """Whether a success metric or guardrail is worse by the corrected test of harm."""
        return any(row.rule == "harmed" and row.fired for row in self.evidence)
