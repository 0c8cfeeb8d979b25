"""An engine and the data folder that its runs go to; no shell, no IOC."""

from __future__ import annotations

import json
import threading

import pytest

from beamshell.devices.sim import det
from beamshell.errors import RunEngineInterrupted
from beamshell.plans import count, stubs
from beamshell.shell.acquisition import Acquisition
from beamshell.store import index_reader


@pytest.fixture
def open_acquisition(tmp_path):
    opened = []

    def open_one():
        opened.append(Acquisition.open(str(tmp_path)))
        return opened[-1]

    yield open_one
    for acquisition in opened:
        acquisition.close()


def test_a_run_of_the_engine_is_in_the_catalogue(open_acquisition, tmp_path):
    acquisition = open_acquisition()
    (uid,) = acquisition.engine(count([det]))
    assert acquisition.folder == tmp_path
    assert acquisition.runs[-1].start["uid"] == uid


def test_runs_are_counted_on_when_the_metadata_are_lost(open_acquisition, tmp_path):
    first = open_acquisition()
    first.engine(count([det]))
    first.close()
    for path in tmp_path.glob("metadata.sqlite*"):
        path.unlink()
    assert open_acquisition().metadata.last_scan_id == 1


def test_a_run_that_a_console_left_open_is_closed_and_named(open_acquisition, tmp_path, capsys):
    first = open_acquisition()
    first.journal("start", {"uid": "0123abcd", "time": 1.8e9, "scan_id": 1})
    first.close()
    second = open_acquisition()
    (path,) = (tmp_path / "runs").rglob("*.jsonl")
    assert f"a run that a crashed console had left open is closed now: {path}" in capsys.readouterr().err
    assert second.runs[-1].stop["exit_status"] == "abort"


def test_the_start_does_not_wait_for_an_index_that_is_far_behind(open_acquisition, tmp_path, monkeypatch):
    first = open_acquisition()
    for _ in range(3):
        first.engine(count([det]))
    first.close()
    (tmp_path / "index.sqlite").unlink()
    go_on = threading.Event()
    monkeypatch.setattr(index_reader, "_MANY", 1)
    monkeypatch.setattr(index_reader.IndexReader, "read_days", lambda _reader: go_on.wait(60))
    second = open_acquisition()
    assert second.runs.index.is_reading
    assert second.runs[-1].scan_id == 3
    go_on.set()
    assert len(second.runs) == 3


def test_what_is_assigned_to_the_engines_metadata_is_there_at_the_next_start(open_acquisition):
    first = open_acquisition()
    first.metadata["operator"] = "me"
    first.metadata["scan_id"] = 7
    first.engine.md = {"sample": "Si"}
    first.close()
    assert dict(open_acquisition().engine.md) == {"sample": "Si", "scan_id": 7}


def test_a_run_that_another_computer_has_left_open_is_said_at_the_start(open_acquisition, tmp_path, capsys):
    first = open_acquisition()
    first.journal("start", {"uid": "0123abcd", "time": 1.8e9, "scan_id": 1})
    first.close()
    (marker,) = (tmp_path / "runs" / ".open").glob("*.json")
    marker.write_text(json.dumps(json.loads(marker.read_text()) | {"host": "elsewhere", "boot": "another"}))
    open_acquisition()
    (path,) = (tmp_path / "runs").rglob("*.jsonl")
    assert capsys.readouterr().err == (
        f"beamshell: a run of elsewhere is open: {path}; if no console runs there, type session.close_open_runs()\n"
    )


def test_a_paused_plan_is_aborted_at_the_end_and_no_plan_is_no_word(open_acquisition, capsys):
    acquisition = open_acquisition()
    acquisition.end_plan()
    assert capsys.readouterr().err == ""
    with pytest.raises(RunEngineInterrupted):
        acquisition.engine(stubs.pause())
    acquisition.end_plan()
    assert capsys.readouterr().err == "beamshell: a plan is paused: aborting it\n"
    assert str(acquisition.engine.state) == "idle"


def test_closing_twice_does_no_harm(open_acquisition):
    acquisition = open_acquisition()
    acquisition.close()
    acquisition.close()


def test_a_folder_that_others_may_change_is_said_at_the_start(open_acquisition, tmp_path, capsys):
    tmp_path.chmod(0o777)
    open_acquisition()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"beamshell: everybody on this computer can change {tmp_path}")


def test_a_run_that_the_folder_refused_is_in_its_place_after_the_next_start(
    open_acquisition, tmp_path, tmp_path_factory, monkeypatch, capsys
):
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.mktemp("temporary")))
    first = open_acquisition()
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(RunEngineInterrupted):
        first.engine(count([det]))
    first.end_plan()
    first.close()
    assert "run 1 is kept in " in capsys.readouterr().err
    (tmp_path / "runs").unlink()
    second = open_acquisition()
    (path,) = (tmp_path / "runs").rglob("*.jsonl")
    assert f"a run that the data folder had refused is in its place now: {path}" in capsys.readouterr().err
    assert second.runs[-1].exit_status == "abort"


@pytest.mark.parametrize("part", [".", "runs"])
def test_the_console_goes_on_in_a_fresh_folder_when_its_own_was_moved_away(open_acquisition, tmp_path, part):
    acquisition = open_acquisition()
    acquisition.metadata["sample"] = "LaB6"
    acquisition.engine(count([det]))
    moved = tmp_path / part
    moved.rename(tmp_path.parent / f"{tmp_path.name} moved")
    acquisition.engine(count([det]))
    acquisition.metadata["user"] = "Ada"
    assert [run.scan_id for run in acquisition.runs] == [2]
    acquisition.close()
    again = open_acquisition()
    assert again.metadata.last_scan_id == 2
    assert again.runs[-1].start["sample"] == "LaB6"
    assert again.metadata["user"] == "Ada"
