"""A line through the unit square, and two beta densities along it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, log_expit

from experimentos.bayes.logit_beta import fall_points, log_fall, log_peak, logistic_growth

if TYPE_CHECKING:
    from experimentos.moments import FloatArray, IntArray

NEWTON_STEPS, PATIENCE = 80, 8
FURTHEST = 740.0


@dataclass(frozen=True)
class Arms:
    """Two independent beta variables, X of control and Y of treatment.

    Parameters
    ----------
    a_c, b_c, a_t, b_t : array of shape (k,)
        Their parameters.
    points_c, points_t : array of shape (9, k)
        Where their log densities have fallen by given amounts, as logits.
    """

    a_c: FloatArray
    b_c: FloatArray
    a_t: FloatArray
    b_t: FloatArray
    points_c: FloatArray
    points_t: FloatArray

    @classmethod
    def of(cls, a_c: FloatArray, b_c: FloatArray, a_t: FloatArray, b_t: FloatArray) -> Arms:
        """Find the points.

        Parameters
        ----------
        a_c, b_c, a_t, b_t : array of shape (k,)
            Parameters of X and Y.

        Returns
        -------
        Arms, fields of shape (k,)
            With the points.
        """
        return cls(a_c, b_c, a_t, b_t, fall_points(a_c, b_c), fall_points(a_t, b_t))

    def take(self, index: IntArray) -> Arms:
        """Choose rows.

        Parameters
        ----------
        index : array of int
            Their positions.

        Returns
        -------
        Arms
            The rows chosen.
        """
        return Arms(*(getattr(self, field.name)[..., index] for field in fields(self)))


@dataclass(frozen=True)
class Line:
    """A line ``y = slope x + shift``.

    Parameters
    ----------
    slope, shift, rest : array of shape (k,)
        `rest` is ``1 - slope - shift``, given because it may be far smaller than its terms.
    """

    slope: FloatArray
    shift: FloatArray
    rest: FloatArray


@dataclass(frozen=True)
class Frame:
    """A reference point on the line, and the densities there.

    Along the line x runs from `low` to ``1 - high_rest``, and y from `y_low` to ``1 -
    y_high_rest``, as `span` times the logistic function of s. Nodes are offsets of s from the
    reference, so that nothing cancels where peaks are narrow.

    Parameters
    ----------
    a_c, b_c, a_t, b_t : array of shape (k,)
        Parameters of X and Y.
    slope, low, high_rest, y_low, y_high_rest, span : array of shape (k,)
        The line inside the square.
    share, rest_share : array of shape (k,)
        The logistic function of s at the reference, and its complement.
    x, x_rest, y, y_rest : array of shape (k,)
        The rates at the reference, and their complements.
    log_c, log_t : array of shape (k,)
        Logarithms of the densities of X and Y there, by s.
    depth : array of shape (k,)
        What the product of the densities has fallen by from its largest conceivable value.
    """

    a_c: FloatArray
    b_c: FloatArray
    a_t: FloatArray
    b_t: FloatArray
    slope: FloatArray
    low: FloatArray
    high_rest: FloatArray
    y_low: FloatArray
    y_high_rest: FloatArray
    span: FloatArray
    share: FloatArray
    rest_share: FloatArray
    x: FloatArray
    x_rest: FloatArray
    y: FloatArray
    y_rest: FloatArray
    log_c: FloatArray
    log_t: FloatArray
    depth: FloatArray

    def take(self, index: IntArray) -> Frame:
        """Choose rows.

        Parameters
        ----------
        index : array of int
            Their positions.

        Returns
        -------
        Frame
            The rows chosen.
        """
        return Frame(*(getattr(self, field.name)[index] for field in fields(self)))

    @property
    def centre(self) -> FloatArray:
        """Place of the reference, s."""
        return np.asarray(np.log(self.share) - np.log(self.rest_share))

    @property
    def bend(self) -> FloatArray:
        """Minus the second derivative by s of the log of the product, at its peak."""
        run = self.span * self.share * self.rest_share
        return _bend(
            (self.a_c, self.b_c, self.x, self.x_rest, run),
            (self.a_t, self.b_t, self.y, self.y_rest, self.slope * run),
        )

    def rates(self, offset: FloatArray) -> tuple[FloatArray, ...]:
        """Find x, 1 - x, y and 1 - y at an offset from the reference.

        Parameters
        ----------
        offset : array of shape (k,)
            Of s.

        Returns
        -------
        tuple of four arrays of shape (k,)
            Each with its digits.
        """
        growth, decay, _ = logistic_growth(self.share, self.rest_share, offset)
        up = self.span * self.share * np.exp(growth)
        down = self.span * self.rest_share * np.exp(decay)
        return (
            self.low + up,
            self.high_rest + down,
            self.y_low + self.slope * up,
            self.y_high_rest + self.slope * down,
        )

    def log_densities(
        self, growth: FloatArray, decay: FloatArray, step: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Logarithms of the densities of X and Y over the stretch of the line.

        Parameters
        ----------
        growth, decay, step : array of shape (nodes, k)
            From `logistic_growth`.

        Returns
        -------
        tuple of array of shape (nodes, k)
            To be raised by ``growth + decay`` for densities by s.
        """
        up, down = self.rest_share * step, -self.share * step
        unit, rest_unit = self.span * self.share, self.span * self.rest_share
        x = _log_ratio(self.low / self.x, unit / self.x, up, growth)
        x_rest = _log_ratio(self.high_rest / self.x_rest, rest_unit / self.x_rest, down, decay)
        unit, rest_unit = self.slope * unit, self.slope * rest_unit
        y = _log_ratio(self.y_low / self.y, unit / self.y, up, growth)
        y_rest = _log_ratio(self.y_high_rest / self.y_rest, rest_unit / self.y_rest, down, decay)
        return (
            self.log_c + (self.a_c - 1) * x + (self.b_c - 1) * x_rest,
            self.log_t + (self.a_t - 1) * y + (self.b_t - 1) * y_rest,
        )


