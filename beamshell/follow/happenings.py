"""Happenings: what is worth a message to a person who is away, told from the lines of a data folder.

Pure: lines and the time in, happenings out. It knows no receiver, and not which happenings anybody wants.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, NamedTuple

from beamshell.documents.points import number_of_points
from beamshell.follow.lines import AMENDMENT, CONSOLE, Line
from beamshell.follow.watchdog import BACK, DIED, SILENT_AFTER_S, STOPPED, Trouble
from beamshell.store.run import plan_line
from beamshell.text.lists import listed
from beamshell.text.numbers import counted
from beamshell.text.times import duration

KINDS = {
    "begun": "a scan has begun",
    "completed": "a scan is complete",
    "failed": "a scan, a move or an item of the queue has failed",
    "aborted": "a person has ended a scan early",
    "queue": "the queue has come to its end",
    "suspended": "a scan has waited for longer than `suspended_after`: no beam, a shutter, an interlock",
    "released": "what was said to wait or to hang goes on",
    "comment": "a person has written a comment",
    "disk": "the disk of the data folder is nearly full",
    "dead": "a console has died, or hangs",
}
"""The kinds of happenings."""

URGENT = frozenset({"failed", "suspended", "disk", "dead"})
"""The kinds that are told also in quiet hours."""


FACTS = {
    "scan": "the number of the scan",
    "plan": "the command, or the plan",
    "sample": "of the scan",
    "proposal": "of the scan",
    "operator": "whose scan, console or comment it is",
    "status": "how the scan has ended: success, abort, fail",
    "points": "measured",
    "duration": "of the scan, or how long it waits",
    "reason": "why",
    "comment": "that was written",
}
"""What is known of a happening, by the names that templates of messages use."""


class Happening(NamedTuple):
    """Something that a person wants to know.

    Attributes:
        kind: one of KINDS.
        time: seconds since 1970-01-01 UTC.
        title: what happened, in one line.
        text: more of it, and what to type next; may be "".
        run: the uid of the run that it is about; "" for none.
        key: of the line that told it.
        facts: what is known of it, by the names in FACTS.
    """

    kind: str
    time: float
    title: str
    text: str
    run: str
    key: str
    facts: Mapping[str, str] = MappingProxyType({})


class HappeningFinder:
    """Finds happenings in lines, and in what the time brings.

    Args:
        suspended_after_s: seconds that a plan must have waited before that is told.
        disk_gb: free space in GB below which the disk is told.
    """

    def __init__(self, suspended_after_s: float = 300.0, disk_gb: float = 5.0) -> None:
        self._suspended_after_s = suspended_after_s
        self._disk_gb = disk_gb
        self._starts: dict[str, Mapping[str, Any]] = {}  # of the open runs, by uid
        self._suspended: dict[str, tuple[Line, bool]] = {}  # by console: since which line, and whether that was told
        self._disk_is_low = False
        self._runs: dict[str, str] = {}  # the uid of the run that each console has begun last

    def take(self, line: Line) -> Iterator[Happening]:
        """What a line tells."""
        if line.name == CONSOLE:
            yield from self._take_entry(line)
        elif line.name == AMENDMENT:
            yield from self._take_amendment(line)
        elif line.name == "start":
            self._starts[line.run] = line.doc
            title = f"{_label(line.doc)} has begun: {plan_line(line.doc)}"
            yield Happening("begun", _time(line), title, _about(line.doc), line.run, line.key, _facts(line.doc))
        elif line.name == "stop" and (start := self._starts.pop(line.run, None)) is not None:
            yield self._end(start, line)

    def due(self, now: float, free_gb: float) -> Iterator[Happening]:
        """What the time and the disk tell.

        Args:
            now: seconds since 1970-01-01 UTC.
            free_gb: free space on the disk of the data folder, in GB.
        """
        for console, (line, is_told) in self._suspended.items():
            waited_s = now - _time(line)
            if not is_told and waited_s >= self._suspended_after_s:
                self._suspended[console] = line, True
                facts = {"duration": duration(waited_s), "reason": listed(line.doc.get("reasons") or ["a suspender"])}
                title = f"waiting for {facts['duration']}: {facts['reason']}"
                text = "It goes on by itself. why tells more; suspenders shows what it waits for."
                yield Happening("suspended", now, title, text, "", line.key, facts)
        is_low = free_gb < self._disk_gb
        if is_low and not self._disk_is_low:
            title = f"the data folder's disk has {free_gb:.1f} GB left"
            text = "A scan pauses when it is full, and nothing is lost: make room."
            yield Happening("disk", now, title, text, "", f"disk:{now}")
        self._disk_is_low = is_low

    def trouble(self, trouble: Trouble, now: float) -> Happening:
        """What has become of a console.

        Args:
            trouble: as a watchdog tells it.
            now: seconds since 1970-01-01 UTC.
        """
        watched, process = trouble.watched, trouble.watched.process
        run = self._runs.get(trouble.console, "")
        start = self._starts.get(run)
        in_scan, again = "", "beamshell opens it again; why tells what it did."
        if start is not None:
            in_scan = f" in {_label(start)}"
            number = start.get("scan_id")
            again = f"beamshell opens it again and closes the run; continue {number} measures the rest, if it can."
        host, pid = process.get("host"), process.get("pid")
        console = f"the console of {watched.operator} ({host}, pid {pid})"
        run = run if start is not None else ""
        key = f"{trouble.kind} {trouble.console} {watched.beat}"
        facts = _facts(start or {}) | {"operator": str(watched.operator), "reason": trouble.reason}
        if trouble.kind == BACK:
            return Happening("released", now, f"{console} goes on{in_scan}", "", run, key, facts)
        if trouble.kind == DIED:
            title = f"{console} has died{in_scan}: {trouble.reason}"
            text = f"Motors may still move and a shutter may be open.\n{again}" if in_scan else again
        elif trouble.kind == STOPPED:
            title = f"{console} is stopped{in_scan}: by Ctrl+Z, or SIGSTOP"
            text = f"fg in its terminal lets it go on, or kill -CONT {pid} on {host}."
        else:
            title = f"{console} hangs{in_scan}: no sign of life for {duration(SILENT_AFTER_S)}"
            text = f"Look at its terminal. If nothing helps: kill -9 {pid} on {host}.\n{again}"
        return Happening("dead", now, title, text, run, key, facts)

    def memory(self) -> dict[str, Any]:
        """What it must remember to go on in another process; plain JSON."""
        suspended = {console: [*asdict(line).values(), is_told] for console, (line, is_told) in self._suspended.items()}
        return {
            "starts": self._starts,
            "suspended": suspended,
            "disk_is_low": self._disk_is_low,
            "runs": {console: run for console, run in self._runs.items() if run in self._starts},
        }

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Go on with what `memory` gave."""
        self._starts = dict(memory["starts"])
        self._suspended = {console: (Line(*fields), told) for console, (*fields, told) in memory["suspended"].items()}
        self._disk_is_low = memory["disk_is_low"]
        self._runs = dict(memory["runs"])

    def _end(self, start: Mapping[str, Any], line: Line) -> Happening:
        stop = line.doc
        status, reason = str(stop.get("exit_status")), str(stop.get("reason") or "")
        points = counted(number_of_points(stop.get("num_events") or {}), "point")
        took = duration(max(0.0, _time(line) - float(start.get("time", _time(line)))))
        kind = {"success": "completed", "abort": "aborted"}.get(status, "failed")
        why = f": {reason}" if reason and kind != "completed" else ""
        title = f"{_label(start)}: {status}, {points}, {took}{why}"
        number = start.get("scan_id")
        remedy = f"why {number} tells why; continue {number} measures the rest, if it can.\n"
        text = f"{'' if kind == 'completed' else remedy}{plan_line(dict(start))}\n{_about(start)}".strip()
        facts = _facts(start) | {"status": status, "points": points, "duration": took, "reason": reason}
        return Happening(kind, _time(line), title, text, line.run, line.key, facts)

    def _take_entry(self, line: Line) -> Iterator[Happening]:
        facts, console = line.doc, str(line.doc.get("console"))
        kind = facts.get("kind")
        if kind == "suspended":
            self._suspended[console] = line, False
        elif kind == "run":
            self._runs[console] = str(facts.get("uid"))
        elif kind in ("released", "ended", "paused", "closed"):
            since = self._suspended.pop(console, None)
            if kind == "released" and since is not None and since[1]:
                waited = duration(_time(line) - _time(since[0]))
                wait = {"duration": waited}
                yield Happening("released", _time(line), f"it goes on, after {waited}", "", "", line.key, wait)
        if kind == "ended" and facts.get("status") == "fail" and not facts.get("uids"):  # a run tells its own end
            plan = str(facts.get("command") or "a plan")
            why = {"plan": plan, "reason": str(facts.get("reason"))}
            title = f"{plan} has failed: {why['reason']}"
            yield Happening("failed", _time(line), title, "why tells more.", "", line.key, why)
        elif kind == "item" and facts.get("state") == "failed":
            why = {"plan": str(facts.get("line")), "reason": str(facts.get("reason"))}
            title = f"the queue: {why['plan']} has failed: {why['reason']}"
            yield Happening("failed", _time(line), title, "queue shows what is left.", "", line.key, why)
        elif kind == "queue":
            title = f"the queue has come to its end: {facts.get('states')}"
            states = {"reason": str(facts.get("states"))}
            yield Happening("queue", _time(line), title, "queue add puts more into it.", "", line.key, states)

    def _take_amendment(self, line: Line) -> Iterator[Happening]:
        if line.doc.get("kind") == "comment":
            scan_id, operator = line.doc.get("scan_id"), line.doc.get("operator") or "somebody"
            about = f" on scan {scan_id}" if scan_id is not None else ""
            comment = str(line.doc.get("value"))
            facts = {"comment": comment, "operator": operator, "scan": "" if scan_id is None else str(scan_id)}
            title = f"{operator}{about}: {comment}"
            yield Happening("comment", _time(line), title, "", line.run, line.key, facts)


def _label(start: Mapping[str, Any]) -> str:
    return f"scan {start.get('scan_id', str(start.get('uid'))[:8])}"


def _facts(start: Mapping[str, Any]) -> dict[str, str]:
    """What a start document tells of its scan."""
    facts = {key: str(start[key]) for key in ("sample", "proposal", "operator") if start.get(key)}
    if "scan_id" in start:
        facts["scan"] = str(start["scan_id"])
    return facts | ({"plan": plan_line(dict(start))} if start else {})


def _about(start: Mapping[str, Any]) -> str:
    facts = [f"{key} {start[key]}" for key in ("proposal", "sample", "operator") if start.get(key)]
    return ", ".join(facts)


def _time(line: Line) -> float:
    return line.time or 0.0
