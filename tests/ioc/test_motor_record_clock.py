"""The motor record on a clock that goes on between any two looks at it, as on a busy machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from beamshell.ioc.motion import Move, Travel
from beamshell.ioc.motor_record import MotorRecord


class Clock:
    """A clock whose time passes by being looked at."""

    speed = 1.0

    def __init__(self, step_s: float) -> None:
        self.time, self.step_s = 0.0, step_s
        self.due: list[Any] = []

    def now(self) -> float:
        self.time += self.step_s
        return self.time

    def after(self, delay_s: float, action: Any) -> None:
        self.due.append(action)


class Bare(MotorRecord):
    """A motor record without EPICS around it: its fields are a dict."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock  # type: ignore[assignment]  # it has what is needed of one
        self._fields: dict[str, Any] = {
            "SIMH": 100.0,
            "SIML": -100.0,
            "RDBD": 0.001,
            "MRES": 1e-4,
            "SPMG": 3,
            "RTRY": 10,
        }
        self._dial = self._target = 0.0
        self._has_slipped = self._waits_for_go = self._is_jogging = self._is_homed = False
        self._move = None

    def __getitem__(self, field: str) -> Any:
        return self._fields.get(field, 0)

    def __setitem__(self, field: str, value: Any) -> None:
        self._fields[field] = value

    def finish(self) -> None:
        pass

    @property
    def _base(self) -> Any:
        return self

    _address = 0

    @contextlib.contextmanager
    def locked(self, _address: int = 0) -> Iterator[None]:
        yield


def test_a_move_ends_at_its_target_however_slowly_it_is_looked_at():
    for thousandths in range(1, 400, 7):
        clock = Clock(step_s=thousandths / 1000)
        motor = Bare(clock)
        motor._target = 1.0
        motor._set_off(Travel(1.0, (Move(0.0, 1.0, 1.0),)))
        while clock.due:
            clock.due.pop()()
        assert (motor["DMOV"], motor._dial, motor._has_slipped) == (1, 1.0, False), clock.step_s


def test_the_position_at_a_late_pulse_is_that_of_when_it_was_due():
    clock = Clock(step_s=0.0)
    motor = Bare(clock)
    assert motor.follow([0.0, 1.0, 2.0], [0.0, 4.0, 0.0], began=0.0)
    clock.time = 5.0  # the thread that should have looked was held up
    clock.due.pop()()
    assert motor["DMOV"] == 1
    assert [motor.position_at(at) for at in (0.5, 1.0, 1.5, 3.0)] == [2.0, 4.0, 2.0, 0.0]
