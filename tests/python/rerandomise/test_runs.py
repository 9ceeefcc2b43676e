"""Whole runs: honest metrics, planted defects, the verdict's own numbers."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from experimentos import tables
from experimentos.errors import ArgumentError
from experimentos.rerandomise import (
    Aim,
    Design,
    Effect,
    Kind,
    Metric,
    add_up,
    compare,
    deal,
    rerandomise,
    seed_of,
)
from experimentos.rerandomise.designs import says_better, says_worse
from experimentos.rerandomise.effects import change

sys.path.insert(0, str(Path(__file__).parent))
from made import NAMES, cells_of

FIXED = Design("fixed", 0.05, np.array([0]))


def metric_of(kind, cells, **given):
    usual = {"name": "m", "role": "success", "aim": Aim(), "design": FIXED}
    return Metric(kind=kind, cells=cells, **(usual | given))


def by_test(rates):
    return {(rate.test, rate.measure): rate for rate in rates}


def hashed(units, buckets, generator):
    return generator.integers(0, buckets, units), np.zeros(units, dtype=int)


def test_the_rate_is_that_of_a_test_on_units():
    """The same deals on single units, each with SciPy's test."""
    generator = np.random.default_rng(1)
    bucket, day = hashed(900, 60, generator)
    x = generator.uniform(0, 4, 900)
    cells = cells_of(bucket, day, 60, num=x)
    found = by_test(rerandomise([metric_of(Kind("mean"), cells)], share=0.4, runs=400, salt="a"))
    treated = deal(60, 0.4, 400, np.random.default_rng([seed_of("a"), 60]))[:, bucket]
    p = [stats.ttest_ind(x[arm], x[~arm], equal_var=False).pvalue for arm in treated]
    rate = found["fixed", "false_positive"]
    assert rate.n_rejected == sum(value <= 0.05 for value in p)
    assert rate.n_rejected > 5


EFFECTS = {
    "metric": "m", "population": "assigned", "segment": "all",
    "segment_value": "all", "basis": "mature", "control": "c", "correction": "holm",
    "spending": "obrien_fleming", "is_deciding": True, "n_phases": 1, "alpha": 0.05,
}  # fmt: skip


def arrow_rows(run, control, treatment, element, more):
    rows = []
    for variant, arm in (("c", control), ("t", treatment)):
        moments = {name: float(getattr(arm.moments, name)[element]) for name in NAMES}
        moments["m3_num"] = float(arm.m3_num[element])
        row = {"variant": variant, "is_control": variant == "c", "n_units": int(moments.pop("n"))}
        row |= {name: None if np.isnan(value) else value for name, value in moments.items()}
        rows.append(EFFECTS | {"experiment_id": str(run)} | row | more)
    return rows


def read(rows, schema):
    empty = dict.fromkeys(schema.names)
    return pa.Table.from_pylist([empty | row for row in rows], schema=schema)


CASES = {
    "rate": (Kind("proportion"), Aim(), "success"),
    "rare": (Kind("retention"), Aim(-1.0), "success"),
    "adjusted": (Kind("mean", has_covariate=True), Aim(), "success"),
    "adjusted rate": (Kind("proportion", has_covariate=True), Aim(), "success"),
    "ratio": (Kind("ratio", has_covariate=True), Aim(-1.0), "success"),
    "margin": (Kind("mean"), Aim(1.0, 0.1, margin_is_relative=True), "guardrail"),
    "rate margin": (Kind("proportion"), Aim(-1.0, 0.05), "guardrail"),
    "explored": (Kind("mean"), Aim(), "explore"),
}


def shop(name, kind, generator):
    units = 1500
    bucket, day = generator.integers(0, 50, units), generator.integers(3, 12, units)
    num = generator.lognormal(0, 1, units)
    if kind.is_counted:
        num = (generator.random(units) < (0.006 if name == "rare" else 0.3)).astype(float)
    every = {"num": num, "den": 1.0 + generator.poisson(2, units),
             "num_cov": num + generator.normal(0, 1, units),
             "den_cov": 1.0 + generator.poisson(3, units)}  # fmt: skip
    return cells_of(bucket, day, 50, **{x: every[x] for x in kind.variables})


