-- One row per arm and metric of an experiment that has only a summary: units, and the sums given
-- for them.
{%- for model in experimentos.listed_models("summary_models") %}
-- depends_on: {{ experimentos.user_ref(model) }}
{%- endfor %}
-- depends_on: {{ ref("stg_experimentos__arms") }}, {{ ref("stg_experimentos__pairs") }}
{%- set double = experimentos.type_double() %}
{%- set parts, known = [], {} %}
{%- for experiment in experimentos.definitions().experiments if experiment.summary is not none %}
    {%- for pair in experiment.pairs %} {%- do parts.append((experiment, pair)) %} {%- endfor %}
{%- endfor %}

with

    given as (
        {%- for experiment, pair in parts %}
            {%- set relation = experimentos.user_ref(experiment.summary) %}
            {%- if experiment.summary not in known %}
                {%- do known.update(
                    {experiment.summary: experimentos.relation_columns(relation)}
                ) %}
            {%- endif %}
            {%- set columns = known[experiment.summary] %}
            {%- set sum_column = experimentos.quoted(
                columns[pair.metric.parts.num.value | lower].name
            ) %}
            {{ "union all" if not loop.first }}
            select
                variants.arm_id,
                cast({{ pair.pair_id }} as integer) as pair_id,
                {{ experimentos.finite_double("summary.users", "number") }} as users,
                {{ experimentos.finite_double("summary." ~ sum_column, "number") }} as total,
                {%- if pair.metric.type == "mean" %}
                    {{
                        experimentos.finite_double(
                            "summary."
                            ~ experimentos.quoted(
                                columns[pair.metric.name | lower ~ "_sum_sq"].name
                            ),
                            "number",
                        )
                    }} as total_squared
                {%- else %} cast(null as {{ double }}) as total_squared
                {%- endif %}
            from {{ relation }} as summary
            inner join
                {{ ref("stg_experimentos__arms") }} as variants
                on variants.experiment_index = {{ experiment.index }}
                and variants.population = 'assigned'
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

    )

-- More than one row of a variant is added up for show; health withholds the verdict.
select
    arm_id,
    pair_id,
    sum(case when users >= 0 then users end) as users,
    sum(total) as total,
    sum(total_squared) as total_squared,
    count(*) as n_rows
from given
group by arm_id, pair_id
