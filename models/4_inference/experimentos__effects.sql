-- One row per comparison of a variant with control and adjustment: the effect, its intervals and
-- p-values.
{%- set grain = [
    "experiment_id",
    "metric",
    "variant",
    "population",
    "segment",
    "segment_value",
    "basis",
] %}
{%- set text = dbt.type_string() %}

with

    effects as (select * from {{ experimentos.inferred("effects") }}),

    -- Levels of segments whose units did not fall into the variants as planned: what is seen
    -- there is
    -- not shown. What is wrong among the assigned is so among those activated.
    failed as (

        select sample_ratio.*
        from
            {{ experimentos.inferred("sample_ratio") }} as sample_ratio
            {{ experimentos.with_limits("sample_ratio", "'sample_ratio'") }}
        where
            sample_ratio.segment not in ('all', 'phase') and sample_ratio.p_value < limits.block_at

    ),

    wrong_levels as (

        select experiment_id, segment, segment_value, population
        from failed
        where population = 'activated'
        union
        select wrong.experiment_id, wrong.segment, wrong.segment_value, populations.population
        from failed as wrong
        cross join
            (
                select cast('assigned' as {{ text }}) as population
                union all
                select cast('activated' as {{ text }}) as population
            ) as populations
        where wrong.population != 'activated'

    )

select
    effects.experiment_id,
    effects.metric,
    effects.variant,
    effects.population,
    effects.segment,
    effects.segment_value,
    effects.as_of,
    effects.basis,
    effects.adjustment,
    effects.control,
    effects.role,
    effects.goal,
    effects.n_control,
    effects.n_treatment,
    {%- for name in [
        "value_control",
        "value_treatment",
        "estimate",
        "std_error",
        "p_value_fixed",
        "lower_fixed",
        "upper_fixed",
        "p_value",
        "p_value_corrected",
        "lower",
        "upper",
        "level",
        "lift",
        "lift_lower",
        "lift_upper",
    ] %}
        case when wrong_levels.experiment_id is null then effects.{{ name }} end as {{ name }},
    {%- endfor %}
    effects.margin,
    effects.margin_kind,
    effects.p_value_noninferior,
    effects.p_value_harm,
    effects.p_value_harm_corrected,
    {%- for name in ["theta", "variance_reduction"] %}
        case when wrong_levels.experiment_id is null then effects.{{ name }} end as {{ name }},
    {%- endfor %}
    effects.method,
    effects.used_for_decision,
    effects.is_latest,
    effects.is_final,
    cast(effects.look as integer) as look,
    effects.look_date,
    {%- for name in [
        "information",
        "information_fraction",
        "statistic",
        "boundary",
        "alpha_spent",
        "statistic_harm",
        "boundary_harm",
        "futility_boundary",
        "p_value_stagewise",
        "estimate_stagewise",
        "lower_stagewise",
        "upper_stagewise",
        "restated_by",
        "skewness",
        "is_too_skewed",
    ] %}
        effects.{{ name }}{{ "," if not loop.last }}
    {%- endfor %}
from effects
left join
    wrong_levels
    on effects.experiment_id = wrong_levels.experiment_id
    and effects.population = wrong_levels.population
    and effects.segment = wrong_levels.segment
    and effects.segment_value = wrong_levels.segment_value
{%- if experimentos.inference() == "client" %}
    -- What is no longer defined is not shown, though the store still holds it.
    inner join
        {{ ref("experimentos__inference_inputs") }} as inputs
        on effects.as_of is not distinct from inputs.as_of
        {%- for name in grain %} and effects.{{ name }} = inputs.{{ name }} {%- endfor %}
{%- endif %}
