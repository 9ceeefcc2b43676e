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
