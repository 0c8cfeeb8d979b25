"""A count is stopped as a move is: by a pause, a suspension, a stop, an abort, a halt and the failure of another."""

from __future__ import annotations

from typing import Any

import pytest
from virtual_world import VirtualDetector, VirtualMotor, VirtualStatus, VirtualSuspender, VirtualWorld

from beamshell.engine.requests import EndRequest, PauseRequest
from beamshell.engine.state import State
from beamshell.errors import DeviceError, NotConnected, NotStopped
from beamshell.messages import Msg
from beamshell.plans import count
from beamshell.plans import stubs as bps
from beamshell.plans.preprocessors import finalize_wrapper, run_wrapper

DAYS_S = 1e6


class VirtualCounter(VirtualDetector):
    """A detector that counts until its time is over or until it is stopped."""

    def __init__(self, world: VirtualWorld, name: str = "det", time: float = DAYS_S) -> None:
        super().__init__(world, name, time=time)
        self.status: VirtualStatus | None = None
        self.obeys = True

    @property
    def counts(self) -> bool:
        return self.status is not None and not self.status.done

    def trigger(self) -> VirtualStatus:
        self.status = super().trigger()
        return self.status

    def stop(self, success: bool = False) -> None:
        self.did("stop")
        if self.status is not None and self.obeys:
            self.status.finish(None if success else DeviceError(f"{self.name}: the count was stopped"))


@pytest.fixture
def world() -> VirtualWorld:
    return VirtualWorld()


@pytest.fixture
def det(world: VirtualWorld) -> VirtualCounter:
    return VirtualCounter(world)


def paused_in_a_count(world: VirtualWorld, det: VirtualCounter, num: int = 1) -> Any:
    world.at(2.0, lambda: world.post(PauseRequest(False)))
    core = world.run(count([det], num=num))
    assert core.state is State.PAUSED
    return core


def test_a_pause_stops_the_count_and_the_point_is_taken_again_on_resume(world: VirtualWorld, det: VirtualCounter):
    core = paused_in_a_count(world, det)
    assert det.log == ["stage", "trigger", "stop"]
    det.time = 0.5
    assert core.resume()
    assert det.log == ["stage", "trigger", "stop", "trigger", "read", "unstage"]
    assert (core.exit_status, core.problems, len(world.events())) == ("success", [], 1)


@pytest.mark.parametrize("state", [State.STOPPING, State.ABORTING, State.HALTING])
def test_the_end_of_a_plan_stops_the_count(world: VirtualWorld, det: VirtualCounter, state: State):
    world.at(2.0, lambda: world.post(EndRequest(state, "enough")))
    core = world.run(count([det]))
    assert (core.state, det.counts, core.problems) == (State.IDLE, False, [])
    assert world.now == 2.0


def test_a_suspension_stops_the_count_and_takes_the_point_when_it_is_over(world: VirtualWorld, det: VirtualCounter):
    beam = VirtualSuspender(world)
    world.suspenders.append(beam)

    def lost() -> None:
        beam.trip()
        det.time = 0.5

    world.at(2.0, lost)
    world.at(5.0, lambda: beam.trip(False))
    core = world.run(count([det]))
    assert (core.exit_status, det.log.count("stop"), len(world.events())) == ("success", 1, 1)


def test_a_count_that_was_begun_before_the_checkpoint_is_begun_again_on_resume(
    world: VirtualWorld, det: VirtualCounter
):
    def plan():
        yield Msg("trigger", det, group="a")
        yield Msg("checkpoint")
        yield Msg("wait", None, group="a")

    world.at(2.0, lambda: world.post(PauseRequest(False)))
    core = world.run(run_wrapper(plan()))
    det.time = 0.5
    assert core.resume()
    assert (det.log, core.exit_status) == (["trigger", "stop", "trigger"], "success")


