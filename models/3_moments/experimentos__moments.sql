-- One row per experiment, metric and variant: the statistics that every later number is computed
-- from. Those of finished experiments come from the archive.
{{ config(post_hook="{{ experimentos.keep_in_archive() }}") }}
{%- set means = experimentos.moment_means() %}
{%- set products = experimentos.moment_products() %}
{%- set daily = experimentos.daily_segments(experimentos.definitions()) %}
{%- set double = experimentos.type_double() %}

with

    counts as (select * from {{ ref("experimentos__readout_counts") }}),

    -- Every readout there has to be, with and without units.
    levels as (

        select distinct
            experiment_index, population, segment, segment_value, cast(null as integer) as pair_id
        from counts
        where segment != 'all'
        union
        select distinct
            pairs.experiment_index, arms.population, pairs.slice, levels.shown_value, levels.pair_id
        from {{ ref("experimentos__slice_levels") }} as levels
        inner join {{ ref("stg_experimentos__pairs") }} as pairs on levels.pair_id = pairs.pair_id
        inner join
            {{ ref("stg_experimentos__arms") }} as arms
            on pairs.experiment_index = arms.experiment_index
        union
        select distinct experiment_index, population, 'all', 'all', cast(null as integer)
        from {{ ref("stg_experimentos__arms") }}

    ),

    readings as (

        select
            experiments.experiment_id,
            pairs.*,
            variants.variant,
            levels.population,
            levels.segment,
            levels.segment_value,
            readouts.as_of_day,
            readouts.as_of,
            bases.basis
        from {{ ref("stg_experimentos__pairs") }} as pairs
        inner join
            {{ ref("experimentos__experiments") }} as experiments
            on pairs.experiment_index = experiments.experiment_index
        inner join
            {{ ref("stg_experimentos__variants") }} as variants
            on pairs.experiment_index = variants.experiment_index
        inner join
            levels
            on pairs.experiment_index = levels.experiment_index
            and (levels.pair_id is null or pairs.pair_id = levels.pair_id)
        inner join
            {{ ref("stg_experimentos__readouts") }} as readouts
            on pairs.experiment_index = readouts.experiment_index
            and (
                readouts.is_latest
                or levels.segment in ('all', 'phase')
                or (pairs.experiment_index in ({{ daily | join(", ") }}) and levels.pair_id is null)
            )
        cross join {{ experimentos.two_bases() }} as bases
        where
            {{ experimentos.has_readout() }}
            and experiments.summary_model is null
            and {{ experimentos.is_active("experiments.experiment_id") }}
            and (pairs.quantile_level is null or readouts.is_latest)

    ),

    covered_from as (

        select measures.pair_id, max(facts.first_at) as first_at
        from {{ ref("stg_experimentos__measures") }} as measures
        inner join {{ ref("stg_experimentos__facts") }} as facts on measures.fact = facts.fact
        group by measures.pair_id

    ),

    counted as (

        select
            readings.*,
            coalesce(counts.n_units, 0) as n_eligible,
            coalesce(counts.n_covered, 0) as n_covered,
            active.n_active,
            active.n_events,
            active.n_skipped,
            active.n_capped,
            {%- for name in experimentos.moment_names() %}
                active.{{ name }} as active_{{ name }},
            {%- endfor %}
            active.m3_num as active_m3_num,
            cast(
                case
                    when readings.is_zero_filled
                    then coalesce(counts.n_units, 0)
                    else coalesce(active.n_active, 0)
                end as {{ double }}
            ) as n
        from readings
        left join covered_from on readings.pair_id = covered_from.pair_id
        left join
            counts
            on readings.experiment_index = counts.experiment_index
            and {{ experimentos.same_span("readings", "counts") }}
            and readings.is_aged = counts.is_aged
            and covered_from.first_at is not distinct from counts.first_at
            and readings.variant = counts.variant
            and readings.population = counts.population
            and case when readings.slice = readings.segment then 'all' else readings.segment end
            = counts.segment
            and case
                when readings.slice = readings.segment then 'all' else readings.segment_value
            end
            = counts.segment_value
            and readings.as_of_day = counts.as_of_day
            and readings.basis = counts.basis
        left join
            {{ ref("experimentos__readout_moments") }} as active
            on readings.pair_id = active.pair_id
            and readings.variant = active.variant
            and readings.population = active.population
            and readings.segment = active.segment
            and readings.segment_value = active.segment_value
            and readings.as_of_day = active.as_of_day
            and readings.basis = active.basis

    ),

    -- Merging n_active units with n - n_active others (Chan, Golub and LeVeque 1983), which are
    -- zeros
    -- unless a cap lifts them.
    others as (

        select
            counted.*,
            n - coalesce(n_active, 0) as n_others,
            caps.upper_num as cap_value
            {%- for x in means %}
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
            and counted.basis = caps.basis

    ),

    apart as (

        select
            *
            {%- for x in means %}
                , coalesce(active_mean_{{ x }} - other_{{ x }}, 0) as apart_{{ x }}
            {%- endfor %},
            -- units of one side for each of the other's
            coalesce(n_active, 0) * n_others / nullif(n, 0) as n_crossed
        from others

    ),

    merged as (

        select
            apart.*,
            {%- for x in means %}
                case
                    when n > 0 then other_{{ x }} + apart_{{ x }} * coalesce(n_active, 0) / n
                end as mean_{{ x }},
                case
                    when n > 0
                    then coalesce(active_m2_{{ x }}, 0) + apart_{{ x }} * apart_{{ x }} * n_crossed
                end as m2_{{ x }},
            {%- endfor %}
            {%- for x, y in products %}
                case
                    when n > 0
                    then
                        coalesce(active_c2_{{ x }}_{{ y }}, 0)
                        + apart_{{ x }} * apart_{{ y }} * n_crossed
                end as c2_{{ x }}_{{ y }},
            {%- endfor %}
            case
                when n > 0
                then
                    coalesce(active_m3_num, 0)
                    + apart_num
                    * apart_num
                    * apart_num
                    * n_crossed
                    * (n_others - coalesce(n_active, 0))
                    / n
                    + 3 * apart_num * coalesce(active_m2_num, 0) * n_others / n
            end as m3_num,
            n_eligible - n as n_left_out
        from apart

    ),

    from_events as (

        select
            merged.experiment_id,
            merged.metric,
            merged.variant,
            merged.population,
            merged.segment,
            merged.segment_value,
            merged.as_of,
            merged.basis,
            cast(merged.n as bigint) as n_units,
            cast(coalesce(merged.n_events, 0) as bigint) as n_events,
            cast(merged.n_left_out as bigint) as n_missing,
            cast(coalesce(merged.n_skipped, 0) as bigint) as n_skipped,
            cast(
                case when merged.covariate_seconds > 0 then merged.n_covered end as bigint
            ) as n_covered,
            merged.mean_num,
            merged.m2_num,
            merged.m3_num,
            case when has_denominator then merged.mean_den end as mean_den,
            case when has_denominator then merged.m2_den end as m2_den,
            case when has_denominator then merged.c2_num_den end as c2_num_den,
            case when has_covariate then merged.mean_num_cov end as mean_num_cov,
            case when has_covariate then merged.m2_num_cov end as m2_num_cov,
            case when has_covariate then merged.c2_num_num_cov end as c2_num_num_cov,
            {%- for name in experimentos.moment_columns()[9:15] %}
                case
                    when has_covariate and has_denominator then merged.{{ name }}
                end as {{ name }},
            {%- endfor %}
            merged.cap_value,
            cast(
                case
                    when merged.is_capped
                    then
                        coalesce(merged.n_capped, 0)
                        + case when merged.other_num != 0 then merged.n_others else 0 end
                end as bigint
            ) as n_capped,
            cast(null as {{ double }}) as quantile_value,
            cast(null as {{ double }}) as quantile_std_error
        from merged
        where merged.quantile_level is null
        union all
        select *
        from {{ ref("experimentos__quantile_moments") }}

    ),

    arms as (

        select experiments.experiment_id, experiments.data_as_of, pairs.*, arms.arm_id, arms.variant
        from {{ ref("stg_experimentos__pairs") }} as pairs
        inner join
            {{ ref("experimentos__experiments") }} as experiments
            on pairs.experiment_index = experiments.experiment_index
        inner join
            {{ ref("stg_experimentos__arms") }} as arms
            on pairs.experiment_index = arms.experiment_index
            and arms.population = 'assigned'

    ),

    from_summaries as (

        select
            arms.experiment_id,
            arms.metric,
            arms.variant,
            'assigned' as population,
            'all' as segment,
            'all' as segment_value,
            arms.data_as_of as as_of,
            'mature' as basis,
            cast(summary.users as bigint) as n_units,
            cast(
                case
                    when arms.metric_type = 'proportion' then summary.total else summary.users
                end as bigint
            ) as n_events,
            cast(0 as bigint) as n_missing,
            cast(0 as bigint) as n_skipped,
            cast(null as bigint) as n_covered,
            case
                when arms.metric_type != 'proportion' or summary.total between 0 and summary.users
                then summary.total / nullif(summary.users, 0)
            end as mean_num,
            -- The sums of squares of a mean lose their digits against a large mean: under 1e-9
            -- nothing is left.
            case
                when arms.metric_type = 'proportion' and summary.total between 0 and summary.users
                then summary.total * (1 - summary.total / nullif(summary.users, 0))
                when
                    arms.metric_type = 'mean' and summary.total_squared = 0 and summary.total = 0
                then 0
                when
                    arms.metric_type = 'mean'
                    and summary.total_squared
                    - summary.total * summary.total / nullif(summary.users, 0)
                    > 1e-9 * summary.total_squared
                then
                    summary.total_squared - summary.total * summary.total / nullif(summary.users, 0)
            end as m2_num,
            cast(null as {{ double }}) as m3_num
            {%- for name in experimentos.moment_columns()[3:15] %}
                , cast(null as {{ double }}) as {{ name }}
            {%- endfor %},
            cast(null as {{ double }}) as cap_value,
            cast(null as bigint) as n_capped,
            cast(null as {{ double }}) as quantile_value,
            cast(null as {{ double }}) as quantile_std_error
        from {{ ref("experimentos__summary_counts") }} as summary
        inner join arms on summary.arm_id = arms.arm_id and summary.pair_id = arms.pair_id

    ),

    united as (

        select *
        from from_events
        union all
        select *
        from from_summaries

    )

    {%- set text = dbt.type_string() %}
    {%- set keys = [
        "experiment_id",
        "metric",
        "variant",
        "population",
        "segment",
        "segment_value",
        "as_of",
        "basis",
    ] %}
    {%- set counts = ["n_units", "n_events", "n_missing", "n_skipped", "n_covered"] %}
    {%- set statistics = experimentos.moment_columns() %}
    {%- set quantiles = ["quantile_value", "quantile_std_error"] %}
select
    experiment_id,
    metric,
    variant,
    cast(population as {{ text }}) as population,
    cast(segment as {{ text }}) as segment,
    cast(segment_value as {{ text }}) as segment_value,
    as_of,
    cast(basis as {{ text }}) as basis,
    {%- for name in counts %} {{ name }}, {%- endfor %}
    {%- for name in statistics %} cast({{ name }} as {{ double }}) as {{ name }}, {%- endfor %}
    n_capped,
    {%- for name in quantiles %}
        cast({{ name }} as {{ double }}) as {{ name }}{{ "," if not loop.last }}
    {%- endfor %}
from united
where
    {{ experimentos.is_active("experiment_id") }}
    {{ experimentos.archived_rows(keys + counts + statistics + ["n_capped"] + quantiles) }}
