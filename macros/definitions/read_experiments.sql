{# Every exposure with config.meta.experimentos is an experiment. Each carries its own problems, so
   that one wrong file can be held while the rest go on. #}
{% macro read_experiments(found) %}
    {% set experiments = [] %}
    {% for node in graph.exposures.values() | sort(attribute="name") %}
        {% set meta = node.config.get("meta") or {} %}
        {% if "experimentos" in meta %}
            {% do experiments.append(
                experimentos.read_experiment(node, meta["experimentos"], found)
            ) %}
        {% endif %}
    {% endfor %}
    {% do experimentos.check_shared_ids(experiments) %}
    {{ return(experiments) }}
{% endmacro %}

{% macro read_experiment(node, given, found) %}
    {% set problems = [] %}
    {% set where = "exposure " ~ node.name ~ " (" ~ node.original_file_path ~ ")" %}
    {% set experiment = {
        "name": node.name,
        "where": where,
        "file": node.original_file_path,
        "problems": problems,
        "label": node.label or node.name,
        "hypothesis": node.description or "",
        "owner": node.owner.name or node.owner.email or "",
        "owner_email": node.owner.email or "",
        "variants": [],
        "pairs": [],
        "ids": [],
        "kind": none,
        "control": none,
        "summary": none,
    } %}
    {% if given is not mapping %}
        {% do problems.append(
            experimentos.problem(
                where, "`experimentos` must be a map, got '" ~ given ~ "'"
            )
        ) %}
        {% set given = {} %}
    {% endif %}
    {% do experimentos.check_keys(
        problems,
        where,
        given,
        [
            "id",
            "start",
            "end",
            "control",
            "variants",
            "success",
            "guardrails",
            "explore",
            "unit",
            "alpha",
            "power",
            "mde",
            "monitoring",
            "correction",
            "status",
            "summary",
        ],
        [
            "segments",
            "activation",
            "alpha_harm",
            "segments_daily",
            "override",
            "thresholds",
        ],
    ) %}
    {% do experiment.update(experimentos.read_options(where, given, problems)) %}
    {% do experiment.update({"summary": experimentos.read_summary(node, given, where, problems)}) %}
    {% do experiment.update({"kind": experimentos.read_kind(experiment, given, found, problems)}) %}
    {% do experiment.update({"ids": experimentos.read_ids(node, where, given, problems)}) %}
    {% do experiment.update(experimentos.read_dates(experiment, given, found, problems)) %}
    {% do experimentos.read_variants(experiment, given, problems) %}
    {% do experimentos.read_roles(experiment, given, found, problems) %}
    {% do experimentos.check_start(experiment, problems) %}
    {% do experiment.update({"hash": experimentos.experiment_hash(experiment, given, found)}) %}
    {{ return(experiment) }}
{% endmacro %}

{% macro read_options(where, given, problems) %}
    {% set options = {
        "alpha": 0.05,
        "power": 0.8,
        "correction": "holm",
        "status": "running",
        "design": "fixed",
        "planned_n": none,
        "mde": none,
    } %}
    {% for key, low, high in [("alpha", 0, 0.5), ("power", 0.5, 1)] if key in given %}
        {% set value = given[key] %}
        {% if value is number and value is not boolean and low < value < high %}
            {% do options.update({key: value}) %}
        {% else %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "`"
                    ~ key
                    ~ "` must be a number between "
                    ~ low
                    ~ " and "
                    ~ high
                    ~ ", got '"
                    ~ value
                    ~ "'",
                )
            ) %}
        {% endif %}
    {% endfor %}
    {% for key, allowed, later in [
        ("correction", ["holm", "bonferroni"], ["hommel", "closed", "dunnett"]),
        ("status", ["draft", "running", "stopped", "archived"], []),
    ] if key in given %}
        {% if given[key] in later %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "`" ~ key ~ ": " ~ given[key] ~ "` is not supported yet",
                    none,
                    allowed,
                )
            ) %}
        {% elif given[key] not in allowed %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "`" ~ key ~ "` is '" ~ given[key] ~ "'",
                    given[key] | string,
                    allowed,
                )
            ) %}
        {% else %} {% do options.update({key: given[key]}) %}
        {% endif %}
    {% endfor %}
    {% if "mde" in given %}
        {% do options.update(
            {"mde": experimentos.checked_amount(where, "mde", given.mde, problems)}
        ) %}
    {% endif %}
    {% do experimentos.read_monitoring(where, given.get("monitoring"), options, problems) %}
    {{ return(options) }}
{% endmacro %}

