"""`monitoring`: mistakes are named, defaults are the documented ones, and looks have dates."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pyarrow as pa
import pytest
import yaml
from checking import Check, check
from project import PACKAGE, Project
from test_definitions import ASSIGNMENTS, EXPERIMENT, FACT, expect, write_meta

DATES = {"start": "2026-09-01", "end": "2026-09-29"}
SEQUENTIAL = {"design": "group_sequential"}
ORDERS = FACT | {
    "metrics": {
        "ordered": {"type": "proportion", "window": "7 days"},
        "late": {"type": "proportion", "window": "3 days", "delay": "8 days"},
        "explored": {"type": "proportion", "window": "50 days"},
        "endless": {"type": "mean", "value": "amount", "window": "none"},
    }
}
PROFILES = {
    "unit": "user_id", "timestamp": "none",
    "metrics": {"member": {"type": "mean", "value": "score"}},
}  # fmt: skip
ONCE = {
    "assignments": {"experiment": {"literal": "gate"}, "variant": "variant", "unit": "user_id",
                    "timestamp": "none"},
}  # fmt: skip

# name: (what stands in the experiment's file, what the report says about it)
MISTAKES: dict[str, tuple[Any, ...]] = {
    "list_of_designs": ({"monitoring": ["fixed"]}, "`monitoring`: must be a map, got '['fixed']'"),
    "misspelt": ({"monitoring": "group_sequental"}, "did you mean 'group_sequential'?"),
    "no_spending": (
        {"monitoring": {"spending": "obrien"}},
        "`spending` is 'obrien'; allowed: obrien_fleming, pocock, hwang_shih_decani, kim_demets",
    ),
    "no_gamma": (
        {"monitoring": {"spending": "hwang_shih_decani"}},
        "`spending: hwang_shih_decani` needs `gamma`, a number from -40 to 40, got 'None'",
    ),
    "no_rho": (
        {"monitoring": {"spending": "kim_demets", "rho": 0}},
        "`spending: kim_demets` needs `rho`, a number above 0 to 50, got '0'",
    ),
    "gamma_of_another": (
        {"monitoring": {"spending": "pocock", "gamma": 1}},
        "`gamma` belongs to `spending: hwang_shih_decani` only",
    ),
    "no_look": ({"monitoring": {"looks": 0}}, "`looks` must be a whole number from 1 to 100"),
    "looks_101": ({"monitoring": {"looks": 101}}, "from 1 to 100", "got '101'"),
    "looks_true": ({"monitoring": {"looks": True}}, "`looks` must be a whole number", "'True'"),
    "looks_text": ({"monitoring": {"looks": "weekly"}}, "`looks` must be", "got 'weekly'"),
    "mixed": (
        {"monitoring": {"looks": ["2026-09-15", 1]}},
        "`looks` mixes dates and fractions",
    ),
    "unsorted": (
        {"monitoring": {"looks": ["2026-09-22", "2026-09-15"]}},
        "`looks` must be in order, each once",
    ),
    "twice": ({"monitoring": {"looks": [0.5, 0.5, 1]}}, "`looks` must be in order, each once"),
    "no_last": (
        {"monitoring": {"looks": [0.5, 0.9]}},
        "`looks` must end with the fraction 1, got '0.9'",
    ),
    "no_fraction": (
        {"monitoring": {"looks": [0, 2, 1]}},
        "fractions above 0 and at most 1, got '0', '2'",
    ),
    "many": (
        {"monitoring": {"looks": [k / 200 for k in range(100, 201)]}},
        "`looks` has more than 100 looks",
    ),
    "before_any_unit": (
        {"monitoring": {"looks": ["2026-09-08", "2026-09-20"]}},
        "`looks`: on 2026-09-08 no unit is through the longest window of a deciding metric",
    ),
    "no_end": (
        {"end": None, "monitoring": SEQUENTIAL},
        "needs `end`, dates of looks, or fractions and `planned_n`",
    ),
    "no_end_fractions": (
        {"end": None, "monitoring": {"looks": [0.5, 1]}},
        "needs `end`, dates of looks, or fractions and `planned_n`",
    ),
    "looks_of_fixed": (
        {"monitoring": {"design": "fixed", "looks": 4}},
        "`looks` belongs to `design: group_sequential` only",
    ),
    "futility_of_always_valid": (
        {"monitoring": {"design": "always_valid", "futility": True}},
        "`futility` belongs to `design: group_sequential` only",
    ),
    "futility_text": (
        {"monitoring": {"futility": "pocok"}},
        "`futility` must be true or a spending function, got 'pocok'",
        "did you mean 'pocock'?",
    ),
    "override_true": (
        {"monitoring": {"override": True}},
        "`override` must say in words why the plan was changed, got 'True'",
    ),
    "endless_by_default": (
        {"success": ["endless"]},
        "metric 'endless' decides, and `design: group_sequential` needs units that enter once",
    ),
    "timeless_metric": (
        {"monitoring": SEQUENTIAL, "guardrails": ["member"]},
        "metric 'member', whose model has no times, cannot be looked at before the end",
    ),
    "timeless_assignments": (
        {"id": "gate", "monitoring": "always_valid"},
        "assignments without times cannot be looked at before the end: `design` must be fixed",
    ),
    "everything": (
        {"monitoring": {"design": "sequential", "spending": "x", "looks": [], "planned_n": "n",
                        "override": "", "lok": 1}},
        "`design` is 'sequential'", "`spending` is 'x'", "`looks` must be",
        "`planned_n` must be", "`override` must", "unknown key `lok`",
    ),
}  # fmt: skip
# name: (what stands in the experiment's file, its design, dates of looks and fractions)
WEEKS = ["2026-09-15", "2026-09-22", "2026-09-29", "2026-10-06"]
QUARTERS = [0.25, 0.5, 0.75, 1.0]
RIGHT: dict[str, tuple[Any, ...]] = {
    # start + 7 days is the first look that units could reach, but none is through before
    "by_default": ({}, "group_sequential", WEEKS, QUARTERS),
    "endless_start": ({"end": None}, "always_valid", [], []),
    "explores_forever": (
        {"explore": ["explored", "endless"]}, "group_sequential", WEEKS, QUARTERS,
    ),
    "longer_delay": (
        {"guardrails": ["late"]}, "group_sequential",
        ["2026-09-19", "2026-09-26", "2026-10-03", "2026-10-10"], QUARTERS,
    ),
    "short": (
        {"start": "2026-09-01 06:00", "end": "2026-09-11 18:00"}, "group_sequential",
        ["2026-09-12", "2026-09-19"], [3.75 / 10.75, 1.0],
    ),
    "number": (
        {"monitoring": {"looks": 2}}, "group_sequential", ["2026-09-22", "2026-10-06"], [0.5, 1.0],
    ),
    # 28 / 3 days are no whole days: each look is at the end of its day.
    "thirds": (
        {"monitoring": {"looks": 3}}, "group_sequential",
        ["2026-09-18", "2026-09-27", "2026-10-06"], [10 / 28, 19 / 28, 1.0],
    ),
    "dates": (
        {"monitoring": {"looks": ["2026-09-10", "2026-09-20 08:00", "2026-10-06"]}},
        "group_sequential", ["2026-09-10", "2026-09-21", "2026-10-06"], [2 / 28, 13 / 28, 1.0],
    ),
    "dates_to_be_closed": (
        {"monitoring": {"looks": ["2026-09-22"]}}, "group_sequential",
        ["2026-09-22", "2026-10-06"], [0.5, 1.0],
    ),
    "dates_alone": (
        {"end": None, "monitoring": {"looks": ["2026-09-22", "2026-10-06"]}}, "group_sequential",
        ["2026-09-22", "2026-10-06"], [0.5, 1.0],
    ),
    "fractions_of_time": (
        {"monitoring": {"looks": [0.25, 1]}}, "group_sequential", [WEEKS[0], WEEKS[3]], [0.25, 1.0],
    ),
    "fractions_of_units": (
        {"monitoring": {"looks": [0.25, 1], "planned_n": 400}}, "group_sequential",
        [None, WEEKS[3]], [0.25, 1.0],
    ),
    "units_without_end": (
        {"end": None, "monitoring": {"looks": [0.25, 1], "planned_n": 400}}, "group_sequential",
        [None, None], [0.25, 1.0],
    ),
    "word": ({"monitoring": "fixed"}, "fixed", [WEEKS[3]], [1.0]),
    "gate": ({"id": "gate"}, "fixed", [], []),
    "members": ({"guardrails": ["member"]}, "fixed", [WEEKS[3]], [1.0]),
    "hwang": (
        {"monitoring": {"spending": "hwang_shih_decani", "gamma": -4, "looks": 1}},
        "group_sequential", [WEEKS[3]], [1.0],
    ),
    "override": (
        {"monitoring": {"override": "the margin was a slip", "futility": True, "looks": 1}},
        "group_sequential", [WEEKS[3]], [1.0],
    ),
    "draft": ({"status": "draft"}, "group_sequential", [], []),
}  # fmt: skip


def written(folder, experiments: dict[str, tuple[Any, ...]]) -> Project:
    project = Project(
        folder,
        {"assignment_models": ["fct_assignments", "fct_once"],
         "fact_models": ["fct_orders", "fct_profiles"]},
    )  # fmt: skip
    at = pa.array([dt.datetime(2026, 9, 2)], pa.timestamp("us"))
    project.model("fct_assignments", pa.table({
        "user_id": ["u"], "experiment_id": ["by_default"], "variant": ["control"],
        "assigned_at": at}))  # fmt: skip
    project.model("fct_once", pa.table({"user_id": ["u"], "variant": ["control"]}))
    project.model("fct_orders", pa.table({"user_id": ["u"], "amount": [1.0], "at": at}))
    project.model("fct_profiles", pa.table({"user_id": ["u"], "score": [1.0]}))
    for name, meta in {"fct_assignments": ASSIGNMENTS, "fct_once": ONCE, "fct_orders": ORDERS,
                       "fct_profiles": PROFILES}.items():  # fmt: skip
        write_meta(project, name, meta)
    for name, case in experiments.items():
        project.experiment(name, EXPERIMENT | DATES | {"monitoring": None} | case[0])
    return project


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Check:
    return check(written(tmp_path_factory.mktemp("mistakes"), MISTAKES))


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(report: Check, name: str):
    expect(report.about(f"exposure {name} ("), f"experiments/{name}.yml", MISTAKES[name][1:])


def test_everything_wrong_is_said_at_once(report: Check):
    assert len(report.about("exposure everything (")) == 6


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = written(tmp_path_factory.mktemp("right"), RIGHT)
    project.build("--select", "+stg_experimentos__looks", "+experimentos__experiments")
    return project


@pytest.mark.parametrize("name", RIGHT)
def test_looks_have_the_dates_that_were_planned(built: Project, name: str):
    _, design, dates, fractions = RIGHT[name]
    assert built.one("experiments", f"experiment_id = '{name}'")["design"] == design
    looks = built.rows(
        "select * from main.stg_experimentos__looks "
        f"where experiment_id = '{name}' order by scheduled_look"
    )
    found = [look["look_at"] and f"{look['look_at']:%Y-%m-%d}" for look in looks]
    assert found == dates
    assert [look["time_fraction"] for look in looks] == pytest.approx(fractions)
    assert [look["is_last"] for look in looks] == [False] * (len(dates) - 1) + [True] * bool(dates)
    assert [look["scheduled_look"] for look in looks] == list(range(1, len(dates) + 1))
    by_units = "planned_n" in str(RIGHT[name][0])
    assert [look["unit_share"] for look in looks] == (
        fractions if by_units else [None] * len(dates)
    )


def test_the_final_look_is_where_the_fixed_design_decides(built: Project):
    late = built.rows("""
        select looks.experiment_id from main.stg_experimentos__looks as looks
        inner join main.experimentos__experiments as experiments using (experiment_id)
        where is_last and ends_at is not null
            and not look_at between decides_at and decides_at + interval '1 day'""")
    assert not late


def test_the_plan_is_what_must_not_change(tmp_path):
    changes: dict[str, dict[str, Any]] = {
        "same": {}, "alpha": {"alpha": 0.1}, "harm": {"alpha_harm": 0.05},
        "success": {"success": ["ordered", "explored"]},
        "order": {"success": ["explored", "ordered"]},
        "margin": {"guardrails": {"late": {"margin": "3%"}}},
        "goal": {"success": {"ordered": {"goal": "decrease"}}},
        "window": {"success": {"ordered": {"window": "6 days"}}},
        "cap": {"success": {"endless": {"window": "7 days", "cap": {"absolute": 3}}}},
        "spending": {"monitoring": {"spending": "pocock"}},
        "split": {"variants": {"control": 0.4, "one_page": 0.6}},
        "activation": {"activation": {"model": "fct_orders", "where": "amount > 1"}},
        "other activation": {"activation": {"model": "fct_orders", "where": "amount > 2"}},
        # What may change: dates, looks, the size, explored metrics, words.
        "end": {"end": "2026-10-10"}, "looks": {"monitoring": {"looks": 2}},
        "size": {"monitoring": {"planned_n": 900}}, "explore": {"explore": ["explored"]},
        # What is said in words is what was meant before.
        "half": {"alpha_harm": 0.025}, "holm": {"correction": "holm"},
        "hommel": {"correction": "hommel"},
        "reason": {"monitoring": {"override": "because"}},
    }  # fmt: skip
    base = {"success": ["ordered"], "guardrails": {"late": {"margin": "2%"}}}
    cases = {name: (base | change,) for name, change in changes.items()}
    project = written(tmp_path, cases)
    project.build("--select", "+stg_experimentos__experiments")
    rows = project.rows(
        "select experiment_id, plan_hash, plan_override from main.stg_experimentos__experiments"
    )
    plans = {row["experiment_id"]: row["plan_hash"] for row in rows}
    same = {name for name, plan in plans.items() if plan == plans["same"]}
    assert same == {"same", "end", "looks", "size", "explore", "reason", "half", "holm"}
    assert len(set(plans.values())) == 1 + len(changes) - len(same)
    assert {row["plan_override"] for row in rows} == {None, "because"}
    # The same words are another metric where they are said of another model.
    at = pa.array([dt.datetime(2026, 9, 2)], pa.timestamp("us"))
    project.model("fct_moved", pa.table({"user_id": ["u"], "amount": [1.0], "at": at}))
    write_meta(project, "fct_moved", ORDERS)
    write_meta(project, "fct_orders", FACT | {"metrics": {"other": {"type": "proportion"}}})
    project.settings |= {"fact_models": ["fct_orders", "fct_moved", "fct_profiles"]}
    project.write_settings()
    project.build("--select", "+stg_experimentos__experiments")
    (moved,) = project.rows(
        "select plan_hash from main.stg_experimentos__experiments where experiment_id = 'same'"
    )
    assert moved["plan_hash"] != plans["same"]


PAGE = (PACKAGE / "docs" / "monitoring.md").read_text()
EXAMPLES = [
    part
    for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    for part in yaml.safe_load_all(block)
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Project:
    cases = {f"example_{index}": (given,) for index, given in enumerate([{}, *EXAMPLES])}
    project = written(tmp_path_factory.mktemp("page"), cases)
    project.build("--select", "+stg_experimentos__looks")
    return project


def test_the_examples_of_the_page_have_the_looks_that_it_says(page: Project):
    assert len(EXAMPLES) == 7
    table = re.findall(r"^\| (not given|`[2\[].*) \| (.*) \|$", PAGE, re.MULTILINE)
    assert len(table) == 5
    for index, (_, said) in zip((0, 2, 3, 4, 5), table, strict=True):
        rows = page.rows(
            "select look_at from main.stg_experimentos__looks "
            f"where experiment_id = 'example_{index}' and look_at is not null order by look_at"
        )
        dates = [f"{row['look_at']:%Y-%m-%d}" for row in rows]
        assert dates == re.findall(r"\d{4}-\d{2}-\d{2}", said)
