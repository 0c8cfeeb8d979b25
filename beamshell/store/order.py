"""`runs/.order`: names the run files in the order in which they were begun, a line each, appended by all consoles."""

from __future__ import annotations

import os
from pathlib import Path

from beamshell.store.whole_files import append_lines

ORDER = ".order"
"""The file in `runs`."""

LATE = "+"
"""Begins a line about a run that came into the folder after its time, as one that was kept elsewhere while the disk was
full. Its place among the others is that of its time; who follows the folder learns here that it has come."""


def name_in_order(folder: Path, path: Path, *, late: bool = False) -> None:
    """Append a run file to `.order`.

    Args:
        folder: the data folder.
        path: the run file in it.
        late: it came after its time.

    Raises:
        OSError: the disk refuses.
    """
    line = f"{LATE if late else ''}{path.relative_to(folder).as_posix()}\n".encode("utf-8", "surrogateescape")
    fd = os.open(folder / "runs" / ORDER, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        append_lines(fd, line)
    finally:
        os.close(fd)


def is_in_order(folder: Path, path: Path) -> bool:
    """Whether `.order` names a run file.

    Raises:
        OSError: it cannot be read.
    """
    try:
        names = (folder / "runs" / ORDER).read_bytes().splitlines()
    except FileNotFoundError:
        return False
    name = path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape")
    return name in names or LATE.encode() + name in names
