import math
from types import SimpleNamespace

import document_rules
import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtual_world import VirtualDetector, VirtualMotor, VirtualWorld

from beamshell import plans as bp
from beamshell.errors import LimitError, PlanError
from beamshell.plans.adaptive import Stepping

CENTRE, WIDTH = 1.3, 0.4


@pytest.fixture
def here():
    """A motor, and a detector that sees a peak at 1.3."""
    world = VirtualWorld()
    motor = VirtualMotor(world, "th", speed=100.0)
    det = VirtualDetector(world, "det", motor=motor, time=0.0)

    def read():
        value = math.exp(-(((motor.position - CENTRE) / WIDTH) ** 2) / 2)
        return {"det": {"value": value, "timestamp": world.time()}}

    det.read = read
    return SimpleNamespace(world=world, motor=motor, det=det)


def places(world):
    return [data["th"] for data in world.final_data().values()]


# ---- the rule ------------------------------------------------------------------------------------


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=40), st.booleans())
def test_steps_forward_are_within_their_bounds_whatever_is_measured(values, backstep):
    rule = Stepping(0.1, 1.0, 0.5, backstep, 0.8)
    for value in values:
        way = rule.advance(value)
        assert way <= 1.0
        if way > 0:
            assert way >= 0.1


def test_where_nothing_changes_the_steps_grow_to_the_largest():
    rule = Stepping(0.1, 1.0, 0.5, False, 0.8)
    ways = [rule.advance(5.0) for _ in range(60)]
    assert ways == sorted(ways)
    assert ways[-1] == pytest.approx(1.0, abs=0.01)


def test_a_step_that_was_too_large_is_taken_back():
    rule = Stepping(0.1, 1.0, 0.5, True, 0.8)
    first = rule.advance(0.0)
    way = rule.advance(100.0)
    assert way == pytest.approx(0.1 - first)


def test_a_rule_that_never_goes_back_only_goes_on():
    rule = Stepping(0.1, 1.0, 0.5, False, 0.8)
    assert all(rule.advance(value) > 0 for value in (0.0, 100.0, 0.0, 100.0))


@given(st.floats(0.01, 1), st.floats(1.01, 100))
def test_the_first_step_is_within_its_bounds_too(min_step, ratio):
    first = Stepping(min_step, min_step * ratio, 0.5, True, 0.8).advance(0.0)
    assert min_step <= first <= min_step * ratio


def test_a_range_below_the_smallest_step_is_refused(here):
    core = here.world.run(bp.adaptive_scan([here.det], "det", here.motor, 1, 1, 0.05, 0.5, 0.1, False))
    assert str(core.error) == "from 1 to 1 is less than min_step, 0.05: scan further"
    assert here.world.docs == []


@pytest.mark.parametrize("steps", [(0, 1), (1, 1), (2, 1), (-1, 1)])
def test_steps_that_make_no_sense_are_refused(steps):
    with pytest.raises(PlanError, match="0 < min_step < max_step"):
        Stepping(*steps, 0.5, True, 0.8)


# ---- the scans -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("start", "stop"), [(-3, 5), (5, -3)])
def test_points_are_dense_on_the_peak_and_sparse_beside_it_in_either_direction(here, start, stop):
    core = here.world.run(bp.adaptive_scan([here.det], "det", here.motor, start, stop, 0.02, 1.0, 0.1, True))
    assert core.exit_status == "success", core.error
    document_rules.check(here.world.docs)
    visited = sorted(places(here.world))
    on_peak = [x for x in visited if abs(x - CENTRE) < 2 * WIDTH]
    beside = [x for x in visited if abs(x - CENTRE) > 4 * WIDTH]
    assert len(on_peak) / (4 * WIDTH) > 3 * len(beside) / (8 - 8 * WIDTH)
    assert min(visited) > min(start, stop) - 1e-9
    assert max(visited) <= max(start, stop)


def test_a_relative_adaptive_scan_is_around_the_motor_and_returns_it(here):
    here.motor.position = here.motor.target = 1.0
    here.world.run(bp.rel_adaptive_scan([here.det], "det", here.motor, -1, 1, 0.05, 0.5, 0.1, False))
    assert 0 <= min(places(here.world)) <= max(places(here.world)) < 2
    assert here.motor.position == 1.0
    assert here.world.docs[0][1]["plan_name"] == "rel_adaptive_scan"


def test_a_field_that_nobody_records_is_named_with_those_there_are(here):
    core = here.world.run(bp.adaptive_scan([here.det], "dett", here.motor, 0, 1, 0.05, 0.5, 0.1, False))
    assert str(core.error) == "nothing records 'dett': the detectors have det, th"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (math.nan, "det is nan at 0.808: no step follows from it"),
        (math.inf, "det is inf at 0.808: no step follows from it"),
        (None, "det is None: name a value that is a number"),
    ],
)
def test_a_value_that_leads_to_no_step_ends_the_scan_as_a_failure(here, value, why):
    here.det.read = lambda: {"det": {"value": value if here.motor.position > 0.4 else 0.0, "timestamp": 0.0}}
    core = here.world.run(bp.adaptive_scan([here.det], "det", here.motor, 0, 5, 0.4, 0.6, 0.1, False))
    assert core.exit_status == "fail"
    assert str(core.error) == why


def test_a_relative_adaptive_scan_that_fails_returns_the_motor(here):
    here.motor.position = here.motor.target = 1.0
    here.det.read = lambda: {"det": {"value": None, "timestamp": 0.0}}
    core = here.world.run(bp.rel_adaptive_scan([here.det], "det", here.motor, -1, 1, 0.05, 0.5, 0.1, False))
    assert core.exit_status == "fail"
    assert here.motor.position == 1.0


def test_both_ends_are_checked_before_anything_moves(here):
    def check_value(value):
        if value > 4:
            raise LimitError("th: too far")

    here.motor.check_value = check_value
    core = here.world.run(bp.adaptive_scan([here.det], "det", here.motor, 0, 5, 0.05, 0.5, 0.1, False))
    assert str(core.error) == "point 2 of 2: th: too far"
    assert here.motor.log == []


# ---- tweak ---------------------------------------------------------------------------------------


def test_tweak_goes_by_the_operators_steps_until_the_answer_is_no_number(here):
    answers = iter(["", "0.5", " ", "q"])
    calls = []

    def ask(prompt):
        calls.append(prompt)
        return next(answers)

    here.world.ask = ask
    core = here.world.run(bp.tweak(here.det, "det", here.motor, 1.0))
    assert core.exit_status == "success", core.error
    assert places(here.world) == [0, 1, 1.5, 2]
    assert calls[0].startswith("th 0, det 0.005")
    assert "step [0.5] or q" in calls[-1]


def test_tweak_says_what_a_motor_refuses_and_stays(here):
    answers = iter(["9", "q"])
    calls = []

    def check_value(value):
        if value > 4:
            raise LimitError(f"th: {value:g} deg is above the limit 4 deg")

    def ask(prompt):
        calls.append(prompt)
        return next(answers)

    here.motor.check_value, here.world.ask = check_value, ask
    here.world.run(bp.tweak(here.det, "det", here.motor, 1.0))
    assert calls[1].startswith("th: 9 deg is above the limit 4 deg. th 0")
    assert "set" not in here.motor.log
