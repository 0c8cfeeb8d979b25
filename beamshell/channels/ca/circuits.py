"""CircuitWatch: which servers of Channel Access do not answer on their circuits, and since when.

A network that swallows everything leaves circuits connected for half a minute, libca's own time-out. Here a server is
silent from the first read that has run out of time, or if it does not answer a small get that is sent while a write
with completion is outstanding for longer than a second. In a scan of short moves and counts nothing is sent. It knows
channels only as entries of `requests`.
"""

from __future__ import annotations

import math
import threading
import time

from beamshell.channels.base import Silence
from beamshell.channels.ca import requests
from beamshell.channels.ca.requests import Batch, CaListener
from beamshell.channels.reconnect import reconnect_probe

_LOOK_EVERY_S = 1.0
_LOOK_EVERY_IN_SILENCE_S = 0.1
_LEAST_SILENCE_S = 1.0
_LINGER_LOOKS = 10  # without a write: writes that follow each other do not start a thread each
_STOPS_WITHIN_S = 2.0


class _Probe:
    """A small get of a channel, to see whether its server answers."""

    def __init__(self, channel: CaListener, get: tuple[int, int]) -> None:
        self.sent_at = time.monotonic()
        self._channel, self._get = channel, get
        self._batch = Batch()
        self._index = self._batch.ask(*get, 1)
        self.wait(0.0)

    def wait(self, timeout: float) -> bool | None:
        """True if the server has answered, False if the circuit is lost; None if neither within `timeout` seconds."""
        answer = self._batch.wait_for(self._index, timeout)
        if answer is None:  # the library forgets the gets of a channel that is closed or made anew
            return None if self._channel.smallest_get == self._get else False
        return not isinstance(answer, int)


class CircuitWatch:
    """The silences of all servers, and the thread that looks for them while there is something to wait for."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._silences: dict[str, Silence] = {}  # the last of each server
        self._probes: dict[str, _Probe] = {}
        self._answered_at: dict[str, float] = {}  # to `ask`
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._stopped = False

    def last_silence(self, server: str) -> Silence | None:
        """The last silence of a server, which may last; None if it has always answered."""
        return self._silences.get(server)

    def note_unanswered(self, server: str, since: float) -> None:
        """Note that what was asked of a server at `since`, by the monotonic clock, was not answered in time."""
        with self._lock:
            if not self._is_silent(server):
                self._silences[server] = Silence(server, since)
        self._start()
        self._wake.set()

    def watch_writes(self) -> None:
        """Look whether the writes with completion that are outstanding can end. Called with each: it must be quick."""
        if self._thread is None:
            self._start()

    def ask(self, server: str, within_s: float) -> None:
        """Ask a server now; if it does not answer within so many seconds, it is silent."""
        if self._is_silent(server) or self._answered_at.get(server, -math.inf) > time.monotonic() - within_s:
            return
        probe = self._new_probe(server)
        if probe is not None and probe.wait(max(within_s, _allowed_s())) is None:
            self.note_unanswered(server, probe.sent_at)
        else:
            self._answered_at[server] = time.monotonic()

    def stop(self) -> None:
        """Send nothing more: the library is about to be closed."""
        self._stopped = True
        self._wake.set()
        if (thread := self._thread) is not None:
            thread.join(_STOPS_WITHIN_S)

    # ---- the thread

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name="beamshell-circuits", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        writes: set[int] = set()
        looks_left = _LINGER_LOOKS
        while not self._stopped:
            before, under_way = writes, dict(requests.puts)
            writes = set(under_way)
            silent = {server for server in list(self._silences) if self._is_silent(server)}
            self._look({under_way[number].server for number in writes & before} | silent)
            looks_left = _LINGER_LOOKS if writes or silent else looks_left - 1
            if looks_left <= 0 and self._may_end():
                return
            self._wake.wait(_LOOK_EVERY_IN_SILENCE_S if silent else _LOOK_EVERY_S)
            self._wake.clear()

    def _may_end(self) -> bool:
        """Whether nothing is left to look for; then the thread counts as ended."""
        with self._lock:
            self._thread = None  # first: a write that begins now starts another
            if not requests.puts and not any(map(self._is_silent, self._silences)):
                return True
            self._thread = threading.current_thread()
            return False

    def _look(self, servers: set[str]) -> None:
        """Note which of these servers answer."""
        self._probes = {server: probe for server, probe in self._probes.items() if server in servers}
        for server in servers:
            probe = self._probes.get(server)
            answered = None if probe is None else probe.wait(0.0)
            if probe is None or answered is False:
                self._send_probe(server)
            elif answered:
                del self._probes[server]
                self._end_silence(server)
            elif time.monotonic() - probe.sent_at > _allowed_s():
                with self._lock:
                    if not self._is_silent(server):
                        self._silences[server] = Silence(server, probe.sent_at)

    def _send_probe(self, server: str) -> None:
        self._probes.pop(server, None)
        if (probe := self._new_probe(server)) is not None:
            self._probes[server] = probe
        else:  # the circuit is lost, which its channels say themselves
            self._end_silence(server)

    @staticmethod
    def _new_probe(server: str) -> _Probe | None:
        for channel in list(requests.channels.values()):
            if channel.server == server and (get := channel.smallest_get) is not None:
                return _Probe(channel, get)
        return None

    def _is_silent(self, server: str) -> bool:
        silence = self._silences.get(server)
        return silence is not None and silence.until is None

    def _end_silence(self, server: str) -> None:
        if self._is_silent(server):
            self._silences[server].until = time.monotonic()


def _allowed_s() -> float:
    """Seconds for an answer on this network, generously."""
    return max(_LEAST_SILENCE_S, reconnect_probe.connects_within_s / 2)


circuit_watch = CircuitWatch()
requests.before_close.append(circuit_watch.stop)
