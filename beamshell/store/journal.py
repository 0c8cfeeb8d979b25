"""Journal: writes each run to a file of its own, a line a document, before the next point begins.

It knows of a document only its run. How a run is written, and kept safe when that fails, is in run_writer.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from beamshell.documents import Document
from beamshell.documents.router import RunFinder
from beamshell.errors import StoreError
from beamshell.store.encoding import shallow, to_json
from beamshell.store.run_file import run_path
from beamshell.store.run_writer import RunWriter

_log = logging.getLogger(__name__)

_RECENT = 100
_DURABLE = frozenset({"start", "descriptor", "stop"})  # these are also flushed from the system's cache (fsync)


class Journal:
    """A subscriber `f(name, document)` that writes each run to `runs/YYYY/MM-DD/<scan_id>_<uid>.jsonl`.

    When a call returns, the document survives the death of this process; start, descriptor and stop also
    survive that of the computer. For one thread at a time.

    Args:
        folder: the data folder.
        say: called with a line that a person should see; None writes it to the log.
        clock: seconds that only grow.

    Raises:
        StoreError: (when called) the folder refuses. The document is kept, in memory and in another folder of this
            computer: free space and resume; the next document, or `flush`, first writes what waits, once each and in
            order.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        say: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = Path(folder)
        self._say = say or _log.warning
        self._clock = clock
        self._finder = RunFinder()
        self._writers: dict[str, RunWriter] = {}
        self._recent: deque[RunWriter] = deque(maxlen=_RECENT)

    @property
    def recent(self) -> list[Path]:
        """The files of the newest runs that this journal was sent, in the order in which they began; at most 100.

        Runs of other consoles in the same folder are never among them, and no clock has a say in their order.
        """
        return [writer.readable for writer in self._recent]

    @property
    def waiting(self) -> int:
        """The number of bytes that the folder has refused so far."""
        return sum(writer.waiting for writer in self._writers.values())

    def __call__(self, name: str, doc: Document) -> None:
        """Write one document to the file of its run."""
        # Only the start document holds what people and plans have written.
        line = f'["{name}",{to_json(shallow(doc) if name == "start" else doc)}]\n'.encode("ascii")
        run = self._finder.run_of(name, doc)
        if run is None:
            raise StoreError(f"this {name} document belongs to no run whose start was seen here: it is not stored")
        if name == "start":
            self._begin(run, doc)
        writer = self._writers[run]
        writer.add(line, durable=name in _DURABLE, last=name == "stop")
        if writer.closed:
            del self._writers[run]

    def _begin(self, run: str, start: Document) -> None:
        if run in self._writers:
            raise StoreError(f"run {run} is open already: its second start document is not stored")
        if self.waiting:
            self.try_again()
        label = f"run {start.get('scan_id', run[:8])}"
        path = run_path(self.folder, start)
        writer = RunWriter(self.folder, path, uid=run, label=label, say=self._say, clock=self._clock)
        self._writers[run] = writer
        self._recent.append(writer)

    def try_again(self) -> None:
        """Write what waits, if the folder takes it now."""
        with contextlib.suppress(StoreError):
            self.flush()

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
        """Write what waits, to another folder of this computer if need be, and close the files.

        A run still open is closed by the next `close_open_runs`.

        Raises:
            StoreError: something waits, and no folder of this computer takes it.
        """
        self.try_again()
        lost: list[StoreError] = []
        for writer in self._writers.values():
            try:
                if message := writer.release():
                    self._say(message)
            except StoreError as exc:
                lost.append(exc)
        self._writers.clear()
        if lost:
            raise lost[0]
