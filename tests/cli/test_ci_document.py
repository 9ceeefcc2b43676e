"""docs/ci.md: the workflow can be read, calls what there is, and its step that comments works.

That step is run by a shell with a `gh` that records what it is told.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from experimentos.cli import app
from experimentos.resources import bundle_path

ROOT = Path(__file__).parents[2]
CI = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")


LIMIT = 65_536
"""Most characters of a comment; GitHub refuses one that is longer."""
GH = """#!{python}
import json, pathlib, subprocess, sys
arguments = sys.argv[1:]
here = pathlib.Path({folder!r})
with (here / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps(arguments) + "\\n")
if arguments[0] == "api" and "--jq" in arguments:
    answer = (here / "comments.json").read_text()
    jq = ["jq", "-r", arguments[arguments.index("--jq") + 1]]
    sys.exit(subprocess.run(jq, input=answer, text=True).returncode)
name = "comment.md" if arguments[0] == "pr" else arguments[-1].removeprefix("body=@")
body = pathlib.Path(name).read_text()
if len(body) > {limit}:
    sys.exit("HTTP 422: body is too long (maximum is {limit} characters)")
(here / "body.md").write_text(body)
"""


def workflow():
    blocks = re.findall(r"^```yaml\n(.*?)^```", CI, re.MULTILINE | re.DOTALL)
    (found,) = [yaml.safe_load(block) for block in blocks if "jobs:" in block]
    return found


def calls():
    for job in workflow()["jobs"].values():
        for step in job["steps"]:
            for line in step.get("run", "").splitlines():
                if line.strip().startswith("experimentos "):
                    yield shlex.split(line.partition(">")[0].partition("||")[0])[1:]


def test_every_call_is_one_that_the_command_takes():
    commands = typer.main.get_command(app).commands
    found = list(calls())
    assert {call[0] for call in found} == {"check", "build", "diff", "memo"}
    for verb, *arguments in found:
        options = {option for one in commands[verb].params for option in one.opts}
        given = {argument for argument in arguments if argument.startswith("-")}
        assert given <= options, (verb, given - options)


def test_the_workflow_comments_and_fails_on_a_blocked_experiment():
    text = CI.partition("jobs:")[2]
    assert "gh pr comment" in text
    assert "--fail-on blocked" in text
    assert workflow()["permissions"] == {"contents": "read", "pull-requests": "write"}


def test_every_dashboard_is_described_and_no_other():
    text = (ROOT / "docs" / "dashboards.md").read_text(encoding="utf-8")
    files = {path.name for path in (bundle_path("reports") / "dashboards").glob("*.sql")}
    assert set(re.findall(r"`reports/dashboards/(\w+\.sql)`", text)) == files
    for name in files:
        query = (bundle_path("reports") / "dashboards" / name).read_text(encoding="utf-8")
        comment = " ".join(line for line in query.splitlines() if line.startswith("--"))
        assert "Chart:" in comment


def step(name):
    (found,) = [
        one
        for job in workflow()["jobs"].values()
        for one in job["steps"]
        if one.get("name") == name
    ]
    return found


@pytest.fixture
def comment(tmp_path):
    """Run the step on a report and memos; return what was posted, and how."""
    if shutil.which("jq") is None or shutil.which("bash") is None:
        pytest.skip("the step needs bash, and `gh --jq` is told by jq here")
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(GH.format(python=sys.executable, folder=str(tmp_path), limit=LIMIT))
    gh.chmod(0o755)
    work = tmp_path / "work"
    (work / "memos").mkdir(parents=True)

    def post(impact, memos=(), comments=()):
        (work / "impact.md").write_text(impact)
        for name, text in dict(memos).items():
            (work / "memos" / f"{name}.md").write_text(text)
        (tmp_path / "comments.json").write_text(json.dumps(list(comments)))
        environment = {
            "PATH": f"{gh.parent}:/usr/local/bin:/usr/bin:/bin",
            "PR_NUMBER": "7",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_REPOSITORY": "shop/models",
            "GITHUB_RUN_ID": "99",
        }
        script = work / "step.sh"
        script.write_text(step("comment")["run"])
        # As GitHub runs a step: it stops at the first command that fails.
        done = subprocess.run(
            ["/usr/bin/env", "bash", "-e", str(script)], cwd=work, env=environment, check=False,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told = (tmp_path / "calls.jsonl").read_text().splitlines()
        return (tmp_path / "body.md").read_text(), [json.loads(line) for line in told]

    return post


def written(login, body, number):
    return {"id": number, "user": {"login": login}, "body": body}


def test_a_short_report_is_posted_whole_with_its_memos(comment):
    body, calls = comment("## What this build does\n\nNothing.\n", {"a": "# A\n", "b": "# B\n"})
    assert body.startswith("<!-- experimentos -->\n## What this build does\n")
    assert body.count("<details>") == body.count("</details>") == 2
    assert "<summary>b</summary>\n\n# B\n" in body
    assert "artifact" not in body
    assert calls[-1] == ["pr", "comment", "7", "--body-file", "comment.md"]


@pytest.mark.parametrize("line", ["| a row of the report |\n", "| ein Übermaß: 20 € |\n"])
def test_a_report_that_is_too_long_is_cut_at_a_line_and_says_where_the_rest_is(comment, line):
    body, _ = comment(line * 5000, {"a": "# A\n"})
    assert 50_000 < len(body.encode()) < LIMIT
    shown, _, rest = body.partition("\n**Cut here.**")
    assert shown.endswith(line)
    where = (
        "artifact `experiments` of [this run](https://github.example/shop/models/actions/runs/99)"
    )
    assert where in rest
    assert "Memos that do not fit are in the artifact" in rest
    assert rest.rstrip().endswith(": a")


def test_one_line_that_is_too_long_is_left_out(comment):
    body, _ = comment("x" * 70_000)
    assert body.startswith("<!-- experimentos -->\n\n**Cut here.**")


def test_memos_that_do_not_fit_are_named_and_those_that_do_are_shown(comment):
    memos = {"a": "a" * 30_000, "b": "b" * 40_000, "c": "c" * 20_000}
    body, _ = comment("Short.\n", memos)
    assert "<summary>a</summary>" in body
    assert "<summary>b</summary>" not in body
    assert "<summary>c</summary>" in body
    assert body.rstrip().endswith("actions/runs/99): b")


def test_names_of_very_many_memos_fit_too(comment):
    memos = {f"experiment_number_{number:04}": "x" * 40_000 for number in range(300)}
    body, _ = comment("| row |\n" * 7000, memos)
    assert len(body) < LIMIT


def test_its_own_comment_is_changed_and_no_other(comment):
    mine = written("github-actions[bot]", "<!-- experimentos -->\nbefore", 3)
    others = [
        written("github-actions[bot]", "<!-- coverage -->\n98 %", 1),
        written("somebody", "<!-- experimentos -->\nquoted", 2),
    ]
    last = written("github-actions[bot]", "Deployed.", 4)
    _, calls = comment("New.\n", comments=[*others, mine, last])
    assert calls[-1][:4] == ["api", "--silent", "--method", "PATCH"]
    assert calls[-1][4] == "repos/shop/models/issues/comments/3"
    _, calls = comment("New.\n", comments=[*others, last])
    assert calls[-1][:2] == ["pr", "comment"]


def test_pull_requests_of_forks_get_no_comment():
    condition = step("comment")["if"]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in condition
    assert "!cancelled()" in condition
