-- fmt: off
{# The parts of experimentos__health in their order: name, SQL, and, of what is a check, the columns that
   it has beside its name, status and message; none: other parts read it. #}
{% macro health_parts() %}
    {% set counted = ["observed", "threshold"] %}
    {% set by_metric = ["metric", "variant"] + counted %}
    {% set by_level = ["population", "segment", "segment_value"] + counted + ["p_value"] %}
    {{
        return([
            ["inputs", experimentos.health_inputs, none],
            ["definition_valid", experimentos.health_definition_valid, []],
            ["archived_definition", experimentos.health_archived_definition, []],
            ["limits_loosened", experimentos.health_loosened_limits, []],
            ["plan_changed", experimentos.health_plan_changed, []],
            ["dates_changed", experimentos.health_dates_changed, ["observed"]],
            ["look_restated", experimentos.health_look_restated, by_metric],
            ["look_retaken", experimentos.health_look_retaken, ["observed"]],
            ["renamed", experimentos.health_renamed, ["observed"]],
            ["arm_units", experimentos.health_arm_units, none],
            ["assignment_rows", experimentos.health_assignment_rows, none],
            ["has_assignments", experimentos.health_has_assignments, ["observed"]],
            ["has_units", experimentos.health_has_units, ["variant", "observed"]],
            ["crossovers", experimentos.health_crossovers, counted],
            ["unknown_variants", experimentos.health_unknown_variants, counted],
            ["data_known", experimentos.health_data_known, []],
            ["complete_until", experimentos.health_complete_until, []],
            ["future_rows", experimentos.health_future_rows, counted],
            ["early_rows", experimentos.health_early_rows, []],
            ["awaited_facts", experimentos.health_awaited_facts, none],
            ["late_facts", experimentos.health_late_facts, none],
            ["awaited_looks", experimentos.health_awaited_looks, none],
            ["freshness", experimentos.health_freshness, counted],
            ["assigned_before_facts", experimentos.health_assigned_before_facts, counted],
            ["sample_ratio", experimentos.health_sample_ratio, by_level],
            ["phases_mixed", experimentos.health_phases_mixed, ["segment"]],
            ["one_row_per_variant", experimentos.health_one_row_per_variant, counted],
            ["enough_units", experimentos.health_enough_units, by_metric],
            ["values_skipped", experimentos.health_values_skipped, by_metric],
            ["constants", experimentos.health_constants_of_variants, none],
            ["varies", experimentos.health_varies, ["metric", "variant", "observed"]],
            ["skewness", experimentos.health_skewness, by_metric],
            ["units_for_skewness", experimentos.health_units_for_skewness, ["metric", "variant", "observed"]],
            ["cap_applied", experimentos.health_cap_applied, ["metric"]],
            ["meant_caps", experimentos.health_meant_caps, none],
            ["capped_share", experimentos.health_capped_share, ["metric"] + counted],
            ["precise", experimentos.health_precise, by_metric],
            ["unique_units", experimentos.health_unique_units, counted],
            ["covariates", experimentos.health_covariates, ["metric", "observed", "threshold"]],
            ["covariate_balance", experimentos.health_covariate_balance, ["metric", "variant", "observed", "threshold", "p_value"]],
            ["value_shares", experimentos.health_value_shares, none],
            ["values_missing", experimentos.health_values_missing, by_metric + ["p_value"]],
            ["skipped_alike", experimentos.health_skipped_alike, by_metric + ["p_value"]],
            ["late_changes", experimentos.health_late_changes, counted if experimentos.remembers() else none],
            ["hashes", experimentos.health_hashes, none],
            ["inferred_hashes", experimentos.health_inferred_hashes, none],
            ["outdated", experimentos.health_outdated, none],
            ["current_inference", experimentos.health_current_inference, ["observed"]],
        ])
    }}
{% endmacro %}
