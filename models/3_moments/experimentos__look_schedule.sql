-- One row per experiment and scheduled look, and when it is due; null: not yet known.
-- depends_on: {{ ref("experimentos__readout_counts") }}, {{ ref("stg_experimentos__readouts") }}
-- depends_on: {{ ref("stg_experimentos__pairs") }}, {{ ref("stg_experimentos__arms") }}
-- depends_on: {{ ref("stg_experimentos__variants") }}, {{ ref("stg_experimentos__looks") }}
{%- set definitions = experimentos.definitions() %}
{%- set by_units = namespace(any=false) %}
{%- for experiment in definitions.experiments %}
    {%- if experiment.design == "group_sequential" and experiment.planned_n %}
        {%- set by_units.any = true %}
    {%- endif %}
{%- endfor %}
{%- set parts = [["schedule", experimentos.look_schedule(by_units.any)]] %}
{%- if by_units.any %}
    {%- set parts = [
        ["counts", experimentos.look_counts()],
        ["shares", experimentos.look_shares()],
    ] + parts %}
{%- endif %}

with

    experiments as (select * from {{ ref("experimentos__experiments") }}),

    {% for name, sql in parts %} {{ name }} as ({{ sql }}){{ "," if not loop.last }} {% endfor %}

select *
from schedule
