"""Each document reaches the method, and the run, that it is for."""

from __future__ import annotations

from beamshell.documents.router import DocumentRouter, RunFinder, RunRouter, events_of

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


def test_a_document_goes_to_the_method_of_its_name():
    class Names(DocumentRouter):
        seen = []

        def start(self, doc):
            self.seen.append(doc["uid"])

    Names()("start", {"uid": "a"})
    assert Names.seen == ["a"]


def test_an_event_page_reaches_event_point_by_point():
    class Events(DocumentRouter):
        def __init__(self):
            self.values = []

        def event(self, doc):
            self.values.append((doc["seq_num"], doc["data"]["det"]))

    router = Events()
    router("event_page", PAGE)
    assert router.values == [(1, 5), (2, 6)]


def test_a_kind_of_document_from_the_future_is_let_pass():
    assert DocumentRouter()("hologram", {"uid": "x"}) is None


def test_a_private_or_unknown_name_is_never_called_as_a_method():
    assert DocumentRouter()("__init__", {}) is None


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


def test_each_run_gets_subscribers_of_its_own():
    seen: dict[str, list[str]] = {}

    def factory(start):
        names = seen.setdefault(start["uid"], [])
        return [lambda name, doc: names.append(name)]

    router = RunRouter(factory)
    for name, doc in interleaved():
        router(name, doc)
    assert seen["b"] == ["start", "descriptor", "event", "stop"]
    assert seen["a"].count("event") == 2
    assert seen["a"][-1] == "stop"


def test_a_run_nobody_wants_is_let_pass():
    router = RunRouter(lambda start: [])
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
