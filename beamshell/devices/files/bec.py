"""Import of BEC's device configurations: names with deviceClass, deviceConfig, readoutPriority.

It knows their form, and no device class.
"""

from __future__ import annotations

from typing import Any

from beamshell.devices.files.foreign_classes import WRITE_A_PATH, as_words, our_class, our_keywords
from beamshell.devices.files.line import DeviceLine, ReadFile
from beamshell.devices.files.yaml_document import Item, YamlDocument, is_mapping
from beamshell.errors import ConfigError

_READOUTS = {"baseline": "baseline", "monitored": "point", "continuous": "monitored"}
_MOTORS = ("motor", "sim_motor", "soft_positioner")


def is_like(document: YamlDocument) -> bool:
    """True if some device has a deviceClass."""
    return document.has("deviceClass")


def lines(document: YamlDocument, file: ReadFile) -> None:
    """Add the devices of such a file to `file`."""
    file.add_each(document, _line)


def _line(document: YamlDocument, item: Item) -> DeviceLine:
    if not is_mapping(item.node):
        raise ConfigError(f"{item.place}: {item.key}: a device of BEC is {{deviceClass: ..., deviceConfig: ...}}")
    has: dict[str, Any] = document.plain(item.node)
    places = {part.key: part.place for part in document.items(item.node)}
    path = has.get("deviceClass")
    if not isinstance(path, str):
        reason = "says no deviceClass" if path is None else f"deviceClass is {path!r}; {WRITE_A_PATH}"
        raise ConfigError(f"{places.get('deviceClass', item.place)}: {item.key}: {reason}")
    settings = has.get("deviceConfig") or {}
    if not isinstance(settings, dict):
        raise ConfigError(f"{places['deviceConfig']}: {item.key}: deviceConfig is {settings!r}; write a mapping")
    ours = our_class(path)
    if ours in (None, path):
        address = {"prefix": settings["prefix"]} if "prefix" in settings else {}
        arguments = {key: value for key, value in settings.items() if key not in ("prefix", "name", "labels")}
        values: dict[str, Any] = {"class": path, **address, **({"arguments": arguments} if arguments else {})}
    else:
        values = {"class": ours, **our_keywords(path, {k: v for k, v in settings.items() if k != "labels"})}
    return DeviceLine(item.key, item.place, values | _about(has, values["class"]), places, is_foreign=True)


def _about(has: dict[str, Any], cls: str) -> dict[str, Any]:
    """The keys of our format for a device's readout, tags and the like, as far as they are not the default."""
    about: dict[str, Any] = {}
    if tags := as_words(has.get("deviceTags")):
        about["tags"] = tags
    readout = _READOUTS.get(str(has.get("readoutPriority")), "on_request")
    if readout != "on_request" and not (readout == "point" and cls in _MOTORS):  # a scanned motor is read anyway
        about["readout"] = readout
    if has.get("enabled") is False:
        about["enabled"] = False
    if has.get("readOnly") is True and cls != "signal_ro":
        about["read_only"] = True
    if has.get("description"):
        about["doc"] = str(has["description"])
    return about
