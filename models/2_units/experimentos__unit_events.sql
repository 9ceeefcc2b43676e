-- One row per analysed unit, source, class of events and version: its running totals from one
-- step in
-- time to the next, over each span of time. Without daily series there is one version.
-- depends_on: {{ ref("experimentos__unit_days") }}, {{ ref("experimentos__analysed_units") }}
-- depends_on: {{ ref("stg_experimentos__facts") }}, {{ ref("experimentos__experiments") }}
-- depends_on: {{ ref("stg_experimentos__measures") }}, {{ ref("experimentos__stale_pairs") }}
-- depends_on: {{ ref("stg_experimentos__arms") }}
{%- for model in experimentos.listed_models("assignment_models") + experimentos.listed_models(
    "fact_models"
) %}
-- depends_on: {{ experimentos.user_ref(model) }}
{%- endfor %}
{%- set definitions = experimentos.definitions() %}
{%- set plan = experimentos.plan(definitions) %}
{%- set size = experimentos.plan_size(plan) %}
{%- set masks = experimentos.mask_names(size.masks) %}
{%- set as_text = experimentos.units_are_text(definitions) if execute else false %}

{%- for source in plan.sources.values() if source.mode != "values" %}
    {{ "union all" if not loop.first }}
    {% if experimentos.is_daily() or source.mode not in ["rows", "latest"] %}
        select
            unit_key,
            {{ masks | join(", ") }},
            item,
            source,
            {{ "step_from" if experimentos.is_daily() else "0 as step_from" }},
            step_to,
            {%- for slot in range(size.slots) %}
                slot_{{ slot }}{{ "," if not loop.last }}
            {%- endfor %}
        from ({{ experimentos.versions(source, size) }}) as versions
        {%- if not experimentos.is_daily() %}
            where step_to = {{ experimentos.last_step() }}
        {%- endif %}
    {%- else %}
        select
            unit_key,
            {{ masks | join(", ") }},
            {{ experimentos.slice_level(source) }} as item,
            source,
            0 as step_from,
            {{ experimentos.last_step() }} as step_to,
            {%- for slot in range(size.slots) %} slot_{{ slot }}{{ "," if not loop.last }}
            {%- endfor %}
        from
            (
                {{
                    experimentos.joined_events(
                        source, definitions.facts[source.model], size, as_text, false
                    )
                }}
            ) as events
    {%- endif %}
{%- else %}
    select
        unit_key,
        {%- for mask in masks %} cast(null as bigint) as {{ mask }},
        {%- endfor %}
        '' as item,
        cast(null as integer) as source,
        0 as step_from,
        0 as step_to,
        cast(null as {{ experimentos.type_double() }}) as slot_0
    from {{ ref("experimentos__analysed_units") }}
    where 1 = 0
{%- endfor %}
