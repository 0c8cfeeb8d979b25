"""A positioner goes where it may, and tells how each move ended."""

from __future__ import annotations

from typing import Any

import pytest

from beamshell import protocols
from beamshell.devices.component import Component
from beamshell.devices.positioner import MoveStatus, Positioner
from beamshell.devices.signal import Signal, SignalRO
from beamshell.devices.sim import SynAxis
from beamshell.devices.soft_positioner import SoftPositioner
from beamshell.errors import BadValue, LimitError, MoveFailed, StatusTimeoutError


class Slow(SoftPositioner):
    """A positioner whose moves end when the test says so."""

    def start_move(self, move: MoveStatus) -> None:
        self.setpoint.put(float(move.target))

    def arrive(self) -> None:
        assert self._move is not None
        self._arrive(self._move)


def gap(**kwargs: Any) -> SoftPositioner:
    return SoftPositioner(name="gap", units="mm", limits=(0, 10), **kwargs)


def test_a_positioner_is_what_the_engine_asks_for() -> None:
    for protocol in (protocols.Movable, protocols.Checkable, protocols.Locatable, protocols.Stoppable):
        assert isinstance(gap(), protocol)


def test_it_goes_where_it_is_sent() -> None:
    device = gap()
    status = device.set(3)
    assert (status.done, status.success, device.position) == (True, True, 3.0)
    assert device.locate() == {"setpoint": 3.0, "readback": 3.0}


def test_readback_and_setpoint_are_recorded_under_its_name() -> None:
    device = gap()
    assert list(device.read()) == ["gap", "gap_setpoint"]
    assert device.describe()["gap"]["units"] == "mm"
    assert device.hints == {"fields": ["gap"]}


@pytest.mark.parametrize(
    ("position", "message"),
    [
        (12, r"^gap: 12 mm is above the limit 10 mm$"),
        (-0.5, r"^gap: -0.5 mm is below the limit 0 mm$"),
        (1e9, r"^gap: 1e\+09 mm is above the limit 10 mm$"),
    ],
)
def test_a_move_beyond_the_limit_is_refused(position: float, message: str) -> None:
    device = gap()
    with pytest.raises(LimitError, match=message):
        device.set(position)
    assert (device.position, device.setpoint.get()) == (0.0, 0.0)


@pytest.mark.parametrize("position", [float("nan"), float("inf"), "five", None, [1], True])
def test_what_is_no_position_is_refused(position: Any) -> None:
    with pytest.raises(BadValue, match=r"^gap: "):
        gap().set(position)


def test_limits_can_change_and_be_taken_back() -> None:
    device = gap()
    device.limits = (0, 20)
    device.check_value(12)
    device.limits = None
    device.check_value(1e9)
    assert device.limits == (0.0, 0.0)


@pytest.mark.parametrize("limits", [(5, -5), (1, 1), (1,), ("a", "b"), (float("nan"), 1)])
def test_limits_that_make_no_sense_are_refused(limits: Any) -> None:
    with pytest.raises(BadValue, match=r"^gap: "):
        SoftPositioner(name="gap", limits=limits)


def test_limits_that_exclude_those_of_the_hardware_allow_nothing() -> None:
    class Hardware(SoftPositioner):
        @property
        def hardware_limits(self) -> tuple[float, float]:
            return (-5.0, 5.0)

    device = Hardware(name="gap", limits=(5, 10))
    assert device.limits == (5.0, 5.0)
    for position in (4, 6):
        with pytest.raises(LimitError):
            device.check_value(position)


def test_a_new_move_supersedes_the_old_one() -> None:
    device = Slow(name="gap", units="mm")
    first = device.set(1)
    second = device.set(2)
    with pytest.raises(MoveFailed, match=r"^gap: move to 1 mm was superseded by a move to 2 mm$"):
        first.wait(1)
    device.arrive()
    assert second.success
    assert device.position == 2.0


def test_a_stopped_move_has_failed() -> None:
    device = Slow(name="gap", units="mm")
    status = device.set(1)
    device.stop()
    with pytest.raises(MoveFailed, match=r"^gap: move to 1 mm was stopped$"):
        status.wait(1)
    assert not device.moving


