"""One parameter of a command's function: its slots, which follow from its type; its value; its place in a usage.

It never knows the other parameters, but for what may follow it.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal, get_args, get_origin

from beamshell.errors import UsageError
from beamshell.shell.parameter_types import AtLeast
from beamshell.shell.slots import ChoiceSlot, FlagSlot, InjectedSlot, LabelsSlot, NumberSlot, Slot, TextSlot
from beamshell.shell.tokens import MissingWordError, Tokens

_ORDINALS = ("first", "second", "third", "fourth", *["further"] * 100)
NO_DEFAULT = inspect.Parameter.empty
_OF_PYTHON: dict[Any, Slot] = {
    float: NumberSlot(),
    int: NumberSlot(whole=True),
    str: Slot(),
    bool: FlagSlot(),
    Any: Slot(),
    NO_DEFAULT: Slot(),
}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a command.

    Attributes:
        name: as messages call it.
        slots: of one value: its own, or by name those of the fields of a NamedTuple.
        group: the NamedTuple, if it is one.
        least: how many values are needed at least, if it takes a list of them; else None.
        default: the value if it is left out.
    """

    name: str
    slots: dict[str, Slot]
    group: Callable[..., Any] | None
    least: int | None
    default: Any

    @property
    def slot(self) -> Slot:
        """The first of its slots."""
        return next(iter(self.slots.values()))

    @property
    def is_optional(self) -> bool:
        """Whether it may be left out."""
        return self.default is not NO_DEFAULT or self.slot.optional

    @property
    def repeats(self) -> bool:
        """Whether it takes any number of words."""
        return self.least is not None or self.slot.repeats

    @property
    def takes_any_words(self) -> bool:
        """Whether its words are text, in which an equals sign means nothing."""
        return any(slot.takes_the_rest or isinstance(slot, TextSlot | LabelsSlot) for slot in self.slots.values())

    def read(self, tokens: Tokens, later: Sequence[Parameter]) -> Any:
        """Its value, taken from the tokens.

        Raises:
            UsageError: a word does not fit, or is missing.
        """
        if self.least is None:
            return self._read_one(tokens, later)
        values: list[Any] = []
        words_of_later = sum(len(one.slots) * (one.least or 1) for one in later if not one.is_optional)
        while len(values) < self.least or (len(tokens) > words_of_later and self._another(tokens, later)):
            if values and not tokens:
                raise MissingWordError(f"a {_ORDINALS[len(values)]} {next(iter(self.slots))} is missing")
            values.append(self._read_one(tokens, later))
        return values

    def _read_one(self, tokens: Tokens, later: Sequence[Parameter]) -> Any:
        values = []
        following = [*list(self.slots.values())[1:], later[0].slot if later else None]
        for (name, slot), next_slot in zip(self.slots.items(), following, strict=True):
            values.append(slot.read(tokens, name, next_slot))
        return values[0] if self.group is None else self.group(*values)

    def _another(self, tokens: Tokens, later: Sequence[Parameter]) -> bool:
        token, devices = tokens.peek(), tokens.devices
        return self.slot.fits(token, devices) or not any(one.slot.fits(token, devices) for one in later)

    def tokens(self, value: Any) -> list[Any]:
        """The tokens that mean a value of it: the other way round of `read`."""
        if self.least is not None and value is not None:
            values = [value] if self.group is None else value
            return [token for one in values for token in one]
        return list(value) if self.group is not None and isinstance(value, tuple) else self.slot.tokens(value)

    def is_left_out(self, tokens: Tokens, later: Sequence[Parameter]) -> bool:
        """Whether the next token is not for this parameter: there is none, or only a later one fits it."""
        if self.default is NO_DEFAULT:
            return False
        return not tokens or (not self.slot.optional and not self._another(tokens, later))

    def usage(self) -> str:
        """Its text in a usage."""
        words = " ".join(slot.usage(name) for name, slot in self.slots.items())
        if self.least is not None and len(self.slots) == 1:
            words = f"{words} ..."
        elif self.least is not None:
            words = " ".join([*[words] * self.least, f"[{words} ...]"])
        return f"[{words}]" if self.is_optional else words


