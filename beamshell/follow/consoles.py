"""Consoles: what the consoles of a data folder do now, and what there is to say of it, from the lines of their log.

Pure: entries in, text out. It knows no terminal and no document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from beamshell.text.lists import listed
from beamshell.text.numbers import number
from beamshell.text.times import duration

Entry = Mapping[str, Any]


@dataclass
class ConsoleState:
    """What one console does.

    Attributes:
        id: of the console, as its entries have it.
        name: who works there, host and process, such as "anna (pc7:4711)".
        process: as `this_process` describes it; {} if its beginning was not read.
        command: the plan that runs; "" if none does.
        waits_for: why it is suspended; () if it is not.
        pause: why it is paused; "" if it is not.
        is_open: False once it was closed.
    """

    id: str
    name: str
    process: dict[str, Any] = field(default_factory=dict)
    command: str = ""
    waits_for: tuple[str, ...] = ()
    pause: str = ""
    is_open: bool = True

    @property
    def stands_still(self) -> bool:
        """Whether its plan is suspended or paused."""
        return bool(self.waits_for or self.pause)

    def close(self) -> None:
        """It runs nothing any more."""
        self.command, self.waits_for, self.pause, self.is_open = "", (), "", False


class Consoles:
    """The consoles of a data folder.

    Attributes:
        last: the console that has written the last entry; None before the first.
    """

    def __init__(self) -> None:
        self.last: ConsoleState | None = None
        self._by_id: dict[str, ConsoleState] = {}
        self._by_run: dict[str, ConsoleState] = {}

    def take(self, entry: Entry) -> str:
        """Take an entry of the console log; what a person should read of it, "" if nothing."""
        console = self._console(entry)
        text = _KINDS.get(str(entry.get("kind")), _nothing)(self, console, entry)
        self.last = console
        return f"[{console.name}] {text}" if text and len(self.open) > 1 else text

    def of_run(self, run: str) -> ConsoleState | None:
        """The console that measures a run; None if no entry has said it yet."""
        return self._by_run.get(run)

    def dead(self, why_dead: Callable[[Mapping[str, Any]], str]) -> dict[str, str]:
        """The ids of the consoles that were not closed and live no more, and how that is known.

        Ask before the log is read, and tell `note_deaths` after it: a console writes that it closes, and ends.

        Args:
            why_dead: how it is known that a process has ended; "" if it lives.
        """
        reasons = {console.id: why_dead(console.process) for console in self.open if console.process}
        return {id: reason for id, reason in reasons.items() if reason}

    def note_deaths(self, dead: Mapping[str, str]) -> list[str]:
        """Close what `dead` gave; a line for each console that has not closed itself."""
        texts = []
        for console in [self._by_id[id] for id in dead]:
            if console.is_open:
                was_running = f" while it ran {console.command}" if console.command else ""
                texts.append(f"{console.name} has died{was_running}: {dead[console.id]}")
                console.close()
        return texts

    @property
    def open(self) -> list[ConsoleState]:
        """The consoles that were not closed."""
        return [console for console in self._by_id.values() if console.is_open]

    def _console(self, entry: Entry) -> ConsoleState:
        id = str(entry.get("console"))
        if id not in self._by_id:
            self._by_id[id] = ConsoleState(id, id.rpartition(":")[0] or id)
        return self._by_id[id]

    # ---- by kind of entry ------------------------------------------------------------------------

    def _opened(self, console: ConsoleState, entry: Entry) -> str:
        console.process = {key: entry.get(key) for key in ("host", "boot", "pid", "began")}
        console.name = f"{entry.get('operator')} ({entry.get('host')}:{entry.get('pid')})"
        return f"{console.name} has opened a console"

    def _closed(self, console: ConsoleState, _entry: Entry) -> str:
        console.close()
        return f"{console.name} has closed the console"

    def _typed(self, _console: ConsoleState, entry: Entry) -> str:
        first, *more = str(entry.get("line")).split("\n")
        return f"> {first}{' ...' if more else ''}"

    def _answered(self, _console: ConsoleState, entry: Entry) -> str:
        return "" if entry.get("outcome") == "paused" else str(entry.get("message") or "")  # "paused" has said it

    def _step(self, _console: ConsoleState, entry: Entry) -> str:
        return "  ".join(filter(None, (f"> {entry.get('line')}", str(entry.get("note") or ""))))

    def _plan(self, console: ConsoleState, entry: Entry) -> str:
        console.command = str(entry.get("command") or entry.get("plan") or "a plan")
        console.waits_for, console.pause = (), ""
        return ""

    def _run(self, console: ConsoleState, entry: Entry) -> str:
        self._by_run[str(entry.get("uid"))] = console
        return ""

    def _suspended(self, console: ConsoleState, entry: Entry) -> str:
        console.waits_for = tuple(map(str, entry.get("reasons") or ["a suspender"]))
        return f"waiting: {listed(console.waits_for)}"

    def _released(self, console: ConsoleState, entry: Entry) -> str:
        console.waits_for = ()
        return f"it goes on, after {duration(float(entry.get('seconds') or 0.0))}"

    def _paused(self, console: ConsoleState, entry: Entry) -> str:
        console.waits_for, console.pause = (), str(entry.get("reason") or "Ctrl+C")
        return f"paused: {console.pause}"

    def _resumed(self, console: ConsoleState, _entry: Entry) -> str:
        console.pause = ""
        return "it goes on"

    def _ended(self, console: ConsoleState, _entry: Entry) -> str:
        console.command, console.waits_for, console.pause = "", (), ""
        return ""  # the end of the cell tells its error

    def _moved(self, _console: ConsoleState, entry: Entry) -> str:
        if "scan" in entry:  # its places are in the table
            return ""
        places = [number(place) if isinstance(place, int | float) else str(place) for place in _places(entry)]
        return f"{entry.get('device')}: {' -> '.join(places)} {entry.get('unit') or ''}".rstrip()

    def _foreign(self, _console: ConsoleState, entry: Entry) -> str:
        return f"{entry.get('device')} {entry.get('what')}"


def _places(entry: Entry) -> list[Any]:
    return [entry[key] for key in ("origin", "place") if entry.get(key) is not None]


def _nothing(_consoles: Consoles, _console: ConsoleState, _entry: Entry) -> str:
    return ""


_KINDS = {
    "opened": Consoles._opened,
    "closed": Consoles._closed,
    "typed": Consoles._typed,
    "answered": Consoles._answered,
    "step": Consoles._step,
    "plan": Consoles._plan,
    "run": Consoles._run,
    "suspended": Consoles._suspended,
    "released": Consoles._released,
    "paused": Consoles._paused,
    "resumed": Consoles._resumed,
    "ended": Consoles._ended,
    "moved": Consoles._moved,
    "foreign": Consoles._foreign,
}
