-- One row per experiment: which version of its definition this build has, and the definition where
-- it is new.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{%- set text, rows = dbt.type_string(), [] %}
{%- for name, version in experimentos.new_versions().items() %}
    {%- do rows.append([name, version.number, version.definition]) %}
{%- endfor %}

with

    new_versions as (

        {{
            experimentos.values_table(
                [("experiment_id", text), ("definition_number", "bigint"), ("definition", text)],
                rows,
            )
        }}

    ),

    latest as (

        select experiment_id, max(definition_number) as definition_number
        from ({{ experimentos.past_verdicts() if execute }}) as past
        group by experiment_id

    )

select
    experiments.experiment_id,
    experiments.status,
    coalesce(new_versions.definition_number, latest.definition_number) as definition_number,
    new_versions.definition
from {{ ref("stg_experimentos__experiments") }} as experiments
left join new_versions on experiments.experiment_id = new_versions.experiment_id
left join latest on experiments.experiment_id = latest.experiment_id
