"""Until something happens, or for a time: in a world whose clock is data."""

import sys
from types import SimpleNamespace

import document_rules
import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtual_world import VirtualDetector, VirtualMotor, VirtualWorld

from beamshell import plans as bp
from beamshell.engine.plan_cursor import as_generator
from beamshell.engine.requests import PauseRequest
from beamshell.errors import LimitError, PlanError
from beamshell.plans.conditions import Point
from beamshell.plans.environment import use_clock
from beamshell.plans.until import points_in
from beamshell.simulate import rehearse


@pytest.fixture
def here():
    """A motor from 0, and a detector that counts for 0.1 s and reads ten times its position."""
    here = make()
    with use_clock(here.world.clock):
        yield here


def make(count_s=0.1):
    world = VirtualWorld()
    motor = VirtualMotor(world, "th", speed=10.0)
    det = VirtualDetector(world, "det", motor=motor, time=count_s)
    return SimpleNamespace(world=world, motor=motor, det=det)


def column(world, key, stream="primary"):
    return [data[key] for data in world.final_data(stream).values()]


def moments(world):
    return [round(event["time"] - 1.7e9, 6) for event in world.events()]


def outcome(world):
    return world.final_data("until")[1]


# ---- conditions ----------------------------------------------------------------------------------


def point(value, number=1, time_s=0.0):
    return Point({"det": {"value": value, "timestamp": 0.0}}, number, time_s)


def test_a_threshold_is_not_yet_above_or_below_itself():
    assert bp.above("det", 3)(point(3.1))
    assert not bp.above("det", 3)(point(3))
    assert bp.below("det", 3)(point(2.9))
    assert not bp.below("det", 3)(point(3))


def test_a_value_that_nothing_records_or_that_is_no_number_is_named():
    with pytest.raises(PlanError, match="nothing records 'dett': the point has det"):
        bp.above("dett", 3)(point(1))
    with pytest.raises(PlanError, match="det is 'Open', which is not a number"):
        bp.above("det", 3)(point("Open"))


def test_a_value_is_settled_once_it_has_kept_still_for_the_whole_time():
    still = bp.settled("det", within=0.1, for_s=30)
    values = [5.0, 1.0, 1.05, 1.0, 1.09, 1.02, 2.0, 1.0]
    settled = [still(point(value, n, 10.0 * n)) for n, value in enumerate(values, 1)]
    assert settled == [False, False, False, False, True, True, False, False]


def test_a_value_that_keeps_still_elsewhere_is_not_settled():
    still = bp.settled("det", within=0.1, for_s=5, at=100)
    assert [still(point(99.95 if n > 4 else 50.0, n, 5.0 * n)) for n in range(1, 8)] == [False] * 5 + [True, True]


def test_a_condition_forgets_the_plan_before():
    still = bp.settled("det", within=0.1, for_s=5)
    assert [still(point(1.0, n, 5.0 * n)) for n in (1, 2)] == [False, True]
    assert not still(point(1.0, 1, 100.0))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(0.5, 10))
def test_settled_is_what_its_definition_says(values, for_s):
    still = bp.settled("det", within=0.5, for_s=for_s)
    for n in range(1, len(values) + 1):
        settled = still(point(values[n - 1], n, float(n)))
        begin = max((m for m in range(1, n + 1) if n - m >= for_s), default=None)
        window = values[begin - 1 : n] if begin else []
        assert settled == (begin is not None and max(window) - min(window) <= 0.5)


# ---- until ---------------------------------------------------------------------------------------


def test_a_scan_ends_at_the_point_where_the_condition_is_true(here):
    here.world.run(bp.scan_until([here.det], here.motor, 0, 0.5, until=bp.above("det", 12), limit=5))
    document_rules.check(here.world.docs)
    assert column(here.world, "th") == [0, 0.5, 1, 1.5]
    assert outcome(here.world) == {"met": True, "points": 4}
    assert here.motor.position == 1.5
    start = here.world.docs[0][1]
    assert start["plan_name"] == "scan_until"
    assert start["plan_args"]["until"] == "above(key='det', threshold=12)"
    assert start["hints"] == {"dimensions": [(["th"], "primary")]}


def test_a_scan_whose_condition_never_comes_ends_at_its_limit_and_says_so(here):
    here.world.run(bp.scan_until([here.det], here.motor, 1, -0.4, until=lambda point: False, limit=0))
    assert column(here.world, "th") == pytest.approx([1, 0.6, 0.2])
    assert outcome(here.world) == {"met": False, "points": 3}


def test_a_scan_until_is_checked_to_its_very_end_before_it_begins(here):
    def check(value):
        if value > 4:
            raise LimitError("th: too far")

    here.motor.check_value = check
    core = here.world.run(bp.scan_until([here.det], here.motor, 0, 1, until=bp.above("det", 1), limit=5))
    assert isinstance(core.error, LimitError)
    assert here.world.docs == []


