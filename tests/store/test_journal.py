"""A run is on disk before the next point begins, and what the disk refuses is not lost."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time

import event_model
import numpy as np
import pytest

from beamshell.errors import StoreError
from beamshell.store import Journal, Runs, close_open_runs
from beamshell.store.open_runs import open_on_other_computers
from beamshell.store.run_file import documents


def run_files(folder):
    return set(folder.glob("runs/*/*/*.jsonl"))


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def python(code, *arguments, **options):
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)], **options)


def test_every_document_is_a_line_before_the_call_returns(journal, made):
    for number, (name, doc) in enumerate(made.run(), start=1):
        journal(name, doc)
        (path,) = run_files(journal.folder)
        assert path.read_bytes().count(b"\n") == number
        assert lines(path)[-1] == [name, doc]


def test_the_file_is_named_by_date_scan_id_and_uid(journal, made, tmp_path):
    name, doc = made.start(12)
    journal(name, doc)
    date = time.strftime("%Y/%m-%d", time.localtime(doc["time"]))
    assert run_files(tmp_path) == {tmp_path / "runs" / date / f"000012_{doc['uid'][:8]}.jsonl"}


def test_what_is_written_is_valid_by_the_schemas_of_the_field(write, made):
    start = made.start(1, sample="Größe", gains=np.array([1.0, np.nan]), detectors=("det",), span={1.5, 2.5})
    descriptor = made.descriptor(start[1], keys=("det", "image", "label"))
    event = made.event(descriptor[1], 1, det=np.float32(1.5), image=np.eye(2, dtype=np.uint16), label=np.str_("a"))
    written = lines(write([start, descriptor, event, made.stop(start[1], num_events={"primary": 1})]))
    assert [name for name, _ in written] == ["start", "descriptor", "event", "stop"]
    for name, doc in written:
        event_model.schema_validators[event_model.DocumentNames[name]].validate(doc)


def test_runs_that_are_open_together_have_a_file_each(write, journal, made):
    one, two = made.run(1), made.run(2)
    for pair in zip(one, two, strict=True):
        for name, doc in pair:
            journal(name, doc)
    files = sorted(journal.folder.glob("runs/*/*/*.jsonl"))
    assert [list(documents(path)) for path in files] == [one, two]


def test_a_document_without_a_known_run_is_refused_by_name(journal, made):
    with pytest.raises(StoreError, match="event document belongs to no run"):
        journal(*made.event({"uid": "unknown"}))


def test_a_run_that_is_sent_again_gets_a_file_of_its_own(write, made):
    run = made.run()
    first, second = write(run), write(run)
    assert first != second
    assert lines(first) == lines(second)


def test_an_event_costs_little(journal, made):
    start = made.start()
    descriptor = made.descriptor(start[1], keys=("det", "th"))
    journal(*start)
    journal(*descriptor)
    event = made.event(descriptor[1], 1, det=1.5, th=0.25)
    best = min(_seconds(lambda: [journal(*event) for _ in range(200)]) / 200 for _ in range(20))
    assert best < 50e-6  # some 7 us on a quiet machine


def _seconds(action):
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


# ---- the disk refuses --------------------------------------------------------------------------


@pytest.fixture
def small_disk():
    """Files of this process cannot grow beyond a limit, as on a full disk: the system itself refuses."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def limit(size=None):
        resource.setrlimit(resource.RLIMIT_FSIZE, (before[0] if size is None else size, before[1]))

    yield limit
    limit()
    signal.signal(signal.SIGXFSZ, ignored)


def refusal(journal, document):
    try:
        journal(*document)
    except StoreError as exc:
        return exc
    return None


@pytest.mark.parametrize("room", range(0, 200, 23))
def test_what_a_full_disk_refuses_is_written_once_and_in_order_when_there_is_room(journal, made, small_disk, room):
    start, descriptor, *rest = made.run(points=5)
    journal(*start)
    journal(*descriptor)
    (path,) = run_files(journal.folder)
    small_disk(path.stat().st_size + room)
    refused = [str(error) for document in rest[:3] if (error := refusal(journal, document))]
    assert len(refused) >= 2
    assert all(str(path) in message and "free space" in message for message in refused)
    small_disk()
    for name, doc in rest[3:]:
        journal(name, doc)
    assert list(documents(path)) == [start, descriptor, *rest]


def test_a_whole_run_on_a_full_disk_waits_and_is_closed_by_flush(journal, made, small_disk):
    run = made.run()
    small_disk(0)
    for name, doc in run:
        with pytest.raises(StoreError, match="nothing is lost"):
            journal(name, doc)
    with pytest.raises(StoreError):
        journal.flush()
    small_disk()
    journal.flush()
    (path,) = run_files(journal.folder)
    assert list(documents(path)) == run
    assert not list((journal.folder / "runs" / ".open").iterdir())


