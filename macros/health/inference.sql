-- fmt: off
{# A difference too skewed for the test of so few units: nothing is decided on the metric until there
   are more. #}
{% macro health_units_for_skewness() %}
    select
        experiment_id,
        'units_for_skewness' as check_name,
        metric,
        variant,
        'warning' as status,
        abs(skewness) as observed,
        'metric ''' || metric || ''' has too few units in variant ''' || variant
        || ''' beside those of control for the skewness of its values: nothing is decided on it; a cap, '
        || 'more units or a more even split would help' as message
    from {{ experimentos.inferred("effects") }}
    where used_for_decision and is_too_skewed
{% endmacro %}

{# Rows of inference carry the hashes of the rows they came from: every treatment's has to be there,
   and every control's has to be one that still is. #}
{% macro health_hashes() %}
    select experiment_id, inputs_hash, is_control from {{ ref("experimentos__inference_inputs") }}
{% endmacro %}

{% macro health_inferred_hashes() %}
    select distinct inputs_hash, control_inputs_hash
    from {{ experimentos.inferred("effects") }}
    where inputs_hash is not null
{% endmacro %}

{% macro health_outdated() %}
    select experiment_id, count(*) as n_rows
    from hashes
    where not is_control and inputs_hash not in (select inputs_hash from inferred_hashes)
    group by experiment_id
    union all
    select hashes.experiment_id, count(*)
    from inferred_hashes
    inner join hashes on inferred_hashes.inputs_hash = hashes.inputs_hash
    where inferred_hashes.control_inputs_hash not in (select inputs_hash from hashes)
    group by hashes.experiment_id
{% endmacro %}

{% macro health_current_inference() %}
    {%- set double = experimentos.type_double() %}
    select
        known.experiment_id,
        'inference_current' as check_name,
        cast(coalesce(sum(outdated.n_rows), 0) as {{ double }}) as observed,
        {{
            experimentos.either(
                "sum(outdated.n_rows) > 0",
                "blocked",
                "'inference is older than the data: run experimentos build'",
                "'inference was computed from the moments shown'",
            )
        }}
    from (select distinct experiment_id from hashes) as known
    left join outdated on known.experiment_id = outdated.experiment_id
    group by known.experiment_id
{% endmacro %}
