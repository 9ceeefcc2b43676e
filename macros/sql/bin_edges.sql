{# Cells of the grid (bins.sql) put together to at most 40 bins that all variants share: of equal width, or
   where the largest hundredth is ten times the middle and more, of equal ratio. Edges are round numbers, so
   that each is an edge of the grid too. What lies beyond a hundredth on either side is one bin. #}
{% macro most_widths() %} {{ return(34) }} {% endmacro %}

{# The end of a cell that is nearer to zero, as its size; `next` is 1 for the other end. #}
{% macro cell_end(cell, next=0) %}
    {%- set decades = experimentos.cells_in_decade() -%}
    {%- set code = "(abs(" ~ cell ~ ") - " ~ experimentos.first_cell() ~ " + " ~ next ~ ")" -%}
    {%- set decade = (
        "floor("
        ~ code
        ~ " / cast("
        ~ decades
        ~ " as "
        ~ experimentos.type_double()
        ~ "))"
    ) -%}
    {{
        experimentos.decimal(
            "(20 + " ~ code ~ " - " ~ decades ~ " * " ~ decade ~ ") / 20.0", decade
        )
    }}
{%- endmacro %}

{# A number with few digits times a power of ten, as exact as doubles are: those of ten and more are. #}
{% macro decimal(x, exponent) %}
    {%- set ten = "cast(10 as " ~ experimentos.type_double() ~ ")" -%}
    case
        when {{ exponent }} < 0
        then ({{ x }}) / power({{ ten }}, - ({{ exponent }}))
        else ({{ x }}) * power({{ ten }}, {{ exponent }})
    end
{%- endmacro %}

{# The cells at which each bin of equal ratio starts within a decade, by the number of bins in it. #}
{% macro ratio_starts() %}
    {{
        return(
            {
                10: [0, 5, 12, 20, 30, 44, 60, 80, 106, 140],
                5: [0, 12, 30, 60, 106],
                2: [0, 44],
                1: [0],
            }
        )
    }}
{% endmacro %}

{# From `counted` (pair_id, cell, n, n_fractions of all variants together): where the middle, the hundredths
   and the extremes of each metric's values other than zero are. #}
{% macro cell_spreads() %}
    {%- set double = experimentos.type_double() %}
    ranked as (

        select
            *,
            sum(n) over (partition by pair_id order by cell) as up_to,
            sum(n) over (partition by pair_id) as n_all
        from
            (
                select pair_id, cell, sum(n_units) as n, sum(n_fractions) as n_fractions
                from counted
                where cell != 0
                group by pair_id, cell
            ) as pooled

    ),

    cells_of_spreads as (

        select
            pair_id,
            min(cell) as lowest,
            max(cell) as highest,
            min(case when up_to > 0.01 * n_all then cell end) as low,
            min(case when up_to >= 0.5 * n_all then cell end) as middle,
            max(case when up_to - n < 0.99 * n_all then cell end) as high,
            sum(n_fractions) as n_fractions
        from ranked
        group by pair_id

    ),

    spreads as (

        select
            *,
            case
                when low > 0
                then {{ experimentos.cell_end("low") }}
                else - ({{ experimentos.cell_end("low", 1) }})
            end as low_value,
            case
                when high > 0
                then {{ experimentos.cell_end("high", 1) }}
                else - ({{ experimentos.cell_end("high") }})
            end as high_value,
            {{ experimentos.cell_end("middle") }} as middle_value,
            -- the widest cell among them
            {{ experimentos.cell_end("case when abs(high) > abs(low) then high else low end", 1) }}
            - (
                {{ experimentos.cell_end("case when abs(high) > abs(low) then high else low end") }}
            ) as finest
        from cells_of_spreads

    )
{% endmacro %}

{# The scale of each metric, and how wide its bins are. #}
{% macro bin_scales() %}
    {%- set double = experimentos.type_double() %}
    judged as (

        select
            *,
            lowest > 0 and high_value >= 10 * middle_value as is_log,
            greatest(
                -- from zero on, unless all values are far from it for their spread
                case
                    when low_value > 0 and low_value < high_value / 2
                    then high_value
                    when high_value < 0 and high_value > low_value / 2
                    then - low_value
                    else high_value - low_value
                end
                / cast({{ experimentos.most_widths() }} as {{ double }}),
                finest * (1 - 1e-9),
                case when n_fractions = 0 then 1 else 0 end
            ) as width_wanted,
            -- ends of cells are never zero
            ln(abs(high_value / nullif(low_value, 0))) / 2.302585092994046 as n_decades
        from spreads

    ),

    decades as (

        select *, floor(ln(width_wanted * (1 + 1e-9)) / 2.302585092994046) as width_decade
        from judged

    ),

    widths as (

        select *, width_wanted / ({{ experimentos.decimal("1", "width_decade") }}) as mantissa
        from decades

    ),

    scales as (

        select
            *,
            case
                when mantissa <= 1.0000001
                then 1
                when mantissa <= 2.0000001
                then 2
                -- two and a half is no width of whole numbers
                when mantissa <= 2.5000001 and (n_fractions > 0 or width_decade > 0)
                then 2.5
                when mantissa <= 5.0000001
                then 5
                else 10
            end as width_digits,
            case
                {%- for n, most in [(10, 3.5), (5, 7), (2, 17)] %}
                    when n_decades <= {{ most }} then {{ n }}
                {%- endfor %}
                else 1
            end as n_in_decade
        from widths

    )
{% endmacro %}

{# The bin of a cell, of `scales`: bins of equal width are counted from zero, 1 above and -1 below, those of
   equal ratio by decades. #}
{% macro bin_of(cell) %}
    {%- set double = experimentos.type_double() %}
    {%- set decades = experimentos.cells_in_decade() %}
    {%- set code = "(" ~ cell ~ " - " ~ experimentos.first_cell() ~ ")" %}
    {%- set decade = "floor(" ~ code ~ " / cast(" ~ decades ~ " as " ~ double ~ "))" %}
    {%- set place = "(" ~ code ~ " - " ~ decades ~ " * " ~ decade ~ ")" %}
    cast(
        case
            when scales.is_log
            then
                {{ experimentos.first_cell() }}
                + scales.n_in_decade * {{ decade }}
                + case
                    {%- for n, starts in experimentos.ratio_starts().items() %}
                        {%- for start in starts | reverse if start > 0 %}
                            when scales.n_in_decade = {{ n }} and {{ place }} >= {{ start }}
                            then {{ loop.revindex }}
                        {%- endfor %}
                    {%- endfor %}
                    else 0
                end
            else
                case when {{ cell }} < 0 then -1 else 1 end * (
                    floor(
                        {{ experimentos.cell_end(cell) }}
                        / ({{ experimentos.decimal("scales.width_digits", "scales.width_decade") }})
                        * (1 + 1e-9)
                    )
                    + 1
                )
        end as bigint
    )
{%- endmacro %}

{# The first and the last bin that is not open-ended: those of all values, if they are few. #}
{% macro bin_ranges() %}
    {%- set most = 20 %}
    placed_cells as (

        select ranked.pair_id, ranked.cell, {{ experimentos.bin_of("ranked.cell") }} as bin
        from ranked
        inner join scales on ranked.pair_id = scales.pair_id

    ),

    reached as (

        select
            scales.pair_id,
            min(placed_cells.bin) as least_bin,
            max(placed_cells.bin) as greatest_bin,
            max(
                case
                    when placed_cells.cell = scales.low
                    then
                        case
                            when
                                not scales.is_log
                                and scales.low_value > 0
                                and scales.low_value < scales.high_value / 2
                            then
                                case
                                    when
                                        scales.n_fractions = 0
                                        and scales.width_digits = 1
                                        and scales.width_decade = 0
                                    -- no whole number is above 0 and below 1
                                    then 2
                                    else 1
                                end
                            else placed_cells.bin
                        end
                end
            ) as first_bin,
            max(
                case
                    when placed_cells.cell = scales.high
                    then
                        case
                            when scales.high_value < 0 and scales.high_value > scales.low_value / 2
                            then -1
                            else placed_cells.bin
                        end
                end
            ) as last_bin
        from placed_cells
        inner join scales on placed_cells.pair_id = scales.pair_id
        group by scales.pair_id

    ),

    widened as (

        select
            *,
            case
                when greatest_bin - first_bin < {{ most }}
                then greatest(greatest_bin, last_bin)
                else last_bin
            end as end_bin
        from reached

    ),

    ranges as (

        select
            *,
            case
                when end_bin - least_bin < {{ most }}
                then least(least_bin, first_bin)
                -- of more decades than there are bins, the largest
                else greatest(first_bin, end_bin - {{ experimentos.most_widths() }} - 1)
            end as start_bin
        from widened

    )
{% endmacro %}

{# The ends of a bin (`bin`) of `scales`; `next` is 1 for the upper one. #}
{% macro bin_end(bin, next) %}
    {%- set double = experimentos.type_double() %}
    {%- set code = "(" ~ bin ~ " - " ~ experimentos.first_cell() ~ " + " ~ next ~ ")" %}
    {%- set n = "cast(scales.n_in_decade as " ~ double ~ ")" %}
    {%- set decade = "floor(" ~ code ~ " / " ~ n ~ ")" %}
    {%- set place = "(" ~ code ~ " - scales.n_in_decade * " ~ decade ~ ")" %}
    {%- set starts %}
        (20 + case
            {%- for n_in_decade, starts in experimentos.ratio_starts().items() %}
                {%- for start in starts if start > 0 %}
                    when scales.n_in_decade = {{ n_in_decade }} and {{ place }} = {{ loop.index }}
                    then {{ start }}
                {%- endfor %}
            {%- endfor %}
            else 0
        end) / 20.0
    {%- endset %}
    {%- set widths %}
        (case when {{ bin }} > 0 then {{ bin }} - 1 + {{ next }} else {{ bin }} + {{ next }} end)
        * scales.width_digits
    {%- endset %}
    case
        when scales.is_log
        then {{ experimentos.decimal(starts, decade) }}
        else {{ experimentos.decimal(widths, "scales.width_decade") }}
    end
{%- endmacro %}
