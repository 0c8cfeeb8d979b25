"""A process that stands still for the length of a block: a server that is there and does not answer."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def frozen(pid: int | None) -> Iterator[None]:
    """The process stands still within this block, all of its threads; a process that ends meanwhile is no error."""
    assert pid is not None, "it does not run"
    os.kill(pid, signal.SIGSTOP)
    try:
        while not _stands_still(pid):  # the signal stops its threads one after the other
            time.sleep(0.001)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _stands_still(pid: int) -> bool:
    stats = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    return all(stat.rpartition(")")[2].split()[0] in "Tt" for stat in stats)  # proc(5): the state is the third field
