"""Incidents: what held, ended or refused the work at the consoles, found in the console log, and told in sentences.

Pure: entries of the log in, incidents and sentences out. It knows no engine, no device, no file and no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from beamshell import errors
from beamshell.text.numbers import in_full, with_unit
from beamshell.text.times import clock_time, duration


class Entry(Protocol):
    """An entry of the console log, as `beamshell.store.console_log.LogEntry` has it."""

    @property
    def time(self) -> float:
        """Seconds since 1970-01-01 UTC."""

    @property
    def console(self) -> str:
        """The id of the console that wrote it."""

    @property
    def kind(self) -> str:
        """One word, such as "suspended"."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What is known of it."""


class Kind(StrEnum):
    """The kinds of incidents."""

    SUSPENDED = "suspended"
    PAUSED = "paused"
    REFUSED = "refused"
    FAILED = "failed"
    ENDED = "ended by the person"
    DIED = "the console died"


@dataclass(slots=True)
class Incident:
    """One incident.

    Attributes:
        kind: of which kind it is.
        time: when it began, in seconds since 1970-01-01 UTC.
        console: the id of its console.
        command: as it was typed; "" if that is not known.
        reason: why, in words; "" if nobody has said it.
        until: when it was over; None while it lasts, and for what does not last.
        scans: the numbers of the scans of its plan, as far as they are known.
        points: how far the last of them was, such as "point 7 of 21"; "" if that is not known.
        moving: the motors that were on their way, such as "th to 0.4 deg".
        plan_since: when its plan began, likewise; None if there was none.
    """

    kind: Kind
    time: float
    console: str
    command: str = ""
    reason: str = ""
    until: float | None = None
    scans: tuple[int, ...] = ()
    points: str = ""
    moving: tuple[str, ...] = ()
    plan_since: float | None = None

    @property
    def lasts(self) -> bool:
        """True for a suspension or a pause that is not over."""
        return self.kind in (Kind.SUSPENDED, Kind.PAUSED) and self.until is None

    @property
    def over_at(self) -> float:
        """When it was over, or when it happened; for what lasts, when it began."""
        return self.time if self.until is None else self.until

    @property
    def seconds(self) -> float:
        """How long it lasted; 0 for what does not last, and for what is not over."""
        return max(0.0, self.over_at - self.time)

    @property
    def subject(self) -> str:
        """What it happened to, such as "scan 12 (scan det th -1 1 21)", "'mov th 5'" or "a plan"."""
        if not self.scans:
            return f"'{self.command}'" if self.command else "a plan"
        scan = f"scan {self.scans[-1]}"
        return f"{scan} ({self.command})" if self.command else scan

    @property
    def after(self) -> str:
        """Such as " after point 7 of 21", for a sentence; "" if that is not known."""
        return f" after {self.points}" if self.points else ""


@dataclass(slots=True)
class PlanCall:
    """A plan that runs or is paused, as the log has it.

    Attributes:
        since: when it began, in seconds since 1970-01-01 UTC.
        command: the line that began it.
        incidents: those of this plan.
        scans: the numbers of the runs that it has opened.
        moving: by device, the entry of a move that is under way.
    """

    since: float
    command: str
    incidents: list[Incident] = field(default_factory=list)
    scans: list[int] = field(default_factory=list)
    moving: dict[str, Entry] = field(default_factory=dict)

    def moving_words(self) -> tuple[str, ...]:
        """The motors on their way; of a scan none, since only its first target is in the log."""
        moves = [move for move in self.moving.values() if "scan" not in move.facts]
        return tuple(f"{move.facts.get('device')} to {value_text(move.facts, 'target')}" for move in moves)


