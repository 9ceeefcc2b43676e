"""The gateway to dbt: the only part that runs dbt, and the only one that talks to a warehouse."""

from experimentos.project.bases import opened_base, read_build, read_memory
from experimentos.project.bindings import Bindings, read_bindings
from experimentos.project.build import build
from experimentos.project.compiled import read_compiled
from experimentos.project.definitions import Definitions, read_definitions
from experimentos.project.explanations import (
    Comparison,
    Reading,
    Windows,
    explain_windows,
)
from experimentos.project.gateway import Progress, Project
from experimentos.project.summary import BuildSummary
from experimentos.project.verdicts import Rule, Variant, Verdict, explain_verdict, named
from experimentos.project.yaml_files import (
    DuplicateKey,
    MisreadKey,
    find_duplicate_keys,
    find_misread_keys,
)

__all__ = [
    "Bindings",
    "BuildSummary",
    "Comparison",
    "Definitions",
    "DuplicateKey",
    "MisreadKey",
    "Progress",
    "Project",
    "Reading",
    "Rule",
    "Variant",
    "Verdict",
    "Windows",
    "build",
    "explain_verdict",
    "explain_windows",
    "find_duplicate_keys",
    "find_misread_keys",
    "named",
    "opened_base",
    "read_bindings",
    "read_build",
    "read_compiled",
    "read_definitions",
    "read_memory",
]
