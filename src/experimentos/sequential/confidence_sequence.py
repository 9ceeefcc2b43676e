"""Asymptotic confidence sequences for any difference of means, tuned by a planned size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experimentos.arguments import one_of, positive, probability
from experimentos.sequential import tuning
from experimentos.sequential.always_valid import MINIMUM_UNITS
from experimentos.sequential.looks import (
    AlwaysValid,
    evaluate_mixture,
    has_enough,
    per_comparison,
)
from experimentos.sequential.normal_mixture import SIDES

if TYPE_CHECKING:
    import numpy.typing as npt

    from experimentos.estimators import Comparison


def asymptotic_sequence(
    comparison: Comparison, *, alpha: npt.ArrayLike = 0.05,
    planned_n: npt.ArrayLike = tuning.PLANNED_N, tuned_alpha: npt.ArrayLike | None = None,
    side: str = "two-sided", null: npt.ArrayLike = 0.0, minimum_n: float = MINIMUM_UNITS,
    minimum_events: float | None = None, running: bool = False,
) -> AlwaysValid:  # fmt: skip
    r"""Confidence sequence for a difference of means, rates, ratios or adjusted means.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,) or (k, looks)
        Cumulative means with their variances, at one look or with looks along the last axis.
    alpha : float or array of shape (k,)
        Error rate of the limits over all looks together, of both sides or of the one.
    planned_n : float or array of shape (k,)
        Units in each arm at which the sequence is tightest. It must be fixed before the first look
        and kept: tuning it to what was seen loses the promise.
    tuned_alpha : float or array of shape (k,), optional
        Error rate the mixture is tuned for. Default: `alpha`. The p-value depends on it and not
        on `alpha`; give it to have limits at several levels that agree with one p-value.
    side : {"two-sided", "greater", "less"}
        Direction of the effects looked for; "greater" has a lower limit only.
    null : float or array of shape (k,)
        Difference under the null hypothesis (its worst case, one-sided), in metric units.
    minimum_n : float
        Units in each arm before which nothing is said: the burn-in of the normal approximation.
    minimum_events : float, optional
        For rates: events and non-events in each arm before which nothing is said.
    running : bool
        Report the smallest p-value and the intersection of intervals so far (last axis) instead
        of those of each look.

    Returns
    -------
    AlwaysValid, fields of the shape of the comparison
        NaN before the minima and where the standard error is undefined or 0.

    Raises
    ------
    ArgumentError
        If an option is outside what is allowed or does not fit the shape.

    Notes
    -----
    With :math:`r = \rho^2 n` the ratio of the mixture's variance to that of the estimate,
    :math:`d \pm \hat\sigma_d \sqrt{\frac{1 + r}{r} \{\log(1 + r) - 2 \log \alpha\}}` [1]_. Both
    variances are in units of :math:`\hat\sigma^2`, so r depends on units and not on the spread;
    :math:`\rho` is such that the width is least at `planned_n`. One-sided limits invert the
    half-normal mixture itself, and not the closed bound on it in [1]_, which is wider. The promise
    is for the limit of many units at the start: heavy tails need a larger `minimum_n`.

    For a limit on the lift, or a statistic of another test, take `normal_mixture.nominal_level` at
    `tuning.information` as the tail of that method.

    References
    ----------
    .. [1] I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy, A. Ramdas (2024), "Time-uniform
       central limit theory and asymptotic confidence sequences", Annals of Statistics 52,
       2613-2640.

    Examples
    --------
    >>> from experimentos.estimators import compare
    >>> from experimentos.moments import Moments
    >>> control = Moments(n=[44700.0], mean=[8502 / 44700], m2=[6884.9])  # Cookie Cats
    >>> treatment = Moments(n=[45489.0], mean=[8279 / 45489], m2=[6772.2])
    >>> found = asymptotic_sequence(compare(control, treatment), planned_n=45_000)
    >>> found.p_value.round(4), found.lower.round(5), found.upper.round(5)
    (array([0.035]), array([-0.01607]), array([-0.00033]))
    """
    one_of("side", side, SIDES)
    shape = comparison.df.shape
    level = per_comparison("alpha", probability("alpha", alpha), shape)
    tuned = level
    if tuned_alpha is not None:
        tuned = per_comparison("tuned_alpha", probability("tuned_alpha", tuned_alpha), shape)
    information = tuning.information(
        comparison.n_control,
        comparison.n_treatment,
        alpha=tuned,
        planned_n=per_comparison("planned_n", positive("planned_n", planned_n), shape),
        side=side,
    )
    found = evaluate_mixture(
        comparison,
        information,
        has_enough(comparison, minimum_n, minimum_events),
        alpha=level,
        side=side,
        null=per_comparison("null", null, shape),
    )
    return found.so_far() if running else found
