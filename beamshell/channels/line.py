"""Line: a serial line that many channels share: one question at a time, in a worker thread.

It knows no signal and no instrument; questions and answers end in a terminator.
"""

from __future__ import annotations

import logging
import os
import termios
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from beamshell.channels.deferred import library, require
from beamshell.errors import BadValue, NotConnected

_LEAVES_AFTER_S = 2.0  # how long the worker thread stays when there is nothing to ask

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a serial line.

    Args:
        baud: bits a second.
        bytesize: 5 to 8 bits a character.
        parity: "N", "E", "O".
        stopbits: 1, 1.5 or 2.
        end: the terminator of a question.
        reply_end: the terminator of an answer.
        timeout_s: seconds to wait for an answer.
    """

    baud: int = 9600
    bytesize: int = 8
    parity: str = "N"
    stopbits: float = 1.0
    end: str = "\n"
    reply_end: str = "\n"
    timeout_s: float = 1.0


class Line:
    """One line, open while it is used, and its worker.

    Args:
        port: "/dev/ttyUSB0", or "host:4001" for a line behind a terminal server.
        settings: how it is spoken.
    """

    def __init__(self, port: str, settings: Settings) -> None:
        require("serial", "serial")
        self.port = port
        self.settings = settings
        self.users = 0
        self._open: Any = None
        self._jobs: deque[Callable[[], None]] = deque()
        self._urgent: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition(threading.RLock())
        self._worker: threading.Thread | None = None

    def post(self, job: Callable[[], None], urgent: bool = False) -> None:
        """Have a job done in its turn; urgent jobs have a queue of their own, which comes first. Any thread."""
        with self._changed:
            (self._urgent if urgent else self._jobs).append(job)
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name=f"beamshell-serial-{self.port}", daemon=True)
                self._worker.start()
            self._changed.notify()

    def _work(self) -> None:
        while (job := self._next_job()) is not None:
            try:
                job()
            except Exception:  # a bug in one channel must not stop the line for the others
                logger.exception("a question on %s failed", self.port)

    def _next_job(self) -> Callable[[], None] | None:
        """The next job; None when none came for a while, which ends the thread, and closes an unused line."""
        with self._changed:
            patience_s = _LEAVES_AFTER_S if self.users else 0
            if not self._changed.wait_for(lambda: self._urgent or self._jobs, patience_s):
                self._worker = None
                if not self.users:
                    self.close_port()
                return None
            return (self._urgent or self._jobs).popleft()

    def exchange(self, question: str | None, wants_answer: bool = True) -> str | None:
        """The answer without its terminator; None if none came in time. Worker only.

        Without a question the port is opened, and that is all.

        Raises:
            NotConnected: the line cannot be opened, or has gone away.
        """
        try:
            port = self._opened()
            if question is None:
                return ""
            port.reset_input_buffer()  # an answer that came too late is not one to this question
            port.write((question + self.settings.end).encode("latin-1"))
            if not wants_answer:
                return ""
            end = self.settings.reply_end.encode("latin-1")
            answer: bytes = port.read_until(end)
        except (OSError, ValueError, termios.error) as exc:  # ValueError: a setting that this port cannot have
            self.close_port()
            raise NotConnected(f"{self.port}: {exc}: check the cable and the name of the port") from exc
        return answer.removesuffix(end).decode("latin-1") if answer.endswith(end) else None

    def _opened(self) -> Any:
        if self._open is None:
            if _is_own_terminal(self.port):  # the name of a pseudo-terminal that is gone is given to the next
                raise NotConnected(f"{self.port} is the terminal that this program runs in: check the name of the port")
            if _is_socket(self.port):
                library("serial.urlhandler.protocol_socket")  # which `serial_for_url` would import at its own time
            settings = self.settings
            self._open = library("serial").serial_for_url(
                f"socket://{self.port}" if _is_socket(self.port) else self.port,
                baudrate=settings.baud,
                bytesize=settings.bytesize,
                parity=settings.parity,
                stopbits=settings.stopbits,
                timeout=settings.timeout_s,
                write_timeout=settings.timeout_s,
            )
        return self._open

    def close_port(self) -> None:
        """Close the port; the next question opens it again. Worker only."""
        port, self._open = self._open, None
        if port is not None:
            inner = getattr(port, "_socket", None)
            port.close()
            if inner is not None:
                inner.close()  # the library leaves it open when the other end is gone


def _is_socket(port: str) -> bool:
    host, _, number = port.rpartition(":")
    return bool(host) and number.isdigit() and "/" not in port


def _is_own_terminal(port: str) -> bool:
    """Whether this port is the terminal of the program itself."""
    try:
        number = os.stat(port).st_rdev
        return any(os.isatty(stream) and os.fstat(stream).st_rdev == number for stream in (0, 1, 2))
    except OSError:  # no such port, or no such stream
        return False


_lines: dict[str, Line] = {}
_lock = threading.RLock()


def open_line(port: str, settings: Settings) -> Line:
    """The line at this port, shared with the channels that opened it before.

    Raises:
        BadValue: it is in use with other settings.
    """
    with _lock:
        line = _lines.setdefault(port, Line(port, settings))
        if line.settings != settings:
            raise BadValue(f"{port} is in use already as {line.settings}: give all its signals the same settings")
        line.users += 1
        return line


def close_line(line: Line) -> None:
    """Release the line for one channel; the last one closes it."""
    with _lock:
        line.users -= 1
        if line.users == 0:
            _lines.pop(line.port, None)
    line.post(_nothing)  # so that its worker looks whether it is still needed


def _nothing() -> None:
    """No question."""
