-- One row per metric with caps, population and basis: what a unit's numbers are cut at.
{%- set definitions = experimentos.definitions() %}
{%- set double = experimentos.type_double() %}
{%- set sides = experimentos.moment_means() %}
{%- set given, wanted = [], [] %}
{%- for experiment in definitions.experiments if experiment.summary is none %}
    {%- for pair in experiment.pairs %}
        {%- for (side, limit), cap in experimentos.caps_of(pair).items() %}
            {%- for x in [side, side ~ "_cov"] %}
                {%- set bound = "upper" if limit == "cap" else "lower" %}
                {%- do (given if cap.kind == "absolute" else wanted).append(
                    [pair.pair_id, x, bound, cap.amount]
                ) %}
            {%- endfor %}
        {%- endfor %}
    {%- endfor %}
{%- endfor %}
{%- set types = [
    ("pair_id", "integer"),
    ("x", dbt.type_string()),
    ("bound", dbt.type_string()),
    ("amount", double),
] %}

with

    given as ({{ experimentos.values_table(types, given) }}),

    wanted as ({{ experimentos.values_table(types, wanted) }}),

    {{ experimentos.percentiles_of_units("wanted") }},

    found as (

        select
            wanted.pair_id,
            quantiles.population,
            quantiles.basis,
            wanted.x,
            wanted.bound,
            case
                when
                    wanted.bound = 'upper'
                    and quantiles.value > quantiles.smallest
                    and quantiles.value > 0
                then quantiles.value
                when wanted.bound = 'lower' and quantiles.value < quantiles.largest
                then quantiles.value
            end as threshold
        from wanted
        inner join
            quantiles
            on wanted.pair_id = quantiles.pair_id
            and wanted.x = quantiles.x
            and wanted.amount = quantiles.amount
        union all
        select
            given.pair_id, populations.population, bases.basis, given.x, given.bound, given.amount
        from given
        cross join
            (
                select 'assigned' as population
                union all
                select 'activated'
            ) as populations
        cross join
            (
                select 'mature' as basis
                union all
                select 'all'
            ) as bases

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
