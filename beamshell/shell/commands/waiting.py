"""The command watchpv: waits until a device, a part of one or a PV has a value, such as `watchpv ring > 50 for 10s`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

from typing_extensions import override

from beamshell.engine.asyncio_view import plain_view
from beamshell.errors import CommandError, CommandTimeout, UsageError
from beamshell.messages import Plan
from beamshell.plans.environment import is_simulated, now
from beamshell.plans.watch import ConditionWatch, wait_until
from beamshell.shell.command import Followed, followed_by
from beamshell.shell.command_set import command
from beamshell.shell.device_look import states_of, value_in_words
from beamshell.shell.device_parts import is_motor
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.parameter_types import Duration, Session
from beamshell.shell.plan_form import as_word
from beamshell.shell.slots import DeviceSlot, Slot, unknown_choice
from beamshell.shell.status_line import value_signal
from beamshell.shell.tokens import Tokens, may_be_number, number
from beamshell.text.nearest import nearest
from beamshell.text.times import duration

HEADING = "Ahead of time"
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_EQUALITIES = (operator.eq, operator.ne)
_OTHER_WORDS = {"above": ">", "below": "<", "is": "==", "=": "==", "not": "!="}
_IN_ONE_WORD = re.compile(r"([^<>=!]+)(>=|<=|==|!=|>|<|=)(.*)")
_IS_ADDRESS = re.compile(r"[A-Za-z]+://|[\w-]+:")
"""How a PV begins, or an address of another control system."""


class _WatchedSlot(DeviceSlot):
    """A device or a part of one; any other word with a colon in it is a PV."""

    word = "device | PV"

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> Any:
        token = tokens.peek()
        if isinstance(token, str) and (parts := _IN_ONE_WORD.fullmatch(token)):
            tokens.take(name)
            tokens.put_back(*(part for part in parts.groups() if part))
            token = tokens.peek()
        if isinstance(token, str) and _IS_ADDRESS.match(token):
            return tokens.take(name)
        device = super().read(tokens, name, following)
        device = getattr(device, "main_axis", None) or device  # `mono` means `mono.energy`
        if _followed(device) is None:
            raise UsageError(f"{token} has no single value: name a part of it, such as {token}.<Tab>")
        return device

    @override
    def fits(self, token: Any, devices: Mapping[str, Any]) -> bool:
        return True


class _ComparisonSlot(Slot):
    """A sign, or a word for it."""

    word = "comparison"

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> str:
        word = tokens.take("comparison, such as >,")
        sign = _OTHER_WORDS.get(word, word)
        if sign not in _COMPARISONS:
            near = nearest(str(word), _OTHER_WORDS)
            hint = f"did you mean {near}?" if near else f"write one of {' '.join(_COMPARISONS)}"
            raise UsageError(f"'{word}' is no comparison: {hint}")
        return str(sign)

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return [*_COMPARISONS, "above", "below"]


class _ValueSlot(Slot):
    """A number, or a state in words."""

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> Any:
        token = tokens.take(name)
        return number(token, name, tokens.devices) if may_be_number(token, tokens.devices) else token


class HoldingFor(NamedTuple):
    """How long the comparison must hold."""

    word: Literal["for"]
    time: Duration


class Within(NamedTuple):
    """How long it may take."""

    word: Literal["within"]
    time: Duration


Watched: TypeAlias = Annotated[Any, _WatchedSlot()]
Comparison: TypeAlias = Annotated[str, _ComparisonSlot()]
WantedValue: TypeAlias = Annotated[Any, _ValueSlot()]


@command(HEADING, example="watchpv ring > 50 for 10s", preflight=False)
def watchpv(
    session: Session,
    watched: Watched,
    comparison: Comparison,
    value: WantedValue,
    holding: HoldingFor | None = None,
    within: Within | None = None,
) -> Followed:
    """Wait until a device, a part of one or a PV has such a value; `for 10s`: for so long without a break.

    The comparison is > < >= <= == or !=. A state is written as its word, as in `watchpv shutter == Open`. With `within
    10min` it is an error if that takes longer. Nothing is polled: the values come by subscription. In a queue or a file
    of commands, what follows waits.
    """
    if isinstance(value, str):
        _check_word(value, comparison, watched)
    for_s, timeout_s = holding.time if holding else 0.0, within.time if within else None
    wait = _Wait(session, watched, comparison, value, for_s, timeout_s)
    return followed_by(wait.plan(), lambda _: wait.say_the_end())


def _check_word(value: str, comparison: str, watched: Any) -> None:
    """Return if a word can be compared with: it would be waited for in vain otherwise.

    Raises:
        UsageError: it is no state of the device, or the comparison needs a number.
    """
    if _COMPARISONS[comparison] not in _EQUALITIES:
        raise UsageError(f"'{value}' is not a number: write == or != before a word")
    if isinstance(watched, str) or not getattr(watched, "connected", True):
        return
    states = [str(state) for state in states_of(_followed(watched), watched)]
    if states and value.casefold() not in (state.casefold() for state in states):
        raise unknown_choice(value, states)


def _followed(device: Any) -> Any:
    """The signal that is followed: that of the device's one value; None if it has none."""
    if (signal := value_signal(device)) is not None:
        return signal
    view = plain_view(device)  # of another library
    return view if callable(getattr(view, "get", None)) or is_motor(device) else None


