-- One row per thing that a model of stages 2 and 3 has taken in: days of a model, units of an
-- experiment, definitions. Written by those models together with what they made of it, so that a
-- run
-- which was stopped is repeated from where it stood.
{{ config(materialized="incremental" if experimentos.remembers() else "table") }}
{%- set text = dbt.type_string() %}

{{
    experimentos.values_table(
        [
            ("reader", text),
            ("experiment", text),
            ("item", text),
            ("day", "date"),
            ("fingerprint", text),
            ("changed_at", "timestamp"),
        ],
        [],
    )
}}
