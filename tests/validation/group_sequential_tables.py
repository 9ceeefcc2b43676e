"""Group sequential designs: published tables.

Constants, inflation factors, expected sizes and boundaries from books and manuals.
"""

from functools import cache

import numpy as np

from experimentos.sequential.group import (
    beta_spending_bounds,
    characteristics,
    design_from_bounds,
    exit_probabilities,
    group_sequential,
    inflation,
    spending_bounds,
    wang_tsiatis_bounds,
)
from validation.entries import Reference

JENNISON_TURNBULL = "Jennison and Turnbull (2000), table "


def equal(looks):
    return np.arange(1, looks + 1) / looks


@cache
def two_sided(shape, looks, alpha):
    bounds = wang_tsiatis_bounds(equal(looks), alpha, delta=shape, sides="two")
    return design_from_bounds(equal(looks), bounds, sides="two")


CONSTANTS = {  # two to ten looks
    ("Pocock", 0.5, 0.01, "2.1"): [2.772, 2.873, 2.939, 2.986, 3.023, 3.053, 3.078, 3.099, 3.117],
    ("Pocock", 0.5, 0.05, "2.1"): [2.178, 2.289, 2.361, 2.413, 2.453, 2.485, 2.512, 2.535, 2.555],
    ("Pocock", 0.5, 0.10, "2.1"): [1.875, 1.992, 2.067, 2.122, 2.164, 2.197, 2.225, 2.249, 2.270],
    ("O'Brien-Fleming", 0.0, 0.01, "2.3"): [
        2.580, 2.595, 2.609, 2.621, 2.631, 2.640, 2.648, 2.654, 2.660,
    ],
    ("O'Brien-Fleming", 0.0, 0.05, "2.3"): [
        1.977, 2.004, 2.024, 2.040, 2.053, 2.063, 2.072, 2.080, 2.087,
    ],
    ("O'Brien-Fleming", 0.0, 0.10, "2.3"): [
        1.678, 1.710, 1.733, 1.751, 1.765, 1.776, 1.786, 1.794, 1.801,
    ],
}  # fmt: skip
INFLATION = {  # two to ten looks
    ("Pocock", 0.5, 0.01, 0.8, "2.2"): [
        1.092, 1.137, 1.166, 1.187, 1.203, 1.216, 1.226, 1.236, 1.243,
    ],
    ("Pocock", 0.5, 0.05, 0.8, "2.2"): [
        1.110, 1.166, 1.202, 1.229, 1.249, 1.265, 1.279, 1.291, 1.301,
    ],
    ("Pocock", 0.5, 0.10, 0.8, "2.2"): [
        1.121, 1.184, 1.224, 1.254, 1.277, 1.296, 1.311, 1.325, 1.337,
    ],
    ("Pocock", 0.5, 0.01, 0.9, "2.2"): [
        1.084, 1.125, 1.152, 1.170, 1.185, 1.197, 1.206, 1.215, 1.222,
    ],
    ("Pocock", 0.5, 0.05, 0.9, "2.2"): [
        1.100, 1.151, 1.183, 1.207, 1.225, 1.239, 1.252, 1.262, 1.271,
    ],
    ("Pocock", 0.5, 0.10, 0.9, "2.2"): [
        1.110, 1.166, 1.202, 1.228, 1.249, 1.266, 1.280, 1.292, 1.302,
    ],
    ("O'Brien-Fleming", 0.0, 0.01, 0.8, "2.4"): [
        1.001, 1.007, 1.011, 1.015, 1.017, 1.019, 1.021, 1.022, 1.024,
    ],
    ("O'Brien-Fleming", 0.0, 0.05, 0.8, "2.4"): [
        1.008, 1.017, 1.024, 1.028, 1.032, 1.035, 1.037, 1.038, 1.040,
    ],
    ("O'Brien-Fleming", 0.0, 0.10, 0.8, "2.4"): [
        1.016, 1.027, 1.035, 1.040, 1.044, 1.047, 1.049, 1.051, 1.053,
    ],
    ("O'Brien-Fleming", 0.0, 0.01, 0.9, "2.4"): [
        1.001, 1.006, 1.010, 1.014, 1.016, 1.018, 1.020, 1.021, 1.022,
    ],
    ("O'Brien-Fleming", 0.0, 0.05, 0.9, "2.4"): [
        1.007, 1.016, 1.022, 1.026, 1.030, 1.032, 1.034, 1.036, 1.037,
    ],
    ("O'Brien-Fleming", 0.0, 0.10, 0.9, "2.4"): [
        1.014, 1.025, 1.032, 1.037, 1.041, 1.044, 1.046, 1.048, 1.049,
    ],
}  # fmt: skip


