"""Which process of which computer wrote something, and whether it still lives.

It knows no file of the data folder. A computer is told from others by the id of its present start: a host's name may
change, and may be given twice.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beamshell.store.open_runs import boot_id, process_exists


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


def _began(pid: int) -> int | None:
    """When a process began, in clock ticks after the computer's start (proc(5), `starttime`); None if unknown."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None
