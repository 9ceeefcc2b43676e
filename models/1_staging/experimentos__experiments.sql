-- One row per experiment: the definition, and how far its data go.
with

    experiments as (select * from {{ ref("stg_experimentos__experiments") }}),

    measured_facts as (

        select experiment_index, fact
        from {{ ref("stg_experimentos__measures") }}
        {%- for experiment in experimentos.definitions().experiments
            if experiment.get("activation") and experiment.arms and not experiment.is_archived %}
            union
            select
                {{ experiment.index }}, {{ experimentos.text_literal(experiment.activation.model) }}
        {%- else %} group by experiment_index, fact
        {%- endfor %}

    ),

    data_spans as (

        select
            measured_facts.experiment_index,
            -- A dated fact without rows leaves the end of the data unknown.
            case
                when count(*) = count(facts.data_as_of) then min(facts.data_as_of)
            end as data_as_of
        from measured_facts
        inner join {{ ref("stg_experimentos__facts") }} as facts on measured_facts.fact = facts.fact
        where facts.is_dated
        group by measured_facts.experiment_index

    ),

    horizons as (

        select
            experiment_index,
            max(case when not is_endless then horizon_seconds end) as longest_seconds,
            max(
                case when role != 'explore' and not is_endless then horizon_seconds end
            ) as deciding_seconds
        from {{ ref("stg_experimentos__pairs") }}
        group by experiment_index

    ),

    dated as (

        select
            experiments.*,
            coalesce(experiments.archived_data_as_of, data_spans.data_as_of) as data_as_of,
            data_spans.experiment_index is not null
            or experiments.archived_data_as_of is not null as is_dated,
            coalesce(horizons.longest_seconds, 0) as longest_seconds,
            coalesce(horizons.deciding_seconds, 0) as deciding_seconds,
            case
                when experiments.has_dated_assignments
                then experiments.ends_at
                else experiments.starts_at
            end as enrolled_at
        from experiments
        left join data_spans on experiments.experiment_index = data_spans.experiment_index
        left join horizons on experiments.experiment_index = horizons.experiment_index

    ),

    scheduled as (

        select
            *,
            {{ experimentos.add_seconds("enrolled_at", "longest_seconds") }} as observe_until,
            {{ experimentos.add_seconds("enrolled_at", "deciding_seconds") }} as decides_at,
            -- Facts without times are complete as given; only the end of assignment is waited for.
            case when is_dated then data_as_of else as_of end as observed_at
        from dated

    )

select
    experiment_id,
    experiment_index,
    label,
    owner,
    owner_email,
    hypothesis,
    starts_at,
    ends_at,
    observe_until,
    decides_at,
    control,
    design,
    alpha,
    alpha_harm,
    power,
    correction,
    status,
    planned_n,
    data_as_of,
    as_of,
    is_dated,
    archived_data_as_of is not null
    or coalesce(
        data_as_of
        >= {{ experimentos.add_seconds("greatest(observe_until, ends_at)", "finishes_after") }},
        false
    ) as is_archived,
    case
        when not is_dated and not has_dated_assignments
        then true
        else coalesce(observed_at >= decides_at, false)
    end as is_final,
    case
        when not has_dated_assignments then false else coalesce(observed_at < ends_at, true)
    end as is_assigning,
    summary_model,
    file,
    definitions_hash,
    definition_problems
from scheduled