def published_constants():
    for (name, delta, alpha, table), values in CONSTANTS.items():
        for looks, value in enumerate(values, start=2):
            yield Reference(
                f"{name} boundaries", "bound at the last look", f"{looks} looks, alpha {alpha}",
                JENNISON_TURNBULL + table, value,
                lambda d=delta, k=looks, a=alpha: two_sided(d, k, a).efficacy[-1], atol=5.1e-4,
            )  # fmt: skip
    for (name, delta, alpha, wanted, table), values in INFLATION.items():
        for looks, value in enumerate(values, start=2):
            yield Reference(
                f"{name} boundaries", "inflation", f"{looks} looks, alpha {alpha}, power {wanted}",
                JENNISON_TURNBULL + table, value,
                lambda d=delta, k=looks, a=alpha, w=wanted: inflation(two_sided(d, k, a), w),
                atol=5.1e-4,
            )  # fmt: skip


TWO_SIDED = [  # shape or rho, looks, power, maximum, expected at 0, 0.5, 1 and 1.5 times the effect
    ("2.8", 0.0, 5, 0.8, 102.8, [102.1]),
    ("2.8", 0.0, 20, 0.9, 104.5, [103.4]),
    ("2.7", 0.5, 4, 0.8, 120.2, [117.5, 108.8, 80.5, 52.2]),
    ("2.7", 0.5, 15, 0.9, 130.5, [126.4, 111.2, 66.4, 35.4]),
    ("7.2", "rho 1", 3, 0.8, 111.7, [109.9, 103.4, 81.2, 56.5]),
    ("7.2", "rho 2", 10, 0.8, 108.1, [106.6, 99.7, 76.2, 51.0]),
    ("7.2", "rho 3", 2, 0.8, 101.0, [100.7, 98.9, 89.5, 70.7]),
]
ONE_SIDED = [  # table, rho, looks, beta, maximum, expected at 0, 0.5 and 1 times the effect
    ("7.7", 2, 5, 0.05, 110.1, [63.4, 80.3, 63.4]),
    ("7.7", 3, 10, 0.05, 106.9, [63.1, 79.5, 63.1]),
    ("7.8", 2, 3, 0.1, 107.2, [68.1, 83.9, 73.8]),
    ("7.8", 3, 4, 0.1, 104.0, [69.2, 84.2, 74.2]),
    ("7.9", 2, 2, 0.2, 104.3, [74.5, 87.8, 84.6]),
    ("7.9", 3, 15, 0.2, 106.9, [62.2, 77.3, 73.0]),
]
FACTORS = [  # rho, looks, beta, inflation
    (2, 2, 0.2, 1.043), (2, 3, 0.2, 1.070), (2, 4, 0.2, 1.087), (2, 5, 0.2, 1.098),
    (2, 9, 0.2, 1.120), (2, 5, 0.1, 1.100), (3, 5, 0.2, 1.045), (3, 5, 0.05, 1.050),
    (3, 6, 0.05, 1.055), (3, 10, 0.05, 1.069), (3, 12, 0.1, 1.070),
]  # fmt: skip


@cache
def published_two_sided(shape, looks):
    if isinstance(shape, float):
        return two_sided(shape, looks, 0.05)
    return group_sequential(
        equal(looks), alpha=0.05, sides="two", spending="kim_demets", parameter=float(shape[-1])
    )


