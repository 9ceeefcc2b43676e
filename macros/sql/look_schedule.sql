{# Units whose windows are closed, for every hypothesis that decides, by readout. #}
{% macro look_counts() %}
    select
        counts.experiment_index,
        counts.as_of_day,
        pairs.pair_id,
        counts.variant,
        max(counts.n_units) as n_units
    from {{ ref("experimentos__readout_counts") }} as counts
    inner join
        {{ ref("stg_experimentos__pairs") }} as pairs
        on counts.experiment_index = pairs.experiment_index
        and {{ experimentos.same_span("pairs", "counts") }}
        and pairs.is_aged = counts.is_aged
    left join
        (
            select distinct experiment_index, population
            from {{ ref("stg_experimentos__arms") }}
            where population = 'activated'
        ) as activated
        on counts.experiment_index = activated.experiment_index
    where
        counts.basis = 'mature'
        and counts.segment = 'all'
        and pairs.role != 'explore'
        and counts.population = coalesce(activated.population, 'assigned')
    group by counts.experiment_index, counts.as_of_day, pairs.pair_id, counts.variant
{% endmacro %}

{# How much of the planned size is there in each readout: of the hypothesis that has least of it. #}
{% macro look_shares() %}
    {%- set double = experimentos.type_double() %}
    select
        readouts.experiment_index,
        readouts.as_of_day,
        readouts.as_of,
        min(
            coalesce(
                1 / (
                    1 / nullif(cast(control_counts.n_units as {{ double }}), 0)
                    + 1 / nullif(cast(counts.n_units as {{ double }}), 0)
                )
                * (1 / control.planned_share + 1 / nullif(variants.planned_share, 0))
                / experiments.planned_n,
                0
            )
        ) as unit_share
    from {{ ref("stg_experimentos__readouts") }} as readouts
    inner join
        experiments
        on readouts.experiment_index = experiments.experiment_index
        and experiments.design = 'group_sequential'
        and experiments.planned_n is not null
    inner join
        {{ ref("stg_experimentos__pairs") }} as pairs
        on readouts.experiment_index = pairs.experiment_index
        and pairs.role != 'explore'
    inner join
        {{ ref("stg_experimentos__variants") }} as control
        on readouts.experiment_index = control.experiment_index
        and control.is_control
    inner join
        {{ ref("stg_experimentos__variants") }} as variants
        on readouts.experiment_index = variants.experiment_index
        and not variants.is_control
    left join
        counts as control_counts
        on pairs.pair_id = control_counts.pair_id
        and readouts.as_of_day = control_counts.as_of_day
        and control.variant = control_counts.variant
    left join
        counts
        on pairs.pair_id = counts.pair_id
        and readouts.as_of_day = counts.as_of_day
        and variants.variant = counts.variant
    where readouts.as_of is not null
    group by readouts.experiment_index, readouts.as_of_day, readouts.as_of
{% endmacro %}

{# When each look is due; null: not yet known. #}
{% macro look_schedule(by_units) %}
    select
        looks.experiment_index,
        looks.scheduled_look,
        looks.time_fraction,
        looks.unit_share,
        looks.is_last,
        {% if by_units -%} least(looks.look_at, min(shares.as_of))
        {%- else -%} looks.look_at
        {%- endif %} as look_at
    from {{ ref("stg_experimentos__looks") }} as looks
    {%- if by_units %}
        left join
            shares
            on looks.experiment_index = shares.experiment_index
            and looks.unit_share <= shares.unit_share
        group by
            looks.experiment_index,
            looks.scheduled_look,
            looks.time_fraction,
            looks.unit_share,
            looks.is_last,
            looks.look_at
    {%- endif %}
{% endmacro %}
