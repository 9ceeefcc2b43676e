-- One row per metric, cohort, basis, segment and step at which anything changes: moments of the
-- units
-- with events, from one step in time after exposure to the next.
{%- set plan = experimentos.plan(experimentos.definitions()) %}
{%- set masks = experimentos.mask_names(experimentos.plan_size(plan).masks) %}
{%- set text = dbt.type_string() %}
{%- set plain = [-1] %}
{%- for shape in plan.shapes.values() if experimentos.is_plain(shape) %}
    {%- do plain.append(shape.index) %}
{%- endfor %}
{%- set names = (
    ["n_active", "n_events", "n_skipped", "n_capped"]
    + experimentos.moment_names()
    + ["m3_num"]
) %}

with

    of_classes as (

        select
            measures.experiment_index,
            measures.pair_id,
            moments.cohort,
            -1 as matures_after,
            cast('both' as {{ text }}) as basis,
            cast('all' as {{ text }}) as segment,
            cast('all' as {{ text }}) as segment_value,
            moments.step_from,
            moments.step_to
            {%- for name in names %}, moments.{{ name }} {%- endfor %}
        from {{ ref("experimentos__class_moments") }} as moments
        inner join
            {{ ref("stg_experimentos__arms") }} as arms
            on {{ experimentos.arm_of("moments.cohort") }} = arms.arm_id
        inner join
            {{ ref("experimentos__class_measures") }} as measures
            on arms.experiment_index = measures.experiment_index
            and moments.source = measures.source
            and moments.shape = measures.shape
            {%- for mask in masks %} and moments.{{ mask }} = measures.{{ mask }} {%- endfor %}
        where
            measures.is_whole
            and measures.slice is null
            and measures.shape in ({{ plain | join(", ") }})

    ),

    united as (

        select *
        from of_classes
        union all
        select
            pairs.experiment_index,
            moments.pair_id,
            moments.cohort,
            moments.matures_after,
            moments.basis,
            moments.segment,
            moments.segment_value,
            moments.step_from,
            moments.step_to
            {%- for name in names %}, moments.{{ name }} {%- endfor %}
        from {{ ref("experimentos__pair_moments") }} as moments
        inner join {{ ref("stg_experimentos__pairs") }} as pairs on moments.pair_id = pairs.pair_id

    )

select *
from united
