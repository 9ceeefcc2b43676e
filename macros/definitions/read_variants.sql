{# `variants`: a map of labels to planned shares or, for a ramp, a list of {from, split}. Gives the
   experiment its phases (one without a ramp), and its variants with their shares in the last phase. #}
{% macro read_variants(experiment, given, problems) %}
    {% set where, variants = experiment.where, given.get("variants") %}
    {% if variants is mapping %}
        {% set shares = experimentos.read_split(where, "variants", variants, false, problems) %}
        {% if variants | length < 2 %}
            {% do problems.append(experimentos.problem(where, "`variants` needs at least two")) %}
        {% endif %}
        {% do experiment.phases.append(
            experimentos.phase(0, experiment.start, experiment.end, "all", shares)
        ) %}
    {% elif variants is sequence and variants is not string and variants %}
        {% do experimentos.read_ramp(experiment, variants, problems) %}
    {% else %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`variants` must map each label to its planned share, like {control: 0.5, treatment: 0.5}",
            )
        ) %}
        {{ return(none) }}
    {% endif %}
    {% if experiment.phases %}
        {% for label, share in experiment.phases[-1]["shares"].items() %}
            {% do experiment.variants.append({"label": label, "share": share}) %}
        {% endfor %}
    {% endif %}
    {% do experimentos.read_control(experiment, given, problems) %}
{% endmacro %}

{% macro phase(index, first, until, label, shares) %}
    {{
        return(
            {
                "index": index,
                "from": first,
                "until": until,
                "label": label,
                "shares": shares,
            }
        )
    }}
{% endmacro %}

{# Planned shares by label, made to add up to one exactly. A phase of a ramp may have shares of 0. #}
{% macro read_split(where, key, given, may_be_zero, problems) %}
    {% set shares = {} %}
    {% set sum = namespace(total=0, numbers=true) %}
    {% for given_label, share in given.items() %}
        {% set label = experimentos.read_label(given_label) %}
        {% if label is none %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "a label of `"
                    ~ key
                    ~ "` was read by YAML as '"
                    ~ given_label
                    ~ "', not as text: quote it",
                )
            ) %}
        {% elif not label | trim %}
            {% do problems.append(
                experimentos.problem(
                    where, "a label of `" ~ key ~ "` is empty: name the variant"
                )
            ) %}
        {% elif label in shares %}
            {% do problems.append(
                experimentos.problem(where, "variant '" ~ label ~ "' is given twice")
            ) %}
        {% endif %}
        {% if share is number and share is not boolean and (
            0 < share <= 1 or (may_be_zero and share == 0)
        ) %}
            {% set sum.total = sum.total + share %}
        {% else %}
            {% set sum.numbers = false %}
            {% do problems.append(experimentos.bad_share(where, given_label, share)) %}
        {% endif %}
        {% if label is not none %} {% do shares.update({label: share}) %} {% endif %}
    {% endfor %}
    {% if sum.numbers and (sum.total - 1) | abs > 0.001 %}
        {% set total = sum.total | round(6) %}
        {% set text = "the planned shares of `" ~ key ~ "` add up to " ~ total ~ ", not to 1" %}
        {% do problems.append(experimentos.problem(where, text)) %}
    {% elif sum.numbers %}
        {% for label in shares %} {% do shares.update({label: shares[label] / sum.total}) %}
        {% endfor %}
    {% endif %}
    {{ return(shares) }}
{% endmacro %}

{% macro bad_share(where, label, share) %}
    {{
        return(
            experimentos.problem(
                where,
                "the planned share of variant '"
                ~ label
                ~ "' must be a number between 0 and 1, got '"
                ~ share
                ~ "'",
            )
        )
    }}
{% endmacro %}

{% macro read_ramp(experiment, given, problems) %}
    {% set phases = experiment.phases %}
    {% for entry in given %}
        {% set where = experiment.where ~ ", phase " ~ loop.index ~ " of `variants`" %}
        {% if entry is not mapping or entry.get("split") is not mapping %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "must be a map like {from: 2026-09-08, split: {control: 0.5, treatment: 0.5}}, got '"
                    ~ entry
                    ~ "'",
                )
            ) %}
        {% else %}
            {% do experimentos.check_keys(problems, where, entry, ["from", "split"]) %}
            {% set instant = experimentos.read_instant(entry.get("from")) %}
            {% if instant is none %}
                {% do problems.append(
                    experimentos.problem(
                        where,
                        "`from` must be a date or a timestamp, got '"
                        ~ entry.get("from", "nothing")
                        ~ "'",
                    )
                ) %}
            {% endif %}
            {% set label = (instant or "").removesuffix(" 00:00:00") %}
            {% set shares = experimentos.read_split(where, "split", entry.split, true, problems) %}
            {% do phases.append(
                experimentos.phase(phases | length, instant, experiment.end, label, shares)
            ) %}
        {% endif %}
    {% endfor %}
    {% if phases | length == given | length %}
        {% do experimentos.check_ramp_dates(experiment, phases, problems) %}
        {% do experimentos.check_ramp_labels(experiment, phases, problems) %}
    {% endif %}
{% endmacro %}

