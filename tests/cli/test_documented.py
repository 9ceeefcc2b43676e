"""The README and the other documents say what there is."""

import csv
import io
import re
from pathlib import Path

import pytest
import yaml

import experimentos
from experimentos.cli import app
from experimentos.project.settings import project_settings
from experimentos.resources import BUNDLED, bundle_path
from experimentos.summaries import read_summary

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_every_command_is_listed_and_no_other():
    listed = re.findall(r"^\| `experimentos (\w+)", README, re.MULTILINE)
    assert listed == [command.callback.__name__ for command in app.registered_commands]


def test_every_public_table_is_listed_and_no_other():
    listed = set(re.findall(r"`(experimentos__\w+)`", README.partition("## Tables")[2]))
    contracted = {
        model["name"]
        for path in bundle_path("models").rglob("*.yml")
        for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", ())
        if model.get("config", {}).get("contract", {}).get("enforced")
    }
    assert listed == contracted


def test_the_commands_of_make_exist():
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for command in re.findall(r"`?make (\w+)", README + (ROOT / "CONTRIBUTING.md").read_text()):
        assert command in targets


def test_the_definitions_shown_are_those_of_the_demo():
    shown = [yaml.safe_load(block) for block in blocks("yaml")]
    demo = ROOT / "src" / "experimentos" / "demo" / "project"
    (model,) = shown[0]["models"]
    (real,) = yaml.safe_load((demo / "models" / "fct_orders.yml").read_text())["models"]
    assert model["name"] == real["name"]
    metrics = real["config"]["meta"]["experimentos"]["metrics"]
    assert model["config"]["meta"]["experimentos"]["metrics"].keys() <= metrics.keys()
    (shown_experiment,) = shown[1]["exposures"]
    (experiment,) = yaml.safe_load((demo / "experiments" / "one_page_checkout.yml").read_text())[
        "exposures"
    ]
    settings = experiment["config"]["meta"]["experimentos"]
    assert shown_experiment["config"]["meta"]["experimentos"].items() <= settings.items()


def test_the_summary_shown_can_be_read(tmp_path):
    (text,) = blocks("csv")
    assert list(csv.DictReader(io.StringIO(text)))
    (tmp_path / "summary.csv").write_text(text)
    assert read_summary(tmp_path / "summary.csv").metrics == ("conversions", "refunds", "revenue")


def test_the_two_halves_have_one_version():
    settings = project_settings(bundle_path("dbt_project.yml"))
    assert settings["version"] == experimentos.__version__


@pytest.mark.parametrize("name", BUNDLED)
def test_the_wheel_carries_what_is_looked_up(name):
    text = (ROOT / "pyproject.toml").read_text()
    assert f'"{name}" = "experimentos/_bundle/{name}"' in text
    assert bundle_path(name).exists()


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md"])
def test_every_path_named_exists(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    for path in re.findall(r"`((?:macros|models|src|reports|tests|project|memo)/[\w./-]+)`", text):
        places = [ROOT / path, ROOT / "src" / "experimentos" / path]
        assert any(place.exists() for place in places), path


def promises():
    """Rows of docs/promises.md: what is promised, the files that it names, its tests and cases."""
    page = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    for line in page.splitlines():
        if line.startswith("| ") and not line.startswith(("| Promise", "| :--")):
            promise, files, guards = (cell.strip() for cell in line.strip("|").split("|"))
            named = re.findall("`([^`]+)`", guards)
            tests = [name.split("::") for name in named if "::" in name]
            yield (
                promise,
                re.findall("`([^`]+)`", files),
                tests,
                [n for n in named if "::" not in n],
            )


def test_every_promise_has_a_test_and_a_place_that_exist():
    cases = {
        entry["name"]
        for path in (ROOT / "tests" / "dbt" / "decisions").glob("*.yml")
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
    }
    roots = [ROOT / part for part in ("src/experimentos", "macros", "models")]
    found = list(promises())
    assert len(found) > 50
    for promise, files, tests, names in found:
        assert tests or names, promise
        for file in files:
            assert any((root / file).exists() for root in roots), (promise, file)
        for file, test in tests:
            text = (ROOT / "tests" / file).read_text(encoding="utf-8")
            assert f"def {test}(" in text, (promise, file, test)
        assert set(names) <= cases, (promise, set(names) - cases)
