{# One number for a unit in an arm, from which the arm and the day of its anchor are read without a join:
   16 bits of arm, 16 of the day since 1970, one that is set unless the anchor is midnight, and 30 of a
   number that no other unit of the project has. #}
{% macro unit_key(arm, anchor, number) %}
    {% set day = experimentos.start_of_day(anchor) %}
    {{
        return(
            "("
            ~ experimentos.arm_and_day_of(arm, day)
            ~ " * 2 + case when "
            ~ anchor
            ~ " = "
            ~ day
            ~ " then 0 else 1 end) * 1073741824 + "
            ~ number
        )
    }}
{% endmacro %}

{# The first two of these in one number, of an arm and a midnight, and of a unit. #}
{% macro arm_and_day_of(arm, day) %}
    {{
        return(
            "(cast("
            ~ arm
            ~ " as bigint) * 65536 + coalesce("
            ~ experimentos.whole_days("cast('1970-01-01' as timestamp)", day)
            ~ ", 0))"
        )
    }}
{% endmacro %}

{% macro arm_and_day(unit_key) %}
    {{ return(experimentos.shifted_right(unit_key, 31)) }}
{% endmacro %}

{# Units of one arm whose windows start on the same day form a cohort: they mature together. #}
{% macro cohort_of(unit_key) %}
    {{ return(experimentos.shifted_right(unit_key, 30)) }}
{% endmacro %}

{% macro arm_of(cohort) %} {{ return(experimentos.shifted_right(cohort, 17)) }} {% endmacro %}

{# The day of the anchors of a cohort, counted from 1970. #}
{% macro day_number_of(cohort) %}
    {{ return(experimentos.remainder(experimentos.shifted_right(cohort, 1), 65536)) }}
{% endmacro %}

{# The midnight at or before the anchors of a cohort. #}
{% macro day_of(cohort) %}
    {% set days = "86400 * " ~ experimentos.day_number_of(cohort) %}
    {{ return(experimentos.add_seconds("cast('1970-01-01' as timestamp)", days)) }}
{% endmacro %}

{# The days from the midnight at or before a unit's anchor to an instant. #}
{% macro days_from_anchor(unit_key, instant) %}
    {{
        return(
            "cast("
            ~ experimentos.whole_days("cast('1970-01-01' as timestamp)", instant)
            ~ " - "
            ~ experimentos.day_number_of(experimentos.cohort_of(unit_key))
            ~ " as integer)"
        )
    }}
{% endmacro %}

{# 0 where the anchors of a cohort are midnights, otherwise 1. #}
{% macro lateness_of(cohort) %} {{ return(experimentos.remainder(cohort, 2)) }} {% endmacro %}

{# The days from the day of an anchor to the first midnight at which the unit's window has closed. Where
   the data end within a day, a window that closes on that day may still be open. #}
{% macro days_until_closed(anchor, seconds, data_as_of) %}
    {% set day = experimentos.start_of_day(anchor) %}
    {% set closes = experimentos.add_seconds(anchor, seconds) %}
    {{
        return(
            "case when "
            ~ closes
            ~ " <= "
            ~ data_as_of
            ~ " then "
            ~ experimentos.begun_days(day, closes)
            ~ " else greatest("
            ~ experimentos.begun_days(day, closes)
            ~ ", "
            ~ experimentos.begun_days(day, data_as_of)
            ~ " + 1) end"
        )
    }}
{% endmacro %}

{# The days begun from a midnight to a later instant: a midnight begins none. #}
{% macro begun_days(day, instant) %}
    {{
        return(
            "("
            ~ experimentos.whole_days(day, "(" ~ instant ~ " - interval '1' microsecond)")
            ~ " + 1)"
        )
    }}
{% endmacro %}
