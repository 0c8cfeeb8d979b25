"""Devices as a rehearsal thinks of them: where they would be by now, and what they would read.

They ask the real device where it is, once, and never tell it anything.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from beamshell.errors import DeviceError, NotConnected


class DeviceModel:
    """One device on the stage: what is asked of it once, and where it is thought to be.

    Attributes:
        is_motor: whether it has a position; what can be set and has none is a setting, and set at once.
        sent: whether the plan has sent it somewhere.
        place: where it was sent; where it is, if the plan did not send it; None if nobody knows.
    """

    __slots__ = ("_position_keys", "_reading", "check", "count_time", "device", "is_motor", "name", "place", "sent")

    def __init__(self, device: Any) -> None:
        self.device = device
        self.name = str(device.name)
        # looked for and not asked for: asking is a round trip
        self.is_motor = hasattr(type(device), "position") or "position" in getattr(device, "__dict__", ())
        self.sent = False
        self.place: Any = None
        self.check: Callable[[Any], None] = getattr(device, "check_value", anything)
        self.count_time: Any = getattr(device, "count_time", None)
        self._reading: dict[str, Any] | None = None
        self._position_keys: set[str] = set()

    def locate(self) -> Any:
        """Where it was sent before: as told last, if it tells of each change, so that nobody has to be asked."""
        device = self.device
        signal = getattr(device, "setpoint_signal", None) if self.is_motor else None
        latest = signal.latest if signal is not None and getattr(signal, "connected", False) else None
        if latest is not None:
            return latest["value"]
        must_answer(device)
        if hasattr(device, "locate"):
            return _now(device.locate(), self.name)["setpoint"]
        return next(iter(self.reading().values()))["value"]

    def reading(self) -> dict[str, Any]:
        """What it reads: where it is thought to be, and for the rest what it reads now, asked for once."""
        if self._reading is None:
            must_answer(self.device)
            self.keep(_now(self.device.read(), self.name))
        assert self._reading is not None
        if not self.sent:
            return dict(self._reading)
        place = {"value": self.place}
        return {
            key: {**value, **place} if key in self._position_keys else value for key, value in self._reading.items()
        }

    @property
    def is_read(self) -> bool:
        """Whether it was asked what it reads."""
        return self._reading is not None

    def keep(self, reading: dict[str, Any]) -> None:
        """Remember what it reads."""
        hinted = (getattr(self.device, "hints", None) or {}).get("fields", [])
        self._reading = reading
        self._position_keys = {self.name, f"{self.name}_setpoint", f"{self.name}_user_setpoint", *hinted}


def anything(_: Any) -> None:
    """What a device without limits says to any value."""


def must_answer(device: Any) -> None:
    """Return if the device is there.

    Raises:
        NotConnected: it is offline; nobody waits for it.
    """
    if getattr(device, "connected", True) is False:
        raise NotConnected(f"{device.name}: it does not answer (type offline for its addresses)")


def _now(answer: Any, name: str) -> Any:
    """An answer that is there at once.

    Raises:
        DeviceError: only an event loop could wait for it.
    """
    if inspect.iscoroutine(answer):
        answer.close()
        raise DeviceError(f"{name}: it can only be asked by a running engine")
    return answer
