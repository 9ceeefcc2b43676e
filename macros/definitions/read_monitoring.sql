{# How an experiment is monitored: when it is looked at, and how the error rate is spent over looks. #}
{% macro spending_functions() %}
    {{ return(["obrien_fleming", "pocock", "hwang_shih_decani", "kim_demets", "linear"]) }}
{% endmacro %}

{# What belongs to group_sequential alone. #}
{% macro look_keys() %}
    {{ return(["spending", "looks", "futility", "gamma", "rho"]) }}
{% endmacro %}

{% macro read_monitoring(where, given, problems) %}
    {% set found = {
        "design": none,
        "planned_n": none,
        "spending": "obrien_fleming",
        "spending_parameter": none,
        "looks": none,
        "futility": none,
        "plan_override": none,
    } %}
    {% if given is none %} {{ return(found) }} {% endif %}
    {% set place = where ~ ", `monitoring`" %}
    {% if given is string %} {% set given = {"design": given} %} {% endif %}
    {% if given is not mapping %}
        {% do problems.append(experimentos.problem(place, "must be a map, got '" ~ given ~ "'")) %}
        {{ return(found) }}
    {% endif %}
    {% set keys = ["design", "planned_n", "override"] + experimentos.look_keys() %}
    {% do experimentos.check_keys(problems, place, given, keys) %}
    {% set designs = ["group_sequential", "always_valid", "fixed"] %}
    {% set design = given.get("design") %}
    {% if design in designs %} {% do found.update({"design": design}) %}
    {% elif design is not none %}
        {% do problems.append(
            experimentos.problem(
                place, "`design` is '" ~ design ~ "'", design | string, designs
            )
        ) %}
    {% endif %}
    {% set planned_n = given.get("planned_n") %}
    {% if planned_n is not none and (
        planned_n is not integer or planned_n is boolean or planned_n < 2
    ) %}
        {% do problems.append(
            experimentos.problem(
                place,
                "`planned_n` must be a whole number of units in all, got '"
                ~ planned_n
                ~ "'",
            )
        ) %}
    {% else %} {% do found.update({"planned_n": planned_n}) %}
    {% endif %}
    {% do found.update(experimentos.read_spending(place, given, problems)) %}
    {% do found.update({"looks": experimentos.read_looks(place, given.get("looks"), problems)}) %}
    {% do found.update(experimentos.read_plan_notes(place, given, problems)) %}
    {{ return(found) }}
{% endmacro %}

{# `futility` is true, or how the type II error is spent; `override` says why a plan was changed. #}
{% macro read_plan_notes(place, given, problems) %}
    {% set notes = {"futility": none, "plan_override": none} %}
    {% set futility, allowed = given.get("futility"), ["obrien_fleming", "pocock", "linear"] %}
    {% if futility is boolean %}
        {% do notes.update({"futility": "obrien_fleming" if futility else none}) %}
    {% elif futility in allowed %} {% do notes.update({"futility": futility}) %}
    {% elif futility is not none %}
        {% do problems.append(
            experimentos.problem(
                place,
                "`futility` must be true or a spending function, got '" ~ futility ~ "'",
                futility | string,
                allowed,
            )
        ) %}
    {% endif %}
    {% set override = given.get("override") %}
    {% if override is string and override | trim %}
        {% do notes.update({"plan_override": override | trim}) %}
    {% elif override is not none %}
        {% do problems.append(
            experimentos.problem(
                place,
                "`override` must say in words why the plan was changed, got '"
                ~ override
                ~ "'",
            )
        ) %}
    {% endif %}
    {{ return(notes) }}
{% endmacro %}

{# The function, and the one number that two of them need. #}
{% macro read_spending(place, given, problems) %}
    {% set name = given.get("spending", "obrien_fleming") %}
    {% if name not in experimentos.spending_functions() %}
        {% do problems.append(
            experimentos.problem(
                place,
                "`spending` is '" ~ name ~ "'",
                name | string,
                experimentos.spending_functions(),
            )
        ) %}
        {% set name = none %}
    {% endif %}
    {% set parameter = namespace(value=none) %}
    {% for key, owner, low, high in [
        ("gamma", "hwang_shih_decani", -40, 40),
        ("rho", "kim_demets", 0, 50),
    ] %}
        {% set value = given.get(key) %}
        {% if name == owner %}
            {% if (
                value is not number
                or value is boolean
                or not low <= value <= high
                or (key == "rho" and value == 0)
            ) %}
                {% do problems.append(
                    experimentos.problem(
                        place,
                        "`spending: "
                        ~ owner
                        ~ "` needs `"
                        ~ key
                        ~ "`, a number "
                        ~ ("from " if key == "gamma" else "above ")
                        ~ low
                        ~ " to "
                        ~ high
                        ~ ", got '"
                        ~ value
                        ~ "'",
                    )
                ) %}
            {% else %} {% set parameter.value = value %}
            {% endif %}
        {% elif value is not none and name is not none %}
            {% do problems.append(
                experimentos.problem(
                    place, "`" ~ key ~ "` belongs to `spending: " ~ owner ~ "` only"
                )
            ) %}
        {% endif %}
    {% endfor %}
    {{ return({"spending": name or "obrien_fleming", "spending_parameter": parameter.value}) }}
{% endmacro %}

{# A number of looks, their dates, or the fractions at which they are due: {kind, values}. #}
{% macro read_looks(place, given, problems) %}
    {% if given is none %} {{ return(none) }} {% endif %}
    {% set is_list = given is sequence and given is not string and given is not mapping %}
    {% if given is integer and given is not boolean and 1 <= given <= 100 %}
        {{ return({"kind": "number", "values": [given]}) }}
    {% elif not is_list or not given %}
        {% do problems.append(
            experimentos.problem(
                place,
                "`looks` must be a whole number from 1 to 100, a list of dates or a list of "
                ~ "fractions, got '"
                ~ given
                ~ "'",
            )
        ) %}
        {{ return(none) }}
    {% endif %}
    {% set dates, fractions, others = [], [], [] %}
    {% for value in given %}
        {% set instant = experimentos.read_instant(value) if value is not number else none %}
        {% if instant is not none %} {% do dates.append(instant) %}
        {% elif value is number and value is not boolean and 0 < value <= 1 %}
            {% do fractions.append(value) %}
        {% else %} {% do others.append(value | string) %}
        {% endif %}
    {% endfor %}
    {% set values, faults = dates or fractions, [] %}
    {% if others %}
        {% do faults.append(
            "must hold dates, or fractions above 0 and at most 1, got '" ~ others
            | join("', '") ~ "'"
        ) %}
    {% endif %}
    {% if dates and fractions %} {% do faults.append("mixes dates and fractions") %} {% endif %}
    {% if given | length > 100 %} {% do faults.append("has more than 100 looks") %} {% endif %}
    {% if values != values | unique | sort | list %}
        {% do faults.append("must be in order, each once, got '" ~ given ~ "'") %}
    {% endif %}
    {% if fractions and not dates and fractions[-1] != 1 %}
        {% do faults.append("must end with the fraction 1, got '" ~ fractions[-1] ~ "'") %}
    {% endif %}
    {% for fault in faults %}
        {% do problems.append(experimentos.problem(place, "`looks` " ~ fault)) %}
    {% endfor %}
    {{ return(none if faults else {"kind": "dates" if dates else "fractions", "values": values}) }}
{% endmacro %}

{# The design that is not given, and what the design needs of the experiment. #}
{% macro settle_design(experiment, given, problems) %}
    {% set asked = experiment.design %}
    {% set given = given if given is mapping else {} %}
    {% set for_looks = given.keys() | select("in", experimentos.look_keys()) | list %}
    {% set deciding = experiment.pairs | rejectattr("role", "equalto", "explore") | list %}
    {% set timeless = [] %}
    {% if experiment.summary is not none %} {% do timeless.append("a summary") %}
    {% elif not experiment.has_dated_assignments %}
        {% do timeless.append("assignments without times") %}
    {% endif %}
    {% for pair in deciding if experiment.summary is none and not pair.metric.is_dated %}
        {% do timeless.append("metric '" ~ pair.metric.name ~ "', whose model has no times,") %}
    {% endfor %}
    {% if asked is not none %} {% set design = asked %}
    {% elif for_looks %} {% set design = "group_sequential" %}
    {% elif timeless %} {% set design = "fixed" %}
    {% elif experiment.end is none %} {% set design = "always_valid" %}
    {% else %} {% set design = "group_sequential" %}
    {% endif %}
    {% do experiment.update({"design": design, "is_design_given": asked is not none}) %}
    {% set place = experiment.where ~ ", `monitoring`" %}
    {% if design != "fixed" %}
        {% for what in timeless %}
            {% do problems.append(
                experimentos.problem(
                    place,
                    what ~ " cannot be looked at before the end: `design` must be fixed",
                )
            ) %}
        {% endfor %}
        {% do experimentos.check_deciding(experiment, problems) %}
        {% if experiment.correction == "dunnett" %}
            {% do problems.append(
                experimentos.problem(
                    experiment.where,
                    "`correction: dunnett` needs `design: fixed`, got "
                    ~ design
                    ~ ": it reads one normal statistic of each variant, which p-values that hold "
                    ~ "at every look are not; use holm, closed or hommel",
                )
            ) %}
        {% endif %}
    {% endif %}
    {% for key in for_looks if design != "group_sequential" %}
        {% do problems.append(
            experimentos.problem(
                place, "`" ~ key ~ "` belongs to `design: group_sequential` only"
            )
        ) %}
    {% endfor %}
    {% if design == "group_sequential" %}
        {% do experimentos.check_schedule(experiment, place, problems) %}
    {% endif %}
{% endmacro %}

{# Looks need a last one. Dates lie after the first units are through. #}
{% macro check_schedule(experiment, place, problems) %}
    {% set looks = experiment.looks or {"kind": "weekly", "values": []} %}
    {% set by_units = looks.kind == "fractions" and experiment.planned_n is not none %}
    {% if experiment.end is none and looks.kind != "dates" and not by_units %}
        {% do problems.append(
            experimentos.problem(
                place,
                "`design: group_sequential` needs `end`, dates of looks, or fractions and "
                ~ "`planned_n`: without them no look is the last",
            )
        ) %}
    {% endif %}
    {% if looks.kind == "dates" and experiment.start is not none %}
        {% set first = experimentos.first_look_after(experiment) %}
        {% for value in looks["values"] if experimentos.next_midnight(value) <= first %}
            {% do problems.append(
                experimentos.problem(
                    place,
                    "`looks`: on "
                    ~ value[:10]
                    ~ " no unit is through the longest window of a deciding metric; the first is "
                    ~ "after "
                    ~ first,
                )
            ) %}
        {% endfor %}
    {% endif %}
{% endmacro %}

{# Looks before the end need units that enter once and never change. #}
{% macro check_deciding(experiment, problems) %}
    {% for pair in experiment.pairs if pair.role != "explore" %}
        {% if pair.is_endless or not pair.metric.mature %}
            {% do problems.append(
                experimentos.problem(
                    experiment.where,
                    "metric '"
                    ~ pair.metric.name
                    ~ "' decides, and `design: "
                    ~ experiment.design
                    ~ "` needs units that enter once: `"
                    ~ ("window: none" if pair.is_endless else "mature: false")
                    ~ "` is for explore, or for `design: fixed`",
                )
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}

{# All that must not be changed after it was looked at. What is only shown, and dates, are not in it. #}
{% macro plan_hash(experiment) %}
    {% set shown, metrics, success = ["label", "description", "format"], [], [] %}
    {% for pair in experiment.pairs if pair.role != "explore" %}
        {# The first success metric chooses among arms that may be launched. #}
        {% if pair.role == "success" %} {% do success.append(pair.metric.name) %} {% endif %}
        {% do metrics.append(
            [
                pair.role,
                pair.metric.name,
                pair.metric.model,
                pair.goal,
                pair.margin,
                pair.window_text,
                pair.cap,
                pair.lower,
                pair.metric.get("given", {}).items()
                | rejectattr("0", "in", shown)
                | map("string")
                | list
                | sort,
            ]
        ) %}
    {% endfor %}
    {% set shares = [] %}
    {% for phase in experiment.phases %} {% do shares.append(phase.shares | string) %} {% endfor %}
    {# A rate of Rollback that is the default leaves hashes as they were recorded before it was settable. #}
    {% set has_own_harm = experiment.alpha_harm != experiment.alpha / 2 %}
    {% set rates = (
        [experiment.alpha, experiment.alpha_harm] if has_own_harm else experiment.alpha
    ) %}
    {% set plan = [
        rates,
        experiment.correction,
        experiment.control,
        experiment.variants | map("string") | list,
        shares,
        experiment.design,
        experiment.spending,
        experiment.spending_parameter,
        experiment.planned_n if experiment.design == "always_valid" else none,
        metrics | map("string") | list | sort,
        success,
    ] %}
    {# Who decides. Without an activation hashes are as they were before it was part of the plan. #}
    {% if experiment.activation is not none %}
        {% do plan.append(experiment.activation.text) %}
    {% endif %}
    {{ return(local_md5(tojson(plan))) }}
{% endmacro %}
