from experimentos.project import find_duplicate_keys


def write(root, **files):
    (root / "dbt_project.yml").write_text(files.pop("project", "name: shop\n"))
    for name, text in files.items():
        path = root / "models" / f"{name}.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def test_a_key_given_twice_is_named_with_file_and_lines(tmp_path):
    write(
        tmp_path,
        orders="models:\n  - name: a\n    config:\n      meta: {x: 1}\n      meta: {y: 2}\n",
    )
    (duplicate,) = find_duplicate_keys(tmp_path)
    assert str(duplicate).startswith(
        "models/orders.yml, line 5: key 'meta' is given twice (first on line 4)."
    )


def test_every_place_where_dbt_looks_is_read(tmp_path):
    write(tmp_path, project="name: shop\nname: shop\nmodel-paths: [models, experiments]\n")
    (tmp_path / "experiments" / "deep").mkdir(parents=True)
    (tmp_path / "experiments" / "deep" / "a.yaml").write_text("a: {b: 1, b: 2}\n")
    (tmp_path / "packages.yml").write_text("packages: []\npackages: []\n")
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "a.yml").write_text("a: 1\na: 1\n")
    assert [(found.file, found.key) for found in find_duplicate_keys(tmp_path)] == [
        ("dbt_project.yml", "name"),
        ("experiments/deep/a.yaml", "b"),
        ("packages.yml", "packages"),
    ]


def test_the_same_key_in_two_mappings_is_fine(tmp_path):
    write(tmp_path, a="base: &base {x: 1}\nmodels:\n  - {name: a, <<: *base}\n  - {name: b}\n")
    assert find_duplicate_keys(tmp_path) == ()


def test_a_file_that_is_no_yaml_is_left_to_dbt(tmp_path):
    write(tmp_path, a="a: [", b="b: 1\nb: 2\n", empty="")
    assert [found.file for found in find_duplicate_keys(tmp_path)] == ["models/b.yml"]
