"""Cluster designs.

Means over observations where whole stores, classes or villages are assigned: a ratio of cluster
sums to cluster sizes.
"""

import numpy as np

from experimentos.estimators import ratio
from experimentos.estimators.clusters import cluster_moments, without_covariates
from experimentos.inference.welch import welch
from experimentos.moments import JointMoments
from validation.entries import Reference, Simulation, stored

R = stored("clusters")["trials"]
PEERS = stored("clusters_peers")
MOMENTS = ("mean_num", "m2_num", "mean_den", "m2_den", "c2_num_den")


def _arm(given) -> JointMoments:
    return without_covariates([given["n"]], **{name: [given[name]] for name in MOMENTS})


def _effect(trial, field):
    def ours():
        return getattr(welch(ratio(_arm(trial["control"])), ratio(_arm(trial["treatment"]))), field)

    return lambda: ours()[0]


def _factored(trial):
    """CR0's standard error with the factor m / (m - 1) in each arm, in R's own numbers."""
    arms = trial["control"], trial["treatment"]
    return sum(arm["std_error_stata"] ** 2 for arm in arms) ** 0.5


def _rows_of_r():
    for trial in R:
        case, lm = trial["name"], "R, estimatr::lm_robust(clusters = cluster"
        crossed = case.endswith("by village")
        equal = trial["control"]["m2_den"] == 0
        for arm in ("control", "treatment"):
            given = trial[arm]
            yield from (
                Reference(
                    "Cluster ratio", f"mean of {arm}", case, "R, mean", given["mean"],
                    lambda given=given: ratio(_arm(given)).mean[0],
                ),
                Reference(
                    "Cluster ratio", f"standard error of {arm}", case,
                    f"{lm}, se_type = 'stata') of the arm alone", given["std_error_stata"],
                    lambda given=given: ratio(_arm(given)).variance_of_mean[0] ** 0.5,
                ),
            )  # fmt: skip
        yield Reference(
            "Cluster ratio", "difference", case, f"{lm})", trial["CR0"]["estimate"],
            _effect(trial, "estimate"),
        )  # fmt: skip
        yield Reference(
            "Cluster ratio", "standard error", case,
            f"{lm}, se_type = 'stata') of each arm alone, in quadrature", _factored(trial),
            _effect(trial, "std_error"),
        )  # fmt: skip
        yield from _rows_of_types(trial, case, lm, equal=equal, crossed=crossed)


def _rows_of_types(trial, case, lm, *, equal, crossed):
    across = "villages have people of both arms: theirs takes off the covariance of the two means"
    reasons = {
        "CR0": "theirs has no factor m / (m - 1), ours one in each arm",
        "stata": "theirs has one factor m / (m - 1) (N - 1) / (N - 2) for both arms",
        "CR2": "theirs corrects each cluster for its size; the same where sizes are equal",
    }
    for kind, why in reasons.items():
        same = kind == "CR2" and equal
        yield Reference(
            "Cluster ratio", "standard error", case, f"{lm}, se_type = '{kind}')",
            trial[kind]["std_error"], _effect(trial, "std_error"), rtol=1e-9,
            agrees=same, why="" if same else across if crossed else why,
        )  # fmt: skip
    if not crossed:
        yield Reference(
            "Cluster ratio", "p-value", case, f"{lm}, se_type = 'CR2')",
            trial["CR2"]["p_value"], _effect(trial, "p_value"),
            rtol=1e-2 if equal else 2e-2, agrees=trial["CR2"]["p_value"] > 1e-6,
            why="degrees of freedom by design (Bell and McCaffrey), ours by the observed variances",
        )  # fmt: skip


# scipy.stats.ttest_ind(equal_var=False) on the 137 stores' means of four weeks.
BY_STORE = {
    "promotion 2 v 1 by store": (0.0012776880199060613, -17.195826637358103, -4.343366831221792),
    "promotion 3 v 1 by store": (0.42591174394261344, -9.528435540995368, 4.059348455394277),
    "promotion 3 v 2 by store": (0.013557749068021424, 1.6960656996858967, 14.374040683293124),
}


def _rows_of_stores():
    for trial in R[:3]:
        source = "scipy.stats.ttest_ind(equal_var=False) on stores' means"
        for field, expected in zip(
            ("p_value", "lower", "upper"), BY_STORE[trial["name"]], strict=True
        ):
            yield Reference(
                "Cluster ratio", field.replace("p_value", "p-value"), trial["name"], source,
                expected, _effect(trial, field),
            )  # fmt: skip


def _rows_of_peers():
    for trial, theirs in zip(R, PEERS["tea_tasting"], strict=True):
        for field in ("p_value", "lower", "upper"):
            yield Reference(
                "Cluster ratio", field.replace("p_value", "p-value"), trial["name"],
                "tea-tasting 2.0.0, RatioOfMeans", theirs[field], _effect(trial, field),
                rtol=1e-8,
            )  # fmt: skip
    for trial, theirs in zip(R, PEERS["gbstats"], strict=True):
        yield Reference(
            "Cluster ratio", "standard error", trial["name"], "gbstats 0.8.0, RatioStatistic",
            theirs["std_error"], _effect(trial, "std_error"),
        )  # fmt: skip


REFERENCES = [*_rows_of_r(), *_rows_of_stores(), *_rows_of_peers()]


def _trials(runs, rng, *, clusters, smallest, largest):
    """Pairs of arms of clusters of unequal size, a fifth of the variance between clusters."""
    arms = 2 * runs
    size = rng.integers(smallest, largest + 1, arms * clusters)
    cluster = np.repeat(np.arange(arms * clusters), size)
    values = rng.normal(scale=0.5, size=arms * clusters)[cluster] + rng.normal(size=cluster.size)
    joint = cluster_moments(values, cluster, sample=cluster // clusters)
    return ratio(joint.take(slice(0, None, 2))), ratio(joint.take(slice(1, None, 2)))


def _false_positives(**setting):
    def run(runs, rng):
        return int((welch(*_trials(runs, rng, **setting)).p_value < 0.05).sum()), runs

    return run


SIMULATIONS = [
    Simulation(
        "Cluster ratio", "type I error", "20 clusters of 20 an arm, correlation 0.2 inside them",
        0.05, _false_positives(clusters=20, smallest=20, largest=20), allowance=0.001,
        short=1_000, long=20_000,
    ),
    Simulation(
        "Cluster ratio", "type I error",
        "40 clusters of 2 to 40 an arm, correlation 0.2 inside; allowance for the delta method",
        0.05, _false_positives(clusters=40, smallest=2, largest=40), "at most", 0.01,
        short=600, long=10_000,
    ),
]  # fmt: skip
