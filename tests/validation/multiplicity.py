"""Corrections for many tests.

Adjusted p-values, critical values and graphs; error rates under independence and dependence.
"""

from itertools import combinations

import numpy as np
from scipy.special import ndtr, ndtri

from experimentos.multiplicity import (
    Graph,
    benjamini_hochberg,
    benjamini_yekutieli,
    bonferroni,
    closed,
    dunnett,
    dunnett_critical_value,
    e_benjamini_hochberg,
    e_value,
    fixed_sequence,
    graphical,
    hochberg,
    holm,
    hommel,
    step_down_dunnett,
    weighted_bonferroni,
    weighted_holm,
)
from experimentos.multiplicity.factor_integral import tail_of_largest
from validation.entries import Reference, Simulation, stored

R = stored("multiplicity")
PEERS = stored("multiplicity_peers")
P_ADJUST = {
    "bonferroni": ("Bonferroni", bonferroni),
    "holm": ("Holm", holm),
    "hochberg": ("Hochberg", hochberg),
    "hommel": ("Hommel", hommel),
    "BH": ("Benjamini-Hochberg", benjamini_hochberg),
    "BY": ("Benjamini-Yekutieli", benjamini_yekutieli),
}


def _one_family(method, p, **options):
    p = np.asarray(p, dtype=float)
    return method(p, np.zeros(p.size, dtype=int), level=0.05, **options)


def _adjusted(method, p, at, **options):
    return lambda: _one_family(method, p, **options).p_value[at]


