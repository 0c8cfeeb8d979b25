import pytest

from beamshell import plans as bp
from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.errors import LimitError, PlanError
from beamshell.messages import Msg
from beamshell.plans import preprocessors as bpp
from beamshell.plans import stubs as bps
from beamshell.plans.rehearsal import Overheads, check_limits, rehearse, summarize_plan


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
    seen = rehearse(bp.scan([det], x, -1, 3, 5))
    assert places(seen, "x") == [-1, 0, 1, 2, 3]
    assert x.position == 1.0
    assert x.setpoint.get() == 1.0
    assert seen.problems == []
    assert seen.staged == ["det", "x"]
    assert seen.runs[0]["plan_name"] == "scan"


def test_time_is_that_of_the_ways_and_the_counts(det, x):
    seen = rehearse(bp.scan([det], x, -1, 3, 5))
    assert seen.duration_s == pytest.approx((2 + 4) / 2 + 5 * 0.5)
    assert seen.untimed == set()


def test_motors_that_go_together_take_the_time_of_the_slowest(x, y):
    assert rehearse(bps.mv(x, 2, y, 8)).duration_s == pytest.approx(4)


def test_overheads_are_added(det, x):
    overheads = Overheads(run_s=1, point_s=0.1, move_s=0.2, trigger_s=0.01)
    seen = rehearse(bp.scan([det], x, -1, 3, 5), overheads)
    assert seen.duration_s == pytest.approx(5.5 + 1 + 5 * (0.1 + 0.2 + 0.01))


def test_what_a_beamline_learned_of_a_device_comes_before_what_the_device_says(det, x):
    seen = rehearse(bp.scan([det], x, -1, 3, 5), Overheads(by_device={"det": 2.0, "x": 0.0}))
    assert seen.duration_s == pytest.approx(10)


def test_devices_that_cannot_say_how_long_they_take_are_named(det):
    other = SynAxis(name="other")
    assert rehearse(bp.scan([det], other, 0, 1, 2)).untimed == {"other"}


def test_a_count_time_that_the_plan_sets_is_counted(det, x):
    seen = rehearse(bpp.configure_count_time_wrapper(bp.count([det], 4), 3.0))
    assert seen.duration_s == pytest.approx(12)
    assert det.exp.get() == 0.5


def test_relative_plans_start_where_the_motor_is_and_return_it(det, x):
    seen = rehearse(bp.rel_scan([det], x, -1, 1, 3))
    assert places(seen, "x") == [0, 1, 2]
    assert seen.path["x"] == [0, 1, 2, 1.0]


def test_plans_that_look_at_a_motor_see_it_where_they_sent_it(x):
    def plan():
        yield from bps.mv(x, 3)
        yield from bps.mvr(x, 1)
        position = yield from bps.rd(x)
        yield from bps.mv(x, 2 * position)

    assert rehearse(plan()).path["x"] == [3, 4, 8]


def test_a_seventh_point_of_eleven_beyond_a_limit_is_named(det, x):
    seen = rehearse(bp.scan([det], x, 5, 14, 10))
    assert [str(problem) for problem in seen.problems] == ["point 7 of 10: x: 11 mm is above the limit 10 mm"]
    assert seen.points == []


def test_a_move_beyond_a_limit_in_a_plan_of_ones_own_is_found(x):
    def plan():
        yield Msg("set", x, 5)
        yield Msg("set", x, 50)

    seen = rehearse(plan())
    assert [str(problem) for problem in seen.problems] == ["x: 50 mm is above the limit 10 mm"]


def test_check_limits_raises_the_first_refusal_as_it_is(det, x):
    with pytest.raises(LimitError, match="point 3 of 3: x: 11 mm is above the limit 10 mm"):
        check_limits(bp.list_scan([det], x, [0, 1, 11]))
    check_limits(bp.list_scan([det], x, [0, 1, 9]))


def test_a_plan_that_cannot_be_made_is_a_problem_too(det, x):
    (problem,) = rehearse(bp.scan([det], x, 0, 1, 0)).problems
    assert isinstance(problem, PlanError)


def test_a_plan_without_an_end_is_left_after_some_time(det):
    seen = rehearse(bp.count([det], None), most=500)
    assert seen.endless
    assert "until it is stopped" in str(seen)


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
    seen = rehearse(make(det, x, y))
    assert seen.problems == []
    assert len(seen.points) == seen.runs[0].get("num_points", len(seen.points)) > 1


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
    told = str(rehearse(bp.rel_scan([det], x, -1, 1, 3), suspenders=["good   ring"]))
    assert told.splitlines()[:4] == [
        "3 points, about 3.5 s (never measured here: from the devices' speeds and count times alone)",
        "x: 4 moves between 0 and 2 mm, 4 mm of way",
        "staged: det, x",
        "suspender: good   ring",
    ]
