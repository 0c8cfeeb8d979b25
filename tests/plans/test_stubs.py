from types import SimpleNamespace

import pytest
from virtual_world import VirtualDetector, VirtualMotor, VirtualWorld

from beamshell.errors import LimitError, PlanError
from beamshell.messages import Msg
from beamshell.plans import preprocessors as bpp
from beamshell.plans import stubs as bps


@pytest.fixture
def here():
    world = VirtualWorld()
    return SimpleNamespace(
        world=world, x=VirtualMotor(world, "x"), y=VirtualMotor(world, "y"), det=VirtualDetector(world, "det")
    )


def result(here, plan):
    core = here.world.run(plan)
    assert core.error is None, core.error
    return core.result


def test_mv_moves_all_together_and_waits_for_the_slowest(here):
    statuses = result(here, bps.mv(here.x, 1, here.y, 3))
    assert (here.x.position, here.y.position, here.world.now) == (1, 3, 3)
    assert [status.done for status in statuses] == [True, True]


def test_mv_checks_all_before_it_moves_any(here):
    def check_value(value):
        raise LimitError("y: no")

    here.y.check_value = check_value
    assert isinstance(here.world.run(bps.mv(here.x, 1, here.y, 3)).error, LimitError)
    assert here.x.log == []


def test_mv_in_turn_moves_one_group_after_the_other(here):
    sent = [msg for msg in bps.mv_in_turn([here.x, 1], [here.y, 2, here.det, 3]) if msg.command in ("set", "wait")]
    assert [(msg.command, msg.obj) for msg in sent] == [
        ("set", here.x),
        ("wait", None),
        ("set", here.y),
        ("set", here.det),
        ("wait", None),
    ]


def test_mv_in_turn_checks_all_groups_before_it_moves_any(here):
    def check_value(value):
        raise LimitError("y: no")

    here.y.check_value = check_value
    assert isinstance(here.world.run(bps.mv_in_turn([here.x, 1], [here.y, 3])).error, LimitError)
    assert here.x.log == []


def test_mvr_moves_by_distances_from_where_devices_were_sent(here):
    here.x.position, here.x.target = 4.999, 5.0
    result(here, bps.mvr(here.x, 1, here.y, -1))
    assert (here.x.target, here.y.target) == (6.0, -1.0)


def test_mov_and_movr_are_mv_and_mvr():
    assert (bps.mov, bps.movr) == (bps.mv, bps.mvr)


def test_an_odd_number_of_words_is_refused(here):
    assert "groups of 2" in str(here.world.run(bps.mv(here.x, 1, here.y)).error)


def test_a_state_cannot_be_moved_by_a_distance(here):
    here.x.locate = lambda: {"setpoint": "Open", "readback": "Open"}
    core = here.world.run(bps.mvr(here.x, 1))
    assert isinstance(core.error, PlanError)
    assert "x is 'Open'" in str(core.error)


def test_rd_is_the_one_value(here):
    here.x.position = 2.5
    assert result(here, bps.rd(here.x)) == 2.5


def test_rd_of_a_device_with_several_values_is_refused(here):
    here.det.read = lambda: {"a": {"value": 1, "timestamp": 0}, "b": {"value": 2, "timestamp": 0}}
    assert "det has 2 values (a, b)" in str(here.world.run(bps.rd(here.det)).error)


def test_a_relative_set_returns_a_status_that_can_be_waited_for(here):
    def plan():
        status = yield from bps.rel_set(here.x, 2, group="go")
        assert not status.done
        yield from bps.wait("go")
        return status.done

    assert result(here, plan()) is True


def test_wait_tells_when_time_runs_out(here):
    def plan():
        yield from bps.abs_set(here.x, 5, group="go")
        early = yield from bps.wait("go", timeout=1, error_on_timeout=False, watch=["other"])
        late = yield from bps.wait("go")
        return early, late

    assert result(here, plan()) == (False, True)


def test_broadcast_sends_one_message_to_all(here):
    assert result(here, bps.broadcast_msg("read", [here.x, here.y])) == [here.x.read(), here.y.read()]


def test_a_repeater_runs_a_plan_so_many_times():
    assert [msg.args for msg in bps.repeater(3, bps.sleep, 2)] == [(2,)] * 3


def test_a_repeater_without_a_number_goes_on_for_ever():
    plan = bps.repeater(None, bps.null)
    assert [next(plan).command for _ in range(100)] == ["null"] * 100


def test_a_caching_repeater_sends_the_messages_of_one_plan_again():
    assert [msg.command for msg in bps.caching_repeater(2, [Msg("null"), Msg("checkpoint")])] == [
        "null",
        "checkpoint",
    ] * 2


