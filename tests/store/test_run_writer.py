"""A run survives what happens to its file and its folder while it is measured."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import textwrap

import pytest

from beamshell.errors import StoreError
from beamshell.store import Journal, Runs, close_open_runs
from beamshell.store.rescue import bring_in
from beamshell.store.run_file import documents


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def said():
    return []


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def journal(folder, said, clock):
    journal = Journal(folder, said.append, clock)
    yield journal
    journal.close()


def send(journal, pairs):
    for name, doc in pairs:
        journal(name, doc)


def run_file(folder):
    (path,) = folder.glob("runs/*/*/*.jsonl")
    return path


def rescued(place):
    return list(place.rglob("*.jsonl"))


def refuse(monkeypatch, call, code, folder):
    """Let a call of the system fail for files of the data folder, as the system does."""
    real = getattr(os, call)

    def fail(first, *more, **options):
        path = os.readlink(f"/proc/self/fd/{first}") if isinstance(first, int) else os.fspath(first)
        if path.startswith(str(folder)):
            raise OSError(code, os.strerror(code), path)
        return real(first, *more, **options)

    monkeypatch.setattr(os, call, fail)


def answer_of(journal, pair):
    """Why the journal refuses a document; "" if it takes it."""
    try:
        journal(*pair)
    except StoreError as exc:
        return str(exc)
    return ""


def refuse_all(journal, pairs):
    """Send documents to a journal whose folder takes none."""
    for pair in pairs:
        with pytest.raises(StoreError, match="nothing is lost"):
            journal(*pair)


# ---- the file is no longer in its place ----------------------------------------------------------


def move_runs_away(folder, run):
    (folder / "runs").rename(folder / "old runs")


def remove_runs(folder, run):
    shutil.rmtree(folder / "runs")


def move_the_folder_away(folder, run):
    folder.rename(folder.with_name("elsewhere"))


def remove_the_file(folder, run):
    run.unlink()


def cut_the_file(folder, run):
    os.truncate(run, 10)


def put_another_in_its_place(folder, run):
    run.rename(run.with_suffix(".bak"))
    run.write_text("")


HARM = [move_runs_away, remove_runs, move_the_folder_away, remove_the_file, cut_the_file, put_another_in_its_place]


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize("at", [2, 4, -1], ids=["first point", "middle", "end"])
def test_a_run_whose_file_is_moved_or_removed_is_written_again_whole_and_that_is_said(
    journal, folder, made, clock, said, harm, at
):
    run = made.run(12, points=4)
    send(journal, run[:at])
    harm(folder, run_file(folder))
    clock.now += 1.0
    send(journal, run[at:])
    whole = [path for path in folder.glob("runs/*/*/*.jsonl") if list(documents(path)) == run]
    assert len(whole) == 1
    (line,) = said
    assert line.startswith("run 12: ")
    assert line.endswith(f"the whole run is written again to {whole[0]}")
    assert journal.recent == whole
    journal.close()
    assert close_open_runs(folder) == []


def test_it_is_said_at_the_next_point_and_not_at_the_end(journal, folder, made, clock, said):
    *run, _ = made.run(points=3)
    send(journal, run[:-1])
    remove_runs(folder, None)
    clock.now += 1.0
    send(journal, run[-1:])
    assert len(said) == 1
    assert list(documents(run_file(folder))) == run


def test_the_beginning_of_a_long_run_is_read_again_from_the_removed_file(journal, folder, made, clock, monkeypatch):
    monkeypatch.setattr("beamshell.store.run_writer._LARGEST_COPY", 1000)
    run = made.run(points=50)
    send(journal, run[:30])
    remove_runs(folder, None)
    clock.now += 1.0
    send(journal, run[30:])
    assert list(documents(run_file(folder))) == run


def test_where_no_fresh_folder_can_be_made_the_run_waits_in_another_place(
    journal, folder, made, clock, said, rescue_place
):
    run = made.run(12, points=4)
    send(journal, run[:4])
    remove_runs(folder, None)
    (folder / "runs").write_text("in the way")
    clock.now += 1.0
    with pytest.raises(StoreError, match=r"Not a directory|File exists") as refusal:
        send(journal, run[4:5])
    (copy,) = rescued(rescue_place)
    assert str(copy) in str(refusal.value)
    assert list(documents(copy)) == run[:5]
    (folder / "runs").unlink()
    send(journal, run[5:])
    assert list(documents(run_file(folder))) == run
    assert rescued(rescue_place) == []
    assert said == [f"run 12: its file was moved away or removed; the whole run is written again to {run_file(folder)}"]


# ---- the folder refuses ----------------------------------------------------------------------------

CODES = ["ENOSPC", "EDQUOT", "EROFS", "EIO", "ESTALE", "EACCES"]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("call", ["write", "fsync", "open"])
def test_whatever_the_system_refuses_no_document_is_lost(journal, folder, made, monkeypatch, rescue_place, call, code):
    first, second = made.run(1), made.run(2)
    send(journal, first[:3])
    with monkeypatch.context() as patch:
        refuse(patch, call, getattr(errno, code), folder)
        answers = [answer_of(journal, pair) for pair in (*first[3:], *second[:3])]
        assert any(answers)
        assert all("nothing is lost: free space or make the folder writable" in answer for answer in answers if answer)
        copies = {path.name: list(documents(path)) for path in rescued(rescue_place)}
        assert [docs for name, docs in sorted(copies.items()) if name.startswith("000002")] == [second[:3]]
    send(journal, second[3:])
    journal.flush()
    files = sorted(folder.glob("runs/*/*/*.jsonl"))
    assert [list(documents(path)) for path in files] == [first, second]
    assert rescued(rescue_place) == []
    assert not list((folder / "runs" / ".open").iterdir())


def test_what_waited_when_the_console_ended_is_in_its_place_after_the_next_start(
    journal, folder, made, monkeypatch, said, rescue_place
):
    run = made.run(12, exit_status="abort")
    send(journal, run[:3])
    with monkeypatch.context() as patch:
        refuse(patch, "write", errno.ENOSPC, folder)
        refuse_all(journal, run[3:-1])
        with pytest.raises(StoreError, match=r"No space left on device. The whole run 12 is kept in"):
            journal(*run[-1])
        (copy,) = rescued(rescue_place)
        assert journal.recent == [copy]
        assert bring_in(folder) == []  # its console lives
        journal.close()
    assert said[-1] == f"run 12 is kept in {copy}: the next start on this computer moves it to its place"
    assert bring_in(folder) == [run_file(folder)]
    assert list(documents(run_file(folder))) == run
    assert close_open_runs(folder) == []
    assert rescued(rescue_place) == []
    assert list(rescue_place.iterdir()) == [rescue_place / f"beamshell-rescued-{os.getuid()}"]


def test_a_rescued_run_that_was_closed_meanwhile_as_abandoned_is_made_whole(
    journal, folder, made, monkeypatch, rescue_place
):
    run = made.run(points=5)
    send(journal, run[:3])
    with monkeypatch.context() as patch:
        refuse(patch, "write", errno.ENOSPC, folder)
        refuse_all(journal, run[3:])
        journal.close()
    assert close_open_runs(folder) == [run_file(folder)]
    assert bring_in(folder) == [run_file(folder)]
    assert list(documents(run_file(folder))) == run


KILLED_WHILE_REFUSED = """
    import os, shutil, signal, sys, time
    from pathlib import Path
    from beamshell.errors import StoreError
    from beamshell.store import Journal
    folder = Path(sys.argv[1])
    journal = Journal(folder, clock=iter(range(1000)).__next__)
    journal("start", {"uid": "01234567", "time": time.time(), "scan_id": 1})
    journal("descriptor", {"uid": "d", "time": 0.0, "run_start": "01234567", "name": "primary", "data_keys": {}})
    for number in range(1, 6):
        if number == 3:
            shutil.rmtree(folder / "runs")
            (folder / "runs").write_text("in the way")
        try:
            journal("event", {"uid": "e", "time": 0.0, "descriptor": "d", "seq_num": number, "data": {}})
        except StoreError:
            pass
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_9_while_the_folder_refuses_loses_nothing_that_was_emitted(folder, rescue_place):
    code = textwrap.dedent(KILLED_WHILE_REFUSED)
    killed = subprocess.run([sys.executable, "-c", code, str(folder)], check=False, stderr=subprocess.PIPE)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    (folder / "runs").unlink()
    assert bring_in(folder) == [run_file(folder)]
    assert close_open_runs(folder, open_files=[run_file(folder)]) == [run_file(folder)]
    names = [name for name, _ in documents(run_file(folder))]
    assert names == ["start", "descriptor", *["event"] * 5, "stop"]
    assert rescued(rescue_place) == []


