"""DeviceLine: one device of a file, in the words of our own format; ReadFile: all devices and problems of a file.

It knows no format, no class and no device.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from beamshell.devices.files.yaml_document import Item, YamlDocument
from beamshell.errors import ConfigError


@dataclass(frozen=True)
class DeviceLine:
    """One device, in the words of our own format: class, prefix, tags, ... and the keywords of its class."""

    name: str
    place: str
    """`file:line:column` of its name."""
    values: dict[str, Any]
    places: dict[str, str] = field(default_factory=dict)
    """`file:line:column` of each key."""
    is_foreign: bool = False
    """Written for another console: what our class does not take is left out, and said."""

    def problem(self, text: str, key: str = "") -> ConfigError:
        """An error about this device, with the place of `key` if the file has it."""
        return ConfigError(f"{self.places.get(key, self.place)}: {self.name}: {text}")


@dataclass
class ReadFile:
    """The devices of a file and of those that it includes, by name, and their problems."""

    lines: dict[str, DeviceLine] = field(default_factory=dict)
    problems: list[ConfigError] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    """Names whose line makes no sense, with the reason."""
    is_whole: bool = True
    """False if a file, or part of one, could not be read at all: other devices may stand there."""

    def add(self, line: DeviceLine) -> None:
        """Take one more device; of two with one name the first is kept, and that is a problem."""
        if line.name in self.lines:
            first = self.lines[line.name].place
            self.problems.append(ConfigError(f"{line.place}: {line.name}: is defined twice; the first is at {first}"))
        else:
            self.lines[line.name] = line

    def add_each(self, document: YamlDocument, line: Callable[[YamlDocument, Item], DeviceLine]) -> None:
        """Take the device that `line` makes of each item of `document`; one that makes no sense is a problem."""
        for item in document.items(document.root):
            try:
                self.add(line(document, item))
            except ConfigError as problem:
                self.problems.append(problem)
                self.broken.setdefault(item.key, str(problem))
