"""Journal: writes each run to a file of its own, a line a document, before the next point begins.

It knows of a document only its run. Documents that the disk refuses wait in memory, in order.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections import deque
from pathlib import Path

from beamshell.documents import Document
from beamshell.documents.router import RunFinder
from beamshell.errors import StoreError
from beamshell.store.encoding import to_json
from beamshell.store.open_runs import Marker
from beamshell.store.run_file import ORDER, RUNS, run_path

_RECENT = 100
_DURABLE = frozenset({"start", "descriptor", "stop"})  # these are also flushed from the system's cache (fsync)


class Journal:
    """A subscriber `f(name, document)` that writes each run to `runs/YYYY/MM-DD/<scan_id>_<uid>.jsonl`.

    When a call returns, the document survives the death of this process; start, descriptor and stop also
    survive that of the computer. For one thread at a time.

    Args:
        folder: the data folder.

    Raises:
        StoreError: (when called) the disk refuses. The document is kept in memory: free space and resume; the next
            document, or `flush`, first writes what waits, once each and in order.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._finder = RunFinder()
        self._writers: dict[str, _RunWriter] = {}
        self._recent: deque[_RunWriter] = deque(maxlen=_RECENT)

    @property
    def recent(self) -> list[Path]:
        """The files of the newest runs that this journal was sent, in the order in which they began; at most 100.

        Runs of other consoles in the same folder are never among them, and no clock has a say in their order.
        """
        return [writer.path for writer in self._recent]

    def __call__(self, name: str, doc: Document) -> None:
        """Write one document to the file of its run."""
        line = f"{to_json((name, doc))}\n".encode("ascii")
        run = self._finder.run_of(name, doc)
        if run is None:
            raise StoreError(f"this {name} document belongs to no run whose start was seen here: it is not stored")
        if name == "start":
            if run in self._writers:
                raise StoreError(f"run {run} is open already: its second start document is not stored")
            self._writers[run] = _RunWriter(self.folder, doc)
            self._recent.append(self._writers[run])
        writer = self._writers[run]
        writer.add(line, durable=name in _DURABLE, last=name == "stop")
        if writer.closed:
            del self._writers[run]

    def flush(self) -> None:
        """Write what waits.

        Raises:
            StoreError: the disk still refuses; the documents go on waiting.
        """
        for run, writer in list(self._writers.items()):
            writer.flush()
            if writer.closed:
                del self._writers[run]

    def close(self) -> None:
        """Write waiting documents and close the files; a run still open is closed by the next `close_open_runs`."""
        try:
            self.flush()
        finally:
            for writer in self._writers.values():
                writer.release()
            self._writers.clear()


class _RunWriter:
    """Appends lines to the file of one run, and keeps those that could not be written."""

    def __init__(self, folder: Path, start: Document) -> None:
        self.path = run_path(folder, start)
        self.closed = False
        self._folder = folder
        self._uid = str(start["uid"])
        self._fd = -1
        self._marker: Marker | None = None
        self._unwritten = (0, b"")  # the file's length when it was last known, and the bytes that belong there
        self._to_sync = False
        self._in_order = False  # `.order` names the file
        self._complete = False  # the last document is among them

    @property
    def waiting(self) -> int:
        return len(self._unwritten[1])

    def add(self, line: bytes, durable: bool, last: bool) -> None:
        length, waiting = self._unwritten
        if waiting:  # an earlier write failed or was interrupted by a signal: the file says how much of it arrived
            length, waiting = self._not_arrived()
        self._unwritten = (length, waiting + line)
        self._to_sync |= durable
        self._complete |= last
        self._write()

    def flush(self) -> None:
        self._unwritten = self._not_arrived()
        self._write()

    def release(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._marker is not None:
            self._marker.release()

    def _write(self) -> None:
        if self.closed:
            return
        try:
            if self._fd < 0:
                self._open()
            length, waiting = self._unwritten
            while waiting:
                written = os.write(self._fd, waiting)
                length, waiting = self._unwritten = (length + written, waiting[written:])
            if not self._in_order:
                self._append_to_order()
            if self._to_sync:
                os.fsync(self._fd)
                self._to_sync = False
            if self._complete:
                self._finish()
        except OSError as exc:
            raise StoreError(
                f"{self.path}: {exc.strerror or exc}. {self.waiting} bytes wait in memory and nothing is lost: "
                "free space or make the folder writable, then resume"
            ) from exc

    def _open(self) -> None:
        if self._marker is None:
            self.path = _free_name(self.path)
            self._marker = Marker(self._folder, self._uid, self.path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        _sync_folder(self.path.parent)

    def _append_to_order(self) -> None:
        """Name the file in `.order`; without it the run has the place of its time, so a failure is no loss."""
        self._in_order = True
        line = f"{self.path.relative_to(self._folder).as_posix()}\n".encode("utf-8", "surrogateescape")
        with contextlib.suppress(OSError), (self._folder / RUNS / ORDER).open("ab", buffering=0) as file:
            file.write(line)

    def _finish(self) -> None:
        self.closed = True
        fd, self._fd = self._fd, -1
        os.close(fd)  # a network file system may refuse here what it took before; then the marker stays
        if self._marker is not None:
            self._marker.remove()

    def _not_arrived(self) -> tuple[int, bytes]:
        length, waiting = self._unwritten
        if self._fd < 0 or not waiting:
            return length, waiting
        arrived = max(0, os.fstat(self._fd).st_size - length)
        return length + arrived, waiting[arrived:]


def _free_name(path: Path) -> Path:
    """The path itself, or with a number behind it: the documents of an old run may be sent here again."""
    names = (path.with_stem(f"{path.stem}-{number}") if number else path for number in itertools.count())
    return next(name for name in names if not name.exists())


def _sync_folder(folder: Path) -> None:
    """Make the new file's name as durable as its content."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
