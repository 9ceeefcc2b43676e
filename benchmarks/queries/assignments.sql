-- Every user is in one of five experiments, and in each of the others with probability 1/4: 2 million
-- units for 1 million users. A unit has 1.65 rows on average; 1 % of the units saw a second variant.
create or replace table raw.assignments as
with

    pairs as (

        select users.i as user_id, experiments.e as experiment, users.i * 8 + experiments.e as pair
        from range({users}) as users(i)
        cross join range(1, 6) as experiments(e)
        where
            hash(users.i * 8) % 5 + 1 = experiments.e
            or hash((users.i * 8 + experiments.e) * 16 + 1) % 4 = 0

    ),

    units as (

        select
            user_id,
            experiment,
            pair,
            case when experiment <= 3 then 2 else 3 end as n_variants,
            hash(pair * 16 + 2) as for_variant,
            20 * (hash(pair * 16 + 3) / 18446744073709551616.0) as first_day,
            hash(pair * 16 + 4) % 100 = 0 as is_multiple,
            hash(pair * 16 + 5) % 100 as for_rows
        from pairs

    ),

    repeated as (

        select
            units.*,
            r,
            case
                when r = 0 then first_day
                else
                    first_day
                    + (21 - first_day) * (hash((pair * 16 + 6) * 8 + r) / 18446744073709551616.0)
            end as day
        from units
        cross join range(4) as repeats(r)
        where
            r = 0
            or (r = 1 and (for_rows < 45 or is_multiple))
            or (r = 2 and for_rows < 15)
            or (r = 3 and for_rows < 5)

    )

select
    user_id,
    'experiment_' || experiment as experiment,
    case (for_variant + case when is_multiple and r = 1 then 1 else 0 end) % n_variants
        when 0
        then 'control'
        when 1
        then 'treatment'
        else 'second_treatment'
    end as variant,
    timestamp '2025-01-15' + to_microseconds(cast(day * 86400e6 as bigint)) as assigned_at
from repeated
order by assigned_at, user_id, experiment, variant
