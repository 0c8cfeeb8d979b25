"""Names at the prompt: those that the session adds (RE, runs, devices), and the device that a word in a command means.

It never makes or reads a device.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from beamshell.protocols import Movable, Readable
from beamshell.shell.messages_shown import say

if TYPE_CHECKING:
    from beamshell.devices.registry import Registry


class PromptNames:
    """The names that a session gives to one prompt.

    Args:
        namespace: the prompt's variables: `user_ns` of an IPython shell.
        hidden: the names that `who` leaves out: `user_ns_hidden` of the shell.
    """

    def __init__(self, namespace: MutableMapping[str, Any], hidden: MutableMapping[str, Any]) -> None:
        self._namespace = namespace
        self._hidden = hidden
        self._registry: Mapping[str, Any] = {}
        self._device_names: set[str] = set()
        self._shadowed: set[str] = set()

    def add(self, **objects: Any) -> None:
        """Give each object its name at the prompt."""
        self._namespace.update(objects)
        self._hidden.update(objects)

    def set_devices(self, registry: Registry) -> None:
        """Give each device its name, and take away the names of devices that have gone since the last call."""
        objects = registry.namespace()
        for name in self._device_names - set(objects):
            self._namespace.pop(name, None)
        self.add(**objects)
        self._registry = registry
        self._device_names = set(objects)

    def check_devices(self) -> None:
        """Give back the names of devices that were deleted; say once when a variable hides a device."""
        for name, device in self._registry.items():
            if is_device_like(self._namespace.setdefault(name, device)):
                self._shadowed.discard(name)
            elif name not in self._shadowed:
                self._shadowed.add(name)
                say(f"{name} is your own now; commands still mean the device (del {name} gives it back)")


class DeviceNamespace(Mapping[str, Any]):
    """The devices that a word in a command can mean: those of the beamline, and those made at the prompt.

    A variable at the prompt wins over the beamline's device of that name, as long as it is a device itself.

    Args:
        registry: the beamline's devices.
        namespace: the prompt's variables, looked up each time.
    """

    def __init__(self, registry: Mapping[str, Any], namespace: Mapping[str, Any]) -> None:
        self._registry = registry
        self._namespace = namespace

    def __getitem__(self, name: str) -> Any:
        variable = self._namespace.get(name)
        return variable if is_device_like(variable) else self._registry[name]

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
