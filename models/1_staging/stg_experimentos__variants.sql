-- One row per experiment and variant with its planned share, in the last phase where there are
-- several, in the order of the definition.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{%- set rows = [] %}
{%- for experiment in experimentos.definitions().experiments if experiment.status != "draft" %}
    {%- for variant in experiment.variants %}
        {%- do rows.append(
            [
                experiment.index,
                variant.label,
                variant.share,
                variant.label == experiment.control,
                loop.index,
            ]
        ) %}
    {%- endfor %}
{%- endfor %}

{{
    experimentos.values_table(
        [
            ("experiment_index", "integer"),
            ("variant", dbt.type_string()),
            ("planned_share", experimentos.type_double()),
            ("is_control", "boolean"),
            ("position", "integer"),
        ],
        rows,
    )
}}
