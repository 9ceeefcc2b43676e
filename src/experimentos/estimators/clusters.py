r"""Designs that assign whole clusters: stores, schools, households, or users with many events.

The cluster is then the unit, and the mean over observations is a ratio: the sum of a cluster's
values over its size. `experimentos.estimators.ratio` of these moments is the estimate, and
its variance is right whatever the correlation inside a cluster [1]_. With :math:`m` clusters and
residual totals :math:`e_g = \sum_{i \in g} (y_i - \bar y)` of an arm with :math:`N` observations,

.. math:: V(\bar y) = \frac{m}{m - 1} \sum_g \frac{e_g^2}{N^2},

which is the arm's part of the cluster-robust variance CR0 times :math:`m / (m - 1)`. Where all
clusters of an arm have one size it is that of CR2 too, and the test is Welch's on cluster means.
Clusters must lie inside arms: where each has units of both, randomisation was inside them and this
variance leaves out the covariance of the two means.

References
----------
.. [1] A. Deng, U. Knoblich, J. Lu (2018), KDD, 233-242, section 3.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from experimentos.errors import ArgumentError
from experimentos.moments import JointMoments, divide

if TYPE_CHECKING:
    import numpy.typing as npt

    from experimentos.moments import FloatArray, IntArray


def cluster_moments(
    values: npt.ArrayLike, cluster: npt.ArrayLike, *, sample: npt.ArrayLike | None = None
) -> JointMoments:
    """Joint moments over clusters of the sum of values and the number of observations.

    Parameters
    ----------
    values : array of shape (n,)
        Observations, in metric units. Those that are NaN or infinite are left out. Clusters of
        unequal size under a mean that is large beside the spread lose digits: subtract a constant.
    cluster : array of shape (n,)
        Label of the cluster of each observation. One label in two samples is a cluster of each.
    sample : array of int, shape (n,), optional
        Sample (arm) of each observation, numbered from 0; one sample if not given.

    Returns
    -------
    JointMoments, fields of shape (k,)
        One element per sample: `num` is a cluster's sum and `den` its size; without covariates.
        NaN for a sample without observations.

    Raises
    ------
    ArgumentError
        If the arrays are not of one length, or samples are not numbered from 0.

    Examples
    --------
    >>> from experimentos.estimators.ratio import ratio
    >>> by_store = cluster_moments([3.0, 5.0, 4.0, 8.0], ["A", "A", "B", "C"])
    >>> by_store.n, by_store.mean_num, by_store.mean_den
    (array([3.]), array([6.66666667]), array([1.33333333]))
    >>> ratio(by_store).mean  # the mean of the four
    array([5.])
    """
    numbers, code, index = observations(values, cluster, sample)
    return moments_of_clusters(numbers, code, index, int(index.max(initial=-1)) + 1)


def moments_of_clusters(
    values: FloatArray, cluster: IntArray, sample: IntArray, size: int
) -> JointMoments:
    """Joint moments of clusters that are numbered already.

    Parameters
    ----------
    values : array of shape (n,)
        Observations; those that are NaN or infinite are left out.
    cluster, sample : array of int, shape (n,)
        Cluster and sample of each, as `observations` numbers them.
    size : int
        Samples.

    Returns
    -------
    JointMoments, fields of shape (size,)
        As `cluster_moments`.
    """
    keep = np.isfinite(values)
    values, cluster, sample = values[keep], cluster[keep], sample[keep]
    owner = np.zeros(int(cluster.max(initial=-1)) + 1, np.int64)
    owner[cluster] = sample
    num, den = _totals(cluster, values, owner.size), _totals(cluster, 1 + 0 * values, owner.size)
    present = den > 0
    num, den, owner = num[present], den[present], owner[present]

    n = _totals(owner, np.ones(owner.size), size)
    mean_num, mean_den = (divide(_totals(owner, v, size), n) for v in (num, den))
    num, den = num - mean_num[owner], den - mean_den[owner]
    with np.errstate(over="ignore", under="ignore"):
        products = num**2, den**2, num * den
    m2_num, m2_den, c2_num_den = (
        np.where(n > 0, _totals(owner, product, size), np.nan) for product in products
    )
    return without_covariates(
        n, mean_num=mean_num, m2_num=m2_num, mean_den=mean_den, m2_den=m2_den, c2_num_den=c2_num_den
    )


def _totals(group: IntArray, values: FloatArray, size: int) -> FloatArray:
    return np.asarray(np.bincount(group, values, minlength=size), dtype=np.float64)


def without_covariates(
    n: npt.ArrayLike,
    *,
    mean_num: npt.ArrayLike,
    m2_num: npt.ArrayLike,
    mean_den: npt.ArrayLike,
    m2_den: npt.ArrayLike,
    c2_num_den: npt.ArrayLike,
) -> JointMoments:
    """Joint moments of a ratio that has no covariates.

    Parameters
    ----------
    n : array of shape (k,)
        Units.
    mean_num, m2_num, mean_den, m2_den, c2_num_den : array of shape (k,)
        Moments of numerator and denominator, as in `JointMoments`.

    Returns
    -------
    JointMoments, fields of shape (k,)
        NaN for everything about covariates.
    """
    names = JointMoments.__dataclass_fields__
    given = {
        "n": n, "mean_num": mean_num, "m2_num": m2_num,
        "mean_den": mean_den, "m2_den": m2_den, "c2_num_den": c2_num_den,
    }  # fmt: skip
    fields = {name: np.asarray(moment, dtype=np.float64) for name, moment in given.items()}
    none = np.full(fields["n"].shape, np.nan)
    return JointMoments(**{name: fields.get(name, none) for name in names})


def observations(
    values: npt.ArrayLike, cluster: npt.ArrayLike | None, sample: npt.ArrayLike | None
) -> tuple[FloatArray, IntArray, IntArray]:
    """Check raw observations and number the clusters of all samples.

    Parameters
    ----------
    values : array of shape (n,)
        Observations.
    cluster : array of shape (n,), optional
        Labels; each observation is a cluster of its own if not given.
    sample : array of int, shape (n,), optional
        Sample of each, numbered from 0; one sample if not given.

    Returns
    -------
    tuple of three arrays of shape (n,)
        Values as floats, clusters numbered through all samples (some numbers may be left out),
        samples.

    Raises
    ------
    ArgumentError
        If the arrays are not of one length, or samples are not numbered from 0.
    """
    numbers = np.asarray(values, dtype=np.float64)
    labels = np.arange(numbers.size) if cluster is None else np.asarray(cluster)
    index = np.zeros(numbers.size, np.int64) if sample is None else np.asarray(sample)
    shapes = [numbers.shape, labels.shape, index.shape]
    if numbers.ndim != 1 or len(set(shapes)) > 1:
        msg = f"`values`, labels and samples must be of one length, got shapes {shapes}"
        raise ArgumentError(msg)
    is_whole = np.issubdtype(index.dtype, np.integer) or not index.size
    if not is_whole or index.min(initial=0) < 0:
        given = int(index.min()) if is_whole else index.dtype
        msg = f"samples must be whole numbers from 0, got {given}"
        raise ArgumentError(msg)
    index = index.astype(np.int64)
    if cluster is not None:
        labels = _numbered(labels)
        labels = _numbered(index * (int(labels.max(initial=0)) + 1) + labels)
    return numbers, labels, index


def _numbered(labels: npt.NDArray[Any]) -> IntArray:
    """Labels as whole numbers from 0 that are not much larger than the labels are many."""
    is_whole = np.issubdtype(labels.dtype, np.integer) and labels.min(initial=0) >= 0
    if is_whole and labels.max(initial=0) < 4 * labels.size:
        return labels.astype(np.int64)
    return np.asarray(np.unique(labels, return_inverse=True)[1], dtype=np.int64)
