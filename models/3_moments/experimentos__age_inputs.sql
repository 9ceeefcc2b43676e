-- One row per experiment, metric, variant and age: moments of what units did in the first 1, 2,
-- ... days
-- of their windows, of those that have completed so many. All that inference by age reads.
{{ config(post_hook="{{ experimentos.keep_in_archive() }}") }}
{%- set ages = [] %}
{%- for age in range(experimentos.most_ages(experimentos.definitions())) %}
    {%- do ages.append([age + 1]) %}
{%- endfor %}
{%- set span = [
    "experiment_index",
    "population",
    "is_dated",
    "is_endless",
    "horizon_seconds",
    "covariate_seconds",
    "first_at",
    "delay_seconds",
    "window_seconds",
    "age",
] %}

with

    ages as ({{ experimentos.values_table([("age", "integer")], ages) }}),

    experiments as (select * from {{ ref("experimentos__experiments") }}),

    arms as (select * from {{ ref("stg_experimentos__arms") }}),

    covered as (

        select measures.pair_id, max(facts.first_at) as first_at
        from {{ ref("stg_experimentos__measures") }} as measures
        inner join {{ ref("stg_experimentos__facts") }} as facts on measures.fact = facts.fact
        group by measures.pair_id

    ),

    pairs as (

        select pairs.*, covered.first_at, deciding.population, ages.age
        from {{ ref("stg_experimentos__pairs") }} as pairs
        inner join
            (
                select
                    experiment_index,
                    case
                        when max(case when population = 'activated' then 1 else 0 end) = 1
                        then 'activated'
                        else 'assigned'
                    end as population
                from arms
                group by experiment_index
            ) as deciding
            on pairs.experiment_index = deciding.experiment_index
        inner join covered on pairs.pair_id = covered.pair_id
        inner join ages on (ages.age - 1) * 86400 < pairs.window_seconds
        where pairs.has_ages

    ),

    spans as (select distinct {{ span | join(", ") }} from pairs),

    -- Metrics whose windows are alike share their counts.
    counts as (

        select
            {%- for name in span %} pairs.{{ name }}, {%- endfor %}
            arms.variant,
            sum(unit_counts.n_units) as n_units
        from {{ ref("experimentos__unit_counts") }} as unit_counts
        inner join
            spans as pairs
            on unit_counts.experiment_index = pairs.experiment_index
            and {{ experimentos.same_span("pairs", "unit_counts") }}
            and unit_counts.first_at is not distinct from pairs.first_at
        inner join experiments on pairs.experiment_index = experiments.experiment_index
        inner join
            arms
            on {{ experimentos.arm_of("unit_counts.cohort") }} = arms.arm_id
            and pairs.population = arms.population
        where unit_counts.segment = 'all' and {{ experimentos.has_completed("unit_counts") }}
        group by {% for name in span %} pairs.{{ name }}, {% endfor %} arms.variant

    ),

    parts as materialized(

        select
            pairs.pair_id,
            arms.variant,
            pairs.age,
            {%- for name in [
                "n_active",
                "n_events",
                "n_skipped",
                "n_capped",
            ] + experimentos.moment_names() %}
                moments.{{ name }},
            {%- endfor %}
            moments.m3_num
        from {{ ref("experimentos__cohort_moments") }} as moments
        inner join
            pairs
            on moments.pair_id = pairs.pair_id
            and {{ experimentos.last_step_of_age() }} >= moments.step_from
            and {{ experimentos.last_step_of_age() }} < moments.step_to
        inner join experiments on pairs.experiment_index = experiments.experiment_index
        inner join
            arms
            on {{ experimentos.arm_of("moments.cohort") }} = arms.arm_id
            and pairs.population = arms.population
        where
            moments.segment = 'all'
            and moments.basis in ('both', pairs.decides_on)
            and {{ experimentos.has_completed("moments") }}

    ),

    active as ({{ experimentos.merged_moments("parts", ["pair_id", "variant", "age"]) }}),

    counted as (

        select
            pairs.*,
            counts.variant,
            coalesce(active.n_active, 0) as n_active,
            {%- for name in ["mean_num", "m2_num", "mean_den", "m2_den", "c2_num_den"] %}
                active.{{ name }},
            {%- endfor %}
            cast(
                case
                    when pairs.is_zero_filled then counts.n_units else coalesce(active.n_active, 0)
                end as {{ experimentos.type_double() }}
            ) as n
        from pairs
        inner join
            counts
            on pairs.experiment_index = counts.experiment_index
            and {{ experimentos.same_span("pairs", "counts") }}
            and pairs.first_at is not distinct from counts.first_at
            and pairs.delay_seconds = counts.delay_seconds
            and pairs.age = counts.age
        left join
            active
            on pairs.pair_id = active.pair_id
            and counts.variant = active.variant
            and pairs.age = active.age

    ),

    -- The n - n_active others are zeros unless a cap lifts them, as in experimentos__moments.
    others as (

        select
            counted.*,
            counted.n_active * (counted.n - counted.n_active) / nullif(counted.n, 0) as n_crossed
            {%- for x in ["num", "den"] %}
                ,
                case
                    when caps.lower_{{ x }} > 0
                    then caps.lower_{{ x }}
                    when caps.upper_{{ x }} < 0
                    then caps.upper_{{ x }}
                    else 0
                end as other_{{ x }}
            {%- endfor %}
        from counted
        left join
            {{ ref("experimentos__caps") }} as caps
            on counted.pair_id = caps.pair_id
            and counted.population = caps.population
            and counted.decides_on = caps.basis

    ),

    apart as (

        select
            *
            {%- for x in ["num", "den"] %}
                , coalesce(mean_{{ x }} - other_{{ x }}, 0) as apart_{{ x }}
            {%- endfor %}
        from others

    )

select
    experiments.experiment_id,
    apart.metric,
    apart.variant,
    apart.age as age_days,
    variants.is_control,
    apart.metric_type,
    coalesce(phases.n_phases, 1) as n_phases,
    experiments.alpha,
    cast(apart.n as bigint) as n_units,
    {%- for x in ["num", "den"] %}
        {%- set is_there = "apart.n > 0" ~ (" and apart.has_denominator" if x == "den") %}
        case
            when {{ is_there }}
            then apart.other_{{ x }} + apart.apart_{{ x }} * apart.n_active / apart.n
        end as mean_{{ x }},
        case
            when {{ is_there }}
            then
                coalesce(apart.m2_{{ x }}, 0)
                + apart.apart_{{ x }} * apart.apart_{{ x }} * apart.n_crossed
        end as m2_{{ x }},
    {%- endfor %}
    case
        when apart.n > 0 and apart.has_denominator
        then coalesce(apart.c2_num_den, 0) + apart.apart_num * apart.apart_den * apart.n_crossed
    end as c2_num_den
from apart
inner join experiments on apart.experiment_index = experiments.experiment_index
inner join
    {{ ref("stg_experimentos__variants") }} as variants
    on apart.experiment_index = variants.experiment_index
    and apart.variant = variants.variant
left join
    {{ ref("stg_experimentos__phases") }} as phases
    on apart.experiment_index = phases.experiment_index
    and phases.phase = 0
where
    {{ experimentos.is_active("experiments.experiment_id") }}
    {{
        experimentos.archived_rows(
            [
                "experiment_id",
                "metric",
                "variant",
                "age_days",
                "is_control",
                "metric_type",
                "n_phases",
                "alpha",
                "n_units",
                "mean_num",
                "m2_num",
                "mean_den",
                "m2_den",
                "c2_num_den",
            ]
        )
    }}
