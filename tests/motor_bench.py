"""One motor of the demo beamline, the hands of an outsider on it, and what to wait for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from beamshell.devices.device import Device
from beamshell.devices.epics.motor import EpicsMotor
from beamshell.devices.epics_signal import EpicsSignal
from beamshell.errors import MoveFailed

PV = "BL:tth"


class Outsider(Device):
    """Another client of the same motor: its writes do not pass through the EpicsMotor."""

    def __init__(self) -> None:
        super().__init__(name="outsider")
        self._signals = {field: EpicsSignal(f"{PV}{field}", name=f"outsider{field}") for field in self.FIELDS}

    FIELDS = (
        *(".VAL", ".STOP", ".SPMG", ".SET", ".HLM", ".LLM", ".TWF", ".JOGF", ".HOMR", ".OFF"),
        *(":stall", ":hard_high", ":hard_low"),
    )

    def put(self, field: str, value: Any, *, wait: bool = False) -> None:
        self._signals[field].put(value, wait=wait)

    def put_with_completion(self, field: str, value: Any) -> Any:
        """The status of a write that the record keeps open as long as it lasts."""
        return self._signals[field].set(value)

    def put_right(self) -> None:
        """Nothing in the motor's way, and its limits as they were."""
        for field, value in ((":stall", 0), (":hard_high", 151), (":hard_low", -11), (".SET", 0)):
            self.put(field, value, wait=True)
        self.put(".VAL", 0)  # a paused motor would go on to where it was sent
        self.put(".SPMG", 3, wait=True)
        self.put(".LLM", -10, wait=True)
        self.put(".HLM", 150, wait=True)


def until(condition: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Return once `condition()`; the IOC moves in its own time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


def until_sent(signal: EpicsSignal, value: Any) -> None:
    """Return once the record has sent what another client has just written, unless it will be asked for."""
    until(lambda: signal.current is None or signal.current["value"] == value)


def on_its_way(motor: EpicsMotor, target: float = 140.0) -> Any:
    """The status of a move that has begun to move."""
    status = motor.set(target)
    until(lambda: motor.position > 0.5)
    return status


def failure(status: Any) -> str:
    """Why a move failed: its end is awaited."""
    error = status.exception(timeout=15)
    assert isinstance(error, MoveFailed)
    return str(error)
