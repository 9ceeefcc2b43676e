{# The percentiles that `wanted` (pair_id, x, bound, amount) names, over all variants pooled with units
   without events as zeros: type 7, interpolated between the two neighbours. Gives `quantiles`. #}
{% macro percentiles_of_units(wanted) %}
    observations as (

        select
            wanted.pair_id,
            wanted.x,
            arms.population,
            bases.basis,
            case
                wanted.x
                {%- for x in experimentos.moment_means() %}
                    when '{{ x }}' then unit_metrics.{{ x }}
                {%- endfor %}
            end as value
        from (select distinct pair_id, x from {{ wanted }}) as wanted
        inner join {{ ref("stg_experimentos__pairs") }} as pairs on wanted.pair_id = pairs.pair_id
        inner join
            {{ ref("experimentos__experiments") }} as experiments
            on pairs.experiment_index = experiments.experiment_index
        inner join
            {{ ref("experimentos__unit_metrics") }} as unit_metrics
            on wanted.pair_id = unit_metrics.pair_id
            and unit_metrics.slice is null
            and unit_metrics.step_to = {{ experimentos.last_step() }}
        inner join
            {{ ref("experimentos__analysed_units") }} as units
            on unit_metrics.unit_key = units.unit_key
        inner join {{ ref("stg_experimentos__arms") }} as arms on units.arm_id = arms.arm_id
        cross join
            (
                select 'mature' as basis
                union all
                select 'all'
            ) as bases
        where
            unit_metrics.num is not null and (bases.basis = 'all' or {{ experimentos.is_mature() }})

    ),

    counted as (

        select pair_id, x, population, basis, value, count(*) as n
        from observations
        group by pair_id, x, population, basis, value

    ),

    totals as (

        select wanted.pair_id, wanted.x, arms.population, bases.basis, sum(unit_counts.n_units) as n
        from (select distinct pair_id, x from {{ wanted }}) as wanted
        inner join {{ ref("stg_experimentos__pairs") }} as pairs on wanted.pair_id = pairs.pair_id
        inner join
            {{ ref("experimentos__unit_counts") }} as unit_counts
            on pairs.experiment_index = unit_counts.experiment_index
            and {{ experimentos.same_span("pairs", "unit_counts") }}
            and unit_counts.segment = 'all'
            and unit_counts.is_base
        inner join
            {{ ref("stg_experimentos__arms") }} as arms
            on {{ experimentos.arm_of("unit_counts.cohort") }} = arms.arm_id
        cross join
            (
                select 'mature' as basis
                union all
                select 'all'
            ) as bases
        where pairs.is_zero_filled and (bases.basis = 'all' or unit_counts.is_mature)
        group by wanted.pair_id, wanted.x, arms.population, bases.basis

    ),

    with_zeros as (

        select *
        from counted
        union all
        select
            totals.pair_id,
            totals.x,
            totals.population,
            totals.basis,
            0.0,
            totals.n - coalesce(active.n, 0)
        from totals
        left join
            (
                select pair_id, x, population, basis, sum(n) as n
                from counted
                group by pair_id, x, population, basis
            ) as active
            on totals.pair_id = active.pair_id
            and totals.x = active.x
            and totals.population = active.population
            and totals.basis = active.basis
        where totals.n > coalesce(active.n, 0)

    ),

    ranked as (

        select
            *,
            sum(n) over (partition by pair_id, x, population, basis order by value) as last_rank,
            sum(n) over (partition by pair_id, x, population, basis) as n_all
        from
            (
                select pair_id, x, population, basis, value, sum(n) as n
                from with_zeros
                group by pair_id, x, population, basis, value
            ) as by_value

    ),

    neighbours as (

        select
            ranked.pair_id,
            ranked.x,
            ranked.population,
            ranked.basis,
            wanted.amount,
            min(ranked.value) as smallest,
            max(ranked.value) as largest,
            max((ranked.n_all - 1) * wanted.amount) as place,
            min(
                case
                    when ranked.last_rank > floor((ranked.n_all - 1) * wanted.amount)
                    then ranked.value
                end
            ) as below,
            min(
                case
                    when ranked.last_rank > floor((ranked.n_all - 1) * wanted.amount) + 1
                    then ranked.value
                end
            ) as above
        from ranked
        inner join {{ wanted }} as wanted on ranked.pair_id = wanted.pair_id and ranked.x = wanted.x
        group by ranked.pair_id, ranked.x, ranked.population, ranked.basis, wanted.amount

    ),

    quantiles as (

        select *, below + (place - floor(place)) * (coalesce(above, below) - below) as value
        from neighbours

    )
{% endmacro %}

{# Whether the window of `units` has closed; reads `pairs`, `experiments` and `units`. #}
{% macro is_mature() %}
    (
        not pairs.is_dated
        or (pairs.is_endless and experiments.observe_until <= experiments.data_as_of)
        or (
            not pairs.is_endless
            and {{ experimentos.add_seconds("units.anchor_at", "pairs.horizon_seconds") }}
            <= experiments.data_as_of
        )
    )
{% endmacro %}

{# Whether the window of the unit of a key has closed, where windows are whole days and data end at a
   midnight: read from the day in the key. Reads `pairs` and `experiments`. #}
{% macro is_mature_by_day(unit_key) %}
    {%- set days = experimentos.whole_days(
        "cast('1970-01-01' as timestamp)", "experiments.data_as_of"
    ) -%}
    (
        not pairs.is_dated
        or (pairs.is_endless and experiments.observe_until <= experiments.data_as_of)
        or (
            not pairs.is_endless
            and {{ experimentos.remainder(experimentos.cohort_of(unit_key), 131072) }}
            <= 2 * {{ days }} - pairs.horizon_seconds / 43200
        )
    )
{% endmacro %}

{# Whether it takes the instant of a unit's anchor to say if the windows of some pairs have closed. #}
{% macro needs_anchors(found, pairs) %}
    {% if experimentos.has_part_days(found) %} {{ return(true) }} {% endif %}
    {% for pair in pairs if pair.metric.is_dated and not pair.get("is_endless", false) %}
        {% if (pair.metric.delay + pair.window) % 86400 %} {{ return(true) }} {% endif %}
    {% endfor %}
    {{ return(false) }}
{% endmacro %}

{# Whether a metric's units are those of a row of unit_counts. #}
{% macro same_span(pairs, counts) %}
    {%- for name in ["is_dated", "is_endless", "horizon_seconds", "covariate_seconds"] %}
        {{ "and " if not loop.first }} {{ pairs }}.{{ name }} = {{ counts }}.{{ name }}
    {%- endfor %}
{% endmacro %}
