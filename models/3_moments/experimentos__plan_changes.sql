-- One row per experiment that was looked at: whether its plan is that of its looks, how many looks
-- were taken on dates that are no longer planned, and what was edited of its dates since.
with

    looks as (

        select experiment_id, look_date, data_date, plan_hash, min(seen_at) as seen_at
        from {{ ref("experimentos__past_looks") }}
        group by experiment_id, look_date, data_date, plan_hash

    ),

    first_looks as (

        select experiment_id, min(seen_at) as seen_at from looks group by experiment_id

    ),

    -- By which version of its definition an experiment was first looked at.
    versions as (

        select past.experiment_id, min(past.definition_number) as definition_number
        from ({{ experimentos.past_verdicts() }}) as past
        inner join
            first_looks
            on past.experiment_id = first_looks.experiment_id
            and past.data_as_of >= first_looks.seen_at
        group by past.experiment_id

    ),

    -- What may change, and is told: a look that stays on its date may come to stand for
    -- another part of the whole, and another start for other units.
    redated as (

        select
            edits.experiment_id,
            cast(
                {{ experimentos.text_list("edits.change") }} as {{ dbt.type_string() }}
            ) as date_edits
        from {{ ref("experimentos__edits") }} as edits
        inner join
            versions
            on edits.experiment_id = versions.experiment_id
            and edits.definition_number > versions.definition_number
        inner join
            {{ ref("stg_experimentos__experiments") }} as plans
            on edits.experiment_id = plans.experiment_id
        where
            (edits.part = 'start' and plans.design != 'fixed')
            or (edits.part in ('end', 'looks', 'planned_n') and plans.design = 'group_sequential')
        group by edits.experiment_id

    ),

    moved as (

        select looks.experiment_id, count(distinct looks.look_date) as n_moved_looks
        from looks
        where
            not exists (
                select 1
                from {{ ref("stg_experimentos__looks") }} as planned
                where
                    planned.experiment_id = looks.experiment_id
                    and (planned.look_at = looks.look_date or planned.unit_share is not null)
            )
        group by looks.experiment_id

    )

select
    plans.experiment_id,
    plans.plan_override,
    min(looks.data_date) as first_look_on,
    min(versions.definition_number) as first_look_version,
    coalesce(
        max(case when looks.plan_hash != plans.plan_hash then 1 else 0 end) = 1, false
    ) as is_changed,
    cast(
        coalesce(
            max(case when plans.design != 'always_valid' then moved.n_moved_looks end), 0
        ) as bigint
    ) as n_moved_looks,
    max(redated.date_edits) as date_edits
from {{ ref("stg_experimentos__experiments") }} as plans
inner join looks on plans.experiment_id = looks.experiment_id
left join versions on plans.experiment_id = versions.experiment_id
left join moved on plans.experiment_id = moved.experiment_id
left join redated on plans.experiment_id = redated.experiment_id
group by plans.experiment_id, plans.plan_override
