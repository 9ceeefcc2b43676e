-- fmt: off
{# What an experiment was computed from, written down when it is archived: per model and day the number of
   its rows. They are counted again only when the experiment is to be computed again: whoever deletes raw
   rows deletes whole days, or all rows of an experiment, and either leaves fewer. #}
{% macro rows_read(experiment, found) %}
    {% set reads = [] %}
    {% set span = experimentos.span_read(experiment) %}
    {% for model in experimentos.facts_read(experiment) %}
        {% do reads.append(experimentos.row_read(found.facts[model], span, none)) %}
    {% endfor %}
    {% set days = {"since": none, "until": experimentos.as_of()[:10]} %}
    {% for table in experimentos.assignment_tables(experiment, found) %}
        {% do reads.append(
            experimentos.row_read(
                table, days, none if table.experiment is mapping else experiment.ids
            )
        ) %}
    {% endfor %}
    {% for read in reads %} {% do read.update({"days": experimentos.rows_by_day(read)}) %} {% endfor %}
    {{ return(reads) }}
{% endmacro %}

{# How the rows of a model are counted; `ids`: those of its column of experiments. #}
{% macro row_read(table, span, ids) %}
    {% set read = {
        "model": table.name,
        "where": table.where,
        "timestamp": table.timestamp if table.is_dated else none,
        "experiment": table.experiment if ids else none,
        "ids": ids,
        "since": span.since if table.is_dated else none,
        "until": span.until if table.is_dated else none,
    } %}
    {% set texts = [read.timestamp or "", read.experiment or ""] | join(" ") | lower %}
    {% set words = modules.re.findall("[^][ ,;:.()'`+*/%=<>|-]+", texts.replace('"', " ")) %}
    {% set columns = [] %}
    {% for name, column in experimentos.relation_columns(
        experimentos.user_ref(table.name)
    ).items() if name in words %}
        {% do columns.append(column.name) %}
    {% endfor %}
    {% do read.update({"columns": columns}) %}
    {{ return(read) }}
{% endmacro %}

{% macro facts_read(experiment) %}
    {% set models = [] %}
    {% for pair in experiment.pairs %} {% do models.extend(pair.metric.models) %} {% endfor %}
    {% if experiment.get("activation") %} {% do models.append(experiment.activation.model) %} {% endif %}
    {{ return(models | unique | list) }}
{% endmacro %}

{# The first and the last day of the facts that an experiment reads. #}
{% macro span_read(experiment) %}
    {% set activation = experiment.get("activation") %}
    {% set longest = namespace(before=0, after=0, has_end=true) %}
    {% for pair in experiment.pairs %}
        {% set longest.before = [longest.before, pair.metric.covariate] | max %}
        {% if pair.get("is_endless", false) %} {% set longest.has_end = false %}
        {% else %} {% set longest.after = [longest.after, pair.metric.delay + pair.window] | max %}
        {% endif %}
    {% endfor %}
    {% if activation and not activation.within %} {% set longest.has_end = false %} {% endif %}
    {% set within = activation.within if activation and activation.within else 0 %}
    {% set now = experimentos.as_of()[:10] %}
    {% set last = experimentos.day_after(experiment.end, longest.after + within) %}
    {{
        return(
            {
                "since": experimentos.day_after(experiment.start, -longest.before),
                "until": [last, now] | min if last and longest.has_end else now,
            }
        )
    }}
{% endmacro %}

{# The day of an instant some seconds later; none: of no instant. #}
{% macro day_after(instant, seconds) %}
    {% if instant is none %} {{ return(none) }} {% endif %}
    {% set at = modules.datetime.datetime.fromisoformat(instant | string) %}
    {{ return((at + modules.datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%d")) }}
{% endmacro %}

{# Number of rows by day, as text; rows without a time are those of the day 'none'. #}
{% macro rows_by_day(read) %}
    {% set relation = experimentos.user_ref(read.model) %}
    {% set columns = experimentos.relation_columns(relation) %}
    {% set day, conditions = "cast(null as date)", [] %}
    {% if read.timestamp is not none %}
        {% set time = experimentos.expression(relation, columns, read.timestamp, read.where) %}
        {% set day = "cast(" ~ experimentos.to_utc(time.sql, time.class) ~ " as date)" %}
        {% if read.since is not none %}
            {% do conditions.append(time.sql ~ " >= " ~ experimentos.day_literal(read.since, time.class)) %}
        {% endif %}
    {% endif %}
    {% if read.experiment is not none %}
        {% set value = experimentos.expression(relation, columns, read.experiment, read.where).sql %}
        {% do conditions.append(
            experimentos.as_text(value) ~ " in (" ~ experimentos.text_literals(read.ids) ~ ")"
        ) %}
    {% endif %}
    {% set query %}
        select 'on ' || coalesce({{ experimentos.as_text("day") }}, 'none'), count(*)
        from
            (
                select {{ day }} as day
                from {{ relation }}
                {{ "where " ~ conditions | join(" and ") if conditions }}
            ) as counted
        {%- if read.until is not none %} where day is null or day <= date '{{ read.until }}' {%- endif %}
        group by day
    {% endset %}
    {% set found = {} %}
    {% for row in run_query(query).rows %} {% do found.update({row[0][3:]: row[1] | int}) %} {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# One text per model that has fewer rows on any day than when the experiment was archived, or in which
   they can no longer be counted. #}
{% macro missing_rows(name) %}
    {% set relation = load_cached_relation(experimentos.archive_relation("experimentos__archive")) %}
    {% set known = "rows_read" in experimentos.column_names(relation) %}
    {% set query %}
        select 'rows ' || {{ "rows_read" if known else "null" }}
        from {{ relation }}
        where experiment_id = {{ experimentos.text_literal(name) }}
    {% endset %}
    {% set written = run_query(query).rows[0][0] %}
    {% if written is none %} {{ return(["it is not known how many there were"]) }} {% endif %}
    {% set missing = [] %}
    {% for read in fromjson(written[5:]) %}
        {% set lost = experimentos.missing_of(read) %}
        {% if lost is not none %} {% do missing.append(lost) %} {% endif %}
    {% endfor %}
    {{ return(missing) }}
{% endmacro %}

{% macro missing_of(read) %}
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
    {% set now, left = experimentos.rows_by_day(read), namespace(rows=0) %}
    {% for day, number in read.days.items() %}
        {% set left.rows = left.rows + ([number, now.get(day, 0)] | min) %}
    {% endfor %}
    {% set all = read.days.values() | sum %}
    {% if left.rows == all %} {{ return(none) }} {% endif %}
    {{ return(read.model ~ ": " ~ left.rows ~ " of " ~ all ~ " rows are left") }}
{% endmacro %}
