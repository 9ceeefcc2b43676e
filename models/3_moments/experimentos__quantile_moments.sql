-- One row per quantile metric, variant, population, segment and basis as of the latest day: the
-- quantile of units' totals, or of their events, and its standard error.
-- depends_on: {{ ref("experimentos__unit_metrics") }}, {{ ref("experimentos__unit_days") }}
-- depends_on: {{ ref("experimentos__analysed_units") }}, {{ ref("stg_experimentos__measures") }}
-- depends_on: {{ ref("stg_experimentos__arms") }}, {{ ref("stg_experimentos__pairs") }}
-- depends_on: {{ ref("experimentos__readout_counts") }}, {{ ref("experimentos__segment_levels") }}
-- depends_on: {{ ref("stg_experimentos__readouts") }}, {{ ref("stg_experimentos__phases") }}
-- depends_on: {{ ref("stg_experimentos__variants") }}, {{ ref("experimentos__experiments") }}
{%- set definitions = experimentos.definitions() %}
{%- set wanted = experimentos.quantile_pairs(definitions) %}
{%- set segments = experimentos.segments_of_pairs(definitions, wanted.units + wanted.events) %}
{%- set by_anchor = experimentos.needs_anchors(definitions, wanted.units + wanted.events) %}
{%- set last_day = "0" if by_anchor else experimentos.last_mature_day() %}
{%- set double = experimentos.type_double() %}
{%- set moments = experimentos.moment_columns() %}

{% if not wanted.units and not wanted.events %} {{ experimentos.no_quantile_moments(moments) }}
{%- else %}

    with

        {{ experimentos.latest_counts() }},

        {{ experimentos.quantile_readings(last_day) }},

        {{ experimentos.cells_of_arms(segments) }},

        observed as (

            {{ experimentos.quantile_observations(definitions, wanted, segments) | indent(12) }}

        ),

        {{ experimentos.placed_observations(segments) }},

        {{ experimentos.weighted_values() }},

        {{ experimentos.pooled_quantiles() }},

        {{ experimentos.shares_at_pooled() }},

        {{ experimentos.clustered_residuals(wanted.events | length > 0) }},

        {{ experimentos.share_variances() }},

        {{ experimentos.interval_margins(1.96) }},

        {{ experimentos.order_statistics() }},

        totals as (

            select reading, sum(n_events) as n_events, sum(n_skipped) as n_skipped
            from weighted
            group by reading

        )

    select
        readings.experiment_id,
        readings.metric,
        readings.variant,
        readings.population,
        readings.segment,
        readings.segment_value,
        readings.as_of,
        readings.basis,
        cast(coalesce(shares.n_units, 0) as bigint) as n_units,
        cast(coalesce(totals.n_events, 0) as bigint) as n_events,
        cast(readings.n_eligible - coalesce(shares.n_units, 0) as bigint) as n_missing,
        cast(coalesce(totals.n_skipped, 0) as bigint) as n_skipped,
        cast(null as bigint) as n_covered,
        {%- for name in moments %} cast(null as {{ double }}) as {{ name }},
        {%- endfor %}
        cast(null as bigint) as n_capped,
        found.quantile_value,
        case
            when
                least(shares.q, 1 - shares.q) * shares.effective_n >= 50 * (1 - 1e-9)
                -- interpolation between equal values may leave their last digit
                and found.upper - found.lower
                > 8.9e-16 * greatest(abs(found.lower), abs(found.upper))
            then
                sqrt(
                    (found.upper - found.lower) / 3.92 * ((found.upper - found.lower) / 3.92)
                    + coalesce(gaps.largest_gap, 0) / 2 * (coalesce(gaps.largest_gap, 0) / 2)
                )
        end as quantile_std_error
    from readings
    left join totals on readings.reading = totals.reading
    left join shares on readings.reading = shares.reading
    left join found on readings.reading = found.reading
    left join gaps on readings.reading = gaps.reading
{%- endif %}
