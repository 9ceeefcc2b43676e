-- fmt: off
{% macro health_data_known() %}
    select
        experiment_id,
        'data_as_of' as check_name,
        {{
            experimentos.either(
                "data_as_of is null",
                "blocked",
                "'a fact model of this experiment has no row up to the build: set complete_until if that is right'",
                "'every fact model has rows'",
            )
        }}
    from experiments
    where is_dated and definition_problems is null
{% endmacro %}

{# A date that somebody wrote down: windows close by the data that are there. #}
{% macro health_complete_until() %}
    select
        experiment_id,
        'complete_until' as check_name,
        'warning' as status,
        {{
            experimentos.text_list(
                "fact || ': complete until ' || substr("
                ~ experimentos.as_text("ahead_until")
                ~ ", 1, 10) || ' lies after the build; its data end before the day of the build'"
            )
        }} as message
    from facts
    where ahead_until is not null
    group by experiment_id
{% endmacro %}

{# Rows that lie after the build, or before any business: clocks that are wrong. #}
{% macro health_future_rows() %}
    {%- set double = experimentos.type_double() %}
    select
        experiment_id,
        'future_rows' as check_name,
        case when sum(n_future) > 0 then 'warning' else 'healthy' end as status,
        cast(sum(n_future) as {{ double }}) as observed,
        0.0 as threshold,
        coalesce(
            {{
                experimentos.text_list(
                    "case when n_future > 0 then place || ': ' || "
                    ~ experimentos.as_text("n_future")
                    ~ " || ' row(s) lie after the build; they are not read' end"
                )
            }},
            'no row lies after the build'
        ) as message
    from
        (
            select experiment_id, fact as place, n_future
            from facts
            union all
            select experiment_id, 'assignments' as place, n_rows as n_future
            from exclusions
            where reason = 'after_as_of'
        ) as placed
    group by experiment_id
{% endmacro %}

{% macro health_early_rows() %}
    {%- set first_day = "cast('" ~ experimentos.health_constants().first_day ~ "' as timestamp)" %}
    select
        experiment_id,
        'early_rows' as check_name,
        case
            when min(first_at) < {{ first_day }} or sum(n_ancient) > 0
            then 'warning'
            else 'healthy'
        end as status,
        coalesce(
            {{
                experimentos.text_list(
                    "case when first_at < " ~ first_day ~ " then fact || ': there are "
                    ~ "rows from ' || substr("
                    ~ experimentos.as_text("first_at")
                    ~ ", 1, 10) || ' on, so it seems to cover all time before exposure' "
                    ~ "when n_ancient > 0 then fact || ': ' || "
                    ~ experimentos.as_text("n_ancient")
                    ~ " || ' row(s) lie before the year 2000; its history begins after them' end"
                )
            }},
            'no row lies before the year 2000'
        ) as message
    from facts
    group by experiment_id
{% endmacro %}

{# What was shown of these days has changed since. #}
{% macro health_late_changes() %}
    {%- set double = experimentos.type_double() %}
    select
        experiment_id,
        'late_changes' as check_name,
        case when sum(n_late_days) > 0 then 'warning' else 'healthy' end as status,
        cast(coalesce(sum(n_late_days), 0) as {{ double }}) as observed,
        0.0 as threshold,
        coalesce(
            {{
                experimentos.text_list(
                    "case when n_late_days > 0 then fact || ': rows of ' || "
                    ~ experimentos.as_text("n_late_days")
                    ~ " || ' day(s), the first of them ' || "
                    ~ experimentos.as_text("first_late_day")
                    ~ " || ', changed later than `lookback` says; earlier numbers were computed again' end"
                )
            }},
            'no rows changed later than `lookback` says'
        ) as message
    from {{ ref("experimentos__fact_spans") }}
    group by experiment_id
{% endmacro %}

{# A fact without a time column has one row per unit; more would be added up. #}
{% macro health_unique_units() %}
    {%- set double = experimentos.type_double() %}
    select
        experiment_id,
        'unique_units' as check_name,
        case
            when max(case when is_deciding then 1 else 0 end) = 1 then 'blocked' else 'warning'
        end as status,
        cast(max(n_units) as {{ double }}) as observed,
        0.0 as threshold,
        {{
            experimentos.text_list(
                "fact || ': ' || "
                ~ experimentos.as_text("n_units")
                ~ " || ' unit(s) have more than one row, but `timestamp: none` means one row per unit'"
            )
        }}
        as message
    from {{ ref("experimentos__repeated_units") }}
    group by experiment_id
{% endmacro %}
