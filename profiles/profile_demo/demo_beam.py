"""The command `demo` of the demo beamline: the ring loses its beam, and gets it back.

A beamline adds its own commands like this: a module in the profile's folder, imported by a start-up file.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import Literal

from beamshell import Duration, command
from beamshell.devices import EpicsSignal
from beamshell.errors import BeamshellError
from beamshell.text.times import duration as duration_text

_timers: list[threading.Timer] = []


@cache
def _drop() -> EpicsSignal:
    return EpicsSignal("SR:current:drop", name="SR:current:drop")


@command("The demo beamline", example="demo beam off 5s after=2")
def demo(
    source: Literal["beam"],  # noqa: ARG001  the one there is
    state: Literal["off", "on"],
    duration: Duration | None = None,
    *,
    after: Duration = 0.0,
) -> None:
    """Let the ring lose its beam, or get it back.

    It writes 1 or 0 to the PV SR:current:drop of the demo IOC. With a duration the beam comes back by itself.
    """
    while _timers:  # an earlier command of this kind counts no more
        _timers.pop().cancel()
    _later(after, int(state == "off"))
    if state == "off" and duration is not None:
        _later(after + duration, 0)


def _put(value: int) -> None:
    """Write in a timer's thread: what is refused is a line, as when this console has lost control meanwhile."""
    try:
        _drop().put(value)
    except BeamshellError as exc:
        print(f"demo beam: {exc}")


def _later(delay_s: float, value: int) -> None:
    if not delay_s:
        _drop().put(value)
        print(f"SR:current:drop is {value} now")
        return
    timer = threading.Timer(delay_s, _put, [value])
    timer.daemon = True
    timer.start()
    _timers.append(timer)
    print(f"SR:current:drop will be {value} in {duration_text(delay_s)}")
