-- One row per experiment and value that stands for it in the assignments.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{%- set rows = [] %}
{%- for experiment in experimentos.definitions().experiments
    if experiment.summary is none
    and experiment.status != "draft"
    and not experiment.is_archived %}
    {%- for id in experiment.ids %}
        {%- do rows.append(
            [
                experiment.index,
                experiment.kind,
                id,
            ]
        ) %}
    {%- endfor %}
{%- endfor %}

{{
    experimentos.values_table(
        [
            ("experiment_index", "integer"),
            ("kind", dbt.type_string()),
            ("experiment_value", dbt.type_string()),
        ],
        rows,
    )
}}
