{# Units put into buckets by a salted hash, and for each metric the moments of the units of a bucket that
   enter on one day: counted from the day of the start, at whose beginning the first unit could. The only
   statement of `experimentos validate` that reads units; no row of it is a unit's where there are more
   units than buckets. #}
{% macro bucket_moments(found, pairs, arm_ids, population, salt, buckets, n_units) %}
    {%- do experimentos.kept().update({"read_arms": arm_ids}) -%}
    {%- set plan = experimentos.plan(found) -%}
    {%- set measures = experimentos.measures_of_pairs(plan, pairs) -%}
    with

        units as materialized(
            {{ experimentos.units_in_buckets(arm_ids, salt, buckets, n_units) | indent(8) }}
        ),

        unit_events as materialized(

            select *
            from
                (
                    {{
                        experimentos.unit_events(
                            found, experimentos.plan_of_measures(plan, measures)
                        ) | indent(12)
                    }}
                ) as versions
            where step_to = {{ experimentos.last_step() }}

        )

        {%- for pair in pairs %}
            {{ "union all" if not loop.first }}
            {{
                experimentos.bucket_moments_of(
                    plan,
                    pair,
                    loop.index0,
                    measures | selectattr(0, "equalto", pair.pair_id) | list,
                    population,
                )
            }}
        {%- endfor %}
{% endmacro %}

{# The measures of metrics as a whole, without slices. #}
{% macro measures_of_pairs(plan, pairs) %}
    {% set ids = pairs | map(attribute="pair_id") | list %}
    {{ return(plan.measures | selectattr(0, "in", ids) | selectattr(10, "none") | list) }}
{% endmacro %}

{# The plan with those sources alone that the measures read. #}
{% macro plan_of_measures(plan, measures) %}
    {% set used = measures | map(attribute=2) | list %}
    {% set sources, part = {}, {} %}
    {% for name, source in plan.sources.items() if source.index in used %}
        {% do sources.update({name: source}) %}
    {% endfor %}
    {% do part.update(plan) %}
    {% do part.update({"sources": sources}) %}
    {{ return(part) }}
{% endmacro %}

{# The units of some arms with their buckets. As many buckets as units: each is one. #}
{% macro units_in_buckets(arm_ids, salt, buckets, n_units) %}
    {%- set unit = experimentos.as_text("analysed.unit") -%}
    {%- set salted = experimentos.text_literal(salt ~ "|") ~ " || " ~ unit -%}
    select
        analysed.unit_key,
        analysed.experiment_index,
        analysed.anchor_at,
        {% if n_units <= buckets -%} row_number() over (order by md5({{ salted }}), {{ unit }}) - 1
        {%- else -%} {{ experimentos.bucket_of(salted, buckets) }}
        {%- endif %} as bucket
    from {{ ref("experimentos__analysed_units") }} as analysed
    where analysed.arm_id in ({{ arm_ids | join(", ") }})
{% endmacro %}

{# The cells of one metric: its place in the list, bucket, day, and moments. #}
{% macro bucket_moments_of(plan, pair, place, measures, population) %}
    {%- set is_ratio = "den" in pair.metric.parts -%}
    {%- set has_covariate = pair.metric.covariate or pair.metric.covariate_column is not none -%}
    {%- set present = ["num"] -%}
    {%- if is_ratio -%} {%- do present.append("den") -%} {%- endif -%}
    {%- if has_covariate -%} {%- do present.append("num_cov") -%} {%- endif -%}
    {%- if is_ratio and has_covariate -%} {%- do present.append("den_cov") -%} {%- endif -%}
    {%- set null = "cast(null as " ~ experimentos.type_double() ~ ")" -%}
    {%- set closes = experimentos.add_seconds("units.anchor_at", "pairs.horizon_seconds") -%}
    select
        {{ place }} as metric,
        cast(bucket as integer) as bucket,
        cast(day as integer) as day,
        cast(count(num) as bigint) as n
        {%- for x in experimentos.moment_means() %}
            ,
            {{ "avg(" ~ x ~ ")" if x in present else null }} as mean_{{ x }},
            {{ experimentos.m2(x) if x in present else null }} as m2_{{ x }}
        {%- endfor %}
        {%- for x, y in experimentos.moment_products() %}
            ,
            {{ experimentos.c2(x, y) if x in present and y in present else null }}
            as c2_{{ x }}_{{ y }}
        {%- endfor %},
        {{ experimentos.m3("num") }} as m3_num
    from
        (
            select
                bucket,
                day
                {%- for x in present %}
                    , {{ experimentos.within_caps(x, x, "numbers") }} as {{ x }}
                {%- endfor %}
            from
                (
                    select
                        units.bucket,
                        case
                            when
                                pairs.is_dated
                                and not pairs.is_endless
                                and (pairs.decides_on = 'mature' or pairs.is_aged)
                            then
                                {{
                                    experimentos.whole_days(
                                        experimentos.start_of_day("experiments.starts_at"),
                                        experimentos.end_of_day(
                                            "least(" ~ closes ~ ", experiments.data_as_of)"
                                        ),
                                    )
                                }}
                            else 0
                        end as day,
                        {%- for x in present %}
                            {{ experimentos.finished(x, "pairs") }} as {{ x }},
                            caps.upper_{{ x }},
                            caps.lower_{{ x }}{{ "," if not loop.last }}
                        {%- endfor %}
                    from units
                    inner join
                        {{ ref("experimentos__experiments") }} as experiments
                        on units.experiment_index = experiments.experiment_index
                    inner join
                        {{ ref("stg_experimentos__pairs") }} as pairs
                        on units.experiment_index = pairs.experiment_index
                        and pairs.metric = {{ experimentos.text_literal(pair.metric.name) }}
                    left join
                        {{ ref("experimentos__caps") }} as caps
                        on pairs.pair_id = caps.pair_id
                        and caps.population = '{{ population }}'
                        and pairs.decides_on = caps.basis
                    left join
                        (
                            {{ experimentos.final_numbers(plan, measures, present) | indent(20) }}
                        ) as found
                        on units.unit_key = found.unit_key
                    where
                        case
                            when pairs.is_dated and pairs.decides_on = 'all' and not pairs.is_aged
                            then units.anchor_at < experiments.data_as_of
                            else {{ experimentos.is_mature() }}
                        end
                ) as numbers
            where num is not null
        ) as capped
    group by bucket, day
{% endmacro %}
