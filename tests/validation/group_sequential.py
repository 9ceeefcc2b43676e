"""Group sequential designs: software and simulation.

Boundaries, power, inflation and expected sizes beside rpact and mvtnorm; simulated error rates.
"""

import re
from functools import cache

import numpy as np

from experimentos.sequential.group import (
    characteristics,
    conditional_power_bounds,
    design_from_bounds,
    drift_for_power,
    effect_bounds,
    exit_probabilities,
    exits,
    expected_information,
    group_sequential,
    haybittle_peto_bounds,
    inflation,
    obrien_fleming_bounds,
    pocock_bounds,
    power,
    spending_bounds,
    wang_tsiatis_bounds,
)
from validation.entries import Reference, Simulation, stored

R = stored("group_sequential")
SPENDING = {
    "OF": "obrien_fleming", "P": "pocock", "HSD": "hwang_shih_decani", "KD": "kim_demets",
}  # fmt: skip


def equal(looks):
    return np.arange(1, looks + 1) / looks


# Designs of rpact.


@cache
def rebuilt(index):
    """Ours of a design that rpact made."""
    row = R["designs"][index]
    call, fractions = row["call"], np.atleast_1d(row["fractions"])
    alpha, sides = row["alpha"], "two" if row["sided"] == 2 else "one"
    kind = re.search(r'typeOfDesign = "(\w+)"', call)[1]
    if kind in {"OF", "P", "WT", "HP"}:
        bounds = {
            "OF": obrien_fleming_bounds, "P": pocock_bounds, "HP": haybittle_peto_bounds,
            "WT": lambda *a, **k: wang_tsiatis_bounds(*a, delta=0.25, **k),
        }[kind](fractions, alpha, sides=sides)  # fmt: skip
        return design_from_bounds(fractions, bounds, sides=sides)
    chosen = {"binding": "bindingFutility = TRUE" in call}
    if "futilityBounds" in call:
        chosen["futility"] = row["futility"]
    if futility := re.search(r'typeBetaSpending = "bs(\w+)"', call):
        chosen["beta"] = row["beta"]
        chosen |= _function("beta_spending", "beta_parameter", futility[1], call, "B")
    chosen |= _function("spending", "parameter", kind.removeprefix("as"), call, "A")
    return group_sequential(fractions, alpha=alpha, sides=sides, **chosen)


def _function(name, parameter, kind, call, letter):
    if kind == "User":
        word = {"A": "Alpha", "B": "Beta"}[letter]
        own = re.search(rf"user{word}Spending = c\(([^)]*)\)", call)[1]
        return {name: [float(v) for v in own.split(",")]}
    found = re.search(rf"gamma{letter} = ([-\d.]+)", call)
    return {name: SPENDING[kind], parameter: float(found[1]) if found else None}


def compared(index, row):
    """Every number of a design of rpact, what ours is, and how precise theirs is."""
    looks = len(np.atleast_1d(row["fractions"]))
    # rpact is exact to about 1e-7 with ten looks, less with more ("not validated") and far out.
    tolerance = 2e-6 if looks <= 10 and row["alpha"] > 1e-5 else 2e-4
    for look, value in enumerate(np.atleast_1d(row["critical"])):
        # Beyond z = 6 its 1 minus a probability near 1 has few digits left.
        if value is not None and value < 6:
            yield (
                f"bound at look {look + 1}",
                value,
                lambda i=look: rebuilt(index).efficacy[i],
                tolerance,
            )
    yield (
        "alpha spent",
        np.atleast_1d(row["spent"])[-1],
        lambda: rebuilt(index).alpha_spent[-1],
        2e-8,
    )
    for look, value in enumerate(row.get("futility", [])):
        yield (
            f"futility bound at look {look + 1}",
            value,
            lambda i=look: rebuilt(index).futility[i],
            tolerance,
        )
    if row["expected"]:
        wanted = 1 - row["beta"]
        yield (
            "inflation",
            row["inflation"],
            lambda: inflation(rebuilt(index), wanted),
            tolerance,
        )
        for i, value in enumerate(row["expected"]):
            yield (
                f"expected size at {i / 2} times the effect", value,
                lambda i=i: characteristics(rebuilt(index), wanted).expected[i], tolerance,
            )  # fmt: skip
    for drift, value, size in zip(row["drifts"], row["power"], row["size"], strict=True):
        yield (
            f"power at drift {drift}", value,
            lambda d=drift: power(rebuilt(index), d, either_side=True), tolerance,
        )  # fmt: skip
        yield (
            f"expected information at drift {drift}", size,
            lambda d=drift: expected_information(rebuilt(index), d), tolerance,
        )  # fmt: skip


