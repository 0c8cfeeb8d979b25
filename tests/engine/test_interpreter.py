"""The interpreter in a world without threads or clocks."""

from __future__ import annotations

from typing import Any

import pytest
from virtual_world import VirtualDetector, VirtualMotor, VirtualSignal, VirtualSuspender, VirtualWorld

from beamshell.engine.cleanup import REST_TIMEOUT_S
from beamshell.engine.requests import EndRequest, PauseRequest
from beamshell.engine.state import State
from beamshell.errors import (
    FailedStatus,
    IllegalMessageSequence,
    InvalidCommand,
    PlanHalt,
    RequestAbort,
    RunEngineInterrupted,
)
from beamshell.messages import Msg
from beamshell.plans import count, scan
from beamshell.plans import stubs as bps
from beamshell.plans.preprocessors import finalize_wrapper, run_wrapper, set_run_key_wrapper


@pytest.fixture
def world() -> VirtualWorld:
    return VirtualWorld()


@pytest.fixture
def motor(world: VirtualWorld) -> VirtualMotor:
    return VirtualMotor(world)


@pytest.fixture
def det(world: VirtualWorld, motor: VirtualMotor) -> VirtualDetector:
    return VirtualDetector(world, motor=motor)


def pause_at(world: VirtualWorld, index: int, defer: bool = False) -> Any:
    """A message hook that asks for a pause with message number `index`."""
    record = []

    def hook(msg: Msg) -> None:
        record.append(msg)
        if len(record) == index + 1:
            world.post(PauseRequest(defer))

    return hook


def test_a_count_leaves_one_start_one_descriptor_its_events_and_one_stop(world, det):
    core = world.run(count([det], num=3))
    assert world.names() == ["start", "descriptor", "event", "event", "event", "stop"]
    assert core.state is State.IDLE
    assert core.exit_status == "success"
    assert world.docs[-1][1]["num_events"] == {"primary": 3}


def test_the_result_of_the_plan_is_kept(world):
    def plan():
        yield Msg("null")
        return 42

    assert world.run(plan()).result == 42


def test_time_passes_while_motors_move_and_detectors_count(world, motor, det):
    world.run(scan([det], motor, 0, 4, 5))
    assert world.now == pytest.approx(4 + 5 * 0.1)
    assert [event["data"]["motor"] for event in world.events()] == [0, 1, 2, 3, 4]


def test_a_deferred_pause_waits_for_the_checkpoint_and_resume_repeats_nothing(world, motor, det):
    world.at(1.5, lambda: world.post(PauseRequest(True)))
    core = world.run(scan([det], motor, 0, 4, 5))
    assert core.state is State.PAUSED
    before = len(world.events())
    assert core.resume()
    assert [event["seq_num"] for event in world.events()] == [1, 2, 3, 4, 5]
    assert before == 3


def test_a_pause_now_stops_the_motor_and_resume_goes_on_from_the_checkpoint(world, motor, det):
    world.at(1.5, lambda: world.post(PauseRequest(False)))
    core = world.run(scan([det], motor, 0, 4, 5))
    assert core.state is State.PAUSED
    assert not motor.moving
    assert 1 < motor.position < 2
    assert core.resume()
    assert [event["seq_num"] for event in world.events()] == [1, 2, 3, 4, 5]
    assert world.final_data()[3] == {"det": 20, "motor": 2}


def test_a_move_from_before_the_checkpoint_goes_on_after_a_pause(world, motor):
    def plan():
        yield Msg("set", motor, 10, group="slow")
        yield Msg("checkpoint")
        yield Msg("sleep", None, 1)
        yield Msg("checkpoint")
        yield Msg("wait", None, group="slow")
        return motor.position

    world.at(0.5, lambda: world.post(PauseRequest(False)))
    core = world.run(plan())
    assert core.state is State.PAUSED
    assert motor.position == pytest.approx(0.5)
    core.resume()
    assert core.result == 10


def test_the_message_in_flight_is_sent_again_and_its_real_answer_delivered(world, det):
    det.value, det.motor = 7.0, None

    def plan():
        yield Msg("checkpoint")
        reading = yield Msg("read", det)
        return reading["det"]["value"]

    core = world.interpreter(on_msg=pause_at(world, 0))
    core.start(plan())
    assert core.state is State.PAUSED
    det.value = 8.0
    core.resume()
    assert core.result == 8.0


