-- One row per metric, cohort, basis, segment and step at which anything changes: moments of the
-- units
-- with events, from one step in time after exposure to the next.
{{ config(materialized="view") }}
select pairs.pair_id, moments.*
from {{ ref("experimentos__kept_moments") }} as moments
inner join
    {{ ref("stg_experimentos__pairs") }} as pairs
    on moments.experiment_index = pairs.experiment_index
    and moments.metric = pairs.metric
