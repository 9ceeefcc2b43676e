"""`experimentos check --warehouse`: every expression is asked of the warehouse by itself."""

import pytest

pytestmark = pytest.mark.slow

ASSIGNED = """
select i as "group", case when i % 2 = 0 then 'a' else 'b' end as variant, 'gate' as experiment,
timestamp '2026-01-01' + i * interval 1 hour as "at", 'x' as country from range(200) as t(i)
"""
ORDERS = """
select i as "group", timestamp '2026-01-01' + i * interval 1 hour + interval 2 hour as "at",
case when i % 3 = 0 then 'paid' else 'open' end as "order", i % 5 as "select", i % 4 = 0 as "where",
i % 2 = 0 as "order date", 'x' as status from range(200) as t(i)
"""
ASSIGNMENTS = {
    "experiment": "experiment", "variant": "variant", "unit": "group", "timestamp": "at",
}  # fmt: skip
FACT = {"unit": "group", "timestamp": "at"}
# Columns that are named like keywords, alone and in expressions, and a comment at the end.
GOOD = {
    "alone": {"type": "mean", "value": "select"},
    "condition": {"type": "proportion", "where": "where"},
    "spaced": {"type": "proportion", "where": "order date"},
    "sliced": {"type": "mean", "value": '"select" + 1 -- one more', "by": "order"},
    "quoted": {"type": "proportion", "where": "\"order\" = 'paid' -- only those"},
    "steps": {"type": "funnel", "steps": ["\"order\" = 'open' -- a", "where"]},
    "distinct": {"type": "mean", "value": "order", "aggregate": "count_distinct"},
}
BAD = {
    "typo": {"type": "mean", "value": "selcet"},
    "typo_inside": {"type": "proportion", "where": "ordr = 'paid'"},
    "twice": {"type": "mean", "value": "selcet + 1", "where": "nothing(status)"},
    "bare": {"type": "proportion", "where": "order = 'paid'"},
    "text": {"type": "mean", "value": '"order" || status'},
    "total": {"type": "mean", "value": 'sum("select")'},
    "second_step": {"type": "funnel", "steps": ["where", "wher = 1"]},
    "shares": {
        "type": "ratio",
        "numerator": {"value": "select"},
        "denominator": {"value": '"select" / nil'},
    },
    "sliced_by": {"type": "mean", "value": "select", "by": "upper(kind)"},
}


def says(place, said):
    return f"{place}: the warehouse says: {said}"


def of(metric):
    return f"metric {metric} of model orders (models/orders.yml)"


PROBLEMS = [
    says(
        "model assigned (models/assigned.yml), `assignments`, `segments: land`",
        'Binder Error: Referenced column "county" not found in FROM clause!',
    ),
    says(
        f"{of('typo_inside')}, `where`",
        'Binder Error: Referenced column "ordr" not found in FROM clause!',
    ),
    says(
        f"{of('twice')}, `value`",
        'Binder Error: Referenced column "selcet" not found in FROM clause!',
    ),
    says(
        f"{of('twice')}, `where`",
        "Catalog Error: Scalar Function with name nothing does not exist!",
    ),
    says(f"{of('bare')}, `where`", 'Parser Error: syntax error at or near "order"'),
    says(f"{of('total')}, `value`", "Binder Error: WHERE clause cannot contain aggregates!"),
    says(
        f"{of('second_step')}, step 2, `where`",
        'Binder Error: Referenced column "wher" not found in FROM clause!',
    ),
    says(
        f"{of('shares')}, `denominator`, `value`",
        'Binder Error: Referenced column "nil" not found in FROM clause!',
    ),
    says(
        f"{of('sliced_by')}, `by`",
        'Binder Error: Referenced column "kind" not found in FROM clause!',
    ),
    says(
        "exposure gate (experiments/gate.yml), `activation`, `where`",
        'Binder Error: Referenced column "stats" not found in FROM clause!',
    ),
    (
        "model visits (models/visits.yml): the model is not built yet, so its columns and "
        "expressions are not checked: run `dbt build --select +visits`"
    ),
    (
        f"{of('typo')}: `value`: the model has no column 'selcet'; allowed: group, at, order, "
        "select, where, order date, status; did you mean 'select'?"
    ),
    (
        f"{of('text')}: `value`: '\"order\" || status' is VARCHAR, which `aggregate: sum` cannot "
        "use; allowed: integer, number, boolean"
    ),
]


def make(project_of_strings, folder, metrics, **experiment):
    models = {"assignment_models": ["assigned"], "fact_models": ["orders"]}
    project = project_of_strings(folder, models)
    project.model("assigned", ASSIGNED, {"assignments": ASSIGNMENTS})
    project.model("orders", ORDERS, FACT | {"metrics": metrics})
    gate = {"start": "2026-01-01", "end": "2026-01-05", "control": "a", "variants":
            {"a": 0.5, "b": 0.5}, "success": [next(iter(metrics))]}  # fmt: skip
    project.experiment("gate", gate | experiment)
    return project