def test_an_abort_while_paused_runs_the_cleanup_and_closes_the_run_as_aborted(world, motor, det):
    world.at(1.5, lambda: world.post(PauseRequest(False)))
    core = world.run(scan([det], motor, 0, 4, 5))
    assert core.leave(State.ABORTING, "sample fell off")
    name, stop = world.docs[-1]
    assert name == "stop"
    assert (stop["exit_status"], stop["reason"]) == ("abort", "sample fell off")
    assert (det.staged, motor.staged) == (0, 0)


def test_a_stop_is_a_success(world, motor, det):
    world.at(1.5, lambda: world.post(EndRequest(State.STOPPING)))
    core = world.run(scan([det], motor, 0, 4, 5))
    assert core.interrupted
    assert world.docs[-1][1]["exit_status"] == "success"
    assert not motor.moving


def test_a_halt_runs_no_cleanup_of_the_plan_but_the_engine_unstages_and_stops(world, motor, det):
    cleaned = []

    def cleanup():
        cleaned.append(True)
        yield Msg("null")

    world.at(1.5, lambda: world.post(EndRequest(State.HALTING)))
    core = world.run(finalize_wrapper(scan([det], motor, 0, 4, 5), cleanup))
    assert core.state is State.IDLE
    assert not cleaned
    assert det.staged == 0
    assert not motor.moving
    assert isinstance(core.error, PlanHalt)
    assert world.docs[-1][1]["exit_status"] == "abort"


def test_a_failing_status_reaches_the_plan_and_names_device_action_and_cause(world, motor, det):
    motor.failing_statuses = 1
    core = world.run(scan([det], motor, 1, 4, 5))
    assert isinstance(core.error, FailedStatus)
    assert str(core.error) == "motor: set to 1.0 failed: motor: it broke"
    assert world.docs[-1][1]["exit_status"] == "fail"


def test_a_failure_interrupts_any_wait(world, motor):
    motor.failing_statuses = 1

    def plan():
        yield Msg("set", motor, 1, group="move")
        yield Msg("sleep", None, 100)

    core = world.run(plan())
    assert isinstance(core.error, FailedStatus)
    assert world.now == pytest.approx(1)


def test_an_unknown_command_is_thrown_into_the_plan_as_a_key_error(world):
    def plan():
        with pytest.raises(InvalidCommand, match="no command 'dance'"):
            yield Msg("dance")
        return "went on"

    assert world.run(plan()).result == "went on"


def test_a_checkpoint_inside_an_event_is_refused(world, det):
    def plan():
        yield Msg("open_run")
        yield Msg("create", name="primary")
        yield Msg("checkpoint")

    assert isinstance(world.run(plan()).error, IllegalMessageSequence)


def test_a_pause_without_checkpoint_ends_the_plan_as_aborted(world, det):
    def plan():
        yield Msg("clear_checkpoint")
        yield Msg("sleep", None, 5)

    world.at(1, lambda: world.post(PauseRequest(False)))
    core = world.run(run_wrapper(plan()))
    assert core.state is State.IDLE
    assert core.interrupted
    assert world.docs[-1][1]["exit_status"] == "abort"


def test_an_engine_that_has_nothing_left_is_never_paused_and_the_run_is_a_success(world, motor, det):
    world.at(4.45, lambda: world.post(PauseRequest(True)))  # in the last point
    core = world.run(scan([det], motor, 0, 4, 5))
    assert core.state is State.IDLE
    assert world.docs[-1][1]["exit_status"] == "success"
    result = core.outcome.as_result()
    assert result.succeeded
    with pytest.raises(RunEngineInterrupted, match=r"^The scan had just ended: there is nothing to pause\."):
        result.raise_for_status()


def test_two_presses_after_the_last_point_never_pause_a_scan_that_has_nothing_left(world, motor, det):
    def press_twice(name, doc):  # the peak is still computed, and its line not shown
        if name == "stop":
            world.post(PauseRequest(True, pressed=True))
            world.post(PauseRequest(False, pressed=True))

    world.dispatcher.subscribe(press_twice)
    core = world.run(scan([det], motor, 0, 4, 5))
    assert core.state is State.IDLE
    result = core.outcome.as_result()
    assert result.succeeded
    with pytest.raises(RunEngineInterrupted, match=r"^The scan had just ended"):
        result.raise_for_status()


def test_two_presses_between_two_scans_pause_the_second_at_its_first_checkpoint(world, motor, det):
    def press_twice(name, doc):
        if name == "stop" and len(world.docs) < 12:
            world.post(PauseRequest(True, pressed=True))
            world.post(PauseRequest(False, pressed=True))

    def plan():
        yield from scan([det], motor, 0, 4, 2)
        yield from scan([det], motor, 0, 4, 2)

    world.dispatcher.subscribe(press_twice)
    core = world.run(plan())
    assert core.state is State.PAUSED
    assert [name for name, _ in world.docs].count("start") == 2
    assert core.resume()
    assert len(world.events()) == 4


