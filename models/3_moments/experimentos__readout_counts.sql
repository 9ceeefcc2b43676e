-- One row per experiment, span of time, variant, population, segment, day and basis: units, and
-- those
-- whose pre-exposure window the facts cover.
{%- set daily = experimentos.daily_segments(experimentos.definitions()) %}
with

    spans as (

        select experiment_index, is_dated, is_endless, is_aged, horizon_seconds, covariate_seconds
        from {{ ref("stg_experimentos__pairs") }}
        group by 1, 2, 3, 4, 5, 6

    ),

    counts as (

        select
            unit_counts.*,
            pairs.is_aged,
            arms.variant,
            arms.population,
            arms.phase_segment,
            arms.phase_value,
            levels.shown_value,
            {{ experimentos.enters_on("unit_counts") }} as entered_on,
            {{ experimentos.matures_on("unit_counts") }} as matured_on
        from {{ ref("experimentos__unit_counts") }} as unit_counts
        inner join
            spans as pairs
            on unit_counts.experiment_index = pairs.experiment_index
            and {{ experimentos.same_span("pairs", "unit_counts") }}
        inner join
            {{ ref("experimentos__experiments") }} as experiments
            on unit_counts.experiment_index = experiments.experiment_index
        inner join
            ({{ experimentos.shown_arms() | indent(8) }}) as arms
            on {{ experimentos.arm_of("unit_counts.cohort") }} = arms.arm_id
            and (unit_counts.segment = 'all' or arms.phase_segment = 'all')
        left join
            {{ ref("experimentos__segment_levels") }} as levels
            on unit_counts.experiment_index = levels.experiment_index
            and unit_counts.segment = levels.segment
            and unit_counts.segment_value = levels.segment_value

    )

select
    pairs.experiment_index,
    pairs.is_dated,
    pairs.is_endless,
    pairs.is_aged,
    pairs.horizon_seconds,
    pairs.covariate_seconds,
    pairs.first_at,
    pairs.variant,
    pairs.population,
    case when pairs.segment = 'all' then pairs.phase_segment else pairs.segment end as segment,
    case
        when pairs.segment = 'all' then pairs.phase_value else pairs.shown_value
    end as segment_value,
    readouts.as_of_day,
    bases.basis,
    sum(pairs.n_units) as n_units,
    sum(pairs.n_covered) as n_covered
from counts as pairs
inner join
    {{ ref("stg_experimentos__readouts") }} as readouts
    on pairs.experiment_index = readouts.experiment_index
cross join {{ experimentos.two_bases() }} as bases
where
    {{ experimentos.is_read("pairs") }}
    and {{ experimentos.has_readout() }}
    and (
        readouts.is_latest
        or pairs.segment = 'all'
        or pairs.experiment_index in ({{ daily | join(", ") }})
    )
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
