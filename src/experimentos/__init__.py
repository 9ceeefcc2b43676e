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
    from experimentos import (
        bayes,
        checks,
        estimators,
        frames,
        inference,
        multiplicity,
        power,
        program,
        sequential,
        tables,
    )
    from experimentos.checks import CHECKS
    from experimentos.errors import ExperimentosError
    from experimentos.estimators import (
        Comparison,
        CrossMoments,
        adjust,
        adjust_by_regression,
        adjust_interacted,
        as_ratios,
        cluster_moments,
        compare,
        compare_adjusted,
        compare_regressed,
        mean,
        merge_sparse,
        pool,
        post_stratify,
        quantiles,
        ratio,
        share_explained,
        variance_removed,
    )
    from experimentos.inference import METHODS, Effect, evaluate, method_named
    from experimentos.inference.agresti_caffo import agresti_caffo
    from experimentos.inference.boschloo import boschloo
    from experimentos.inference.counts import compare_rates, from_counts
    from experimentos.inference.exact_rates import exact_rates
    from experimentos.inference.fisher import fisher
    from experimentos.inference.lifts import lift_delta, lift_fieller, lift_log
    from experimentos.inference.margins import equivalent, noninferior, superior
    from experimentos.inference.miettinen_nurminen import miettinen_nurminen
    from experimentos.inference.newcombe import newcombe
    from experimentos.inference.quantile_effect import quantile_difference, quantile_ratio
    from experimentos.inference.rate_ratio import katz, koopman
    from experimentos.inference.score import score
    from experimentos.inference.skewed_score import skewed_score
    from experimentos.inference.wald import wald
    from experimentos.inference.welch import welch
    from experimentos.moments import JointMoments, Moments, from_sums, merge
    from experimentos.samples import from_values, joint_from_sums, joint_from_values

__version__ = "0.1.0"

_MODULES = [
    "bayes",
    "checks",
    "estimators",
    "frames",
    "inference",
    "multiplicity",
    "power",
    "program",
    "sequential",
    "tables",
]
_HOMES = {
    "CHECKS": "checks",
    "METHODS": "inference",
    "Comparison": "estimators",
    "CrossMoments": "estimators",
    "Effect": "inference",
    "ExperimentosError": "errors",
    "JointMoments": "moments",
    "Moments": "moments",
    "adjust": "estimators",
    "adjust_by_regression": "estimators",
    "adjust_interacted": "estimators",
    "agresti_caffo": "inference.agresti_caffo",
    "as_ratios": "estimators",
    "boschloo": "inference.boschloo",
    "cluster_moments": "estimators",
    "compare": "estimators",
    "compare_adjusted": "estimators",
    "compare_rates": "inference.counts",
    "compare_regressed": "estimators",
    "equivalent": "inference.margins",
    "evaluate": "inference",
    "exact_rates": "inference.exact_rates",
    "fisher": "inference.fisher",
    "from_counts": "inference.counts",
    "from_sums": "moments",
    "from_values": "samples",
    "joint_from_sums": "samples",
    "joint_from_values": "samples",
    "katz": "inference.rate_ratio",
    "koopman": "inference.rate_ratio",
    "lift_delta": "inference.lifts",
    "lift_fieller": "inference.lifts",
    "lift_log": "inference.lifts",
    "mean": "estimators",
    "merge": "moments",
    "merge_sparse": "estimators",
    "method_named": "inference",
    "miettinen_nurminen": "inference.miettinen_nurminen",
    "newcombe": "inference.newcombe",
    "noninferior": "inference.margins",
    "pool": "estimators",
    "post_stratify": "estimators",
    "quantile_difference": "inference.quantile_effect",
    "quantile_ratio": "inference.quantile_effect",
    "quantiles": "estimators",
    "ratio": "estimators",
    "score": "inference.score",
    "share_explained": "estimators",
    "skewed_score": "inference.skewed_score",
    "superior": "inference.margins",
    "variance_removed": "estimators",
    "wald": "inference.wald",
    "welch": "inference.welch",
}

__all__ = [
    "CHECKS",
    "METHODS",
    "Comparison",
    "CrossMoments",
    "Effect",
    "ExperimentosError",
    "JointMoments",
    "Moments",
    "adjust",
    "adjust_by_regression",
    "adjust_interacted",
    "agresti_caffo",
    "as_ratios",
    "bayes",
    "boschloo",
    "checks",
    "cluster_moments",
    "compare",
    "compare_adjusted",
    "compare_rates",
    "compare_regressed",
    "equivalent",
    "estimators",
    "evaluate",
    "exact_rates",
    "fisher",
    "frames",
    "from_counts",
    "from_sums",
    "from_values",
    "inference",
    "joint_from_sums",
    "joint_from_values",
    "katz",
    "koopman",
    "lift_delta",
    "lift_fieller",
    "lift_log",
    "mean",
    "merge",
    "merge_sparse",
    "method_named",
    "miettinen_nurminen",
    "multiplicity",
    "newcombe",
    "noninferior",
    "pool",
    "post_stratify",
    "power",
    "program",
    "quantile_difference",
    "quantile_ratio",
    "quantiles",
    "ratio",
    "score",
    "sequential",
    "share_explained",
    "skewed_score",
    "superior",
    "tables",
    "variance_removed",
    "wald",
    "welch",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name in _MODULES:
        return import_module(f"experimentos.{name}")
    if name in _HOMES:
        return getattr(import_module(f"experimentos.{_HOMES[name]}"), name)
    msg = f"module 'experimentos' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return [*__all__, "__version__"]
