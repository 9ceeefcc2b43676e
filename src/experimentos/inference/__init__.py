"""Tests and the intervals dual to them.

A method is one module with `tails`, `interval` and `lift_interval`, and one line in `METHODS`.
"""

from experimentos.arguments import one_of
from experimentos.inference import (
    agresti_caffo,
    boschloo,
    exact_rates,
    fisher,
    miettinen_nurminen,
    newcombe,
    quantile_effect,
    rate_ratio,
    score,
    skewed_score,
    wald,
    welch,
)
from experimentos.inference.effect import (
    Effect,
    Interval,
    Method,
    Null,
    Tails,
    detectable,
    evaluate,
    lift,
    no_effect,
    null_at,
)

METHODS: dict[str, Method] = {
    "welch": welch.METHOD,
    "delta": welch.METHOD,
    "score": score.METHOD,
    "skewness-corrected score": skewed_score.METHOD,
    "miettinen-nurminen": miettinen_nurminen.METHOD,
    "wald": wald.METHOD,
    "agresti-caffo": agresti_caffo.METHOD,
    "newcombe": newcombe.METHOD,
    "katz": rate_ratio.METHOD,
    "koopman": score.METHOD,
    "conditional binomial": exact_rates.METHOD,
    "fisher": fisher.METHOD,
    "boschloo": boschloo.METHOD,
    "quantile": quantile_effect.METHOD,
}


def method_named(name: str) -> Method:
    """Find a method by its name.

    Parameters
    ----------
    name : str
        A key of `METHODS`.

    Returns
    -------
    Method
        For `evaluate`.

    Raises
    ------
    ArgumentError
        If there is no method of that name.

    Examples
    --------
    >>> method_named("t-test")
    Traceback (most recent call last):
        ...
    experimentos.errors.ArgumentError: `method` must be one of ['agresti-caffo', ...], got 't-test'
    """
    return METHODS[one_of("method", name, METHODS)]


__all__ = [
    "METHODS",
    "Effect",
    "Interval",
    "Method",
    "Null",
    "Tails",
    "detectable",
    "evaluate",
    "lift",
    "method_named",
    "no_effect",
    "null_at",
]