class ConsoleStory:
    """What the log says of one console.

    Args:
        console: its id.

    Attributes:
        opened: its entry `opened`; None if that is not among the entries.
        last: the time of its last entry.
        is_closed: whether it was closed in order.
        beats: whether it writes regularly that it is alive.
        incidents: in the order of their beginnings.
        calls: the plan that runs is the last; those before it are paused.
    """

    def __init__(self, console: str) -> None:
        self.console = console
        self.opened: Entry | None = None
        self.last = 0.0
        self.is_closed = False
        self.beats = False
        self.incidents: list[Incident] = []
        self.calls: list[PlanCall] = []
        self._typed = ""
        self._is_one_line = True
        self._ran_a_plan = False
        self._is_failure_noted = False

    @property
    def name(self) -> str:
        """Whose console it is and where, such as "the console of anna (bl7, process 4711)"."""
        if self.opened is None:
            return f"the console {self.console}"
        facts = self.opened.facts
        return (
            f"the console of {facts.get('operator', '?')} ({facts.get('host', '?')}, process {facts.get('pid', '?')})"
        )

    @property
    def present(self) -> Incident | None:
        """The pause or the suspension that is not over."""
        return next((one for one in reversed(self.incidents) if one.lasts), None)

    def read(self, entry: Entry) -> None:
        """Take the next entry of this console."""
        self.last = entry.time
        if (read_one := _READERS.get(entry.kind)) is not None:
            read_one(self, entry)

    def note_death(self, reason: str) -> None:
        """Note that this console has died after its last entry.

        Args:
            reason: how that is known, such as "its process is gone".
        """
        call = self.calls[-1] if self.calls else PlanCall(self.last, "")
        for incident in self.incidents:
            if incident.lasts:
                incident.until = self.last
        death = Incident(Kind.DIED, self.last, self.console, call.command, reason, moving=call.moving_words())
        death.plan_since = call.since if self.calls else None
        death.scans = tuple(call.scans)
        self.incidents.append(death)
        self.is_closed = True

    # ---- one kind of entry each --------------------------------------------------------------

    def _open(self, entry: Entry) -> None:
        self.opened = entry

    def _close(self, _: Entry) -> None:
        self.is_closed = True

    def _beat(self, _: Entry) -> None:
        self.beats = True

    def _type_line(self, entry: Entry) -> None:
        line, *more = str(entry.facts.get("line", "")).strip().split("\n")
        self._typed = f"{line} ..." if more else line
        self._is_one_line = not more
        self._ran_a_plan = self._is_failure_noted = False

    def _answer(self, entry: Entry) -> None:
        if entry.facts.get("outcome") != "error" or self._is_failure_noted:
            return
        kind = Kind.FAILED if self._ran_a_plan else Kind.REFUSED
        reason = str(entry.facts.get("message") or "")
        self.incidents.append(Incident(kind, entry.time, self.console, self._typed, reason))

    def _begin_plan(self, entry: Entry) -> None:
        command, plan = entry.facts.get("command"), entry.facts.get("plan")
        self.calls.append(PlanCall(entry.time, str(command or (self._is_one_line and self._typed) or plan or "")))
        self._ran_a_plan = True

    def _suspend(self, entry: Entry) -> None:
        self._release(entry)
        self._begin(Kind.SUSPENDED, entry, "; ".join(map(str, _list(entry.facts, "reasons"))))

    def _release(self, entry: Entry) -> None:
        self._end(Kind.SUSPENDED, entry)

    def _pause(self, entry: Entry) -> None:
        self._release(entry)
        who = "Ctrl+C" if entry.facts.get("by_person") else "the plan itself"
        self._begin(Kind.PAUSED, entry, str(entry.facts.get("reason") or who))

    def _resume(self, entry: Entry) -> None:
        self._end(Kind.PAUSED, entry)

    def _end_plan(self, entry: Entry) -> None:
        facts, status = entry.facts, entry.facts.get("status")
        self._release(entry)
        self._resume(entry)
        reason = str(facts.get("reason") or "; ".join(map(str, _list(facts, "problems"))))
        if status == "fail" or (status == "abort" and not facts.get("by_person")):
            self._begin(Kind.REFUSED if _is_refusal(facts) else Kind.FAILED, entry, reason)
            self._is_failure_noted = True
        elif facts.get("by_person"):
            self._begin(Kind.ENDED, entry, reason)
        call = self._call(entry)
        for incident in call.incidents:
            incident.scans = incident.scans or tuple(_list(facts, "scans"))
        if call in self.calls:
            self.calls.remove(call)

    def _open_run(self, entry: Entry) -> None:
        if isinstance(scan := entry.facts.get("scan"), int):
            self._call(entry).scans.append(scan)

    def _move(self, entry: Entry) -> None:
        self._call(entry).moving[str(entry.facts.get("device"))] = entry

    def _end_move(self, entry: Entry) -> None:
        self._call(entry).moving.pop(str(entry.facts.get("device")), None)

    def _call(self, entry: Entry) -> PlanCall:
        """The call that an entry belongs to; one of its own if the log begins after the call."""
        return self.calls[-1] if self.calls else PlanCall(entry.time, self._typed)

    def _begin(self, kind: Kind, entry: Entry, reason: str) -> None:
        call = self._call(entry)
        scans = tuple(_list(entry.facts, "scans") or call.scans)
        incident = Incident(kind, entry.time, self.console, call.command, reason, scans=scans)
        incident.moving, incident.plan_since = call.moving_words(), call.since
        call.incidents.append(incident)
        self.incidents.append(incident)

    def _end(self, kind: Kind, entry: Entry) -> None:
        for incident in self._call(entry).incidents:
            if incident.kind is kind and incident.lasts:
                incident.until = entry.time


