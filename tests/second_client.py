"""A second client of Channel Access: a process of its own with pyepics, as an operator's screen is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

_PROGRAM = """
import sys
import epics
channels = {}
for line in sys.stdin:
    name, value = line.split()
    channel = channels.setdefault(name, epics.PV(name, auto_monitor=False))
    assert channel.wait_for_connection(30), name
    channel.put(float(value))
    channel.get(use_monitor=False, timeout=30)
    print("done", flush=True)
"""


class SecondClient:
    """Writes PVs.

    Args:
        variables: of the environment in which it finds the IOC.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def put(self, name: str, value: float) -> None:
        """Write a value; the IOC has taken it when this returns, and what it sets off may go on."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{name} {value!r}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()
