"""Entries come into PSI's ELOG once, with the plot; neither password nor hash is anywhere."""

from __future__ import annotations

import pytest

from beamshell.errors import SinkDown
from beamshell.follow.settings import make_sink


@pytest.fixture
def sink_for(folder, without_secrets):
    sinks = []

    def sink_for(server, **settings):
        block = {"sink": "elog", "url": server.url, "user": "kate", "password": "xyzzy", "attributes": {"Author": "BL"}}
        sink = make_sink("logbook", block | settings)
        sink.folder, sink.memory = folder, folder / "memory.json"
        sinks.append(sink)
        return sink

    yield sink_for
    for sink in sinks:
        sink.close()


def test_a_run_becomes_an_entry_with_its_plot(elog, sink_for, lines):
    sink = sink_for(elog)
    sink.send(lines(command="scan det th -1 1 3", sample="LaB6"))
    sink.poll()
    (entry,) = elog.entries.values()
    assert entry["Subject"].startswith("scan 1: success, 3 points")
    assert entry["Text"].startswith("scan det th -1 1 3\nsample LaB6\n\nbeamshell ")
    assert entry["Author"] == "BL"
    ((field, name, png),) = entry["files"]
    assert (field, name, png[:8]) == ("attfile1", "scan_1.png", b"\x89PNG\r\n\x1a\n")


def test_an_entry_whose_arrival_was_not_heard_of_is_not_written_again(elog, sink_for, lines):
    elog.fault = "mute"
    sink = sink_for(elog)
    sink.send(lines())
    with pytest.raises(SinkDown, match="no answer from http"):
        sink.poll()
    elog.fault = ""
    sink_for(elog).poll()  # after a kill
    assert len(elog.entries) == 1


def test_an_entry_that_did_not_arrive_is_written_when_elog_is_back(elog, sink_for, lines):
    elog.fault = "down"
    sink = sink_for(elog)
    sink.send(lines())
    with pytest.raises(SinkDown, match="takes no entry: 503"):
        sink.poll()
    elog.fault = ""
    sink.poll()  # the page says what was looked for, though no entry has it
    assert len(elog.entries) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"password": "secret"}, "takes no entry: wrong user or password"),
        ({"attributes": {}}, "takes no entry: Error: Attribute Author not supplied"),
    ],
)
def test_a_refusal_is_told_in_the_words_of_elog(elog, sink_for, settings, message):
    with pytest.raises(SinkDown, match=message) as refused:
        sink_for(elog, **settings).check()
    assert "secret" not in str(refused.value)


def test_a_hash_is_taken_as_it_is(elog, sink_for):
    sink = sink_for(elog, password="$5$$CPn1StSIpoFa9Mf6apeaQvcYXqemoCk3qjzZ5/TT/E5")
    assert sink.check() == f"a test entry is in {elog.url}"
