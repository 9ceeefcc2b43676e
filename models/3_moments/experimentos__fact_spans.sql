-- One row per experiment and model with times that it reads: where the history of a fact begins,
-- its rows that lie before all of it or in the future, an end that does, and its days that changed
-- later than rows may come. Of assignment models only those with such days.
-- depends_on: {{ ref("experimentos__unit_days") }}
{{ config(post_hook="{{ experimentos.keep_in_archive() }}") }}
{%- set columns = ["first_at", "n_ancient", "n_future", "ahead_until"] %}
with

    experiments as (

        select *
        from {{ ref("experimentos__experiments") }}
        where {{ experimentos.is_active("experiment_id") }}

    ),

    spans as (

        select experiments.experiment_id, facts.*
        from
            (
                select distinct experiment_index, fact from {{ ref("stg_experimentos__measures") }}
            ) as measures
        inner join experiments on measures.experiment_index = experiments.experiment_index
        inner join {{ ref("stg_experimentos__facts") }} as facts on measures.fact = facts.fact
        where facts.is_dated and facts.first_at is not null

    ),

    late_days as (

        select
            experiments.experiment_id,
            reads.item as fact,
            cast(count(distinct reads.day) as bigint) as n_late_days,
            min(reads.day) as first_late_day
        from {{ ref("experimentos__reads") }} as reads
        inner join
            experiments
            on reads.experiment = experiments.experiment_id
            and reads.fingerprint = {{ experimentos.as_text("experiments.data_as_of") }}
        where reads.reader = 'late'
        group by experiments.experiment_id, reads.item

    )

select
    coalesce(spans.experiment_id, late_days.experiment_id) as experiment_id,
    coalesce(spans.fact, late_days.fact) as fact,
    {%- for column in columns %} spans.{{ column }}, {%- endfor %}
    coalesce(late_days.n_late_days, 0) as n_late_days,
    late_days.first_late_day
from spans
full outer join
    late_days on spans.experiment_id = late_days.experiment_id and spans.fact = late_days.fact
    {{
        experimentos.archived_rows(
            ["experiment_id", "fact"] + columns + ["n_late_days", "first_late_day"]
        )
    }}
