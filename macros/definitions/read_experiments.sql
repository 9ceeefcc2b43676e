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
    {% for row in found.experiment_rows %}
        {% set experiment = experimentos.read_experiment(row.node, row.given, found) %}
        {% do experiment.problems.extend(row.problems) %}
        {% do experiments.append(experiment) %}
    {% endfor %}
    {% do experimentos.check_shared_ids(experiments) %}
    {{ return(experiments) }}
{% endmacro %}

{% macro read_experiment(node, given, found) %}
    {% set problems = [] %}
    {% set where = "exposure " ~ node.name ~ " (" ~ node.original_file_path ~ ")" %}
    {% set where = node.get("where") or where %}
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
        "phases": [],
        "pairs": [],
        "ids": [],
        "segments": [],
        "segments_daily": false,
        "activation": none,
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
        problems, where, given, experimentos.experiment_keys(), experimentos.refused_keys()
    ) %}
    {% do experiment.update(experimentos.read_options(where, given, problems)) %}
    {% do experiment.update({"prior": experimentos.checked_prior(where, given, none, problems)}) %}
    {% do experiment.update(
        {
            "limits": experimentos.read_limits(
                where ~ ", `health`",
                given.get("health"),
                experimentos.project_limits().limits,
                "experiment",
                problems,
            )
        }
    ) %}
    {% do experiment.update({"summary": experimentos.read_summary(node, given, where, problems)}) %}
    {% do experiment.update({"kind": experimentos.read_kind(experiment, given, found, problems)}) %}
    {% do experiment.update({"ids": experimentos.read_ids(node, where, given, problems)}) %}
    {% set tables = experimentos.assignment_tables(experiment, found) %}
    {% do experiment.update(experimentos.read_dates(experiment, given, tables, problems)) %}
    {% do experimentos.read_variants(experiment, given, problems) %}
    {% do experimentos.read_roles(experiment, given, found, problems) %}
    {% do experimentos.read_population(experiment, given, found, tables, problems) %}
    {% do experimentos.settle_design(experiment, given.get("monitoring"), problems) %}
    {% do experimentos.check_start(experiment, problems) %}
    {% do experiment.update(
        {"hash": experimentos.experiment_hash(experiment, given, found, tables)}
    ) %}
    {% do experiment.update({"plan_hash": experimentos.plan_hash(experiment)}) %}
    {{ return(experiment) }}
{% endmacro %}

{% macro experiment_keys() %}
    {% set when = ["id", "start", "end", "status"] %}
    {% set who = ["unit", "control", "variants", "segments", "segments_daily", "activation"] %}
    {% set what = ["success", "guardrails", "explore", "summary"] %}
    {% set how = ["alpha", "alpha_harm", "power", "mde", "prior"] %}
    {% set tests = ["monitoring", "correction", "health"] %}
    {{ return(when + who + what + how + tests) }}
{% endmacro %}

