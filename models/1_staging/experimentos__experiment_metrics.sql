-- One row per experiment and metric: what the metric is for in the experiment.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{%- set rows, archived = [], [] %}
{%- for experiment in experimentos.definitions().experiments %}
    {#- a metric that was edited after its experiment was archived is shown as it was -#}
    {%- for pair in experiment.pairs if experiment.is_archived %}
        {%- set metric = pair.metric %}
        {%- do archived.append(
            [
                pair.pair_id,
                experimentos.limits_text(metric, "cap"),
                experimentos.limits_text(metric, "lower"),
                metric.threshold,
                metric.quantile,
                metric.by,
                "mature" if metric.mature else "all",
            ]
        ) %}
    {%- endfor %}
    {%- for pair in experiment.pairs if pair.cap is not none or pair.lower is not none %}
        {%- set row = [pair.pair_id] %}
        {%- for side in ["cap", "lower"] %}
            {%- do row.extend(
                [
                    pair[side] is not none,
                    experimentos.limit_text(pair[side]["num"]) if pair[side] else none,
                ]
            ) %}
        {%- endfor %}
        {%- do rows.append(row) %}
    {%- endfor %}
{%- endfor %}

with

    pairs as (select * from {{ ref("stg_experimentos__pairs") }}),

    archived as (

        {{
            experimentos.values_table(
                [
                    ("pair_id", "integer"),
                    ("cap_text", dbt.type_string()),
                    ("lower_text", dbt.type_string()),
                    ("threshold", experimentos.type_double()),
                    ("quantile_level", experimentos.type_double()),
                    ("by_column", dbt.type_string()),
                    ("deciding_basis", dbt.type_string()),
                ],
                archived,
            )
        }}

    ),

    metrics as (

        select
            pairs.pair_id,
            metrics.cap_text,
            metrics.lower_text,
            metrics.threshold,
            metrics.quantile_level,
            metrics.by_column,
            metrics.deciding_basis
        from pairs
        inner join {{ ref("experimentos__metrics") }} as metrics on pairs.metric = metrics.metric
        where pairs.pair_id not in (select pair_id from archived)
        union all
        select *
        from archived

    ),

    overrides as (

        {{
            experimentos.values_table(
                [
                    ("pair_id", "integer"),
                    ("has_cap", "boolean"),
                    ("cap_text", dbt.type_string()),
                    ("has_lower", "boolean"),
                    ("lower_text", dbt.type_string()),
                ],
                rows,
            ) | indent(8)
        }}

    )

select
    experiments.experiment_id,
    pairs.metric,
    pairs.role,
    pairs.position,
    pairs.metric_type,
    pairs.goal,
    pairs.margin,
    pairs.margin_kind,
    pairs.mde,
    pairs.mde_kind,
    pairs.window_text,
    pairs.delay_text,
    pairs.covariate_text,
    case when overrides.has_cap then overrides.cap_text else metrics.cap_text end as cap_text,
    case
        when overrides.has_lower then overrides.lower_text else metrics.lower_text
    end as lower_text,
    metrics.threshold,
    metrics.quantile_level,
    metrics.by_column,
    metrics.deciding_basis,
    pairs.format
from pairs
inner join
    {{ ref("stg_experimentos__experiments") }} as experiments
    on pairs.experiment_index = experiments.experiment_index
left join metrics on pairs.pair_id = metrics.pair_id
left join overrides on pairs.pair_id = overrides.pair_id
