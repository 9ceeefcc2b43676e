"""Moments of random comparisons, in the form that each library reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experimentos.moments import JointMoments, Moments


@dataclass(frozen=True)
class Inputs:
    """Comparisons of two arms: means with a covariate, ratios and proportions."""

    rows: int
    joint: tuple[JointMoments, JointMoments]
    rates: tuple[Moments, Moments]

    @property
    def means(self) -> tuple[Moments, Moments]:
        return tuple(Moments(arm.n, arm.mean_num, arm.m2_num) for arm in self.joint)

    def sums(self, arm: int, row: int) -> dict[str, float]:
        """Sums and sums of squares of one arm, as some libraries want them."""
        given = {name: float(values[row]) for name, values in vars(self.joint[arm]).items()}
        n = given["n"]
        found = {"n": n}
        for name in ("num", "den", "num_cov"):
            mean, m2 = given[f"mean_{name}"], given[f"m2_{name}"]
            found[name], found[f"{name}_sq"] = n * mean, m2 + n * mean**2
        for first, second in (("num", "den"), ("num", "num_cov")):
            product = given[f"mean_{first}"] * given[f"mean_{second}"]
            found[f"{first}_{second}"] = given[f"c2_{first}_{second}"] + n * product
        return found


def make(rows: int, seed: int = 1) -> Inputs:
    rng = np.random.default_rng(seed)
    joint, rates = [], []
    base = rng.uniform(0.01, 0.3, rows)
    for _ in range(2):
        n = rng.integers(500, 100_000, rows).astype(float)
        zero, one = np.zeros(rows), np.ones(rows)
        m2_num, m2_den = (rng.chisquare(50, rows) / 50 * n * scale for scale in (9.0, 4.0))
        m2_cov = rng.chisquare(50, rows) / 50 * n * 9.0
        correlation = rng.uniform(0.2, 0.8, (2, rows))
        joint.append(
            JointMoments(
                n=n,
                mean_num=rng.normal(10, 0.05, rows),
                m2_num=m2_num,
                mean_den=rng.normal(5, 0.05, rows),
                m2_den=m2_den,
                c2_num_den=correlation[0] * np.sqrt(m2_num * m2_den),
                mean_num_cov=rng.normal(10, 0.05, rows),
                m2_num_cov=m2_cov,
                c2_num_num_cov=correlation[1] * np.sqrt(m2_num * m2_cov),
                mean_den_cov=one,
                m2_den_cov=zero,
                c2_num_den_cov=zero,
                c2_den_num_cov=zero,
                c2_den_den_cov=zero,
                c2_num_cov_den_cov=zero,
            )
        )
        rates.append(Moments(n, rng.binomial(n.astype(int), base) / n, zero))
    return Inputs(rows, tuple(joint), tuple(rates))
