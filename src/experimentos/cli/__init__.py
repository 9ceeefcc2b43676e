"""The command ``experimentos``: parses and prints, computes nothing."""

from experimentos.cli.app import app, main

__all__ = ["app", "main"]
