{# The numbers of units with events in metrics, whether they read one class of events or several.
   `for_moments`: only where the moments of classes are not those of the metric. #}
{% macro unit_metrics(definitions, plan, for_moments=false) %}
    {%- set shapes = plan.shapes.values() | list %}
    {%- set masks = experimentos.mask_names(experimentos.plan_size(plan).masks) %}
    {%- set weights = {
        "num": experimentos.has_weights(shapes, "num"),
        "den": experimentos.has_weights(shapes, "den"),
    } %}
    {%- set segmented = (
        definitions.experiments
        | selectattr("segments", "defined")
        | selectattr("segments")
        | map(attribute="index")
        | list
    ) %}

    {%- set at_once = experimentos.is_at_once(definitions, plan) %}
    {%- set capped = [] %}
    {%- for shape in shapes if not experimentos.is_plain(shape) %}
        {%- do capped.append(shape.index) %}
    {%- endfor %}

    with

        {%- if at_once %}
            -- In one relation: planners guess badly how many rows of units are left.
            asked_whole as materialized(

                select arms.arm_id, measures.*
                from class_measures as measures
                inner join
                    {{ ref("stg_experimentos__arms") }} as arms
                    on measures.experiment_index = arms.experiment_index
                where
                    measures.is_whole
                    and measures.shape not in ({{ experimentos.plain_shapes(plan) | join(", ") }})

            ),
        {%- endif %}

        read_whole as (

            select
                unit_events.unit_key,
                measures.pair_id,
                measures.slice,
                unit_events.item,
                unit_events.step_from,
                unit_events.step_to,
                {%- for side in ["num", "den"] %}
                    {%- for x in ["value", "weight", "cov", "cov_weight"] %}
                        {{ experimentos.shape_case(shapes, side ~ "_" ~ x) }} as {{ side }}_{{ x }},
                    {%- endfor %}
                {%- endfor %}
                {{ experimentos.shape_case(shapes, "events") }} as n_events,
                {{ experimentos.shape_case(shapes, "skipped") }} as n_skipped,
                measures.is_zero_filled,
                measures.threshold
            {%- if at_once %}
                from
                    (
                        select *
                        from unit_events
                        where
                            {%- for source in plan.sources.values() %}
                                {{ "or " if not loop.first }} (
                                    source = {{ source.index }}
                                    and {{
                                        experimentos.may_be_read(
                                            plan, source.index, capped
                                        ) or "true"
                                    }}
                                )
                            {%- endfor %}
                    ) as unit_events
                inner join
                    asked_whole as measures
                    on {{ experimentos.arm_of(experimentos.cohort_of("unit_events.unit_key")) }}
                    = measures.arm_id
                    and unit_events.source = measures.source
                    {%- for mask in masks %}
                        and unit_events.{{ mask }} = measures.{{ mask }}
                    {%- endfor %}
            {%- else %}
                from {{ ref("experimentos__unit_events") }} as unit_events
                inner join
                    {{ ref("stg_experimentos__arms") }} as arms
                    on {{ experimentos.arm_of(experimentos.cohort_of("unit_events.unit_key")) }}
                    = arms.arm_id
                inner join
                    {{ ref("experimentos__class_measures") }} as measures
                    on arms.experiment_index = measures.experiment_index
                    and unit_events.source = measures.source
                    {%- for mask in masks %} and unit_events.{{ mask }} = measures.{{ mask }}
                    {%- endfor %}
                where
                    measures.is_whole
                    {%- if for_moments %}
                        and (
                            measures.slice is not null
                            or measures.shape
                            not in ({{ experimentos.plain_shapes(plan) | join(", ") }})
                            {%- if segmented %}
                                or measures.experiment_index in ({{ segmented | join(", ") }})
                            {%- endif %}
                        )
                    {%- endif %}
            {%- endif %}

        ),

        united as (

            select
                unit_key,
                pair_id,
                slice,
                item,
                step_from,
                step_to,
                {%- for side in ["num", "den"] %}
                    {{ experimentos.single(side ~ "_value", side ~ "_weight", weights[side]) }}
                    as {{ side }},
                {%- endfor %}
                {%- for side in ["num", "den"] %}
                    {{ experimentos.single(side ~ "_cov", side ~ "_cov_weight", weights[side]) }}
                    as {{ side }}_cov,
                {%- endfor %}
                n_events,
                n_skipped,
                is_zero_filled,
                threshold
            from read_whole
            union all
            select
                unit_pairs.unit_key,
                unit_pairs.pair_id,
                unit_pairs.slice,
                unit_pairs.item,
                unit_pairs.step_from,
                unit_pairs.step_to,
                unit_pairs.num,
                unit_pairs.den,
                unit_pairs.num_cov,
                unit_pairs.den_cov,
                unit_pairs.n_events,
                unit_pairs.n_skipped,
                pairs.is_zero_filled,
                pairs.threshold
            from
                {% if experimentos.caps_at_once(definitions, plan) -%}
                    ({{ experimentos.unit_pairs(definitions, plan) }})
                {%- else -%} {{ ref("experimentos__unit_pairs") }}
                {%- endif %} as unit_pairs
            inner join
                {{ ref("stg_experimentos__pairs") }} as pairs on unit_pairs.pair_id = pairs.pair_id

        )

    select
        united.unit_key,
        united.pair_id,
        united.slice,
        united.item,
        united.step_from,
        united.step_to,
        {%- for x in experimentos.moment_means() %}
            {{ experimentos.finished(x, "united") }} as {{ x }},
        {%- endfor %}
        coalesce(united.n_events, 0) as n_events,
        coalesce(united.n_skipped, 0) as n_skipped
    from united
{% endmacro %}
