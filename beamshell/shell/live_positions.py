"""Positions on one line of the terminal while motors move (`umv`).

It only reads the motors' positions; who moves them is no business of this module.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from typing import Any

from beamshell.errors import BeamshellError
from beamshell.shell.positions import position_of, with_unit

_PERIOD_S = 0.1


def positions_line(motors: Sequence[Any]) -> str:
    """Such as "th 0.1234 deg   samx 2.000 mm"; a motor that does not answer shows a question mark."""
    return "   ".join(f"{motor.name} {_position(motor)}" for motor in motors)


def _position(motor: Any) -> str:
    try:
        return with_unit(motor, position_of(motor))
    except (BeamshellError, TimeoutError):
        return "?"


class LivePositions:
    """Shows where motors are, ten times a second, as long as the block lasts; nothing if the output is no terminal."""

    def __init__(self, motors: Sequence[Any]) -> None:
        self._motors = motors
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> LivePositions:
        if sys.stdout.isatty():
            self._thread = threading.Thread(target=self._show, name="beamshell-live-positions", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._thread is not None:
            self._ended.set()
            self._thread.join(timeout=1)

    def _show(self) -> None:
        while not self._ended.wait(_PERIOD_S):
            print(f"\r{positions_line(self._motors)}\x1b[K", end="", flush=True)
        print("\r\x1b[K", end="", flush=True)