def test_data_that_could_not_be_written_pause_the_engine_also_at_the_end(world):
    world.at(0.5, lambda: world.post(PauseRequest(True, "Data cannot be written: disk full")))
    core = world.run([Msg("sleep", None, 1)])
    assert core.state is State.PAUSED
    assert world.said == ["Data cannot be written: disk full. The plan has come to its end; 'resume' finishes it."]
    assert core.resume()
    assert core.state is State.IDLE


def end_of(core: Any) -> str:
    """What the operator reads of a plan that was interrupted."""
    with pytest.raises(RunEngineInterrupted) as error:
        core.outcome.as_result(paused=core.state is State.PAUSED).raise_for_status()
    return str(error.value)


def test_a_bare_move_that_is_stopped_ends_with_the_position_where_the_motor_stands(world, motor):
    world.at(2.5, lambda: world.post(EndRequest(State.STOPPING)))
    core = world.run(bps.mv(motor, 60))
    assert core.state is State.IDLE
    assert (motor.moving, motor.position) == (False, 2.5)
    assert end_of(core) == "Stopped: motor is at 2.5000. The engine is idle."


def test_a_stopped_move_waits_until_the_motor_stands(world, motor):
    stop = motor.stop

    def brakes_for_a_second(success=False):
        world.at(1.0, lambda: stop(success))

    motor.stop = brakes_for_a_second
    world.at(2.5, lambda: world.post(EndRequest(State.STOPPING)))
    core = world.run(bps.mv(motor, 60))
    assert end_of(core) == "Stopped: motor is at 3.5000. The engine is idle."


def test_a_motor_that_does_not_obey_a_stop_is_reported_as_moving(world, motor):
    motor.stop = lambda success=False: None
    world.at(2.5, lambda: world.post(EndRequest(State.STOPPING)))
    core = world.run(bps.mv(motor, 60))
    assert core.state is State.IDLE
    assert world.now == pytest.approx(2.5 + REST_TIMEOUT_S)
    assert end_of(core).endswith("and still moves. The engine is idle.")


def test_a_press_before_a_bare_move_has_begun_keeps_it_from_moving(world, motor):
    world.post(PauseRequest(True, pressed=True))
    core = world.run(bps.mv(motor, 60))
    assert core.state is State.IDLE
    assert motor.log == []
    assert end_of(core) == "Stopped: nothing has moved. The engine is idle."


def test_a_press_before_a_scan_has_begun_pauses_it_at_its_first_checkpoint(world, motor, det):
    world.post(PauseRequest(True, pressed=True))
    core = world.run(scan([det], motor, 0, 4, 5))
    assert core.state is State.PAUSED
    assert core.resume()
    assert len(world.events()) == 5


def test_the_cleanup_of_a_bare_move_is_done_though_it_was_stopped(world, motor, det):
    back = VirtualMotor(world, "back")
    world.at(2.5, lambda: world.post(EndRequest(State.STOPPING)))
    core = world.run(finalize_wrapper(bps.mv(motor, 60), lambda: bps.mv(back, 1)))
    assert back.position == 1
    assert "motor is at 2.5000" in end_of(core)


def test_a_plan_that_swallows_the_abort_does_not_turn_it_into_a_success(world):
    def plan():
        yield Msg("open_run")
        for _ in range(3):
            try:
                yield Msg("sleep", None, 1)
            except RequestAbort:
                pass
        yield Msg("close_run")

    world.at(0.5, lambda: world.post(EndRequest(State.ABORTING)))
    core = world.run(plan())
    assert core.exit_status == "abort"
    assert world.docs[-1][1]["exit_status"] == "abort"


def test_abort_to_halt_is_always_legal(world):
    def plan():
        while True:
            try:
                yield Msg("sleep", None, 1)
            except RequestAbort:
                pass

    world.at(0.5, lambda: world.post(EndRequest(State.ABORTING)))
    world.at(5.5, lambda: world.post(EndRequest(State.HALTING)))
    core = world.run(plan())
    assert core.state is State.IDLE
    assert world.now == pytest.approx(5.5)


def test_cleanup_goes_on_though_its_steps_fail_and_all_failures_are_reported(world, motor):
    other, shutter = VirtualMotor(world, "other"), VirtualMotor(world, "shutter")

    def cleanup():
        yield from bps.mv(other, 1)
        yield from bps.mv(shutter, 1)

    motor.failing_statuses = 1
    other.failing_statuses = 1
    core = world.run(finalize_wrapper(bps.mv(motor, 1), cleanup))
    assert shutter.position == 1
    assert isinstance(core.error, FailedStatus)
    assert "motor" in str(core.error)
    assert any("other" in problem for problem in core.problems)


