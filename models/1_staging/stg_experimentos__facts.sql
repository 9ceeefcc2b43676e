-- One row per fact model: the span of time it covers.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{%- set as_of = (
    "cast("
    ~ experimentos.text_literal(experimentos.as_of() if execute else none)
    ~ " as timestamp)"
) %}
{%- set rows = [] %}
{%- for fact in experimentos.definitions().facts.values() %}
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

    )

select
    facts.fact,
    facts.is_dated,
    min(case when days.n_rows >= 0.01 * usual.n_rows then days.first_at end) as first_at,
    -- The start of the day of the last row that is not in the future.
    coalesce(
        max(facts.complete_until),
        max(case when days.first_at <= {{ as_of }} then cast(days.day as timestamp) end)
    ) as data_as_of,
    cast(
        coalesce(sum(case when days.first_at > {{ as_of }} then days.n_rows end), 0) as bigint
    ) as n_future,
    cast(
        coalesce(
            sum(
                case
                    when days.n_rows < 0.01 * usual.n_rows and days.day < date '2000-01-01'
                    then days.n_rows
                end
            ),
            0
        ) as bigint
    ) as n_ancient
from facts
left join days on 'fact ' || facts.fact = days.item and facts.is_dated
left join usual on days.item = usual.item
group by facts.fact, facts.is_dated
