import pytest
import yaml

from experimentos.errors import ProjectError
from experimentos.scaffold.yaml_edit import add_entry, append_item

ITEM = "local: folder"
BLOCK = "# why\nnames: []\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "other: 1\n",
        "packages:\n",
        "packages: []\n",
        "packages: # none yet\n",
        "packages:\n  - package: a/b  # pinned\n    version: 1.0.0\n",
        'packages:\n- package: a/b\n  version: [">=1", "<2"]\n# the end\n',
        "packages: [{package: a/b, version: 1.0.0}]\n",
        "packages: [{package: a/b, version: 1.0.0},]\n",
        "packages:\n  - git: x\n    note: |\n      two\n      lines\n\nother: 1\n",
        "packages:\n  - local: a",
    ],
)
def test_an_item_is_added_and_everything_else_stays(text):
    edited = append_item(text, "packages", ITEM, file="packages.yml")
    before, after = yaml.safe_load(text) or {}, yaml.safe_load(edited)
    assert after["packages"] == [*(before.get("packages") or []), {"local": "folder"}]
    assert {key: value for key, value in after.items() if key != "packages"} == {
        key: value for key, value in before.items() if key != "packages"
    }
    for comment in ("# only a comment", "# none yet", "# pinned", "# the end"):
        assert (comment in text) == (comment in edited)
    assert append_item(edited, "packages", ITEM, file="packages.yml") == edited


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name: shop\n",
        "vars:\n",
        "vars: {}\n",
        "vars: {a: 1}\n",
        "vars:\n    a: 1   # deep\n    b:\n      c: [1,\n        2]\nmodels: {}\n",
        "vars:\n  a:\n\n# models\nmodels: {}\n",
        "vars:\n  a: >\n    folded\n    text\n",
    ],
)
def test_an_entry_is_added_and_everything_else_stays(text):
    edited = add_entry(text, "vars", "experimentos", BLOCK, file="dbt_project.yml")
    before, after = yaml.safe_load(text) or {}, yaml.safe_load(edited)
    assert after["vars"] == {**(before.get("vars") or {}), "experimentos": {"names": []}}
    assert list(after) == list(before) or list(after) == [*before, "vars"]
    for comment in ("# deep", "# models"):
        assert (comment in text) == (comment in edited)
    assert add_entry(edited, "vars", "experimentos", BLOCK, file="dbt_project.yml") == edited


def test_an_entry_that_is_there_is_left_alone():
    text = "vars:\n  experimentos: {mine: 1}\n"
    assert add_entry(text, "vars", "experimentos", BLOCK, file="f") == text


def test_a_list_that_is_no_list_is_refused_with_the_lines_to_write():
    with pytest.raises(ProjectError, match=r"Add this yourself:\n  packages:\n    - local: folder"):
        append_item("packages: text\n", "packages", ITEM, file="packages.yml")


def test_an_alias_is_refused_and_not_changed_elsewhere():
    text = "a: &list [1]\npackages: *list\n"
    with pytest.raises(ProjectError, match="packages.yml is written in a way"):
        append_item(text, "packages", ITEM, file="packages.yml")


@pytest.mark.parametrize("text", ["a: [", "- a list\n"])
def test_a_file_that_is_no_mapping_is_named(text):
    with pytest.raises(ProjectError, match=r"^packages.yml "):
        append_item(text, "packages", ITEM, file="packages.yml")
