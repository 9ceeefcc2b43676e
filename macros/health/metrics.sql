-- fmt: off
{# A metric is checked where it decides: the latest readout of all units. #}
{% macro health_inputs() %}
    select
        *,
        sqrt(case when m2_num >= 0 then m2_num end / nullif(n_units - 1, 0)) as deviation,
        -- Nothing of a part is left: the other part of a ratio may still have its values.
        n_events > 0
        and n_skipped >= n_events
        and (metric_type != 'ratio' or mean_num = 0 or mean_den = 0) as is_all_skipped
    from {{ ref("experimentos__inference_inputs") }}
    where is_deciding
{% endmacro %}

{# Explored metrics never withhold a verdict, so their rows warn at most. Where a launch may be spoken of,
   units that are there without a value will not have one later: that is not a matter of waiting. #}
{% macro health_enough_units() %}
    {%- set double = experimentos.type_double() %}
    {%- set fewest = experimentos.health_constants().fewest_units %}
    select
        experiment_id,
        'enough_units' as check_name,
        metric,
        variant,
        case
            when n_units >= {{ fewest }}
            then 'healthy'
            when role = 'explore' or not (is_final or (is_open and n_units + coalesce(n_missing, 0) >= {{ fewest }}))
            then 'warning'
            else 'blocked'
        end as status,
        cast(n_units as {{ double }}) as observed,
        cast({{ fewest }} as {{ double }}) as threshold,
        case
            when n_units >= {{ fewest }}
            then 'there are units to compare'
            else
                'metric '''
                || metric
                || ''' has ' || {{ experimentos.as_text("coalesce(n_units, 0)") }}
                || ' unit(s) in variant '''
                || variant
                || ''': at least two are needed'
        end as message
    from inputs
{% endmacro %}

{# Where nothing is left of a metric that decides there is no verdict, whatever the limits are. #}
{% macro health_values_skipped() %}
    select
        skipped.experiment_id,
        'values_skipped' as check_name,
        skipped.metric,
        skipped.variant,
        case when skipped.is_lost then 'blocked' else skipped.status end as status,
        skipped.share as observed,
        case when skipped.is_lost then 1.0 else skipped.threshold end as threshold,
        {{ experimentos.as_text("skipped.n_skipped") }} || ' of ' || {{ experimentos.as_text("skipped.n_events") }}
        || ' values are NULL, not a number, infinite or beyond 1e100; they are skipped' as message
    from
        (
            select
                shares.*,
                {{ experimentos.graded("shares.share", false, "shares.role != 'explore'") }}
            from
                (
                    select
                        *,
                        is_all_skipped and role != 'explore' as is_lost,
                        n_skipped * 1.0 / nullif(n_events, 0) as share
                    from inputs
                ) as shares
            {{ experimentos.with_limits("shares", "'values_skipped'") }}
        ) as skipped
{% endmacro %}

{# The second part: without spread no test sees how a variant differs from control, however much worse it is.
   Rates are tested by their counts. #}
{% macro health_varies() %}
    select
        experiment_id,
        'varies' as check_name,
        metric,
        'all' as variant,
        case
            when max(case when metric_type in ('proportion', 'retention', 'funnel') then mean_num end)
            > min(case when metric_type in ('proportion', 'retention', 'funnel') then mean_num end)
            then 'healthy'
            when max(m2_num) > 0 or max(m2_den) > 0 or max(quantile_std_error) > 0
            then 'healthy'
            else 'warning'
        end as status,
        coalesce(max(m2_num), max(quantile_std_error)) as observed,
        case
            when max(m2_num) > 0 or max(m2_den) > 0 or max(quantile_std_error) > 0
            then 'values differ between units'
            when max(case when metric_type in ('proportion', 'retention', 'funnel') then mean_num end)
            > min(case when metric_type in ('proportion', 'retention', 'funnel') then mean_num end)
            then 'values differ between variants'
            when max(metric_type) = 'quantile'
            then
                'metric '''
                || metric
                || ''' has too few units, or too many equal values, for a quantile: nothing is shown'
            when sum(n_events) = 0
            then 'metric '''
                || metric
                || ''' has no event that counts, of any unit: nothing can be shown from it'
            when max(m2_num) is null
            then 'metric '''
                || metric
                || ''' has no usable values: nothing is shown'
            else 'metric '''
                || metric
                || ''' is the same for every unit of a variant: nothing can be shown from it'
        end as message
    from inputs
    where n_units >= 2
    group by experiment_id, metric
    union all
    select
        treatments.experiment_id,
        'varies' as check_name,
        treatments.metric,
        treatments.variant,
        'blocked' as status,
        treatments.value as observed,
        'metric '''
        || treatments.metric
        || ''' is the same for every unit of variant '''
        || treatments.variant
        || ''' and for every unit of control, and worse: no test can say how surely' as message
    from constants as treatments
    inner join
        constants as control
        on treatments.experiment_id = control.experiment_id
        and treatments.metric = control.metric
        and control.is_control
    where
        treatments.role != 'explore'
        and treatments.margin is null
        and treatments.is_open
        and not treatments.is_control
        and case
            treatments.goal when 'increase' then treatments.value < control.value else treatments.value > control.value
        end
{% endmacro %}

{# Means and ratios that are the same for every unit of a variant. #}
{% macro health_constants_of_variants() %}
    select *, case metric_type when 'ratio' then mean_num / nullif(mean_den, 0) else mean_num end as value
    from inputs
    where
        metric_type in ('mean', 'ratio')
        and n_units >= 2
        and m2_num = 0
        and (metric_type = 'mean' or m2_den = 0)
{% endmacro %}

{# A mean of so few units for its skewness is not close to normal (Kohavi et al. 2014). #}
{% macro health_skewness() %}
    {%- set double = experimentos.type_double() %}
    {%- set squared = "skewed.skewness * skewed.skewness" %}
    {%- set is_blocked = "skewed.n_units < limits.block_at * " ~ squared ~ " and skewed.role != 'explore'" %}
    {%- set is_low = "skewed.n_units < limits.warn_at * " ~ squared %}
    select
        skewed.experiment_id,
        'skewness' as check_name,
        skewed.metric,
        skewed.variant,
        cast(skewed.n_units as {{ double }}) as observed,
        case
            when {{ is_blocked }}
            then limits.block_at * {{ squared }}
            else coalesce(limits.warn_at, limits.block_at) * {{ squared }}
        end as threshold,
        case
            when {{ is_blocked }} then 'blocked' when {{ is_low }} then 'warning' else 'healthy'
        end as status,
        case
            when {{ is_low }}
            then
                'values of metric '''
                || skewed.metric
                || ''' are so skewed that intervals of so few units may not hold: a cap would help'
            else 'there are units enough for the skewness of the values'
        end as message
    from
        (
            select
                *,
                {{
                    experimentos.finite_double(
                        "m3_num / n_units / nullif(spread, 0) / nullif(spread, 0) / nullif(spread, 0)",
                        "number",
                    )
                }} as skewness
            from
                (
                    select *, sqrt(case when m2_num >= 0 then m2_num end / n_units) as spread
                    from inputs
                    where metric_type in ('mean', 'ratio') and n_units >= 2 and m3_num is not null
                ) as spread_out
        ) as skewed
    {{ experimentos.with_limits("skewed", "'skewness'") }}
    where skewed.skewness is not null
{% endmacro %}

{# Beyond such a ratio a double has no digits left for the spread. #}
{% macro health_precise() %}
    {%- set constants = experimentos.health_constants() %}
    {%- set few, none_left = constants.few_digits, constants.no_digits %}
    select
        experiment_id,
        'precision' as check_name,
        metric,
        variant,
        case
            when mean_num is null or m2_num is null then 'blocked'
            when abs(mean_num) > {{ none_left }} * deviation and deviation > 0 then 'blocked'
            when abs(mean_num) > {{ few }} * deviation and deviation > 0 then 'warning'
            else 'healthy'
        end as status,
        abs(mean_num) / nullif(deviation, 0) as observed,
        case when abs(mean_num) > {{ none_left }} * deviation then {{ none_left }} else {{ few }} end as threshold,
        case
            when mean_num is null
            then 'metric '''
                || metric
                || ''' has no count, or one that is below zero or above its users'
            when m2_num is null
            then 'metric '''
                || metric
                || ''' has a sum of squares that is not one, or that lost its digits'
            when abs(mean_num) > {{ few }} * deviation and deviation > 0
            then 'values of metric '''
                || metric
                || ''' are so large against their spread that digits are lost'
            else 'the spread is large enough for the scale of the values'
        end as message
    from inputs
    where n_units >= 2 and role != 'explore' and metric_type != 'quantile'
{% endmacro %}
