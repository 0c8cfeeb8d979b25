"""Device lines that name other devices of the file: ``th_fly: {class: motor_flyer, motor: th, counter: mcs}``.

A class lists in `device_arguments` those of its arguments that are such names. It builds no device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from beamshell.errors import ConfigError, UnknownName

if TYPE_CHECKING:
    from beamshell.devices.files.line import DeviceLine
    from beamshell.devices.registry import Registry


def in_order(lines: Iterable[DeviceLine], class_of: Callable[[DeviceLine], Any]) -> list[DeviceLine]:
    """The lines in their order, but each after those whose devices it names."""
    waiting = {line.name: line for line in lines}
    ordered: list[DeviceLine] = []

    def take(line: DeviceLine) -> None:
        for name in _names(line, class_of):
            if (device_line := waiting.pop(name, None)) is not None:
                take(device_line)
        ordered.append(line)

    while waiting:
        take(waiting.pop(next(iter(waiting))))
    return ordered


def _names(line: DeviceLine, class_of: Callable[[DeviceLine], Any]) -> Iterator[str]:
    if line.values.get("enabled") is False:
        return
    try:
        arguments = getattr(class_of(line), "device_arguments", ())
    except ConfigError:  # whoever builds the device says what is wrong
        return
    for argument in arguments:
        names = line.values.get(argument)
        yield from (str(name).partition(".")[0] for name in (names if isinstance(names, list) else [names]))


def with_devices(line: DeviceLine, cls: Any, registry: Registry) -> DeviceLine:
    """The line with the names of devices replaced by the devices.

    Raises:
        ConfigError: there is no such device.
    """
    values: Mapping[str, Any] = line.values

    def device(argument: str, name: Any) -> Any:
        if not isinstance(name, str):
            raise line.problem(f"{argument} is {name!r}; write the name of a device", argument)
        try:
            return registry.find(name)
        except UnknownName as exc:
            raise line.problem(f"{argument}: {exc}", argument) from exc

    devices = {
        argument: [device(argument, name) for name in values[argument]]
        if isinstance(values[argument], list)
        else device(argument, values[argument])
        for argument in getattr(cls, "device_arguments", ())
        if argument in values
    }
    return replace(line, values={**values, **devices}) if devices else line
