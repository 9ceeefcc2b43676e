{# Rule 4. Launchable, and no guardrail shown worse: Launch. The variant's p-value for a launch, corrected
   over variants, and that of one of its success metrics, corrected over all, are at most half of alpha; all
   of it at this look. #}
{% macro rule_launchable() %}
    select
        experiment_id,
        variant,
        'launchable' as rule,
        'all' as metric,
        is_open and is_launch_shown and is_superior and n_worse = 0 as fired,
        p_launch_corrected as observed,
        alpha_side as threshold,
        p_launch as tested,
        launch_level as tested_at,
        case
            when is_launch_shown and is_superior and n_worse = 0
            then 'better than control on ' || winners || ', and no guardrail stands against it'
            when is_launch_shown and is_superior
            then
                'better on a success metric and within every margin, but a guardrail is shown worse'
            else 'better on a success metric and within every margin is not shown'
        end as message
    from standing
{% endmacro %}
