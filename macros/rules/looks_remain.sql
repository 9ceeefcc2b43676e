{# Rule 6. Looks remain: Hold, keep running. #}
{% macro rule_looks_remain() %}
    {%- set double = experimentos.type_double() %}
    select
        experiment_id,
        variant,
        'looks_remain' as rule,
        'all' as metric,
        is_open and not is_finished as fired,
        cast(null as {{ double }}) as observed,
        cast(null as {{ double }}) as threshold,
        case
            when not is_open
            then 'no look is taken'
            when design = 'fixed'
            then 'a fixed design has one look'
            when is_finished
            then 'this is the last look'
            when design = 'always_valid'
            then 'no verdict yet; keep running: every build looks again'
            else 'no verdict at this look; keep running: ' || next_look
        end || case
            when is_futile and is_open and not is_finished
            then
                '; the futility boundary is crossed on every success metric: stopping costs no '
                || 'error, and a launch has become unlikely'
            else ''
        end
        || case
            when is_open and not is_finished then coalesce(too_skewed, '') else ''
        end as message
    from standing
{% endmacro %}