def test_a_folder_that_vanished_is_no_loss(made, tmp_path):
    (tmp_path / "file").write_text("in the way")
    journal = Journal(tmp_path / "file")
    run = made.run()
    for name, doc in run:
        with pytest.raises(StoreError, match="file/runs"):
            journal(name, doc)
    (tmp_path / "file").unlink()
    journal.flush()
    assert [list(documents(path)) for path in tmp_path.glob("file/runs/*/*/*.jsonl")] == [run]


def test_a_write_that_was_broken_into_is_not_repeated(journal, made, monkeypatch):
    """Ctrl+C can strike after the system took the bytes and before Python knows."""
    start, descriptor, event, *rest = made.run()
    journal(*start)
    journal(*descriptor)
    (path,) = run_files(journal.folder)
    real = os.write

    def write_and_be_interrupted(fd, data):
        real(fd, data)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "write", write_and_be_interrupted)
    with pytest.raises(KeyboardInterrupt):
        journal(*event)
    monkeypatch.setattr(os, "write", real)
    for name, doc in rest:
        journal(name, doc)
    assert list(documents(path)) == [start, descriptor, event, *rest]


# ---- the console dies --------------------------------------------------------------------------

WRITER = """
    import sys, time, uuid
    from beamshell.store import Journal
    journal = Journal(sys.argv[1])
    uid, stream = str(uuid.uuid4()), str(uuid.uuid4())
    journal("start", {"uid": uid, "time": time.time(), "scan_id": 1})
    journal("descriptor", {"uid": stream, "time": time.time(), "run_start": uid, "name": "primary",
                           "data_keys": {"det": {"source": "sim", "dtype": "number", "shape": []}}})
    for number in range(1, 10**9):
        journal("event", {"uid": str(uuid.uuid4()), "time": time.time(), "descriptor": stream, "seq_num": number,
                          "data": {"det": number}, "timestamps": {"det": time.time()}, "filled": {}})
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()
"""


def test_kill_9_loses_nothing_that_was_emitted(tmp_path):
    writers = []
    for delay in np.linspace(0.005, 0.12, 8):
        folder = tmp_path / f"{delay:.4f}"
        writer = python(WRITER, folder, stdout=subprocess.PIPE)
        writer.stdout.readline()  # the first event is written
        time.sleep(delay)
        writer.kill()
        emitted = int((writer.stdout.read().splitlines() or [b"1"])[-1] or 1)
        writer.wait()
        writer.stdout.close()
        writers.append((folder, emitted))
    for folder, emitted in writers:
        (path,) = close_open_runs(folder)
        found = list(documents(path))
        numbers = [doc["seq_num"] for name, doc in found if name == "event"]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= emitted
        assert found[-1][0] == "stop"
        assert found[-1][1]["exit_status"] == "abort"
        assert found[-1][1]["num_events"] == {"primary": len(numbers)}
        event_model.schema_validators[event_model.DocumentNames.stop].validate(found[-1][1])
        assert close_open_runs(folder) == []


def test_the_run_of_a_live_console_is_never_touched(tmp_path):
    writer = python(WRITER, tmp_path, stdout=subprocess.PIPE)
    try:
        writer.stdout.readline()
        assert close_open_runs(tmp_path) == []
    finally:
        writer.kill()
        writer.stdout.close()
        writer.wait()
    assert len(close_open_runs(tmp_path)) == 1


def test_ones_own_open_run_is_never_touched(write, made, tmp_path):
    path = write(made.run(closed=False))
    assert close_open_runs(tmp_path) == []
    assert [name for name, _ in documents(path)][-1] == "event"


def test_a_half_written_line_is_cut_off_and_kept(write, journal, made, tmp_path):
    path = write(made.run(points=2, closed=False))
    journal.close()
    with path.open("ab") as file:
        file.write(b'["event", {"uid": "half')
    assert close_open_runs(tmp_path) == [path]
    assert [name for name, _ in lines(path)] == ["start", "descriptor", "event", "event", "stop"]
    assert path.with_suffix(".torn").read_bytes() == b'["event", {"uid": "half'


def marker_of(folder):
    (marker,) = (folder / "runs" / ".open").glob("*.json")
    return marker


def change_marker(folder, **content):
    marker = marker_of(folder)
    marker.write_text(json.dumps(json.loads(marker.read_text()) | content))


def test_a_run_open_on_another_computer_is_left_unless_asked_and_can_be_named(write, journal, made, tmp_path):
    path = write(made.run(closed=False))
    assert open_on_other_computers(tmp_path) == []
    change_marker(tmp_path, host="elsewhere", boot="another")
    assert open_on_other_computers(tmp_path) == []  # its lock shows that its console lives
    journal.close()
    assert close_open_runs(tmp_path) == []
    assert open_on_other_computers(tmp_path) == [("elsewhere", path)]
    assert len(close_open_runs(tmp_path, any_host=True)) == 1


@pytest.mark.parametrize("content", [{"host": "its-name-before"}, {"boot": "the-boot-before"}], ids=["name", "boot"])
def test_the_boot_tells_computers_apart_and_not_their_name_alone(write, journal, made, tmp_path, content):
    path = write(made.run(closed=False))
    journal.close()
    change_marker(tmp_path, **content)
    assert close_open_runs(tmp_path) == [path]


