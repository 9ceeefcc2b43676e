-- One row per experiment and fact without a time column: analysed units that have more than one
-- row in it.
-- depends_on: {{ ref("stg_experimentos__facts") }}, {{ ref("stg_experimentos__pairs") }}
-- depends_on: {{ ref("stg_experimentos__measures") }}, {{ ref("experimentos__units") }}
-- depends_on: {{ ref("experimentos__experiments") }}
{%- for model in experimentos.listed_models("fact_models") + experimentos.listed_models(
    "assignment_models"
) %}
-- depends_on: {{ experimentos.user_ref(model) }}
{%- endfor %}
{{ config(post_hook="{{ experimentos.keep_in_archive() }}") }}
{%- set text = dbt.type_string() %}
{%- set definitions = experimentos.definitions() %}
{%- set as_text = experimentos.units_are_text(definitions) if execute else false %}
{%- set readers = {} %}
{%- for source in experimentos.plan(definitions).sources.values()
    if not definitions.facts[source.model].is_dated %}
    {%- do readers.setdefault((source.model, source.kind), []).append(source.index) %}
{%- endfor %}

{%- for (model, kind), sources in readers.items() %}
    {%- set fact = definitions.facts[model] %}
    {%- set relation = experimentos.user_ref(model) %}
    {%- set columns = experimentos.relation_columns(relation) %}
    {%- set unit = experimentos.expression(relation, columns, fact.units[kind], fact.where).sql %}
    {{ "union all" if not loop.first }}
    select
        experiments.experiment_id,
        cast({{ experimentos.text_literal(model) }} as {{ text }}) as fact,
        users.is_deciding,
        cast(count(*) as bigint) as n_units
    from
        (
            select {{ experimentos.as_text(unit) if as_text else unit }} as unit
            from {{ relation }}
            group by 1
            having count(*) > 1
        ) as repeated
    inner join
        {{ ref("experimentos__units") }} as units
        on repeated.unit = units.unit
        and units.exclusion is null
    inner join
        {{ ref("experimentos__experiments") }} as experiments
        on units.experiment_index = experiments.experiment_index
    inner join
        (
            select
                measures.experiment_index,
                max(case when pairs.role = 'explore' then 0 else 1 end) = 1 as is_deciding
            from {{ ref("stg_experimentos__measures") }} as measures
            inner join
                {{ ref("stg_experimentos__pairs") }} as pairs on measures.pair_id = pairs.pair_id
            where measures.source in ({{ sources | join(", ") }})
            group by measures.experiment_index
        ) as users
        on units.experiment_index = users.experiment_index
    where {{ experimentos.is_active("experiments.experiment_id") }}
    group by experiments.experiment_id, users.is_deciding
{%- else %}
    {{
        experimentos.values_table(
            [
                ("experiment_id", text),
                ("fact", text),
                ("is_deciding", "boolean"),
                ("n_units", "bigint"),
            ],
            [],
        )
    }}
{%- endfor %}
{{ experimentos.archived_rows(["experiment_id", "fact", "is_deciding", "n_units"]) }}
