-- fmt: off
{# Where the share of units without a value, or of values that are skipped, differs between variants, what
   is left is no longer a random comparison. #}
{% macro health_value_shares() %}
    select
        shares.*,
        inputs.n_missing,
        inputs.n_skipped,
        inputs.n_events
    from {{ experimentos.inferred("values") }} as shares
    inner join inputs
        on shares.experiment_id = inputs.experiment_id
        and shares.metric = inputs.metric
        and shares.variant = inputs.variant
        and shares.inputs_hash = inputs.inputs_hash
    where shares.share > 0 or shares.share_control > 0
{% endmacro %}

{% macro health_values_missing() %}
    select
        value_shares.experiment_id,
        'values_missing' as check_name,
        value_shares.metric,
        value_shares.variant,
        value_shares.share as observed,
        value_shares.p_value,
        {{ experimentos.graded("value_shares.p_value", true) }},
        {{ experimentos.as_text("value_shares.n_missing") }}
        || ' unit(s) have no value and are left out ('
        || {{ experimentos.percent_text("value_shares.share", 2) }}
        || coalesce('; of control ' || {{ experimentos.percent_text("value_shares.share_control", 2) }}, '')
        || ')'
        || case
            when {{ experimentos.past_limit("value_shares.p_value", "warn", true) }}
            then ', another share than in control'
            else ''
        end as message
    from value_shares
    {{ experimentos.with_limits("value_shares", "'values_missing'") }}
    where value_shares.kind = 'missing'
{% endmacro %}

{% macro health_skipped_alike() %}
    select
        value_shares.experiment_id,
        'skipped_alike' as check_name,
        value_shares.metric,
        value_shares.variant,
        value_shares.share as observed,
        value_shares.p_value,
        {{ experimentos.graded("value_shares.p_value", true) }},
        {{ experimentos.percent_text("value_shares.share", 2) }}
        || ' of the values are skipped'
        || coalesce(', in control ' || {{ experimentos.percent_text("value_shares.share_control", 2) }}, '')
        || case
            when {{ experimentos.past_limit("value_shares.p_value", "warn", true) }}
            then ': what is left may not be comparable'
            else ''
        end as message
    from value_shares
    {{ experimentos.with_limits("value_shares", "'skipped_alike'") }}
    where value_shares.kind = 'skipped'
{% endmacro %}
