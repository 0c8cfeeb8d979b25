"""Watchdog: which consoles of this computer have died or hang, told from their processes and their signs of life.

`Watchdog` is pure: signs and a clock in, troubles out. It judges no console of another computer. A process that lives,
is not stopped and beats is in order, whatever its plan waits for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

from beamshell.store.console_log import ConsoleLog, LogEntry
from beamshell.store.control_folder import shown_consoles
from beamshell.store.control_rules import HEARTBEAT_S
from beamshell.store.processes import is_on_this_computer, is_stopped, why_dead

SILENT_AFTER_S = 3 * HEARTBEAT_S
"""Seconds without a sign of life after which a console hangs."""

STOPPED_AFTER_S = 3.0
"""Seconds for which a process must have been stopped."""

_LATE_S = 5.0
"""A look that comes so late after the one before says that this process was held up too, as by a busy computer."""

_BEFORE_OPENED_S = 60.0
DIED, STOPPED, SILENT, BACK = "died", "stopped", "silent", "back"


@dataclass
class Watched:
    """A console that is watched.

    Attributes:
        operator: who works there.
        process: its process, as `this_process` describes it.
        beat: its last sign of life, by the file server's clock.
        trouble: the trouble that it is in: "", "stopped" or "silent".
        has_left: it has taken its file away while it lived, as one does that is being closed.
    """

    operator: str
    process: dict[str, Any]
    beat: float
    trouble: str = ""
    has_left: bool = False


class Signs(NamedTuple):
    """What is seen of a console now.

    Attributes:
        operator: who works there.
        process: its process, as `this_process` describes it.
        beat: its last sign of life, by the file server's clock; None if its file is away.
        why_dead: how it is known that its process is gone; "" if it is not.
        is_closed: it was closed properly.
        is_stopped: its process is stopped.
    """

    operator: str
    process: Mapping[str, Any]
    beat: float | None
    why_dead: str = ""
    is_closed: bool = False
    is_stopped: bool = False


class Trouble(NamedTuple):
    """What has become of a console.

    Attributes:
        kind: "died", "stopped", "silent", or "back" after one of the latter two.
        console: its id.
        watched: it.
        reason: how its death is known; "" for the others.
    """

    kind: str
    console: str
    watched: Watched
    reason: str = ""


class Watchdog:
    """Watches the consoles that it has seen alive.

    Attributes:
        watched: those, by their id.
    """

    def __init__(self) -> None:
        self.watched: dict[str, Watched] = {}
        self._beat_at: dict[str, float] = {}
        self._stopped_at: dict[str, float] = {}
        self._looked_at: float | None = None

    def look(self, signs: Mapping[str, Signs], clock: float) -> list[Trouble]:
        """The troubles that are new.

        Args:
            signs: of the consoles, by their id.
            clock: seconds, of a clock that stands still while the computer sleeps.
        """
        if self._looked_at is not None and clock - self._looked_at > _LATE_S:
            self._beat_at.clear()
            self._stopped_at.clear()
        self._looked_at = clock
        found = [self._trouble_of(console, each, clock) for console, each in signs.items()]
        return [trouble for trouble in found if trouble is not None]

    def closed(self, console: str) -> None:
        """The console says that it was closed."""
        self.watched.pop(console, None)

    def watches(self, pid: int) -> bool:
        """Whether the console of this process is watched: it has neither been closed nor been seen dead."""
        return any(watched.process.get("pid") == pid for watched in list(self.watched.values()))

    def memory(self) -> dict[str, Any]:
        """What it must remember to go on in another process; plain JSON."""
        return {console: asdict(watched) for console, watched in self.watched.items()}

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Go on with what `memory` gave."""
        self.watched = {console: Watched(**fields) for console, fields in memory.items()}

    def _trouble_of(self, console: str, signs: Signs, clock: float) -> Trouble | None:
        if signs.is_closed or signs.why_dead:
            watched = self.watched.pop(console, None)
            if watched is None or watched.has_left or signs.is_closed:  # None: it had died before anybody watched it
                return None
            return Trouble(DIED, console, watched, signs.why_dead)
        if console not in self.watched:
            self.watched[console] = Watched(signs.operator, dict(signs.process), signs.beat or 0.0)
        watched = self.watched[console]
        has_beaten = signs.beat is None or signs.beat != watched.beat
        watched.has_left = signs.beat is None
        watched.beat = watched.beat if signs.beat is None else signs.beat
        if has_beaten or console not in self._beat_at:
            self._beat_at[console] = clock
        if signs.is_stopped:
            self._stopped_at.setdefault(console, clock)
        else:
            self._stopped_at.pop(console, None)
        return self._change(console, watched, clock, is_stopped=signs.is_stopped, has_beaten=has_beaten)

    def _change(
        self, console: str, watched: Watched, clock: float, *, is_stopped: bool, has_beaten: bool
    ) -> Trouble | None:
        if watched.trouble:
            if is_stopped or not has_beaten:
                return None
            watched.trouble = ""
            return Trouble(BACK, console, watched)
        if is_stopped:
            if clock - self._stopped_at[console] < STOPPED_AFTER_S:
                return None
            watched.trouble = STOPPED
        elif clock - self._beat_at[console] > SILENT_AFTER_S:
            watched.trouble = SILENT
        return Trouble(watched.trouble, console, watched) if watched.trouble else None


# ---- what is seen ------------------------------------------------------------------------------


def signs_of_consoles(folder: Path, watched: Mapping[str, Watched]) -> dict[str, Signs]:
    """What is seen of the consoles of this computer.

    Args:
        folder: the data folder.
        watched: those that were seen before: they are looked at also when their files are away.
    """
    log = ConsoleLog(folder)
    shown = {console.key: (console, beat) for console, beat in shown_consoles(folder)}
    signs = {}
    for key, (console, beat) in shown.items():
        if key in watched:
            signs[key] = _signs(log, key, watched[key], beat, is_alone=len(shown) == 1)
        elif is_on_this_computer(console._asdict()):
            entry = _last_entry(log, key, since=console.opened - _BEFORE_OPENED_S)
            if entry is not None and entry.kind == "opened" and not why_dead(entry.facts):
                process = {name: entry.facts.get(name) for name in ("host", "boot", "pid", "began")}
                signs[key] = Signs(console.operator, process, beat)
    for key in watched.keys() - shown.keys():
        signs[key] = _signs(log, key, watched[key], None, is_alone=not shown)
    return signs


def _signs(log: ConsoleLog, key: str, watched: Watched, beat: float | None, *, is_alone: bool) -> Signs:
    process = watched.process
    if reason := why_dead(process):  # the log is read after its death: what it had to say is there
        entry = _last_entry(log, key)
        is_closed = entry is not None and entry.kind == "closed"
        was_left = beat is None and is_alone  # a full disk has taken no `closed`, and nobody else removes its file
        return Signs(watched.operator, process, beat, reason, is_closed=is_closed or was_left)
    return Signs(watched.operator, process, beat, is_stopped=is_stopped(int(process["pid"])))


def _last_entry(log: ConsoleLog, console: str, since: float = -math.inf) -> LogEntry | None:
    """The last entry `opened` or `closed` of a console; None if there is none, or an older entry comes first."""
    later = takewhile(lambda entry: entry.time >= since, log.newest_first("opened", "closed"))
    return next((entry for entry in later if entry.console == console), None)
