"""Names at the prompt: those that the session adds (RE, devices, commands), and the device that a word means.

It never makes or reads a device.
"""

from __future__ import annotations

import builtins
import inspect
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from beamshell.errors import UnknownName
from beamshell.protocols import Movable, Readable
from beamshell.shell.device_parts import axes
from beamshell.shell.messages_shown import say
from beamshell.text.lists import listed

if TYPE_CHECKING:
    from beamshell.devices.registry import Registry

_BUILTINS = frozenset(name for name in vars(builtins) if not name.startswith("_"))


PAUSED_WORDS = ("resume", "stop", "abort", "halt")
"""The commands that end a pause: at PAUSED such a word is the command, whatever variable has its name."""

CONSOLE_NAMES = frozenset({"RE", "runs", "session", "bp", "bps", "bpp", "np", "plt", "pi", "time"})
"""The names of the console that are no commands; some are given late in the start, and all are refused to devices."""

_PROTECTED = frozenset({"RE", "runs", "session", "bp", "bps", "bpp"})
"""Those of them that no variable takes; the others are what people calculate with."""


class PromptNames:
    """The names that a session gives to one prompt.

    Args:
        namespace: the prompt's variables: `user_ns` of an IPython shell.
        hidden: the names that `who` leaves out: `user_ns_hidden` of the shell.

    Attributes:
        variables: the prompt's variables and, in a function that a person has written, those of the function.
        is_of_motion: says of a command whether it moves, measures, stops or shows where motors are: no variable takes
            its name. The name of another command, such as `log`, may be taken, which is said.
    """

    def __init__(self, namespace: MutableMapping[str, Any], hidden: MutableMapping[str, Any]) -> None:
        self.variables = ChainMap(namespace)
        self.is_of_motion: Callable[[str], bool] = lambda _name: True
        self._namespace = namespace
        self._hidden = hidden
        self._objects: dict[str, Any] = {}
        self._registry: Mapping[str, Any] = {}
        self._commands: set[str] = set()
        self._device_names: set[str] = set()
        self._reported: set[str] = set()
        self._taken_before: set[str] = set()  # commands whose name was a variable of the person when they came
        self._saved: dict[str, Any] = {}  # values of protected names by the names that they have now, such as "th_"

    # ---- giving and taking -------------------------------------------------------------------

    def add(self, **objects: Any) -> None:
        """Give each object its name at the prompt."""
        self._objects |= objects
        self._namespace.update(objects)
        self._hidden.update(objects)

    def offer(self, **objects: Any) -> None:
        """Give each object its name, unless a variable of the person has it."""
        self._objects |= objects
        for name, value in objects.items():
            if self._namespace.setdefault(name, value) is value:
                self._hidden[name] = value

    def add_command(self, name: str, function: Any) -> None:
        """Give the function of a command its name; one that it replaces goes, a variable of the person stays."""
        self._commands.add(name)
        if is_command_function(self._namespace.get(name)):
            del self._namespace[name]
        self.offer(**{name: function})
        if self._namespace.get(name) is not function:
            self._taken_before.add(name)

    def remove(self) -> None:
        """Take the names away again, but for those that people calculate with; what a person gave one stays."""
        for name in {*self._commands, *self._objects} - (CONSOLE_NAMES - _PROTECTED):
            value = self._objects.pop(name, None)
            self._hidden.pop(name, None)
            current = self._namespace.get(name)
            if current is not None and (current is value or is_command_function(current)):
                del self._namespace[name]
        self._commands.clear()
        self._device_names.clear()

    def set_devices(self, registry: Registry) -> None:
        """Give each device its name, and take away the names of devices that have gone since the last call."""
        objects = {name: device for name, device in registry.namespace().items() if not self.meaning(name)}
        for name in self._device_names - set(objects):
            self._namespace.pop(name, None)
            self._objects.pop(name, None)
        self.add(**objects)
        self._registry = registry
        self._device_names = set(objects)

    @property
    def devices(self) -> set[str]:
        """The names that the beamline's devices have."""
        return set(self._device_names)

    def meaning(self, name: str) -> str:
        """What a name means at the prompt, so that no device can have it; "" if it is free."""
        if name in self._commands:
            return "a command"
        return "a name of the console" if name in CONSOLE_NAMES else ""

    @contextmanager
    def local(self, variables: MutableMapping[str, Any]) -> Iterator[None]:
        """While the block lasts, words mean the variables of the function in which the command stands.

        Args:
            variables: those of the function; at the prompt itself, those of the prompt.
        """
        self.variables.maps.insert(0, variables)
        try:
            yield
        finally:
            self.variables.maps.pop(0)

    # ---- after each cell ---------------------------------------------------------------------

    def check(self) -> None:
        """Give back the names that were deleted or got a value; say once when a variable hides one that may be hidden.

        The value of a protected name is saved under that name with an underscore behind it.
        """
        undone: dict[str, str] = {}
        plans: list[str] = []
        for name, value in {**self._objects, **self._registry}.items():
            current = self._namespace.setdefault(name, value)
            if current is value:
                self._hidden[name] = value
            if self._is_as_given(name, current, value):
                self._reported.discard(name)
                self._taken_before.discard(name)
            elif self._is_protected(name, current):
                undone[name] = self._save(name, current)
                self._namespace[name] = self._hidden[name] = value
            elif name in self._commands and is_imported_plan(current):
                plans.append(name)
            else:
                self._report(name)
        self._say_undone(undone)
        self._say_plans([name for name in plans if name not in self._reported])
        self._reported = {name for name in self._reported if name in self._namespace}
        hiding = sorted(_BUILTINS & self._namespace.keys() - self._hidden.keys() - self._reported)
        self._reported.update(hiding)
        if len(hiding) == 1:
            say(f"{hiding[0]} is your own now; it hides Python's (del {hiding[0]} gives it back)")
        elif hiding:  # as after `from numpy import *`
            say(f"{listed(hiding)} are your own now; they hide Python's (del {hiding[0]} gives it back)")

    def _is_as_given(self, name: str, current: Any, value: Any) -> bool:
        """Whether a name still means what it was given for: also another device, the same command, another module."""
        if current is value:
            return True
        if name in self._registry:
            return is_device_like(current) and current.name == name  # made anew by the person
        if name in self._commands:
            return is_command_function(current) and current.command_name == name
        if isinstance(value, float):
            return isinstance(current, float) and current == value  # numpy's pi is ours
        return isinstance(value, ModuleType) and isinstance(current, ModuleType)

    def _is_protected(self, name: str, current: Any) -> bool:
        """Whether a name may not keep a value that somebody gave it.

        A function of one's own may have the name of a command, since people import plans and define them.
        """
        if name in self._registry or name in _PROTECTED:
            return True
        is_free = callable(current) or name in self._taken_before
        return name in self._commands and not is_free and self.is_of_motion(name)

    def _save(self, name: str, value: Any) -> str:
        """Keep a value under the name with an underscore behind it, which is returned; no other variable is lost."""
        saved = f"{name}_"
        while saved in self._namespace and self._saved.get(saved) is not self._namespace[saved]:
            saved += "_"
        self._saved[saved] = self._namespace[saved] = value
        return saved

    def _say_undone(self, saved: dict[str, str]) -> None:
        for name, place in saved.items() if len(saved) == 1 else ():
            say(f"{name} is {self._meaning_of(name)} again; your value is {place}")
        if len(saved) > 1:
            say(f"{listed(saved)} are the console's again; your values are {listed(saved.values())}")

    def _say_plans(self, names: list[str]) -> None:
        """Say what commands also are in Python, after `from bluesky.plan_stubs import *`."""
        self._reported.update(names)
        if names:
            what = "is still the command" if len(names) == 1 else "are still the commands"
            say(f"{listed(names)} {what}; in Python, as in RE({names[0]}(...)), what you imported")

    def _meaning_of(self, name: str) -> str:
        return "the device" if name in self._registry else "the command" if name in self._commands else "the console's"

    def _report(self, name: str) -> None:
        if name not in self._reported:
            self._reported.add(name)
            say(f"{name} is your own now; {self._remedy(name)}del {name} gives it back)")

    def _remedy(self, name: str) -> str:
        if name in PAUSED_WORDS:
            return "at PAUSED it stays the command ("
        if name in self._commands:
            return f"%{name} is the command ("
        return "it hides the console's ("


