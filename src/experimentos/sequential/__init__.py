"""Tests and intervals that hold at many looks."""
