-- One row per metric: its definition.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{%- set definitions = experimentos.definitions() %}
{%- set metrics = {} %}
{%- do metrics.update(definitions.metrics) %}
{%- for experiment in definitions.experiments if experiment.summary is not none %}
    {%- for pair in experiment.pairs if pair.metric.name not in metrics %}
        {%- do metrics.update({pair.metric.name: pair.metric}) %}
    {%- endfor %}
{%- endfor %}
{%- set rows = [] %}
{%- for metric in metrics.values() %}
    {%- set denominator = metric.parts.den %}
    {%- do rows.append(
        [
            metric.name,
            metric.label,
            metric.description,
            metric.type,
            metric.model,
            metric.parts.num.value,
            metric.parts.num.aggregate,
            metric.parts.num.where,
            (
                denominator.aggregate
                ~ "("
                ~ (denominator.value or "rows")
                ~ ") of "
                ~ denominator.model
                if denominator
                else none
            ),
            metric.goal,
            metric.window_text,
            metric.delay_text,
            metric.covariate_column or metric.covariate_text,
            experimentos.limits_text(metric, "cap"),
            experimentos.limits_text(metric, "lower"),
            metric.threshold,
            metric.quantile,
            metric.of,
            experimentos.steps_text(metric),
            metric.from_text,
            metric.to_text,
            metric.by,
            metric.missing,
            "mature" if metric.mature else "all",
            metric.format,
            metric.file,
        ]
    ) %}
{%- endfor %}

{{
    experimentos.values_table(
        [
            ("metric", dbt.type_string()),
            ("label", dbt.type_string()),
            ("description", dbt.type_string()),
            ("metric_type", dbt.type_string()),
            ("model", dbt.type_string()),
            ("value", dbt.type_string()),
            ("aggregate", dbt.type_string()),
            ("where_clause", dbt.type_string()),
            ("denominator", dbt.type_string()),
            ("goal", dbt.type_string()),
            ("window_text", dbt.type_string()),
            ("delay_text", dbt.type_string()),
            ("covariate_text", dbt.type_string()),
            ("cap_text", dbt.type_string()),
            ("lower_text", dbt.type_string()),
            ("threshold", experimentos.type_double()),
            ("quantile_level", experimentos.type_double()),
            ("quantile_of", dbt.type_string()),
            ("steps", dbt.type_string()),
            ("from_text", dbt.type_string()),
            ("to_text", dbt.type_string()),
            ("by_column", dbt.type_string()),
            ("missing", dbt.type_string()),
            ("deciding_basis", dbt.type_string()),
            ("format", dbt.type_string()),
            ("file", dbt.type_string()),
        ],
        rows,
    )
}}
