-- One row per check: is the data of an experiment fit to decide on? A blocked row withholds the
-- verdict. After the archive, so that whoever builds all above the decisions builds that too.
-- depends_on: {{ ref("experimentos__archive") }}
{%- set double = experimentos.type_double() %}
{%- set text = dbt.type_string() %}
{%- set parts = experimentos.health_parts() %}
{%- set columns = ["population", "metric", "variant", "segment", "segment_value"] %}

with

    experiments as (select * from {{ ref("experimentos__experiments") }}),

    exclusions as (select * from {{ ref("experimentos__exclusions") }}),

    -- Assignment models have no history of their own, but changes that came late.
    facts as (select * from {{ ref("experimentos__fact_spans") }} where first_at is not null),

    unknown_labels as (select * from {{ ref("experimentos__unknown_labels") }}),

    {% for name, sql, _ in parts %} {{ name }} as ({{ sql() }}), {% endfor %}

    united as (

        {%- for check, _, given in parts if given is not none %}
            {{ "union all" if not loop.first }}
            select
                experiment_id,
                check_name,
                {%- for column in columns %}
                    {{ column if column in given else "'all'" }} as {{ column }},
                {%- endfor %}
                status,
                {%- for column in ["observed", "threshold", "p_value"] %}
                    cast(
                        {{ column if column in given else "null" }} as {{ double }}
                    ) as {{ column }},
                {%- endfor %}
                message
            from {{ check }}
        {%- endfor %}

    )

select
    experiment_id,
    {%- for column in ["check_name"] + columns + ["status"] %}
        cast({{ column }} as {{ text }}) as {{ column }},
    {%- endfor %}
    observed,
    threshold,
    p_value,
    cast(message as {{ text }}) as message
from united