def test_the_failure_of_another_device_stops_the_count(world: VirtualWorld, det: VirtualCounter):
    motor = VirtualMotor(world)
    motor.failing_statuses = 1

    def plan():
        yield Msg("trigger", det, group="a")
        yield Msg("set", motor, 3.0, group="a")
        yield Msg("wait", None, group="a")

    core = world.run(run_wrapper(plan()))
    assert (core.exit_status, det.counts, world.now) == ("fail", False, 3.0)


def test_a_device_that_cannot_be_stopped_is_named_and_the_others_are_stopped(world: VirtualWorld, det: VirtualCounter):
    broken = VirtualCounter(world, "broken")
    broken.faults["stop"] = [NotConnected("broken: it is offline")]
    world.at(2.0, lambda: world.post(EndRequest(State.ABORTING)))
    core = world.run(count([broken, det]))
    assert (core.state, det.counts) == (State.IDLE, False)
    assert core.problems == ["broken: cannot stop: broken: it is offline"]


def test_a_detector_that_goes_on_counting_is_named_when_that_is_known(world: VirtualWorld, det: VirtualCounter):
    det.obeys = False

    def plan():
        try:
            yield from bps.trigger(det, wait=True)
        finally:
            yield Msg("sleep", None, 6.0)

    world.at(2.0, lambda: world.post(EndRequest(State.ABORTING)))
    world.at(7.0, lambda: det.status.finish(NotStopped("det: it still counts")))
    core = world.run(plan())
    assert core.problems == ["det: trigger failed: det: it still counts"]


def test_what_the_end_of_a_plan_waits_for_is_named_with_the_way_out(world: VirtualWorld, det: VirtualCounter):
    motor = VirtualMotor(world, "th")

    def plan():
        try:
            yield from bps.trigger(det, wait=True)
        finally:
            yield from bps.mv(motor, 5.0)

    words: list[str] = []
    world.at(2.0, lambda: world.post(EndRequest(State.ABORTING)))
    world.at(3.0, lambda: words.extend(remind() for remind in world.reminders))
    core = world.run(plan())
    assert words == ["Waiting for th: set to 5.0. Ctrl+C three times in a row: do not wait."]
    assert (core.state, [remind() for remind in world.reminders]) == (State.IDLE, [None])


def test_a_pause_that_waits_for_nothing_has_nothing_to_say(world: VirtualWorld, det: VirtualCounter):
    paused_in_a_count(world, det)
    assert [remind() for remind in world.reminders] == [None]


def test_the_end_of_a_bare_count_says_whose_count_was_cut_short(world: VirtualWorld, det: VirtualCounter):
    other = VirtualCounter(world, "a")
    world.at(2.0, lambda: world.post(EndRequest(State.STOPPING)))
    core = world.run([Msg("trigger", det, group="x"), Msg("trigger", other, group="x"), Msg("wait", None, group="x")])
    assert core.reason == "the count of a, det was cut short"


def test_a_halt_of_a_bare_count_does_not_wait_for_a_detector_that_does_not_obey(
    world: VirtualWorld, det: VirtualCounter
):
    det.obeys = False
    world.at(2.0, lambda: world.post(EndRequest(State.HALTING, "halted")))
    core = world.run(bps.trigger(det, wait=True))
    assert (core.state, world.now) == (State.IDLE, 2.0)


def test_an_end_soon_after_a_pause_names_what_it_waits_for_once(world: VirtualWorld, det: VirtualCounter):
    core = paused_in_a_count(world, det)
    core.leave(State.ABORTING)
    assert len(world.reminders) == 1


def test_a_cleanup_whose_action_cannot_begin_says_so_and_nothing_of_its_group(world: VirtualWorld):
    motor = VirtualMotor(world, "samx")
    motor.faults["set"] = [NotConnected("samx: it is offline")]

    def put_back():
        yield Msg("set", motor, 1.0, group="back")
        yield Msg("wait", None, group="back")

    def plan():
        yield Msg("null")
        raise ValueError("the sample fell off")

    core = world.run(finalize_wrapper(plan(), put_back))
    assert core.problems == ["samx: set failed while cleaning up: samx: it is offline"]
