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

{# The same columns, by name, of a relation that has them. #}
{% macro named_moments(relation) %}
    {%- set names = ["n_active", "n_events", "n_skipped"] %}
    {%- for x in experimentos.moment_means() %}
        {%- do names.extend(["mean_" ~ x, "m2_" ~ x]) %}
    {%- endfor %}
    {%- for x, y in experimentos.moment_products() %}
        {%- do names.append("c2_" ~ x ~ "_" ~ y) %}
    {%- endfor %}
    {%- for name in names %} {{ relation }}.{{ name }}{{ "," if not loop.last }} {% endfor %}
{% endmacro %}
