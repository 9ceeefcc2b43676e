-- One row per variant, rule and metric: what a rule looked at, and whether it fired. The rules are
-- the files of macros/rules; variant_decisions reads only this.
{%- set double = experimentos.type_double() %}
{%- set text = dbt.type_string() %}
{%- set parts = experimentos.evidence_parts() %}

with

    {% for name, sql, _, _ in parts %} {{ name }} as ({{ sql() }}), {% endfor %}

    united as (

        {%- for name, _, is_evidence, is_p_value in parts if is_evidence %}
            {{ "union all" if not loop.first }}
            select
                experiment_id,
                variant,
                rule,
                metric,
                fired,
                cast(observed as {{ double }}) as observed,
                cast(threshold as {{ double }}) as threshold,
                cast(
                    {{ "distance" if name in ["bounded", "ruled_out"] else "null" }} as {{ double }}
                ) as distance,
                {%- for column in ["tested", "tested_at"] %}
                    cast({{ column if is_p_value else "null" }} as {{ double }}) as {{ column }},
                {%- endfor %}
                message
            from {{ name }}
        {%- endfor %}

    ),

    rooted as (

        select
            *,
            {{ experimentos.tail_root("tested") }} as root,
            {{ experimentos.tail_root("tested_at") }} as root_at
        from united

    ),

    -- Standard errors that the evidence is short of its level: one scale for all p-values.
    measured as (

        select
            experiment_id,
            variant,
            rule,
            metric,
            fired,
            observed,
            threshold,
            coalesce(
                distance,
                {{ experimentos.upper_quantile("tested_at", "root_at") }}
                - {{ experimentos.upper_quantile("tested", "root") }}
            ) as distance,
            message
        from rooted

    ),

    -- A launch is as far from being held by a guardrail as the nearest of them from no longer
    -- standing.
    placed as (

        select
            *,
            min(case rule when 'noninferior' then - distance when 'worse' then distance end) over (
                partition by experiment_id, variant
            ) as to_guardrail,
            max(case when rule = 'superior' and fired then 1 else 0 end) over (
                partition by experiment_id, variant
            ) as is_superior
        from measured

    )

select
    experiment_id,
    variant,
    cast(rule as {{ text }}) as rule,
    cast(metric as {{ text }}) as metric,
    bool_or(fired) as fired,
    min(observed) as observed,
    min(threshold) as threshold,
    min(
        case
            when rule != 'guardrail_unsettled' then distance when is_superior = 1 then to_guardrail
        end
    ) as distance,
    cast({{ experimentos.text_list("message") }} as {{ text }}) as message
from placed
group by experiment_id, variant, rule, metric