@pytest.fixture(scope="module")
def good(project_of_strings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    return make(project_of_strings, folder, GOOD, explore=list(GOOD)[1:])


@pytest.fixture(scope="module")
def bad(project_of_strings, tmp_path_factory):
    activation = {"model": "orders", "where": "stats = 'x'"}
    folder = tmp_path_factory.mktemp("bad")
    project = make(project_of_strings, folder, GOOD | BAD, activation=activation)
    project.settings["fact_models"].append("visits")
    project.write_settings()
    segments = {"land": "lower(county)", "country": "country"}
    project.model("assigned", ASSIGNED, {"assignments": ASSIGNMENTS | {"segments": segments}})
    visited = FACT | {"metrics": {"visited": {"type": "mean", "value": "n + 1"}}}
    project.model("visits", "select 1 as n", visited)
    assert project.dbt("run", "--select", "assigned", "orders").success
    return project


def check(run, project, *arguments):
    folders = ["--project-dir", project.folder, "--profiles-dir", project.folder]
    return run("check", *arguments, *folders)


@pytest.fixture(scope="module")
def answer(run, bad):
    return check(run, bad, "--warehouse", "--format", "json")


@pytest.mark.parametrize("problem", PROBLEMS)
def test_each_problem_is_named(answer, problem):
    assert problem in answer.json["problems"]


def test_nothing_else_is_named(answer):
    assert answer.code == 1
    assert sorted(answer.json["problems"]) == sorted(PROBLEMS)


def test_without_the_warehouse_nothing_of_it_is_known(run, bad):
    answer = check(run, bad, "--format", "json")
    assert (answer.code, answer.json["problems"]) == (0, [])
    assert "expressions_asked" not in answer.json


def test_for_people_the_problems_are_a_list(run, bad):
    answer = check(run, bad, "--warehouse")
    assert answer.code == 1
    assert f"  - {PROBLEMS[2]}" in answer.out.splitlines()
    assert "No problem that stops a build" not in answer.out


def test_columns_named_like_keywords_and_comments_bind_and_build(run, good):
    assert good.dbt("run", "--select", "assigned", "orders").success
    answer = check(run, good, "--warehouse", "--format", "json")
    assert answer.json["problems"] == []
    assert answer.code == 0
    assert answer.json["expressions_asked"] > len(GOOD)
    assert good.dbt("build", "--select", "+experimentos__moments").success
    rows = good.rows(
        "select metric, sum(mean_num * n_units) as total from main.experimentos__moments "
        "where basis = 'all' and segment = 'all' and as_of = "
        "(select max(as_of) from main.experimentos__moments) group by metric"
    )
    assert {row["metric"]: round(row["total"]) > 0 for row in rows} == dict.fromkeys(GOOD, True)


def test_problems_of_definitions_come_first(run, good):
    path = good.folder / "experiments" / "gate.yml"
    text = path.read_text()
    path.write_text(text.replace("control: a", "control: c"))
    answer = check(run, good, "--warehouse")
    path.write_text(text)
    assert answer.code == 1
    assert "The warehouse was not asked: mend the definitions first." in answer.out


@pytest.mark.parametrize(
    "where",
    [
        "statu = 'x'",
        "status = 'a text that is long' and \"select\" > 100 and nothing(status) = 'that' -- why",
        '"select" >',
        "status = 'it''s -- no comment' and\n  length(statu) = 3",
    ],
)
def test_a_build_that_fails_shows_metric_and_file(project_of_strings, tmp_path, where):
    metrics = {"fine": {"type": "proportion"}, "refunds_of_customers": {"type": "proportion"}}
    metrics["refunds_of_customers"]["where"] = where
    project = make(project_of_strings, tmp_path, metrics)
    said = project.fail("build", "--select", "+stg_experimentos__facts")
    (line,) = {line.strip() for line in said.splitlines() if line.strip().startswith("LINE ")}
    assert "metric refunds_of_customers, where" in line
    assert "models/orders.yml" in line


@pytest.mark.parametrize(
    ("metric", "segments", "place"),
    [
        ({"type": "mean", "value": "select", "by": "upper(kin)"}, None, "metric m, by"),
        ({"type": "mean", "value": "coalesce(abs(kin), 1)"}, None, "metric m, value"),
        ({"type": "proportion"}, {"c": "upper(lower(county))"}, "model assigned, segments: c"),
    ],
    ids=["by", "value", "segments"],
)
def test_so_does_one_that_fails_within_functions(
    project_of_strings, tmp_path, metric, segments, place
):
    """DuckDB counts from the end of dbt's comment, so what it shows lies a little further on."""
    project = make(project_of_strings, tmp_path, {"m": metric})
    if segments:
        assignments = {"assignments": ASSIGNMENTS | {"segments": segments}}
        project.model("assigned", ASSIGNED, assignments)
    said = project.fail("build", "--select", "+stg_experimentos__facts")
    (line,) = {line.strip() for line in said.splitlines() if line.strip().startswith("LINE ")}
    assert place in line
    assert ("models/assigned.yml" if segments else "models/orders.yml") in line


@pytest.mark.parametrize(
    ("metric", "place"),
    [
        ({"type": "mean", "value": "cast(status as double) + 1"}, "metric m and 1 more, value"),
        ({"type": "mean", "value": '"select"', "where": "status > 3"}, "metric m, where"),
        ({"type": "mean", "value": '"select"', "by": "cast(status as date)"}, "metric m, by"),
    ],
    ids=["value", "where", "by"],
)
def test_so_does_one_that_fails_on_a_row(project_of_strings, tmp_path, metric, place):
    """It binds, so the build finds it when it reads the rows."""
    metrics = {"fine": {"type": "proportion"}, "m": metric}
    if "cast" in metric["value"]:
        metrics["also"] = {
            "type": "ratio",
            "numerator": {"value": metric["value"]},
            "denominator": {"aggregate": "count"},
        }
    project = make(project_of_strings, tmp_path, metrics, explore=["m"])
    said = project.fail("build", "--select", "+experimentos__unit_events")
    (line,) = {line.strip() for line in said.splitlines() if line.strip().startswith("LINE ")}
    assert place in line
    assert "models/orders.yml" in line
