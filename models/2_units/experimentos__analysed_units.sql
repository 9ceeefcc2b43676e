-- One row per arm and unit that is analysed in it. A unit that was activated is also in an arm of
-- population 'activated', whose windows start at the activation.
{{ config(materialized="view") }}
{%- set definitions = experimentos.definitions() %}
{%- set segments = experimentos.used_segments(definitions) %}

select
    arm_id,
    experiment_index,
    unit,
    {{ experimentos.unit_key("arm_id", "exposed_at", "unit_number") }} as unit_key,
    exposed_at as anchor_at,
    exposed_at,
    changed_at
    {%- for segment in segments %}, segment_{{ loop.index0 }} {%- endfor %}
from {{ ref("experimentos__units") }}
where exclusion is null
{%- if experimentos.has_activation(definitions) %}
    union all
    select
        arms.arm_id,
        units.experiment_index,
        units.unit,
        {{ experimentos.unit_key("arms.arm_id", "activations.activated_at", "units.unit_number") }}
        as unit_key,
        activations.activated_at as anchor_at,
        units.exposed_at,
        units.changed_at
        {%- for segment in segments %}, units.segment_{{ loop.index0 }} {%- endfor %}
    from {{ ref("experimentos__units") }} as units
    inner join
        {{ ref("experimentos__activations") }} as activations
        on units.experiment_index = activations.experiment_index
        and units.unit = activations.unit
    inner join
        {{ ref("stg_experimentos__arms") }} as arms
        on units.arm_id = arms.assigned_arm_id
        and arms.population = 'activated'
    where units.exclusion is null
    {%- else %}
    -- depends_on: {{ ref("experimentos__activations") }}, {{ ref("stg_experimentos__arms") }}
    {%- endif %}
