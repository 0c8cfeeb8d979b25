"""Follower: sends what a reader finds to a sink, each line at least once and in order, however often either fails.

It knows neither processes nor the profile.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from beamshell.errors import LineRefused, SinkDown, StoreError
from beamshell.follow.cursor import CursorFile
from beamshell.follow.lines import AMENDMENT, CONSOLE, Line
from beamshell.follow.reader import MOST_LINES, Reader
from beamshell.follow.sink import Sink
from beamshell.follow.status import FollowerStatus

_log = logging.getLogger(__name__)

POLL_S = 0.02
"""Seconds between two looks for new lines."""

_SAVE_S = 0.5
"""Seconds between two savings of the cursor while lines come all the time."""

_LONGEST_WAIT_S = 30.0
_BESIDE = (AMENDMENT, CONSOLE)
_AFTER_FAILURE_S = 1.0
_RATE_OVER_S = 5.0


class Follower:
    """Sends the lines of a data folder to a sink.

    Args:
        reader: finds the lines.
        sink: takes them.
        cursor_file: where the reader's cursor is kept; None keeps none.
        stopped: set by whoever wants it to end; what is there is still sent, unless the sink does not take it.
        clock: seconds since 1970-01-01 UTC.

    Attributes:
        status: how it fares; read by another thread.
    """

    def __init__(
        self,
        reader: Reader,
        sink: Sink,
        cursor_file: CursorFile | None,
        stopped: threading.Event,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.status = FollowerStatus(since=clock())
        self._reader = reader
        self._sink = sink
        self._cursor_file = cursor_file
        self._stopped = stopped
        self._clock = clock
        self._saved_at = 0.0
        self._is_saved = False
        self._pending: Sequence[Line] = ()
        self._sendings: deque[tuple[float, int]] = deque(maxlen=1000)

    def run(self) -> None:
        """Follow until `stopped` is set and everything has been sent, or the sink does not take it."""
        while True:
            is_last = self._stopped.is_set()  # before reading: what was written until then is still sent
            lines = self._reader.read()
            if lines and not self._send(self._wanted(lines)):
                return
            self._save(now=not lines)
            pause_s = self._poll()
            if not lines:
                if is_last:
                    break
                self._stopped.wait(pause_s)
            elif len(lines) < MOST_LINES:
                self._stopped.wait(self._sink.every)
        self._sink.close()
        self._change("ended")

    def refresh_status(self) -> FollowerStatus:
        """The status with the figures of this moment; for the thread that writes it."""
        status, now = self.status, self._clock()
        status.time = now
        status.behind_bytes = self._reader.unread()
        times = [line.time for line in self._pending if line.time is not None]
        status.behind_s = max(0.0, now - min(times)) if times else 0.0
        recent = [(at, number) for at, number in self._sendings if now - at < _RATE_OVER_S]
        status.rate = sum(number for _at, number in recent) / _RATE_OVER_S
        return status

    def _poll(self) -> float:
        """Let the sink do what the time brings; seconds until the next time."""
        try:
            self._sink.poll()
        except SinkDown as exc:
            self._note(exc)
            return _AFTER_FAILURE_S
        self._change("up to date")
        return POLL_S

    def _wanted(self, lines: Sequence[Line]) -> list[Line]:
        return [line for line in lines if line.name not in _BESIDE or line.name in self._sink.also]

    def _send(self, lines: Sequence[Line]) -> bool:
        """Whether the sink has taken all lines; False if it had not when the follower was to end."""
        self._pending = lines
        waits = 0
        while self._pending:
            try:
                if waits == 0:
                    self._change("sending")
                self._sink.send(self._pending)
                self._sendings.append((self._clock(), len(self._pending)))
                self.status.sent += len(self._pending)
                self._pending = ()
            except LineRefused as exc:
                self._leave_out(exc)
            except SinkDown as exc:
                self._note(exc)
                waits += 1
                if self._stopped.wait(min(_LONGEST_WAIT_S, 0.25 * 2**waits)):
                    return False
        return True

    def _leave_out(self, exc: LineRefused) -> None:
        _log.warning("%s", exc)
        taken = self._pending.index(exc.line)
        self._pending = self._pending[taken + 1 :]
        self.status.sent += taken
        self.status.refused += 1
        self._remember(exc)

    def _note(self, exc: SinkDown) -> None:
        self._change("waiting")
        self._remember(exc)

    def _remember(self, exc: Exception) -> None:
        self.status.error, self.status.error_time = str(exc), self._clock()

    def _change(self, state: str) -> None:
        if self.status.state != state:
            self.status.state, self.status.since = state, self._clock()

    def _save(self, *, now: bool) -> None:
        """Keep the cursor, at most twice a second while lines come all the time."""
        if self._cursor_file is None or (now and self._is_saved):
            return
        self._is_saved = False
        if now or self._clock() - self._saved_at >= _SAVE_S:
            try:
                self._cursor_file.save(self._reader.cursor)
                self._is_saved = True
            except StoreError as exc:  # a full disk: lines go on, and are sent again after a kill
                self._remember(exc)
            self._saved_at = self._clock()
