-- One row per experiment whose results are kept for ever: all windows are over, and so is the time
-- in which rows may come late. Built when all its results have been copied; see macros/sql/archive.
-- depends_on: {{ ref("experimentos__moments") }}, {{ ref("experimentos__assignment_counts") }}
-- depends_on: {{ ref("experimentos__exclusions") }}, {{ ref("experimentos__age_inputs") }}
-- depends_on: {{ ref("experimentos__unknown_labels") }}, {{ ref("experimentos__repeated_units") }}
-- depends_on: {{ ref("experimentos__fact_spans") }}, {{ ref("experimentos__applied_caps") }}
-- depends_on: {{ ref("experimentos__distributions") }}
{%- for model in experimentos.listed_models("fact_models") + experimentos.listed_models(
    "assignment_models"
) %}
-- depends_on: {{ experimentos.user_ref(model) }}
{%- endfor %}
{{ config(post_hook="{{ experimentos.keep_in_archive() }}") }}
{%- set text = dbt.type_string() %}
{%- set finished = experimentos.finished_now() %}
{%- set found = experimentos.definitions() %}
{%- set experiments = found.experiments | selectattr("name", "in", finished) | list %}
{%- set read, rows = experimentos.rows_read(experiments, found), [] %}
{%- for experiment in experiments %}
    {%- do rows.append([experiment.name, tojson(experiment), tojson(read[experiment.name])]) %}
{%- endfor %}

with

    definitions as (

        {{
            experimentos.values_table(
                [("experiment_id", text), ("definition", text), ("rows_read", text)], rows
            )
        }}

    )

select
    experiments.experiment_id,
    experiments.definitions_hash,
    experiments.data_as_of,
    experiments.as_of,
    {{ experimentos.as_text("experiments.data_as_of") }} as archived_at,
    definitions.definition,
    definitions.rows_read
from definitions
inner join
    {{ ref("experimentos__experiments") }} as experiments
    on definitions.experiment_id = experiments.experiment_id
    {{
        experimentos.archived_rows(
            [
                "experiment_id",
                "definitions_hash",
                "data_as_of",
                "as_of",
                "archived_at",
                "definition",
                "rows_read",
            ]
        )
    }}
