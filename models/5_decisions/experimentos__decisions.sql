-- One row per experiment: launch its best launchable variant, roll back, or hold.
{%- set text = dbt.type_string() %}

with

    experiments as (select * from {{ ref("experimentos__experiments") }}),

    variant_decisions as (select * from {{ ref("experimentos__variant_decisions") }}),

    -- The benefit on the first success metric chooses among launchable variants; it claims
    -- nothing else.
    first_benefits as (

        select
            effects.experiment_id,
            effects.variant,
            case
                effects.goal when 'increase' then effects.estimate else - effects.estimate
            end as benefit
        from {{ ref("experimentos__effects") }} as effects
        inner join
            {{ ref("experimentos__experiment_metrics") }} as metrics
            on effects.experiment_id = metrics.experiment_id
            and effects.metric = metrics.metric
        where metrics.role = 'success' and metrics.position = 1 and effects.used_for_decision

    ),

    -- Where benefits are equal the order of the definition decides, and not what a label is.
    positions as (

        select experiments.experiment_id, variants.variant, variants.position
        from {{ ref("stg_experimentos__variants") }} as variants
        inner join experiments on variants.experiment_index = experiments.experiment_index

    ),

    ranked as (

        select
            variant_decisions.*,
            -- Launch goes before harm to another variant, and that before any hold.
            case
                variant_decisions.verdict when 'launch' then 0 when 'rollback' then 1 else 2
            end as urgency,
            case
                variant_decisions.rule
                {%- for rule, _ in experimentos.policy() %}
                    when '{{ rule }}' then {{ loop.index }}
                {%- endfor %}
            end as priority,
            first_benefits.benefit,
            positions.position
        from variant_decisions
        left join
            positions
            on variant_decisions.experiment_id = positions.experiment_id
            and variant_decisions.variant = positions.variant
        left join
            first_benefits
            on variant_decisions.experiment_id = first_benefits.experiment_id
            and variant_decisions.variant = first_benefits.variant

    ),

    placed as (

        select
            *,
            row_number() over (
                partition by experiment_id
                order by urgency, priority, benefit desc nulls last, position
            ) as place
        from ranked

    ),

    harmed as (

        select
            experiment_id,
            {{ experimentos.text_list("variant") }} as variants,
            {{ experimentos.text_list("variant || ': ' || reason") }} as reasons
        from variant_decisions
        where verdict = 'rollback'
        group by experiment_id

    ),

    reasons as (

        select experiment_id, count(*) as n_variants, count(distinct reason) as n_reasons
        from variant_decisions
        group by experiment_id

    )

select
    experiments.experiment_id,
    cast(coalesce(placed.verdict, 'hold') as {{ text }}) as verdict,
    cast(
        case
            placed.verdict when 'launch' then placed.variant when 'rollback' then harmed.variants
        end as {{ text }}
    ) as variant,
    cast(
        case
            when experiments.definition_problems is not null
            then 'health_blocked'
            when placed.rule is null
            then 'no_look_due'
            else placed.rule
        end as {{ text }}
    ) as rule,
    cast(
        case
            when experiments.definition_problems is not null
            then 'its definition has problems: ' || experiments.definition_problems
            when placed.rule is null
            then 'the experiment is a draft'
            when placed.verdict = 'launch'
            then
                placed.reason || coalesce('; switch off the harmed variant ' || harmed.variants, '')
            when reasons.n_variants = 1 or reasons.n_reasons = 1
            then placed.reason
            when placed.verdict = 'rollback'
            then harmed.reasons
            else placed.variant || ': ' || placed.reason
        end as {{ text }}
    ) as reason,
    experiments.as_of as decided_at,
    experiments.data_as_of,
    experiments.definitions_hash
from experiments
left join placed on experiments.experiment_id = placed.experiment_id and placed.place = 1
left join harmed on experiments.experiment_id = harmed.experiment_id
left join reasons on experiments.experiment_id = reasons.experiment_id
