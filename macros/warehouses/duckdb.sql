{% macro duckdb__type_double() %} {{ return("double") }} {% endmacro %}

{# JSON texts of about a million characters: DuckDB parses 20,000 rows of literals in ten seconds, and as JSON in
   a fifth of one. #}
{% macro duckdb__given_rows(columns, rows) %}
    {%- set texts, lines, length = [], [], namespace(sum=0) -%}
    {%- for row in rows -%}
        {%- do lines.append(tojson(row)) -%}
        {%- set length.sum = length.sum + lines[-1] | length -%}
        {%- if length.sum > 1000000 or loop.last -%}
            {%- do texts.append(experimentos.text_literal("[" ~ lines | join(",\n") ~ "]")) -%}
            {%- do lines.clear() -%}
            {%- set length.sum = 0 -%}
        {%- endif -%}
    {%- endfor -%}
    select
        {%- for name, type in columns %}
            cast(given ->> {{ loop.index0 }} as {{ type }}) as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from
        (
            {%- for text in texts %}
                {{ "union all" if not loop.first }}
                select unnest(cast({{ text }} as json[])) as given
            {%- endfor %}
        ) as given_rows
{% endmacro %}

{% macro duckdb__whole_days(earlier, later) %}
    {{
        return(
            "cast((epoch_us("
            ~ later
            ~ ") - epoch_us("
            ~ earlier
            ~ ")) // 86400000000 as integer)"
        )
    }}
{% endmacro %}

{% macro duckdb__days_from(first, last) %}
    {{ return("unnest(generate_series(" ~ first ~ ", " ~ last ~ ", interval 1 day))") }}
{% endmacro %}

{% macro duckdb__running_latest(x, window) %}
    {{ return("last_value(" ~ x ~ " ignore nulls) over " ~ window) }}
{% endmacro %}

{# Rows of one day are added up, so 40 bits leave room for eight million of them in 63, and sum() of
   bigints is wider than that. #}
{% macro duckdb__row_hash(columns) %}
    {{ return("cast(hash(" ~ columns | join(", ") ~ ") >> 24 as bigint)") }}
{% endmacro %}

{% macro duckdb__bucket_of(text, buckets) %}
    {{ return("cast('0x' || substr(md5(" ~ text ~ "), 1, 15) as bigint) % " ~ buckets) }}
{% endmacro %}

{# As many of the outermost values as a percentile may need, from one scan: each group keeps heaps of its own
   length. Percentiles so far in that heaps would hold much of the data take every value. #}
{% macro duckdb__outer_values(found, wanted, pairs) %}
    {%- set sides = wanted | map(attribute=2) | unique | list %}
    {%- set numbers = experimentos.capped_numbers(found, pairs, sides) %}
    {%- set ends, inner = [], [] %}
    {%- for _, _, x, bound, amount in wanted %}
        {%- if (x, bound) not in ends %} {%- do ends.append((x, bound)) %} {%- endif %}
        {#- a heap holds under a million values, which is a hundredth of 100 million units -#}
        {%- if (amount if bound == "lower" else 1 - amount) > 0.0101 %}
            {%- do inner.append(x) %}
        {%- endif %}
    {%- endfor %}
    {{ experimentos.duckdb_heaps(ends, 200000 if inner else 999999) }},

    {{ experimentos.duckdb_outermost(numbers, sides, ends) }},

    kept as (

        {%- for x, bound in ends %}
            {{ "union all" if not loop.first }}
            select spot, is_activated, is_mature, value, count(*) as n
            from
                (
                    select
                        lengths.spot,
                        lengths.is_activated,
                        outermost.is_mature,
                        unnest(outermost.{{ bound }}_{{ x }}) as value
                    from outermost
                    inner join
                        lengths
                        on outermost.pair_id = lengths.pair_id
                        and outermost.is_activated = lengths.is_activated
                    where
                        lengths.x = '{{ x }}'
                        and lengths.bound = '{{ bound }}'
                        and not lengths.is_far_in
                ) as listed
            group by spot, is_activated, is_mature, value
        {%- endfor %}
        {%- if inner %}
            union all
            select *
            from
                (
                    {{
                        experimentos.counted_values(
                            numbers,
                            sides,
                            "(select * from lengths where is_far_in)",
                            true,
                        )
                    }}
                ) as counted
        {%- endif %}

    )
{% endmacro %}

{# How many of the outermost values each percentile needs: up to its place, the one beyond it, and one for
   rounding. #}
{% macro duckdb_heaps(ends, longest) %}
    lengths as materialized(

        select *, length > {{ longest }} as is_far_in
        from
            (
                select
                    spots.*,
                    eligible.population = 'activated' as is_activated,
                    cast(
                        ceil(
                            case
                                when spots.bound = 'upper' then 1 - spots.amount else spots.amount
                            end
                            * (eligible.n_all - 1)
                        ) as bigint
                    )
                    + 3 as length
                from spots
                inner join eligible on spots.pair_id = eligible.pair_id
            ) as counted

    ),

    heaps as (

        select
            pair_id,
            is_activated,
            max(last_day) as last_day
            {%- for x, bound in ends %}
                ,
                coalesce(
                    max(length) filter (
                        where x = '{{ x }}' and bound = '{{ bound }}' and not is_far_in
                    ),
                    1
                ) as {{ bound }}_{{ x }}
            {%- endfor %}
        from lengths
        group by pair_id, is_activated

    )
{% endmacro %}

{# The heaps of each pair, population and maturity, and from the same scan the extremes of all values. #}
{% macro duckdb_outermost(numbers, sides, ends) %}
    outermost as materialized(

        select
            numbers.pair_id,
            numbers.is_activated,
            coalesce(numbers.day <= heaps.last_day, false) as is_mature,
            count(*) as n
            {%- for x in sides %}
                , min(numbers.{{ x }}) as smallest_{{ x }}, max(numbers.{{ x }}) as largest_{{ x }}
            {%- endfor %}
            {%- for x, bound in ends %}
                ,
                {{ "max" if bound == "upper" else "min" }} (
                    numbers.{{ x }}, heaps.{{ bound }}_{{ x }}
                ) as {{ bound }}_{{ x }}
            {%- endfor %}
        from ({{ numbers }}) as numbers
        inner join
            heaps on numbers.pair_id = heaps.pair_id and numbers.is_activated = heaps.is_activated
        group by 1, 2, 3

    ),

    extremes as (

        select
            spots.spot,
            outermost.is_activated,
            outermost.is_mature,
            outermost.n,
            case
                spots.x
                {%- for x in sides %} when '{{ x }}' then outermost.smallest_{{ x }} {%- endfor %}
            end as smallest,
            case
                spots.x
                {%- for x in sides %} when '{{ x }}' then outermost.largest_{{ x }} {%- endfor %}
            end as largest
        from outermost
        inner join spots on outermost.pair_id = spots.pair_id

    )
{% endmacro %}
