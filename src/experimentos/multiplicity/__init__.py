"""Corrections for many tests: p-values in, adjusted p-values out, within groups.

A family's size is fixed by definition. A p-value that is missing (NaN) counts as 1 for the size,
and so do hypotheses of the family that have no row; both are given through `sizes`.
"""

from collections.abc import Callable

from experimentos.arguments import one_of
from experimentos.multiplicity.correction import Correction
from experimentos.multiplicity.single_step import bonferroni
from experimentos.multiplicity.step_down import holm

CORRECTIONS: dict[str, Callable[..., Correction]] = {"holm": holm, "bonferroni": bonferroni}


def correction_named(name: str) -> Callable[..., Correction]:
    """Find a correction by the name used in definitions.

    Parameters
    ----------
    name : str
        A key of `CORRECTIONS`.

    Returns
    -------
    function
        With the signature of `holm`.

    Raises
    ------
    ArgumentError
        If there is no correction of that name.
    """
    return CORRECTIONS[one_of("correction", name, CORRECTIONS)]


__all__ = ["CORRECTIONS", "Correction", "bonferroni", "correction_named", "holm"]
