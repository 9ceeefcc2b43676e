"""The simulation of the promises: that it runs, and that it would see a promise broken."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from validation.promises import cells as cells_module
from validation.promises import document, experiments, run, store, whole
from validation.promises.cells import Cell, cells
from validation.promises.draws import cohort_sizes, draw, true_means
from validation.promises.policy import MODELS, Policy, render
from validation.promises.schedules import TWO_WINDOWS, evenly
from validation.promises.scores import Promise, promises, simulate
from validation.promises.verdict import findings


@pytest.fixture(scope="module")
def policy():
    return Policy()


TWO_LOOKS = evenly(2, (0, 1))
SMALL = Cell("fixed", 1, 1, 2, units=800, truth="tempting", schedule=TWO_LOOKS)


@pytest.mark.parametrize(
    "design", ["fixed", pytest.param("group_sequential", marks=pytest.mark.slow), "always_valid"]
)
def test_a_cell_runs_and_keeps_its_promises(policy, design):
    cell = replace(SMALL, design=design)
    events = simulate(cell, 40, np.random.default_rng(1), policy)
    assert set(events) == {"launch", "rollback", "interval", "lift"}
    # 0.001 of 40 experiments at their promise have more.
    assert max(events["launch"], events["rollback"]) <= 6
    assert max(events["interval"], events["lift"]) <= 9


def test_true_effects_are_launched_and_harm_is_rolled_back(policy):
    planned = Cell("group_sequential", 1, 1, truth="planned", units=20_000,
                   schedule=TWO_LOOKS)  # fmt: skip
    drawn = draw(planned, 20, np.random.default_rng(2))
    said = {
        row
        for build in experiments.follow(planned, drawn, policy)
        for row in zip(*build.verdicts.select(["experiment_id", "verdict"]).to_pydict().values(),
                       strict=True)
    }  # fmt: skip
    assert said == {(str(number), "launch") for number in range(20)}
    harmed = replace(planned, guardrails=2, truth="margin")
    drawn = draw(harmed, 20, np.random.default_rng(3))
    beyond = drawn.mean.copy()
    beyond[:, :, 1, 1] *= 1.1  # a guardrail that should decrease, 10 % where 2 % are allowed
    *_, last = experiments.follow(harmed, replace(drawn, mean=beyond), policy)
    assert set(last.verdicts["verdict"].to_pylist()) == {"rollback"}
    assert last.verdicts.num_rows == 20


def test_a_broken_promise_is_seen(policy, monkeypatch):
    cell = Cell("fixed", units=2000, schedule=TWO_LOOKS)
    (launch,) = (each for each in promises(cell) if each.score == "launch")
    assert launch.exact == 0.025
    honest = simulate(cell, 300, np.random.default_rng(4), policy)
    assert not launch.is_broken(honest["launch"], 300, 500)
    monkeypatch.setattr(experiments, "ALPHA", 0.4)
    loose = simulate(cell, 300, np.random.default_rng(4), policy)
    assert launch.is_broken(loose["launch"], 300, 500)
    assert launch.disagrees(loose["launch"], 300)


def test_the_bound_of_a_defect_is_shared_by_all_cells():
    at_most = Promise("launch", high=0.025)
    assert at_most.is_broken(600, 20_000, 1)
    assert not at_most.is_broken(570, 20_000, 500)
    # 3.09 and 4.75 standard errors above the promise
    smallest = {
        tests: next(k for k in range(500, 800) if at_most.is_broken(k, 20_000, tests))
        for tests in (1, 500)
    }
    assert smallest[1] == pytest.approx(500 + 3.09 * 22.1, abs=4)
    assert smallest[500] == pytest.approx(500 + 4.61 * 22.1, abs=8)
    at_least = Promise("power", low=0.78)
    assert at_least.is_broken(15_000, 20_000, 500)
    assert not at_least.is_broken(15_500, 20_000, 500)
    exact = Promise("interval", high=0.05, exact=0.05)
    assert exact.disagrees(900, 20_000)
    assert not exact.disagrees(960, 20_000)


@pytest.mark.parametrize(
    "design", ["fixed", pytest.param("group_sequential", marks=pytest.mark.slow), "always_valid"]
)
def test_experiments_that_the_policy_is_not_asked_about_are_held(policy, design):
    cell = Cell(design, 3, 2, 2, 0.7, "planned", units=40_000, schedule=TWO_LOOKS)
    drawn = draw(cell, 25, np.random.default_rng(5))
    some, every = (
        [build.verdicts.sort_by("experiment_id").to_pylist() for build in
         experiments.follow(cell, drawn, policy, decide_all=decide_all)]
        for decide_all in (False, True)
    )  # fmt: skip
    assert [sorted(map(str, rows)) for rows in some] == [sorted(map(str, rows)) for rows in every]
    assert any(some)


@pytest.mark.parametrize("kind", ["mixed", "skewed", "rare"])
def test_moments_have_the_distribution_of_their_units(kind):
    cell = Cell("fixed", 1, 2, 2, 0.0 if kind != "mixed" else 0.7, kind=kind, units=4000,
                truth="margin")  # fmt: skip
    drawn = draw(cell, 3000, np.random.default_rng(6))
    truth, last = true_means(cell), drawn.mean[:, -1]
    n = drawn.n[0, -1]
    np.testing.assert_allclose(n.sum(axis=0), 4000)
    variance = drawn.m2[:, -1] / (n - 1)
    error = np.sqrt(variance.mean(axis=0) / n)
    np.testing.assert_array_less(np.abs(last.mean(axis=0) - truth), 4.5 * error / 3000**0.5)
    # Means vary as their units do, and the variance among units is what is planned with.
    np.testing.assert_allclose(last.std(axis=0) / error, 1, atol=0.07)
    if kind == "mixed":
        rate = truth * (1 - truth)
        is_rate = np.array([metric.kind == "rate" for metric in cell.metrics])
        np.testing.assert_allclose(variance.mean(axis=0), np.where(is_rate, rate, 4.0), rtol=0.01)
        between = np.corrcoef(last[:, 1].T)
        assert 0.6 < between[np.triu_indices(4, 1)].min() < between[0, 2] < 0.75
        # Variances of averages are as those of normal units: of chi-squares.
        spread = variance[:, 1, 0].std() / 4.0
        assert spread == pytest.approx(np.sqrt(2 / 2000), rel=0.1)


def test_later_builds_have_the_units_of_earlier_ones_and_more():
    cell = Cell("group_sequential", 1, 2, 2, schedule=TWO_WINDOWS, units=2000)
    drawn = draw(cell, 50, np.random.default_rng(7))
    np.testing.assert_array_equal(drawn.n[0, :, 0, :2], [[500, 250], [750, 500], [1000, 750],
                                                         [1000, 1000]])  # fmt: skip
    # The first metric has all its units two builds before the end.
    np.testing.assert_array_equal(drawn.mean[:, 2, :, 0], drawn.mean[:, 3, :, 0])
    first, later = drawn.n[0, 0, 1, 1], drawn.n[0, 1, 1, 1]
    gained = (later * drawn.mean[:, 1] - first * drawn.mean[:, 0])[:, 1, 1] / (later - first)
    assert ((gained >= 0) & (gained <= 1)).all()
    # Control has the same share of both.
    cohorts = cohort_sizes(replace(cell, control_share=0.96))
    np.testing.assert_allclose(cohorts[:, 0] / cohorts.sum(axis=1), 0.96)


def test_the_policy_is_the_models_own_sql():
    for name in MODELS:
        sql = render(name)
        assert "{" not in sql
        assert "experimentos." not in sql
        assert "experimentos__experiments" in sql or name == "experimentos__variant_decisions"


def test_cells_are_those_of_the_contract():
    grid = [cell for cell in cells() if cell.is_grid]
    sizes = {(c.design, c.treatments, c.success, c.guardrails, c.correlation) for c in grid}
    assert len(sizes) == 3 * 2 * 2 * 2 * 2
    for size in sizes:
        truths = {c.truth for c in grid if size == (c.design, c.treatments, c.success,
                                                    c.guardrails, c.correlation)}  # fmt: skip
        assert {"nothing", "planned"} <= truths
    places = {cell.place for cell in cells()}
    assert {"zero-inflated lognormal", "rate of 0.1 %", "split 96/4", "a skipped look"} <= places


def command(folder, *arguments):
    app = run.typer.Typer()
    app.command()(run.main)
    return CliRunner().invoke(
        app, ["--no-write", "--whole", "0", "--folder", str(folder), *arguments]
    )


def test_a_simulation_can_be_stopped_and_taken_up_again(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "LEDGER", tmp_path / "counts.json")
    monkeypatch.setattr(store, "CHUNKS", (5,))
    few = [Cell("fixed", correlation=value, schedule=TWO_LOOKS) for value in (0.0, 0.7)]
    monkeypatch.setattr(run, "cells", lambda: [SMALL, *few])
    wanted = ("--cells", "0 guardrails, fixed", "--cells", "nonesuch")
    cell, other = run.chosen([wanted[1]])
    assert [cell, other] == few
    assert command(tmp_path / "a", *wanted, "--runs", "15").exit_code == 0
    assert command(tmp_path / "b", *wanted, "--runs", "4").exit_code == 0
    assert len(run.missing([cell, other], 15, tmp_path / "b")) == 4
    assert command(tmp_path / "b", *wanted, "--runs", "15").exit_code == 0
    both = [store.counted(cell, tmp_path / name) for name in ("a", "b")]
    assert both[0].events == both[1].events
    assert both[0].runs == both[1].runs == 15
    # What other sources counted is thrown away.
    path = store.path_of(cell, tmp_path / "a")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sources": "others"}))
    assert store.forget_outdated([cell, other], tmp_path / "a") == [cell.name]
    assert store.counted(cell, tmp_path / "a").runs == 0
    # What is committed is gone on from: the first chunks in one sum.
    store.write_ledger(few, tmp_path / "b", store.LEDGER)
    assert store.counted(cell, tmp_path / "c") == replace(both[1], seconds=0)
    assert store.left(cell, 20, tmp_path / "c") == [3]
    assert command(tmp_path / "c", *wanted, "--runs", "20").exit_code == 0
    assert command(tmp_path / "b", *wanted, "--runs", "20").exit_code == 0
    assert store.counted(cell, tmp_path / "c").events == store.counted(cell, tmp_path / "b").events
    ledger = json.loads(store.LEDGER.read_text())
    store.LEDGER.write_text(json.dumps(ledger | {"sources": "others"}))
    store._ledger.cache_clear()
    assert store.counted(cell, tmp_path / "d").runs == 0
    text = tmp_path / "validation.md"
    document.write(findings(few, tmp_path / "b"), tmp_path / "b", text)
    assert f"| {cell.name} | 20 |" in text.read_text()
    assert "## The promises" in text.read_text()


def test_counts_outlive_words_and_not_formulas(tmp_path):
    path = tmp_path / "src" / "experimentos" / "means.py"
    path.parent.mkdir(parents=True)

    def digest(text):
        path.write_text(text)
        store.digest.cache_clear()
        return store.digest(tmp_path)

    first = digest('def half(x):\n    """One of two."""\n    return x / 2\n')
    assert digest("# Words.\ndef half(x):\n\n    return (x / 2)\n") == first
    assert digest("def half(x):\n    return x / 3\n") != first


def test_unknown_cells_are_named(tmp_path):
    result = command(tmp_path, "--cells", "fixed, 7 arms")
    assert result.exit_code == 2
    assert "no cell has the words of" in " ".join(result.output.split())


def test_the_document_lists_every_cell():
    text = document.DOCUMENT.read_text(encoding="utf-8")
    missing = [cell.name for cell in cells() if f"| {cell.name} |" not in text]
    assert not missing, f"run `make validate`: {len(missing)} cells are missing, {missing[:2]} ..."


def test_whole_experiments_are_scored_by_their_truth(tmp_path):
    count = 24
    shop = [whole.Whole(number) for number in range(count)]
    truth = {truth: [each for each in shop if each.truth == truth] for truth in whole.TRUTHS}
    assert {name: len(of) for name, of in truth.items()} == {"nothing": 12, "planned": 6, "harm": 6}
    assert {each.design for each in truth["planned"]} == set(cells_module.DESIGNS)
    ideal = {(each.name, "first", "launch") for each in truth["planned"]}
    ideal |= {(each.name, "first", "rollback") for each in truth["harm"]}
    found = {
        each.name: (each.events, each.experiments) for each in whole.scored(shop, ideal, set())
    }
    assert found == {
        "wrong Launch (L)": (0, 24), "wrong Rollback (R)": (0, 18), "right Launch (power)": (6, 6),
        "right Rollback": (6, 6), "outside the interval at any look": (0, 24),
    }  # fmt: skip
    wrong = {(each.name, each.variants[-1], "launch") for each in truth["nothing"]}
    wrong |= {(each.name, "first", "rollback") for each in truth["planned"]}
    scores = {each.name: each for each in whole.scored(shop, wrong, {shop[0].name})}
    assert [scores[name].events for name in found] == [12, 6, 0, 0, 1]
    broken = [name for name, score in scores.items() if score.is_broken]
    assert broken == ["wrong Launch (L)", "wrong Rollback (R)", "right Launch (power)"]
    assert whole.defects(tmp_path) == []
    kept = {"count": count, "sources": "", "other_sql": ["a_model"],
            "scores": [vars(score) for score in scores.values()]}  # fmt: skip
    whole.path_of(tmp_path).write_text(json.dumps(kept))
    assert len(whole.defects(tmp_path)) == 4
    assert not whole.finished(tmp_path, count)


@pytest.mark.slow
def test_some_cells_at_length(tmp_path):
    some = [
        "grid, 2 arms, 1 success, 0 guardrails, correlation 0",
        "many, 2 arms, tempting",
        "going on",
    ]
    arguments = [word for text in some for word in ("--cells", text)]
    result = command(tmp_path, *arguments, "--runs", "500")
    assert result.exit_code == 0, result.output


@pytest.mark.slow
def test_whole_experiments(tmp_path):
    scores, other = whole.follow(tmp_path, 24, builds=(4, 9, 16))
    assert not other, "dbt compiles other SQL than the simulation runs"
    assert not [score.row() for score in scores if score.is_broken]
    by_name = {score.name: score for score in scores}
    assert by_name["right Rollback"].events == by_name["right Rollback"].experiments == 6
