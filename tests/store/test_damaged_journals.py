"""Whatever was done to the file of a run: its other lines are read, each damaged one is named, no other run is lost."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import tempfile
from pathlib import Path

import pytest
from damage import damaged_bytes
from hypothesis import given
from hypothesis import strategies as st
from whole_run import TIME, short_run, whole_run

from beamshell.errors import BeamshellError
from beamshell.store import Journal, Runs, close_open_runs
from beamshell.store.exports.exporting import export
from beamshell.store.run_file import documents


def content_of(run):
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(folder)
        for name, doc in run:
            journal(name, doc)
        journal.close()
        (path,) = Path(folder).glob("runs/*/*/*.jsonl")
        return path.read_bytes()


CONTENT = content_of(whole_run())


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # hundreds of times; what reaches the disk is not asked here


@contextlib.contextmanager
def folder_with(content):
    """A data folder with a whole run and, after it, one whose file has this content."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(folder)
        for name, doc in short_run():
            journal(name, doc)
        journal.close()
        (path,) = Path(folder).glob("runs/*/*/*.jsonl")
        damaged = path.with_name("000007_damaged.jsonl")
        damaged.write_bytes(content)
        runs = Runs(folder)
        try:
            yield runs, damaged
        finally:
            runs.index.close()


@contextlib.contextmanager
def named():
    """The lines that the log names, and how many more it counts."""
    records = []
    handler = logging.Handler()
    handler.emit = lambda record: records.append(record.getMessage())
    logger = logging.getLogger("beamshell.store.run_lines")
    logger.addHandler(handler)
    try:
        yield records
    finally:
        logger.removeHandler(handler)


def number_named(records):
    more = [int(match[1]) for record in records if (match := re.search(r": (\d+) more lines are damaged", record))]
    return sum("this line is damaged" in record for record in records) + sum(more)


QUESTIONS = {
    "repr": repr,
    "stop": lambda run: run.stop,
    "exit status": lambda run: run.exit_status,
    "points": lambda run: run.num_events,
    "table": lambda run: [repr(run.table(stream)) for stream in run.streams],
    "whole": lambda run: repr(run.whole()),
    "readings": lambda run: run.readings(),
    "settings": lambda run: run.config,
    "files": lambda run: repr(run.files),
    "images": lambda run: [run.image(key) for key in run.image_keys],
    "parent": lambda run: run.parent,
    "parts": lambda run: run.parts,
    "csv": lambda run: export(run, "csv", run.path.parent / "exported"),
    "jsonl": lambda run: export(run, "jsonl", run.path.parent / "exported"),
    "spec": lambda run: export(run, "spec", run.path.parent / "exported"),
}


def ask(question):
    """An answer, or a sentence to the person."""
    with contextlib.suppress(BeamshellError):
        question()


@given(damaged_bytes(CONTENT))
def test_a_damaged_run_is_answered_for_and_the_catalogue_has_all_others(content):
    with folder_with(content) as (runs, path):
        assert close_open_runs(runs.folder, open_files=runs.open_files()) in ([], [path])
        assert runs.open_files() == []
        assert 1 in runs
        assert "scan" in repr(runs)
        assert repr(runs.search(text="LaB6"))
        for run in runs:
            for question in QUESTIONS.values():
                ask(lambda question=question, run=run: question(run))
        assert runs.continuation_of(runs[1]) is None
        assert runs.index.rebuild() in (1, 2)


@given(damaged_bytes(CONTENT))
def test_each_line_that_is_left_out_is_named(content):
    with tempfile.TemporaryDirectory() as folder, named() as records:
        path = Path(folder) / "run.jsonl"
        path.write_bytes(content)
        read = sum(1 for _ in documents(path))
        assert read + number_named(records) == content.count(b"\n")


def test_the_whole_run_is_read_without_a_word():
    with folder_with(CONTENT) as (runs, path), named() as records:
        assert [name for name, _ in documents(path)] == [name for name, _ in whole_run()]
        assert len(runs[7].table()["seq_num"]) == 3
        assert records == []


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda text: text.replace('["event",', '["evEnt",', 1), "'evEnt' is no kind of document that is known here"),
        (lambda text: text.replace('"seq_num":2', '"seq_num":"2"', 1), "event without a usable 'seq_num'"),
        (lambda text: text.replace('"stream_resource":"file"', '"stream_resource":7', 1), "stream_datum without a"),
    ],
)
def test_a_line_says_what_is_wrong_with_it(harm, reason):
    with folder_with(harm(CONTENT.decode()).encode()) as (_, path), named() as records:
        read = list(documents(path))
        assert len(read) == CONTENT.count(b"\n") - 1
        (line,) = records
        assert reason in line


def test_the_points_of_a_stream_whose_descriptor_is_damaged_are_named_and_counted():
    lines = CONTENT.splitlines(keepends=True)
    primary = next(number for number, line in enumerate(lines) if b'"name":"primary"' in line)
    with folder_with(b"".join([*lines[:primary], b"\x00\n", *lines[primary + 1 :]])) as (runs, _), named() as records:
        assert "primary" not in runs[7].streams
        assert len(list(runs[7].documents())) == len(lines) - 5
        assert "event of a stream that is not described" in records[1]
        assert records[-1].endswith(": 2 more lines are damaged and left out")


def test_documents_of_another_run_are_left_out_by_name():
    other = content_of(short_run(8))
    with folder_with(CONTENT + other) as (runs, path), named() as records:
        assert {doc["uid"] for name, doc in documents(path) if name == "start"} == {runs[7].uid}
        assert "(another start)" in records[0]


def test_a_file_that_cannot_be_opened_is_left_out_by_name_and_the_others_are_there(caplog):
    with folder_with(CONTENT) as (runs, path):
        path.with_name("000008_folder.jsonl").mkdir()
        assert sorted(run.scan_id for run in runs) == [1, 7]
        assert "000008_folder.jsonl is left out of the catalogue" in caplog.text


@given(st.data())
def test_a_damaged_order_costs_no_run(data):
    with folder_with(CONTENT) as (runs, _):
        order = runs.folder / "runs" / ".order"
        order.write_bytes(data.draw(damaged_bytes(order.read_bytes() * 3)))
        runs.index.rebuild()
        assert sorted(run.scan_id for run in runs) == [1, 7]


def test_an_order_that_is_a_folder_costs_no_run():
    with folder_with(CONTENT) as (runs, _):
        order = runs.folder / "runs" / ".order"
        order.unlink()
        order.mkdir()
        runs.index.rebuild()
        assert sorted(run.scan_id for run in runs) == [1, 7]


def test_a_run_keeps_its_place_behind_a_torn_line_of_the_order(tmp_path):
    journal = Journal(tmp_path)
    for scan_id, moment in ((1, TIME), (2, TIME - 3600), (3, TIME - 60)):
        for name, doc in short_run(scan_id, moment):
            journal(name, doc)
        with (tmp_path / "runs" / ".order").open("ab") as order:
            order.write(b"runs/2023/11-14/0000")  # the power failed
    runs = Runs(tmp_path)
    assert [run.scan_id for run in runs] == [1, 2, 3]
    runs.index.close()
