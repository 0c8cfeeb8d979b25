"""Entries come into PSI's ELOG once, with the plot; neither password nor hash is anywhere."""

from __future__ import annotations

import pytest

from beamshell.errors import SinkDown


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
