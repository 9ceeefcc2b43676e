"""Simulated arms and how often an adjusted analysis of them errs, for `validation.adjustment`."""

import numpy as np

from experimentos import estimators
from experimentos.inference import welch
from experimentos.inference.effect import evaluate
from experimentos.moments import JointMoments, Moments

CHUNK = 5_000


def normal_arm(rng, runs, n, slope, mean=0.0, noise=1.0):
    """Moments of arms of n units: y = mean + slope'x + noise, x standard normal."""
    p = len(slope)
    mix = np.eye(p + 1)
    mix[0] = [noise, *slope]
    # Bartlett's decomposition: the sums of products of n normal units, without the units.
    root = np.tril(rng.normal(size=(runs, p + 1, p + 1)), -1)
    degrees = n - 1 - np.arange(p + 1)
    root[:, np.arange(p + 1), np.arange(p + 1)] = np.sqrt(rng.chisquare(degrees, (runs, p + 1)))
    half = mix @ root
    means = rng.normal(size=(runs, p + 1)) / np.sqrt(n) @ mix.T
    means[:, 0] += mean
    c2 = half @ np.swapaxes(half, 1, 2)
    return estimators.CrossMoments(np.full(runs, float(n)), means, (c2 + np.swapaxes(c2, 1, 2)) / 2)


def regressed(adjust, control, treatment):
    runs = control.n.size
    both = control.append(treatment)
    found = adjust(both, np.tile(np.arange(runs), 2))
    return estimators.compare_regressed(
        found.take(np.arange(runs)), found.take(np.arange(runs, 2 * runs))
    )


def cuped(theta="within"):
    def adjust(control, treatment):
        runs = control.n.size
        both = control.append(treatment)
        joint = JointMoments.of_mean(
            both.n, both.mean[:, 0], both.c2[:, 0, 0],
            mean_cov=both.mean[:, 1], m2_cov=both.c2[:, 1, 1], c2_cov=both.c2[:, 0, 1],
        )  # fmt: skip
        group = np.tile(np.arange(runs), 2)
        found = estimators.adjust(joint, group, np.ones(2 * runs, bool), theta=theta)
        return estimators.compare_adjusted(
            found.take(np.arange(runs)), found.take(np.arange(runs, 2 * runs))
        )

    return adjust


def plain(control, treatment):
    return estimators.compare(control.outcome, treatment.outcome)


def _by(adjust):
    return lambda control, treatment: regressed(adjust, control, treatment)


REGRESSION, INTERACTED = (
    _by(adjust) for adjust in (estimators.adjust_by_regression, estimators.adjust_interacted)
)


def misses(compare, control, treatment, *, lift=False):
    """How often the 95 % interval misses the truth: a rate of errors with truth 0."""
    truth = treatment.get("mean", 0.0) - control.get("mean", 0.0)

    def run(runs, rng):
        missed = 0
        for size in chunks(runs):
            arms = [normal_arm(rng, size, **arm) for arm in (control, treatment)]
            effect = evaluate(welch.METHOD, compare(*arms))
            lower, upper = effect.lower, effect.upper
            true = truth
            if lift:
                lower, upper, true = effect.lift_lower, effect.lift_upper, truth / control["mean"]
            missed += int(((lower > true) | (upper < true)).sum())
        return missed, runs

    return run


def chunks(runs):
    return [min(CHUNK, runs - start) for start in range(0, runs, CHUNK)]


def units(rng, runs, n, slope, effect):
    """Skewed covariates, and outcomes that depend on them not linearly and differently by arm."""
    x = rng.exponential(size=(runs, n, 2))
    noise = rng.normal(size=(runs, n)) * (0.5 + x[..., 0])
    y = effect + slope * (x[..., 0] - 1) + 0.3 * (x[..., 1] ** 2 - 2) + noise
    values = np.concatenate([y[..., None], x], axis=2)
    mean = values.mean(axis=1)
    away = values - mean[:, None, :]
    c2 = np.swapaxes(away, 1, 2) @ away
    return estimators.CrossMoments(np.full(runs, float(n)), mean, (c2 + np.swapaxes(c2, 1, 2)) / 2)


