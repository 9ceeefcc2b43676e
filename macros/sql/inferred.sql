{# What inference wrote: the Python model, or the store that the client step fills. #}
{% macro inferred(what) %}
    {% if experimentos.inference() == "client" %}
        {{ return(ref("experimentos__" ~ what ~ "_store")) }}
    {% endif %}
    {% if what == "effects" %} {{ return(ref("experimentos__estimate_effects")) }} {% endif %}
    {% if what == "ages" %} {{ return(ref("experimentos__estimate_ages")) }} {% endif %}
    {% if what == "posteriors" %} {{ return(ref("experimentos__estimate_posteriors")) }} {% endif %}
    {% if what == "power" %} {{ return(ref("experimentos__estimate_power")) }} {% endif %}
    {% if what == "values" %} {{ return(ref("experimentos__check_values")) }} {% endif %}
    {{ return(ref("experimentos__check_sample_ratio")) }}
{% endmacro %}

{# Joins what inference wrote to the rows that decide now, as `inputs`: what was computed from other
   moments, or for what is no longer defined, is not shown. #}
{% macro with_current_inputs(inferred) %}
    inner join
        (
            select treatments.*, controls.inputs_hash as control_inputs_hash
            from {{ ref("experimentos__deciding_inputs") }} as treatments
            left join
                {{ ref("experimentos__deciding_inputs") }} as controls
                on treatments.experiment_id = controls.experiment_id
                and treatments.metric = controls.metric
                and treatments.control = controls.variant
                and controls.is_deciding
            where treatments.is_deciding
        ) as inputs
        on {{ inferred }}.experiment_id = inputs.experiment_id
        and {{ inferred }}.metric = inputs.metric
        and {{ inferred }}.variant = inputs.variant
        and {{ inferred }}.inputs_hash = inputs.inputs_hash
        and {{ inferred }}.control_inputs_hash is not distinct from inputs.control_inputs_hash
{% endmacro %}
