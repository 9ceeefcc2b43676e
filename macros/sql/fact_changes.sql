-- fmt: off
{# Until when an experiment reads the sources of its windows without end, by index: until the last of its other
   windows is closed. #}
{% macro ends_of_reading(experiment, plan) %}
    {% set longest, ends = [0], {} %}
    {% for pair in experiment.pairs if not pair.get("is_endless", false) %}
        {% do longest.append(pair.metric.delay + pair.window) %}
    {% endfor %}
    {% for pair in experiment.pairs if pair.get("is_endless", false) %}
        {% for index in plan.needs[pair.plan_key] %}
            {% do ends.update(
                {index: [experiment.end, experiment.has_dated_assignments, longest | max]}
            ) %}
        {% endfor %}
    {% endfor %}
    {{ return(ends) }}
{% endmacro %}

{# What the sources are made of, by index, as texts. #}
{% macro facts_of_sources(found, plan) %}
    {% set facts = {} %}
    {% for source in plan.sources.values() %}
        {% set texts = [] %}
        {% for model in experimentos.source_models(source) %}
            {% do texts.append([model, found.facts[model].hashed] | string) %}
        {% endfor %}
        {% do facts.update({source.index: texts}) %}
    {% endfor %}
    {{ return(facts) }}
{% endmacro %}

{# [experiment, source, signature] of all that is read; the signature is what is read, as one text. #}
{% macro readings(found, plan) %}
    {% if "readings" in plan %} {{ return(plan.readings) }} {% endif %}
    {% set sources, rows = {}, [] %}
    {% for source in plan.sources.values() %} {% do sources.update({source.index: source}) %} {% endfor %}
    {% set facts = experimentos.facts_of_sources(found, plan) %}
    {% set numbering = experimentos.numbering(found) if plan.sources else none %}
    {% for experiment in found.experiments if experiment.summary is none and not experiment.is_archived %}
        {% set ends, needs = experimentos.ends_of_reading(experiment, plan), {} %}
        {% set run = invocation_id if experiment.get("activation") else "" %}
        {% for pair in experiment.pairs %}
            {% for index, texts in plan.needs[pair.plan_key].items() %}
                {% do needs.setdefault(index, []).extend(texts) %}
            {% endfor %}
        {% endfor %}
        {% for index, texts in needs.items() %}
            {% set read = [numbering, index, texts | unique | sort | list, facts[index], ends.get(index), run] %}
            {% do rows.append([experiment, sources[index], local_md5(tojson(read))]) %}
        {% endfor %}
    {% endfor %}
    {% do plan.update({"readings": rows}) %}
    {{ return(rows) }}
{% endmacro %}

{# One row per experiment: whether the source is read anew for it, since when units count as changed, and
   the days of the fact that are not as they were. #}
{% macro changes_of_source(source) %}
    {%- set prefix = source.index ~ "|" -%}
    {%- set changes = ref("experimentos__fact_changes") -%}
    select
        experiments.experiment_id as experiment,
        coalesce(
            max(
                case
                    when
                        (changes.item = '{{ source.index }}' or changes.day = {{ experimentos.no_day() }})
                        and changes.item not in ('units', 'as_of')
                    then 1
                    when changes.item = 'as_of' and changes.fingerprint < changes.earlier_fingerprint
                    then 1
                    else 0
                end
            ),
            0
        )
        = 1 as is_whole,
        max(
            case
                when changes.item = 'units'
                then cast(coalesce(changes.earlier_fingerprint, '0001-01-01') as timestamp)
            end
        ) as units_since,
        max(
            case
                -- without an end of data there was nothing to read
                when changes.item = 'as_of'
                then
                    cast(
                        coalesce(nullif(changes.earlier_fingerprint, ''), '0001-01-01') as timestamp
                    )
            end
        ) as earlier_as_of,
        min(
            case when changes.day > {{ experimentos.no_day() }} then cast(changes.day as timestamp) end
        ) as first_day,
        max(
            case when changes.day > {{ experimentos.no_day() }} then cast(changes.day as timestamp) end
        ) as last_day
    from {{ ref("experimentos__experiments") }} as experiments
    left join
        {{ changes }} as changes
        on experiments.experiment_id = changes.experiment
        and (
            changes.item in ('units', 'as_of', '{{ source.index }}')
            or changes.item like '{{ prefix }}%'
        )
    group by experiments.experiment_id
{% endmacro %}

{# Whether all of a unit is read again: it is new or has changed, its experiment reads the source in
   another way, or a day of its window before exposure is not as it was. #}
{% macro is_fresh(source) %}
    {%- set covariate_seconds = experimentos.covariate_span(source) -%}
    (
        changes.is_whole
        or coalesce(analysed.changed_at > changes.units_since, false)
        or coalesce(analysed.anchor_at >= changes.earlier_as_of, false)
        or coalesce(
            analysed.exposed_at >= changes.first_day
            and {{ experimentos.add_seconds("analysed.exposed_at", -covariate_seconds) }}
            < {{ experimentos.add_seconds("changes.last_day", 86400) }},
            false
        )
    )
{% endmacro %}

{# Of a funnel a day is read again in all of its models: its rows do not say which they are of. #}
{% macro join_changed_days(source, fact) %}
    {%- if fact.is_dated %}
        {%- set items = [] %}
        {%- for model in experimentos.source_models(source) %}
            {%- do items.append(source.index ~ "|" ~ model) %}
        {%- endfor %}
        left join
            (
                select distinct experiments.experiment_index, changes.day
                from {{ ref("experimentos__fact_changes") }} as changes
                inner join
                    {{ ref("experimentos__experiments") }} as experiments
                    on changes.experiment = experiments.experiment_id
                where
                    changes.item in ({{ experimentos.text_literals(items) }})
                    and changes.day > {{ experimentos.no_day() }}
            ) as changed_days
            on units.experiment_index = changed_days.experiment_index
            and cast(events.event_at as date) = changed_days.day
    {%- endif %}
{% endmacro %}

{# Where reading has to begin, as a text; none: at the first row. #}
{% macro first_change(source, fact) %}
    {% set covariate_seconds = experimentos.covariate_span(source) %}
    {% set query %}
        select
            max(case when changes.is_whole then 1 else 0 end),
            min(changes.first_day),
            min(fresh.exposed_at)
        from ({{ experimentos.changes_of_source(source) }}) as changes
        left join
            (
                select experiments.experiment_id, min(analysed.exposed_at) as exposed_at
                from {{ ref("experimentos__analysed_units") }} as analysed
                inner join
                    {{ ref("experimentos__experiments") }} as experiments
                    on analysed.experiment_index = experiments.experiment_index
                inner join
                    ({{ experimentos.changes_of_source(source) }}) as changes
                    on experiments.experiment_id = changes.experiment
                where {{ experimentos.is_fresh(source) }}
                group by experiments.experiment_id
            ) as fresh
            on changes.experiment = fresh.experiment_id
        where
            changes.experiment in (
                select experiments.experiment_id
                from {{ ref("stg_experimentos__measures") }} as measures
                inner join
                    {{ ref("experimentos__experiments") }} as experiments
                    on measures.experiment_index = experiments.experiment_index
                where measures.source = {{ source.index }}
            )
    {% endset %}
    {% set row = run_query(query).rows[0] %}
    {% if row[0] == 1 %} {{ return(none) }} {% endif %}
    {% set day = modules.datetime.timedelta(days=1) %}
    {% set span = modules.datetime.timedelta(seconds=covariate_seconds) %}
    {% set starts = [] %}
    {% if row[1] is not none %} {% do starts.append(row[1]) %} {% endif %}
    {% if row[2] is not none %} {% do starts.append(row[2] - span - day) %} {% endif %}
    {{ return((starts | min | string)[:19] if starts else "9999-01-01") }}
{% endmacro %}

{# Before unit_days is added to: away with what is read again, and with arms that are no more. #}
{% macro forget_days() %}
    {%- if execute and experimentos.remembers() and is_incremental() %}
        {%- set definitions = experimentos.definitions() %}
        {%- set plan = experimentos.plan(definitions) %}
        {#- Subqueries that ask nothing of a row: of each row on its own they took most of an added day. -#}
        {%- set sources = plan.sources.values() | map(attribute="index") | list %}
        delete from {{ this }}
        where source not in ({{ ([-1] + sources) | join(", ") }});
        {%- for source in plan.sources.values() %}
            delete from {{ this }}
            where
                source = {{ source.index }}
                and {{ experimentos.arm_of(experimentos.cohort_of("unit_key")) }} not in (
                    select arms.arm_id
                    from {{ ref("stg_experimentos__measures") }} as measures
                    inner join
                        {{ ref("stg_experimentos__arms") }} as arms
                        on measures.experiment_index = arms.experiment_index
                    where measures.source = {{ source.index }}
                );
            {{ experimentos.forget_source(source) }}
        {%- endfor %}
    {%- endif %}
{% endmacro %}

{% macro forget_source(source) %}
    {%- set arm = experimentos.arm_of(experimentos.cohort_of("unit_key")) %}
    {%- set number = experimentos.remainder("unit_key", 1073741824) %}
    delete from {{ this }}
    where
        source = {{ source.index }}
        and (
            {{ experimentos.is_beyond(source) }}
            or {{ arm }} in (
                select arms.arm_id
                from ({{ experimentos.changes_of_source(source) }}) as changes
                inner join
                    {{ ref("experimentos__experiments") }} as experiments
                    on changes.experiment = experiments.experiment_id
                inner join
                    {{ ref("stg_experimentos__arms") }} as arms
                    on experiments.experiment_index = arms.experiment_index
                where changes.is_whole
            )
            or {{ number }} in (
                select units.unit_number
                from {{ ref("experimentos__units") }} as units
                inner join
                    {{ ref("experimentos__experiments") }} as experiments
                    on units.experiment_index = experiments.experiment_index
                inner join
                    ({{ experimentos.changes_of_source(source) }}) as changes
                    on experiments.experiment_id = changes.experiment
                where units.changed_at > changes.units_since
            )
            or {{ number }} in (
                select {{ experimentos.remainder("analysed.unit_key", 1073741824) }}
                from {{ ref("experimentos__analysed_units") }} as analysed
                inner join
                    {{ ref("experimentos__experiments") }} as experiments
                    on analysed.experiment_index = experiments.experiment_index
                inner join
                    ({{ experimentos.changes_of_source(source) }}) as changes
                    on experiments.experiment_id = changes.experiment
                where {{ experimentos.is_fresh(source) }} and not changes.is_whole
            )
            {%- for model in experimentos.source_models(source) %}
                or (
                    step >= 0
                    and {{ experimentos.arm_and_day("unit_key") }}
                    + {{ experimentos.days_of_step("step") }} in (
                        select
                            {{
                                experimentos.arm_and_day_of(
                                    "arms.arm_id", "cast(changes.day as timestamp)"
                                )
                            }}
                        from {{ ref("experimentos__fact_changes") }} as changes
                        inner join
                            {{ ref("experimentos__experiments") }} as experiments
                            on changes.experiment = experiments.experiment_id
                        inner join
                            {{ ref("stg_experimentos__arms") }} as arms
                            on experiments.experiment_index = arms.experiment_index
                        where
                            changes.item = '{{ source.index }}|{{ model }}'
                            and changes.day > {{ experimentos.no_day() }}
                    )
                )
            {%- endfor %}
        );
{% endmacro %}

{# Steps that no metric reads any more: a longer span, of whatever experiment, has left its rows to all. #}
{% macro is_beyond(source) %}
    {% if not experimentos.definitions().facts[source.model].is_dated %} {{ return("false") }} {% endif %}
    {% set first = "step < " ~ -experimentos.covariate_span(source) %}
    {% set ends = source.phases.values() | selectattr("side", "equalto", "post") | map(attribute="to") | list %}
    {% if source.is_exact or none in ends %} {{ return(first) }} {% endif %}
    {{ return(first ~ " or step >= " ~ (ends | max) // 43200) }}
{% endmacro %}

{# The days from the day of an anchor to the day of a step. #}
{% macro days_of_step(step) %}
    {{ return("cast(floor((greatest(" ~ step ~ ", 0) + 1) / 2.0) as integer)") }}
{% endmacro %}

{# Rows from before the 61st condition of any fact have no column for it yet. #}
{% macro fill_masks() %}
    {%- if experimentos.remembers() %}
        {%- set plan = experimentos.plan(experimentos.definitions()) %}
        {%- for mask in experimentos.mask_names(experimentos.plan_size(plan).masks)[1:] %}
            update {{ this }} set {{ mask }} = 0 where {{ mask }} is null;
        {%- endfor %}
    {%- endif %}
{% endmacro %}

{% macro note_days() %}
    {%- if execute %}
        {{ experimentos.fill_masks() }}
        {%- if experimentos.remembers() %}
            {%- set changed = ref("experimentos__fact_changes") %}
            {{ experimentos.note_late_days("days", changed) }}
            {{ experimentos.note_reads("days", changed) }};
            {{ experimentos.forget_sets() }}
        {%- endif %}
    {%- endif %}
{% endmacro %}
