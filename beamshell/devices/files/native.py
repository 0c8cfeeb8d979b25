"""Reader and writer of our own device files: `samx: {class: motor, prefix: "IOC:m1", limits: [-5, 5]}`.

It knows their form, and no device class.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from beamshell.devices.files.line import DeviceLine, ReadFile
from beamshell.devices.files.yaml_document import Item, YamlDocument, is_mapping
from beamshell.errors import ConfigError

INCLUDE = "include"
"""The one key that is no device: other files to be read first."""

_FIRST = ("class", "prefix")
_PLAIN = re.compile(r"[A-Za-z][\w ./()-]*[\w.)]\Z|[A-Za-z]\Z")
_NOT_TEXT = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"}


# ---- reading


def lines(document: YamlDocument, file: ReadFile, read: Callable[[Path, ReadFile], None]) -> None:
    """Add the devices of a document to `file`, those of the files it includes first.

    A name that an included file has may stand again: with a `class` it is another device; without, it changes
    what it names of the one included, such as ``samx: {enabled: false}``.

    Args:
        document: the file.
        found: takes the devices and problems.
        read: how another file is read.
    """
    if document.root is not None and not is_mapping(document.root):
        file.is_whole = False
        file.problems.append(
            ConfigError(
                f"{document.place_of(document.root)}: a device file is a mapping of names: `th: {{class: motor}}`"
            )
        )
        return
    included, own = ReadFile(), ReadFile()
    for item in document.items(document.root):
        try:
            if item.key == INCLUDE:
                _include(document, item, included, read)
            else:
                own.add(_line(document, item))
        except ConfigError as problem:
            own.problems.append(problem)
            own.broken.setdefault(item.key, str(problem))
    file.problems += [*included.problems, *own.problems]
    file.broken |= included.broken | own.broken
    file.is_whole &= included.is_whole
    for line in _overridden(included, own).values():
        if line.name not in own.broken:
            file.add(line)


def _include(document: YamlDocument, item: Item, included: ReadFile, read: Callable[[Path, ReadFile], None]) -> None:
    value = document.plain(item.node)
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"{item.place}: include is {value!r}; write include: [other.yml]")
    for name in names:
        path = document.path.parent / Path(name).expanduser()
        if not path.is_file():
            included.is_whole = False
            included.problems.append(ConfigError(f"{item.place}: include: there is no file {path}"))
            continue
        read(path, included)


def _overridden(included: ReadFile, own: ReadFile) -> dict[str, DeviceLine]:
    lines = dict(included.lines)
    for name, line in own.lines.items():
        base = lines.get(name)
        if base is not None and "class" not in line.values:
            line = DeviceLine(name, line.place, base.values | line.values, base.places | line.places, base.is_foreign)
        lines[name] = line
    return lines


def _line(document: YamlDocument, item: Item) -> DeviceLine:
    if not is_mapping(item.node):
        raise ConfigError(f'{item.place}: {item.key}: write {{class: ..., prefix: "..."}} after the name')
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    if (doubled := document.doubled_key(item.node)) is not None:
        raise ConfigError(f"{item.place}: {item.key}: {doubled} stands twice")
    for part in document.items(item.node, item.key):
        places[part.key] = part.place
        values[part.key] = document.plain(part.node, item.key)
    return DeviceLine(item.key, item.place, values, places)


# ---- writing


def native_text(lines: Iterable[DeviceLine], heading: Iterable[str] = ()) -> str:
    """A device file that says what these lines say.

    Args:
        lines: the devices.
        heading: lines of comment above them.
    """
    comments = "".join(f"# {line}\n" for line in heading)
    listed = list(lines)
    width = max((len(line.name) for line in listed), default=0) + 1
    return comments + "".join(f"{line.name + ':':<{width}} {_yaml(_ordered(line.values))}\n" for line in listed)


def _ordered(values: Mapping[str, Any]) -> dict[str, Any]:
    """Class and address first, the sentence for people last; what says nothing is left out."""
    remaining = {key: value for key, value in values.items() if value not in ("", [], {}) and value is not None}
    if remaining.get("enabled") is True:
        del remaining["enabled"]
    first = {key: remaining.pop(key) for key in _FIRST if key in remaining}
    last = {"doc": remaining.pop("doc")} if "doc" in remaining else {}
    return {**first, **remaining, **last}


def _yaml(value: Any) -> str:
    """A value in the short form of YAML; a text that could be read as something else is quoted, as in JSON."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_yaml(str(key))}: {_yaml(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    if isinstance(value, str) and _PLAIN.match(value) and value.lower() not in _NOT_TEXT:
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    return json.dumps(value, ensure_ascii=False, default=str)
