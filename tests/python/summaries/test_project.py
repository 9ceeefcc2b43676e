import pytest
import yaml

from experimentos.errors import InputError
from experimentos.summaries import Summary, SummaryExperiment, write_project

SUMMARY = Summary(
    variants=("control", "on"),
    counts={"users": (10, 11), "conversions": (1, 2), "refunds": (0, 1)},
    sums={},
)


def meta(folder, experiment, summary=SUMMARY):
    write_project(folder, summary, experiment)
    (exposure,) = yaml.safe_load((folder / "models" / "summary.yml").read_text())["exposures"]
    return exposure, exposure["config"]["meta"]["experimentos"]


def test_what_is_not_said_has_a_default(tmp_path):
    exposure, found = meta(tmp_path, SummaryExperiment(name="A/B & C"))
    assert (exposure["name"], exposure["label"]) == ("a_b_c", "A/B & C")
    assert found == {
        "summary": "summary",
        "control": "control",
        "variants": {"control": 0.5, "on": 0.5},
        "status": "stopped",
    }


def test_what_is_said_is_written(tmp_path):
    experiment = SummaryExperiment(
        name="9",
        control="on",
        split={"on": 0.04, "control": 0.96},
        success=["conversions"],
        alpha=0.1,
    )
    exposure, found = meta(tmp_path, experiment)
    assert exposure["name"] == "experiment_9"
    assert found["control"] == "on"
    assert found["variants"] == {"on": 0.04, "control": 0.96}
    assert (found["success"], found["alpha"]) == (["conversions"], 0.1)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            {"control": "contrl"},
            r"--control must be one of .* got 'contrl'. Did you mean 'control'",
        ),
        ({"split": {"on": 0.5, "off": 0.5}}, "--split must be one of 'control', 'on', got 'off'"),
        ({"split": {"on": 1.0}}, "'control' has none"),
        ({"split": {"on": 0.5, "control": 0.6}}, "sum to 1, got a sum of 1.1"),
        ({"split": {"on": 1.0, "control": 0.0}}, "above 0"),
        ({"split": {"on": float("nan"), "control": 0.5}}, "above 0 and sum to 1"),
        ({"success": ["revenue"]}, "--success must be one of 'conversions', 'refunds'"),
    ],
)
def test_what_the_summary_does_not_have_is_refused(tmp_path, options, problem):
    with pytest.raises(InputError, match=problem):
        write_project(tmp_path, SUMMARY, SummaryExperiment(name="x", **options))
    assert not list(tmp_path.iterdir())


def test_without_a_variant_called_control_it_asks(tmp_path):
    summary = Summary(("a", "b"), {"users": (1, 1), "conversions": (0, 0)}, {})
    with pytest.raises(InputError, match="say which one is: --control 'a'"):
        write_project(tmp_path, summary, SummaryExperiment(name="x"))
