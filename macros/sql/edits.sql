-- fmt: off
{# What was changed in definitions after experiments had started. experimentos__history holds each version
   of a definition once, as its readable parts; what differs from the version before is an edit. #}

{# Parts of an experiment that must not change after a look. Of metrics all of those that decide are, but
   what no test reads. #}
{% macro planned_keys() %}
    {{
        return(
            ["alpha", "alpha_harm", "correction", "control", "variants", "design", "spending", "spending_parameter",
             "success", "guardrails", "activation"]
        )
    }}
{% endmacro %}

{# What differs between two versions: [part, old, new, is_plan]. A metric that came or went is told by its
   role alone. #}
{% macro edited_parts(was, now) %}
    {% set edits, plan = [], experimentos.planned_keys() %}
    {% for part in (was.experiment.keys() | list + now.experiment.keys() | list) | unique %}
        {% set old, new = was.experiment.get(part), now.experiment.get(part) %}
        {% if old != new %}
            {% set is_plan = part in plan or (
                part == "planned_n" and now.experiment.design == "always_valid"
            ) %}
            {% do edits.append([part, old, new, is_plan]) %}
        {% endif %}
    {% endfor %}
    {% for metric, parts in now.metrics.items() if metric in was.metrics %}
        {% set before = was.metrics[metric] %}
        {% for key in (before.keys() | list + parts.keys() | list) | unique if key != "role" %}
            {% if before.get(key) != parts.get(key) %}
                {% set is_plan = parts.role != "explore" and key not in ["mde", "prior"] %}
                {% do edits.append([metric ~ ", " ~ key, before.get(key), parts.get(key), is_plan]) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {{ return(edits) }}
{% endmacro %}

{# The versions of definitions that this build sees first: name -> {number, definition, edits}. Definitions
   with problems are no versions. #}
{% macro new_versions() %}
    {% if not execute %} {{ return({}) }} {% endif %}
    {% set kept = experimentos.kept() %}
    {% if "new_versions" in kept %} {{ return(kept["new_versions"]) }} {% endif %}
    {% set past, found, as_of = experimentos.past_versions(), {}, experimentos.as_of() %}
    {% set definitions = experimentos.definitions() %}
    {% for experiment in definitions.experiments if not experiment.problems %}
        {% set before = past.get(experiment.name) %}
        {% set hash = experimentos.shown_hash(experiment) %}
        {% if before is none or before.hash != hash %}
            {% set now, edits = experimentos.definition_parts(experiment, definitions), [] %}
            {% if before is not none and before.definition is not none and not before.is_draft %}
                {% set starts = [before.definition.experiment.start, now.experiment.start] | select | list %}
                {% if not starts or as_of >= starts | min %}
                    {% set edits = experimentos.edited_parts(before.definition, now) %}
                    {% if not edits %}
                        {% do edits.append(["something else", before.hash[:8], hash[:8], false]) %}
                    {% endif %}
                {% endif %}
            {% endif %}
            {% do found.update(
                {
                    experiment.name: {
                        "number": before.number + 1 if before is not none else 1,
                        "definition": tojson(now),
                        "edits": edits,
                    }
                }
            ) %}
        {% endif %}
    {% endfor %}
    {% do kept.update({"new_versions": found}) %}
    {{ return(found) }}
{% endmacro %}

{# The latest version of every definition that is not as it was: name -> {hash, number, definition,
   is_draft}; of others the hash alone, and without a definition. #}
{% macro past_versions() %}
    {% set found = {} %}
    {% if not experimentos.memories("experimentos__history") %} {{ return(found) }} {% endif %}
    {% set query %}
        with past as ({{ experimentos.past_verdicts() }}),
        versions as (
            select *, row_number() over (
                partition by experiment_id order by definition_number desc, decided_at desc
            ) as place
            from past
            where definition is not null
        ),
        last_seen as (
            select *, row_number() over (partition by experiment_id order by decided_at desc, definition_number desc) as place
            from past
        )
        select
            'named ' || versions.experiment_id,
            'hash ' || versions.definitions_hash,
            versions.definition_number,
            case when now.definitions_hash = versions.definitions_hash then null else versions.definition end,
            'is ' || coalesce(last_seen.status, '')
        from versions
        inner join {{ ref("stg_experimentos__experiments") }} as now on versions.experiment_id = now.experiment_id
        inner join last_seen on versions.experiment_id = last_seen.experiment_id and last_seen.place = 1
        where versions.place = 1
    {% endset %}
    {% for row in run_query(query).rows %}
        {% do found.update(
            {
                row[0][6:]: {
                    "hash": row[1][5:],
                    "number": row[2] | int,
                    "definition": fromjson(row[3]) if row[3] is not none else none,
                    "is_draft": row[4] == "is draft",
                }
            }
        ) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# Verdicts of earlier builds, those of vars.experimentos.memory_schema too. What an older version of the
   package did not write is null. #}
{% macro past_verdicts() %}
    {%- set text = dbt.type_string() %}
    {%- set columns = [
        ("experiment_id", text), ("definitions_hash", text), ("decided_at", "timestamp"),
        ("definition_number", "bigint"), ("definition", text), ("status", text),
        ("data_as_of", "timestamp"),
    ] %}
    {%- set relations = experimentos.memories("experimentos__history") if execute else [] %}
    {%- for relation in relations %}
        {%- set known = experimentos.column_names(relation) %}
        {{ "union all" if not loop.first }}
        select
            {%- for name, type in columns %}
            cast({{ name if name in known else "null" }} as {{ type }}) as {{ name }}{{ "," if not loop.last }}
            {%- endfor %}
        from {{ relation }}
    {%- else %} {{ experimentos.values_table(columns, []) }}
    {%- endfor %}
{% endmacro %}
