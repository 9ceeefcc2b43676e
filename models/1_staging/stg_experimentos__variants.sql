-- One row per arm: a variant of an experiment with its planned share.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{%- set rows = [] %}
{%- for experiment in experimentos.definitions().experiments %}
    {%- for variant in experiment.variants if variant.arm_id is defined %}
        {%- do rows.append(
            [
                variant.arm_id,
                experiment.index,
                variant.label,
                variant.share,
                variant.label == experiment.control,
            ]
        ) %}
    {%- endfor %}
{%- endfor %}

{{
    experimentos.values_table(
        [
            ("arm_id", "integer"),
            ("experiment_index", "integer"),
            ("variant", dbt.type_string()),
            ("planned_share", experimentos.type_double()),
            ("is_control", "boolean"),
        ],
        rows,
    )
}}
