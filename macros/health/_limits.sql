-- fmt: off
{# Rows beside the limits of their check, as `limits`. #}
{% macro with_limits(rows, check) %}
    inner join {{ ref("stg_experimentos__health_limits") }} as limits
        on {{ rows }}.experiment_id = limits.experiment_id and limits.check_name = {{ check }}
{% endmacro %}

{# Whether a number is beyond a limit; never where there is none. p-values are bad when they are small. #}
{% macro past_limit(x, level, is_low=false) %}
    {{ return(x ~ (" < " if is_low else " > ") ~ "limits." ~ level ~ "_at") }}
{% endmacro %}

{# The status of a number, and the limit that it met or is held against. `unknown`: that of none. #}
{% macro graded(x, is_low=false, may_block="true", unknown="healthy") %}
        case
            when {{ x }} is null then '{{ unknown }}'
            when {{ experimentos.past_limit(x, "block", is_low) }} and {{ may_block }} then 'blocked'
            when {{ experimentos.past_limit(x, "warn", is_low) }} then 'warning'
            when {{ experimentos.past_limit(x, "block", is_low) }} then 'warning'
            else 'healthy'
        end as status,
        case
            when {{ experimentos.past_limit(x, "block", is_low) }} then limits.block_at
            else coalesce(limits.warn_at, limits.block_at)
        end as threshold
{% endmacro %}

{# Status and message of a check that has two outcomes. #}
{% macro either(condition, status, said, healthy) %}
        case when {{ condition }} then '{{ status }}' else 'healthy' end as status,
        case when {{ condition }} then {{ said }} else {{ healthy }} end as message
{% endmacro %}
