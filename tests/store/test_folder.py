"""Where data rest."""

from __future__ import annotations

import pytest

from beamshell.errors import StoreError
from beamshell.store import data_folder


def test_an_explicit_folder_wins_over_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("BEAMSHELL_DATA", str(tmp_path / "from_environment"))
    assert data_folder(tmp_path / "here") == tmp_path / "here"
    assert not (tmp_path / "from_environment").exists()


def test_the_environment_wins_over_the_platform(tmp_path, monkeypatch):
    monkeypatch.setenv("BEAMSHELL_DATA", str(tmp_path / "deep" / "folder"))
    assert data_folder() == tmp_path / "deep" / "folder"
    assert (tmp_path / "deep" / "folder").is_dir()


def test_without_a_word_it_is_the_platforms_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("BEAMSHELL_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    folder = data_folder()
    assert folder.is_relative_to(tmp_path)
    assert folder.name == "beamshell"


def test_a_relative_folder_stays_where_it_is_when_the_console_changes_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert data_folder("data") == tmp_path / "data"


def test_a_folder_that_cannot_be_made_is_named_with_the_remedy(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"file/data cannot hold data .*BEAMSHELL_DATA"):
        data_folder(tmp_path / "file" / "data")
