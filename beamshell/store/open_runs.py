"""Marker files of runs that are being written, and the closing of runs whose console has died.

Each open run has a marker file `runs/.open/<uid>.json` on which its writer holds a lock; the operating system releases
the lock when the writer dies, however that happens. It knows only start and stop documents.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import re
import socket
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from beamshell.errors import StoreError
from beamshell.store import run_file
from beamshell.store.encoding import to_json

_log = logging.getLogger(__name__)

REASON = "the console ended before the run was closed"
"""The reason in the stop document of a run that its own console could not close."""


class Marker:
    """The marker file of a run that this process writes, until `remove` or the process's end.

    Raises:
        OSError: the marker cannot be written.
    """

    def __init__(self, folder: Path, run: str, path: Path) -> None:
        markers = _markers(folder)
        markers.mkdir(parents=True, exist_ok=True)
        self._path = markers / f"{re.sub(r'[^A-Za-z0-9-]', '-', run)}.json"
        # Under a name of its own until it is locked and complete: another console must not find it half written.
        unfinished = markers / f"{self._path.name}.{os.getpid()}"
        self._fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            with contextlib.suppress(OSError):  # no locks on this file system: host, boot and process id must do
                fcntl.flock(self._fd, fcntl.LOCK_EX)
            os.write(self._fd, json.dumps({**_me(), "path": str(path.relative_to(folder))}).encode())
            unfinished.rename(self._path)
        except BaseException:
            os.close(self._fd)
            unfinished.unlink(missing_ok=True)
            raise

    def remove(self) -> None:
        """Remove the marker: the run is closed."""
        self._path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Release the lock although the run is not closed: this process no longer writes it."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def close_open_runs(folder: Path, any_host: bool = False) -> list[Path]:
    """Give each run whose writer has died a stop document with exit status "abort"; the files of those runs.

    A half-written last line is moved to a file of the same name ending in `.torn`. Runs of live consoles are never
    touched. A run that cannot be closed (no space, no permission) is named in the log and left for the next time.

    Args:
        folder: the data folder.
        any_host: also close what other computers left open. Only when it is certain that no console runs there.
    """
    closed = []
    for marker in sorted(_markers(folder).glob("*.json")):
        try:
            with _abandoned(marker, any_host) as relative:
                if relative is None:
                    continue
                if _close(folder / relative):
                    closed.append(folder / relative)
                marker.unlink(missing_ok=True)
        except (OSError, StoreError) as exc:
            _log.warning("the run of %s could not be closed and is left for the next start: %s", marker, exc)
    return closed


@contextlib.contextmanager
def _abandoned(marker: Path, any_host: bool) -> Iterator[str | None]:
    """The run's file as named in the marker, locked during the block; None if its writer lives or may live."""
    try:
        fd = os.open(marker, os.O_RDWR)
    except FileNotFoundError:  # closed by its writer or another console in this moment
        yield None
        return
    try:
        written = json.loads(os.read(fd, 65536))
        yield str(written["path"]) if _writer_is_gone(fd, written, any_host) else None
    except (ValueError, KeyError, TypeError):
        _log.warning("%s is damaged: its run is left as it is; remove this file", marker)
        yield None
    finally:
        os.close(fd)


def _writer_is_gone(fd: int, written: dict[str, Any], any_host: bool) -> bool:
    me = _me()
    if written["host"] != me["host"] and not any_host:
        return False  # not every file system shows a lock to other computers
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # no locks on this file system
        return written["boot"] != me["boot"] or not _process_exists(written["pid"])
    return True


def _process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _close(path: Path) -> bool:
    """Move a half-written last line away and append the stop document; False if there was nothing to close."""
    if not path.exists():
        return False
    _cut_torn_line(path)
    if path.stat().st_size == 0:  # its start was never complete, so no other subscriber has seen this run
        path.unlink()
        return False
    start = run_file.first_document(path)
    if start is None or run_file.stop_document(path) is not None:
        return False
    times = [doc["time"] for name, doc in run_file.documents(path) if name == "event"]
    stop = {
        "uid": str(uuid.uuid4()),
        "time": max([start["time"], *times]),
        "run_start": start["uid"],
        "exit_status": "abort",
        "reason": REASON,
        "num_events": run_file.count_points(run_file.documents(path)),
    }
    with path.open("ab") as file:
        file.write(to_json(["stop", stop]).encode("ascii") + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return True


def _cut_torn_line(path: Path) -> None:
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        end = _end_of_last_line(file.fileno(), size)
        if end == size:
            return
        file.seek(end)
        with path.with_suffix(".torn").open("ab") as torn:
            torn.write(file.read())
        file.truncate(end)
    _log.warning("%s: the last line was half written; it is kept in %s", path, path.with_suffix(".torn").name)


def _end_of_last_line(fd: int, size: int, block: int = 65536) -> int:
    """The offset behind the last newline, looked for from the end."""
    at = size
    while at > 0:
        begin = max(0, at - block)
        newline = os.pread(fd, at - begin, begin).rfind(b"\n")
        if newline >= 0:
            return begin + newline + 1
        at = begin
    return 0


def _markers(folder: Path) -> Path:
    return folder / run_file.RUNS / ".open"


def _me() -> dict[str, Any]:
    return {"host": socket.gethostname(), "boot": _boot_id(), "pid": os.getpid()}


@cache
def _boot_id() -> str:
    """An id that changes when the computer starts again; "" where the system has none (then locks must do)."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
