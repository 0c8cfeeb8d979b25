"""The devices a word may mean at the prompt: those of the beamline, and those the user has made.

What Python calls a name there is what a command means by it, as long as it is a device.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from beamshell.protocols import Movable, Readable


class DeviceNamespace(Mapping[str, Any]):
    """A mapping of names to devices.

    Args:
        registry: the beamline's devices.
        namespace: what the prompt knows; it is looked at each time.
    """

    def __init__(self, registry: Mapping[str, Any], namespace: Mapping[str, Any]) -> None:
        self._registry = registry
        self._namespace = namespace

    def __getitem__(self, name: str) -> Any:
        mine = self._namespace.get(name)
        return mine if is_device_like(mine) else self._registry[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._registry
        for name, value in list(self._namespace.items()):
            if name not in self._registry and not name.startswith("_") and is_device_like(value):
                yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)


def is_device_like(value: Any) -> bool:
    """True for an object, not a class, that has a name and can be read or moved."""
    if isinstance(value, type) or not isinstance(getattr(value, "name", None), str):
        return False
    return isinstance(value, Readable | Movable)
