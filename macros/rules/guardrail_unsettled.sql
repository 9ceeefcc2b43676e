{# Rule 5. Superior, but a guardrail not shown non-inferior, or shown worse inside its margin: Hold, naming
   it. Also where every guardrail of the variant holds, but Holm stops at it, or before it at a
   variant whose guardrail does not; without margins that is no matter of guardrails. #}
{% macro rule_guardrail_unsettled() %}
    {%- set double = experimentos.type_double() %}
    select
        standing.experiment_id,
        standing.variant,
        'guardrail_unsettled' as rule,
        'all' as metric,
        standing.is_open
        and standing.is_superior
        and (standing.unsettled is not null or standing.is_stopped) as fired,
        cast(standing.n_unsettled + standing.n_worse as {{ double }}) as observed,
        cast(0 as {{ double }}) as threshold,
        case
            when not standing.is_superior
            then 'no success metric is better, so guardrails are not asked'
            when standing.unsettled is not null
            then 'better than control on ' || standing.winners || ', but ' || standing.unsettled
            when standing.is_stopped
            then
                'better than control on '
                || standing.winners
                || ', but not at the level that a launch asks of all variants and their guardrails '
                || 'together'
            else 'every guardrail with a margin holds, and none is shown worse'
        end as message
    from standing
{% endmacro %}
