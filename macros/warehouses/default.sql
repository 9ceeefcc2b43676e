{# Every primitive that a warehouse may spell its own way, with the spelling most of them share.
   An adapter's overrides stand together in a file of its own. #}
{% macro type_double() %}
    {{ return(adapter.dispatch("type_double", "experimentos")()) }}
{% endmacro %}
{% macro default__type_double() %} {{ return("double precision") }} {% endmacro %}

{% macro text_literal(value) %}
    {{ return(adapter.dispatch("text_literal", "experimentos")(value)) }}
{% endmacro %}
{% macro default__text_literal(value) %}
    {{ return("null" if value is none else "'" ~ (value | string).replace("'", "''") ~ "'") }}
{% endmacro %}

{% macro as_text(x) %} {{ return(adapter.dispatch("as_text", "experimentos")(x)) }} {% endmacro %}
{% macro default__as_text(x) %}
    {{ return("cast(" ~ x ~ " as " ~ dbt.type_string() ~ ")") }}
{% endmacro %}

{% macro to_utc(x, type) %}
    {{ return(adapter.dispatch("to_utc", "experimentos")(x, type)) }}
{% endmacro %}
{% macro default__to_utc(x, type) %}
    {{
        return(
            "(" ~ x ~ ") at time zone 'UTC'"
            if type == "timestamptz"
            else "cast(" ~ x ~ " as timestamp)"
        )
    }}
{% endmacro %}

{% macro add_seconds(x, seconds) %}
    {{ return(adapter.dispatch("add_seconds", "experimentos")(x, seconds)) }}
{% endmacro %}
{% macro default__add_seconds(x, seconds) %}
    {{ return("(" ~ x ~ " + " ~ seconds ~ " * interval '1' second)") }}
{% endmacro %}

{% macro start_of_day(x) %}
    {{ return(adapter.dispatch("start_of_day", "experimentos")(x)) }}
{% endmacro %}
{% macro default__start_of_day(x) %}
    {{ return("cast(date_trunc('day', " ~ x ~ ") as timestamp)") }}
{% endmacro %}

{% macro filtered(aggregate, condition) %}
    {{ return(adapter.dispatch("filtered", "experimentos")(aggregate, condition)) }}
{% endmacro %}
{% macro default__filtered(aggregate, condition) %}
    {{ return(aggregate ~ (" filter (where " ~ condition ~ ")" if condition else "")) }}
{% endmacro %}

{# A double, or null where the value is null, not a number, infinite, or so large that its square
   would leave the range of doubles. NaN is larger than every number where it can be compared. #}
{% macro finite_double(x, type) %}
    {{ return(adapter.dispatch("finite_double", "experimentos")(x, type)) }}
{% endmacro %}
{% macro default__finite_double(x, type) %}
    {% if type == "boolean" %}
        {{ return("case when " ~ x ~ " then 1.0 when not (" ~ x ~ ") then 0.0 end") }}
    {% endif %}
    {% set double = "cast(" ~ x ~ " as " ~ experimentos.type_double() ~ ")" %}
    {% if type == "integer" %} {{ return(double) }} {% endif %}
    {{ return("case when abs(" ~ double ~ ") < 1e100 then " ~ double ~ " end") }}
{% endmacro %}

{# Sum of squared deviations, and of products of deviations: stable aggregates, never raw sums of squares. #}
{% macro m2(x) %} {{ return(adapter.dispatch("m2", "experimentos")(x)) }} {% endmacro %}
{% macro default__m2(x) %} {{ return("var_pop(" ~ x ~ ") * count(" ~ x ~ ")") }} {% endmacro %}

{% macro c2(x, y) %} {{ return(adapter.dispatch("c2", "experimentos")(x, y)) }} {% endmacro %}
{% macro default__c2(x, y) %}
    {{ return("covar_pop(" ~ x ~ ", " ~ y ~ ") * count(" ~ x ~ ")") }}
{% endmacro %}

{# Whether bit number `bit` (a column) is set in the bigint `mask`. #}
{% macro bit_is_set(mask, bit) %}
    {{ return(adapter.dispatch("bit_is_set", "experimentos")(mask, bit)) }}
{% endmacro %}
{% macro default__bit_is_set(mask, bit) %}
    {{ return("((" ~ mask ~ " >> cast(" ~ bit ~ " as integer)) & 1) = 1") }}
{% endmacro %}

{% macro quoted(name) %} {{ return(adapter.quote(name)) }} {% endmacro %}

{# What kind of thing a column of this type holds: the words the checks and casts above understand. #}
{% macro type_class(type) %}
    {{ return(adapter.dispatch("type_class", "experimentos")(type)) }}
{% endmacro %}
{% macro default__type_class(type) %}
    {% set name = type | string | lower %}
    {% if name.startswith("timestamp") %}
        {{
            return(
                "timestamptz"
                if "with time zone" in name or name.startswith("timestamptz")
                else "timestamp"
            )
        }}
    {% endif %}
    {% for start, found in [
        ("bool", "boolean"), ("date", "date"), ("time", "time"), ("interval", "interval"),
        ("tinyint", "integer"), ("smallint", "integer"), ("bigint", "integer"), ("int", "integer"),
        ("hugeint", "integer"), ("utinyint", "integer"), ("usmallint", "integer"), ("uint", "integer"),
        ("ubigint", "integer"), ("uhugeint", "integer"), ("bignum", "number"), ("long", "integer"), ("short", "integer"),
        ("decimal", "number"), ("numeric", "number"), ("double", "number"), ("float", "number"), ("real", "number"),
        ("uuid", "uuid"), ("varchar", "text"), ("char", "text"), ("text", "text"), ("string", "text"),
        ("enum", "text"), ("bpchar", "text"), ("json", "text"),
    ] if name.startswith(start) %}
        {% if "[" not in name %} {{ return(found) }} {% endif %}
    {% endfor %}
    {{ return("other") }}
{% endmacro %}

{# The different values of a group as one text, in their order. #}
{% macro text_list(x) %}
    {{ return(adapter.dispatch("text_list", "experimentos")(x)) }}
{% endmacro %}
{% macro default__text_list(x) %}
    {{ return("string_agg(distinct " ~ x ~ ", ', ' order by " ~ x ~ ")") }}
{% endmacro %}

{# A typed table of rows of plain values, in chunks that parsers take quickly. #}
{% macro given_rows(columns, rows) %}
    {{ return(adapter.dispatch("given_rows", "experimentos")(columns, rows)) }}
{% endmacro %}
{% macro default__given_rows(columns, rows) %}
    {%- set names = columns | map("first") | join(", ") -%}
    {%- for chunk in rows | batch(500) -%}
        {{ "union all" if not loop.first }}
        select
            {%- for name, type in columns %}
                cast({{ name }} as {{ type }}) as {{ name }}{{ "," if not loop.last }}
            {% endfor %}
        from
            (
                values
                    {% for row in chunk %}
                        (
                            {%- for value in row -%}
                                {{
                                    (
                                        experimentos.text_literal(value)
                                        if value is string
                                        else experimentos.plain_literal(value)
                                    )
                                }}{{ ", " if not loop.last }}
                            {%- endfor -%}
                        ){{ "," if not loop.last }}
                    {% endfor -%}
            ) as given({{ names }})
    {% endfor -%}
{% endmacro %}

{# The whole days from one instant to a later one, as an integer. #}
{% macro whole_days(earlier, later) %}
    {{ return(adapter.dispatch("whole_days", "experimentos")(earlier, later)) }}
{% endmacro %}
{% macro default__whole_days(earlier, later) %}
    {{
        return(
            "cast(floor(extract(epoch from ("
            ~ later
            ~ " - "
            ~ earlier
            ~ ")) / 86400) as integer)"
        )
    }}
{% endmacro %}

{% macro shifted_right(x, bits) %}
    {{ return(adapter.dispatch("shifted_right", "experimentos")(x, bits)) }}
{% endmacro %}
{% macro default__shifted_right(x, bits) %}
    {{ return("((" ~ x ~ ") >> " ~ bits ~ ")") }}
{% endmacro %}

{# The remainder of a division of non-negative integers. #}
{% macro remainder(x, divisor) %}
    {{ return(adapter.dispatch("remainder", "experimentos")(x, divisor)) }}
{% endmacro %}
{% macro default__remainder(x, divisor) %}
    {{ return("((" ~ x ~ ") % " ~ divisor ~ ")") }}
{% endmacro %}

{# The text in the earliest of a group's rows that meet a condition; of several at one instant, the
   smallest. #}
{% macro first_text(x, at, condition) %}
    {{ return(adapter.dispatch("first_text", "experimentos")(x, at, condition)) }}
{% endmacro %}
{% macro default__first_text(x, at, condition) %}
    {{
        return(
            "(array_agg("
            ~ x
            ~ " order by "
            ~ at
            ~ ", "
            ~ x
            ~ " nulls last) filter (where "
            ~ condition
            ~ "))[1]"
        )
    }}
{% endmacro %}

{# The value of a group's latest row that has one and meets a condition; of several at one instant, the
   largest. #}
{% macro latest_value(x, at, condition) %}
    {{ return(adapter.dispatch("latest_value", "experimentos")(x, at, condition)) }}
{% endmacro %}
{% macro default__latest_value(x, at, condition) %}
    {{
        return(
            "(array_agg("
            ~ x
            ~ " order by "
            ~ at
            ~ " desc, "
            ~ x
            ~ " desc) filter (where "
            ~ x
            ~ " is not null"
            ~ (" and " ~ condition if condition else "")
            ~ "))[1]"
        )
    }}
{% endmacro %}

{# The midnight at or after an instant. #}
{% macro end_of_day(x) %}
    {{
        return(
            experimentos.add_seconds(
                experimentos.start_of_day("(" ~ x ~ " - interval '1' microsecond)"), 86400
            )
        )
    }}
{% endmacro %}

{# One row per midnight from the first to the last. #}
{% macro days_from(first, last) %}
    {{ return(adapter.dispatch("days_from", "experimentos")(first, last)) }}
{% endmacro %}
{% macro default__days_from(first, last) %}
    {{ return("generate_series(" ~ first ~ ", " ~ last ~ ", interval '1' day)") }}
{% endmacro %}

{# The last value that is not null from the start of a named window to the current row. #}
{% macro running_latest(x, window) %}
    {{ return(adapter.dispatch("running_latest", "experimentos")(x, window)) }}
{% endmacro %}
{% macro default__running_latest(x, window) %}
    {{
        return(
            "(array_remove(array_agg("
            ~ x
            ~ ") over "
            ~ window
            ~ ", null))[array_length(array_remove(array_agg("
            ~ x
            ~ ") over "
            ~ window
            ~ ", null), 1)]"
        )
    }}
{% endmacro %}

{# Whether rows of a table can be deleted, so that it may be built on from run to run. #}
{% macro can_delete() %}
    {{ return(adapter.dispatch("can_delete", "experimentos")()) }}
{% endmacro %}
{% macro default__can_delete() %} {{ return(true) }} {% endmacro %}

{# A number of 40 bits that tells a row from others by these columns. #}
{% macro row_hash(columns) %}
    {{ return(adapter.dispatch("row_hash", "experimentos")(columns)) }}
{% endmacro %}
{% macro default__row_hash(columns) %}
    {% set texts = [] %}
    {% for column in columns %}
        {% do texts.append("coalesce(" ~ experimentos.as_text(column) ~ ", '~')") %}
    {% endfor %}
    {{
        return(
            "cast(cast('x' || substr(md5(" ~ texts
            | join(" || '|' || ") ~ "), 1, 10) as bit(40)) as bigint)"
        )
    }}
{% endmacro %}

{# The values that may decide the percentiles of `wanted`, at least those at or beyond each of them. Gives
   `kept` (spot, is_activated, is_mature, value, n) and, over all values of each of the same keys,
   `extremes` (n, smallest, largest). #}
{% macro outer_values(found, wanted, pairs) %}
    {{ return(adapter.dispatch("outer_values", "experimentos")(found, wanted, pairs)) }}
{% endmacro %}
{% macro default__outer_values(found, wanted, pairs) %}
    {%- set sides = wanted | map(attribute=2) | unique | list %}
    kept as (
        {{
            experimentos.counted_values(
                experimentos.capped_numbers(found, pairs, sides),
                sides,
                "spots",
                false,
            )
        }}
    ),

    extremes as (

        select
            spot,
            is_activated,
            is_mature,
            sum(n) as n,
            min(value) as smallest,
            max(value) as largest
        from kept
        group by spot, is_activated, is_mature

    )
{% endmacro %}

{# A number from 0 to under `buckets`, the same for the same text on every warehouse: of the first 60 bits
   of its MD5. #}
{% macro bucket_of(text, buckets) %}
    {{ return(adapter.dispatch("bucket_of", "experimentos")(text, buckets)) }}
{% endmacro %}
{% macro default__bucket_of(text, buckets) %}
    {{
        return(
            "cast(cast('x' || substr(md5("
            ~ text
            ~ "), 1, 15) as bit(60)) as bigint) % "
            ~ buckets
        )
    }}
{% endmacro %}