{# Keys that people try, and what to write instead. #}
{% macro refused_keys() %}
    {{
        return(
            {
                "override": "stands under `monitoring`: write `monitoring: {override: why the plan was changed}`",
                "thresholds": "is not a key: limits of health checks stand under `health`, and verdicts follow "
                ~ "`alpha`, `alpha_harm`, `power` and the margins of guardrails",
            }
        )
    }}
{% endmacro %}

{% macro read_options(where, given, problems) %}
    {% set options = {
        "alpha": 0.05,
        "alpha_harm": none,
        "power": 0.8,
        "correction": "holm",
        "status": "running",
        "mde": none,
    } %}
    {% set ranges = [("alpha", 0, 0.5), ("alpha_harm", 0, 0.5), ("power", 0.5, 1)] %}
    {% for key, low, high in ranges if key in given %}
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
    {# As given, for edits: where it follows alpha, an edit of alpha is told once. #}
    {% do options.update({"given_alpha_harm": options.alpha_harm}) %}
    {% if options.alpha_harm is none %}
        {% do options.update({"alpha_harm": options.alpha / 2}) %}
    {% endif %}
    {% set statuses = ["draft", "running", "stopped", "archived"] %}
    {% for key, allowed in [
        ("correction", experimentos.corrections()),
        ("status", statuses),
    ] if key in given %}
        {% set asked = given[key] | string | lower %}
        {% if key == "correction" and asked in experimentos.discovery_corrections() %}
            {% do problems.append(
                experimentos.problem(
                    where,
                    "`correction: "
                    ~ given[key]
                    ~ "` holds down the share of false discoveries, which does not bound how often "
                    ~ "a verdict is wrong: it is for segments and explore, and may not decide",
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
    {% do options.update(experimentos.read_monitoring(where, given.get("monitoring"), problems)) %}
    {{ return(options) }}
{% endmacro %}

{# Family-wise corrections of the success metrics: they may decide. #}
{% macro corrections() %}
    {{ return(["holm", "bonferroni", "hommel", "closed", "dunnett"]) }}
{% endmacro %}

{# Corrections of the false discovery rate, by the names that people give them. #}
{% macro discovery_corrections() %}
    {% set names = "benjamini_hochberg fdr_bh bh benjamini_yekutieli fdr_by by e_bh fdr" %}
    {{ return(names.split(" ")) }}
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

{% macro read_dates(experiment, given, tables, problems) %}
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
    {% set dated = experimentos.own_tables(tables) | selectattr("is_dated") | list %}
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

{# The tables that may hold an experiment's rows, which are united: those named after it by a literal, and
   all that have an experiment column. #}
{% macro assignment_tables(experiment, found) %}
    {% set tables = [] %}
    {% for table in found.assignments if experiment.kind in table.units and experiment.summary is none %}
        {% if (
            table.experiment is not mapping
            or table.experiment["literal"] | string in experiment.ids
        ) %}
            {% do tables.append(table) %}
        {% endif %}
    {% endfor %}
    {{ return(tables) }}
{% endmacro %}

{# Of these the tables that are sure to hold its rows, which say whether it has times: another's column
   may never name it. Without any, all. #}
{% macro own_tables(tables) %}
    {% set named = [] %}
    {% for table in tables if table.experiment is mapping %}
        {% do named.append(table) %}
    {% endfor %}
    {{ return(named or tables) }}
{% endmacro %}

{# Facts with times are read from the exposure on, and without assignment times that is `start`. #}
{% macro check_start(experiment, problems) %}
    {% set dated = experiment.pairs | selectattr("metric.is_dated") | list %}
    {% set dated = dated or experiment.activation is not none %}
    {% if dated and experiment.start is none and not experiment.has_dated_assignments %}
        {% do problems.append(
            experimentos.problem(
                experiment.where,
                "`start` is missing: assignments without a time are exposed at `start`",
            )
        ) %}
    {% endif %}
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
{% macro experiment_hash(experiment, given, found, tables) %}
    {% set hashed = {
        "given": given.items()
        | rejectattr("0", "in", ["status", "health"])
        | map("string")
        | list
        | sort,
        "metrics": [],
        "assignments": tables | map(attribute="hashed") | list,
    } %}
    {% for pair in experiment.pairs %}
        {% do hashed.metrics.append(pair.metric.get("hash", pair.metric.name)) %}
    {% endfor %}
    {% if experiment.segments %}
        {% set levels = experimentos.segment_levels() %}
        {% set read = [] %}
        {% for table in tables %}
            {% for name in experiment.segments %}
                {% do read.append(table.segments.get(name)) %}
            {% endfor %}
        {% endfor %}
        {% do hashed.update({"segments": [levels, read]}) %}
    {% endif %}
    {% set blocks = experimentos.own_blocks(experiment) %}
    {% if blocks %} {% do hashed.update({"health": blocks}) %} {% endif %}
    {% if experiment.activation is not none and experiment.activation.model in found.facts %}
        {% do hashed.update({"activation": found.facts[experiment.activation.model].hashed}) %}
    {% endif %}
    {{ return(local_md5(tojson(hashed))) }}
{% endmacro %}
