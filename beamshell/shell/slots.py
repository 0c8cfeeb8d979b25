"""Slots: how one parameter of a command (a motor, a number, a choice ...) is read, completed and shown in a usage.

A slot takes one or more tokens from the left: typed words or Python objects, so that a typed line and a call in Python
are read by the same code. It never knows which command it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from typing_extensions import override

from beamshell.errors import UsageError
from beamshell.protocols import Movable, Readable
from beamshell.shell.arithmetic import as_typed
from beamshell.shell.device_parts import axes, is_motor
from beamshell.shell.tokens import (
    Tokens,
    WrongWordError,
    find_device,
    is_device,
    is_number,
    is_whole,
    may_be_number,
    number,
    numbers_at_prompt,
    plain_value,
)
from beamshell.text.nearest import nearest
from beamshell.text.times import is_duration, parse_duration


class Slot:
    """Reads, completes and shows one parameter; this one takes any word as it is."""

    word = ""
    """What a usage calls it; "" for the parameter's name."""
    optional = False
    """Whether nothing needs to be there even if the parameter has no default."""
    repeats = False
    """Whether it takes more than one word."""
    is_device = False
    """Whether it takes a device."""
    takes_the_rest = False
    """Whether all words that follow are its own, and it completes them itself."""

    def read(self, tokens: Tokens, name: str, following: Slot | None) -> Any:  # noqa: ARG002
        """The value of the parameter.

        Args:
            tokens: what has not been read yet.
            name: of the parameter, for messages.
            following: the slot of the next parameter.

        Raises:
            UsageError: the next word does not fit, or is missing.
        """
        return tokens.take(name)

    def tokens(self, value: Any) -> list[Any]:
        """The tokens that mean a value of it: the other way round of `read`."""
        is_several = self.repeats and isinstance(value, list | tuple)
        return list(value) if is_several else [value]  # text and labels are one value, of whatever length

    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:  # noqa: ARG002  # some slots ask
        """Whether a token could be meant for this slot."""
        return token is not None

    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:  # noqa: ARG002
        """The completions that this slot offers.

        Args:
            typed: the words of this slot that stand before the cursor.
            devices: the devices by name.
        """
        return ()

    def usage(self, name: str) -> str:
        """Its text in a usage."""
        return self.word or name


# ---- numbers -----------------------------------------------------------------------------------


class NumberSlot(Slot):
    """A finite number.

    Args:
        whole: whether it is a whole number.
        at_least: the smallest that is allowed.
        positive: whether it must be above zero.
        unit: what messages say after the parameter's name.
    """

    def __init__(
        self, *, whole: bool = False, at_least: int | None = None, positive: bool = False, unit: str = ""
    ) -> None:
        self._whole, self._at_least, self._positive = whole, at_least, positive
        self._unit = f" in {unit}" if unit else ""

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> float:
        token = tokens.take(name)
        label = f"{name}{self._unit}"
        value = number(token, label, tokens.devices)
        if self._whole and not value.is_integer():
            raise WrongWordError(f"'{token}' is not a whole number ({label})")
        if self._at_least is not None and value < self._at_least:
            raise WrongWordError(f"'{token}' is too small: at least {self._at_least} ({label})")
        if self._positive and value <= 0:
            raise WrongWordError(f"'{token}' is not above zero ({label})")
        return int(value) if self._whole else value

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        if self._whole and is_number(token):
            return is_whole(token)
        return may_be_number(token, devices)

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return numbers_at_prompt(devices, whole=self._whole)


class DurationSlot(Slot):
    """A time in seconds, written as 90, 90s, 10min or 2h."""

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> float:
        token = tokens.take(name)
        word = as_typed(str(token))
        if is_duration(word) or not may_be_number(token, tokens.devices):
            return parse_duration(word)
        return NumberSlot(positive=True).read(Tokens([token], tokens.session), name, following)

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return is_duration(as_typed(str(token))) or may_be_number(token, devices)


class RegionSlot(Slot):
    """A region of a scan: start:stop:step or start:stop:step:time, or a tuple of these numbers."""

    word = "start:stop:step[:time]"

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> tuple[float, ...]:
        token = tokens.take("start:stop:step")
        parts = token.split(":") if isinstance(token, str) else tuple(token)
        if len(parts) not in (3, 4) or not all(may_be_number(part, tokens.devices) for part in parts):
            raise WrongWordError(f"'{token}' is not start:stop:step or start:stop:step:time")
        return tuple(number(part, name, tokens.devices) for part in parts)

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return isinstance(token, tuple) or (isinstance(token, str) and ":" in token)


# ---- devices -----------------------------------------------------------------------------------


class DeviceSlot(Slot):
    """A device, or with a dotted word ("th.velocity") the part of one."""

    is_device = True

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> Any:
        return tokens.device(name)

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return is_device(token, devices)

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return list(devices)


class RecordedNameSlot(Slot):
    """The name of a device or value that a run has; this console need not have it."""

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return isinstance(token, str) and not is_whole(token)

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return list(devices)


