-- One row per experiment: its definition as the YAML says it, or as it was archived. After the
-- models of the user: where an archived one was edited, their rows are counted.
-- depends_on: {{ ref("stg_experimentos__definitions") }}
{%- for key in ["assignment_models", "fact_models", "summary_models"] %}
    {%- for model in experimentos.listed_models(key) %}
    -- depends_on: {{ experimentos.user_ref(model) }}
    {%- endfor %}
{%- endfor %}
{%- if experimentos.experiments_from() %}
-- depends_on: {{ experimentos.user_ref(experimentos.experiments_from()) }}
{%- endif %}

{{
    config(
        post_hook=[
            "{{ experimentos.make_memory_schema() }}",
            "{{ experimentos.open_edited() }}",
        ]
    )
}}
{%- set definitions = experimentos.definitions() %}
{%- set as_of = experimentos.as_of() if execute else none %}
{%- set archived = experimentos.archived() %}
{%- set rows = [] %}
{%- for experiment in definitions.experiments %}
    {%- set found = archived[experiment.name] if experiment.is_archived else {} %}
    {%- do rows.append(
        [
            experiment.index,
            experiment.name,
            experiment.label,
            experiment.owner,
            experiment.owner_email,
            experiment.hypothesis,
            experiment.start,
            experiment.end,
            experiment.control,
            experiment.design,
            experiment.alpha,
            experiment.alpha_harm,
            experiment.power,
            experiment.correction,
            experiment.status,
            experiment.planned_n,
            experiment.summary,
            experiment.has_dated_assignments,
            experiment.file,
            experimentos.shown_hash(experiment),
            experiment.problems | join("\n") if experiment.problems else none,
            found.get("as_of", as_of),
            found.get("data_as_of"),
            experiment.edit_note,
            experimentos.finishes_after(experiment, definitions),
            experiment.get("spending", "obrien_fleming"),
            experiment.get("spending_parameter"),
            experiment.get("futility"),
            experiment.get("plan_hash"),
            experiment.get("plan_override"),
            experimentos.loosened_limits(experiment),
        ]
    ) %}
{%- endfor %}

{{
    experimentos.values_table(
        [
            ("experiment_index", "integer"),
            ("experiment_id", dbt.type_string()),
            ("label", dbt.type_string()),
            ("owner", dbt.type_string()),
            ("owner_email", dbt.type_string()),
            ("hypothesis", dbt.type_string()),
            ("starts_at", "timestamp"),
            ("ends_at", "timestamp"),
            ("control", dbt.type_string()),
            ("design", dbt.type_string()),
            ("alpha", experimentos.type_double()),
            ("alpha_harm", experimentos.type_double()),
            ("power", experimentos.type_double()),
            ("correction", dbt.type_string()),
            ("status", dbt.type_string()),
            ("planned_n", experimentos.type_double()),
            ("summary_model", dbt.type_string()),
            ("has_dated_assignments", "boolean"),
            ("file", dbt.type_string()),
            ("definitions_hash", dbt.type_string()),
            ("definition_problems", dbt.type_string()),
            ("as_of", "timestamp"),
            ("archived_data_as_of", "timestamp"),
            ("edit_note", dbt.type_string()),
            ("finishes_after", "bigint"),
            ("spending", dbt.type_string()),
            ("spending_parameter", experimentos.type_double()),
            ("futility", dbt.type_string()),
            ("plan_hash", dbt.type_string()),
            ("plan_override", dbt.type_string()),
            ("loosened_limits", dbt.type_string()),
        ],
        rows,
    )
}}
