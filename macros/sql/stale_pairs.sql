-- fmt: off
{# Whether the moments of an earlier run are there to be added to. #}
{% macro knows_moments() %}
    {{
        return(
            execute
            and not flags.FULL_REFRESH
            and experimentos.earlier("experimentos__kept_moments") is not none
            and experimentos.earlier("experimentos__kept_bins") is not none
            and experimentos.earlier("experimentos__unit_days") is not none
        )
    }}
{% endmacro %}

{# What the moments of all metrics of an experiment depend on beside their own definitions. #}
{% macro signature_of_moments(experiment, found) %}
    {{
        return(
            local_md5(
                tojson(
                    [
                        experimentos.numbering(found),
                        experiment.arms | map(attribute="arm_id") | list,
                        experiment.get("phases") or [],
                        experiment.start,
                        experiment.end,
                        experiment.ids,
                        experiment.get("segments") or [],
                        experiment.get("segments_daily", false),
                        experimentos.used_segments(found),
                        experimentos.has_part_days(found),
                    ]
                )
            )
        )
    }}
{% endmacro %}

{# Whether any unit's number may change with those of others or with the day: caps that the data give,
   levels that the data rank, windows without end, activations. Then all cohorts are computed again. #}
{% macro reads_all_cohorts(pair, experiment) %}
    {% if experiment.get("activation") or pair.get("is_endless", false) %} {{ return(true) }} {% endif %}
    {% if pair.metric.get("by") or pair.metric.type == "quantile" or not pair.metric.is_dated %}
        {{ return(true) }}
    {% endif %}
    {% for cap in experimentos.caps_of(pair).values() if cap.kind == "percentile" %}
        {{ return(true) }}
    {% endfor %}
    {{ return(false) }}
{% endmacro %}

{# The rows of unit_days that are read now: what this run has to compute from, or where only some arms are
   asked for (`bucket_moments`) all of theirs. #}
{% macro working_days(source) %}
    {% set arms = experimentos.kept().get("read_arms") %}
    {% if arms %} {{ return(experimentos.days_of_arms(arms)) }} {% endif %}
    {{ return(experimentos.days_to_compute(source)) }}
{% endmacro %}

{% macro days_of_arms(arms) %}
    (
        select days.*
        from {{ ref("experimentos__unit_days") }} as days
        where
            {{ experimentos.arm_of(experimentos.cohort_of("days.unit_key")) }}
            in ({{ arms | join(", ") }})
    )
{% endmacro %}

{# Cohorts from the first day on that any metric of the experiment that reads the source has to be computed
   from. #}
{% macro days_to_compute(source) %}
    {%- if experimentos.remembers() and experimentos.knows_moments() and experimentos.has_kept_cohorts() %}
        (
            select days.*
            from {{ ref("experimentos__unit_days") }} as days
            inner join
                (
                    select arms.arm_id, min(stale.from_day) as from_day
                    from {{ ref("experimentos__stale_pairs") }} as stale
                    inner join
                        {{ ref("stg_experimentos__measures") }} as measures
                        on stale.pair_id = measures.pair_id
                    inner join
                        {{ ref("stg_experimentos__arms") }} as arms
                        on stale.experiment_index = arms.experiment_index
                    where measures.source = {{ source.index }}
                    group by arms.arm_id
                ) as needed
                on {{ experimentos.arm_of(experimentos.cohort_of("days.unit_key")) }} = needed.arm_id
                and {{ experimentos.day_of(experimentos.cohort_of("days.unit_key")) }}
                >= needed.from_day
        )
    {%- else %} {{ ref("experimentos__unit_days") }}
    {%- endif %}
{% endmacro %}

{# Whether any cohort need not be computed again. #}
{% macro has_kept_cohorts() %}
    {% set query %}
        select count(*)
        from {{ ref("experimentos__stale_pairs") }}
        where from_day > cast('0001-01-01' as timestamp)
    {% endset %}
    {{ return(run_query(query).rows[0][0] > 0) }}
{% endmacro %}

{% macro is_stale(rows) %}
    (
        not exists (
            select 1
            from {{ ref("experimentos__stale_pairs") }} as stale
            where
                stale.experiment_index = {{ rows }}.experiment_index
                and stale.metric = {{ rows }}.metric
                and {{ experimentos.day_of(rows ~ ".cohort") }} < stale.from_day
        )
    )
{% endmacro %}

{% macro forget_moments() %}
    {%- if execute and experimentos.remembers() and is_incremental() %}
        delete from {{ this }}
        where {{ experimentos.is_stale(this.render()) }}
    {%- endif %}
{% endmacro %}

{# What is not known of bins is not known of moments either: kept_moments, which is built after them, notes both. #}
{% macro note_bins() %}
    {%- if execute and experimentos.remembers() and not experimentos.builds_all_above(model.unique_id) %}
        {{ experimentos.forget_reads(["moments", "moments_as_of"]) }}
    {%- endif %}
{% endmacro %}

{% macro note_moments() %}
    {%- if execute and experimentos.remembers() %}
        {{ experimentos.forget_reads(["moments", "moments_as_of"]) }};
        {%- if experimentos.builds_all_above(model.unique_id) %}
            insert into {{ ref("experimentos__reads") }}
                (reader, experiment, item, day, fingerprint, changed_at)
            select
                'moments', experiment, metric, {{ experimentos.no_day() }}, signature, computed_at
            from {{ ref("experimentos__stale_pairs") }}
            union all
            select
                'moments_as_of', experiment, metric, {{ experimentos.no_day() }}, as_of, computed_at
            from {{ ref("experimentos__stale_pairs") }}
        {%- endif %}
    {%- endif %}
{% endmacro %}
