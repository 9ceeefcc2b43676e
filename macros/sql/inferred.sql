{# What inference wrote: the Python model, or the store that the client step fills. #}
{% macro inferred(what) %}
    {% if experimentos.inference() == "client" %}
        {{ return(ref("experimentos__" ~ what ~ "_store")) }}
    {% endif %}
    {% if what == "effects" %} {{ return(ref("experimentos__estimate_effects")) }} {% endif %}
    {% if what == "ages" %} {{ return(ref("experimentos__estimate_ages")) }} {% endif %}
    {{ return(ref("experimentos__check_sample_ratio")) }}
{% endmacro %}
