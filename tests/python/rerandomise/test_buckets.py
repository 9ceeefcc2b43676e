"""Buckets dealt to arms have the moments that their units have."""

import sys
from pathlib import Path

import numpy as np
import pytest

from experimentos.errors import MomentsError
from experimentos.moments import JOINT_VARIABLES, second_moments
from experimentos.rerandomise import Cells, Kind, add_up, deal

sys.path.insert(0, str(Path(__file__).parent))
from made import NAMES, cells_of, moments_of

KINDS = [
    Kind("mean"), Kind("mean", has_covariate=True), Kind("ratio"),
    Kind("ratio", has_covariate=True), Kind("proportion"), Kind("proportion", has_covariate=True),
]  # fmt: skip


def values_of(kind, units, generator, shift=0.0):
    num = generator.lognormal(0, 1, units) + shift
    if kind.is_counted:
        num = (generator.random(units) < 0.3).astype(float)
    every = {
        "num": num,
        "den": 1.0 + generator.poisson(2, units),
        "num_cov": num * 0.5 + generator.normal(shift, 1, units),
        "den_cov": generator.poisson(3, units).astype(float),
    }
    return {name: every[name] for name in kind.variables}


@pytest.mark.parametrize("shift", [0.0, 1e9], ids=["plain", "far from zero"])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_arms_have_the_moments_of_their_units_at_every_look(kind, shift):
    generator = np.random.default_rng(5)
    units, days = 700, np.array([2, 3, 7, 11])
    bucket, day = generator.integers(0, 40, units), generator.choice(days, units)
    values = values_of(kind, units, generator, shift)
    sums = add_up(cells_of(bucket, day, 40, **values), kind, days)
    treated = deal(40, 0.3, 3, generator)
    for is_treatment, arm in enumerate(sums.of_arms(treated)):
        for run in range(3):
            for look, until in enumerate(days):
                rows = (treated[run, bucket] == bool(is_treatment)) & (day <= until)
                expected = moments_of(**{name: x[rows] for name, x in values.items()})
                element = 4 * run + look
                cubes = ((values["num"][rows] - values["num"][rows].mean()) ** 3).sum()
                spread = expected.m2_num[0] ** 1.5
                assert abs(arm.m3_num[element] - cubes) <= (1e-6 if shift else 1e-9) * spread
                for name in NAMES:
                    wanted, found = getattr(expected, name)[0], getattr(arm.moments, name)[element]
                    if np.isnan(wanted):
                        constant = float(name.startswith("mean"))
                        of_den = not kind.is_ratio and "den" in name.split("_")
                        assert found == constant if of_den else np.isnan(found)
                        continue
                    x, y = second_moments().get(name, ("num", "num"))
                    scale = np.sqrt(
                        abs(getattr(expected, f"m2_{x}")[0] * getattr(expected, f"m2_{y}")[0])
                    )
                    limit = (
                        (1e-6 if shift else 1e-9) * scale
                        if name[:2] in ("m2", "c2")
                        else 1e-12 * abs(wanted)
                    )
                    assert abs(found - wanted) <= limit, name


def test_a_constant_has_no_spread_left_by_rounding():
    bucket = np.arange(500) % 25
    cells = cells_of(bucket, np.zeros(500, dtype=int), num=np.full(500, 0.1))
    control, _ = add_up(cells, Kind("mean"), np.array([0])).of_arms(
        deal(25, 0.5, 50, np.random.default_rng(1))
    )
    assert np.all(control.moments.m2_num == 0)


def test_units_that_enter_later_are_left_out():
    cells = cells_of(np.array([0, 1, 1]), np.array([1, 1, 2]), num=np.array([1.0, 2.0, 9.0]))
    sums = add_up(cells, Kind("mean"), np.array([1]))
    assert sums.total[-1, 0] == 2
    assert sums.centre == 1.5


def test_buckets_without_units_count_as_buckets():
    cells = cells_of(np.array([0, 3]), np.array([1, 1]), 6, num=np.array([1.0, 2.0]))
    assert add_up(cells, Kind("mean"), np.array([1])).values.shape == (6, 1, 4)


@pytest.mark.parametrize(("share", "count"), [(0.5, 10), (0.04, 1), (0.001, 1), (0.999, 19)])
def test_each_deal_treats_the_same_number_of_buckets(share, count):
    treated = deal(20, share, 200, np.random.default_rng(2))
    assert np.all(treated.sum(axis=1) == count)


def test_every_bucket_is_treated_as_often_as_any_other():
    treated = deal(30, 0.2, 20_000, np.random.default_rng(3))
    share = treated.mean(axis=0)
    assert np.abs(share - 0.2).max() < 5 * np.sqrt(0.2 * 0.8 / 20_000)


def test_what_cannot_be_is_refused():
    cells = cells_of(np.array([0, 3]), np.array([1, 1]), 6, num=np.array([1.0, 2.0]))
    with pytest.raises(MomentsError, match="between 0 and 2"):
        Cells(cells.bucket, cells.day, cells.moments, 3)
    with pytest.raises(MomentsError, match="quantile"):
        Kind("quantile")
    assert set(JOINT_VARIABLES) == set(Kind("ratio", has_covariate=True).variables)
