-- One row per experiment and phase of its split: when it was in force.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{%- set rows = [] %}
{%- for experiment in experimentos.definitions().experiments if experiment.status != "draft" %}
    {%- set phases = experiment.get("phases") or [] %}
    {%- for phase in phases or [{"index": 0, "label": "all"}] %}
        {%- do rows.append(
            [
                experiment.index,
                phase.index,
                phase.label,
                phase.get("from") if loop.index0 else "0001-01-01",
                phase.get("until") or "9999-01-01",
                phases | length if phases else 1,
            ]
        ) %}
    {%- endfor %}
{%- endfor %}

{{
    experimentos.values_table(
        [
            ("experiment_index", "integer"),
            ("phase", "integer"),
            ("phase_label", dbt.type_string()),
            ("starts_at", "timestamp"),
            ("ends_at", "timestamp"),
            ("n_phases", "integer"),
        ],
        rows,
    )
}}
