{# Experiments whose assignments were looked at under a name that is no longer defined: looks are remembered
   by name, and what they spent would be spent again. [name, name before, looks, whether an override says
   why]. #}
{% macro looked_at_before() %}
    {% set found = [] %}
    {% set looks = experimentos.memories("experimentos__looks") if execute else [] %}
    {% if not looks or not experimentos.memories("experimentos__history") %}
        {{ return(found) }}
    {% endif %}
    {% set experiments = experimentos.definitions().experiments %}
    {% set gone = experimentos.undefined_looks(looks, experiments | map(attribute="name") | list) %}
    {% if not gone %} {{ return(found) }} {% endif %}
    {% set past = experimentos.last_definitions(gone.keys() | list) %}
    {% for experiment in experiments
        if experiment.start is not none and not experiment.problems and not experiment.is_archived %}
        {% for name, was in past.items() if experimentos.is_same_experiment(experiment, was) %}
            {% do found.append(
                [
                    experiment.name,
                    name,
                    gone[name],
                    experiment.get("plan_override") is not none,
                ]
            ) %}
        {% endfor %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# How often experiments that are not defined were looked at: name -> looks. #}
{% macro undefined_looks(relations, defined) %}
    {% set found = {} %}
    {% set query %}
        select 'named ' || experiment_id, count(distinct look_date)
        from
            (
                {%- for relation in relations %}
                    {{ "union all" if not loop.first }}
                    select experiment_id, look_date
                    from {{ relation }}
                {%- endfor %}
            ) as looks
        group by experiment_id
    {% endset %}
    {% for row in run_query(query).rows if row[0][6:] not in defined %}
        {% do found.update({row[0][6:]: row[1] | int}) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# The parts of experiments in the last version of their definitions. #}
{% macro last_definitions(names) %}
    {% set found = {} %}
    {% set query %}
        select 'named ' || experiment_id, definition
        from ({{ experimentos.past_verdicts() }}) as past
        where
            definition is not null
            and experiment_id in (
                {%- for name in names %}
                    {{ experimentos.text_literal(name) }}{{ "," if not loop.last }}
                {%- endfor %}
            )
        order by definition_number, decided_at
    {% endset %}
    {% for row in run_query(query).rows %}
        {% do found.update({row[0][6:]: fromjson(row[1]).experiment}) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# The same value of the assignments, at the same time: one id may serve several experiments one after the
   other. Dates are texts of one form. #}
{% macro is_same_experiment(experiment, was) %}
    {% set ids = (was.get("id") or "").split(", ") %}
    {% set shared = experiment.ids | select("in", ids) | list %}
    {% set first, last = was.get("start"), was.get("end") %}
    {{
        return(
            shared
            and (not experiment.end or not first or first < experiment.end)
            and (not last or experiment.start < last)
        )
    }}
{% endmacro %}