def power_family(rho, looks, beta, alpha=0.05, binding=True):
    chosen = {"spending": "kim_demets", "parameter": float(rho)}
    return group_sequential(
        equal(looks), alpha=alpha, beta=beta, beta_spending="kim_demets",
        beta_parameter=float(rho), binding=binding, **chosen,
    )  # fmt: skip


def sizes(design, wanted):
    return characteristics(design, wanted, effect=[0.0, 0.5, 1.0, 1.5])


def published_sizes():
    for table, shape, looks, wanted, most, expected in TWO_SIDED:
        case = f"two-sided, {shape}, {looks} looks, alpha 0.05, power {wanted}"
        yield Reference(
            "Expected size", "maximum, % of fixed", case, JENNISON_TURNBULL + table, most,
            lambda s=shape, k=looks, w=wanted: 100 * inflation(published_two_sided(s, k), w),
            atol=0.051,
        )  # fmt: skip
        for i, value in enumerate(expected):
            yield Reference(
                "Expected size", f"% of fixed at {i / 2} times the effect", case,
                JENNISON_TURNBULL + table, value,
                lambda s=shape, k=looks, w=wanted, i=i: (
                    100 * sizes(published_two_sided(s, k), w).expected[i]
                ),
                atol=0.051,
            )  # fmt: skip
    for table, rho, looks, beta, most, expected in ONE_SIDED:
        case = f"one-sided, binding futility, rho {rho}, {looks} looks, beta {beta}"
        yield Reference(
            "Futility by spending", "maximum, % of fixed", case, JENNISON_TURNBULL + table, most,
            lambda a=(rho, looks, beta): 100 * inflation(power_family(*a), 1 - a[2]), atol=0.051,
        )  # fmt: skip
        for i, value in enumerate(expected):
            yield Reference(
                "Futility by spending", f"% of fixed at {i / 2} times the effect", case,
                JENNISON_TURNBULL + table, value,
                lambda a=(rho, looks, beta), i=i: (
                    100 * sizes(power_family(*a), 1 - a[2]).expected[i]
                ),
                atol=0.051,
            )  # fmt: skip
    for rho, looks, beta, value in FACTORS:
        yield Reference(
            "Futility by spending", "inflation", f"rho {rho}, {looks} looks, beta {beta}",
            JENNISON_TURNBULL + "7.6", value,
            lambda a=(rho, looks, beta): inflation(power_family(*a), 1 - a[2]), atol=5.1e-4,
        )  # fmt: skip


WANG_TSIATIS = [  # delta, looks, power, inflation, constant
    (0.1, 9, 0.9, 1.048, 2.113), (0.25, 6, 0.8, 1.077, 2.154), (0.4, 7, 0.8, 1.159, 2.313),
]  # fmt: skip
REPEATED = [(2, 0.083), (3, 0.107), (4, 0.126), (5, 0.142), (10, 0.193), (20, 0.248)]


