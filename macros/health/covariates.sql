{% macro health_covariates() %}
    select
        experiment_id,
        'covariate_coverage' as check_name,
        metric,
        case
            when sum(n_covered) >= 0.95 * sum(n_units + n_missing) then 'healthy' else 'warning'
        end as status,
        sum(n_covered) * 1.0 / nullif(sum(n_units + n_missing), 0) as observed,
        0.95 as threshold,
        case
            when sum(n_covered) >= 0.95 * sum(n_units + n_missing)
            then 'the fact covers the time before exposure'
            else
                'the fact does not reach back far enough: metric '''
                || metric
                || ''' is not adjusted'
            end as message
        from inputs
        where n_covered is not null
        group by experiment_id, metric
{% endmacro %}

{# Chance may make arms differ before exposure, and CUPED removes that: a warning, unless the split is
   wrong too. #}
{% macro health_covariate_balance() %}
    select
        effects.experiment_id,
        'covariate_balance' as check_name,
        effects.metric,
        effects.variant,
        case
            when effects.p_value_balance_corrected >= 0.001
            then 'healthy'
            when wrong_split.experiment_id is not null
            then 'blocked'
            else 'warning'
        end as status,
        effects.p_value_balance as observed,
        0.001 as threshold,
        effects.p_value_balance_corrected as p_value,
        case
            when effects.p_value_balance_corrected >= 0.001
            then 'the variants were alike before exposure'
            else
                'metric '''
                || effects.metric
                || ''' differed between the variants before exposure'
        end as message
    from {{ experimentos.inferred("effects") }} as effects
    inner join experiments on effects.experiment_id = experiments.experiment_id
    left join
        (
            select distinct experiment_id
            from sample_ratio
            where check_name = 'sample_ratio' and status = 'blocked'
        ) as wrong_split
        on effects.experiment_id = wrong_split.experiment_id
    where effects.used_for_decision and effects.p_value_balance_corrected is not null
{% endmacro %}
