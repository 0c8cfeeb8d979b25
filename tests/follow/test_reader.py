"""What was appended to the data folder is read once, whole and in order, from wherever one stopped."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from beamshell.follow.cursor import Cursor
from beamshell.follow.lines import console_line, document_line
from beamshell.follow.reader import Reader
from beamshell.store import bring_in
from beamshell.store.order import ORDER


def everything(reader, most=1000):
    lines = []
    while more := reader.read(most):
        lines += more
    return lines


def pairs(lines):
    return [(line.name, line.doc) for line in lines]


def write(journal, documents):
    for name, doc in documents:
        journal(name, doc)


def test_the_documents_of_a_run_come_as_they_were_written(folder, journal, scan):
    documents = scan()
    write(journal, documents)
    lines = everything(Reader.from_beginning(folder))
    assert pairs(lines) == documents
    assert [line.key for line in lines] == [f"{documents[0][1]['uid']}:{n}" for n in range(1, len(documents) + 1)]


def test_the_text_is_that_of_the_file_byte_for_byte(folder, journal, scan):
    write(journal, scan(sample="Bäckström €"))
    (path,) = journal.recent
    lines = everything(Reader.from_beginning(folder))
    assert "".join(f'["{line.name}",{line.text}]\n' for line in lines) == path.read_text()


def test_each_line_is_read_when_it_is_whole(folder, journal, scan):
    reader = Reader.from_beginning(folder)
    for name, doc in scan():
        journal(name, doc)
        assert pairs(reader.read()) == [(name, doc)]
        assert reader.read() == []


def test_a_half_written_line_waits_for_its_end(folder, journal, scan):
    write(journal, scan())
    (path,) = journal.recent
    whole = path.read_bytes()
    reader = Reader.from_beginning(folder)
    for at in range(len(whole) + 1):
        path.write_bytes(whole[:at])
        read = [line.key for line in reader.read()]
        assert len(read) <= 1
        assert bool(read) == whole[:at].endswith(b"\n")


def test_runs_that_are_open_at_the_same_time_come_each_in_its_order(folder, journal, scan):
    first, second = scan(5), scan(4)
    write(journal, [*first[:4], *second[:3], *first[4:6], *second[3:], *first[6:]])
    lines = everything(Reader.from_beginning(folder), most=2)
    for documents in (first, second):
        assert pairs(line for line in lines if line.run == documents[0][1]["uid"]) == documents
    assert len(lines) == len(first) + len(second)


@given(st.lists(st.integers(1, 7), max_size=30), st.randoms(use_true_random=False))
def test_the_lines_are_the_same_however_they_are_cut_into_readings(tmp_path_factory, sizes, chance):
    from beamshell.store import Journal
    from tests.store.conftest import Made

    folder = tmp_path_factory.mktemp("data")
    journal = Journal(folder)
    runs = [Made().run(number, points=chance.randrange(4)) for number in range(1, 4)]
    waiting = [list(run) for run in runs]
    lines, cursor = [], Cursor().to_json()
    for size in [*sizes, *[1000] * 3]:
        if any(waiting):
            name, doc = chance.choice([run for run in waiting if run]).pop(0)
            journal(name, doc)
        reader = Reader(folder, Cursor.from_json(cursor))
        lines += reader.read(size)
        cursor = reader.cursor.to_json()
    while any(waiting):
        name, doc = random.choice([run for run in waiting if run]).pop(0)
        journal(name, doc)
    lines += everything(Reader(folder, Cursor.from_json(cursor)))
    journal.close()
    for run in runs:
        assert pairs(line for line in lines if line.run == run[0][1]["uid"]) == run
    assert len({line.key for line in lines}) == len(lines)


def test_a_file_that_is_written_again_goes_on_at_the_same_line(folder, journal, scan):
    documents = scan(6)
    write(journal, documents[:5])
    reader = Reader.from_beginning(folder)
    lines = everything(reader)
    journal.recent[-1].rename(folder / "elsewhere.jsonl")
    journal._clock = lambda: float("inf")  # it is time to look whether the file is in its place
    for writer in journal._writers.values():
        writer._clock = journal._clock
    write(journal, documents[5:])
    lines += everything(reader)
    assert pairs(lines) == documents


def test_a_run_that_is_written_again_beside_a_damaged_file_goes_on_there(folder, journal, scan):
    documents = scan(6)
    write(journal, documents[:5])
    reader = Reader.from_beginning(folder)
    lines = everything(reader)
    path = journal.recent[-1]
    path.write_bytes(path.read_bytes()[:100])
    for writer in journal._writers.values():
        writer._clock = lambda: float("inf")
    write(journal, documents[5:])
    assert journal.recent[-1] != path
    lines += everything(reader)
    assert pairs(lines) == documents


def test_a_run_that_was_kept_elsewhere_comes_when_it_is_brought_in(folder, journal, scan, monkeypatch):
    import os

    documents = scan()
    write(journal, scan())
    reader = Reader.from_beginning(folder)
    before = everything(reader)
    from beamshell.store.rescue import RescueCopy
    from beamshell.store.run_file import run_path

    copy = RescueCopy(folder, run_path(folder, documents[0][1]).relative_to(folder))
    from beamshell.store.encoding import to_json

    copy.append("".join(f"{to_json(pair)}\n" for pair in documents).encode())
    copy.release()
    assert everything(reader) == []
    assert len(bring_in(folder)) == 1
    assert before
    assert pairs(everything(reader)) == documents
    assert os.environ["TMPDIR"]


def test_damaged_lines_are_left_out_and_the_others_come(folder, journal, scan):
    documents = scan()
    write(journal, documents)
    (path,) = journal.recent
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = b'["event",{"uid":\n'
    path.write_bytes(b"".join(lines))
    assert pairs(everything(Reader.from_beginning(folder))) == [*documents[:2], *documents[3:]]


def test_from_now_on_means_open_runs_whole_and_closed_ones_never(folder, journal, log, scan):
    closed, still_open, later = scan(), scan(), scan()
    write(journal, [*closed, *still_open[:3]])
    log.add("typed", line="mov th 1")
    reader = Reader.from_beginning(folder)
    reader.skip_to_now()
    write(journal, [*still_open[3:], *later])
    log.add("typed", line="mov th 2")
    lines = everything(reader)
    assert pairs(line for line in lines if line.run) == [*still_open, *later]
    assert [line.doc["line"] for line in lines if not line.run] == ["mov th 2"]


def test_the_console_log_comes_over_the_end_of_a_month(folder, log):
    moments = iter([1_700_000_000.0, 1_700_000_001.0, 1_703_000_000.0])
    log._clock = lambda: next(moments)
    reader = Reader.from_beginning(folder)
    log.add("typed", line="one")
    assert [line.doc["line"] for line in everything(reader)] == ["one"]
    log.add("typed", line="two")
    log.add("typed", line="three")
    assert [line.doc["line"] for line in everything(reader, most=1)] == ["two", "three"]


def test_amendments_come_with_their_run(folder, journal, scan):
    from beamshell.store.amendments import Amendments

    documents = scan()
    write(journal, documents)
    run = documents[0][1]["uid"]
    reader = Reader.from_beginning(folder)
    everything(reader)
    amendments = Amendments(folder)
    amendments.add("comment", run, 1, "the beam was lost", operator="kate")
    amendments.add("comment", None, None, "night shift begins")
    lines = everything(reader, most=1)
    assert [(line.name, line.run, line.doc["value"]) for line in lines] == [
        ("amendment", run, "the beam was lost"),
        ("amendment", "", "night shift begins"),
    ]
    assert everything(reader) == []
    assert len({line.key for line in lines}) == 2


def test_what_is_unread_is_counted_in_bytes(folder, journal, scan):
    reader = Reader.from_beginning(folder)
    assert reader.unread() == 0
    write(journal, scan())
    assert reader.unread() == (folder / "runs" / ORDER).stat().st_size  # what is in the runs is known when they are
    reader.read(1)
    assert reader.unread() > 0
    everything(reader)
    assert reader.unread() == 0


@given(st.binary(max_size=60))
def test_no_line_of_bytes_makes_reading_fail(raw):
    for line in (document_line(raw + b"\n", "run", 1), document_line(raw + b"\n", "", 1), console_line(raw, "m", 0)):
        assert line is None or isinstance(line.doc, dict)
