"""Sample ratio.

Chi-square, exact multinomial, anytime Dirichlet-multinomial, and by segment.
"""

import numpy as np
from reference import always_valid_cases as cases

from experimentos.checks import sample_ratio, segments
from experimentos.checks.dirichlet_multinomial import anytime, log_bayes_factor
from validation.entries import Reference, Simulation, stored

R = stored("sample_ratio")
PEERS = stored("always_valid_peers")["sample_ratio"]
SCRIPT = "R, tests/reference/sample_ratio.R"


def row(values):
    return np.array([values], dtype=float)


def counts_of(entry):
    return row(entry["counts"]), row(entry["shares"])


def listed(values):
    return " ".join(f"{value:g}" for value in values)


# References -----------------------------------------------------------------------------------


def _chi_square():
    for name, entry in R["chi_square"].items():
        yield Reference(
            "Sample ratio", "chi-square p-value", name, f"{SCRIPT}: chisq.test", entry["p_value"],
            lambda entry=entry: sample_ratio.fixed(*counts_of(entry))[0][0], rtol=1e-12,
        )  # fmt: skip
    for family in R["holm"]:
        members = [R["chi_square"][name] for name in family["names"]]
        counts, shares = (
            np.array([one[field] for one in members], float) for field in ("counts", "shares")
        )
        for position, name in enumerate(family["names"]):
            yield Reference(
                "Sample ratio by segment", "corrected p-value",
                f"{name} of {len(members)} taken as levels", f"{SCRIPT}: p.adjust, holm",
                family["p_value"][position],
                lambda position=position, counts=counts, shares=shares: segments.by_segment(
                    counts, shares, np.zeros(len(counts), dtype=int)
                ).p_value_corrected[position],
                rtol=1e-12,
            )  # fmt: skip


def _exact():
    for entry in R["binomial"]:
        x, n, share = entry["x"], entry["n"], entry["share"]
        yield Reference(
            "Exact sample ratio", "p-value", f"{x} of {n} at share {share}",
            f"{SCRIPT}: binom.test", entry["p_value"],
            lambda x=x, n=n, share=share: sample_ratio.exact_multinomial(
                np.array([x, n - x]), np.array([share, 1 - share])
            ),
            rtol=1e-12,
        )  # fmt: skip
    for entry in R["multinomial"]:
        yield Reference(
            "Exact sample ratio", "p-value",
            f"counts {listed(entry['counts'])} at shares {listed(entry['shares'])}",
            f"{SCRIPT}: every outcome", entry["p_value"],
            lambda entry=entry: sample_ratio.exact_multinomial(
                np.array(entry["counts"], float), np.array(entry["shares"])
            ),
            rtol=1e-10,
        )  # fmt: skip


def _anytime():
    name, quantity = "Anytime sample ratio", "log Bayes factor"
    for entry in R["bayes"]:
        case = f"counts {listed(entry['counts'])}"

        def ours(entry=entry):
            return log_bayes_factor(*counts_of(entry))[0]

        # Differences of log gammas near 1e6 leave nine digits to R, and fewer near 0.
        yield Reference(
            name, quantity, case, f"{SCRIPT}: lgamma", entry["log_e"], ours, atol=1e-9
        )  # fmt: skip
        if "integrated" in entry:
            yield Reference(
                name, quantity, case, f"{SCRIPT}: integrate()", entry["integrated"], ours,
                atol=1e-11,
            )  # fmt: skip
    for label, days in (("ssrm", cases.SSRM_DAYS), ("losing", cases.LOSING_DAYS)):
        cumulative = np.cumsum(days, axis=0).astype(float)
        shares = np.tile(cases.SHARES, (len(days), 1))
        for day, expected in enumerate(PEERS[label]["ssrm_log_bayes_factor"]):
            yield Reference(
                name, quantity, f"{label} example, day {day + 1}",
                "ssrm_test 0.1.5 (Optimizely), sequential_posteriors", expected,
                lambda day=day, cumulative=cumulative, shares=shares: log_bayes_factor(
                    cumulative, shares
                )[day],
                atol=1e-9,
            )  # fmt: skip
        for key, package in (("ssrm", "ssrm_test 0.1.5"), ("savvi", "savvi 0.2.0")):
            expected = min(1.0, *PEERS[label][f"{key}_p_value"])
            yield Reference(
                name, "p-value so far", f"{label} example, last day", package, expected,
                lambda cumulative=cumulative, shares=shares: anytime(
                    cumulative, shares, np.zeros(len(shares), dtype=int)
                )[0],
                rtol=1e-8,
            )  # fmt: skip


