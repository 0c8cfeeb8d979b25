"""Live files: whole at any moment for ordinary readers, and at the end what `export` writes."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import subprocess
import sys
import threading
import time
from unittest import mock

import h5py
import pytest
from silx.io.specfile import SpecFile

from beamshell.errors import ConfigError, SinkDown
from beamshell.follow.lines import Line
from beamshell.follow.sinks.live_files import CsvFiles, NexusFiles, SpecFiles
from beamshell.store import Runs
from beamshell.store.amendments import COMMENT, NewAmendment
from beamshell.store.exports.exporting import export
from beamshell.store.exports.files import NewFiles

SINKS = {"csv": CsvFiles, "spec": SpecFiles, "nexus": NexusFiles}
SUFFIXES = {"csv": ".csv", "spec": ".spec", "nexus": ".nxs"}
CODE = """
import json, sys
from pathlib import Path
from beamshell.follow.process import follow
folder, block, name = sys.argv[1:]
sys.exit(follow(Path(folder), name, json.loads(block), with_console=True))
"""


def points_of(path):
    """The motor's positions, as an ordinary reader of the format reads them."""
    if path.suffix == ".csv":
        header, *rows = csv.reader(io.StringIO(path.read_text()))
        column = next(number for number, name in enumerate(header) if name.split()[0].startswith("th"))
        return [float(row[column]) for row in rows]
    if path.suffix == ".spec":
        scan = SpecFile(str(path))[0]
        return list(scan.data_column_by_name("th")) if "th" in scan.labels else []
    with h5py.File(path, "r") as file:
        return list(file["entry/primary/th"]) if "primary" in file["entry"] else []


def wait_for(condition, most_s=120):
    deadline = time.monotonic() + most_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def make_sink(folder):
    now = [0.0]

    def make(format="csv", **settings):
        sink = SINKS[format](clock=lambda: now[0], **settings)
        sink.folder, sink.memory = folder, folder / "follow" / "live.memory.json"
        return sink

    make.later = lambda: now.__setitem__(0, now[0] + 1000.0)
    return make


@pytest.fixture
def measure(journal, scan):
    """Writes documents into the journal, and gives the lines that a follower would read of them."""

    def measure(documents, first=1):
        uid = documents[0][1]["uid"] if documents[0][0] == "start" else measure.uid
        measure.uid = uid
        for name, doc in documents:
            journal(name, doc)
        journal.flush()
        return [Line(f"{uid}:{n}", uid, name, json.dumps(doc)) for n, (name, doc) in enumerate(documents, first)]

    return measure


def live_file(folder, suffix):
    return next(path for path in (folder / "live").iterdir() if path.suffix == suffix)


def exported(folder, format, **options):
    place = folder / "exported"
    return export(Runs(folder)[-1], format, place, **options)


@pytest.mark.parametrize("format", SINKS)
def test_the_file_of_a_run_that_has_ended_is_that_of_export(format, folder, scan, measure, make_sink):
    documents = scan(20)
    sink = make_sink(format)
    sink.send(measure(documents[:9]))
    sink.poll()
    before = points_of(live_file(folder, SUFFIXES[format]))
    assert before == [float(point) for point in range(len(before))]
    assert 0 < len(before) < 20
    sink.send(measure(documents[9:], 10))
    sink.poll()
    (path,) = exported(folder, format)
    assert live_file(folder, SUFFIXES[format]).read_bytes() == path.read_bytes()
    assert sorted(os.listdir(folder / "live")) == [path.name]


def test_the_points_of_a_console_that_was_killed_are_in_the_file_when_the_follower_ends(
    folder, scan, measure, make_sink
):
    documents = scan(20)
    sink = make_sink()
    sink.send(measure(documents[:9]))
    sink.poll()
    before = points_of(live_file(folder, ".csv"))
    sink.send(measure(documents[9:12], 10))  # and no stop document comes
    sink.close()
    assert len(points_of(live_file(folder, ".csv"))) == len(before) + 3


