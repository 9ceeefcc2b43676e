-- fmt: off
{% macro health_cap_applied() %}
    select
        inputs.experiment_id,
        'cap_applied' as check_name,
        inputs.metric,
        {{
            experimentos.either(
                "caps.is_refused",
                "warning",
                "'the percentile of metric ''' || inputs.metric || ''' is where most units are: it is not capped there'",
                "'values are capped as defined'",
            )
        }}
    from inputs
    inner join
        {{ ref("experimentos__applied_caps") }} as caps
        on inputs.experiment_id = caps.experiment_id
        and inputs.metric = caps.metric
        and inputs.population = caps.population
        and inputs.basis = caps.basis
    where inputs.is_control
{% endmacro %}

{# The share of units that the caps of each metric are meant to cut: what is beyond a percentile; none of
   an amount. #}
{% macro health_meant_caps() %}
    {%- set text, double = dbt.type_string(), experimentos.type_double() %}
    {%- set rows, known = [], {} %}
    {%- for experiment in experimentos.definitions().experiments if experiment.summary is none %}
        {%- for pair in experiment.pairs %}
            {#- there may be 20,000 pairs, so their macros are called once for each way to cap -#}
            {%- set key = [pair.metric.name, pair.cap, pair.lower] | join("|") %}
            {%- if key not in known %}
                {%- set shares = [] %}
                {%- for (side, limit), cap in experimentos.caps_of(pair).items() if side == "num" %}
                    {%- set beyond = cap.amount if limit == "lower" else 1 - cap.amount %}
                    {%- do shares.append(beyond | round(9) if cap.kind == "percentile" else 0) %}
                {%- endfor %}
                {%- do known.update({key: shares | sum if shares else none}) %}
            {%- endif %}
            {%- if known[key] is not none %}
                {%- do rows.append([experiment.name, pair.metric.name, known[key]]) %}
            {%- endif %}
        {%- endfor %}
    {%- endfor %}
    {{
        experimentos.values_table(
            [("experiment_id", text), ("metric", text), ("meant", double)], rows
        )
    }}
{% endmacro %}

{# Over all variants, as caps are: more than was meant, or nothing where something was. #}
{% macro health_capped_share() %}
    select
        cut.experiment_id,
        'capped_share' as check_name,
        cut.metric,
        cut.share as observed,
        meant_caps.meant
        + case
            when cut.share > meant_caps.meant + limits.block_at and cut.decides
            then limits.block_at
            else coalesce(limits.warn_at, limits.block_at)
        end as threshold,
        case
            when cut.share > meant_caps.meant + limits.block_at and cut.decides then 'blocked'
            when cut.share > meant_caps.meant + limits.warn_at then 'warning'
            when cut.n_capped = 0 and meant_caps.meant * cut.n_units >= 5 and limits.warn_at is not null
            then 'warning'
            else 'healthy'
        end as status,
        'the caps of metric ''' || cut.metric || ''' cut the values of '
        || {{ experimentos.as_text("cut.n_capped") }} || ' unit(s), '
        || {{ experimentos.percent_text("cut.share", 2) }}
        || case
            when cut.share > meant_caps.meant + limits.warn_at
            then ': the metric is another one than its name says'
            when cut.n_capped = 0 and meant_caps.meant * cut.n_units >= 5
            then ': the outermost values are all alike, so the percentile cuts nothing'
            else ''
        end as message
    from
        (
            select
                experiment_id,
                metric,
                max(case when role = 'explore' then 0 else 1 end) = 1 as decides,
                sum(n_capped) as n_capped,
                sum(n_units) as n_units,
                sum(n_capped) * 1.0 / nullif(sum(n_units), 0) as share
            from inputs
            where n_capped is not null
            group by experiment_id, metric
        ) as cut
    inner join meant_caps on cut.experiment_id = meant_caps.experiment_id and cut.metric = meant_caps.metric
    {{ experimentos.with_limits("cut", "'capped_share'") }}
    where cut.share is not null
{% endmacro %}
