"""The demo built twice, once with edits as a pull request makes them: what is told of it.

The second build goes to another schema of a copy of the file, as that of a pull request does.
"""

import json
import re
import shutil
from pathlib import Path

import duckdb
import pytest

from experimentos.resources import bundle_path

pytestmark = pytest.mark.slow

ALL = {
    "free_shipping_banner", "one_page_checkout", "recommendations", "search_ranking",
    "sticky_filters",
}  # fmt: skip


def edit(path, *changes):
    text = path.read_text()
    for old, new in changes:
        assert old in text, (path, old)
        text = text.replace(old, new)
    path.write_text(text)


@pytest.fixture(scope="module")
def production(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("production") / "shop"
    assert run("demo", folder, "--format", "json").code == 0
    return folder


@pytest.fixture(scope="module")
def pull_request(run, production, tmp_path_factory):
    """Revenue is counted for 7 days, not 14, and the sticky filters go on until the end of June."""
    folder = shutil.copytree(production, tmp_path_factory.mktemp("pull_request") / "shop")
    edit(folder / "profiles.yml", ("path: demo.duckdb", "path: demo.duckdb\n      schema: pr"))
    edit(
        folder / "dbt_project.yml",
        ("  experimentos:\n", "  experimentos:\n    memory_schema: main\n"),
    )
    edit(
        folder / "models" / "fct_orders.yml",
        (
            "aggregate: sum\n              window: 14 days",
            "aggregate: sum\n              window: 7 days",
        ),
    )
    edit(
        folder / "experiments" / "sticky_filters.yml",
        ("end: 2025-02-17", "end: 2025-06-30"),
        ("status: stopped", "status: running"),
    )
    answer = run("build", *at(folder), "--full")
    assert answer.code == 0, answer.err
    return folder


def at(folder):
    return ["--project-dir", folder, "--profiles-dir", folder]


def difference(run, folder, *options):
    answer = run("diff", *at(folder), *options, "--format", "json")
    assert answer.code == 0, answer.out
    return answer.json


def test_an_edited_metric_moves_the_running_experiment_and_is_told(run, pull_request):
    found = difference(run, pull_request, "--base", "main")
    assert [one["experiment_id"] for one in found["experiments"]] == ["sticky_filters"]
    assert found["n_compared"] == 1
    assert found["n_other_changed"] == 4
    (sticky,) = found["experiments"]
    assert sticky["definitions_changed"]
    assert sticky["after"]["definitions_hash"] != sticky["before"]["definitions_hash"]
    moved = {effect["metric"]: effect for effect in sticky["effects"]}
    before, after = moved["revenue"]["before"], moved["revenue"]["after"]
    # Half the window: less revenue is lost, and less is known of it.
    assert before["estimate"] < after["estimate"] < 0
    fields = {
        (f["kind"], f["name"], f["key"]): (f["before"], f["after"]) for f in found["definitions"]
    }
    assert fields["metric", "revenue", "window_text"] == ("14 days", "7 days")
    assert fields["experiment", "sticky_filters", "status"] == ("stopped", "running")
    assert not any(kind == "metric in" for kind, _, _ in fields)


def test_all_experiments_are_told_on_request(run, pull_request):
    found = difference(run, pull_request, "--base", "main", "--all")
    assert {one["experiment_id"] for one in found["experiments"]} == ALL
    blocked = next(o for o in found["experiments"] if o["experiment_id"] == "search_ranking")
    assert blocked["effects"] == []


def test_a_file_is_compared_like_a_schema(run, production, pull_request):
    one = difference(run, pull_request, "--base", "main", "--all")
    other = difference(run, pull_request, "--base", production / "demo.duckdb", "--all")
    assert one.pop("base") == "main"
    assert other.pop("base").endswith("demo.duckdb")
    assert one == other


def test_the_report_for_the_pull_request_is_markdown(run, pull_request, tmp_path):
    path = tmp_path / "new" / "impact.md"
    answer = run("diff", *at(pull_request), "--base", "main", "--format", "md", "--out", path)
    assert (answer.code, answer.out) == (0, "")
    text = path.read_text()
    printed = run("diff", *at(pull_request), "--base", "main", "--format", "md").out
    assert printed == text
    assert "**1 of 1 experiment" in text.replace("experiments", "experiment")
    assert "| metric | revenue | window_text | 14 days | 7 days |" in text
    assert re.search(r"^\| revenue \| sticky \| −\d", text, re.MULTILINE)


def test_people_get_tables(run, pull_request):
    answer = run("diff", *at(pull_request), "--base", "main")
    assert "Effects that moved" in answer.out
    assert "4 more differ and do not run: --all tells them." in answer.out


def test_exit_codes_follow_what_was_asked(run, pull_request):
    found = difference(run, pull_request, "--base", "main", "--all")
    options = ["diff", *at(pull_request), "--base", "main", "--all"]
    expected = 1 if found["verdicts_changed"] else 0
    assert run(*options, "--fail-on", "verdict").code == expected
    # The one that is blocked was blocked before.
    assert run(*options, "--fail-on", "blocked").code == 0


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("nowhere", "got nowhere; schemas: main"),
        ("pr", "must be another schema than the one that this target builds, got pr"),
        ("missing.duckdb", "there is no file missing.duckdb"),
        ("some/where", "there is no file some/where"),
    ],
)
def test_a_base_that_cannot_be_read_is_named(run, pull_request, base, message):
    answer = run("diff", *at(pull_request), "--base", base)
    assert answer.code == 1
    assert message in answer.err.replace("\n", " ")


