"""Tests and intervals that hold at many looks.

`group` plans a few looks and spends the error rate over them; the other modules hold at every look.
"""
