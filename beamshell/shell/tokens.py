"""Tokens: the typed words and Python objects that follow a command's name, and the devices and numbers they mean.

No word is run as Python: names are looked up among the devices and the numbers at the prompt, arithmetic is computed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any, TypeGuard

from beamshell.engine.asyncio_view import plain_view
from beamshell.errors import UnknownName, UsageError
from beamshell.protocols import Movable, Readable
from beamshell.shell.arithmetic import Expression, NotArithmeticError, as_typed, is_literal
from beamshell.shell.device_parts import part, part_names
from beamshell.text.nearest import unknown

_OPERATORS = ("+", "-", "*", "/", "//", "%", "**")


class WrongWordError(UsageError):
    """A word does not fit where it stands; the message says why, and the command adds how it is typed."""


class MissingWordError(WrongWordError):
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

    def put_back(self, *tokens: Any) -> None:
        """Let these be the next tokens."""
        self._tokens[:0] = tokens

    def device(self, name: str) -> Any:
        """The next token as a device.

        Raises:
            UnknownName: no device is called so.
            UsageError: a number stands there.
        """
        token = self.take(name)
        if is_number(token):
            raise WrongWordError(f"'{token}' stands where a device belongs ({name})")
        if isinstance(token, str) and token in _OPERATORS:
            raise UsageError(f"'{token}' stands alone: write arithmetic without blanks, such as pi/2")
        self.last_device = find_device(token, self.devices) if isinstance(token, str) else token
        return self.last_device


def is_number(token: Any) -> bool:
    """True for words such as 1, -1.5 and 1e3, and for Python's numbers."""
    if isinstance(token, str):
        return is_literal(_without_comma(token))
    return hasattr(token, "__float__") and not isinstance(token, bool) and not hasattr(token, "name")


def is_whole(token: Any) -> bool:
    """True for words such as 12 and -1, and for Python's whole numbers."""
    if isinstance(token, str):
        return as_typed(_without_comma(token)).lstrip("+-").isdecimal()
    return hasattr(token, "__index__")


def may_be_number(token: Any, devices: Mapping[str, Any]) -> bool:
    """True for a number, and for a word such as pi/2 whose names all stand for numbers; no hardware is asked."""
    if is_number(token) or not isinstance(token, str):
        return is_number(token)
    if is_device(token, devices):
        return False
    try:
        names = Expression(_without_comma(token)).names
    except NotArithmeticError:
        return False
    return all(_is_variable(name, devices) or ("." in name and name.split(".")[0] in devices) for name in names)


def number(token: Any, name: str, devices: Mapping[str, Any] | None = None) -> float:
    """The number that a token is, or comes to: 1.5, pi/2, x+0.1, th.position.

    Args:
        token: a typed word or a Python object.
        name: the parameter, for messages.
        devices: the devices by name; those of the console know the numbers at the prompt too.

    Raises:
        UsageError: it is no finite number; the message names it and the parameter.
    """
    if is_number(token):
        value = float(as_typed(_without_comma(token)) if isinstance(token, str) else token)
    else:
        value = _computed(token, name, devices or {})
    if not math.isfinite(value):
        raise WrongWordError(f"'{token}' is not a finite number ({name})")
    return value


def _computed(token: Any, name: str, devices: Mapping[str, Any]) -> float:
    message = f"'{token}' is not a number ({name})"
    word = token if isinstance(token, str) else ""
    if is_number(word.replace(",", ".", 1)):
        raise UsageError(f"{message}: write {word.replace(',', '.')}")
    try:
        expression = Expression(_without_comma(word))
        return expression.value(lambda dotted: _number_of(dotted, devices, alone=expression.is_name))
    except NotArithmeticError as exc:
        raise (UsageError(f"{message}: {exc}") if str(exc) else WrongWordError(message)) from None


def _number_of(dotted: str, devices: Mapping[str, Any], *, alone: bool) -> float:
    """The number of a name in arithmetic: a variable at the prompt, or a number of a device such as "th.position".

    Args:
        dotted: the name.
        devices: the devices by name.
        alone: whether the word is nothing but this name.
    """
    if _is_variable(dotted, devices):
        return float(_variables(devices)[dotted])
    owner, _, attribute = dotted.rpartition(".")
    if dotted in devices:
        raise NotArithmeticError(f"write {dotted}.position")
    if not is_device(owner, devices):
        raise NotArithmeticError("" if alone else f"no number '{dotted}'")
    value = getattr(plain_view(find_device(owner, devices)), attribute, None)
    if hasattr(value, "position"):
        raise NotArithmeticError(f"write {dotted}.position")
    if isinstance(value, Readable) and hasattr(value, "get"):
        value = value.get()
    if not _is_real(value):
        raise NotArithmeticError(f"{owner} has no number '{attribute}'")
    return float(value)


def numbers_at_prompt(devices: Mapping[str, Any], *, whole: bool = False) -> list[str]:
    """The variables at the prompt that stand for numbers, or whole ones; without pi, which nobody completes."""
    return [
        name
        for name, value in list(_variables(devices).items())
        if name[0] != "_"
        and name != "pi"
        and _is_variable(name, devices)
        and (not whole or isinstance(value, Integral))
    ]


def _variables(devices: Mapping[str, Any]) -> Mapping[str, Any]:
    """The variables at the prompt; a plain mapping of devices knows none."""
    variables: Mapping[str, Any] = getattr(devices, "variables", {})
    return variables


def _is_variable(name: str, devices: Mapping[str, Any]) -> bool:
    return name not in devices and _is_real(_variables(devices).get(name))


def _is_real(value: Any) -> TypeGuard[Real]:
    return isinstance(value, Real) and not isinstance(value, bool)


def _without_comma(word: str) -> str:
    """A word without the comma that may follow it, as in `wm th, tth`."""
    return word[:-1] if word.endswith(",") else word


def plain_value(word: Any) -> Any:
    """A word as metadata have it: a number if it is one, else the text."""
    if not isinstance(word, str) or not is_literal(word):
        return word
    return int(as_typed(word)) if is_whole(word) else float(as_typed(word))


def find_device(word: str, devices: Mapping[str, Any]) -> Any:
    """The device, or with a dotted word ("th.velocity") the part of one, that a word names.

    Raises:
        UnknownName: there is none; the message offers the nearest name.
        UsageError: the word is a device and more, such as "th,tth" or "th=1".
    """
    word = _without_comma(word)
    device_name, *others = word.replace("=", ",").split(",")
    if others and device_name in devices:
        raise UsageError(f"'{word}' is not understood: write {' '.join([device_name, *others])}")
    name, *words = word.split(".")
    try:
        device = devices[name]
    except UnknownName:  # a registry knows more: that the device is switched off, or why it could not be built
        raise
    except KeyError:
        raise unknown("device", name, devices) from None
    for word in words:
        names = [*part_names(device), *getattr(device, "aliases", ())]
        if word not in names:
            raise unknown("part", word, names, of=name)
        device, name = part(device, word), f"{name}.{word}"
    return device


def is_device(token: Any, devices: Mapping[str, Any]) -> bool:
    """True for a device, and for a word that names one or a part of one."""
    if not isinstance(token, str):
        return isinstance(token, Readable | Movable)
    if _without_comma(token).split(".", 1)[0] not in devices:  # looking it up would search for the nearest name
        return False
    try:
        find_device(token, devices)
    except UnknownName:
        return False
    return True
