import math
from types import SimpleNamespace

import document_rules
import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtual_world import VirtualDetector, VirtualMotor, VirtualWorld

from beamshell import plans as bp
from beamshell.errors import LimitError, NoFit, PlanError
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


def test_both_ends_are_checked_before_anything_moves(here):
    def check_value(value):
        if value > 4:
            raise LimitError("th: too far")

    here.motor.check_value = check_value
    core = here.world.run(bp.adaptive_scan([here.det], "det", here.motor, 0, 5, 0.05, 0.5, 0.1, False))
    assert str(core.error) == "point 2 of 2: th: too far"
    assert here.motor.log == []


# ---- tune_centroid -------------------------------------------------------------------------------


@pytest.mark.parametrize("snake", [False, True])
def test_tune_centroid_ends_on_the_middle_of_the_peak(here, snake):
    core = here.world.run(bp.tune_centroid([here.det], "det", here.motor, -1, 4, 0.01, snake=snake))
    assert core.exit_status == "success", core.error
    document_rules.check(here.world.docs)
    assert here.motor.position == pytest.approx(CENTRE, abs=0.02)


def test_each_pass_of_tune_centroid_has_all_its_points_and_is_narrower(here):
    plain = here.det.read  # as counts: six values of unknown noise would be too few
    here.det.read = lambda: {"det": {"value": round(1000 * plain()["det"]["value"]), "timestamp": 0.0}}
    here.world.run(bp.tune_centroid([here.det], "det", here.motor, -1, 4, 0.1, num=6, step_factor=2))
    visited = places(here.world)
    widths = [visited[i + 5] - visited[i] for i in range(0, len(visited), 6)]
    assert widths == pytest.approx([5, 2.5, 1.25, 0.625])


def test_without_a_signal_there_is_no_centroid(here):
    here.det.read = lambda: {"det": {"value": 0.0, "timestamp": 0.0}}
    core = here.world.run(bp.tune_centroid([here.det], "det", here.motor, -1, 4, 0.1))
    assert isinstance(core.error, NoFit)
    assert str(core.error) == "det is 0 from -1 to 4: there is no peak to go to; th is back at 0"
    assert here.motor.position == 0


def test_tune_centroid_is_not_pulled_by_a_background(here):
    plain = here.det.read
    here.det.read = lambda: {"det": {"value": 50 + plain()["det"]["value"], "timestamp": 0.0}}
    core = here.world.run(bp.tune_centroid([here.det], "det", here.motor, -1, 4, 0.01))
    assert core.exit_status == "success", core.error
    assert here.motor.position == pytest.approx(CENTRE, abs=0.02)


def test_tune_centroid_over_noise_goes_back_and_fails(here):
    counts = iter([9, 12, 8, 11, 10, 9, 10, 11, 9, 10])
    here.det.read = lambda: {"det": {"value": next(counts), "timestamp": 0.0}}
    core = here.world.run(bp.tune_centroid([here.det], "det", here.motor, -1, 4, 0.1))
    assert "det has no clear peak from -1 to 4" in str(core.error)
    assert here.motor.position == 0


def test_tune_centroid_refuses_a_smallest_step_above_its_first_one(here):
    core = here.world.run(bp.tune_centroid([here.det], "det", here.motor, -1, 4, 2))
    assert str(core.error) == "min_step is 2, above the first step, 0.555556: nothing would be measured"
    assert here.world.docs == []


def test_tune_centroid_never_leaves_its_range(here):
    here.world.run(bp.tune_centroid([here.det], "det", here.motor, -1, 1.0, 0.02))
    assert max(places(here.world)) <= 1.0
    assert min(places(here.world)) >= -1.0


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
