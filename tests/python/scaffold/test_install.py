import shutil

import pytest
import yaml

import experimentos
from experimentos.errors import ProjectError
from experimentos.resources import bundle_path
from experimentos.scaffold import COPY, wire

PROJECT = """\
name: shop  # ours
profile: shop

# where things are
models:
  shop:
    +materialized: view
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "dbt_project.yml").write_text(PROJECT)
    return tmp_path


def snapshot(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_project_is_wired(project):
    changes = wire(project)
    assert [change.action for change in changes] == ["created", "created", "updated", "created"]
    text = (project / "dbt_project.yml").read_text()
    assert text.startswith(PROJECT)
    settings = yaml.safe_load(text)
    assert settings["model-paths"] == ["models", "experiments"]
    assert settings["vars"]["experimentos"] == {"assignment_models": [], "fact_models": []}
    packages = yaml.safe_load((project / "packages.yml").read_text())
    assert packages == {"packages": [{"local": "dbt_packages_local/experimentos"}]}
    copied = {path.relative_to(project / COPY) for path in (project / COPY).rglob("*.sql")}
    source = bundle_path("models").parent
    assert copied == {
        path.relative_to(source)
        for name in ("models", "macros")
        for path in (source / name).rglob("*.sql")
    }


def test_a_second_run_changes_nothing(project):
    wire(project)
    before = snapshot(project)
    assert {change.action for change in wire(project)} == {"unchanged"}
    assert snapshot(project) == before


def test_the_example_is_all_comments(project):
    wire(project)
    text = (project / "experiments" / "_experimentos_example.yml").read_text()
    assert yaml.safe_load(text) is None
    # Without the marks, every part of it is YAML that dbt could read.
    parts = [part for part in text.split("\n\n") if "#\n" in part]
    bodies = [
        "\n".join(line[2:] for line in part.split("#\n", 1)[1].splitlines()) for part in parts
    ]
    keys = [set(yaml.safe_load(body)) for body in bodies]
    assert keys == [{"vars"}, {"models"}, {"models"}, {"exposures"}]


def test_an_older_copy_is_replaced_with_what_was_removed_since(project):
    wire(project)
    copy = project / COPY
    (copy / "models" / "old.sql").write_text("select 1")
    settings = (copy / "dbt_project.yml").read_text()
    (copy / "dbt_project.yml").write_text(settings.replace(experimentos.__version__, "0.0.1"))
    assert wire(project)[0].action == "updated"
    assert not (copy / "models" / "old.sql").exists()
    assert wire(project)[0].action == "unchanged"


def test_a_newer_copy_is_refused(project):
    wire(project)
    path = project / COPY / "dbt_project.yml"
    path.write_text(path.read_text().replace(experimentos.__version__, "99.0.0"))
    with pytest.raises(ProjectError, match=r"holds version 99.0.0 .*`pip install experimentos==99"):
        wire(project)


def test_a_folder_that_is_not_ours_is_left_alone(project):
    (project / COPY).mkdir(parents=True)
    (project / COPY / "notes.txt").write_text("mine")
    with pytest.raises(ProjectError, match="is there already and isn't the dbt package"):
        wire(project)
    assert (project / "dbt_project.yml").read_text() == PROJECT


def test_outside_a_dbt_project_it_refuses(tmp_path):
    with pytest.raises(ProjectError, match="There is no dbt project in"):
        wire(tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_package_itself_is_not_wired(tmp_path):
    (tmp_path / "dbt_project.yml").write_text("name: experimentos\n")
    with pytest.raises(ProjectError, match="is the dbt package `experimentos` itself"):
        wire(tmp_path)


def test_where_an_edit_is_refused_no_file_is_touched(project):
    (project / "packages.yml").write_text("packages: text\n")
    before = snapshot(project)
    with pytest.raises(ProjectError, match=r"packages.yml is written in a way"):
        wire(project)
    assert snapshot(project) == before


def test_packages_in_dependencies_yml_stay_there(project):
    (project / "dependencies.yml").write_text("packages:\n  - package: a/b\n    version: 1.0.0\n")
    wire(project)
    assert not (project / "packages.yml").exists()
    packages = yaml.safe_load((project / "dependencies.yml").read_text())["packages"]
    assert packages[-1] == {"local": "dbt_packages_local/experimentos"}


def test_a_checkout_listed_in_packages_is_enough(project, tmp_path_factory):
    checkout = tmp_path_factory.mktemp("checkout")
    shutil.copy(bundle_path("dbt_project.yml"), checkout)
    text = f"packages:\n  - local: {checkout}\n"
    (project / "packages.yml").write_text(text)
    wire(project)
    assert (project / "packages.yml").read_text() == text


def test_line_ends_of_windows_stay(project):
    path = project / "dbt_project.yml"
    path.write_bytes(PROJECT.replace("\n", "\r\n").encode())
    wire(project)
    content = path.read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n") > PROJECT.count("\n")
