"""Priors: each mistake is named where it stands, and what is right is used."""

from typing import Any

import pytest
from checking import Check, check
from project import Project
from test_definitions import ASSIGNMENTS, EXPERIMENT, FACT, ORDERS, expect, write_meta

FORMS = "`prior` must be `flat`, a map with `lift`, or (for rates) one with `alpha` and `beta`"

# name: (the prior, what the report says about it)
PRIORS: dict[str, tuple[Any, ...]] = {
    "word": ("skeptical", FORMS, "got 'skeptical'"),
    "number": (0.05, FORMS, "got '0.05'"),
    "list": (["flat"], FORMS),
    "empty": ({}, FORMS, "got an empty map"),
    "unknown_key": ({"lft": {"sd": "5%"}}, "`prior`: unknown key `lft`", "did you mean 'lift'?"),
    "both": ({"lift": {"sd": "5%"}, "alpha": 1}, "has both `lift` and `alpha` or `beta`"),
    "lift_number": ({"lift": 0.05}, "`lift`: must be a map with `mean` and `sd`, got '0.05'"),
    "lift_key": ({"lift": {"sd": "5%", "men": 0}}, "`lift`: unknown key `men`", "'mean'?"),
    "no_sd": ({"lift": {"mean": 0}}, "`lift`: `sd` is missing"),
    "sd_number": (
        {"lift": {"sd": 0.05}},
        "`sd` must be a percentage above 0 like '5%', got '0.05'",
    ),
    "sd_zero": ({"lift": {"sd": "0%"}}, "`sd` must be a percentage above 0", "got '0%'"),
    "sd_negative": ({"lift": {"sd": "-5%"}}, "`sd` must be a percentage above 0"),
    "sd_null": ({"lift": {"sd": None}}, "`sd` must be a percentage above 0", "got 'None'"),
    "mean_number": (
        {"lift": {"mean": 0.01, "sd": "5%"}},
        "`mean` must be 0 or a percentage like '1%' or '-1%', got '0.01'",
    ),
    "mean_and_sd": ({"lift": {"mean": True, "sd": "x"}}, "`mean` must be 0", "`sd` must be a"),
    "no_beta": ({"alpha": 2}, "`beta` is missing"),
    "no_alpha": ({"beta": 2}, "`alpha` is missing"),
    "zero_counts": (
        {"alpha": 0, "beta": -1},
        "`alpha` must be a number from 0.1, got '0'",
        "`beta` must be a number from 0.1, got '-1'",
    ),
    "text_count": ({"alpha": "1", "beta": True}, "`alpha` must be a number", "`beta` must be"),
    "no_number": ({"alpha": float("nan"), "beta": float("inf")}, "got 'nan'", "got 'inf'"),
}
RIGHT: dict[str, Any] = {
    "flat": "flat",
    "null": None,
    "lift": {"lift": {"mean": "-1.5%", "sd": "5%"}},
    "lift_without_mean": {"lift": {"sd": ".5 %"}},
    "beta": {"alpha": 0.5, "beta": 20},
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Check:
    """Every prior on a metric, on an experiment, and in an experiment's entry."""
    project = Project(
        tmp_path_factory.mktemp("priors"),
        {"assignment_models": ["fct_assignments"], "fact_models": ["fct_orders", "fct_more"]},
    )
    given = {name: case[0] for name, case in PRIORS.items()} | RIGHT
    metrics = {
        f"of_{name}": {"type": "proportion", "prior": prior} for name, prior in given.items()
    }
    metrics["of_a_mean"] = {"type": "mean", "value": "x", "prior": RIGHT["beta"]}
    models = {"fct_assignments": ASSIGNMENTS, "fct_orders": ORDERS}
    for name, meta in (models | {"fct_more": FACT | {"metrics": metrics}}).items():
        project.model(name, "select 1 as user_id")
        write_meta(project, name, meta)
    for name, prior in given.items():
        other = EXPERIMENT | {"id": f"{name}_whole", "prior": prior}
        project.experiment(f"whole_{name}", other)
        entry = {"id": f"{name}_entry", "success": {"ordered": {"prior": prior}}}
        project.experiment(f"entry_{name}", EXPERIMENT | entry)
    entry = {"id": "entry_of_a_mean", "guardrails": {"revenue": {"prior": RIGHT["beta"]}}}
    project.experiment("entry_of_a_mean", EXPERIMENT | entry)
    return check(project)


@pytest.mark.parametrize("name", PRIORS)
def test_a_mistake_is_named_wherever_it_stands(report: Check, name: str):
    expect(report.about(f"metric of_{name} of "), "models/fct_more.yml", PRIORS[name][1:])
    for place in ("whole", "entry"):
        lines = report.about(f"exposure {place}_{name} (")
        expect(lines, f"experiments/{place}_{name}.yml", PRIORS[name][1:])
        assert all("`success`, metric ordered" in line for line in lines) == (place == "entry")


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_has_no_problem(report: Check, name: str):
    about = (f"metric of_{name} of ", f"exposure whole_{name} (", f"exposure entry_{name} (")
    assert [report.about(place) for place in about] == [[], [], []]


@pytest.mark.parametrize("place", ["metric of_a_mean of ", "exposure entry_of_a_mean ("])
def test_a_prior_on_rates_is_refused_for_a_mean(report: Check, place: str):
    (line,) = report.about(place)
    assert "are for rates (proportion, retention, funnel), not for a mean: use `lift`" in line
