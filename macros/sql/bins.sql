{# Units counted by their totals. A total is in a "cell" of a grid that is the same for all data, so that one
   pass over the units is enough, cohorts are counted by themselves, and cells are put together to bins later
   (bin_edges.sql). A decade has 180 cells: 1 to 1.05, ... 9.95 to 10. The number of a cell is in the order of
   values: 0 is zero, and values below it have the cells of their sizes with a minus. #}
{% macro cells_in_decade() %} {{ return(180) }} {% endmacro %}

{# What makes numbers of cells positive: the smallest number that is told from zero is 1e-300. #}
{% macro first_cell() %} {{ return(60000) }} {% endmacro %}

{# Whether bins of a metric's units are kept: not of shares of units, which two numbers tell, nor of the
   values of single events. #}
{% macro has_bins(metric) %}
    {{
        return(
            experimentos.keeps_bins()
            and metric.type in ["mean", "ratio", "quantile"]
            and metric.get("of") != "events"
            and metric.get("threshold") is none
        )
    }}
{% endmacro %}

{# Whether any metric that is computed from raw rows has bins. #}
{% macro has_any_bins(found) %}
    {% if not experimentos.keeps_bins() %} {{ return(false) }} {% endif %}
    {% set kept = experimentos.kept() if execute else {} %}
    {% if "has_any_bins" in kept %} {{ return(kept["has_any_bins"]) }} {% endif %}
    {% set any = namespace(bins=false) %}
    {% for experiment in found.experiments if experiment.summary is none and not experiment.is_archived %}
        {% for pair in experiment.pairs if not any.bins %}
            {% set any.bins = experimentos.has_bins(pair.metric) %}
        {% endfor %}
    {% endfor %}
    {% do kept.update({"has_any_bins": any.bins}) %}
    {{ return(any.bins) }}
{% endmacro %}

{# Whose units, and which of them, a metric is read by when it decides. Reads `pairs`. #}
{% macro deciding_populations() %}
    select
        experiment_index,
        -- in the order of letters
        min(population) as population
    from {{ ref("stg_experimentos__arms") }}
    group by experiment_index
{% endmacro %}

{% macro deciding_basis() %}
    case when pairs.is_dated then pairs.decides_on else 'mature' end
{% endmacro %}

{# One row per metric, cohort and cell: units with a value. Units without events have no row here. #}
{% macro unit_cells(definitions, plan) %}
    {%- set has_exact = experimentos.has_exact_closes(plan) or experimentos.has_part_days(
        definitions
    ) %}
    with

        asked as materialized(

            select
                stale.experiment_index,
                stale.metric,
                stale.from_day,
                pairs.pair_id,
                pairs.is_dated,
                pairs.is_endless,
                pairs.horizon_seconds,
                pairs.is_zero_filled,
                pairs.has_denominator,
                arms.arm_id,
                experiments.data_as_of
                {%- for x in ["num", "den"] %}, caps.upper_{{ x }}, caps.lower_{{ x }} {%- endfor %}
            from {{ ref("experimentos__stale_pairs") }} as stale
            inner join
                {{ ref("stg_experimentos__pairs") }} as pairs on stale.pair_id = pairs.pair_id
            inner join
                {{ ref("experimentos__experiments") }} as experiments
                on stale.experiment_index = experiments.experiment_index
            inner join
                ({{ experimentos.deciding_populations() }}) as deciding
                on stale.experiment_index = deciding.experiment_index
            inner join
                {{ ref("stg_experimentos__arms") }} as arms
                on deciding.experiment_index = arms.experiment_index
                and deciding.population = arms.population
            left join
                {{ ref("experimentos__unit_caps") }} as caps
                on pairs.pair_id = caps.pair_id
                and deciding.population = caps.population
                and caps.basis = {{ experimentos.deciding_basis() }}
            where pairs.has_bins

        ),

        totals as (

            select
                asked.experiment_index,
                asked.metric,
                {{ experimentos.cohort_of("unit_metrics.unit_key") }} as cohort,
                {% if has_exact -%}
                    case
                        when asked.is_dated and not asked.is_endless
                        then
                            {{
                                experimentos.days_until_closed(
                                    "units.anchor_at", "asked.horizon_seconds", "asked.data_as_of"
                                )
                            }}
                        else -1
                    end
                {%- else -%} -1
                {%- endif %} as matures_after,
                case
                    when asked.has_denominator
                    then
                        case
                            when
                                {{ experimentos.within_caps("unit_metrics.den", "den", "asked") }}
                                > 0
                            then
                                (
                                    {{
                                        experimentos.within_caps(
                                            "unit_metrics.num", "num", "asked"
                                        )
                                    }}
                                ) / (
                                    {{
                                        experimentos.within_caps(
                                            "unit_metrics.den", "den", "asked"
                                        )
                                    }}
                                )
                        end
                    when asked.is_zero_filled or unit_metrics.n_events > unit_metrics.n_skipped
                    then {{ experimentos.within_caps("unit_metrics.num", "num", "asked") }}
                end as total
            from asked
            inner join
                {{ ref("experimentos__unit_metrics") }} as unit_metrics
                on asked.pair_id = unit_metrics.pair_id
                and asked.arm_id
                = {{ experimentos.arm_of(experimentos.cohort_of("unit_metrics.unit_key")) }}
            {%- if has_exact %}
                inner join
                    {{ ref("experimentos__analysed_units") }} as units
                    on unit_metrics.unit_key = units.unit_key
            {%- endif %}
            where
                unit_metrics.slice is null
                and unit_metrics.step_to = {{ experimentos.last_step() }}
                and {{ experimentos.day_of(experimentos.cohort_of("unit_metrics.unit_key")) }}
                >= asked.from_day

        )

    select
        experiment_index,
        metric,
        cohort,
        matures_after,
        {{ experimentos.cell_of("total") }} as cell,
        cast(count(*) as bigint) as n_units,
        cast(sum({{ experimentos.has_fraction("total") }}) as bigint) as n_fractions
    from totals
    where total is not null
    group by 1, 2, 3, 4, 5
{% endmacro %}

{# The cell of a number. A number that is within 1e-12 of itself below the edge of a cell is at the edge: sums of
   the same parts in another order may differ in their last digits. #}
{% macro cell_of(x) %}
    {%- set double = experimentos.type_double() %}
    {%- set size = "abs(" ~ x ~ ")" %}
    {%- set decade = "floor(ln(" ~ size ~ ") / 2.302585092994046)" %}
    {%- set ten = "cast(10 as " ~ double ~ ")" %}
    {%- set twentieths = (
        "case when "
        ~ size
        ~ " >= 1 then 20 * "
        ~ size
        ~ " / power("
        ~ ten
        ~ ", "
        ~ decade
        ~ ") else 20 * "
        ~ size
        ~ " * power("
        ~ ten
        ~ ", -"
        ~ decade
        ~ ") end"
    ) %}
    case
        when {{ size }} < 1e-300
        then 0
        else
            case when {{ x }} < 0 then -1 else 1 end * cast(
                {{ experimentos.first_cell() - 20 }}
                + {{ experimentos.cells_in_decade() }} * {{ decade }}
                + floor(({{ twentieths }}) * (1 + 1e-12)) as integer
            )
    end
{%- endmacro %}

{# 1 where a number is no whole one. #}
{% macro has_fraction(x) %}
    case
        when abs({{ x }} - floor({{ x }} + 0.5)) > 1e-9 * greatest(abs({{ x }}), 1) then 1 else 0
    end
{%- endmacro %}

{# The same columns without rows. #}
{% macro no_unit_cells() %}
    select
        cast(null as integer) as experiment_index,
        cast(null as {{ dbt.type_string() }}) as metric,
        cast(null as bigint) as cohort,
        cast(null as integer) as matures_after,
        cast(null as integer) as cell,
        cast(null as bigint) as n_units,
        cast(null as bigint) as n_fractions
    where 1 = 0
{% endmacro %}
