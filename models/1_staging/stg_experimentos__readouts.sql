-- One row per experiment and day whose end its results are shown as of. `as_of_day` is the
-- midnight at or
-- after `as_of`. Without `has_open`, of units whose windows are closed only.
{%- set first_day = experimentos.add_seconds(experimentos.start_of_day("starts_at"), 86400) %}
{%- set last_day = experimentos.end_of_day("data_as_of") %}
with experiments as (select * from {{ ref("experimentos__experiments") }})

select
    experiment_index,
    case
        when data_as_of is not null
        then {{ last_day }}
        when is_dated
        then cast('1000-01-01' as timestamp)
        else cast('9000-01-01' as timestamp)
    end as as_of_day,
    data_as_of as as_of,
    true as is_latest,
    true as has_open
from experiments
{%- if experimentos.is_daily() %}
    union all
    select experiment_index, day, day, false, true
    from
        (
            select
                experiment_index,
                {{ experimentos.days_from(first_day, experimentos.add_seconds(last_day, -86400)) }}
                as day
            from experiments
            where is_dated and data_as_of is not null and starts_at < data_as_of
        ) as days
{%- else %}
    union all
    select looks.experiment_index, looks.look_at, looks.look_at, false, false
    from
        (
            select looks.experiment_index, max(looks.look_at) as look_at
            from {{ ref("stg_experimentos__looks") }} as looks
            inner join experiments on looks.experiment_index = experiments.experiment_index
            where looks.look_at <= experiments.data_as_of
            group by looks.experiment_index
            union
            select experiments.experiment_index, max(past.look_date) as look_at
            from {{ ref("experimentos__past_looks") }} as past
            inner join experiments on past.experiment_id = experiments.experiment_id
            where past.look_date <= experiments.data_as_of
            group by experiments.experiment_index
        ) as looks
    inner join experiments on looks.experiment_index = experiments.experiment_index
    where looks.look_at < experiments.data_as_of
{%- endif %}
