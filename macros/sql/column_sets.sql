-- fmt: off
{# Which columns of a model its fingerprints are made of. A metric that names another column changes them all,
   although nobody else reads that column. So a fingerprint begins with the name of its set of columns; where
   notes go by an older set, fingerprints of both are computed, and the notes whose day is what it was are
   rewritten with the present one. #}

{# [table, texts, item] of all models that have fingerprints. #}
{% macro fingerprinted(found) %}
    {% set rows = [] %}
    {% set active = experimentos.facts_in_use(found) %}
    {% for fact in found.facts.values() if fact.name in active and (fact.is_dated or experimentos.remembers()) %}
        {% do rows.append([fact, experimentos.texts_of_fact(fact, found), "fact " ~ fact.name]) %}
    {% endfor %}
    {% if experimentos.remembers() %}
        {% for table in found.assignments if experimentos.is_assigning_active(table, found) %}
            {% do rows.append(
                [table, experimentos.texts_of_assignments(table), "assignments " ~ table.name]
            ) %}
        {% endfor %}
    {% endif %}
    {{ return(rows) }}
{% endmacro %}

{# item -> {present: {name, columns}, is_known, older: [{name, columns}]}, of models without `loaded_at`; as
   they are when fingerprints are computed. An older set of which a column is gone cannot be compared with. #}
{% macro column_sets(found) %}
    {% if not execute or not experimentos.remembers() %} {{ return({}) }} {% endif %}
    {% set kept = experimentos.kept() %}
    {% if "column_sets" in kept %} {{ return(kept["column_sets"]) }} {% endif %}
    {% set sets = {} %}
    {% set known = experimentos.known_sets() %}
    {% for table, texts, item in experimentos.fingerprinted(found) if not table.get("loaded_at") %}
        {% set columns = experimentos.relation_columns(experimentos.user_ref(table.name)) %}
        {% set all = [] %}
        {% for column in columns.values() %} {% do all.append(experimentos.quoted(column.name)) %} {% endfor %}
        {% set names = experimentos.named_columns(columns, texts) %}
        {# begins with a letter, or dbt may take it for a number #}
        {% set name = "c" ~ local_md5(tojson([item, names]))[:11] %}
        {% set present = {"name": name, "columns": names} %}
        {% set older = [] %}
        {% for each in known.get(item, []) if each.name != present.name %}
            {% if not each.columns | reject("in", all) | list %} {% do older.append(each) %} {% endif %}
        {% endfor %}
        {% set is_known = present.name in known.get(item, []) | map(attribute="name") | list %}
        {% do sets.update({item: {"present": present, "is_known": is_known, "older": older}}) %}
    {% endfor %}
    {% do kept.update({"column_sets": sets}) %}
    {{ return(sets) }}
{% endmacro %}

{# The name of the set that a fingerprint is made of. #}
{% macro set_of(fingerprint) %} {{ return("substr(" ~ fingerprint ~ ", 1, 12)") }} {% endmacro %}

{# item -> the sets that notes may go by. #}
{% macro known_sets() %}
    {% set known = {} %}
    {% set reads = experimentos.earlier("experimentos__reads") %}
    {% if reads is not none %}
        {% set query %}
            select item, experiment, fingerprint from {{ reads }}
            where reader = 'columns'
            order by item
        {% endset %}
        {% for row in run_query(query).rows %}
            {% do known.setdefault(row[1], []).append(
                {"name": row[0], "columns": fromjson(row[2])}
            ) %}
        {% endfor %}
    {% endif %}
    {{ return(known) }}
{% endmacro %}

{# After the fingerprints were computed: notes by an older set go by the present one. #}
{% macro renew_notes() %}
    {%- set reads = experimentos.earlier("experimentos__reads") if execute else none %}
    {%- if reads is not none %}
        {%- set sets = experimentos.column_sets(experimentos.definitions()) %}
        {%- for number in range(experimentos.n_older_sets(sets)) %}
            {{ experimentos.renew_notes_of(reads, "days.older_" ~ number) }}
        {%- endfor %}
        {%- set rows = [] %}
        {%- for item, each in sets.items() if not each.is_known %}
            {%- do rows.append([item, each.present.name, tojson(each.present.columns)]) %}
        {%- endfor %}
        {%- if rows %}
            {%- set text = dbt.type_string() %}
            insert into {{ reads }} (reader, experiment, item, day, fingerprint, changed_at)
            select
                'columns', experiment, item, {{ experimentos.no_day() }}, fingerprint,
                {{ experimentos.run_stamp() }}
            from
                (
                    {{ experimentos.values_table(
                        [("experiment", text), ("item", text), ("fingerprint", text)], rows
                    ) }}
                ) as sets
        {%- endif %}
    {%- endif %}
{% endmacro %}

{# A note of a day that is what it was gets the fingerprint of now, and keeps what follows it and the time of
   its reading. One of another day gets the name of the present set before what it says, which is then no
   fingerprint of any day: that day has changed. #}
{% macro renew_notes_of(reads, older) %}
    {%- set is_known -%}
        notes.reader in ('days', 'assigned')
        and days.day = notes.day
        and {{ experimentos.set_of("notes.fingerprint") }} = {{ experimentos.set_of(older) }}
    {%- endset %}
    insert into {{ reads }} (reader, experiment, item, day, fingerprint, changed_at)
    select
        notes.reader,
        notes.experiment,
        notes.item,
        notes.day,
        case
            when notes.fingerprint = {{ older }} or notes.fingerprint like {{ older }} || '|%'
            then days.fingerprint || substr(notes.fingerprint, length({{ older }}) + 1)
            else {{ experimentos.set_of("days.fingerprint") }} || '|' || notes.fingerprint
        end,
        notes.changed_at
    from {{ reads }} as notes
    inner join {{ this }} as days on {{ is_known }};
    delete from {{ reads }} as notes
    where exists (select 1 from {{ this }} as days where {{ is_known }});
{% endmacro %}

{% macro n_older_sets(sets) %}
    {% set numbers = [0] %}
    {% for each in sets.values() %} {% do numbers.append(each.older | length) %} {% endfor %}
    {{ return(numbers | max) }}
{% endmacro %}

{# Sets that no note goes by any more. Where there is one set of each model they are in use. #}
{% macro forget_sets() %}
    {%- set reads = experimentos.earlier("experimentos__reads") %}
    {%- set known = experimentos.known_sets() %}
    {%- if known.values() | map("length") | sum > known | length %}
        delete from {{ reads }} as sets
        where
            reader = 'columns'
            and item not in (
                select {{ experimentos.set_of("fingerprint") }}
                from {{ reads }}
                where reader in ('days', 'assigned')
            )
    {%- endif %}
{% endmacro %}
