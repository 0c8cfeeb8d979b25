"""The reference's faults that concern devices (numbers of engine-semantics), on the real IOC."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from frozen import frozen
from motor_bench import Outsider, failure, on_its_way, until

from beamshell.devices.component import Component
from beamshell.devices.device import Device
from beamshell.devices.epics.motor import EpicsMotor
from beamshell.devices.epics_signal import EpicsSignal
from beamshell.engine.run_engine import RunEngine
from beamshell.errors import DeviceError, LimitError, StatusTimeoutError
from beamshell.ioc.process import DemoIoc
from beamshell.messages import Msg

# ---- 7: a motor that counts a STOP as success, ends by an old DMOV, or never ends


def test_fault_7_a_stop_from_elsewhere_is_no_success(motor: EpicsMotor, outsider: Outsider) -> None:
    status = on_its_way(motor)
    outsider.put(".STOP", 1)
    assert "by somebody else" in failure(status)


def test_fault_7_the_end_of_an_old_move_does_not_end_the_new_one(motor: EpicsMotor) -> None:
    for number in range(15):
        old, target = motor.set(0.04), 0.5 + 0.1 * (number % 5)
        time.sleep(0.003 * number)
        new = motor.set(target)
        new.wait(15)
        assert abs(motor.position - target) <= 0.001
        assert old.done
        motor.set(0).wait(15)


def test_fault_7_a_move_of_a_frozen_ioc_ends_by_its_time_out_and_the_next_one_works(
    own_ioc: DemoIoc, own_motor: EpicsMotor
) -> None:
    status = own_motor.set(90, timeout=0.7)
    with frozen(own_ioc.pid), pytest.raises(StatusTimeoutError, match=r"^th: move to 90 mm: not done within 0\.7 s$"):
        status.wait(30)
    own_motor.stop()
    until(lambda: bool(own_motor.motor_done_move.get()))
    own_motor.set(0.5).wait(15)
    assert own_motor.position == pytest.approx(0.5, abs=0.001)


def test_fault_7_a_move_survives_a_short_freeze_of_its_ioc(own_ioc: DemoIoc, own_motor: EpicsMotor) -> None:
    status = own_motor.set(10)
    with frozen(own_ioc.pid):
        time.sleep(0.4)
        assert not status.done
    status.wait(15)
    assert own_motor.position == pytest.approx(10, abs=0.001)


def test_fault_7_a_subscriber_may_read_and_move_the_motor_and_is_called_in_no_thread_of_channel_access(
    motor: EpicsMotor,
) -> None:
    record: list[tuple[str, float]] = []

    def reads(**_: Any) -> None:
        record.append((threading.current_thread().name, motor.position))

    token = motor.subscribe(reads, run=False)
    motor.set(1).wait(15)
    until(lambda: len(record) > 0)  # a busy machine may see the end of the move alone
    motor.unsubscribe(token)
    assert {name.rstrip("0123456789") for name, _ in record} == {"beamshell-updates-"}


# ---- 27: a stage that fails half-way leaves devices half staged


class Stage(Device):
    x = Component(EpicsSignal, "Mtr-X")
    y = Component(EpicsSignal, "Mtr-Y", limits=(-50, 50))


class Station(Device):
    left = Component(Stage, "Left-")
    right = Component(Stage, "Right-")


@pytest.fixture
def station(demo_ioc: DemoIoc) -> Iterator[Station]:
    station = Station("TEST:", name="station")
    station.wait_for_connection(10)
    for part in ("left.x", "left.y", "right.x", "right.y"):
        station.part(part).set(1).wait(5)
    yield station
    for part in (station.left, station.right, station):
        part.stage_sigs.clear()
        part.unstage()


def values(station: Station) -> list[float]:
    return [station.part(part).get() for part in ("left.x", "left.y", "right.x", "right.y")]


def test_fault_27_a_stage_that_fails_puts_back_all_that_it_did(station: Station) -> None:
    station.stage_sigs = {"left.x": 11}
    station.left.stage_sigs = {"y": 12}
    station.right.stage_sigs = {"x": 13, "y": 1000}
    with pytest.raises(LimitError, match=r"station_right_y: 1000 mm is above the limit 50 mm"):
        station.stage()
    assert values(station) == [1, 1, 1, 1]
    station.right.stage_sigs = {"x": 13}
    station.stage()  # nothing of it is "staged already"
    assert values(station) == [11, 12, 13, 1]
    station.unstage()
    assert values(station) == [1, 1, 1, 1]


@pytest.mark.parametrize("presses", [1, 2])
def test_fault_27_an_interrupted_stage_puts_back_all_that_it_did(
    station: Station, monkeypatch: pytest.MonkeyPatch, presses: int
) -> None:
    left = [KeyboardInterrupt] * presses
    really_set = station.right.y.set

    def interrupted(value: float) -> Any:
        if left:
            raise left.pop()
        return really_set(value)

    station.left.stage_sigs = {"x": 11}
    station.right.stage_sigs = {"x": 13, "y": 14}
    monkeypatch.setattr(station.right.y, "set", interrupted)
    with pytest.raises(KeyboardInterrupt):
        station.stage()
    station.unstage()  # a second press broke into the way back: this is the rest of it
    assert values(station) == [1, 1, 1, 1]
    assert station.stage()


def test_fault_27_in_a_plan_everything_staged_before_the_failure_is_unstaged(station: Station) -> None:
    def plan() -> Iterator[Msg]:
        yield Msg("stage", station.left)
        yield Msg("stage", station.right)

    station.left.stage_sigs = {"x": 11, "y": 12}
    station.right.stage_sigs = {"x": 13, "y": 1000}
    with pytest.raises(LimitError):
        RunEngine()(plan())
    assert values(station) == [1, 1, 1, 1]
    station.right.stage_sigs = {}
    assert station.left.stage()
    station.left.unstage()


# ---- an IOC that dies


def test_an_ioc_killed_during_a_move_is_a_clear_error_at_once_and_the_motor_is_usable_when_it_is_back(
    own_ioc: DemoIoc, own_motor: EpicsMotor
) -> None:
    status = on_its_way(own_motor, 90)
    own_ioc.kill()
    assert failure(status).startswith("th: move to 90 mm: ")
    assert "OWN:th" in failure(status)
    with pytest.raises(DeviceError, match=r"^th: OWN:th\.\w+ "):
        own_motor.set(1)
    assert own_motor.state()["words"] == ["offline"]
    own_ioc.restart()
    own_ioc.wait_ready()
    until(lambda: own_motor.connected)
    own_motor.set(0.5).wait(15)
    assert own_motor.position == pytest.approx(0.5, abs=0.001)
    own_motor.home("reverse")
