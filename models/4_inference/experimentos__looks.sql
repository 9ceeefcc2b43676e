-- One row per hypothesis and look that was taken. Remembers: written once, never rebuilt. An
-- always-valid
-- design has one look, the start of its sequence; a fixed one the look at its planned end.
{{ config(materialized="incremental", full_refresh=false, on_schema_change="append_new_columns") }}
{%- set double = experimentos.type_double() %}
{%- set shared = [
    "planned_n",
    "estimate",
    "std_error",
    "level",
    "lower",
    "upper",
    "lift",
    "lift_lower",
    "lift_upper",
] %}
{%- set launched = [
    "futility_boundary",
    "p_value_stagewise",
    "estimate_stagewise",
    "lower_stagewise",
    "upper_stagewise",
] %}

with

    shown as (

        select
            effects.*,
            coalesce(
                experiments.data_as_of,
                case when not experiments.is_dated then experiments.as_of end
            ) as seen_at,
            plans.plan_hash,
            plans.plan_override,
            plans.spending,
            plans.spending_parameter,
            experiments.design
        from {{ experimentos.inferred("effects") }} as effects
        inner join
            {{ ref("experimentos__experiments") }} as experiments
            on effects.experiment_id = experiments.experiment_id
        inner join
            {{ ref("stg_experimentos__experiments") }} as plans
            on experiments.experiment_index = plans.experiment_index
        where
            effects.used_for_decision
            and effects.role != 'explore'
            and effects.look is not null
            -- A fixed design has one look: what health blocks is not read, so it is not taken.
            and (
                experiments.design != 'fixed'
                or not exists (
                    select 1
                    from {{ ref("experimentos__health") }} as health
                    where
                        health.experiment_id = effects.experiment_id
                        and health.variant in ('all', effects.variant, effects.control)
                        and health.status = 'blocked'
                )
            )
            -- While a changed plan is held nothing can be decided, so nothing is spent.
            and (
                plans.plan_override is not null
                or not exists (
                    select 1
                    from {{ ref("experimentos__past_looks") }} as past
                    where
                        past.experiment_id = effects.experiment_id
                        and past.plan_hash != plans.plan_hash
                )
            )

    ),

    tests as (

        {%- for test, condition in [
            ("superior", "role = 'success'"),
            ("noninferior", "role = 'guardrail' and margin is not null"),
        ] %}
            select
                *,
                '{{ test }}' as test,
                statistic as z,
                boundary as bound,
                alpha_spent as spent,
                case
                    when role = 'success' then p_value else p_value_noninferior
                end as repeated_p_value
            from shown
            where {{ condition }}
            union all
        {%- endfor %}
        select
            *,
            'harm' as test,
            statistic_harm as z,
            boundary_harm as bound,
            alpha_spent_harm as spent,
            p_value_harm_planned as repeated_p_value
        from shown

    )

select
    experiment_id,
    metric,
    variant,
    cast(test as {{ dbt.type_string() }}) as test,
    cast(look as integer) as look,
    cast(look_date as date) as data_date,
    information_fraction,
    z as statistic,
    bound as boundary,
    spent as alpha_spent,
    cast(
        case
            when z is null
            then 'not tested'
            when z >= bound
            then 'crossed'
            when test = 'superior' and z <= futility_boundary
            then 'futile'
            else 'not crossed'
        end as {{ dbt.type_string() }}
    ) as outcome,
    look_date,
    seen_at,
    information,
    repeated_p_value as p_value,
    plan_hash,
    is_final,
    cast(
        case
            when design = 'always_valid'
            then 'normal_mixture'
            when design = 'fixed'
            then 'all at once'
            when test = 'harm'
            then 'pocock'
            else spending
        end as {{ dbt.type_string() }}
    ) as spending,
    cast(
        case
            when design = 'group_sequential' and test != 'harm' then spending_parameter
        end as {{ double }}
    ) as spending_parameter,
    cast(plan_override as {{ dbt.type_string() }}) as plan_override,
    {%- for name in shared %} {{ name }}, {%- endfor %}
    {%- for name in launched %}
        case when test != 'harm' then {{ name }} end as {{ name }}{{ "," if not loop.last }}
    {%- endfor %}
from tests
{%- if is_incremental() %}
    where
        not exists (
            select 1
            from {{ this }} as earlier
            where
                earlier.experiment_id = tests.experiment_id
                and earlier.metric = tests.metric
                and earlier.variant = tests.variant
                and earlier.test = tests.test
                and earlier.look = tests.look
        )
{%- endif %}
