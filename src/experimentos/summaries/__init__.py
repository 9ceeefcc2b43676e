"""Totals of an experiment in a CSV file: read, check, and hand to the same dbt package."""

from experimentos.summaries.project import SummaryExperiment, write_project
from experimentos.summaries.read import Summary, read_summary

__all__ = ["Summary", "SummaryExperiment", "read_summary", "write_project"]
