-- fmt: off
{# Which columns of a fact its fingerprints are made of. A metric that names another column changes them all,
   although nobody else reads that column. So a fingerprint begins with the name of its set of columns; where
   notes go by an older set, fingerprints of both are computed, and the notes whose day is what it was are
   rewritten with the present one. #}

{# fact -> {present: {name, columns}, older: [{name, columns}]}, of facts without `loaded_at`. An older set
   of which a column is gone cannot be compared with. #}
{% macro column_sets(found) %}
    {% set sets = {} %}
    {% if not execute or not experimentos.remembers() %} {{ return(sets) }} {% endif %}
    {% set known = experimentos.known_sets() %}
    {% set active = experimentos.facts_in_use(found) %}
    {% for fact in found.facts.values() if fact.name in active and not fact.get("loaded_at") %}
        {% set columns = experimentos.relation_columns(experimentos.user_ref(fact.name)) %}
        {% set all = [] %}
        {% for column in columns.values() %} {% do all.append(experimentos.quoted(column.name)) %} {% endfor %}
        {% set texts = experimentos.texts_of_fact(fact, found) %}
        {% set present = experimentos.column_set(fact, experimentos.named_columns(columns, texts)) %}
        {% set older = [] %}
        {% for each in known.get(fact.name, []) if each.name != present.name %}
            {% if not each.columns | reject("in", all) | list %} {% do older.append(each) %} {% endif %}
        {% endfor %}
        {% do sets.update({fact.name: {"present": present, "older": older}}) %}
    {% endfor %}
    {{ return(sets) }}
{% endmacro %}

{% macro column_set(fact, columns) %}
    {{ return({"name": local_md5(tojson([fact.name, columns]))[:12], "columns": columns}) }}
{% endmacro %}

{# fact -> the sets that notes may go by. #}
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

{# After the fingerprints were computed: notes of days that are what they were go by the present set, and
   keep the time of their reading. What follows the fingerprint in a note stays. #}
{% macro renew_notes() %}
    {%- set reads = experimentos.earlier("experimentos__reads") if execute else none %}
    {%- if reads is not none %}
        {%- set sets = experimentos.column_sets(experimentos.definitions()) %}
        {%- for number in range(experimentos.n_older_sets(sets)) %}
            {{ experimentos.renew_notes_of(reads, "older_" ~ number) }}
        {%- endfor %}
        {%- set known, rows = experimentos.known_sets(), [] %}
        {%- for fact, each in sets.items() %}
            {%- if each.present.name not in known.get(fact, []) | map(attribute="name") %}
                {%- do rows.append([fact, each.present.name, tojson(each.present.columns)]) %}
            {%- endif %}
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

{% macro renew_notes_of(reads, older) %}
    {%- set is_same -%}
        reader = 'days'
        and days.day = notes.day
        and (
            notes.fingerprint = days.{{ older }}
            or notes.fingerprint like days.{{ older }} || '|%'
        )
    {%- endset %}
    insert into {{ reads }} (reader, experiment, item, day, fingerprint, changed_at)
    select
        notes.reader,
        notes.experiment,
        notes.item,
        notes.day,
        days.fingerprint || substr(notes.fingerprint, length(days.{{ older }}) + 1),
        notes.changed_at
    from {{ reads }} as notes
    inner join {{ this }} as days on {{ is_same }};
    delete from {{ reads }} as notes
    where
        exists (select 1 from {{ this }} as days where {{ is_same }});
{% endmacro %}

{% macro n_older_sets(sets) %}
    {% set numbers = [0] %}
    {% for each in sets.values() %} {% do numbers.append(each.older | length) %} {% endfor %}
    {{ return(numbers | max) }}
{% endmacro %}

{# Sets that no note goes by any more. Where there is one set of each fact they are in use. #}
{% macro forget_sets() %}
    {%- set reads = experimentos.earlier("experimentos__reads") %}
    {%- set known = experimentos.known_sets() %}
    {%- if known.values() | map("length") | sum > known | length %}
        delete from {{ reads }} as sets
        where
            reader = 'columns'
            and not exists (
                select 1
                from {{ reads }} as notes
                where notes.reader = 'days' and notes.fingerprint like sets.item || '|%'
            )
    {%- endif %}
{% endmacro %}
