-- fmt: off
{# Experiments as they are to be read: an archived one by the definition that it was archived with. One
   whose definition was edited since is opened, so that it is computed again, if its raw rows are still
   there; a problem in it is then one as in any other (`may_open`: whether this run may do that). #}
{% macro use_archived(experiments, may_open) %}
    {% set archived = experimentos.archived() %}
    {% do experimentos.mark_edited(experiments, may_open) %}
    {% set counted = experiments | selectattr("is_counted") | map(attribute="name") | list %}
    {% set missing = experimentos.missing_rows(counted) %}
    {% for experiment in experiments if experiment.name in archived %}
        {% if experiment.is_counted and not missing.get(experiment.name) %}
            {% do experiment.update({"is_opened": not experiment.problems}) %}
            {% do archived.pop(experiment.name) %}
        {% else %}
            {% set note = experimentos.edit_note(experiment, missing.get(experiment.name, [])) %}
            {% set note = note if experiment.is_edited else none %}
            {% do experimentos.use_definition(experiment, archived[experiment.name].definition) %}
            {% do experiment.update({"is_archived": true, "is_opened": false, "edit_note": note}) %}
        {% endif %}
    {% endfor %}
    {% for experiment in experiments %}
        {% do experiment.pop("is_edited") %} {% do experiment.pop("is_counted") %}
    {% endfor %}
{% endmacro %}

{# `is_edited`: archived by another definition; `is_counted`: it is opened if its raw rows are still there. #}
{% macro mark_edited(experiments, may_open) %}
    {% set archived = experimentos.archived() %}
    {% set hold = experimentos.settings().get("invalid_experiments", "fail") == "hold" %}
    {% for experiment in experiments %}
        {% set has_problems = experiment.problems | length > 0 %}
        {% set is_edited = experiment.name in archived and (
            has_problems or experiment.hash != archived[experiment.name].definition.hash
        ) %}
        {% do experiment.update(
            {
                "is_archived": false,
                "is_opened": false,
                "edit_note": none,
                "is_edited": is_edited,
                "is_counted": is_edited and may_open and not (has_problems and hold),
            }
        ) %}
    {% endfor %}
{% endmacro %}

{# Why an edit of an archived experiment is not applied. #}
{% macro edit_note(experiment, missing) %}
    {% set stays = "archived with an earlier definition, which stays: " %}
    {% if missing %}
        {{
            return(
                stays
                ~ "the edit is not applied, because raw rows that it was computed from are gone ("
                ~ missing
                | join("; ")
                ~ "). Without them experimentos build --reopen "
                ~ experiment.name
                ~ " is of no use"
            )
        }}
    {% endif %}
    {% if experiment.problems %}
        {{
            return(
                stays ~ "its definition as it is now has a problem: " ~ experiment.problems[0]
            )
        }}
    {% endif %}
    {{
        return(
            "archived with an earlier definition; a build of the whole package computes it again if its "
            ~ "raw rows are still there"
        )
    }}
{% endmacro %}

{# What changes no number is shown as it is now. #}
{% macro use_definition(experiment, definition) %}
    {% set shown = {} %}
    {% for key in ["label", "hypothesis", "owner", "owner_email", "file", "where"] %}
        {% do shown.update({key: experiment[key]}) %}
    {% endfor %}
    {% if experiment.status != "draft" %} {% do shown.update({"status": experiment.status}) %} {% endif %}
    {% do experimentos.fill_in(definition.pairs, experiment.pairs) %}
    {% do experiment.update(definition) %}
    {% do experiment.update(shown) %}
{% endmacro %}

{# Whether this run may open an edited experiment: it computes it again from the raw rows on, and archives
   it again if anything is archived. Where a run cannot remember what it opened, the archive does. #}
{% macro may_open() %}
    {% if experimentos.archives() %} {{ return(experimentos.builds_archive()) }} {% endif %}
    {{ return(selected_resources is defined and dbt_version.startswith("1.")) }}
{% endmacro %}

{# After the first model that reads the archive: experiments that are opened are no longer in it. Their
   copies stay until new ones take their place. #}
{% macro open_edited() %}
    {%- if execute and experimentos.archives() %}
        {%- set names = (
            experimentos.definitions().experiments
            | selectattr("is_opened")
            | map(attribute="name")
            | list
        ) %}
        {%- if names %}
            delete from {{ experimentos.archive_relation("experimentos__archive") }}
            where experiment_id in ({{ experimentos.text_literals(names) }})
        {%- endif %}
    {%- endif %}
{% endmacro %}

{# Keys that the package did not know when it archived a definition are those of the present one, and so
   are those that are for show. #}
{% macro fill_in(pairs, present) %}
    {% set known = {} %}
    {% for pair in present %} {% do known.update({pair.metric.name: pair}) %} {% endfor %}
    {% for pair in pairs if present %}
        {% set same = known.get(pair.metric.name) %}
        {% for key in present[0] if key not in pair %}
            {% do pair.update({key: same[key] if same else none}) %}
        {% endfor %}
        {% for key in present[0].metric if key not in pair.metric %}
            {% do pair.metric.update({key: same.metric[key] if same else none}) %}
        {% endfor %}
        {% for key in ["label", "description", "format"] if same and key in same.metric %}
            {% do pair.metric.update({key: same.metric[key]}) %}
        {% endfor %}
    {% endfor %}
{% endmacro %}

{# `dbt run-operation experimentos.reopen --args '{name: checkout}'`: the next build computes the experiment
   (or each of a list) again, from its raw rows and its definition as they are then. Where they are gone
   nothing is done, unless `force: true`. #}
{% macro reopen(name, force=false) %}
    {% if not execute %} {{ return(none) }} {% endif %}
    {% set names = [name] if name is string else name %}
    {% do experimentos.check_reopened(names, force) %}
    {% call statement("reopen") %}
        {%- for node in graph.nodes.values()
            if node.package_name == "experimentos" and node.resource_type == "model" %}
            {%- set relation = load_cached_relation(experimentos.archive_relation(node.name)) %}
            {%- if relation is not none %}
                delete from {{ relation }} where experiment_id in ({{ experimentos.text_literals(names) }});
            {%- endif %}
        {%- endfor %}
    {% endcall %}
    {% do adapter.commit() %}
    {% for one in names %}
        {% do log("experimentos: '" ~ one ~ "' is computed again by the next build", info=true) %}
    {% endfor %}
{% endmacro %}

{% macro check_reopened(names, force) %}
    {% set archived, refused, counted = experimentos.archived(), [], [] %}
    {% for name in names if name in archived and not force %} {% do counted.append(name) %} {% endfor %}
    {% set missing = experimentos.missing_rows(counted) %}
    {% for name in names %}
        {% if name not in archived %}
            {% do refused.append(
                "there is no archived experiment '"
                ~ name
                ~ "'. "
                ~ (
                    "Archived are: " ~ archived.keys() | sort | join(", ")
                    if archived
                    else "None is archived."
                )
            ) %}
        {% elif missing.get(name) %}
            {% do refused.append(
                "'"
                ~ name
                ~ "' stays in the archive, because raw rows that it was computed from are gone ("
                ~ missing[name]
                | join("; ")
                ~ "). Its results cannot be computed again; --force (force: true) gives them up"
            ) %}
        {% endif %}
    {% endfor %}
    {% if refused %}
        {{
            exceptions.raise_compiler_error(
                "experimentos: nothing was reopened\n  - " ~ refused | join("\n  - ")
            )
        }}
    {% endif %}
{% endmacro %}
