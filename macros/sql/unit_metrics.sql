{# One expression over all shapes, chosen by the class's measure. Shapes that say the same share a branch. #}
{% macro shape_case(shapes, key) %}
    {%- set branches = {} -%}
    {%- for shape in shapes -%}
        {%- set expression = shape.get(key) -%}
        {%- if expression is not none and expression is defined -%}
            {%- if expression is not string -%}
                {%- set expression = expression | map("string") | join(" + ") -%}
            {%- endif -%}
            {%- if expression -%}
                {%- do branches.setdefault(expression, []).append(shape.index) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set whole = namespace(text=none) -%}
    {%- for expression, indexes in branches.items() if indexes | length == shapes | length -%}
        {%- set whole.text = expression -%}
    {%- endfor -%}
    {%- if not branches -%} cast(null as {{ experimentos.type_double() }})
    {%- elif whole.text -%} {{ whole.text }}
    {%- else -%}
        case
            {%- for expression, indexes in branches.items() %}
                when measures.shape in ({{ indexes | join(", ") }}) then {{ expression }}
            {%- endfor %}
        end
    {%- endif -%}
{% endmacro %}

{# Puts the classes of one unit together as its aggregate asks: `combine` is the same on all its rows,
   and `used` says which of the ways the project's metrics need. #}
{% macro combined(value, weight, combine, used) %}
    {%- set ways = {
        "sum": "sum(" ~ value ~ ")",
        "min": "min(" ~ value ~ ")",
        "max": "max(" ~ value ~ ")",
        "avg": "sum(" ~ value ~ ") / nullif(sum(" ~ weight ~ "), 0)",
    } -%}
    {%- if used | length == 0 -%} cast(null as {{ experimentos.type_double() }})
    {%- elif used | length == 1 -%} {{ ways[used[0]] }}
    {%- else -%}
        case
            max({{ combine }})
            {%- for way in used %} when '{{ way }}' then {{ ways[way] }}
            {%- endfor %}
        end
    {%- endif -%}
{%- endmacro %}

{# The ways of combining that numerators or denominators of the plan's measures use. #}
{% macro used_ways(plan, side) %}
    {% set place = {"num": 8, "den": 9}[side] %}
    {{ return(plan.measures | map(attribute=place) | reject("none") | unique | sort | list) }}
{% endmacro %}

{# A number that is already whole for its unit; an average still has to be divided by its weight. #}
{% macro single(value, weight, has_weights) %}
    {{
        return(
            "case when "
            ~ weight
            ~ " is not null then "
            ~ value
            ~ " / nullif("
            ~ weight
            ~ ", 0) else "
            ~ value
            ~ " end"
            if has_weights
            else value
        )
    }}
{% endmacro %}
