-- One row per experiment with an activation and unit that did it after its exposure: when it
-- first did.
-- depends_on: {{ ref("stg_experimentos__facts") }}, {{ ref("experimentos__units") }}
-- depends_on: {{ ref("experimentos__experiments") }}
{%- for model in experimentos.listed_models("fact_models") + experimentos.listed_models(
    "assignment_models"
) %}
-- depends_on: {{ experimentos.user_ref(model) }}
{%- endfor %}
{%- set definitions = experimentos.definitions() %}
{%- set as_text = experimentos.units_are_text(definitions) if execute else false %}
{%- set readers = namespace(number=0) %}

{%- for experiment in definitions.experiments
    if experiment.get("activation") and experiment.arms and not experiment.is_archived %}
    {{ "union all" if readers.number }} {%- set readers.number = readers.number + 1 %}
    {%- set fact = definitions.facts[experiment.activation.model] %}
    {%- set relation = experimentos.user_ref(fact.name) %}
    {%- set columns = experimentos.relation_columns(relation) %}
    {%- set unit = experimentos.expression(
        relation, columns, fact.units[experiment.kind], fact.where
    ).sql %}
    {%- set by_date = experimentos.fact_is_by_date(fact, relation, columns) %}
    {%- set exposed = "units.exposed_at" %}
    {%- set begin = experimentos.start_of_day(exposed) if by_date else exposed %}
    select
        units.experiment_index,
        units.unit,
        {% if by_date -%} greatest(min(events.event_at), units.exposed_at)
        {%- else -%} min(events.event_at)
        {%- endif %} as activated_at
    from {{ ref("experimentos__units") }} as units
    inner join
        {{ ref("experimentos__experiments") }} as experiments
        on units.experiment_index = experiments.experiment_index
    inner join
        (
            select
                {{ experimentos.as_text(unit) if as_text else unit }} as unit,
                {{ experimentos.event_time(fact, relation, columns) }} as event_at
            from {{ experimentos.fact_without_repeats(fact, relation, columns) }}
            {%- if experiment.activation["where"] %}
                    {%- set owner = {
                        "name": none,
                        "where": experiment.where ~ ", `activation`",
                    } %}
                where
                    {{
                        experimentos.named_condition(
                            columns, experiment.activation["where"], owner
                        )
                    }}
            {%- endif %}
        ) as events
        on units.unit = events.unit
        and events.event_at >= {{ begin }}
        and events.event_at < experiments.data_as_of
        {%- if experiment.activation.within is not none %}
            and events.event_at
            < {{ experimentos.add_seconds(begin, experiment.activation.within) }}
        {%- endif %}
    where units.experiment_index = {{ experiment.index }} and units.exclusion is null
    group by units.experiment_index, units.unit, units.exposed_at
{%- endfor %}
{%- if not readers.number %}
    select experiment_index, unit, exposed_at as activated_at
    from {{ ref("experimentos__units") }}
    where 1 = 0
{%- endif %}
