"""What a command is: how it is typed, one example, its plan form, and the function that carries it out.

It knows neither IPython nor the engine; the session is handed through to the command's function.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from beamshell.errors import BeamshellError, CommandError, UsageError
from beamshell.shell.magic_line import Words, split_words

if TYPE_CHECKING:
    from beamshell.shell.session import Session

Action: TypeAlias = "Callable[[Session, Words], Any]"
Slots: TypeAlias = Callable[[list[str], Mapping[str, Any]], Iterable[str]]
"""What may come next: the words typed before and the devices go in, the candidates come out."""


@dataclass(frozen=True)
class Command:
    """One word a scientist types, and everything there is to say about it.

    Args:
        name: the word.
        usage: what follows the word, such as "motor position [motor position ...]".
        example: one line as typed.
        action: does it; its docstring is the help.
        plan: the same as a plan, for scripts; "" if it is none.
        aliases: other words for the same thing.
        slots: what completion offers.
        needs_words: typed without anything, it shows its usage.
    """

    name: str
    usage: str
    example: str
    action: Action
    plan: str = ""
    aliases: tuple[str, ...] = ()
    slots: Slots | None = None
    needs_words: bool = False

    @property
    def summary(self) -> str:
        """The help's first line."""
        return self._help.split("\n", 1)[0]

    @property
    def _help(self) -> str:
        return inspect.getdoc(self.action) or ""

    @property
    def usage_line(self) -> str:
        """How it is typed."""
        return f"{self.name} {self.usage}".rstrip()

    @property
    def runs_a_plan(self) -> bool:
        """True if what it does is to run a plan, as scans and moves do: it can then be rehearsed."""
        return self.plan.startswith("RE(")

    def help(self) -> str:
        """The whole help: what it does, how it is typed, one example, the other forms."""
        forms = [f"Usage:    {self.usage_line}", f"Example:  {self.example}"]
        if self.plan:
            forms.append(f"As plan:  {self.plan}")
        if self.aliases:
            forms.append(f"Same as:  {', '.join(self.aliases)}")
        return "\n".join([self._help, "", *forms])

    def run(self, session: Session, line: str, devices: Mapping[str, Any]) -> Any:
        """Carry out one line, given without the command's name.

        Raises:
            BeamshellError: it is refused or has failed. Any other error becomes CommandError.
        """
        words = split_words(line)
        if self.needs_words and not words:
            print(self.help())
            return None
        return self.act(session, Words(words, devices))

    def act(self, session: Session, words: Words) -> Any:
        """Carry it out with words that are taken apart already.

        Raises:
            BeamshellError: it is refused or has failed. Any other error becomes CommandError.
        """
        try:
            return self.action(session, words)
        except UsageError as exc:
            # an unknown name says all there is to say, and so does a command that was called by another
            if type(exc) is not UsageError or isinstance(exc.__cause__, UsageError):
                raise
            raise UsageError(f"{self.name}: {exc}. Usage: {self.usage_line}, such as: {self.example}") from exc
        except BeamshellError:
            raise
        except Exception as exc:
            raise CommandError(f"{self.name}: {type(exc).__name__}: {exc} (last_error shows where)") from exc


@dataclass
class CommandSet:
    """Commands by name; modules fill it with the decorator `add`."""

    _by_name: dict[str, Command] = field(default_factory=dict)

    def add(self, usage: str = "", *, example: str, name: str = "", **more: Any) -> Callable[[Action], Action]:
        """A decorator that makes a function `(session, words)` the action of a command of the same name."""

        def decorate(action: Action) -> Action:
            command = Command(name or action.__name__, usage, example, action, **more)
            self._by_name |= dict.fromkeys((command.name, *command.aliases), command)
            return action

        return decorate

    def __getitem__(self, name: str) -> Command:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    @property
    def names(self) -> list[str]:
        """Every word, aliases included."""
        return sorted(self._by_name)

    @property
    def commands(self) -> list[Command]:
        """Every command once, in the order in which they were added."""
        return list(dict.fromkeys(self._by_name.values()))


# ---- what completion offers ------------------------------------------------------------------


def any_device(_before: list[str], devices: Mapping[str, Any]) -> Iterable[str]:
    """Every device, in every slot."""
    return list(devices)


def motors(devices: Mapping[str, Any]) -> list[str]:
    """The names of what can be moved."""
    from beamshell.shell.positions import is_motor

    return [name for name, device in devices.items() if is_motor(device)]


def only_motors(_before: list[str], devices: Mapping[str, Any]) -> Iterable[str]:
    """Motors, in every slot."""
    return motors(devices)


def motors_and_positions(before: list[str], devices: Mapping[str, Any]) -> Iterable[str]:
    """A motor in every other slot."""
    return motors(devices) if len(before) % 2 == 0 else []


def detectors_then_motor(before: list[str], devices: Mapping[str, Any]) -> Iterable[str]:
    """Devices until a motor has been named; then come numbers."""
    return [] if before and before[-1] in motors(devices) else list(devices)


def detectors_then_axes(before: list[str], devices: Mapping[str, Any]) -> Iterable[str]:
    """As for one motor, and a motor again after each three numbers."""
    return _motor_after(3, before, devices)


def detectors_then_lines(before: list[str], devices: Mapping[str, Any]) -> Iterable[str]:
    """As for one motor, and a motor again after each two numbers."""
    return _motor_after(2, before, devices)


def _motor_after(numbers: int, before: list[str], devices: Mapping[str, Any]) -> Iterable[str]:
    names = motors(devices)
    since = next((n for n, word in enumerate(reversed(before)) if word in names), None)
    if since is None:
        return list(devices)
    return names if since == numbers else []