def test_a_file_without_tables_and_the_own_file_are_named(run, pull_request, tmp_path):
    empty = tmp_path / "empty.duckdb"
    duckdb.connect(str(empty)).close()
    answer = run("diff", *at(pull_request), "--base", empty)
    assert "it has no table experimentos__decisions" in answer.err
    own = run("diff", *at(pull_request), "--base", pull_request / "demo.duckdb")
    assert own.code == 1
    assert "is not the project's own" in own.err
    text = tmp_path / "notes.db"
    text.write_text("no database")
    assert (
        "must be a DuckDB file that can be read"
        in run("diff", *at(pull_request), "--base", text).err
    )


def test_only_changed_experiments_have_their_memo_written(run, pull_request, tmp_path):
    options = ["memo", *at(pull_request), "--changed", "--out", tmp_path, "--format", "md"]
    found = run(*options, "--format", "json").json["experiments"]
    assert {one["experiment_id"] for one in found} == ALL
    assert all("definitions" in one["changed"] for one in found)
    before = {one["experiment_id"]: one["verdict_before"] for one in found}
    assert before["sticky_filters"] == "rollback"
    assert "changed: definitions" in run(*options).out
    one = run(*options, "--format", "json", "-e", "sticky_filters").json["experiments"]
    assert [row["experiment_id"] for row in one] == ["sticky_filters"]


def test_nothing_changed_since_a_time_to_come(run, pull_request, tmp_path):
    options = ["memo", *at(pull_request), "--out", tmp_path]
    answer = run(*options, "--since", "2100-01-01")
    assert answer.code == 0
    assert answer.out.strip().startswith("No verdict and no definition changed")
    assert list(tmp_path.iterdir()) == []
    early = run(*options, "--since", "2001-01-01", "--format", "json").json["experiments"]
    assert {one["changed"][0] for one in early} == {"new"}


def test_a_first_build_is_new(run, production, tmp_path):
    options = ["memo", *at(production), "--changed", "--out", tmp_path, "--format", "json"]
    assert {one["changed"][0] for one in run(*options).json["experiments"]} == {"new"}


def test_experiments_that_have_ended_do_not_fail_the_command(
    run, production, pull_request, tmp_path
):
    """In production all have ended; in the pull request the sticky filters go on."""
    rest = ["--out", tmp_path, "-f", "md", "--fail-on", "rollback", "--fail-on", "blocked"]
    answer = run("memo", *at(production), *rest, "-f", "json")
    assert answer.code == 0
    assert answer.json["fail_on"]["counted"] == []
    assert set(answer.json["fail_on"]["not_counted"]) == ALL
    running = run("memo", *at(pull_request), *rest, "-f", "json")
    # Between looks nothing is wrong with them.
    assert (running.code, running.json["fail_on"]["failing"]) == (0, [])
    assert running.json["fail_on"]["counted"] == ["sticky_filters"]
    assert run("memo", *at(pull_request), *rest, "-e", "search_ranking").code == 0


