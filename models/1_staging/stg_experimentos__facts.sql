-- One row per fact model: the span of time it covers. Checks the columns of every listed model
-- first.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{%- set assignment_models = experimentos.listed_models("assignment_models") %}
{%- set fact_models = experimentos.listed_models("fact_models") %}
{%- set summary_models = experimentos.listed_models("summary_models") %}
{%- for model in assignment_models + fact_models + summary_models %}
-- depends_on: {{ experimentos.user_ref(model) }}
{%- endfor %}

{%- set definitions = experimentos.definitions() %}
{%- do experimentos.check_columns(definitions) %}
{%- set as_of = (
    "cast("
    ~ experimentos.text_literal(experimentos.as_of() if execute else none)
    ~ " as timestamp)"
) %}

with

    spans as (

        {%- for fact in definitions.facts.values() %}
            {%- set relation = experimentos.user_ref(fact.name) %}
            {{ "union all" if not loop.first }}
            select {{ experimentos.text_literal(fact.name) }} as fact,
            {%- if fact.is_dated %}
                    true as is_dated,
                    min(event_at) as first_at,
                    max(case when event_at <= {{ as_of }} then event_at end) as last_at,
                    cast(
                        {{ experimentos.text_literal(fact.complete_until) }} as timestamp
                    ) as complete_until
                from
                    (
                        select
                            {{
                                experimentos.event_time(
                                    fact, relation, experimentos.relation_columns(relation)
                                )
                            }} as event_at
                        from {{ relation }}
                    ) as events
                {%- else %}
                    false as is_dated,
                    cast(null as timestamp) as first_at,
                    cast(null as timestamp) as last_at,
                    cast(null as timestamp) as complete_until
                {%- endif %}
        {%- else %}
            {{
                experimentos.values_table(
                    [
                        ("fact", dbt.type_string()),
                        ("is_dated", "boolean"),
                        ("first_at", "timestamp"),
                        ("last_at", "timestamp"),
                        ("complete_until", "timestamp"),
                    ],
                    [],
                )
            }}
        {%- endfor %}

    )

select
    cast(fact as {{ dbt.type_string() }}) as fact,
    is_dated,
    first_at,
    last_at,
    coalesce(complete_until, {{ experimentos.start_of_day("last_at") }}) as data_as_of
from spans
