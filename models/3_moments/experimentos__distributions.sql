-- One row per experiment, metric, variant and bin: units by their totals as of the latest day. The
-- bins are those of all variants together.
-- depends_on: {{ ref("experimentos__kept_bins") }}, {{ ref("stg_experimentos__pairs") }}
-- depends_on: {{ ref("stg_experimentos__arms") }}, {{ ref("stg_experimentos__variants") }}
-- depends_on: {{ ref("experimentos__experiments") }}, {{ ref("experimentos__caps") }}
-- depends_on: {{ ref("experimentos__moments") }}
{{ config(post_hook="{{ experimentos.keep_in_archive() }}") }}
{%- set has_bins = execute and experimentos.has_any_bins(experimentos.definitions()) %}
{%- set text, double = dbt.type_string(), experimentos.type_double() %}
{%- set columns = {
    "experiment_id": text,
    "metric": text,
    "variant": text,
    "bin": "integer",
    "role": text,
    "population": text,
    "basis": text,
    "as_of": "timestamp",
    "scale": text,
    "is_whole": "boolean",
    "lower": double,
    "upper": double,
    "n_units": "bigint",
    "n_missing": "bigint",
} %}

{% if has_bins %}
    with
        {{ experimentos.counted_cells() }},

        {{ experimentos.cell_spreads() }},

        {{ experimentos.bin_scales() }},

        {{ experimentos.bin_ranges() }},

        {{ experimentos.units_in_bins() }}

{% endif %}
select
    {%- for name, type in columns.items() %}
        cast({{ name if has_bins else "null" }} as {{ type }}) as {{ name }}
        {{- "," if not loop.last }}
    {%- endfor %}
{% if has_bins %} from binned where true
{%- else %} where 1 = 0 {%- endif %} {{ experimentos.archived_rows(columns.keys() | list) }}
