-- One row per cohort, class of events, shape and step at which anything changes: moments straight
-- from
-- the classes, for metrics that read one class. A class is aggregated once however many metrics
-- read it.
-- depends_on: {{ ref("experimentos__unit_events") }}, {{ ref("experimentos__class_measures") }}
-- depends_on: {{ ref("stg_experimentos__arms") }}
{%- set plan = experimentos.plan(experimentos.definitions()) %}
{%- set masks = experimentos.mask_names(experimentos.plan_size(plan).masks) %}
{%- set keys = ["cohort", "source"] + masks + ["shape"] %}
{%- set whole = experimentos.whole_shapes(plan) %}

{%- if whole %}
    with

        cells as materialized(

            {%- for source, shape in whole %}
                {{ "union all" if not loop.first }}
                {{
                    experimentos.cells(
                        experimentos.class_numbers(source, shape, masks),
                        keys,
                        experimentos.shape_sides(shape),
                    )
                }}
            {%- endfor %}

        )
        {% if experimentos.is_daily() %}
            , covering as materialized({{ experimentos.covering_cells("cells", keys) | indent(8) }})
        {%- endif %}

        {{ experimentos.moments_at_steps(keys) }}
{%- else %}
    {%- set types = {} %}
    {%- for key in keys %} {%- do types.update({key: "bigint"}) %}
    {%- endfor %}
    {{ experimentos.no_moments(types) }}
{%- endif %}
