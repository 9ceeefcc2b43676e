"""Exact posteriors of proportions and means."""
