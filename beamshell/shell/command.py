"""What a command is: a Python function with typed parameters, and all that follows from its signature.

    @command("Moving", example="nod th 3")
    def nod(motor: Motor, times: Points) -> Plan:
        '''Move a motor to and fro.'''

It knows neither IPython nor the engine; the session is handed through to the command's function.
"""

from __future__ import annotations

import builtins
import inspect
import keyword
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from types import GeneratorType
from typing import Any, get_origin

from beamshell.errors import BeamshellError, CommandError, ConfigError, UnknownName, UsageError
from beamshell.messages import Plan
from beamshell.plans.unrun_plan_guard import PlanCall, UnrunPlanGuard, call_of, guarded
from beamshell.plugins import entry_points_of, load
from beamshell.shell.plan_form import literal, plan_form
from beamshell.shell.signature import CommandSignature, Hint, flattened
from beamshell.shell.slots import MissingWord, unknown_choice
from beamshell.shell.typed_line import joined
from beamshell.text.nearest import nearest

ADDED_HERE = "Added here"
"""The heading of commands that name none."""


@dataclass(frozen=True)
class Followed:
    """A plan, and what belongs to it."""

    plan: Plan
    then: Callable[[Any], None] | None = None
    during: Callable[[], AbstractContextManager[Any]] = nullcontext


