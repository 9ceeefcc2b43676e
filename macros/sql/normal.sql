{# How far a p-value is from the tail in which it lies: the first step to a standard normal quantile. Of
   probabilities nearer to 1 than 1e-16 nothing is told apart. Null where the probability is. #}
{% macro tail_root(p) %}
    case
        when {{ p }} <= 0.5
        then sqrt(-2 * ln(greatest({{ p }}, 1e-300)))
        when {{ p }} > 0.5
        then sqrt(-2 * ln(greatest(1 - {{ p }}, 1e-16)))
    end
{% endmacro %}

{# The upper quantile of the standard normal from that, to 4.5e-4 (Abramowitz and Stegun 1964, 26.2.23):
   enough to say how far something is, not to decide. #}
{% macro upper_quantile(p, root) %}
    case when {{ p }} <= 0.5 then 1 else -1 end * (
        {{ root }}
        - (2.515517 + {{ root }} * (0.802853 + {{ root }} * 0.010328))
        / (1 + {{ root }} * (1.432788 + {{ root }} * (0.189269 + {{ root }} * 0.001308)))
    )
{% endmacro %}
