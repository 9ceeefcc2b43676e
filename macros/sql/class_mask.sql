{# The bits of the conditions that a row meets. Comparisons of one text column with different words
   exclude each other, so they are one CASE: most rows are done after a few of them. `predicates` is
   condition -> bit, or a list of bits. #}
{% macro class_mask(predicates, columns, mask, fact) %}
    {% set terms = [] %}
    {% set words = {} %}
    {% for predicate, given in predicates.items() %}
        {% set bits = namespace(sum=0) %}
        {% set bits_given = [given] if given is number else given %}
        {% for bit in bits_given %}
            {% if bit // 60 == mask %} {% set bits.sum = bits.sum + 2 ** (bit % 60) %} {% endif %}
        {% endfor %}
        {% set bit = bits.sum %}
        {% set equality = experimentos.word_of(predicate) %}
        {% set name = equality.name %}
        {% set word = equality.word %}
        {% if bit == 0 %}
        {% elif predicate == "" %} {% do terms.append(bit | string) %}
        {% elif columns.get(name, {}).get("class") == "text" and word not in words.get(name, {}) %}
            {% do words.setdefault(name, {}).update(
                {word: "'" ~ equality.text ~ "' then " ~ bit}
            ) %}
        {% else %}
            {% do terms.append(
                "case when "
                ~ experimentos.named_condition(columns, predicate, fact)
                ~ " then "
                ~ bit
                ~ " else 0 end"
            ) %}
        {% endif %}
    {% endfor %}
    {% for name, branches in words.items() %}
        {% do terms.append(
            "case "
            ~ experimentos.quoted(columns[name].name)
            ~ " when "
            ~ branches.values()
            | join(" when ") ~ " else 0 end"
        ) %}
    {% endfor %}
    {{ return("cast(" ~ (terms | join(" + ") if terms else "0") ~ " as bigint)") }}
{% endmacro %}

{# The column and the word of a condition that says `column = 'word'`, else none. Two conditions with different
   words, in whatever case, exclude each other. #}
{% macro word_of(predicate) %}
    {% set found = modules.re.match(
        "^\\s*([A-Za-z_][A-Za-z0-9_]*)\\s*=\\s*'([A-Za-z0-9_ .:/-]*)'\\s*$", predicate
    ) %}
    {% if not found %} {{ return({"name": none, "word": none}) }} {% endif %}
    {{
        return(
            {
                "name": found.group(1) | lower,
                "word": found.group(2) | lower | trim,
                "text": found.group(2),
            }
        )
    }}
{% endmacro %}

{# Whether any of the given bits is set: {mask column: {bit: anything}}. #}
{% macro any_bit(bits) %}
    {% set terms = [] %}
    {% for column, given in bits.items() %}
        {% set sum = namespace(of=0) %}
        {% for bit in given %} {% set sum.of = sum.of + 2**bit %} {% endfor %}
        {% do terms.append("mask_" ~ column ~ " & " ~ sum.of ~ " <> 0") %}
    {% endfor %}
    {{ return("(" ~ terms | join(" or ") ~ ")" if terms else "1 = 0") }}
{% endmacro %}

{# The condition that rows of a source belong to a class that metrics of some shapes may read; none if all
   rows may. #}
{% macro may_be_read(plan, source, shapes) %}
    {% set bits = {} %}
    {% set others = {} %}
    {% for template in plan.templates.values() %}
        {% for measure in template if measure[0] == source %}
            {% set found = bits if measure[5] in shapes else others %}
            {% do found.setdefault(measure[3], {}).update({measure[4]: true}) %}
        {% endfor %}
    {% endfor %}
    {% for column, given in others.items() %}
        {% for bit in given if bit not in bits.get(column, {}) %}
            {{ return(experimentos.any_bit(bits)) }}
        {% endfor %}
    {% endfor %}
    {{ return(none) }}
{% endmacro %}
