-- One row per hypothesis that decides: the smallest effect it would have found, and the units the
-- planned one needs.
{%- set double = experimentos.type_double() %}

with

    deciding as (

        select
            *,
            case
                when margin is not null
                then 'noninferior'
                when role = 'success'
                then 'superior'
                else 'harm'
            end as test
        from {{ experimentos.inferred("effects") }}
        where used_for_decision and role != 'explore'

    )

select
    experiment_id,
    metric,
    variant,
    cast(test as {{ dbt.type_string() }}) as test,
    role,
    mde_planned,
    mde_reached,
    case
        when mde_planned > 0 and mde_reached is not null
        then
            ceil(
                (n_control + n_treatment)
                * (mde_reached / mde_planned)
                * (mde_reached / mde_planned)
            )
    end as n_needed,
    cast(null as {{ double }}) as days_left
from deciding
