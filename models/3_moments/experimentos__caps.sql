-- One row per metric with caps, population and basis: what a unit's numbers are cut at.
-- depends_on: {{ ref("experimentos__unit_metrics") }}, {{ ref("experimentos__unit_counts") }}
-- depends_on: {{ ref("experimentos__analysed_units") }}, {{ ref("experimentos__experiments") }}
-- depends_on: {{ ref("stg_experimentos__arms") }}, {{ ref("stg_experimentos__pairs") }}
{%- set definitions = experimentos.definitions() %}
{%- set double = experimentos.type_double() %}
{%- set sides = experimentos.moment_means() %}
{%- set given, wanted, known = [], [], {} %}
{%- for experiment in definitions.experiments
    if experiment.summary is none and not experiment.is_archived %}
    {%- for pair in experiment.pairs %}
        {%- set key = [pair.metric.name, pair.cap, pair.lower] | join("|") %}
        {%- if key not in known %}
            {%- do known.update({key: experimentos.limits_of_values(pair)}) %}
        {%- endif %}
        {%- for kind, x, bound, amount in known[key] %}
            {%- set rows = given if kind == "absolute" else wanted %}
            {%- do rows.append([rows | length, pair.pair_id, x, bound, amount]) %}
        {%- endfor %}
    {%- endfor %}
{%- endfor %}
{%- set types = [
    ("spot", "integer"),
    ("pair_id", "integer"),
    ("x", dbt.type_string()),
    ("bound", dbt.type_string()),
    ("amount", double),
] %}

with

    given as ({{ experimentos.values_table(types, given) }}),

    wanted as ({{ experimentos.values_table(types, wanted) }}),

    {%- if wanted %} {{ experimentos.percentiles_of_units(definitions, wanted) }}, {%- endif %}

    found as (

        {%- if wanted %}
            select
                pair_id,
                population,
                basis,
                x,
                bound,
                case
                    when bound = 'upper' and value > least_value and value > 0
                    then value
                    when bound = 'lower' and value < greatest_value
                    then value
                end as threshold
            from quantiles
            union all
        {%- endif %}
        select
            given.pair_id,
            populations.population,
            bases.basis,
            given.x,
            given.bound,
            given.amount as threshold
        from given
        cross join
            (
                select 'assigned' as population
                union all
                select 'activated'
            ) as populations
        cross join {{ experimentos.two_bases() }} as bases

    )

select
    pair_id,
    cast(population as {{ dbt.type_string() }}) as population,
    cast(basis as {{ dbt.type_string() }}) as basis
    {%- for x in sides %}
        {%- for bound in ["upper", "lower"] %}
            ,
            max(
                case when x = '{{ x }}' and bound = '{{ bound }}' then threshold end
            ) as {{ bound }}_{{ x }}
        {%- endfor %}
    {%- endfor %},
    max(case when x in ('num', 'den') and threshold is null then 1 else 0 end) = 1 as is_refused
from found
group by pair_id, population, basis
