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
                and experiments.status != 'draft'
                and coalesce(experiments.data_as_of < experiments.observe_until, experiments.observe_until is null)
        ) as awaited
{% endmacro %}

{# Every fact that lags, with what is read from it. #}
{% macro health_late_facts() %}
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
{% endmacro %}

{# Looks that would be due if all facts went up to the build. #}
{% macro health_awaited_looks() %}
    select
        looks.experiment_id,
        {{ experimentos.text_list("substr(" ~ experimentos.as_text("looks.look_at") ~ ", 1, 10)") }} as looks
    from {{ ref("stg_experimentos__looks") }} as looks
    inner join
        (
            select experiment_id, min(fact_ends_at) as ends_at, max(needed_until) as needed_until
            from late_facts
            group by experiment_id
        ) as awaited
        on looks.experiment_id = awaited.experiment_id
        and looks.look_at > awaited.ends_at
        and looks.look_at <= awaited.needed_until
    group by looks.experiment_id
{% endmacro %}

{# The data of an experiment end where those of its last fact do: which that is, and what waits for it. #}
{% macro health_freshness() %}
    {%- set day = "substr(" ~ experimentos.as_text("fact_ends_at") ~ ", 1, 10)" %}
    select
        behind.experiment_id,
        'freshness' as check_name,
        cast(behind.n_days as {{ experimentos.type_double() }}) as observed,
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
            || coalesce('. The look(s) of ' || awaited_looks.looks || ' wait for it', ''),
            'every fact has all the data there can be'
        ) as message
    from
        (
            select
                experiment_id,
                max(n_days) as n_days,
                min(fact_ends_at) as first_ends_at,
                max(furthest) as furthest,
                {{
                    experimentos.text_list(
                        "case when n_days > 0 then fact || ' ends on ' || " ~ day ~ " || ', ' || "
                        ~ experimentos.as_text("n_days")
                        ~ " || ' day(s) behind; for it wait ' || readers end"
                    )
                }} as facts
            from late_facts
            group by experiment_id
        ) as behind
    left join awaited_looks on behind.experiment_id = awaited_looks.experiment_id
    {{ experimentos.with_limits("behind", "'freshness'") }}
{% endmacro %}