def other_published():
    for delta, looks, wanted, factor, constant in WANG_TSIATIS:
        case = f"delta {delta}, {looks} looks, alpha 0.05"
        yield Reference(
            "Wang-Tsiatis boundaries", "bound at the last look", case,
            JENNISON_TURNBULL + "2.9", constant,
            lambda d=delta, k=looks: two_sided(d, k, 0.05).efficacy[-1], atol=5.1e-4,
        )  # fmt: skip
        yield Reference(
            "Wang-Tsiatis boundaries", f"inflation at power {wanted}", case,
            JENNISON_TURNBULL + "2.10", factor,
            lambda d=delta, k=looks, w=wanted: inflation(two_sided(d, k, 0.05), w), atol=5.1e-4,
        )  # fmt: skip
    for looks, value in REPEATED:
        yield Reference(
            "Exit probabilities", "chance of |z| > 1.96 at some look", f"{looks} equal looks",
            "Armitage, McPherson and Rowe (1969), table 2", value,
            lambda k=looks: exit_probabilities(
                np.full(k, -1.96), np.full(k, 1.96), equal(k)
            ).stopped.sum(),
            atol=5.1e-4,
        )  # fmt: skip
    lan_demets = "Reboussin, DeMets, Kim and Lan (2000), Controlled Clinical Trials 21, 190-207"
    printed = {
        "obrien_fleming": ([4.8769, 3.3570, 2.6803, 2.2898, 2.0310], 5.1e-5),
        "pocock": ([2.4380, 2.4268, 2.4101, 2.3966, 2.3859], 1.2e-4),
    }
    for name, (values, atol) in printed.items():
        for look, value in enumerate(values):
            yield Reference(
                "Spending boundaries", f"bound at look {look + 1}",
                f"{name}, five looks, two-sided 0.05",
                lan_demets, value,
                lambda n=name, i=look: spending_bounds(equal(5), 0.05, sides="two", spending=n)[i],
                atol=atol,
            )  # fmt: skip
    julia = "Julia, SeqBounds.bounds([0.25, 0.5, 0.75, 1.0], 0.05), in its README"
    for look, value in enumerate([3.74955, 2.53993, 2.01604, 1.72014]):
        yield Reference(
            "Spending boundaries", f"bound at look {look + 1}",
            "obrien_fleming, four looks, one-sided 0.05", julia, value,
            lambda i=look: spending_bounds(equal(4), 0.05)[i], atol=4e-5,
        )  # fmt: skip


@cache
def _sas():
    return group_sequential(equal(5), alpha=0.025, beta=0.1, beta_spending="pocock", binding=True)


OBSERVED = np.array([5.43, 12.58, 21.11, 30.55, 33.28])


def _jennison_turnbull_2013(look):
    """Boundaries at observed information, for a plan of 34.48; the last spends by its fraction."""
    shares = (OBSERVED / 34.48) ** 2
    _, upper = beta_spending_bounds(0.2 * shares, OBSERVED, [0.5], alpha_levels=0.025 * shares)
    return upper[0, look]


def published_plans():
    sas = "SAS/STAT User's Guide, PROC SEQDESIGN, example 8"
    case = "five looks, alpha by O'Brien-Fleming, beta by Pocock, binding"
    design = _sas
    yield Reference(
        "Futility by spending", "maximum, % of fixed", case, sas, 119.4278,
        lambda: 100 * inflation(design(), 0.9), atol=5.1e-5,
    )  # fmt: skip
    yield Reference(
        "Futility by spending", "maximum information for an effect of 0.2", case, sas, 313.7196,
        lambda: (design().drift / 0.2) ** 2, atol=3e-4,
    )  # fmt: skip
    yield Reference(
        "Futility by spending", "expected size at no effect, % of fixed", case, sas, 50.35408,
        lambda: 100 * sizes(design(), 0.9).expected[0], atol=5e-5,
    )  # fmt: skip
    yield Reference(
        "Futility by spending", "expected size at the effect, % of fixed", case, sas, 78.77223,
        lambda: 100 * sizes(design(), 0.9).expected[2], atol=3e-4,
    )  # fmt: skip
    chapter = "Jennison and Turnbull (2013), Handbook of Cox regression, table 25."
    for binding, value in ((True, 34.48), (False, 35.58)):
        yield Reference(
            "Futility by spending", "maximum information for an effect of 0.5",
            f"rho 2, five looks, alpha 0.025, beta 0.2, {'binding' if binding else 'non-binding'}",
            chapter + "2", value,
            lambda b=binding: (power_family(2, 5, 0.2, 0.025, b).drift / 0.5) ** 2, atol=5.1e-3,
        )  # fmt: skip
    for look, value in enumerate([3.23, 2.76, 2.44, 2.16, 2.14]):
        yield Reference(
            "Changed looks", f"bound at look {look + 1}",
            "information 5.43 to 33.28 for 34.48 planned",
            chapter + "3", value, lambda i=look: _jennison_turnbull_2013(i), atol=5.1e-3,
        )  # fmt: skip


REFERENCES = [
    *published_constants(), *published_sizes(), *other_published(), *published_plans(),
]  # fmt: skip