@pytest.mark.parametrize(("start", "step", "limit"), [(0, 0, 1), (0, -1, 1), (0, float("nan"), 1), (1, 1, 0)])
def test_steps_that_lead_nowhere_are_refused(here, start, step, limit):
    core = here.world.run(bp.scan_until([here.det], here.motor, start, step, until=bp.above("det", 1), limit=limit))
    assert isinstance(core.error, PlanError)
    assert "do not lead" in str(core.error)


def test_what_is_no_condition_or_asks_for_too_much_is_refused(here):
    core = here.world.run(bp.scan_until([here.det], here.motor, 0, 1, until=5, limit=3))
    assert 'until is 5: give a condition, such as above("det", 1e5)' in str(core.error)
    core = here.world.run(bp.count_until([here.det], lambda point: point["temp"] > 3))
    assert str(core.error) == "the condition uses 'temp', but the point has det"


def test_counting_goes_on_until_the_condition_is_true(here):
    here.world.at(1.9, lambda: setattr(here.motor, "position", 7.0))
    here.world.run(bp.count_until([here.det], bp.above("det", 50), delay=0.5))
    assert moments(here.world) == [0.1, 0.6, 1.1, 1.6, 2.1]
    assert outcome(here.world) == {"met": True, "points": 5}


def test_counting_ends_after_so_many_readings_or_seconds(here):
    never = bp.above("det", 1e9)
    here.world.run(bp.count_until([here.det], never, num=3))
    assert outcome(here.world) == {"met": False, "points": 3}
    late = make()
    with use_clock(late.world.clock):
        late.world.run(bp.count_until([late.det], never, delay=1, timeout_s=3.5))
    assert moments(late.world) == [0.1, 1.1, 2.1, 3.1]
    gapless = make()
    with use_clock(gapless.world.clock):
        gapless.world.run(bp.count_until([gapless.det], never, timeout_s=0.25))
    assert moments(gapless.world) == [0.1, 0.2, 0.3]


def test_a_pause_in_the_middle_measures_each_point_once(here):
    core = here.world.interpreter()
    here.world.at(0.3, lambda: here.world.post(PauseRequest(defer=False)))
    plan = bp.scan_until([here.det], here.motor, 0, 0.5, until=bp.above("det", 12), limit=5)
    assert not core.start(as_generator(plan))
    core.resume()
    assert column(here.world, "th") == [0, 0.5, 1, 1.5]
    assert outcome(here.world) == {"met": True, "points": 4}


# ---- for a time ----------------------------------------------------------------------------------


def test_a_time_scan_keeps_its_pace_without_drift(here):
    here.world.run(bp.time_scan([here.det], 2.0, 0.25))
    document_rules.check(here.world.docs)
    assert moments(here.world) == [round(0.25 * n + 0.1, 6) for n in range(9)]
    assert column(here.world, "late") == pytest.approx([0.0] * 9, abs=1e-9)


def test_points_that_are_missed_are_left_out_and_the_next_ones_are_on_time():
    slow = make(count_s=0.35)
    with use_clock(slow.world.clock):
        slow.world.run(bp.time_scan([slow.det], 1.0, 0.25))
    assert moments(slow.world) == [0.35, 0.7, 1.05, 1.4]
    assert column(slow.world, "late") == pytest.approx([0, 0.1, 0.2, 0.05])


def test_without_a_period_counting_has_no_gap(here):
    here.world.run(bp.time_scan([here.det], 0.45))
    assert moments(here.world) == [0.1, 0.2, 0.3, 0.4, 0.5]


@pytest.mark.parametrize("times", [(0,), (-1,), (1, 0), (float("inf"),), (1, float("nan"))])
def test_times_that_are_none_are_refused(here, times):
    core = here.world.run(bp.time_scan([here.det], *times))
    assert isinstance(core.error, PlanError)


def test_a_time_scan_of_more_than_three_years_is_refused(here):
    core = here.world.run(bp.time_scan([here.det], 1e300, 1e300))
    assert str(core.error) == "duration_s is 1e+300 s: a time scan lasts at most 1e+08 s, three years"


@pytest.mark.parametrize(
    ("duration_s", "period_s", "points"), [(3, 0.5, 7), (0.3, 0.1, 4), (0.25, 0.1, 3), (1, 2, 1), (1e8, 1e-300, None)]
)
def test_the_points_of_a_time_scan_are_one_at_each_period_and_at_both_ends(duration_s, period_s, points):
    assert points_in(duration_s, period_s) == (points or sys.maxsize + 1)


def test_a_rehearsal_of_a_time_scan_comes_to_an_end(here):
    simulation = rehearse(bp.time_scan([here.det], 600, 1))
    assert len(simulation.points) == 601
    assert not simulation.endless
