-- fmt: off
{# Small numbers that stand for names: shorter SQL, and faster grouping than by text. A name keeps its
   number from run to run, so that what an earlier run wrote down keeps its meaning when definitions are
   added, edited or taken away. `numbers` is scope -> {known, next, added}. #}
{% macro number_of(numbers, scope, item) %}
    {% set in_scope = numbers.setdefault(scope, {"known": {}, "next": 0, "added": []}) %}
    {% set id = local_md5(item) %}
    {% if id not in in_scope.known %}
        {% do in_scope.known.update({id: in_scope.next}) %}
        {% do in_scope.added.append([scope, id, in_scope.next]) %}
        {% do in_scope.update({"next": in_scope.next + 1}) %}
    {% endif %}
    {{ return(in_scope.known[id]) }}
{% endmacro %}

{# The numbers that earlier runs gave. The first of all has the run as its name, which all that is
   written down says too: should the table be lost, everything is read again. #}
{% macro known_numbers() %}
    {% set numbers = {} %}
    {% set relation = experimentos.earlier("experimentos__numbers") %}
    {% if relation is not none %}
        {% for row in run_query("select scope, item, number from " ~ relation).rows %}
            {% set in_scope = numbers.setdefault(
                row[0], {"known": {}, "next": 0, "added": []}
            ) %}
            {% do in_scope.known.update({row[1]: row[2] | int}) %}
            {% do in_scope.update({"next": [in_scope.next, row[2] | int + 1] | max}) %}
        {% endfor %}
    {% endif %}
    {% if "numbering" not in numbers %}
        {% do experimentos.number_of(numbers, "numbering", invocation_id) %}
    {% endif %}
    {{ return(numbers) }}
{% endmacro %}

{# Which numbering all numbers are of, as a text. #}
{% macro numbering(found) %}
    {{ return(found.numbers.numbering.known.keys() | first) }}
{% endmacro %}

{# Numbers that were given in this run. #}
{% macro added_numbers() %}
    {% set plan = experimentos.plan(experimentos.definitions()) %}
    {% set rows = [] %}
    {% for scope in plan.numbers.values() %} {% do rows.extend(scope.added) %} {% endfor %}
    {{ return(rows) }}
{% endmacro %}

{# Written by every model that stores numbers, in its own transaction: it may be run without
   experimentos__numbers. #}
{% macro keep_numbers() %}
    {%- if execute and experimentos.remembers() %}
        {%- set relation = experimentos.earlier("experimentos__numbers") %}
        {%- set rows = experimentos.added_numbers() %}
        {%- if relation is not none and rows %}
            insert into {{ relation }} (scope, item, number)
            select added.scope, added.item, added.number
            from
                (
                    {{ experimentos.values_table(experimentos.number_columns(), rows) }}
                ) as added
            where
                not exists (
                    select 1
                    from {{ relation }} as known
                    where known.scope = added.scope and known.item = added.item
                )
        {%- endif %}
    {%- endif %}
{% endmacro %}

{% macro number_columns() %}
    {{
        return(
            [("scope", dbt.type_string()), ("item", dbt.type_string()), ("number", "integer")]
        )
    }}
{% endmacro %}

{# One of our tables as an earlier run left it, or none. Not a ref: what remembers is read by models
   that it depends on. #}
{% macro earlier(name) %}
    {% for node in graph.nodes.values() if node.name == name and node.package_name == "experimentos" %}
        {{
            return(
                load_cached_relation(
                    api.Relation.create(
                        database=node.database, schema=node.schema, identifier=node.alias
                    )
                )
            )
        }}
    {% endfor %}
    {{ return(none) }}
{% endmacro %}

{# Numbers of experiments and arms. An arm is a variant in one population and phase. Pairs of experiment
   and metric are only numbered for this run: there may be 20,000. #}
{% macro number_arms(found) %}
    {% set pairs = namespace(next=0) %}
    {% for experiment in found.experiments %}
        {% do experiment.update(
            {
                "index": experimentos.number_of(
                    found.numbers, "experiment", experiment.name
                ),
                "arms": [],
            }
        ) %}
        {% if experiment.status != "draft" %}
            {% do experimentos.add_arms(experiment, found) %}
        {% endif %}
        {% for pair in experiment.pairs %}
            {% do pair.update({"pair_id": pairs.next}) %} {% set pairs.next = pairs.next + 1 %}
        {% endfor %}
    {% endfor %}
{% endmacro %}

{% macro add_arms(experiment, found) %}
    {% set phases = experiment.get("phases") or [{"index": 0, "label": "all"}] %}
    {% set populations = ["assigned"] + (["activated"] if experiment.get("activation") else []) %}
    {% for population in populations %}
        {% for phase in phases %}
            {% for variant in experiment.variants %}
                {% set item = [experiment.name, population, phase.label, variant.label] | join(
                    "|"
                ) %}
                {% set shares = phase.get("shares", {variant.label: variant.share}) %}
                {% do experiment.arms.append(
                    {
                        "arm_id": experimentos.number_of(found.numbers, "arm", item),
                        "population": population,
                        "phase": phase.index,
                        "phase_label": phase.label,
                        "variant": variant.label,
                        "share": shares.get(variant.label, 0),
                        "is_control": variant.label == experiment.control,
                    }
                ) %}
            {% endfor %}
        {% endfor %}
    {% endfor %}
{% endmacro %}
