-- One row per analysed unit, source and class of events: additive numbers over each span of time.
-- depends_on: {{ ref("stg_experimentos__facts") }}, {{ ref("experimentos__units") }}, {{ ref("experimentos__experiments") }}, {{ ref("stg_experimentos__measures") }}
{%- set assignment_models = experimentos.listed_models("assignment_models") %}
{%- for model in assignment_models + experimentos.listed_models("fact_models") %}
-- depends_on: {{ experimentos.user_ref(model) }}
{%- endfor %}

{%- set definitions = experimentos.definitions() %}
{%- set sources = experimentos.plan(definitions).sources.values() | list %}
{%- set size = namespace(slots=1, masks=1) %}
{%- for source in sources %}
    {%- set size.slots = [size.slots, source.slots | length] | max %}
    {%- set size.masks = [size.masks, (source.predicates | length + 59) // 60] | max %}
{%- endfor %}
{%- set as_text = experimentos.units_are_text(definitions) if execute else false %}

{%- for source in sources %}
    {{ "union all" if not loop.first }}
    {{
        experimentos.unit_events(
            source,
            definitions.facts[source.model],
            size.slots,
            size.masks,
            ref("experimentos__units"),
            as_text,
        )
    }}
{%- else %}
    select
        arm_id,
        unit,
        cast(null as integer) as source,
        cast(null as bigint) as mask_0,
        cast(null as {{ experimentos.type_double() }}) as slot_0
    from {{ ref("experimentos__units") }}
    where 1 = 0
{%- endfor %}