def is_listed(quantity, looks):
    """The report shows some of the numbers; the tests compare all."""
    shown = (f"bound at look {looks}", "futility bound at look 1", "inflation")
    return quantity in {*shown, "expected size at 1.0 times the effect"}


def by_rpact():
    for index, row in enumerate(R["designs"]):
        for quantity, value, ours, tolerance in compared(index, row):
            if not is_listed(quantity, len(np.atleast_1d(row["fractions"]))):
                continue
            yield Reference(
                "Design", quantity, row["call"].split("(", 1)[1].removesuffix(")"),
                "rpact 3.3.4, getDesignGroupSequential", value, ours, rtol=0, atol=tolerance,
            )  # fmt: skip


def by_mvtnorm():
    for case in R["probabilities"]:
        lower, upper = (np.array(case[side], dtype=float) for side in ("lower", "upper"))
        lower[lower == -99] = -np.inf
        exact = len(upper) <= 3
        yield Reference(
            "Exit probabilities", "chance of going on to the end",
            f"bounds {case['lower']} and {case['upper']}, information {case['information']}, "
            f"drift {case['drift']}".replace("-99", "-Inf"),
            f"mvtnorm 1.1-3, pmvnorm by {'TVPACK' if exact else 'Miwa'}", case["continuing"],
            lambda lo=lower, c=case: exit_probabilities(
                lo, c["upper"], c["information"], c["drift"]
            ).continuing[-1],
            rtol=0, atol=1e-13 if exact else 1e-9,
        )  # fmt: skip


def by_arithmetic():
    """Numbers that need a normal table only."""
    bound = 1.959963984540054
    yield Reference(
        "Conditional power bounds", "bound at half the information", "chance 0.2, drift 3.2415",
        "arithmetic: (u - drift / 2 + z(0.2) sqrt(1/2)) / sqrt(1/2)", -0.361900,
        lambda: conditional_power_bounds([0.5], bound, conditional_power=0.2, drift=3.2415)[0],
        atol=1e-6, rtol=0,
    )  # fmt: skip
    yield Reference(
        "Conditional power bounds", "bound at half the information", "chance 0.2, trend so far",
        "arithmetic: sqrt(1/2) (u + z(0.2) sqrt(1/2))", 0.965093,
        lambda: conditional_power_bounds([0.5], bound, conditional_power=0.2)[0],
        atol=1e-6, rtol=0,
    )  # fmt: skip
    yield Reference(
        "Boundaries on the scale of the effect", "smallest estimate that crosses",
        "z 2.5, standard error 0.02, margin -0.01", "arithmetic: -0.01 + 2.5 x 0.02", 0.04,
        lambda: effect_bounds([2.5], [2500.0], null=-0.01)[0],
    )  # fmt: skip


REFERENCES = [
    *by_rpact(), *by_mvtnorm(), *by_arithmetic(),
]  # fmt: skip


# Simulations.


def paths(runs, rng, information, drift=0.0):
    """Statistics at the looks, from normal increments."""
    information = np.broadcast_to(information, (runs, np.shape(information)[-1]))
    growth = np.diff(information, axis=1, prepend=0.0)
    score = np.cumsum(rng.normal(drift * growth, np.sqrt(growth)), axis=1)
    return score / np.sqrt(information)


def rejected(z, upper, lower=-np.inf):
    """Runs that cross the upper boundary before they stop at the lower one."""
    up, down = z >= upper, z <= lower
    looks = z.shape[1]
    first_up = np.where(up.any(axis=1), up.argmax(axis=1), looks)
    first_down = np.where(down.any(axis=1), down.argmax(axis=1), looks)
    return int(((first_up < looks) & (first_up <= first_down)).sum())


def _two_sided(runs, rng):
    bounds = spending_bounds(equal(5), 0.05, sides="two")
    return rejected(np.abs(paths(runs, rng, equal(5))), bounds), runs


