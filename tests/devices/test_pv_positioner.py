"""A PVPositioner makes a positioner of whatever the hardware offers."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from beamshell.devices.component import Component
from beamshell.devices.derived import DerivedSignal
from beamshell.devices.pv_positioner import PVPositioner
from beamshell.devices.signal import Signal, SignalRO
from beamshell.devices.status import Status
from beamshell.engine.run_engine import RunEngine
from beamshell.errors import BadValue, LimitError, MoveFailed, RunEngineInterrupted, StatusTimeoutError
from beamshell.messages import Msg


class Bare(PVPositioner):
    setpoint = Component(Signal, limits=(0.0, 10.0), units="mm")


class WithDone(Bare):
    readback = Component(SignalRO, units="mm")
    done = Component(SignalRO, value=1, kind="omitted")
    actuate = Component(Signal, value=0, kind="omitted")
    stop_signal = Component(Signal, value=0, kind="omitted")
    actuate_value = 7
    stop_value = 9
    done_grace_s = 5.0

    def show(self, position: float | None = None, done: int | None = None) -> None:
        if position is not None:
            self.readback.put(position, force=True)
        if done is not None:
            self.done.put(done, force=True)


class WithTolerance(PVPositioner):
    setpoint = Component(Signal)
    readback = Component(SignalRO)
    tolerance = 0.1


def test_with_a_set_point_alone_a_move_ends_when_it_is_written() -> None:
    device = Bare(name="gap")
    assert device.set(3).success
    assert device.position == 3.0
    assert list(device.read()) == ["gap"]


def test_the_done_signal_ends_a_move() -> None:
    device = WithDone(name="gap")
    status = device.set(3)
    assert device.actuate.get() == 7
    device.show(done=0)
    device.show(position=3.0)
    assert not status.done
    device.show(done=1)
    assert status.success


def test_a_done_left_from_the_last_move_does_not_end_the_next() -> None:
    device = WithDone(name="gap")
    status = device.set(3)
    device.show(position=1.0, done=1)
    assert not status.done
    device.stop()


def test_a_done_that_never_shows_busy_counts_after_a_while() -> None:
    class Quick(WithDone):
        done_grace_s = 0.02

    Quick(name="gap").set(3).wait(2)


def test_both_done_and_tolerance_must_hold() -> None:
    device = WithDone(name="gap", tolerance=0.5)
    status = device.set(3)
    device.show(done=0)
    device.show(position=2.0, done=1)
    assert not status.done
    device.show(position=2.9)
    assert status.success


def test_within_the_tolerance_is_there() -> None:
    device = WithTolerance(name="gap")
    status = device.set(3)
    device.readback.put(2.8, force=True)
    assert not status.done
    device.readback.put(2.95, force=True)
    assert status.success


def test_nothing_is_watched_after_the_end() -> None:
    device = WithTolerance(name="gap")
    device.set(3)
    device.stop()
    assert not device.readback._subscriptions.has("value")


def test_a_stop_goes_to_the_hardware_and_the_move_has_failed() -> None:
    device = WithDone(name="gap")
    status = device.set(3)
    device.stop()
    assert device.stop_signal.get() == 9
    with pytest.raises(MoveFailed, match=r"^gap: move to 3 mm was stopped$"):
        status.wait(1)


def test_a_new_move_supersedes_the_old_one() -> None:
    device = WithDone(name="gap")
    first, second = device.set(3), device.set(4)
    with pytest.raises(MoveFailed, match=r"superseded by a move to 4 mm"):
        first.wait(1)
    device.show(done=0)
    device.show(done=1)
    assert second.success


def test_a_move_that_never_ends_runs_into_its_time_out() -> None:
    device = WithDone(name="gap", timeout=0.01)
    with pytest.raises(StatusTimeoutError, match=r"gap: move to 3 mm: not done within 0\.01 s"):
        device.set(3).wait(2)


@pytest.mark.parametrize(("position", "error"), [(11, LimitError), (float("nan"), BadValue), ("far", BadValue)])
def test_what_is_not_allowed_is_refused_before_anything_moves(position: Any, error: type[Exception]) -> None:
    device = WithDone(name="gap")
    with pytest.raises(error, match=r"^gap: "):
        device.set(position)
    assert (device.setpoint.get(), device.actuate.get()) == (0.0, 0)


def test_own_limits_narrow_those_of_the_set_point() -> None:
    device = Bare(name="gap", limits=(-5, 5))
    assert device.limits == (0.0, 5.0)
    with pytest.raises(LimitError, match=r"gap: 7 mm is above the limit 5 mm"):
        device.set(7)


def test_states_can_be_positions() -> None:
    class Filter(PVPositioner):
        setpoint = Component(Signal, value=0, choices=("Out", "In"))

    device = Filter(name="filter")
    assert device.set("In").success
    with pytest.raises(BadValue):
        device.set("Inn")


def test_a_positioner_without_a_set_point_is_refused() -> None:
    class Wrong(PVPositioner):
        readback = Component(SignalRO)

    with pytest.raises(TypeError, match="Wrong has no part called setpoint"):
        Wrong(name="wrong")


# ---- every sensible combination of parts

_PARTS = {
    "readback": Component(SignalRO, value=0.0),
    "done": Component(SignalRO, value=1, kind="omitted"),
    "actuate": Component(Signal, value=0, kind="omitted"),
    "stop_signal": Component(Signal, value=0, kind="omitted"),
}
COMBINATIONS = [names for count in range(5) for names in itertools.combinations(_PARTS, count)]


def combined(names: tuple[str, ...], **more: Any) -> Any:
    parts = {name: Component(_PARTS[name].cls, kind=_PARTS[name].kind, **_PARTS[name].kwargs) for name in names}
    cls: Any = type("Combined", (PVPositioner,), {"setpoint": Component(Signal, value=0.0), **parts, **more})
    return cls(name="gap")


@pytest.mark.parametrize(
    ("names", "tolerance"),
    [*((names, None) for names in COMBINATIONS), *((names, 0.1) for names in COMBINATIONS if "readback" in names)],
    ids=lambda value: "+".join(value) or "setpoint alone" if isinstance(value, tuple) else str(value),
)
def test_a_move_of_any_combination_ends_when_all_its_signals_show_the_arrival(
    names: tuple[str, ...], tolerance: float | None
) -> None:
    device = combined(names, tolerance=tolerance, done_grace_s=60.0)
    status = device.set(3)
    assert device.setpoint.get() == 3.0
    if "actuate" in names:
        assert device.actuate.get() == 1
    if "done" in names:
        assert not status.done
        device.done.put(0, force=True)
    if tolerance is not None:
        assert not status.done
        device.readback.put(3.05, force=True)
    if "done" in names:
        assert not status.done
        device.done.put(1, force=True)
    status.wait(2)
    assert "gap" in device.read()


@pytest.mark.parametrize("names", COMBINATIONS, ids=lambda names: "+".join(names) or "setpoint alone")
def test_any_combination_can_be_stopped_and_sent_again(names: tuple[str, ...]) -> None:
    device = combined(names, done_grace_s=60.0)
    status = device.set(3)
    device.stop()
    assert status.done
    assert status.success is ("done" not in names)  # without a done it had arrived before
    if "stop_signal" in names:
        assert device.stop_signal.get() == 1
    again = device.set(4)
    assert device.setpoint.get() == 4.0
    device.stop(success=True)
    again.wait(2)


def test_a_tolerance_without_a_readback_is_refused() -> None:
    with pytest.raises(TypeError, match="has a tolerance, but no part called readback"):
        combined(("done",), tolerance=0.1)


# ---- where a relative move starts


@pytest.mark.parametrize("success", [False, True])
def test_after_a_stop_a_relative_move_starts_where_it_stands(success: bool) -> None:
    device = WithDone(name="gap")
    device.set(8)
    device.show(position=3.0)
    device.stop(success)
    assert device.locate() == {"setpoint": 3.0, "readback": 3.0}


def test_a_set_point_that_was_not_reached_is_not_where_a_relative_move_starts() -> None:
    device = WithTolerance(name="gap")
    device.setpoint.put(8.0)  # by somebody else, and it was switched off on its way
    device.readback.put(3.0, force=True)
    assert device.locate() == {"setpoint": 3.0, "readback": 3.0}


def test_within_the_tolerance_a_relative_move_starts_from_the_set_point() -> None:
    device = WithTolerance(name="gap")
    device.set(8)
    device.readback.put(8.05, force=True)
    assert device.locate() == {"setpoint": 8.0, "readback": 8.05}


# ---- how long a move may take


class Lasting(Signal):
    """A signal whose writes end when the test says so; its own time-out is short."""

    def _write_limit(self) -> float:
        return 0.01

    def _start_write(self, value: Any, status: Status) -> None:
        self.writing = status


class WriteIsMove(PVPositioner):
    setpoint = Component(Lasting)
    actuate = Component(Lasting, value=0, kind="omitted")


class ComputedSetPoint(PVPositioner):
    raw = Component(Lasting)
    setpoint = Component(DerivedSignal, inputs=("raw",), forward=lambda raw: raw / 10, inverse=lambda gap: gap * 10)


def test_only_the_time_out_of_the_move_ends_a_write_that_lasts_as_long_as_the_move() -> None:
    device = WriteIsMove(name="gap")
    status = device.set(3)
    assert device.setpoint.writing.timeout == math.inf
    device.setpoint.writing.set_finished()
    assert device.actuate.writing.timeout == math.inf
    device.actuate.writing.set_finished()
    assert status.success


def test_only_the_time_out_of_the_move_ends_a_write_to_what_a_set_point_is_computed_from() -> None:
    device = ComputedSetPoint(name="gap")
    status = device.set(3)
    assert device.raw.writing.timeout == math.inf
    device.raw.writing.set_finished()
    assert status.success


def test_a_move_whose_write_never_ends_runs_into_the_time_out_of_the_move() -> None:
    with pytest.raises(StatusTimeoutError, match=r"^gap: move to 3: not done within 0\.02 s"):
        WriteIsMove(name="gap", timeout=0.02).set(3).wait(5)


# ---- what cannot be stopped


class Oven(PVPositioner):
    """It has no stop; the test says where it is."""

    setpoint = Component(Signal, units="K")
    readback = Component(SignalRO, units="K", value=300.0, precision=1)
    tolerance = 1.0

    def show(self, temperature: float) -> None:
        self.readback.put(temperature, force=True)


def test_a_stop_sends_what_may_be_held_to_where_it_is() -> None:
    oven = Oven(name="oven", holds_on_stop=True)
    status = oven.set(400)
    oven.show(350.0)
    oven.stop()
    assert oven.setpoint.get() == 350.0
    assert "was stopped" in str(status.exception())
    assert oven.state()["words"] == []


def test_what_has_arrived_is_not_sent_to_where_it_is() -> None:
    oven = Oven(name="oven", holds_on_stop=True)
    status = oven.set(400)
    oven.show(399.5)
    assert status.success
    oven.stop()
    assert oven.setpoint.get() == 400.0


def test_what_was_not_reached_in_time_is_held_by_a_later_stop() -> None:
    oven = Oven(name="oven", holds_on_stop=True, timeout=0.01)
    assert isinstance(oven.set(400).exception(timeout=5), StatusTimeoutError)
    oven.show(350.0)
    oven.stop()
    assert oven.setpoint.get() == 350.0


def test_a_stop_never_sends_it_beyond_its_limits() -> None:
    oven = Oven(name="oven", holds_on_stop=True, limits=(310, 500))
    oven.set(400)
    oven.stop()
    assert oven.setpoint.get() == 310.0


def test_a_stop_ends_a_move_whose_write_it_supersedes() -> None:
    device = WriteIsMove(name="gap", holds_on_stop=True)
    status = device.set(3)
    device.stop(success=True)
    assert status.success


def test_of_what_may_not_be_held_a_stop_says_that_it_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    oven = Oven(name="oven")
    status = oven.set(400)
    oven.show(350.04)
    oven.stop()
    assert oven.setpoint.get() == 400.0
    assert caplog.messages == ["oven: goes on to 400 K, as it cannot be stopped; to hold it: mov oven 350.04"]
    assert str(status.exception()) == "oven: move to 400 K goes on unwatched: it cannot be stopped"
    assert oven.state()["words"] == ["moving"]


def test_a_plan_that_is_paused_and_stopped_leaves_it_where_it_was() -> None:
    oven, engine = Oven(name="oven", holds_on_stop=True), RunEngine()

    def plan() -> Any:
        yield Msg("set", oven, 400, group="away")
        oven.show(350.0)
        yield Msg("pause", None, defer=False)

    with pytest.raises(RunEngineInterrupted):
        engine(plan())
    engine.stop()
    assert (oven.setpoint.get(), oven.moving) == (350.0, False)


def test_at_rest_a_stop_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    oven = Oven(name="oven")
    oven.setpoint.put(300)
    oven.stop()
    assert caplog.messages == []


def test_it_is_moving_as_long_as_its_done_signal_says_so_whoever_sent_it() -> None:
    device = WithDone(name="gap")
    assert device.state()["words"] == []
    device.show(done=0)
    assert device.state()["words"] == ["moving"]


def test_it_is_moving_until_it_is_near_its_set_point_whoever_sent_it() -> None:
    oven = Oven(name="oven")
    oven.setpoint.put(400)
    assert oven.state()["words"] == ["moving"]
    oven.show(399.5)
    assert oven.state()["words"] == []


def test_a_write_that_lasts_is_said_to_go_on_when_its_signal_is_stopped(caplog: pytest.LogCaptureFixture) -> None:
    signal = Lasting(name="ramp")
    signal.stop()
    assert caplog.messages == []
    signal.set(3)
    signal.stop()
    assert caplog.messages == ["ramp: set to 3 goes on, as a write cannot be stopped"]
