"""The Miettinen-Nurminen score statistic for two proportions, without its N/(N-1) factor.

Computed on the rarer kind of outcome and with the lower rate first, so that no digit is lost at
rates near 0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from experimentos.estimators import Comparison
from experimentos.inference.effect import Effect, Interval, Method, Null, Tails, evaluate
from experimentos.inference.roots import find_roots
from experimentos.moments import FloatArray, Moments, _ArrayStruct

NEWTON_STEPS = 6


@dataclass(frozen=True)
class Counts(_ArrayStruct):
    """Events and units of two arms, one element per comparison.

    Parameters
    ----------
    x_c, n_c, x_t, n_t : array of shape (k,)
        Events and units of control and treatment.
    """

    x_c: FloatArray
    n_c: FloatArray
    x_t: FloatArray
    n_t: FloatArray

    @property
    def difference(self) -> FloatArray:
        """Treatment rate minus control rate, through non-events where those are rarer."""
        with np.errstate(divide="ignore", invalid="ignore"):
            by_events = self.x_t / self.n_t - self.x_c / self.n_c
            by_rest = (self.n_c - self.x_c) / self.n_c - (self.n_t - self.x_t) / self.n_t
        rare = self.x_c + self.x_t <= (self.n_c + self.n_t) / 2
        return np.where(rare, by_events, by_rest)


def counts(comparison: Comparison) -> Counts:
    """Events and units behind the rates of a comparison.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.

    Returns
    -------
    Counts, fields of shape (k,)
        NaN in all fields where a rate is outside 0 to 1 or an arm has no units.
    """
    n_c, n_t = comparison.n_control, comparison.n_treatment
    with np.errstate(invalid="ignore"):
        x_c, x_t = np.rint(comparison.mean_control * n_c), np.rint(comparison.mean_treatment * n_t)
        valid = (n_c >= 1) & (n_t >= 1) & (x_c >= 0) & (x_c <= n_c) & (x_t >= 0) & (x_t <= n_t)
    return Counts(*(np.where(valid, values, np.nan) for values in (x_c, n_c, x_t, n_t)))


def tails(comparison: Comparison, null: Null) -> Tails:
    """One-sided p-values against a difference or a ratio of rates.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    null : Null, fields of shape (k,)
        Boundary: weight 1 with any shift, or any weight with shift 0.

    Returns
    -------
    Tails, fields of shape (k,)
        At weight 1 and shift 0 the pooled score test. NaN where no event or only events happened.
    """
    data = counts(comparison)
    statistic = difference_statistic(data, null.shift)
    relative = null.weight != 1
    if relative.any():
        statistic = np.where(relative, ratio_statistic(data, null.weight), statistic)
    return Tails(less=ndtr(statistic), greater=ndtr(-statistic))


def interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Limits for the difference of two rates, by inverting the score test.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Within -1 and 1.
    """
    data, critical = counts(comparison), -ndtri(tail)
    return Interval(_difference_limit(data, critical, -1.0), _difference_limit(data, critical, 1.0))


def lift_interval(comparison: Comparison, tail: FloatArray) -> Interval:
    """Limits for the lift of a rate, by inverting the score test of the ratio.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Whose means are rates over units.
    tail : array of shape (k,)
        One-sided error rate of each limit.

    Returns
    -------
    Interval, fields of shape (k,)
        Fractions; NaN where control has no event.
    """
    data, critical = counts(comparison), -ndtri(tail)
    return Interval(_lift_limit(data, critical, -1.0), _lift_limit(data, critical, 1.0))


def score(control: Moments, treatment: Moments, *, alpha: float = 0.05) -> Effect:
    r"""Test and intervals for two proportions by the score statistic.

    Parameters
    ----------
    control, treatment : Moments, fields of shape (k,)
        Rates over units; events are ``mean * n``.
    alpha : float
        Two-sided error rate; intervals have coverage ``1 - alpha``.

    Returns
    -------
    Effect, fields of shape (k,)
        `std_error` is the unpooled one; test and intervals do not use it.

    Notes
    -----
    :math:`z = (\hat p_t - \hat p_c - d)/s`, :math:`s^2 = \tilde p_t \tilde q_t/n_t + \tilde p_c
    \tilde q_c/n_c`, with the rates :math:`\tilde p` of largest likelihood given the difference
    :math:`d` [1]_ [2]_, and likewise for a ratio. Without the factor N/(N-1) of [1]_ the test of
    no difference is the pooled one exactly.

    References
    ----------
    .. [1] O. Miettinen, M. Nurminen (1985), Statistics in Medicine 4, 213-226.
    .. [2] R. W. Mee (1984), Biometrics 40, 1175-1176.

    Examples
    --------
    >>> from experimentos.moments import Moments
    >>> control = Moments([44700.0], [8502 / 44700], [0.0])  # Cookie Cats, retention after 7 days
    >>> treatment = Moments([45489.0], [8279 / 45489], [0.0])
    >>> score(control, treatment).p_value.round(9)
    array([0.00155425])
    """
    return evaluate(METHOD, compare_rates(control, treatment), alpha=alpha)