{% macro read_monitoring(where, given, options, problems) %}
    {% if given is none %} {{ return(none) }} {% endif %}
    {% set place = where ~ ", `monitoring`" %}
    {% if given is string %} {% set given = {"design": given} %} {% endif %}
    {% if given is not mapping %}
        {% do problems.append(experimentos.problem(place, "must be a map, got '" ~ given ~ "'")) %}
        {{ return(none) }}
    {% endif %}
    {% set later = ["spending", "looks", "futility", "gamma", "rho"] %}
    {% do experimentos.check_keys(problems, place, given, ["design", "planned_n"], later) %}
    {% set design = given.get("design", "fixed") %}
    {% if design in ["group_sequential", "always_valid"] %}
        {% do problems.append(
            experimentos.problem(
                place, "`design: " ~ design ~ "` is not supported yet", none, ["fixed"]
            )
        ) %}
    {% elif design != "fixed" %}
        {% do problems.append(
            experimentos.problem(
                place, "`design` is '" ~ design ~ "'", design | string, ["fixed"]
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
    {% else %} {% do options.update({"planned_n": planned_n}) %}
    {% endif %}
{% endmacro %}

{% macro checked_amount(where, key, value, problems) %}
    {% set amount = experimentos.read_amount(value) %}
    {% if amount is none %}
        {% do problems.append(
            experimentos.problem(
                where,
                "`"
                ~ key
                ~ "` must be a percentage of the control mean like '2%', or {absolute: 0.5} "
                ~ "in metric units, got '"
                ~ value
                ~ "'",
            )
        ) %}
    {% endif %}
    {{ return(amount) }}
{% endmacro %}

{% macro read_ids(node, where, given, problems) %}
    {% set given_ids = given.get("id", node.name) %}
    {% if given_ids is string or given_ids is mapping or given_ids is not sequence %}
        {% set given_ids = [given_ids] %}
    {% endif %}
    {% if not given_ids %}
        {% do problems.append(
            experimentos.problem(
                where, "`id` must name at least one value of the assignments"
            )
        ) %}
    {% endif %}
    {% set ids = [] %}
    {% for value in given_ids %}
        {% set label = experimentos.read_label(value) %}
        {% if label is none %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "`id` was read by YAML as '" ~ value ~ "', not as text: quote it",
                )
            ) %}
        {% elif label not in ids %} {% do ids.append(label) %}
        {% endif %}
    {% endfor %}
    {{ return(ids) }}
{% endmacro %}

{% macro read_kind(experiment, given, found, problems) %}
    {% if experiment.summary is not none %} {{ return("unit") }} {% endif %}
    {% set kinds = [] %}
    {% for table in found.assignments %}
        {% for kind in table.units if kind not in kinds %} {% do kinds.append(kind) %} {% endfor %}
    {% endfor %}
    {% set kind = given.get("unit") %}
    {% if kind is none and kinds | length == 1 %} {{ return(kinds[0]) }} {% endif %}
    {% if kind is none and kinds %}
        {% do problems.append(
            experimentos.problem(
                experiment.where,
                "`unit` must say which kind of unit is assigned",
                none,
                kinds,
            )
        ) %}
    {% elif kind is none %}
        {% do problems.append(
            experimentos.problem(
                experiment.where,
                "no assignment model is listed: add one to vars.experimentos.assignment_models",
            )
        ) %}
    {% elif kind not in kinds %}
        {% do problems.append(
            experimentos.problem(
                experiment.where,
                "`unit` is '" ~ kind ~ "', which no assignment model has",
                kind | string,
                kinds,
            )
        ) %}
    {% endif %}
    {{ return(kind if kind in kinds else none) }}
{% endmacro %}

{% macro read_dates(experiment, given, found, problems) %}
    {% set times = {"start": none, "end": none} %}
    {% for key in ["start", "end"] if given.get(key) is not none %}
        {% set instant = experimentos.read_instant(given[key]) %}
        {% if instant is none %}
            {% do problems.append(
                experimentos.problem(
                    experiment.where,
                    "`"
                    ~ key
                    ~ "` must be a date or a timestamp, got '"
                    ~ given[key]
                    ~ "'",
                )
            ) %}
        {% endif %}
        {% do times.update({key: instant}) %}
    {% endfor %}
    {% set dated = (
        experimentos.assignment_tables(experiment, found) | selectattr("is_dated") | list
    ) %}
    {% if dated and given.get("start") is none %}
        {% do problems.append(
            experimentos.problem(
                experiment.where, "`start` is missing: the first day of assignment"
            )
        ) %}
    {% endif %}
    {% if times.start is not none and times.end is not none and times.end <= times.start %}
        {% do problems.append(
            experimentos.problem(
                experiment.where,
                "`end` ("
                ~ given.end
                ~ ") must be after `start` ("
                ~ given.start
                ~ "); it is exclusive",
            )
        ) %}
    {% endif %}
    {{
        return(
            {"start": times.start, "end": times.end, "has_dated_assignments": dated | length > 0}
        )
    }}
{% endmacro %}

{# The tables that may hold an experiment's rows: those named after it by a literal, otherwise all that
   have an experiment column. #}
{% macro assignment_tables(experiment, found) %}
    {% set named, others = [], [] %}
    {% for table in found.assignments if experiment.kind in table.units and experiment.summary is none %}
        {% if table.experiment is not mapping %} {% do others.append(table) %}
        {% elif table.experiment["literal"] | string in experiment.ids %}
            {% do named.append(table) %}
        {% endif %}
    {% endfor %}
    {{ return(named or others) }}
{% endmacro %}

{# Facts with times are read from the exposure on, and without assignment times that is `start`. #}
{% macro check_start(experiment, problems) %}
    {% set dated = experiment.pairs | selectattr("metric.is_dated") | list %}
    {% if dated and experiment.start is none and not experiment.has_dated_assignments %}
        {% do problems.append(
            experimentos.problem(
                experiment.where,
                "`start` is missing: assignments without a time are exposed at `start`",
            )
        ) %}
    {% endif %}
{% endmacro %}

{% macro read_variants(experiment, given, problems) %}
    {% set where, variants = experiment.where, given.get("variants") %}
    {% if variants is not mapping %}
        {% do problems.append(
            experimentos.problem(
                where,
                (
                    "`variants` as a list of dates (a ramp) is not supported yet"
                    if variants is sequence
                    and variants is not string
                    and variants
                    and variants[0] is mapping
                    and "split" in variants[0]
                    else "`variants` must map each label to its planned share, like {control: 0.5, treatment: 0.5}"
                ),
            )
        ) %}
        {{ return(none) }}
    {% endif %}
    {% set shares = namespace(total=0, numbers=true) %}
    {% for given_label, share in variants.items() %}
        {% set label = experimentos.read_label(given_label) %}
        {% if label is none %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "a label of `variants` was read by YAML as '"
                    ~ given_label
                    ~ "', not as text: quote it",
                )
            ) %}
        {% elif label in experiment.variants | map(attribute="label") | list %}
            {% do problems.append(
                experimentos.problem(where, "variant '" ~ label ~ "' is given twice")
            ) %}
        {% endif %}
        {% if share is number and share is not boolean and 0 < share <= 1 %}
            {% set shares.total = shares.total + share %}
        {% else %}
            {% set shares.numbers = false %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "the planned share of variant '"
                    ~ given_label
                    ~ "' must be a number between 0 and 1, got '"
                    ~ share
                    ~ "'",
                )
            ) %}
        {% endif %}
        {% do experiment.variants.append({"label": label, "share": share}) %}
    {% endfor %}
    {% if variants | length < 2 %}
        {% do problems.append(experimentos.problem(where, "`variants` needs at least two")) %}
    {% elif shares.numbers and (shares.total - 1) | abs > 0.001 %}
        {% do problems.append(
            experimentos.problem(
                where,
                "the planned shares of `variants` add up to "
                ~ (shares.total | round(6))
                ~ ", not to 1",
            )
        ) %}
    {% endif %}
    {% if shares.numbers %}
        {% for variant in experiment.variants %}
            {% do variant.update({"share": variant.share / shares.total}) %}
        {% endfor %}
    {% endif %}
    {% do experimentos.read_control(experiment, given, problems) %}
{% endmacro %}

