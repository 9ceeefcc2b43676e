{# One problem: where it is, what was allowed, what came, and the nearest name that is known. #}
{% macro problem(where, text, got=none, allowed=none) %}
    {% set near = experimentos.nearest(got, allowed) if got is string and allowed else none %}
    {% set shown = (allowed or []) | map("string") | list %}
    {% if shown | length > 12 %}
        {% set shown = shown[:12] + ["and " ~ (shown | length - 12) ~ " more"] %}
    {% endif %}
    {{
        return(
            where
            ~ ": "
            ~ text
            ~ ("; allowed: " ~ shown | join(", ") if shown else "")
            ~ ("; did you mean '" ~ near ~ "'?" if near else "")
        )
    }}
{% endmacro %}

{# The known name nearest to the one given, by edit distance; none if all are far. #}
{% macro nearest(name, known) %}
    {% set kept = experimentos.kept().setdefault("nearest", {}) %}
    {% set key = [name] + known | map("string") | list | sort %}
    {% set key = key | join("|") %}
    {% if key in kept %} {{ return(kept[key]) }} {% endif %}
    {% set best = namespace(name=none, distance=1 + [2, (name | length) // 3] | max) %}
    {% for candidate in known | map("string") | list if candidate != name %}
        {% if ((candidate | length) - (name | length)) | abs < best.distance %}
            {% set distance = experimentos.edit_distance(name | lower, candidate | lower) %}
            {% if distance < best.distance %}
                {% set best.name = candidate %} {% set best.distance = distance %}
            {% endif %}
        {% endif %}
    {% endfor %}
    {% do kept.update({key: best.name}) %} {{ return(best.name) }}
{% endmacro %}

{# Levenshtein distance, row by row. #}
{% macro edit_distance(left, right) %}
    {% set state = namespace(row=range(right | length + 1) | list) %}
    {% for a in left | list %}
        {% set above = state.row %}
        {% set row = [loop.index] %}
        {% for b in right | list %}
            {% set cost = 0 if a == b else 1 %}
            {% do row.append(
                [above[loop.index] + 1, row[-1] + 1, above[loop.index0] + cost] | min
            ) %}
        {% endfor %}
        {% set state.row = row %}
    {% endfor %}
    {{ return(state.row[-1]) }}
{% endmacro %}

{# Adds a problem for each key that is not allowed. `refused`: keys that people try, and what to do instead. #}
{% macro check_keys(problems, where, given, allowed, refused={}) %}
    {% for key in given %}
        {% if key in refused %}
            {% do problems.append(experimentos.problem(where, "`" ~ key ~ "` " ~ refused[key])) %}
        {% elif key not in allowed %}
            {% do problems.append(
                experimentos.problem(
                    where, "unknown key `" ~ key ~ "`", key | string, allowed
                )
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}

{# Adds a problem for each key whose value is neither absent nor a column or SQL expression. YAML reads
   on, off, yes and no as booleans, so a column of that name is quoted. A `value` may be a number. #}
{% macro check_expressions(problems, where, given, keys) %}
    {% for key in keys if given.get(key) is not none %}
        {% set value = given[key] %}
        {% set is_number = key == "value" and value is number and value is not boolean %}
        {% if not is_number and (value is not string or not value | trim) %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "`"
                    ~ key
                    ~ "` must be a column or SQL expression, got '"
                    ~ value
                    ~ "'",
                )
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}

{# Where a node's properties stand: its YAML file, or its own file. #}
{% macro file_of(node) %}
    {% set patch = node.get("patch_path") %}
    {{ return(patch.split("://")[-1] if patch else node.original_file_path) }}
{% endmacro %}
