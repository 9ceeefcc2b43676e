-- One row per experiment and check whose limits may be set: from where on it warns, and blocks.
-- null:
-- never.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{%- set limits = experimentos.project_limits().limits if execute else {} %}
{%- set checks, given = [], [] %}
{%- for check, limit in limits.items() %}
    {%- do checks.append([check, limit.warn, limit.block]) %}
{%- endfor %}
{%- for experiment in experimentos.definitions().experiments %}
    {#- what was archived keeps the limits it was decided by -#}
    {%- for check, limit in (experiment.get("limits") or limits).items() if limit != limits[check] %}
        {%- do given.append([experiment.name, check, limit.warn, limit.block]) %}
    {%- endfor %}
{%- endfor %}
{%- set text, double = dbt.type_string(), experimentos.type_double() %}
{%- set columns = [("check_name", text), ("warn_at", double), ("block_at", double)] %}

with

    checks as ({{ experimentos.values_table(columns, checks) }}),

    given as ({{ experimentos.values_table([("experiment_id", text)] + columns, given) }})

select
    experiments.experiment_id,
    checks.check_name,
    case when given.check_name is null then checks.warn_at else given.warn_at end as warn_at,
    case when given.check_name is null then checks.block_at else given.block_at end as block_at
from {{ ref("stg_experimentos__experiments") }} as experiments
cross join checks
left join
    given
    on experiments.experiment_id = given.experiment_id
    and checks.check_name = given.check_name
