"""LiveView: what the watch page shows of this moment: the consoles, the last messages, the last run.

Pure: lines and the time in, plain values out. It reads no file, and knows no browser.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from beamshell.documents import Document
from beamshell.follow.lines import AMENDMENT, CONSOLE, Line
from beamshell.follow.page.run_view import RunView
from beamshell.store.console_log import LogEntry
from beamshell.text.times import duration
from beamshell.views.incidents import ConsoleStory, Incident, Kind, sentence

_MOST_MESSAGES = 30
_SILENT_S = 150.0
"""Seconds without an entry of a console, which writes one each minute, after which it is said to be silent."""
_BAD = frozenset({Kind.FAILED, Kind.REFUSED, Kind.DIED})


class LiveView:
    """Collects the lines; gives all that is shown, or what has changed.

    Args:
        clock: seconds since 1970-01-01 UTC.
        death: says of a process, as the entry `opened` describes it, how it is known that it has ended; "" if it lives.

    Attributes:
        run: the run that began last; None before the first.
    """

    def __init__(self, clock: Callable[[], float], death: Callable[[Mapping[str, Any]], str] = lambda _: "") -> None:
        self.run: RunView | None = None
        self._clock = clock
        self._death = death
        self._stories: dict[str, ConsoleStory] = {}
        self._messages: deque[tuple[float, str, str | Incident]] = deque(maxlen=_MOST_MESSAGES)
        self._moment = 0.0  # of the document that is taken; 0 while none is
        self._waited_s = 0.0  # of the run: in pauses and suspensions
        self._sent: dict[str, Any] = {}

    # ---- what comes ------------------------------------------------------------------------------

    def take(self, line: Line) -> None:
        """Take a line, in the order of its file."""
        if line.name == CONSOLE:
            facts = dict(line.doc)
            head = facts.pop("time", 0.0), facts.pop("console", ""), facts.pop("kind", "")
            self.take_entry(LogEntry(float(head[0]), str(head[1]), str(head[2]), facts))
        elif line.name == AMENDMENT:
            if line.doc.get("kind") == "comment":
                who, scan = line.doc.get("operator") or "somebody", line.doc.get("scan_id")
                about = "" if scan is None else f" on scan {scan}"
                self._messages.append((line.time or 0.0, "comment", f"{who}{about}: {line.doc.get('value')}"))
        else:
            self.take_document(line.run, line.name, line.doc)

    def take_document(self, run: str, name: str, doc: Document) -> None:
        """Take a document of a run; those of runs that began before the one that is shown are left out."""
        if name == "start":
            shown = self.run.start_document if self.run is not None else {}
            if float(doc.get("time", 0)) >= float(shown.get("time", 0)):
                self._moment, self._waited_s = float(doc.get("time", 0)), 0.0
                self.run = RunView(doc, self._working_time)
        elif self.run is not None and self.run.start_document.get("uid") == run:
            self._moment = float(doc.get("time", 0))
            self.run(name, doc)
        self._moment = 0.0

    def take_entry(self, entry: LogEntry) -> None:
        """Take an entry of the console log."""
        story = self._stories.setdefault(entry.console, ConsoleStory(entry.console))
        known, before = len(story.incidents), story.present
        story.read(entry)
        if before is not None and before.until is not None:
            self._waited_s += before.seconds
        if entry.kind == "typed":
            self._messages.append((entry.time, "typed", str(entry.facts.get("line", "")).strip()))
        for incident in story.incidents[known:]:
            self._messages.append((incident.time, "bad" if incident.kind in _BAD else "notice", incident))

    def _working_time(self) -> float:
        """The time of the document that is taken, or of now, without the pauses of the run."""
        story = self._story()
        lasting = story.present if story is not None else None
        now = self._moment or (lasting.time if lasting is not None else self._clock())
        return now - self._waited_s

    # ---- what is shown ---------------------------------------------------------------------------

    def whole(self) -> dict[str, Any]:
        """All that is shown. What has come is known from now on."""
        self._sent = self._beside()
        run = self.run.whole() if self.run is not None else None
        return {**self._sent, "run": run, "time": self._clock()}

    def changes(self) -> dict[str, Any]:
        """What has changed since `whole` or `changes` was called; {} if nothing has."""
        beside = self._beside()
        changes = {key: value for key, value in beside.items() if value != self._sent.get(key)}
        self._sent = beside
        if self.run is not None and (run := self.run.changes()):
            changes["run"] = run
        return changes

    def summary(self) -> dict[str, Any]:
        """What the time alone changes in the run, such as the time left."""
        return {"run": self.run.summary()} if self.run is not None and self.run.is_open else {}

    def _beside(self) -> dict[str, Any]:
        now = self._clock()
        return {"state": self._state(now), "messages": [self._message(*each, now) for each in self._messages]}

    def _message(self, time: float, kind: str, text: str | Incident, now: float) -> list[Any]:
        return [time, kind, text if isinstance(text, str) else sentence(text, now)]

    def _story(self) -> ConsoleStory | None:
        """The console that is shown: one at work before the others, of several the one that wrote last."""
        return max(self._stories.values(), key=lambda one: (bool(one.calls), not one.is_closed, one.last), default=None)

    def _state(self, now: float) -> dict[str, Any]:
        story = self._story()
        if story is None:
            return {"state": "no console", "why": "none has written anything lately"}
        call = story.calls[-1] if story.calls else None
        about = {"command": call.command if call is not None else "", "console": story.name}
        if not story.is_closed and story.opened is not None and (why := self._death(story.opened.facts)):
            story.note_death(why)
            story.calls.clear()
            self._messages.append((story.last, "bad", story.incidents[-1]))
            return {"state": "died", "why": why, **about}
        if story.is_closed:
            died = bool(story.incidents) and story.incidents[-1].kind is Kind.DIED
            return {"state": "died" if died else "closed", "why": story.incidents[-1].reason if died else "", **about}
        if story.beats and now - story.last > _SILENT_S:
            return {"state": "silent", "why": f"nothing was heard for {duration(now - story.last)}", **about}
        if (present := story.present) is not None and call is not None:
            return {"state": str(present.kind), "why": present.reason, "since": present.time, **about}
        return {"state": "running" if call is not None else "idle", "why": "", **about}
