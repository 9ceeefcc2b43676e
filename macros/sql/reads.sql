-- fmt: off
{# What is to be taken in now (`current`: experiment, item, day, fingerprint) beside what has been. #}
{% macro changed_reads(reader, current) %}
    select
        coalesce(now_read.experiment, reads.experiment) as experiment,
        coalesce(now_read.item, reads.item) as item,
        coalesce(now_read.day, reads.day) as day,
        now_read.fingerprint,
        nullif(reads.fingerprint, '(gone)') as earlier_fingerprint
    from {{ current }} as now_read
    full outer join
        (select * from {{ ref("experimentos__reads") }} where reader = '{{ reader }}') as reads
        on now_read.experiment = reads.experiment
        and now_read.item = reads.item
        and now_read.day = reads.day
    where now_read.fingerprint is distinct from nullif(reads.fingerprint, '(gone)')
{% endmacro %}

{# Whether this run builds all of our models above one. Tables that another run left may go by other
   definitions, with other numbers of metrics and shapes. Where dbt does not say what it builds: yes. #}
{% macro builds_all_above(name) %}
    {% if selected_resources is not defined %} {{ return(true) }} {% endif %}
    {% set above = {} %}
    {% do experimentos.models_above(name, above) %}
    {{ return(above | reject("in", selected_resources) | list | length == 0) }}
{% endmacro %}

{% macro models_above(name, above) %}
    {% do above.update({name: true}) %}
    {% for parent in graph.nodes[name].depends_on.nodes if parent not in above %}
        {% if parent in graph.nodes and graph.nodes[parent].package_name == "experimentos" %}
            {% do experimentos.models_above(parent, above) %}
        {% endif %}
    {% endfor %}
{% endmacro %}

{# Nothing of what a reader has taken in is trusted any more: the next run takes in everything. #}
{% macro forget_reads(readers) %}
    {%- set reads = experimentos.earlier("experimentos__reads") %}
    {%- if reads is not none %}
        delete from {{ reads }} where reader in ({{ experimentos.text_literals(readers) }})
    {%- endif %}
{% endmacro %}

{# Whether it is known what a reader has taken in. #}
{% macro has_notes(reader) %}
    {% set reads = experimentos.earlier("experimentos__reads") %}
    {% if reads is none %} {{ return(false) }} {% endif %}
    {% set query = "select count(*) from " ~ reads ~ " where reader = '" ~ reader ~ "'" %}
    {{ return(run_query(query).rows[0][0] > 0) }}
{% endmacro %}

{# Writes down that everything in `changed` has been taken in. In the transaction of the model. #}
{% macro note_reads(reader, changed) %}
    {%- if experimentos.remembers() %}
        {%- set reads = experimentos.earlier("experimentos__reads") %}
        {%- if not experimentos.builds_all_above(model.unique_id) %}
            {{ experimentos.forget_reads([reader]) }}
        {%- elif reads is not none %}
            delete from {{ reads }}
            where
                reader = '{{ reader }}'
                and exists (
                    select 1
                    from {{ changed }} as changed
                    where
                        changed.experiment = {{ reads }}.experiment
                        and changed.item = {{ reads }}.item
                        and changed.day = {{ reads }}.day
                );
            insert into {{ reads }} (reader, experiment, item, day, fingerprint, changed_at)
            select
                '{{ reader }}',
                experiment,
                item,
                day,
                coalesce(fingerprint, '(gone)'),
                {{ experimentos.run_stamp() }}
            from {{ changed }} as changed
        {%- endif %}
    {%- endif %}
{% endmacro %}

{# The day that stands for no day: definitions, and models without times. #}
{% macro no_day() %} {{ return("date '0001-01-01'") }} {% endmacro %}

{# Rows of assigned_days that are read again, as a condition on its columns. #}
{% macro is_reassigned(rows) %}
    (
        not exists (
            select 1
            from {{ ref("stg_experimentos__arms") }} as arms
            where arms.experiment_index = {{ rows }}.experiment_index
        )
        or exists (
            select 1
            from {{ ref("stg_experimentos__assignment_changes") }} as changes
            where
                changes.item = 'assignments ' || {{ rows }}.model
                and changes.day = {{ rows }}.assigned_on
        )
        or exists (
            select 1
            from {{ ref("stg_experimentos__assignment_changes") }} as changes
            inner join
                {{ ref("experimentos__experiments") }} as experiments
                on changes.experiment = experiments.experiment_id
            where
                changes.item = 'population'
                and experiments.experiment_index = {{ rows }}.experiment_index
        )
    )
{% endmacro %}

{% macro forget_assigned_days() %}
    {%- if execute and experimentos.remembers() and is_incremental() %}
        insert into {{ ref("experimentos__touched_units") }} (experiment_index, unit)
        select distinct experiment_index, unit
        from {{ this }} as days
        where {{ experimentos.is_reassigned("days") }};
        delete from {{ this }}
        where {{ experimentos.is_reassigned(this.render()) }}
    {%- endif %}
{% endmacro %}

{# Whether this run forgets what a table of ours holds. #}
{% macro refreshes(name) %}
    {% if not flags.FULL_REFRESH or selected_resources is not defined %}
        {{ return(flags.FULL_REFRESH) }}
    {% endif %}
    {{ return("model.experimentos." ~ name in selected_resources) }}
{% endmacro %}

{# Rows that this run has written are those that were read again; all, where the table was lost. #}
{% macro note_assigned_days() %}
    {%- if execute and experimentos.remembers() %}
        {%- set units = experimentos.earlier("experimentos__units") %}
        {%- if is_incremental() %}
            insert into {{ ref("experimentos__touched_units") }} (experiment_index, unit)
            select distinct experiment_index, unit
            from {{ this }} as days
            where {{ experimentos.is_reassigned("days") }};
        {%- elif units is not none and not experimentos.refreshes("experimentos__units") %}
            insert into {{ ref("experimentos__touched_units") }} (experiment_index, unit)
            select experiment_index, unit
            from {{ this }}
            union
            select experiment_index, unit
            from {{ units }};
        {%- endif %}
        {%- set changed = ref("stg_experimentos__assignment_changes") %}
        {{ experimentos.forget_late_days() }}
        {{ experimentos.note_late_days("assigned", changed) }}
        {{ experimentos.note_reads("assigned", changed) }}
    {%- endif %}
{% endmacro %}

{# Units that were numbered anew cannot be told from the earlier ones by their numbers. #}
{% macro note_units() %}
    {%- if execute and experimentos.remembers() %}
        {%- if experimentos.builds_all_above(model.unique_id) %}
            delete from {{ ref("experimentos__touched_units") }};
            {%- for experiment in experimentos.definitions().experiments if experiment.is_archived %}
                delete from {{ this }} where experiment_index = {{ experiment.index }};
            {%- endfor %}
        {%- else %} {{ experimentos.forget_reads(["assigned"]) }};
        {%- endif %}
        {%- if not is_incremental() %}
            {%- set reads = experimentos.earlier("experimentos__reads") %}
            delete from {{ reads }} where reader = 'units';
            insert into {{ reads }} (reader, experiment, item, day, fingerprint, changed_at)
            values (
                'units',
                '',
                'numbering',
                {{ experimentos.no_day() }},
                {{ experimentos.as_text(experimentos.run_stamp()) }},
                {{ experimentos.run_stamp() }}
            )
        {%- endif %}
    {%- endif %}
{% endmacro %}

{# Everything in an experiment's definition that says who is in it. #}
{% macro population_hash(experiment, found) %}
    {% set tables = [] %}
    {% for table in found.assignments if experiment.kind in table.units %}
        {% set segments = {} %}
        {% for name in experiment.get("segments") or [] %}
            {% do segments.update({name: (table.get("segments") or {}).get(name)}) %}
        {% endfor %}
        {% do tables.append(
            [
                table.name,
                table.experiment | string,
                table.variant,
                table.units[experiment.kind],
                table.timestamp,
                segments,
            ]
        ) %}
    {% endfor %}
    {{
        return(
            local_md5(
                tojson(
                    [
                        experimentos.numbering(found),
                        experiment.ids,
                        experiment.start,
                        experiment.end,
                        experiment.kind,
                        experiment.arms | map(attribute="arm_id") | list,
                        experiment.get("phases") or [],
                        experimentos.used_segments(found),
                        experiment.status == "draft",
                        tables,
                    ]
                )
            )
        )
    }}
{% endmacro %}
