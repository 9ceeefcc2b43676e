-- One row per row of the moments: the moments beside what is asked of them. All that inference
-- reads.
{%- set statistics = (
    experimentos.moment_columns()
    | reject("in", ["m3_num", "cap_value"])
    | list
    + [
        "quantile_value",
        "quantile_std_error",
    ]
) %}
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
{%- set asked = [
    "definitions_hash",
    "is_deciding",
    "is_final",
    "has_covariate",
    "n_units",
    "look",
    "is_open",
] %}
{%- set is_decided %}
    moments.as_of is not distinct from case
        when cut.metric is null then asked.data_as_of else asked.look_at
    end
{%- endset %}
{%- set is_at_end %}
    case when asked.has_last_look then asked.look is not null else asked.is_final end
    and {{ is_decided }}
{%- endset %}

with

    moments as (select * from {{ ref("experimentos__moments") }}),

    -- What the definitions say, once per metric and variant: there may be hundreds of readouts of
    -- each.
    asked as (

        select
            experiments.experiment_id,
            experiments.control,
            experiments.alpha,
            experiments.alpha_harm,
            experiments.power,
            experiments.correction,
            experiments.design,
            experiments.is_final,
            experiments.data_as_of,
            experiments.definitions_hash,
            pairs.*,
            variants.variant,
            variants.is_control,
            experiments.starts_at,
            experiments.planned_n
            * least(variants.planned_share, control.planned_share) as planned_n,
            -- Of the comparison: n of one arm times n of the other over their sum.
            experiments.planned_n / nullif(
                1 / nullif(variants.planned_share, 0) + 1 / nullif(control.planned_share, 0), 0
            ) as planned_effective_n,
            plans.spending,
            plans.spending_parameter,
            plans.futility,
            plans.plan_hash,
            case
                when experiments.design != 'fixed' or pairs.role != 'explore' then looks.look
            end as look,
            case
                when experiments.design != 'fixed' or pairs.role != 'explore' then looks.look_at
            end as look_at,
            looks.time_fraction,
            coalesce(looks.is_last_look, false) as is_last_look,
            looks.next_look_at,
            -- Whether the end of a fixed design is a look. Metrics to explore are read on all data.
            experiments.design = 'fixed'
            and looks.experiment_index is not null
            and pairs.role != 'explore' as has_last_look,
            coalesce(activated.population, 'assigned') as deciding_population,
            case
                when pairs.is_dated and experiments.summary_model is null
                then pairs.decides_on
                else 'mature'
            end as deciding_basis,
            coalesce(phases.n_phases, 1) as n_phases
        from {{ ref("stg_experimentos__pairs") }} as pairs
        inner join
            {{ ref("experimentos__experiments") }} as experiments
            on pairs.experiment_index = experiments.experiment_index
        inner join
            {{ ref("stg_experimentos__experiments") }} as plans
            on pairs.experiment_index = plans.experiment_index
        left join
            {{ ref("experimentos__current_looks") }} as looks
            on pairs.experiment_index = looks.experiment_index
        inner join
            {{ ref("stg_experimentos__variants") }} as variants
            on pairs.experiment_index = variants.experiment_index
        inner join
            {{ ref("stg_experimentos__variants") }} as control
            on pairs.experiment_index = control.experiment_index
            and control.is_control
        left join
            (
                select distinct experiment_index, population
                from {{ ref("stg_experimentos__arms") }}
                where population = 'activated'
            ) as activated
            on pairs.experiment_index = activated.experiment_index
        left join
            {{ ref("stg_experimentos__phases") }} as phases
            on pairs.experiment_index = phases.experiment_index
            and phases.phase = 0

    ),

    -- The fact has to reach back far enough for most units of all arms together.
    coverage as (

        select
            experiment_id,
            metric,
            population,
            basis,
            as_of,
            sum(n_covered)
            >= {{ experimentos.health_constants().covered }}
            * sum(n_units + n_missing) as is_covered
        from moments
        where segment = 'all' and n_covered is not null
        group by experiment_id, metric, population, basis, as_of

    ),

    -- Metrics with a readout of the day of the look. Quantiles have the latest only.
    cut as (

        select distinct moments.experiment_id, moments.metric
        from moments
        inner join
            asked
            on moments.experiment_id = asked.experiment_id
            and moments.metric = asked.metric
            and moments.variant = asked.variant
            and moments.as_of = asked.look_at
            and moments.basis = asked.deciding_basis
        where moments.segment = 'all'

    ),

    read as (

        select
            moments.*,
            asked.pair_id,
            asked.is_control,
            asked.control,
            asked.role,
            asked.metric_type,
            asked.goal,
            asked.margin,
            asked.margin_kind,
            asked.mde,
            asked.mde_kind,
            asked.alpha,
            asked.alpha_harm,
            asked.power,
            asked.correction,
            asked.design,
            asked.planned_n,
            asked.quantile_level,
            asked.n_phases,
            asked.definitions_hash,
            asked.planned_effective_n,
            asked.spending,
            asked.spending_parameter,
            asked.futility,
            asked.plan_hash,
            asked.look,
            asked.look_at as look_date,
            asked.time_fraction,
            asked.is_last_look,
            asked.next_look_at,
            asked.data_as_of as seen_at,
            -- When Launch may be spoken of: a fixed design at its end, others at a look, or after
            -- a week.
            case
                asked.design
                when 'fixed'
                then {{ is_at_end }}
                when 'group_sequential'
                then asked.look is not null
                else
                    coalesce(
                        moments.as_of >= {{ experimentos.add_seconds("asked.starts_at", 604800) }},
                        false
                    )
            end as is_open,
            case
                when asked.design = 'group_sequential'
                then asked.is_last_look and moments.as_of is not distinct from asked.look_at
                else {{ is_at_end }}
            end as is_final,
            {{ is_decided }}
            and moments.segment = 'all'
            and moments.population = asked.deciding_population
            and moments.basis = asked.deciding_basis as is_deciding,
            asked.has_covariate
            and (
                asked.covariate_seconds = 0 or coalesce(coverage.is_covered, false)
            ) as has_covariate
        from moments
        inner join
            asked
            on moments.experiment_id = asked.experiment_id
            and moments.metric = asked.metric
            and moments.variant = asked.variant
        left join cut on moments.experiment_id = cut.experiment_id and moments.metric = cut.metric
        left join
            coverage
            on moments.experiment_id = coverage.experiment_id
            and moments.metric = coverage.metric
            and moments.population = coverage.population
            and moments.basis = coverage.basis
            and moments.as_of is not distinct from coverage.as_of

    )

select
    {{ keys | join(", ") }},
    pair_id,
    is_control,
    control,
    role,
    metric_type,
    goal,
    margin,
    margin_kind,
    mde,
    mde_kind,
    alpha,
    alpha_harm,
    power,
    correction,
    design,
    is_deciding,
    is_final,
    is_open,
    look,
    look_date,
    time_fraction,
    is_last_look,
    next_look_at,
    seen_at,
    spending,
    spending_parameter,
    futility,
    plan_hash,
    n_phases,
    planned_n,
    planned_effective_n,
    has_covariate,
    n_units,
    n_events,
    n_missing,
    n_skipped,
    n_covered,
    n_capped,
    quantile_level,
    {%- for name in statistics %} {{ name }}, {%- endfor %}
    m3_num,
    {{ experimentos.as_text(experimentos.row_hash(keys + asked)) }}
    || '-'
    || {{ experimentos.as_text(experimentos.row_hash(statistics)) }} as inputs_hash
from read