@pytest.mark.parametrize("share", [0.5, 0.08])
@pytest.mark.parametrize("design", ["fixed", "group_sequential", "always_valid"])
@pytest.mark.parametrize("name", CASES)
def test_a_run_is_decided_as_the_verdict_would_be(name, design, share):
    """Every look of a few runs through `tables.effects`, as builds of one day after the other."""
    kind, aim, role = CASES[name]
    cells = shop(name, kind, np.random.default_rng(7))
    looks = np.array([2, 5, 8])
    plan = Design(design, 0.3, looks, open_from=1, planned_n=400.0, alpha_harm=0.2)
    metric = metric_of(kind, cells, role=role, aim=aim, design=plan)
    days = cells.days
    sums = add_up(cells, kind, days)
    runs = 12
    treated = deal(50, share, runs, np.random.default_rng(8))
    control, treatment = sums.of_arms(treated)
    expected = by_builds(control, treatment, runs, metric, days)
    found = compare(control, treatment, kind, aim, looks=days.size)
    better = says_better(found, plan, is_counted=kind.is_counted, is_explored=role == "explore")
    worse = says_worse(found, plan, is_counted=kind.is_counted)
    p_fixed = [each["p_value_fixed"] for each in expected]
    np.testing.assert_allclose(found.two_sided[:, -1], p_fixed, rtol=1e-10)
    assert better.tolist() == [each["better"] for each in expected]
    if role != "explore":
        assert worse.tolist() == [each["worse"] for each in expected]
        # Of rare events, and in a small arm, there are too few for an always-valid test to start.
        n_shown = better.sum() + worse.sum()
        assert n_shown > 0 or (name, design) == ("rare", "always_valid") or share < 0.5


def by_builds(control, treatment, runs, metric, days):
    """What builds of all days say of each run: the marts' own entry, with remembered looks."""
    design, level = metric.design, metric.design.alpha / 2
    found, past = [{"better": False, "worse": False} for _ in range(runs)], []
    n_of = [arm.moments.n.reshape(-1, days.size)[:, -1] for arm in (control, treatment)]
    effective = 1 / (1 / n_of[0] + 1 / n_of[1])
    margin = metric.aim.margin if metric.aim.has_margin else None
    for look in range(days.size):
        number = design.looks.tolist().index(look) + 1 if look in design.looks else None
        is_last = look == days.size - 1
        more = {
            "alpha": design.alpha, "alpha_harm": design.alpha_harm, "role": metric.role,
            "metric_type": metric.kind.metric_type,
            "goal": "increase" if metric.aim.sign > 0 else "decrease", "margin": margin,
            "margin_kind": "relative" if metric.aim.margin_is_relative else "absolute",
            "has_covariate": metric.kind.has_covariate, "design": design.name,
            "is_final": is_last, "is_last_look": is_last, "planned_n": design.planned_n,
            "look": number if design.name == "group_sequential" else None,
            "is_open": {"fixed": is_last, "group_sequential": number is not None,
                        "always_valid": look >= design.open_from}[design.name],
        }  # fmt: skip
        rows = []
        for run in range(runs):
            planned = {"planned_effective_n": float(effective[run])}
            element = run * days.size + look
            rows += arrow_rows(run, control, treatment, element, more | planned)
        seen = tables.effects(read(rows, tables.EFFECTS_INPUT), read(past, tables.LOOKS_INPUT))
        for row in seen.to_pylist():
            if row["used_for_decision"]:
                of_run = found[int(row["experiment_id"])]
                p = row["p_value" if margin is None else "p_value_noninferior"]
                is_open = row["is_open"] or (metric.role == "explore" and look >= design.open_from)
                of_run["better"] |= is_open and p is not None and p <= level
                harm = row["p_value_harm"]
                of_run["worse"] |= harm is not None and harm <= design.harm_level
                of_run["p_value_fixed"] = row["p_value_fixed"]
                past += remembered(row, margin) if row["look"] is not None else []
    return found


def remembered(row, margin):
    """The rows of a look as `experimentos__looks` keeps them."""
    same = {name: row[name] for name in tables.LOOKS_INPUT.names if name in row}
    launch = {
        "test": "superior" if margin is None else "noninferior",
        "outcome": "not crossed",
        "p_value": row["p_value"] if margin is None else row["p_value_noninferior"],
    }
    harm = {"test": "harm", "outcome": "not crossed", "statistic": row["statistic_harm"],
            "p_value": row["p_value_harm_planned"]}  # fmt: skip
    return [same | launch, same | harm]


def test_honest_metrics_are_not_flagged():
    generator = np.random.default_rng(21)
    units, buckets = 20_000, 512
    bucket, day = generator.integers(0, buckets, units), generator.integers(0, 10, units)
    x = generator.lognormal(0, 1, units)
    design = Design("group_sequential", 0.05, np.array([4, 9]))
    rates = rerandomise(
        [
            metric_of(Kind("proportion"), cells_of(bucket, day, buckets, num=(x > 2) * 1.0),
                      design=design),
            metric_of(Kind("mean", has_covariate=True),
                      cells_of(bucket, day, buckets, num=x,
                               num_cov=x + generator.normal(0, 1, units)), design=design),
        ],
        share=0.5, runs=2000, salt="b",
    )  # fmt: skip
    assert not any(rate.is_flagged for rate in rates)
    daily = [rate for rate in rates if rate.test == "daily"]
    assert all(rate.rate > 0.1 and rate.is_flagged is None for rate in daily)


