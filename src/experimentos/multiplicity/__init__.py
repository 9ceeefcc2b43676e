"""Corrections for many tests: p-values in, adjusted p-values out, within groups.

A family's size is fixed by definition. A p-value that is missing (NaN) counts as 1 for the size,
and so do hypotheses of the family that have no row; both are given through `sizes`.

`CORRECTIONS` control the family-wise error and may decide. `FALSE_DISCOVERY_CORRECTIONS` control
the false discovery rate: they are for exploring and for segments.
"""

from collections.abc import Callable, Mapping

from experimentos.arguments import one_of
from experimentos.multiplicity.closure import closed
from experimentos.multiplicity.correction import Correction
from experimentos.multiplicity.e_values import e_benjamini_hochberg, e_value
from experimentos.multiplicity.false_discovery import benjamini_hochberg, benjamini_yekutieli
from experimentos.multiplicity.graphs import Graph, graphical
from experimentos.multiplicity.many_to_one import (
    control_loading,
    dunnett,
    dunnett_critical_value,
    step_down_dunnett,
)
from experimentos.multiplicity.simes import hommel
from experimentos.multiplicity.single_step import bonferroni, weighted_bonferroni
from experimentos.multiplicity.step_down import fixed_sequence, holm, weighted_holm
from experimentos.multiplicity.step_up import hochberg

CORRECTIONS: dict[str, Callable[..., Correction]] = {
    "holm": holm,
    "bonferroni": bonferroni,
    "hommel": hommel,
    "closed": closed,
    "dunnett": dunnett,
}
FALSE_DISCOVERY_CORRECTIONS: dict[str, Callable[..., Correction]] = {
    "benjamini_hochberg": benjamini_hochberg,
    "benjamini_yekutieli": benjamini_yekutieli,
}


def correction_named(
    name: str, *, among: Mapping[str, Callable[..., Correction]] = CORRECTIONS
) -> Callable[..., Correction]:
    """Find a correction by the name used in definitions.

    Parameters
    ----------
    name : str
        A key of `among`.
    among : mapping
        Which are allowed. Default: those that may decide.

    Returns
    -------
    function
        With the signature of `holm`; `dunnett` also needs its `loading`.

    Raises
    ------
    ArgumentError
        If there is no correction of that name.

    Examples
    --------
    >>> correction_named("benjamini_hochberg")
    Traceback (most recent call last):
        ...
    experimentos.errors.ArgumentError: `correction` must be one of ['bonferroni', 'closed',
    'dunnett', 'holm', 'hommel'], got 'benjamini_hochberg'
    """
    return among[one_of("correction", name, among)]


__all__ = [
    "CORRECTIONS",
    "FALSE_DISCOVERY_CORRECTIONS",
    "Correction",
    "Graph",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "bonferroni",
    "closed",
    "control_loading",
    "correction_named",
    "dunnett",
    "dunnett_critical_value",
    "e_benjamini_hochberg",
    "e_value",
    "fixed_sequence",
    "graphical",
    "hochberg",
    "holm",
    "hommel",
    "step_down_dunnett",
    "weighted_bonferroni",
    "weighted_holm",
]
