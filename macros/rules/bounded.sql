{# A benefit of the size looked for is ruled out: the bound of the benefit, at the level at which the
   family tested the metric, is below `mde`. `distance` is in standard errors of the benefit. #}
{% macro rule_bounded() %}
    select
        experiment_id,
        variant,
        'bounded' as rule,
        metric,
        coalesce(benefit_bound < mde, false) as fired,
        benefit_bound as observed,
        mde as threshold,
        (benefit_bound - mde)
        / nullif(benefit_bound - benefit, 0)
        * case goal when 'increase' then upper - estimate else estimate - lower end
        / nullif(std_error, 0) as distance,
        metric || case
            when mde is null
            then ': no `mde` says which size is looked for'
            when is_too_skewed
            then {{ experimentos.too_skewed_text() }}
            when benefit_bound is null
            then ': the benefit has no bound'
            when benefit_bound < mde
            then ': a benefit of the size looked for is ruled out'
            else ': a benefit of the size looked for is not ruled out'
        end as message
    from
        (
            select
                *,
                case when mde_kind = 'relative' then lift else estimate end
                * case goal when 'increase' then 1 else -1 end as benefit,
                -- Without a level nothing is tested now, and limits are not those of the family.
                case
                    when level is null
                    then null
                    when goal = 'increase'
                    then case when mde_kind = 'relative' then lift_upper else upper end
                    else - case when mde_kind = 'relative' then lift_lower else lower end
                end as benefit_bound
            from effects
            where role = 'success'
        ) as benefits
{% endmacro %}
