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
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from beamshell.errors import StoreError
from beamshell.store import run_file
from beamshell.store.encoding import to_json
from beamshell.store.order import is_in_order, name_in_order
from beamshell.store.processes import process_exists, this_process

_log = logging.getLogger(__name__)

_UNFINISHED_S = 3600.0  # no console needs longer to write a marker

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
        self._path = markers / f"{_as_file_name(run)}.json"
        # Under a name of its own until it is locked and complete: another console must not find it half written.
        unfinished = markers / f"{self._path.name}.{os.getpid()}"
        self._fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            with contextlib.suppress(OSError):  # no locks on this file system: host, boot and process id must do
                fcntl.flock(self._fd, fcntl.LOCK_EX)
            with open(self._fd, "wb", closefd=False) as file:  # writes all, or fails
                file.write(json.dumps({**this_process(), "path": path.relative_to(folder).as_posix()}).encode())
            os.fsync(self._fd)
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


def close_open_runs(folder: Path, any_host: bool = False, open_files: Iterable[Path] = ()) -> list[Path]:
    """Give each run whose writer has died a stop document with exit status "abort"; the files of those runs.

    A half-written last line is moved to a file of the same name ending in `.torn`. Runs of live consoles are never
    touched. A run that cannot be closed (no space, no permission) is named in the log and left for the next time.

    Args:
        folder: the data folder.
        any_host: also close what other computers left open. Only when it is certain that no console runs there.
        open_files: files of runs without a stop document, whose markers may be missing.
    """
    closed = []
    abandoned = _Abandoned(folder, any_host)
    for marker in sorted(_markers(folder).glob("*.json")):
        try:
            with abandoned.locked(marker) as path:
                if path is None:
                    continue
                if _close(path):
                    closed.append(path)
                    _name_in_order(folder, path)
                marker.unlink(missing_ok=True)
        except (OSError, StoreError, LookupError, TypeError, ValueError) as exc:
            _log.warning("the run of %s could not be closed and is left for the next start: %s", marker, exc)
    for unfinished in _markers(folder).glob("*.json.*"):
        with contextlib.suppress(OSError):
            if time.time() - unfinished.stat().st_mtime > _UNFINISHED_S:  # its writer died before the run began
                unfinished.unlink()
    for path in set(open_files) - abandoned.seen:
        try:
            with path.open("r+b") as file:
                if _is_free(file.fileno()) and _close(path):
                    closed.append(path)
                    _name_in_order(folder, path)
        except (OSError, StoreError, LookupError, TypeError, ValueError) as exc:
            _log.warning("%s could not be closed and is left for the next start: %s", path, exc)
    return closed


def open_on_other_computers(folder: Path) -> list[tuple[str, Path]]:
    """The host and the file of each open run that another computer writes, or has left open.

    A file system that shows locks to other computers shows those of a live console: its runs are left out.

    Args:
        folder: the data folder.
    """
    me, runs = this_process(), []
    for marker in sorted(_markers(folder).glob("*.json")):
        with contextlib.suppress(OSError), marker.open("r+b", buffering=0) as file:  # it may be closed in this moment
            content = _content(file.fileno())
            if content is None or content["boot"] == me["boot"] or content["host"] == me["host"]:
                continue
            if _is_free(file.fileno()):
                runs.append((content["host"], folder / content["path"]))
    return runs


class _Abandoned:
    """Finds out which runs were abandoned by their writers.

    Attributes:
        seen: the files of all runs that have a marker.
    """

    def __init__(self, folder: Path, any_host: bool) -> None:
        self.seen: set[Path] = set()
        self._folder = folder
        self._any_host = any_host

    @contextlib.contextmanager
    def locked(self, marker: Path) -> Iterator[Path | None]:
        """The run's file, locked during the block; None if its writer lives or may live."""
        with contextlib.ExitStack() as stack:
            try:
                fd = stack.enter_context(marker.open("r+b", buffering=0)).fileno()
            except FileNotFoundError:  # closed by its writer or another console in this moment
                yield None
                return
            content = _content(fd)
            path = self._folder / content["path"] if content else self._file_of(marker.stem)
            if path is not None:
                self.seen.add(path)
            is_gone = self._writer_is_gone(fd, content)
            if is_gone and path is not None and path.exists():
                is_gone = _is_free(stack.enter_context(path.open("r+b")).fileno())
            yield (path or marker) if is_gone else None

    def _file_of(self, uid: str) -> Path | None:
        """The file of the run with this uid; None if there is none."""
        for path in (self._folder / run_file.RUNS).glob(f"*/*/*_{uid[:8]}*.jsonl"):
            start = run_file.first_document(path)
            if start is not None and _as_file_name(start["uid"]) == uid:
                return path
        return None

    def _writer_is_gone(self, fd: int, content: dict[str, Any] | None) -> bool:
        """Whether a lock or, where there are no locks, the process of the writer says that it has died.

        The id of the boot tells computers apart: a host's name may change, and may be given twice. Not every file
        system shows locks to other computers.
        """
        me = this_process()
        if content is None:  # a marker is complete before it has its name: a disk or a power failure has damaged it
            return _is_free(fd, without_locks=False)
        same_boot = content["boot"] == me["boot"] != ""
        same_host = content["host"] == me["host"]
        if not (same_boot or same_host or self._any_host):
            return False
        dead = (same_host and not same_boot) or self._any_host or (same_host and not process_exists(content["pid"]))
        return _is_free(fd, without_locks=dead)


def _content(fd: int) -> dict[str, Any] | None:
    """What a marker says; None if it is damaged."""
    try:
        content = json.loads(os.read(fd, 65536))
        return {
            "path": str(content["path"]),
            "boot": content["boot"],
            "host": content["host"],
            "pid": int(content["pid"]),
        }
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError):
        return None


def _is_free(fd: int, *, without_locks: bool = True) -> bool:
    """Whether nobody holds a lock on a file, which is locked from now on; `without_locks` if nobody can know."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # no locks on this file system
        return without_locks
    return True


def _close(path: Path) -> bool:
    """Move a half-written last line away and append the stop document; False if there was nothing to close."""
    if not path.exists() or path.suffix != ".jsonl":  # a damaged marker of a run without a file
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
        "time": max([start.get("time", 0.0), *times]),
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


def _name_in_order(folder: Path, path: Path) -> None:
    """Name a run in `.order` whose console died before it could: followers would never find it."""
    if path.is_relative_to(folder) and not is_in_order(folder, path):
        name_in_order(folder, path, late=True)


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


def _as_file_name(uid: Any) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", str(uid))


def _markers(folder: Path) -> Path:
    return folder / run_file.RUNS / ".open"
