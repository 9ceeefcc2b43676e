-- One row per cohort, span of time and segment: analysed units, and those whose pre-exposure
-- window the
-- facts cover.
{%- set definitions = experimentos.definitions() %}
{%- set segments = experimentos.used_segments(definitions) %}
{%- set text = dbt.type_string() %}
with

    covered as (

        select measures.pair_id, max(facts.first_at) as first_at
        from {{ ref("stg_experimentos__measures") }} as measures
        inner join {{ ref("stg_experimentos__facts") }} as facts on measures.fact = facts.fact
        group by measures.pair_id

    ),

    spans as (

        select
            pairs.experiment_index,
            pairs.is_dated,
            pairs.is_endless,
            pairs.horizon_seconds,
            pairs.covariate_seconds,
            covered.first_at,
            -- Whose counts of units stand for the span: several facts may cover it differently.
            row_number() over (
                partition by
                    pairs.experiment_index,
                    pairs.is_dated,
                    pairs.is_endless,
                    pairs.horizon_seconds,
                    pairs.covariate_seconds
                order by covered.first_at
            )
            = 1 as is_base
        from {{ ref("stg_experimentos__pairs") }} as pairs
        left join covered on pairs.pair_id = covered.pair_id
        group by 1, 2, 3, 4, 5, 6

    ),

    shown as (

        select experiment_index, 'all' as segment, -1 as segment_place
        from {{ ref("experimentos__experiments") }}
        {%- for experiment in definitions.experiments %}
            {%- for name in experiment.get("segments") or [] %}
                union all
                select
                    {{ experiment.index }},
                    {{ experimentos.text_literal(name) }},
                    {{ segments.index(name) }}
            {%- endfor %}
        {%- endfor %}

    ),

    read as (

        select
            units.experiment_index,
            {{ experimentos.cohort_of("units.unit_key") }} as cohort,
            case
                when not pairs.is_dated or pairs.is_endless
                then -1
                {%- if not experimentos.has_part_days(definitions) %}
                    when pairs.horizon_seconds % 86400 = 0 then -1
                {%- endif %}
                else
                    {{
                        experimentos.days_until_closed(
                            "units.anchor_at",
                            "pairs.horizon_seconds",
                            "experiments.data_as_of",
                        )
                    }}
            end as matures_after,
            pairs.is_dated,
            pairs.is_endless,
            pairs.horizon_seconds,
            pairs.covariate_seconds,
            pairs.first_at,
            pairs.is_base,
            {{ experimentos.is_mature() }} as is_mature,
            shown.segment,
            case
                shown.segment_place
                {%- for name in segments %}
                    when {{ loop.index0 }} then units.segment_{{ loop.index0 }}
                {%- endfor %}
                when -1
                then 'all'
            end as segment_value,
            case
                when
                    units.exposed_at
                    >= {{ experimentos.add_seconds("pairs.first_at", "pairs.covariate_seconds") }}
                then 1
                else 0
            end as is_covered
        from {{ ref("experimentos__analysed_units") }} as units
        inner join spans as pairs on units.experiment_index = pairs.experiment_index
        inner join
            {{ ref("experimentos__experiments") }} as experiments
            on units.experiment_index = experiments.experiment_index
        inner join shown on units.experiment_index = shown.experiment_index
        where not pairs.is_dated or units.anchor_at < experiments.data_as_of

    )

select
    experiment_index,
    cohort,
    matures_after,
    is_dated,
    is_endless,
    horizon_seconds,
    covariate_seconds,
    first_at,
    is_base,
    is_mature,
    segment,
    segment_value,
    cast(count(*) as bigint) as n_units,
    cast(sum(is_covered) as bigint) as n_covered
from read
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
