{# What the project says under vars.experimentos. Inside this package dbt reads the same block as
   package variables, so the whole mapping is asked for by its name. #}
{% macro settings() %} {{ return(var("experimentos", {}) or {}) }} {% endmacro %}

{% macro listed_models(key) %} {{ return(experimentos.settings().get(key) or []) }} {% endmacro %}

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
    {{ return(experimentos.settings().get("inference", default)) }}
{% endmacro %}

{# The instant up to which facts are read, as text in UTC: given, or the start of this run. #}
{% macro as_of() %}
    {% set given = experimentos.settings().get("as_of") %}
    {% if given is none %}
        {{ return(run_started_at.astimezone(modules.pytz.utc).strftime("%Y-%m-%d %H:%M:%S")) }}
    {% endif %}
    {% set instant = experimentos.read_instant(given) %}
    {% if instant is none %}
        {{
            exceptions.raise_compiler_error(
                "experimentos: vars.experimentos.as_of must be a date or a timestamp, got '"
                ~ given
                ~ "'"
            )
        }}
    {% endif %}
    {{ return(instant) }}
{% endmacro %}
