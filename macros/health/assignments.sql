{% macro health_arm_units() %}
    select experiments.experiment_id, variants.variant, coalesce(sum(counts.n_units), 0) as n_units
    from {{ ref("stg_experimentos__variants") }} as variants
    inner join experiments on variants.experiment_index = experiments.experiment_index
    left join
        {{ ref("experimentos__assignment_counts") }} as counts
        on experiments.experiment_id = counts.experiment_id
        and variants.variant = counts.variant
        and counts.population = 'assigned'
        and counts.segment = 'all'
    group by experiments.experiment_id, variants.variant
{% endmacro %}

{% macro health_assignment_rows() %}
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
                when exclusions.reason in ('crossover', 'analysed') then exclusions.n_units else 0
            end
        ) as n_units
    from exclusions
    group by exclusions.experiment_id
{% endmacro %}

{% macro health_has_assignments() %}
    {%- set double = experimentos.type_double() %}
    select
        arm_units.experiment_id,
        'has_assignments' as check_name,
        case
            when sum(arm_units.n_units) > 0 or max(experiments.starts_at) > max(experiments.as_of)
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
{% endmacro %}

{% macro health_has_units() %}
    {%- set double = experimentos.type_double() %}
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
{% endmacro %}

{% macro health_crossovers() %}
    select
        crossed.experiment_id,
        'crossovers' as check_name,
        crossed.share as observed,
        {{ experimentos.graded("crossed.share") }},
        {{ experimentos.as_text("crossed.n_crossover") }}
        || ' unit(s) were assigned to more than one variant; they are left out' as message
    from
        (
            select *, n_crossover * 1.0 / n_units as share from assignment_rows where n_units > 0
        ) as crossed
        {{ experimentos.with_limits("crossed", "'crossovers'") }}
{% endmacro %}

{% macro health_unknown_variants() %}
    select
        unknown.experiment_id,
        'unknown_variants' as check_name,
        unknown.share as observed,
        {{ experimentos.graded("unknown.share") }},
        {{ experimentos.as_text("unknown.n_unknown") }}
        || ' row(s) have a variant that is not planned'
        || coalesce(', for example ''' || unknown_labels.example || '''', '') as message
    from
        (
            select assignment_rows.*, n_unknown * 1.0 / nullif(n_rows, 0) as share
            from assignment_rows
            inner join experiments on assignment_rows.experiment_id = experiments.experiment_id
        ) as unknown
    left join
        unknown_labels on unknown.experiment_id = unknown_labels.experiment_id
        {{ experimentos.with_limits("unknown", "'unknown_variants'") }}
{% endmacro %}
