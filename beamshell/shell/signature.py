"""The signature of a command's function as the grammar of what is typed: usage, arguments, completion, hints.

It never calls the function, and knows no session beyond handing it through.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args, get_origin

from beamshell.errors import UsageError
from beamshell.shell.parameters import AtLeast
from beamshell.shell.slots import ChoiceSlot, FlagSlot, InjectedSlot, MissingWord, NumberSlot, Slot, Tokens

_NO_DEFAULT = inspect.Parameter.empty
_OF_PYTHON: dict[Any, Slot] = {
    float: NumberSlot(),
    int: NumberSlot(whole=True),
    str: Slot(),
    bool: FlagSlot(),
    Any: Slot(),
    _NO_DEFAULT: Slot(),
}


class Hint(NamedTuple):
    """A usage cut at the place where the cursor is."""

    before: str
    current: str
    after: str

    def __str__(self) -> str:
        return f"{self.before}>{self.current}<{self.after}" if self.current else self.before


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
        return self.default is not _NO_DEFAULT or self.slot.optional

    @property
    def repeats(self) -> bool:
        """Whether it takes any number of words."""
        return self.least is not None or self.slot.repeats

    def read(self, tokens: Tokens, later: Sequence[Parameter]) -> Any:
        """Its value, taken from the tokens.

        Raises:
            UsageError: a word does not fit, or is missing.
        """
        if self.least is None:
            return self._read_one(tokens, later)
        values: list[Any] = []
        while len(values) < self.least or (tokens and self._another(tokens, later)):
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
        return list(value) if value is not None and (self.group is not None or self.slot.repeats) else [value]

    def is_left_out(self, tokens: Tokens, later: Sequence[Parameter]) -> bool:
        """Whether the next token is not for this parameter: there is none, or only a later one fits it."""
        if self.default is _NO_DEFAULT:
            return False
        return not tokens or (not self.slot.optional and not self._another(tokens, later))

    def usage(self) -> str:
        """How a usage shows it."""
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
        """How a usage shows it."""
        if self.is_flag:
            return f"[{self.name}]"
        example = "value" if self.default in (None, _NO_DEFAULT) else self.default
        return f"[{self.name}={example}]"

    @property
    def is_flag(self) -> bool:
        """Whether its bare name is typed."""
        return isinstance(self.slot, FlagSlot)


class _Place(NamedTuple):
    """A slot in a usage."""

    parameter: int
    name: str
    slot: Slot


@dataclass(frozen=True)
class _Graph:
    """Which slot may follow which; -1 stands for the beginning.

    Attributes:
        slots: the slots in order.
        followers: by slot, those that may come next.
        last: the slots after which the line may end.
    """

    slots: list[_Place] = field(default_factory=list)
    followers: dict[int, list[int]] = field(default_factory=lambda: {-1: []})
    last: list[int] = field(default_factory=lambda: [-1])


class CommandSignature:
    """What a command's function takes.

    Args:
        function: its parameters have types of `beamshell.shell.parameters`, or of Python.

    Raises:
        UsageError: a parameter has a type that cannot be typed.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        try:
            hints = typing.get_type_hints(function, include_extras=True)
        except NameError as exc:
            raise UsageError(f"{function.__name__}: its types are unknown: {exc} (import it, also for `Plan`)") from exc
        self.returns = hints.get("return")
        self.injected: list[str] = []
        self.parameters: dict[str, Parameter] = {}
        self.settings: dict[str, Setting] = {}
        for parameter in inspect.signature(function).parameters.values():
            self._add(parameter, hints.get(parameter.name, _NO_DEFAULT))

    def _add(self, parameter: inspect.Parameter, hint: Any) -> None:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise UsageError(f"a command cannot take *{parameter.name}: give it one parameter with a type of list[...]")
        default = None if parameter.default is _NO_DEFAULT and _may_be_none(hint) else parameter.default
        least, hint = _list_of(hint)
        slots = _slots(parameter.name, hint)
        slot = next(iter(slots.values()))
        if isinstance(slot, InjectedSlot):
            self.injected.append(parameter.name)
        elif parameter.kind is parameter.KEYWORD_ONLY:
            self.settings[parameter.name] = Setting(parameter.name, slot, parameter.default)
        elif isinstance(slot, FlagSlot):
            raise UsageError(f"{parameter.name} is a bool: put it after a `*`, so that its bare name can be typed")
        else:
            group = hint if _is_group(hint) else None
            self.parameters[parameter.name] = Parameter(parameter.name, slots, group, least, default)

    # ---- reading -----------------------------------------------------------------------------

    def bind(self, tokens: Iterable[Any], keywords: Mapping[str, Any], session: Any) -> dict[str, Any]:
        """The arguments of the function, by name.

        Args:
            tokens: typed words and Python objects.
            keywords: what was given by name.
            session: the console.

        Raises:
            UsageError: a word does not fit, is missing, or is one too many.
        """
        by_name = dict(keywords)
        left = Tokens(self._without_settings(tokens, by_name), session)
        arguments: dict[str, Any] = dict.fromkeys(self.injected, session)
        parameters = list(self.parameters.items())
        for index, (name, parameter) in enumerate(parameters):
            later = [other for key, other in parameters[index + 1 :] if key not in by_name]
            if name in by_name:
                arguments[name] = self._read_alone(parameter, by_name.pop(name), session)
            elif left and left.peek() is None and parameter.is_optional:
                arguments[name] = left.take(name)
            elif parameter.is_left_out(left, later):
                arguments[name] = parameter.default
            else:
                arguments[name] = parameter.read(left, later)
        if left:
            raise UsageError(f"'{left.peek()}' is one word too many")
        for name, value in by_name.items():
            if name not in self.settings:
                raise UsageError(f"there is no parameter '{name}'")
            setting = self.settings[name]
            if value is not None:
                alone = Tokens([value], session)
                arguments[name] = bool(value) if setting.is_flag else setting.slot.read(alone, name, None)
        return arguments

    def unbind(self, arguments: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The tokens and keywords that mean these arguments; what is None at the end is left out."""
        values = [(parameter, arguments.get(name)) for name, parameter in self.parameters.items()]
        while values and values[-1][1] is None:
            values.pop()
        tokens = [token for parameter, value in values for token in parameter.tokens(value)]
        return tokens, {name: arguments[name] for name in self.settings if arguments.get(name) is not None}

    @staticmethod
    def _read_alone(parameter: Parameter, value: Any, session: Any) -> Any:
        if value is None and parameter.is_optional:
            return parameter.default
        alone = Tokens(flattened([value]), session)
        value = parameter.read(alone, [])
        if alone:
            raise UsageError(f"'{alone.peek()}' is one word too many ({parameter.name})")
        return value

    def _without_settings(self, tokens: Iterable[Any], by_name: dict[str, Any]) -> Iterator[Any]:
        """The tokens that are not typed settings; those go into `by_name`."""
        for token in tokens:
            if not self.settings or not isinstance(token, str):
                yield token
                continue
            name, equals, value = token.partition("=")
            setting = self.settings.get(name)
            if setting is not None and bool(equals) is not setting.is_flag:
                by_name[name] = value.strip("'\"") if equals else True
                if by_name[name] == "":
                    raise MissingWord(f"{name} is missing")
            elif equals:
                names = ", ".join(f"{one.name}=..." for one in self.settings.values() if not one.is_flag)
                raise UsageError(f"'{token}' is not understood: it may be {names}")
            else:
                yield token

    # ---- showing -----------------------------------------------------------------------------

    @property
    def needs_words(self) -> bool:
        """Whether it cannot be typed without any words."""
        return not all(parameter.is_optional for parameter in self.parameters.values())

    def usage(self) -> str:
        """What follows the command's name: "[detector ...] motor start stop points [time]"."""
        return " ".join(self._usages())

    def _usages(self) -> list[str]:
        return [
            *(parameter.usage() for parameter in self.parameters.values()),
            *(setting.usage() for setting in self.settings.values()),
        ]

    # ---- completion and hints ----------------------------------------------------------------

    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> list[str]:
        """What may come next.

        Args:
            typed: the words after the command's name that are complete.
            devices: the devices by name.
        """
        graph = self._graph()
        active, ends, slot_words = self._walk(graph, typed, devices)
        found = [name for at in active for name in graph.slots[at].slot.candidates(slot_words, devices)]
        if ends:
            used = {word.partition("=")[0] for word in typed}
            open_settings = [one for one in self.settings.values() if one.name not in used]
            found += [one.name if one.is_flag else f"{one.name}=" for one in open_settings]
        return list(dict.fromkeys(found))

    def hint(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Hint:
        """The usage, cut at the parameter that comes next."""
        graph = self._graph()
        active, _, _ = self._walk(graph, typed, devices)
        words, parameters = self._usages(), list(self.parameters.values())
        usage = " ".join(words)
        needed = [at for at in active if not parameters[graph.slots[at].parameter].is_optional]
        if not active:
            return Hint(usage, "", "")
        at = graph.slots[(needed or active)[0]]
        word = at.slot.usage(at.name)
        start = usage.index(word, len(" ".join(["", *words[: at.parameter]])))
        return Hint(usage[:start], word, usage[start + len(word) :])

    def _graph(self) -> _Graph:
        graph = _Graph()
        ends = [-1]
        for number, parameter in enumerate(self.parameters.values()):
            first = len(graph.slots)
            before = ends
            for name, slot in parameter.slots.items():
                at = len(graph.slots)
                graph.slots.append(_Place(number, name, slot))
                graph.followers[at] = []
                for end in before:
                    graph.followers[end].append(at)
                before = [at]
            if parameter.repeats:
                graph.followers[before[0]].append(first)
            ends = [*before, *(ends if parameter.is_optional else [])]
        graph.last[:] = ends
        return graph

    def _walk(
        self, graph: _Graph, typed: Sequence[str], devices: Mapping[str, Any]
    ) -> tuple[list[int], bool, Sequence[str]]:
        """The slots that may come next, whether the line may end, and the words of a slot that takes all the rest."""
        matched = [-1]
        for index, word in enumerate(typed):
            if word.partition("=")[0] in self.settings:
                continue
            active = [at for end in matched for at in graph.followers[end]]
            matched = [at for at in active if graph.slots[at].slot.fits(word, devices)]
            if matched and all(graph.slots[at].slot.takes_the_rest for at in matched):
                return matched, False, typed[index:]
        active = list(dict.fromkeys(at for end in matched for at in graph.followers[end]))
        return active, any(end in graph.last for end in matched), ()


def flattened(tokens: Iterable[Any]) -> Iterator[Any]:
    """The tokens, with those of lists in place of the lists."""
    for token in tokens:
        if isinstance(token, list):
            yield from flattened(token)
        else:
            yield token


def _may_be_none(hint: Any) -> bool:
    return get_origin(hint) in (types.UnionType, typing.Union) and type(None) in get_args(hint)


def _list_of(hint: Any) -> tuple[int | None, Any]:
    """How many are needed at least and of what, if the type is a list; else None and the type, without its None."""
    if _may_be_none(hint):
        return _list_of(next(kind for kind in get_args(hint) if kind is not type(None)))
    if get_origin(hint) is typing.Annotated:
        kind, *more = get_args(hint)
        counts = [one.number for one in more if isinstance(one, AtLeast)]
        return (counts[0], get_args(kind)[0]) if counts else (None, hint)
    return (1, get_args(hint)[0]) if get_origin(hint) is list else (None, hint)


def _slots(name: str, hint: Any) -> dict[str, Slot]:
    """The slots of one value of this type, by the name that messages use."""
    fields = typing.get_type_hints(hint, include_extras=True) if _is_group(hint) else {name: hint}
    return {name.replace("_", " "): _slot(name, kind) for name, kind in fields.items()}


def _is_group(hint: Any) -> bool:
    return isinstance(hint, type) and hasattr(hint, "_fields")


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
            "beamshell.shell.parameters, such as Motor or Points"
        ) from None