def misses_with_units(compare, sizes, slopes):
    def run(runs, rng):
        missed = 0
        for size in chunks(runs):
            for part in [1_000] * (size // 1_000) + [size % 1_000]:
                arms = [
                    units(rng, part, n, slope, 0.2 * i)
                    for i, (n, slope) in enumerate(zip(sizes, slopes, strict=True))
                ]
                effect = evaluate(welch.METHOD, compare(*arms))
                missed += int(((effect.lower > 0.2) | (effect.upper < 0.2)).sum())
        return missed, runs

    return run


def misses_of_strata(sizes, shares, means, effects, *, merge=False, lift=False):
    """Strata of normal units, their numbers as chance has it; the truth is the population's."""
    shares, means, effects = (np.asarray(v, float) for v in (shares, means, effects))
    truth = float(shares @ effects)

    def run(runs, rng):
        missed = 0
        for size in chunks(runs):
            arms = []
            for n, mean in zip(sizes, (means, means + effects), strict=True):
                counts = rng.multinomial(n, shares, size).astype(float)
                some = np.maximum(counts, 1)
                spread = np.where(counts > 1, rng.chisquare(np.maximum(counts - 1, 1)), 0.0)
                found = mean + rng.normal(size=counts.shape) / np.sqrt(some)
                arms.append(Moments(*(v.reshape(-1) for v in (counts, found, spread))))
            group = np.repeat(np.arange(size), shares.size)
            if merge:
                *arms, group = estimators.merge_sparse(*arms, group)
            effect = evaluate(welch.METHOD, estimators.post_stratify(*arms, group))
            lower, upper, true = effect.lower, effect.upper, truth
            if lift:
                lower, upper, true = effect.lift_lower, effect.lift_upper, truth / (shares @ means)
            missed += int((~((lower <= true) & (upper >= true))).sum())
        return missed, runs

    return run


def ratio_misses(runs, rng):
    missed = 0
    for size in chunks(runs):
        for part in [500] * (size // 500) + [size % 500]:
            arms = []
            for n in (150, 300):
                latent = rng.gamma(4, 0.5, (part, n))
                den, den_cov = 1 + rng.poisson(3, (2, part, n))
                noise = rng.normal(size=(2, part, n))
                values = np.stack(
                    [latent * den + noise[0], den, latent * den_cov + noise[1], den_cov], axis=2
                )
                mean = values.mean(axis=1)
                away = values - mean[:, None, :]
                c2 = np.swapaxes(away, 1, 2) @ away
                c2 = (c2 + np.swapaxes(c2, 1, 2)) / 2
                found = estimators.CrossMoments(np.full(part, float(n)), mean, c2)
                arms.append(estimators.as_ratios(found, [(0, 1), (2, 3)]))
            effect = evaluate(welch.METHOD, REGRESSION(*arms))
            missed += int((effect.p_value < 0.05).sum())
    return missed, runs


def rate_misses(runs, rng):
    """Users who bought before and after, counted in four cells."""
    arms = []
    for n in (400, 1_600):
        cells = rng.multinomial(n, [0.55, 0.15, 0.1, 0.2], runs).astype(float)  # 00, 10, 01, 11
        y, x, both = cells[:, 1] + cells[:, 3], cells[:, 2] + cells[:, 3], cells[:, 3]
        mean = np.column_stack([y, x]) / n
        c2 = np.empty((runs, 2, 2))
        c2[:, 0, 0], c2[:, 1, 1] = y * (1 - y / n), x * (1 - x / n)
        c2[:, 0, 1] = c2[:, 1, 0] = both - y * x / n
        arms.append(estimators.CrossMoments(np.full(runs, float(n)), mean, c2))
    effect = evaluate(welch.METHOD, cuped()(*arms))
    return int((effect.p_value < 0.05).sum()), runs


def less_precise(compare):
    """How often adjustment has the larger standard error: 20 % control, opposite slopes."""

    def run(runs, rng):
        worse = 0
        for size in chunks(runs):
            control = normal_arm(rng, size, 400, [3.0])
            treatment = normal_arm(rng, size, 1_600, [-1.5])
            adjusted = compare(control, treatment)
            worse += int((adjusted.std_error > plain(control, treatment).std_error).sum())
        return worse, runs

    return run
