{# The segments that any experiment uses, in the order of their columns. #}
{% macro used_segments(found) %}
    {#- asked for each of what may be a thousand experiments, so it is counted once -#}
    {% if "used_segments" not in found %}
        {% set names = {} %}
        {% for experiment in found.experiments %}
            {% for name in experiment.get("segments") or [] %}
                {% do names.update({name: true}) %}
            {% endfor %}
        {% endfor %}
        {% do found.update({"used_segments": names | sort}) %}
    {% endif %}
    {{ return(found.used_segments) }}
{% endmacro %}

{% macro has_phases(found) %}
    {% for experiment in found.experiments %}
        {% if experiment.get("phases") and experiment.phases | length > 1 %}
            {{ return(true) }}
        {% endif %}
    {% endfor %}
    {{ return(false) }}
{% endmacro %}

{% macro has_activation(found) %}
    {% for experiment in found.experiments %}
        {% if experiment.get("activation") %} {{ return(true) }} {% endif %}
    {% endfor %}
    {{ return(false) }}
{% endmacro %}

{# The experiments whose segments are shown for every day, and a number that is none, for lists in SQL. #}
{% macro daily_segments(found) %}
    {% set indexes = [-1] %}
    {% for experiment in found.experiments if experiment.get("segments_daily") %}
        {% do indexes.append(experiment.index) %}
    {% endfor %}
    {{ return(indexes) }}
{% endmacro %}
