{# Moments of what its classes alone do not give: several classes, caps, segments, slices and windows of
   hours. One row per cohort, metric, basis, segment and step at which anything changes. #}
{% macro pair_moments(definitions, plan) %}
    {%- set segments = experimentos.used_segments(definitions) %}
    {%- set has_part_days = experimentos.has_part_days(definitions) %}
    {%- set plain = experimentos.plain_shapes(plan) %}
    {%- set has_exact = experimentos.has_exact_closes(plan) or has_part_days %}
    {%- set needs_units = has_exact or segments | length > 0 %}
    {%- set caps_at_once = experimentos.caps_at_once(definitions, plan) %}
    {%- set reads_units = caps_at_once or experimentos.needs_unit_metrics(definitions, plan) %}
    {#- what is the same on all rows is no key: texts in a key cost more than the moments -#}
    {%- set all = "cast('all' as " ~ dbt.type_string() ~ ")" %}
    {%- set constants = {} %}
    {%- if not has_exact %} {%- do constants.update({"matures_after": "-1"}) %} {%- endif %}
    {%- if not experimentos.has_caps(plan) %}
        {%- do constants.update({"basis": "cast('both' as " ~ dbt.type_string() ~ ")"}) %}
    {%- endif %}
    {%- if not segments and not experimentos.has_slices(plan) %}
        {%- do constants.update({"segment": all, "segment_value": all}) %}
    {%- endif %}
    {%- set all_keys = [
        "cohort",
        "matures_after",
        "pair_id",
        "basis",
        "segment",
        "segment_value",
    ] %}
    {%- set keys = all_keys | reject("in", constants) | list %}
    {%- set all_filled = (
        plan.shapes.values() | rejectattr("is_zero_filled") | list | length == 0
        and plan.shapes.values() | rejectattr("threshold", "none") | list | length == 0
    ) %}
    {%- set daily_segments = experimentos.daily_segments(definitions) %}
    {%- set text = dbt.type_string() %}

    with

        {%- if reads_units %}
            -- What is read, and as which segment.
            readings as (

                select distinct
                    measures.pair_id,
                    measures.experiment_index,
                    measures.slice,
                    coalesce(measures.slice, 'all') as segment,
                    case when measures.slice is null then -1 else -2 end as segment_place
                from {{ experimentos.measures_of_classes(definitions, plan) }} as measures
                where
                    (
                        not measures.is_whole
                        or measures.slice is not null
                        or measures.shape not in ({{ plain | join(", ") }})
                    )
                    {%- if experimentos.joined_parts(definitions, plan) %}
                        and measures.pair_id not in (select pair_id from joined_classes)
                    {%- endif %}
                {%- for experiment in definitions.experiments if experiment.get("segments") %}
                    {%- for name in experiment.segments %}
                        union all
                        select
                            pair_id,
                            experiment_index,
                            cast(null as {{ text }}) as slice,
                            {{ experimentos.text_literal(name) }} as segment,
                            {{ segments.index(name) }} as segment_place
                        from {{ ref("stg_experimentos__pairs") }}
                        where experiment_index = {{ experiment.index }}
                    {%- endfor %}
                {%- endfor %}

            ),

            -- With all that is said of them in one relation: planners guess badly how many rows
            -- of units are left, and would put all of them into a hash table for each small one.
            asked as materialized(

                select
                    readings.*,
                    arms.arm_id,
                    pairs.is_dated,
                    pairs.is_endless,
                    pairs.horizon_seconds,
                    experiments.data_as_of,
                    coalesce(caps.basis, 'both') as basis
                    {%- for x in experimentos.moment_means() %}
                        , caps.upper_{{ x }}, caps.lower_{{ x }}
                    {%- endfor %}
                from readings
                inner join
                    {{ ref("stg_experimentos__pairs") }} as pairs
                    on readings.pair_id = pairs.pair_id
                inner join
                    {{ ref("experimentos__experiments") }} as experiments
                    on pairs.experiment_index = experiments.experiment_index
                inner join
                    {{ ref("stg_experimentos__arms") }} as arms
                    on pairs.experiment_index = arms.experiment_index
                left join
                    {{ experimentos.caps_relation(definitions, plan) }} as caps
                    on readings.pair_id = caps.pair_id
                    and arms.population = caps.population
                where pairs.quantile_level is null

            ),

            numbers as (

                select
                    {{ experimentos.cohort_of("unit_metrics.unit_key") }} as cohort,
                    {% if has_exact -%}
                        case
                            when
                                asked.is_dated
                                and not asked.is_endless
                                and {{
                                    (
                                        "true"
                                        if has_part_days
                                        else "asked.horizon_seconds % 86400 > 0"
                                    )
                                }}
                            then
                                {{
                                    experimentos.days_until_closed(
                                        "units.anchor_at",
                                        "asked.horizon_seconds",
                                        "asked.data_as_of",
                                    )
                                }}
                            else -1
                        end
                    {%- else -%} -1
                    {%- endif %} as matures_after,
                    asked.pair_id,
                    asked.basis,
                    asked.segment,
                    case
                        when asked.segment_place = -1
                        then 'all'
                        when asked.segment_place = -2
                        then unit_metrics.item
                        {%- for name in segments %}
                            when asked.segment_place = {{ loop.index0 }}
                            then units.segment_{{ loop.index0 }}
                        {%- endfor %}
                    end as segment_value,
                    unit_metrics.step_from,
                    unit_metrics.step_to,
                    {%- for x in experimentos.moment_means() %}
                        {{ experimentos.within_caps("unit_metrics." ~ x, x, "asked") }} as {{ x }},
                    {%- endfor %}
                    unit_metrics.n_events,
                    unit_metrics.n_skipped,
                    case
                        when
                            unit_metrics.num > asked.upper_num or unit_metrics.num < asked.lower_num
                        then 1
                        else 0
                    end as n_capped
                from asked
                inner join
                    {% if caps_at_once -%} unit_metrics
                    {%- else -%}
                        (
                            {{ experimentos.unit_metrics(definitions, plan, true) | indent(16) }}
                        ) as unit_metrics
                    {%- endif %} on asked.pair_id = unit_metrics.pair_id
                    {%- if experimentos.has_slices(plan) %}
                        and asked.slice is not distinct from unit_metrics.slice
                    {%- endif %}
                    and asked.arm_id
                    = {{ experimentos.arm_of(experimentos.cohort_of("unit_metrics.unit_key")) }}
                {%- if needs_units %}
                    inner join
                        {{ ref("experimentos__analysed_units") }} as units
                        on unit_metrics.unit_key = units.unit_key
                {%- endif %}
                where
                    (
                        asked.segment_place = -1
                        or unit_metrics.step_to = {{ experimentos.last_step() }}
                        or (
                            asked.segment_place >= 0
                            and asked.experiment_index in ({{ daily_segments | join(", ") }})
                        )
                    )

            ),
        {%- else %}

            numbers as (

                select
                    {{ experimentos.cohort_of("united.unit_key") }} as cohort,
                    united.pair_id,
                    united.step_from,
                    united.step_to,
                    {%- for x in experimentos.moment_means() %}
                        {% if all_filled -%} coalesce(united.{{ x }}, 0)
                        {%- else -%} {{ experimentos.finished(x, "pairs") }}
                        {%- endif %} as {{ x }},
                    {%- endfor %}
                    coalesce(united.n_events, 0) as n_events,
                    coalesce(united.n_skipped, 0) as n_skipped,
                    0 as n_capped
                from ({{ experimentos.unit_pairs(definitions, plan) }}) as united
                {%- if not all_filled %}
                    inner join
                        {{ ref("stg_experimentos__pairs") }} as pairs
                        on united.pair_id = pairs.pair_id
                {%- endif %}

            ),
        {%- endif %}

        cells as materialized(

            {{ experimentos.cells("select * from numbers", keys, experimentos.moment_means()) }}

        )
        {% if experimentos.is_daily() %}
            , covering as materialized({{ experimentos.covering_cells("cells", keys) | indent(4) }})
        {%- endif %}

    select
        {%- for key in all_keys %}
            {{ constants[key] ~ " as " ~ key if key in constants else key }},
        {%- endfor %}
        step_from,
        step_to
        {%- for name in experimentos.cell_columns() %}, {{ name }} {%- endfor %}
    from
        (
            {{ experimentos.moments_at_steps(keys) | indent(8) }}
            {%- if experimentos.joined_parts(definitions, plan) %}
                union all
                {{ experimentos.joined_moments(definitions, plan) | indent(8) }}
            {%- endif %}
        ) as moments
{% endmacro %}
