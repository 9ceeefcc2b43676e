-- fmt: off
{# What experiments were computed from, written down when they are archived: per model and day the number of
   its rows. They are counted again only when an experiment is to be computed again: whoever deletes raw
   rows deletes whole days, or all rows of an experiment, and either leaves fewer.
   Name of the experiment -> what it read, with the rows of each day. #}
{% macro rows_read(experiments, found) %}
    {% set reads, all, seen = {}, [], {} %}
    {% for experiment in experiments %}
        {% set own = experimentos.models_read(experiment, found, seen) %}
        {% do reads.update({experiment.name: own}) %}
        {% do all.extend(own) %}
    {% endfor %}
    {% for days in experimentos.rows_by_day(all) %} {% do all[loop.index0].update({"days": days}) %} {% endfor %}
    {{ return(reads) }}
{% endmacro %}

{# What an experiment reads of each of its models. `seen`: the columns of models that were asked for before. #}
{% macro models_read(experiment, found, seen) %}
    {% set reads = [] %}
    {% set span = experimentos.span_read(experiment) %}
    {% for model in experimentos.facts_read(experiment) %}
        {% do reads.append(experimentos.row_read(found.facts[model], span, none, seen)) %}
    {% endfor %}
    {% set days = {"since": none, "until": experimentos.as_of()[:10]} %}
    {% for table in experimentos.assignment_tables(experiment, found) %}
        {% do reads.append(
            experimentos.row_read(
                table, days, none if table.experiment is mapping else experiment.ids, seen
            )
        ) %}
    {% endfor %}
    {{ return(reads) }}
{% endmacro %}

{# How the rows of a model are counted; `ids`: those of its column of experiments. #}
{% macro row_read(table, span, ids, seen) %}
    {% set read = {
        "model": table.name,
        "where": table.where,
        "timestamp": table.timestamp if table.is_dated else none,
        "experiment": table.experiment if ids else none,
        "ids": ids,
        "since": span.since if table.is_dated else none,
        "until": span.until if table.is_dated else none,
    } %}
    {% set key = experimentos.counted_as(read) %}
    {% if key not in seen %} {% do seen.update({key: experimentos.columns_read(read)}) %} {% endif %}
    {% do read.update({"columns": seen[key]}) %}
    {{ return(read) }}
{% endmacro %}

{# What reads have to share to be counted together. #}
{% macro counted_as(read) %} {{ return(tojson([read.model, read.timestamp, read.experiment])) }} {% endmacro %}

{# The columns by which rows are counted. #}
{% macro columns_read(read) %}
    {% set texts = [read.timestamp or "", read.experiment or ""] | join(" ") | lower %}
    {% set words = modules.re.findall("[^][ ,;:.()'`+*/%=<>|-]+", texts.replace('"', " ")) %}
    {% set columns = [] %}
    {% for name, column in experimentos.relation_columns(
        experimentos.user_ref(read.model)
    ).items() if name in words %}
        {% do columns.append(column.name) %}
    {% endfor %}
    {{ return(columns) }}
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
