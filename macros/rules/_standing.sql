{# Of each variant, what its metrics come to. #}
{% macro rule_conditions() %}
    select
        experiment_id,
        variant,
        sum(case when rule = 'superior' and fired then 1 else 0 end) as n_superior,
        sum(case when rule = 'noninferior' then 1 else 0 end) as n_margins,
        sum(case when rule = 'noninferior' and not fired then 1 else 0 end) as n_unsettled,
        sum(case when rule = 'worse' and fired then 1 else 0 end) as n_worse,
        {{ experimentos.text_list("case when rule = 'superior' and fired then metric end") }}
        as winners,
        {{
            experimentos.text_list(
                "case when (rule = 'noninferior' and not fired) or (rule = 'worse' and fired) then message end"
            )
        }}
        as unsettled
    from
        (
            {%- for name in ["superior", "noninferior", "worse"] %}
                {{ "union all" if not loop.first }}
                select experiment_id, variant, rule, metric, fired, message
                from {{ name }}
            {%- endfor %}
        ) as tested
    group by experiment_id, variant
{% endmacro %}

{# One row per treatment variant. Launch has one p-value per variant, max(S x the smallest superiority p,
   the largest non-inferiority p), corrected over variants by Holm. Finished: no look follows; of
   hypotheses with looks of their own, all had their last. #}
{% macro rule_standing() %}
    select
        treatments.*,
        coalesce(conditions.n_superior, 0) > 0 as is_superior,
        coalesce(conditions.n_unsettled, 0) as n_unsettled,
        coalesce(conditions.n_worse, 0) as n_worse,
        conditions.winners,
        conditions.unsettled,
        arms.p_launch,
        arms.p_launch_corrected,
        arms.launch_level,
        coalesce(arms.p_launch_corrected <= treatments.alpha_side, false) as is_launch_shown,
        -- Its own conditions hold, and Holm stops at or before it: with margins, a guardrail may
        -- be why.
        coalesce(
            conditions.n_margins > 0
            and arms.p_launch <= treatments.alpha_side
            and arms.p_launch_corrected > treatments.alpha_side,
            false
        ) as is_stopped,
        coalesce(arms.p_harm <= treatments.alpha_harm, false) as is_harmed,
        arms.is_futile,
        arms.too_skewed,
        case
            when treatments.design = 'group_sequential'
            then treatments.is_open and coalesce(arms.is_closed, false)
            else treatments.is_open and treatments.is_final
        end as is_finished
    from treatments
    left join
        (
            select
                experiment_id,
                variant,
                max(p_launch) as p_launch,
                max(p_launch_corrected) as p_launch_corrected,
                min(launch_level) as launch_level,
                min(p_value_harm_corrected) as p_harm,
                min(case when is_final then 1 else 0 end) = 1 as is_closed,
                '; too few units for the skewness of '
                || {{ experimentos.text_list("case when is_too_skewed then metric end") }}
                as too_skewed,
                min(
                    case
                        when role = 'success' and statistic <= futility_boundary
                        then 1
                        when role = 'success'
                        then 0
                    end
                )
                = 1 as is_futile
            from effects
            group by experiment_id, variant
        ) as arms
        on treatments.experiment_id = arms.experiment_id
        and treatments.variant = arms.variant
    left join
        conditions
        on treatments.experiment_id = conditions.experiment_id
        and treatments.variant = conditions.variant
{% endmacro %}
