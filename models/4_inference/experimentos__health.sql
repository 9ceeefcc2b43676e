-- One row per check: is the data of an experiment fit to decide on? A blocked row withholds the
-- verdict. After the archive, so that whoever builds all above the decisions builds that too.
-- depends_on: {{ ref("experimentos__archive") }}
{%- set double = experimentos.type_double() %}
{%- set text = dbt.type_string() %}

with

    experiments as (select * from {{ ref("experimentos__experiments") }}),

    exclusions as (select * from {{ ref("experimentos__exclusions") }}),

    -- A metric is checked where it decides: the latest readout of all units.
    inputs as (

        select
            *,
            sqrt(case when m2_num >= 0 then m2_num end / nullif(n_units - 1, 0)) as deviation,
            -- Nothing of a part is left: the other part of a ratio may still have its values.
            n_events > 0
            and n_skipped >= n_events
            and (metric_type != 'ratio' or mean_num = 0 or mean_den = 0) as is_all_skipped
        from {{ ref("experimentos__inference_inputs") }}
        where is_deciding

    ),

    -- Assignment models have no history of their own, but changes that came late.
    facts as (select * from {{ ref("experimentos__fact_spans") }} where first_at is not null),

    definition_valid as (

        select
            experiment_id,
            'definition_valid' as check_name,
            case when definition_problems is null then 'healthy' else 'blocked' end as status,
            coalesce(definition_problems, 'the definition has no problem') as message
        from experiments

    ),

    archived_definition as (

        select
            experiment_id,
            'archived_definition' as check_name,
            'warning' as status,
            edit_note as message
        from {{ ref("stg_experimentos__experiments") }}
        where edit_note is not null

    ),

    arm_units as (

        select
            experiments.experiment_id, variants.variant, coalesce(sum(counts.n_units), 0) as n_units
        from {{ ref("stg_experimentos__variants") }} as variants
        inner join experiments on variants.experiment_index = experiments.experiment_index
        left join
            {{ ref("experimentos__assignment_counts") }} as counts
            on experiments.experiment_id = counts.experiment_id
            and variants.variant = counts.variant
            and counts.population = 'assigned'
            and counts.segment = 'all'
        group by experiments.experiment_id, variants.variant

    ),

    unknown_labels as (select * from {{ ref("experimentos__unknown_labels") }}),

    assignment_rows as (

        select
            exclusions.experiment_id,
            sum(exclusions.n_rows) as n_rows,
            sum(
                case when exclusions.reason = 'unknown_variant' then exclusions.n_rows else 0 end
            ) as n_unknown,
            sum(
                case when exclusions.reason = 'crossover' then exclusions.n_units else 0 end
            ) as n_crossover,
            sum(
                case
                    when exclusions.reason in ('crossover', 'analysed')
                    then exclusions.n_units
                    else 0
                end
            ) as n_units
        from exclusions
        group by exclusions.experiment_id

    ),

    has_assignments as (

        select
            arm_units.experiment_id,
            'has_assignments' as check_name,
            case
                when
                    sum(arm_units.n_units) > 0
                    or max(experiments.starts_at) > max(experiments.as_of)
                then 'healthy'
                else 'blocked'
            end as status,
            cast(sum(arm_units.n_units) as {{ double }}) as observed,
            case
                when sum(arm_units.n_units) > 0
                then 'units were assigned'
                when max(experiments.starts_at) > max(experiments.as_of)
                then 'the experiment has not started'
                else 'no unit was assigned within the dates'
            end as message
        from arm_units
        inner join experiments on arm_units.experiment_id = experiments.experiment_id
        group by arm_units.experiment_id

    ),

    has_units as (

        select
            arm_units.experiment_id,
            'variant_has_units' as check_name,
            arm_units.variant,
            case
                when arm_units.n_units > 0 or experiments.starts_at > experiments.as_of
                then 'healthy'
                else 'blocked'
            end as status,
            cast(arm_units.n_units as {{ double }}) as observed,
            case
                when arm_units.n_units > 0
                then 'the variant has units'
                when experiments.starts_at > experiments.as_of
                then 'the experiment has not started'
                else
                    'no unit was assigned to variant '''
                    || arm_units.variant
                    || ''''
                    || coalesce(
                        '; a label in the data that is not planned: '''
                        || unknown_labels.example
                        || '''',
                        ''
                    )
            end as message
        from arm_units
        inner join experiments on arm_units.experiment_id = experiments.experiment_id
        left join unknown_labels on arm_units.experiment_id = unknown_labels.experiment_id

    ),

    crossovers as (

        select
            experiment_id,
            'crossovers' as check_name,
            case
                when n_crossover > 0.01 * n_units
                then 'blocked'
                when n_crossover > 0.001 * n_units
                then 'warning'
                else 'healthy'
            end as status,
            n_crossover * 1.0 / nullif(n_units, 0) as observed,
            case when n_crossover > 0.01 * n_units then 0.01 else 0.001 end as threshold,
            {{ experimentos.as_text("n_crossover") }}
            || ' unit(s) were assigned to more than one variant; they are left out' as message
        from assignment_rows
        where n_units > 0

    ),

    unknown_variants as (

        select
            assignment_rows.experiment_id,
            'unknown_variants' as check_name,
            case
                when assignment_rows.n_unknown > 0.01 * assignment_rows.n_rows
                then 'warning'
                else 'healthy'
            end as status,
            assignment_rows.n_unknown * 1.0 / nullif(assignment_rows.n_rows, 0) as observed,
            0.01 as threshold,
            {{ experimentos.as_text("assignment_rows.n_unknown") }}
            || ' row(s) have a variant that is not planned'
            || coalesce(', for example ''' || unknown_labels.example || '''', '') as message
        from assignment_rows
        left join unknown_labels on assignment_rows.experiment_id = unknown_labels.experiment_id
        inner join experiments on assignment_rows.experiment_id = experiments.experiment_id

    ),

    data_known as (

        select
            experiment_id,
            'data_as_of' as check_name,
            case when data_as_of is null then 'blocked' else 'healthy' end as status,
            case
                when data_as_of is null
                then
                    'a fact model of this experiment has no row up to the build: set complete_until if that is right'
                else 'every fact model has rows'
            end as message
        from experiments
        where is_dated and definition_problems is null

    ),

    -- A date that somebody wrote down: windows close by the data that are there.
    complete_until as (

        select
            experiment_id,
            'complete_until' as check_name,
            'warning' as status,
            {{
                experimentos.text_list(
                    "fact || ': complete until ' || substr("
                    ~ experimentos.as_text("ahead_until")
                    ~ ", 1, 10) || ' lies after the build; its data end before the day of the build'"
                )
            }}
            as message
        from facts
        where ahead_until is not null
        group by experiment_id

    ),

    -- Rows that lie after the build, or before any business: clocks that are wrong.
    future_rows as (

        select
            experiment_id,
            'future_rows' as check_name,
            case when sum(n_future) > 0 then 'warning' else 'healthy' end as status,
            cast(sum(n_future) as {{ double }}) as observed,
            0.0 as threshold,
            coalesce(
                {{
                    experimentos.text_list(
                        "case when n_future > 0 then place || ': ' || "
                        ~ experimentos.as_text("n_future")
                        ~ " || ' row(s) lie after the build; they are not read' end"
                    )
                }},
                'no row lies after the build'
            ) as message
        from
            (
                select experiment_id, fact as place, n_future
                from facts
                union all
                select experiment_id, 'assignments' as place, n_rows as n_future
                from exclusions
                where reason = 'after_as_of'
            ) as placed
        group by experiment_id

    ),

    early_rows as (

        select
            experiment_id,
            'early_rows' as check_name,
            case
                when min(first_at) < cast('2000-01-01' as timestamp) or sum(n_ancient) > 0
                then 'warning'
                else 'healthy'
            end as status,
            coalesce(
                {{
                    experimentos.text_list(
                        "case when first_at < cast('2000-01-01' as timestamp) then fact || ': there are "
                        ~ "rows from ' || substr("
                        ~ experimentos.as_text("first_at")
                        ~ ", 1, 10) || ' on, so it seems to cover all time before exposure' "
                        ~ "when n_ancient > 0 then fact || ': ' || "
                        ~ experimentos.as_text("n_ancient")
                        ~ " || ' row(s) lie before the year 2000; its history begins after them' end"
                    )
                }},
                'no row lies before the year 2000'
            ) as message
        from facts
        group by experiment_id

    ),

    -- A level of a segment that fails loses its readout (experimentos__effects) and warns; all
    -- units, or
    -- a phase of the split, withhold the verdict.
    sample_ratio as (

        select
            sample_ratio.experiment_id,
            case
                when sample_ratio.method like 'activation rate%'
                then 'activation_rate'
                else 'sample_ratio'
            end as check_name,
            sample_ratio.population,
            sample_ratio.segment,
            sample_ratio.segment_value,
            case
                when sample_ratio.p_value is null
                then 'warning'
                when sample_ratio.p_value < 0.001 and sample_ratio.segment in ('all', 'phase')
                then 'blocked'
                when sample_ratio.p_value < 0.01
                then 'warning'
                else 'healthy'
            end as status,
            cast(sample_ratio.n_units as {{ double }}) as observed,
            case when sample_ratio.p_value < 0.001 then 0.001 else 0.01 end as threshold,
            sample_ratio.p_value,
            case
                when sample_ratio.method like 'activation rate%'
                then
                    case
                        when sample_ratio.p_value is null
                        then 'the share of units that activated could not be compared'
                        when sample_ratio.p_value < 0.001
                        then
                            'the share of units that activated differs between the variants: the analysis of activated units is withheld, that of all assigned units is shown'
                        when sample_ratio.p_value < 0.01
                        then 'the share of units that activated may differ between the variants'
                        else 'as many units activated in every variant'
                    end
                when sample_ratio.p_value is null
                then 'the split could not be tested'
                when sample_ratio.p_value < 0.001 and sample_ratio.segment not in ('all', 'phase')
                then 'the split within this level is not the planned one: its effects are not shown'
                when sample_ratio.p_value < 0.001 and sample_ratio.population = 'activated'
                then
                    'the split of activated units is not the planned one: their analysis is withheld, that of all assigned units is shown'
                when sample_ratio.p_value < 0.001
                then
                    'the split is not the planned one; missing treatment units may themselves be harm'
                when sample_ratio.p_value < 0.01
                then 'the split is unlikely under the planned one'
                else 'the split agrees with the planned one'
            end || coalesce(
                ' (' || sample_ratio.population || ' units, ' || sample_ratio.method || ')', ''
            ) as message
        from {{ experimentos.inferred("sample_ratio") }} as sample_ratio
        inner join experiments on sample_ratio.experiment_id = experiments.experiment_id

    ),

    phases_mixed as (

        select distinct
            experiment_id,
            'phases_mixed' as check_name,
            segment,
            'warning' as status,
            'levels of '
            || segment
            || ' hold units of several phases of the split: their effects are not shown' as message
        from {{ ref("experimentos__inference_inputs") }}
        where n_phases > 1 and segment not in ('all', 'phase')

    ),

    one_row_per_variant as (

        select
            experiments.experiment_id,
            'one_row_per_variant' as check_name,
            case when max(counts.n_rows) > 1 then 'blocked' else 'healthy' end as status,
            cast(max(counts.n_rows) as {{ double }}) as observed,
            1.0 as threshold,
            case
                when max(counts.n_rows) > 1
                then 'the summary has several rows for one variant'
                else 'the summary has one row per variant'
            end as message
        from {{ ref("experimentos__summary_counts") }} as counts
        inner join
            {{ ref("stg_experimentos__arms") }} as variants on counts.arm_id = variants.arm_id
        inner join experiments on variants.experiment_index = experiments.experiment_index
        group by experiments.experiment_id

    ),

    -- Explored metrics never withhold a verdict, so their rows warn at most.
    enough_units as (

        select
            experiment_id,
            'enough_units' as check_name,
            metric,
            variant,
            case
                when n_units >= 2
                then 'healthy'
                when role = 'explore' or not is_final
                then 'warning'
                else 'blocked'
            end as status,
            cast(n_units as {{ double }}) as observed,
            2.0 as threshold,
            case
                when n_units >= 2
                then 'there are units to compare'
                else
                    'metric '''
                    || metric
                    || ''' has ' || {{ experimentos.as_text("coalesce(n_units, 0)") }}
                || ' unit(s) in variant '''
                    || variant
                    || ''': at least two are needed'
        end as message
    from inputs

),

values_skipped as (

    select
        experiment_id,
        'values_skipped' as check_name,
        metric,
        variant,
        case
            when is_all_skipped and role != 'explore' then 'blocked'
            when n_skipped > 0.01 * n_events then 'warning'
            else 'healthy'
        end as status,
        n_skipped * 1.0 / nullif(n_events, 0) as observed,
        case when is_all_skipped then 1.0 else 0.01 end as threshold,
        {{ experimentos.as_text("n_skipped") }} || ' of ' || {{ experimentos.as_text("n_events") }}
        || ' values are NULL, not a number, infinite or beyond 1e100; they are skipped' as message
    from inputs

),

varies as (

    select
        experiment_id,
        'varies' as check_name,
        metric,
        case
            when max(m2_num) > 0 or max(m2_den) > 0 or max(quantile_std_error) > 0
            then 'healthy'
            else 'warning'
        end as status,
        coalesce(max(m2_num), max(quantile_std_error)) as observed,
        case
            when max(m2_num) > 0 or max(m2_den) > 0 or max(quantile_std_error) > 0
            then 'values differ between units'
            when max(metric_type) = 'quantile'
            then
                'metric '''
                    || metric
                    || ''' has too few units, or too many equal values, for a quantile: nothing is shown'
            when sum(n_events) = 0
            then 'metric '''
                    || metric
                    || ''' has no event that counts, of any unit: nothing can be shown from it'
            when max(m2_num) is null
            then 'metric '''
                    || metric
                    || ''' has no usable values: nothing is shown'
            else 'metric '''
                    || metric
                    || ''' is the same for every unit: nothing can be shown from it'
        end as message
    from inputs
    where n_units >= 2
    group by experiment_id, metric

),

-- A mean of so few units for its skewness is not close to normal (Kohavi et al. 2014).
skewness as (

    select
        experiment_id,
        'skewness' as check_name,
        metric,
        variant,
        case when n_units < 355 * skewness * skewness then 'warning' else 'healthy' end as status,
        cast(n_units as {{ double }}) as observed,
        355 * skewness * skewness as threshold,
        case
            when n_units < 355 * skewness * skewness
            then
                'values of metric '''
                    || metric
                    || ''' are so skewed that intervals of so few units may not hold: a cap would help'
            else 'there are units enough for the skewness of the values'
        end as message
    from
        (
            select
                *,
                {{
                    experimentos.finite_double(
                        "m3_num / n_units / nullif(spread, 0) / nullif(spread, 0) / nullif(spread, 0)",
                        "number",
                    )
                }} as skewness
            from
                (
                    select *, sqrt(case when m2_num >= 0 then m2_num end / n_units) as spread
                    from inputs
                    where metric_type in ('mean', 'ratio') and n_units >= 2 and m3_num is not null
                ) as spread_out
        ) as skewed
    where skewness is not null

),

cap_applied as (

    select
        inputs.experiment_id,
        'cap_applied' as check_name,
        inputs.metric,
        case when caps.is_refused then 'warning' else 'healthy' end as status,
        case
            when caps.is_refused
            then
                'the percentile of metric '''
                    || inputs.metric
                    || ''' is where most units are: it is not capped there'
            else 'values are capped as defined'
        end as message
    from inputs
    inner join
        {{ ref("experimentos__applied_caps") }} as caps
        on inputs.experiment_id = caps.experiment_id
        and inputs.metric = caps.metric
        and inputs.population = caps.population
        and inputs.basis = caps.basis
    where inputs.is_control

),

-- Beyond a ratio of 1e12 a double has no digits left for the spread.
precise as (

    select
        experiment_id,
        'precision' as check_name,
        metric,
        variant,
        case
            when mean_num is null or m2_num is null then 'blocked'
            when abs(mean_num) > 1e12 * deviation and deviation > 0 then 'blocked'
            when abs(mean_num) > 1e8 * deviation and deviation > 0 then 'warning'
            else 'healthy'
        end as status,
        abs(mean_num) / nullif(deviation, 0) as observed,
        case when abs(mean_num) > 1e12 * deviation then 1e12 else 1e8 end as threshold,
        case
            when mean_num is null
            then 'metric '''
                    || metric
                    || ''' has no count, or one that is below zero or above its users'
            when m2_num is null
            then 'metric '''
                    || metric
                    || ''' has a sum of squares that is not one, or that lost its digits'
            when abs(mean_num) > 1e8 * deviation and deviation > 0
            then 'values of metric '''
                    || metric
                    || ''' are so large against their spread that digits are lost'
            else 'the spread is large enough for the scale of the values'
        end as message
    from inputs
    where n_units >= 2 and role != 'explore' and metric_type != 'quantile'

),

-- A fact without a time column has one row per unit; more would be added up.
unique_units as (

    select
        experiment_id,
        'unique_units' as check_name,
        case
            when max(case when is_deciding then 1 else 0 end) = 1 then 'blocked' else 'warning'
        end as status,
        cast(max(n_units) as {{ double }}) as observed,
        0.0 as threshold,
        {{ experimentos.text_list("fact || ': ' || " ~ experimentos.as_text("n_units")
        ~ " || ' unit(s) have more than one row, but `timestamp: none` means one row per unit'") }}
        as message
    from {{ ref("experimentos__repeated_units") }}
    group by experiment_id

),

covariates as (

    select
        experiment_id,
        'covariate_coverage' as check_name,
        metric,
        case
            when sum(n_covered) >= 0.95 * sum(n_units + n_missing) then 'healthy' else 'warning'
        end as status,
        sum(n_covered) * 1.0 / nullif(sum(n_units + n_missing), 0) as observed,
        0.95 as threshold,
        case
            when sum(n_covered) >= 0.95 * sum(n_units + n_missing) then 'the fact covers the time before exposure'
            else 'the fact does not reach back far enough: metric '''
                    || metric
                    || ''' is not adjusted'
            end as message
        from inputs
        where n_covered is not null
        group by experiment_id, metric

    ),

    -- Chance may make arms differ before exposure, and CUPED removes that: a warning, unless the
    -- split is wrong too.
    covariate_balance as (

        select
            effects.experiment_id,
            'covariate_balance' as check_name,
            effects.metric,
            effects.variant,
            case
                when effects.p_value_balance_corrected >= 0.001
                then 'healthy'
                when wrong_split.experiment_id is not null
                then 'blocked'
                else 'warning'
            end as status,
            effects.p_value_balance as observed,
            0.001 as threshold,
            effects.p_value_balance_corrected as p_value,
            case
                when effects.p_value_balance_corrected >= 0.001
                then 'the variants were alike before exposure'
                else
                    'metric '''
                    || effects.metric
                    || ''' differed between the variants before exposure'
            end as message
        from {{ experimentos.inferred("effects") }} as effects
        inner join experiments on effects.experiment_id = experiments.experiment_id
        left join
            (
                select distinct experiment_id
                from sample_ratio
                where check_name = 'sample_ratio' and status = 'blocked'
            ) as wrong_split
            on effects.experiment_id = wrong_split.experiment_id
        where effects.used_for_decision and effects.p_value_balance_corrected is not null

    ),

    -- Where the share of units without a value differs between variants, what is left is no longer
    -- a random comparison. 10.83 is the chi-square of one degree of freedom at .001.
    missing as (

        select
            *,
            n_missing * 1.0 / nullif(n_missing + n_units, 0) as share,
            n_missing + n_units as n_all,
            max(case when is_control then n_missing end) over same_metric as n_missing_control,
            max(case when is_control then n_missing + n_units end) over same_metric as n_control,
            sum(n_missing) over same_metric as n_missing_any
        from inputs
        window same_metric as (partition by experiment_id, metric)

    ),

    tested as (

        select
            *,
            (n_missing + n_missing_control) * 1.0 / nullif(n_all + n_control, 0) as pooled,
            n_missing_control * 1.0 / nullif(n_control, 0) as control_share
        from missing
        where n_missing_any > 0

    ),

    values_missing as (

        select
            experiment_id,
            'values_missing' as check_name,
            metric,
            variant,
            case when difference > 10.83 then 'warning' else 'healthy' end as status,
            share as observed,
            control_share as threshold,
            {{ experimentos.as_text("n_missing") }}
            || ' unit(s) have no value and are left out'
            || case
                when difference > 10.83 then ', another share than in control' else ''
            end as message
        from
            (
                select
                    *,
                    (share - control_share)
                    * (share - control_share)
                    / nullif(
                        pooled * (1 - pooled) * (1.0 / n_all + 1.0 / nullif(n_control, 0)), 0
                    ) as difference
                from tested
                where n_all > 0
            ) as compared

    ),

    -- What was shown of these days has changed since.
    late_changes as (

        select
            experiment_id,
            'late_changes' as check_name,
            case when sum(n_late_days) > 0 then 'warning' else 'healthy' end as status,
            cast(coalesce(sum(n_late_days), 0) as {{ double }}) as observed,
            0.0 as threshold,
            coalesce(
                {{
                    experimentos.text_list(
                        "case when n_late_days > 0 then fact || ': rows of ' || "
                        ~ experimentos.as_text("n_late_days")
                        ~ " || ' day(s), the first of them ' || "
                        ~ experimentos.as_text("first_late_day")
                        ~ " || ', changed later than `lookback` says; earlier numbers were computed again' end"
                    )
                }},
                'no rows changed later than `lookback` says'
            ) as message
        from {{ ref("experimentos__fact_spans") }}
        group by experiment_id

    ),

    -- Rows of inference carry the hashes of the rows they came from: every treatment's has to be
    -- there,
    -- and every control's has to be one that still is.
    hashes as (

        select experiment_id, inputs_hash, is_control
        from {{ ref("experimentos__inference_inputs") }}

    ),

    inferred_hashes as (

        select distinct inputs_hash, control_inputs_hash
        from {{ experimentos.inferred("effects") }}
        where inputs_hash is not null

    ),

    outdated as (

        select experiment_id, count(*) as n_rows
        from hashes
        where not is_control and inputs_hash not in (select inputs_hash from inferred_hashes)
        group by experiment_id
        union all
        select hashes.experiment_id, count(*)
        from inferred_hashes
        inner join hashes on inferred_hashes.inputs_hash = hashes.inputs_hash
        where inferred_hashes.control_inputs_hash not in (select inputs_hash from hashes)
        group by hashes.experiment_id

    ),

    current_inference as (

        select
            known.experiment_id,
            'inference_current' as check_name,
            case when sum(outdated.n_rows) > 0 then 'blocked' else 'healthy' end as status,
            cast(coalesce(sum(outdated.n_rows), 0) as {{ double }}) as observed,
            case
                when sum(outdated.n_rows) > 0
                then 'inference is older than the data: run experimentos build'
                else 'inference was computed from the moments shown'
            end as message
        from (select distinct experiment_id from hashes) as known
        left join outdated on known.experiment_id = outdated.experiment_id
        group by known.experiment_id

    ),

    {%- set columns = ["population", "metric", "variant", "segment", "segment_value"] %}
    {%- set checks = {
        "definition_valid": [],
        "archived_definition": [],
        "data_known": [],
        "complete_until": [],
        "has_assignments": ["observed"],
        "has_units": ["variant", "observed"],
        "crossovers": ["observed", "threshold"],
        "unknown_variants": ["observed", "threshold"],
        "sample_ratio": [
            "population",
            "segment",
            "segment_value",
            "observed",
            "threshold",
            "p_value",
        ],
        "phases_mixed": ["segment"],
        "enough_units": ["metric", "variant", "observed", "threshold"],
        "values_skipped": ["metric", "variant", "observed", "threshold"],
        "future_rows": ["observed", "threshold"],
        "early_rows": [],
        "cap_applied": ["metric"],
        "skewness": ["metric", "variant", "observed", "threshold"],
        "unique_units": ["observed", "threshold"],
        "one_row_per_variant": ["observed", "threshold"],
        "values_missing": ["metric", "variant", "observed", "threshold"],
        "varies": ["metric", "observed"],
        "precise": ["metric", "variant", "observed", "threshold"],
        "covariates": ["metric", "observed", "threshold"],
        "covariate_balance": ["metric", "variant", "observed", "threshold", "p_value"],
        "current_inference": ["observed"],
    } %}
    {%- if experimentos.remembers() %}
        {%- do checks.update({"late_changes": ["observed", "threshold"]}) %}
    {%- endif %}

    united as (

        {%- for check, given in checks.items() %}
            {{ "union all" if not loop.first }}
            select
                experiment_id,
                check_name,
                {%- for column in columns %}
                    {{ column if column in given else "'all'" }} as {{ column }},
                {%- endfor %}
                status,
                {%- for column in ["observed", "threshold", "p_value"] %}
                    cast(
                        {{ column if column in given else "null" }} as {{ double }}
                    ) as {{ column }},
                {%- endfor %}
                message
            from {{ check }}
        {%- endfor %}

    )

select
    experiment_id,
    {%- for column in ["check_name"] + columns + ["status"] %}
        cast({{ column }} as {{ text }}) as {{ column }},
    {%- endfor %}
    observed,
    threshold,
    p_value,
    cast(message as {{ text }}) as message
from united
