"""Each line arrives at least once and in order, whatever fails in between, and that is told."""

from __future__ import annotations

import threading
import time

import pytest

from beamshell.follow.cursor import CursorFile
from beamshell.follow.follower import Follower
from beamshell.follow.reader import Reader


class Running:
    """A follower in a thread."""

    def __init__(self, folder, sink):
        self.file = CursorFile(folder / "follow" / "memory.cursor.json")
        self.stopped = threading.Event()
        cursor = self.file.load()
        reader = Reader(folder, cursor) if cursor else Reader.from_beginning(folder)
        self.follower = Follower(reader, sink, self.file, self.stopped)
        self.thread = threading.Thread(target=self.follower.run)

    def __enter__(self):
        self.thread.start()
        return self.follower

    def __exit__(self, *exc):
        self.stopped.set()
        self.thread.join()


def wait_for(condition, most_s=30):
    deadline = time.monotonic() + most_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def write(journal, documents):
    for name, doc in documents:
        journal(name, doc)


def test_what_is_written_before_the_end_is_sent(folder, journal, log, scan, sink):
    documents = scan(20)
    with Running(folder, sink):
        write(journal, documents)
        log.add("typed", line="scan det th 0 1 20")
    assert [pair for pair in sink.pairs() if pair[0] != "console"] == documents
    assert [doc["line"] for name, doc in sink.pairs() if name == "console"] == ["scan det th 0 1 20"]


def test_a_sink_gets_documents_alone_unless_it_wants_more(folder, journal, log, scan, sink):
    sink.also = ()
    with Running(folder, sink):
        log.add("typed", line="scan det th 0 1 3")
        write(journal, scan())
    assert {line.name for line in sink.lines} == {"start", "descriptor", "event", "stop"}


def test_while_the_sink_is_down_nothing_is_lost_and_the_reason_is_told(folder, journal, scan, sink):
    documents = scan()
    sink.is_down = True
    with Running(folder, sink) as follower:
        write(journal, documents)
        wait_for(lambda: follower.status.state == "waiting")
        status = follower.refresh_status()
        assert status.error == "nobody answers at memory:1"
        assert status.behind_s > 0  # make_run's documents are of 1970
        sink.is_down = False
        wait_for(lambda: follower.status.state == "up to date")
        assert follower.refresh_status().behind_s == 0
        assert follower.status.sent == len(documents)
    assert sink.pairs() == documents


def test_one_that_ends_while_its_sink_is_down_goes_on_there_the_next_time(folder, journal, scan, sink):
    documents = scan()
    sink.is_down = True
    with Running(folder, sink) as follower:
        write(journal, documents)
        wait_for(lambda: follower.status.state == "waiting")
    sink.is_down = False
    with Running(folder, sink):
        pass
    assert sink.pairs() == documents
    with Running(folder, sink):
        pass
    assert sink.pairs() == documents


def test_a_line_that_is_refused_is_named_and_the_others_arrive(folder, journal, scan, sink):
    documents = scan()
    sink.refuses = {"descriptor"}
    with Running(folder, sink) as follower:
        write(journal, documents)
    assert sink.pairs() == [pair for pair in documents if pair[0] != "descriptor"]
    assert follower.status.refused == 1
    assert follower.status.error == f"descriptor {documents[0][1]['uid']}:2 is left out: too large"


def test_a_damaged_cursor_says_what_to_do(folder):
    from beamshell.errors import StoreError

    file = CursorFile(folder / "x.cursor.json")
    file.path.write_text("{")
    with pytest.raises(StoreError, match=r"x\.cursor\.json cannot be read .*: remove it, then"):
        file.load()


class Pauses(threading.Event):
    """Writes the next documents instead of waiting, and sets itself after the last; remembers the waits."""

    def __init__(self, parts):
        super().__init__()
        self.parts, self.waits = list(parts), []

    def wait(self, timeout=None):
        self.waits.append(timeout)
        if self.parts:
            self.parts.pop(0)()
        else:
            self.set()
        return self.is_set()


def test_what_comes_in_the_pause_that_a_sink_wants_is_sent_together(folder, journal, scan, sink):
    documents = scan(8)
    sizes = []
    sink.every, send = 0.5, sink.send
    sink.send = lambda lines: (sizes.append(len(lines)), send(lines))
    write(journal, documents[:3])
    stopped = Pauses([lambda: write(journal, documents[3:8]), lambda: write(journal, documents[8:])])
    Follower(Reader.from_beginning(folder), sink, None, stopped).run()
    assert sizes == [3, 5, len(documents) - 8]
    assert stopped.waits[:3] == [0.5] * 3
    assert sink.pairs() == documents
