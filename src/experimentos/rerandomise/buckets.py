"""Moments of buckets of units, and of the arms that buckets are dealt to."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from experimentos.errors import MomentsError
from experimentos.moments import JOINT_VARIABLES, FloatArray, JointMoments, without_rounding

if TYPE_CHECKING:
    from experimentos.moments import BoolArray, IntArray

COUNTED = ("proportion", "retention", "funnel")
TYPES = (*COUNTED, "mean", "ratio")


@dataclass(frozen=True)
class Kind:
    """What is measured.

    Parameters
    ----------
    metric_type : str
        One of `TYPES`.
    has_covariate : bool
        Whether the estimate is adjusted where its pre-check holds.
    """

    metric_type: str
    has_covariate: bool = False

    def __post_init__(self) -> None:
        """Check the type."""
        if self.metric_type not in TYPES:
            msg = f"`metric_type` must be one of {list(TYPES)}, got {self.metric_type!r}"
            raise MomentsError(msg)

    @property
    def is_counted(self) -> bool:
        """Whether units have the event or not."""
        return self.metric_type in COUNTED

    @property
    def is_ratio(self) -> bool:
        """Whether there is a denominator."""
        return self.metric_type == "ratio"

    @property
    def variables(self) -> tuple[str, ...]:
        """Those of `JOINT_VARIABLES` that vary."""
        present = {"num": True, "den": self.is_ratio, "num_cov": self.has_covariate}
        present["den_cov"] = self.is_ratio and self.has_covariate
        return tuple(name for name in JOINT_VARIABLES if present[name])


@dataclass(frozen=True)
class Cells:
    """Moments of the units of a bucket that enter on one day, one element per bucket and day.

    Parameters
    ----------
    bucket : array of int, shape (k,)
        Numbered from 0.
    day : array of int, shape (k,)
        Day at whose end the units are there for the first time, counted from any day.
    moments : JointMoments, fields of shape (k,)
        NaN in what the metric does not have.
    n_buckets : int
        Buckets in all: some may have no units.
    m3_num : array of shape (k,), optional
        Sums of cubed deviations of the numerator; needed where arms are of different size and
        values are skewed. NaN where they are not known. Default: of none.
    """

    bucket: IntArray
    day: IntArray
    moments: JointMoments
    n_buckets: int
    m3_num: FloatArray | None = None

    def __post_init__(self) -> None:
        """Check that buckets are within their number."""
        if self.bucket.size and not 0 <= int(self.bucket.min()) <= int(self.bucket.max()) < (
            self.n_buckets
        ):
            msg = f"`bucket` must be between 0 and {self.n_buckets - 1}"
            raise MomentsError(msg)

    @property
    def n_units(self) -> int:
        """Units in all."""
        return int(self.moments.n.sum())

    @property
    def days(self) -> IntArray:
        """Days on which units enter, in order."""
        return np.unique(self.day)


@dataclass(frozen=True)
class Arm:
    """Units that were dealt to one arm, one element per run and look.

    Parameters
    ----------
    moments : JointMoments, fields of shape (k,)
        Of them.
    m3_num : array of shape (k,)
        Sum of cubed deviations of the numerator; NaN where it is not known.
    """

    moments: JointMoments
    m3_num: FloatArray


@dataclass(frozen=True)
class Sums:
    """Sums over the units of each bucket that are there at each look.

    Values are taken from the mean of all units: nothing cancels but what chance puts into arms.

    Parameters
    ----------
    values : array of shape (buckets, looks, features)
        Units, the sum of each variable, of each product of two, and of cubes of the first.
    centre : array of shape (variables,)
        Mean of all units at the last look.
    kind : Kind
        What is measured.
    """

    values: FloatArray
    centre: FloatArray
    kind: Kind

    @property
    def total(self) -> FloatArray:
        """Sums over all buckets, of shape (looks, features)."""
        return np.asarray(self.values.sum(axis=0))

    def of_arms(self, treated: BoolArray) -> tuple[Arm, Arm]:
        """Deal the buckets to two arms.

        Parameters
        ----------
        treated : array of bool, shape (runs, buckets)
            Whether the bucket is treated.

        Returns
        -------
        control, treatment : Arm, fields of shape (runs * looks,)
            Looks of a run stand together.
        """
        buckets, looks, features = self.values.shape
        flat = self.values.reshape(buckets, looks * features)
        dealt = treated.astype(np.float64) @ flat
        rest = flat.sum(axis=0) - dealt
        return tuple(  # type: ignore[return-value]
            Arm(self._moments(sums), self._cubes(sums))
            for sums in (part.reshape(-1, features) for part in (rest, dealt))
        )

    def _cubes(self, sums: FloatArray) -> FloatArray:
        """Cubed deviations from the mean of the arm, added up: one element per row."""
        n, square = sums[:, 0], 1 + len(self.kind.variables)
        with np.errstate(divide="ignore", invalid="ignore"):
            apart = sums[:, 1] / n
            return np.asarray(sums[:, -1] - 3 * apart * sums[:, square] + 2 * n * apart**3)

    def _moments(self, sums: FloatArray) -> JointMoments:
        """Joint moments from centred sums, one element per row."""
        names = self.kind.variables
        n = np.rint(sums[:, 0])
        found = {field.name: np.full(n.size, np.nan) for field in fields(JointMoments)}
        found |= {"n": n}
        for name in found:
            if not self.kind.is_ratio and "den" in name.split("_"):
                found[name] = np.full(n.size, 1.0 if name.startswith("mean") else 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            apart = [np.where(n > 0, sums[:, 1 + i] / n, np.nan) for i in range(len(names))]
            for i, name in enumerate(names):
                found[f"mean_{name}"] = self.centre[i] + apart[i]
            for place, (i, j) in enumerate(pairs_of(len(names)), start=1 + len(names)):
                product = sums[:, place] - n * apart[i] * apart[j]
                if i == j:
                    mean = found[f"mean_{names[i]}"]
                    product = without_rounding(n, mean, np.maximum(product, 0.0))
                found[("m2_" if i == j else "c2_") + _spelled(names, i, j)] = product
            if self.kind.is_counted:
                rate = np.rint(found["mean_num"] * n) / n
                found |= {"mean_num": rate, "m2_num": n * rate * (1 - rate)}
        return JointMoments(**found)


def pairs_of(count: int) -> list[tuple[int, int]]:
    """Pairs of variables whose products are summed.

    Parameters
    ----------
    count : int
        Number of variables.

    Returns
    -------
    list of tuple
        Smaller number first, each with itself too.
    """
    return [(i, j) for i in range(count) for j in range(i, count)]


def add_up(cells: Cells, kind: Kind, days: IntArray) -> Sums:
    """Sum the units of each bucket up to the end of each day.

    Parameters
    ----------
    cells : Cells
        Of the buckets.
    kind : Kind
        What is measured.
    days : array of int, shape (looks,)
        Increasing; units that enter later are left out.

    Returns
    -------
    Sums
        Of shape (buckets, looks, features).
    """
    look = np.searchsorted(days, cells.day)
    kept = look < days.size
    moments, bucket, look = cells.moments.take(kept), cells.bucket[kept], look[kept]
    n, names = moments.n, kind.variables
    means = [getattr(moments, f"mean_{name}") for name in names]
    whole = max(float(n.sum()), 1.0)
    centre = np.array([float((n * mean).sum()) / whole for mean in means])
    apart = [mean - middle for mean, middle in zip(means, centre, strict=True)]
    columns = [n, *(n * each for each in apart)]
    for i, j in pairs_of(len(names)):
        within = getattr(moments, ("m2_" if i == j else "c2_") + _spelled(names, i, j))
        columns.append(within + n * apart[i] * apart[j])
    cubes = np.full(n.shape, np.nan) if cells.m3_num is None else cells.m3_num[kept]
    columns.append(cubes + 3 * apart[0] * moments.m2_num + n * apart[0] ** 3)
    size = cells.n_buckets * days.size
    place = bucket * days.size + look
    values = np.stack([np.bincount(place, weights=each, minlength=size) for each in columns])
    stacked = values.reshape(len(columns), cells.n_buckets, days.size).cumsum(axis=2)
    return Sums(np.ascontiguousarray(stacked.transpose(1, 2, 0)), centre, kind)


def deal(n_buckets: int, share: float, runs: int, generator: np.random.Generator) -> BoolArray:
    """Deal buckets to a treatment arm at random, the same number in each run.

    Parameters
    ----------
    n_buckets : int
        Buckets.
    share : float
        Part of them that is treated, between 0 and 1; at least one bucket is in either arm.
    runs : int
        How often.
    generator : numpy.random.Generator
        Source of chance.

    Returns
    -------
    array of bool, shape (runs, buckets)
        True for treated buckets.
    """
    count = min(max(round(share * n_buckets), 1), n_buckets - 1)
    first = np.arange(n_buckets) < count
    treated = np.empty((runs, n_buckets), dtype=np.bool_)
    for run in range(runs):
        treated[run] = generator.permutation(first)
    return treated


def _spelled(names: tuple[str, ...], i: int, j: int) -> str:
    return names[i] if i == j else f"{names[i]}_{names[j]}"
