"""Tokens: the typed words and Python objects that follow a command's name, and the devices and numbers they mean.

Nothing is evaluated: words are looked up among the devices, numbers are parsed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from beamshell.errors import UnknownName, UsageError
from beamshell.protocols import Movable, Readable
from beamshell.text.nearest import unknown

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z")


class MissingWordError(UsageError):
    """A line ends before the command has all that it needs."""


class Tokens:
    """The tokens of one command, taken from left to right.

    Args:
        tokens: typed words and Python objects.
        session: the console, whose devices the words mean.
    """

    def __init__(self, tokens: Iterable[Any], session: Any) -> None:
        self._tokens = list(tokens)
        self.session = session
        self.last_device: Any = None
        """The device that was taken last; what a position is checked against may depend on it."""

    def __len__(self) -> int:
        return len(self._tokens)

    @property
    def devices(self) -> Mapping[str, Any]:
        """The devices by name."""
        devices: Mapping[str, Any] = self.session.devices
        return devices

    def peek(self, ahead: int = 0) -> Any:
        """The next token, or one after it; "" beyond the end."""
        return self._tokens[ahead] if ahead < len(self._tokens) else ""

    def take(self, name: str) -> Any:
        """The next token.

        Raises:
            MissingWordError: there is none left; the message names what is missing.
        """
        if not self._tokens:
            raise MissingWordError(f"{name} is missing")
        return self._tokens.pop(0)

    def device(self, name: str) -> Any:
        """The next token as a device.

        Raises:
            UnknownName: no device is called so.
            UsageError: a number stands there.
        """
        token = self.take(name)
        if is_number(token):
            raise UsageError(f"'{token}' stands where a device belongs ({name})")
        self.last_device = find_device(token, self.devices) if isinstance(token, str) else token
        return self.last_device


def is_number(token: Any) -> bool:
    """True for words such as 1, -1.5 and 1e3, and for Python's numbers."""
    if isinstance(token, str):
        return _NUMBER.match(token) is not None
    return hasattr(token, "__float__") and not isinstance(token, bool) and not hasattr(token, "name")


def is_whole(token: Any) -> bool:
    """True for words such as 12 and -1, and for Python's whole numbers."""
    return token.lstrip("+-").isdigit() if isinstance(token, str) else hasattr(token, "__index__")


def number(token: Any, name: str) -> float:
    """The number that a token is.

    Raises:
        UsageError: it is no finite number; the message names it and the parameter.
    """
    if not is_number(token):
        word = str(token)
        hint = f": write {word.replace(',', '.')}" if is_number(word.replace(",", ".", 1)) else ""
        raise UsageError(f"'{token}' is not a number ({name}){hint}")
    value = float(token)
    if not math.isfinite(value):
        raise UsageError(f"'{token}' is not a finite number ({name})")
    return value


def plain_value(word: Any) -> Any:
    """A word as metadata have it: a number if it is one, else the text."""
    if not isinstance(word, str) or not is_number(word):
        return word
    return int(word) if is_whole(word) else float(word)


def find_device(word: str, devices: Mapping[str, Any]) -> Any:
    """The device, or with a dotted word ("th.velocity") the part of one, that a word names.

    Raises:
        UnknownName: there is none; the message offers the nearest name.
    """
    name, *parts = word.split(".")
    try:
        device = devices[name]
    except UnknownName:  # a registry knows more: that the device is switched off, or why it could not be built
        raise
    except KeyError:
        raise unknown("device", name, devices) from None
    for part in parts:
        names = [*getattr(device, "component_names", ()), *getattr(device, "aliases", ())]
        if part not in names:
            raise unknown("part", part, names, of=name)
        device, name = getattr(device, part), f"{name}.{part}"
    return device


def is_device(token: Any, devices: Mapping[str, Any]) -> bool:
    """True for a device, and for a word that names one or a part of one."""
    if not isinstance(token, str):
        return isinstance(token, Readable | Movable)
    if token.split(".", 1)[0] not in devices:  # looking a name up that is missing searches for the nearest one
        return False
    try:
        find_device(token, devices)
    except UnknownName:
        return False
    return True
