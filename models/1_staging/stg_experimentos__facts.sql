-- One row per fact model: the span of time it covers.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{%- for model in experimentos.listed_models("fact_models") %}
-- depends_on: {{ experimentos.user_ref(model) }}
{%- endfor %}
{%- set as_of = (
    "cast("
    ~ experimentos.text_literal(experimentos.as_of() if execute else none)
    ~ " as timestamp)"
) %}
{%- set rows = [] %}
{%- set definitions = experimentos.definitions() %}
{%- set bounds = experimentos.read_from(definitions) %}
{%- for fact in definitions.facts.values() %}
    {%- do rows.append([fact.name, fact.is_dated, fact.complete_until]) %}
{%- endfor %}

with

    facts as (

        {{
            experimentos.values_table(
                [
                    ("fact", dbt.type_string()),
                    ("is_dated", "boolean"),
                    ("complete_until", "timestamp"),
                ],
                rows,
            )
        }}

    ),

    days as (select * from {{ ref("stg_experimentos__model_days") }}),

    -- A few rows with dates long ago tell nothing of where the history begins.
    usual as (

        select item, percentile_cont(0.5) within group (order by n_rows) as n_rows
        from days
        group by item

    ),

    -- Facts of which only a part is read, and that still have rows before it.
    reaching_further as (

        {%- for model, day in bounds.items() %}
            {%- set relation = experimentos.user_ref(model) %}
            {%- set columns = experimentos.relation_columns(relation) %}
            {{ "union all" if not loop.first }}
            select
                {{ experimentos.text_literal(model) }} as fact,
                cast('{{ day }}' as timestamp) as first_at
            where
                exists (
                    select 1
                    from {{ relation }}
                    where
                        {{
                            experimentos.is_read_from(
                                definitions.facts[model], relation, columns, "<"
                            )
                        }}
                )
        {%- else %}
            {{
                experimentos.values_table(
                    [("fact", dbt.type_string()), ("first_at", "timestamp")], []
                )
            }}
        {%- endfor %}

    )

select
    facts.fact,
    facts.is_dated,
    coalesce(
        max(reaching_further.first_at),
        min(case when days.n_rows >= 0.01 * usual.n_rows then days.first_at end)
    ) as first_at,
    -- The start of the day of the last row that is not in the future. What is said to be complete
    -- beyond the build is so up to the day of the build.
    coalesce(
        max(
            case
                when facts.complete_until > {{ as_of }}
                then {{ experimentos.start_of_day(as_of) }}
                else facts.complete_until
            end
        ),
        max(case when days.first_at <= {{ as_of }} then cast(days.day as timestamp) end)
    ) as data_as_of,
    max(case when facts.complete_until > {{ as_of }} then facts.complete_until end) as ahead_until,
    cast(
        coalesce(sum(case when days.first_at > {{ as_of }} then days.n_rows end), 0) as bigint
    ) as n_future,
    cast(
        coalesce(
            sum(
                case
                    when
                        days.n_rows < 0.01 * usual.n_rows
                        and days.day < date '{{ experimentos.health_constants().first_day }}'
                    then days.n_rows
                end
            ),
            0
        ) as bigint
    ) as n_ancient
from facts
left join days on 'fact ' || facts.fact = days.item and facts.is_dated
left join usual on days.item = usual.item
left join reaching_further on facts.fact = reaching_further.fact
group by facts.fact, facts.is_dated
