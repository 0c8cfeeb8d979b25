"""RunWriter: appends the documents of one run to its file, and keeps them safe when the data folder fails.

What the folder refuses waits in memory, and is copied to another folder of this computer. A file that was moved away,
removed or cut is written again, whole. It knows lines and no document.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from collections.abc import Callable
from pathlib import Path

from beamshell.errors import StoreError
from beamshell.store.folder import sync_folder
from beamshell.store.open_runs import Marker
from beamshell.store.order import ORDER, name_in_order
from beamshell.store.rescue import RescueCopy
from beamshell.store.run_file import free_name

_log = logging.getLogger(__name__)

_LOOK_S = 0.2
"""Seconds until it is looked again whether the file is still in its place; at the end of a run it is looked anyway."""
_LARGEST_COPY = 32 * 1024 * 1024
"""Bytes of a run that are kept in memory as well as on disk, so that the run can be written again."""


class RunWriter:
    """Writes one run.

    Args:
        folder: the data folder.
        path: the run's file in it.
        uid: of the run.
        label: the run in messages, such as "run 12".
        say: called with a line about what a person should know although nothing failed.
        clock: seconds that only grow.

    Attributes:
        path: the run's file; it gets a number behind its name if there is such a file already.
        closed: the whole run is in its file.
    """

    def __init__(
        self, folder: Path, path: Path, *, uid: str, label: str, say: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        self.path = path
        self.closed = False
        self._folder = folder
        self._uid = uid
        self._label = label
        self._say = say
        self._clock = clock
        self._fd = -1
        self._marker: Marker | None = None
        self._copy: RescueCopy | None = None
        self._content = _Content()
        self._length = 0  # of the file, as far as it is known to hold the content
        self._is_sure = True  # nothing has failed or was interrupted since the length was known
        self._in_order = False  # `.order` names the file
        self._to_sync = False
        self._complete = False  # the last document is among the content
        self._begun_again = ""  # why the file was begun again, until that is done and said
        self._look_at = 0.0
        self._has_fixed_inode = True  # some network file systems make up inode numbers

    @property
    def waiting(self) -> int:
        """The number of bytes that are not in the file."""
        return self._content.length - self._length

    @property
    def readable(self) -> Path:
        """The file that holds most of the run: its own, or a copy elsewhere while the data folder refuses it."""
        return self._copy.path if self._copy is not None and self._is_rescued else self.path

    def add(self, line: bytes, *, durable: bool, last: bool) -> None:
        """Write one line.

        Args:
            line: one document.
            durable: it must also survive the death of the computer.
            last: nothing follows.

        Raises:
            StoreError: the data folder refuses it; it waits, and the next line or `flush` writes it first.
        """
        self._content.append(line)
        self._to_sync |= durable
        self._complete |= last
        self.flush()

    def flush(self) -> None:
        """Write what waits.

        Raises:
            StoreError: the data folder still refuses it.
        """
        if self.closed:
            return
        try:
            self._write()
        except OSError as exc:
            self._rescue()
            where = f"in {self.readable}" if self._is_rescued else "in memory"
            what = f"The whole {self._label} is kept" if self._complete else f"{self.waiting} bytes wait"
            raise StoreError(
                f"{exc.filename or self.path}: {exc.strerror or exc}. {what} {where}, nothing is lost: "
                f"free space or make the folder writable{'' if self._complete else ', then resume'}"
            ) from exc

    def release(self) -> str:
        """Close the files although the run is not complete; what is said about bytes that still wait, or "".

        Raises:
            StoreError: bytes wait, and no folder of this computer takes them.
        """
        waiting = 0 if self.closed else self.waiting
        if waiting:
            self._rescue()
        self._close_file()
        if self._copy is not None:
            self._copy.release()
        if waiting and self._is_rescued:
            return f"{self._label} is kept in {self.readable}: the next start on this computer moves it to its place"
        if waiting:
            raise StoreError(f"{self._label}: the last {waiting} bytes are lost: no folder of this computer takes them")
        return ""

    # ---- writing -----------------------------------------------------------------------------

    def _write(self) -> None:
        is_time_to_look = self._complete or self._clock() >= self._look_at
        if is_time_to_look and self._fd >= 0 and (reason := self._harm()):
            self._begin_again(reason)
        if self._fd < 0:
            self._open()
        if not self._is_sure:  # an earlier write failed or was broken into: the file says how much of it arrived
            self._length = min(max(os.fstat(self._fd).st_size, self._length), self._content.length)
        self._is_sure = False
        content = self._content
        length = content.length
        while self._length < length:
            self._length += os.write(self._fd, content.since(self._length))
        self._is_sure = True
        if self._to_sync or self._copy is not None:
            self._sync()
        if not self._in_order:
            self._take_place_in_order()
        if self._complete:
            self._finish()
        elif length - content.forgotten > _LARGEST_COPY:
            content.forget()
        if self._copy is not None or self._begun_again:
            self._say_that_it_is_safe()

    def _open(self) -> None:
        self.path = free_name(self.path)
        if self._marker is None:
            self._marker = Marker(self._folder, self._uid, self.path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        with contextlib.suppress(OSError):  # no locks on this file system
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._length, self._is_sure = 0, True
        self._has_fixed_inode = _same_file(os.fstat(self._fd), self.path.stat())
        sync_folder(self.path.parent)
        self._in_order = False

    def _take_place_in_order(self) -> None:
        """Name the run in `.order`; if that is refused, it is tried again with the next document."""
        try:
            name_in_order(self._folder, self.path)
            self._in_order = True
        except OSError as exc:  # the catalogue gives it the place of its time
            _log.warning("%s is not named in %s yet: %s", self.path, ORDER, exc)

    def _sync(self) -> None:
        try:
            os.fsync(self._fd)
        except OSError:
            # The system may have dropped what it could not write, and would call the next attempt a success.
            self._set_aside()
            raise
        self._to_sync = False

    def _finish(self) -> None:
        self.closed = True
        self._content.clear()
        self._length = 0
        if self._marker is not None:
            self._marker.remove()
            self._marker = None
        self._close_file()

    def _close_file(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):  # a whole run was flushed to the disk before
                os.close(fd)
        if self._marker is not None:
            self._marker.release()
            self._marker = None

    def _say_that_it_is_safe(self) -> None:
        """After a trouble: say where the run is now, and remove the copy that is no longer needed."""
        if self._begun_again:
            self._say(f"{self._label}: {self._begun_again}; the whole run is written again to {self.path}")
            self._begun_again = ""
        if self._copy is not None:
            copy, self._copy = self._copy, None
            copy.remove()
            if self.closed:
                self._say(f"{self._label} is complete in {self.path}")

    # ---- trouble -----------------------------------------------------------------------------

    def _harm(self) -> str:
        """What happened to the file, if it is no longer in its place or is too short; "" if nothing did.

        Writing to a file that was removed or moved away fails in no other way.
        """
        self._look_at = self._clock() + _LOOK_S
        mine = os.fstat(self._fd)
        try:
            there = self.path.stat()
        except PermissionError:  # it may still be written to
            there = mine
        except OSError:
            return "its file was moved away or removed"
        if self._has_fixed_inode and not _same_file(mine, there):
            return "another file has taken the place of its own"
        return "its file was cut short" if mine.st_size < self._length else ""

    def _begin_again(self, reason: str) -> None:
        """Let the next write begin a new file."""
        if self._content.is_partial:
            self._content.read_again(self._fd)
        self._begun_again = reason
        self._close_file()
        self._length = 0
        self._to_sync = True

    def _set_aside(self) -> None:
        """Keep a file that cannot be trusted under another name, and begin again."""
        self._begin_again("its file could not be written to the disk")
        with contextlib.suppress(OSError):
            self.path.rename(self.path.with_suffix(".suspect"))

    def _rescue(self) -> None:
        """Copy the run to another folder of this computer, if one takes it."""
        try:
            if self._copy is None:
                self._copy = RescueCopy(self._folder, self.path.relative_to(self._folder))
            if self._content.is_partial and self._copy.length < self._content.forgotten:
                self._content.read_again(self._fd)
            self._copy.append(self._content.since(self._copy.length))
        except OSError:  # then it waits in memory alone
            return

    @property
    def _is_rescued(self) -> bool:
        return self._copy is not None and self._copy.length == self._content.length


def _same_file(one: os.stat_result, other: os.stat_result) -> bool:
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)


class _Content:
    """The bytes of a run, of which the oldest may be on disk alone.

    Attributes:
        length: how many there are.
        forgotten: how many of them are on disk alone.
    """

    def __init__(self) -> None:
        self.length = self.forgotten = 0
        self._pieces: list[bytes] = []

    @property
    def is_partial(self) -> bool:
        return self.forgotten > 0

    def append(self, line: bytes) -> None:
        self._pieces.append(line)
        self.length += len(line)

    def since(self, offset: int) -> bytes:
        """What follows so many bytes; it is usually the last line."""
        last = self._pieces[-1] if self._pieces else b""
        if offset == self.length - len(last):
            return last
        return b"".join(self._pieces)[offset - self.forgotten :]

    def forget(self) -> None:
        """Keep nothing in memory: all is on disk."""
        self.forgotten = self.length
        self._pieces.clear()

    def read_again(self, fd: int) -> None:
        """Bring back from the open file what was forgotten; a removed file can still be read so."""
        pieces = []
        at = 0
        while at < self.forgotten:
            piece = os.pread(fd, self.forgotten - at, at)
            if not piece:
                raise OSError("the beginning of the run cannot be read again")
            pieces.append(piece)
            at += len(piece)
        self._pieces[:0] = pieces
        self.forgotten = 0

    def clear(self) -> None:
        self.length = self.forgotten = 0
        self._pieces.clear()