@pytest.mark.parametrize("content", [b"", b'{"host": "a", "bo', b"[]", b"null", b'{"path": 1}'])
def test_a_damaged_marker_leaves_no_run_open(write, journal, made, tmp_path, content):
    path = write(made.run(closed=False))
    write(made.run(2))
    marker_of(tmp_path).write_bytes(content)
    assert close_open_runs(tmp_path) == []  # its console lives
    journal.close()
    assert close_open_runs(tmp_path) == [path]
    assert lines(path)[-1][0] == "stop"
    assert not list((tmp_path / "runs" / ".open").iterdir())


def test_a_marker_whose_writer_died_before_it_had_its_name_is_removed_once_it_is_old(tmp_path):
    markers = tmp_path / "runs" / ".open"
    markers.mkdir(parents=True)
    old, new = markers / "a.json.123", markers / "b.json.456"
    for unfinished in (old, new):
        unfinished.touch()
    os.utime(old, (0, 0))
    close_open_runs(tmp_path)
    assert list(markers.iterdir()) == [new]


def test_a_missing_marker_leaves_no_run_open(write, journal, made, tmp_path):
    path = write(made.run(closed=False))
    marker_of(tmp_path).unlink()
    runs = Runs(tmp_path)
    assert close_open_runs(tmp_path, open_files=runs.open_files()) == []  # its console lives
    journal.close()
    assert close_open_runs(tmp_path, open_files=runs.open_files()) == [path]
    assert runs.open_files() == []
    runs.index.close()


def test_a_run_of_another_computer_is_not_closed_because_its_file_is_open(write, journal, made, tmp_path):
    path = write(made.run(closed=False))
    journal.close()
    change_marker(tmp_path, host="elsewhere", boot="another")
    assert close_open_runs(tmp_path, open_files=[path]) == []


def test_a_damaged_run_does_not_keep_the_others_open(write, journal, made, tmp_path, caplog):
    damaged, path = write(made.run(1, closed=False)), write(made.run(2, closed=False))
    journal.close()
    damaged.write_text('["start", {"scan_id": 1}]\n["event", 1]\n')
    assert close_open_runs(tmp_path) == [path]
    assert f"{damaged}:1: this line is damaged (start without a usable 'uid')" in caplog.text


def test_a_marker_has_its_name_only_when_it_is_whole_on_disk(journal, made, monkeypatch):
    name, start = made.start()

    def refuse(fd):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(StoreError):
            journal(name, start)
        assert list((journal.folder / "runs" / ".open").iterdir()) == []
    journal.flush()
    assert json.loads(marker_of(journal.folder).read_text())["path"].startswith("runs/")


def test_without_locks_the_process_and_the_boot_tell_whether_the_writer_lives(
    write, journal, made, tmp_path, monkeypatch
):
    """Some network file systems have no locks."""

    def no_locks(fd, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    write(made.run(closed=False))
    assert close_open_runs(tmp_path) == []
    journal.close()
    (marker,) = (tmp_path / "runs" / ".open").iterdir()
    ended = python("")
    ended.wait()
    marker.write_text(json.dumps(json.loads(marker.read_text()) | {"pid": ended.pid}))
    assert len(close_open_runs(tmp_path)) == 1


def test_a_line_that_is_being_written_is_not_called_damaged(write, made, caplog):
    path = write(made.run(points=1, closed=False))
    with path.open("ab") as file:
        file.write(b'["event", {"uid": "half')
    assert [name for name, _ in documents(path)] == ["start", "descriptor", "event"]
    assert caplog.text == ""


def test_a_run_closed_just_before_the_end_is_not_closed_twice(write, journal, made, tmp_path):
    run = made.run()
    path = write(run[:-1])
    journal.close()
    with path.open("a") as file:
        file.write(json.dumps(run[-1]) + "\n")
    assert close_open_runs(tmp_path) == []
    assert list(documents(path)) == run
    assert not list((tmp_path / "runs" / ".open").iterdir())


def test_a_repeated_point_counts_once_in_a_run_closed_later(write, journal, made, tmp_path):
    start = made.start()
    descriptor = made.descriptor(start[1])
    write([start, descriptor, *(made.event(descriptor[1], n, det=n) for n in (1, 2, 2, 3))])
    journal.close()
    (path,) = close_open_runs(tmp_path)
    assert lines(path)[-1][1]["num_events"] == {"primary": 3}


def test_a_run_that_cannot_be_closed_is_named_and_left_for_the_next_start(
    write, journal, made, tmp_path, small_disk, caplog
):
    path = write(made.run(closed=False))
    journal.close()
    small_disk(path.stat().st_size)
    assert close_open_runs(tmp_path) == []
    assert "left for the next start" in caplog.text
    small_disk()
    assert close_open_runs(tmp_path) == [path]
    assert lines(path)[-1][0] == "stop"
