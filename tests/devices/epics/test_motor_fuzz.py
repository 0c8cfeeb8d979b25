"""Property 7: whatever happens to a motor record and to what it tells us, a status ends, and a success is never a lie.

Once on a model of the record, whose answers come late, twice, out of order or not at all, and once on the real record.
By hand, more of them: ``pytest -n 0 --hypothesis-profile=long -s tests/devices/epics/test_motor_fuzz.py``.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from motor_bench import Outsider, until

from beamshell.devices.component import Component
from beamshell.devices.epics import motor as motor_module
from beamshell.devices.epics.motor import EpicsMotor, MotorMove
from beamshell.devices.signal import Signal
from beamshell.devices.status import Status
from beamshell.errors import DeviceError, MoveFailed, NotConnected, StatusTimeoutError, WriteFailed
from beamshell.ioc.process import DemoIoc

CASES = 12 * settings.default.max_examples
REAL_CASES = max(30, CASES // 20)
SEED = int(os.environ.get("BEAMSHELL_SEED", "7"))
DEADBAND = 0.001


# ---- the model -----------------------------------------------------------------------------------


class Channel(Signal):
    """A field of the modelled record. The end of a write is told when the test says so; offline, nothing answers."""

    offline = False

    def __init__(self, **kwargs: Any) -> None:
        self.held: list[Status] = []
        super().__init__(**kwargs)

    def begin_read(self) -> Callable[[], dict[str, Any]]:
        if self.offline:
            return self._refuse
        return super().begin_read()

    def _refuse(self) -> dict[str, Any]:
        raise NotConnected(f"{self.name}: it has not answered")

    def _write_limit(self) -> float | None:
        return None

    def _start_write(self, value: Any, status: Any) -> None:
        if self.offline:
            raise NotConnected(f"{self.name}: it has not answered")
        self.held.append(status)
        self._writer.put(value)

    def tell(self, status: Status, failure: BaseException | None = None) -> None:
        """Say that a write has ended; a status that is superseded has ended already."""
        self.held.remove(status)
        if not status.done:
            status.set_exception(failure) if failure else status.set_finished()


_VALUES = {
    "velocity": 1.0,
    "acceleration": 0.1,
    "high_limit_travel": 100.0,
    "low_limit_travel": -100.0,
    "motor_done_move": 1,
    "msta": 2,
    "motor_spg": 3,
    "retry_deadband": DEADBAND,
    "motor_resolution": 0.0001,
    "motor_egu": "deg",
}
ModelledMotor: Any = type(
    "ModelledMotor",
    (EpicsMotor,),
    {
        attr: Component(Channel, value=_VALUES.get(attr, 0 if "switch" in attr or "motor_is" in attr else 0.0))
        for attr, component in EpicsMotor._components.items()
        if not component.lazy
    },
)


class Record:
    """A motor record that goes where VAL says, when the test lets it."""

    def __init__(self, motor: Any) -> None:
        self._motor = motor
        self._rested_at: list[tuple[float, float]] = [(0.0, 0.0)]  # each rest, as (readback, VAL)
        self.stalled = False
        motor.user_setpoint.subscribe(self._on_val, run=False)
        motor.motor_stop.subscribe(self._on_stop, run=False)

    @property
    def moments(self) -> int:
        """How often it has come to rest so far."""
        return len(self._rested_at)

    def was_at(self, target: float, since: int) -> bool:
        """True if it has rested at `target`, sent there, at or after that moment."""
        return any(
            abs(at - target) <= DEADBAND and abs(val - target) <= DEADBAND for at, val in self._rested_at[since - 1 :]
        )

    def _on_val(self, value: float, **_: Any) -> None:
        if value != self._motor.user_readback.get():
            self._motor.motor_done_move.put(0)
            self._motor.motor_is_moving.put(1)

    def _on_stop(self, **_: Any) -> None:
        self.rest(val=self._motor.user_readback.get())

    def go_on(self, fraction: float) -> None:
        """Move a part of the way that is left."""
        at, goal = self._motor.user_readback.get(), self._motor.user_setpoint.get()
        if not self.stalled:
            self._motor.user_readback.put(at + fraction * (goal - at))

    def rest(self, val: float | None = None) -> None:
        """Stand still here and now."""
        if val is not None:
            self._motor.user_setpoint.put(val)
        self._motor.motor_is_moving.put(0)
        self._rested_at.append((self._motor.user_readback.get(), self._motor.user_setpoint.get()))
        self._motor.motor_done_move.put(1)

    def arrive(self) -> None:
        """Reach what it was sent to last, unless something is in the way."""
        self.go_on(1.0)
        self.rest()


class Case:
    """One random story of a modelled motor."""

    def __init__(self, number: int) -> None:
        self.chance = random.Random(SEED * 1_000_003 + number)
        self.motor = ModelledMotor("", name="m")
        self.record = Record(self.motor)
        self.moves: list[tuple[Any, int]] = []
        self.deeds: list[str] = []

    def send(self) -> None:
        since = self.record.moments
        timeout = 0.05 if self.chance.random() < 0.05 else 10.0
        try:
            self.moves.append((self.motor.set(round(self.chance.uniform(-9, 9), 3), timeout=timeout), since))
        except DeviceError as exc:  # offline, or the record is not allowed to move
            self.deeds.append(f"refused: {exc}")

    def tell_early(self) -> None:
        """A completion comes though the record moves, or it comes out of order."""
        if held := self.motor.user_setpoint.held:
            self.motor.user_setpoint.tell(self.chance.choice(held))

    def drop(self) -> None:
        """A completion never comes: only the time-out of its move is left to end it."""
        for status in list(self.motor.user_setpoint.held):
            self.motor.user_setpoint.held.remove(status)
        for move, _ in self.moves:
            if not move.done:
                move._on_deadline()

    def other_target(self) -> None:
        self.motor.user_setpoint.put(self.chance.uniform(-9, 9), force=True)

    def other_stop(self) -> None:
        self.record._on_stop()

    def own_stop(self) -> None:
        self.motor.stop(success=self.chance.random() < 0.3)

    def stall(self) -> None:
        self.record.stalled = True
        self.motor.msta.put(2 | 1 << 6)

    def switch(self) -> None:
        self.motor.high_limit_switch.put(1)
        self.record.rest(val=self.motor.user_readback.get())

    def pause(self) -> None:
        self.motor.motor_spg.put(self.chance.choice([0, 1]))
        self.record.rest()

    def disconnect(self) -> None:
        Channel.offline = True
        for status in list(self.motor.user_setpoint.held):
            self.motor.user_setpoint.tell(status, WriteFailed("the connection was lost"))

    def reconnect(self) -> None:
        Channel.offline = False

    def run(self) -> None:
        deeds = [
            *[self.send] * 3,
            *[lambda: self.record.go_on(self.chance.random())] * 4,
            *[self.record.arrive] * 3,
            *[self.tell_early] * 3,
            self.drop,
            self.other_target,
            self.other_stop,
            self.own_stop,
            self.stall,
            self.switch,
            self.pause,
            self.disconnect,
            self.reconnect,
        ]
        self.send()
        for deed in self.chance.choices(deeds, k=self.chance.randint(1, 10)):
            self.deeds.append(deed.__name__)
            deed()
        self.settle()

    def settle(self) -> None:
        """At last the record comes to rest, and every completion that was not lost comes, in any order."""
        self.reconnect()
        self.record.arrive()
        held = self.motor.user_setpoint.held
        while held:
            self.motor.user_setpoint.tell(self.chance.choice(held))


UNDISTURBED = {"send", "<lambda>", "arrive", "tell_early"}


def judge(case: Case, ends: Counter[str]) -> None:
    for move, since in case.moves:
        error = move.exception(timeout=10)  # bounded: else WaitTimeoutError
        ends["success" if error is None else type(error).__name__] += 1
        assert error is None or isinstance(error, MoveFailed | StatusTimeoutError), (case.deeds, error)
        stopped_as_success = case.motor._was_stopped_as_success(move)
        assert error is not None or stopped_as_success or case.record.was_at(move.target, since), case.deeds
    if set(case.deeds) <= UNDISTURBED:
        last = case.moves[-1][0].exception()
        assert last is None or isinstance(last, StatusTimeoutError), (case.deeds, last)  # nor is a failure


def test_a_success_is_always_true_in_whatever_order_the_record_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(motor_module, "_CHECK_AGAIN_S", 0.0005)
    ends: Counter[str] = Counter()
    try:
        for number in range(CASES):
            case = Case(number)
            case.run()
            judge(case, ends)
    finally:
        Channel.offline = False
    print(f"motor fuzz on a model: {CASES} cases, seed {SEED}, {dict(ends)}")
    assert ends["success"] > CASES / 10
    assert ends["MoveFailed"] > CASES / 10


# ---- the real record -----------------------------------------------------------------------------


class Interference:
    """What can happen to a real motor on its way."""

    def __init__(self, motor: EpicsMotor, outsider: Outsider, chance: random.Random) -> None:
        self.motor, self.outsider, self.chance = motor, outsider, chance
        self.overruled = False  # by a foreign target, which may come after our arrival and is then nobody's failure
        self.status = self.send()

    def send(self) -> Any:
        self.status = self.motor.set(self.chance.uniform(0, 4))
        self.overruled = False
        return self.status

    def other_stop(self) -> None:
        self.outsider.put(".STOP", 1)

    def other_target(self) -> None:
        self.outsider.put(".VAL", self.chance.uniform(0, 4))
        self.overruled = True

    def other_move(self) -> None:
        """With completion, which the record keeps until it stands."""
        self.outsider.put_with_completion(".VAL", self.chance.uniform(0, 4))
        self.overruled = True

    def own_stop(self) -> None:
        self.motor.stop()

    def stall(self) -> None:
        self.outsider.put(":stall", 1)

    def switch(self) -> None:
        self.outsider.put(":hard_high", self.chance.uniform(0.5, 3))

    def pause(self) -> None:
        self.outsider.put(".SPMG", self.chance.choice([0, 1]))
        time.sleep(self.chance.uniform(0, 0.03))
        self.outsider.put(".SPMG", 3)

    DEEDS = ("send", "send", "other_stop", "other_target", "other_move", "own_stop", "stall", "switch", "pause")


def test_a_success_is_always_true_on_the_real_record(motor: EpicsMotor, outsider: Outsider) -> None:
    chance = random.Random(SEED)
    ends: Counter[str] = Counter()
    for number in range(REAL_CASES):
        outsider.put_right()
        motor.set(0).wait(15)
        story = Interference(motor, outsider, chance)
        deeds = chance.choices(story.DEEDS, k=chance.choice([0, 1, 1, 2, 3]))
        for deed in deeds:
            time.sleep(chance.uniform(0, 0.06))
            getattr(story, deed)()
        error = story.status.exception(timeout=20)
        ends["success" if error is None else type(error).__name__] += 1
        assert error is None or isinstance(error, MoveFailed), (number, deeds, error)
        if error is None and not story.overruled:
            assert abs(motor.position - story.status.target) <= DEADBAND, (number, deeds)
        motor.stop()
        outsider.put_right()
        until(lambda: bool(motor.motor_done_move.get()))
    print(f"motor fuzz on the real record: {REAL_CASES} cases, seed {SEED}, {dict(ends)}")
    assert ends["success"] > 0
    assert ends["MoveFailed"] > 0


def test_an_ioc_that_dies_at_a_random_moment_of_a_move_leaves_a_clear_failure_and_a_usable_motor(
    own_ioc: DemoIoc, own_motor: EpicsMotor
) -> None:
    chance = random.Random(SEED)
    cases = 2 if CASES <= 600 else min(CASES // 200, 40)
    for _ in range(cases):
        target = chance.uniform(1, 3)
        status: MotorMove | Any = own_motor.set(target)
        time.sleep(chance.uniform(0, 0.12))
        own_ioc.kill()
        error = status.exception(timeout=10)
        assert error is None or (isinstance(error, MoveFailed) and "th: move to" in str(error))
        own_ioc.restart()
        own_ioc.wait_ready()
        until(lambda: own_motor.connected, timeout_s=10)
        own_motor.set(0.25).wait(15)
        assert own_motor.position == pytest.approx(0.25, abs=DEADBAND)
    print(f"motor fuzz with an IOC that dies: {cases} cases")
