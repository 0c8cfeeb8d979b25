"""A full disk, or a data folder that is gone: each command that writes says so in a line, and works afterwards."""

from __future__ import annotations

import resource
import shutil
import signal

import pytest

from beamshell.errors import BeamshellError
from beamshell.store import ConsoleLog, PersistentDict

WRITING = [
    "scan det th 0 1 3",
    "comment it slipped",
    "tag good",
    "amend sample LaB6",
    "newsample Si",
    "md sample LaB6",
    "RE.md['note'] = 'x'",
    "preset save parked th",
    "preset delete parked",
    "queue add mov th 1",
    "queue hold",
    "queue release",
    "export csv",
    "export spec",
    "export jsonl",
    "handover 8h",
    "script everything.py",
    "undo",
]


@pytest.fixture
def disk():
    """Files of this process cannot grow, as on a full disk: the system itself refuses."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def limit(size=before[0]):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))

    yield limit
    limit()
    signal.signal(signal.SIGXFSZ, ignored)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(prompt, capsys):
    """What is printed by a cell, and the error that it ends with."""

    def run_cell(cell):
        result = prompt.shell.run_cell(cell)
        output = capsys.readouterr()
        return output.out + output.err, result.error_before_exec or result.error_in_exec

    return run_cell


@pytest.fixture(params=["full", "moved", "a file"])
def fault(request, prompt, disk, tmp_path):
    """What begins and ends a fault of the data folder."""
    folder, away = prompt.session.folder, tmp_path / "away"

    def begin():
        if request.param == "full":
            disk(0)
        else:
            shutil.move(folder, away)
            if request.param == "a file":
                folder.write_text("in the way")

    def end():
        disk()
        if request.param == "a file":
            folder.unlink()
        if request.param != "full":
            shutil.copytree(away, folder, dirs_exist_ok=True)
            shutil.rmtree(away)

    return begin, end


@pytest.mark.usefixtures("here")
def test_each_command_that_writes_answers_in_a_line_and_works_afterwards(prompt, run, fault):
    begin, end = fault
    run("scan det th 0 1 3")
    run("preset save parked th")
    lines = {}
    for cell in WRITING:
        begin()
        lines[cell] = run(cell)
        end()
        if prompt.session.state == "paused":
            lines[f"abort after {cell}"] = run("abort")
    for cell, (text, error) in lines.items():
        assert error is None or isinstance(error, BeamshellError | KeyboardInterrupt), (cell, error, text)
        assert "Traceback" not in text, (cell, text)
        assert "Error in callback" not in text, (cell, text)
    for cell in WRITING:
        text, error = run(cell)
        assert error is None, (cell, text)


@pytest.mark.usefixtures("here")
def test_what_was_measured_and_typed_while_it_was_full_is_there_afterwards(prompt, run, disk):
    run("scan det th 0 1 3")
    session = prompt.session
    number = session.runs[-1].scan_id
    token = session.RE.subscribe(lambda name, doc: disk(0), "event")
    text, _ = run("scan det th 0 1 3")
    session.RE.unsubscribe(token)
    assert "nothing is lost: free space or make the folder writable, then resume" in text
    assert session.state == "paused"
    run("wm th")
    disk()
    run("resume")
    assert session.runs[-1].scan_id == number + 1
    assert len(session.runs[-1].table()["seq_num"]) == 3
    assert session.runs[-1].exit_status == "success"
    log = ConsoleLog(session.folder)
    typed = [entry.facts["line"] for entry in log.newest_first("typed")]
    assert typed[:3] == ["resume", "wm th", "scan det th 0 1 3"]


def test_metadata_that_cannot_be_stored_after_a_cell_are_said_once_and_stored_later(prompt, run, disk):
    run("RE.md['places'] = {'a': 1}")
    disk(0)
    text, _ = run("RE.md['places']['b'] = 2")
    assert text.count("metadata.sqlite cannot be written") == 1
    assert "Error in callback" not in text
    assert "metadata" not in run("1 + 1")[0]
    disk()
    run("1 + 1")
    again = PersistentDict(prompt.session.folder / "metadata.sqlite")
    assert again["places"] == {"a": 1, "b": 2}
    again.close()
    run("del RE.md['places']")
