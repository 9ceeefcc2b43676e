-- One row per treatment variant: launch, hold or rollback, by the first rule that fires. The rules
-- and their order are those of macros/rules/_lookup.sql.
{%- set text = dbt.type_string() %}
{%- set policy = experimentos.policy() %}

with

    evidence as (select * from {{ ref("experimentos__decision_evidence") }}),

    fired as (

        select
            experiment_id,
            variant,
            rule,
            case
                rule
                {%- for rule, _ in policy %} when '{{ rule }}' then {{ loop.index }} {%- endfor %}
            end as place,
            {{ experimentos.text_list("message") }} as messages
        from evidence
        where fired and rule in ('{{ policy | map("first") | join("', '") }}')
        group by experiment_id, variant, rule

    ),

    ruled as (

        select *, row_number() over (partition by experiment_id, variant order by place) as firing
        from fired

    ),

    -- Of the rules that did not fire, the one that was the fewest standard errors short of it.
    nearest as (

        select
            experiment_id,
            variant,
            rule,
            distance,
            row_number() over (partition by experiment_id, variant order by distance, rule) as place
        from evidence
        where
            rule in ('harmed', 'launchable', 'guardrail_unsettled', 'ruled_out')
            and not fired
            and distance > 0

    ),

    tested as (

        select
            experiment_id,
            variant,
            min(case when rule = 'launchable' then observed end) as p_launch,
            min(case when rule = 'harmed' then observed end) as p_harm
        from evidence
        group by experiment_id, variant

    )

select
    tested.experiment_id,
    tested.variant,
    cast(
        case
            ruled.rule
            {%- for rule, verdict in policy %} when '{{ rule }}' then '{{ verdict }}' {%- endfor %}
        end as {{ text }}
    ) as verdict,
    cast(ruled.rule as {{ text }}) as rule,
    tested.p_launch,
    tested.p_harm,
    cast(
        case
            when ruled.rule = 'health_blocked'
            then 'the data are not fit to decide on: ' || ruled.messages
            else ruled.messages
        end
        -- Missing units, or another plan, may hide harm: it is shown, and verifies nothing.
        || case
            when ruled.rule in ('health_blocked', 'plan_changed') and harmed.messages is not null
            then '; unverified: consider stopping, because ' || harmed.messages
            else ''
        end as {{ text }}
    ) as reason,
    cast(nearest.rule as {{ text }}) as nearest_rule,
    nearest.distance as nearest_distance
from tested
left join
    ruled
    on tested.experiment_id = ruled.experiment_id
    and tested.variant = ruled.variant
    and ruled.firing = 1
left join
    fired as harmed
    on tested.experiment_id = harmed.experiment_id
    and tested.variant = harmed.variant
    and harmed.rule = 'harmed'
left join
    nearest
    on tested.experiment_id = nearest.experiment_id
    and tested.variant = nearest.variant
    and nearest.place = 1
