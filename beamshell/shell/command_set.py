"""CommandSet: all commands by name; each is also a function in Python. `@command` adds one at any time.

    @command("Moving", example="nod th 3")
    def nod(motor: Motor, times: Points) -> Plan:
        '''Move a motor to and fro.'''

It never knows what a command does, nor the shell in which it is typed.
"""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from beamshell.errors import CommandError, ConfigError, UnknownName, UsageError
from beamshell.messages import Plan
from beamshell.plugins import entry_points_of, load
from beamshell.shell.command import ADDED_HERE, Command, Followed
from beamshell.shell.messages_shown import say
from beamshell.shell.signature import flattened
from beamshell.shell.typed_cell import KEYWORDS
from beamshell.text.nearest import nearest
from beamshell.text.window import window_width

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class CommandFunction(Protocol):
    """A command as a Python function: ``scan(det, th, -1, 1, 21)``, and ``scan.plan(...)`` for its plan alone."""

    command_name: str
    subcommand: Callable[..., Callable[[Callable[..., Any]], Command]]

    def __call__(self, *tokens: Any, **keywords: Any) -> Any:
        """Do what the command does."""

    def plan(self, *tokens: Any, **keywords: Any) -> Plan:
        """The plan of the command, which is not run."""

    def getdoc(self) -> str:
        """The help, as IPython asks for it."""


class CommandSet:
    """All commands by name, and the console that those called in Python belong to."""

    def __init__(self) -> None:
        self._by_name: dict[str, Command] = {}  # those that are imported
        self._modules: dict[str, str] = {}  # by command of ours, the module that adds it
        self._functions: dict[str, list[Any]] = {}  # by command that is not imported, its functions in Python
        self._entry_points: dict[str, EntryPoint] = {}
        self._plugins: dict[str, EntryPoint] = {}
        self._plugin_problems: list[ConfigError] = []
        self.session: Any = None
        """The console that commands called in Python belong to."""
        self.added: Callable[[str], Any] | None = None
        """Called with each name that a command is added under, so that the prompt learns it."""
        self.meaning: Callable[[str], str] = lambda _name: ""
        """What a name that is no command means at the prompt, such as "a magic of IPython"; "" for nothing."""

    def declare(self, module: str, names: Iterable[str]) -> None:
        """Have a module imported when one of its commands, of these names, is used for the first time."""
        self._modules |= dict.fromkeys(names, module)

    def add(self, command: Command) -> None:
        """Add a command; one of the same name is replaced, also under its other words; if it was ours, that is said.

        Raises:
            ConfigError: a name cannot be typed, or means something else already.
        """
        if self._modules.get(command.name) == command.function.__module__:  # it has its names at the prompt already
            names = (command.name, *command.aliases)
            self._by_name |= dict.fromkeys(names, command)
            for name in names:
                for function in self._functions.pop(name, ()):
                    _bind(function, command)
            return
        if self.session is not None:
            _ = command.signature  # so that whoever writes a command sees at once which parameter cannot be typed
        old = self[command.name] if command.name in self._modules else self._by_name.get(command.name)
        if old is not None and old.name == command.name:
            command.aliases = tuple(dict.fromkeys((*command.aliases, *old.aliases)))
        names = (command.name, *command.aliases)
        for name in names:
            self._check(name)
            if name in self._modules:
                _ = self[name]  # imported later, it would replace this one
        if self.session is not None and old is not None and old.is_ours and not command.is_ours:
            say(f"{' and '.join(names)}: your own command now, in place of beamshell's")
        self._by_name |= dict.fromkeys(names, command)
        if self.added is not None:
            for name in names:
                self.added(name)

    def _check(self, name: str) -> None:
        is_taken = keyword.iskeyword(name) and name not in KEYWORDS
        if not name.isidentifier() or is_taken or hasattr(builtins, name):
            raise ConfigError(f"'{name}' cannot be a command: it is no free word of Python; choose another name")
        if self.session is not None and name in getattr(self.session, "devices", ()):
            raise ConfigError(f"'{name}' cannot be a command: it is a device; choose another name")
        if meaning := self.meaning(name):
            raise ConfigError(f"'{name}' cannot be a command: it is {meaning}; choose another name")

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

    def function(self, name: str) -> CommandFunction:
        """The Python function of a command, which is imported when it is called.

        It stays the function of this command, also when another one takes its name.
        """
        function: Any

        def command() -> Command:
            return self[name] if function.command is None else function.command

        def call(*tokens: Any, **keywords: Any) -> Any:
            return self._call(command, list(flattened(tokens)), keywords)

        def plan(*tokens: Any, **keywords: Any) -> Plan:
            command_plan = command().make(self._open_session(), list(flattened(tokens)), keywords)
            if not isinstance(command_plan, Followed):
                raise UsageError(f"{name} runs no plan")
            return command_plan.plan

        function = call
        function.__name__ = function.__qualname__ = function.command_name = name
        function.command, function.plan = None, plan
        function.subcommand = lambda **more: command().subcommand(**more)
        function.getdoc = lambda: command().help(window_width(sys.stdout))
        if name in self._by_name:
            _bind(function, self._by_name[name])
        else:
            self._functions.setdefault(name, []).append(function)
        return cast(CommandFunction, function)

    def _call(self, find: Callable[[], Command], tokens: list[Any], keywords: Mapping[str, Any]) -> Any:
        session = self._open_session()
        session.wait_for_devices()
        command = find()
        line = command.line_of(session, tokens, keywords) if command.runs_a_plan else ""
        return command.act(session, tokens, keywords, line=line)

    def _open_session(self) -> Any:
        if self.session is None:
            raise CommandError("no console is open: start `beamshell`, or type %load_ext beamshell")
        return self.session

    def is_imported(self, name: str) -> bool:
        """False for a command of another package that nobody has used yet."""
        return name in self._by_name or name in self._modules

    def import_named_in(self, text: str) -> None:
        """Import those of our commands whose names are words of a text, such as a cell with ``help(scan)``."""
        for name in self._modules.keys() & set(re.findall(r"\w+", text)):
            _ = self[name]

    def __getitem__(self, name: str) -> Command:
        if name not in self._by_name:
            if name in self._modules:
                import_module(self._modules[name])  # its decorators add its commands
            elif name in self._plugins:
                self._load(name)
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name or name in self._modules or name in self._plugins

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._modules, *self._by_name, *self._plugins)))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def commands(self) -> list[Command]:
        """Every command once, ours first; those of other packages that nobody has used are left out."""
        return list(dict.fromkeys(self[name] for name in self if self.is_imported(name)))

    @property
    def values_alone(self) -> set[str]:
        """Those of the imported commands that give a value without a further word, as in ``x = ct``."""
        return {name for name, command in self._by_name.items() if command.gives_value_alone}

    def by_heading(self) -> dict[str, list[Command]]:
        """Every command once, under its heading."""
        headings: dict[str, list[Command]] = {}
        for command in self.commands:
            headings.setdefault(command.heading, []).append(command)
        return headings

    def search(self, word: str) -> list[Command]:
        """The commands with a word that begins so: in their name, then in their summary, then in their help.

        Raises:
            UnknownName: there is none; the message offers the nearest command.
        """
        pattern = re.compile(rf"\b{re.escape(word)}", re.IGNORECASE)
        by_rank: tuple[list[Command], ...] = ([], [], [])
        for command in self.commands:
            texts = (" ".join([command.name, *command.aliases]), command.summary, command.help())
            rank = next((rank for rank, text in enumerate(texts) if pattern.search(text)), None)
            if rank is not None:
                by_rank[rank].append(command)
        if not any(by_rank):
            raise self.unknown(word)
        return [command for commands in by_rank for command in commands]

    # ---- commands of other packages ------------------------------------------------------------

    def find_plugins(self) -> None:
        """Add the names of the commands of other packages; each is imported when it is first used."""
        plugins = entry_points_of("beamshell.commands")
        if plugins is self._entry_points:
            return
        self._entry_points, self._plugins, self._plugin_problems = plugins, {}, []
        for name, entry in plugins.items():
            try:
                self._check(name)
            except ConfigError as exc:
                self._plugin_problems.append(exc)
                continue
            self._plugins[name] = entry
            if self.added is not None and not self.is_imported(name):
                self.added(name)

    def _load(self, name: str) -> None:
        load(self._plugins[name])  # its decorator adds it
        if name not in self._by_name:
            raise ConfigError(
                f"the entry point '{name}' of beamshell.commands is no command of this name: use @command"
            )

    def load_plugins(self) -> list[ConfigError]:
        """Import the commands of all other packages; the errors of those that cannot be imported."""
        self.find_plugins()
        problems = list(self._plugin_problems)
        for name in self._plugins:
            try:
                self[name]
            except ConfigError as exc:
                problems.append(exc)
        return problems

    def names_of_plans(self) -> list[str]:
        """The commands that run a plan, those of other packages included, but for those that cannot be imported."""
        self.load_plugins()
        return [name for name in self if self.is_imported(name) and self[name].runs_a_plan]