def test_the_site_is_written_and_the_same_again(run, production, tmp_path):
    answer = run("memo", *at(production), "--site", tmp_path / "site", "--format", "json")
    assert answer.code == 0
    assert Path(answer.json["site"]).is_file()
    assert not (tmp_path / "memos").exists()
    pages = {path.name: path.read_bytes() for path in (tmp_path / "site").rglob("*.html")}
    assert {f"{name}.html" for name in ALL} | {"index.html", "program.html"} <= pages.keys()
    text = run("memo", *at(production), "--site", tmp_path / "again").out
    assert "Site of 5 experiments and 6 metrics" in text
    assert pages == {path.name: path.read_bytes() for path in (tmp_path / "again").rglob("*.html")}
    data = re.search(r'id="data">(.*?)</script>', pages["index.html"].decode())[1]
    rows = {row[0]: row for row in json.loads(data)["rows"]}
    assert rows["one_page_checkout"][4] == "launch"
    assert rows["search_ranking"][8] > 0
    # Every experiment that may be read has its course by day.
    assert all(row[-1] for key, row in rows.items() if key != "search_ranking")


@pytest.fixture(scope="module")
def marts(pull_request, tmp_path_factory):
    copy = tmp_path_factory.mktemp("marts") / "demo.duckdb"
    shutil.copy(pull_request / "demo.duckdb", copy)
    connection = duckdb.connect(str(copy), read_only=True)
    connection.execute("set search_path = 'pr'")

    def rows(query):
        cursor = connection.execute(query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    yield rows
    connection.close()


def dashboard(marts, name):
    return marts((bundle_path("reports") / "dashboards" / f"{name}.sql").read_text())


def test_the_dashboard_of_what_is_running(marts):
    (row,) = dashboard(marts, "running")
    assert row["experiment_id"] == "sticky_filters"
    (units,) = marts(
        "select sum(n_units) as n from experimentos__assignment_counts "
        "where population = 'analysed' and segment = 'all' and experiment_id = 'sticky_filters'"
    )
    assert row["n_units"] == units["n"] > 0
    assert row["worst_health"] in {"healthy", "warning"}
    assert row["decides_at"].year == 2025


def test_the_dashboard_of_verdicts(marts):
    rows = {row["experiment_id"]: row for row in dashboard(marts, "verdicts")}
    decisions = marts("select * from experimentos__decisions")
    assert {key: row["verdict"] for key, row in rows.items()} == {
        row["experiment_id"]: row["verdict"] for row in decisions
    }
    assert all(row["n_recorded"] == 1 for row in rows.values())


def test_the_dashboard_of_effects_has_what_decides_and_a_latest_day_of_each(marts):
    """What decides is the look, which days may follow."""
    rows = dashboard(marts, "effects_over_time")
    latest = [row for row in rows if row["is_latest"]]
    deciding = marts(
        "select * from experimentos__effects where used_for_decision "
        "and segment = 'all' and role in ('success', 'guardrail')"
    )
    assert len(latest) == len(deciding) > 10
    key = ("experiment_id", "metric", "variant")
    assert {tuple(row[k] for k in (*key, "as_of", "estimate")) for row in deciding} <= {
        tuple(row[k] for k in (*key, "as_of", "estimate")) for row in rows
    }
    days = [tuple(row[k] for k in (*key, "as_of")) for row in rows]
    assert len(days) == len(set(days))
    assert len(days) > 10 * len(latest)


def test_the_dashboard_of_health_has_what_is_not_healthy(marts):
    rows = dashboard(marts, "health")
    (count,) = marts("select count(*) as n from experimentos__health where status <> 'healthy'")
    assert len(rows) == count["n"]
    assert rows[0]["status"] == "blocked"
    assert rows[0]["experiment_id"] == "search_ranking"


def test_the_dashboard_of_exposures_adds_up(marts):
    rows = dashboard(marts, "exposure_counts")
    totals = marts(
        "select experiment_id, variant, sum(n_units) as n from experimentos__assignment_counts "
        "where population = 'assigned' and segment = 'all' group by all"
    )
    last = {(row["experiment_id"], row["variant"]): row["n_units_so_far"] for row in rows}
    assert last == {(row["experiment_id"], row["variant"]): row["n"] for row in totals}
    shares = {}
    for row in rows:
        day = (row["experiment_id"], row["assigned_on"])
        shares[day] = shares.get(day, 0) + row["share_so_far"]
    assert all(share == pytest.approx(1) for share in shares.values())
