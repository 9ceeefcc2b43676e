{# Quantiles of arms with standard errors from their order statistics, as estimators/quantile.py computes
   them. An observation is a unit's total, or each value of its events. #}
{# The pairs of quantile metrics by what they observe. #}
{% macro quantile_pairs(found) %}
    {% set pairs = {"units": [], "events": []} %}
    {% for experiment in found.experiments if experiment.summary is none and not experiment.is_archived %}
        {% for pair in experiment.pairs if pair.metric.get("quantile") is not none %}
            {% do pairs[pair.metric.of].append(pair) %}
        {% endfor %}
    {% endfor %}
    {{ return(pairs) }}
{% endmacro %}

{# The segments that experiments with some pairs have: name -> place of the column. #}
{% macro segments_of_pairs(found, pairs) %}
    {% set names, places = experimentos.used_segments(found), {} %}
    {% set ids = pairs | map(attribute="pair_id") | list %}
    {% for experiment in found.experiments %}
        {% for pair in experiment.pairs if pair.pair_id in ids %}
            {% for name in experiment.get("segments") or [] %}
                {% do places.update({name: names.index(name)}) %}
            {% endfor %}
        {% endfor %}
    {% endfor %}
    {{ return(places) }}
{% endmacro %}

{# Observations of all quantile metrics: pair, arm, unit, value and how often it occurs. With no join where the
   key of a unit says enough: see `capped_numbers`. #}
{% macro quantile_observations(found, wanted, segments) %}
    {%- set sources = experimentos.plan(found).sources.values() | selectattr(
        "mode", "equalto", "values"
    ) -%}
    {%- set readers = [] -%}
    {%- if wanted.units -%} {%- do readers.append(("totals", none)) -%} {%- endif -%}
    {%- for source in sources if wanted.events -%}
        {%- do readers.append(("events", source)) -%}
    {%- endfor -%}
    {%- for kind, source in readers %}
        {%- set unit_key = "days.unit_key" if source else "unit_metrics.unit_key" %}
        {%- set by_anchor = experimentos.needs_anchors(found, wanted.units + wanted.events) %}
        {{ "union all" if not loop.first }}
        {%- set relation = "measures" if source else "unit_metrics" %}
        select
            {{ relation }}.pair_id,
            {{ experimentos.arm_of(experimentos.cohort_of(unit_key)) }} as arm_id,
            {{ unit_key }} as unit_key,
            {% if by_anchor -%} case when {{ experimentos.is_mature() }} then 0 else 1 end
            {%- else -%} {{ experimentos.day_in_key(unit_key) }}
            {%- endif %} as day,
            {%- for place in segments.values() %} units.segment_{{ place }}, {%- endfor %}
            {{ experimentos.observed_events(source) if source else experimentos.observed_totals() }}
        {%- if by_anchor %}
            inner join
                {{ ref("stg_experimentos__pairs") }} as pairs
                on {{ relation }}.pair_id = pairs.pair_id
            inner join
                {{ ref("experimentos__experiments") }} as experiments
                on pairs.experiment_index = experiments.experiment_index
        {%- endif %}
        {%- if by_anchor or segments %}
            inner join
                {{ ref("experimentos__analysed_units") }} as units
                on {{ unit_key }} = units.unit_key
        {%- endif %}
        where
            {{
                (
                    "days.source = " ~ source.index
                    if source
                    else experimentos.latest_totals(wanted.units)
                )
            }}
    {%- endfor %}
{% endmacro %}

{# Columns and source of the totals of units. #}
{% macro observed_totals() %}
    unit_metrics.num as value,
    cast(1 as {{ experimentos.type_double() }}) as n,
    unit_metrics.n_events,
    unit_metrics.n_skipped
    from {{ ref("experimentos__unit_metrics") }} as unit_metrics
{% endmacro %}

{% macro observed_events(source) %}
    {%- set n = "days." ~ source.day_slots["rows|"].name -%}
    days.item_number as value,
    {{ n }} as n,
    {{ n }} as n_events,
    case when days.item_number is null then {{ n }} else 0 end as n_skipped
    from {{ ref("experimentos__unit_days") }} as days
    inner join
        {{ ref("stg_experimentos__arms") }} as arms
        on {{ experimentos.arm_of(experimentos.cohort_of("days.unit_key")) }} = arms.arm_id
    inner join
        {{ ref("stg_experimentos__measures") }} as measures
        on days.source = measures.source
        and arms.experiment_index = measures.experiment_index
{% endmacro %}

{# The whole metrics of some pairs over all of their window. The list is in the text so that it reaches the scans. #}
{% macro latest_totals(pairs) %}
    unit_metrics.pair_id in ({{ pairs | map(attribute="pair_id") | join(", ") }})
    and unit_metrics.slice is null
    and unit_metrics.step_to = {{ experimentos.last_step() }}
{% endmacro %}

{# The value at a place among sorted ones that starts at 0, interpolated between its neighbours (type 7).
   `rank` counts the values up to and with this one; the place is the same in all rows of a group. #}
{% macro value_at(value, rank, place) %}
    {%- set below = (
        "min(case when " ~ rank ~ " > floor(" ~ place ~ ") then " ~ value ~ " end)"
    ) -%}
    {%- set above = (
        "min(case when "
        ~ rank
        ~ " > floor("
        ~ place
        ~ ") + 1 then "
        ~ value
        ~ " end)"
    ) -%}
    (
        {{ below }}
        + max({{ place }} - floor({{ place }})) * (coalesce({{ above }}, {{ below }}) - {{ below }})
    )
{% endmacro %}

{# From `readings` and `weighted` (reading, value, n): the values in order, the quantile of all variants
   pooled, and how many observations of each variant are at or below it. #}
{% macro pooled_quantiles() %}
    ranked as materialized(

        select
            readings.reading,
            readings.pool,
            weighted.value,
            weighted.n,
            sum(weighted.n) over (
                partition by readings.reading order by weighted.value
            ) as last_rank,
            sum(weighted.n) over (
                partition by readings.pool order by weighted.value
            ) as pooled_rank,
            lag(weighted.value) over (
                partition by readings.reading order by weighted.value
            ) as previous
        from weighted
        inner join readings on weighted.reading = readings.reading
        where weighted.value is not null

    ),

    places as (

        select ranked.pool, max(readings.quantile_level) * (max(ranked.pooled_rank) - 1) as place
        from ranked
        inner join readings on ranked.reading = readings.reading
        group by ranked.pool

    ),

    pools as (

        select
            ranked.pool,
            {{ experimentos.value_at("ranked.value", "ranked.pooled_rank", "places.place") }}
            as threshold
        from ranked
        inner join places on ranked.pool = places.pool
        group by ranked.pool

    )
{% endmacro %}

{# The share of each variant's observations at or below the pooled quantile. #}
{% macro shares_at_pooled() %}
    arms as (

        select
            ranked.reading,
            max(ranked.last_rank) as n_observations,
            sum(case when ranked.value <= pools.threshold then ranked.n else 0 end)
            / max(ranked.last_rank) as share
        from ranked
        inner join pools on ranked.pool = pools.pool
        group by ranked.reading

    )
{% endmacro %}

{# The squared residuals of units that have several observations: those at or below the pooled quantile
   against the arm's share of all. #}
{% macro clustered_residuals(has_events) %}
    {%- if has_events %}
        clusters as (

            select
                readings.reading,
                placed.unit_key,
                sum(case when placed.value <= pools.threshold then placed.n else 0 end) as n_below,
                sum(placed.n) as n
            from placed
            inner join
                readings
                on placed.cell = readings.cell
                and (readings.basis = 'all' or placed.is_mature)
            inner join pools on readings.pool = pools.pool
            where readings.quantile_of = 'events' and placed.value is not null
            group by readings.reading, placed.unit_key

        ),
    {%- endif %}

    residuals as (

        {%- if has_events %}
            select
                clusters.reading,
                count(*) as n_units,
                sum(
                    (clusters.n_below - arms.share * clusters.n)
                    * (clusters.n_below - arms.share * clusters.n)
                ) as squares
            from clusters
            inner join arms on clusters.reading = arms.reading
            group by clusters.reading
        {%- else %}select reading, n_observations as n_units, share as squares from arms where 1 = 0
        {%- endif %}

    )
{% endmacro %}

{# The variance of the share of a variant's observations that lie at or below the pooled quantile. #}
{% macro share_variances() %}
    variances as (

        select
            arms.*,
            readings.quantile_level as q,
            nullif(arms.share * (1 - arms.share), 0) as bernoulli,
            case
                when readings.quantile_of = 'units'
                then arms.share * (1 - arms.share) / nullif(arms.n_observations - 1, 0)
                else
                    residuals.squares
                    / arms.n_observations
                    / arms.n_observations
                    * residuals.n_units
                    / nullif(residuals.n_units - 1, 0)
            end as variance,
            coalesce(residuals.n_units, arms.n_observations) as n_units
        from arms
        inner join readings on arms.reading = readings.reading
        left join residuals on arms.reading = residuals.reading

    )
{% endmacro %}

{# The observations that would tell as much if they were independent, and half of Woodruff's interval. #}
{% macro interval_margins(z) %}
    shares as (

        select
            *,
            least(
                n_observations * (bernoulli / (n_observations - 1) / nullif(variance, 0)),
                n_observations
            ) as effective_n,
            {{ z }} * sqrt(variance * (q * (1 - q) / bernoulli)) as margin
        from variances

    )
{% endmacro %}

{# What is read at the quantile and the ends of the interval, and the largest step inside. #}
{% macro order_statistics() %}
    found as (

        select
            ranked.reading,
            {{ experimentos.value_at("ranked.value", "last_rank", "q * (n_observations - 1)") }}
            as quantile_value,
            {{
                experimentos.value_at(
                    "ranked.value", "last_rank", "(q - margin) * (n_observations - 1)"
                )
            }} as lower,
            {{
                experimentos.value_at(
                    "ranked.value", "last_rank", "(q + margin) * (n_observations - 1)"
                )
            }} as upper
        from ranked
        inner join shares on ranked.reading = shares.reading
        group by ranked.reading

    ),

    gaps as (

        select ranked.reading, max(ranked.value - ranked.previous) as largest_gap
        from ranked
        inner join
            found
            on ranked.reading = found.reading
            and ranked.value > found.lower
            and ranked.previous < found.upper
        group by ranked.reading

    )
{% endmacro %}

{# The units that each row is about, as of the latest day. #}
{% macro latest_counts() %}
    counts as (

        select
            counts.experiment_index,
            counts.is_dated,
            counts.is_endless,
            counts.is_aged,
            counts.horizon_seconds,
            counts.covariate_seconds,
            counts.variant,
            counts.population,
            counts.segment,
            counts.segment_value,
            counts.basis,
            max(counts.n_units) as n_units
        from {{ ref("experimentos__readout_counts") }} as counts
        inner join
            {{ ref("stg_experimentos__readouts") }} as readouts
            on counts.experiment_index = readouts.experiment_index
            and counts.as_of_day = readouts.as_of_day
        where readouts.is_latest
        group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11

    )
{% endmacro %}

{# Every row there has to be ("reading"), and what they share: a "cell" has both bases, a "pool" all
   variants. #}
{% macro quantile_readings(last_day) %}
    levels as (

        select experiment_index, population, segment, segment_value
        from counts
        union
        select experiment_index, population, 'all', 'all'
        from {{ ref("stg_experimentos__arms") }}

    ),

    readings as materialized(

        select
            pairs.pair_id,
            pairs.experiment_index,
            pairs.metric,
            pairs.quantile_level,
            pairs.quantile_of,
            pairs.is_zero_filled,
            experiments.experiment_id,
            variants.variant,
            levels.population,
            levels.segment,
            levels.segment_value,
            readouts.as_of,
            bases.basis,
            coalesce(counts.n_units, 0) as n_eligible,
            dense_rank() over (
                order by
                    pairs.pair_id,
                    levels.population,
                    levels.segment,
                    levels.segment_value,
                    variants.variant
            ) as cell,
            dense_rank() over (
                order by
                    pairs.pair_id,
                    levels.population,
                    levels.segment,
                    levels.segment_value,
                    bases.basis
            ) as pool,
            row_number() over () as reading,
            {{ last_day }} as last_day
        from {{ ref("stg_experimentos__pairs") }} as pairs
        inner join
            {{ ref("experimentos__experiments") }} as experiments
            on pairs.experiment_index = experiments.experiment_index
        inner join
            {{ ref("stg_experimentos__variants") }} as variants
            on pairs.experiment_index = variants.experiment_index
        inner join levels on pairs.experiment_index = levels.experiment_index
        inner join
            {{ ref("stg_experimentos__readouts") }} as readouts
            on pairs.experiment_index = readouts.experiment_index
            and readouts.is_latest
        cross join {{ experimentos.two_bases() }} as bases
        left join
            counts
            on pairs.experiment_index = counts.experiment_index
            and {{ experimentos.same_span("pairs", "counts") }}
            and pairs.is_aged = counts.is_aged
            and variants.variant = counts.variant
            and levels.population = counts.population
            and levels.segment = counts.segment
            and levels.segment_value = counts.segment_value
            and bases.basis = counts.basis
        where pairs.quantile_level is not null and {{ experimentos.has_readout() }}

    )
{% endmacro %}

{# Which cells an arm's units are in: all, its phase, and by the level of a segment. #}
{% macro cells_of_arms(segments) %}
    places_of_arms as (

        select distinct
            readings.pair_id,
            readings.cell,
            readings.last_day,
            readings.is_zero_filled,
            arms.arm_id,
            -1 as place,
            'all' as level
        from ({{ experimentos.shown_arms() | indent(8) }}) as arms
        inner join
            readings
            on arms.experiment_index = readings.experiment_index
            and arms.variant = readings.variant
            and arms.population = readings.population
            and arms.phase_segment = readings.segment
            and arms.phase_value = readings.segment_value
        {%- for name, place in segments.items() %}
            union all
            select distinct
                readings.pair_id,
                readings.cell,
                readings.last_day,
                readings.is_zero_filled,
                arms.arm_id,
                {{ place }},
                levels.segment_value
            from {{ ref("stg_experimentos__arms") }} as arms
            inner join
                {{ ref("experimentos__segment_levels") }} as levels
                on arms.experiment_index = levels.experiment_index
                and levels.segment = {{ experimentos.text_literal(name) }}
            inner join
                readings
                on arms.experiment_index = readings.experiment_index
                and arms.variant = readings.variant
                and arms.population = readings.population
                and levels.segment = readings.segment
                and levels.shown_value = readings.segment_value
        {%- endfor %}

    )
{% endmacro %}

{# Observations in their cells, counted by value: the larger part of the work is one aggregation. A unit has a
   value if any of its events has one; others are zeros where the metric says so. #}
{% macro placed_observations(segments) %}
    placed as (

        {%- for place in [-1] + segments.values() | list %}
            {{ "union all" if not loop.first }}
            select
                places.cell,
                observed.unit_key,
                coalesce(observed.day <= places.last_day, false) as is_mature,
                case
                    when places.is_zero_filled or observed.n_events > observed.n_skipped
                    then observed.value
                end as value,
                observed.n,
                observed.n_events,
                observed.n_skipped
            from observed
            inner join
                places_of_arms as places
                on observed.pair_id = places.pair_id
                and observed.arm_id = places.arm_id
                {%- if place >= 0 %} and observed.segment_{{ place }} = places.level {%- endif %}
            where places.place = {{ place }}
        {%- endfor %}

    ),

    counted as materialized(

        select
            cell,
            is_mature,
            value,
            sum(n) as n,
            sum(n_events) as n_events,
            sum(n_skipped) as n_skipped
        from placed
        group by cell, is_mature, value

    )
{% endmacro %}

{# Values by reading, and the zeros of units without a value where the metric has them. #}
{% macro weighted_values() %}
    active as (

        select
            readings.reading,
            readings.quantile_of,
            counted.value,
            counted.n,
            counted.n_events,
            counted.n_skipped
        from counted
        inner join
            readings
            on counted.cell = readings.cell
            and (readings.basis = 'all' or counted.is_mature)

    ),

    weighted as (

        select reading, value, n, n_events, n_skipped
        from active
        union all
        select
            readings.reading,
            0 as value,
            readings.n_eligible - coalesce(with_values.n, 0) as n,
            0 as n_events,
            0 as n_skipped
        from readings
        left join
            (
                select reading, sum(n) as n from active where value is not null group by reading
            ) as with_values
            on readings.reading = with_values.reading
        where
            readings.is_zero_filled
            and readings.quantile_of = 'units'
            and readings.n_eligible > coalesce(with_values.n, 0)

    )
{% endmacro %}

{# The columns of quantile moments without rows. #}
{% macro no_quantile_moments(moments) %}
    {%- set double, text = experimentos.type_double(), dbt.type_string() -%}
    select
        {%- for name in [
            "experiment_id",
            "metric",
            "variant",
            "population",
            "segment",
            "segment_value",
        ] %}
            cast(null as {{ text }}) as {{ name }},
        {%- endfor %}
        cast(null as timestamp) as as_of,
        cast(null as {{ text }}) as basis,
        {%- for name in ["n_units", "n_events", "n_missing", "n_skipped", "n_covered"] %}
            cast(null as bigint) as {{ name }},
        {%- endfor %}
        {%- for name in moments %} cast(null as {{ double }}) as {{ name }}, {%- endfor %}
        cast(null as bigint) as n_capped,
        cast(null as {{ double }}) as quantile_value,
        cast(null as {{ double }}) as quantile_std_error
    where 1 = 0
{% endmacro %}