def test_a_kill_before_the_first_version_has_its_name_leaves_it_to_the_next_process(
    folder, scan, measure, make_sink, monkeypatch
):
    sink = make_sink()
    sink.send(measure(scan(20)))
    with monkeypatch.context() as killed:
        killed.setattr(NewFiles, "publish", mock.Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            sink.poll()
    make_sink().poll()
    assert len(points_of(live_file(folder, ".csv"))) == 20


def test_a_point_that_was_measured_again_is_there_once(folder, scan, measure, make_sink):
    documents = scan(3)
    events = [doc for name, doc in documents if name == "event"]
    again = ("event", events[1] | {"uid": "again", "data": events[1]["data"] | {"th": 7.0}})
    sink = make_sink()
    sink.send(measure([*documents[:-2], again]))
    sink.poll()
    assert points_of(live_file(folder, ".csv")) == [0.0, 7.0]


def test_a_file_is_written_again_only_when_it_is_time(folder, scan, measure, make_sink):
    documents = scan(20)
    sink = make_sink()
    sink.send(measure(documents[:6]))
    sink.poll()
    sink.send(measure(documents[6:8], 7))
    sink.poll()
    before = points_of(live_file(folder, ".csv"))
    make_sink.later()
    sink.poll()
    assert len(points_of(live_file(folder, ".csv"))) == len(before) + 2


def test_what_is_said_about_a_run_later_comes_into_its_files(folder, scan, measure, make_sink):
    sink = make_sink("spec")
    sink.send(measure(scan(3)))
    sink.poll()
    runs = Runs(folder, "me")
    runs.amendments.add_all([NewAmendment(COMMENT, runs[-1].uid, runs[-1].scan_id, "the gold one")], "anna")
    sink.send([Line("amendment:0", runs[-1].uid, "amendment", "{}")])
    make_sink.later()
    sink.poll()
    assert "the gold one" in live_file(folder, ".spec").read_text()


def test_a_foreign_file_is_never_overwritten_and_the_run_is_written_when_it_is_gone(folder, scan, measure, make_sink):
    lines = measure(scan(3))
    sink = make_sink(name="{scan_id}")
    foreign = folder / "live" / "1_primary.csv"
    foreign.parent.mkdir()
    foreign.write_text("mine")
    sink.send(lines)
    with pytest.raises(SinkDown, match=r"1_primary\.csv exists already"):
        sink.poll()
    assert foreign.read_text() == "mine"
    foreign.unlink()
    make_sink.later()
    sink.poll()
    assert points_of(foreign) == [0.0, 1.0, 2.0]


def test_a_follower_that_is_started_again_goes_on_in_its_file_though_no_line_comes(folder, scan, measure, make_sink):
    documents = scan(20)
    sink = make_sink()
    sink.send(measure(documents[:6]))
    sink.poll()
    before = points_of(live_file(folder, ".csv"))
    sink.send(measure(documents[6:8], 7))  # and then it is killed
    (folder / "live" / f".{live_file(folder, '.csv').name}.{2**22 + 1}").touch()
    make_sink().poll()
    assert len(points_of(live_file(folder, ".csv"))) == len(before) + 2
    assert len(os.listdir(folder / "live")) == 1


def test_a_name_that_is_the_same_for_several_runs_is_refused(make_sink):
    with pytest.raises(ConfigError, match=r"add \{scan_id:06d\} to it"):
        make_sink(name="{sample}")


# ---- in a process ------------------------------------------------------------------------------


@pytest.fixture
def start(folder):
    """Starts a follower of this format in a process."""
    processes = []

    def start(format):
        block = json.dumps({"sink": format, "since": "beginning", "every": 0.05})
        words = [sys.executable, "-c", CODE, str(folder), block, "live"]
        processes.append(subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stderr.close()


@pytest.fixture
def slow_run(journal, scan):
    """A run that is written in a thread, a point after the other, as long as the test wants."""
    stopped, documents = threading.Event(), scan(20_000)

    def write():
        for name, doc in documents[:-1]:
            if stopped.wait(0.005):
                break
            journal(name, doc)
        journal(*documents[-1])
        journal.flush()

    thread = threading.Thread(target=write)
    thread.end = lambda: (stopped.set(), thread.join())
    thread.start()
    yield thread
    thread.end()


@pytest.mark.parametrize("format", SINKS)
def test_a_reader_finds_whole_points_in_order_at_any_moment_and_kills_lose_nothing(format, folder, slow_run, start):
    chance = random.Random(format)
    process = start(format)
    live = folder / "live"
    wait_for(lambda: live.exists() and any(path.suffix == SUFFIXES[format] for path in live.iterdir()))
    lengths = []
    for reading in range(100):
        if reading % 20 == 10:
            process.kill()
            process.wait()
            process = start(format)
            wait_for(lambda: len(points_of(live_file(folder, SUFFIXES[format]))) > lengths[-1])
        time.sleep(chance.random() / 50)  # a random moment
        points = points_of(live_file(folder, SUFFIXES[format]))
        assert points == [float(point) for point in range(len(points))]
        lengths.append(len(points))
    assert lengths == sorted(lengths)
    slow_run.end()
    process.stdin.close()  # the console ends
    assert process.wait(120) == 0
    (path,) = exported(folder, format)
    assert live_file(folder, SUFFIXES[format]).read_bytes() == path.read_bytes()
    assert os.listdir(live) == [path.name]
