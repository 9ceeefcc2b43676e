-- fmt: off
{# The policy: its rules in their order, each with the verdict of a variant of which it is the first to
   fire. Each has a file of its name here; what it says when it fires is the reason. #}
{% macro policy() %}
    {{
        return([
            ["health_blocked", "hold"],
            ["plan_changed", "hold"],
            ["harmed", "rollback"],
            ["no_look_due", "hold"],
            ["launchable", "launch"],
            ["guardrail_unsettled", "hold"],
            ["looks_remain", "hold"],
            ["ruled_out", "hold"],
            ["inconclusive", "hold"],
        ])
    }}
{% endmacro %}

{# What the evidence is made of, in the order in which it is computed: name, SQL, whether its rows are
   evidence, and whether they have a p-value (`tested`) and the level that it was tested at (`tested_at`):
   what is observed may be corrected, and a corrected p-value of 1 says nothing of how far it is. #}
{% macro evidence_parts() %}
    {{
        return([
            ["treatments", experimentos.rule_treatments, false, false],
            ["effects", experimentos.rule_effects, false, false],
            ["superior", experimentos.rule_superior, true, true],
            ["noninferior", experimentos.rule_noninferior, true, true],
            ["worse", experimentos.rule_worse, true, true],
            ["bounded", experimentos.rule_bounded, true, false],
            ["power_reached", experimentos.rule_power_reached, true, false],
            ["not_shown_safe", experimentos.rule_not_shown_safe, true, false],
            ["conditions", experimentos.rule_conditions, false, false],
            ["standing", experimentos.rule_standing, false, false],
            ["health_blocked", experimentos.rule_health_blocked, true, false],
            ["plan_changed", experimentos.rule_plan_changed, true, false],
            ["dates_changed", experimentos.rule_dates_changed, true, false],
            ["harmed", experimentos.rule_harmed, true, true],
            ["no_look_due", experimentos.rule_no_look_due, true, false],
            ["launchable", experimentos.rule_launchable, true, true],
            ["guardrail_unsettled", experimentos.rule_guardrail_unsettled, true, false],
            ["looks_remain", experimentos.rule_looks_remain, true, false],
            ["ruled_out", experimentos.rule_ruled_out, true, false],
            ["inconclusive", experimentos.rule_inconclusive, true, false],
        ])
    }}
{% endmacro %}
