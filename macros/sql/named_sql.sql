-- fmt: off
{# What somebody wrote for metrics, as SQL between comments that name them. A value may fail on a row, as a cast
   does: the warehouse then shows the line, where otherwise it names the column alone. A column that stands
   alone cannot fail. #}
{% macro named_sql(sql, text, fact, key) %}
    {% if not sql.startswith("(") or text == "true" %} {{ return(sql) }} {% endif %}
    {% set owners = experimentos.owners().get((fact.name, text), []) %}
    {% set where = owners[0] if owners else fact.where ~ ", " ~ key %}
    {% if owners | length > 1 %}
        {% set where = where | replace(" of ", " and " ~ (owners | length - 1) ~ " more of ", 1) %}
    {% endif %}
    {{ return(experimentos.labelled(text, where)) }}
{% endmacro %}

{% macro named_condition(columns, text, fact) %}
    {{ return(experimentos.named_sql(experimentos.condition(columns, text), text, fact, "where")) }}
{% endmacro %}

{# (model, expression) -> the metrics that say it, each with its key. #}
{% macro owners() %}
    {% set kept = experimentos.kept() %}
    {% if "owners" in kept %} {{ return(kept["owners"]) }} {% endif %}
    {% set found = {} %}
    {% for metric in experimentos.definitions().metrics.values() %}
        {% set written = [
            (metric.parts.num.model, metric.get("by"), "by"),
            (metric.model, metric.get("covariate_column"), "covariate"),
        ] %}
        {% for part in metric.parts.values() %}
            {% do written.extend([(part.model, part.value, "value"), (part.model, part["where"], "where")]) %}
        {% endfor %}
        {% for step in metric.get("steps") or [] %}
            {% do written.append((step.model, step["where"], "step " ~ loop.index)) %}
        {% endfor %}
        {% for model, text, key in written | unique if text is not none %}
            {% set owners = found.setdefault((model, text), []) %}
            {% set where = metric.where ~ ", " ~ key %}
            {% if where not in owners %} {% do owners.append(where) %} {% endif %}
        {% endfor %}
    {% endfor %}
    {% do kept.update({"owners": found}) %}
    {{ return(found) }}
{% endmacro %}
