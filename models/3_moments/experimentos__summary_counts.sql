-- One row per arm and metric of an experiment that has only a summary: units, and the sums given
-- for them.
{%- for model in experimentos.listed_models("summary_models") %}
-- depends_on: {{ experimentos.user_ref(model) }}
{%- endfor %}
-- depends_on: {{ ref("stg_experimentos__variants") }}, {{ ref("stg_experimentos__pairs") }}
{%- set double = experimentos.type_double() %}
{%- set parts = [] %}
{%- for experiment in experimentos.definitions().experiments if experiment.summary is not none %}
    {%- for pair in experiment.pairs %} {%- do parts.append((experiment, pair)) %} {%- endfor %}
{%- endfor %}

{%- for experiment, pair in parts %}
    {%- set relation = experimentos.user_ref(experiment.summary) %}
    {%- set columns = experimentos.relation_columns(relation) %}
    {%- set sum_column = experimentos.quoted(columns[pair.metric.parts.num.value | lower].name) %}
    {{ "union all" if not loop.first }}
    select
        variants.arm_id,
        cast({{ pair.pair_id }} as integer) as pair_id,
        cast(summary.users as {{ double }}) as users,
        cast(summary.{{ sum_column }} as {{ double }}) as total,
        {%- if pair.metric.type == "mean" %}
            cast(
                summary.{{ experimentos.quoted(columns[pair.metric.name ~ "_sum_sq"].name) }}
                as {{ double }}
            ) as total_squared
        {%- else %} cast(summary.{{ sum_column }} as {{ double }}) as total_squared
        {%- endif %}
    from {{ relation }} as summary
    inner join
        {{ ref("stg_experimentos__variants") }} as variants
        on variants.experiment_index = {{ experiment.index }}
        and variants.variant = {{ experimentos.as_text("summary.variant") }}
    {%- if "experiment" in columns %}
        where
            {{ experimentos.as_text("summary.experiment") }} in (
                {%- for id in experiment.ids %}
                    {{ experimentos.text_literal(id) }}{{ ", " if not loop.last }}
                {% endfor -%}
            )
    {%- endif %}
{%- else %}
    {{
        experimentos.values_table(
            [
                ("arm_id", "integer"),
                ("pair_id", "integer"),
                ("users", double),
                ("total", double),
                ("total_squared", double),
            ],
            [],
        )
    }}
{%- endfor %}