class _Wait:
    """One wait for a value.

    Args:
        session: the console.
        watched: a device, or the address of a PV.
        comparison: a sign.
        value: a number, or a state in words.
        for_s: seconds for which the comparison must hold.
        timeout_s: the longest wait; None for no limit.
    """

    def __init__(
        self, session: Session, watched: Any, comparison: str, value: Any, for_s: float, timeout_s: float | None
    ) -> None:
        self._session = session
        self._watched = watched
        self._compare = _COMPARISONS[comparison]
        self._value = value
        self._for_s = for_s
        self._timeout_s = timeout_s
        self._name = as_word(watched, session.devices)
        self._condition = f"{comparison} {value:g}" if isinstance(value, float) else f"{comparison} {value}"
        self._now = "has no value yet"
        if for_s:
            self._condition += f" for {duration(for_s)}"
        self._took_s = 0.0

    def plan(self) -> Plan:
        """The wait itself."""
        if is_simulated():
            return
        is_pv = isinstance(self._watched, str)
        signal = self._open() if is_pv else _followed(self._watched)
        begun = now()
        try:
            with self._session.plan_note(lambda: f"{self._name} {self._now}, waits for {self._condition}"):
                yield from wait_until(
                    signal,
                    lambda value: self._holds(value, signal),
                    for_s=self._for_s,
                    timeout_s=self._timeout_s,
                    looked=lambda watch, is_connected: self._look(watch, is_connected, signal),
                )
        except CommandTimeout:
            limit = duration(self._timeout_s or 0.0)
            raise CommandError(f"{self._name} was not {self._condition} within {limit}: it {self._now}") from None
        finally:
            self._took_s = now() - begun
            if is_pv:
                signal.destroy()

    def _open(self) -> Any:
        from beamshell.devices.epics_signal import EpicsSignalRO

        return EpicsSignalRO(self._watched, name=self._watched, auto_monitor=True)

    def _words(self, value: Any, signal: Any) -> str:
        device = signal if isinstance(self._watched, str) else self._watched
        return value_in_words(value, signal, device)

    def _holds(self, value: Any, signal: Any) -> bool:
        """Whether the comparison is true; equal is what is shown as equal, and a state is compared as its word."""
        if self._compare not in _EQUALITIES:
            return bool(self._compare(float(value), self._value))
        goal = self._value
        if isinstance(goal, float):
            goal = self._words(int(goal) if states_of(signal, self._watched) else goal, signal)
        return bool(self._compare(self._words(value, signal).casefold(), goal.casefold()))

    def _look(self, watch: ConditionWatch, is_connected: bool, signal: Any) -> None:
        if not is_connected:
            self._now = "does not answer"
        elif watch.value is not None:
            self._now = f"is {self._words(watch.value, signal)}"

    def say_the_end(self) -> None:
        """Say the value, and how long it took."""
        print_answer(f"{self._name} {self._now} ({self._condition}); waited {duration(self._took_s)}")
