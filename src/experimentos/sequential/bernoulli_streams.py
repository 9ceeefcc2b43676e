"""Test of two rates that is always valid without any approximation, however rare the events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import xlog1py, xlogy

from experimentos.arguments import not_negative, one_of, positive
from experimentos.errors import ArgumentError
from experimentos.sequential.looks import anytime_p_value
from experimentos.sequential.normal_mixture import SIDES

if TYPE_CHECKING:
    import numpy.typing as npt

    from experimentos.moments import FloatArray

PRIOR_EVENTS = 0.18


def log_e_process(
    events_control: npt.ArrayLike, n_control: npt.ArrayLike,
    events_treatment: npt.ArrayLike, n_treatment: npt.ArrayLike, *,
    prior_events: npt.ArrayLike = PRIOR_EVENTS, side: str = "two-sided",
) -> FloatArray:  # fmt: skip
    r"""Logarithm of the evidence against equal rates, after each block of new units.

    Parameters
    ----------
    events_control, n_control, events_treatment, n_treatment : array of shape (k, blocks)
        Events and units that are new in each block, such as a day or a pair of units, in order
        along the last axis. How the units fall into blocks must not depend on their events.
    prior_events : float
        Events, and as many non-events, that each arm is given before the first block.
    side : {"two-sided", "greater", "less"}
        Direction looked for; "greater": treatment above control.

    Returns
    -------
    array of shape (k, blocks)
        At most ``log(1/alpha)`` after all blocks together with probability ``1 - alpha``, for any
        common rate; NaN from a NaN block on.

    Raises
    ------
    ArgumentError
        If shapes differ, a count is negative, there are more events than units, or an option is
        outside what is allowed.

    Notes
    -----
    A block multiplies the evidence by the likelihood at the rates :math:`\theta_c, \theta_t`
    estimated from earlier blocks over that at their mean weighted by the block's units [1]_. Its
    expectation is at most 1 whatever the common rate, so nothing is approximated. It learns only
    from one block to the next: many small blocks find more than few large ones, and the first is
    always worth 1. One-sided, blocks before which the estimates point the other way count as 1.

    References
    ----------
    .. [1] R. Turner, A. Ly, P. Gruenwald (2024), "Generic E-variables for exact sequential
       k-sample tests that allow for optional stopping", Journal of Statistical Planning and
       Inference 230, 106116.

    Examples
    --------
    >>> pairs = np.array([[1.0, 1.0]])  # an event of treatment only, twice; uniform priors
    >>> np.exp(log_e_process(0 * pairs, pairs, pairs, pairs, prior_events=1)).round(4)
    array([[1.    , 1.7778]])
    """
    one_of("side", side, SIDES)
    prior = positive("prior_events", prior_events)
    x_c, n_c, x_t, n_t = _checked(
        {
            "events_control": events_control,
            "n_control": n_control,
            "events_treatment": events_treatment,
            "n_treatment": n_treatment,
        }
    )
    rate_c, rate_t = _rate_before(x_c, n_c, prior), _rate_before(x_t, n_t, prior)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(n_c + n_t == 0, 0.5, n_t / (n_c + n_t))
        common = rate_c + weight * (rate_t - rate_c)
        gain = (
            _log_likelihood(x_c, n_c, rate_c)
            - _log_likelihood(x_c, n_c, common)
            + _log_likelihood(x_t, n_t, rate_t)
            - _log_likelihood(x_t, n_t, common)
        )
    if side != "two-sided":
        toward = rate_t > rate_c if side == "greater" else rate_t < rate_c
        gain = np.where(toward | np.isnan(gain), gain, 0.0)
    return np.asarray(np.cumsum(gain, axis=-1))


def streams_p_value(
    events_control: npt.ArrayLike, n_control: npt.ArrayLike,
    events_treatment: npt.ArrayLike, n_treatment: npt.ArrayLike, *,
    prior_events: npt.ArrayLike = PRIOR_EVENTS, side: str = "two-sided", running: bool = False,
) -> FloatArray:  # fmt: skip
    """Always-valid p-value of equal rates, after each block of new units.

    Parameters
    ----------
    events_control, n_control, events_treatment, n_treatment : array of shape (k, blocks)
        As in `log_e_process`.
    prior_events : float
        As in `log_e_process`.
    side : {"two-sided", "greater", "less"}
        As in `log_e_process`.
    running : bool
        Report the smallest so far.

    Returns
    -------
    array of shape (k, blocks)
        ``min(1, 1/e)``.

    Raises
    ------
    ArgumentError
        As `log_e_process` does.
    """
    evidence = log_e_process(
        events_control, n_control, events_treatment, n_treatment,
        prior_events=prior_events, side=side,
    )  # fmt: skip
    if running:
        evidence = np.fmax.accumulate(evidence, axis=-1)
    return anytime_p_value(evidence)


def _rate_before(events: FloatArray, n: FloatArray, prior: FloatArray) -> FloatArray:
    """Rate estimated from the blocks before each."""
    x_before = np.cumsum(events, axis=-1) - events
    n_before = np.cumsum(n, axis=-1) - n
    return np.asarray((x_before + prior) / (n_before + 2 * prior))


def _log_likelihood(events: FloatArray, n: FloatArray, rate: FloatArray) -> FloatArray:
    return np.asarray(xlogy(events, rate) + xlog1py(n - events, -rate))


def _checked(counts: dict[str, npt.ArrayLike]) -> list[FloatArray]:
    arrays = {name: not_negative(name, value) for name, value in counts.items()}
    shapes = {name: array.shape for name, array in arrays.items()}
    if len(set(shapes.values())) > 1 or not all(shapes.values()):
        msg = f"counts must have one shape (k, blocks), got {shapes}"
        raise ArgumentError(msg)
    for arm in ("control", "treatment"):
        events, n = arrays[f"events_{arm}"], arrays[f"n_{arm}"]
        too_many = events > n
        if too_many.any():
            msg = (
                f"`events_{arm}` must be at most `n_{arm}`, got {float(events[too_many][0])!r} "
                f"of {float(n[too_many][0])!r}"
            )
            raise ArgumentError(msg)
    return list(arrays.values())