REFERENCES = [*_chi_square(), *_exact(), *_anytime()]

# Simulations ----------------------------------------------------------------------------------


def _fixed(units, shares, level):
    def run(runs, rng):
        counts = rng.multinomial(units, shares, runs).astype(float)
        p_value, _ = sample_ratio.fixed(counts, np.tile(shares, (runs, 1)))
        return int((p_value <= level).sum()), runs

    return run


def _days(planned, actual, units, days, level):
    def run(runs, rng):
        found = 0
        for start in range(0, runs, 1000):
            size = min(1000, runs - start)
            counts = rng.multinomial(units, actual, (size, days)).cumsum(axis=1)
            rows = counts.reshape(-1, len(planned)).astype(float)
            check = np.repeat(np.arange(size), days)
            p_value = anytime(rows, np.tile(planned, (len(rows), 1)), check)
            found += int((p_value <= level).sum())
        return found, runs

    return run


def _segments(runs, rng):
    counts = rng.multinomial(300, [0.5, 0.3, 0.2], (runs, 10)).reshape(-1, 3).astype(float)
    segment = np.repeat(np.arange(runs), 10)
    shares = np.tile([0.5, 0.3, 0.2], (len(counts), 1))
    fails = segments.by_segment(counts, shares, segment, level=0.05).fails
    return int(fails.reshape(runs, 10).any(axis=1).sum()), runs


THREE = [0.1, 0.3, 0.6]
SIMULATIONS = [
    Simulation(
        "Sample ratio", "false alarms", "10,000 units, shares 0.1, 0.3, 0.6, level 0.05", 0.05,
        _fixed(10_000, THREE, 0.05), allowance=0.001, short=20_000,
    ),
    Simulation(
        "Sample ratio", "false alarms", "the same at level 0.001", 0.001,
        _fixed(10_000, THREE, 0.001), allowance=0.0001, short=20_000, long=400_000,
    ),
    Simulation(
        "Exact sample ratio", "false alarms", "20 units, shares 0.1, 0.3, 0.6, level 0.05", 0.05,
        _fixed(20, THREE, 0.05), "at most", short=20_000,
    ),
    Simulation(
        "Exact sample ratio", "false alarms", "2,000 units, shares 0.001 and 0.999, level 0.05",
        0.05, _fixed(2000, [0.001, 0.999], 0.05), "at most", short=20_000,
    ),
    Simulation(
        "Anytime sample ratio", "false alarms over all days",
        "28 days of 2,000 units, shares 0.1, 0.3, 0.6, level 0.05", 0.05,
        _days(THREE, THREE, 2000, 28, 0.05), "at most", long=40_000,
    ),
    Simulation(
        "Anytime sample ratio", "false alarms over all units",
        "after each of 1,000 looks at 20 new units, shares 0.04 and 0.96, level 0.05", 0.05,
        _days([0.04, 0.96], [0.04, 0.96], 20, 1000, 0.05), "at most", short=1_000, long=10_000,
    ),
    Simulation(
        "Anytime sample ratio", "mismatches found",
        "51 to 49 instead of even, 28 days of 5,000 units, level 0.001; looking once at the end "
        "finds all", 0.95,
        _days([0.5, 0.5], [0.51, 0.49], 5000, 28, 0.001), "at least", long=10_000,
    ),
    Simulation(
        "Sample ratio by segment", "false alarms in any of ten levels",
        "300 units a level, level 0.05", 0.05, _segments, "at most", short=5_000,
    ),
]  # fmt: skip
