import re
from pathlib import Path

import pytest
import typer

import experimentos
from experimentos.cli import app

VERBS = [
    "init", "demo", "check", "explain", "plan", "build", "memo", "diff", "analyze", "validate",
]  # fmt: skip
NEEDED = {"diff": ["--base", "main"]}
ON_A_PROJECT = ["init", "check", "build", "memo", "diff"]


def test_the_verbs_are_those_that_exist():
    assert [command.callback.__name__ for command in app.registered_commands] == VERBS


def test_help_lists_every_verb_and_the_exit_codes(run):
    answer = run("--help")
    assert answer.code == 0
    for verb in VERBS:
        assert re.search(rf"^│ {verb} ", answer.out, re.MULTILINE)
    assert "Exit codes: 0 fine; 1 a problem with your input" in answer.out


def test_the_reference_has_every_verb_and_its_options():
    text = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    start, *sections = text.split("\n## `experimentos ")
    named = [(re.match(r"\w+", section)[0], section) for section in sections]
    # A verb may have a section for each thing that it is asked about.
    assert list(dict.fromkeys(verb for verb, _ in named)) == VERBS
    commands = typer.main.get_command(app).commands
    for verb in VERBS:
        section = "".join(text for name, text in named if name == verb)
        for parameter in commands[verb].params:
            # Of a pair such as --write and --no-write the one that changes something is enough.
            given = [*parameter.opts, *parameter.secondary_opts]
            options = [option for option in given if option.startswith("--")]
            told = [option for option in options if f"`{option}" in section + start]
            assert told or not options, (verb, options)
            assert parameter.secondary_opts or told == options, (verb, options)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_exit_codes_and_a_format_for_machines(run, verb):
    answer = run(verb, "--help")
    assert answer.code == 0
    assert "json" in answer.out
    assert "Exit codes:" in answer.out


def test_the_version_is_that_of_the_package(run):
    assert run("--version").out.strip() == experimentos.__version__


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain"],
        ["check", "--nope"],
        ["check", "--format", "xml"],
        ["check", "--vars", "a: ["],
        ["check", "--vars", "text"],
        ["build", "--force"],
        ["memo", "--fail-on", "nothing"],
        ["memo", "--since", "yesterday"],
        ["memo", "--since", "2026-01-01", "--changed"],
        ["memo", "--site", "site", "--changed"],
        ["memo", "--site", "site", "--format", "md"],
        ["diff"],
        ["diff", "--base", "main", "--out", "impact.md"],
        ["diff", "--base", "main", "--fail-on", "launch"],
        ["analyze"],
        ["analyze", "there-is-no-such-file.csv"],
    ],
)
def test_wrong_usage_exits_with_two(run, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    answer = run(*arguments)
    assert answer.code == 2
    assert "Traceback" not in answer.err + answer.out


@pytest.mark.parametrize("split", ["control", "control=x", "=", "a=0.5=x"])
def test_a_split_that_cannot_be_read_is_wrong_usage(run, tmp_path, split):
    path = tmp_path / "a.csv"
    path.write_text("variant,users,conversions\na,1,1\nb,1,1\n")
    assert run("analyze", path, "--split", split).code == 2


@pytest.mark.parametrize("verb", ON_A_PROJECT)
def test_outside_a_dbt_project_a_message_says_what_to_do(run, verb, tmp_path):
    answer = run(verb, *NEEDED.get(verb, ()), "--project-dir", tmp_path)
    assert answer.code == 1
    assert answer.err.startswith("Error: There is no dbt project in")
    assert answer.out == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verb", ON_A_PROJECT)
def test_for_machines_an_error_is_a_document_too(run, verb, tmp_path):
    answer = run(verb, *NEEDED.get(verb, ()), "--project-dir", tmp_path, "--format", "json")
    assert answer.code == 1
    assert answer.json["error"].startswith("There is no dbt project in")
    assert answer.err == ""


def test_a_summary_that_cannot_be_read_is_a_problem_with_the_input(run, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("variant,users,conversions\na,1,2\na,1,1\n")
    answer = run("analyze", path)
    assert answer.code == 1
    assert answer.err.count("Error:") == 1
    assert "variant 'a' is there 2 times" in answer.err


def test_init_tells_each_file_and_what_comes_next(run, tmp_path):
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    answer = run("init", "--project-dir", tmp_path)
    assert answer.code == 0
    for file in ("dbt_project.yml", "packages.yml", "experiments/_experimentos_example.yml"):
        assert file in answer.out
    assert "1. dbt deps" in answer.out
    again = run("init", "--project-dir", tmp_path, "--format", "json")
    assert {change["action"] for change in again.json["changes"]} == {"unchanged"}


def test_init_does_not_crash_on_a_folder_it_may_not_write(run, tmp_path):
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    (tmp_path / "dbt_packages_local").write_text("a file where a folder is to be")
    answer = run("init", "--project-dir", tmp_path)
    assert answer.code == 1
    assert answer.err.startswith("Error: ")
