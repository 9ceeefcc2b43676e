{# A look keeps its numbers. Whoever reads them is told where what is behind them is no longer the same. #}
{% macro health_look_restated() %}
    {%- set told = experimentos.health_constants().restated %}
    select
        experiment_id,
        'look_restated' as check_name,
        metric,
        variant,
        'warning' as status,
        abs(restated_by / std_error) as observed,
        cast({{ told }} as {{ experimentos.type_double() }}) as threshold,
        'rows from before the look (data until '
        || {{ experimentos.minute_text("look_date") }}
        || '), or the definitions, were changed after it was taken: the estimate of '''
        || metric
        || ''' would be another today. The look keeps its numbers; `restated_by` says by how much'
        as message
    from {{ experimentos.inferred("effects") }}
    where
        used_for_decision
        and role != 'explore'
        and std_error > 0
        and abs(restated_by / std_error) > {{ told }}
{% endmacro %}

{# The look of a fixed design, which has but one, was taken again for the reason that its definition gives. #}
{% macro health_look_retaken() %}
    select
        looks.experiment_id,
        'look_retaken' as check_name,
        'warning' as status,
        cast(looks.look as {{ experimentos.type_double() }}) as observed,
        'the look at the planned end was taken again, because: '
        || coalesce(plans.plan_override, remembered.plan_override, 'no reason is known')
        || '. `experimentos__looks` has what each showed' as message
    from {{ ref("experimentos__current_looks") }} as looks
    inner join
        {{ ref("stg_experimentos__experiments") }} as plans
        on looks.experiment_index = plans.experiment_index
        and plans.design = 'fixed'
    left join
        (
            select experiment_id, look, max(plan_override) as plan_override
            from {{ ref("experimentos__past_looks") }}
            group by experiment_id, look
        ) as remembered
        on looks.experiment_id = remembered.experiment_id
        and looks.look = remembered.look
    where looks.look > 1
{% endmacro %}
