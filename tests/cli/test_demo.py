"""The demo as users run it: whether each planted trap is seen, and by whom."""

import shutil
from math import isclose
from pathlib import Path

import duckdb
import pytest

from experimentos.cli.output import opened
from experimentos.demo.plans import PLANS
from experimentos.project import build

pytestmark = pytest.mark.slow

IDS = {plan.experiment.replace("-", "_"): plan for plan in PLANS}
VERDICTS = {
    "free_shipping_banner": ("hold", None),
    "one_page_checkout": ("launch", "one_page"),
    "recommendations": ("launch", "personal"),
    "search_ranking": ("hold", None),
    "sticky_filters": ("rollback", "sticky"),
}


@pytest.fixture(scope="module")
def demo(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "shop"
    return folder, run("demo", folder, "--format", "json")


@pytest.fixture(scope="module")
def mart(demo, tmp_path_factory):
    """Rows of a mart, from a copy of the file: DuckDB opens a file in one way per process."""
    copy = tmp_path_factory.mktemp("mart") / "demo.duckdb"
    shutil.copy(demo[0] / "demo.duckdb", copy)
    connection = duckdb.connect(str(copy), read_only=True)

    def rows(query):
        cursor = connection.execute(query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    yield rows
    connection.close()


def test_the_verdicts_are_those_that_were_planted(demo):
    _, answer = demo
    assert answer.code == 0
    found = {
        entry["experiment_id"]: (entry["verdict"], entry["variant"])
        for entry in answer.json["experiments"]
    }
    assert found == VERDICTS
    blocked = {e["experiment_id"] for e in answer.json["experiments"] if e["is_blocked"]}
    assert blocked == {"search_ranking"}


def test_the_file_is_released(demo):
    duckdb.connect(str(demo[0] / "demo.duckdb"), read_only=True).close()


def test_every_memo_is_written_and_says_its_verdict(demo):
    folder, answer = demo
    for entry in answer.json["experiments"]:
        markdown, html = entry["files"]
        assert markdown.startswith(str(folder / "memos"))
        words = {"launch": "Launch", "hold": "Hold", "rollback": "Roll back"}[entry["verdict"]]
        verdict = " ".join(filter(None, [words, entry["variant"]]))
        text = (folder / "memos" / f"{entry['experiment_id']}.md").read_text()
        assert f"**{verdict}" in text
        assert html.endswith(".html")


def test_the_memo_in_the_readme_is_the_one_that_is_printed(demo):
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    shown = [line[2:].lstrip("#") for line in readme.splitlines() if line.startswith("> ")]
    memo = (demo[0] / "memos" / "one_page_checkout.md").read_text(encoding="utf-8")
    lines = {line.lstrip("#") for line in memo.splitlines()}
    assert len(shown) > 10
    assert [line for line in shown if line not in lines] == []


@pytest.mark.parametrize("experiment_id", IDS)
def test_the_accidents_of_the_log_are_counted(demo, mart, experiment_id):
    plan = IDS[experiment_id]
    rows = mart(
        "select reason, n_rows, n_units from experimentos__exclusions "
        f"where experiment_id = '{experiment_id}'"
    )
    units = {row["reason"]: row["n_units"] for row in rows}
    assert units.get("crossover", 0) == plan.crossovers
    assert units.get("assigned_before_start", 0) == plan.early
    assert units["after_end"] == 60
    assert units["unknown_variant"] == 25
    assert units["repeat"] > 1_000
    counts = {row["reason"]: row["n_rows"] for row in rows}
    assert counts["unit_missing"] == 15
    (logged,) = mart(
        f"select count(*) as n from '{demo[0]}/raw/assignments.parquet' "
        f"where experiment = '{plan.experiment}'"
    )
    assert sum(counts.values()) == logged["n"]


def test_rows_of_no_defined_experiment_are_counted(mart):
    (row,) = mart("select * from experimentos__exclusions where reason = 'experiment_not_defined'")
    assert row["n_rows"] == 200


def test_the_lost_users_block_their_experiment_alone(mart):
    rows = mart(
        "select experiment_id, population, p_value from experimentos__health "
        "where check_name = 'sample_ratio' and status = 'blocked'"
    )
    assert {row["experiment_id"] for row in rows} == {"search_ranking"}
    assert all(row["p_value"] < 1e-3 for row in rows)


def test_users_with_two_variants_warn_where_there_are_many(mart):
    rows = mart(
        "select experiment_id, status from experimentos__health where check_name = 'crossovers'"
    )
    assert {row["experiment_id"]: row["status"] for row in rows} == {
        experiment_id: "warning" if experiment_id == "free_shipping_banner" else "healthy"
        for experiment_id in IDS
    }


def test_users_without_any_activity_are_counted_as_zeros(mart):
    rows = mart(
        "select m.n_units, c.n_units as n_assigned, m.n_events "
        "from experimentos__moments as m inner join ("
        "  select experiment_id, variant, sum(n_units) as n_units "
        "  from experimentos__assignment_counts "
        "  where population = 'analysed' and segment = 'all' group by all"
        ") as c using (experiment_id, variant) inner join experimentos__experiments as e "
        "on m.experiment_id = e.experiment_id and m.as_of = e.data_as_of "
        "where m.metric = 'revenue' and m.basis = 'mature' and m.segment = 'all'"
    )
    assert len(rows) == sum(len(plan.variants) for plan in PLANS)
    for row in rows:
        assert row["n_units"] == row["n_assigned"]
        assert row["n_events"] < row["n_units"] / 2


def test_memos_are_written_again_with_the_same_bytes(run, demo, tmp_path):
    folder, _ = demo
    answer = run("memo", "--project-dir", folder, "--out", tmp_path)
    assert answer.code == 0
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert files == {path.name: path.read_bytes() for path in (folder / "memos").iterdir()}
    assert len(files) == 2 * len(PLANS)


def test_one_memo_of_one_kind(run, demo, tmp_path):
    options = ["--project-dir", demo[0], "--out", tmp_path, "--experiment", "sticky_filters"]
    answer = run("memo", *options, "--format", "html", "--format", "json")
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == ["sticky_filters.html", "sticky_filters.json"]
    assert [entry["verdict"] for entry in answer.json["experiments"]] == ["rollback"]


def test_own_templates_are_taken_from_the_project_or_where_they_are_named(run, demo, tmp_path):
    section = tmp_path / "own" / "sections" / "15_cost.md.j2"
    section.parent.mkdir(parents=True)
    section.write_text("## Costs\n\nNone.\n")
    options = ["--project-dir", demo[0], "--out", tmp_path, "--experiment", "sticky_filters"]
    usual = ["--format", "md", "--templates", tmp_path / "own"]
    assert run("memo", *options, *usual).code == 0
    assert "## Costs" in (tmp_path / "sticky_filters.md").read_text()
    assert "Corrected p" in run("memo", "--project-dir", demo[0], "--texts").out.splitlines()
    answer = run("memo", *options, "--templates", tmp_path / "nowhere")
    assert answer.code == 1
    assert "must exist" in answer.err


def test_the_sql_that_was_run_is_added_on_request(run, demo, tmp_path):
    options = ["--project-dir", demo[0], "--experiment", "sticky_filters", "--format", "md"]
    assert run("memo", *options, "--out", tmp_path, "--sql").code == 0
    text = (tmp_path / "sticky_filters.md").read_text()
    compiled = demo[0] / "target" / "compiled" / "experimentos" / "models" / "5_decisions"
    assert (compiled / "experimentos__decisions.sql").read_text().strip("\n") in text
    folders = ["--project-dir", demo[0], "--site", tmp_path / "site"]
    assert run("memo", *folders, "--sql").code == 0
    page = (tmp_path / "site" / "experiments" / "sticky_filters.html").read_text()
    assert 'aria-label="SQL of ' in page
    assert "memo --sql" not in page


def test_every_format_is_written_from_a_build_and_again_with_the_same_bytes(run, demo, tmp_path):
    options = ["--project-dir", demo[0], "--experiment", "sticky_filters"]
    options += [part for kind in ("md", "svg", "html", "pdf", "json") for part in ("-f", kind)]
    assert run("memo", *options, "--out", tmp_path / "one").code == 0
    assert run("memo", *options, "--out", tmp_path / "other").code == 0
    one, other = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("one", "other")
    )
    assert one == other
    endings = {name.rpartition(".")[2] for name in one}
    assert endings == {"md", "svg", "html", "pdf", "json"}


def test_an_experiment_that_ended_blocked_fails_no_build_and_is_told(run, demo, tmp_path):
    options = ["--project-dir", demo[0], "--out", tmp_path, "--fail-on", "blocked"]
    ended = run("memo", *options)
    assert ended.code == 0
    assert "--fail-on fails: no experiment." in ended.out
    assert "Of these: search_ranking (blocked)." in ended.out


def test_an_unknown_experiment_is_named_with_the_nearest(run, demo, tmp_path):
    answer = run("memo", "--project-dir", demo[0], "--out", tmp_path, "-e", "sticky_filter")
    assert answer.code == 1
    assert "Did you mean 'sticky_filters'?" in answer.err


def test_check_lists_what_is_defined(run, demo):
    answer = run("check", "--project-dir", demo[0], "--format", "json")
    assert answer.code == 0
    assert {entry["experiment_id"] for entry in answer.json["experiments"]} == set(IDS)
    assert answer.json["problems"] == []
    text = run("check", "--project-dir", demo[0]).out
    assert "page_load_ms" in text
    assert "No problem that stops a build: 5 experiments, 6 metrics." in text
    # Their guardrails are slow, but the experiments are over.
    assert answer.json["warnings"] == []
    assert "Warnings" not in text


def test_check_names_all_mistakes_and_a_key_given_twice(run, demo, tmp_path):
    folder = copied(demo, tmp_path)
    path = folder / "experiments" / "sticky_filters.yml"
    text = path.read_text().replace("[ordered, revenue]", "[ordered, revenu]")
    path.write_text(text + "          control: sticki\n")
    answer = run("check", "--project-dir", folder)
    assert answer.code == 1
    assert "key 'control' is given twice (first on line" in answer.out
    assert "did you mean 'revenue'?" in answer.out
    assert "did you mean 'sticky'?" in answer.out
    assert "Traceback" not in answer.out + answer.err


def test_a_build_with_a_mistake_says_it_once_and_releases_the_file(run, demo, tmp_path):
    folder = copied(demo, tmp_path)
    path = folder / "experiments" / "sticky_filters.yml"
    path.write_text(path.read_text().replace("[ordered, revenue]", "[ordered, revenu]"))
    answer = run("build", "--project-dir", folder)
    assert answer.code == 1
    assert answer.err.count("'revenu'") == 1
    assert "Compilation Error" not in answer.err
    duckdb.connect(str(folder / "demo.duckdb")).close()


def test_without_python_models_the_marts_are_the_same(demo, mart, tmp_path):
    folder = copied(demo, tmp_path)
    (folder / "demo.duckdb").unlink()
    path = folder / "dbt_project.yml"
    path.write_text(
        path.read_text().replace("experimentos:\n", "experimentos:\n    inference: client\n")
    )
    with opened(folder) as project:
        assert project.has("effects_store")
        build(project, full=True)
        names = ("effects", "effects_by_age", "health", "variant_decisions", "decisions", "power")
        for name in names:
            key = "order by all"
            same(project.fetch(name), mart(f"select * from experimentos__{name} {key}"))
        # A second build replaces the stores' rows, and does not add to them.
        before = len(project.fetch("effects_store"))
        build(project)
        assert len(project.fetch("effects_store")) == before


def copied(demo, tmp_path):
    """Return a copy of the demo to break."""
    return shutil.copytree(demo[0], tmp_path / "copy", symlinks=False)


def same(rows, others):
    """Assert that two marts have the same keys, verdicts and, to 1e-9, the same numbers."""
    assert len(rows) == len(others) > 0

    def key(row):
        return [
            (name, str(value))
            for name, value in row.items()
            if not isinstance(value, float) and name not in {"decided_at", "message"}
        ]

    pairs = zip(sorted(rows, key=key), sorted(others, key=key), strict=True)
    for row, other in pairs:
        assert key(row) == key(other)
        for name, value in row.items():
            if isinstance(value, float) and name != "distance":
                assert isclose(value, other[name], rel_tol=1e-9, abs_tol=1e-12), (name, row)


@pytest.fixture(scope="module")
def explained(run, demo):
    """Experiment -> what `experimentos explain` says of it."""
    folders = ["--project-dir", demo[0], "--profiles-dir", demo[0]]
    found = {}
    for name in ("recommendations", "search_ranking"):
        answer = run("explain", name, *folders, "--format", "json")
        assert answer.code == 0, answer.out
        found[name] = answer.json
    return found


def test_an_explanation_holds_all_evidence_under_the_rules(explained, mart):
    for name, found in explained.items():
        shown = [
            (one["decision"]["variant"], row["rule"], row["metric"], row["observed"], row["fired"])
            for one in found["variants"]
            for rule in one["rules"]
            for row in (*rule["evidence"], *rule["parts"])
        ]
        rows = mart(
            "select variant, rule, metric, observed, fired from experimentos__decision_evidence "
            f"where experiment_id = '{name}'"
        )
        key = repr
        assert sorted(shown, key=key) == sorted((tuple(row.values()) for row in rows), key=key)


def test_the_first_rule_that_fires_decides(explained):
    for name, found in explained.items():
        assert found["decision"]["verdict"] == VERDICTS[name][0]
        for one in found["variants"]:
            (decides,) = (rule for rule in one["rules"] if rule["decides"])
            first = next(rule for rule in one["rules"] if rule["fired"])
            assert first["rule"] == decides["rule"] == one["decision"]["rule"]
            assert decides["verdict"] == one["decision"]["verdict"]
            if one["nearest"] is not None:
                assert one["nearest"]["rule"] == one["decision"]["nearest_rule"]
    rules = {one["decision"]["variant"]: one for one in explained["recommendations"]["variants"]}
    assert "standard errors short of it" in rules["popular"]["nearest_sentence"]


def test_explained_numbers_are_those_of_the_tables_and_of_their_sql(explained, mart):
    for name, found in explained.items():
        for one in found["variants"]:
            for row in one["effects"]:
                (effect,) = mart(
                    "select * from experimentos__effects where used_for_decision "
                    f"and experiment_id = '{name}' and metric = '{row['metric']}' "
                    f"and variant = '{row['variant']}'"
                )
                for column in ("estimate", "std_error", "p_value_corrected", "lower", "level"):
                    assert row[column] == effect[column]
                arms = {arm["variant"]: arm["n_units"] for arm in mart(row["sql"])}
                assert arms == {
                    row["control"]: row["n_control"],
                    row["variant"]: row["n_treatment"],
                }
    because = {
        row["metric"]: row["adjusted_because"]
        for row in explained["recommendations"]["variants"][0]["effects"]
    }
    assert because["ordered"] == "its definition has no covariate"
    assert because["revenue"].startswith("the covariate (28 days) passed its pre-check and takes")


def test_the_policys_sql_gives_its_tables(explained, mart):
    sql = explained["recommendations"]["sql"]
    for name in ("variant_decisions", "decision_evidence", "decisions"):
        table = f"experimentos__{name}"
        assert mart(f"select count(*) as n from {table}")[0]["n"] > 0
        for left, right in (
            (sql[table], f"select * from {table}"),
            (f"select * from {table}", sql[table]),
        ):
            assert mart(f"select * from ({left}) except select * from ({right})") == []
    assert list(sql)[-1] == "experimentos__decisions"
    assert "experimentos__moments" in sql
    (rows,) = explained["recommendations"]["conditions"]["ordered"]
    assert rows["relation"].endswith('"fct_orders"')


def test_explanations_for_people(run, demo):
    folders = ["--project-dir", demo[0], "--profiles-dir", demo[0]]
    answer = run("explain", "search_ranking", *folders)
    assert answer.code == 0
    for part in (
        "Hold  search_ranking: the data are not fit to decide on", "health_blocked", "decides",
        "also fired", "ranked: hold, by the first rule that fires", "p harm",
        "sample_ratio", "It is archived", "by definition ", "Power",
    ):  # fmt: skip
        assert part in answer.out, part


def test_a_definition_that_has_changed_since_is_told(run, demo):
    folders = ["--project-dir", demo[0], "--profiles-dir", demo[0]]
    path = demo[0] / "experiments" / "sticky_filters.yml"
    text = path.read_text()
    path.write_text(text.replace("mde: 10%", "mde: 12%"))
    try:
        answer = run("explain", "sticky_filters", "--sql", *folders)
    finally:
        path.write_text(text)
    assert answer.code == 0
    assert "The definition has changed since" in answer.out
    assert "-- experimentos__variant_decisions" in answer.out
    assert "the rows that are read" in answer.out


def test_experiments_that_are_not_known(run, demo):
    folders = ["--project-dir", demo[0], "--profiles-dir", demo[0]]
    answer = run("explain", "search_rankin", *folders)
    assert answer.code == 1
    assert "metric or experiment 'search_rankin': is not defined" in answer.err
    assert "did you mean 'search_ranking'?" in answer.err
    path = demo[0] / "experiments" / "newer.yml"
    path.write_text(
        (demo[0] / "experiments" / "search_ranking.yml")
        .read_text()
        .replace("name: search_ranking", "name: newer")
        .replace("id: search-ranking", "id: newer")
    )
    try:
        answer = run("explain", "newer", *folders)
    finally:
        path.unlink()
    assert answer.code == 1
    assert "is defined, but the last build did not know it: run `dbt build`" in answer.err
