{# When an experiment is looked at. All instants are midnights, as texts: the exclusive ends of the data. #}
{% macro instant_of(text) %}
    {{ return(modules.datetime.datetime.fromisoformat(text | string)) }}
{% endmacro %}

{# A timestamp for people, to the minute. #}
{% macro minute_text(x) %}
    {{ return("substr(" ~ experimentos.as_text(x) ~ ", 1, 16)") }}
{% endmacro %}

{# The midnight at or after an instant. #}
{% macro midnight_after(instant) %}
    {% set last = instant - modules.datetime.timedelta(microseconds=1) %}
    {% set day = modules.datetime.datetime(last.year, last.month, last.day) %}
    {{ return(day + modules.datetime.timedelta(days=1)) }}
{% endmacro %}

{% macro next_midnight(text) %}
    {{
        return(
            experimentos.midnight_after(experimentos.instant_of(text)).strftime(
                "%Y-%m-%d %H:%M:%S"
            )
        )
    }}
{% endmacro %}

{# The longest delay and window of a metric that decides. #}
{% macro deciding_span(experiment) %}
    {% set longest = namespace(seconds=0) %}
    {% for pair in experiment.pairs if pair.role != "explore" and not pair.get("is_endless") %}
        {% set longest.seconds = [longest.seconds, pair.metric.delay + pair.window] | max %}
    {% endfor %}
    {{ return(modules.datetime.timedelta(seconds=longest.seconds)) }}
{% endmacro %}

{# When the first units of all deciding metrics are through. #}
{% macro first_look_after(experiment) %}
    {% set first = experimentos.instant_of(experiment.start) %}
    {% set first = first + experimentos.deciding_span(experiment) %}
    {{ return(first.strftime("%Y-%m-%d %H:%M:%S")) }}
{% endmacro %}

{# The scheduled looks: [{at, unit_share, time_fraction, is_last}]. `unit_share`: due when so much of the
   planned size is there, and without `at` not before. The last has a date wherever there is an end. #}
{% macro scheduled_looks(experiment) %}
    {% if experiment.start is none or not experiment.has_dated_assignments %}
        {{ return([]) }}
    {% endif %}
    {% set span = experimentos.deciding_span(experiment) %}
    {% set first = experimentos.instant_of(experiment.start) + span %}
    {% set has_end = experiment.end is not none %}
    {% set final = none %}
    {% if has_end %}
        {% set final = experimentos.midnight_after(
            experimentos.instant_of(experiment.end) + span
        ) %}
    {% endif %}
    {% set kind = (experiment.get("looks") or {}).get("kind", "weekly") %}
    {% set given = (experiment.get("looks") or {}).get("values", []) %}
    {% set found, dates = [], [] %}
    {% if experiment.design == "always_valid" %} {{ return([]) }}
    {% elif experiment.design == "fixed" %} {% set dates = [final] if has_end else [] %}
    {% elif kind == "fractions" and experiment.planned_n is not none %}
        {% for share in given %}
            {% do found.append(
                {
                    "at": final if loop.last else none,
                    "unit_share": share,
                    "time_fraction": share,
                    "is_last": loop.last,
                }
            ) %}
        {% endfor %}
        {{ return(found) }}
    {% elif kind == "dates" %}
        {% for text in given %}
            {% do dates.append(experimentos.midnight_after(experimentos.instant_of(text))) %}
        {% endfor %}
        {% if has_end and dates[-1] < final %} {% do dates.append(final) %}
        {% endif %}
    {% elif has_end %}
        {% set dates = experimentos.calendar_looks(experiment, kind, given, first, final) %}
    {% endif %}
    {% set whole = ((dates[-1] if dates else first) - first).total_seconds() %}
    {% for day in dates | unique %}
        {% set part = (day - first).total_seconds() / whole if whole > 0 else 1 %}
        {% do found.append(
            {
                "at": day,
                "unit_share": none,
                "time_fraction": [part, 1] | min,
                "is_last": loop.last,
            }
        ) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# Dates that follow from start and end: each part of the time in which units are assigned, or each week
   before the last look. #}
{% macro calendar_looks(experiment, kind, given, first, final) %}
    {% set dates = [] %}
    {% if kind == "weekly" %}
        {% set weeks = ((final - first).total_seconds() // 604800) | int %}
        {% for week in range([weeks, 99] | min, 0, -1) %}
            {% set day = final - modules.datetime.timedelta(days=7 * week) %}
            {% if day > first %} {% do dates.append(day) %} {% endif %}
        {% endfor %}
        {% do dates.append(final) %}
        {{ return(dates) }}
    {% endif %}
    {% set shares = given %}
    {% if kind == "number" %}
        {% set shares = [] %}
        {% for k in range(1, given[0] + 1) %} {% do shares.append(k / given[0]) %} {% endfor %}
    {% endif %}
    {% set running = experimentos.instant_of(experiment.end) - experimentos.instant_of(
        experiment.start
    ) %}
    {% for share in shares %}
        {% set elapsed = modules.datetime.timedelta(seconds=share * running.total_seconds()) %}
        {% do dates.append(final if loop.last else experimentos.midnight_after(first + elapsed)) %}
    {% endfor %}
    {{ return(dates | unique | list) }}
{% endmacro %}
