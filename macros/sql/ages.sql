{# Whether the units of a cohort have completed so many days of their windows, of `pairs`, by the end of the
   data. The whole window closes when it does for readouts; the days before it, where the data end within
   a day, at the midnight before: how late on that day units came is not known of them. #}
{% macro has_completed(rows) %}
    case
        when pairs.age * 86400 >= pairs.window_seconds
        then
            {{ experimentos.matures_on(rows) }}
            <= {{ experimentos.end_of_day("experiments.data_as_of") }}
        else
            {{
                experimentos.add_seconds(
                    experimentos.day_of(rows ~ ".cohort"),
                    "(pairs.delay_seconds + 86400 * (pairs.age + "
                    ~ experimentos.lateness_of(rows ~ ".cohort")
                    ~ "))",
                )
            }} <= {{ experimentos.start_of_day("experiments.data_as_of") }}
    end
{% endmacro %}

{# The last step in the first days of a window: steps count from the day of the anchor, two a day. #}
{% macro last_step_of_age() %}
    {{ return("(2 * (pairs.delay_seconds / 86400 + pairs.age) - 1)") }}
{% endmacro %}

{# The most days that a window has that is shown by age. #}
{% macro most_ages(found) %}
    {% set most = namespace(ages=1) %}
    {% for experiment in found.experiments if experiment.summary is none %}
        {% for pair in experiment.pairs if pair.window %}
            {% set most.ages = [most.ages, (pair.window + 86399) // 86400] | max %}
        {% endfor %}
    {% endfor %}
    {{ return(most.ages) }}
{% endmacro %}
