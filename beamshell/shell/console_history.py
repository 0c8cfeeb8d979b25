"""What the console log and the runs say of the past: the stories of all consoles, which have died, scans in words.

It reads files, and asks no device. `why` and `handover` are made of it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from beamshell.store.amendments import COMMENT, SET, TAG, Amendment, in_force
from beamshell.store.console_log import LogEntry
from beamshell.store.open_runs import REASON as CLOSED_LATER
from beamshell.store.processes import is_on_this_computer, why_dead
from beamshell.views.handover import AMENDED, ScanRecord, Shift
from beamshell.views.incidents import ConsoleStory, Entry, Incident, Kind, incidents_of, stories_of

if TYPE_CHECKING:
    from beamshell.store import ConsoleLog, Run, Runs

_SILENT_S = 300.0
"""Seconds without an entry after which a console on another computer is dead: one that lives writes each minute."""


class History(NamedTuple):
    """What happened since a moment.

    Attributes:
        entries: of the console log, the oldest first.
        stories: of all consoles.
        incidents: of all of them, in the order of time.
    """

    entries: list[Entry]
    stories: list[ConsoleStory]
    incidents: list[Incident]

    def story(self, console: str) -> ConsoleStory | None:
        """The story of one console; None if it has written nothing."""
        return next((story for story in self.stories if story.console == console), None)


def history_since(log: ConsoleLog, runs: Runs, since: float | None = None, until: float | None = None) -> History:
    """What happened at the consoles of the data folder.

    Args:
        log: the console log.
        runs: the catalogue, for how far the scan was in which a console has died.
        since: in seconds since 1970-01-01 UTC; None for all that there is.
        until: likewise; then nobody knows which consoles have died, since they may have written later.
    """
    entries: list[Entry] = list(log.newest_first(since=since, until=until))
    entries.reverse()
    death = (lambda story: _death(log, story)) if until is None else (lambda _: "")
    stories = stories_of([*_earlier_openings(log, entries, since), *entries], death)
    incidents = incidents_of(stories)
    for incident in incidents:
        if incident.plan_since is not None:
            _note_scan(incident, runs)
    return History(entries, stories, incidents)


def _earlier_openings(log: ConsoleLog, entries: Sequence[Entry], since: float | None) -> list[Entry]:
    """The entries `opened` of consoles that were opened before `since`: they say whose they are."""
    unknown = {entry.console for entry in entries} - {entry.console for entry in entries if entry.kind == "opened"}
    openings: list[Entry] = []
    for entry in log.newest_first("opened") if unknown and since is not None else ():
        if entry.console in unknown:
            unknown.remove(entry.console)
            openings.append(entry)
            if not unknown:
                break
    return openings[::-1]


def shift_of(log: ConsoleLog, runs: Runs, begin: float, end: float) -> Shift:
    """What happened at all consoles between two moments, in seconds since 1970-01-01 UTC."""
    history = history_since(log, runs, begin)
    scans = [scan_record(run) for run in runs.search(since=begin, until=end)]
    entries = [entry for entry in history.entries if entry.kind not in (COMMENT, TAG)]  # they are amendments too
    entries += [_entry_of(each) for each in in_force(runs.amendments.all()) if begin <= each.time <= end]
    return Shift(begin, end, scans, history.incidents, entries)


def _entry_of(amendment: Amendment) -> LogEntry:
    """What a person has said about a run, as an entry of the console log."""
    text = f"{amendment.key}: {amendment.value}" if amendment.key else amendment.value
    kind = AMENDED if amendment.kind == SET else amendment.kind
    facts = {"text": text, "operator": amendment.operator, "scan": amendment.scan_id}
    return LogEntry(amendment.time, amendment.console, kind, facts)


# ---- scans ---------------------------------------------------------------------------------------


def scan_record(run: Run) -> ScanRecord:
    """A stored run, as far as a shift is told by it."""
    from beamshell.store.run import plan_line

    stop, points = run.stop or {}, run.num_events
    planned = run.start.get("num_points")
    return ScanRecord(
        run.scan_id,
        float(run.start["time"]),
        stop.get("time"),
        plan_line(run.start),
        points.get("primary", max(points.values(), default=0)),
        planned if isinstance(planned, int) else None,
        stop.get("exit_status", "open"),
        str(stop.get("reason") or ""),
    )


def _note_scan(incident: Incident, runs: Runs) -> None:
    """Add to an incident the scan in which it happened, and how far that was."""
    run = _run_of(incident, runs)
    if run is None or run.scan_id is None:
        return
    if incident.kind is Kind.DIED and run.stop is not None and run.stop.get("reason") != CLOSED_LATER:
        incident.scans = ()  # it had closed its last run already
        return
    record = scan_record(run)
    incident.scans = (run.scan_id,)
    incident.points = f"point {record.point_words}" if record.points else ""
    if incident.kind is Kind.DIED:
        times = (doc["time"] for name, doc in run.documents() if name == "event")
        incident.time = max([incident.time, *times])


def _run_of(incident: Incident, runs: Runs) -> Run | None:
    if not incident.scans or incident.scans[-1] not in runs:
        return None
    run = runs[incident.scans[-1]]
    return run if run.start["time"] >= (incident.plan_since or 0.0) else None  # else another one of this number


def _death(log: ConsoleLog, story: ConsoleStory) -> str:
    """How it is known that a console which was not closed has died, in words; "" if it lives, or may live."""
    if story.opened is None or story.console == log.console:
        return ""
    if reason := why_dead(story.opened.facts):
        return reason
    is_silent = story.beats and not is_on_this_computer(story.opened.facts) and time.time() - story.last > _SILENT_S
    return "nothing has come from it since" if is_silent else ""
