"""The power fails at any byte: the next start closes the run, and no document before that byte is lost."""

from __future__ import annotations

import json
import os

import pytest
from whole_run import short_run

from beamshell.store import Journal, Runs, close_open_runs
from beamshell.store.run_file import documents

EVERY = 16
"""So many bytes are between two at which the catalogue is looked at too."""


class Folder:
    """A data folder in which one run was measured and one was being measured when the power failed."""

    def __init__(self, folder):
        self.folder = folder
        journal = Journal(folder)
        for name, doc in [*short_run(1), *short_run(2)[:-1]]:
            journal(name, doc)
        journal.close()
        (self.path,) = folder.glob("runs/*/*/000002_*.jsonl")
        (self.marker,) = folder.glob("runs/.open/*.json")
        stop = json.dumps(short_run(2)[-1], separators=(",", ":")).encode() + b"\n"
        self.content = self.path.read_bytes() + stop
        self.marker_content = self.marker.read_bytes()

    def lose_power(self, at, marker, tail=b""):
        """Leave so many bytes of the run, this content of its marker (None for no marker), and no index."""
        for name in ("index.sqlite", "index.sqlite-journal"):
            (self.folder / name).unlink(missing_ok=True)
        self.path.with_suffix(".torn").unlink(missing_ok=True)
        self.path.write_bytes(self.content[:at] + tail)
        if marker is None:
            self.marker.unlink(missing_ok=True)
        else:
            self.marker.parent.mkdir(exist_ok=True)
            self.marker.write_bytes(marker)

    def close_without_catalogue(self):
        """What a start closes, where the catalogue names the run as an open one."""
        close_open_runs(self.folder, open_files=[self.path])

    def start_again(self):
        """What the next start finds and closes."""
        runs = Runs(self.folder)
        try:
            close_open_runs(self.folder, open_files=runs.open_files())
            return [(run.scan_id, run.exit_status, len(run.table()["seq_num"]) if run.streams else 0) for run in runs]
        finally:
            runs.index.close()

    def check(self, at):
        """All whole lines are there, then a stop document; what was torn is kept beside them."""
        whole = self.content[: self.content.rfind(b"\n", 0, at) + 1]
        if at % EVERY:  # making the catalogue takes most of the time
            self.close_without_catalogue()
        else:
            is_closed, points = whole == self.content, whole.count(b'["event"')
            last = [(2, "success" if is_closed else "abort", points)] if whole else []
            assert self.start_again() == [(1, "success", 3), *last]
        if not whole:
            return
        present = self.path.read_bytes()
        assert present.startswith(whole)
        names = [name for name, _ in documents(self.path)]
        assert names.count("stop") == 1
        assert names[-1] == "stop"
        torn = self.path.with_suffix(".torn")
        assert (torn.read_bytes() if torn.exists() else b"") == self.content[len(whole) : at]
        assert list(self.marker.parent.iterdir()) == []


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # hundreds of times; what reaches the disk is not asked here
    return Folder(tmp_path)


def test_at_every_byte_of_the_last_documents_beside_a_marker_that_is_whole_torn_or_missing(folder):
    last_two = folder.content.rfind(b'["event"')
    torn = [folder.marker_content[:length] for length in range(len(folder.marker_content))]
    for number, at in enumerate(range(last_two - 1, len(folder.content) + 1)):
        marker = (folder.marker_content, None, torn[number % len(torn)])[number % 3]
        folder.lose_power(at, marker)
        folder.check(at)


def test_at_every_seventh_byte_of_the_first_documents(folder):
    for at in range(0, folder.content.rfind(b'["event"'), 7):
        folder.lose_power(at, folder.marker_content)
        folder.check(at)


def test_at_every_byte_of_the_marker(folder):
    at = len(folder.content) - 20
    for length in range(len(folder.marker_content)):
        folder.lose_power(at, folder.marker_content[:length])
        folder.check(at)


@pytest.mark.parametrize("number", [1, 511, 4096, 70_000])
def test_zeros_that_a_file_system_leaves_at_the_end_are_put_aside(folder, number):
    at = folder.content.rfind(b'["stop"')
    folder.lose_power(at, None, bytes(number))
    assert folder.start_again() == [(1, "success", 3), (2, "abort", 3)]
    assert folder.path.with_suffix(".torn").read_bytes() == bytes(number)
    assert [name for name, _ in documents(folder.path)] == ["start", "descriptor", "event", "event", "event", "stop"]


def test_a_run_that_has_only_its_name_is_no_run(folder):
    folder.lose_power(0, b"")
    assert folder.start_again() == [(1, "success", 3)]


def test_the_next_run_is_counted_and_measured_after_it(folder):
    folder.lose_power(len(folder.content) - 20, folder.marker_content[:9])

    folder.start_again()
    journal = Journal(folder.folder)
    for name, doc in short_run(3):
        journal(name, doc)
    journal.close()
    assert [scan_id for scan_id, *_ in folder.start_again()] == [1, 2, 3]
