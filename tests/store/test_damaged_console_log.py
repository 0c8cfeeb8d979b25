"""A console log in which any byte was changed still tells what it can: moves, incidents, the page of a shift."""

from __future__ import annotations

import tempfile
from pathlib import Path

from damage import damaged_bytes
from hypothesis import given

from beamshell.store import ConsoleLog
from beamshell.store.console_log import FOLDER
from beamshell.store.engine_calls import calls, moves
from beamshell.views.handover import Shift
from beamshell.views.incidents import incidents_of, sentence, stories_of

NOW = 1.7e9
STORY = [
    ("opened", {"operator": "anna", "host": "bl7", "pid": 12}),
    ("typed", {"cell": 1, "line": "scan det th -1 1 3"}),
    ("plan", {"plan": "scan", "plan_form": "scan([det], th, -1, 1, 3)", "command": "scan det th -1 1 3"}),
    ("run", {"scan": 7}),
    ("moving", {"device": "th", "origin": 0.0, "target": -1.0, "unit": "deg", "command": "scan det th -1 1 3"}),
    ("suspended", {"reasons": ["ring is 0 mA"]}),
    ("released", {}),
    ("moved", {"device": "th", "origin": 0.0, "target": 1.0, "place": 1.0, "unit": "deg"}),
    ("paused", {"by_person": True, "reason": "", "scans": [7]}),
    ("ended", {"status": "abort", "reason": "sample fell off", "by_person": True, "scans": [7], "uids": ["a"]}),
    ("answered", {"outcome": "error", "message": "aborted", "seconds": 3.0}),
    ("comment", {"text": "it slipped", "operator": "anna", "scan": 7, "uid": "a"}),
    ("foreign", {"device": "th", "what": "moved by another client", "scan": 7}),
]


def _content():
    with tempfile.TemporaryDirectory() as folder:
        now = iter(range(10**6))
        log = ConsoleLog(folder, "bl7:12", clock=lambda: NOW + next(now))
        for kind, facts in STORY:
            log.add(kind, **facts)
        log.close()
        (path,) = (Path(folder) / FOLDER).iterdir()
        return path.read_bytes()


@given(damaged_bytes(_content()))
def test_whatever_was_damaged_the_rest_is_told(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FOLDER / "2023-11.jsonl"
        path.parent.mkdir()
        path.write_bytes(content)
        log = ConsoleLog(folder, "reader", clock=lambda: NOW + 100)
        log.add("typed", line="why")
        log.close()
        entries = list(log.newest_first())
        assert entries[0].facts == {"line": "why"}
        assert list(log.newest_first("moved", "plan", since=NOW, until=NOW + 50)) is not None
        for call in calls(entries):
            assert isinstance(call.label, str)
        assert list(moves(entries)) is not None
        stories = stories_of(entries[::-1], lambda story: "its process is gone")
        incidents = incidents_of(stories)
        for incident in incidents:
            assert sentence(incident, NOW)
        shift = Shift(NOW - 10, NOW + 200, [], incidents, entries[::-1])
        assert shift.page("Handover")
        assert shift.summary()
