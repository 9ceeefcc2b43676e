{% macro duckdb__type_double() %} {{ return("double") }} {% endmacro %}

{# One JSON text: DuckDB parses 20,000 rows of literals in ten seconds, and as JSON in a fifth of one. #}
{% macro duckdb__given_rows(columns, rows) %}
    {%- set lines = [] -%}
    {%- for row in rows -%} {%- do lines.append(tojson(row)) -%} {%- endfor -%}
    select
        {%- for name, type in columns %}
            cast(given ->> {{ loop.index0 }} as {{ type }}) as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from
        (
            select
                unnest(
                    cast({{ experimentos.text_literal("[" ~ lines | join(",\n") ~ "]") }} as json[])
                ) as given
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