def test_events_that_are_treated_as_units_are_flagged():
    """Users are dealt, but the standard error is that of independent orders."""
    generator = np.random.default_rng(22)
    users, buckets = 3000, 256
    orders = 1 + generator.poisson(4, users)
    user = np.repeat(np.arange(users), orders)
    value = generator.normal(0, 1, users)[user] + generator.normal(0, 1, user.size)
    bucket = generator.integers(0, buckets, users)[user]
    wrong = metric_of(Kind("mean"), cells_of(bucket, 0 * bucket, buckets, num=value))
    (rate,) = [r for r in rerandomise([wrong], share=0.5, runs=1000, salt="c")
               if r.test == "fixed"]  # fmt: skip
    assert rate.is_flagged
    assert rate.rate > 0.2
    # As a ratio over users the same numbers are right.
    first = np.arange(users) % buckets
    total = np.bincount(user, weights=value, minlength=users)
    right = metric_of(
        Kind("ratio"), cells_of(first, 0 * first, buckets, num=total, den=orders.astype(float))
    )
    rates = rerandomise([right], share=0.5, runs=1000, salt="c")
    assert not any(rate.is_flagged for rate in rates)


def heavy_tail(n_units: int, shift: float):
    """A few large values decide the error of 4 % of the units: the normal tail is not theirs."""
    generator = np.random.default_rng(23)
    x = np.where(generator.random(n_units) < 0.05, generator.lognormal(3, 2, n_units), 0.0)
    bucket = np.arange(n_units)
    cells = cells_of(bucket, 0 * bucket, n_units, num=x + shift)
    return by_test(rerandomise([metric_of(Kind("mean"), cells)], share=0.04, runs=3000, salt="d"))


def test_of_a_heavy_tail_in_a_small_arm_nothing_is_decided():
    harm = heavy_tail(2000, 0.0)["harm", "false_positive"]
    assert harm.n_undefined > 0.99 * harm.n_runs
    assert not harm.is_flagged


def test_a_heavy_tail_in_a_small_arm_is_flagged_where_its_skewness_is_not_known():
    """So far from 0 the cubes that a warehouse adds up have no digits left."""
    harm = heavy_tail(2000, 1e9)["harm", "false_positive"]
    assert harm.n_undefined == 0
    assert harm.rate > 0.05
    assert harm.is_flagged


@pytest.mark.slow
def test_healthy_metrics_are_rarely_flagged_whatever_the_salt():
    """One in a hundred at most, by the bound's own definition; salts move the rate themselves."""
    generator = np.random.default_rng(24)
    units, buckets, salts = 5000, 64, 150
    x = generator.normal(size=units)
    flagged = beyond_alone = 0
    for salt in range(salts):
        bucket = generator.integers(0, buckets, units)
        metric = metric_of(Kind("mean"), cells_of(bucket, 0 * bucket, buckets, num=x))
        rate = by_test(rerandomise([metric], share=0.5, runs=4000, salt=str(salt)))[
            "fixed", "false_positive"
        ]
        flagged += rate.is_flagged
        beyond_alone += stats.binomtest(rate.n_rejected, 4000, 0.05, "greater").pvalue < 0.01
    assert stats.binom.sf(flagged - 1, salts, 0.01) > 1e-3
    # Without room for the salt a healthy metric is called ill far more often.
    assert beyond_alone > 10


