"""PageSink: the follower that shows in browsers what happens: "watch": {"sink": "page", "port": 8040}."""

from __future__ import annotations

import http.client
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib import import_module
from typing import Any

from beamshell.errors import ConfigError, LineRefused, SinkDown, UsageError
from beamshell.follow.lines import AMENDMENT, CONSOLE, Line
from beamshell.follow.page.broadcast import Broadcast
from beamshell.follow.page.live_view import LiveView
from beamshell.follow.page.pictures import PictureReader
from beamshell.follow.page.run_view import RunView
from beamshell.follow.page.server import PageServer, is_loopback
from beamshell.follow.sink import Sink
from beamshell.store.console_log import ConsoleLog
from beamshell.store.processes import why_dead
from beamshell.store.runs import Runs
from beamshell.text.numbers import port_problem

_log = logging.getLogger(__name__)

DEFAULT_PORT = 8040

_EVERY_S = 0.05
"""Seconds between two messages to the browsers while points come all the time."""
_SUMMARY_EVERY_S = 1.0
_SUMMARY_SHARE = 50.0
"""How many times as long as it takes to compute a summary, the next one waits."""
_RECENT_S = 86_400.0
"""Seconds of the console log that are looked at in the beginning."""
_MOST_ENTRIES = 2000
_MOST_FOUND = 50
"""Runs that a search shows."""


