-- fmt: off
{# A metric is adjusted where its fact covers so much of the time before exposure. #}
{% macro health_covariates() %}
    {%- set covered = experimentos.health_constants().covered %}
    select
        experiment_id,
        'covariate_coverage' as check_name,
        metric,
        n_covered * 1.0 / nullif(n_units, 0) as observed,
        {{ covered }} as threshold,
        {{
            experimentos.either(
                "not coalesce(n_covered >= " ~ covered ~ " * n_units, false)",
                "warning",
                "'the fact does not reach back far enough: metric ''' || metric || ''' is not adjusted'",
                "'the fact covers the time before exposure'",
            )
        }}
    from
        (
            select
                experiment_id, metric, sum(n_covered) as n_covered, sum(n_units + n_missing) as n_units
            from inputs
            where n_covered is not null
            group by experiment_id, metric
        ) as coverage
{% endmacro %}

{# Chance may make arms differ before exposure, and CUPED removes that: a warning, unless the split is
   wrong too. #}
{% macro health_covariate_balance() %}
    {%- set x = "effects.p_value_balance_corrected" %}
    select
        effects.experiment_id,
        'covariate_balance' as check_name,
        effects.metric,
        effects.variant,
        effects.p_value_balance as observed,
        {{ x }} as p_value,
        {{ experimentos.graded(x, true, "wrong_split.experiment_id is not null") }},
        case
            when {{ experimentos.past_limit(x, "warn", true) }} or {{ experimentos.past_limit(x, "block", true) }}
            then 'metric ''' || effects.metric || ''' differed between the variants before exposure'
            else 'the variants were alike before exposure'
        end as message
    from {{ experimentos.inferred("effects") }} as effects
    inner join experiments on effects.experiment_id = experiments.experiment_id
    {{ experimentos.with_limits("effects", "'covariate_balance'") }}
    left join
        (
            select distinct experiment_id
            from sample_ratio
            where check_name = 'sample_ratio' and status = 'blocked'
        ) as wrong_split
        on effects.experiment_id = wrong_split.experiment_id
    where effects.used_for_decision and {{ x }} is not null
{% endmacro %}
