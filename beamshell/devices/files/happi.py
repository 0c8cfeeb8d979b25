"""Reader of happi's JSON databases: items by id, each with device_class, args and kwargs that hold {{templates}}.

It knows their form, which is that of happi's JSON backend, and no device class.
"""

from __future__ import annotations

import re
from typing import Any

from beamshell.devices.files.foreign_classes import WRITE_A_PATH, as_words, our_class, our_keywords
from beamshell.devices.files.line import DeviceLine, ReadFile
from beamshell.devices.files.yaml_document import Item, YamlDocument, is_mapping
from beamshell.errors import ConfigError

_TEMPLATE = re.compile(r"\{\{\s*(.*?)\s*\}\}")
_TAGS = ("functional_group", "location_group")


def is_like(document: YamlDocument) -> bool:
    """True if some item has a device_class."""
    return document.has("device_class")


def lines(document: YamlDocument, file: ReadFile) -> None:
    """Add the devices of a happi database to `file`."""
    file.add_each(document, _line)


def _line(document: YamlDocument, item: Item) -> DeviceLine:
    if not is_mapping(item.node):
        raise ConfigError(f"{item.place}: {item.key}: an item of happi is {{...}} with a device_class")
    places = {part.key: part.place for part in document.items(item.node)}
    has: dict[str, Any] = document.plain(item.node)
    name = str(has.get("name") or item.key)
    path = has.get("device_class")
    if not isinstance(path, str) or not path:
        reason = f"device_class is {path!r}; {WRITE_A_PATH}" if path else "says no device_class"
        raise ConfigError(f"{places.get('device_class', item.place)}: {name}: {reason}")
    arguments, named = has.get("args") or [], has.get("kwargs") or {}
    if not isinstance(arguments, list) or not isinstance(named, dict):
        raise ConfigError(f"{item.place}: {name}: args is a list and kwargs a mapping, in happi")
    try:
        args = [_filled(value, has) for value in arguments]
        keywords = {key: _filled(value, has) for key, value in named.items()}
    except ConfigError as exc:
        raise ConfigError(f"{item.place}: {name}: {exc}") from exc
    values = _values(path, args, keywords, has)
    places |= {key: places[theirs] for key, theirs in _PLACES.items() if theirs in places}
    return DeviceLine(name, item.place, values, places, is_foreign=True)


_PLACES = {"class": "device_class", "enabled": "active", "doc": "documentation"}


def _values(path: str, args: list[Any], keywords: dict[str, Any], has: dict[str, Any]) -> dict[str, Any]:
    tags = [*as_words(has.get("tags")), *(str(has[key]) for key in _TAGS if has.get(key))]
    about = {"tags": tags, "doc": str(has.get("documentation") or ""), "enabled": bool(has.get("active", True))}
    ours = our_class(path)
    if ours is None or ours == path:
        arguments = {key: value for key, value in keywords.items() if key != "name"}
        return {"class": path, "args": args, "arguments": arguments, **about}
    if args:
        keywords = dict(zip(("prefix", "write_pv"), args, strict=False)) | keywords
    translated = our_keywords(path, keywords)
    about["tags"] = [*tags, *translated.pop("tags", [])]
    return {"class": ours, **translated, **about}


def _filled(value: Any, has: dict[str, Any]) -> Any:
    """A value with each {{key}} replaced by what the item says of it; a template alone keeps the type of that."""
    if not isinstance(value, str):
        return value
    if whole := _TEMPLATE.fullmatch(value):
        return _looked_up(whole[1], has)
    return _TEMPLATE.sub(lambda match: str(_looked_up(match[1], has)), value)


def _looked_up(key: str, has: dict[str, Any]) -> Any:
    if key not in has:
        raise ConfigError(f"{{{{{key}}}}} is neither a key of this item nor understood here: write the value itself")
    return has[key]
