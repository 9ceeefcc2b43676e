-- One row per experiment, metric and variant: moments beside what is asked of them. All that
-- inference reads.
{%- set statistics = [
    "mean_num",
    "m2_num",
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

with

    moments as (

        select
            moments.*,
            pairs.role,
            pairs.metric_type,
            pairs.goal,
            pairs.margin,
            pairs.margin_kind,
            pairs.mde,
            pairs.mde_kind,
            pairs.has_covariate,
            pairs.covariate_seconds,
            variants.is_control,
            experiments.control,
            experiments.alpha,
            experiments.power,
            experiments.correction,
            experiments.design,
            experiments.is_final,
            experiments.planned_n
            * least(variants.planned_share, control.planned_share) as planned_n,
            experiments.definitions_hash
        from {{ ref("experimentos__moments") }} as moments
        inner join
            {{ ref("experimentos__experiments") }} as experiments
            on moments.experiment_id = experiments.experiment_id
        inner join
            {{ ref("stg_experimentos__pairs") }} as pairs
            on experiments.experiment_index = pairs.experiment_index
            and moments.metric = pairs.metric
        inner join
            {{ ref("stg_experimentos__variants") }} as variants
            on experiments.experiment_index = variants.experiment_index
            and moments.variant = variants.variant
        inner join
            {{ ref("stg_experimentos__variants") }} as control
            on experiments.experiment_index = control.experiment_index
            and control.is_control

    ),

    -- The fact has to reach back far enough for 95 % of the units of every arm together.
    coverage as (

        select
            experiment_id,
            metric,
            sum(n_covered) as n_covered,
            sum(case when n_covered is not null then n_units end) as n_units
        from moments
        group by experiment_id, metric

    )

select
    moments.experiment_id,
    moments.metric,
    moments.variant,
    moments.population,
    moments.segment,
    moments.segment_value,
    moments.as_of,
    moments.basis,
    moments.is_control,
    moments.control,
    moments.role,
    moments.metric_type,
    moments.goal,
    moments.margin,
    moments.margin_kind,
    moments.mde,
    moments.mde_kind,
    moments.alpha,
    moments.power,
    moments.correction,
    moments.design,
    moments.is_final,
    moments.planned_n,
    moments.has_covariate
    and (
        moments.covariate_seconds = 0
        or coalesce(coverage.n_covered >= 0.95 * coverage.n_units, false)
    ) as has_covariate,
    moments.n_units,
    moments.n_events,
    {%- for name in statistics %} moments.{{ name }}, {%- endfor %}
    md5(
        moments.definitions_hash
        || '|'
        || coalesce({{ experimentos.as_text("moments.n_units") }}, '')
        || '|'
        || coalesce({{ experimentos.as_text("moments.is_final") }}, '')
        {%- for name in statistics %}
            || '|' || coalesce({{ experimentos.as_text("moments." ~ name) }}, '')
        {%- endfor %}
    ) as inputs_hash
from moments
inner join
    coverage on moments.experiment_id = coverage.experiment_id and moments.metric = coverage.metric