class DeviceNamespace(Mapping[str, Any]):
    """The devices that a word in a command can mean: those of the beamline, and those made at the prompt.

    A variable at the prompt wins over the beamline's device of that name, as long as it is a device itself.

    Args:
        registry: the beamline's devices.
        variables: the prompt's variables, looked up each time.

    Attributes:
        variables: the same; words may name the numbers among them.
    """

    def __init__(self, registry: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
        self._registry = registry
        self.variables = variables

    def __getitem__(self, name: str) -> Any:
        variable = self.variables.get(name)
        return variable if is_device_like(variable) else self._registry[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._registry
        for name, value in list(self.variables.items()):
            if name not in self._registry and not name.startswith("_") and is_device_like(value):
                yield name

    def __contains__(self, name: object) -> bool:
        return name in self._registry or is_device_like(self.variables.get(str(name)))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def distinct(self) -> dict[str, Any]:
        """Each device once, by the first of its names."""
        devices: dict[int, tuple[str, Any]] = {}
        for name, device in self.items():
            devices.setdefault(id(device), (name, device))
        return dict(devices.values())

    def typed_name(self, recorded_name: str) -> str:
        """What is typed for the device that runs record under a name: "th", or "mono.energy" for mono_energy.

        Raises:
            UnknownName: none is recorded so; it was on another console, or is no more.
        """
        if recorded_name in self and getattr(self[recorded_name], "name", "") == recorded_name:
            return recorded_name
        for name, device in self.distinct().items():
            if getattr(device, "name", "") == recorded_name:
                return name
            for part in getattr(device, "component_names", ()):
                if getattr(getattr(device, part, None), "name", None) == recorded_name:
                    return f"{name}.{part}"
            for typed, axis in axes(name, device).items():
                if axis.name == recorded_name:
                    return typed
        raise UnknownName(f"the scan moved {recorded_name}, which this console does not have: name another scan")


def is_device_like(value: Any) -> bool:
    """True for an object, no class and no module, that has a name and can be read or moved."""
    if isinstance(value, type | ModuleType) or not isinstance(getattr(value, "name", None), str):
        return False  # to look into a module could import it
    return isinstance(value, Readable | Movable)


def is_command_function(value: Any) -> bool:
    """True for the Python function of a command."""
    return isinstance(value, FunctionType) and hasattr(value, "command_name")


def is_imported_plan(value: Any) -> bool:
    """True for a generator function of a library, such as the plan `stop` of bluesky; a person's own is none."""
    if not isinstance(value, FunctionType) or value.__module__ == "__main__" or is_command_function(value):
        return False
    return inspect.isgeneratorfunction(inspect.unwrap(value))


class Help(type(help)):  # type: ignore[misc]  # Python keeps its class to itself
    """Python's `help`, which says first what helps here."""

    def __repr__(self) -> str:
        return "bhelp shows the commands, scan? helps with one of them; help(object) is Python's help."
