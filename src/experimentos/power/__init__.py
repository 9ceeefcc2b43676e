"""How many units, and how long.

A test's outcome is assumed (`Means`, `Rates`); power, units needed and the smallest detectable
effect follow. `plan_experiment` is the whole rule for an experiment's metrics and arms.
"""

from experimentos.power.arms import any_arm_power, arm_level, dunnett_critical, optimal_shares
from experimentos.power.deflation import cluster_factor, cuped_factor, stratification_factor
from experimentos.power.duration import Duration, detectable_after, duration_of, units_after
from experimentos.power.equivalence import (
    equivalence_detectable,
    equivalence_power,
    equivalence_units,
)
from experimentos.power.margins import (
    noninferiority_detectable,
    noninferiority_power,
    noninferiority_units,
    superiority_detectable,
    superiority_power,
    superiority_units,
)
from experimentos.power.means import means_detectable, means_power, means_units, sixteen_rule
from experimentos.power.outcomes import Means, Rates
from experimentos.power.proportions import (
    proportions_detectable,
    proportions_power,
    proportions_units,
)
from experimentos.power.ratios import quantile_sd, ratio_sd
from experimentos.power.rule import (
    ExperimentPlan,
    PlannedMetric,
    ZeroEffectCost,
    design_factor,
    plan_experiment,
)
from experimentos.power.sequential_factors import (
    always_valid_factor,
    always_valid_looks_factor,
    always_valid_power,
    always_valid_units,
    expected_group_factor,
    group_factor,
)
from experimentos.power.simulation import (
    Simulated,
    SimulatedTests,
    simulated_power,
    simulated_tests,
)
from experimentos.power.units import Units, whole_units

__all__ = [
    "Duration",
    "ExperimentPlan",
    "Means",
    "PlannedMetric",
    "Rates",
    "Simulated",
    "SimulatedTests",
    "Units",
    "ZeroEffectCost",
    "always_valid_factor",
    "always_valid_looks_factor",
    "always_valid_power",
    "always_valid_units",
    "any_arm_power",
    "arm_level",
    "cluster_factor",
    "cuped_factor",
    "design_factor",
    "detectable_after",
    "dunnett_critical",
    "duration_of",
    "equivalence_detectable",
    "equivalence_power",
    "equivalence_units",
    "expected_group_factor",
    "group_factor",
    "means_detectable",
    "means_power",
    "means_units",
    "noninferiority_detectable",
    "noninferiority_power",
    "noninferiority_units",
    "optimal_shares",
    "plan_experiment",
    "proportions_detectable",
    "proportions_power",
    "proportions_units",
    "quantile_sd",
    "ratio_sd",
    "simulated_power",
    "simulated_tests",
    "sixteen_rule",
    "stratification_factor",
    "superiority_detectable",
    "superiority_power",
    "superiority_units",
    "units_after",
    "whole_units",
]