@dataclass(frozen=True)
class Setting:
    """A keyword-only parameter, typed as name=value; a flag as its bare name."""

    name: str
    slot: Slot
    default: Any

    def usage(self) -> str:
        """Its text in a usage."""
        if self.is_flag:
            return f"[{self.name}]"
        example = "value" if self.default in (None, NO_DEFAULT) else self.default
        return f"[{self.name}={example}]"

    @property
    def is_flag(self) -> bool:
        """Whether its bare name is typed."""
        return isinstance(self.slot, FlagSlot)


def typed_parameter(parameter: inspect.Parameter, hint: Any) -> Parameter | Setting | None:
    """The Parameter or Setting for one parameter of a function; None for the session, which is not typed.

    Args:
        parameter: as `inspect.signature` has it.
        hint: its type.

    Raises:
        UsageError: it cannot be typed; the message says what to write.
    """
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        raise UsageError(f"a command cannot take *{parameter.name}: give it one parameter with a type of list[...]")
    if parameter.kind is parameter.POSITIONAL_ONLY:
        raise UsageError(f"{parameter.name} stands before a `/`: take the `/` out")
    default = parameter.default
    if _may_be_none(hint):
        hint = next(kind for kind in get_args(hint) if kind is not type(None))
        default = None if default is NO_DEFAULT else default
    least, hint = _list_of(hint)
    is_group = isinstance(hint, type) and hasattr(hint, "_fields")
    fields = typing.get_type_hints(hint, include_extras=True) if is_group else {parameter.name: hint}
    slots = {name.replace("_", " "): _slot(name, kind) for name, kind in fields.items()}
    slot = next(iter(slots.values()))
    if isinstance(slot, InjectedSlot):
        return None
    if parameter.kind is parameter.KEYWORD_ONLY:
        if least is not None or is_group:
            raise UsageError(f"{parameter.name}=... takes one word: put {parameter.name} before the `*`")
        return Setting(parameter.name, slot, default)
    if isinstance(slot, FlagSlot):
        raise UsageError(f"{parameter.name} is a bool: put it after a `*`, so that its bare name can be typed")
    return Parameter(parameter.name, slots, hint if is_group else None, least, default)


def is_injected(parameter: inspect.Parameter, names: Mapping[str, Any]) -> bool:
    """Whether a parameter is the session, which is not typed.

    Args:
        parameter: as `inspect.signature` has it.
        names: those of the function's module: a type that is written there as a name is looked up, and not evaluated.
    """
    hint = parameter.annotation
    if isinstance(hint, str):
        name, *attributes = hint.split(".")
        hint = reduce(lambda value, attribute: getattr(value, attribute, None), attributes, names.get(name))
    return any(isinstance(extra, InjectedSlot) for extra in getattr(hint, "__metadata__", ()))


def _may_be_none(hint: Any) -> bool:
    return get_origin(hint) in (types.UnionType, typing.Union) and type(None) in get_args(hint)


def _list_of(hint: Any) -> tuple[int | None, Any]:
    """The least number of items and their type, if the type is a list; else None and the type."""
    if get_origin(hint) is typing.Annotated:
        kind, *more = get_args(hint)
        counts = [one.number for one in more if isinstance(one, AtLeast)]
        return (counts[0], get_args(kind)[0]) if counts else (None, hint)
    return (1, get_args(hint)[0]) if get_origin(hint) is list else (None, hint)


def _slot(name: str, hint: Any) -> Slot:
    if get_origin(hint) is Literal:
        return ChoiceSlot(get_args(hint))
    for extra in get_args(hint)[1:] if get_origin(hint) is typing.Annotated else ():
        if isinstance(extra, Slot):
            return extra
    try:
        return _OF_PYTHON[hint]
    except (KeyError, TypeError):
        raise UsageError(
            f"the parameter {name} has a type that cannot be typed at the prompt: give it one of "
            "beamshell.shell.parameter_types, such as Motor or Points"
        ) from None
