"""Who may write: no device writes without permission, and each stop goes out all the same."""

from __future__ import annotations

import pytest

from beamshell.devices import Component, Device, EpicsMotor, EpicsSignal, Signal, SoftPositioner
from beamshell.devices.permission import WRITING, WritePermission
from beamshell.devices.sim import SynAxis
from beamshell.errors import NotInControl


class Refusal:
    """Refuses every write, and notes which device it was of."""

    def __init__(self):
        self.devices = []

    def __call__(self, device):
        self.devices.append(device)
        raise NotInControl(f"{device}: not now")


@pytest.fixture
def refusal():
    refuse = Refusal()
    WRITING.guard(refuse)
    yield refuse
    WRITING.unguard(refuse)


def test_without_a_console_everything_may_be_written():
    assert WritePermission().is_open


def test_a_positioner_is_refused_and_has_not_moved(refusal):
    axis = SynAxis(name="axis")
    for move in (axis.set, axis.move, lambda position: axis.set(position, timeout=1)):
        with pytest.raises(NotInControl, match="axis: not now"):
            move(3)
    assert axis.position == 0
    assert not axis.moving


def test_a_value_of_this_process_is_not_the_beamlines(refusal):
    gain = Signal(name="gain", value=1.0)
    gain.set(2.0).wait(5)
    gain.put(3.0)
    assert gain.get() == 3.0
    assert refusal.devices == []


def test_whoever_opens_it_is_asked_once_until_it_is_closed_again():
    permission, asked = WritePermission(), []

    def agree(device):
        asked.append(device)
        permission.is_open = True

    permission.guard(agree)
    for _ in range(3):
        if not permission.is_open:
            permission.require("th")
    permission.close(agree)
    permission.require("samx")
    assert asked == ["th", "samx"]


def test_of_two_guards_the_later_one_counts_and_the_first_cannot_end_it():
    permission, first, second = WritePermission(), Refusal(), Refusal()
    permission.guard(first)
    permission.guard(second)
    permission.close(first)
    permission.unguard(first)
    with pytest.raises(NotInControl):
        permission.require("th")
    assert (first.devices, second.devices) == ([], ["th"])


def test_every_stop_goes_out_also_of_a_class_of_ones_own(refusal):
    class Press(Device):
        ram = Component(SoftPositioner)

        def stop(self, success=False):
            super().stop(success)
            WRITING.require("press")
            self.is_stopped = True

    press = Press(name="press")
    press.stop()
    assert press.is_stopped
    assert refusal.devices == []
    with pytest.raises(NotInControl):  # and after the stop all is as before
        press.ram.set(1)


def test_in_another_thread_a_stop_lets_nothing_else_pass(refusal):
    import threading

    inside, may_end = threading.Event(), threading.Event()

    @WRITING.never_held_back
    def stop():
        inside.set()
        may_end.wait(30)

    thread = threading.Thread(target=stop)
    thread.start()
    inside.wait(30)
    with pytest.raises(NotInControl):
        WRITING.require("th")
    may_end.set()
    thread.join()


def test_a_motor_record_is_refused_its_limits_are_looked_at_and_its_stop_is_sent(demo_ioc, refusal):
    th = EpicsMotor("BL:th", name="th")
    th.wait_for_connection(30)
    velocity = EpicsSignal("BL:th.VELO", name="velocity")
    velocity.wait_for_connection(30)
    before = (th.position, velocity.get())
    th.check_value(1.0)  # a rehearsal looks, and does not move
    for refused in (
        lambda: th.set(before[0] + 1),
        lambda: th.set_current_position(5),
        lambda: velocity.put(before[1] + 1),
        lambda: velocity.set(before[1] + 1),
        lambda: th.configure({"velocity": before[1] + 1}),
    ):
        with pytest.raises(NotInControl):
            refused()
    assert (th.position, velocity.get()) == before
    assert set(refusal.devices) == {"th", "th_user_offset", "velocity", "th_velocity"}
    refusal.devices.clear()
    th.stop()
    assert refusal.devices == []
