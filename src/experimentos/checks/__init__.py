"""Validity checks: one module per check and one line in `CHECKS`.

A check says whether the data can be trusted, never which variant is better.
"""

from types import ModuleType

from experimentos.checks import sample_ratio

CHECKS: dict[str, ModuleType] = {"sample_ratio": sample_ratio}

__all__ = ["CHECKS", "sample_ratio"]
