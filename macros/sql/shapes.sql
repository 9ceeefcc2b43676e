{# A unit's number of one side of a shape as a double, before caps; without one it is 0, or null where the
   metric leaves such units out. `x` is num, den, num_cov or den_cov. #}
{% macro shape_number(shape, x) %}
    {% set side = x[:3] %}
    {% set is_covariate = x.endswith("_cov") %}
    {% set value = experimentos.divided(
        shape[side ~ ("_cov" if is_covariate else "_value")],
        shape[side ~ ("_cov_weight" if is_covariate else "_weight")],
    ) %}
    {% set filled = "coalesce(cast(" ~ value ~ " as " ~ experimentos.type_double() ~ "), 0)" %}
    {% if shape.threshold is not none %}
        {{ return("case when " ~ filled ~ " >= " ~ shape.threshold ~ " then 1.0 else 0.0 end") }}
    {% elif shape.is_zero_filled %} {{ return(filled) }}
    {% endif %}
    {% set number = experimentos.divided(shape.num_value, shape.num_weight) %}
    {% if is_covariate %}
        {{ return("case when " ~ number ~ " is not null then " ~ filled ~ " end") }}
    {% endif %}
    {{ return("cast(" ~ number ~ " as " ~ experimentos.type_double() ~ ")") }}
{% endmacro %}

{% macro divided(value, weight) %}
    {{ return(value if weight is none else value ~ " / nullif(" ~ weight ~ ", 0)") }}
{% endmacro %}

{# The numbers that a shape has. #}
{% macro shape_sides(shape) %}
    {% set present = [] %}
    {% for x in ["num", "den"] if shape.get(x ~ "_value") is not none %}
        {% do present.append(x) %}
        {% if shape[x ~ "_cov"] is not none %} {% do present.append(x ~ "_cov") %} {% endif %}
    {% endfor %}
    {{ return(present) }}
{% endmacro %}

{# Whether units of a shape or pair are capped by a threshold that the data give. #}
{% macro is_capped(shape) %}
    {% for key in ["num_cap", "num_lower", "den_cap", "den_lower"] if shape.get(key) is not none %}
        {{ return(true) }}
    {% endfor %}
    {{ return(false) }}
{% endmacro %}

{# Whether any metric has caps that the data give, or slices. #}
{% macro has_caps(plan) %}
    {% for shape in plan.shapes.values() if experimentos.is_capped(shape) %}
        {{ return(true) }}
    {% endfor %}
    {{ return(false) }}
{% endmacro %}

{% macro has_slices(plan) %}
    {{ return(plan.sources.values() | rejectattr("slice", "none") | list | length > 0) }}
{% endmacro %}

{# A number within its caps, which are columns of `caps`; null caps change nothing. #}
{% macro within_caps(number, x, caps) %}
    {% set upper = caps ~ ".upper_" ~ x %}
    {% set lower = caps ~ ".lower_" ~ x %}
    {{
        return(
            "case when "
            ~ number
            ~ " > "
            ~ upper
            ~ " then "
            ~ upper
            ~ " when "
            ~ number
            ~ " < "
            ~ lower
            ~ " then "
            ~ lower
            ~ " else "
            ~ number
            ~ " end"
        )
    }}
{% endmacro %}

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

{# Whether any shape divides by a weight on this side. #}
{% macro has_weights(shapes, side) %}
    {% for shape in shapes if shape.get(side ~ "_weight") is not none %}
        {{ return(true) }}
    {% endfor %}
    {{ return(false) }}
{% endmacro %}

{# A gathered or single number of unit_metrics, finished: zeros, thresholds. #}
{% macro finished(x, pairs) %}
    {% set filled = "coalesce(" ~ x ~ ", 0)" %}
    {% if x == "num" %}
        {% set number = "case when " ~ pairs ~ ".is_zero_filled then " ~ filled ~ " else num end" %}
    {% elif x == "num_cov" %}
        {% set number = (
            "case when "
            ~ pairs
            ~ ".is_zero_filled or num is not null then "
            ~ filled
            ~ " end"
        ) %}
    {% else %} {{ return(filled) }}
    {% endif %}
    {{
        return(
            "case when "
            ~ pairs
            ~ ".threshold is not null then case when "
            ~ filled
            ~ " >= "
            ~ pairs
            ~ ".threshold then 1.0 else 0.0 end else "
            ~ number
            ~ " end"
        )
    }}
{% endmacro %}
