-- fmt: off
{# Every fact that an experiment reads, once for each metric that it is read for, while its windows are
   open: how many days its data end before those that could be there. #}
{% macro health_awaited_facts() %}
    select
        awaited.experiment_id,
        awaited.fact,
        awaited.reader,
        awaited.fact_ends_at,
        awaited.needed_until,
        max(awaited.fact_ends_at) over (partition by awaited.experiment_id) as furthest,
        case
            when awaited.fact_ends_at < awaited.needed_until
            then {{ experimentos.whole_days("awaited.fact_ends_at", "awaited.needed_until") }}
            else 0
        end as n_days
    from
        (
            select
                experiments.experiment_id,
                measured.fact,
                measured.reader,
                facts.data_as_of as fact_ends_at,
                least(
                    {{ experimentos.start_of_day("experiments.as_of") }}, experiments.observe_until
                ) as needed_until
            from
                (
                    select measures.experiment_index, measures.fact, pairs.metric as reader
                    from {{ ref("stg_experimentos__measures") }} as measures
                    inner join {{ ref("stg_experimentos__pairs") }} as pairs on measures.pair_id = pairs.pair_id
                    {%- for experiment in experimentos.definitions().experiments
                        if experiment.get("activation") and experiment.arms and not experiment.is_archived %}
                    union all
                    select
                        {{ experiment.index }},
                        {{ experimentos.text_literal(experiment.activation.model) }},
                        'the activation'
                    {%- endfor %}
                ) as measured
            inner join experiments on measured.experiment_index = experiments.experiment_index
            inner join {{ ref("stg_experimentos__facts") }} as facts on measured.fact = facts.fact
            where
                facts.is_dated
                and facts.data_as_of is not null
                and experiments.starts_at < experiments.as_of
                and coalesce(experiments.data_as_of < experiments.observe_until, experiments.observe_until is null)
        ) as awaited
{% endmacro %}

{# The data of an experiment end where those of its last fact do: which that is, and what waits for it. #}
{% macro health_freshness() %}
    {%- set double = experimentos.type_double() %}
    {%- set day = "substr(" ~ experimentos.as_text("late.fact_ends_at") ~ ", 1, 10)" %}
    select
        behind.experiment_id,
        'freshness' as check_name,
        cast(behind.n_days as {{ double }}) as observed,
        {{ experimentos.graded("behind.n_days") }},
        coalesce(
            behind.facts
            || case
                when behind.first_ends_at < behind.furthest
                then
                    '. All metrics are read up to the earliest end, though other facts go up to '
                    || substr({{ experimentos.as_text("behind.furthest") }}, 1, 10)
                else ''
            end
            || coalesce('. The look(s) of ' || due.looks || ' wait for it', ''),
            'every fact has all the data there can be'
        ) as message
    from
        (
            select
                late.experiment_id,
                max(late.n_days) as n_days,
                min(late.fact_ends_at) as first_ends_at,
                max(late.furthest) as furthest,
                max(late.needed_until) as needed_until,
                {{
                    experimentos.text_list(
                        "case when late.n_days > 0 then late.fact || ' ends on ' || " ~ day ~ " || ', ' || "
                        ~ experimentos.as_text("late.n_days")
                        ~ " || ' day(s) behind; for it wait ' || late.readers end"
                    )
                }} as facts
            from
                (
                    select
                        experiment_id,
                        fact,
                        max(fact_ends_at) as fact_ends_at,
                        max(furthest) as furthest,
                        max(needed_until) as needed_until,
                        max(n_days) as n_days,
                        {{ experimentos.text_list("reader") }} as readers
                    from awaited_facts
                    group by experiment_id, fact
                ) as late
            group by late.experiment_id
        ) as behind
    left join
        (
            select
                looks.experiment_id,
                {{ experimentos.text_list("substr(" ~ experimentos.as_text("looks.look_at") ~ ", 1, 10)") }} as looks
            from {{ ref("stg_experimentos__looks") }} as looks
            inner join
                (
                    select experiment_id, min(fact_ends_at) as ends_at, max(needed_until) as needed_until
                    from awaited_facts
                    group by experiment_id
                ) as awaited
                on looks.experiment_id = awaited.experiment_id
                and looks.look_at > awaited.ends_at
                and looks.look_at <= awaited.needed_until
            group by looks.experiment_id
        ) as due
        on behind.experiment_id = due.experiment_id
    {{ experimentos.with_limits("behind", "'freshness'") }}
{% endmacro %}

{# Windows that lie before the first row of a fact hold nothing, whatever the units did. #}
{% macro health_assigned_before_facts() %}
    select
        early.experiment_id,
        'assigned_before_facts' as check_name,
        early.share as observed,
        {{ experimentos.graded("early.share") }},
        coalesce(early.facts, 'no unit was assigned before the facts begin') as message
    from
        (
            select
                counted.experiment_id,
                max(counted.n_early * 1.0 / counted.n_units) as share,
                {{
                    experimentos.text_list(
                        "case when counted.n_early > 0 then counted.fact || ' begins on ' || substr("
                        ~ experimentos.as_text("counted.first_at")
                        ~ ", 1, 10) || ', after ' || "
                        ~ experimentos.percent_text("counted.n_early * 1.0 / counted.n_units", 2)
                        ~ " || ' of the units were assigned: their windows are partly empty' end"
                    )
                }} as facts
            from
                (
                    select
                        facts.experiment_id,
                        facts.fact,
                        facts.first_at,
                        sum(counts.n_units) as n_units,
                        sum(
                            case
                                when counts.assigned_on < cast(facts.first_at as date)
                                then counts.n_units
                                else 0
                            end
                        ) as n_early
                    from facts
                    inner join
                        {{ ref("experimentos__assignment_counts") }} as counts
                        on facts.experiment_id = counts.experiment_id
                    where counts.population = 'analysed' and counts.segment = 'all'
                    group by facts.experiment_id, facts.fact, facts.first_at
                    having sum(counts.n_units) > 0
                ) as counted
            group by counted.experiment_id
        ) as early
    {{ experimentos.with_limits("early", "'assigned_before_facts'") }}
{% endmacro %}
