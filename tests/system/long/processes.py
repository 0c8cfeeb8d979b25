"""Processes that a console has started, found by the number of the console's process (Linux)."""

from __future__ import annotations

import contextlib
from pathlib import Path


def children(pid: int) -> list[int]:
    """The processes that a process has started; none if it has ended."""
    with contextlib.suppress(OSError):
        listings = Path(f"/proc/{pid}/task").glob("*/children")
        return [int(child) for listing in listings for child in listing.read_text().split()]
    return []


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie waits only for whoever has adopted it."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
