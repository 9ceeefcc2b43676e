{# dbt run-operation experimentos.bindings: every column and SQL expression of the definitions with the
   statement that binds it alone, as one line of JSON. Jinja cannot catch an error of the warehouse, so
   `experimentos check --warehouse` runs the statements one by one. #}
{% macro bindings() %}
    {% set found = experimentos.definitions() %}
    {% set listed = {"expressions": [], "unbuilt": [], "models": {}} %}
    {% for table in found.assignments %}
        {% do experimentos.bind_assignments(table, listed) %}
    {% endfor %}
    {% for fact in found.facts.values() %}
        {% do experimentos.bind_fact(fact, listed) %}
    {% endfor %}
    {% for metric in found.metrics.values() %}
        {% do experimentos.bind_metric(metric, found, listed) %}
    {% endfor %}
    {% for experiment in found.experiments %}
        {% if experiment.activation is not none %}
            {% set activation, fact = (
                experiment.activation,
                found.facts[experiment.activation.model],
            ) %}
            {% do experimentos.bind(
                listed, fact, experiment, "where", activation.where, "`activation`"
            ) %}
        {% elif experiment.summary is not none %}
            {% do experimentos.built_relation(
                listed,
                {
                    "name": experiment.summary,
                    "file": experiment.file,
                    "where": experiment.where ~ ", summary model " ~ experiment.summary,
                },
            ) %}
        {% endif %}
    {% endfor %}
    {% do log(
        "experimentos_bindings "
        ~ tojson({"expressions": listed.expressions, "unbuilt": listed.unbuilt}),
        info=true,
    ) %}
{% endmacro %}

{% macro bind_assignments(table, listed) %}
    {% if table.experiment is string %}
        {% do experimentos.bind(listed, table, table, "experiment", table.experiment) %}
    {% endif %}
    {% do experimentos.bind(listed, table, table, "variant", table.variant) %}
    {% for name, text in table.segments.items() %}
        {% do experimentos.bind(listed, table, table, "segments: " ~ name, text) %}
    {% endfor %}
    {% do experimentos.bind_fact(table, listed) %}
{% endmacro %}

{% macro bind_fact(fact, listed) %}
    {% for kind, text in fact.units.items() %}
        {% do experimentos.bind(listed, fact, fact, "unit", text) %}
    {% endfor %}
    {% if fact.is_dated %}
        {% do experimentos.bind(listed, fact, fact, "timestamp", fact.timestamp) %}
    {% endif %}
    {% for key in ["loaded_at", "unique_key"] %}
        {% do experimentos.bind(listed, fact, fact, key, fact.get(key)) %}
    {% endfor %}
{% endmacro %}

{% macro bind_metric(metric, found, listed) %}
    {% set sides = {"num": "`numerator`", "den": "`denominator`"} %}
    {% for side, part in metric.parts.items() %}
        {% set part_of = sides[side] if metric.type == "ratio" else none %}
        {% for key in ["value", "where"] %}
            {% do experimentos.bind(
                listed, found.facts[part.model], metric, key, part[key], part_of
            ) %}
        {% endfor %}
    {% endfor %}
    {% for step in metric.steps %}
        {% do experimentos.bind(
            listed,
            found.facts[step.model],
            metric,
            "where",
            step.where,
            "step " ~ loop.index,
        ) %}
    {% endfor %}
    {% set fact = found.facts[metric.model] %}
    {% if metric.by is not none %}
        {% set fact_of_slices = found.facts[metric.parts.num.model] %}
        {% do experimentos.bind(listed, fact_of_slices, metric, "by", metric.by) %}
    {% endif %}
    {% do experimentos.bind(listed, fact, metric, "covariate", metric.covariate_column) %}
{% endmacro %}

{# One expression over one model. A lone name that is no column is left to check_columns, which knows the
   nearest. In a condition the warehouse refuses aggregates too, which no row has. #}
{% macro bind(listed, table, owner, key, text, part_of=none) %}
    {% set model = experimentos.built_relation(listed, table) %}
    {% if text is none or model.relation is none %} {{ return(none) }} {% endif %}
    {% set column = experimentos.lone_column(model.columns, text) %}
    {% if column == "missing" %} {{ return(none) }} {% endif %}
    {% set written = experimentos.quoted(column.name) if column else text %}
    {% do listed.expressions.append(
        {
            "place": owner.where ~ (", " ~ part_of if part_of else ""),
            "file": owner.file,
            "key": key,
            "text": text | string,
            "asked": model.relation ~ "|" ~ text,
            "sql": "select 1 from "
            ~ model.relation
            ~ " where ("
            ~ written
            ~ "\n) is null limit 0",
        }
    ) %}
{% endmacro %}

{# The relation of a user's model and its columns; none where it is not built yet, which is said once. #}
{% macro built_relation(listed, table) %}
    {% if table.name not in listed.models %}
        {% set relation = load_cached_relation(experimentos.user_ref(table.name)) %}
        {% set columns = experimentos.relation_columns(relation) if relation else {} %}
        {% do listed.models.update({table.name: {"relation": relation, "columns": columns}}) %}
        {% if relation is none %}
            {% do listed.unbuilt.append(
                {"model": table.name, "place": table.where, "file": table.file}
            ) %}
        {% endif %}
    {% endif %}
    {{ return(listed.models[table.name]) }}
{% endmacro %}

{# The column that stands alone where a column or SQL expression may: 'missing' if there is none of that
   name, none if it is an expression. #}
{% macro lone_column(columns, text) %}
    {% set found = modules.re.match('^\\s*"?([A-Za-z_][A-Za-z0-9_ $]*?)"?\\s*$', text | string) %}
    {% if not found %} {{ return(none) }} {% endif %}
    {% set name = found.group(1) | lower %}
    {% set is_expression = " " in name or name in ["true", "false"] %}
    {{ return(columns.get(name, none if is_expression else "missing")) }}
{% endmacro %}

{# dbt run-operation experimentos.check_bound: what check_columns checks, of the models that are built.
   Expressions that do not bind have no type, so they are given one that is never asked for. #}
{% macro check_bound(unbuilt, unbound) %}
    {% set found = experimentos.definitions() %}
    {% set asked = experimentos.kept().setdefault("expressions", {}) %}
    {% for key in unbound %} {% do asked.update({key: "unbound"}) %} {% endfor %}
    {% set facts, experiments = {}, [] %}
    {% for name, fact in found.facts.items() if name not in unbuilt %}
        {% do facts.update({name: fact}) %}
    {% endfor %}
    {% for experiment in found.experiments if experiment.summary not in unbuilt %}
        {% set activation = experiment.activation %}
        {% if activation is none or activation.model not in unbuilt %}
            {% do experiments.append(experiment) %}
        {% endif %}
    {% endfor %}
    {% do experimentos.check_columns(
        {
            "assignments": found.assignments | rejectattr("name", "in", unbuilt) | list,
            "facts": facts,
            "metrics": found.metrics,
            "experiments": experiments,
        }
    ) %}
{% endmacro %}

{# An expression as it is asked of the warehouse, which shows the line of its error: every word on a line
   of its own, between whose expression it is and in which file. What is quoted stays whole. More such lines
   follow: DuckDB shows a place that lies as far behind the error as dbt's comment before the query is long,
   and of a line of more than 66 characters it may show a part. #}
{% macro labelled(text, label) %}
    {% set head, _, tail = (label | replace("*/", "")).partition(" (") %}
    {% set file, _, key = tail.partition(")") %}
    {% set key = key | replace("`assignments`, ", "") %}
    {% set before = "/* " ~ head.split(" of ")[0] ~ key ~ " */ " %}
    {% if before | length + file | length > 58 and "/" in file %}
        {% set file = ".../" ~ file.split("/")[-1] %}
    {% endif %}
    {% set after = " /* " ~ file ~ " */" if file else "" %}
    {% set pieces = [] %}
    {% set pattern = "'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\\n]*|/\\*[\\s\\S]*?\\*/|\\$\\$[\\s\\S]*?\\$\\$|\\s+|[^\\s'\"/$-]+|." %}
    {% for piece in modules.re.findall(pattern, text | string | trim) %}
        {% if not piece | trim %} {% do pieces.append(after ~ "\n" ~ before) %}
        {% else %} {% do pieces.append(piece) %}
        {% endif %}
    {% endfor %}
    {% set lines = [before, pieces | join, after, "\n", before, ")", after] %}
    {% set more = "\n" ~ before ~ after %}
    {{ return("(\n" ~ lines | join ~ more * (1 + 600 // more | length)) }}
{% endmacro %}
