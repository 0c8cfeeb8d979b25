"""A plan on device models: its points, path, refusals and duration; nothing moves."""

import pytest
from virtual_world import VirtualMotor, VirtualWorld

from beamshell import plans as bp
from beamshell.devices import Component, PseudoPositioner, PseudoSingle
from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.devices.soft_positioner import SoftPositioner
from beamshell.errors import LimitError, PlanError
from beamshell.messages import Msg
from beamshell.plans import preprocessors as bpp
from beamshell.plans import stubs as bps
from beamshell.plans.environment import now
from beamshell.simulate import check_limits, rehearse, summarize_plan
from beamshell.timing.model import DeviceTiming, TimingModel


class TimedAxis(SynAxis):
    """Goes at 2 mm/s."""

    def estimate_time_s(self, start, stop):
        return abs(stop - start) / 2


@pytest.fixture
def x():
    return TimedAxis(name="x", units="mm", limits=(-10, 10), value=1.0)


@pytest.fixture
def y():
    return TimedAxis(name="y", units="mm", limits=(-10, 10))


@pytest.fixture
def det(x):
    return SynGauss(name="det", motor=x, exp=0.5)


def places(rehearsal, name):
    return [point.positions[name] for point in rehearsal.points]


def test_a_rehearsal_has_the_points_and_nothing_moves(det, x):
    simulation = rehearse(bp.scan([det], x, -1, 3, 5))
    assert places(simulation, "x") == [-1, 0, 1, 2, 3]
    assert x.position == 1.0
    assert x.setpoint.get() == 1.0
    assert simulation.problems == []
    assert simulation.staged == ["det", "x"]
    assert simulation.runs[0]["plan_name"] == "scan"


def test_time_is_that_of_the_ways_and_the_counts(det, x):
    simulation = rehearse(bp.scan([det], x, -1, 3, 5))
    assert simulation.duration_s == pytest.approx((2 + 4) / 2 + 5 * 0.5)
    assert simulation.untimed == set()


def test_motors_that_go_together_take_the_time_of_the_slowest(x, y):
    assert rehearse(bps.mv(x, 2, y, 8)).duration_s == pytest.approx(4)


def test_overheads_are_added(det, x):
    timing = TimingModel(run_s=1, point_s=0.1, move_s=0.2, detectors={"det": DeviceTiming(0.01)})
    simulation = rehearse(bp.scan([det], x, -1, 3, 5), timing)
    assert simulation.duration_s == pytest.approx(5.5 + 1 + 5 * (0.1 + 0.2 + 0.01))


def test_what_a_beamline_learned_of_a_device_comes_before_what_the_device_says(det, x):
    timing = TimingModel(detectors={"det": DeviceTiming(2.0, 0.0)}, motors={"x": DeviceTiming(0.0, 0.0)})
    simulation = rehearse(bp.scan([det], x, -1, 3, 5), timing)
    assert simulation.duration_s == pytest.approx(10)


def test_devices_that_cannot_say_how_long_they_take_are_named(det):
    other = VirtualMotor(VirtualWorld(), "other")
    assert rehearse(bp.scan([det], other, 0, 1, 2)).untimed == {"other"}


def test_an_axis_with_a_delay_takes_that_long(det):
    slow = SynAxis(name="slow", delay=3.0)
    assert rehearse(bp.scan([det], slow, 1, 2, 2)).duration_s == pytest.approx(2 * (3.0 + 0.5))


def test_a_count_time_that_the_plan_sets_is_counted(det, x):
    simulation = rehearse(bpp.configure_count_time_wrapper(bp.count([det], 4), 3.0))
    assert simulation.duration_s == pytest.approx(12)
    assert det.exp.get() == 0.5


def test_relative_plans_start_where_the_motor_is_and_return_it(det, x):
    simulation = rehearse(bp.rel_scan([det], x, -1, 1, 3))
    assert places(simulation, "x") == [0, 1, 2]
    assert simulation.path["x"] == [0, 1, 2, 1.0]


def test_plans_that_look_at_a_motor_see_it_where_they_sent_it(x):
    def plan():
        yield from bps.mv(x, 3)
        yield from bps.mvr(x, 1)
        position = yield from bps.rd(x)
        yield from bps.mv(x, 2 * position)

    assert rehearse(plan()).path["x"] == [3, 4, 8]


def test_a_seventh_point_of_eleven_beyond_a_limit_is_named(det, x):
    simulation = rehearse(bp.scan([det], x, 5, 14, 10))
    assert [str(problem) for problem in simulation.problems] == ["point 7 of 10: x: 11 mm is above the limit 10 mm"]
    assert simulation.points == []


