from experimentos.project import find_duplicate_keys, find_misread_keys


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


def test_a_key_that_is_read_as_a_date_is_named_with_file_and_line(tmp_path):
    write(
        tmp_path,
        gate="exposures:\n  - name: gate\n    variants: {2026-01-01: 0.5, b: 0.5}\n",
        orders="models:\n  - meta:\n      2026-01-01 10:00:00: late\n      !!binary eA==: x\n",
    )
    assert [str(found) for found in find_misread_keys(tmp_path)] == [
        (
            "models/gate.yml, line 3: the key 2026-01-01 was read by YAML as a date, not as text: "
            "quote it"
        ),
        (
            "models/orders.yml, line 3: the key 2026-01-01 10:00:00 was read by YAML as a date, "
            "not as text: quote it"
        ),
        (
            "models/orders.yml, line 4: the key eA== was read by YAML as binary data, not as "
            "text: quote it"
        ),
    ]


def test_keys_that_dbt_can_keep_are_left_to_the_macros(tmp_path):
    write(tmp_path, a="'2026-01-01': 1\n1: 1\non: 1\n0.5: 1\n~: 1\na: 2026-01-01\n")
    assert find_misread_keys(tmp_path) == ()


def test_a_mapping_that_aliases_name_again_is_read_once(tmp_path):
    write(tmp_path, a="a: &a {x: 1, x: 2, 2026-01-01: 1, self: *a}\nb: *a\n")
    assert len(find_duplicate_keys(tmp_path)) == len(find_misread_keys(tmp_path)) == 1
