"""Buckets made of units, as the warehouse makes them."""

from dataclasses import fields

import numpy as np

from experimentos.moments import JOINT_VARIABLES, JointMoments
from experimentos.rerandomise import Cells

NAMES = [field.name for field in fields(JointMoments)]


def cells_of(bucket, day, n_buckets=None, **values):
    """Moments of the units of each bucket and day, by the textbook."""
    bucket, day = np.asarray(bucket), np.asarray(day)
    keys, place = np.unique(np.stack([bucket, day], axis=1), axis=0, return_inverse=True)
    n = np.bincount(place).astype(float)
    columns = {name: np.full(n.size, np.nan) for name in NAMES} | {"n": n}
    mean = {name: np.bincount(place, weights=x) / n for name, x in values.items()}
    for i, x in enumerate(JOINT_VARIABLES):
        if x not in values:
            continue
        columns[f"mean_{x}"] = mean[x]
        for y in JOINT_VARIABLES[i:]:
            if y in values:
                products = (values[x] - mean[x][place]) * (values[y] - mean[y][place])
                name = f"m2_{x}" if x == y else f"c2_{x}_{y}"
                columns[name] = np.bincount(place, weights=products)
    cubes = np.bincount(place, weights=(values["num"] - mean["num"][place]) ** 3)
    count = n_buckets or int(bucket.max()) + 1
    return Cells(keys[:, 0], keys[:, 1], JointMoments(**columns), count, cubes)


def moments_of(**values):
    """Joint moments of units as one sample."""
    units = next(iter(values.values())).size
    cells = cells_of(np.zeros(units, dtype=int), np.zeros(units, dtype=int), **values)
    return cells.moments