def _pocock_uneven(runs, rng):
    times = np.array([0.1, 0.15, 0.7, 1.0])
    return rejected(paths(runs, rng, times), pocock_bounds(times, 0.025)), runs


def _random_looks(runs, rng):
    """Each run has its own looks, sometimes late ones, and one of five is skipped."""
    times = np.cumsum(rng.uniform(0.05, 0.4, (runs, 5)), axis=1)
    skipped = np.full((runs, 5), np.nan)
    skipped[np.arange(runs), rng.integers(0, 4, runs)] = np.inf
    bounds = spending_bounds(times, 0.025, used=skipped)
    return rejected(paths(runs, rng, times), bounds), runs


def _observed_information(runs, rng):
    """Spending by counts; information grows otherwise, and bounds are set one by one."""
    times = np.array([0.2, 0.5, 0.8, 1.0])
    information = np.cumsum(rng.uniform(0.1, 0.5, (runs, 4)), axis=1)
    used = np.full((runs, 4), np.nan)
    for look in range(4):
        now = slice(0, look + 1)
        bounds = spending_bounds(
            times[now], 0.025, information=information[:, now], used=used[:, now],
            final=look == 3, spending="pocock",
        )  # fmt: skip
        used[:, look] = bounds[:, look]
    return rejected(paths(runs, rng, information), used), runs


def _ignored_futility(runs, rng):
    design = group_sequential(equal(4), beta=0.2, spending="pocock")
    return rejected(paths(runs, rng, equal(4)), design.efficacy), runs


def _binding_futility(runs, rng):
    design = group_sequential(equal(4), beta=0.2, binding=True)
    return rejected(paths(runs, rng, equal(4)), design.efficacy, design.futility), runs


def _power_with_futility(runs, rng):
    times = np.array([0.3, 0.5, 1.0])
    design = group_sequential(times, beta=0.2)
    z = paths(runs, rng, times, design.drift)
    return rejected(z, design.efficacy, design.futility), runs


def _power_at_drift(runs, rng):
    design = group_sequential(equal(10), spending="hwang_shih_decani", parameter=-4.0)
    drift = float(drift_for_power(design, 0.9))
    return rejected(paths(runs, rng, equal(10), drift), design.efficacy), runs


def _stopping_early(runs, rng):
    design = group_sequential(equal(5), beta=0.1)
    z = paths(runs, rng, equal(5), design.drift / 2)[:, :3]
    stopped = (z >= design.efficacy[:3]) | (z <= design.futility[:3])
    return int(stopped.any(axis=1).sum()), runs


def _promised_early():
    design = group_sequential(equal(5), beta=0.1)
    return float(exits(design, design.drift / 2).stopped[:3].sum())


SIMULATIONS = [
    Simulation(
        "Spending boundaries", "type I error", "five equal looks, two-sided O'Brien-Fleming 0.05",
        0.05, _two_sided,
    ),
    Simulation(
        "Pocock boundaries", "type I error", "looks at 0.1, 0.15, 0.7 and 1, one-sided 0.025",
        0.025, _pocock_uneven,
    ),
    Simulation(
        "Changed looks", "type I error", "looks at random times, one of five skipped, some late",
        0.025, _random_looks, short=500, long=20_000,
    ),
    Simulation(
        "Changed looks", "type I error",
        "bounds set look by look, spending by counts, correlation by other information",
        0.025, _observed_information, long=20_000,
    ),
    Simulation(
        "Non-binding futility", "type I error", "four looks, futility ignored, one-sided 0.025",
        0.025, _ignored_futility,
    ),
    Simulation(
        "Binding futility", "type I error", "four looks, futility obeyed, one-sided 0.025",
        0.025, _binding_futility,
    ),
    Simulation(
        "Non-binding futility", "power", "looks at 0.3, 0.5 and 1, futility obeyed, beta 0.2",
        0.8, _power_with_futility,
    ),
    Simulation(
        "Design", "power", "ten looks, Hwang-Shih-DeCani, planned for 0.9", 0.9, _power_at_drift,
    ),
    Simulation(
        "Design", "chance of stopping by the third of five looks",
        "half the planned effect, beta 0.1", _promised_early(), _stopping_early,
    ),
]  # fmt: skip
