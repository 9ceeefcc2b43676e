{# The aggregates of a unit's numbers: a count, means, squared deviations and products of deviations.
   What a shape does not have is null, and is not computed. #}
{% macro moment_aggregates(present) %}
    {%- set null = "cast(null as " ~ experimentos.type_double() ~ ")" %}
    count(num) as n_active,
    sum(n_events) as n_events,
    sum(n_skipped) as n_skipped
    {%- for x in experimentos.moment_means() %}
        ,
        {{ "avg(" ~ x ~ ")" if x in present else null }} as mean_{{ x }},
        {{ experimentos.m2(x) if x in present else null }} as m2_{{ x }}
    {%- endfor %}
    {%- for x, y in experimentos.moment_products() %}
        ,
        {{ experimentos.c2(x, y) if x in present and y in present else null }} as c2_{{ x }}_{{ y }}
    {%- endfor %}
{% endmacro %}

{# The sum of cubed deviations from the mean. #}
{% macro m3(x) %}
    sum({{ x }} * {{ x }} * {{ x }})
    - 3 * avg({{ x }}) * {{ experimentos.m2(x) }}
    - count({{ x }}) * avg({{ x }}) * avg({{ x }}) * avg({{ x }})
{% endmacro %}

{# What is kept of the units of a cell. #}
{% macro cell_columns() %}
    {{
        return(
            ["n_active", "n_events", "n_skipped", "n_capped"]
            + experimentos.moment_names()
            + ["m3_num"]
        )
    }}
{% endmacro %}

{% macro moment_means() %} {{ return(["num", "den", "num_cov", "den_cov"]) }} {% endmacro %}

{% macro moment_products() %}
    {{
        return(
            [
                ("num", "den"),
                ("num", "num_cov"),
                ("num", "den_cov"),
                ("den", "num_cov"),
                ("den", "den_cov"),
                ("num_cov", "den_cov"),
            ]
        )
    }}
{% endmacro %}

{# The names of what is merged, without counts. #}
{% macro moment_names() %}
    {% set names = [] %}
    {% for x in experimentos.moment_means() %}
        {% do names.extend(["mean_" ~ x, "m2_" ~ x]) %}
    {% endfor %}
    {% for x, y in experimentos.moment_products() %}
        {% do names.append("c2_" ~ x ~ "_" ~ y) %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}

{# Merged moments of groups of rows, in two passes: the means, and then the deviations of the parts from
   them beside the deviations within the parts (Chan, Golub and LeVeque 1983). Nothing is subtracted that
   was added before. `rows` is a relation with the moments of parts and the columns `keys`. #}
{% macro merged_moments(rows, keys, counts=("n_events", "n_skipped", "n_capped")) %}
    select
        {%- for key in keys %} centres.{{ key }}, {%- endfor %}
        max(centres.n_active) as n_active,
        {%- for count in counts %} sum(parts.{{ count }}) as {{ count }}, {%- endfor %}
        {%- for x in experimentos.moment_means() %}
            max(centres.mean_{{ x }}) as mean_{{ x }},
            sum(
                parts.m2_{{ x }}
                + parts.n_active
                * (parts.mean_{{ x }} - centres.mean_{{ x }})
                * (parts.mean_{{ x }} - centres.mean_{{ x }})
            ) as m2_{{ x }},
        {%- endfor %}
        {%- for x, y in experimentos.moment_products() %}
            sum(
                parts.c2_{{ x }}_{{ y }}
                + parts.n_active
                * (parts.mean_{{ x }} - centres.mean_{{ x }})
                * (parts.mean_{{ y }} - centres.mean_{{ y }})
            ) as c2_{{ x }}_{{ y }},
        {%- endfor %}
        sum(
            parts.m3_num
            + 3 * (parts.mean_num - centres.mean_num) * parts.m2_num
            + parts.n_active
            * (parts.mean_num - centres.mean_num)
            * (parts.mean_num - centres.mean_num)
            * (parts.mean_num - centres.mean_num)
        ) as m3_num
    from
        (
            select
                {{ keys | join(", ") }},
                sum(n_active) as n_active
                {%- for x in experimentos.moment_means() %}
                    , sum(n_active * mean_{{ x }}) / nullif(sum(n_active), 0) as mean_{{ x }}
                {%- endfor %}
            from {{ rows }}
            group by {{ keys | join(", ") }}
        ) as centres
    inner join
        {{ rows }} as parts
        on {% for key in keys %}
            {{ "and " if not loop.first }} centres.{{ key }} = parts.{{ key }}
        {% endfor %}
    group by {%- for key in keys %} centres.{{ key }}{{ "," if not loop.last }} {%- endfor %}
{% endmacro %}

{# The moments among the columns of the mart, in their order there. Quantile metrics do not have them. #}
{% macro moment_columns() %}
    {{
        return(
            [
                "mean_num",
                "m2_num",
                "m3_num",
                "mean_den",
                "m2_den",
                "c2_num_den",
                "mean_num_cov",
                "m2_num_cov",
                "c2_num_num_cov",
                "mean_den_cov",
                "m2_den_cov",
                "c2_num_den_cov",
                "c2_den_num_cov",
                "c2_den_den_cov",
                "c2_num_cov_den_cov",
                "cap_value",
            ]
        )
    }}
{% endmacro %}
