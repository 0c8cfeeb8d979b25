"""What a typed command line says: commands, words, numbers and devices.

It never evaluates anything, and knows neither IPython nor the engine: words are looked up in a mapping of devices,
numbers are parsed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from beamshell.errors import UnknownName, UsageError
from beamshell.protocols import Movable, Readable

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z")
_OPENING, _CLOSING = "([{", ")]}"


def split_commands(line: str) -> list[str]:
    """The commands of a line, cut at each `;` that is outside quotes and brackets; empty ones are left out.

    >>> split_commands("mov th 1; md comment 'a; b'")
    ['mov th 1', "md comment 'a; b'"]
    """
    commands = [part.strip() for part in _cut(line, at_blanks=False)]
    return [command for command in commands if command]


def split_words(text: str) -> list[str]:
    """The words of one command, cut at blanks outside quotes and brackets; quotes around a whole word are taken off.

    >>> split_words("md sample 'LaB6 660c' # the standard")
    ['md', 'sample', 'LaB6 660c']
    """
    words = []
    for word in _cut(text, at_blanks=True):
        if word == "#":  # a comment, when it stands alone: "sample #3" is a name
            break
        words.append(word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"" else word)
    return words


def _cut(text: str, at_blanks: bool) -> list[str]:
    parts, start, depth, quote = [], 0, 0, ""
    for at, char in enumerate(text):
        if quote:
            if char == quote:
                quote = ""
        elif char in "'\"" and _opens_quote(text, at):
            quote = char
        elif char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth = max(0, depth - 1)
        elif not depth and (char.isspace() if at_blanks else char == ";"):
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return [part for part in parts if part] if at_blanks else parts


def _opens_quote(text: str, at: int) -> bool:
    """An apostrophe inside a word ("don't"), or one that nothing closes, is only a letter."""
    return (at == 0 or not text[at - 1].isalnum()) and text[at] in text[at + 1 :]


def is_number(word: str) -> bool:
    """True for words such as 1, -1.5 and 1e3."""
    return _NUMBER.match(word) is not None


def number(word: str, slot: str) -> float:
    """The number that a word spells.

    Raises:
        UsageError: the word is no finite number; the message names it and what it was to be.
    """
    if not is_number(word):
        hint = f": write {word.replace(',', '.')}" if is_number(word.replace(",", ".", 1)) else ""
        raise UsageError(f"'{word}' is not a number ({slot}){hint}")
    value = float(word)
    if not math.isfinite(value):
        raise UsageError(f"'{word}' is too large a number ({slot})")
    return value


def whole_number(word: str, slot: str, at_least: int = 1) -> int:
    """The whole number that a word spells.

    Raises:
        UsageError: the word is no whole number, or it is below `at_least`.
    """
    value = number(word, slot)
    if value != int(value):
        raise UsageError(f"'{word}' is not a whole number ({slot})")
    if value < at_least:
        raise UsageError(f"'{word}' is too small: at least {at_least} ({slot})")
    return int(value)


def nearest(word: str, names: Iterable[str]) -> str:
    """The end of a message about an unknown name: ": did you mean th?", or nothing when no name is near."""
    near = get_close_matches(word, list(names), n=1, cutoff=0.6)
    return f": did you mean {near[0]}?" if near else ""


def find_device(word: str, devices: Mapping[str, Any]) -> Any:
    """The device, or with a dotted word ("th.velocity") the part of one, that a word names.

    Raises:
        UnknownName: there is none; the message offers the nearest name.
    """
    name, *parts = word.split(".")
    try:
        found = devices[name]
    except UnknownName:  # a registry knows more: that the device is switched off, or why it could not be built
        raise
    except KeyError:
        raise UnknownName(f"no device '{name}'{nearest(name, devices)}") from None
    for part in parts:
        names = list(getattr(found, "component_names", ()))
        if part not in names:
            raise UnknownName(f"{name} has no part '{part}'{nearest(part, names)}")
        found, name = getattr(found, part), f"{name}.{part}"
    return found


def is_device(word: str, devices: Mapping[str, Any]) -> bool:
    """True if the word names a device or a part of one."""
    try:
        find_device(word, devices)
    except UnknownName:
        return False
    return True


class Words:
    """The words after a command, taken from left to right; a word that does not fit is named in the error.

    Args:
        words: what was typed after the command's name.
        devices: the devices by name.
    """

    def __init__(self, words: list[str], devices: Mapping[str, Any]) -> None:
        self._words = list(words)
        self._devices = devices

    def __len__(self) -> int:
        return len(self._words)

    def __str__(self) -> str:
        return " ".join(self._words)

    @property
    def devices(self) -> Mapping[str, Any]:
        """The devices by name."""
        return self._devices

    def peek(self) -> str:
        """The next word, "" at the end."""
        return self._words[0] if self._words else ""

    def take(self, slot: str) -> str:
        """The next word.

        Raises:
            UsageError: there is none left; the message names the slot.
        """
        if not self._words:
            raise UsageError(f"{slot} is missing")
        return self._words.pop(0)

    def rest(self) -> list[str]:
        """All the words that are left."""
        words, self._words = self._words, []
        return words

    def number(self, slot: str) -> float:
        """The next word as a number."""
        return number(self.take(slot), slot)

    def whole_number(self, slot: str, at_least: int = 1) -> int:
        """The next word as a whole number."""
        return whole_number(self.take(slot), slot, at_least)

    def device(self, slot: str) -> Any:
        """The next word as a device."""
        word = self.take(slot)
        if is_number(word):
            raise UsageError(f"'{word}' stands where a device belongs ({slot})")
        return find_device(word, self._devices)

    def motor(self, slot: str = "motor") -> Any:
        """The next word as something that can be moved."""
        word = self.peek()
        device = self.device(slot)
        if not isinstance(device, Movable):
            raise UsageError(f"{word} cannot be moved ({slot})")
        return device

    def detectors(self) -> list[Any]:
        """The devices that stand before the motor; the motor is left for `motor`."""
        found = []
        while len(self._words) > 1 and not is_number(self._words[0]) and self._another_device_follows():
            word = self.peek()
            detector = self.device("detector")
            if not isinstance(detector, Readable):
                raise UsageError(f"{word} cannot be read (detector)")
            found.append(detector)
        return found

    def _another_device_follows(self) -> bool:
        """Is the second word a name too? A misspelt number after a motor is not, a misspelt motor is."""
        second = self._words[1]
        if is_number(second):
            return False
        if is_device(second, self._devices):
            return True
        first = self._devices.get(self._words[0].split(".")[0])
        numbers_after = len(self._words) > 2 and is_number(self._words[2])
        return not isinstance(first, Movable) or (numbers_after and _looks_like_a_name(second, self._devices))

    def optional_seconds(self) -> float | None:
        """The count time at the end of a line in seconds, None when it is not given.

        Raises:
            UsageError: it is not above zero.
        """
        if not self._words:
            return None
        word = self.peek()
        seconds = self.number("count time")
        if seconds <= 0:
            raise UsageError(f"'{word}' is not above zero (count time, in seconds)")
        return seconds

    def end(self) -> None:
        """Nothing may follow.

        Raises:
            UsageError: there are words left; the first is named.
        """
        if self._words:
            raise UsageError(f"'{self._words[0]}' is one word too many")


def _looks_like_a_name(word: str, devices: Mapping[str, Any]) -> bool:
    return bool(get_close_matches(word, list(devices), n=1, cutoff=0.6))
