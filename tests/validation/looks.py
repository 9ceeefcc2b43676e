"""Analyses at looks.

Repeated p-values and intervals, stage-wise p-values, estimates and intervals, conditional power.
"""

import numpy as np

from experimentos.sequential.group import spending_bounds
from experimentos.sequential.group.conditional import conditional_power
from experimentos.sequential.group.repeated import repeated_intervals, repeated_p_values
from experimentos.sequential.group.stagewise import stagewise
from validation.entries import Reference, Simulation, stored

SPENDING = {
    "asOF": "obrien_fleming",
    "asP": "pocock",
    "asKD": "kim_demets",
    "asHSD": "hwang_shih_decani",
}
FINAL = "rpact 3.3.4, getFinalPValue, getFinalConfidenceInterval"
FRACTIONS = np.array([0.25, 0.5, 0.8, 1.0])
ALPHA = 0.025


def _listed(value):
    return np.atleast_1d(np.asarray(value, dtype=float))


def _options(case):
    return {"spending": SPENDING[case["type"]], "parameter": case["gammaA"]}


def _bounds(case):
    return spending_bounds(case["fractions"], case["alpha"], **_options(case))


def _std_error(case):
    return _listed(case["sd"]) * np.sqrt(2 / np.cumsum(_listed(case["n"])))


def _repeated_p(case, look):
    z = np.full(len(case["fractions"]), np.nan)
    z[: look + 1] = _listed(case["statistic"])[: look + 1]
    return repeated_p_values(z, case["fractions"], **_options(case))[look]


def _repeated_limit(case, look, side):
    bounds = _bounds(case)[: look + 1]
    effect = _listed(case["effect"])[: look + 1]
    return repeated_intervals(effect, _std_error(case)[: look + 1], bounds)[side][look]


def _final(case, field):
    look, fractions = case["final_stage"], np.array(case["fractions"])
    information = fractions / fractions[look - 1] / _std_error(case)[look - 1] ** 2
    z = _listed(case["statistic"])[look - 1]
    found = stagewise([z], [look], _bounds(case), information, alpha=2 * case["alpha"])
    return getattr(found, field)[0]


def _references():
    method = "Group sequential analysis"
    for case in stored("looks"):
        for look, expected in enumerate(_listed(case["repeated_p"])):
            if expected < 0.49:  # rpact stops its search at one half
                yield Reference(
                    method, f"repeated p-value, look {look + 1}", case["name"],
                    "rpact 3.3.4, getRepeatedPValues", expected,
                    lambda case=case, look=look: _repeated_p(case, look), rtol=3e-7,
                )  # fmt: skip
            for side, name in enumerate(("lower", "upper")):
                yield Reference(
                    method, f"repeated {name} limit, look {look + 1}", case["name"],
                    "rpact 3.3.4, getRepeatedConfidenceIntervals", _listed(case[name])[look],
                    lambda case=case, look=look, side=side: _repeated_limit(case, look, side),
                    atol=1e-8,
                )  # fmt: skip
        for field, name, quantity, atol in (
            ("p_value", "final_p", "stage-wise p-value", 1e-9),
            ("estimate", "median_unbiased", "median-unbiased estimate", 1e-6),
            ("lower", "final_lower", "stage-wise lower limit", 1e-6),
            ("upper", "final_upper", "stage-wise upper limit", 1e-6),
        ):
            yield Reference(
                method, quantity, case["name"], FINAL,
                case[name], lambda case=case, field=field: _final(case, field), atol=atol,
            )  # fmt: skip
        known = [v for v in _listed(case["conditional_power"] or np.nan) if not np.isnan(v)]
        if known:
            yield Reference(
                "Conditional power", "at the last look", case["name"],
                "rpact 3.3.4, getConditionalPower at an effect of .15", known[-1],
                lambda case=case: _conditional(case), atol=1e-6,
            )  # fmt: skip


def _conditional(case):
    # rpact takes the deviation assumed (1) for the looks to come, and n as planned.
    looks, fractions = len(_listed(case["n"])), np.array(case["fractions"])
    information = fractions * np.cumsum(_listed(case["n"]))[-1] / fractions[looks - 1] / 2
    z = _listed(case["statistic"])[-1]
    return conditional_power(
        z, information[looks - 1], _bounds(case)[looks:], information[looks:], 0.15
    )[-1]


def _walks(runs, rng, drift, fractions=FRACTIONS):
    steps = np.diff(fractions, prepend=0.0)
    score = (rng.normal(size=(runs, fractions.size)) * np.sqrt(steps) + drift * steps).cumsum(
        axis=1
    )
    return score / np.sqrt(fractions)


def _any_repeated_p(runs, rng):
    z = _walks(runs, rng, 0.0)
    return int((repeated_p_values(z, FRACTIONS).min(axis=1) <= ALPHA).sum()), runs


def _repeated_coverage(runs, rng):
    drift = 2.0
    z = _walks(runs, rng, drift)
    estimate, error = z / np.sqrt(FRACTIONS), 1 / np.sqrt(FRACTIONS)
    bounds = spending_bounds(FRACTIONS, ALPHA)
    lower, upper = repeated_intervals(estimate, error, bounds)
    return int(((lower <= drift) & (drift <= upper)).all(axis=1).sum()), runs


def _stopped(runs, rng, drift):
    z, bounds = _walks(runs, rng, drift), spending_bounds(FRACTIONS, ALPHA)
    crossed = z >= bounds
    look = np.where(crossed.any(axis=1), crossed.argmax(axis=1), FRACTIONS.size - 1)
    return stagewise(z[np.arange(runs), look], look + 1, bounds, FRACTIONS, alpha=0.1)


def _stagewise_uniform(runs, rng):
    return int((_stopped(runs, rng, 0.0).p_value <= 0.2).sum()), runs


def _median(runs, rng):
    return int((_stopped(runs, rng, 2.0).estimate <= 2.0).sum()), runs


def _stagewise_coverage(runs, rng):
    found = _stopped(runs, rng, 2.0)
    return int(((found.lower <= 2.0) & (found.upper >= 2.0)).sum()), runs


_LOOKS = "4 looks at .25, .5, .8, 1, O'Brien-Fleming spending, one-sided alpha .025"
REFERENCES = list(_references())
SIMULATIONS = [
    Simulation(
        "Repeated p-values", "type I error", f"smallest of all looks at most alpha, {_LOOKS}",
        ALPHA, _any_repeated_p, short=400, long=4_000,
    ),
    Simulation(
        # Two one-sided sequences: they cross each other's boundaries almost never together.
        "Repeated intervals", "coverage at all looks together", f"effect 2, {_LOOKS}",
        1 - 2 * ALPHA, _repeated_coverage, long=400_000, allowance=1e-4,
    ),
    Simulation(
        "Stage-wise p-value", "P(p <= .2) without an effect", _LOOKS, 0.2,
        _stagewise_uniform, short=1_000, long=20_000,
    ),
    Simulation(
        "Median-unbiased estimate", "P(estimate <= effect)", f"effect 2, {_LOOKS}", 0.5, _median,
        short=1_000, long=20_000,
    ),
    Simulation(
        "Stage-wise interval", "coverage", f"effect 2, 90 %, {_LOOKS}", 0.9, _stagewise_coverage,
        short=1_000, long=20_000,
    ),
]  # fmt: skip
