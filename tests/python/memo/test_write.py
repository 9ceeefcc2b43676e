from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memo import examples

from experimentos import memo as memos
from experimentos.errors import ArgumentError
from experimentos.memo.render import file_stem


@pytest.fixture
def every():
    return memos.read_memos(examples.fetcher(examples.every()))


def test_each_memo_is_written_in_each_format(tmp_path, every):
    paths = memos.write(every, tmp_path / "new" / "folder")
    names = [f"{name}.{ending}" for name in sorted(examples.ALL) for ending in ("md", "html")]
    assert [path.name for path in paths] == names
    assert sorted(path.name for path in paths[0].parent.iterdir()) == sorted(names)
    assert memos.write(every[:1], tmp_path, formats=("md",)) == [tmp_path / "dark_gate.md"]


def test_the_same_rows_give_the_same_bytes(tmp_path, every):
    first = {path.name: path.read_bytes() for path in memos.write(every, tmp_path)}
    marts = examples.every()
    for row in marts["decisions"]:
        row["decided_at"] = None
    for row in marts["effects"]:
        for column, value in row.items():
            # The last bits of a parallel sum.
            if isinstance(value, float) and column not in {"margin", "level"}:
                row[column] = value * (1 + 1e-13)
    again = memos.write(memos.read_memos(examples.fetcher(marts)), tmp_path)
    assert {path.name: path.read_bytes() for path in again} == first
    assert not any(b"2031-01" in content for content in first.values())
    assert not any(b"\r" in content for content in first.values())


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path, every, monkeypatch):
    memos.write(every[:1], tmp_path, formats=("md",))
    old = (tmp_path / "dark_gate.md").read_bytes()

    def fail(*_):
        raise OSError

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError):
        memos.write(every[:1], tmp_path, formats=("md",))
    assert [path.name for path in tmp_path.iterdir()] == ["dark_gate.md"]
    assert (tmp_path / "dark_gate.md").read_bytes() == old


def test_an_unknown_format_is_named(tmp_path, every):
    with pytest.raises(
        ArgumentError, match=r"among \['html', 'json', 'md', 'pdf', 'svg'\], got 'doc'"
    ):
        memos.write(every, tmp_path, formats=("md", "doc"))
    assert list(tmp_path.iterdir()) == []


ids = st.one_of(st.text(max_size=30), st.text(alphabet="aA._-/0cCoOnN", max_size=6))


@settings(deadline=None)
@given(ids, ids)
def test_no_two_experiments_share_a_file(one, other):
    stems = {file_stem(one).lower(), file_stem(other).lower()}
    assert len(stems) == (1 if one == other else 2)


@settings(deadline=None)
@given(ids)
def test_a_file_name_is_safe_everywhere(experiment_id):
    stem = file_stem(experiment_id)
    assert stem.isascii()
    assert set(stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-.")
    assert not stem.startswith((".", "-"))
    assert 0 < len(stem) <= 100


@pytest.mark.parametrize("name", ["con", "nul", "..", "/etc/passwd", "a" * 5000, "", "\ud800"])
def test_names_with_a_meaning_to_a_file_system_are_hashed(name, tmp_path, every):
    hostile = replace(every[0].experiment, experiment_id=name)
    (path,) = memos.write([replace(every[0], experiment=hostile)], tmp_path, formats=("md",))
    assert path.parent == tmp_path
    assert path.exists()
    assert path.stem != name


def test_what_is_exported_exists():
    assert sorted(memos.__all__) == memos.__all__
    assert all(hasattr(memos, name) for name in memos.__all__)
