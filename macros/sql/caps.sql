{# The caps of the metrics: [row number, pair_id, x, bound, amount] of those that are amounts ("given") and of
   those that the values of units give ("wanted"). #}
{% macro cap_rows(definitions) %}
    {% set given, wanted, known = [], [], {} %}
    {% for experiment in definitions.experiments
        if experiment.summary is none and not experiment.is_archived %}
        {% for pair in experiment.pairs %}
            {% set key = [pair.metric.name, pair.cap, pair.lower] | join("|") %}
            {% if key not in known %}
                {% do known.update({key: experimentos.limits_of_values(pair)}) %}
            {% endif %}
            {% for kind, x, bound, amount in known[key] %}
                {% set rows = given if kind == "absolute" else wanted %}
                {% do rows.append([rows | length, pair.pair_id, x, bound, amount]) %}
            {% endfor %}
        {% endfor %}
    {% endfor %}
    {{ return({"given": given, "wanted": wanted}) }}
{% endmacro %}

{# Those rows as a relation. #}
{% macro cap_values(rows) %}
    {{
        return(
            experimentos.values_table(
                [
                    ("spot", "integer"),
                    ("pair_id", "integer"),
                    ("x", dbt.type_string()),
                    ("bound", dbt.type_string()),
                    ("amount", experimentos.type_double()),
                ],
                rows,
            )
        )
    }}
{% endmacro %}

{# What a unit's numbers are cut at, by metric with caps, population and basis, from the numbers of units. #}
{% macro caps_of_units(definitions) %}
    {%- set rows = experimentos.cap_rows(definitions) %}
    with

        given as ({{ experimentos.cap_values(rows.given) }}),

        wanted as ({{ experimentos.cap_values(rows.wanted) }}),

        {%- if rows.wanted %}
            {{ experimentos.percentiles_of_units(definitions, rows.wanted) }},
        {%- endif %}

        found as (

            {%- if rows.wanted %}
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
            {{ experimentos.given_caps() }}

        )

        {{ experimentos.caps_in_columns() }}
{% endmacro %}

{# The same where they were computed with the moments: a percentile is in each row of them. A metric without
   rows has no unit with events, so its units are zeros, which no percentile cuts. #}
{% macro caps_of_moments(definitions) %}
    {%- set rows = experimentos.cap_rows(definitions) %}
    with

        given as ({{ experimentos.cap_values(rows.given) }}),

        wanted as ({{ experimentos.cap_values(rows.wanted) }}),

        {{ experimentos.eligible_units() }},

        kept as (

            select
                pairs.pair_id,
                arms.population,
                moments.basis
                {%- for column in experimentos.cap_columns() %}
                    , max(moments.{{ column }}) as {{ column }}
                {%- endfor %}
            from {{ ref("experimentos__kept_moments") }} as moments
            inner join
                {{ ref("stg_experimentos__pairs") }} as pairs
                on moments.experiment_index = pairs.experiment_index
                and moments.metric = pairs.metric
            inner join
                {{ ref("stg_experimentos__arms") }} as arms
                on {{ experimentos.arm_of("moments.cohort") }} = arms.arm_id
            group by pairs.pair_id, arms.population, moments.basis

        ),

        found as (

            select
                eligible.pair_id,
                eligible.population,
                bases.basis,
                wanted.x,
                wanted.bound,
                case
                    {%- for x in experimentos.moment_means() %}
                        {%- for bound in ["upper", "lower"] %}
                            when wanted.x = '{{ x }}' and wanted.bound = '{{ bound }}'
                            then kept.{{ bound }}_{{ x }}
                        {%- endfor %}
                    {%- endfor %}
                end as threshold
            from wanted
            inner join eligible on wanted.pair_id = eligible.pair_id
            inner join
                {{ ref("stg_experimentos__pairs") }} as pairs on wanted.pair_id = pairs.pair_id
            cross join {{ experimentos.two_bases() }} as bases
            left join
                kept
                on eligible.pair_id = kept.pair_id
                and eligible.population = kept.population
                and bases.basis = kept.basis
            where
                kept.pair_id is not null
                or (
                    pairs.is_zero_filled
                    and case when bases.basis = 'all' then n_all else n_mature end > 0
                )
            union all
            {{ experimentos.given_caps() }}

        )

        {{ experimentos.caps_in_columns() }}
{% endmacro %}

{# Caps that are amounts, for every population and basis. #}
{% macro given_caps() %}
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
{% endmacro %}

{# A column for each number and bound, out of `found`. #}
{% macro caps_in_columns() %}
    select
        pair_id,
        cast(population as {{ dbt.type_string() }}) as population,
        cast(basis as {{ dbt.type_string() }}) as basis
        {%- for x in experimentos.moment_means() %}
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
{% endmacro %}

{# The same columns without rows. #}
{% macro no_caps() %}
    select
        cast(null as integer) as pair_id,
        cast(null as {{ dbt.type_string() }}) as population,
        cast(null as {{ dbt.type_string() }}) as basis,
        {%- for column in experimentos.cap_columns() %}
            cast(null as {{ experimentos.type_double() }}) as {{ column }},
        {%- endfor %}
        cast(null as boolean) as is_refused
    where 1 = 0
{% endmacro %}

{# The columns that say what numbers are cut at. #}
{% macro cap_columns() %}
    {% set columns = [] %}
    {% for x in experimentos.moment_means() %}
        {% do columns.append("upper_" ~ x) %} {% do columns.append("lower_" ~ x) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}

{# Where caps are when moments are computed. #}
{% macro caps_relation(definitions, plan) %}
    {% if experimentos.caps_at_once(definitions, plan) %} {{ return("unit_caps") }} {% endif %}
    {{ return(ref("experimentos__unit_caps")) }}
{% endmacro %}