class PageSink(Sink):
    """Serves the page of a data folder.

    Args:
        port: of HTTP.
        host: the address to listen on; the default is reached from this computer alone.
        token: what browsers must send to see data; needed for another host than this computer. Name it, as
            "env:PAGE_TOKEN".
        names: names of this computer by which browsers may call it, beside its own and its addresses.

    Raises:
        ConfigError: there is no such port, or there is no token, and the page would be open to the network.
    """

    also = (AMENDMENT, CONSOLE)
    starts_anew = True

    def __init__(
        self, port: int = DEFAULT_PORT, host: str = "127.0.0.1", token: str = "", names: Collection[str] = ()
    ) -> None:
        if not (is_loopback(host) or token):
            raise ConfigError(f"a page at {host} needs a token: 'token': 'env:PAGE_TOKEN', and export PAGE_TOKEN=...")
        if problem := port_problem(port, lowest=0):
            raise ConfigError(problem)
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        self._address = (host, port)
        self._token = token
        self._names = [*names, *([] if is_loopback(host) else [socket.gethostname()])]
        self._lock = threading.Lock()  # of all below
        self._reading = threading.Lock()  # one past run at a time: what happens now comes first
        self._view = LiveView(time.time, why_dead)
        self._picture: dict[str, Any] | None = None
        self._whole: tuple[bytes, int] | None = None  # that of this moment, if nothing has come since it was made
        self._published_at = self._sum_at = 0.0
        self._broadcast = Broadcast(self._whole_message)
        self._server: PageServer | None = None
        self._pictures: PictureReader | None = None
        self._runs: Runs | None = None
        self._known: set[tuple[Any, ...]] = set()  # entries of the console log that were there in the beginning

    @property
    def port(self) -> int:
        """The port that is served; 0 before the first line or poll."""
        return self._server.port if self._server is not None else 0

    @property
    def watchers(self) -> int:
        """How many browsers look."""
        return self._broadcast.watchers

    def send(self, lines: Sequence[Line]) -> None:
        """Take lines, and show them.

        Raises:
            SinkDown: the address cannot be listened on.
            LineRefused: a document is not as documents are.
        """
        self._start()
        with self._lock:
            self._whole = None
            for line in lines:
                if line.name == CONSOLE and _mark(**line.doc) in self._known:
                    continue
                try:
                    self._view.take(line)
                    if line.name not in self.also:
                        self._take_picture(line.run, line.name, line.doc)
                except Exception as exc:  # a document of another program, which may hold anything
                    raise LineRefused(line, f"{type(exc).__name__}: {exc}") from exc
        self.poll()

    def poll(self) -> None:
        """Show what is new, at most twenty times a second.

        Raises:
            SinkDown: the address cannot be listened on.
        """
        self._start()
        now = time.monotonic()
        if now - self._published_at < _EVERY_S:
            return
        with self._lock:
            self._published_at = now
            changes = self._shown(self._view.changes)
            if now >= self._sum_at and self._broadcast.watchers:
                changes = merged(self._shown(self._view.summary), changes)
                took_s = time.monotonic() - now  # the peaks of many points take long, and points must not wait for them
                self._sum_at = now + max(_SUMMARY_EVERY_S, _SUMMARY_SHARE * took_s)
            self._publish(changes)

    def check(self) -> str:
        """Ask for the page as a browser does.

        Raises:
            SinkDown: nobody answers.
        """
        connection = http.client.HTTPConnection(*self._address, timeout=5.0)
        try:
            connection.request("GET", "/")
            status = connection.getresponse().status
        except OSError as exc:
            raise SinkDown(f"no page at {self.url}: {exc.strerror or exc}") from exc
        finally:
            connection.close()
        if status != http.client.OK:
            raise SinkDown(f"{self.url} answers with {status}: another program has this port?")
        return f"the page is at {self.url}"

    def close(self) -> None:
        """Let the browsers go."""
        if self._pictures is not None:
            self._pictures.close()
        if self._server is not None:
            self._server.close()
        if self._runs is not None:
            self._runs.index.close()

    # ---- this moment -----------------------------------------------------------------------------

    def _start(self) -> None:
        """Begin with what there is: the last run, the consoles of the last day; then serve."""
        if self._server is not None:
            return
        assert self.folder is not None
        if self._pictures is None:
            for library in (
                "scipy.special",
                "scipy.optimize",
            ):  # 0.6 s: not at the first peak
                import_module(library)
            self._runs = Runs(self.folder)
            self._pictures = PictureReader(self._show_picture)
            self._take_stored(self._runs)
        answers = {"/runs": self._find_runs, "/run": self._run}
        try:
            self._server = PageServer(*self._address, self._token, self._names, self._broadcast, answers)
        except OSError as exc:
            raise SinkDown(f"{self.url}: {exc.strerror or exc}: free the port, or choose another one") from exc

    def _take_stored(self, runs: Runs) -> None:
        entries = []
        for entry in ConsoleLog(runs.folder).newest_first(since=time.time() - _RECENT_S):
            entries.append(entry)
            if len(entries) == _MOST_ENTRIES:
                break
        for entry in reversed(entries):
            self._view.take_entry(entry)
        self._known = {_mark(entry.time, entry.console, entry.kind) for entry in entries}
        if last := list(runs[-1:]):
            try:
                for name, doc in last[0].documents():
                    self._view.take_document(last[0].uid, name, doc)
                    self._take_picture(last[0].uid, name, doc)
            except Exception:  # noqa: BLE001  as in `send`
                _log.warning("%s cannot be shown", last[0].path, exc_info=True)

    def _take_picture(self, run: str, name: str, doc: Any) -> None:
        if name == "start":
            self._picture = None
        if self._pictures is not None:
            self._pictures.take(run, name, doc)

    def _show_picture(self, picture: dict[str, Any]) -> None:
        with self._lock:
            self._picture = picture
            self._publish({"picture": picture})

    def _shown(self, show: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What is shown; without the run if that cannot be shown."""
        try:
            shown = show()
            json.dumps(shown, allow_nan=False, default=str)
        except Exception:  # noqa: BLE001  its documents may hold anything
            _log.warning("this run cannot be shown", exc_info=True)
            self._view.run = None
            shown = show()
        return shown

    def _publish(self, changes: Mapping[str, Any]) -> None:
        if changes:
            self._whole = None
            self._broadcast.publish(_message("changes", changes))

    def _whole_message(self) -> tuple[bytes, int]:
        """All that is shown; made once for those who join at the same moment."""
        with self._lock:
            if self._whole is None:
                self._publish(self._shown(self._view.changes))  # the others get what this one is about to see
                message = _message("whole", {**self._shown(self._view.whole), "picture": self._picture})
                self._whole = message, self._broadcast.number
            return self._whole

    # ---- past runs -------------------------------------------------------------------------------

    def _find_runs(self, words: Mapping[str, str]) -> Any:
        """The newest runs that words choose, the newest first."""
        assert self._runs is not None
        found = self._runs.find(words.get("q", ""), _MOST_FOUND)
        rows = []
        for run in found:
            shown = RunView(run.start, lambda: 0.0)
            rows.append({**shown.heading(), "status": run.exit_status or "open"})
        return {"runs": rows[::-1], "foot": found.foot}

    def _run(self, words: Mapping[str, str]) -> Any:
        """One run, with the values of one's choice."""
        assert self._runs is not None
        if "uid" not in words:
            raise UsageError("which run? /run?uid=...")
        run = self._runs[words["uid"]]
        began = float(run.start.get("time", 0.0))
        view = RunView(run.start, lambda: began, tuple(filter(None, [words.get("y")])))
        with self._reading:
            view.take(run.documents())
        return view.whole()


def _mark(time: Any = None, console: Any = None, kind: Any = None, **_: Any) -> tuple[Any, ...]:
    return time, console, kind


def merged(summary: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Both in one message."""
    run = {**summary.get("run", {}), **changes.get("run", {})}
    return {**changes, "run": run} if run else changes


def _message(name: str, value: Any) -> bytes:
    """A server-sent event."""
    return f"event: {name}\ndata: {json.dumps(value, allow_nan=False, default=str)}\n\n".encode()
