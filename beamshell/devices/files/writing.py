"""Device lines as the text of a device file of our own, one device a line.

It knows our format, and nothing of what the classes are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from beamshell.devices.files.line import DeviceLine

_FIRST = ("class", "prefix")
_PLAIN = re.compile(r"[A-Za-z][\w ./()-]*[\w.)]\Z|[A-Za-z]\Z")
_NOT_TEXT = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"}


def native_text(lines: Iterable[DeviceLine], heading: Iterable[str] = ()) -> str:
    """A device file that says what these lines say.

    Args:
        lines: the devices.
        heading: lines of comment above them.
    """
    comments = "".join(f"# {line}\n" for line in heading)
    listed = list(lines)
    width = max((len(line.name) for line in listed), default=0) + 1
    return comments + "".join(f"{line.name + ':':<{width}} {_shown(_ordered(line.values))}\n" for line in listed)


def _ordered(values: Mapping[str, Any]) -> dict[str, Any]:
    """Class and address first, the sentence for people last; what says nothing is left out."""
    said = {key: value for key, value in values.items() if value not in ("", [], {}) and value is not None}
    if said.get("enabled") is True:
        del said["enabled"]
    first = {key: said.pop(key) for key in _FIRST if key in said}
    last = {"doc": said.pop("doc")} if "doc" in said else {}
    return {**first, **said, **last}


def _shown(value: Any) -> str:
    """A value in the short form of YAML; what is not plainly text is quoted, as JSON is."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_shown(str(key))}: {_shown(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_shown, value)) + "]"
    if isinstance(value, str) and _PLAIN.match(value) and value.lower() not in _NOT_TEXT:
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