def test_a_move_stopped_as_a_success_has_succeeded() -> None:
    device = Slow(name="gap")
    status = device.set(1)
    device.stop(success=True)
    assert status.success


def test_a_move_that_takes_too_long_has_failed() -> None:
    status = Slow(name="gap", units="mm", timeout=0.01).set(1)
    with pytest.raises(StatusTimeoutError, match=r"gap: move to 1 mm: not done within 0\.01 s"):
        status.wait(2)


def test_a_delayed_move_arrives_later() -> None:
    device = gap(delay=0.02)
    status = device.set(3)
    assert (device.moving, device.position) == (True, 0.0)
    status.wait(2)
    assert (device.moving, device.position) == (False, 3.0)


def test_a_stopped_delayed_move_stays_where_it_was() -> None:
    device = gap(delay=0.02)
    device.set(3)
    device.stop()
    device.set(1).wait(2)
    assert device.position == 1.0


def test_its_state_says_what_a_table_shows() -> None:
    device = Slow(name="gap", units="mm", limits=(0, 10))
    assert device.state()["words"] == []
    device.set(4)
    state = device.state()
    assert (state["position"], state["setpoint"], state["low_limit"], state["high_limit"]) == (0.0, 4.0, 0.0, 10.0)
    assert (state["moving"], state["words"], state["units"]) == (True, ["moving"], "mm")


def test_subscribers_get_the_position() -> None:
    device = gap()
    values: list[float] = []
    device.subscribe(lambda value, **_: values.append(value), run=False)
    device.set(2)
    assert values == [2.0]


def test_the_prompt_shows_where_it_is_without_asking() -> None:
    from IPython.lib.pretty import pretty

    device = SoftPositioner(name="gap", value=1.5, units="mm", delay=3600)
    assert pretty(device) == "SoftPositioner('', name='gap')  at 1.5 mm"
    device.set(2)
    assert pretty(device) == "SoftPositioner('', name='gap')  moving, at 1.5 mm"
    device.stop()


# ---- where a relative move starts


@pytest.mark.parametrize("success", [False, True])
def test_after_a_stop_a_relative_move_starts_where_it_stands(success: bool) -> None:
    device = gap(delay=3600)
    device.set(5)
    device.stop(success)
    assert device.locate() == {"setpoint": 0.0, "readback": 0.0}
    assert device.setpoint.get() == 0.0


def test_after_a_move_that_failed_a_relative_move_starts_where_it_stands() -> None:
    device = Slow(name="gap")
    device.set(5).fail(MoveFailed("a stall"))
    assert device.locate()["setpoint"] == 0.0


def test_on_its_way_a_relative_move_starts_from_the_target() -> None:
    device = Slow(name="gap")
    device.set(5)
    assert device.locate() == {"setpoint": 5.0, "readback": 0.0}


def test_repeated_relative_moves_do_not_creep_with_the_noise_of_the_position() -> None:
    device = SynAxis(name="gap", noise=0.1)
    for _ in range(10):
        device.set(device.locate()["setpoint"] + 1)
    assert device.setpoint.get() == 10.0


# ---- what cannot be stopped


class Unstoppable(Positioner):
    """A positioner whose class has no stop_motion."""

    readback = Component(SignalRO, units="mm")
    setpoint = Component(Signal, units="mm")

    @property
    def readback_signal(self) -> Any:
        return self.readback

    @property
    def setpoint_signal(self) -> Any:
        return self.setpoint

    def start_move(self, move: MoveStatus) -> None:
        self.setpoint.put(float(move.target))


def test_a_class_that_cannot_stop_says_where_it_goes_on_to(caplog: pytest.LogCaptureFixture) -> None:
    device = Unstoppable(name="gap")
    status = device.set(5)
    device.stop()
    assert caplog.messages == ["gap: goes on to 5 mm, as it cannot be stopped; to hold it: mov gap 0"]
    assert str(status.exception()) == "gap: move to 5 mm goes on unwatched: it cannot be stopped"


def test_a_class_that_can_stop_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    device = gap(delay=3600)
    status = device.set(5)
    device.stop()
    assert caplog.messages == []
    assert str(status.exception()) == "gap: move to 5 mm was stopped"