def _list(facts: Mapping[str, Any], key: str) -> list[Any]:
    """A list of an entry; none if a disk has damaged it."""
    value = facts.get(key)
    return list(value) if isinstance(value, list | tuple) else []


def _is_refusal(facts: Mapping[str, Any]) -> bool:
    """Whether a device has refused the first move of a plan that had no scan, so that nothing has happened."""
    error = getattr(errors, str(facts.get("error")), None)
    return isinstance(error, type) and issubclass(error, _REFUSALS) and not facts.get("scans")


_REFUSALS = (errors.LimitError, errors.BadValue, errors.ReadOnlyError)
_READERS: dict[str, Callable[[ConsoleStory, Entry], None]] = {
    "opened": ConsoleStory._open,
    "closed": ConsoleStory._close,
    "alive": ConsoleStory._beat,
    "typed": ConsoleStory._type_line,
    "answered": ConsoleStory._answer,
    "plan": ConsoleStory._begin_plan,
    "run": ConsoleStory._open_run,
    "suspended": ConsoleStory._suspend,
    "released": ConsoleStory._release,
    "paused": ConsoleStory._pause,
    "resumed": ConsoleStory._resume,
    "ended": ConsoleStory._end_plan,
    "moving": ConsoleStory._move,
    "moved": ConsoleStory._end_move,
}


def stories_of(entries: Iterable[Entry], death: Callable[[ConsoleStory], str] = lambda _: "") -> list[ConsoleStory]:
    """What happened at each console, in the order in which their entries begin.

    Args:
        entries: of the console log, the oldest first.
        death: says how it is known that a console which was not closed has died, in words; "" if it lives.
    """
    stories: dict[str, ConsoleStory] = {}
    for entry in entries:
        if entry.console not in stories:
            stories[entry.console] = ConsoleStory(entry.console)
        stories[entry.console].read(entry)
    for story in stories.values():
        if not story.is_closed and (reason := death(story)):
            story.note_death(reason)
    return list(stories.values())


def incidents_of(stories: Iterable[ConsoleStory]) -> list[Incident]:
    """The incidents of all consoles, in the order of time."""
    return sorted((incident for story in stories for incident in story.incidents), key=lambda one: one.time)


# ---- in words ----------------------------------------------------------------------------------


def sentence(incident: Incident, now: float, where: str = "") -> str:
    """An incident in one sentence.

    Args:
        incident: any.
        now: seconds since 1970-01-01 UTC.
        where: the console where it happened, if that is not the reader's own.
    """
    at, reason = clock_time(incident.time, now), incident.reason.partition("\n")[0].rstrip(".?!")
    subject = _capital(incident.subject) + (f" on {where}" if where else "")
    because = f": {reason}" if reason else ""
    if incident.kind is Kind.DIED:
        moving = f", with {', '.join(incident.moving)} on its way" if incident.moving else ""
        during = f" in {incident.subject}" if incident.command or incident.scans else ""
        return f"{_capital(where or 'a console')} died{during}{incident.after} at {at}{moving}{because}."
    if incident.kind is Kind.SUSPENDED:
        if incident.lasts:
            return f"{subject} has waited {duration(max(0.0, now - incident.time))}, since {at}{because}."
        return f"{subject} waited {duration(incident.seconds)}, from {at}{because}."
    if incident.kind is Kind.PAUSED:
        if incident.lasts:
            return f"{subject} has been paused{incident.after} since {at}{because}."
        return f"{subject} was paused for {duration(incident.seconds)} from {at}{because}."
    verb = {Kind.REFUSED: "was refused", Kind.FAILED: "failed", Kind.ENDED: "was ended by a person"}[incident.kind]
    return f"{subject} {verb}{incident.after} at {at}{because}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if text[:1] != "'" else text


def value_text(facts: Mapping[str, Any], key: str) -> str:
    """A position of an entry with its unit: "0.4 deg", "Open"; "?" if it is not known."""
    value = facts.get(key)
    if value is None:
        return "?"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return with_unit(in_full(value, 7), str(facts.get("unit") or ""))
    return str(value)
