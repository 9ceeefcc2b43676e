-- One row per experiment and reason: what became of every row of the assignment models.
{{ config(post_hook="{{ experimentos.keep_in_archive() }}") }}
{%- set archived = experimentos.definitions().experiments | selectattr("is_archived") | list %}
{%- set several = namespace(kinds=false) %}
{%- for table in experimentos.definitions().assignments if table.units | length > 1 %}
    {%- set several.kinds = true %}
{%- endfor %}
with

    assignments as (select * from {{ ref("stg_experimentos__assignments") }}),

    experiments as (select * from {{ ref("experimentos__experiments") }}),

    classified as (

        select
            coalesce(experiments.experiment_id, '(not defined)') as experiment_id,
            assignments.unit,
            case
                when experiments.experiment_id is null
                then 'experiment_not_defined'
                when assignments.unit is null
                then 'unit_missing'
                when assignments.variant is null
                then 'variant_missing'
                when variants.variant is null
                then 'unknown_variant'
                when not assignments.is_dated
                then null
                when assignments.assigned_at is null
                then 'time_missing'
                when assignments.assigned_at < experiments.starts_at
                then 'before_start'
                when assignments.assigned_at >= experiments.ends_at
                then 'after_end'
                when assignments.assigned_at > experiments.as_of
                then 'after_as_of'
                when assignments.assigned_at >= coalesce(experiments.ends_at, experiments.as_of)
                then 'after_as_of'
            end as reason
        from assignments
        left join
            {{ ref("stg_experimentos__experiment_ids") }} as experiment_ids
            on assignments.experiment_value = experiment_ids.experiment_value
            and assignments.kind = experiment_ids.kind
        left join experiments on experiment_ids.experiment_index = experiments.experiment_index
        left join
            {{ ref("stg_experimentos__variants") }} as variants
            on experiment_ids.experiment_index = variants.experiment_index
            and assignments.variant = variants.variant
        where
            (
                experiments.experiment_id is not null
                -- Rows of an archived experiment have been counted for it.
                or not (
                    false
                    {%- for experiment in archived %}
                        or (
                            coalesce(assignments.experiment_value, '')
                            in ({{ experimentos.text_literals(experiment.ids) }})
                            and assignments.kinds
                            like {{ experimentos.text_literal("%|" ~ experiment.kind ~ "|%") }}
                        )
                    {%- endfor %}
                )
            )
            {%- if several.kinds %}
                -- A table of several kinds of unit has each row once per kind.
                and (
                    experiments.experiment_id is not null
                    or (
                        assignments.is_first_kind
                        and not exists (
                            select 1
                            from {{ ref("stg_experimentos__experiment_ids") }} as other
                            where
                                other.experiment_value = assignments.experiment_value
                                and assignments.kinds like '%|' || other.kind || '|%'
                        )
                    )
                )
            {%- endif %}

    ),

    rows_left_out as (

        select experiment_id, reason, count(*) as n_rows, count(distinct unit) as n_units
        from classified
        where reason is not null
        group by experiment_id, reason

    ),

    units_left_out as (

        select
            experiments.experiment_id,
            units.exclusion as reason,
            sum(units.n_rows) as n_rows,
            count(*) as n_units
        from {{ ref("experimentos__units") }} as units
        inner join experiments on units.experiment_index = experiments.experiment_index
        where units.exclusion not in ('withdrawn')
        group by experiments.experiment_id, units.exclusion

    ),

    analysed as (

        select
            experiments.experiment_id,
            count(*) as n_analysed,
            sum(units.n_rows - 1) as n_repeat_rows,
            sum(case when units.n_rows > 1 then 1 else 0 end) as n_repeated
        from {{ ref("experimentos__units") }} as units
        inner join experiments on units.experiment_index = experiments.experiment_index
        where units.exclusion is null
        group by experiments.experiment_id

    ),

    united as (

        select *
        from rows_left_out
        union all
        select *
        from units_left_out
        union all
        select experiment_id, 'repeat', n_repeat_rows, n_repeated
        from analysed
        where n_repeated > 0
        union all
        select experiment_id, 'analysed', n_analysed, n_analysed
        from analysed

    )

select
    experiment_id,
    cast(reason as {{ dbt.type_string() }}) as reason,
    cast(n_rows as bigint) as n_rows,
    cast(n_units as bigint) as n_units
from united
where
    {{ experimentos.is_active("experiment_id") }}
    {{ experimentos.archived_rows(["experiment_id", "reason", "n_rows", "n_units"]) }}
