-- One row per hypothesis and look that earlier builds took. Not a ref: experimentos__looks is
-- added to
-- after everything that reads this.
{{ config(materialized="table") }}
{%- set relations = experimentos.memories("experimentos__looks") if execute else [] %}
{%- if not relations %} {{ experimentos.values_table(experimentos.look_columns(), []) }}
{%- else %}
    select *
    from ({{ experimentos.looks_of(relations[0]) }}) as remembered
    {%- if relations | length > 1 %}
        -- Looks that the other schema does not know: nothing that was looked at is forgotten.
        union all
        select own.*
        from ({{ experimentos.looks_of(relations[1]) }}) as own
        where
            not exists (
                select 1
                from {{ relations[0] }} as others
                where others.experiment_id = own.experiment_id and others.look_date >= own.look_date
            )
    {%- endif %}
{%- endif %}
