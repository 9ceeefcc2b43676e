"""The numbers of the program, against counts by hand and the library."""

import re

import numpy as np
import pytest
from memo.many_experiments import entries_of, many

from experimentos.program import lift_error, shrink
from experimentos.site.metrics import build_metrics
from experimentos.site.pages import Pages
from experimentos.site.program import build_program


@pytest.fixture(scope="module")
def marts():
    return many(120, days=3)


@pytest.fixture(scope="module")
def entries(marts):
    return entries_of(marts)


@pytest.fixture(scope="module")
def program(entries):
    return build_program(entries)


def test_decided_are_those_launched_rolled_back_or_at_their_end(marts, program):
    verdicts = {row["experiment_id"]: row["verdict"] for row in marts["decisions"]}
    final = {row["experiment_id"]: row["is_final"] for row in marts["experiments"]}
    blocked = {row["experiment_id"] for row in marts["health"] if row["status"] == "blocked"}
    decided = [
        key for key in verdicts if key not in blocked and (verdicts[key] != "hold" or final[key])
    ]
    launched = [key for key in decided if verdicts[key] == "launch"]
    assert (program.n_decided, program.n_launched) == (len(decided), len(launched))
    assert program.win_rate == len(launched) / len(decided)
    assert program.n_launched + program.n_rolled_back + program.n_held == program.n_decided
    assert sum(n for _, n in program.phases) == program.n_experiments == 120
    assert program.n_blocked == len(blocked)


def test_false_launches_are_those_of_the_formula(entries, program):
    p = [entry.p_launch for entry in entries if entry.is_decided and entry.p_launch is not None]
    share = min(1, (sum(value > 0.5 for value in p) + 1) / (0.5 * len(p)))
    assert program.null_share == pytest.approx(share)
    assert program.expected_false == pytest.approx(share * 0.025 * len(p))
    assert program.false_rate == pytest.approx(program.expected_false / program.n_launched)


def test_from_few_experiments_no_share_without_a_benefit_is_estimated(entries):
    """Of four experiments the estimate said 100 %, beside a win rate of 50 %."""
    with_p = [entry for entry in entries if entry.is_decided and entry.p_launch is not None]
    for count, is_known in ((4, False), (5, True)):
        few = build_program(with_p[:count])
        assert few.n_with_p == count
        assert (few.null_share is not None) == (few.expected_false is not None) == is_known
        assert is_known or few.false_rate is None
        page = " ".join(Pages().program(few).split())
        assert ("at least 5" in page or "no launch to count" in page) != is_known
        assert ("not estimated from fewer than 5 decided experiments" in page) != is_known


def test_the_share_without_a_benefit_is_called_an_upper_bound(program):
    page = " ".join(Pages().program(program).split())
    assert re.search(r"decided experiments with a p-value at most [\d.]+% are estimated", page)


def test_the_impact_is_that_of_the_library(entries, program):
    rows = [
        (entry, finding.effect)
        for entry in entries
        if not entry.is_blocked
        for finding in entry.findings
        if finding.effect.metric == "ordered"
    ]
    effects = [effect for _, effect in rows]
    columns = ("estimate", "std_error", "value_control", "n_control", "n_treatment")
    errors = lift_error(*([getattr(effect, name) for effect in effects] for name in columns))
    lifts = np.array([effect.lift for effect in effects])
    found = shrink(lifts, errors, np.zeros(len(rows), dtype=int))
    launched = np.array([entry.verdict == "launch" for entry, _ in rows])
    impact = {impact.metric: impact for impact in program.impacts}["ordered"]
    assert impact.n_comparisons == len(rows)
    assert impact.raw == pytest.approx(lifts[launched].sum())
    assert impact.mean == pytest.approx(found.mean[launched].sum())
    assert impact.mean < impact.raw
    assert impact.lower < impact.mean < impact.upper
    assert impact.prior_sd == pytest.approx(found.prior_sd[0])


def test_blocked_experiments_teach_nothing(entries, program):
    blocked = {e.experiment.experiment_id for e in entries if e.is_blocked}
    assert blocked
    assert not blocked & {key[0] for key in program.shrunken}


def test_from_few_comparisons_nothing_is_learnt(entries):
    few = build_program([entry for entry in entries if entry.verdict == "launch"][:4])
    assert [impact.mean for impact in few.impacts] == [None, None]
    assert [impact.prior_sd for impact in few.impacts] == [None, None]
    assert few.shrunken == {}
    assert few.impacts[0].n_launched == 4


def test_months_without_an_experiment_are_told_too():
    marts = many(40, days=3)
    for row in marts["experiments"][1:]:
        row["starts_at"] = row["starts_at"].replace(year=2025, month=12)
    program = build_program(entries_of(marts))
    assert program.months[0] == ("2024-01", 0)
    assert program.months[-1] == ("2025-12", 39)
    assert len(program.months) == 24
    assert program.n_months_before == 1


def test_without_experiments_nothing_is_known():
    program = build_program([])
    assert program.n_experiments == 0
    assert program.win_rate is program.win_lower is program.null_share is program.false_rate is None
    assert program.impacts == program.months == ()


def test_a_metric_knows_its_uses_and_results_newest_first(marts, entries, program):
    pages = {
        page.metric: page for page in build_metrics(marts["metrics"], entries, program.shrunken)
    }
    page = pages["ordered"]
    assert len(page.uses) == 120
    starts = [result.entry.experiment.starts_at for result in page.results]
    assert starts == sorted(starts, reverse=True)
    assert page.roles == (("success", 120),)
    assert all((result.shrunken is None) == result.entry.is_blocked for result in page.results)
    assert ("model", "fct_orders") in page.facts


def test_a_metric_that_is_no_longer_defined_keeps_its_page(entries):
    pages = {page.metric: page for page in build_metrics([], entries, {})}
    assert pages["ordered"].facts == ()
    assert pages["ordered"].results
