{# The percentiles that caps name, over all variants pooled: type 7, interpolated between the two
   neighbours. Units without events are zeros where the metric fills them in; they are counted, never
   listed. `wanted` are rows of [spot, pair_id, x, bound, amount], also the relation `wanted`; a "spot" is
   their number. Gives `quantiles`. Only the values at or beyond a percentile decide it, and a warehouse
   may keep no others (`outer_values`): ranks are counted from the side of the bound. #}
{% macro percentiles_of_units(found, wanted) %}
    {%- set pairs = experimentos.pairs_of_spots(found, wanted) -%}
    {{ experimentos.percentile_spots(found, pairs) }},

    {{ experimentos.eligible_units() }},

    {{ experimentos.outer_values(found, wanted, pairs) }},

    {{ experimentos.percentile_spans() }},

    -- Each value once, with the zeros of units without events.
    weighted as (

        select span, value, sum(n) as n
        from
            (
                select spans.span, kept.value, kept.n
                from kept
                inner join
                    spans
                    on kept.spot = spans.spot
                    and kept.is_activated = spans.is_activated
                    and (spans.basis = 'all' or kept.is_mature)
                union all
                select span, 0, n_zeros
                from spans
                where n_zeros > 0
            ) as united
        group by span, value

    ),

    ranked as (

        select
            spans.span,
            spans.place,
            weighted.value,
            case
                when spans.bound = 'upper'
                then
                    spans.n
                    + weighted.n
                    - sum(weighted.n) over (partition by weighted.span order by weighted.value desc)
                else sum(weighted.n) over (partition by weighted.span order by weighted.value)
            end as last_rank
        from weighted
        inner join spans on weighted.span = spans.span

    ),

    quantiles as (

        select spans.*, found.value
        from spans
        inner join
            (
                select
                    span,
                    {{ experimentos.value_at("value", "last_rank", "place") | indent(20) }} as value
                from ranked
                group by span
            ) as found
            on spans.span = found.span

    )
{% endmacro %}

{# The units that a percentile is taken over, if each had a value: of all, and of those whose windows have
   closed. Units are counted once for each day from which a fact has rows. #}
{% macro eligible_units() %}
    eligible as (

        select pair_id, population, max(n_all) as n_all, max(n_mature) as n_mature
        from
            (
                select
                    pairs.pair_id,
                    arms.population,
                    unit_counts.first_at,
                    sum(unit_counts.n_units) as n_all,
                    sum(
                        case when unit_counts.is_mature then unit_counts.n_units else 0 end
                    ) as n_mature
                from (select distinct pair_id from wanted) as capped
                inner join
                    {{ ref("stg_experimentos__pairs") }} as pairs on capped.pair_id = pairs.pair_id
                inner join
                    {{ ref("experimentos__unit_counts") }} as unit_counts
                    on pairs.experiment_index = unit_counts.experiment_index
                    and {{ experimentos.same_span("pairs", "unit_counts") }}
                    and unit_counts.segment = 'all'
                inner join
                    {{ ref("stg_experimentos__arms") }} as arms
                    on {{ experimentos.arm_of("unit_counts.cohort") }} = arms.arm_id
                group by pairs.pair_id, arms.population, unit_counts.first_at
            ) as by_fact
        group by pair_id, population

    )
{% endmacro %}

{# A row for each percentile, population and basis ("span"): units, zeros among them, and the place of the
   percentile among their values, counted from 0. #}
{% macro percentile_spans() %}
    sizes as (

        select
            wanted.spot,
            wanted.pair_id,
            wanted.x,
            wanted.bound,
            wanted.amount,
            eligible.population,
            eligible.population = 'activated' as is_activated,
            bases.basis,
            coalesce(sum(extremes.n), 0) as n_active,
            case
                when not pairs.is_zero_filled
                then 0
                when bases.basis = 'all'
                then eligible.n_all
                else eligible.n_mature
            end as n_filled,
            min(extremes.smallest) as smallest,
            max(extremes.largest) as largest
        from wanted
        inner join {{ ref("stg_experimentos__pairs") }} as pairs on wanted.pair_id = pairs.pair_id
        inner join eligible on wanted.pair_id = eligible.pair_id
        cross join {{ experimentos.two_bases() }} as bases
        left join
            extremes
            on wanted.spot = extremes.spot
            and (eligible.population = 'activated') = extremes.is_activated
            and (bases.basis = 'all' or extremes.is_mature)
        group by 1, 2, 3, 4, 5, 6, 7, 8, 10

    ),

    spans as (

        select
            *,
            row_number() over (order by spot, population, basis) as span,
            greatest(n_active, n_filled) as n,
            (greatest(n_active, n_filled) - 1) * amount as place,
            greatest(n_filled - n_active, 0) as n_zeros,
            case
                when n_filled > n_active and not coalesce(smallest < 0, false) then 0 else smallest
            end as least_value,
            case
                when n_filled > n_active and not coalesce(largest > 0, false) then 0 else largest
            end as greatest_value
        from sizes
        where n_active > 0 or n_filled > 0

    )
{% endmacro %}

{# The percentiles with the last day of anchors whose windows have closed, as `capped_numbers` tells days. #}
{% macro percentile_spots(found, pairs) %}
    spots as (

        select
            wanted.*,
            {{
                (
                    "0"
                    if experimentos.needs_anchors(found, pairs)
                    else experimentos.last_mature_day()
                )
            }} as last_day
        from wanted
        inner join {{ ref("stg_experimentos__pairs") }} as pairs on wanted.pair_id = pairs.pair_id
        inner join
            {{ ref("experimentos__experiments") }} as experiments
            on pairs.experiment_index = experiments.experiment_index

    )
{% endmacro %}

{# The latest numbers of the units of some pairs. With no join where the key of a unit says enough: planners
   guess badly what is left after joins on parts of a key. #}
{% macro capped_numbers(found, pairs, sides) %}
    {%- set by_anchor = experimentos.needs_anchors(found, pairs) %}
    {%- set activated = [] %}
    {%- for experiment in found.experiments %}
        {%- for arm in experiment.arms if arm.population == "activated" %}
            {%- do activated.append(arm.arm_id) %}
        {%- endfor %}
    {%- endfor %}
    {%- set cohort = experimentos.cohort_of("unit_metrics.unit_key") %}
    select
        unit_metrics.pair_id,
        {%- for x in sides %} unit_metrics.{{ x }}, {%- endfor %}
        {% if activated -%} {{ experimentos.arm_of(cohort) }} in ({{ activated | join(", ") }})
        {%- else -%} false
        {%- endif %} as is_activated,
        {% if by_anchor -%} case when {{ experimentos.is_mature() }} then 0 else 1 end
        {%- else -%} {{ experimentos.day_in_key("unit_metrics.unit_key") }}
        {%- endif %} as day
    from {{ experimentos.numbers_of_units(found, experimentos.plan(found)) }} as unit_metrics
    {%- if by_anchor %}
        inner join
            {{ ref("stg_experimentos__pairs") }} as pairs on unit_metrics.pair_id = pairs.pair_id
        inner join
            {{ ref("experimentos__experiments") }} as experiments
            on pairs.experiment_index = experiments.experiment_index
        inner join
            {{ ref("experimentos__analysed_units") }} as units
            on unit_metrics.unit_key = units.unit_key
    {%- endif %}
    where {{ experimentos.latest_totals(pairs) }} and unit_metrics.num is not null
{% endmacro %}

{# The pairs whose percentiles are wanted. #}
{% macro pairs_of_spots(found, wanted) %}
    {% set ids, pairs = {}, [] %}
    {% for row in wanted %} {% do ids.update({row[1]: true}) %} {% endfor %}
    {% for experiment in found.experiments %}
        {% for pair in experiment.pairs if pair.pair_id in ids %}
            {% do pairs.append(pair) %}
        {% endfor %}
    {% endfor %}
    {{ return(pairs) }}
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

{# The day of a unit's anchor as its key has it: twice the days since 1970, and one more where the anchor is
   no midnight. #}
{% macro day_in_key(unit_key) %}
    {{ return(experimentos.remainder(experimentos.cohort_of(unit_key), 131072)) }}
{% endmacro %}

{# The last such day whose units' windows have closed, where windows are whole days and data end at a
   midnight. Reads `pairs` and `experiments`. #}
{% macro last_mature_day() %}
    {%- set days = experimentos.whole_days(
        "cast('1970-01-01' as timestamp)", "experiments.data_as_of"
    ) -%}
    case
        when not pairs.is_dated
        then 131072
        when pairs.is_endless
        then case when experiments.observe_until <= experiments.data_as_of then 131072 else -1 end
        else cast(2 * {{ days }} - pairs.horizon_seconds / 43200 as integer)
    end
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

{# Every value with how often it occurs, at the spots of a relation; `by_population`: it names the population
   that is meant. #}
{% macro counted_values(numbers, sides, spots, by_population) %}
    select
        spots.spot,
        numbers.is_activated,
        coalesce(numbers.day <= spots.last_day, false) as is_mature,
        case
            spots.x {%- for x in sides %} when '{{ x }}' then numbers.{{ x }} {%- endfor %}
        end as value,
        count(*) as n
    from ({{ numbers }}) as numbers
    inner join
        {{ spots }} as spots on numbers.pair_id = spots.pair_id
        {%- if by_population %} and numbers.is_activated = spots.is_activated {%- endif %}
    group by 1, 2, 3, 4
{% endmacro %}
