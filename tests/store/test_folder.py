"""Where data rest."""

from __future__ import annotations

import errno
import os

import pytest

from beamshell.errors import StoreError
from beamshell.store import data_folder
from beamshell.store.folder import exposure, refusal


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


# ---- who else may change it ----------------------------------------------------------------------


@pytest.fixture
def private(tmp_path):
    """A data folder that only its user and a group may change."""
    folder = tmp_path / "beamline" / "data"
    (folder / "startup").mkdir(parents=True)
    folder.chmod(0o775)
    return folder


def test_a_folder_that_only_its_user_and_a_group_may_change_is_no_word(private):
    assert exposure(private) == ""


@pytest.mark.parametrize("part", [".", "startup"])
def test_a_folder_that_everybody_may_change_is_named_with_the_remedy(private, part):
    place = private / part
    place.chmod(0o777)
    assert exposure(private) == (
        f"everybody on this computer can change {place}, and what is in it is run: !chmod o-w {place}"
    )


def test_a_folder_that_everybody_may_replace_is_named_unless_only_owners_may(private):
    private.parent.chmod(0o777)
    assert exposure(private) == f"everybody on this computer can replace {private}: !chmod o-w {private.parent}"
    private.parent.chmod(0o1777)
    assert exposure(private) == ""


def test_a_folder_of_another_user_is_named_with_that_user(private, monkeypatch):
    monkeypatch.setattr("os.getuid", lambda: private.stat().st_uid + 4321)
    monkeypatch.setattr("beamshell.store.folder._ROOT", -1)
    assert exposure(private).startswith(f"{private} is of user ")


# ---- whether it takes data -----------------------------------------------------------------------


def test_a_folder_that_takes_data_refuses_nothing(tmp_path):
    assert refusal(tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_names_alone_says_why(tmp_path, monkeypatch):
    def refuse(fd):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    assert refusal(tmp_path) == "No space left on device"
