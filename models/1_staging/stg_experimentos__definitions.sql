-- One row: how much is defined. The first model of all, before those of the user: raises every
-- problem at once.
-- depends_on: the table of experiments, and the summary models, whose columns are their metrics.
{%- if experimentos.experiments_from() %}
-- depends_on: {{ experimentos.user_ref(experimentos.experiments_from()) }}
{%- endif %}
{%- for model in experimentos.listed_models("summary_models") %}
-- depends_on: {{ experimentos.user_ref(model) }}
{%- endfor %}
{{ config(materialized="view") }}
{%- set found = experimentos.first_definitions() %}

select {{ found.experiments | length }} as n_experiments, {{ found.metrics | length }} as n_metrics
