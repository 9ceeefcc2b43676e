{# Where the share of units without a value differs between variants, what is left is no longer a
   random comparison. 10.83 is the chi-square of one degree of freedom at .001. #}
{% macro health_missing() %}
    select
        *,
        n_missing * 1.0 / nullif(n_missing + n_units, 0) as share,
        n_missing + n_units as n_all,
        max(case when is_control then n_missing end) over same_metric as n_missing_control,
        max(case when is_control then n_missing + n_units end) over same_metric as n_control,
        sum(n_missing) over same_metric as n_missing_any
    from inputs
    window same_metric as (partition by experiment_id, metric)
{% endmacro %}

{% macro health_tested() %}
    select
        *,
        (n_missing + n_missing_control) * 1.0 / nullif(n_all + n_control, 0) as pooled,
        n_missing_control * 1.0 / nullif(n_control, 0) as control_share
    from missing
    where n_missing_any > 0
{% endmacro %}

{% macro health_values_missing() %}
    select
        experiment_id,
        'values_missing' as check_name,
        metric,
        variant,
        case when difference > 10.83 then 'warning' else 'healthy' end as status,
        share as observed,
        control_share as threshold,
        {{ experimentos.as_text("n_missing") }}
        || ' unit(s) have no value and are left out'
        || case
            when difference > 10.83 then ', another share than in control' else ''
        end as message
    from
        (
            select
                *,
                (share - control_share)
                * (share - control_share)
                / nullif(
                    pooled * (1 - pooled) * (1.0 / n_all + 1.0 / nullif(n_control, 0)), 0
                ) as difference
            from tested
            where n_all > 0
        ) as compared
{% endmacro %}
