"""Waiting times of users with many requests each, made from whole numbers.

`quantiles.R` makes the same.
"""

import numpy as np
from scipy.special import ndtri


def waiting_times(size=8_000):
    """Milliseconds, user and arm (0 or 1) of each request; treatment is 5 % slower."""
    i = np.arange(size)
    k = (i * 6947) % 9973
    unit = k * k * 800 // 9973**2
    spread = ndtri(((i * 7919) % 10007 + 0.5) / 10007)
    unit_effect = ndtri(((unit * 619) % 1009 + 0.5) / 1009)
    arm = i % 2
    return np.exp(5.7 + 0.4 * unit_effect + 0.4 * spread) * (1 + 0.05 * arm), unit, arm
