-- One row per experiment and scheduled look. `look_at` is null where a look is due as soon as so
-- many units
-- are there.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{%- set rows = [] %}
{%- for experiment in experimentos.definitions().experiments
    if experiment.status != "draft" and not experiment.problems %}
    {%- for look in experimentos.scheduled_looks(experiment) %}
        {%- do rows.append(
            [
                experiment.index,
                experiment.name,
                loop.index,
                look["at"].strftime("%Y-%m-%d %H:%M:%S") if look["at"] else none,
                look.unit_share,
                look.time_fraction,
                look.is_last,
            ]
        ) %}
    {%- endfor %}
{%- endfor %}

{{
    experimentos.values_table(
        [
            ("experiment_index", "integer"),
            ("experiment_id", dbt.type_string()),
            ("scheduled_look", "integer"),
            ("look_at", "timestamp"),
            ("unit_share", experimentos.type_double()),
            ("time_fraction", experimentos.type_double()),
            ("is_last", "boolean"),
        ],
        rows,
    )
}}
