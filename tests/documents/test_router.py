"""Each document reaches the method, and the run, that it is for."""

from __future__ import annotations

import pytest

from beamshell.documents.router import RunFinder, RunReceiver, RunReceivers, RunRouter, events_of

PAGE = {
    "uid": ["e1", "e2"],
    "time": [1.0, 2.0],
    "descriptor": "d",
    "seq_num": [1, 2],
    "data": {"det": [5, 6]},
    "timestamps": {"det": [1.0, 2.0]},
    "filled": {},
}


def interleaved():
    """Two runs at once, as a plan with `run=` keys makes them."""
    yield "start", {"uid": "a", "time": 0.0}
    yield "start", {"uid": "b", "time": 0.0}
    yield "descriptor", {"uid": "da", "run_start": "a"}
    yield "descriptor", {"uid": "db", "run_start": "b"}
    yield "resource", {"uid": "r", "run_start": "a"}
    yield "datum", {"datum_id": "r/0", "resource": "r"}
    yield "event", {"uid": "e1", "descriptor": "db"}
    yield "event", {"uid": "e2", "descriptor": "da"}
    yield "stream_datum", {"uid": "s", "descriptor": "da"}
    yield "stop", {"uid": "sb", "run_start": "b"}
    yield "event", {"uid": "e3", "descriptor": "da"}
    yield "stop", {"uid": "sa", "run_start": "a"}


class Names(RunReceiver):
    """Notes what it is given."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __call__(self, name, doc):
        self.seen.append(name)
        super().__call__(name, doc)


class Points(RunReceiver):
    """Notes the points with the name of their stream."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def event(self, descriptor, event):
        self.seen.append((descriptor["name"], event["seq_num"], event["data"]["det"]))


def descriptor(uid="d", name="primary"):
    return "descriptor", {"uid": uid, "run_start": "a", "name": name}


def event(seq_num, descriptor="d"):
    return "event", {"uid": f"e{seq_num}", "descriptor": descriptor, "seq_num": seq_num, "data": {"det": 5}}


def test_a_document_goes_to_the_method_of_its_name():
    class Starts(RunReceiver):
        def start(self, start):
            record.append(start["uid"])

    record = []
    Starts()("start", {"uid": "a"})
    assert record == ["a"]


def test_a_point_comes_with_the_descriptor_of_its_stream():
    points = Points()
    points.take([descriptor("d"), descriptor("b", "baseline"), event(1, "b"), event(1, "d")])
    assert points.seen == [("baseline", 1, 5), ("primary", 1, 5)]


def test_a_point_of_an_unknown_descriptor_is_ignored():
    points = Points()
    points.take([event(1), descriptor(), event(2)])
    assert points.seen == [("primary", 2, 5)]


def test_an_event_page_reaches_event_point_by_point():
    points = Points()
    points.take([descriptor(), ("event_page", PAGE)])
    assert points.seen == [("primary", 1, 5), ("primary", 2, 6)]


def test_a_datum_page_reaches_datum_part_by_part():
    class Datums(RunReceiver):
        def datum(self, datum):
            record.append(datum)

    record = []
    page = {"resource": "r", "datum_id": ["r/0", "r/1"], "datum_kwargs": {"frame": [7, 8]}}
    Datums()("datum_page", page)
    assert record == [{"datum_id": f"r/{n}", "resource": "r", "datum_kwargs": {"frame": 7 + n}} for n in range(2)]


@pytest.mark.parametrize("name", ["hologram", "__init__", "take"])
def test_a_kind_of_document_that_this_version_does_not_know_is_ignored(name):
    assert RunReceiver()(name, {"uid": "x", "descriptor": "d"}) is None


def test_each_document_of_interleaved_runs_finds_its_run():
    finder = RunFinder()
    assert "".join(str(finder.run_of(name, doc)) for name, doc in interleaved()) == "ababaabaabaa"


def test_a_closed_run_is_forgotten():
    finder = RunFinder()
    for name, doc in interleaved():
        finder.run_of(name, doc)
    assert finder.run_of("event", {"descriptor": "da"}) is None


def test_a_resource_without_a_run_belongs_to_the_run_opened_last():
    finder = RunFinder()
    finder.run_of("start", {"uid": "a"})
    finder.run_of("start", {"uid": "b"})
    assert finder.run_of("resource", {"uid": "r"}) == "b"


def test_each_run_gets_a_receiver_of_its_own():
    receivers = {}
    router = RunRouter(lambda start: receivers.setdefault(start["uid"], Names()))
    for name, doc in interleaved():
        router(name, doc)
    assert receivers["b"].seen == ["start", "descriptor", "event", "stop"]
    assert receivers["a"].seen.count("event") == 2
    assert receivers["a"].seen[-1] == "stop"


def test_a_run_whose_start_was_missed_is_ignored_and_the_next_one_received():
    receivers = []

    def open_run(start):
        receivers.append(Names())
        return receivers[-1]

    router = RunRouter(open_run)
    for name, doc in list(interleaved())[1:]:  # the start of a is missing
        router(name, doc)
    assert [receiver.seen for receiver in receivers] == [["start", "descriptor", "event", "stop"]]


def test_what_a_stream_holds_is_handed_on_to_each_of_several_receivers():
    first, second = Points(), Points()
    several = RunReceivers(first, second)
    several.take([descriptor(), ("event_page", PAGE)])
    assert first.seen == second.seen == [("primary", 1, 5), ("primary", 2, 6)]


def test_a_run_nobody_wants_is_ignored():
    router = RunRouter(lambda start: None)
    for name, doc in interleaved():
        assert router(name, doc) is None


def test_the_events_of_a_page_are_whole():
    assert list(events_of(PAGE))[1] == {
        "uid": "e2",
        "time": 2.0,
        "descriptor": "d",
        "seq_num": 2,
        "data": {"det": 6},
        "timestamps": {"det": 2.0},
        "filled": {},
    }
