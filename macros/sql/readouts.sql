{# How arms become readouts: all units of a variant, and where the split had phases, each phase. `rows` has
   a cohort, a segment and a level; gives arms' variant, population and what is shown. #}
{% macro shown_arms() %}
    select
        arms.arm_id,
        arms.experiment_index,
        arms.population,
        arms.variant,
        'all' as phase_segment,
        'all' as phase_value
    from {{ ref("stg_experimentos__arms") }} as arms
    union all
    select
        arms.arm_id,
        arms.experiment_index,
        arms.population,
        arms.variant,
        'phase' as phase_segment,
        arms.phase_label as phase_value
    from {{ ref("stg_experimentos__arms") }} as arms
    inner join
        {{ ref("stg_experimentos__phases") }} as phases
        on arms.experiment_index = phases.experiment_index
        and arms.phase = phases.phase
    where phases.n_phases > 1
{% endmacro %}

{# From which midnight on the units of a cohort are in the two bases. Null: never. Reads a relation with a
   cohort and matures_after, `pairs` and `experiments`. #}
{% macro enters_on(rows) %}
    case
        when pairs.is_dated
        then {{ experimentos.add_seconds(experimentos.day_of(rows ~ ".cohort"), 86400) }}
        else cast('0001-01-01' as timestamp)
    end
{% endmacro %}

{% macro matures_on(rows) %}
    case
        when not pairs.is_dated
        then cast('0001-01-01' as timestamp)
        when pairs.is_endless
        then
            case
                when experiments.observe_until <= experiments.data_as_of
                then {{ experimentos.end_of_day("experiments.observe_until") }}
            end
        when {{ rows }}.matures_after >= 0
        then
            {{
                experimentos.add_seconds(
                    experimentos.day_of(rows ~ ".cohort"),
                    "86400 * " ~ rows ~ ".matures_after",
                )
            }}
        else
            {{
                experimentos.add_seconds(
                    experimentos.day_of(rows ~ ".cohort"),
                    "(pairs.horizon_seconds + 86400 * "
                    ~ experimentos.lateness_of(rows ~ ".cohort")
                    ~ ")",
                )
            }}
    end
{% endmacro %}

{# Whether a cohort's units are in a readout: `bases` says which, `readouts` as of when. #}
{% macro is_read(rows) %}
    case
        when bases.basis = 'mature' or pairs.is_aged
        then {{ rows }}.matured_on <= readouts.as_of_day
        else {{ rows }}.entered_on <= readouts.as_of_day
    end
{% endmacro %}

{# Which readouts a metric has: earlier days and units with open windows need times. #}
{% macro has_readout() %}
    (
        (pairs.is_dated and (readouts.has_open or bases.basis = 'mature'))
        or (readouts.is_latest and bases.basis = 'mature')
    )
{% endmacro %}

{% macro two_bases() %}
    (
        select 'mature' as basis
        union all
        select 'all' as basis
    )
{% endmacro %}

{# The last step that lies before a midnight, counted from the day of the anchor. #}
{% macro last_step_before(day, midnight) %}
    {{ return("(2 * " ~ experimentos.whole_days(day, midnight) ~ " - 2)") }}
{% endmacro %}
