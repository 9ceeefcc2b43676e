-- One row per experiment and metric: the role and what is set for the metric there.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{%- set rows, seen = [], {} %}
{%- for experiment in experimentos.definitions().experiments %}
    {%- for pair in experiment.pairs %}
        {%- set metric = pair.metric %}
        {#- there may be 20,000 pairs, and a macro call takes as long as all else here -#}
        {%- set key = [metric.name, pair.window, pair.cap, pair.lower] | join("|") %}
        {%- if key not in seen %}
            {%- do seen.update(
                {
                    key: [
                        experimentos.is_zero_filled(metric),
                        experimentos.has_ages(pair),
                        experimentos.is_numerator_capped(pair),
                        experimentos.has_bins(metric),
                    ]
                }
            ) %}
        {%- endif %}
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
                seen[key][0],
                metric.is_dated,
                "den" in metric.parts,
                metric.delay,
                pair.window,
                pair.get("is_endless", false),
                metric.type == "retention",
                seen[key][1],
                seen[key][2],
                metric.get("threshold"),
                metric.get("quantile"),
                metric.get("of"),
                metric.get("by"),
                "mature" if metric.get("mature", true) else "all",
                seen[key][3] and experiment.summary is none,
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
            ("delay_seconds", "bigint"),
            ("window_seconds", "bigint"),
            ("is_endless", "boolean"),
            ("is_aged", "boolean"),
            ("has_ages", "boolean"),
            ("is_capped", "boolean"),
            ("threshold", experimentos.type_double()),
            ("quantile_level", experimentos.type_double()),
            ("quantile_of", dbt.type_string()),
            ("slice", dbt.type_string()),
            ("decides_on", dbt.type_string()),
            ("has_bins", "boolean"),
        ],
        rows,
    )
}}
