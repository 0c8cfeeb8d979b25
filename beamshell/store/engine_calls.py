"""The calls of the engine as the console log tells them: what was run, how it ended, which devices it moved.

Pure: it gets the entries of the log, and knows no file, no device and no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from beamshell.store.console_log import LogEntry

KINDS = ("plan", "moving", "moved", "paused", "resumed", "ended")
"""The kinds of entries that a call is made of."""
_OF_A_DEVICE = ("moving", "moved")


class Move(NamedTuple):
    """What one call did to one device.

    Attributes:
        time: when it was first sent somewhere, in seconds since 1970-01-01 UTC.
        console: whose call it was.
        device: as it is typed, such as "mono.energy".
        origin: where it stood before; None if that is not known.
        target: where it was sent last; of a call that has not ended, first.
        place: where it stood when the call ended or was paused; None if that is not known, such as while it moves.
        unit: of these three; "" for none.
        command: as it was typed; "" if nobody typed one.
        scan: the number of the scan that moved it; None outside of scans.
        offset: of its positions, as of a motor record; None if that is not known.
    """

    time: float
    console: str
    device: str
    origin: Any
    target: Any
    place: Any
    unit: str
    command: str
    scan: int | None
    offset: float | None = None


@dataclass
class Call:
    """One call of the engine.

    Attributes:
        console: whose it was.
        status: "success", "abort" or "fail"; "paused"; "" while it runs, or if its console has died.
        reason: why it did not end well; "" for none.
        uids: of its runs.
        time: when it began, in seconds since 1970-01-01 UTC.
        plan: the name of its plan.
        plan_form: its plan as Python source; "" if that cannot be written.
        command: as it was typed; "" if nobody typed one.
        moves: what it moved, each device once, in the order in which they began.
    """

    console: str
    status: str = ""
    reason: str = ""
    uids: tuple[str, ...] = ()
    time: float = 0.0
    plan: str = ""
    plan_form: str = ""
    command: str = ""
    moves: list[Move] = field(default_factory=list)

    @property
    def label(self) -> str:
        """What it was, in a few words: the command, or else the plan."""
        return self.command or self.plan_form or self.plan


class _OpenCall:
    """A call of which only the newer entries have been read."""

    def __init__(self, console: str) -> None:
        self.call = Call(console)
        self.is_complete = False
        self._is_new = True
        self._places: dict[str, tuple[Any, Any]] = {}  # where it was sent last, where it stood then
        self._origins: dict[str, Any] = {}
        self._offsets: dict[str, Any] = {}

    def take(self, entry: LogEntry) -> None:
        """Take the next older entry."""
        call, facts = self.call, entry.facts
        if entry.kind == "ended":
            call.status, call.reason = str(facts.get("status") or ""), str(facts.get("reason") or "")
            call.uids = tuple(uids if isinstance(uids := facts.get("uids"), list | tuple) else ())
        elif entry.kind == "paused" and self._is_new:
            call.status = "paused"
        elif entry.kind == "moved":
            self._places.setdefault(facts["device"], (facts.get("target"), facts.get("place")))
            self._origins[facts["device"]] = facts.get("origin")
            self._offsets[facts["device"]] = facts.get("offset")
        elif entry.kind == "moving":
            call.moves.insert(0, self._move(entry))
        elif entry.kind == "plan":
            call.time, call.plan = entry.time, str(facts.get("plan") or "")
            call.plan_form, call.command = str(facts.get("plan_form") or ""), str(facts.get("command") or "")
            self.is_complete = True
        self._is_new = False

    def _move(self, entry: LogEntry) -> Move:
        facts, device = entry.facts, entry.facts["device"]
        origin = facts.get("origin")
        if origin is None:
            origin = self._origins.get(device)  # it came only with the answer to a question
        came_back = facts.get("target"), origin if self.call.status else None  # of what came back nothing is said
        target, place = self._places.get(device, came_back)
        unit, command = str(facts.get("unit") or ""), str(facts.get("command") or "")
        offset = facts.get("offset", self._offsets.get(device))  # the first one may have come with the move
        return Move(entry.time, entry.console, device, origin, target, place, unit, command, facts.get("scan"), offset)


def calls(entries: Iterable[LogEntry]) -> Iterator[Call]:
    """The calls of all consoles; the one that has ended last comes first.

    Args:
        entries: of the console log, the newest first; those of other kinds than `KINDS` are ignored. A call whose
            beginning is not among them comes with what is known of it.
    """
    in_order: list[_OpenCall] = []
    under_way: dict[str, list[_OpenCall]] = {}  # by console; a call beside a paused one is inside of it
    for entry in entries:
        if entry.kind not in KINDS or (entry.kind in _OF_A_DEVICE and not isinstance(entry.facts.get("device"), str)):
            continue
        of_console = under_way.setdefault(entry.console, [])
        if entry.kind == "ended" or not of_console:
            of_console.append(opened := _OpenCall(entry.console))
            in_order.append(opened)
        of_console[-1].take(entry)
        if of_console[-1].is_complete:
            of_console.pop()
        while in_order and in_order[0].is_complete:
            yield in_order.pop(0).call
    yield from (each.call for each in in_order)


def moves(entries: Iterable[LogEntry]) -> Iterator[Move]:
    """The moves of all consoles, the newest first; see `calls`."""
    for call in calls(entries):
        yield from reversed(call.moves)