def _bind(function: Any, command: Command) -> None:
    """Give a Python function its command, with the docstring and signature for ``help(scan)`` and ``scan?``."""
    function.command = command
    function.__doc__ = command.function.__doc__
    function.__signature__ = command.signature_in_python


COMMANDS = CommandSet()
"""The commands of this process."""


def command(heading: str = ADDED_HERE, **more: Any) -> Callable[[Callable[..., Any]], CommandFunction]:
    """A decorator that makes a function a command of the same name, at once and at any time.

    Args:
        heading: where `bhelp` shows it, a new one or one that is there.
        more: example, name, aliases, preflight, labelled and value of `Command`.

    Raises:
        ConfigError: the name means something else already.
        UsageError: it is no plain function, or a parameter has a type that cannot be typed.

    Example:
        See docs/how-to/extend/command.md::

            @command("Moving", example="nod th 3")
            def nod(motor: Motor, times: Points) -> Plan:
                "Move a motor to and fro."
                for _ in range(times):
                    yield from bps.mvr(motor, 0.1)
                    yield from bps.mvr(motor, -0.1)
    """
    if callable(heading):
        raise UsageError("write @command() with its brackets, also where nothing stands in them")

    def decorate(function: Callable[..., Any]) -> CommandFunction:
        added = Command(function, heading, **more)
        COMMANDS.add(added)
        return COMMANDS.function(added.name)

    return decorate