def test_a_move_beyond_a_limit_in_a_plan_of_ones_own_is_found(x):
    def plan():
        yield Msg("set", x, 5)
        yield Msg("set", x, 50)

    simulation = rehearse(plan())
    assert [str(problem) for problem in simulation.problems] == ["x: 50 mm is above the limit 10 mm"]


def test_check_limits_raises_the_first_refusal_as_it_is(det, x):
    with pytest.raises(LimitError, match="point 3 of 3: x: 11 mm is above the limit 10 mm"):
        check_limits(bp.list_scan([det], x, [0, 1, 11]))
    check_limits(bp.list_scan([det], x, [0, 1, 9]))


def test_a_plan_that_cannot_be_made_is_a_problem_too(det, x):
    (problem,) = rehearse(bp.scan([det], x, 0, 1, 0)).problems
    assert isinstance(problem, PlanError)


def test_a_plan_without_an_end_is_left_after_some_time(det):
    simulation = rehearse(bp.count([det], None), most=500)
    assert simulation.endless
    assert "until it is stopped" in str(simulation)


@pytest.mark.parametrize(
    "make",
    [
        lambda det, x, y: bp.grid_scan([det], x, 0, 1, 3, y, 0, 1, 4, snake_axes=True),
        lambda det, x, y: bp.spiral([det], x, y, 0, 0, 2, 2, 0.4, 4),
        lambda det, x, y: bp.adaptive_scan([det], "det", x, -2, 2, 0.1, 0.5, 0.1, True),
        lambda det, x, y: bp.x2x_scan([det], x, y, -1, 1, 5),
        lambda det, x, y: bp.mesh(x, 0, 1, 2, y, 0, 1, 2, 0.1, detectors=[det]),
    ],
)
def test_a_rehearsal_of_any_plan_counts_the_points_it_announces(make, det, x, y):
    simulation = rehearse(make(det, x, y))
    assert simulation.problems == []
    assert len(simulation.points) == simulation.runs[0].get("num_points", len(simulation.points)) > 1


def test_a_summary_tells_the_steps(det, x):
    lines = []
    summarize_plan(bp.scan([det], x, 0, 1, 2), lines.append)
    assert [line for line in lines if "->" in line] == ["x -> 0.0", "x -> 1.0"]
    assert x.position == 1.0


def test_a_summary_says_what_cannot_be_done(det, x):
    lines = []
    summarize_plan(bp.scan([det], x, 0, 11, 2), lines.append)
    assert lines == ["cannot be done: point 2 of 2: x: 11 mm is above the limit 10 mm"]


def test_a_rehearsal_can_be_read(det, x):
    text = str(rehearse(bp.rel_scan([det], x, -1, 1, 3), suspenders=["good   ring"]))
    assert text.splitlines()[:4] == [
        "3 points, about 3.5 s (never measured here: from the devices' speeds and count times alone)",
        "x: 4 moves between 0 and 2 mm, 4 mm of way",
        "staged: det, x",
        "suspender: good   ring",
    ]


def test_the_time_from_one_count_to_the_next_is_not_added_to_the_counts(det):
    assert rehearse(bp.count([det], 3, delay=2)).duration_s == pytest.approx(2 + 2 + 0.5)
    assert rehearse(bp.timescan(1, 4, detectors=[det]), most=100).endless


def test_a_plan_that_looks_at_the_clock_sees_the_time_it_would_be(x):
    record = []

    def plan():
        begun = now()
        yield from bps.sleep(3600)
        record.append(now() - begun)

    real = now()
    rehearse(plan())
    assert record == [3600]
    assert now() - real < 60


def test_a_plan_that_says_that_it_has_no_end_is_not_followed_far(det):
    simulation = rehearse(bp.timescan(detectors=[det]))
    assert simulation.endless
    assert len(simulation.points) < 200


def own_steps(det, x):
    """A scan whose points are simulated one by one, since it has a plan of its own for each."""
    return bp.scan([det], x, 0, 1, 1000, per_step=lambda *step: bps.one_nd_step(*step))


def test_of_a_long_scan_the_points_that_were_asked_for_are_shown_and_the_rest_is_timed_like_the_first(det, x):
    simulation = rehearse(own_steps(det, x), most=500)
    whole = rehearse(own_steps(det, x))
    assert len(simulation.points) < 60
    assert simulation.summary().startswith("1000 points, about ")
    assert not simulation.endless
    assert simulation.duration_s == pytest.approx(whole.duration_s, rel=0.02)
    assert "of the first 49 points, which were simulated one by one:" in str(simulation)


