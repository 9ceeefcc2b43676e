"""A/B-test analysis inside dbt: from raw events to a launch, hold or rollback memo.

The statistics library is usable on its own: functions over arrays of sufficient statistics, one
element per comparison. Names are imported when first used, so that importing the package is cheap.

>>> import experimentos as ex
>>> control = ex.Moments(n=[44700.0], mean=[8502 / 44700], m2=[0.0])  # Cookie Cats
>>> treatment = ex.Moments(n=[45489.0], mean=[8279 / 45489], m2=[0.0])
>>> ex.score(control, treatment).p_value.round(6)
array([0.001554])
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experimentos import tables
    from experimentos.checks import CHECKS
    from experimentos.errors import ExperimentosError
    from experimentos.estimators import Comparison, adjust, compare, compare_adjusted, mean, ratio
    from experimentos.inference import METHODS, Effect, evaluate
    from experimentos.inference.exact_rates import exact_rates
    from experimentos.inference.score import score
    from experimentos.inference.welch import welch
    from experimentos.moments import JointMoments, Moments, from_sums, merge
    from experimentos.multiplicity import bonferroni, holm

__version__ = "0.1.0"

_HOMES = {
    "CHECKS": "checks",
    "METHODS": "inference",
    "Comparison": "estimators",
    "Effect": "inference",
    "ExperimentosError": "errors",
    "JointMoments": "moments",
    "Moments": "moments",
    "adjust": "estimators",
    "bonferroni": "multiplicity",
    "compare": "estimators",
    "compare_adjusted": "estimators",
    "evaluate": "inference",
    "exact_rates": "inference.exact_rates",
    "from_sums": "moments",
    "holm": "multiplicity",
    "mean": "estimators",
    "merge": "moments",
    "ratio": "estimators",
    "score": "inference.score",
    "welch": "inference.welch",
}

__all__ = [
    "CHECKS",
    "METHODS",
    "Comparison",
    "Effect",
    "ExperimentosError",
    "JointMoments",
    "Moments",
    "adjust",
    "bonferroni",
    "compare",
    "compare_adjusted",
    "evaluate",
    "exact_rates",
    "from_sums",
    "holm",
    "mean",
    "merge",
    "ratio",
    "score",
    "tables",
    "welch",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name == "tables":
        return import_module("experimentos.tables")
    if name in _HOMES:
        return getattr(import_module(f"experimentos.{_HOMES[name]}"), name)
    msg = f"module 'experimentos' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return [*__all__, "__version__"]
