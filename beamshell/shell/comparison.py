"""Where devices are against where they are to be: compared, shown, asked about, and then moved.

It serves presets and states alike, and knows neither file. Nothing moves before it was shown and agreed to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import groupby
from typing import Any

from typing_extensions import override

from beamshell.documents.alarms import INVALID, alarms_of
from beamshell.errors import CommandError, Declined, UnknownName
from beamshell.messages import Plan
from beamshell.plans import stubs as bps
from beamshell.protocols import BeginsRead, Movable
from beamshell.shell.conditions import Condition, Near, is_number
from beamshell.shell.device_parts import is_motor
from beamshell.shell.messages_shown import print_answer
from beamshell.shell.plan_form import as_word
from beamshell.shell.position_changes import moved_together
from beamshell.shell.positions import asked, begin_position, no_answer, no_value, target_digits, unit_of
from beamshell.shell.questions import agrees, is_attended
from beamshell.shell.slots import Slot
from beamshell.shell.tokens import Tokens, find_device
from beamshell.text.lists import listed
from beamshell.text.nearest import unknown
from beamshell.text.numbers import counted, fixed, in_full, with_unit
from beamshell.text.window import table_in_window

_MOST_NAMED = 3


@dataclass(frozen=True)
class Comparison:
    """One device against its condition.

    Attributes:
        name: as one types it.
        condition: what its value must be.
        device: the device; None if there is none of this name.
        value: its value now, a state in words; None if it does not answer.
        problem: why it cannot be compared: "OFFLINE", "in INVALID alarm"; "" if it can.
    """

    name: str
    condition: Condition
    device: Any = None
    value: Any = None
    problem: str = ""

    @property
    def differs(self) -> bool:
        """Whether the condition is not fulfilled, or cannot be checked."""
        return bool(self.problem) or self.condition.difference(self.value) is not None

    @property
    def can_be_moved(self) -> bool:
        """Whether a move of this device would fulfil it."""
        device = self.device
        may_be_written = getattr(device, "writable", True) is not False and not getattr(device, "read_only", False)
        return not self.problem and self.condition.target is not None and isinstance(device, Movable) and may_be_written

    @property
    def unit(self) -> str:
        """The unit of the device."""
        return unit_of(self.device) if self.device is not None else self.condition.unit

    def digits(self, number: float) -> str:
        """A number as this device writes it."""
        if self.device is None or not isinstance(getattr(self.device, "precision", None), int):
            return in_full(number, 8)
        return fixed(number, target_digits(self.device))

    @property
    def now(self) -> str:
        """The value with its unit, or what the matter is."""
        if self.problem:
            return self.problem
        return with_unit(self.digits(self.value), self.unit) if is_number(self.value) else str(self.value)

    @property
    def aim(self) -> str:
        """The condition in words."""
        return self.condition.in_words(self.digits, self.unit)

    @property
    def difference(self) -> str:
        """By how much it differs; "" if it does not, or if that is no number."""
        distance = None if self.problem else self.condition.difference(self.value)
        return with_unit(self.digits(distance), self.unit) if isinstance(distance, float) else ""

    @property
    def in_brief(self) -> str:
        """What differs: "th by 1.0000 deg", "shutter is Closed", "temp OFFLINE"."""
        if self.problem:
            return f"{self.name} {self.problem}"
        return f"{self.name} by {self.difference}" if self.difference else f"{self.name} is {self.now}"

    @property
    def sentence(self) -> str:
        """Such as "th is 1.0000 deg, and must be 0.0000 ± 0.001 deg"."""
        return f"{self.name} is {self.now}, and must be {self.aim}"

    @property
    def move(self) -> str:
        """Such as "th: 1.0000 -> 0.2987 deg"."""
        now = self.digits(self.value) if is_number(self.value) else str(self.value)
        target = self.condition.target
        there = with_unit(self.digits(target), self.unit) if is_number(target) else str(target)
        return f"{self.name}: {now} -> {there}"


def begin_comparison(
    conditions: Mapping[str, Condition], devices: Mapping[str, Any], offline: str = "OFFLINE"
) -> Callable[[], list[Comparison]]:
    """Ask devices for what is compared with their conditions; the function returned collects it.

    Args:
        conditions: by the names that one types, such as "mono.energy".
        devices: the devices by name.
        offline: what is said of a device that does not answer.
    """
    collectors = [_begin(name, condition, devices, offline) for name, condition in conditions.items()]
    return lambda: [collect() for collect in collectors]


def compare(
    conditions: Mapping[str, Condition], devices: Mapping[str, Any], offline: str = "OFFLINE"
) -> list[Comparison]:
    """Each device against its condition; all are asked before the first answer is waited for."""
    return begin_comparison(conditions, devices, offline)()


def _begin(name: str, condition: Condition, devices: Mapping[str, Any], offline: str) -> Callable[[], Comparison]:
    try:
        device = find_device(name, devices)
    except UnknownName as exc:
        missing = Comparison(name, condition, problem=f"not there: {exc}")
        return lambda: missing
    if not getattr(device, "connected", True):
        return lambda: Comparison(name, condition, device, problem=offline)
    collect_value, is_invalid = asked(begin_value, device), asked(_begin_alarm, device)
    collect_tolerance = asked(lambda device: _begin_tolerance(device, condition), device)

    def collected() -> Comparison:
        try:
            value, tolerance, invalid = collect_value(), collect_tolerance(), is_invalid()
        except Exception as exc:  # noqa: BLE001  a device of others may fail in any way
            return Comparison(name, condition, device, problem=no_answer(exc, offline))
        if value is None:
            return Comparison(name, condition, device, problem=no_value(device, offline))
        if invalid:
            return Comparison(name, condition, device, problem="in INVALID alarm")
        if condition.unit and (unit := unit_of(device)) and unit != condition.unit:
            return Comparison(name, condition, device, problem=f"in {unit}, not in {condition.unit}")
        own = replace(condition, tolerance_of_device=tolerance) if isinstance(condition, Near) else condition
        return Comparison(name, own, device, value)

    return collected


def begin_value(device: Any) -> Callable[[], Any]:
    """Ask for the position of a motor, the state of a shutter or the value of anything else, a state as its word."""
    if is_motor(device):
        return begin_position(device)
    if callable(begin := getattr(device, "begin_state", None)):
        collect_state = begin()
        return lambda: collect_state()["position"]
    begin = getattr(device, "begin_read", None)
    collect = begin() if callable(begin) else device.read
    fields = [device.name, *(getattr(device, "hints", None) or {}).get("fields", [])]

    def value() -> Any:
        reading = collect()
        number = next((reading[field]["value"] for field in fields if field in reading), None)
        states = getattr(device, "enum_strs", ())
        return states[number] if isinstance(number, int) and 0 <= number < len(states) else number

    return value


def _begin_tolerance(device: Any, condition: Condition) -> Callable[[], float]:
    """Ask what a device takes for the same place: half of its last digit at least, and where its moves may end."""
    least = 0.5 * 10.0 ** -target_digits(device)
    begin = getattr(device, "begin_tolerance", None)
    if not isinstance(condition, Near) or condition.tolerance is not None or not callable(begin):
        return lambda: least
    collect = begin()
    return lambda: max(least, collect() or 0.0)


def _begin_alarm(device: Any) -> Callable[[], bool]:
    """Ask whether the control system says that the value means nothing."""
    signal = getattr(device, "readback_signal", device)
    if not isinstance(signal, BeginsRead):
        return lambda: False
    collect = signal.begin_read()
    return lambda: INVALID in alarms_of(collect()).values()


# ---- showing -----------------------------------------------------------------------------------


def comparison_table(comparisons: Iterable[Comparison], aim: str) -> str:
    """A row for each device: its value now, what it must be, by how much it differs.

    Args:
        comparisons: of the devices.
        aim: the heading of the column that says what must be.
    """
    rows = [(one.name, one.now, one.aim, (one.difference or "differs") if one.differs else "") for one in comparisons]
    return table_in_window([("", "now", aim, "differs by"), *rows], left_aligned=(0, 2))


def differences(comparisons: Iterable[Comparison]) -> str:
    """What differs, in one line: "th is 1.0000 deg, and must be 0.0000 ± 0.001 deg"; "" if nothing does."""
    sentences = [one.sentence for one in comparisons if one.differs]
    more = f" (and {counted(len(sentences) - _MOST_NAMED, 'more device')})" if len(sentences) > _MOST_NAMED else ""
    return "; ".join(sentences[:_MOST_NAMED]) + more


# ---- some of several ---------------------------------------------------------------------------


class MovedNameSlot(Slot):
    """The name of a device that a preset or a state has, or a pattern such as `sam*`."""

    word = "motor"

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> str:
        return as_word(tokens.take(name), tokens.devices).rstrip(",")

    @override
    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Iterable[str]:
        return [name for name, device in devices.items() if is_motor(device)]


def some_of(conditions: Mapping[str, Condition], words: Iterable[str], *, of: str) -> dict[str, Condition]:
    """The conditions on the devices that words name: "mono.energy", its owner "mono", or a pattern.

    Args:
        conditions: by name.
        words: as they are typed.
        of: what has the conditions, for the message.

    Raises:
        UnknownName: no condition is on such a device; the message offers the nearest.
    """
    some: dict[str, Condition] = {}
    for word in words:
        fitting = {
            name: one
            for name, one in conditions.items()
            if word in (name, name.partition(".")[0]) or fnmatchcase(name, word)
        }
        if not fitting:
            raise unknown("motor", word, conditions, of=of)
        some |= fitting
    return some


# ---- moving ------------------------------------------------------------------------------------


def moves_agreed(session: Any, comparisons: Iterable[Comparison], *, agreed: bool, line: str) -> list[Comparison]:
    """Show from where to where each device would go, and ask; the moves that the person agrees to.

    Args:
        session: the console.
        comparisons: of the devices; those that do not differ are left alone.
        agreed: whether the person has typed that it is to be done, so that nobody is asked.
        line: what is typed where nobody can be asked.

    Raises:
        CommandError: a device does not answer or does not exist, the person says no, or nobody can be asked.
    """
    differing = [one for one in comparisons if one.differs]
    moves = [one for one in differing if one.can_be_moved]
    if problems := [f"{one.name} {one.problem}" for one in differing if one.problem]:
        raise CommandError(f"nothing was moved: {listed(problems)} (name the others to move them alone)")
    for one in differing:
        print_answer(one.move if one.can_be_moved else f"{one.sentence}: it cannot be moved")
    if not moves:
        print_answer("nothing to move" if differing else "all is there already: nothing to move")
        return []
    if agreed:
        return moves
    if not is_attended(session.shell):
        raise CommandError(f"nothing was moved, since nobody is at the prompt to be asked: {line} yes")
    if not agrees(f"Move {counted(len(moves), 'device')}?", default=True):
        raise Declined("nothing was moved")
    return moves


def plan_of_moves(moves: Sequence[Comparison]) -> Plan:
    """The plan that moves devices in their order: neighbours that are motors together, another when it is its turn."""
    groups = [
        moved_together((one.device, one.condition.target) for _, one in group)
        for _, group in groupby(enumerate(moves), lambda item: -1 if is_motor(item[1].device) else item[0])
    ]
    return bps.mv(*groups[0]) if len(groups) == 1 else bps.mv_in_turn(*groups)


def arrivals(comparisons: Iterable[Comparison], devices: Mapping[str, Any]) -> None:
    """Print from where to where each device has gone."""
    before = list(comparisons)
    after = compare({one.name: one.condition for one in before}, devices)
    for was, now in zip(before, after, strict=True):
        origin = was.digits(was.value) if is_number(was.value) else str(was.value)
        print_answer(f"{was.name}: {origin} -> {now.now}")
