-- One row per experiment and metric: the role and what is set for the metric there.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{%- set rows = [] %}
{%- for experiment in experimentos.definitions().experiments %}
    {%- for pair in experiment.pairs %}
        {%- set metric = pair.metric %}
        {%- if "sql_name" not in metric %}
            {%- do metric.update(
                {
                    "sql_name": experimentos.text_literal(metric.name),
                    "sql_type": experimentos.text_literal(metric.type),
                    "sql_covariate": experimentos.text_literal(
                        metric.covariate_column or metric.covariate_text
                    ),
                    "sql_delay": experimentos.text_literal(metric.delay_text),
                    "sql_window": experimentos.text_literal(metric.window_text),
                    "sql_format": experimentos.text_literal(metric.format),
                    "filled": (
                        "true"
                        if metric.type != "mean"
                        or experimentos.aggregates()[
                            metric.parts.num.aggregate
                        ].zero_filled
                        else "false"
                    ),
                    "has_covariate": (
                        "true"
                        if metric.covariate or metric.covariate_column is not none
                        else "false"
                    ),
                    "dated": "true" if metric.is_dated else "false",
                }
            ) %}
        {%- endif %}
        {%- do rows.append(
            [
                pair.pair_id,
                experiment.index,
                metric.sql_name,
                "'" ~ pair.role ~ "'",
                pair.position,
                metric.sql_type,
                "'" ~ pair.goal ~ "'",
                pair.margin.amount if pair.margin else "null",
                "'" ~ pair.margin.kind ~ "'" if pair.margin else "null",
                pair.mde.amount if pair.mde else "null",
                "'" ~ pair.mde.kind ~ "'" if pair.mde else "null",
                (
                    metric.sql_window
                    if pair.window == metric.window
                    else experimentos.text_literal(pair.window_text)
                ),
                metric.sql_delay,
                metric.sql_covariate,
                metric.sql_format,
                metric.delay + pair.window,
                metric.covariate,
                metric.has_covariate,
                metric.filled,
                metric.dated,
                "true" if "den" in metric.parts else "false",
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