@pytest.mark.parametrize("kind", ["mean", "proportion"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_power_is_that_of_the_effect_put_in(kind, sign):
    generator = np.random.default_rng(25)
    units, mde = 2500, 0.2
    x = (
        (generator.random(units) < 0.3) * 1.0
        if kind == "proportion"
        else generator.lognormal(0, 0.8, units)
    )
    bucket = generator.permutation(units)
    cells = cells_of(bucket, 0 * bucket, units, num=x)
    given = metric_of(Kind(kind), cells, aim=Aim(sign), planned=Effect(sign * mde, True), power=0.8)
    rate = by_test(rerandomise([given], share=0.5, runs=1500, salt="e"))["superior", "power"]
    mean, n = x.mean(), units / 2
    moved = mean * (1 + sign * mde)
    if kind == "proportion":
        error = np.sqrt(mean * (1 - mean) / n + moved * (1 - moved) / n)
    else:
        error = x.std() * np.sqrt((1 + (1 + sign * mde) ** 2) / n)
    expected = stats.norm.cdf(mean * mde / error - stats.norm.isf(0.025))
    assert rate.rate == pytest.approx(expected, abs=4 * np.sqrt(0.25 / 1500) + 0.01)
    assert rate.nominal == 0.8


def test_an_absolute_effect_on_a_ratio_moves_the_ratio_by_it():
    generator = np.random.default_rng(26)
    num, den = generator.normal(5, 2, 400), 1.0 + generator.poisson(3, 400)
    bucket = np.arange(400)
    kind = Kind("ratio")
    sums = add_up(cells_of(bucket, 0 * bucket, num=num, den=den), kind, np.array([0]))
    treated = deal(400, 0.5, 1, generator)
    _, arm = sums.of_arms(treated)
    moved = change(arm, kind, Effect(0.25, False), 1.0, generator, looks=1)
    units = num[treated[0]] + 0.25 * den[treated[0]]
    assert moved.moments.mean_num[0] == pytest.approx(units.mean(), rel=1e-12)
    assert moved.moments.m2_num[0] == pytest.approx(((units - units.mean()) ** 2).sum(), rel=1e-9)
    product = (units - units.mean()) * (den[treated[0]] - den[treated[0]].mean())
    assert moved.moments.c2_num_den[0] == pytest.approx(product.sum(), rel=1e-9)


def test_an_effect_that_no_rate_can_have_is_undefined():
    bucket = np.arange(400)
    cells = cells_of(bucket, 0 * bucket, num=(bucket % 10 < 9) * 1.0)
    given = metric_of(Kind("proportion"), cells, planned=Effect(0.5, True), power=0.8)
    rate = by_test(rerandomise([given], share=0.5, runs=50, salt="f"))["superior", "power"]
    assert rate.n_undefined == 50
    assert rate.rate is None


def test_a_salt_repeats_everything_and_another_does_not():
    generator = np.random.default_rng(27)
    bucket = generator.integers(0, 100, 1000)
    x = (generator.random(1000) < 0.4) * 1.0
    given = metric_of(
        Kind("proportion"), cells_of(bucket, 0 * bucket, 100, num=x), planned=Effect(0.3, True)
    )
    first, again, other = (
        rerandomise([given], share=0.5, runs=600, salt=salt) for salt in ("g", "g", "h")
    )
    assert first == again
    assert first != other


def test_a_metric_without_spread_has_no_rate():
    bucket = np.arange(300)
    rates = rerandomise(
        [metric_of(Kind("mean"), cells_of(bucket, 0 * bucket, num=np.full(300, 2.0)))],
        share=0.5, runs=20, salt="i",
    )  # fmt: skip
    assert {rate.rate for rate in rates} == {None}


def test_units_of_one_day_have_no_daily_rate():
    bucket = np.arange(300)
    metric = metric_of(Kind("mean"), cells_of(bucket, 0 * bucket, num=bucket * 1.0))
    assert "daily" not in {rate.test for rate in rerandomise([metric], share=0.5, runs=5, salt="j")}
    later = cells_of(bucket, bucket % 5, num=bucket * 1.0)
    for enters, tests in ((True, True), (False, False)):
        given = metric_of(Kind("mean"), later, enters_by_day=enters)
        found = rerandomise([given], share=0.5, runs=5, salt="j")
        assert ("daily" in {rate.test for rate in found}) == tests


def test_what_is_wrong_is_named():
    few = cells_of(np.arange(150), np.zeros(150, dtype=int), num=np.arange(150.0))
    with pytest.raises(ArgumentError, match="at least 200 units .* there are 150"):
        metric_of(Kind("mean"), few)
    many = cells_of(np.arange(250), np.zeros(250, dtype=int), num=np.arange(250.0))
    with pytest.raises(ArgumentError, match="role"):
        metric_of(Kind("mean"), many, role="other")
    metric = metric_of(Kind("mean"), many)
    for wrong in ({"share": 1.0, "runs": 5}, {"share": 0.5, "runs": 0}):
        with pytest.raises(ArgumentError):
            rerandomise([metric], salt="k", **wrong)
    with pytest.raises(ArgumentError, match="weekly"):
        Design("weekly", 0.05, np.array([0]))
    with pytest.raises(ArgumentError, match="alpha"):
        Design("fixed", 1.5, np.array([0]))
    with pytest.raises(ArgumentError, match="alpha_harm"):
        Design("fixed", 0.05, np.array([0]), alpha_harm=0.5)
