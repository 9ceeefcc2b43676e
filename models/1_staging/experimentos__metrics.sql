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
            experimentos.text_literal(metric.name),
            experimentos.text_literal(metric.label),
            experimentos.text_literal(metric.description),
            experimentos.text_literal(metric.type),
            experimentos.text_literal(metric.model),
            experimentos.text_literal(metric.parts.num.value),
            experimentos.text_literal(metric.parts.num.aggregate),
            experimentos.text_literal(metric.parts.num.where),
            experimentos.text_literal(
                denominator.aggregate
                ~ "("
                ~ (denominator.value or "rows")
                ~ ") of "
                ~ denominator.model
                if denominator
                else none
            ),
            experimentos.text_literal(metric.goal),
            experimentos.text_literal(metric.window_text),
            experimentos.text_literal(metric.delay_text),
            experimentos.text_literal(metric.covariate_column or metric.covariate_text),
            experimentos.text_literal(metric.format),
            experimentos.text_literal(metric.file),
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
            ("format", dbt.type_string()),
            ("file", dbt.type_string()),
        ],
        rows,
    )
}}
