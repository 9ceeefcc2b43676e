-- fmt: off
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
