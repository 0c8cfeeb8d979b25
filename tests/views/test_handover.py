"""The page of a shift, and when a shift begins."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from beamshell.errors import UsageError
from beamshell.views.handover import ScanRecord, Shift, beginning
from beamshell.views.incidents import incidents_of, stories_of

BEGIN = datetime.datetime(2026, 11, 28, 22, 0).timestamp()
END = BEGIN + 8 * 3600


class Line(NamedTuple):
    """An entry of a console log."""

    time: float
    console: str
    kind: str
    facts: Mapping[str, Any]


def line(minutes, kind, console="here", **facts):
    return Line(BEGIN + 60 * minutes, console, kind, facts)


def scan(number, minutes, lasts_min=10, points=21, planned=21, status="success", reason=""):
    begin = BEGIN + 60 * minutes
    return ScanRecord(number, begin, begin + 60 * lasts_min, "scan det th -1 1 21", points, planned, status, reason)


def shift(*entries, scans=(), death=lambda _: ""):
    return Shift(BEGIN, END, list(scans), incidents_of(stories_of(entries, death)), entries)


def test_a_motor_has_changed_from_where_it_was_first_to_where_it_was_last():
    moves = [
        line(1, "moved", device="samx", origin=1.0, place=4.0, unit="mm"),
        line(2, "moved", device="samx", origin=4.0, place=2.5, unit="mm"),
        line(3, "moved", device="shutter", origin="Close", place="Open", unit=""),
    ]
    changes = shift(*moves).changes
    assert [tuple(change) for change in changes] == [("samx", "1 mm", "2.5 mm"), ("shutter", "Close", "Open")]


def test_a_motor_that_came_back_has_not_changed():
    moves = [
        line(1, "moved", device="th", origin=0.0, place=1.0, unit="deg"),
        line(2, "moved", device="th", origin=1.0, place=0.0, unit="deg"),
    ]
    assert shift(*moves).changes == []


RING = "ring is 0.3 mA; plans wait until it is at least 50 mA"


def suspension(begin, end, console="here", reason=RING):
    return [line(begin, "suspended", console, reasons=[reason]), line(end, "released", console)]


def test_time_is_lost_by_cause_the_longest_first():
    entries = [*suspension(1, 3), *suspension(10, 15), line(20, "paused", reason=""), line(21, "resumed")]
    plan = line(0, "plan", command="scan det th -1 1 21")
    losses = shift(plan, *entries).losses
    assert [(loss.cause, loss.times, loss.seconds) for loss in losses] == [
        ("waiting for ring", 2, 420),
        ("pauses", 1, 60),
    ]


def test_what_overlaps_is_lost_once():
    entries = [line(0, "plan"), line(0, "plan", "there"), line(1, "suspended", reasons=[RING])]
    entries += [line(2, "suspended", "there", reasons=[RING]), line(4, "released"), line(5, "released", "there")]
    assert shift(*entries).seconds_lost == 240


def test_what_began_before_the_shift_or_lasts_at_its_end_counts_within_it():
    entries = [line(-30, "plan"), *suspension(-20, 10), line(470, "paused", reason="")]
    lost = {loss.cause: loss.seconds for loss in shift(*entries).losses}
    assert lost == {"waiting for ring": 600, "pauses": 600}


def test_a_console_that_died_in_a_plan_costs_the_time_until_one_is_opened():
    entries = [line(0, "opened"), line(1, "plan", command="scan"), line(31, "opened", "there")]
    losses = shift(*entries, death=lambda story: "its process is gone" if story.console == "here" else "").losses
    assert [(loss.cause, loss.seconds) for loss in losses] == [("consoles that died", 1800)]


def test_the_time_of_scans_that_did_not_come_to_their_end_is_lost():
    scans = [
        scan(1, 0),
        scan(2, 20, points=7, status="abort", reason="sample fell off"),
        scan(3, 40, 5, 2, status="fail"),
    ]
    losses = {loss.cause: loss.seconds for loss in shift(scans=scans).losses}
    assert losses == {"scans that were ended early": 600, "scans that failed": 300}


def test_the_summary_has_scans_time_lost_positions_and_failures():
    entries = [
        line(0, "typed", line="mov th 95"),
        line(0, "answered", outcome="error", message="th: 95 deg is above the high limit 90 deg"),
        line(1, "plan", command="scan det th -1 1 21"),
        *suspension(1, 3),
        line(10, "moved", device="samx", origin=1.0, place=2.5, unit="mm"),
        line(11, "ended", status="fail", reason="th: stalled at 0.3 deg", by_person=False, scans=[12]),
    ]
    text = shift(*entries, scans=[scan(11, 0), scan(12, 5, 6, 7, status="fail", reason="th: stalled")]).summary()
    assert text == [
        "2026-11-28 22:00 to 06:00: 2 scans (11 to 12), 1 complete",
        "lost 8 min 0 s: scans that failed 6 min 0 s, waiting for ring 2 min 0 s",
        "moved: samx 1 mm -> 2.5 mm",
        "failed: 1, the last at 2026-11-28 22:11:00: th: stalled at 0.3 deg",
        "refused: 1 line",
    ]


def test_a_shift_in_which_nothing_happened_is_a_page_that_says_so():
    page = shift().page("Handover of BL7")
    assert page.startswith("# Handover of BL7\n\nFrom 2026-11-28 22:00 to 2026-11-29 06:00 (8 h 0 min).\n")
    assert page.count("None.") == 8


def test_comments_and_reasons_leave_the_tables_of_the_page_whole():
    entries = [line(1, "comment", text="beam | unstable\nagain", operator="anna", scan=12, uid="1a2b")]
    rows = [row for row in shift(*entries).page("H").splitlines() if "unstable" in row]
    assert rows == [r"| 2026-11-28 22:01:00 | anna | comment | beam \| unstable again (scan 12) |"]


def test_samples_and_what_others_have_moved_are_on_the_page():
    entries = [
        line(1, "sample", sample="LaB6", sample_thickness=0.5),
        line(2, "comment", text="no scan yet", operator="anna", scan=None, uid=None),
        line(3, "foreign", device="th", what="sent to 5 deg", points=[3], command="scan", scan=12),
    ]
    page = shift(*entries).page("H").splitlines()
    assert "| 2026-11-28 22:01:00 |  | sample | LaB6, 0.5 |" in page
    assert "| 2026-11-28 22:02:00 | anna | comment | no scan yet |" in page
    assert "| 2026-11-28 22:03:00 | th | sent to 5 deg | 12 |" in page


NOW = datetime.datetime(2026, 11, 29, 6, 0)


@pytest.mark.parametrize(
    ("words", "begin"),
    [
        ("8h", datetime.datetime(2026, 11, 28, 22, 0)),
        ("90min", datetime.datetime(2026, 11, 29, 4, 30)),
        ("today", datetime.datetime(2026, 11, 29)),
        ("since 22:00", datetime.datetime(2026, 11, 28, 22, 0)),
        ("since 5:30", datetime.datetime(2026, 11, 29, 5, 30)),
        ("since 22", datetime.datetime(2026, 11, 28, 22, 0)),
        ("since 2026-11-27", datetime.datetime(2026, 11, 27)),
        ("since 2026-11-27 08:00", datetime.datetime(2026, 11, 27, 8, 0)),
    ],
)
def test_a_shift_begins_when_it_says(words, begin):
    assert beginning(words.split(), NOW.timestamp()) == begin.timestamp()


@pytest.mark.parametrize(
    "words", ["8", "since", "since noon", "yesterday", "since 25:00", "since 2027-01-01", "8h 9h", "x"]
)
def test_what_is_no_beginning_is_refused_with_what_to_write(words):
    with pytest.raises(UsageError, match="write 8h, since 22:00"):
        beginning(words.split(), NOW.timestamp())