def compare_rates(control: Moments, treatment: Moments) -> Comparison:
    """Set two arms side by side with the binomial variances of their rates.

    Parameters
    ----------
    control, treatment : Moments, fields of shape (k,)
        Rates over units; `m2` is not read.

    Returns
    -------
    Comparison, fields of shape (k,)
        Degrees of freedom are infinite.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        variances = [
            np.where(a.n > 0, np.maximum(a.mean * (1 - a.mean), 0.0) / a.n, np.nan)
            for a in (control, treatment)
        ]
    return Comparison(
        n_control=control.n, n_treatment=treatment.n,
        mean_control=control.mean, mean_treatment=treatment.mean,
        var_control=variances[0], var_treatment=variances[1],
        covariance=np.zeros_like(control.n), df=np.full_like(control.n, np.inf),
    )  # fmt: skip


def difference_statistic(data: Counts, difference: FloatArray) -> FloatArray:
    """Score statistic against a difference of rates.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.
    difference : array of shape (k,)
        Difference at the boundary, between -1 and 1.

    Returns
    -------
    array of shape (k,)
        Standard normal at the boundary; NaN where its variance is 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = difference_deviation(data, difference)
        return np.where(deviation > 0, (data.difference - difference) / deviation, np.nan)


def difference_deviation(data: Counts, difference: FloatArray) -> FloatArray:
    """Deviation of the difference of rates when it truly is a given one.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.
    difference : array of shape (k,)
        True difference.

    Returns
    -------
    array of shape (k,)
        From the rates of largest likelihood.
    """
    common = data.x_c + data.x_t > (data.n_c + data.n_t) / 2
    x_c = np.where(common, data.n_c - data.x_c, data.x_c)
    x_t = np.where(common, data.n_t - data.x_t, data.x_t)
    gap = np.where(common, -difference, difference)
    swap = gap < 0  # the arm with the lower rate comes first
    x_low, x_high = np.where(swap, x_t, x_c), np.where(swap, x_c, x_t)
    n_low, n_high = np.where(swap, data.n_t, data.n_c), np.where(swap, data.n_c, data.n_t)
    gap = np.abs(gap)
    low = _lower_rate(x_low, n_low, x_high, n_high, gap)
    high = np.minimum(low + gap, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt(low * (1 - low) / n_low + high * (1 - high) / n_high))


