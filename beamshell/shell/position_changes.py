"""Motors that are to go to positions that are known: where they stand now, the table that shows it, and the plan.

It asks motors and never moves one. Any motor will do, also one of another library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from beamshell.engine.places import same_place
from beamshell.errors import BeamshellError
from beamshell.messages import Plan
from beamshell.plans import stubs as bps
from beamshell.plans.computed_axes import axis_of, joined
from beamshell.shell.positions import position_of, target_digits, unit_of
from beamshell.text.numbers import fixed, in_full, with_unit
from beamshell.text.window import table_in_window

NO_ANSWER = (BeamshellError, TimeoutError)
"""What a device raises that cannot say where it is."""

_DIGITS = 7
"""Significant digits of a position whose motor does not say how many it has."""


class Standing(NamedTuple):
    """Where a motor stands now.

    Attributes:
        setpoint: where it was sent, if it is there; else its position.
        position: as it is read.
    """

    setpoint: Any
    position: Any

    def is_at(self, motor: Any, position: Any) -> bool:
        """Whether that is this position, but for the noise of its last digits."""
        return same_place(motor, position, self.position) or same_place(motor, position, self.setpoint)


class Change(NamedTuple):
    """A motor, and the position that it is to go to.

    Attributes:
        name: as it is typed.
        motor: the device; None if this console has none of this name.
        target: the position, in the unit of the motor; of one with several axes a tuple.
        now: where it stands; None if it does not answer.
        problem: why it cannot go there; "" if it can.
    """

    name: str
    motor: Any
    target: Any
    now: Standing | None
    problem: str = ""

    @property
    def is_there(self) -> bool:
        """Whether it stands there already."""
        return not self.problem and self.now is not None and self.now.is_at(self.motor, self.target)

    @property
    def in_words(self) -> str:
        """From where to where: "samx: 1.000 -> 0.000 mm"."""
        assert self.now is not None
        origin, target = (_text(self.motor, position) for position in (self.now.position, self.target))
        return f"{self.name}: {origin} -> {with_unit(target, '' if _has_axes(self.target) else unit_of(self.motor))}"


def _text(motor: Any, position: Any) -> str:
    """A position with the digits of its motor; of one with several axes as it says it, with units."""
    if _has_axes(position) and hasattr(motor, "with_unit"):
        return str(motor.with_unit(tuple(position)))
    return fixed(float(position), target_digits(motor))


def _has_axes(position: Any) -> bool:
    return isinstance(position, tuple | list)


def standing(motors: Mapping[str, Any]) -> dict[str, Standing]:
    """Where motors stand, by name; those that do not answer are left out.

    All are asked before the first answer is waited for.
    """
    collectors = {}
    for name, motor in motors.items():
        with suppress(*NO_ANSWER):
            if getattr(motor, "connected", True):
                collectors[name] = _begin(motor)
    stand = {}
    for name, collect in collectors.items():
        with suppress(*NO_ANSWER):
            stand[name] = collect()
    return stand


def _begin(motor: Any) -> Callable[[], Standing]:
    """Ask a motor where it stands; the function returned collects the answer."""
    if not hasattr(motor, "begin_location"):
        return partial(Standing, *[position_of(motor)] * 2)
    collect = motor.begin_location()

    def collected() -> Standing:
        location = collect()
        return Standing(location["setpoint"], location["readback"])

    return collected


def changes_table(changes: Sequence[Change], then: str) -> str:
    """A row for each motor: where it is now, where it was, how far that is, and what is to be said.

    Args:
        changes: the motors.
        then: the heading of where they were, such as "at scan 12".
    """
    rows = [("", "now", then, "to go", "", ""), *map(_row, changes)]
    return table_in_window(rows, left_aligned=(0, 4, 5), hide_first=((3,),))


def _row(change: Change) -> tuple[str, ...]:
    motor, now = change.motor, change.now
    if motor is None or now is None:
        return (change.name, "", in_full(change.target, _DIGITS), "", "", change.problem)
    way = "" if change.problem else f"{change.target - now.position:+.{target_digits(motor)}f}"
    texts = (_text(motor, position) for position in (now.position, change.target))
    return (change.name, *texts, way, unit_of(motor), change.problem)


def move_plan(changes: Iterable[Change]) -> Plan:
    """The plan that moves them all together, each position checked first."""
    return bps.mv(*moved_together((change.motor, change.target) for change in changes))


def moved_together(targets_of_motors: Iterable[tuple[Any, Any]]) -> list[Any]:
    """Motors and targets in turn, as `mv` takes them: the axes of one device go as one move of that device."""
    return [word for target in joined(targets_of_motors, also_ours=True) for word in target]


def without_computed(changes: Sequence[Change]) -> list[Change]:
    """The motors, but for the computed axes whose real motors are among them: those move them anyway."""
    motors = {id(change.motor) for change in changes}
    return [change for change in changes if not _moves_with(change.motor, motors)]


def _moves_with(motor: Any, motors: set[int]) -> bool:
    device, axis = axis_of(motor)
    return bool(axis) and all(id(real) in motors for real in device.real_positioners)
