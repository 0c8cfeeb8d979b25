"""Files of which a reader never finds a half: replaced by a whole one, or grown by whole lines.

It knows nothing of what is in them.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from beamshell.store.folder import sync_folder


def replace_file(path: Path, text: str, *, durable: bool = True) -> None:
    """Write a file of text in UTF-8 beside its place, then give it its name; until then the one before is there.

    Args:
        path: of the file, whose folder is there.
        text: all of it.
        durable: False if it need not outlive a power failure.

    Raises:
        OSError: the disk refuses; the file is as it was.
    """
    fresh = path.with_suffix(".new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        fresh.replace(path)
        if durable:
            sync_folder(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise


def append_lines(fd: int, lines: bytes) -> None:
    """Append lines with their ends in one piece, so that those of several consoles never mix.

    Half a line that a full disk, or a computer that died, has left at the end stays a line of its own.

    Args:
        fd: of a file that is open for reading and appending.
        lines: with their ends.

    Raises:
        OSError: the disk refuses; perhaps a part of the lines was written.
    """
    size = os.fstat(fd).st_size
    if size and os.pread(fd, 1, size - 1) != b"\n":
        lines = b"\n" + lines
    if os.write(fd, lines) < len(lines):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def append_all_or_nothing(fd: int, lines: bytes) -> None:
    """Append lines durably, to a file that no other process may append to meanwhile.

    Args:
        fd: of a file that is open for reading and appending, and locked.
        lines: with their ends.

    Raises:
        OSError: the disk refuses; the file is as it was.
    """
    size = os.fstat(fd).st_size
    try:
        append_lines(fd, lines)
        os.fsync(fd)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(fd, size)
        raise