def frame_at(arms: Arms, line: Line, share: FloatArray, rest: FloatArray) -> Frame:
    """Place the reference.

    Parameters
    ----------
    arms : Arms, fields of shape (k,)
        The two variables.
    line : Line, fields of shape (k,)
        The line.
    share, rest : array of shape (k,)
        How far along it, and the rest of the way: from `reference`.

    Returns
    -------
    Frame, fields of shape (k,)
        With the densities there.
    """
    low, high_rest, y_low, y_high_rest, span = _square(line)
    x, x_rest = low + span * share, high_rest + span * rest
    y, y_rest = y_low + line.slope * span * share, y_high_rest + line.slope * span * rest
    fall_c = log_fall(arms.a_c, arms.b_c, x, x_rest)
    fall_t = log_fall(arms.a_t, arms.b_t, y, y_rest)
    stretch = span * share * rest
    return Frame(
        arms.a_c, arms.b_c, arms.a_t, arms.b_t, line.slope, low, high_rest, y_low, y_high_rest,
        span, share, rest, x, x_rest, y, y_rest,
        log_c=fall_c + log_peak(arms.a_c, arms.b_c) + np.log(stretch / (x * x_rest)),
        log_t=fall_t + log_peak(arms.a_t, arms.b_t) + np.log(line.slope * stretch / (y * y_rest)),
        depth=-fall_c - fall_t,
    )  # fmt: skip


