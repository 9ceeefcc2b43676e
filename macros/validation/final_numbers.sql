{# One row per unit with events of a metric: its numbers at the end of the data, before zeros, thresholds
   and caps. #}
{% macro final_numbers(plan, measures, present) %}
    {%- set shapes = {} -%}
    {%- for shape in plan.shapes.values() -%}
        {%- do shapes.update({shape.index: shape}) -%}
    {%- endfor -%}
    {%- set ways = {} -%}
    {%- set weighed = {} -%}
    {%- for measure in measures -%}
        {%- for side in ["num", "den"] if shapes[measure[7]].get(side ~ "_value") is not none -%}
            {%- do ways.update({side: measure[8 if side == "num" else 9]}) -%}
            {%- if shapes[measure[7]].get(side ~ "_weight") is not none -%}
                {%- do weighed.update({side: true}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    select
        unit_key
        {%- for x in present %}
            {%- set way = {"min": "min", "max": "max", "latest": "max"}.get(ways[x[:3]], "sum") %},
            {{ way }} ({{ x }})
            {{- " / nullif(sum(" ~ x ~ "_weight), 0)" if x[:3] in weighed }} as {{ x }}
        {%- endfor %}
    from
        (
            {%- for measure in measures %}
                {%- set shape = shapes[measure[7]] %}
                {{ "union all" if not loop.first }}
                select
                    unit_key
                    {%- for x in present %}
                        {%- set side = x[:3] %}
                        {%- set name = side ~ ("_cov" if x.endswith("_cov") else "_value") %}
                        {%- set weight = side ~ (
                            "_cov_weight" if x.endswith("_cov") else "_weight"
                        ) %},
                        cast(
                            {{ shape.get(name) if shape.get(name) is not none else "null" }}
                            as {{ experimentos.type_double() }}
                        ) as {{ x }}
                        {%- if side in weighed %}
                            ,
                            cast(
                                {{ shape.get(weight) if shape.get(weight) is not none else "null" }}
                                as {{ experimentos.type_double() }}
                            ) as {{ x }}_weight
                        {%- endif %}
                    {%- endfor %}
                from unit_events
                where
                    source = {{ measure[2] }}
                    and {{ experimentos.bit_is_set("mask_" ~ measure[5], measure[6]) }}
            {%- endfor %}
        ) as classes
    group by unit_key
{% endmacro %}
