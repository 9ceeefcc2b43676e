-- One row per experiment, metric and variant of the readout that decides, and per phase of it in a
-- ramp: the moments beside what is believed beforehand. All that posteriors and power read.
-- depends_on: {{ ref("stg_experimentos__experiments") }}
{%- set text, double = dbt.type_string(), experimentos.type_double() %}
{%- set beliefs = ["mean", "sd", "alpha", "beta"] %}
{%- set rows = [] %}
{%- for experiment in experimentos.definitions().experiments %}
    {%- for pair in experiment.pairs if pair.get("prior") %}
        {%- set row = [pair.pair_id, pair.prior.kind] %}
        {%- for name in beliefs %} {%- do row.append(pair.prior.get(name)) %} {%- endfor %}
        {%- do rows.append(row) %}
    {%- endfor %}
{%- endfor %}
{%- set columns = [("pair_id", "integer"), ("prior_kind", text)] %}
{%- for name in beliefs %} {%- do columns.append(("prior_" ~ name, double)) %} {%- endfor %}

with

    inputs as (select * from {{ ref("experimentos__inference_inputs") }}),

    priors as ({{ experimentos.values_table(columns, rows) | indent(8) }}),

    deciding as (

        select experiment_id, metric, variant, population, basis, as_of, n_phases
        from inputs
        where is_deciding

    ),

    read as (

        select inputs.*
        from inputs
        where inputs.is_deciding
        union all
        select inputs.*
        from inputs
        inner join
            deciding
            on inputs.experiment_id = deciding.experiment_id
            and inputs.metric = deciding.metric
            and inputs.variant = deciding.variant
            and inputs.population = deciding.population
            and inputs.basis = deciding.basis
            and inputs.as_of is not distinct from deciding.as_of
        where inputs.segment = 'phase' and deciding.n_phases > 1

    ),

    -- Looks whose dates depend on the units that come have no date here, and count all the same.
    schedules as (

        select experiment_id, count(*) as n_looks
        from {{ ref("stg_experimentos__looks") }}
        group by experiment_id

    )

select
    read.*,
    coalesce(priors.prior_kind, 'flat') as prior_kind,
    {%- for name in beliefs %} priors.prior_{{ name }}, {%- endfor %}
    schedules.n_looks,
    pairs.is_endless
from read
inner join {{ ref("stg_experimentos__pairs") }} as pairs on read.pair_id = pairs.pair_id
left join priors on read.pair_id = priors.pair_id
left join schedules on read.experiment_id = schedules.experiment_id
