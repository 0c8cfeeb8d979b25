"""The process of one follower: it alone follows under its name, writes its status, and ends with its console.

It knows nothing of the profile; the console, or a service of the beamline, starts it.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from beamshell.errors import BeamshellError
from beamshell.follow.cursor import CursorFile
from beamshell.follow.follower import Follower
from beamshell.follow.reader import Reader
from beamshell.follow.settings import make_sink
from beamshell.follow.sink import Sink
from beamshell.follow.status import FOLDER, FollowerStatus, cursor_path, status_path
from beamshell.store.processes import this_process

_log = logging.getLogger(__name__)

RUNS_ALREADY = 75
"""The exit status if another process follows under this name (EX_TEMPFAIL of sysexits.h)."""

_STATUS_EVERY_S = 0.5
_LOOK_S = 0.05
_LAST_LINES_S = 5.0
"""Seconds that a process may take to send the last lines when it is to end."""


def follow(folder: Path, name: str, block: Mapping[str, Any], *, with_console: bool) -> int:
    """Follow a data folder until SIGTERM, Ctrl+C or the end of the console; the exit status of the process.

    Args:
        folder: the data folder.
        name: of the follower.
        block: its settings.
        with_console: end when the standard input ends, which the console holds open as long as it lives. A sink that
            must still tell that it has died goes on until it has.

    Raises:
        ConfigError: the settings are wrong; the status says so too.
        StoreError: the cursor is damaged.
    """
    with _alone(folder, name) as is_alone:
        if not is_alone:
            _log.info("another process follows under the name %s", name)
            return RUNS_ALREADY
        stopped = threading.Event()
        console_pid = os.getppid()
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # it ends as with Ctrl+C
        path = status_path(folder, name)
        try:
            sink = make_sink(name, block)
            follower = _make(folder, name, block, sink, stopped)
        except Exception as exc:
            now, problem = time.time(), one_line_of(exc)
            _save(FollowerStatus("failed", now, now, error=problem, error_time=now, process=this_process()), path)
            raise
        if with_console:
            threading.Thread(target=_wait_for_end_of_console, args=[console_pid, sink, stopped], daemon=True).start()
        for number in (signal.SIGTERM, signal.SIGINT):  # an exception could come anywhere, and skip the last lines
            signal.signal(number, lambda *_: stopped.set())
        ended = threading.Event()
        writer = threading.Thread(target=_write_status, args=[follower, path, stopped, ended], daemon=True)
        writer.start()
        has_failed = _run(follower, stopped)
        ended.set()
        writer.join()
        _save(follower.refresh_status(), path)
    return int(has_failed)


def _run(follower: Follower, stopped: threading.Event) -> bool:
    """Let it follow in a thread, so that signals are heard; whether it has failed in a way that nobody foresaw."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            follower.run()
        except Exception as exc:  # noqa: BLE001  a sink may be anybody's
            _log.exception("the follower has failed")
            failures.append(exc)
            now = time.time()
            follower.status.state, follower.status.since = "broken", now
            follower.status.error, follower.status.error_time = one_line_of(exc), now
            stopped.set()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return bool(failures)


def _make(folder: Path, name: str, block: Mapping[str, Any], sink: Sink, stopped: threading.Event) -> Follower:
    sink.folder = folder
    sink.memory = folder / FOLDER / f"{name}.memory.json"
    cursor_file = CursorFile(cursor_path(folder, name))
    cursor = None if sink.starts_anew else cursor_file.load()
    reader = Reader(folder, cursor) if cursor else Reader.from_beginning(folder)
    if cursor is None and block.get("since", "now") == "now":
        reader.skip_to_now()
    if not sink.starts_anew:
        cursor_file.save(reader.cursor)
    follower = Follower(reader, sink, None if sink.starts_anew else cursor_file, stopped)
    follower.status.process = this_process()
    return follower


def one_line_of(exc: BaseException) -> str:
    """What went wrong; of an error that nobody foresaw also its kind."""
    return str(exc) if isinstance(exc, BeamshellError) else f"{type(exc).__name__}: {exc}"


@contextlib.contextmanager
def _alone(folder: Path, name: str) -> Iterator[bool]:
    """Whether no other process of this computer follows under this name; none can begin during the block."""
    path = folder / FOLDER / f"{name}.lock"
    path.parent.mkdir(exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_alone = True
        except BlockingIOError:
            is_alone = False
        yield is_alone
    finally:
        os.close(fd)


def _wait_for_end_of_console(pid: int, sink: Sink, stopped: threading.Event) -> None:
    """Set `stopped` when the console has ended, however it did, and the sink may end."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    ended_at = time.monotonic()
    while sink.must_go_on(pid, time.monotonic() - ended_at) and not stopped.wait(_LOOK_S):
        pass
    stopped.set()


def _write_status(follower: Follower, path: Path, stopped: threading.Event, ended: threading.Event) -> None:
    """Write the status twice a second, also while the sink hangs; a sink that hangs at the end is left alone.

    Args:
        follower: that follows.
        path: of the status.
        stopped: set when it shall end.
        ended: set when it has ended.
    """
    deadline = None
    while not ended.is_set():
        _save(follower.refresh_status(), path)
        if stopped.is_set():
            deadline = deadline or time.monotonic() + _LAST_LINES_S
            if time.monotonic() > deadline:
                os._exit(1)  # what has not arrived is sent when this follower is started again
            time.sleep(0.1)
        else:
            stopped.wait(_STATUS_EVERY_S)


def _save(status: FollowerStatus, path: Path) -> None:
    with contextlib.suppress(OSError):  # a full disk: nobody may be stopped by a status
        status.save(path)
