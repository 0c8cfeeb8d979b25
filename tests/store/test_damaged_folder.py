"""A data folder of which any file is damaged: a console opens it, says so, and reads all that can be read."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

import pytest
from damage import damaged_bytes
from hypothesis import given
from whole_run import short_run, whole_run

from beamshell.errors import StoreError
from beamshell.shell.acquisition import Acquisition
from beamshell.store import ConsoleLog, Journal, PersistentDict, Presets, Queue, Runs, close_open_runs
from beamshell.store.amendments import Amendments
from beamshell.store.presets import PresetPosition

FILES = (
    "index.sqlite",
    "metadata.sqlite",
    "queue.json",
    "presets.jsonl",
    "amendments.jsonl",
    "console/2026-11.jsonl",
    "runs/.order",
)
FLIP = bytes(range(256))


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """A folder in which everything was used once."""
    folder = tmp_path_factory.mktemp("used") / "data"
    folder.mkdir()
    journal = Journal(folder)
    for name, doc in [*short_run(1), *whole_run(7)]:
        journal(name, doc)
    journal.close()
    log = ConsoleLog(folder, "here", clock=lambda: 1_795_900_000.0)
    log.add("typed", line="scan det th -1 1 3")
    log.close()
    metadata = PersistentDict(folder / "metadata.sqlite")
    metadata["sample"] = "LaB6"
    metadata["scan_id"] = 7
    metadata.close()
    Queue(folder).add("scan det th -1 1 3")
    Presets(folder / "presets.jsonl").save("parked", {"samx": PresetPosition(-5.0, "mm")})
    Amendments(folder).add("comment", whole_run(7)[0][1]["uid"], 7, "it slipped")
    runs = Runs(folder)
    assert len(runs) == 2
    runs.index.close()
    return folder


@pytest.fixture
def folder(used, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(used, folder)
    return folder


def _nothing(path):
    path.write_bytes(b"")


def _cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _garbage(path):
    path.write_bytes(FLIP * 40)


def _zeros(path):
    path.write_bytes(bytes(path.stat().st_size))


def _flipped(path):
    """A byte in every hundred is another one."""
    content = bytearray(path.read_bytes())
    for at in range(50, len(content), 100):
        content[at] ^= 0x55
    path.write_bytes(content)


def _deep(path):
    path.write_bytes(b"[" * 100_000)


def _of_another_kind(path):
    path.write_bytes(b'{"items": 7, "hold": []}\n[1]\nnull\n"text"\n')


def _folder(path):
    path.unlink()
    path.mkdir()


def _gone(path):
    path.unlink()


def _dangling(path):
    path.unlink()
    path.symlink_to(path.with_name("nowhere") / "at all")


HARM = [_nothing, _cut, _garbage, _zeros, _flipped, _deep, _of_another_kind, _folder, _gone, _dangling]


def opened_and_used(folder):
    """What a console reads, and the sentences of what it refuses."""
    refused = []

    def attempt(action):
        try:
            return action()
        except StoreError as exc:
            refused.append(str(exc))
            return None

    acquisition = Acquisition.open(str(folder))
    try:
        catalogue = [run.scan_id for run in acquisition.runs]
        attempt(acquisition.queue.items)
        attempt(lambda: acquisition.queue.add("mov th 1"))
        presets = Presets(folder / "presets.jsonl")
        attempt(presets.newest)
        attempt(lambda: presets.save("parked", {"samx": PresetPosition(1.0, "mm")}))
        attempt(acquisition.runs.amendments.all)
        attempt(lambda: acquisition.runs.amendments.add("comment", None, None, "hello"))
        list(acquisition.log.newest_first())
        acquisition.log.add("typed", line="runs")
        repr(acquisition.runs)
        acquisition.runs.find("LaB6")
        number = acquisition.metadata.next_scan_id()
        for name, doc in short_run(number, time=1.8e9):
            acquisition.journal(name, doc)
        assert acquisition.runs[-1].scan_id == number
        return catalogue, number, refused
    finally:
        acquisition.close()
        acquisition.log.close()
        acquisition.runs.index.close()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", HARM)
def test_a_console_opens_it_and_no_run_is_lost(folder, name, harm):
    harm(folder / name)
    if name == "metadata.sqlite" and harm in (_folder, _dangling):  # no scan could be numbered
        with pytest.raises(StoreError, match=r"metadata\.sqlite cannot be opened"):
            Acquisition.open(str(folder))
        return
    catalogue, number, refused = opened_and_used(folder)
    assert sorted(catalogue) == [1, 7]
    assert number == 8
    assert all(name.rpartition("/")[2] in sentence or "index" in sentence for sentence in refused)


@pytest.mark.parametrize("name", ["runs", "console", "control", "images", "handover"])
def test_a_file_in_the_place_of_a_folder_keeps_no_console_from_opening(folder, name):
    shutil.rmtree(folder / name, ignore_errors=True)
    (folder / name).write_text("in the way")
    acquisition = Acquisition.open(str(folder))
    try:
        assert [run.scan_id for run in acquisition.runs] == ([] if name == "runs" else [1, 7])
        assert list(acquisition.log.newest_first()) is not None
        acquisition.log.add("typed", line="runs")
    finally:
        acquisition.close()
        acquisition.log.close()
        acquisition.runs.index.close()


# ---- any byte of a file ----------------------------------------------------------------------------


def _written(file, write):
    """What a file has after `write` was called with its folder."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        return (Path(folder) / file).read_bytes()


