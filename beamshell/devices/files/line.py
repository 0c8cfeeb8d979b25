"""DeviceLine: one device as a file has it, whatever the file's format.

It knows nothing of formats, classes or devices.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from beamshell.errors import ConfigError


@dataclass(frozen=True)
class DeviceLine:
    """One device, in the words of our own format: class, prefix, tags, ... and the keywords of its class."""

    name: str
    where: str
    """`file:line:column` of its name."""
    values: dict[str, Any]
    places: dict[str, str] = field(default_factory=dict)
    """`file:line:column` of each key."""
    is_foreign: bool = False
    """Written for another console: what our class does not take is left out, and said."""

    def problem(self, text: str, key: str = "") -> ConfigError:
        """An error about this device, with the place of `key` if the file has it."""
        return ConfigError(f"{self.places.get(key, self.where)}: {self.name}: {text}")
