"""What Olog and ELOG have in common: an entry is there once, also when the server fails meanwhile."""

from __future__ import annotations

import pytest

from beamshell.errors import SinkDown


@pytest.fixture(params=["olog", "elog"])
def logbook(request):
    return request.getfixturevalue(request.param)


def test_an_entry_whose_arrival_was_not_heard_of_is_not_written_again(logbook, sink_for, lines):
    logbook.fault = "mute"
    sink = sink_for(logbook)
    sink.send(lines())
    with pytest.raises(SinkDown, match="no answer from http"):
        sink.poll()
    logbook.fault = ""
    sink_for(logbook).poll()  # after a kill
    assert len(logbook.entries) == 1


def test_an_entry_that_did_not_arrive_is_written_when_the_logbook_is_back(logbook, sink_for, lines):
    logbook.fault = "down"
    sink = sink_for(logbook)
    sink.send(lines())
    with pytest.raises(SinkDown, match="takes no entry: 503"):
        sink.poll()
    logbook.fault = ""
    sink.poll()  # ELOG's page says what was looked for, though no entry has it
    assert len(logbook.entries) == 1
