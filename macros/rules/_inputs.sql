{# One row per treatment variant: its design, its look, and whether a launch may be spoken of in this
   build: fixed at its end, group sequential at a look, always-valid after seven full days. #}
{% macro rule_treatments() %}
    {%- set week_end = experimentos.add_seconds("experiments.starts_at", 604800) %}
    select
        experiments.experiment_id,
        variants.variant,
        experiments.control,
        experiments.design,
        {{ experimentos.ends_now() }} as is_final,
        coalesce(looks.next_look_at, experiments.decides_at) as decides_at,
        {{ week_end }} as week_ends_at,
        case
            when experiments.starts_at > experiments.as_of then experiments.starts_at
        end as starts_later_at,
        looks.look,
        looks.next_look_at,
        looks.next_unit_share,
        experiments.alpha / 2 as alpha_side,
        experiments.alpha_harm,
        case
            experiments.design
            when 'fixed'
            then {{ experimentos.ends_now() }}
            when 'group_sequential'
            then looks.look is not null
            else coalesce(experiments.data_as_of >= {{ week_end }}, false)
        end as is_open,
        {{ experimentos.next_look_text() }} as next_look
    from {{ ref("experimentos__experiments") }} as experiments
    left join
        {{ ref("experimentos__current_looks") }} as looks
        on experiments.experiment_index = looks.experiment_index
    inner join
        {{ ref("stg_experimentos__variants") }} as variants
        on experiments.experiment_index = variants.experiment_index
    where not variants.is_control
{% endmacro %}

{# Whether the end is reached: of a fixed design with a date for it, whether its look is taken or shown. #}
{% macro ends_now() %}
    case
        when experiments.design = 'fixed' and looks.experiment_index is not null
        then looks.look is not null
        else experiments.is_final
    end
{% endmacro %}

{% macro next_look_text() %}
    case
        when looks.next_unit_share is not null
        then
            'the next look is due when '
            || {{ experimentos.as_text("cast(round(100 * looks.next_unit_share) as integer)") }}
            || ' % of the planned units are there'
            || coalesce(
                ', on data until '
                || {{ experimentos.minute_text("looks.next_look_at") }}
                || ' at the latest',
                ''
            )
        when looks.next_look_at is not null
        then
            'the next look is due on data until '
            || {{ experimentos.minute_text("looks.next_look_at") }}
        else 'no further look is planned'
    end
{% endmacro %}

{# What is said of a metric whose difference is too skewed for a test of so few units. #}
{% macro too_skewed_text() %}
    ': too few units for the skewness of its values, so nothing is decided on it'
{% endmacro %}

{# One row per treatment variant and metric that decides, by the adjustment that decides. #}
{% macro rule_effects() %}
    select effects.*, treatments.alpha_side, treatments.alpha_harm, metrics.mde, metrics.mde_kind
    from {{ experimentos.inferred("effects") }} as effects
    inner join
        treatments
        on effects.experiment_id = treatments.experiment_id
        and effects.variant = treatments.variant
    inner join
        {{ ref("experimentos__experiment_metrics") }} as metrics
        on effects.experiment_id = metrics.experiment_id
        and effects.metric = metrics.metric
    where effects.used_for_decision and effects.role != 'explore'
{% endmacro %}