def _write_queue(folder):
    queue = Queue(folder)
    queue.add("scan det th -1 1 3", {"sample": "LaB6"})
    queue.add("mov th 1")
    queue.hold("until noon")


def _write_presets(folder):
    presets = Presets(folder / "presets.jsonl", clock=lambda: 1.7e9)
    for place in (-5.0, 2.0):
        presets.save("parked", {"samx": PresetPosition(place, "mm"), "shutter": PresetPosition("Open")}, "why", "anna")
    presets.delete("parked")
    presets.save("beam", {"samx": PresetPosition(0.0, "mm")})


@given(damaged_bytes(_written("queue.json", _write_queue)))
def test_a_damaged_queue_is_read_or_named_and_left_as_it_is(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "queue.json"
        path.write_bytes(content)
        queue = Queue(folder)
        try:
            items = queue.items()
        except StoreError:
            with pytest.raises(StoreError, match=r"queue\.json is damaged"):
                queue.add("mov th 2")
            assert path.read_bytes() == content
        else:
            assert queue.add("mov th 2") == len(items) + 1


@given(damaged_bytes(_written("presets.jsonl", _write_presets)))
def test_damaged_presets_are_passed_over_by_number_and_the_next_one_is_saved(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "presets.jsonl"
        path.write_bytes(content)
        presets = Presets(path, clock=lambda: 1.8e9)
        assert all(1 <= number <= len(content.splitlines()) for number in presets.damaged_lines())
        for name in presets.newest():
            assert presets.history(name)[-1] == presets.find(name)
        presets.save("new", {"samx": PresetPosition(1.0, "mm")})
        assert presets.find("new").positions == {"samx": (1.0, "mm")}
        assert path.read_bytes().startswith(content)


def _write_amendments(folder):
    amendments = Amendments(folder, clock=lambda: 1.7e9)
    slipped = amendments.add("comment", "run", 7, "it slipped", operator="anna")
    amendments.add("tag", "run", 7, "good")
    amendments.add("set", "run", 7, {"name": "LaB6"}, key="sample")
    amendments.take_back([slipped])


@given(damaged_bytes(_written("amendments.jsonl", _write_amendments)))
def test_damaged_amendments_are_passed_over_and_the_next_one_is_kept(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "amendments.jsonl"
        path.write_bytes(content)
        amendments = Amendments(folder)
        before = amendments.of("run")
        amendments.add("comment", "run", 7, "later")
        assert [each.value for each in amendments.of("run")] == [*(each.value for each in before), "later"]
        assert path.read_bytes().startswith(content)


@given(damaged_bytes(b'{"host": "bl7", "key": "a", "operator": "anna", "pid": 1, "opened": 1.0, "boot": "x"}'))
def test_a_damaged_marker_of_a_run_costs_no_run(content):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journal = Journal(folder)
        for pair in short_run(1)[:-1]:
            journal(*pair)
        journal.close()
        (marker,) = (folder / "runs" / ".open").iterdir()
        marker.write_bytes(content)
        with contextlib.closing(Runs(folder).index) as index:
            runs = [folder / row.path for row in index.rows("exit_status IS NULL")]
        assert close_open_runs(folder, open_files=runs) == runs


def test_a_run_whose_console_died_before_it_was_named_in_the_order_is_named_when_it_is_closed(tmp_path):
    journal = Journal(tmp_path)
    for pair in short_run(1)[:-1]:
        journal(*pair)
    journal.close()
    order = tmp_path / "runs" / ".order"
    named = order.read_bytes()
    order.unlink()
    (closed,) = close_open_runs(tmp_path)
    assert order.read_bytes() == b"+" + named
    assert [run.path for run in Runs(tmp_path)] == [closed]
