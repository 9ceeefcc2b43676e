from pathlib import Path

import duckdb
import pytest

from experimentos.demo import create
from experimentos.demo.generate import generate
from experimentos.demo.plans import PLANS, UNPLANNED, USERS
from experimentos.errors import InputError


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw")
    return {path.stem: str(path) for path in generate(folder)}


def test_the_same_seed_gives_the_same_bytes(raw, tmp_path):
    for path in generate(tmp_path):
        assert path.read_bytes() == Path(raw[path.stem]).read_bytes()
    other = {path.stem: path for path in generate(tmp_path, seed=1)}
    assert other["orders"].read_bytes() != Path(raw["orders"]).read_bytes()


def test_it_is_small_and_has_users_who_never_do_anything(raw):
    ((active,),) = duckdb.sql(
        f"select count(distinct user_id) from (select user_id from '{raw['orders']}' "
        f"union all select user_id from '{raw['page_loads']}')"
    ).fetchall()
    assert 0.5 * USERS < active < 0.86 * USERS
    rows = [duckdb.sql(f"select * from '{path}'").shape[0] for path in raw.values()]
    assert sum(rows) < 500_000


def test_every_experiment_is_logged_and_one_that_nobody_planned(raw):
    found = duckdb.sql(f"select distinct experiment from '{raw['assignments']}'").fetchall()
    assert {name for (name,) in found} == {*(plan.experiment for plan in PLANS), UNPLANNED}


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty and not a demo"):
        create(tmp_path, force=True)


def test_a_demo_is_written_over_only_by_force(tmp_path):
    folder = tmp_path / "new" / "demo"
    create(folder)
    with pytest.raises(InputError, match="write over it: --force"):
        create(folder)
    create(folder, force=True)
    assert {path.name for path in folder.iterdir()} == {
        "dbt_packages_local",
        "dbt_project.yml",
        "experiments",
        "models",
        "packages.yml",
        "profiles.yml",
        "raw",
    }
