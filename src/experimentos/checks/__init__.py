"""Validity checks: one module per check and one line in `CHECKS`.

A check says whether the data can be trusted, never which variant is better.
"""

from types import ModuleType

from experimentos.checks import balance, sample_ratio
from experimentos.checks.segments import SegmentCheck, by_segment, correct_levels

CHECKS: dict[str, ModuleType] = {"balance": balance, "sample_ratio": sample_ratio}

__all__ = [
    "CHECKS",
    "SegmentCheck",
    "balance",
    "by_segment",
    "correct_levels",
    "sample_ratio",
]