def followed_by(
    plan: Plan,
    then: Callable[[Any], None] | None = None,
    *,
    during: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> Followed:
    """A plan, and what is done when it has ended well, also after a pause and `resume`.

    Args:
        plan: what the command runs.
        then: called with what the plan has returned.
        during: makes a context that lasts as long as the plan runs, until it ends or is paused.
    """
    return Followed(plan, then, during)


class _RefusedError(UsageError):
    """A wrong line; the message names the command already."""


class Command:
    """One word a scientist types, and everything there is to say about it.

    Called in Python it does the same: ``scan(det, th, -1, 1, 21)`` and ``scan("det", "th", -1, 1, 21)`` are
    ``scan det th -1 1 21``.

    Args:
        function: does it: it returns a plan, which is then run, or does something and returns a value. Its docstring
            is the help, its parameters are what is typed.
        heading: where `bhelp` shows it.
        example: one line as typed.
        name: the word; "" for the function's name.
        aliases: other words for the same thing.
        preflight: False if its plan is to run without being simulated first, such as a move.
        labelled: False if its runs are labelled with the command by the plan itself, such as those of a queue.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        heading: str = ADDED_HERE,
        *,
        example: str = "",
        name: str = "",
        aliases: Sequence[str] = (),
        preflight: bool = True,
        labelled: bool = True,
    ) -> None:
        self.function = function
        self.heading = heading
        self.name = name or function.__name__
        self.example = example or self.name
        self.aliases = tuple(aliases)
        self.preflight = preflight
        self.labelled = labelled
        self.subcommands: dict[str, Command] = {}

    @cached_property
    def signature(self) -> CommandSignature:
        """What is typed after its name."""
        return CommandSignature(self.function)

    def subcommand(self, *, example: str, name: str = "", **more: Any) -> Callable[[Callable[..., Any]], Command]:
        """A decorator: the function does it when the first word is its name."""

        def decorate(function: Callable[..., Any]) -> Command:
            word = name or function.__name__
            self.subcommands[word] = Command(
                function, self.heading, example=example, name=f"{self.name} {word}", **more
            )
            return self.subcommands[word]

        return decorate

    # ---- what there is to say ----------------------------------------------------------------

    @property
    def summary(self) -> str:
        """The help's first line."""
        return (inspect.getdoc(self.function) or "").split("\n", 1)[0]

    @property
    def usage(self) -> str:
        """What follows its name."""
        if not self.subcommands:
            return self.signature.usage()
        words = [f"{word} {sub.usage}".rstrip() for word, sub in self.subcommands.items()]
        return f"[{' | '.join([self.signature.usage(), *words]).removeprefix(' | ')}]"

    @property
    def usage_line(self) -> str:
        """How it is typed."""
        return f"{self.name} {self.usage}".rstrip()

    @property
    def runs_a_plan(self) -> bool:
        """True if what it does is to run a plan, as scans and moves do: it can then be rehearsed and queued."""
        returns = self.signature.returns
        return get_origin(returns) is Generator or returns is Followed or inspect.isgeneratorfunction(self.function)

    @property
    def python_form(self) -> str:
        """The example as it is called in Python; "" if its name is no word of Python."""
        name, *words = self.example.split()
        if not name.isidentifier() or keyword.iskeyword(name):
            return ""
        return f"{name}({', '.join(map(_in_python, words))})"

    def help(self) -> str:
        """The whole help: what it does, how it is typed, one example, the other forms."""
        lines = [f"Usage:    {self.usage_line}", f"Example:  {self.example}"]
        if form := self.python_form:
            lines.append(f"Python:   {form}")
            if self.runs_a_plan:
                lines.append(f"As plan:  RE({form.replace('(', '.plan(', 1)})")
        if self.aliases:
            lines.append(f"Same as:  {', '.join(self.aliases)}")
        if self.subcommands:
            width = max(len(sub.example) for sub in self.subcommands.values())
            lines += ["", *(f"{sub.example:<{width}}  {sub.summary}" for sub in self.subcommands.values())]
        return "\n".join([inspect.getdoc(self.function) or "", "", *lines])

    getdoc = help  # what IPython shows for `scan?`

    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> list[str]:
        """What completion offers after the words that are typed already."""
        if (sub := self._subcommand(typed)) is not None:
            return sub.candidates(typed[1:], devices)
        return [*([] if typed else self.subcommands), *self.signature.candidates(typed, devices)]

    def hint(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Hint:
        """Its usage, cut at the word that comes next."""
        if (sub := self._subcommand(typed)) is not None:
            return sub.hint(typed[1:], devices)
        before, current, after = self.signature.hint(typed, devices)
        return Hint(f"{self.name} {before}", current, after)

    def _subcommand(self, tokens: Sequence[Any]) -> Command | None:
        return self.subcommands.get(tokens[0]) if tokens and isinstance(tokens[0], str) else None

    # ---- doing it ----------------------------------------------------------------------------

    def make(self, session: Any, tokens: Sequence[Any], keywords: Mapping[str, Any] | None = None) -> Any:
        """What the function returns for these words; a plan, which is not run, as a `Followed`.

        Args:
            session: the console.
            tokens: words and Python objects that follow the name.
            keywords: what is given by name.

        Raises:
            BeamshellError: it is refused or has failed. Any other error becomes CommandError.
        """
        if (sub := self._subcommand(tokens)) is not None:
            return sub.make(session, tokens[1:], keywords)
        if tokens and self.subcommands and not self.signature.parameters:
            raise unknown_choice(tokens[0], self.subcommands)
        try:
            arguments = self.signature.bind(tokens, keywords or {}, session)
            made = self.function(**arguments)
        except BeamshellError as exc:
            raise self._refusal(exc) from exc
        except Exception as exc:
            raise self._failure(exc) from exc
        if isinstance(made, GeneratorType | UnrunPlanGuard):
            made = Followed(made)
        if isinstance(made, Followed):
            return replace(made, plan=self._named(made.plan, arguments, session))
        return made

    def _refusal(self, exc: BeamshellError) -> BeamshellError:
        """The same, with the command's name; with its usage if words are missing."""
        if type(exc) is MissingWord:
            return _RefusedError(f"{self.name}: {exc}.\nUsage: {self.usage_line}, such as: {self.example}")
        return _RefusedError(f"{self.name}: {exc}") if type(exc) is UsageError else exc

    def _failure(self, exc: Exception) -> CommandError:
        return CommandError(f"{self.name}: {type(exc).__name__}: {exc} (last_error shows where)")

    def _named(self, plan: Any, arguments: Mapping[str, Any], session: Any) -> Plan:
        """The plan, which can be written and made once more: by its own call or, if that cannot, by this command's."""
        call = call_of(plan)
        if call is not None and call.can_be_repeated and plan_form(plan, session.devices):
            return plan  # type: ignore[no-any-return]

        def make(*tokens: Any, **keywords: Any) -> Plan:
            return self.make(session, list(flattened(tokens)), keywords).plan  # type: ignore[no-any-return]

        tokens = [arguments.get(name) for name in self.signature.parameters]
        while tokens and tokens[-1] is None:
            tokens.pop()
        keywords = {name: arguments[name] for name in self.signature.settings if name in arguments}
        return guarded(iter(plan), PlanCall(make, tuple(flattened(tokens)), keywords, f"{self.name}.plan"))

    def act(
        self,
        session: Any,
        tokens: Sequence[Any],
        keywords: Mapping[str, Any] | None = None,
        *,
        line: str = "",
    ) -> Any:
        """Do it: run the plan, or return what the function returns.

        Args:
            session: the console.
            tokens: words and Python objects that follow the name.
            keywords: what is given by name.
            line: the command as it was typed, which labels its runs.

        Raises:
            BeamshellError: it is refused or has failed. Any other error becomes CommandError.
        """
        if (sub := self._subcommand(tokens)) is not None:
            return sub.act(session, tokens[1:], keywords, line=line)
        made = self.make(session, tokens, keywords)
        if not isinstance(made, Followed):
            return made
        try:
            with made.during():
                session.run(made.plan, command=line if self.labelled else "", then=made.then, preflight=self.preflight)
        except BeamshellError:
            raise
        except Exception as exc:
            raise self._failure(exc) from exc
        return None

    def __call__(self, *tokens: Any, **keywords: Any) -> Any:
        """Do it in Python: ``scan(det, th, -1, 1, 21)``.

        Args:
            tokens: devices and numbers, or the words that one types for them.
            keywords: parameters by name.

        Raises:
            BeamshellError: it is refused or has failed. Any other error becomes CommandError.
        """
        session, tokens = COMMANDS.open_session(), tuple(flattened(tokens))
        session.wait_for_devices()
        return self.act(session, tokens, keywords, line=self._line(session, tokens, keywords))

    def plan(self, *tokens: Any, **keywords: Any) -> Plan:
        """The plan that it would run, which is not run: ``RE(scan.plan(det, th, -1, 1, 21))``.

        Raises:
            UsageError: it runs no plan, or the words do not fit.
        """
        made = self.make(COMMANDS.open_session(), list(flattened(tokens)), keywords)
        if not isinstance(made, Followed):
            raise UsageError(f"{self.name} runs no plan")
        return made.plan

    def _line(self, session: Any, tokens: Sequence[Any], keywords: Mapping[str, Any]) -> str:
        """The line that one would type for a call in Python."""

        def word(token: Any) -> str:
            return token if isinstance(token, str) else literal(token, session.devices) or repr(token)

        words = [word(token) for token in tokens]
        return joined([self.name, *words, *(f"{key}={word(value)}" for key, value in keywords.items())])

    def __repr__(self) -> str:
        return f"<command {self.usage_line}>"


def _in_python(word: str) -> str:
    is_literal = (
        word.replace(".", "").replace("-", "").replace("e", "").isdigit() or word.replace(".", "").isidentifier()
    )
    return word if is_literal else repr(word)


class CommandSet:
    """All commands by name, and the console whose they are."""

    def __init__(self) -> None:
        self._by_name: dict[str, Command] = {}
        self.session: Any = None
        """The console that commands called in Python belong to."""
        self.added: Callable[[str], Any] | None = None
        """Called with each name that a command is added under, so that the prompt learns it."""

    def add(self, command: Command) -> None:
        """Add a command; one of the same name is replaced.

        Raises:
            ConfigError: a name cannot be typed, or means something else already.
        """
        if self.session is not None:
            _ = command.signature  # a parameter that cannot be typed is told to whoever has just written it
        names = (command.name, *command.aliases)
        for name in names:
            self._check(name)
        self._by_name |= dict.fromkeys(names, command)
        if self.added is not None:
            for name in names:
                self.added(name)

    def _check(self, name: str) -> None:
        if not name.isidentifier() or keyword.iskeyword(name) or hasattr(builtins, name):
            raise ConfigError(f"'{name}' cannot be a command: it is no free word of Python; choose another name")
        if self.session is not None and name in getattr(self.session, "devices", ()):
            raise ConfigError(f"'{name}' cannot be a command: it is a device; choose another name")

    def open_session(self) -> Any:
        """The console.

        Raises:
            CommandError: none is open.
        """
        if self.session is None:
            raise CommandError("no console is open: start `beamshell`, or type %load_ext beamshell")
        return self.session

    # ---- finding -----------------------------------------------------------------------------

    def find(self, word: str) -> Command:
        """The command that a word names.

        Raises:
            UnknownName: there is none; the message offers the nearest.
        """
        name = word.lstrip("%")
        if name not in self:
            raise self.unknown(name)
        return self[name]

    def unknown(self, word: str) -> UnknownName:
        """The error for a word that is no command; it offers the nearest."""
        near = nearest(word, self)
        return UnknownName(f"no command '{word}': {f'did you mean {near}?' if near else 'bhelp shows all'}")

    def python_form(self, name: str) -> Command | PluginCommand:
        """What stands for a command at the prompt; nothing is imported for it."""
        return self._by_name.get(name) or PluginCommand(name, self)

    def __getitem__(self, name: str) -> Command:
        if name not in self._by_name and name in self._plugins:
            self._load(name)
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name or name in self._plugins

    def __iter__(self) -> Iterator[str]:
        yield from self._by_name
        yield from (name for name in self._plugins if name not in self._by_name)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def commands(self) -> list[Command]:
        """Every command once, in the order in which they were added."""
        return list(dict.fromkeys(self._by_name.values()))

    def by_heading(self) -> dict[str, list[Command]]:
        """Every command once, under its heading."""
        headings: dict[str, list[Command]] = {}
        for command in self.commands:
            headings.setdefault(command.heading, []).append(command)
        return headings

    # ---- commands of other packages ------------------------------------------------------------

    @property
    def _plugins(self) -> Mapping[str, Any]:
        return entry_points_of("beamshell.commands")

    def _load(self, name: str) -> None:
        command = load(self._plugins[name])
        if not isinstance(command, Command):
            raise ConfigError(
                f"the entry point '{name}' of beamshell.commands is no command: decorate it with @command"
            )
        self._by_name.setdefault(name, command)

    def load_plugins(self) -> list[ConfigError]:
        """Import the commands of all other packages; what could not be imported."""
        problems = []
        for name in self._plugins:
            try:
                self[name]
            except ConfigError as exc:
                problems.append(exc)
        return problems


class PluginCommand:
    """A command of another package, which is imported when it is first used.

    Args:
        name: of its entry point.
        commands: where it is looked up.
    """

    def __init__(self, name: str, commands: CommandSet) -> None:
        self._name, self._commands = name, commands

    def __call__(self, *tokens: Any, **keywords: Any) -> Any:
        """Do it in Python."""
        return self._commands[self._name](*tokens, **keywords)

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._commands[self._name], attribute)


COMMANDS = CommandSet()
"""The commands of this process."""


def command(heading: str = ADDED_HERE, **more: Any) -> Callable[[Callable[..., Any]], Command]:
    """A decorator that makes a function a command of the same name, at once and at any time.

    Args:
        heading: where `bhelp` shows it, a new one or one that is there.
        more: example, name, aliases, preflight and labelled of `Command`.

    Raises:
        ConfigError: the name means something else already.
        UsageError: a parameter has a type that cannot be typed.

    Example:
        >>> @command("Moving", example="nod th 3")
        ... def nod(motor: Motor, times: Points) -> Plan:
        ...     "Move a motor to and fro."
        ...     return bps.mvr(motor, 0.1)
    """

    def decorate(function: Callable[..., Any]) -> Command:
        added = Command(function, heading, **more)
        COMMANDS.add(added)
        return added

    return decorate
