-- One row per experiment, metric and variant: the statistics that every later number is computed
-- from.
{%- set means = experimentos.moment_means() %}
{%- set products = experimentos.moment_products() %}
{%- set size = experimentos.plan_size(experimentos.plan(experimentos.definitions())) %}
{%- set double = experimentos.type_double() %}

with

    -- Units with events only; the others are zeros, and are merged in below.
    whole as (

        select measures.arm_id, measures.pair_id, {{ experimentos.named_moments("moments") }}
        from {{ ref("experimentos__class_measures") }} as measures
        inner join
            {{ ref("experimentos__class_moments") }} as moments
            on measures.arm_id = moments.arm_id
            and measures.source = moments.source
            and measures.shape = moments.shape
            {%- for mask in range(size.masks) %}
                and measures.mask_{{ mask }} = moments.mask_{{ mask }}
            {%- endfor %}
        where measures.is_whole

    ),

    gathered as (

        select arm_id, pair_id, {{ experimentos.moment_aggregates(means) }}
        from {{ ref("experimentos__unit_metrics") }}
        where not is_whole
        group by arm_id, pair_id

    ),

    active as (

        select *
        from whole
        union all
        select *
        from gathered

    ),

    arms as (

        select
            experiments.experiment_id,
            experiments.data_as_of,
            pairs.*,
            variants.arm_id,
            variants.variant
        from {{ ref("stg_experimentos__pairs") }} as pairs
        inner join
            {{ ref("experimentos__experiments") }} as experiments
            on pairs.experiment_index = experiments.experiment_index
        inner join
            {{ ref("stg_experimentos__variants") }} as variants
            on pairs.experiment_index = variants.experiment_index

    ),

    covered_from as (

        select measures.pair_id, max(facts.first_at) as first_at
        from {{ ref("stg_experimentos__measures") }} as measures
        inner join {{ ref("stg_experimentos__facts") }} as facts on measures.fact = facts.fact
        group by measures.pair_id

    ),

    counted as (

        select
            arms.*,
            coalesce(unit_counts.n_units, 0) as n_mature,
            coalesce(unit_counts.n_covered, 0) as n_covered,
            active.n_active,
            active.n_events,
            active.n_skipped,
            {%- for x in means %}
                active.mean_{{ x }} as active_mean_{{ x }}, active.m2_{{ x }} as active_m2_{{ x }},
            {%- endfor %}
            {%- for x, y in products %}
                active.c2_{{ x }}_{{ y }} as active_c2_{{ x }}_{{ y }},
            {%- endfor %}
            case
                when arms.is_zero_filled
                then cast(coalesce(unit_counts.n_units, 0) as {{ double }})
                else cast(coalesce(active.n_active, 0) as {{ double }})
            end as n
        from arms
        left join covered_from on arms.pair_id = covered_from.pair_id
        left join
            {{ ref("experimentos__unit_counts") }} as unit_counts
            on arms.arm_id = unit_counts.arm_id
            and arms.is_dated = unit_counts.is_dated
            and arms.horizon_seconds = unit_counts.horizon_seconds
            and arms.covariate_seconds = unit_counts.covariate_seconds
            and covered_from.first_at is not distinct from unit_counts.first_at
        left join active on arms.arm_id = active.arm_id and arms.pair_id = active.pair_id

    ),

    -- Merging n_active units with n - n_active zeros (Chan, Golub and LeVeque 1983).
    merged as (

        select
            counted.*,
            {%- for x in means %}
                coalesce(active_mean_{{ x }}, 0)
                * coalesce(n_active, 0)
                / nullif(n, 0) as mean_{{ x }},
                case
                    when n > 0
                    then
                        coalesce(active_m2_{{ x }}, 0) + coalesce(
                            active_mean_{{ x }}
                            * active_mean_{{ x }}
                            * n_active
                            * (n - n_active)
                            / n,
                            0
                        )
                end as m2_{{ x }},
            {%- endfor %}
            {%- for x, y in products %}
                case
                    when n > 0
                    then
                        coalesce(active_c2_{{ x }}_{{ y }}, 0) + coalesce(
                            active_mean_{{ x }}
                            * active_mean_{{ y }}
                            * n_active
                            * (n - n_active)
                            / n,
                            0
                        )
                end as c2_{{ x }}_{{ y }},
            {%- endfor %}
            n_mature - n as n_left_out
        from counted

    ),

    from_events as (

        select
            experiment_id,
            metric,
            variant,
            data_as_of,
            cast(n as bigint) as n_units,
            cast(coalesce(n_events, 0) as bigint) as n_events,
            cast(n_left_out as bigint) as n_missing,
            cast(coalesce(n_skipped, 0) as bigint) as n_skipped,
            cast(case when covariate_seconds > 0 then n_covered end as bigint) as n_covered,
            mean_num,
            m2_num,
            case when has_denominator then mean_den end as mean_den,
            case when has_denominator then m2_den end as m2_den,
            case when has_denominator then c2_num_den end as c2_num_den,
            case when has_covariate then mean_num_cov end as mean_num_cov,
            case when has_covariate then m2_num_cov end as m2_num_cov,
            case when has_covariate then c2_num_num_cov end as c2_num_num_cov,
            {%- for name in [
                "mean_den_cov",
                "m2_den_cov",
                "c2_num_den_cov",
                "c2_den_num_cov",
                "c2_den_den_cov",
                "c2_num_cov_den_cov",
            ] %}
                case
                    when has_covariate and has_denominator then {{ name }}
                end as {{ name }}{{ "," if not loop.last }}
            {%- endfor %}
        from merged
        where pair_id not in (select pair_id from {{ ref("experimentos__summary_counts") }})

    ),

    from_summaries as (

        select
            arms.experiment_id,
            arms.metric,
            arms.variant,
            arms.data_as_of,
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
                    arms.metric_type = 'mean'
                    and summary.total_squared
                    - summary.total * summary.total / nullif(summary.users, 0)
                    > 1e-9 * summary.total_squared
                then
                    summary.total_squared - summary.total * summary.total / nullif(summary.users, 0)
            end as m2_num
            {%- for name in [
                "mean_den",
                "m2_den",
                "c2_num_den",
                "mean_num_cov",
                "m2_num_cov",
                "c2_num_num_cov",
                "mean_den_cov",
                "m2_den_cov",
                "c2_num_den_cov",
                "c2_den_num_cov",
                "c2_den_den_cov",
                "c2_num_cov_den_cov",
            ] %}, cast(null as {{ double }}) as {{ name }} {%- endfor %}
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

select
    experiment_id,
    metric,
    variant,
    cast('assigned' as {{ dbt.type_string() }}) as population,
    cast('all' as {{ dbt.type_string() }}) as segment,
    cast('all' as {{ dbt.type_string() }}) as segment_value,
    data_as_of as as_of,
    cast('mature' as {{ dbt.type_string() }}) as basis,
    n_units,
    n_events,
    n_missing,
    n_skipped,
    n_covered,
    cast(mean_num as {{ double }}) as mean_num,
    cast(m2_num as {{ double }}) as m2_num,
    cast(null as {{ double }}) as m3_num,
    {%- for name in [
        "mean_den",
        "m2_den",
        "c2_num_den",
        "mean_num_cov",
        "m2_num_cov",
        "c2_num_num_cov",
        "mean_den_cov",
        "m2_den_cov",
        "c2_num_den_cov",
        "c2_den_num_cov",
        "c2_den_den_cov",
        "c2_num_cov_den_cov",
    ] %}
        cast({{ name }} as {{ double }}) as {{ name }},
    {%- endfor %}
    cast(null as {{ double }}) as cap_value,
    cast(null as bigint) as n_capped,
    cast(null as {{ double }}) as quantile_value,
    cast(null as {{ double }}) as quantile_std_error
from united
