{# Rule 3. No look is due in this build, or the fixed end is not reached: Hold, with the date of the next
   look, and what the last one came to. #}
{% macro rule_no_look_due() %}
    {%- set double = experimentos.type_double() %}
    {%- set histories = experimentos.memories("experimentos__history") if execute else [] %}
    select
        treatments.experiment_id,
        treatments.variant,
        'no_look_due' as rule,
        'all' as metric,
        not treatments.is_open as fired,
        cast(null as {{ double }}) as observed,
        cast(null as {{ double }}) as threshold,
        case
            when treatments.design = 'group_sequential' and treatments.is_open
            then 'look ' || {{ experimentos.as_text("treatments.look") }} || ' is taken or shown'
            when treatments.starts_later_at is not null
            then
                'the experiment has not started: it starts at '
                || {{ experimentos.minute_text("treatments.starts_later_at") }}
            when treatments.design = 'group_sequential'
            then
                'no look is due; '
                || treatments.next_look
                || coalesce(
                    '; the last one, on data until '
                    || {{ experimentos.minute_text("last_looks.look_date") }}
                    || case
                        when last_looks.was_harmed
                        then ', would have rolled it back'
                        when last_looks.was_launched
                        then ', would have launched it'
                    end,
                    ''
                )
            when treatments.design = 'always_valid' and treatments.is_open
            then 'seven full days are over'
            when treatments.design = 'always_valid'
            then
                'a launch is not decided before seven full days: on data until '
                || {{ experimentos.minute_text("treatments.week_ends_at") }}
            when treatments.is_final
            then 'the planned end is reached'
            when treatments.decides_at is null
            then 'no end is planned: a fixed design decides at its end, so set `end`'
            else
                'the planned end is not reached; the look is due when data are complete until '
                || {{ experimentos.minute_text("treatments.decides_at") }}
        end as message
    from treatments
    left join
        ({{ experimentos.last_looks(histories) }}) as last_looks
        on treatments.experiment_id = last_looks.experiment_id
        and treatments.variant = last_looks.variant
{% endmacro %}

{# The last look of each variant, and what it came to. Harm that was shown at a look is in the looks. A
   launch is in the history, which is written after this, so it is not a ref. #}
{% macro last_looks(histories) %}
    select
        past.experiment_id,
        past.variant,
        max(past.look_date) as look_date,
        max(case when past.test = 'harm' and past.outcome = 'crossed' then 1 else 0 end)
        = 1 as was_harmed,
        {% if histories -%}
            max(case when history.verdict = 'launch' then 1 else 0 end) = 1 as was_launched
        {%- else -%} false as was_launched
        {%- endif %}
    from {{ ref("experimentos__past_looks") }} as past
    inner join
        (
            select experiment_id, max(look) as look
            from {{ ref("experimentos__past_looks") }}
            group by experiment_id
        ) as latest
        on past.experiment_id = latest.experiment_id
        and past.look = latest.look
    {%- if histories %}
        left join
            {{ histories[0] }} as history
            on past.experiment_id = history.experiment_id
            and past.seen_at = history.data_as_of
            and past.variant = history.variant
    {%- endif %}
    group by past.experiment_id, past.variant
{% endmacro %}
