"""Wire a dbt project: copy the dbt package into it and add what its files need."""

from experimentos.scaffold.files import Change, without_jinja
from experimentos.scaffold.install import COPY, copy_package, wire

__all__ = ["COPY", "Change", "copy_package", "wire", "without_jinja"]
