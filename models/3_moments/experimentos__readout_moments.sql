-- One row per metric, variant, population, segment, day and basis: moments of the units with
-- events.
{%- set daily = experimentos.daily_segments(experimentos.definitions()) %}
{%- set keys = [
    "pair_id",
    "variant",
    "population",
    "segment",
    "segment_value",
    "as_of_day",
    "basis",
] %}
with

    cohorts as (

        select
            moments.*,
            pairs.is_dated,
            pairs.is_aged,
            arms.variant,
            arms.population,
            arms.phase_segment,
            arms.phase_value,
            -- slices have been put together before
            coalesce(levels.shown_value, moments.segment_value) as shown_value,
            {{ experimentos.day_of("moments.cohort") }} as cohort_day,
            {{ experimentos.enters_on("moments") }} as entered_on,
            {{ experimentos.matures_on("moments") }} as matured_on
        from {{ ref("experimentos__cohort_moments") }} as moments
        inner join {{ ref("stg_experimentos__pairs") }} as pairs on moments.pair_id = pairs.pair_id
        inner join
            {{ ref("experimentos__experiments") }} as experiments
            on moments.experiment_index = experiments.experiment_index
        inner join
            ({{ experimentos.shown_arms() | indent(8) }}) as arms
            on {{ experimentos.arm_of("moments.cohort") }} = arms.arm_id
            and (moments.segment = 'all' or arms.phase_segment = 'all')
        left join
            {{ ref("experimentos__segment_levels") }} as levels
            on moments.experiment_index = levels.experiment_index
            and moments.segment = levels.segment
            and moments.segment_value = levels.segment_value

    ),

    parts as materialized(

        select
            pairs.pair_id,
            pairs.variant,
            pairs.population,
            case
                when pairs.segment = 'all' then pairs.phase_segment else pairs.segment
            end as segment,
            case
                when pairs.segment = 'all' then pairs.phase_value else pairs.shown_value
            end as segment_value,
            readouts.as_of_day,
            bases.basis,
            pairs.n_active,
            pairs.n_events,
            pairs.n_skipped,
            pairs.n_capped,
            {%- for name in experimentos.moment_names() %} pairs.{{ name }}, {%- endfor %}
            pairs.m3_num
        from cohorts as pairs
        inner join
            {{ ref("stg_experimentos__readouts") }} as readouts
            on pairs.experiment_index = readouts.experiment_index
        cross join {{ experimentos.two_bases() }} as bases
        where
            pairs.basis in ('both', bases.basis)
            and {{ experimentos.is_read("pairs") }}
            and {{ experimentos.has_readout() }}
            and (
                readouts.is_latest
                or pairs.segment = 'all'
                or pairs.experiment_index in ({{ daily | join(", ") }})
            )
            and case
                when bases.basis = 'mature' or pairs.is_aged or not pairs.is_dated
                then pairs.step_to = {{ experimentos.last_step() }}
                else
                    {{ experimentos.last_step_before("pairs.cohort_day", "readouts.as_of_day") }}
                    >= pairs.step_from
                    and {{ experimentos.last_step_before("pairs.cohort_day", "readouts.as_of_day") }}
                    < pairs.step_to
            end

    )

    {{ experimentos.merged_moments("parts", keys) }}