def test_a_motor_that_cannot_stop_as_its_control_system_dies_is_reported_at_once_and_fails_no_plan_that_goes_on(
    world, det, motor
):
    beam = VirtualSuspender(world)
    world.suspenders.append(beam)
    motor.faults["stop"] = [RuntimeError("the connection is lost")]
    world.at(0.5, beam.trip)
    world.at(2.0, lambda: beam.trip(False))
    core = world.run(finalize_wrapper(scan([det], motor, 0, 2, 3), lambda: bps.mv(motor, 0)))
    assert core.error is None
    assert core.problems == []
    assert "motor: cannot stop: the connection is lost" in world.said
    assert sorted(world.final_data()) == [1, 2, 3]


def test_a_stage_that_fails_half_way_is_put_back(world, det):
    det.faults["stage"] = [RuntimeError("no power")]
    core = world.run(count([det]))
    assert str(core.error) == "no power"
    assert det.log.count("unstage") == 1


def test_monitors_are_dropped_in_a_pause_and_begun_once_after_it(world):
    signal = VirtualSignal(world)

    def plan():
        yield Msg("monitor", signal, name="watched")
        yield Msg("checkpoint")
        yield Msg("sleep", None, 4)
        yield Msg("unmonitor", signal)

    world.at(1, lambda: signal.change(5))
    world.at(2, lambda: world.post(PauseRequest(False)))
    core = world.run(run_wrapper(plan()))
    assert signal.callbacks == []
    core.resume()
    assert [event["data"]["signal"] for event in world.events("watched")] == [0, 5, 5]
    assert [event["seq_num"] for event in world.events("watched")] == [1, 2, 3]
    assert signal.callbacks == []


def test_a_tripped_suspender_makes_the_plan_wait_and_go_on_by_itself(world, motor, det):
    beam = VirtualSuspender(world, sleep=2)
    world.suspenders.append(beam)
    world.at(1.5, beam.trip)
    world.at(20, lambda: beam.trip(False))
    core = world.run(scan([det], motor, 0, 4, 5))
    assert core.state is State.IDLE
    assert world.now > 22
    assert sorted(world.final_data()) == [1, 2, 3, 4, 5]


def test_a_suspender_that_is_tripped_at_the_start_delays_it(world, det):
    beam = VirtualSuspender(world)
    beam.tripped = True
    world.suspenders.append(beam)
    world.at(5, lambda: beam.trip(False))
    world.run(count([det]))
    assert world.docs[0][1]["time"] == pytest.approx(1.7e9 + 5)


def test_a_move_that_fails_as_it_is_repeated_is_reported_though_the_event_was_cut_by_the_pause(world, det, motor):
    core = world.interpreter()
    det.read = lambda: world.post(PauseRequest(False)) or {"det": {"value": 1.0, "timestamp": world.time()}}
    assert not core.start(scan([det], motor, 1, 2, 2))
    motor.position = 0.0
    motor.failing_statuses = 1
    assert core.resume()
    assert "set to 1.0 failed" in str(core.error)


def test_a_pause_just_after_a_run_was_closed_repeats_nothing_of_it(world, det, motor):
    commands = []
    core = world.interpreter(on_msg=lambda msg: commands.append(msg.command))
    world.subscribe(lambda name, doc: world.post(PauseRequest(False)), "stop")
    assert not core.start(scan([det], motor, 0, 1, 2))
    before = len(commands)
    assert core.resume()
    assert core.exit_status == "success", core.error
    assert commands[before:] == ["begin_cleanup", "unstage", "unstage", "end_cleanup"]


def test_a_pause_after_one_of_two_runs_was_closed_repeats_what_is_of_the_other(world, det):
    def reading(key):
        return set_run_key_wrapper(bps.trigger_and_read([det], key), key)

    def plan():
        yield Msg("open_run", run="long")
        yield Msg("open_run", run="short")
        yield from reading("short")
        yield Msg("create", name="half", run="long")
        yield Msg("close_run", run="short", exit_status=None, reason=None)
        yield Msg("read", det, run="long")
        yield Msg("save", run="long")
        yield Msg("close_run", run="long", exit_status=None, reason=None)

    core = world.interpreter()
    world.subscribe(lambda name, doc: len(core.runs) == 2 and world.post(PauseRequest(False)), "stop")
    assert not core.start(plan())
    assert core.resume()
    assert core.exit_status == "success", core.error
    assert world.final_data("half").keys() == {1}
    assert len(world.events("short")) == 1