def test_what_no_folder_takes_is_called_lost(journal, folder, made, monkeypatch):
    send(journal, made.run(12)[:3])
    with monkeypatch.context() as patch:
        refuse(patch, "write", errno.ENOSPC, "/")
        with pytest.raises(StoreError, match="bytes wait in memory, nothing is lost"):
            send(journal, made.run(13)[:1])
        with pytest.raises(StoreError, match=r"run 13: the last \d+ bytes are lost: no folder of this computer takes"):
            journal.close()


def test_what_waits_is_written_before_the_next_run_begins(journal, folder, made, monkeypatch, said):
    first, second = made.run(1), made.run(2)
    with monkeypatch.context() as patch:
        refuse(patch, "write", errno.ENOSPC, folder)
        refuse_all(journal, first)
        assert journal.waiting > 0
    send(journal, second)
    assert journal.waiting == 0
    runs = Runs(folder)
    assert [list(run.documents()) for run in runs] == [first, second]
    assert said[-1] == f"run 1 is complete in {runs[1].path}"
    runs.index.close()


def test_a_rescue_folder_of_another_user_is_not_used(journal, folder, made, monkeypatch, rescue_place):
    (rescue_place / f"beamshell-rescued-{os.getuid()}").symlink_to(folder)
    with monkeypatch.context() as patch:
        refuse(patch, "write", errno.ENOSPC, folder)
        with pytest.raises(StoreError):
            send(journal, made.run()[:1])
    assert all("home" in path.parts for path in rescued(rescue_place))
