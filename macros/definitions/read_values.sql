{# Small readers of what people write in YAML. Each gives none for what it cannot read;
   the caller says which key that was. #}
{% macro read_duration(value) %}
    {#- '7 days' as seconds -#}
    {% set found = modules.re.match(
        "^\\s*(\\d{1,6})\\s+(minute|hour|day|week)s?\\s*$", value | string
    ) %}
    {% if not found %} {{ return(none) }} {% endif %}
    {% set seconds = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800} %}
    {{ return((found.group(1) | int) * seconds[found.group(2)]) }}
{% endmacro %}

{% macro read_instant(value) %}
    {#- a date or timestamp as text 'YYYY-MM-DD HH:MM:SS[.ffffff]' in UTC -#}
    {% set pattern = (
        "^(\\d{4})-(\\d{2})-(\\d{2})(?:[ T]([01]\\d|2[0-3]):([0-5]\\d)(?::([0-5]\\d)(\\.\\d{1,6})?)?)?"
        ~ "\\s*(Z|[+-](?:0\\d|1[0-4]):?[0-5]\\d)?$"
    ) %}
    {% set found = modules.re.match(pattern, value | string | trim) %}
    {% if not found %} {{ return(none) }} {% endif %}
    {% set year, month, day = found.group(1) | int, found.group(2) | int, found.group(3) | int %}
    {% set leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) %}
    {% set days = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] %}
    {% if year < 1 or month < 1 or month > 12 or day < 1 or day > days[month - 1] %}
        {{ return(none) }}
    {% endif %}
    {% set fraction = ((found.group(7) or ".0")[1:] ~ "000000")[:6] | int %}
    {% set instant = modules.datetime.datetime(
        year,
        month,
        day,
        (found.group(4) or 0) | int,
        (found.group(5) or 0) | int,
        (found.group(6) or 0) | int,
        fraction,
    ) %}
    {% set zone = found.group(8) %}
    {% if zone and zone != "Z" %}
        {% set minutes = (zone[1:3] | int) * 60 + (zone[-2:] | int) %}
        {% set shift = modules.datetime.timedelta(minutes=minutes) %}
        {% set instant = instant - shift if zone[0] == "+" else instant + shift %}
    {% endif %}
    {% set text = instant.strftime("%Y-%m-%d %H:%M:%S.%f") %}
    {{ return(text[:-7] if text.endswith(".000000") else text) }}
{% endmacro %}

{% macro read_label(value) %}
    {#- a variant or experiment label as text; none where YAML read something else than was written -#}
    {% if value is boolean or value is none or value is float or value is mapping %}
        {{ return(none) }}
    {% endif %}
    {% if value is sequence and value is not string %} {{ return(none) }} {% endif %}
    {{ return(value | string) }}
{% endmacro %}

{% macro read_amount(value) %}
    {#- a margin or mde: '2%' of the control mean, or {absolute: 0.5} in metric units -#}
    {% if value is string %}
        {% set found = modules.re.match("^\\s*(\\d+(?:\\.\\d+)?|\\.\\d+)\\s*%\\s*$", value) %}
        {% if found and 0 < (found.group(1) | float) < 100 %}
            {% set decimals = (found.group(1) ~ ".").split(".")[1] | length %}
            {{
                return(
                    {
                        "kind": "relative",
                        "amount": ((found.group(1) | float) / 100) | round(decimals + 2),
                    }
                )
            }}
        {% endif %}
        {{ return(none) }}
    {% endif %}
    {% if value is mapping and value.keys() | list == ["absolute"] %}
        {% set amount = value["absolute"] %}
        {% if amount is number and amount is not boolean and 0 < amount < 1e100 %}
            {{ return({"kind": "absolute", "amount": amount}) }}
        {% endif %}
    {% endif %}
    {{ return(none) }}
{% endmacro %}

{% macro is_fraction(value) %}
    {{ return(value is number and value is not boolean and 0 < value < 1) }}
{% endmacro %}

{# Who writes 99.9 means percent, so what to write is said. #}
{% macro bad_fraction(where, key, got) %}
    {% set is_percent = got is number and got is not boolean and 1 < got < 100 %}
    {{
        return(
            experimentos.problem(
                where,
                "`"
                ~ key
                ~ "` must be a number between 0 and 1, got '"
                ~ got
                ~ "'"
                ~ (": write " ~ (got / 100) | round(9) if is_percent else ""),
            )
        )
    }}
{% endmacro %}
