"""Incidents found in entries of a console log, and told in sentences."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from beamshell.text.times import clock_time
from beamshell.views.incidents import Kind, incidents_of, sentence, stories_of

NOON = 1_800_000_000.0


class Line(NamedTuple):
    """An entry of a console log."""

    time: float
    console: str
    kind: str
    facts: Mapping[str, Any]


class Log:
    """Entries as consoles write them, one a second."""

    def __init__(self):
        self.entries = []
        self._seconds = itertools.count()

    def add(self, kind, console="here", after=0.0, **facts):
        last = self.entries[-1].time if self.entries else NOON
        self.entries.append(Line(last + 1.0 + after, console, kind, facts))
        return self

    def begin(self, command="scan det th -1 1 21", console="here"):
        self.add("typed", console, cell=1, line=command)
        return self.add("plan", console, plan="scan", command=command)

    def incidents(self, death=lambda _: ""):
        return incidents_of(stories_of(self.entries, death))

    def only(self, death=lambda _: ""):
        (incident,) = self.incidents(death)
        return incident


@pytest.fixture
def log():
    return Log().add("opened", operator="anna", host="bl7", pid=4711)


def at(incident):
    return clock_time(incident.time, NOON)


RING = "ring is 0.3 mA; plans wait until it is at least 50 mA"


def test_a_suspension_lasts_from_its_beginning_to_its_release(log):
    log.begin().add("suspended", reasons=[RING]).add("released", reasons="all is good", seconds=130.0, after=129.0)
    waited = log.only()
    assert (waited.kind, waited.seconds, waited.lasts) == (Kind.SUSPENDED, 130.0, False)
    assert sentence(waited, NOON) == f"'scan det th -1 1 21' waited 2 min 10 s, from {at(waited)}: {RING}."


def test_a_suspension_that_is_not_over_says_since_when_and_how_long(log):
    log.begin().add("suspended", reasons=[RING])
    waits = log.only()
    assert waits.lasts
    assert (
        sentence(waits, waits.time + 61.0) == f"'scan det th -1 1 21' has waited 1 min 1 s, since {at(waits)}: {RING}."
    )


def test_how_far_the_scan_was_stands_behind_what_happened(log):
    failed = log.begin().add("ended", status="fail", reason="th: stalled", scans=[12]).only()
    failed.points = "point 7 of 21"
    assert sentence(failed, NOON) == (
        f"Scan 12 (scan det th -1 1 21) failed after point 7 of 21 at {at(failed)}: th: stalled."
    )


def test_another_reason_ends_the_wait_for_the_one_before(log):
    log.begin().add("suspended", reasons=[RING]).add("suspended", reasons=["shutter is Closed"]).add("released")
    assert [one.lasts for one in log.incidents()] == [False, False]


@pytest.mark.parametrize(("by_person", "who"), [(True, "Ctrl+C"), (False, "the plan itself")])
def test_a_pause_without_a_reason_is_one_by_a_person_or_the_plan(log, by_person, who):
    paused = log.begin().add("paused", reason="", by_person=by_person, scans=[12]).only()
    assert sentence(paused, NOON) == f"Scan 12 (scan det th -1 1 21) has been paused since {at(paused)}: {who}."


def test_a_pause_ends_with_resume(log):
    paused = log.begin().add("paused", reason="the disk is full").add("resumed", after=9.0).only()
    assert paused.seconds == 10.0
    assert "was paused for 10 s" in sentence(paused, NOON)


def test_a_plan_beside_a_paused_one_does_not_end_the_pause(log):
    log.begin().add("paused", reason="").begin("mov samx 1").add("ended", status="success", by_person=False)
    assert log.only().lasts


def test_a_failed_plan_is_one_failure_and_not_also_a_refused_line(log):
    log.begin().add("ended", status="fail", reason="th: stalled at 0.3 deg", scans=[12], by_person=False)
    failed = log.add("answered", outcome="error", message="th: stalled at 0.3 deg").only()
    assert failed.kind is Kind.FAILED
    assert sentence(failed, NOON) == f"Scan 12 (scan det th -1 1 21) failed at {at(failed)}: th: stalled at 0.3 deg."


def test_a_line_that_ran_no_plan_was_refused(log):
    log.add("typed", cell=1, line="mov th 95")
    refused = log.add("answered", outcome="error", message="th: 95 deg is above the high limit 90 deg").only()
    assert sentence(refused, NOON) == (
        f"'mov th 95' was refused at {at(refused)}: th: 95 deg is above the high limit 90 deg."
    )


def test_a_move_beyond_a_limit_was_refused_and_in_a_scan_it_is_a_failure(log):
    for scans in ([], [12]):
        log.begin("mov th 95").add("ended", status="fail", error="LimitError", reason="th: 95 deg ...", scans=scans)
    assert [one.kind for one in log.incidents()] == [Kind.REFUSED, Kind.FAILED]


def test_of_a_message_with_its_usage_the_sentence_has_the_first_line(log):
    log.add("typed", cell=1, line="scan det").add(
        "answered", outcome="error", message="scan: motor is missing.\nUsage: x"
    )
    assert sentence(log.only(), NOON).endswith(": scan: motor is missing.")


def test_lines_that_went_well_are_no_incidents(log):
    log.begin().add("ended", status="success", by_person=False, scans=[12]).add("answered", outcome="ok")
    log.add("typed", cell=2, line="x = 1").add("answered", outcome="ok").add("typed", cell=3, line="mov th 1")
    assert log.add("answered", outcome="interrupted").incidents() == []


def test_a_plan_that_a_person_has_ended_is_no_failure(log):
    ended = log.begin().add("ended", status="abort", reason="sample fell off", by_person=True, scans=[12]).only()
    assert ended.kind is Kind.ENDED
    assert sentence(ended, NOON).endswith(f"was ended by a person at {at(ended)}: sample fell off.")


def test_an_abort_that_no_person_wanted_is_a_failure(log):
    log.begin().add("ended", status="abort", reason="it cannot be paused here", by_person=False)
    assert log.only().kind is Kind.FAILED


def test_every_incident_of_a_plan_learns_its_scans(log):
    log.begin().add("suspended", reasons=[RING]).add("released").add("ended", status="success", scans=[12])
    assert log.only().scans == (12,)


def test_a_console_that_was_not_closed_and_is_gone_has_died_at_its_last_entry(log):
    log.begin("mov th 5").add("moving", device="th", target=5.0, unit="deg")
    died = log.only(death=lambda _: "its process is gone")
    assert sentence(died, NOON, "the console of anna (bl7, process 4711)") == (
        f"The console of anna (bl7, process 4711) died in 'mov th 5' at {at(died)}, with th to 5 deg on its way: "
        "its process is gone."
    )


def test_of_the_motors_of_a_scan_the_log_has_the_first_target_alone_so_none_is_named(log):
    log.begin().add("moving", device="th", target=-1.0, unit="deg", scan=12)
    assert log.only(death=lambda _: "its process is gone").moving == ()


def test_what_lasted_when_a_console_died_is_over(log):
    log.begin().add("suspended", reasons=[RING]).add("moving", device="th", target=1.0)
    waited, died = log.incidents(death=lambda _: "its process is gone")
    assert (waited.until, died.kind) == (died.time, Kind.DIED)


def test_a_console_that_was_closed_has_not_died(log):
    assert log.add("closed").incidents(death=lambda _: "its process is gone") == []


def test_the_incidents_of_two_consoles_are_told_apart(log):
    log.begin().begin("scan det samx 0 1 3", console="there").add("suspended", "there", reasons=[RING])
    log.add("ended", status="fail", reason="th: stalled", by_person=False)
    waits, failed = log.incidents()
    assert (waits.console, waits.command, waits.lasts) == ("there", "scan det samx 0 1 3", True)
    assert (failed.console, failed.command) == ("here", "scan det th -1 1 21")


def test_a_log_that_begins_in_the_middle_of_a_plan_is_read():
    log = Log().add("released").add("moved", device="th").add("resumed")
    log.add("ended", status="fail", reason="th: stalled", scans=[12])
    assert log.only().scans == (12,)


def test_kinds_and_facts_that_are_not_known_are_passed_over():
    log = Log().add("comment", text="nice").add("paused").add("suspended").add("ended").add("answered").add("moving")
    assert {one.kind for one in log.incidents()} == {Kind.PAUSED, Kind.SUSPENDED}
