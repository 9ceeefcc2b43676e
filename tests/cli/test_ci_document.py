"""docs/ci.md: the workflow can be read, and calls what there is."""

import re
import shlex
from pathlib import Path

import typer
import yaml

from experimentos.cli import app
from experimentos.resources import bundle_path

ROOT = Path(__file__).parents[2]
CI = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")


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
