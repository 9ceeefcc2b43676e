"""The five steps of the README, in a project that was there before."""

import pytest

from experimentos.project import Project

pytestmark = pytest.mark.slow

FILES = {
    "dbt_project.yml": "name: shop  # ours\nprofile: shop\n"
    "flags: {send_anonymous_usage_stats: false}\n",
    "profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}}}\n",
    "models/assigned.sql": "{{ config(materialized='table') }}\n"
    "select i as unit, case when i % 2 = 0 then 'a' else 'b' end as variant, 'gate' as experiment "
    "from range(2000) as t(i)",
    "models/seen.sql": "{{ config(materialized='table') }}\n"
    "select i as unit, i % 3 = 0 as won from range(2000) as t(i)",
}
DEFINITIONS = {
    "models/assigned.yml": """
models:
  - name: assigned
    config: {meta: {experimentos: {assignments: {
      experiment: experiment, variant: variant, unit: unit, timestamp: none}}}}
""",
    "models/seen.yml": """
models:
  - name: seen
    config: {meta: {experimentos: {unit: unit, timestamp: none, metrics: {
      won: {type: proportion, value: won}}}}}
""",
    "experiments/gate.yml": """
exposures:
  - name: gate
    type: analysis
    owner: {name: Games}
    depends_on: [ref('experimentos__decisions')]
    config: {meta: {experimentos: {
      control: a, variants: {a: 0.5, b: 0.5}, success: [won]}}}
""",
}


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def test_the_five_steps(run, tmp_path, monkeypatch):
    write(tmp_path, FILES)
    monkeypatch.chdir(tmp_path)
    assert run("init").code == 0
    answer = run("check")
    assert answer.code == 1
    assert "dbt deps" in answer.out
    with Project(tmp_path) as project:
        project.install_packages()

    # Nothing is defined yet, and everything works.
    assert "0 experiments, 0 metrics" in run("check").out
    assert run("build", "--full").code == 0
    assert "No experiment is defined" in run("memo").out

    path = tmp_path / "dbt_project.yml"
    text = path.read_text().replace("assignment_models: []", "assignment_models: [assigned]")
    path.write_text(text.replace("fact_models: []", "fact_models: [seen]"))
    write(tmp_path, DEFINITIONS)
    listing = run("check", "--format", "json").json
    assert [entry["experiment_id"] for entry in listing["experiments"]] == ["gate"]
    answer = run("build", "--full", "--format", "json")
    assert answer.code == 0
    assert [entry["verdict"] for entry in answer.json["experiments"]] == ["hold"]
    assert run("memo", "--format", "md").code == 0
    assert [path.name for path in (tmp_path / "memos").iterdir()] == ["gate.md"]

    # A half of another version is refused, and `init` mends it.
    copy = tmp_path / "dbt_packages_local" / "experimentos" / "dbt_project.yml"
    copy.write_text(copy.read_text().replace("version: 0.1.0", "version: 0.0.9"))
    for verb in ("check", "build", "memo"):
        answer = run(verb)
        assert answer.code == 1
        assert "is version 0.0.9, the Python package is" in answer.out + answer.err
    assert run("init").code == 0
    assert run("build", "--vars", "{experimentos: {nonsense: 1}}").code == 1
    assert run("check").code == 0

    # A key that dbt cannot keep is named, without dbt's own words.
    text = DEFINITIONS["experiments/gate.yml"].replace("{a: 0.5", "{2026-01-01: 0.5")
    (tmp_path / "experiments" / "gate.yml").write_text(text)
    answer = run("check", "--format", "json")
    assert answer.code == 1
    assert answer.json["problems"] == [
        (
            "experiments/gate.yml, line 8: the key 2026-01-01 was read by YAML as a date, not as "
            "text: quote it"
        )
    ]
    for verb in ("build", "memo"):
        assert "`experimentos check` names it, with its file and line" in run(verb).err
