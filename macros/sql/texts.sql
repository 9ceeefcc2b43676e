{# A fraction for people, as a percentage; null where it is beyond all sense. #}
{% macro percent_text(x, digits=1) -%}
    {%- set shown = "case when abs(" ~ x ~ ") < 1e6 then 100 * " ~ x ~ " end" -%}
    {{ experimentos.as_text("round(cast(" ~ shown ~ " as numeric(18, 6)), " ~ digits ~ ")") }}
    || ' %'
{%- endmacro %}

{# A p-value for people. #}
{% macro p_text(x) -%}
    case
        when {{ x }} < 0.0001
        then 'below 0.0001'
        else {{ experimentos.as_text("round(cast(" ~ x ~ " as numeric(18, 6)), 4)") }}
    end
{%- endmacro %}