{# Phases follow each other from `start` on, and each ends where the next begins. #}
{% macro check_ramp_dates(experiment, phases, problems) %}
    {% set where, first = experiment.where, phases[0]["from"] %}
    {% if not experiment.has_dated_assignments %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`variants` as a ramp needs assignments with a time, which say the phase of a unit",
            )
        ) %}
    {% elif first and experiment.start and first != experiment.start %}
        {% do problems.append(
            experimentos.problem(
                where,
                "the first phase of `variants` ("
                ~ first
                ~ ") must begin at `start` ("
                ~ experiment.start
                ~ ")",
            )
        ) %}
    {% endif %}
    {% for phase in phases[1:] %}
        {% set before = phases[loop.index0] %}
        {% do before.update({"until": phase["from"]}) %}
        {% if phase["from"] and before["from"] and phase["from"] <= before["from"] %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "phases of `variants` must be in order: "
                    ~ phase["from"]
                    ~ " comes after "
                    ~ before["from"],
                )
            ) %}
        {% endif %}
    {% endfor %}
    {% do experimentos.check_last_phase(experiment, phases, problems) %}
{% endmacro %}

{% macro check_last_phase(experiment, phases, problems) %}
    {% set where, last = experiment.where, phases[-1]["from"] %}
    {% if last and experiment.end and last >= experiment.end %}
        {% do problems.append(
            experimentos.problem(
                where,
                "the last phase of `variants` ("
                ~ last
                ~ ") must begin before `end` ("
                ~ experiment.end
                ~ ")",
            )
        ) %}
    {% endif %}
    {% if phases | length == 1 %} {% do phases[0].update({"label": "all"}) %} {% endif %}
{% endmacro %}

{# A label may be missing in a phase, where its share is 0; but one phase has all of them, so that a
   misspelt label is not taken for one more variant. #}
{% macro check_ramp_labels(experiment, phases, problems) %}
    {% set where, labels = experiment.where, [] %}
    {% set fullest = namespace(shares={}) %}
    {% for phase in phases %}
        {% for label in phase.shares if label not in labels %}
            {% do labels.append(label) %}
        {% endfor %}
        {% if phase.shares | length > fullest.shares | length %}
            {% set fullest.shares = phase.shares %}
        {% endif %}
    {% endfor %}
    {% for label in labels if label not in fullest.shares %}
        {% do problems.append(
            experimentos.problem(
                where,
                "no phase of `variants` has all variants: '"
                ~ label
                ~ "' is not in the fullest; write "
                ~ label
                ~ ": 0 where it is not assigned",
                label,
                fullest.shares.keys() | list,
            )
        ) %}
    {% endfor %}
    {% if labels | length < 2 %}
        {% do problems.append(experimentos.problem(where, "`variants` needs at least two")) %}
    {% endif %}
    {% for phase in phases %}
        {% set shares = {} %}
        {% for label in labels %}
            {% do shares.update({label: phase.shares.get(label, 0)}) %}
        {% endfor %}
        {% do phase.update({"shares": shares}) %}
    {% endfor %}
{% endmacro %}

{% macro read_control(experiment, given, problems) %}
    {% set labels = experiment.variants | map(attribute="label") | list %}
    {% set control = experimentos.read_label(given.get("control")) %}
    {% if given.get("control") is none %}
        {% do problems.append(
            experimentos.problem(experiment.where, "`control` is missing", none, labels)
        ) %}
    {% elif control is none %}
        {% do problems.append(
            experimentos.problem(
                experiment.where,
                "`control` was read by YAML as '"
                ~ given.control
                ~ "', not as text: quote it",
            )
        ) %}
    {% elif control not in labels %}
        {% do problems.append(
            experimentos.problem(
                experiment.where,
                "`control` '" ~ control ~ "' is not one of its variants",
                control,
                labels,
            )
        ) %}
    {% elif experiment.phases | length > 1 %}
        {% do experimentos.check_compared(experiment, control, labels, problems) %}
    {% endif %}
    {% do experiment.update({"control": control}) %}
{% endmacro %}

{# Each variant of a ramp has a phase in which the control is assigned too. #}
{% macro check_compared(experiment, control, labels, problems) %}
    {% for label in labels if label != control %}
        {% set together = namespace(found=false) %}
        {% for phase in experiment.phases %}
            {% set shares = phase.shares %}
            {% if shares[label] is number and shares[control] is number %}
                {% if shares[label] > 0 and shares[control] > 0 %}
                    {% set together.found = true %}
                {% endif %}
            {% else %} {% set together.found = true %}
            {% endif %}
        {% endfor %}
        {% if not together.found %}
            {% do problems.append(
                experimentos.problem(
                    experiment.where,
                    "no phase of `variants` assigns both '" ~ label ~ "' and the control",
                )
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}
