{% macro health_definition_valid() %}
    select
        experiment_id,
        'definition_valid' as check_name,
        case when definition_problems is null then 'healthy' else 'blocked' end as status,
        coalesce(definition_problems, 'the definition has no problem') as message
    from experiments
{% endmacro %}

{% macro health_archived_definition() %}
    select
        experiment_id,
        'archived_definition' as check_name,
        'warning' as status,
        edit_note as message
    from {{ ref("stg_experimentos__experiments") }}
    where edit_note is not null
{% endmacro %}

{# Whoever reads a verdict is told which checks were made to pass more than they do by default. #}
{% macro health_loosened_limits() %}
    select
        experiment_id,
        'limits_loosened' as check_name,
        'warning' as status,
        loosened_limits as message
    from {{ ref("stg_experimentos__experiments") }}
    where loosened_limits is not null and definition_problems is null
{% endmacro %}

{# The rule of the same name holds; this says what was changed. Not blocked: harm is then told by the rule. #}
{% macro health_plan_changed() %}
    select
        plans.experiment_id,
        'plan_changed' as check_name,
        'warning' as status,
        'the plan was changed after the first look ('
        || {{ experimentos.as_text("plans.first_look_on") }}
        || ')'
        || coalesce(': ' || edits.changes, '')
        || coalesce('; allowed because: ' || plans.plan_override, '') as message
    from {{ ref("experimentos__plan_changes") }} as plans
    left join
        (
            select edits.experiment_id, {{ experimentos.text_list("edits.change") }} as changes
            from {{ ref("experimentos__edits") }} as edits
            inner join
                {{ ref("experimentos__plan_changes") }} as seen
                on edits.experiment_id = seen.experiment_id
                and edits.definition_number > seen.first_look_version
            where edits.is_plan
            group by edits.experiment_id
        ) as edits
        on plans.experiment_id = edits.experiment_id
    where plans.is_changed
{% endmacro %}

{# What was spent stays spent, so dates may change. #}
{% macro health_dates_changed() %}
    select
        experiment_id,
        'dates_changed' as check_name,
        'warning' as status,
        cast(n_moved_looks as {{ experimentos.type_double() }}) as observed,
        {{ experimentos.dates_changed_text("plans") }} as message
    from {{ ref("experimentos__plan_changes") }} as plans
    where n_moved_looks > 0 or date_edits is not null
{% endmacro %}

{# Looks are remembered by name: a new name would spend the error rate a second time. #}
{% macro health_renamed() %}
    {%- set text = dbt.type_string() %}
    {%- set columns = [
        ("experiment_id", text),
        ("name_before", text),
        ("n_looks", "integer"),
        ("is_allowed", "boolean"),
    ] %}
    select
        experiment_id,
        'renamed' as check_name,
        case when is_allowed then 'warning' else 'blocked' end as status,
        cast(n_looks as {{ experimentos.type_double() }}) as observed,
        'these assignments were looked at '
        || {{ experimentos.as_text("n_looks") }}
        || ' time(s) as experiment '''
        || name_before
        || ''', and what that spent is not counted under another name: give it its name back, or say why in '
        || '`monitoring.override`' as message
    from ({{ experimentos.values_table(columns, experimentos.looked_at_before()) }}) as renamed
{% endmacro %}
