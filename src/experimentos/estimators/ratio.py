"""Moments of a mean, and of a ratio of means by the delta method."""

from __future__ import annotations

import numpy as np

from experimentos.moments import JointMoments, Moments, divide, without_rounding


def mean(joint: JointMoments) -> Moments:
    """Moments of the numerator alone.

    Parameters
    ----------
    joint : JointMoments, fields of shape (k,)
        Joint moments of each arm.

    Returns
    -------
    Moments, fields of shape (k,)
        Spread that is only rounding of equal values is 0.
    """
    m2 = without_rounding(joint.n, joint.mean_num, joint.m2_num)
    return Moments(n=joint.n, mean=joint.mean_num, m2=m2)


def ratio(joint: JointMoments) -> Moments:
    r"""Moments of a ratio of means, linearised by the delta method.

    Parameters
    ----------
    joint : JointMoments, fields of shape (k,)
        Joint moments of each arm.

    Returns
    -------
    Moments, fields of shape (k,)
        `mean` is ``mean_num / mean_den``; `m2` is that of the linearised variable. NaN where
        the mean denominator is 0.

    Notes
    -----
    Linearised at the arm's own ratio :math:`R`: :math:`z = (x - R y)/\bar y`, so that
    :math:`M_2(z) = (M_2(x) - 2 R C(x, y) + R^2 M_2(y))/\bar y^2` [1]_.

    References
    ----------
    .. [1] A. Deng, U. Knoblich, J. Lu (2018), KDD, 233-242, section 3.1.

    Examples
    --------
    >>> joint = JointMoments.of_mean([4.0], [2.0], [10.0])
    >>> ratio(joint).m2  # a mean is a ratio with denominator 1
    array([10.])
    """
    value = divide(joint.mean_num, joint.mean_den)
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        m2 = joint.m2_num - 2 * value * joint.c2_num_den + value**2 * joint.m2_den
        # Terms that cancel to less than their rounding carry no spread.
        size = joint.m2_num + value**2 * joint.m2_den
        m2 = np.where(m2 <= 8e-16 * size, 0.0, m2) + 0 * joint.m2_num
    m2 = divide(divide(m2, joint.mean_den), joint.mean_den)
    return Moments(n=joint.n, mean=value, m2=without_rounding(joint.n, value, m2))
