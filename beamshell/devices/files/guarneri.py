"""Reader of guarneri's files, as BITS has them: `ophyd.EpicsMotor: [{name: m1, prefix: "IOC:m1", ...}, ...]`.

It knows their form, and no device class.
"""

from __future__ import annotations

from typing import Any

from beamshell.devices.files.foreign_classes import as_words, our_class, our_keywords
from beamshell.devices.files.line import DeviceLine, ReadFile
from beamshell.devices.files.native import INCLUDE
from beamshell.devices.files.yaml_document import Item, YamlDocument, is_list, is_mapping
from beamshell.errors import ConfigError

_CREATOR = "predefined_device"
"""BITS' function that makes one of ophyd's simulated devices, named by `creator`."""


def is_like(document: YamlDocument) -> bool:
    """True if it is a mapping of lists."""
    items = [item for item in document.items(document.root) if item.key != INCLUDE]
    return any(is_list(item.node) for item in items) and not any(is_mapping(item.node) for item in items)


def lines(document: YamlDocument, file: ReadFile) -> None:
    """Add the devices of such a file to `file`."""
    for item in document.items(document.root):
        if not is_list(item.node):
            file.problems.append(ConfigError(f"{item.place}: {item.key}: write a list of devices after the class"))
            continue
        for node in item.node.value:
            try:
                file.add(_line(document, item, node))
            except ConfigError as problem:
                file.problems.append(problem)


def _line(document: YamlDocument, item: Item, node: Any) -> DeviceLine:
    place = document.place_of(node)
    has = document.plain(node)
    name = has.get("name") if isinstance(has, dict) else None
    if not isinstance(name, str):
        reason = "has no name" if name is None else f"has the name {name!r}"
        raise ConfigError(f"{place}: a device of {item.key} {reason}; write {{name: m1, prefix: ...}}")
    places = {"class": item.place, **{part.key: part.place for part in document.items(node)}}
    path = item.key
    if path.endswith(_CREATOR):
        path = str(has.pop("creator", ""))
    keywords = {key: value for key, value in has.items() if key != "name"}
    if (ours := our_class(path)) not in (None, path):
        values = {"class": ours, **our_keywords(path, keywords)}
    else:
        tags = as_words(keywords.pop("labels", ()))
        address = {"prefix": keywords.pop("prefix")} if "prefix" in keywords else {}
        values = {"class": path, "tags": tags, **address, "arguments": keywords}
    if "baseline" in values.get("tags", ()):  # the label that BITS reads before and after each run
        values["readout"] = "baseline"
    return DeviceLine(name, place, values, places, is_foreign=True)
