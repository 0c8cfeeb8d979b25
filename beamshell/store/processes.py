"""Which process of which computer wrote something, and whether it still lives.

It knows no file of the data folder. A computer is told from others by the id of its present start: a host's name may
change, and may be given twice.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any


def this_process() -> dict[str, Any]:
    """What tells this process from all others: host, boot (id of the computer's start), pid, began (clock ticks)."""
    return {"host": socket.gethostname(), "boot": boot_id(), "pid": os.getpid(), "began": _began(os.getpid())}


def why_dead(process: Mapping[str, Any]) -> str:
    """How it is known that a process has ended, in words; "" if it lives, or if nobody can know from here.

    Args:
        process: as `this_process` describes it.
    """
    if not is_on_this_computer(process):
        return ""
    boot, pid = process.get("boot"), process.get("pid")
    if boot and boot_id() and boot != boot_id():
        return "the computer was started anew"
    if not isinstance(pid, int) or (process_exists(pid) and process.get("began") in (None, _began(pid))):
        return ""
    return "its process is gone"


def is_on_this_computer(process: Mapping[str, Any]) -> bool:
    """Whether a process, as `this_process` describes it, is or was one of this computer."""
    return bool(process.get("host") == socket.gethostname())


def process_exists(pid: int) -> bool:
    """Whether a process of this computer has this number, and can still do something.

    One that was killed keeps its number until its parent asks how it has ended, which may be never.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _status(pid)[:1] != ["Z"]


def is_stopped(pid: int) -> bool:
    """Whether a process of this computer is stopped: by Ctrl+Z, or SIGSTOP. False where the system does not tell."""
    return _status(pid)[:1] == ["T"]


@cache
def boot_id() -> str:
    """An id that changes when the computer starts again; "" where the system has none (then locks must do)."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _began(pid: int) -> int | None:
    """When a process began, in clock ticks after the computer's start (proc(5), `starttime`); None if unknown."""
    try:
        return int(_status(pid)[19])
    except (ValueError, IndexError):
        return None


def _status(pid: int) -> list[str]:
    """The fields of proc(5)'s `stat` from the state on; [] where the system does not tell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
