-- fmt: off
{# Experiments whose data have passed the end of all windows, and the time in which rows may come late, are
   copied once: each mart that is made of raw rows writes its rows of them to a table of its own, in its own
   transaction, and experimentos__archive, which is built last, says that all copies are there. From then on
   the copies are read, and the definition that they were made with. #}
{% macro archive_relation(name) %}
    {% for node in graph.nodes.values() if node.name == name and node.package_name == "experimentos" %}
        {{
            return(
                api.Relation.create(
                    database=node.database,
                    schema=experimentos.settings().get("memory_schema") or node.schema,
                    identifier=node.alias ~ "_archive",
                    type="table",
                )
            )
        }}
    {% endfor %}
{% endmacro %}

{# What earlier builds have archived: name of the experiment -> definition, data_as_of, as_of. #}
{% macro archived() %}
    {% if not execute %} {{ return({}) }} {% endif %}
    {% set kept = experimentos.kept() %}
    {% if "archived" in kept %} {{ return(kept["archived"]) }} {% endif %}
    {% set found = {} %}
    {% set relation = load_cached_relation(experimentos.archive_relation("experimentos__archive")) %}
    {% if relation is not none %}
        {# dbt takes texts for dates and numbers where they look like them #}
        {% set query %}
            select
                definition,
                'at ' || {{ experimentos.as_text("data_as_of") }},
                'at ' || {{ experimentos.as_text("as_of") }}
            from {{ relation }}
        {% endset %}
        {% for row in run_query(query).rows %}
            {% set definition = fromjson(row[0]) %}
            {% do found.update(
                {
                    definition.name: {
                        "definition": definition,
                        "data_as_of": row[1][3:],
                        "as_of": row[2][3:],
                    }
                }
            ) %}
        {% endfor %}
    {% endif %}
    {% do kept.update({"archived": found}) %}
    {{ return(found) }}
{% endmacro %}

{# Names of the archived experiments that the project still defines. #}
{% macro archived_names() %}
    {% if not experimentos.archived() %} {{ return([]) }} {% endif %}
    {{
        return(
            experimentos.definitions().experiments
            | selectattr("is_archived")
            | map(attribute="name")
            | list
        )
    }}
{% endmacro %}

{# How long after its last window an experiment is finished, in seconds; none: it is not archived by this
   run, or has been. #}
{% macro finishes_after(experiment, found) %}
    {% if (
        experiment.is_archived
        or experiment.summary is not none
        or experiment.end is none
        or experiment.problems
        or experiment.status == "draft"
        or not experimentos.builds_archive()
    ) %}
        {{ return(none) }}
    {% endif %}
    {% set activation = experiment.get("activation") or {} %}
    {{ return(experimentos.lookback_of(experiment, found) + (activation.get("within") or 0)) }}
{% endmacro %}

{# How long rows of an experiment may come late, in seconds. #}
{% macro lookback_of(experiment, found) %}
    {% set models = [] %}
    {% for pair in experiment.pairs %} {% do models.extend(pair.metric.models) %} {% endfor %}
    {% if experiment.activation %} {% do models.append(experiment.activation.model) %} {% endif %}
    {% set longest = namespace(seconds=0) %}
    {% for model in models | unique if model in found.facts %}
        {% set longest.seconds = [longest.seconds, found.facts[model].lookback] | max %}
    {% endfor %}
    {% for table in experimentos.assignment_tables(experiment, found) %}
        {% set longest.seconds = [longest.seconds, table.lookback] | max %}
    {% endfor %}
    {{ return(longest.seconds) }}
{% endmacro %}

{# Whether finished experiments are archived: `archive: true` or false, or else where daily series are kept. #}
{% macro archives() %}
    {{
        return(
            experimentos.can_delete()
            and experimentos.settings().get("archive", experimentos.is_daily()) == true
        )
    }}
{% endmacro %}

{# Whether this run builds everything that is archived from the raw rows on: what a part of the models made
   of what another run left is not kept for ever. #}
{% macro builds_archive() %}
    {% if not execute or selected_resources is not defined or not experimentos.archives() %}
        {{ return(false) }}
    {% endif %}
    {% set kept = experimentos.kept() %}
    {% if "builds_archive" not in kept %}
        {% set is_whole = experimentos.builds_all_above("model.experimentos.experimentos__archive") %}
        {% do kept.update({"builds_archive": is_whole}) %}
    {% endif %}
    {{ return(kept["builds_archive"]) }}
{% endmacro %}

{# Experiments that this run finds finished and archives. Reads a mart: for models and hooks after it. #}
{% macro finished_now() %}
    {% if not experimentos.builds_archive() %} {{ return([]) }} {% endif %}
    {% set kept = experimentos.kept() %}
    {% if "finished" not in kept %}
        {% set query %}
            select 'named ' || experiment_id from {{ ref("experimentos__experiments") }} where is_archived
        {% endset %}
        {% set names = [] %}
        {% for row in run_query(query).rows if row[0][6:] not in experimentos.archived() %}
            {% do names.append(row[0][6:]) %}
        {% endfor %}
        {% do kept.update({"finished": names}) %}
    {% endif %}
    {{ return(kept["finished"]) }}
{% endmacro %}

{# After the first model of all, which no other runs beside: the schema that the copies will be in. #}
{% macro make_memory_schema() %}
    {%- if execute and experimentos.builds_archive() and experimentos.settings().get("memory_schema") %}
        create schema if not exists
        {{ experimentos.archive_relation(model.name).without_identifier() }}
    {%- endif %}
{% endmacro %}

{# After a mart is built, in its transaction: its rows of experiments that are finished. #}
{% macro keep_in_archive() %}
    {%- if execute %}
        {%- set finished = experimentos.finished_now() %}
        {%- if finished %}
            {%- set archive = experimentos.archive_relation(model.name) %}
            {%- set existing = load_cached_relation(archive) %}
            {%- set known = experimentos.column_names(existing) %}
            {%- set names = [] %}
            create table if not exists {{ archive }} as select * from {{ this }} where 1 = 0;
            {%- for column in adapter.get_columns_in_relation(this) %}
                {%- do names.append(experimentos.quoted(column.name)) %}
                {%- if existing is not none and column.name | lower not in known %}
                    alter table {{ archive }}
                    add column {{ experimentos.quoted(column.name) }} {{ column.data_type }};
                {%- endif %}
            {%- endfor %}
            delete from {{ archive }} where experiment_id in ({{ experimentos.text_literals(finished) }});
            insert into {{ archive }} ({{ names | join(", ") }})
            select {{ names | join(", ") }}
            from {{ this }}
            where experiment_id in ({{ experimentos.text_literals(finished) }})
        {%- endif %}
    {%- endif %}
{% endmacro %}

{# The rows of a mart that are in the archive, to stand after those that are computed. A column that the
   archive does not know is null. #}
{% macro archived_rows(columns) %}
    {%- set names = experimentos.archived_names() %}
    {%- set relation = (
        load_cached_relation(experimentos.archive_relation(model.name)) if names else none
    ) %}
    {%- if relation is not none %}
        {%- set known = experimentos.column_names(relation) %}
        union all
        select
            {%- for column in columns %}
                {{ experimentos.quoted(column) if column in known else "null" }} as {{ column }}
                {{- "," if not loop.last }}
            {%- endfor %}
        from {{ relation }}
        where experiment_id in ({{ experimentos.text_literals(names) }})
    {%- endif %}
{% endmacro %}

{# Whether rows are not of an archived experiment, as a condition on its name. #}
{% macro is_active(experiment_id) %}
    {% set names = experimentos.archived_names() %}
    {{
        return(
            experiment_id ~ " not in (" ~ experimentos.text_literals(names) ~ ")" if names else "true"
        )
    }}
{% endmacro %}

{% macro text_literals(texts) %}
    {% set found = [] %}
    {% for text in texts %} {% do found.append(experimentos.text_literal(text)) %} {% endfor %}
    {{ return(found | join(", ")) }}
{% endmacro %}

{% macro column_names(relation) %}
    {% set names = [] %}
    {% if relation is not none %}
        {% for column in adapter.get_columns_in_relation(relation) %}
            {% do names.append(column.name | lower) %}
        {% endfor %}
    {% endif %}
    {{ return(names) }}
{% endmacro %}

{# The facts that experiments which are not archived read: name -> the first day that any of them needs, as a
   text; none: all days. #}
{% macro active_facts(found) %}
    {% set plan = experimentos.plan(found) %}
    {% set needed = {} %}
    {% for experiment, source, _ in experimentos.readings(found, plan) %}
        {% set covariate_seconds = experimentos.covariate_span(source) %}
        {% for model in experimentos.source_models(source) %}
            {% do needed.setdefault(model, []).append(
                experimentos.days_before(experiment.start, covariate_seconds)
            ) %}
        {% endfor %}
    {% endfor %}
    {% for experiment in found.experiments if experiment.get("activation") and not experiment.is_archived %}
        {% do needed.setdefault(experiment.activation.model, []).append(
            experimentos.days_before(experiment.start, 0)
        ) %}
    {% endfor %}
    {% set first = {} %}
    {% for model, days in needed.items() %}
        {% do first.update({model: none if none in days else days | min}) %}
    {% endfor %}
    {{ return(first) }}
{% endmacro %}

{# The facts that are read at all, by name. #}
{% macro facts_in_use(found) %}
    {{ return(experimentos.active_facts(found) if experimentos.archived() else found.facts) }}
{% endmacro %}

{# A few days before an instant and a span before it, so that all days around it are read whole. #}
{% macro days_before(start, seconds) %}
    {% if start is none %} {{ return(none) }} {% endif %}
    {% set instant = modules.datetime.datetime.fromisoformat(start | string) %}
    {% set day = instant - modules.datetime.timedelta(seconds=seconds, days=3) %}
    {{ return(day.strftime("%Y-%m-%d")) }}
{% endmacro %}

{# From which day on facts are read, where only archived experiments needed what lies before, and the facts
   were known to reach further back when they were archived. #}
{% macro read_from(found) %}
    {% set names = experimentos.archived().keys() | list %}
    {% if not names %} {{ return({}) }} {% endif %}
    {% set kept = experimentos.kept() %}
    {% if "read_from" in kept %} {{ return(kept["read_from"]) }} {% endif %}
    {% set bounds, reached = {}, {} %}
    {% set spans = load_cached_relation(experimentos.archive_relation("experimentos__fact_spans")) %}
    {% if spans is not none %}
        {% set query %}
            select 'fact ' || fact, 'at ' || {{ experimentos.as_text("min(first_at)") }}
            from {{ spans }}
            where first_at is not null
            group by fact
        {% endset %}
        {% for row in run_query(query).rows %} {% do reached.update({row[0][5:]: row[1][3:]}) %} {% endfor %}
    {% endif %}
    {% for model, day in experimentos.active_facts(found).items() if day is not none %}
        {% set first = reached.get(model, "9999") %}
        {% if "2000-01-01" <= first < day and not found.facts[model].get("unique_key") %}
            {% do bounds.update({model: day}) %}
        {% endif %}
    {% endfor %}
    {% do kept.update({"read_from": bounds}) %}
    {{ return(bounds) }}
{% endmacro %}

{# The condition on the column of the time itself, so that warehouses leave out what need not be read; none:
   everything is. `way` is >= or <. #}
{% macro is_read_from(fact, relation, columns, way=">=") %}
    {% set day = experimentos.read_from(experimentos.definitions()).get(fact.name) %}
    {% if day is none or not fact.is_dated %} {{ return(none) }} {% endif %}
    {% set time = experimentos.expression(relation, columns, fact.timestamp, fact.where) %}
    {{ return(time.sql ~ " " ~ way ~ " " ~ experimentos.day_literal(day, time.class)) }}
{% endmacro %}

{# The beginning of a day in the type of a column of times. #}
{% macro day_literal(day, class) %}
    {{
        return(
            "cast('" ~ day ~ " 00:00:00+00' as timestamp with time zone)"
            if class == "timestamptz"
            else "cast('" ~ day ~ "' as " ~ ("date" if class == "date" else "timestamp") ~ ")"
        )
    }}
{% endmacro %}

{# Whether any experiment that is not archived has units from an assignment model. #}
{% macro is_assigning_active(table, found) %}
    {% if not experimentos.archived() %} {{ return(true) }} {% endif %}
    {% for experiment in found.experiments
        if not experiment.is_archived and experiment.kind in table.units %}
        {% if (
            table.experiment is not mapping
            or table.experiment["literal"] | string in experiment.ids
        ) %}
            {{ return(true) }}
        {% endif %}
    {% endfor %}
    {{ return(false) }}
{% endmacro %}