def test_of_a_scan_that_has_checked_its_points_fewer_can_be_simulated(det, x):
    simulation = rehearse(own_steps(det, x), most_of_scan=500)
    assert simulation.summary().startswith("1000 points")
    assert len(rehearse(bp.count([det], 1000), most_of_scan=500).points) == 1000


def test_a_plan_of_several_runs_that_is_too_long_says_more_than(det, x):
    def twice():
        for _ in range(2):
            yield from own_steps(det, x)

    simulation = rehearse(twice(), most=12_000)
    assert simulation.summary().startswith("more than 2000 points in 2 runs, more than about ")


def test_a_ramp_is_followed_in_its_own_time(det, x):
    simulation = rehearse(bp.ramp_plan(bps.abs_set(x, 9), x, lambda: bps.trigger_and_read([det])))
    assert simulation.duration_s == pytest.approx(4 + 0.5 + 0.5, abs=0.6)  # the way, and a point before and after
    assert len(simulation.points) == 10


def test_a_setting_is_no_move(det, x):
    simulation = rehearse(bp.ascan(x, 0, 1, 2, 0.2, detectors=[det]))
    assert simulation.settings == {"det_exp": [0.2, 0.5]}
    assert list(simulation.path) == ["x"]
    assert simulation.untimed == set()
    assert "det_exp is set to 0.2, 0.5" in str(simulation)


def test_the_way_begins_where_the_motor_is(det, x):
    simulation = rehearse(bp.rel_scan([det], x, -2, 2, 3))
    assert simulation.origins == {"x": 1.0}
    assert simulation.way("x") == 2 + 4 + 2


def test_a_lineup_is_rehearsed_to_its_end(det, x):
    simulation = rehearse(bp.lineup(x, -1, 1, 4, 0.1, detectors=[det]))
    assert simulation.problems == []
    assert len(simulation.points) == 5


def test_the_trajectory_has_the_slow_motor_first_and_leaves_out_what_stands_still(det, x, y):
    simulation = rehearse(bp.grid_scan([det], x, 0, 1, 2, y, 0, 4, 3))
    assert simulation.trajectory() == {"x": [0, 0, 0, 1, 1, 1], "y": [0, 2, 4, 0, 2, 4]}
    assert list(rehearse(bp.scan([det], x, 0, 1, y, 3, 3, 4)).trajectory()) == ["x"]
    assert rehearse(bp.count([det], 3)).picture() == []
    assert len(rehearse(bp.scan([det], x, 0, 1, 5)).picture(height=4)) == 5


class Offline(SynAxis):
    connected = False

    def read(self):
        raise AssertionError("what is offline is not waited for")

    locate = read


def test_a_device_that_does_not_answer_is_named_at_once(det):
    simulation = rehearse(bp.rel_scan([det], Offline(name="gone"), 0, 1, 2))
    assert [str(problem) for problem in simulation.problems] == [
        "gone: it does not answer (type offline for its addresses)"
    ]


class AsksOften(TimedAxis):
    asked = 0

    def begin_read(self):
        self.asked += 1
        return super().begin_read()

    def locate(self):
        raise AssertionError("it tells of each change, and need not be asked")


def test_each_device_is_asked_once_and_where_a_motor_is_is_known():
    motor = AsksOften(name="x")
    motor.setpoint_signal.subscribe(lambda **_: None)
    det = SynGauss(name="det", motor=motor, exp=0.5)
    rehearse(bp.rel_scan([det], motor, 0, 1, 200))
    assert motor.asked == 1


class Pair(PseudoPositioner):
    """Sum and difference of two axes between 0 and 10."""

    total = Component(PseudoSingle)
    difference = Component(PseudoSingle)
    left = Component(TimedAxis, limits=(0, 10), value=4.0)
    right = Component(TimedAxis, limits=(0, 10), value=4.0)

    def forward(self, pseudo):
        return self.RealPosition(
            left=(pseudo.total - pseudo.difference) / 2, right=(pseudo.total + pseudo.difference) / 2
        )

    def inverse(self, real):
        return self.PseudoPosition(total=real.left + real.right, difference=real.right - real.left)


