-- fmt: off
{# A level of a segment that fails loses its readout (experimentos__effects) and warns; all units, or a
   phase of the split, withhold the verdict. While units are assigned only the test that may be read at any
   time counts. #}
{% macro health_sample_ratio() %}
    {%- set double = experimentos.type_double() %}
    {%- set of_rate = "sample_ratio.method like 'activation rate%'" %}
    {%- set check = "case when " ~ of_rate ~ " then 'activation_rate' else 'sample_ratio' end" %}
    select
        sample_ratio.experiment_id,
        limits.check_name,
        sample_ratio.population,
        sample_ratio.segment,
        sample_ratio.segment_value,
        cast(sample_ratio.n_units as {{ double }}) as observed,
        sample_ratio.p_value,
        {{
            experimentos.graded(
                "sample_ratio.p_value", true, "sample_ratio.segment in ('all', 'phase')", "warning"
            )
        }},
        {{ experimentos.health_split_message() }} as message
    from {{ experimentos.inferred("sample_ratio") }} as sample_ratio
    inner join experiments on sample_ratio.experiment_id = experiments.experiment_id
    {{ experimentos.with_limits("sample_ratio", check) }}
{% endmacro %}

{% macro health_phases_mixed() %}
    select distinct
        experiment_id,
        'phases_mixed' as check_name,
        segment,
        'warning' as status,
        'levels of '
        || segment
        || ' hold units of several phases of the split: their effects are not shown' as message
    from {{ ref("experimentos__inference_inputs") }}
    where n_phases > 1 and segment not in ('all', 'phase')
{% endmacro %}

{% macro health_one_row_per_variant() %}
    {%- set double = experimentos.type_double() %}
    select
        experiments.experiment_id,
        'one_row_per_variant' as check_name,
        cast(max(counts.n_rows) as {{ double }}) as observed,
        1.0 as threshold,
        {{
            experimentos.either(
                "max(counts.n_rows) > 1",
                "blocked",
                "'the summary has several rows for one variant'",
                "'the summary has one row per variant'",
            )
        }}
    from {{ ref("experimentos__summary_counts") }} as counts
    inner join {{ ref("stg_experimentos__arms") }} as variants on counts.arm_id = variants.arm_id
    inner join experiments on variants.experiment_index = experiments.experiment_index
    group by experiments.experiment_id
{% endmacro %}

{# What the test of a split, or of a share of activated units, comes to. #}
{% macro health_split_message() %}
    {%- set fails = experimentos.past_limit("sample_ratio.p_value", "block", true) %}
    {%- set warns = experimentos.past_limit("sample_ratio.p_value", "warn", true) %}
    case
        when limits.check_name = 'activation_rate'
        then
            case
                when sample_ratio.p_value is null
                then 'the share of units that activated could not be compared'
                when {{ fails }}
                then
                    'the share of units that activated differs between the variants: the analysis of activated units is withheld, that of all assigned units is shown'
                when {{ warns }}
                then 'the share of units that activated may differ between the variants'
                else 'as many units activated in every variant'
            end
        when sample_ratio.p_value is null
        then 'the split could not be tested'
        when {{ fails }} and sample_ratio.segment not in ('all', 'phase')
        then 'the split within this level is not the planned one: its effects are not shown'
        when {{ fails }} and sample_ratio.population = 'activated'
        then
            'the split of activated units is not the planned one: their analysis is withheld, that of all assigned units is shown'
        when {{ fails }}
        then 'the split is not the planned one; missing treatment units may themselves be harm'
        when {{ warns }}
        then 'the split is unlikely under the planned one'
        else 'the split agrees with the planned one'
    end
    || coalesce(' (' || sample_ratio.population || ' units, ' || sample_ratio.method || ')', '')
    || case
        when limits.check_name = 'sample_ratio'
            and sample_ratio.is_assigning
            and sample_ratio.segment = 'all'
            and sample_ratio.p_value_fixed is not null
        then
            '; the chi-square test, which counts once assignment is over, has p '
            || {{ experimentos.p_text("sample_ratio.p_value_fixed") }}
        else ''
    end
{% endmacro %}