{% macro read_control(experiment, given, problems) %}
    {% set labels = experiment.variants | map(attribute="label") | reject("none") | list %}
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
    {% endif %}
    {% do experiment.update({"control": control}) %}
{% endmacro %}

{# The same id may serve two experiments only at different times. #}
{% macro check_shared_ids(experiments) %}
    {% set users = {} %}
    {% for experiment in experiments if experiment.summary is none %}
        {% for id in experiment.ids %}
            {% set others = users.setdefault(experiment.kind ~ "|" ~ id, []) %}
            {% for other in others %}
                {% set apart = (
                    experiment.end and other.start and experiment.end <= other.start
                ) or (other.end and experiment.start and other.end <= experiment.start) %}
                {% if not apart %}
                    {% do experiment.problems.append(
                        experimentos.problem(
                            experiment.where,
                            "id '"
                            ~ id
                            ~ "' is also used by "
                            ~ other.where
                            ~ ", and their dates overlap",
                        )
                    ) %}
                {% endif %}
            {% endfor %}
            {% do others.append(experiment) %}
        {% endfor %}
    {% endfor %}
{% endmacro %}

{# Everything that can change a number of the experiment, and nothing else. #}
{% macro experiment_hash(experiment, given, found) %}
    {% set hashed = {
        "given": given.items()
        | rejectattr("0", "in", ["status"])
        | map("string")
        | list
        | sort,
        "metrics": [],
    } %}
    {% for pair in experiment.pairs %}
        {% do hashed.metrics.append(pair.metric.get("hash", pair.metric.name)) %}
    {% endfor %}
    {{ return(local_md5(tojson(hashed))) }}
{% endmacro %}
