-- fmt: off
{# Number of rows by day, as text, of each of some reads, in their order. Rows without a time are those of the
   day 'none'. A model is read once for all experiments, and again for 500 more in its column of experiments. #}
{% macro rows_by_day(reads) %}
    {% set alike, found, chosen, days = {}, {}, {}, [] %}
    {% for read in reads %}
        {% do alike.setdefault(experimentos.counted_as(read), []).append(read) %}
    {% endfor %}
    {% for key, same in alike.items() %}
        {% do found.update({key: experimentos.rows_by_label(same)}) %}
    {% endfor %}
    {% for read in reads %}
        {#- experiments often read the same days -#}
        {% set key = experimentos.counted_as(read) %}
        {% set span = [key, read.since, read.until, read.ids] | string %}
        {% if span not in chosen %}
            {% do chosen.update({span: experimentos.days_of(read, found[key])}) %}
        {% endif %}
        {% do days.append(chosen[span]) %}
    {% endfor %}
    {{ return(days) }}
{% endmacro %}

{# Label of the experiment -> day -> rows, of reads that are counted alike; the label is '' where there is no
   column of experiments. #}
{% macro rows_by_label(reads) %}
    {% set found, labels = {}, {} %}
    {% for read in reads %} {% for id in read.ids or [] %} {% do labels.update({id: true}) %} {% endfor %} {% endfor %}
    {% for some in labels | list | batch(500) if reads[0].experiment is not none %}
        {% do experimentos.add_rows_by_label(found, reads, some) %}
    {% endfor %}
    {% if reads[0].experiment is none %} {% do experimentos.add_rows_by_label(found, reads, none) %} {% endif %}
    {{ return(found) }}
{% endmacro %}

{% macro add_rows_by_label(found, reads, labels) %}
    {% set read, conditions = reads[0], [] %}
    {% set relation = experimentos.user_ref(read.model) %}
    {% set columns = experimentos.relation_columns(relation) %}
    {% set day, label = "cast(null as date)", "''" %}
    {% if read.timestamp is not none %}
        {% set time = experimentos.expression(relation, columns, read.timestamp, read.where) %}
        {% set day = "cast(" ~ experimentos.to_utc(time.sql, time.class) ~ " as date)" %}
        {% set first = reads | map(attribute="since") | list %}
        {% if none not in first %}
            {% do conditions.append(time.sql ~ " >= " ~ experimentos.day_literal(first | min, time.class)) %}
        {% endif %}
    {% endif %}
    {% if labels is not none %}
        {% set label = experimentos.as_text(
            experimentos.expression(relation, columns, read.experiment, read.where).sql
        ) %}
        {% do conditions.append(label ~ " in (" ~ experimentos.text_literals(labels) ~ ")") %}
    {% endif %}
    {% set last = reads | map(attribute="until") | list %}
    {#- dbt takes texts for dates and numbers where they look like them -#}
    {% set query %}
        select 'of ' || label, 'on ' || coalesce({{ experimentos.as_text("day") }}, 'none'), count(*)
        from
            (
                select {{ label }} as label, {{ day }} as day
                from {{ relation }}
                {{ "where " ~ conditions | join(" and ") if conditions }}
            ) as counted
        {%- if none not in last %} where day is null or day <= date '{{ last | max }}' {%- endif %}
        group by label, day
    {% endset %}
    {% for row in run_query(query).rows %}
        {% do found.setdefault(row[0][3:], {}).update({row[1][3:]: row[2] | int}) %}
    {% endfor %}
{% endmacro %}

{# The days of one read among those that were counted for all that are like it. #}
{% macro days_of(read, found) %}
    {% set days, labels = {}, [""] if read.experiment is none else read.ids %}
    {% for label in labels %}
        {% for day, rows in found.get(label, {}).items() %}
            {% if (
                (read.since is none or (day != "none" and read.since <= day))
                and (day == "none" or read.until is none or day <= read.until)
            ) %}
                {% do days.update({day: days.get(day, 0) + rows}) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {{ return(days) }}
{% endmacro %}

{# Name of each of some archived experiments -> one text per model that has fewer rows on any day than when
   it was archived, or in which they can no longer be counted. #}
{% macro missing_rows(names) %}
    {% set missing, counted, seen = {}, [], {} %}
    {% set written = experimentos.rows_written(names) %}
    {% for reads in written.values() %}
        {% for read in reads or [] %}
            {% set key = experimentos.counted_as(read) ~ read.columns %}
            {% if key not in seen %} {% do seen.update({key: experimentos.why_uncounted(read)}) %} {% endif %}
            {% do read.update({"lost": seen[key]}) %}
            {% if seen[key] is none %} {% do counted.append(read) %} {% endif %}
        {% endfor %}
    {% endfor %}
    {% for days in experimentos.rows_by_day(counted) %}
        {% set read = counted[loop.index0] %}
        {% do read.update({"lost": experimentos.lost_rows(read, days)}) %}
    {% endfor %}
    {% for name, reads in written.items() %}
        {% set texts = (reads or []) | map(attribute="lost") | reject("none") | list %}
        {% do missing.update(
            {name: ["it is not known how many there were"] if reads is none else texts}
        ) %}
    {% endfor %}
    {{ return(missing) }}
{% endmacro %}

{# How many rows of a model are no longer there, as a text; none: all are. #}
{% macro lost_rows(read, days) %}
    {% set left = namespace(rows=0) %}
    {% for day, number in read.days.items() %}
        {% set left.rows = left.rows + ([number, days.get(day, 0)] | min) %}
    {% endfor %}
    {% set all = read.days.values() | sum %}
    {% if left.rows == all %} {{ return(none) }} {% endif %}
    {{ return(read.model ~ ": " ~ left.rows ~ " of " ~ all ~ " rows are left") }}
{% endmacro %}

{# Name of each of some archived experiments -> what was written down; none: nothing. #}
{% macro rows_written(names) %}
    {% set relation = load_cached_relation(experimentos.archive_relation("experimentos__archive")) %}
    {% if not names %} {{ return({}) }} {% endif %}
    {% set known, found = "rows_read" in experimentos.column_names(relation), {} %}
    {% for some in names | batch(500) %}
        {% set query %}
            select 'of ' || experiment_id, 'rows ' || {{ "rows_read" if known else "null" }}
            from {{ relation }}
            where experiment_id in ({{ experimentos.text_literals(some) }})
        {% endset %}
        {% for row in run_query(query).rows %}
            {% do found.update({row[0][3:]: none if row[1] is none else fromjson(row[1][5:])}) %}
        {% endfor %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# Why the rows of a model can no longer be counted as they were; none: they can. #}
{% macro why_uncounted(read) %}
    {% set listed = (
        experimentos.listed_models("fact_models") + experimentos.listed_models("assignment_models")
    ) %}
    {% if read.model not in listed %} {{ return(read.model ~ " is not listed any more") }} {% endif %}
    {% set relation = experimentos.user_ref(read.model) %}
    {% if load_cached_relation(relation) is none %} {{ return(read.model ~ " is not built") }} {% endif %}
    {% set columns = experimentos.relation_columns(relation) %}
    {% for name in read.columns if name | lower not in columns %}
        {{ return(read.model ~ " has no column '" ~ name ~ "' any more") }}
    {% endfor %}
    {% if read.timestamp is not none %}
        {% set time = experimentos.expression(relation, columns, read.timestamp, read.where) %}
        {% if time.class not in ["timestamp", "timestamptz", "date"] %}
            {{ return("`" ~ read.timestamp ~ "` of " ~ read.model ~ " is not a time any more") }}
        {% endif %}
    {% endif %}
    {{ return(none) }}
{% endmacro %}
