"""New files: whole under their names or not at all, and never over a file that is there."""

from __future__ import annotations

import os

import pytest

from beamshell.errors import StoreError
from beamshell.store.exports.files import NewFiles


@pytest.fixture
def files(tmp_path):
    with NewFiles(tmp_path / "out", "12", ".csv") as files:
        yield files


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_file_has_its_name_when_it_is_published(files, tmp_path):
    files.text().write("a")
    files.text("ring").write("é")
    assert names(tmp_path / "out") == []
    paths = files.publish()
    assert paths == [tmp_path / "out" / "12.csv", tmp_path / "out" / "12_ring.csv"]
    assert [path.read_text("utf-8") for path in paths] == ["a", "é"]


def test_what_is_not_published_is_removed(files, tmp_path):
    files.text().write("a")
    files.path("x").write_text("b")
    files.discard()
    assert list((tmp_path / "out").iterdir()) == []


def test_a_file_that_is_there_is_refused_before_anything_is_written(files, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "12.csv").symlink_to("nowhere")
    with pytest.raises(StoreError, match=r"12\.csv exists already: add replace=yes, or name another folder"):
        files.text()


def test_a_file_that_comes_meanwhile_is_not_overwritten_and_none_of_them_is_left(files, tmp_path):
    for part in ("a", "b"):
        files.text(part).write(part)
    (tmp_path / "out" / "12_b.csv").write_text("mine")
    with pytest.raises(StoreError, match="exists already"):
        files.publish()
    assert names(tmp_path / "out") == ["12_b.csv"]
    assert (tmp_path / "out" / "12_b.csv").read_text() == "mine"


def test_without_hard_links_a_file_is_published_and_none_overwritten(files, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    files.text("a").write("a")
    assert [path.read_text() for path in files.publish()] == ["a"]
    files.text("b").write("b")
    (tmp_path / "out" / "12_b.csv").write_text("mine")
    with pytest.raises(StoreError, match="exists already"):
        files.publish()


def test_a_file_may_be_replaced_if_that_is_wanted(tmp_path):
    path = tmp_path / "12.csv"
    path.write_text("old")
    with NewFiles(tmp_path, "12", ".csv", replace=True) as files:
        files.text().write("new")
        assert path.read_text() == "old"
        assert files.publish() == [path]
    assert path.read_text() == "new"


def test_a_block_that_fails_leaves_the_files_as_they_were(files, tmp_path):
    files.text().write("whole\n")

    def fail():
        files.text().write("half")
        files.text("new").write("x")
        raise RuntimeError

    with pytest.raises(RuntimeError), files.all_or_nothing():
        fail()
    files.text().write("next\n")
    assert [path.read_text() for path in files.publish()] == ["whole\nnext\n"]


def test_a_slash_in_the_name_is_a_folder(tmp_path):
    with NewFiles(tmp_path, "P-1/12", ".csv") as files:
        files.text().write("a")
        assert files.publish() == [tmp_path / "P-1" / "12.csv"]
