-- fmt: off
{# Days that changed after the time in which rows of their model may come late (`lookback`), for health. What
   they enter is computed again like that of any day; but people have seen it as it was. Noted by the models
   that take the days in, with the end of data of the experiment: in runs of later data they are no news. #}

{# [experiment, item in model_days, model, lookback] of the models without `loaded_at`. What changed in a fact
   says which experiment it is for, so that facts have no experiment here. #}
{% macro told_models(reader, found) %}
    {% set rows = [] %}
    {% if reader == "days" %}
        {% for fact in found.facts.values() if fact.is_dated and not fact.get("loaded_at") %}
            {% do rows.append(["", "fact " ~ fact.name, fact.name, fact.lookback]) %}
        {% endfor %}
        {{ return(rows) }}
    {% endif %}
    {% for experiment in found.experiments if experiment.summary is none and not experiment.is_archived %}
        {% for table in experimentos.assignment_tables(experiment, found) if table.is_dated and not table.loaded_at %}
            {% do rows.append(
                [experiment.name, "assignments " ~ table.name, table.name, table.lookback]
            ) %}
        {% endfor %}
    {% endfor %}
    {{ return(rows) }}
{% endmacro %}

{# Before a reader notes that it has taken in `changed`: of the days that had been whole, and older than
   `lookback`, when the experiment last read its facts, those whose rows are not what they were. #}
{% macro note_late_days(reader, changed) %}
    {%- set reads = experimentos.earlier("experimentos__reads") %}
    {%- set told = experimentos.told_models(reader, experimentos.definitions()) %}
    {%- if reads is not none and told and experimentos.builds_all_above(model.unique_id) %}
        {%- set begins = "cast(changed.day as timestamp)" %}
        {%- set ends = experimentos.add_seconds(begins, 86400) %}
        insert into {{ reads }} (reader, experiment, item, day, fingerprint, changed_at)
        select distinct
            'late',
            experiments.experiment_id,
            told.model,
            changed.day,
            {{ experimentos.as_text("experiments.data_as_of") }},
            {{ experimentos.run_stamp() }}
        from {{ changed }} as changed
        {{ experimentos.join_told(reader, told) }}
        inner join
            {{ reads }} as earlier
            on earlier.reader = 'days'
            and earlier.item = 'as_of'
            and earlier.experiment = experiments.experiment_id
        left join
            ({{ experimentos.days_noted(reader, reads) }}) as noted
            on changed.experiment = noted.experiment
            and changed.item = noted.item
        left join
            {{ ref("stg_experimentos__model_days") }} as days
            on told.days_item = days.item
            and changed.day = days.day
        where
            changed.day > {{ experimentos.no_day() }}
            and {{ experimentos.add_seconds(begins, "(told.lookback + 86400)") }}
            <= cast(nullif(nullif(earlier.fingerprint, ''), '(gone)') as timestamp)
            and {{ ends }} <= experiments.data_as_of
            {%- if reader == "assigned" %}
                and {{ ends }} > experiments.starts_at
                and ({{ begins }} < experiments.ends_at or experiments.ends_at is null)
            {%- else %}
                and ({{ begins }} < experiments.observe_until or experiments.observe_until is null)
            {%- endif %}
            and {{ experimentos.is_restated() }};
    {%- endif %}
{% endmacro %}

{# What has changed beside its model and its experiment. #}
{% macro join_told(reader, told) %}
    {%- set columns = [] %}
    {%- for name in ["experiment", "days_item", "model"] %}
        {%- do columns.append((name, dbt.type_string())) %}
    {%- endfor %}
    {%- set is_fact = reader == "days" %}
    inner join
        ({{ experimentos.values_table(columns + [("lookback", "bigint")], told) }}) as told
        on {{ "substr(changed.item, position('|' in changed.item) + 1) = told.model"
        if is_fact else "changed.item = told.days_item" }}
    inner join
        {{ ref("experimentos__experiments") }} as experiments
        on {{ "changed" if is_fact else "told" }}.experiment = experiments.experiment_id
{% endmacro %}

{# Since when days were read before: a longer covariate or another start reaches further back, and rows of
   an earlier day are no news then. Of assignments all days are read. #}
{% macro days_noted(reader, reads) %}
    {%- if reader == "days" %}
        select
            experiment,
            substr(item, {{ "since|" | length + 1 }}) as item,
            cast(fingerprint as timestamp) as since
        from {{ reads }}
        where reader = 'days' and item like 'since|%' and fingerprint != '(gone)'
    {%- else %}
        select experiment, item, cast({{ experimentos.no_day() }} as timestamp) as since
        from {{ reads }}
        where reader = '{{ reader }}' and day > {{ experimentos.no_day() }}
        group by experiment, item
    {%- endif %}
{% endmacro %}

{# Whether rows are not what they were; not where another span is read, or other columns are compared. #}
{% macro is_restated() %}
    case
        when changed.fingerprint is null
        then
            days.day is null
            and told.days_item in (select item from {{ ref("stg_experimentos__model_days") }})
        when changed.earlier_fingerprint is null
        then {{ experimentos.add_seconds("cast(changed.day as timestamp)", 86400) }} > noted.since
        else
            {{ experimentos.set_of("changed.fingerprint") }}
            = {{ experimentos.set_of("changed.earlier_fingerprint") }}
    end
{% endmacro %}

{# Notes of earlier data are no news any more. #}
{% macro forget_late_days() %}
    {%- set reads = experimentos.earlier("experimentos__reads") %}
    {%- if reads is not none %}
        delete from {{ reads }} as notes
        where
            reader = 'late'
            and not exists (
                select 1
                from {{ ref("experimentos__experiments") }} as experiments
                where
                    experiments.experiment_id = notes.experiment
                    and {{ experimentos.as_text("experiments.data_as_of") }} = notes.fingerprint
            );
    {%- endif %}
{% endmacro %}
