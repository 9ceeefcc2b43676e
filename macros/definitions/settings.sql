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
