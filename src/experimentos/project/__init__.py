"""The gateway to dbt: the only part that runs dbt, and the only one that talks to a warehouse."""

from experimentos.project.build import build
from experimentos.project.definitions import Definitions, read_definitions
from experimentos.project.gateway import BuildSummary, Progress, Project
from experimentos.project.yaml_files import DuplicateKey, find_duplicate_keys

__all__ = [
    "BuildSummary",
    "Definitions",
    "DuplicateKey",
    "Progress",
    "Project",
    "build",
    "find_duplicate_keys",
    "read_definitions",
]