class MotorSlot(DeviceSlot):
    """A device that can be moved."""

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> Any:
        word = tokens.peek()
        device = super().read(tokens, name, following)
        if not isinstance(device, Movable):
            raise WrongWordError(f"{_name_of(word)} cannot be moved ({name})")
        return getattr(device, "main_axis", None) or device  # `mono` means `mono.energy`

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return is_device(token, devices) and isinstance(_device(token, devices), Movable)

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return [
            word for name, device in devices.items() for word in ([name] if is_motor(device) else axes(name, device))
        ]


class DetectorsSlot(DeviceSlot):
    """The devices to read; those that the beamline reads by default if none is named.

    Args:
        tag: those with this tag are read by default, if there are some.
    """

    word = "detector ..."
    optional = True
    repeats = True

    def __init__(self, tag: str = "") -> None:
        super().__init__()
        self._tag = [tag] if tag else []

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> list[Any]:
        detectors = []
        while tokens and self._another(tokens, following):
            word = tokens.peek()
            detector = tokens.device("detector")
            if not isinstance(detector, Readable):
                raise WrongWordError(f"{_name_of(word)} cannot be read (detector)")
            detectors.append(detector)
        return detectors or list(tokens.session.detectors(*self._tag))

    def _another(self, tokens: Tokens, following: Slot | None) -> bool:
        """Whether the next token is a detector, and not what follows the detectors."""
        if following is None or not following.is_device:
            token = tokens.peek()
            begins_a_number = isinstance(token, str) and token[:1] in (*"0123456789+-.(",)
            return following is None or not (begins_a_number or following.fits(token, tokens.devices))
        return len(tokens) > 1 and not may_be_number(tokens.peek(), tokens.devices) and self._device_follows(tokens)

    @staticmethod
    def _device_follows(tokens: Tokens) -> bool:
        """Whether the second word is a device too; a misspelt number after a motor is not, a misspelt motor is."""
        second = tokens.peek(1)
        if may_be_number(second, tokens.devices) or is_device(second, tokens.devices):
            return is_device(second, tokens.devices)
        if not isinstance(second, str):
            return False
        first = tokens.peek()
        device = tokens.devices.get(first.split(".")[0]) if isinstance(first, str) else first
        numbers_after = len(tokens) > 2 and may_be_number(tokens.peek(2), tokens.devices)
        return not isinstance(device, Movable) or (numbers_after and bool(nearest(second, tokens.devices)))

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return is_device(token, devices) and not is_motor(_device(token, devices))


class TargetSlot(Slot):
    """The target of a move: a number; for a device that is no motor, such as a shutter, also a state in words."""

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> Any:
        device, token = tokens.last_device, tokens.peek()
        name = f"{name} of {device.name}"
        is_typed_number = isinstance(token, str) and (is_motor(device) or not tokens)
        if is_typed_number or may_be_number(token, tokens.devices):
            return NumberSlot().read(tokens, name, following)
        return tokens.take(name)

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return numbers_at_prompt(devices)


# ---- words -------------------------------------------------------------------------------------


class ChoiceSlot(Slot):
    """One of a few words."""

    def __init__(self, choices: Sequence[str]) -> None:
        self._choices = tuple(choices)
        self.word = " | ".join(self._choices)

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> str:
        word = tokens.take(name)
        if word not in self._choices:
            raise unknown_choice(word, self._choices)
        return str(word)

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return token in self._choices

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return self._choices


class TextSlot(Slot):
    """All remaining words, as one text."""

    repeats = True

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> str:
        words = [tokens.take(name)]
        while tokens:
            words.append(tokens.take(name))
        return " ".join(map(str, words))

    @override
    def usage(self, name: str) -> str:
        return f"{name} ..."


class LabelsSlot(Slot):
    """Any number of words such as sample=LaB6, as a dict; numbers become numbers."""

    word = "key=value ..."
    optional = True
    repeats = True

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> dict[str, Any]:
        labels: dict[str, Any] = {}
        while isinstance(tokens.peek(), dict) or self.fits(tokens.peek(), {}):
            token = tokens.take("label")
            if isinstance(token, dict):
                labels |= token
                continue
            key, _, value = token.partition("=")
            if not key.isidentifier():
                raise UsageError(f"'{key}' is no name for metadata: write sample=LaB6")
            labels[key] = plain_value(value.strip("'\""))
        return labels

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return isinstance(token, str) and "=" in token


class FlagSlot(Slot):
    """A word that is there or not."""


class InjectedSlot(Slot):
    """Something that is not typed: the session."""


# ---- helpers -----------------------------------------------------------------------------------


def unknown_choice(word: Any, choices: Iterable[str]) -> UsageError:
    """The error for a word that is none of a few."""
    choices = list(choices)
    near = nearest(str(word), choices)
    return UsageError(f"'{word}' is none of {', '.join(choices)}{f': did you mean {near}?' if near else ''}")


def _device(token: Any, devices: Mapping[str, Any]) -> Any:
    return find_device(token, devices) if isinstance(token, str) else token


def _name_of(token: Any) -> Any:
    return token if isinstance(token, str) else getattr(token, "name", token)
