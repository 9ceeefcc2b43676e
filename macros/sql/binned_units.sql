{# Units by cell and variant (`counted`), and in the end by bin (`binned`). Units without events are zeros where
   the metric fills them in: they are not listed but what is left of all units in experimentos__moments. #}
{% macro counted_cells() %}
    asked as (

        select
            pairs.*,
            experiments.experiment_id,
            experiments.data_as_of,
            experiments.observe_until,
            deciding.population,
            {{ experimentos.deciding_basis() }} as basis
        from {{ ref("stg_experimentos__pairs") }} as pairs
        inner join
            {{ ref("experimentos__experiments") }} as experiments
            on pairs.experiment_index = experiments.experiment_index
        inner join
            ({{ experimentos.deciding_populations() }}) as deciding
            on pairs.experiment_index = deciding.experiment_index
        where pairs.has_bins and {{ experimentos.is_active("experiments.experiment_id") }}

    ),

    with_values as (

        select
            asked.pair_id,
            arms.variant,
            cells.cell,
            sum(cells.n_units) as n_units,
            sum(cells.n_fractions) as n_fractions
        from {{ ref("experimentos__kept_bins") }} as cells
        inner join
            asked on cells.experiment_index = asked.experiment_index and cells.metric = asked.metric
        inner join
            {{ ref("stg_experimentos__arms") }} as arms
            on {{ experimentos.arm_of("cells.cohort") }} = arms.arm_id
        where {{ experimentos.has_matured("cells") }}
        group by asked.pair_id, arms.variant, cells.cell

    ),

    totals as (

        select
            asked.pair_id,
            moments.variant,
            moments.n_units,
            coalesce(united.n_units, 0) as n_with_rows,
            moments.n_missing as n_without_value,
            case
                when caps.lower_num > 0
                then caps.lower_num
                when caps.upper_num < 0
                then caps.upper_num
                else 0
            end as filled_with
        from asked
        inner join
            {{ ref("experimentos__moments") }} as moments
            on asked.experiment_id = moments.experiment_id
            and asked.metric = moments.metric
            and asked.population = moments.population
            and asked.basis = moments.basis
            and moments.segment = 'all'
            and moments.as_of is not distinct from asked.data_as_of
        left join
            (
                select pair_id, variant, sum(n_units) as n_units
                from with_values
                group by pair_id, variant
            ) as united
            on asked.pair_id = united.pair_id
            and moments.variant = united.variant
        left join
            {{ ref("experimentos__caps") }} as caps
            on asked.pair_id = caps.pair_id
            and asked.population = caps.population
            and asked.basis = caps.basis

    ),

    counted as (

        select pair_id, variant, cell, sum(n_units) as n_units, sum(n_fractions) as n_fractions
        from
            (
                select *
                from with_values
                union all
                select
                    totals.pair_id,
                    totals.variant,
                    {{ experimentos.cell_of("totals.filled_with") | indent(20) }},
                    totals.n_units - totals.n_with_rows,
                    {{ experimentos.has_fraction("totals.filled_with") | indent(20) }}
                from totals
                inner join asked on totals.pair_id = asked.pair_id
                where
                    asked.is_zero_filled
                    and not asked.has_denominator
                    and totals.n_units > totals.n_with_rows
            ) as united
        group by pair_id, variant, cell

    )
{% endmacro %}

{# Whether the units of a cohort count: those that decide have windows that are closed. Reads `asked`. #}
{% macro has_matured(cells) %}
    case
        when asked.basis = 'all' or not asked.is_dated
        then true
        when asked.is_endless
        then asked.observe_until <= asked.data_as_of
        else
            {{
                experimentos.add_seconds(
                    experimentos.day_of(cells ~ ".cohort"),
                    "case when "
                    ~ cells
                    ~ ".matures_after >= 0 then 86400 * "
                    ~ cells
                    ~ ".matures_after else asked.horizon_seconds + 86400 * "
                    ~ experimentos.lateness_of(cells ~ ".cohort")
                    ~ " end",
                )
            }} <= {{ experimentos.end_of_day("asked.data_as_of") }}
    end
{% endmacro %}

{# Every bin of a metric beside every variant, with units or without. #}
{% macro units_in_bins() %}
    {%- set double = experimentos.type_double() %}
    {%- set places = [] %}
    {%- for place in range(experimentos.most_widths() + 6) %}
        {%- do places.append([place]) %}
    {%- endfor %}
    places as ({{ experimentos.values_table([("place", "integer")], places) | indent(8) }}),

    -- The number before the first bin and that after the last are those of open-ended bins.
    outer_bins as (

        select
            *,
            case when start_bin = 1 then -1 else start_bin - 1 end as below_bin,
            case when end_bin = -1 then 1 else end_bin + 1 end as above_bin
        from ranges

    ),

    in_bins as (

        select pair_id, variant, bin, sum(n_units) as n_units
        from
            (
                select
                    counted.pair_id,
                    counted.variant,
                    counted.n_units,
                    case
                        when counted.cell = 0
                        then 0
                        when placed_cells.bin < outer_bins.start_bin
                        then outer_bins.below_bin
                        when placed_cells.bin > outer_bins.end_bin
                        then outer_bins.above_bin
                        else placed_cells.bin
                    end as bin
                from counted
                left join outer_bins on counted.pair_id = outer_bins.pair_id
                left join
                    placed_cells
                    on counted.pair_id = placed_cells.pair_id
                    and counted.cell = placed_cells.cell
            ) as placed
        group by pair_id, variant, bin

    ),

    bins as (

        select outer_bins.pair_id, outer_bins.start_bin + places.place as bin
        from outer_bins
        inner join places on outer_bins.start_bin + places.place <= outer_bins.end_bin
        where outer_bins.start_bin + places.place != 0
        union
        select pair_id, bin
        from in_bins

    ),

    ends as (

        select
            bins.pair_id,
            bins.bin,
            case when scales.is_log then 'log' else 'linear' end as scale,
            coalesce(scales.n_fractions, 0) = 0 as is_whole,
            case
                when bins.bin = 0
                then 0
                when bins.bin < outer_bins.start_bin
                -- where no value is negative, the bin of the smallest starts at zero
                then case when scales.lowest > 0 then 0 end
                when bins.bin > outer_bins.end_bin and outer_bins.end_bin != -1
                then {{ experimentos.bin_end("outer_bins.end_bin", 1) | indent(16) }}
                when bins.bin > outer_bins.end_bin
                then 0
                else {{ experimentos.bin_end("bins.bin", 0) | indent(16) }}
            end as lower,
            case
                when bins.bin = 0
                then 0
                when bins.bin > outer_bins.end_bin
                then case when scales.highest < 0 then 0 end
                when bins.bin < outer_bins.start_bin and outer_bins.start_bin != 1
                then {{ experimentos.bin_end("outer_bins.start_bin", 0) | indent(16) }}
                when bins.bin < outer_bins.start_bin
                then 0
                else {{ experimentos.bin_end("bins.bin", 1) | indent(16) }}
            end as upper
        from bins
        left join outer_bins on bins.pair_id = outer_bins.pair_id
        left join scales on bins.pair_id = scales.pair_id

    ),

    binned as (

        select
            asked.experiment_id,
            asked.metric,
            totals.variant,
            row_number() over (partition by ends.pair_id, totals.variant order by ends.bin) as bin,
            asked.role,
            asked.population,
            asked.basis,
            asked.data_as_of as as_of,
            ends.scale,
            ends.is_whole,
            ends.lower,
            ends.upper,
            coalesce(in_bins.n_units, 0) as n_units,
            case
                when asked.has_denominator
                then totals.n_units - totals.n_with_rows
                else totals.n_without_value
            end as n_missing
        from ends
        inner join asked on ends.pair_id = asked.pair_id
        inner join totals on ends.pair_id = totals.pair_id
        left join
            in_bins
            on ends.pair_id = in_bins.pair_id
            and ends.bin = in_bins.bin
            and totals.variant = in_bins.variant

    )
{% endmacro %}