def ratio_statistic(data: Counts, ratio: FloatArray) -> FloatArray:
    """Score statistic against a ratio of rates, treatment to control.

    Parameters
    ----------
    data : Counts, fields of shape (k,)
        Events and units.
    ratio : array of shape (k,)
        Ratio at the boundary, 0 or more.

    Returns
    -------
    array of shape (k,)
        Standard normal at the boundary; NaN where its variance is 0.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        deviation = _ratio_deviation(data, ratio)
        contrast = data.x_t / data.n_t - ratio * (data.x_c / data.n_c)
        return np.where(deviation > 0, contrast / deviation, np.nan)


def _ratio_deviation(data: Counts, ratio: FloatArray) -> FloatArray:
    """Deviation of ``p_t - ratio * p_c`` when it truly is 0."""
    from_control, from_treatment = ratio * (data.n_t + data.x_c), data.n_c + data.x_t
    rest = (data.n_t - data.x_t) * (data.n_c - data.x_c)
    root = np.sqrt((from_control - from_treatment) ** 2 + 4 * ratio * rest)
    control = 2 * (data.x_c + data.x_t) / (from_control + from_treatment + root)
    control = np.minimum(control, 1.0)
    treatment = np.minimum(ratio * control, 1.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        variance = (
            treatment * (1 - treatment) / data.n_t + ratio**2 * control * (1 - control) / data.n_c
        )
        return np.asarray(np.sqrt(variance))


def _lower_rate(
    x_low: FloatArray, n_low: FloatArray, x_high: FloatArray, n_high: FloatArray, gap: FloatArray
) -> FloatArray:
    """Rate of largest likelihood of one arm when the other's is larger by a gap of 0 or more.

    A root of a cubic: in closed form, then polished, because the closed form loses half its
    digits where two roots are close.
    """
    units, events = n_low + n_high, x_low + x_high
    cubic = (
        units,
        (n_high + 2 * n_low) * gap - units - events,
        (n_low * gap - units - 2 * x_low) * gap + events,
        x_low * gap * (1 - gap),
    )
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        rate = _polish(cubic, _closed_form(cubic), np.zeros_like(gap), 1 - gap)
        # No event in the lower arm: one root is 0 and the other is that of a quadratic.
        root = np.sqrt(np.maximum(cubic[1] ** 2 - 4 * units * cubic[2], 0.0))
        quadratic = 2 * cubic[2] / (root - cubic[1])
        none = np.where(cubic[2] <= 0, 0.0, np.minimum(quadratic, 1 - gap))
        rate = np.where(x_low == 0, none + 0 * gap, rate)
        return np.where(gap == 0, events / units, rate)


def _closed_form(cubic: tuple[FloatArray, ...]) -> FloatArray:
    """Middle root of a cubic with three real roots, by cosines."""
    c3, c2, c1, c0 = cubic
    centre = c2 / (3 * c3)
    q = centre**3 - c1 * c2 / (6 * c3**2) + c0 / (2 * c3)
    radius = np.where(q < 0, -1.0, 1.0) * np.sqrt(np.maximum(centre**2 - c1 / (3 * c3), 0.0))
    cosine = np.where(radius == 0, 0.0, q / radius**3)
    angle = (np.pi + np.arccos(np.clip(cosine, -1, 1))) / 3
    return np.asarray(2 * radius * np.cos(angle) - centre)


def _polish(
    cubic: tuple[FloatArray, ...], rate: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Newton steps kept inside a bracket where the cubic falls from above 0 to below."""
    c3, c2, c1, c0 = cubic
    rate = np.clip(rate, low, high)
    for _ in range(NEWTON_STEPS):
        value = ((c3 * rate + c2) * rate + c1) * rate + c0
        slope = (3 * c3 * rate + 2 * c2) * rate + c1
        low, high = np.where(value > 0, rate, low), np.where(value < 0, rate, high)
        step = np.where(value == 0, 0.0, value / slope)
        following = rate - step
        inside = (following >= low) & (following <= high)
        rate = np.where(inside, following, np.where(np.isnan(value), np.nan, (low + high) / 2))
    return rate


def _difference_limit(data: Counts, critical: FloatArray, side: float) -> FloatArray:
    """Difference on one side of the estimate where the statistic is at the critical value."""
    estimate = data.difference
    room = np.maximum(1 - side * estimate, 0.0)

    def excess(distance: FloatArray) -> FloatArray:
        there = np.clip(estimate + side * distance, -1.0, 1.0)
        return distance - critical * difference_deviation(data, there)

    with np.errstate(divide="ignore", invalid="ignore"):
        guess = critical * difference_deviation(data, estimate)
        guess = guess + critical**2 / np.minimum(data.n_c, data.n_t)
        high = np.minimum(2 * guess, room)
        high = np.where(excess(high) >= 0, high, room)
        low = np.minimum(guess / 4, high)
        # Not 0: where all units, or none, had the event it is a root, but not the one meant.
        low = np.where(excess(low) <= 0, low, 1e-9 * guess)
    distance = find_roots(excess, low, high, tolerance=1e-15 * guess)
    return estimate + side * distance


def _lift_limit(data: Counts, critical: FloatArray, side: float) -> FloatArray:
    """Lift on one side of the estimate where the ratio statistic is at the critical value."""
    with np.errstate(divide="ignore", invalid="ignore"):
        p_c, p_t = data.x_c / data.n_c, data.x_t / data.n_t
        centre = np.log((data.x_t + 0.5) / (data.n_t + 0.5) * (data.n_c + 0.5) / (data.x_c + 0.5))
        step = critical * np.sqrt(1 / (data.x_t + 0.5) + 1 / (data.x_c + 0.5)) + 1e-9
        estimate = np.log(p_t / p_c)

    def excess(log_ratio: FloatArray) -> FloatArray:
        ratio = np.exp(log_ratio)
        return (side * (ratio * p_c - p_t) - critical * _ratio_deviation(data, ratio)) / ratio

    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        near = np.where(data.x_t > 0, estimate + side * 1e-9 * step, centre - 50.0)
        far = centre + side * 2 * step
        for _ in range(8):
            far = np.where(excess(far) < 0, centre + 2 * (far - centre), far)
        low, high = np.minimum(near, far), np.maximum(near, far)
        log_ratio = find_roots(excess, low, high, tolerance=1e-15 * step)
        limit = np.expm1(log_ratio)
    if side < 0:
        limit = np.where(data.x_t == 0, -1.0, limit)
    return np.where(data.x_c > 0, limit, np.nan)


METHOD = Method(tails=tails, interval=interval, lift_interval=lift_interval)