def _p_adjust_entries():
    for case, found in R["p_adjust"].items():
        p = found["p"]
        # The ends and two between: adjustments of one family are bound to each other.
        positions = sorted({0, len(p) // 3, 2 * len(p) // 3, len(p) - 1})
        for name, (title, method) in P_ADJUST.items():
            for at in positions:
                yield Reference(
                    title,
                    f"adjusted p-value {at + 1}",
                    case,
                    f'R 4.2, p.adjust(p, "{name}")',
                    found[name][at],
                    _adjusted(method, p, at),
                    rtol=1e-13,
                )


def _published_entries():
    # Benjamini and Hochberg (1995), section 4.1: at 0.05 theirs rejects four, Bonferroni's three.
    p = R["p_adjust"]["thrombolysis (Benjamini and Hochberg 1995)"]["p"]
    for title, method, rejections in (
        ("Benjamini-Hochberg", benjamini_hochberg, 4),
        ("Bonferroni", bonferroni, 3),
    ):
        yield Reference(
            title,
            "rejections at 0.05",
            "thrombolysis",
            "Benjamini and Hochberg (1995), section 4.1",
            rejections,
            lambda method=method: _one_family(method, p).rejected.sum(),
        )


def _closure(p, weights, *, simes):
    """Adjusted p-values by going through all intersections, one after the other."""
    adjusted = np.zeros(len(p))
    for size in range(1, len(p) + 1):
        for members in combinations(range(len(p)), size):
            order = sorted(members, key=lambda i: p[i])
            total = sum(weights[i] for i in members)
            below = np.cumsum([weights[i] for i in order]) if simes else [weights[i] for i in order]
            found = min(total * p[i] / b for i, b in zip(order, below, strict=True))
            adjusted[list(members)] = np.maximum(adjusted[list(members)], min(1.0, found))
    return adjusted


def _closure_entries():
    p, weights = [0.012, 0.02, 0.021, 0.3, 0.006], [0.4, 0.2, 0.1, 0.25, 0.05]
    share = np.array(weights)
    for title, options, expected in (
        ("Closed testing, Bonferroni", {}, _closure(p, [1] * 5, simes=False)),
        ("Closed testing, Simes", {"local": "simes"}, _closure(p, [1] * 5, simes=True)),
        (
            "Closed testing, weighted Simes",
            {"local": "simes", "weights": share},
            _closure(p, weights, simes=True),
        ),
        (
            "Closed testing, weighted Bonferroni",
            {"weights": share},
            _closure(p, weights, simes=False),
        ),
    ):
        for at in range(5):
            yield Reference(
                title,
                f"adjusted p-value {at + 1}",
                "five, weights 0.4 0.2 0.1 0.25 0.05",
                "all 31 intersections, one by one (itertools)",
                expected[at],
                _adjusted(closed, p, at, **options),
                rtol=1e-13,
            )
    for at, expected in enumerate(_closure(p, weights, simes=False)):
        yield Reference(
            "Holm, weighted",
            f"adjusted p-value {at + 1}",
            "five, weights 0.4 0.2 0.1 0.25 0.05",
            "all 31 intersections, one by one (itertools)",
            expected,
            _adjusted(weighted_holm, p, at, weights=share),
            rtol=1e-13,
        )


# Graphs: weights and transitions.
SUCCESSIVE = Graph(
    weights=[0.5, 0.5, 0, 0],
    transitions=[[0, 0.5, 0.5, 0], [0.5, 0, 0, 0.5], [0, 1, 0, 0], [1, 0, 0, 0]],
)
SIMPLE_SUCCESSIVE = Graph(
    weights=[0.5, 0.5, 0, 0],
    transitions=[[0, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0], [1, 0, 0, 0]],
)


def _two_doses(epsilon):
    """Two doses, one primary and two secondary endpoints each."""
    return Graph(
        weights=[0.5, 0.5, 0, 0, 0, 0],
        transitions=[
            [0, 0.5, 0.25, 0, 0.25, 0],
            [0.5, 0, 0, 0.25, 0, 0.25],
            [0, 0, 0, 0, 1, 0],
            [epsilon, 0, 0, 0, 0, 1 - epsilon],
            [0, epsilon, 1 - epsilon, 0, 0, 0],
            [0, 0, 0, 1, 0, 0],
        ],
    )


def _graph_entries():
    shortcut, closure = (
        f'graphicalMCP, vignette "{name}"' for name in ("shortcut-testing", "closed-testing")
    )
    lrstat = "lrstat, fadjpbon in its tests"
    hung = "two doses and two endpoints, p 0.01 0.005 0.015 0.022"
    later = "the same, p 0.02 0.015 0.01 0.023"
    for graph, case, source, p, expected, atol in (
        (SUCCESSIVE, "two doses and two endpoints", shortcut, [0.018, 0.01, 0.105, 0.006],
         [0.024, 0.020, 0.105, 0.024], 1e-12),
        (_two_doses(1e-5), "two doses and three endpoints", closure,
         [0.015, 0.013, 0.01, 0.007, 0.1, 0.0124],
         [0.026, 0.026, 0.028, 0.028, 0.100, 0.028], 5e-7),
        (SIMPLE_SUCCESSIVE, hung, lrstat, [0.01, 0.005, 0.015, 0.022], [0.02, 0.01, 0.03, 0.03],
         1e-12),
        (SIMPLE_SUCCESSIVE, later, lrstat, [0.02, 0.015, 0.01, 0.023], [0.04, 0.03, 0.04, 0.04],
         1e-12),
        (SIMPLE_SUCCESSIVE, "two doses and two endpoints, all p 0.01",
         "graphicalMCP, its tests (simple_successive_1)", [0.01] * 4, [0.02] * 4, 1e-12),
    ):  # fmt: skip
        for at, value in enumerate(expected):
            yield Reference(
                "Graph", f"adjusted p-value {at + 1}", case, source, value,
                lambda p=p, graph=graph, at=at: graphical([p], graph, level=0.025).p_value[0, at],
                rtol=0, atol=atol,
            )  # fmt: skip
    for at, value in enumerate([0.75, 0.5, 1.0, 0.5]):
        yield Reference(
            "Graph", f"local level {at + 1}, in units of the level", "two doses and two endpoints",
            shortcut, value,
            lambda at=at: graphical(
                [[0.018, 0.01, 0.105, 0.006]], SUCCESSIVE, level=0.025
            ).level[0, at] / 0.025,
            rtol=1e-12,
        )  # fmt: skip
    for at, value in enumerate([True, True, False, True, False, False]):
        yield Reference(
            "Graph", f"rejected {at + 1}", "p-values exactly at their local level, 0.025",
            "graphicalMCP, its tests of graph_test_shortcut", value,
            lambda at=at: graphical(
                [[0.001, 0.01875, 0.013, 0.0002, 0.03, 0.04]], _two_doses(1e-4), level=0.025
            ).rejected[0, at],
        )  # fmt: skip
    for at, value in enumerate([0.01, 0.02, 0.04]):
        yield Reference(
            "Fixed sequence", f"adjusted p-value {at + 1}", "p 0.01 0.02 0.04", "running maximum",
            value, _adjusted(fixed_sequence, [0.01, 0.02, 0.04], at),
        )  # fmt: skip


# Dunnett (1955), table 1a: one-sided 5 % points for 2 to 9 arms with as many units as control.
DUNNETT_1955 = {
    5: [2.44, 2.68, 2.85, 2.98, 3.08, 3.16, 3.24, 3.30],
    10: [2.15, 2.34, 2.47, 2.56, 2.64, 2.70, 2.76, 2.81],
    20: [2.03, 2.19, 2.30, 2.39, 2.46, 2.51, 2.56, 2.60],
    120: [1.93, 2.08, 2.18, 2.26, 2.32, 2.37, 2.41, 2.45],
    np.inf: [1.92, 2.06, 2.16, 2.23, 2.29, 2.34, 2.38, 2.42],
}


def _loading(n):
    n = np.asarray(n, dtype=float)
    return np.sqrt(n[1:] / (n[1:] + n[0]))


def _critical(loading, level, df, two_sided):
    return lambda: dunnett_critical_value(
        loading[None], level=level, df=df or np.inf, two_sided=two_sided
    )[0]


def _tail(loading, at, df, two_sided):
    return lambda: tail_of_largest(
        np.array([at]), loading[None], df=np.array([df or np.inf]), two_sided=two_sided
    )[0]


def _dunnett_tables():
    for df, row in DUNNETT_1955.items():
        for arms, value in enumerate(row, start=2):
            yield Reference(
                "Dunnett", "critical value, one-sided 0.05", f"{arms} arms, {df} df",
                "Dunnett (1955), table 1a", value,
                _critical(np.full(arms, np.sqrt(0.5)), 0.05, df, False), rtol=0, atol=0.0051,
            )  # fmt: skip
    for found in R["tails"]:
        n, df, two_sided = found["n"], found["df"], found["two_sided"]
        sides = "two-sided" if two_sided else "one-sided"
        case = f"n {' '.join(map(str, n))}, {df or 'infinite'} df, {sides}"
        for level, name in ((0.05, "critical"), (0.025, "critical_025")):
            yield Reference(
                "Dunnett", f"critical value at {level}", case, "R, mvtnorm, TVPACK and uniroot",
                found[name], _critical(_loading(n), level, df, two_sided), rtol=1e-9,
            )  # fmt: skip
        for at, value in zip(found["at"], found["tail"], strict=True):
            yield Reference(
                "Dunnett", f"tail of the largest at {at}", case, "R, mvtnorm, TVPACK", value,
                _tail(_loading(n), at, df, two_sided), rtol=0, atol=1e-12,
            )  # fmt: skip
    for found in R["many"]:
        n, df, two_sided = found["n"], found["df"], found["two_sided"]
        sides = "two-sided" if two_sided else "one-sided"
        yield Reference(
            "Dunnett", f"tail of the largest at {found['at']}",
            f"{len(n) - 1} arms, n {n[0]} and {n[1]} to {n[-1]}, {df or 'infinite'} df, {sides}",
            "R, nested integrate()", found["tail"], _tail(_loading(n), found["at"], df, two_sided),
            rtol=1e-11,
        )  # fmt: skip


def _dunnett_data():
    for case, found in R["dunnett"].items():
        n, df = np.array(found["n"]), found["df"]
        variance = sum(found["m2"]) / df
        error = np.sqrt(variance * (1 / n[1:] + 1 / n[0]))
        estimate = np.array(found["mean"])[1:] - found["mean"][0]
        for sides in ("two_sided", "greater", "less"):
            p, options = found[sides]["p"], {"loading": _loading(n), "df": float(df)}
            options["two_sided"] = sides == "two_sided"
            where = f"{case}, {sides.replace('_', '-')}"
            for at in range(len(p)):
                for title, method, key, test in (
                    ("Dunnett", dunnett, "single_step", "single-step"),
                    ("Dunnett, step-down", step_down_dunnett, "free", "free"),
                ):
                    yield Reference(
                        title, f"adjusted p-value {at + 1}", where,
                        f'R, multcomp, glht, adjusted("{test}"), quasi-Monte Carlo',
                        found[sides][key][at], _adjusted(method, p, at, **options),
                        rtol=0, atol=1e-5,
                    )  # fmt: skip
                for limit, sign in (("lower", -1), ("upper", 1)):
                    if found[sides][limit][at] is None:
                        continue
                    yield Reference(
                        "Dunnett", f"simultaneous {limit} limit {at + 1}", where,
                        "R, multcomp, confint(glht), quasi-Monte Carlo", found[sides][limit][at],
                        lambda sign=sign, at=at, estimate=estimate, error=error, options=options: (
                            estimate[at] + sign * error[at] * _critical(
                                options["loading"], 0.05, options["df"], options["two_sided"])()
                        ),
                        rtol=0, atol=5e-4 * float(error[at]),
                    )  # fmt: skip


def _dunnett_published():
    pair = np.full(2, np.sqrt(0.5))
    yield Reference(
        "Dunnett", "adjusted p-value of 0.015", "two arms, correlation 0.5",
        "lrstat, fadjpdun in its tests", 0.02772937,
        _adjusted(dunnett, [0.015, 0.02], 0, loading=pair), rtol=0, atol=5e-9,
    )  # fmt: skip
    yield Reference(
        "Dunnett", "adjusted p-value of 0.013", "two arms, correlation 0.5",
        'graphicalMCP, vignette "closed-testing"', 0.02413846,
        _adjusted(dunnett, [0.015, 0.013], 1, loading=pair), rtol=0, atol=5e-9,
    )  # fmt: skip
    yield Reference(
        "Dunnett", "gain over Bonferroni's level at 0.025", "two arms, correlation 0.5",
        'graphicalMCP, vignette "closed-testing", c_value', 1.0782936582,
        lambda: ndtr(-_critical(pair, 0.025, None, False)()) / 0.0125, rtol=0, atol=1e-6,
    )  # fmt: skip


def _peer_entries():
    sidak = (
        "its default takes Šidák's levels upwards, which exceeds the level (0.0506 for two "
        "independent tests at 0.05), and 1 - (1 - p)^m loses p-values below 1e-16"
    )
    for case, peers in PEERS.items():
        p = R["p_adjust"][case]["p"]
        for at in sorted({0, 3, len(p) - 1}):
            for name in ("BH", "BY", "holm", "hochberg"):
                title, method = P_ADJUST[name]
                for peer, found in peers.items():
                    if name in found:
                        values = found[name]
                        values = values["pvalue_adj"] if isinstance(values, dict) else values
                        yield Reference(
                            title, f"adjusted p-value {at + 1}", case, peer, values[at],
                            _adjusted(method, p, at), rtol=1e-13,
                        )  # fmt: skip
        yield Reference(
            "Hochberg", "adjusted p-value 1", case, "tea-tasting, adjust_fwer by default",
            peers["tea-tasting"]["default"]["pvalue_adj"][0], _adjusted(hochberg, p, 0),
            rtol=1e-6, agrees=False, why=sidak,
        )  # fmt: skip
    case = "thrombolysis (Benjamini and Hochberg 1995)"
    p, found = R["p_adjust"][case]["p"], PEERS[case]["tea-tasting"]
    for name, at in (("holm", 0), ("holm", 3), ("BH", 0), ("BH", 4)):
        title, method = P_ADJUST[name]
        yield Reference(
            title, f"level {at + 1} was tested at", case, "tea-tasting, alpha_adj",
            found[name]["alpha_adj"][at], lambda m=method, p=p, at=at: _one_family(m, p).level[at],
            rtol=1e-13,
        )  # fmt: skip


def _e_value_entries():
    for p in (0.5, 0.05, 1e-3, 1e-10, 1e-300):
        # The average of kappa p^(kappa - 1) over kappa, by Gauss-Legendre on short pieces.
        node, weight = np.polynomial.legendre.leggauss(20)
        edges = np.linspace(0, 1, 201)
        kappa = (edges[:-1, None] + edges[1:, None] + np.diff(edges)[:, None] * node) / 2
        terms = kappa * np.exp((kappa - 1) * np.log(p)) * weight
        yield Reference(
            "E-value of p", "mixture over all exponents", f"p {p:g}",
            "Gauss-Legendre quadrature of its definition (Vovk and Wang 2021)",
            float((terms * np.diff(edges)[:, None] / 2).sum()), lambda p=p: e_value(p), rtol=1e-12,
        )  # fmt: skip
    # By hand: 4 hypotheses at 0.05 need e >= 80, 40, 26.7, 20 for the largest, second, ...
    e = [100.0, 45.0, 25.0, 1.0]
    for at, expected in enumerate([4 / 100, 4 / 90, 4 / 75, 1.0]):
        yield Reference(
            "e-Benjamini-Hochberg", f"smallest level {at + 1}", "e 100 45 25 1",
            "4 / (k e_[k]) by hand (Wang and Ramdas 2022, definition 1)", expected,
            lambda at=at: _one_family(e_benjamini_hochberg, e).p_value[at],
        )  # fmt: skip
    yield Reference(
        "Bonferroni, weighted", "adjusted p-value 1", "p 0.01, weight 0.4", "0.01 / 0.4", 0.025,
        _adjusted(weighted_bonferroni, [0.01, 0.2], 0, weights=np.array([0.4, 0.6])),
    )  # fmt: skip


REFERENCES = [
    *_p_adjust_entries(),
    *_published_entries(),
    *_closure_entries(),
    *_graph_entries(),
    *_dunnett_tables(),
    *_dunnett_data(),
    *_dunnett_published(),
    *_peer_entries(),
    *_e_value_entries(),
]


# Simulations
def _statistics(runs, size, rng, correlation):
    """Normal statistics of `size` hypotheses with one correlation."""
    shared = rng.normal(size=(runs, 1))
    own = rng.normal(size=(runs, size))
    if correlation < 0:
        # The least that `size` statistics can have with each other.
        centred = own - own.mean(axis=1, keepdims=True)
        return centred / np.sqrt(1 - 1 / size)
    return np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own


def _family_wise(method, *, size, false=0, correlation=0.0, shift=3.0, **options):
    """How often a true hypothesis is rejected, the first ones being false."""

    def run(runs, rng):
        z = _statistics(runs, size, rng, correlation)
        z[:, :false] += shift
        p, family = ndtr(-z).reshape(-1), np.repeat(np.arange(runs), size)
        given = {
            name: np.tile(value, runs) if np.ndim(value) else value
            for name, value in options.items()
        }
        rejected = method(p, family, level=0.05, **given).rejected.reshape(runs, size)
        return int(rejected[:, false:].any(axis=1).sum()), runs

    return run


def _by_graph(correlation):
    def run(runs, rng):
        z = _statistics(runs, 4, rng, correlation)
        z[:, 0] += 3
        rejected = graphical(ndtr(-z), SUCCESSIVE, level=0.05).rejected
        return int(rejected[:, 1:].any(axis=1).sum()), runs

    return run


def _false_discovery(method, *, size, false, correlation=0.0, e_values=False):
    """How often a rejected hypothesis, drawn at random among them, is true."""

    def run(runs, rng):
        z = _statistics(runs, size, rng, correlation)
        z[:, :false] += 3.0
        given, family = ndtr(-z).reshape(-1), np.repeat(np.arange(runs), size)
        given = e_value(given) if e_values else given
        rejected = method(given, family, level=0.1).rejected.reshape(runs, size)
        drawn = np.where(rejected, rng.random(rejected.shape), -1.0).argmax(axis=1)
        return int((rejected.any(axis=1) & (drawn >= false)).sum()), runs

    return run


def _evidence(runs, size, false, rng, looks=60):
    """Likelihood ratios of a standard normal effect against none, at each look."""
    n = np.arange(1, looks + 1)
    total = rng.normal(size=(runs, size, looks)).cumsum(axis=2)
    total[:, :false] += 0.6 * n
    return np.exp(total**2 / (2 * (n + 1)) - np.log(n + 1) / 2)


def _at_their_best(runs, rng):
    """e-BH on always-valid p-values of 10 experiments, each stopped when it looks best."""
    evidence = _evidence(runs, 10, 5, rng)
    p = np.minimum(1.0, 1 / evidence.max(axis=2)).reshape(-1)
    found = e_benjamini_hochberg(e_value(p), np.repeat(np.arange(runs), 10), level=0.1)
    rejected = found.rejected.reshape(runs, 10)
    drawn = np.where(rejected, rng.random(rejected.shape), -1.0).argmax(axis=1)
    return int((rejected.any(axis=1) & (drawn >= 5)).sum()), runs


def _at_the_threshold(runs, rng):
    """e-BH on the evidence of one experiment that stops when it would be rejected."""
    evidence = _evidence(runs, 1, 0, rng)[:, 0]
    reached = evidence >= 10
    last = np.where(reached.any(axis=1), reached.argmax(axis=1), evidence.shape[1] - 1)
    e = evidence[np.arange(runs), last]
    return int(e_benjamini_hochberg(e, np.arange(runs), level=0.1).rejected.sum()), runs


ARMS = np.array([10, 6, 8, 12])


def _dunnett_coverage(*, two_sided):
    """Whether all intervals cover at once: four samples of unequal size, one variance."""

    def run(runs, rng):
        df = int(ARMS.sum()) - ARMS.size
        critical = dunnett_critical_value(
            _loading(ARMS)[None], level=0.05, df=df, two_sided=two_sided
        )[0]
        mean = rng.normal(size=(runs, ARMS.size)) / np.sqrt(ARMS)
        deviation = np.sqrt(rng.chisquare(df, size=(runs, 1)) / df)
        statistic = (mean[:, 1:] - mean[:, :1]) / np.sqrt(1 / ARMS[1:] + 1 / ARMS[0]) / deviation
        statistic = np.abs(statistic) if two_sided else statistic
        return int((statistic <= critical).all(axis=1).sum()), runs

    return run


def _two_metrics(runs, rng):
    """Dunnett within each of two metrics that move against each other, Bonferroni between them."""
    loading = _loading([400, 400, 400])
    first = rng.normal(size=(runs, 3))
    second = -0.9 * first + np.sqrt(1 - 0.81) * rng.normal(size=(runs, 3))
    z = np.concatenate(
        [(metric[:, 1:] - metric[:, :1]) / np.sqrt(2) for metric in (first, second)], axis=1
    )
    family = np.repeat(np.arange(runs), 4)
    found = dunnett(
        ndtr(-z).reshape(-1), family, level=0.05, loading=np.tile(loading, 2 * runs),
        control=np.tile([0, 0, 1, 1], runs),
    )  # fmt: skip
    return int(found.rejected.reshape(runs, 4).any(axis=1).sum()), runs


def _dunnett_errors(method, *, false):
    """Family-wise errors of three arms with one control of another size."""

    def run(runs, rng):
        n = np.array([300, 100, 200, 600])
        mean = rng.normal(size=(runs, 4)) / np.sqrt(n)
        z = (mean[:, 1:] - mean[:, :1]) / np.sqrt(1 / n[1:] + 1 / n[0])
        z[:, :false] += 6
        found = method(
            ndtr(-z).reshape(-1), np.repeat(np.arange(runs), 3), level=0.05,
            loading=np.tile(_loading(n), runs),
        )  # fmt: skip
        return int(found.rejected.reshape(runs, 3)[:, false:].any(axis=1).sum()), runs

    return run


_FIVE = "5 one-sided tests at 0.05"
_WEIGHTS = np.array([0.4, 0.3, 0.2, 0.1])
SIMULATIONS = [
    Simulation("Bonferroni", "family-wise error", f"{_FIVE}, all true, independent",
               1 - 0.99**5, _family_wise(bonferroni, size=5)),
    Simulation("Holm", "family-wise error", f"{_FIVE}, 1 false, correlation 0.5",
               0.05, _family_wise(holm, size=5, false=1, correlation=0.5), kind="at most"),
    Simulation("Holm", "family-wise error", f"{_FIVE}, all true, least possible correlation",
               0.05, _family_wise(holm, size=5, correlation=-1), kind="at most"),
    Simulation("Hochberg", "family-wise error", f"{_FIVE}, all true, independent",
               0.05, _family_wise(hochberg, size=5), kind="at most"),
    Simulation("Hochberg", "family-wise error", f"{_FIVE}, 1 false, correlation 0.5",
               0.05, _family_wise(hochberg, size=5, false=1, correlation=0.5), kind="at most"),
    Simulation("Hommel", "family-wise error", f"{_FIVE}, all true, independent",
               0.05, _family_wise(hommel, size=5), kind="at most"),
    Simulation("Hommel", "family-wise error", f"{_FIVE}, 1 false, correlation 0.5",
               0.05, _family_wise(hommel, size=5, false=1, correlation=0.5), kind="at most"),
    Simulation("Closed testing, weighted Simes", "family-wise error",
               "4 one-sided tests at 0.05, weights 0.4 0.3 0.2 0.1, all true, independent",
               0.05, _family_wise(closed, size=4, local="simes", weights=_WEIGHTS),
               kind="at most"),
    Simulation("Holm, weighted", "family-wise error",
               "4 one-sided tests at 0.05, weights 0.4 0.3 0.2 0.1, 1 false, correlation 0.5",
               0.05, _family_wise(weighted_holm, size=4, false=1, correlation=0.5,
                                  weights=_WEIGHTS), kind="at most"),
    Simulation("Bonferroni, weighted", "family-wise error",
               "4 one-sided tests at 0.05, weights 0.4 0.3 0.2 0.1, all true, independent",
               1 - float(np.prod(1 - 0.05 * _WEIGHTS)),
               _family_wise(weighted_bonferroni, size=4, weights=_WEIGHTS)),
    Simulation("Fixed sequence", "family-wise error", f"{_FIVE}, first false, independent",
               0.05 * float(ndtr(3 + ndtri(0.05))),
               _family_wise(fixed_sequence, size=5, false=1)),
    Simulation("Graph", "family-wise error",
               "two doses and two endpoints at 0.05, 1 false, independent",
               0.05, _by_graph(0.0), kind="at most"),
    Simulation("Graph", "family-wise error",
               "two doses and two endpoints at 0.05, 1 false, correlation 0.5",
               0.05, _by_graph(0.5), kind="at most"),
    Simulation("Dunnett", "family-wise error", "3 arms, n 300 100 200 600, one-sided 0.05",
               0.05, _dunnett_errors(dunnett, false=0)),
    Simulation("Dunnett, step-down", "family-wise error",
               "3 arms, n 300 100 200 600, one-sided 0.05, 1 surely false",
               0.05, _dunnett_errors(step_down_dunnett, false=1)),
    Simulation("Dunnett", "family-wise error",
               "2 arms, 2 metrics of correlation -0.9, one-sided 0.05",
               0.05, _two_metrics, kind="at most"),
    Simulation("Dunnett", "coverage of all intervals at once",
               "n 10 6 8 12, one variance, two-sided 0.05", 0.95,
               _dunnett_coverage(two_sided=True)),
    Simulation("Dunnett", "coverage of all intervals at once",
               "n 10 6 8 12, one variance, one-sided 0.05", 0.95,
               _dunnett_coverage(two_sided=False)),
    Simulation("Benjamini-Hochberg", "false discovery rate",
               "20 at 0.1, 5 false, independent", 0.075,
               _false_discovery(benjamini_hochberg, size=20, false=5)),
    Simulation("Benjamini-Hochberg", "false discovery rate",
               "20 at 0.1, 5 false, correlation 0.5", 0.075,
               _false_discovery(benjamini_hochberg, size=20, false=5, correlation=0.5),
               kind="at most"),
    Simulation("Benjamini-Yekutieli", "false discovery rate",
               "20 at 0.1, 5 false, least possible correlation", 0.075,
               _false_discovery(benjamini_yekutieli, size=20, false=5, correlation=-1),
               kind="at most"),
    Simulation("e-Benjamini-Hochberg", "false discovery rate",
               "20 at 0.1, 5 false, least possible correlation", 0.075,
               _false_discovery(e_benjamini_hochberg, size=20, false=5, correlation=-1,
                                e_values=True), kind="at most"),
    Simulation("e-Benjamini-Hochberg", "false discovery rate",
               "10 at 0.1, 5 false, always-valid p-values of experiments stopped at their best",
               0.05, _at_their_best, kind="at most", long=20_000),
    Simulation("e-Benjamini-Hochberg", "false discovery rate",
               "1 at 0.1, true, likelihood ratio of an experiment stopped when it reaches 10",
               0.1, _at_the_threshold, kind="at most", long=50_000),
]  # fmt: skip