def reference(arms: Arms, line: Line) -> tuple[FloatArray, FloatArray]:
    """Peak of the product of the densities along the line, roughly, by Newton in a bracket.

    Parameters
    ----------
    arms : Arms, fields of shape (k,)
        The two variables.
    line : Line, fields of shape (k,)
        The line.

    Returns
    -------
    share : array of shape (k,)
        How far along the line.
    rest : array of shape (k,)
        The rest of the way.
    """
    low, high_rest, y_low, y_high_rest, span = _square(line)
    mode_c = place(arms.points_c[4], low, high_rest)
    mode_t = place(arms.points_t[4], y_low, y_high_rest)
    least = np.maximum(np.minimum(mode_c, mode_t), -FURTHEST)
    greatest = np.minimum(np.maximum(mode_c, mode_t), FURTHEST)
    weight = arms.a_t * arms.b_t / (arms.a_t + arms.b_t)
    weight = weight / (weight + arms.a_c * arms.b_c / (arms.a_c + arms.b_c))
    start_c = np.where(np.isfinite(mode_c), mode_c, mode_t)
    start_t = np.where(np.isfinite(mode_t), mode_t, mode_c)
    s = (1 - weight) * start_c + weight * start_t
    s = np.where(np.isfinite(s), s, (least + greatest) / 2)
    moving = ~np.isnan(s)
    for step in range(NEWTON_STEPS):
        share, rest = expit(s), expit(-s)
        x, x_rest = low + span * share, high_rest + span * rest
        y, y_rest = y_low + line.slope * span * share, y_high_rest + line.slope * span * rest
        run = span * share * rest
        rise = line.slope * run
        gain = run * (arms.a_c / x - arms.b_c / x_rest) + rise * (arms.a_t / y - arms.b_t / y_rest)
        least, greatest = np.where(gain > 0, s, least), np.where(gain < 0, s, greatest)
        bend = _bend((arms.a_c, arms.b_c, x, x_rest, run), (arms.a_t, arms.b_t, y, y_rest, rise))
        following = s + gain / bend
        inside = (following >= least) & (following <= greatest)
        # In an exponential tail Newton's method moves by steps of 1: bisection gets out of it.
        halve = step > PATIENCE and step % 2 == 0
        following = np.where(inside & (not halve), following, (least + greatest) / 2)
        s, moving = np.where(moving, following, s), moving & ((following - s) ** 2 * bend > 0.01)
        if not moving.any():
            break
    return expit(s), expit(-s)


def place(logits: FloatArray, low: FloatArray, high_rest: FloatArray) -> FloatArray:
    """Where rates lie along the line.

    Parameters
    ----------
    logits : array of shape (..., k)
        Logits of the rates.
    low, high_rest : array of shape (k,)
        Where the line begins and, from 1, ends.

    Returns
    -------
    array of shape (..., k)
        Values of s; infinite where they lie off the line.
    """
    above = np.log(np.maximum(expit(logits) - low, 0.0))
    below = np.log(np.maximum(expit(-logits) - high_rest, 0.0))
    return np.where(low == 0, log_expit(logits), above) - np.where(
        high_rest == 0, log_expit(-logits), below
    )


def _square(line: Line) -> tuple[FloatArray, ...]:
    """Where the line enters and leaves the unit square, and how far x runs between."""
    y_low, y_high_rest = np.maximum(line.shift, 0.0), np.maximum(line.rest, 0.0)
    low = np.maximum(-line.shift, 0.0) / line.slope
    high_rest = np.maximum(-line.rest, 0.0) / line.slope
    whole = (line.shift >= 0) & (line.rest >= 0)
    span = np.where(whole, 1.0, (1 - y_low - y_high_rest) / line.slope)
    return low, high_rest, y_low, y_high_rest, span


def _bend(*variables: tuple[FloatArray, ...]) -> FloatArray:
    # Squares of quotients: those of tiny rates would underflow.
    parts = [
        a * (by_s / rate) ** 2 + b * (by_s / rest) ** 2 for a, b, rate, rest, by_s in variables
    ]
    return np.asarray(sum(parts))


def _log_ratio(
    fixed: FloatArray, moving: FloatArray, change: FloatArray, log_moved: FloatArray
) -> FloatArray:
    """Logarithm of ``fixed + moving exp(log_moved)``, which is 1 at the reference."""
    relative = moving * change
    if not (relative <= -0.5).any():
        return np.log1p(relative)
    far = np.where(fixed == 0, log_moved, np.log(fixed + moving * np.exp(log_moved)))
    return np.where(relative > -0.5, np.log1p(np.maximum(relative, -0.5)), far)
