{# How a unit's rows become one number. `slots` are the additive pieces kept for each class of rows,
   `value` reads them (none where the unit has nothing to say), and `combine` puts the classes of one
   unit together. A unit without rows is 0 where `zero_filled`, otherwise left out and counted. #}
{% macro aggregates() %}
    {{
        return(
            {
                "any": {"slots": ["largest"], "combine": "max", "zero_filled": true},
                "sum": {"slots": ["sum"], "combine": "sum", "zero_filled": true},
                "count": {"slots": ["rows"], "combine": "sum", "zero_filled": true},
                "count_distinct": {"slots": ["distinct"], "combine": "sum", "zero_filled": true},
                "min": {"slots": ["smallest"], "combine": "min", "zero_filled": false},
                "max": {"slots": ["largest"], "combine": "max", "zero_filled": false},
                "avg": {"slots": ["sum", "values"], "combine": "avg", "zero_filled": false},
                "latest": {"slots": ["latest"], "combine": "latest", "zero_filled": false},
                "funnel": {"slots": ["rows"], "combine": "sum", "zero_filled": true},
            }
        )
    }}
{% endmacro %}

{# The aggregates that people write; the others belong to a metric type. #}
{% macro written_aggregates() %}
    {{ return(experimentos.aggregates().keys() | reject("in", ["any", "funnel"]) | list) }}
{% endmacro %}

{# The slot that carries a part's number: `any` and `count` read values only where one is given. #}
{% macro part_slots(part) %}
    {% if part.aggregate == "any" and part.value is none %} {{ return(["rows"]) }} {% endif %}
    {% if part.aggregate == "count" and part.value is not none %}
        {{ return(["values"]) }}
    {% endif %}
    {{ return(experimentos.aggregates()[part.aggregate].slots) }}
{% endmacro %}
