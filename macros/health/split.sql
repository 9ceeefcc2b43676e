{# A level of a segment that fails loses its readout (experimentos__effects) and warns; all units, or a
   phase of the split, withhold the verdict. #}
{% macro health_sample_ratio() %}
    {%- set double = experimentos.type_double() %}
    select
        sample_ratio.experiment_id,
        case
            when sample_ratio.method like 'activation rate%'
            then 'activation_rate'
            else 'sample_ratio'
        end as check_name,
        sample_ratio.population,
        sample_ratio.segment,
        sample_ratio.segment_value,
        case
            when sample_ratio.p_value is null
            then 'warning'
            when sample_ratio.p_value < 0.001 and sample_ratio.segment in ('all', 'phase')
            then 'blocked'
            when sample_ratio.p_value < 0.01
            then 'warning'
            else 'healthy'
        end as status,
        cast(sample_ratio.n_units as {{ double }}) as observed,
        case when sample_ratio.p_value < 0.001 then 0.001 else 0.01 end as threshold,
        sample_ratio.p_value,
        {{ experimentos.health_split_message() }} as message
    from {{ experimentos.inferred("sample_ratio") }} as sample_ratio
    inner join experiments on sample_ratio.experiment_id = experiments.experiment_id
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
        case when max(counts.n_rows) > 1 then 'blocked' else 'healthy' end as status,
        cast(max(counts.n_rows) as {{ double }}) as observed,
        1.0 as threshold,
        case
            when max(counts.n_rows) > 1
            then 'the summary has several rows for one variant'
            else 'the summary has one row per variant'
        end as message
    from {{ ref("experimentos__summary_counts") }} as counts
    inner join {{ ref("stg_experimentos__arms") }} as variants on counts.arm_id = variants.arm_id
    inner join experiments on variants.experiment_index = experiments.experiment_index
    group by experiments.experiment_id
{% endmacro %}

{# What the test of a split, or of a share of activated units, comes to. #}
{% macro health_split_message() %}
    case
        when sample_ratio.method like 'activation rate%'
        then
            case
                when sample_ratio.p_value is null
                then 'the share of units that activated could not be compared'
                when sample_ratio.p_value < 0.001
                then
                    'the share of units that activated differs between the variants: the analysis of activated units is withheld, that of all assigned units is shown'
                when sample_ratio.p_value < 0.01
                then 'the share of units that activated may differ between the variants'
                else 'as many units activated in every variant'
            end
        when sample_ratio.p_value is null
        then 'the split could not be tested'
        when sample_ratio.p_value < 0.001 and sample_ratio.segment not in ('all', 'phase')
        then 'the split within this level is not the planned one: its effects are not shown'
        when sample_ratio.p_value < 0.001 and sample_ratio.population = 'activated'
        then
            'the split of activated units is not the planned one: their analysis is withheld, that of all assigned units is shown'
        when sample_ratio.p_value < 0.001
        then 'the split is not the planned one; missing treatment units may themselves be harm'
        when sample_ratio.p_value < 0.01
        then 'the split is unlikely under the planned one'
        else 'the split agrees with the planned one'
    end
    || coalesce(' (' || sample_ratio.population || ' units, ' || sample_ratio.method || ')', '')
{% endmacro %}
