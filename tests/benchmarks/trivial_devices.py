"""The cheapest devices that both engines take: what they cost is the engine's own cost."""

from __future__ import annotations

from typing import Any


class Done:
    """A status that has ended well already."""

    done = success = True

    def add_callback(self, callback: Any) -> None:
        callback(self)

    def exception(self, timeout: float | None = None) -> None:
        return None

    def wait(self, timeout: float | None = None) -> None:
        return None


DONE = Done()


class Detector:
    """Reads one number."""

    parent = None

    def __init__(self, name: str) -> None:
        self.name = name
        self.hints = {"fields": [name]}
        self._reading = {name: {"value": 1.5, "timestamp": 1_700_000_000.0}}

    def trigger(self) -> Done:
        return DONE

    def read(self) -> dict[str, Any]:
        return self._reading

    def describe(self) -> dict[str, Any]:
        return {self.name: {"source": "SIM", "dtype": "number", "shape": []}}

    def read_configuration(self) -> dict[str, Any]:
        return {}

    def describe_configuration(self) -> dict[str, Any]:
        return {}


class Motor(Detector):
    """Is where it is sent at once."""

    position = 0.0

    def set(self, value: float) -> Done:
        self.position = value
        self._reading = {self.name: {"value": value, "timestamp": 1_700_000_000.0}}
        return DONE

    def stop(self, *, success: bool = False) -> None:
        return None
