"""CommandSignature: how typed words become the arguments of a command's function; its usage, completion and hints.

It never calls the function, and knows no session beyond handing it through.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from beamshell.errors import UsageError
from beamshell.shell.parameters import NO_DEFAULT, Parameter, Setting, typed_parameter
from beamshell.shell.plan_form import as_word
from beamshell.shell.slot_graph import NextWord, SlotGraph
from beamshell.shell.tokens import MissingWordError, Tokens, WrongWordError


class Hint(NamedTuple):
    """A usage cut at the place where the cursor is."""

    before: str
    current: str
    after: str

    def __str__(self) -> str:
        return f"{self.before}>{self.current}<{self.after}" if self.current else self.before


class CommandSignature:
    """The parameters of a command's function, and the words that are typed for them.

    Args:
        function: its parameters have types of `beamshell.shell.parameter_types`, or of Python.

    Raises:
        UsageError: it is no plain function, or a parameter has a type that cannot be typed.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        if not inspect.isroutine(function):
            raise UsageError(f"a command is made of a function, and not of {function!r}: write `def` below @command()")
        name = function.__name__
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise UsageError(f"{name} cannot be a command: it is async; write a plan, or a plain function")
        try:
            hints = typing.get_type_hints(function, include_extras=True)
        except NameError as exc:
            raise UsageError(f"{name}: its types are unknown: {exc} (import it, also for `Plan`)") from exc
        except (SyntaxError, TypeError, AttributeError) as exc:
            raise UsageError(f"{name}: its types are not understood: {exc}") from exc
        self.returns = hints.get("return")
        self.injected: list[str] = []
        self.parameters: dict[str, Parameter] = {}
        self.settings: dict[str, Setting] = {}
        for name, parameter in inspect.signature(function).parameters.items():
            typed = typed_parameter(parameter, hints.get(name, NO_DEFAULT))
            if typed is None:
                self.injected.append(name)
            elif isinstance(typed, Setting):
                self.settings[name] = typed
            else:
                self.parameters[name] = typed
        self._takes_any_words = any(one.takes_any_words for one in self.parameters.values())
        self._named = {} if self._takes_any_words else self._with_names()

    def _with_names(self) -> dict[str, Parameter]:
        """The parameters that may be typed as name=value too."""
        return {name: one for name, one in self.parameters.items() if len(one.slots) == 1 and not one.repeats}

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
        remaining = Tokens(self._without_named(tokens, by_name), session)
        arguments: dict[str, Any] = dict.fromkeys(self.injected, session)
        arguments |= self._read_parameters(remaining, by_name)
        if remaining:
            raise WrongWordError(f"'{as_word(remaining.peek(), remaining.devices)}' is one word too many")
        return arguments | self._read_settings(by_name, session)

    def _read_parameters(self, remaining: Tokens, by_name: dict[str, Any]) -> dict[str, Any]:
        """The parameters that are given by their place, or by name; those are taken out of `by_name`."""
        arguments: dict[str, Any] = {}
        parameters = list(self.parameters.items())
        for index, (name, parameter) in enumerate(parameters):
            later = [other for key, other in parameters[index + 1 :] if key not in by_name]
            if name in by_name:
                arguments[name] = self._read_alone(parameter, by_name.pop(name), remaining.session)
            elif remaining and remaining.peek() is None and parameter.default is not NO_DEFAULT:
                arguments[name] = remaining.take(name)
            elif parameter.is_left_out(remaining, later):
                arguments[name] = parameter.default
            else:
                arguments[name] = parameter.read(remaining, later)
        return arguments

    def _read_settings(self, by_name: Mapping[str, Any], session: Any) -> dict[str, Any]:
        for name in by_name:
            if name not in self.settings:
                raise WrongWordError(f"there is no parameter '{name}'")
        arguments: dict[str, Any] = {}
        for name, setting in self.settings.items():
            value = by_name.get(name)
            if value is not None:
                alone = Tokens([value], session)
                arguments[name] = bool(value) if setting.is_flag else setting.slot.read(alone, name, None)
            elif setting.default is NO_DEFAULT:
                raise MissingWordError(f"{name}=... is missing")
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
        if value is None and parameter.default is not NO_DEFAULT:
            return parameter.default
        alone = Tokens(flattened([value]), session)
        value = parameter.read(alone, [])
        if alone:
            raise WrongWordError(f"'{alone.peek()}' is one word too many ({parameter.name})")
        return value

    def _without_named(self, tokens: Iterable[Any], by_name: dict[str, Any]) -> Iterator[Any]:
        """The tokens that are not typed with a name; those go into `by_name`."""
        for token in tokens:
            if not isinstance(token, str):
                yield token
                continue
            name, equals, value = token.partition("=")
            setting = self.settings.get(name)
            is_named = bool(equals) and name in self._named
            if is_named or (setting is not None and bool(equals) is not setting.is_flag):
                if name in by_name:
                    raise WrongWordError(f"{name} is there twice")
                by_name[name] = value.strip("'\"") if equals else True
                if by_name[name] == "":
                    raise MissingWordError(f"{name} is missing")
            elif equals and self.settings and not self._takes_any_words:
                names = ", ".join(f"{one.name}=..." for one in self.settings.values() if not one.is_flag)
                if not names:
                    raise WrongWordError(f"'{token}' is not understood")
                raise UsageError(f"'{token}' is not understood: it may be {names}")
            else:
                yield token

    # ---- showing -----------------------------------------------------------------------------

    @property
    def needs_words(self) -> bool:
        """Whether it cannot be typed without any words."""
        return not all(parameter.is_optional for parameter in self.parameters.values())

    def usage(self) -> str:
        """The words after the command's name: "[detector ...] motor start stop points [time]"."""
        return " ".join(self._usages())

    def _usages(self) -> list[str]:
        return [
            *(parameter.usage() for parameter in self.parameters.values()),
            *(setting.usage() for setting in self.settings.values()),
        ]

    # ---- completion and hints ----------------------------------------------------------------

    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> list[str]:
        """The completions of the next word.

        Args:
            typed: the words after the command's name that are complete.
            devices: the devices by name.
        """
        following = self._next_word(typed, devices)
        names = [name for place in following.places for name in place.slot.candidates(following.words, devices)]
        if following.line_may_end:
            typed_settings = {word.partition("=")[0] for word in typed}
            unused = [setting for setting in self.settings.values() if setting.name not in typed_settings]
            names += [setting.name if setting.is_flag else f"{setting.name}=" for setting in unused]
        return list(dict.fromkeys(names))

    def hint(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Hint:
        """The usage, cut at the parameter that comes next."""
        places = self._next_word(typed, devices).places
        words, parameters = self._usages(), list(self.parameters.values())
        usage = " ".join(words)
        if not places:
            return Hint(usage, "", "")
        required = [place for place in places if not parameters[place.parameter].is_optional]
        place = (required or places)[0]
        word = place.slot.usage(place.name)
        start = usage.index(word, len(" ".join(["", *words[: place.parameter]])))
        return Hint(usage[:start], word, usage[start + len(word) :])

    def _next_word(self, typed: Sequence[str], devices: Mapping[str, Any]) -> NextWord:
        words = [
            word
            for word in typed
            if (name := word.partition("=")[0]) not in self.settings and not (name in self._named and "=" in word)
        ]
        return SlotGraph(self.parameters.values()).after(words, devices)


def flattened(tokens: Iterable[Any]) -> Iterator[Any]:
    """The tokens, with those of lists in place of the lists.

    Raises:
        UsageError: a list is empty: without it the command would take what it takes by itself, as the last run.
    """
    for token in tokens:
        if isinstance(token, list):
            if not token:
                raise UsageError("a list is empty: leave it out, or put something into it")
            yield from flattened(token)
        else:
            yield token