def test_repeat_waits_from_start_to_start(here):
    slept = []

    def plan():
        yield Msg("null")

    for msg in bps.repeat(plan, 3, delay=5):
        if msg.command == "sleep":
            slept.append(msg.args[0])
    assert slept == pytest.approx([5, 5], abs=0.5)


def test_stage_all_and_unstage_all_go_in_opposite_orders(here):
    order = [msg.obj.name for msg in bpp.pchain(bps.stage_all(here.x, here.y), bps.unstage_all(here.x, here.y))]
    assert order == ["x", "y", "y", "x"]


def test_stage_all_with_a_group_waits_once_for_all(here):
    begun = here.x.status_in(1.0)
    here.x.stage = lambda: begun

    def plan():
        yield from bps.stage_all(here.x, here.y, group="ready")
        return begun.done

    assert result(here, plan()) is True


@pytest.mark.parametrize(("stub", "command"), [(bps.kickoff_all, "kickoff"), (bps.complete_all, "complete")])
def test_flyers_are_started_together_and_waited_for_once(stub, command):
    messages = [(msg.command, msg.obj, msg.kwargs.get("group")) for msg in stub("a", "b", group="g", wait=True)]
    assert messages == [(command, "a", "g"), (command, "b", "g"), ("wait", None, "g")]


def test_completing_can_be_left_to_a_later_wait():
    assert [msg.command for msg in bps.complete_all("a", "b")] == ["complete", "complete"]


def test_collecting_while_completing_goes_on_until_the_flyers_have_ended():
    plan = bps.collect_while_completing(["f"], ["d"], flush_period=0.5, stream_name="main")
    messages, answer = [], None
    ended = iter([False, False, True])
    try:
        while True:
            msg = plan.send(answer)
            messages.append(msg.command)
            answer = next(ended) if msg.command == "wait" else None
    except StopIteration:
        pass
    assert messages == ["complete", *["wait", "collect"] * 3]


def test_trigger_and_read_drops_the_event_if_a_reading_fails(here):
    def read():
        raise RuntimeError("broken")

    here.det.read = read

    def plan():
        yield Msg("open_run")
        yield from bps.trigger_and_read([here.x, here.det])

    assert "broken" in str(here.world.run(plan()).error)
    assert "event" not in here.world.names()


def test_a_part_of_a_device_that_is_read_is_not_read_twice(here):
    part = SimpleNamespace(name="det", parent=here.det)
    assert bps.separate_devices([here.det, part, here.det]) == [here.det]


def test_a_value_that_is_computed_from_counts_has_its_detectors_triggered_once(here):
    other = VirtualDetector(here.world, "other")
    mu = SimpleNamespace(name="mu", parent=None, counted_by=(here.det, other))
    assert bps.devices_to_trigger([mu, here.det, SimpleNamespace(name="ring", parent=None)]) == [here.det, other]
    ratio = VirtualDetector(here.world, "ratio")
    ratio.counted_by = (here.det, other)
    result(here, bpp.run_wrapper(bps.trigger_and_read([ratio, here.det])))
    assert (here.det.log, other.log, ratio.log) == (["trigger", "read"], ["trigger"], ["read"])


def test_at_each_point_of_a_scan_the_same_is_triggered_and_read_and_it_is_found_out_once(here):
    other, asked = VirtualDetector(here.world, "other"), []

    class Computed(VirtualDetector):
        @property
        def counted_by(self):
            asked.append(self.name)
            return (here.det, other)

    mu = Computed(here.world, "mu")
    take_reading = bps.TriggerAndRead()
    points = [list(take_reading([mu, here.x])) for _ in range(3)]
    assert asked == ["mu"]
    assert points == [list(bps.trigger_and_read([mu, here.x]))] * 3
    assert list(take_reading([here.det])) == list(bps.trigger_and_read([here.det]))


def test_the_detectors_behind_a_computed_value_are_staged_but_not_those_that_would_write_files(here):
    camera = VirtualDetector(here.world, "camera")
    camera.collect_asset_docs = lambda: iter(())
    ratio = VirtualDetector(here.world, "ratio")
    ratio.counted_by = (here.det, camera)
    result(here, bpp.stage_wrapper([Msg("null")], (device for device in [ratio])))
    assert [(device.name, device.log) for device in (ratio, here.det, camera)] == [
        ("ratio", ["stage", "unstage"]),
        ("det", ["stage", "unstage"]),
        ("camera", []),
    ]
