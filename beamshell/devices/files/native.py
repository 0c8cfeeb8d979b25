"""Our own device files: a mapping of names, `samx: {class: motor, prefix: "IOC:m1", limits: [-5, 5]}`.

It knows how they are written, and nothing of what the classes are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamshell.devices.files.line import DeviceLine
from beamshell.devices.files.yaml_document import Item, YamlDocument, is_mapping
from beamshell.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

INCLUDE = "include"
"""The one key that is no device: other files to be read first."""


@dataclass
class Found:
    """What was read: the devices by name, and what is wrong."""

    lines: dict[str, DeviceLine] = field(default_factory=dict)
    problems: list[ConfigError] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    """Names whose line makes no sense, with the reason."""
    is_whole: bool = True
    """False if a file, or part of one, could not be read at all: other devices may stand there."""

    def add(self, line: DeviceLine) -> None:
        """Take one more device; of two with one name the first is kept, and that is a problem."""
        if line.name in self.lines:
            first = self.lines[line.name].where
            self.problems.append(ConfigError(f"{line.where}: {line.name}: is defined twice; the first is at {first}"))
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


def lines(document: YamlDocument, found: Found, read: Callable[[Path, Found], None]) -> None:
    """Add the devices of a document to `found`, those of the files it includes first.

    A name that an included file has may stand again: with a `class` it is another device; without, it changes
    what it names of the one included, such as ``samx: {enabled: false}``.

    Args:
        document: the file.
        found: takes the devices and problems.
        read: how another file is read.
    """
    if document.root is not None and not is_mapping(document.root):
        found.is_whole = False
        found.problems.append(
            ConfigError(
                f"{document.where(document.root)}: a device file is a mapping of names, such as `th: {{class: motor}}`"
            )
        )
        return
    included, own = Found(), Found()
    for item in document.items(document.root):
        try:
            if item.key == INCLUDE:
                _include(document, item, included, read)
            else:
                own.add(_line(document, item))
        except ConfigError as problem:
            own.problems.append(problem)
            own.broken.setdefault(item.key, str(problem))
    found.problems += [*included.problems, *own.problems]
    found.broken |= included.broken | own.broken
    found.is_whole &= included.is_whole
    for line in _overridden(included, own).values():
        if line.name not in own.broken:
            found.add(line)


def _include(document: YamlDocument, item: Item, included: Found, read: Callable[[Path, Found], None]) -> None:
    value = document.plain(item.node)
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"{item.where}: include is {value!r}; write include: [other.yml]")
    for name in names:
        path = document.path.parent / Path(name).expanduser()
        if not path.is_file():
            included.is_whole = False
            included.problems.append(ConfigError(f"{item.where}: include: there is no file {path}"))
            continue
        read(path, included)


def _overridden(included: Found, own: Found) -> dict[str, DeviceLine]:
    lines = dict(included.lines)
    for name, line in own.lines.items():
        base = lines.get(name)
        if base is not None and "class" not in line.values:
            line = DeviceLine(name, line.where, base.values | line.values, base.places | line.places, base.is_foreign)
        lines[name] = line
    return lines


def _line(document: YamlDocument, item: Item) -> DeviceLine:
    if not is_mapping(item.node):
        raise ConfigError(f'{item.where}: {item.key}: write {{class: ..., prefix: "..."}} after the name')
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    written = [str(key.value) for key, _ in item.node.value]
    if doubled := next((key for n, key in enumerate(written) if key in written[:n]), None):
        raise ConfigError(f"{item.where}: {item.key}: {doubled} stands twice")
    for part in document.items(item.node):
        places[part.key] = part.where
        values[part.key] = document.plain(part.node, item.key)
    return DeviceLine(item.key, item.where, values, places)
