"""Tests and intervals that hold at many looks.

`group` plans a few looks and spends the error rate over them. The others hold at every look,
however many: mixture sequential probability ratio tests, asymptotic confidence sequences, and an
exact e-process of two streams of events.
"""

from experimentos.sequential import group
from experimentos.sequential.bernoulli_streams import log_e_process, streams_p_value
from experimentos.sequential.confidence_sequence import asymptotic_sequence
from experimentos.sequential.looks import AlwaysValid
from experimentos.sequential.mixture_sprt import mixture_test, mixture_test_of_rates
from experimentos.sequential.tuning import relative_width, tightest_n

__all__ = [
    "AlwaysValid",
    "asymptotic_sequence",
    "group",
    "log_e_process",
    "mixture_test",
    "mixture_test_of_rates",
    "relative_width",
    "streams_p_value",
    "tightest_n",
]
