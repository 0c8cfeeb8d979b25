"""DeviceModel: one device in a simulation, with the position that it would have and the values that it would read.

It reads the real device at most once, and a detector that is counted outside of a run only in its first simulation. It
never sends it anything.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from beamshell.awaiting import answer
from beamshell.errors import BeamshellError, NotConnected
from beamshell.protocols import has_position

_earlier_readings: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()
"""By device, what earlier simulations have read."""


class DeviceModel:
    """One device in a simulation.

    Attributes:
        device: the real device.
        name: its name.
        is_motor: True if it has a position. What can be set and has no position is a setting, which is set at once.
        was_set: True if the plan has set it.
        setpoint: the last position that the plan has set; before that the real one; None if that is not known yet.
        count_time: the device's signal for its count time; None if it has none.
    """

    __slots__ = ("_position_keys", "_reading", "count_time", "device", "is_motor", "name", "setpoint", "was_set")

    def __init__(self, device: Any) -> None:
        self.device = device
        self.name = str(device.name)
        self.is_motor = has_position(device)
        self.was_set = False
        self.setpoint: Any = None
        self.count_time: Any = getattr(device, "count_time", None)
        self._reading: dict[str, Any] | None = None
        self._position_keys: set[str] = set()

    def set(self, value: Any) -> None:
        """The plan sets the device to this value."""
        self.was_set, self.setpoint = True, value

    def position(self) -> Any:
        """The position that the device would have now."""
        if not self.was_set and self.setpoint is None:
            self.setpoint = self._locate()
        return self.setpoint

    def _locate(self) -> Any:
        """The place where a relative move would start; without a round trip if the set point is monitored."""
        device = self.device
        if isinstance(getattr(type(device), "current", None), property) and (followed := device.current) is not None:
            return followed["value"]
        is_at_setpoint = self.is_motor and not getattr(device, "missed", False)
        signal = getattr(device, "setpoint_signal", None) if is_at_setpoint else None
        latest = signal.latest if signal is not None and getattr(signal, "connected", False) else None
        if latest is not None:
            return latest["value"]
        self.require_connection()
        if hasattr(device, "locate"):
            return answer(device.locate)["setpoint"]
        return next(iter(self.reading().values()))["value"]

    def reading(self) -> dict[str, Any]:
        """The reading that the device would give: the real one, with the simulated position if the plan has set it."""
        if self._reading is None:
            self.require_connection()
            self.keep(self._read())
        assert self._reading is not None
        if not self.was_set:
            return dict(self._reading)
        positions = dict.fromkeys(self._position_keys, self.setpoint)
        if hasattr(self.device, "pseudo_names"):  # of several axes, each has its own
            names = [getattr(self.device, attr).name for attr in self.device.pseudo_names]
            positions = dict(zip(names, self.device.complete(self.setpoint), strict=True))
        return {
            key: {**value, "value": positions[key]} if key in positions else value
            for key, value in self._reading.items()
        }

    def _read(self) -> dict[str, Any]:
        """The real reading; {} of a detector that cannot be read before it is staged, as some of other libraries."""
        try:
            reading: dict[str, Any] = answer(self.device.read)
        except (BeamshellError, TimeoutError):
            raise
        except Exception:
            if not hasattr(self.device, "stage"):
                raise
            return {}
        return reading

    @property
    def has_reading(self) -> bool:
        """True if the real device was read."""
        return self._reading is not None

    def recall(self) -> bool:
        """Take the reading of an earlier simulation: good enough for a detector, which a count gives another value.

        Returns:
            True if there is one; never for a motor, whose position counts.

        Raises:
            NotConnected: the device is offline.
        """
        self.require_connection()
        reading = None
        with suppress(TypeError):  # some objects of others cannot be kept by reference
            reading = None if self.is_motor else _earlier_readings.get(self.device)
        if reading is not None:
            self.keep(reading)
        return reading is not None

    def keep(self, reading: dict[str, Any]) -> None:
        """Store the reading of the real device."""
        with suppress(TypeError):
            _earlier_readings[self.device] = reading
        hinted = (getattr(self.device, "hints", None) or {}).get("fields", [])
        self._reading = reading
        self._position_keys = {self.name, f"{self.name}_setpoint", f"{self.name}_user_setpoint", *hinted}

    def require_connection(self) -> None:
        """Return if the device is connected.

        Raises:
            NotConnected: it is offline; a simulation waits for no device.
        """
        if getattr(self.device, "connected", True) is False:
            raise NotConnected(f"{self.name}: it does not answer (type offline for its addresses)")
