-- One row per experiment and metric: the role and what is set for the metric there.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{%- set aggregates = experimentos.aggregates() %}
{%- set rows = [] %}
{%- for experiment in experimentos.definitions().experiments %}
    {%- for pair in experiment.pairs %}
        {%- set metric = pair.metric %}
        {%- do rows.append(
            [
                pair.pair_id,
                experiment.index,
                metric.name,
                pair.role,
                pair.position,
                metric.type,
                pair.goal,
                pair.margin.amount if pair.margin else none,
                pair.margin.kind if pair.margin else none,
                pair.mde.amount if pair.mde else none,
                pair.mde.kind if pair.mde else none,
                pair.window_text,
                metric.delay_text,
                metric.covariate_column or metric.covariate_text,
                metric.format,
                metric.delay + pair.window,
                metric.covariate,
                metric.covariate > 0 or metric.covariate_column is not none,
                metric.type != "mean"
                or aggregates[metric.parts.num.aggregate].zero_filled,
                metric.is_dated,
                "den" in metric.parts,
            ]
        ) %}
    {%- endfor %}
{%- endfor %}

{{
    experimentos.values_table(
        [
            ("pair_id", "integer"),
            ("experiment_index", "integer"),
            ("metric", dbt.type_string()),
            ("role", dbt.type_string()),
            ("position", "integer"),
            ("metric_type", dbt.type_string()),
            ("goal", dbt.type_string()),
            ("margin", experimentos.type_double()),
            ("margin_kind", dbt.type_string()),
            ("mde", experimentos.type_double()),
            ("mde_kind", dbt.type_string()),
            ("window_text", dbt.type_string()),
            ("delay_text", dbt.type_string()),
            ("covariate_text", dbt.type_string()),
            ("format", dbt.type_string()),
            ("horizon_seconds", "bigint"),
            ("covariate_seconds", "bigint"),
            ("has_covariate", "boolean"),
            ("is_zero_filled", "boolean"),
            ("is_dated", "boolean"),
            ("has_denominator", "boolean"),
        ],
        rows,
    )
}}
