-- One row per experiment, source of events and day that is not as it was last read into
-- unit_days, and
-- per experiment whose units or definitions are not.
{%- set definitions = experimentos.definitions() %}
{%- set plan = experimentos.plan(definitions) %}
{%- set text = dbt.type_string() %}
{%- set rows, facts, known = [], [], {} %}
{%- if execute and experimentos.remembers() %}
    {%- for experiment, source, signature in experimentos.readings(definitions, plan) %}
        {%- do rows.append([experiment.name, source.index | string, signature]) %}
        {%- set covariate_seconds = experimentos.covariate_span(source) %}
        {%- for model in experimentos.source_models(source) %}
            {%- do known.update({(experiment.name, model): true}) %}
            {%- do facts.append(
                [
                    experiment.name,
                    source.index ~ "|" ~ model,
                    "fact " ~ model,
                    covariate_seconds,
                ]
            ) %}
        {%- endfor %}
    {%- endfor %}
    {#- What only an activation reads is read whole by every run; its changes are for health. -#}
    {%- for experiment in definitions.experiments
        if experiment.get("activation") and experiment.arms and not experiment.is_archived %}
        {%- set model = experiment.activation.model %}
        {%- if (experiment.name, model) not in known %}
            {%- do facts.append([experiment.name, "activation|" ~ model, "fact " ~ model, 0]) %}
        {%- endif %}
    {%- endfor %}
{%- endif %}

with

    signatures as (

        {{
            experimentos.values_table(
                [("experiment", text), ("item", text), ("fingerprint", text)], rows
            )
        }}

    ),

    facts as (

        {{
            experimentos.values_table(
                [
                    ("experiment", text),
                    ("item", text),
                    ("fact_item", text),
                    ("covariate_seconds", "bigint"),
                ],
                facts,
            )
        }}

    ),

    experiments as (

        select *
        from {{ ref("experimentos__experiments") }}
        where experiment_id in (select experiment from signatures)

    ),

    reached as (

        select
            facts.*,
            {{
                experimentos.add_seconds(
                    "experiments.starts_at", "(-facts.covariate_seconds - 86400)"
                )
            }} as since,
            experiments.data_as_of
        from facts
        inner join experiments on facts.experiment = experiments.experiment_id

    ),

    now_read as (

        -- Of a day within which the data end only a part is read.
        select
            reached.experiment,
            reached.item,
            days.day,
            case
                when
                    days.day > {{ experimentos.no_day() }}
                    and reached.data_as_of
                    < {{ experimentos.add_seconds("cast(days.day as timestamp)", 86400) }}
                then days.fingerprint || '|' || {{ experimentos.as_text("reached.data_as_of") }}
                else days.fingerprint
            end as fingerprint
        from reached
        inner join
            {{ ref("stg_experimentos__model_days") }} as days on reached.fact_item = days.item
        where
            days.day = {{ experimentos.no_day() }}
            or (
                cast(days.day as timestamp) < reached.data_as_of
                and {{ experimentos.add_seconds("cast(days.day as timestamp)", 86400) }}
                > reached.since
            )
        union all
        -- How far back this was: a day that comes later and lies after it is news.
        select
            experiment,
            'since|' || item,
            {{ experimentos.no_day() }},
            {{ experimentos.as_text("since") }}
        from reached
        where since is not null
        union all
        -- Units that were numbered anew make all that was read of them worthless.
        select
            signatures.experiment,
            signatures.item,
            {{ experimentos.no_day() }},
            signatures.fingerprint || '|' || coalesce(numbering.fingerprint, '')
        from signatures
        left join
            {{ ref("experimentos__reads") }} as numbering
            on numbering.reader = 'units'
            and numbering.item = 'numbering'
        union all
        select
            experiment_id,
            'as_of',
            {{ experimentos.no_day() }},
            coalesce({{ experimentos.as_text("data_as_of") }}, '')
        from experiments
        union all
        select
            experiments.experiment_id,
            'units',
            {{ experimentos.no_day() }},
            {{ experimentos.as_text("max(units.changed_at)") }}
        from {{ ref("experimentos__units") }} as units
        inner join experiments on units.experiment_index = experiments.experiment_index
        group by experiments.experiment_id

    )

    {{ experimentos.changed_reads("days", "now_read") }}
