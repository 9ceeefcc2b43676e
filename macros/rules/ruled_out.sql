{# Rule 7. Finished. If the upper bound of the benefit is below `mde` on every success metric: Hold, an
   effect of the size looked for is ruled out. #}
{% macro rule_ruled_out() %}
    {%- set double = experimentos.type_double() %}
    select
        standing.experiment_id,
        standing.variant,
        'ruled_out' as rule,
        'all' as metric,
        standing.is_finished and coalesce(bounds.n_open = 0, false) as fired,
        cast(bounds.n_open as {{ double }}) as observed,
        cast(0 as {{ double }}) as threshold,
        case when standing.is_finished then bounds.distance end as distance,
        case
            when not standing.is_finished
            then 'it is not finished'
            when bounds.n_open = 0
            then 'an effect of the size looked for is ruled out'
            else 'an effect of the size looked for is not ruled out on every success metric'
        end as message
    from standing
    left join
        (
            select
                experiment_id,
                variant,
                sum(case when fired then 0 else 1 end) as n_open,
                case when count(*) = count(distance) then max(distance) end as distance
            from bounded
            group by experiment_id, variant
        ) as bounds
        on standing.experiment_id = bounds.experiment_id
        and standing.variant = bounds.variant
{% endmacro %}

{# Otherwise Hold, inconclusive, with the power reached. #}
{% macro rule_inconclusive() %}
    {%- set double = experimentos.type_double() %}
    select
        standing.experiment_id,
        standing.variant,
        'inconclusive' as rule,
        'all' as metric,
        standing.is_finished
        and not standing.is_harmed
        and not ruled_out.fired
        and not launchable.fired
        and not guardrail_unsettled.fired as fired,
        cast(null as {{ double }}) as observed,
        cast(null as {{ double }}) as threshold,
        case
            when not standing.is_finished
            then 'it is not finished'
            when standing.is_superior
            then
                'inconclusive: '
                || standing.winners
                || case
                    when standing.is_launch_shown
                    then ' is better, but not every condition of a launch is met'
                    else
                        ' is better by the correction chosen, but not at the level that a launch '
                        || 'asks of all success metrics together'
                end
            else
                'inconclusive: neither a benefit nor its absence is shown'
                || coalesce(standing.too_skewed, '')
                || coalesce(
                    '; the planned power would have found a change of ' || powers.findable, ''
                )
        end as message
    from standing
    inner join
        ruled_out
        on standing.experiment_id = ruled_out.experiment_id
        and standing.variant = ruled_out.variant
    inner join
        launchable
        on standing.experiment_id = launchable.experiment_id
        and standing.variant = launchable.variant
    inner join
        guardrail_unsettled
        on standing.experiment_id = guardrail_unsettled.experiment_id
        and standing.variant = guardrail_unsettled.variant
    left join
        (
            select experiment_id, variant, {{ experimentos.text_list("message") }} as findable
            from power_reached
            group by experiment_id, variant
        ) as powers
        on standing.experiment_id = powers.experiment_id
        and standing.variant = powers.variant
{% endmacro %}
