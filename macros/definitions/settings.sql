{# What the project says under vars.experimentos. Inside this package dbt reads the same block as
   package variables, so the whole mapping is asked for by its name. #}
{% macro settings() %}
    {% set given = var("experimentos", {}) %} {{ return(given if given is mapping else {}) }}
{% endmacro %}

{# dbt asks for these names when it parses, long before anything is checked: what is not a name is left
   out here, and named by check_settings. #}
{% macro listed_models(key) %}
    {% set given = experimentos.settings().get(key) %}
    {% if given is string or given is mapping or given is not sequence %}
        {{ return([]) }}
    {% endif %}
    {{ return(given | select("string") | select | unique(case_sensitive=true) | list) }}
{% endmacro %}

{# ref() to a model of the user: 'fct_orders', or 'other_package.fct_orders'. #}
{% macro user_ref(name) %}
    {% set parts = name.split(".") %}
    {% if parts | length == 2 %} {{ return(ref(parts[0], parts[1])) }} {% endif %}
    {{ return(ref(project_name, name)) }}
{% endmacro %}

{# Who computes the statistics: a dbt Python model, or the client step of `experimentos build`. #}
{% macro inference() %}
    {% set default = (
        "python_model"
        if target.type == "duckdb" and dbt_version.startswith("1.")
        else "client"
    ) %}
    {% set given = experimentos.settings().get("inference") %}
    {{ return(given if given in ["python_model", "client"] else default) }}
{% endmacro %}

{# The instant up to which facts are read, as text in UTC: given, or the start of this run. #}
{% macro as_of() %}
    {% set given = experimentos.settings().get("as_of") %}
    {% if given is none %}
        {{ return(run_started_at.astimezone(modules.pytz.utc).strftime("%Y-%m-%d %H:%M:%S")) }}
    {% endif %}
    {{ return(experimentos.read_instant(given)) }}
{% endmacro %}

{# How far back rows may come late, in seconds, where a model does not say. #}
{% macro lookback_seconds() %}
    {% set seconds = experimentos.read_duration(
        experimentos.settings().get("lookback", "3 days")
    ) %}
    {{ return(seconds if seconds is not none else 259200) }}
{% endmacro %}

{# Whether moments are kept for the end of each day, or for the latest only. #}
{% macro is_daily() %}
    {{ return(experimentos.settings().get("daily", true) != false) }}
{% endmacro %}

{# Whether units are counted by their totals, for experimentos__distributions. #}
{% macro keeps_bins() %}
    {{ return(experimentos.settings().get("distributions", experimentos.is_daily()) == true) }}
{% endmacro %}

{# How many levels of a segment stand alone; the rest are '(other)'. #}
{% macro segment_levels() %}
    {% set given = experimentos.settings().get("segment_levels", 20) %}
    {{ return(given if given is integer and given is not boolean and given > 0 else 20) }}
{% endmacro %}
