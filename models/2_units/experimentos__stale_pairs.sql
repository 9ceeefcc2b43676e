-- One row per experiment and metric: from which day of exposure on its moments have to be computed
-- again. Earlier cohorts have closed windows, and nothing they read has changed.
-- depends_on: {{ ref("experimentos__unit_days") }}, {{ ref("experimentos__units") }}
-- depends_on: {{ ref("experimentos__reads") }}, {{ ref("stg_experimentos__pairs") }}
{%- set definitions = experimentos.definitions() %}
{%- set plan = experimentos.plan(definitions) %}
{%- set text = dbt.type_string() %}
{%- set pairs, sources, known, binned = [], [], {}, {} %}
{%- set is_known = experimentos.remembers() and experimentos.knows_moments() %}
{%- if execute %}
    {%- for experiment in definitions.experiments
        if experiment.summary is none and not experiment.is_archived %}
        {%- set shared = experimentos.signature_of_moments(experiment, definitions) %}
        {%- for pair in experiment.pairs %}
            {%- set key = (pair.plan_key, experiment.activation is none) %}
            {%- if key not in known %}
                {%- do known.update({key: experimentos.reads_all_cohorts(pair, experiment)}) %}
            {%- endif %}
            {%- if pair.metric.name not in binned %}
                {%- do binned.update({pair.metric.name: experimentos.has_bins(pair.metric)}) %}
            {%- endif %}
            {%- do pairs.append(
                [
                    pair.pair_id,
                    experiment.name,
                    pair.metric.name,
                    local_md5(
                        [
                            shared,
                            pair.metric.get("hash"),
                            pair.plan_key,
                            binned[pair.metric.name],
                        ]
                        | join("|")
                    ),
                    known[key],
                ]
            ) %}
            {%- for source in plan.needs[pair.plan_key] %}
                {%- do sources.append([pair.pair_id, source | string]) %}
            {%- endfor %}
        {%- endfor %}
    {%- endfor %}
{%- endif %}
{%- set never = "cast('0001-01-01' as timestamp)" %}

with

    pairs as (

        {{
            experimentos.values_table(
                [
                    ("pair_id", "integer"),
                    ("experiment", text),
                    ("metric", text),
                    ("signature", text),
                    ("reads_all", "boolean"),
                ],
                pairs,
            )
        }}

    ),

    sources as (
        {{ experimentos.values_table([("pair_id", "integer"), ("source", text)], sources) }}
    ),

    reads as (select * from {{ ref("experimentos__reads") }}),

    computed as (

        select
            signatures.experiment,
            signatures.item as metric,
            signatures.fingerprint as signature,
            signatures.changed_at as computed_at,
            cast(nullif(as_of.fingerprint, '') as timestamp) as earlier_as_of
        from reads as signatures
        inner join
            reads as as_of
            on as_of.reader = 'moments_as_of'
            and signatures.experiment = as_of.experiment
            and signatures.item = as_of.item
        where signatures.reader = 'moments'

    ),

    changed_days as (

        select pairs.pair_id, min(cast(reads.day as timestamp)) as first_day
        from pairs
        inner join
            computed on pairs.experiment = computed.experiment and pairs.metric = computed.metric
        inner join sources on pairs.pair_id = sources.pair_id
        inner join
            reads
            on reads.reader = 'days'
            and pairs.experiment = reads.experiment
            and (reads.item = sources.source or reads.item like sources.source || '|%')
            and reads.changed_at > computed.computed_at
        group by pairs.pair_id

    ),

    changed_units as (

        select pairs.pair_id, min(units.changed_from) as first_exposure
        from pairs
        inner join
            computed on pairs.experiment = computed.experiment and pairs.metric = computed.metric
        inner join
            {{ ref("experimentos__experiments") }} as experiments
            on pairs.experiment = experiments.experiment_id
        inner join
            {{ ref("experimentos__units") }} as units
            on experiments.experiment_index = units.experiment_index
            and units.changed_at > computed.computed_at
        group by pairs.pair_id

    )

select
    pairs.pair_id,
    experiments.experiment_index,
    pairs.experiment,
    pairs.metric,
    pairs.signature,
    {{ experimentos.run_stamp() }} as computed_at,
    coalesce({{ experimentos.as_text("experiments.data_as_of") }}, '') as as_of,
    case
        when
            {{ "false" if is_known else "true" }}
            or pairs.reads_all
            or computed.signature is null
            or computed.signature != pairs.signature
        then {{ never }}
        when
            experiments.data_as_of is null
            or computed.earlier_as_of is null
            or experiments.data_as_of < computed.earlier_as_of
        then {{ never }}
        when changed_days.first_day <= cast({{ experimentos.no_day() }} as timestamp)
        then {{ never }}
        else
            least(
                -- cohorts that were open when the moments were computed, if the data have gone on
                case
                    when experiments.data_as_of > computed.earlier_as_of
                    then
                        {{
                            experimentos.add_seconds(
                                experimentos.start_of_day("computed.earlier_as_of"),
                                "(-given.horizon_seconds - 2 * 86400)",
                            )
                        }}
                    else cast('9999-01-01' as timestamp)
                end,
                coalesce(
                    {{
                        experimentos.add_seconds(
                            "changed_days.first_day", "(-given.horizon_seconds - 2 * 86400)"
                        )
                    }},
                    cast('9999-01-01' as timestamp)
                ),
                coalesce(
                    {{ experimentos.start_of_day("changed_units.first_exposure") }},
                    cast('9999-01-01' as timestamp)
                )
            )
    end as from_day
from pairs
inner join
    {{ ref("experimentos__experiments") }} as experiments
    on pairs.experiment = experiments.experiment_id
inner join {{ ref("stg_experimentos__pairs") }} as given on pairs.pair_id = given.pair_id
left join computed on pairs.experiment = computed.experiment and pairs.metric = computed.metric
left join changed_days on pairs.pair_id = changed_days.pair_id
left join changed_units on pairs.pair_id = changed_units.pair_id
