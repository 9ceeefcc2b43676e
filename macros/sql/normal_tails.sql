{# Both tails of the normal distribution beyond a score >= 0: the complementary error function of
   score / sqrt(2) by the Chebyshev fit of Press et al., Numerical Recipes, section 6.2 (`erfcc`),
   whose relative error is under 1.2e-7 everywhere. For checks of health only; what decides is
   computed in Python. #}
{% macro normal_tails(score) %}
    {%- set capped = "least(" ~ score ~ ", 37)" -%}
    {%- set t = "(1 / (1 + " ~ capped ~ " * 0.353553390593273762))" -%}
    {%- set polynomial = namespace(text="0.17087277") -%}
    {%- for coefficient in [
        "-0.82215223",
        "1.48851587",
        "-1.13520398",
        "0.27886807",
        "-0.18628806",
        "0.09678418",
        "0.37409196",
        "1.00002368",
        "-1.26551223",
    ] -%}
        {%- set polynomial.text = "(" ~ coefficient ~ " + " ~ t ~ " * " ~ polynomial.text ~ ")" -%}
    {%- endfor -%}
    {{
        return(
            "least(1, "
            ~ t
            ~ " * exp(-0.5 * "
            ~ capped
            ~ " * "
            ~ capped
            ~ " + "
            ~ polynomial.text
            ~ "))"
        )
    }}
{% endmacro %}
