"""`experimentos explain NAME`, where it is not clear what the name is, or nothing is built."""

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def explain(run, project_of_strings, tmp_path_factory):
    models = {"assignment_models": ["assigned"], "fact_models": ["orders"]}
    project = project_of_strings(tmp_path_factory.mktemp("names"), models)
    rows = "select 1 as unit, 'a' as variant, 'e' as experiment, timestamp '2024-02-26' as \"at\""
    ids = {"experiment": "experiment", "variant": "variant", "unit": "unit", "timestamp": "at"}
    project.model("assigned", rows, {"assignments": ids})
    metrics = {name: {"type": "proportion"} for name in ("won", "kept")}
    project.model("orders", rows, {"unit": "unit", "timestamp": "at", "metrics": metrics})
    project.experiment(
        "won",
        {"start": "2024-02-26", "control": "a", "variants": {"a": 0.5, "b": 0.5},
         "success": ["won"]},
    )  # fmt: skip

    def explain(*arguments):
        folders = ["--project-dir", project.folder, "--profiles-dir", project.folder]
        return run("explain", *arguments, *folders)

    return explain


def test_a_name_of_both_is_asked_about(explain):
    answer = explain("won")
    assert answer.code == 1
    assert "'won' is a metric and an experiment: say which with --metric or" in answer.err
    answer = explain("won", "--metric")
    assert answer.code == 0
    assert "the share of units with at least one row" in answer.out


def test_before_a_build_it_says_to_build(explain):
    answer = explain("won", "--experiment-name")
    assert answer.code == 1
    assert "experimentos__decisions" in answer.err
    assert "is not there yet: run `dbt build`" in answer.err


def test_a_kind_that_is_asked_for_is_all_that_is_known(explain):
    answer = explain("kept", "--experiment-name")
    assert answer.code == 1
    assert "experiment 'kept': is not defined; allowed: won" in answer.err


@pytest.mark.parametrize("arguments", [["--windows", "--sql"], ["-e", "won", "--experiment-name"]])
def test_options_of_a_metric_and_of_an_experiment_do_not_go_together(explain, arguments):
    answer = explain("won", *arguments)
    assert answer.code == 2
    told = " ".join(answer.err.replace("│", " ").split())
    assert "--windows and --experiment are of a metric" in told
