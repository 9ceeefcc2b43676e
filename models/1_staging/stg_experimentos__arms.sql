-- One row per arm: a variant of an experiment in one population and, where the split was changed as
-- planned, one phase.
-- depends_on: {{ ref("stg_experimentos__experiments") }}, {{ ref("experimentos__numbers") }}
{%- set rows = [] %}
{%- for experiment in experimentos.definitions().experiments %}
    {%- set assigned = {} %}
    {%- for arm in experiment.arms %}
        {%- set key = arm.phase ~ "|" ~ arm.variant %}
        {%- do assigned.setdefault(key, arm.arm_id) %}
        {%- do rows.append(
            [
                arm.arm_id,
                experiment.index,
                arm.population,
                arm.phase,
                arm.phase_label,
                arm.variant,
                arm.share,
                arm.is_control,
                assigned[key],
            ]
        ) %}
    {%- endfor %}
{%- endfor %}

{{
    experimentos.values_table(
        [
            ("arm_id", "integer"),
            ("experiment_index", "integer"),
            ("population", dbt.type_string()),
            ("phase", "integer"),
            ("phase_label", dbt.type_string()),
            ("variant", dbt.type_string()),
            ("planned_share", experimentos.type_double()),
            ("is_control", "boolean"),
            ("assigned_arm_id", "integer"),
        ],
        rows,
    )
}}
