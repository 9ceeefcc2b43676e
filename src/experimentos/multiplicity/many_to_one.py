"""Dunnett's comparisons of many arms with one control, in one step or step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from experimentos.arguments import numbers, probability
from experimentos.errors import ArgumentError
from experimentos.moments import divide
from experimentos.multiplicity.blocks import family_blocks, sort_rows
from experimentos.multiplicity.correction import (
    Correction,
    Hypotheses,
    check,
    decide,
    per_hypothesis,
)
from experimentos.multiplicity.shared_control import SharedControl
from experimentos.student import upper_quantile

if TYPE_CHECKING:
    from experimentos.estimators import Comparison
    from experimentos.moments import BoolArray, FloatArray, IntArray
    from experimentos.multiplicity.blocks import Block

_CELLS = 2**12


def dunnett(
    p: FloatArray,
    family: IntArray,
    *,
    level: FloatArray,
    sizes: FloatArray | None = None,
    loading: FloatArray | None = None,
    control: IntArray | None = None,
    df: FloatArray | None = None,
    two_sided: bool = False,
) -> Correction:
    r"""Dunnett's single-step correction within families of comparisons with one control.

    Parameters
    ----------
    p : array of shape (k,)
        Unadjusted p-values of normal or t statistics.
    family : array of int, shape (k,)
        Family of each hypothesis, numbered from 0.
    level : array of shape (k,)
        Family-wise error rate, equal within a family; one-sided where `p` is.
    sizes : array of shape (k,), optional
        Hypotheses in the family; at least those given. Those without a row are paid for as by
        Bonferroni. Default: those given.
    loading : array of shape (k,)
        Correlation of each comparison with its control (`control_loading`): with equal variances
        :math:`\sqrt{n_t / (n_t + n_c)}`. NaN where unknown: paid for as by Bonferroni.
    control : array of int, shape (k,), optional
        Number of the control sample within the family: comparisons of several metrics have one
        for each metric. Default: one in a family. Between controls the correction is Bonferroni's.
    df : array of shape (k,), optional
        Degrees of freedom; exact where all comparisons of a family share one variance estimate
        and so one value, otherwise each is judged by its own [3]_. Default: p-values are turned
        into normal statistics, which is much faster and right where there are many units.
    two_sided : bool
        Whether `p` and `level` are two-sided.

    Returns
    -------
    Correction, fields of shape (k,)
        `level` is the error rate of one comparison at Dunnett's critical value: intervals with it
        are simultaneous.

    Raises
    ------
    ArgumentError
        If `loading` is missing, or an argument is outside what is allowed.

    Notes
    -----
    :math:`\tilde p_i = P(\max_j T_j \ge t_i)` for statistics with correlations
    :math:`\lambda_i \lambda_j` [1]_ [2]_, exact by `tail_of_largest`; with several controls the sum
    of these over controls.

    References
    ----------
    .. [1] C. W. Dunnett (1955), Journal of the American Statistical Association 50, 1096-1121.
    .. [2] C. W. Dunnett (1964), Biometrics 20, 482-491.
    .. [3] M. Hasler, L. A. Hothorn (2008), Biometrical Journal 50, 793-800.

    Examples
    --------
    Dunnett's own example (1955): blood counts of 6, 4 and 5 animals.

    >>> p = np.array([0.20410851, 0.00153532])  # one-sided, one variance of all, 12 df
    >>> loading = np.sqrt([4 / 10, 5 / 11])
    >>> correction = dunnett(
    ...     p, np.zeros(2, dtype=int), level=np.full(2, 0.05), loading=loading, df=np.full(2, 12.0)
    ... )
    >>> correction.p_value.round(4)
    array([0.325 , 0.0029])
    """
    given = check(p, family, level)
    controls = _controls(given, loading, control, df, two_sided=two_sided)
    return _correct(given, sizes, controls, step_down=False)


def step_down_dunnett(
    p: FloatArray,
    family: IntArray,
    *,
    level: FloatArray,
    sizes: FloatArray | None = None,
    loading: FloatArray | None = None,
    control: IntArray | None = None,
    df: FloatArray | None = None,
    two_sided: bool = False,
) -> Correction:
    r"""Dunnett's correction step by step: what is rejected no longer counts.

    Parameters
    ----------
    p : array of shape (k,)
        Unadjusted p-values of normal or t statistics.
    family : array of int, shape (k,)
        Family of each hypothesis, numbered from 0.
    level : array of shape (k,)
        Family-wise error rate, equal within a family; one-sided where `p` is.
    sizes : array of shape (k,), optional
        As in `dunnett`.
    loading : array of shape (k,)
        As in `dunnett`.
    control : array of int, shape (k,), optional
        As in `dunnett`.
    df : array of shape (k,), optional
        As in `dunnett`.
    two_sided : bool
        As in `dunnett`.

    Returns
    -------
    Correction, fields of shape (k,)
        `level` is the error rate of one comparison at the critical value of the step at which it
        was rejected, or at which the procedure stopped. As with Holm's procedure, intervals with
        it agree with the test but are not simultaneous.

    Raises
    ------
    ArgumentError
        If `loading` is missing, or an argument is outside what is allowed.

    Notes
    -----
    :math:`\tilde p_{(i)} = \max_{j \le i} P(\max_{l \ge j} T_{(l)} \ge t_{(j)})` [1]_: closed
    testing with the test of the largest statistic. It rejects all that `dunnett` and `holm` do.

    References
    ----------
    .. [1] C. W. Dunnett, A. C. Tamhane (1991), Statistics in Medicine 10, 939-947.

    Examples
    --------
    >>> p, loading = np.array([0.04, 0.00153532]), np.sqrt([4 / 10, 5 / 11])
    >>> step_down_dunnett(
    ...     p, np.zeros(2, dtype=int), level=np.full(2, 0.05), loading=loading, df=np.full(2, 12.0)
    ... ).p_value.round(4)
    array([0.04  , 0.0029])
    """
    given = check(p, family, level)
    controls = _controls(given, loading, control, df, two_sided=two_sided)
    return _correct(given, sizes, controls, step_down=True)


def dunnett_critical_value(
    loading: npt.ArrayLike,
    *,
    level: npt.ArrayLike,
    df: npt.ArrayLike | None = None,
    two_sided: bool = False,
) -> FloatArray:
    """Critical value that many comparisons with one control share.

    Parameters
    ----------
    loading : array of shape (k, m)
        Correlation of each of ``m`` comparisons with the control; NaN where there is none.
    level : float, or array of shape (k,)
        Family-wise error rate.
    df : float, or array of shape (k,), optional
        Degrees of freedom. Default: normal statistics.
    two_sided : bool
        Whether `level` is two-sided.

    Returns
    -------
    array of shape (k,)
        Intervals of this many standard errors are simultaneous.

    Raises
    ------
    ArgumentError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> equal = np.full((1, 3), np.sqrt(0.5))  # Dunnett's tables: 2.34 one-sided, 2.76 two-sided
    >>> dunnett_critical_value(equal, level=0.05, df=10).round(3)
    array([2.338])
    >>> dunnett_critical_value(equal, level=0.05, df=10, two_sided=True).round(3)
    array([2.759])
    """
    loadings = _check_loading(numbers("loading", loading))
    if loadings.ndim != 2:
        msg = f"`loading` must be of shape (k, m), got shape {loadings.shape}"
        raise ArgumentError(msg)
    rows = len(loadings)
    alpha = probability("level", level, (rows,))
    sets = SharedControl(
        loadings,
        np.zeros(loadings.shape, dtype=np.int64),
        np.zeros(rows),
        _check_df(np.inf if df is None else df, np.empty(rows)),
        two_sided,
    )
    single = sets.single(alpha)
    return upper_quantile(sets.df, single / 2 if two_sided else single)


def control_loading(comparison: Comparison) -> FloatArray:
    r"""Correlation of the difference between two means with the mean of control.

    Parameters
    ----------
    comparison : Comparison, fields of shape (k,)
        Two means with their variances.

    Returns
    -------
    array of shape (k,)
        From 0 to 1; NaN where the standard error is undefined.

    Notes
    -----
    :math:`\lambda = \sqrt{(v_c - c) / (v_c + v_t - 2 c)}` with the variances of the means and
    their covariance: two differences with one control correlate by the product of theirs.

    Examples
    --------
    >>> from experimentos.estimators import compare
    >>> from experimentos.moments import Moments
    >>> arms = Moments(n=[20.0], mean=[0.0], m2=[19.0]), Moments(n=[60.0], mean=[0.0], m2=[59.0])
    >>> control_loading(compare(*arms))  # the square root of 60 / 80
    array([0.8660254])
    """
    shared = divide(comparison.var_control - comparison.covariance, comparison.std_error**2)
    return np.sqrt(np.clip(shared, 0.0, 1.0))


@dataclass(frozen=True)
class _Controls:
    """What the comparisons know of their controls; fields of shape (k,)."""

    loading: FloatArray
    control: IntArray
    df: FloatArray
    two_sided: bool


def _controls(
    given: Hypotheses,
    loading: FloatArray | None,
    control: IntArray | None,
    df: FloatArray | None,
    *,
    two_sided: bool,
) -> _Controls:
    if loading is None:
        msg = (
            "`loading` must be given for Dunnett's correction: the correlation of each comparison "
            "with its control, such as `control_loading` computes, got None"
        )
        raise ArgumentError(msg)
    shape = given.p.shape
    samples = np.zeros(shape, dtype=np.int64) if control is None else np.asarray(control)
    if samples.shape != shape or samples.dtype.kind not in "iu":
        msg = (
            f"`control` must be whole numbers of shape {shape}, got {samples.dtype} {samples.shape}"
        )
        raise ArgumentError(msg)
    loadings = _check_loading(per_hypothesis("loading", loading, given.p))
    degrees = _check_df(np.inf if df is None else df, given.p)
    return _Controls(loadings, samples.astype(np.int64), degrees, two_sided)


def _check_loading(loading: FloatArray) -> FloatArray:
    outside = (loading < 0) | (loading > 1)
    if outside.any():
        msg = f"`loading` must be between 0 and 1 or NaN, got {float(loading[outside][0])!r}"
        raise ArgumentError(msg)
    return loading


def _check_df(df: npt.ArrayLike, like: FloatArray) -> FloatArray:
    degrees = per_hypothesis("df", df, like)
    if (degrees <= 0).any():
        msg = f"`df` must be above 0 or NaN, got {float(degrees[degrees <= 0][0])!r}"
        raise ArgumentError(msg)
    return degrees


def _correct(
    given: Hypotheses, sizes: FloatArray | None, controls: _Controls, *, step_down: bool
) -> Correction:
    # Where the degrees of freedom are undefined, so is the p-value.
    known = Hypotheses(np.where(np.isnan(controls.df), np.nan, given.p), given.family, given.level)
    defined = None if sizes is None else per_hypothesis("sizes", sizes, given.p)
    adjusted, tested = np.empty_like(given.p), np.empty_like(given.p)
    for block in family_blocks(given.family, cells=_CELLS):
        p = np.fmin(block.gather(known.p, 1.0), 1.0)
        alpha, more = block.first(given.level), block.sizes(defined) - block.sizes(None)
        found = (_step_by_step if step_down else _at_once)(block, controls, p, alpha, more)
        columns = np.broadcast_to(np.arange(block.shape[1]), block.shape)
        for values, out in zip(found, (adjusted, tested), strict=True):
            block.scatter(values, out, order=columns)
    return decide(known, adjusted, tested)


def _at_once(
    block: Block, controls: _Controls, p: FloatArray, alpha: FloatArray, more: FloatArray
) -> tuple[FloatArray, FloatArray]:
    width = block.shape[1]
    sets = _sets(block, controls, more, np.ones((*block.shape, width), dtype=bool))
    adjusted = sets.joint(p.reshape(-1)).reshape(block.shape)
    df = sets.df.reshape(block.shape)
    if (df == df[:, :1]).all():
        first = sets.take(np.arange(block.shape[0]) * width)
        return adjusted, np.repeat(first.single(alpha[:, 0])[:, None], width, axis=1)
    return adjusted, sets.single(np.repeat(alpha[:, 0], width)).reshape(block.shape)


def _step_by_step(
    block: Block, controls: _Controls, p: FloatArray, alpha: FloatArray, more: FloatArray
) -> tuple[FloatArray, FloatArray]:
    no_smaller = p[:, None, :] >= p[:, :, None]
    joint = _sets(block, controls, more, no_smaller).joint(p.reshape(-1)).reshape(block.shape)
    order, _ = sort_rows(p)
    largest = np.maximum.accumulate(np.take_along_axis(joint, order, axis=1), axis=1)
    adjusted = np.empty_like(joint)
    np.put_along_axis(adjusted, order, largest, axis=1)
    rejected = adjusted <= alpha
    tested_with = np.where(rejected[:, :, None], no_smaller, ~rejected[:, None, :])
    sets = _sets(block, controls, more, tested_with)
    return adjusted, sets.single(np.repeat(alpha[:, 0], block.shape[1])).reshape(block.shape)


def _sets(block: Block, controls: _Controls, more: FloatArray, chosen: BoolArray) -> SharedControl:
    """For each hypothesis the set of those chosen, of shape (families, width, width)."""
    loading = block.gather(controls.loading, np.nan)
    hypothesis = True if block.given is None else block.given
    unknown = (chosen & (np.isnan(loading) & hypothesis)[:, None, :]).sum(axis=2)
    width = block.shape[1]
    control = block.gather(controls.control.astype(np.float64), 0.0).astype(np.int64)
    df = block.gather(controls.df, np.inf)
    return SharedControl(
        np.where(chosen, loading[:, None, :], np.nan).reshape(-1, width),
        np.repeat(control, width, axis=0),
        (more + unknown).reshape(-1),
        np.where(np.isnan(df), np.inf, df).reshape(-1),
        controls.two_sided,
    )