def test_computed_axes_are_checked_with_their_sisters_where_the_plan_sends_them(det):
    pair = Pair(name="pair")
    assert rehearse(bps.mv(pair.total, 16)).problems == []

    def together(total, difference):
        yield Msg("set", pair.total, total)
        yield Msg("set", pair.difference, difference)

    assert rehearse(together(10, 9)).problems == []  # 0.5 and 9.5; from where the total is now, 8, it could not
    (problem,) = rehearse(together(16, 6)).problems  # 5 and 11; from where it is now it could
    assert "above the limit 10" in str(problem)


def test_computed_axes_take_as_long_as_the_slowest_real_one(det):
    pair = Pair(name="pair")

    def there():
        yield from bps.mv(pair.total, 12)  # both go by 2, to 6
        yield from bps.mv(pair.difference, 6)  # by 3, to 3 and 9

    simulation = rehearse(there())
    assert (simulation.duration_s, simulation.untimed) == (1 + 1.5, set())


def test_what_a_computed_axis_cannot_tell_is_untimed(monkeypatch):
    pair = Pair(name="pair")
    monkeypatch.delattr(TimedAxis, "estimate_time_s")
    monkeypatch.delattr(SoftPositioner, "estimate_time_s")
    simulation = rehearse(bps.mv(pair.total, 12))
    assert (simulation.problems, simulation.untimed) == ([], {"pair_total"})


def test_a_real_axis_of_computed_ones_is_checked_as_any_other():
    pair = Pair(name="pair")
    assert rehearse(bps.mv(pair.left, 9)).problems == []
    (problem,) = rehearse(bps.mv(pair.left, 11)).problems
    assert "pair_left: 11 is above the limit 10" in str(problem)


def test_a_scan_of_a_computed_axis_asks_the_real_ones_once(det, monkeypatch):
    pair = Pair(name="pair")
    moves = [Msg("set", pair.total, 8 + n / 100) for n in range(100)]
    calls = []
    monkeypatch.setattr(type(pair), "locate", lambda self: calls.append(self))
    assert rehearse(moves).problems == []
    assert calls == []


class _Counted:
    """A detector that counts how often it is read."""

    def __init__(self, unhashable=False):
        self.name, self.connected, self.number_read = "counted", True, 0
        if unhashable:
            self.__class__ = _Unhashable

    def trigger(self):
        raise AssertionError("a simulation triggers nothing")

    def read(self):
        self.number_read += 1
        return {"counted": {"value": 1.0, "timestamp": 0.0}}


class _Unhashable(_Counted):
    __hash__ = None


def _count(detector):
    yield Msg("trigger", detector, group="count")
    yield Msg("wait", None, group="count")
    reading = yield Msg("read", detector)
    assert reading["counted"]["value"] == 1.0


def test_a_detector_that_is_counted_again_outside_of_a_run_is_not_read_again():
    """So that `ct` costs the round trips of its count and of its reading, and no other."""
    detector = _Counted()
    for _ in range(3):
        assert rehearse(_count(detector)).problems == []
    assert detector.number_read == 1
    detector.connected = False
    assert "does not answer" in str(rehearse(_count(detector)).problems[0])


def test_a_detector_that_cannot_be_kept_by_reference_is_read_each_time():
    detector = _Counted(unhashable=True)
    for _ in range(2):
        assert rehearse(_count(detector)).problems == []
    assert detector.number_read == 2


def test_a_motor_is_read_in_each_simulation_as_its_position_counts():
    motor = SynAxis(name="x")

    def plan():
        yield Msg("trigger", motor, group="count")
        seen.append((yield Msg("read", motor))["x"]["value"])

    seen = []
    rehearse(plan())
    motor.set(3.0).wait(1)
    rehearse(plan())
    assert seen == [0.0, 3.0]


# ---- two devices of one name ---------------------------------------------------------------------


def test_two_devices_of_one_name_in_an_event_are_a_problem_before_anything_moves(x):
    twin = SynGauss(name="x", motor=x)
    (problem,) = rehearse(bp.scan([twin], x, -1, 1, 3)).problems
    assert isinstance(problem, PlanError)
    assert str(problem).startswith("two readings of one event are called 'x'")


def test_one_name_in_two_events_or_in_an_event_that_is_dropped_is_none(x):
    twin = SynGauss(name="x", motor=x)

    @bpp.run_decorator()
    def plan():
        for command, *devices in (("save", x), ("save", twin), ("drop", x), ("save", twin)):
            yield from bps.create()
            yield from bps.read(*devices)
            yield from getattr(bps, command)()

    assert rehearse(plan()).problems == []
