{# Experiments that stand in a table, one a row, instead of in exposures: the model that
   vars.experimentos.experiments_from names. Each row becomes what an exposure would give, so that the
   reader of exposures reads it too and every check applies. docs/experiments_from.md lists the columns. #}
{% macro experiments_from() %}
    {% set name = experimentos.settings().get("experiments_from") %}
    {{ return(name if name is string and name | trim else none) }}
{% endmacro %}

{# column -> [key of the definition, how its text is read]. `node` keys belong to the exposure itself. #}
{% macro experiment_columns() %}
    {{
        return(
            {
                "experiment_id": ["name", "node"],
                "label": ["label", "node"],
                "hypothesis": ["description", "node"],
                "owner": ["owner", "node"],
                "owner_email": ["owner_email", "node"],
                "id": ["id", "list"],
                "starts_at": ["start", "text"],
                "ends_at": ["end", "text"],
                "control": ["control", "text"],
                "variants": ["variants", "json"],
                "success": ["success", "list"],
                "guardrails": ["guardrails", "list"],
                "explore": ["explore", "list"],
                "segments": ["segments", "list"],
                "segments_daily": ["segments_daily", "json"],
                "unit": ["unit", "text"],
                "summary": ["summary", "text"],
                "activation": ["activation", "json"],
                "alpha": ["alpha", "number"],
                "alpha_harm": ["alpha_harm", "number"],
                "power": ["power", "number"],
                "mde": ["mde", "either"],
                "prior": ["prior", "either"],
                "design": ["design", "text"],
                "planned_n": ["planned_n", "number"],
                "monitoring": ["monitoring", "either"],
                "correction": ["correction", "text"],
                "health": ["health", "json"],
                "status": ["status", "text"],
            }
        )
    }}
{% endmacro %}

{# {rows: [{node, given, problems}], problems}: `problems` are of the table as a whole. #}
{% macro experiments_from_table() %}
    {% set found = {"rows": [], "problems": []} %}
    {% set model = experimentos.experiments_from() %}
    {% if model is none or not execute %} {{ return(found) }} {% endif %}
    {% set where = "table " ~ model ~ " (vars.experimentos.experiments_from)" %}
    {% set relation = experimentos.experiments_relation(model, where, found.problems) %}
    {% if relation is none %} {{ return(found) }} {% endif %}
    {% set columns = experimentos.relation_columns(relation) %}
    {% do experimentos.check_experiment_columns(columns, where, found.problems) %}
    {% if found.problems %} {{ return(found) }} {% endif %}
    {% set known = experimentos.experiment_columns() %}
    {% set used = columns.keys() | select("in", known) | list %}
    {% set keys = [] %}
    {% for column in used %} {% do keys.append(known[column]) %} {% endfor %}
    {% set query = experimentos.experiments_query(relation, columns, used) %}
    {% for cells in run_query(query).rows %}
        {% do found.rows.append(experimentos.experiment_row(model, keys, cells.values())) %}
    {% endfor %}
    {% do experimentos.check_experiment_names(found, where) %}
    {{ return(found) }}
{% endmacro %}

{# The relation of a model of the user. It is looked up in the graph, because ref() works only in models
   that depend on it, and definitions are read in others too when they are built alone. #}
{% macro experiments_relation(model, where, problems) %}
    {% for node in graph.nodes.values() if node.resource_type in ["model", "seed", "snapshot"] %}
        {% set full = node.package_name ~ "." ~ node.name %}
        {% if model == full or (model == node.name and node.package_name == project_name) %}
            {% set relation = adapter.get_relation(
                node.database, node.schema, node.alias or node.name
            ) %}
            {% if node.config.get("materialized") == "ephemeral" %}
                {% do problems.append(
                    experimentos.problem(where, "is ephemeral: make it a table or a view")
                ) %}
            {% elif relation is none and flags.WHICH in ["build", "run"] %}
                {% do problems.append(
                    experimentos.problem(
                        where, "is not built: build it with the experiments"
                    )
                ) %}
            {% elif relation is none %}
                {% do log(
                    "experimentos: "
                    ~ where
                    ~ " is not built yet, so its experiments are not checked",
                    info=true,
                ) %}
            {% endif %}
            {{ return(relation) }}
        {% endif %}
    {% endfor %}
    {% do problems.append(experimentos.problem(where, "is no model, seed or snapshot")) %}
    {{ return(none) }}
{% endmacro %}

{# Other columns are the user's own; one that is nearly ours, or a key of exposures, is a mistake. #}
{% macro check_experiment_columns(columns, where, problems) %}
    {% set known = experimentos.experiment_columns() %}
    {% set meant = {
        "start": "starts_at",
        "end": "ends_at",
        "start_date": "starts_at",
        "end_date": "ends_at",
    } %}
    {% set needed = ["experiment_id", "control", "variants"] %}
    {% set needed = needed + ([] if "summary" in columns else ["success"]) %}
    {% set strangers = columns.keys() | reject("in", known) | list %}
    {% set missed = [] %}
    {% for column in strangers %}
        {% set near = namespace(name=meant.get(column)) %}
        {% for name in known if name not in columns and near.name is none %}
            {% set allowed = 1 + (name | length >= 7) + (name | length >= 10) %}
            {% if (
                ((name | length) - (column | length)) | abs <= allowed
                and (name | length) > 2
                and experimentos.edit_distance(column, name) <= allowed
            ) %}
                {% set near.name = name %}
            {% endif %}
        {% endfor %}
        {% if near.name is not none and near.name not in columns %}
            {% do missed.append(near.name) %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "unknown column `" ~ column ~ "`; did you mean '" ~ near.name ~ "'?",
                )
            ) %}
        {% endif %}
    {% endfor %}
    {% for column in needed if column not in columns and column not in missed %}
        {% do problems.append(experimentos.problem(where, "column `" ~ column ~ "` is missing")) %}
    {% endfor %}
{% endmacro %}

{# Everything as text: instants in UTC, the rest as the warehouse writes it. #}
{% macro experiments_query(relation, columns, used) %}
    {% set texts = [] %}
    {% for name in used %}
        {% set column = columns[name] %}
        {% set value = experimentos.quoted(column.name) %}
        {% if column.class in ["timestamp", "timestamptz"] %}
            {% set value = experimentos.to_utc(value, column.class) %}
        {% endif %}
        {% do texts.append(experimentos.as_text(value) ~ " as " ~ experimentos.quoted(name)) %}
    {% endfor %}
    {{ return("select " ~ texts | join(", ") ~ " from " ~ relation ~ " order by 1") }}
{% endmacro %}

{# One row as {node, given, problems}, like the node and the meta of an exposure. NULL and blank text are
   not given. Cells are read in one macro, because a call for each would cost more than the query. #}
{% macro experiment_row(model, keys, cells) %}
    {% set node = {
        "name": none,
        "label": none,
        "description": "",
        "owner": none,
        "owner_email": none,
    } %}
    {% set given, broken = {}, [] %}
    {% for key, kind in keys %}
        {% set text = cells[loop.index0] %}
        {% set start = (text or "") | trim | first | default("", true) %}
        {% set is_json = kind == "json" or (kind in ["list", "either"] and start in ["[", "{"]) %}
        {% if not start or (is_json and text | trim == "null") %}
        {% elif kind == "node" %} {% do node.update({key: text}) %}
        {% elif kind == "number" %} {% do given.update({key: fromjson(text, text)}) %}
        {% elif is_json %}
            {% set value = fromjson(text, none) %}
            {% if value is none %} {% do broken.append([key, text]) %}
            {% else %} {% do given.update({key: value}) %}
            {% endif %}
        {% elif kind == "list" %}
            {% do given.update({key: text.split(",") | map("trim") | select | list}) %}
        {% else %} {% do given.update({key: text}) %}
        {% endif %}
    {% endfor %}
    {% set problems = [] %}
    {% set where = "experiment " ~ node.name ~ " (table " ~ model ~ ")" %}
    {% for key, text in broken %}
        {% do problems.append(
            experimentos.problem(where, "`" ~ key ~ "` is not JSON, got '" ~ text ~ "'")
        ) %}
    {% endfor %}
    {% if "design" in given or "planned_n" in given %}
        {% do experimentos.join_monitoring(given, where, problems) %}
    {% endif %}
    {% do node.update(
        {
            "owner": {"name": node.owner, "email": node.owner_email},
            "original_file_path": "table " ~ model,
            "where": where,
        }
    ) %}
    {{ return({"node": node, "given": given, "problems": problems}) }}
{% endmacro %}

{# The columns `design` and `planned_n`, as in the mart, are keys of `monitoring` in a definition. #}
{% macro join_monitoring(given, where, problems) %}
    {% set monitoring = given.get("monitoring", {}) %}
    {% if monitoring is string %} {% set monitoring = {"design": monitoring} %} {% endif %}
    {% for key in ["design", "planned_n"] if key in given %}
        {% set value = given.pop(key) %}
        {% if value is number and value == value | int %} {% set value = value | int %} {% endif %}
        {% if monitoring is mapping and monitoring.setdefault(key, value) != value %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "`monitoring` has "
                    ~ key
                    ~ " '"
                    ~ monitoring[key]
                    ~ "', but column `"
                    ~ key
                    ~ "` has '"
                    ~ value
                    ~ "'",
                )
            ) %}
        {% endif %}
    {% endfor %}
    {% if monitoring %} {% do given.update({"monitoring": monitoring}) %} {% endif %}
{% endmacro %}

{# Each experiment has one name and one place. Rows that break this are left out: their problem is said. #}
{% macro check_experiment_names(found, where) %}
    {% set places, kept, nameless = {}, [], [] %}
    {% for node in graph.exposures.values() if "experimentos" in (node.config.get("meta") or {}) %}
        {% do places.update(
            {node.name: "exposure " ~ node.name ~ " (" ~ node.original_file_path ~ ")"}
        ) %}
    {% endfor %}
    {% for row in found.rows %}
        {% set name = row.node.name %}
        {% if name is none %} {% do nameless.append(row) %}
        {% elif name in places %}
            {% do found.problems.append(
                experimentos.problem(
                    where, "experiment_id '" ~ name ~ "' is also that of " ~ places[name]
                )
            ) %}
        {% else %} {% do places.update({name: "another row"}) %} {% do kept.append(row) %}
        {% endif %}
    {% endfor %}
    {% if nameless %}
        {% do found.problems.append(
            experimentos.problem(
                where, (nameless | length) ~ " row(s) without `experiment_id`"
            )
        ) %}
    {% endif %}
    {% do found.update({"rows": kept}) %}
{% endmacro %}
