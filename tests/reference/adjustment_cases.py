"""Comparisons of the moments that `adjustment.json` holds, adjusted in each of the ways."""

from functools import cache

import numpy as np
from validation.entries import stored

from experimentos import estimators
from experimentos.inference import welch
from experimentos.inference.effect import evaluate
from experimentos.moments import JointMoments, Moments


@cache
def comparison_of(case, kind):
    """Every arm of a stored case against its first, adjusted in one of the ways."""
    moments = estimators.CrossMoments(**stored("adjustment")[case]["moments"])
    if case == "ratio":
        moments = estimators.as_ratios(moments, [(0, 1), (2, 3), (4, None)])
    arms = moments.n.size
    group, first, others = np.zeros(arms, int), np.zeros(arms - 1, int), np.arange(1, arms)
    if kind in ("within", "pooled"):
        joint = joint_of(stored("adjustment")[case]["moments"])
        found = estimators.adjust(joint, group, np.ones(arms, bool), theta=kind)
        return found, estimators.compare_adjusted(found.take(first), found.take(others))
    adjust = {"regression": estimators.adjust_by_regression}
    found = adjust.get(kind, estimators.adjust_interacted)(moments, group)
    return found, estimators.compare_regressed(found.take(first), found.take(others))


def joint_of(moments):
    n, mean, c2 = (np.array(moments[name], float) for name in ("n", "mean", "c2"))
    if mean.shape[1] == 2:
        return JointMoments.of_mean(
            n, mean[:, 0], c2[:, 0, 0],
            mean_cov=mean[:, 1], m2_cov=c2[:, 1, 1], c2_cov=c2[:, 0, 1],
        )  # fmt: skip
    names = ("num", "den", "num_cov", "den_cov")
    given = {"n": n}
    for i, x in enumerate(names):
        given |= {f"mean_{x}": mean[:, i], f"m2_{x}": c2[:, i, i]}
        given |= {f"c2_{x}_{y}": c2[:, i, j] for j, y in enumerate(names) if j > i}
    return JointMoments(**given)


@cache
def two_arms(case, theta):
    """Arms 0 and 1 alone: effect by Welch's test, and theta."""
    moments = stored("adjustment")[case]["moments"]
    joint = joint_of({name: moments[name][:2] for name in ("n", "mean", "c2")})
    found = estimators.adjust(joint, np.array([0, 0]), np.array([True, True]), theta=theta)
    comparison = estimators.compare_adjusted(found.take([0]), found.take([1]))
    effect = evaluate(welch.METHOD, comparison)
    return {name: getattr(effect, name)[0] for name in vars(effect)} | {
        "theta": found.theta[0],
        "mean_control": comparison.mean_control[0],
        "mean_treatment": comparison.mean_treatment[0],
    }


@cache
def strata(case):
    """Two arms over strata, the sparse ones merged."""
    *arms, group = estimators.merge_sparse(*_arms(case))
    return estimators.post_stratify(*arms, group)


def removed_by_strata(case):
    """Share of the variance that the strata remove."""
    *arms, group = _arms(case)
    plain = estimators.compare(*(estimators.pool(arm, group) for arm in arms))
    return estimators.variance_removed(plain, strata(case))[0]


def _arms(case):
    given = stored("adjustment")[case]["moments"]
    n = np.array(given["n"], float)
    mean, m2 = (np.array(given[name]).reshape(-1) for name in ("mean", "c2"))
    return *(Moments(n[i::2], mean[i::2], m2[i::2]) for i in (0, 1)), np.zeros(n.size // 2, int)
