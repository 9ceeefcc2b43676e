-- One row per hypothesis and look that earlier builds took. Not a ref: experimentos__looks is
-- added to
-- after everything that reads this.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{{ config(materialized="table") }}
{%- set relations = experimentos.memories("experimentos__looks") if execute else [] %}
{%- if not relations %} {{ experimentos.values_table(experimentos.look_columns(), []) }}
{%- else %}

    with

        remembered as (

            select *
            from ({{ experimentos.looks_of(relations[0]) }}) as looks
            {%- if relations | length > 1 %}
                -- Looks that the other schema does not know: nothing that was looked at is
                -- forgotten.
                union all
                select own.*
                from ({{ experimentos.looks_of(relations[1]) }}) as own
                where
                    not exists (
                        select 1
                        from {{ relations[0] }} as others
                        where
                            others.experiment_id = own.experiment_id
                            and others.look_date >= own.look_date
                    )
            {%- endif %}

        ),

        -- With an override another plan is allowed. What looks spent stays spent, but they
        -- showed other hypotheses: those of now are read from the data of the look.
        overridden as (

            select experiment_id, plan_hash
            from {{ ref("stg_experimentos__experiments") }}
            where plan_override is not null

        )

    select
        {%- for name, _ in experimentos.look_columns() %}
            {% if name in experimentos.shown_of_looks() -%}
                case when overridden.plan_hash is null then remembered.{{ name }} end as {{ name }}
            {%- else -%} remembered.{{ name }}
            {%- endif %}
            {{- "," if not loop.last }}
        {%- endfor %}
    from remembered
    left join
        overridden
        on remembered.experiment_id = overridden.experiment_id
        and remembered.plan_hash != overridden.plan_hash
{%- endif %}
