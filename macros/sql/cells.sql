{# Moments of the units of a cohort that have one version from a step to another ("cell"), and from them
   the moments at every step at which anything changes. #}
{% macro cells(rows, keys, present) %}
    {%- set daily = experimentos.is_daily() %}
    select
        {{ keys | join(", ") }},
        {{ "step_from" if daily else "0 as step_from" }},
        {{ "step_to" if daily else experimentos.last_step() ~ " as step_to" }},
        sum(n_capped) as n_capped,
        {{ experimentos.moment_aggregates(present) }},
        {{ experimentos.m3("num") }} as m3_num
    from ({{ rows }}) as numbers
    group by {{ keys | join(", ") }} {{ ", step_from, step_to" if daily }}
{% endmacro %}

{# From the relations `cells` and, in daily builds, `covering`. A row holds until step_to. #}
{% macro moments_at_steps(keys) %}
    select
        {{ keys | join(", ") }},
        step_from,
        {% if experimentos.is_daily() -%}
            coalesce(
                lead(step_from) over (partition by {{ keys | join(", ") }} order by step_from),
                {{ experimentos.last_step() }}
            ) as step_to,
        {%- else -%} step_to,
        {%- endif %}
        {{ experimentos.cell_columns() | join(", ") }}
    from
        {% if experimentos.is_daily() -%}
            (
                {{ experimentos.merged_moments("covering", keys + ["step_from"]) | indent(8) }}
            ) as merged
        {%- else -%} cells
        {%- endif -%}
{% endmacro %}

{# The same columns without rows. #}
{% macro no_moments(keys) %}
    select
        {%- for key, type in keys.items() %} cast(null as {{ type }}) as {{ key }}, {%- endfor %}
        cast(null as integer) as step_from,
        cast(null as integer) as step_to
        {%- for name in experimentos.cell_columns() %}
            , cast(null as {{ experimentos.type_double() }}) as {{ name }}
        {%- endfor %}
    where 1 = 0
{% endmacro %}

{# Every cell beside each step of its keys that it covers. #}
{% macro covering_cells(cells, keys) %}
    select
        points.step_from,
        {%- for key in keys %} parts.{{ key }}, {%- endfor %}
        {%- for name in experimentos.cell_columns() %}
            parts.{{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from (select distinct {{ keys | join(", ") }}, step_from from {{ cells }}) as points
    inner join
        {{ cells }} as parts
        on {% for key in keys %}
            {{ "and " if not loop.first }} points.{{ key }} = parts.{{ key }}
        {% endfor %}
        and points.step_from >= parts.step_from
        and points.step_from < parts.step_to
{% endmacro %}
