{# Who is looked at: `segments` of the assignments, and `activation`, the units that came far enough. #}
{% macro read_population(experiment, given, found, tables, problems) %}
    {% set keys = ["segments", "segments_daily", "activation"] | select("in", given) | list %}
    {% if experiment.phases | length > 1 and experiment.summary is not none %}
        {% do problems.append(
            experimentos.problem(
                experiment.where,
                "`variants` as a ramp needs units, and a summary has only their sums",
            )
        ) %}
    {% endif %}
    {% for key in keys if experiment.summary is not none %}
        {% do problems.append(
            experimentos.problem(
                experiment.where,
                "`" ~ key ~ "` needs units, and a summary has only their sums",
            )
        ) %}
        {{ return(none) }}
    {% endfor %}
    {% if "segments" in given %}
        {% do experiment.update(
            {"segments": experimentos.read_segments(experiment, given, tables, problems)}
        ) %}
    {% endif %}
    {% if "segments_daily" in given %}
        {% do experimentos.read_segments_daily(experiment, given, tables, problems) %}
    {% endif %}
    {% if "activation" in given %}
        {% do experiment.update(
            {
                "activation": experimentos.read_activation(
                    experiment, given, found, problems
                )
            }
        ) %}
    {% endif %}
{% endmacro %}

{% macro read_segments(experiment, given, tables, problems) %}
    {% set where, names, segments, known = experiment.where, given.segments, [], [] %}
    {% for table in tables %} {% do known.extend(table.segments) %} {% endfor %}
    {% set known = known | unique | list %}
    {% set names = [names] if names is string else names %}
    {% if names is mapping or names is not sequence %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`segments` must list segments of the assignments, got '" ~ names ~ "'",
                none,
                known,
            )
        ) %}
        {{ return(segments) }}
    {% endif %}
    {% for name in names %}
        {% if name is string and name | lower in ["all", "phase"] %}
            {% do problems.append(experimentos.reserved_name(where, "segments", name)) %}
        {% elif name not in known %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "`segments`: no assignment model of the experiment has '" ~ name ~ "'",
                    name | string,
                    known,
                )
            ) %}
        {% elif name in segments %}
            {% do problems.append(
                experimentos.problem(where, "segment '" ~ name ~ "' is named twice")
            ) %}
        {% else %} {% do segments.append(name) %}
        {% endif %}
    {% endfor %}
    {% for pair in experiment.pairs if pair.metric.by in segments %}
        {% do problems.append(
            experimentos.problem(
                where,
                "segment '"
                ~ pair.metric.by
                ~ "' is also what metric '"
                ~ pair.metric.name
                ~ "' is sliced `by`: give the segment another name in the assignments",
            )
        ) %}
    {% endfor %}
    {{ return(segments) }}
{% endmacro %}

{% macro read_segments_daily(experiment, given, tables, problems) %}
    {% set where, daily = experiment.where, given.segments_daily %}
    {% if daily is not boolean %}
        {% do problems.append(
            experimentos.problem(
                where, "`segments_daily` must be true or false, got '" ~ daily ~ "'"
            )
        ) %}
    {% elif daily %}
        {% if not given.get("segments") %}
            {% do problems.append(
                experimentos.problem(where, "`segments_daily` needs `segments`")
            ) %}
        {% endif %}
        {% set timeless = experiment.pairs | rejectattr("metric.is_dated") | list %}
        {% for pair in timeless %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "`segments_daily` needs facts with times, but metric '"
                    ~ pair.metric.name
                    ~ "' has none (`timestamp: none` of model "
                    ~ pair.metric.model
                    ~ ")",
                )
            ) %}
        {% endfor %}
        {# One with a column of experiments may have no row of this one where another has times. #}
        {% for table in experimentos.own_tables(tables) if not table.is_dated %}
            {% if table.experiment is mapping or not experiment.has_dated_assignments %}
                {% do problems.append(
                    experimentos.problem(
                        where,
                        "`segments_daily` needs assignments with times, which say when a unit came, "
                        ~ "but those of model "
                        ~ table.name
                        ~ " have none (`timestamp: none`)",
                    )
                ) %}
            {% endif %}
        {% endfor %}
        {% do experiment.update({"segments_daily": true}) %}
    {% endif %}
{% endmacro %}

{# {model, where, within}: the first row of a fact at or after exposure makes a unit an activated one. #}
{% macro read_activation(experiment, given, found, problems) %}
    {% set where, activation = experiment.where ~ ", `activation`", given.activation %}
    {% if activation is not mapping or activation.get("model") is not string %}
        {% do problems.append(
            experimentos.problem(
                where,
                "must be a map like {model: fct_visits, where: \"page = 'cart'\", within: 3 days}, got '"
                ~ activation
                ~ "'",
            )
        ) %}
        {{ return(none) }}
    {% endif %}
    {% set model, condition = activation.model, activation.get("where") %}
    {% do experimentos.check_keys(problems, where, activation, ["model", "where", "within"]) %}
    {% do experimentos.check_expressions(problems, where, activation, ["where"]) %}
    {% do experimentos.check_activation_model(experiment, model, found, where, problems) %}
    {% set within = none %}
    {% if "within" in activation %}
        {% set within = experimentos.read_duration(activation.within) %}
        {% if not within %}
            {% do problems.append(experimentos.bad_duration(where, "within", activation.within)) %}
        {% elif found.facts.get(model, {}).get("timestamp_is_date") and within % 86400 %}
            {% do problems.append(experimentos.part_of_day(where, "within", activation.within)) %}
        {% endif %}
    {% endif %}
    {{
        return(
            {
                "model": model,
                "where": condition | string | trim if condition is not none else none,
                "within": within or none,
                "within_text": activation.within | string if within else none,
                "text": model
                ~ (" where " ~ condition if condition is not none else "")
                ~ (" within " ~ activation.within if within else ""),
            }
        )
    }}
{% endmacro %}

{% macro check_activation_model(experiment, model, found, where, problems) %}
    {% if model not in found.facts %}
        {% do problems.append(experimentos.unlisted_fact(where, model, found.facts)) %}
        {{ return(none) }}
    {% endif %}
    {% set fact = found.facts[model] %}
    {% if not fact.is_dated %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`model: "
                ~ model
                ~ "` needs a time column, but the model says `timestamp: none`",
            )
        ) %}
    {% endif %}
    {% if experiment.kind is not none and fact["units"] and experiment.kind not in fact["units"] %}
        {% do problems.append(
            experimentos.problem(
                where,
                "needs units of kind '"
                ~ experiment.kind
                ~ "', but "
                ~ fact.where
                ~ " has only "
                ~ fact["units"].keys()
                | join(", "),
            )
        ) %}
    {% endif %}
{% endmacro %}