def test_what_the_operator_answered_is_not_asked_again_after_a_pause(world):
    calls = []
    world.ask = lambda prompt: calls.append(prompt) or "7"

    def plan():
        answer = yield Msg("input", None, prompt="how many?")
        yield Msg("null")
        return answer

    core = world.interpreter(on_msg=pause_at(world, 0))
    core.start(plan())
    assert core.resume()
    assert (calls, core.result) == (["how many?"], "7")


def test_a_trip_while_paused_suspends_on_resume(world, motor, det):
    beam = VirtualSuspender(world)
    world.suspenders.append(beam)
    world.at(1.5, lambda: world.post(PauseRequest(False)))
    core = world.run(scan([det], motor, 0, 4, 5))
    beam.trip()
    world.at(10, lambda: beam.trip(False))
    resumed_at = world.now
    assert core.resume()
    third = next(event for event in world.events() if event["seq_num"] == 3)
    assert third["time"] >= 1.7e9 + resumed_at + 10


def test_two_suspenders_make_one_episode_with_post_plans_in_reverse(world, det):
    order = []

    def side(word):
        def plan():
            order.append(word)
            yield Msg("null")

        return plan

    one = VirtualSuspender(world, "one", pre=side("pre one"), post=side("post one"))
    two = VirtualSuspender(world, "two", pre=side("pre two"), post=side("post two"))
    world.suspenders += [one, two]
    world.at(0.25, one.trip)
    world.at(3, two.trip)
    world.at(5, lambda: one.trip(False))
    world.at(7, lambda: two.trip(False))
    core = world.run(count([det], num=5))
    assert order == ["pre one", "pre two", "post two", "post one"]
    assert core.exit_status == "success"


def test_a_pause_during_a_suspension_keeps_the_episode(world, det):
    beam = VirtualSuspender(world)
    world.suspenders.append(beam)
    world.at(0.25, beam.trip)
    world.at(2, lambda: world.post(PauseRequest(False)))
    core = world.run(count([det], num=5))
    assert core.state is State.PAUSED
    world.at(3, lambda: beam.trip(False))
    assert core.resume()
    assert sorted(world.final_data()) == [1, 2, 3, 4, 5]


def test_a_device_that_cannot_do_what_a_message_asks_is_named(world, det):
    core = world.run([Msg("set", det, 1)])
    assert str(core.error) == "det cannot set: a VirtualDetector has no such method"


def test_a_wait_that_is_repeated_after_a_pause_is_no_mistake_of_the_plan(world, motor):
    def plan():
        yield Msg("set", motor, 1, group="before")
        yield Msg("checkpoint")
        yield Msg("sleep", None, 2)
        yield Msg("wait", None, group="before")
        yield Msg("sleep", None, 2)

    world.at(3, lambda: world.post(PauseRequest(False)))
    core = world.run(plan(), strict=True)
    assert core.state is State.PAUSED
    core.resume()
    assert core.error is None


def test_a_wait_for_a_group_that_no_message_named_is_reported(world):
    with pytest.warns(RuntimeWarning, match="nothing was begun in group 'mvoe'"):
        world.run([Msg("wait", None, group="mvoe")])


def test_an_abort_that_comes_while_the_engine_comes_to_rest_is_not_lost(world, motor, det):
    stop = motor.stop

    def stop_and_abort(success=False):
        world.post(EndRequest(State.ABORTING, "the console is closed"))
        stop(success=success)

    motor.stop = stop_and_abort
    world.at(1.5, lambda: world.post(PauseRequest(False)))
    core = world.run(scan([det], motor, 0, 4, 5))
    assert core.state is State.IDLE
    assert world.docs[-1][1]["exit_status"] == "abort"


def test_a_pause_that_comes_while_devices_are_put_back_repeats_nothing(world, det):
    from virtual_world import VirtualStatus

    slow = VirtualStatus()
    world.at(5, slow.finish)
    det.unstage = lambda: slow

    world.at(2, lambda: world.post(PauseRequest(False)))
    core = world.run([Msg("stage", det), Msg("checkpoint"), Msg("sleep", None, 1)])
    assert core.state is State.IDLE
    assert world.now == pytest.approx(5)


def test_a_device_that_is_never_put_back_does_not_hold_the_engine_for_ever(world, det):
    from virtual_world import VirtualStatus

    det.unstage = VirtualStatus
    core = world.run([Msg("stage", det)])
    assert core.state is State.IDLE
    assert core.problems == ["det: cannot unstage: not finished after 30 s"]
