-- fmt: off
{# What was changed in definitions after experiments had started. experimentos__history holds each version
   of a definition once, as its readable parts; what differs from the version before is an edit. #}

{# The readable parts of a definition: {experiment: part -> text, metrics: name -> key -> text}. Written for
   new versions only: there may be 20,000 pairs. #}
{% macro definition_parts(experiment, found) %}
    {% set parts, metrics = {}, {} %}
    {% for key in [
        "alpha", "power", "correction", "start", "end", "control", "kind", "design", "planned_n", "spending",
        "spending_parameter", "futility", "segments_daily", "summary",
    ] %}
        {% do parts.update({key: experimentos.part_text(experiment.get(key))}) %}
    {% endfor %}
    {% do parts.update(
        {
            "id": experiment.get("ids", []) | join(", "),
            "segments": (experiment.get("segments") or []) | join(", ") or none,
            "variants": experimentos.split_text(experiment),
            "looks": experimentos.part_text((experiment.get("looks") or {}).get("values")),
            "activation": (experiment.get("activation") or {}).get("text"),
            "prior": experimentos.part_text(experiment.get("prior")),
            "override": experiment.get("plan_override"),
        }
    ) %}
    {% for check, block in experimentos.own_blocks(experiment) + experimentos.own_blocks(experiment, "project") %}
        {% set kind = experimentos.health_checks()[check].kind %}
        {% do parts.update({"health, " ~ check ~ ", block": experimentos.level_text(block, kind)}) %}
    {% endfor %}
    {% for role, key in [("success", "success"), ("guardrail", "guardrails"), ("explore", "explore")] %}
        {% set names = experiment.pairs | selectattr("role", "equalto", role) | map(attribute="metric.name") | list %}
        {% do parts.update({key: names | join(", ") or none}) %}
    {% endfor %}
    {% for pair in experiment.pairs %}
        {% do metrics.update({pair.metric.name: experimentos.metric_parts(pair, found)}) %}
    {% endfor %}
    {{ return({"experiment": parts, "metrics": metrics}) }}
{% endmacro %}

{% macro metric_parts(pair, found) %}
    {% set metric, parts = pair.metric, {"role": pair.role} %}
    {% for key, value in (metric.get("given") or {}).items() if key not in ["label", "description", "format"] %}
        {% do parts.update({key: experimentos.part_text(value)}) %}
    {% endfor %}
    {% do parts.update(
        {
            "goal": pair.goal,
            "window": experimentos.part_text(pair.window_text),
            "delay": experimentos.part_text(metric.delay_text),
            "covariate": experimentos.part_text(metric.covariate_column or metric.covariate_text),
            "margin": experimentos.given_amount(pair.margin),
            "mde": experimentos.given_amount(pair.mde),
            "prior": experimentos.part_text(pair.get("prior")),
            "model": metric.model,
        }
    ) %}
    {% for side in ["cap", "lower"] if pair.get(side) is not none %}
        {% do parts.update({side: experimentos.part_text(pair[side])}) %}
    {% endfor %}
    {% for model in metric.models if model in found.facts %}
        {% do parts.update({"rows of " ~ model: found.facts[model].hashed | map("string") | join(", ")}) %}
    {% endfor %}
    {{ return(parts) }}
{% endmacro %}

{# A value of YAML on one line; none: it is not set. #}
{% macro part_text(value) %}
    {% if value is none or value is not defined %} {{ return(none) }} {% endif %}
    {% if value is string or value is number %} {{ return(value | string) }} {% endif %}
    {% if value is mapping %}
        {% set texts = [] %}
        {% for key, each in value.items() if each is not none %}
            {% do texts.append(key ~ ": " ~ experimentos.part_text(each)) %}
        {% endfor %}
        {{ return("{" ~ texts | join(", ") ~ "}") }}
    {% endif %}
    {{ return(value | map("string") | join(", ")) }}
{% endmacro %}

{% macro given_amount(amount) %}
    {% if not amount %} {{ return(none) }} {% endif %}
    {{
        return(
            experimentos.level_text(amount.amount, "share")
            if amount.kind == "relative"
            else "{absolute: " ~ amount.amount ~ "}"
        )
    }}
{% endmacro %}

{% macro split_text(experiment) %}
    {% if experiment.phases | length > 1 %} {{ return(experimentos.phases_text(experiment)) }} {% endif %}
    {% set shares = [] %}
    {% for variant in experiment.variants %} {% do shares.append(variant.label ~ " " ~ variant.share | round(6)) %} {% endfor %}
    {{ return(shares | join(", ")) }}
{% endmacro %}

{# Parts of an experiment that must not change after a look. Of metrics all of those that decide are, but
   what no test reads. #}
{% macro planned_keys() %}
    {{
        return(
            ["alpha", "correction", "control", "variants", "design", "spending", "spending_parameter",
             "success", "guardrails"]
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
    ] %}
    {%- set relations = experimentos.memories("experimentos__history") %}
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
